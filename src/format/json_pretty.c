/* JSON for people: two blanks a level, one member a line. */
#include "format/json.h"

struct pretty {
  struct snt_buf *out;
  size_t indent;
  struct snt_err *err;
};

static snt_status begin_line(const struct pretty *pretty) {
  SNT_TRY(snt_buf_append_char(pretty->out, '\n', pretty->err));
  for (size_t i = 0; i < pretty->indent; i++) {
    SNT_TRY(snt_buf_append_char(pretty->out, ' ', pretty->err));
  }
  return snt_done();
}

/* The length of the string that begins at text[0], with its quotes. */
static size_t string_len(const char *text, size_t len) {
  size_t at = 1;
  while (at < len && text[at] != '"') {
    at += text[at] == '\\' ? 2 : 1;
  }
  return at < len ? at + 1 : len;
}

/* One mark or a run of anything else; returns how much of text it was, by *used. */
static snt_status print_next(struct pretty *pretty, const char *text, size_t len, size_t *used) {
  bool is_empty = len > 1 && (text[1] == '}' || text[1] == ']');
  *used = 1;
  switch (text[0]) {
  case '{':
  case '[':
    *used = is_empty ? 2 : 1;
    SNT_TRY(snt_buf_append(pretty->out, text, *used, pretty->err));
    pretty->indent += is_empty ? 0 : 2;
    return is_empty ? snt_done() : begin_line(pretty);
  case '}':
  case ']':
    pretty->indent -= pretty->indent < 2 ? pretty->indent : 2;
    SNT_TRY(begin_line(pretty));
    return snt_buf_append_char(pretty->out, text[0], pretty->err);
  case ',':
    SNT_TRY(snt_buf_append_char(pretty->out, ',', pretty->err));
    return begin_line(pretty);
  case ':':
    return snt_buf_append_str(pretty->out, ": ", pretty->err);
  case '"':
    *used = string_len(text, len);
    return snt_buf_append(pretty->out, text, *used, pretty->err);
  default:
    return snt_buf_append_char(pretty->out, text[0], pretty->err);
  }
}

snt_status snt_json_pretty(struct snt_slice compact, size_t indent, struct snt_buf *out, struct snt_err *err) {
  struct pretty pretty = {.out = out, .indent = indent, .err = err};
  for (size_t at = 0, used = 0; at < compact.len; at += used) {
    SNT_TRY(print_next(&pretty, compact.data + at, compact.len - at, &used));
  }
  return snt_done();
}
