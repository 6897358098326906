/* The writer of format/json.h: JSON text with a fixed order of keys. */
#include <stdio.h>
#include <string.h>

#include "format/json.h"

void snt_json_writer_init(struct snt_json_writer *writer, struct snt_buf *out, struct snt_err *err) {
  *writer = (struct snt_json_writer){.out = out, .status = snt_done(), .err = err};
}

/* Everything goes through here, so that the first failure sticks. */
static void append(struct snt_json_writer *writer, const char *data, size_t len) {
  if (snt_ok(writer->status)) {
    writer->status = snt_buf_append(writer->out, data, len, writer->err);
  }
}

/* The bytes at text that cannot stand as they are; *code is the character. Control characters (C0, DEL, C1) and those
 * of Unicode: separators, which some readers take for the end of a line, and marks that turn the direction of what
 * follows.
 */
static size_t odd_length(const unsigned char *text, size_t len, unsigned *code) {
  if (text[0] < 0x20 || text[0] == 0x7f || text[0] == '"' || text[0] == '\\') {
    *code = text[0];
    return 1;
  }
  if (len >= 2 && text[0] == 0xc2 && text[1] < 0xa0) {
    *code = text[1];
    return 2;
  }
  if (len >= 3 && text[0] == 0xe2) {
    *code = 0x2000U + ((text[1] & 0x3fU) << 6) + (text[2] & 0x3fU);
    bool is_odd = (*code >= 0x2028 && *code <= 0x202e) || (*code >= 0x2066 && *code <= 0x2069);
    return is_odd ? 3 : 0;
  }
  return 0;
}

static void append_escape(struct snt_json_writer *writer, unsigned code) {
  static const char names[] = "\"\"\\\\\nn\rr\tt";
  for (size_t i = 0; names[i] != '\0'; i += 2) {
    if ((unsigned char)names[i] == code) {
      char text[2] = {'\\', names[i + 1]};
      append(writer, text, sizeof text);
      return;
    }
  }
  char text[8];
  (void)snprintf(text, sizeof text, "\\u%04x", code & 0xffffU);
  append(writer, text, 6);
}

static void append_string(struct snt_json_writer *writer, struct snt_slice text) {
  if (snt_ok(writer->status) && !snt_utf8_check(text.data == NULL ? "" : text.data, text.len)) {
    writer->status = snt_fail(writer->err, SNT_CODE_USAGE, "a text is not UTF-8");
  }
  append(writer, "\"", 1);
  size_t start = 0;
  for (size_t i = 0; i < text.len;) {
    unsigned code = 0;
    size_t odd = odd_length((const unsigned char *)text.data + i, text.len - i, &code);
    if (odd > 0) {
      append(writer, text.data + start, i - start);
      append_escape(writer, code);
      start = i + odd;
    }
    i += odd > 0 ? odd : 1;
  }
  append(writer, text.len > start ? text.data + start : "", text.len - start);
  append(writer, "\"", 1);
}

/* What stands before a value: a comma and the key. */
static void begin_value(struct snt_json_writer *writer, const char *key) {
  if (writer->needs_comma) {
    append(writer, ",", 1);
  }
  if (key != NULL) {
    append_string(writer, snt_slice_of(key));
    append(writer, ":", 1);
  }
  writer->needs_comma = true;
}

static void open_bracket(struct snt_json_writer *writer, const char *key, const char *bracket) {
  begin_value(writer, key);
  append(writer, bracket, 1);
  writer->needs_comma = false;
}

static void close_bracket(struct snt_json_writer *writer, const char *bracket) {
  append(writer, bracket, 1);
  writer->needs_comma = true;
}

void snt_json_begin_object(struct snt_json_writer *writer, const char *key) { open_bracket(writer, key, "{"); }
void snt_json_end_object(struct snt_json_writer *writer) { close_bracket(writer, "}"); }
void snt_json_begin_array(struct snt_json_writer *writer, const char *key) { open_bracket(writer, key, "["); }
void snt_json_end_array(struct snt_json_writer *writer) { close_bracket(writer, "]"); }

void snt_json_put_raw(struct snt_json_writer *writer, const char *key, struct snt_slice text) {
  begin_value(writer, key);
  if (text.len == 0 && snt_ok(writer->status)) {
    writer->status = snt_fail(writer->err, SNT_CODE_BUG, "a JSON value is empty");
  }
  append(writer, text.data, text.len);
}

void snt_json_put_null(struct snt_json_writer *writer, const char *key) {
  snt_json_put_raw(writer, key, snt_slice_of("null"));
}

void snt_json_put_bool(struct snt_json_writer *writer, const char *key, bool value) {
  snt_json_put_raw(writer, key, snt_slice_of(value ? "true" : "false"));
}

void snt_json_put_integer(struct snt_json_writer *writer, const char *key, int64_t value) {
  char text[24];
  (void)snprintf(text, sizeof text, "%lld", (long long)value);
  snt_json_put_raw(writer, key, snt_slice_of(text));
}

void snt_json_put_slice(struct snt_json_writer *writer, const char *key, struct snt_slice text) {
  begin_value(writer, key);
  append_string(writer, text);
}

void snt_json_put_string(struct snt_json_writer *writer, const char *key, const char *text) {
  if (text == NULL) {
    snt_json_put_null(writer, key);
  } else {
    snt_json_put_slice(writer, key, snt_slice_of(text));
  }
}

snt_status snt_json_finish(struct snt_json_writer *writer) { return writer->status; }
