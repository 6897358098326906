#include "format/ini.h"

#include <string.h>

#include "base/buf.h"

/* A property is reported once its last continuation line has been read. */
struct reader {
  const char *file;
  snt_ini_visit visit;
  void *context;
  unsigned line;
  bool has_section;
  bool has_property;
  bool has_sub_properties; /* its first line had no value */
  struct snt_ini_event event;
  struct snt_buf value; /* may hold a secret: wiped */
};

static bool is_space(char c) { return c == ' ' || c == '\t'; }

static struct snt_slice trim(struct snt_slice text) {
  while (text.len > 0 && (is_space(text.data[0]) || text.data[0] == '\r')) {
    text.data++;
    text.len--;
  }
  while (text.len > 0 && (is_space(text.data[text.len - 1]) || text.data[text.len - 1] == '\r')) {
    text.len--;
  }
  return text;
}

/* Without what follows '#' or ';'; in a property only where white space stands before it. */
static struct snt_slice strip_comment(struct snt_slice text, bool needs_space) {
  for (size_t i = 0; i < text.len; i++) {
    bool is_mark = text.data[i] == '#' || text.data[i] == ';';
    if (is_mark && (!needs_space || (i > 0 && is_space(text.data[i - 1])))) {
      text.len = i;
    }
  }
  return trim(text);
}

static snt_status fail_at(const struct reader *reader, const char *message, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s:%u: %s", reader->file, reader->line, message);
}

static snt_status report_property(struct reader *reader, struct snt_err *err) {
  if (!reader->has_property) {
    return snt_done();
  }
  reader->has_property = false;
  reader->event.value = (struct snt_slice){snt_buf_borrow(&reader->value), reader->value.len};
  return reader->visit(reader->context, &reader->event, err);
}

static snt_status read_section(struct reader *reader, struct snt_slice line, struct snt_err *err) {
  SNT_TRY(report_property(reader, err));
  struct snt_slice text = strip_comment(line, false);
  if (text.len < 2 || text.data[text.len - 1] != ']') {
    return fail_at(reader, "Profile definition must end with ']'", err);
  }
  reader->has_section = true;
  reader->event = (struct snt_ini_event){.section = {text.data + 1, text.len - 2}, .line = reader->line};
  return reader->visit(reader->context, &reader->event, err);
}

/* Where the first '=' stands; len when there is none. */
static size_t find_equals(struct snt_slice text) {
  const char *equals = text.len == 0 ? NULL : memchr(text.data, '=', text.len);
  return equals == NULL ? text.len : (size_t)(equals - text.data);
}

static snt_status read_property(struct reader *reader, struct snt_slice line, struct snt_err *err) {
  if (!reader->has_section) {
    return fail_at(reader, "Expected a profile definition", err);
  }
  SNT_TRY(report_property(reader, err));
  struct snt_slice text = strip_comment(line, true);
  size_t equals = find_equals(text);
  if (equals == text.len) {
    return fail_at(reader, "Expected an '=' sign defining a property", err);
  }
  struct snt_slice key = trim((struct snt_slice){text.data, equals});
  struct snt_slice value = trim((struct snt_slice){text.data + equals + 1, text.len - equals - 1});
  if (key.len == 0) {
    return fail_at(reader, "Property did not have a name", err);
  }
  reader->event.key = key;
  reader->event.line = reader->line;
  reader->has_property = true;
  reader->has_sub_properties = value.len == 0;
  snt_buf_reset(&reader->value);
  return snt_buf_append(&reader->value, value.data, value.len, err);
}

static snt_status read_continuation(struct reader *reader, struct snt_slice line, struct snt_err *err) {
  if (!reader->has_section) {
    return fail_at(reader, "Expected a profile definition", err);
  }
  if (!reader->has_property) {
    return fail_at(reader, "Expected a property definition, found continuation", err);
  }
  struct snt_slice text = trim(line);
  size_t equals = find_equals(text);
  if (reader->has_sub_properties && equals == text.len) {
    return fail_at(reader, "Expected an '=' sign defining a sub-property", err);
  }
  if (reader->has_sub_properties && equals == 0) {
    return fail_at(reader, "Sub-property did not have a name", err);
  }
  SNT_TRY(snt_buf_append_char(&reader->value, '\n', err));
  return snt_buf_append(&reader->value, text.data, text.len, err);
}

static snt_status read_line(struct reader *reader, struct snt_slice line, struct snt_err *err) {
  bool is_comment = line.len > 0 && (line.data[0] == '#' || line.data[0] == ';');
  if (is_comment || trim(line).len == 0) {
    return snt_done();
  }
  if (line.data[0] == '[') {
    return read_section(reader, line, err);
  }
  return is_space(line.data[0]) ? read_continuation(reader, line, err) : read_property(reader, line, err);
}

static snt_status read_lines(struct reader *reader, const char *data, size_t len, struct snt_err *err) {
  size_t start = 0;
  while (start < len) {
    const char *newline = memchr(data + start, '\n', len - start);
    size_t end = newline == NULL ? len : (size_t)(newline - data);
    reader->line++;
    SNT_TRY(read_line(reader, (struct snt_slice){data + start, end - start}, err));
    start = end + 1;
  }
  return report_property(reader, err);
}

snt_status snt_ini_parse(const char *file, const char *data, size_t len, snt_ini_visit visit, void *context,
                         struct snt_err *err) {
  struct reader reader = {.file = file, .visit = visit, .context = context};
  if (len > 0 && (memchr(data, '\0', len) != NULL || !snt_utf8_check(data, len))) {
    return snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s: this is not UTF-8 text", file);
  }
  snt_status status = read_lines(&reader, data, len, err);
  snt_buf_clear(&reader.value);
  return status;
}
