#include "policy/question.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "format/uri.h"

static const char LABEL[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
static const char VALUE[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.@-";
static const char AUTHORITY[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";
/* RFC 3986, what may stand in a path or query as it is; brackets are encoded. */
static const char LITERAL[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/?[]!$'()*+,;=&%";
static const char SCHEME[] = "https://";

void snt_question_clear(struct snt_question *question) {
  for (char **path = question->select; path != NULL && *path != NULL; path++) {
    free(*path);
  }
  free((void *)question->select);
  memset(question, 0, sizeof *question);
}

static void allow(const char *characters, bool is_allowed[static 128]) {
  memset(is_allowed, 0, 128 * sizeof *is_allowed);
  for (const char *c = characters; *c != '\0'; c++) {
    is_allowed[(unsigned char)*c] = true;
  }
}

static bool is_printable(char c) { return c > ' ' && c < 0x7f; }

bool snt_question_parse_class(const char *text, bool is_allowed[static 128]) {
  size_t len = strlen(text);
  if (len < 4 || text[0] != '[' || text[len - 2] != ']' || text[len - 1] != '+' || text[1] == '^') {
    return false;
  }
  allow("", is_allowed);
  for (const char *c = text + 1, *end = text + len - 2; c < end; c++) {
    bool is_range = c + 2 < end && c[1] == '-';
    char last = is_range ? c[2] : *c;
    if (!is_printable(*c) || !is_printable(last) || last < *c || strchr("[]%\\", *c) != NULL) {
      return false;
    }
    for (int each = (unsigned char)*c; each <= last; each++) {
      is_allowed[each] = true;
    }
    c += is_range ? 2 : 0;
  }
  return true;
}

static struct snt_question_param *find_or_add(struct snt_question *question, const char *name, size_t len) {
  for (size_t i = 0; i < question->param_count; i++) {
    if (strlen(question->params[i].name) == len && memcmp(question->params[i].name, name, len) == 0) {
      return &question->params[i];
    }
  }
  if (question->param_count == SNT_PARAMS_MAX) {
    return NULL;
  }
  struct snt_question_param *param = &question->params[question->param_count++];
  (void)snprintf(param->name, sizeof param->name, "%.*s", (int)len, name);
  allow(VALUE, param->is_allowed);
  return param;
}

static size_t length_of_name(const char *text) {
  return text[0] >= 'a' && text[0] <= 'z'
             ? strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
             : 0;
}

/* A part of the URL: what it may be made of beside parameters. */
static snt_status parse_part(const char **text, const char *characters, bool is_host, struct snt_question *out,
                             struct snt_err *err) {
  while (**text != '\0' && !(is_host && strchr("/?:", **text) != NULL)) {
    if (**text == '{') {
      size_t len = length_of_name(*text + 1);
      if (len == 0 || len > 64 || (*text)[len + 1] != '}') {
        return snt_fail(err, SNT_CODE_POLICY_INVALID, "holds a brace that is no {parameter}");
      }
      struct snt_question_param *param = find_or_add(out, *text + 1, len);
      if (param == NULL) {
        return snt_fail(err, SNT_CODE_POLICY_INVALID, "has more than %d parameters", SNT_PARAMS_MAX);
      }
      param->is_in_host = param->is_in_host || is_host;
      *text += len + 2;
    } else if (strchr(characters, **text) == NULL) {
      return snt_fail(err, SNT_CODE_POLICY_INVALID, "holds a character that cannot be in %s",
                      is_host ? "a host (small letters, digits, points and hyphens)" : "a path or query as it is");
    } else {
      (*text)++;
    }
  }
  return snt_done();
}

/* A percent sign is one of an encoded character, and never of a point, slash or control character. */
static bool has_good_percents(const char *text) {
  for (const char *at = strchr(text, '%'); at != NULL; at = strchr(at + 1, '%')) {
    static const char *const refused[] = {"2e", "2E", "2f", "2F", "5c", "5C", "25"};
    static const char digits[] = "0123456789abcdefABCDEF";
    if (at[1] == '\0' || at[2] == '\0' || strchr(digits, at[1]) == NULL || strchr(digits, at[2]) == NULL ||
        at[1] < '2') {
      return false;
    }
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
      if (strncmp(at + 1, refused[i], 2) == 0) {
        return false;
      }
    }
  }
  return true;
}

snt_status snt_question_parse_url(const char *text, struct snt_question *out, struct snt_err *err) {
  static const char method[] = "GET ";
  if (!snt_str_starts_with(text, method) || !snt_str_starts_with(text + sizeof method - 1, SCHEME)) {
    return snt_fail(err, SNT_CODE_POLICY_INVALID, "has to begin with \"GET https://\"");
  }
  const char *url = text + sizeof method - 1;
  const char *at = url + sizeof SCHEME - 1;
  const char *host = at;
  SNT_TRY(parse_part(&at, AUTHORITY, true, out, err));
  bool has_port = *at == ':';
  size_t digits = has_port ? strspn(at + 1, "0123456789") : 0;
  if (at == host || (has_port && (digits == 0 || digits > 5)) || at[has_port ? digits + 1 : 0] != '/') {
    return snt_fail(err, SNT_CODE_POLICY_INVALID, "has to have a host and then a path");
  }
  at += has_port ? digits + 1 : 0;
  SNT_TRY(parse_part(&at, LITERAL, false, out, err));
  if (strlen(url) >= sizeof out->url || !has_good_percents(url)) {
    return snt_fail(err, SNT_CODE_POLICY_INVALID, "is too long, or a percent sign in it is no encoded character");
  }
  (void)snprintf(out->url, sizeof out->url, "%s", url);
  return snt_done();
}

bool snt_question_host(const struct snt_question *question, char host[static 256]) {
  const char *start = question->url + sizeof SCHEME - 1;
  size_t len = strcspn(start, "/");
  size_t name_len = strcspn(start, ":/");
  bool has_own_port = len - name_len == 4 && strncmp(start + name_len, ":443", 4) == 0;
  len = has_own_port ? name_len : len;
  (void)snprintf(host, 256, "%.*s", len < 256 ? (int)len : 0, start);
  return strchr(host, '{') == NULL;
}

static size_t count_points(const char *text) {
  size_t count = 0;
  for (; *text != '\0'; text++) {
    count += *text == '.';
  }
  return count;
}

bool snt_question_reaches(const struct snt_question *question, const char *host) {
  char template[256];
  char pattern[256];
  if (snt_question_host(question, template)) {
    return strcmp(template, host) == 0;
  }
  size_t used = 0;
  for (const char *c = template; *c != '\0'; c++) {
    pattern[used++] = (char)(*c == '{' ? '*' : *c);
    c += *c == '{' ? strcspn(c + 1, "}") + 1 : 0;
    if (*c == '\0') {
      return false; /* no URL that was taken apart is cut there */
    }
  }
  pattern[used] = '\0';
  return count_points(pattern) == count_points(host) && snt_glob_match(pattern, used, host, strlen(host));
}

static snt_status check_value(const struct snt_question_param *param, const char *value, struct snt_err *err) {
  bool is_good = value != NULL && value[0] != '\0' && (!param->is_in_host || strspn(value, LABEL) == strlen(value));
  for (const char *c = value; is_good && *c != '\0'; c++) {
    is_good = (unsigned char)*c < 128 && param->is_allowed[(unsigned char)*c];
  }
  return is_good ? snt_done()
                 : snt_fail(err, SNT_CODE_SYNTAX, "parameter \"%s\" has a value that it may not have", param->name);
}

static const struct snt_question_param *param_at(const struct snt_question *question, const char *text, size_t len) {
  for (size_t i = 0; i < question->param_count; i++) {
    if (strlen(question->params[i].name) == len && memcmp(question->params[i].name, text, len) == 0) {
      return &question->params[i];
    }
  }
  return NULL;
}

/* The URL's text with each parameter in its place, encoded; brackets too. */
static snt_status substitute(const struct snt_question *question, snt_param_lookup look_up, const void *context,
                             struct snt_buf *out, struct snt_err *err) {
  for (const char *at = question->url; *at != '\0'; at++) {
    size_t len = *at == '{' ? length_of_name(at + 1) : 0;
    const struct snt_question_param *param = len > 0 ? param_at(question, at + 1, len) : NULL;
    if (param != NULL) {
      const char *value = look_up(context, param->name);
      SNT_TRY(check_value(param, value, err));
      SNT_TRY(snt_uri_encode(snt_slice_of(value), false, out, err));
      at += len + 1;
    } else if (*at == '[' || *at == ']') {
      SNT_TRY(snt_buf_append_str(out, *at == '[' ? "%5B" : "%5D", err));
    } else {
      SNT_TRY(snt_buf_append_char(out, *at, err));
    }
  }
  return snt_done();
}

/* What a server may take for the end of a segment, and how long that is; values are encoded in capital letters. */
static size_t length_of_separator(const char *text) {
  bool is_encoded = strncmp(text, "%2F", 3) == 0 || strncmp(text, "%5C", 3) == 0;
  return text[0] == '/' ? 1 : is_encoded ? 3 : 0;
}

/* Whether a segment of the path is a way to another one. */
static bool has_dot_segment(const char *path) {
  for (const char *at = path; *at != '\0';) {
    size_t len = strspn(at, ".");
    const char *end = at + len;
    if ((len == 1 || len == 2) && (*end == '\0' || length_of_separator(end) > 0)) {
      return true;
    }
    while (*end != '\0' && length_of_separator(end) == 0) {
      end++;
    }
    at = end + length_of_separator(end);
  }
  return false;
}

snt_status snt_question_build(const struct snt_question *question, snt_param_lookup look_up, const void *context,
                              struct snt_buf *url, char host[static 256], struct snt_err *err) {
  SNT_TRY(substitute(question, look_up, context, url, err));
  struct snt_url parsed = {0};
  SNT_BUF_AUTO struct snt_buf bare = {0};
  SNT_TRY(snt_buf_append(&bare, url->data, strcspn(url->data, "?"), err));
  SNT_TRY(snt_url_parse(bare.data, "the question's URL", &parsed, err));
  if (strcmp(parsed.scheme, "https") != 0 || strlen(parsed.authority) >= 256 || has_dot_segment(parsed.path)) {
    return snt_fail(err, SNT_CODE_SYNTAX, "the parameters make a path that leads elsewhere");
  }
  memcpy(host, parsed.authority, strlen(parsed.authority) + 1);
  return snt_done();
}
