#include "format/scan.h"

#include <string.h>

enum { DEPTH_MAX = 32, MEMBERS_MAX = 64, DIGITS_MAX = 18 };

/* Where the scan stands. What it does not know for sure it leaves. */
struct scan {
  const char *at, *end;
  bool is_trusted; /* it was parsed already: only the members are looked for */
};

static bool scan_value(struct scan *scan, int depth);

static void skip_space(struct scan *scan) {
  while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\n' || *scan->at == '\r')) {
    scan->at++;
  }
}

static bool take(struct scan *scan, char c) {
  bool is_there = scan->at < scan->end && *scan->at == c;
  scan->at += is_there ? 1 : 0;
  return is_there;
}

/* A string with both its quotes. Of escapes only those of one character are known here. */
static bool scan_string(struct scan *scan) {
  if (!take(scan, '"')) {
    return false;
  }
  const char *start = scan->at;
  unsigned char high = 0;
  for (; scan->at < scan->end && *scan->at != '"'; scan->at++) {
    unsigned char c = (unsigned char)*scan->at;
    if (c >= 0x20 && c < 0x80 && c != '\\') {
      continue; /* nearly always */
    }
    high |= c & 0x80U;
    if (c == '\\') {
      scan->at++;
      bool is_known = scan->at < scan->end && *scan->at != '\0' && strchr("\"\\/bfnrt", *scan->at) != NULL;
      if (!is_known && !(scan->is_trusted && scan->at < scan->end)) {
        return false;
      }
    } else if (c < 0x20) {
      return false;
    }
  }
  return (high == 0 || snt_utf8_check(start, (size_t)(scan->at - start))) && take(scan, '"');
}

/* Whole numbers; others only where they were parsed already. */
static bool scan_number(struct scan *scan) {
  (void)take(scan, '-');
  const char *first = scan->at;
  while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9') {
    scan->at++;
  }
  size_t digits = (size_t)(scan->at - first);
  bool is_whole = digits > 0 && digits <= DIGITS_MAX && (*first != '0' || digits == 1);
  while (scan->is_trusted && scan->at < scan->end && strchr("+-.eE0123456789", *scan->at) != NULL &&
         *scan->at != '\0') {
    scan->at++;
  }
  return is_whole || scan->is_trusted;
}

static bool scan_word(struct scan *scan, const char *word) {
  size_t len = strlen(word);
  bool is_there = (size_t)(scan->end - scan->at) >= len && memcmp(scan->at, word, len) == 0;
  scan->at += is_there ? len : 0;
  return is_there;
}

static bool scan_array(struct scan *scan, int depth) {
  scan->at++;
  skip_space(scan);
  if (take(scan, ']')) {
    return true;
  }
  do {
    if (!scan_value(scan, depth)) {
      return false;
    }
    skip_space(scan);
  } while (take(scan, ','));
  return take(scan, ']');
}

struct keys {
  struct snt_slice list[MEMBERS_MAX];
  size_t count;
};

/* Another key, as it stands between its quotes. One with an escape may be the same as one without. */
static bool add_key(struct keys *keys, struct snt_slice key) {
  if (keys->count == MEMBERS_MAX || memchr(key.data, '\\', key.len) != NULL) {
    return false;
  }
  for (size_t i = 0; i < keys->count; i++) {
    if (keys->list[i].len == key.len && memcmp(keys->list[i].data, key.data, key.len) == 0) {
      return false;
    }
  }
  keys->list[keys->count++] = key;
  return true;
}

/* A key, its colon, and its value. */
static bool scan_member(struct scan *scan, int depth, struct snt_slice *key, struct snt_slice *value) {
  skip_space(scan);
  const char *quote = scan->at;
  if (!scan_string(scan)) {
    return false;
  }
  *key = (struct snt_slice){quote + 1, (size_t)(scan->at - quote) - 2};
  skip_space(scan);
  if (!take(scan, ':')) {
    return false;
  }
  skip_space(scan);
  value->data = scan->at;
  bool is_good = scan_value(scan, depth);
  value->len = (size_t)(scan->at - value->data);
  skip_space(scan);
  return is_good;
}

static bool scan_object(struct scan *scan, int depth) {
  struct keys keys;
  struct snt_slice key, value;
  keys.count = 0; /* not the list: it is large, and only what is counted is read */
  scan->at++;
  skip_space(scan);
  if (take(scan, '}')) {
    return true;
  }
  do {
    if (!scan_member(scan, depth, &key, &value) || (!scan->is_trusted && !add_key(&keys, key))) {
      return false;
    }
  } while (take(scan, ','));
  return take(scan, '}');
}

static bool scan_value(struct scan *scan, int depth) {
  skip_space(scan);
  if (scan->at == scan->end) {
    return false;
  }
  switch (*scan->at) {
  case '{':
    return depth < DEPTH_MAX && scan_object(scan, depth + 1);
  case '[':
    return depth < DEPTH_MAX && scan_array(scan, depth + 1);
  case '"':
    return scan_string(scan);
  case 't':
    return scan_word(scan, "true");
  case 'f':
    return scan_word(scan, "false");
  case 'n':
    return scan_word(scan, "null");
  default:
    return scan_number(scan);
  }
}

static void keep(struct snt_slice key, struct snt_slice value, const char *const *names, struct snt_slice *values,
                 size_t *others) {
  for (size_t i = 0; names[i] != NULL; i++) {
    /* The first byte first: this is asked some hundred times a line. */
    bool may_be = key.len > 0 ? names[i][0] == key.data[0] : names[i][0] == '\0';
    if (may_be && strncmp(names[i], key.data, key.len) == 0 && names[i][key.len] == '\0') {
      values[i] = value;
      return;
    }
  }
  (*others)++;
}

/* The whole text: one object, and nothing after it. */
static bool scan_all(struct scan *scan, const char *const *names, struct snt_slice *values, size_t *others) {
  struct keys keys;
  keys.count = 0;
  *others = 0;
  for (size_t i = 0; names[i] != NULL; i++) {
    values[i] = (struct snt_slice){NULL, 0};
  }
  skip_space(scan);
  if (!take(scan, '{')) {
    return false;
  }
  skip_space(scan);
  bool is_empty = take(scan, '}');
  for (bool goes_on = !is_empty; goes_on; goes_on = take(scan, ',')) {
    struct snt_slice key, value;
    if (!scan_member(scan, 1, &key, &value) || (!scan->is_trusted && !add_key(&keys, key))) {
      return false;
    }
    keep(key, value, names, values, others);
  }
  if (!is_empty && !take(scan, '}')) {
    return false;
  }
  skip_space(scan);
  return scan->at == scan->end;
}

snt_status snt_scan_object(const char *data, size_t len, const char *what, const char *const *names,
                           struct snt_slice *values, size_t *others, struct snt_err *err) {
  size_t count = 0;
  others = others == NULL ? &count : others;
  struct scan scan = {.at = data, .end = data + len};
  if (scan_all(&scan, names, values, others)) {
    return snt_done();
  }
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_TRY(snt_json_parse(data, len, what, &doc, err));
  scan = (struct scan){.at = data, .end = data + len, .is_trusted = true};
  if (!scan_all(&scan, names, values, others)) {
    return snt_fail(err, SNT_CODE_SYNTAX, "%s: it is no JSON object", what);
  }
  return snt_done();
}

enum snt_json_type snt_scan_type(struct snt_slice value) {
  if (value.len == 0) {
    return SNT_JSON_NONE;
  }
  switch (value.data[0]) {
  case '{':
    return SNT_JSON_OBJECT;
  case '[':
    return SNT_JSON_ARRAY;
  case '"':
    return SNT_JSON_STRING;
  case 't':
  case 'f':
    return SNT_JSON_BOOL;
  case 'n':
    return SNT_JSON_NULL;
  default:
    return SNT_JSON_INTEGER;
  }
}

/* A text with escapes. */
static bool read_text(struct snt_slice value, char *out, size_t cap) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  size_t len = 0;
  if (!snt_ok(snt_json_parse(value.data, value.len, "", &doc, NULL))) {
    return false;
  }
  const char *text = snt_json_string(snt_json_root(doc), &len);
  if (text == NULL || len >= cap) {
    return false;
  }
  memcpy(out, text, len + 1);
  return true;
}

bool snt_scan_text(struct snt_slice value, char *out, size_t cap) {
  out[0] = '\0';
  if (snt_scan_type(value) != SNT_JSON_STRING || value.len < 2) {
    return false;
  }
  size_t len = value.len - 2;
  if (memchr(value.data, '\\', value.len) != NULL) {
    return read_text(value, out, cap);
  }
  if (len >= cap) {
    return false;
  }
  memcpy(out, value.data + 1, len);
  out[len] = '\0';
  return true;
}

bool snt_scan_integer(struct snt_slice value, int64_t *out) {
  bool is_negative = value.len > 0 && value.data[0] == '-';
  size_t digits = value.len - (is_negative ? 1 : 0);
  int64_t number = 0;
  if (value.len == 0 || digits == 0 || digits > DIGITS_MAX) {
    return false;
  }
  for (size_t i = is_negative ? 1 : 0; i < value.len; i++) {
    if (value.data[i] < '0' || value.data[i] > '9') {
      return false;
    }
    number = number * 10 + (value.data[i] - '0');
  }
  *out = is_negative ? -number : number;
  return true;
}
