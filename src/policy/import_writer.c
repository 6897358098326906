#include "policy/import_writer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/source.h"

enum { WIDTH = 100, INDENT = 2 };

static bool is_good(const struct snt_import_writer *writer) { return snt_ok(writer->status); }

static void append(struct snt_import_writer *writer, const char *text) {
  struct snt_buf *out = &writer->import->text;
  if (!is_good(writer)) {
    return;
  }
  writer->status = out->len + strlen(text) > SNT_POLICY_CAP
                       ? snt_fail(writer->err, SNT_CODE_POLICY_INVALID, "%s:%u:%u: the policy grows over 512 KiB here",
                                  writer->place.file, writer->place.line, writer->place.column)
                       : snt_buf_append_str(out, text, writer->err);
}

static void note_origin(struct snt_import_writer *writer) {
  struct snt_import *import = writer->import;
  if (!is_good(writer)) {
    return;
  }
  if ((import->origin_count & (import->origin_count - 1)) == 0) { /* the array doubles at each power of two */
    size_t cap = import->origin_count == 0 ? 1 : import->origin_count * 2;
    struct snt_import_place *grown = realloc(import->origins, cap * sizeof *grown);
    if (grown == NULL) {
      writer->status = snt_fail_memory(writer->err);
      return;
    }
    import->origins = grown;
  }
  import->origins[import->origin_count++] = writer->place;
}

/* Ends the line before, if there is one, and indents the next. */
static void begin_line(struct snt_import_writer *writer) {
  if (writer->import->text.len > 0) {
    append(writer, "\n");
  }
  note_origin(writer);
  writer->line_at = writer->import->text.len;
  int spaces = writer->depth * INDENT - (writer->is_item ? INDENT : 0);
  for (int i = 0; i < spaces; i++) {
    append(writer, " ");
  }
  append(writer, writer->is_item ? "- " : "");
  writer->is_item = false;
  writer->is_empty = false;
}

static size_t width(const struct snt_import_writer *writer) { return writer->import->text.len - writer->line_at; }

/* Words that YAML, of whatever version, may take for something else than a text. */
static bool is_plain(const char *text) {
  static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  static const char rest[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-";
  static const char *const taken[] = {"true", "false", "null", "yes", "no", "on", "off", "y", "n", NULL};
  for (const char *const *word = taken; *word != NULL; word++) {
    if (strcasecmp(text, *word) == 0) {
      return false;
    }
  }
  return text[0] != '\0' && strchr(first, text[0]) != NULL && strspn(text, rest) == strlen(text);
}

/* Quoted so that YAML and Lua read the same; text is printable. */
static void append_text(struct snt_import_writer *writer, const char *text) {
  if (!writer->is_lua && is_plain(text)) {
    append(writer, text);
    return;
  }
  append(writer, "\"");
  for (; *text != '\0'; text++) {
    const char piece[] = {*text, '\0'};
    append(writer, *text == '"' || *text == '\\' ? "\\" : "");
    append(writer, piece);
  }
  append(writer, "\"");
}

static void begin_key(struct snt_import_writer *writer, const char *key) {
  begin_line(writer);
  if (!writer->is_lua) {
    append(writer, key);
    append(writer, ": ");
    return;
  }
  bool is_word = strcmp(key, "end") == 0; /* of Lua */
  append(writer, is_word ? "[\"" : "");
  append(writer, key);
  append(writer, is_word ? "\"] = " : " = ");
}

static void end_value(struct snt_import_writer *writer) { append(writer, writer->is_lua ? "," : ""); }

void snt_import_put_comment(struct snt_import_writer *writer, const char *text) {
  const char *mark = writer->is_lua ? "--" : "#";
  bool is_item = writer->is_item;
  writer->is_item = false;
  begin_line(writer);
  append(writer, mark);
  while (*text != '\0' && is_good(writer)) {
    size_t len = strcspn(text, " ");
    if (width(writer) + len + 1 > WIDTH && width(writer) > strlen(mark) + (size_t)writer->depth * INDENT) {
      begin_line(writer);
      append(writer, mark);
    }
    append(writer, " ");
    writer->status = is_good(writer) ? snt_buf_append(&writer->import->text, text, len, writer->err) : writer->status;
    text += len + (text[len] == ' ' ? 1 : 0);
  }
  writer->is_item = is_item;
}

void snt_import_begin_map(struct snt_import_writer *writer, const char *key) {
  if (writer->is_lua) {
    begin_line(writer);
    append(writer, key == NULL ? "" : strcmp(key, "not") == 0 ? "s.not_ " : key);
    append(writer, key == NULL || strcmp(key, "not") == 0 ? "{" : " = {");
  } else if (key == NULL) {
    writer->is_item = true;
  } else {
    begin_line(writer);
    append(writer, key);
    append(writer, ":");
  }
  writer->is_empty = true;
  writer->depth++;
}

void snt_import_end_map(struct snt_import_writer *writer) {
  bool is_empty = writer->is_empty;
  writer->depth--;
  if (!writer->is_lua) {
    append(writer, is_empty ? " {}" : "");
  } else if (is_empty) {
    append(writer, "},");
  } else {
    begin_line(writer);
    append(writer, "},");
  }
  writer->is_empty = false;
}

void snt_import_begin_rule(struct snt_import_writer *writer, const char *name) {
  writer->rule_count++;
  if (!writer->is_lua) {
    snt_import_begin_map(writer, NULL);
    snt_import_put_text(writer, "name", name);
    return;
  }
  begin_line(writer);
  append(writer, "s.rule ");
  append_text(writer, name);
  append(writer, " {");
  writer->depth++;
}

void snt_import_begin_list(struct snt_import_writer *writer, const char *key) {
  begin_line(writer);
  append(writer, writer->is_lua ? "s." : "");
  append(writer, key);
  append(writer, writer->is_lua ? " {" : ":");
  writer->depth++;
}

void snt_import_end_list(struct snt_import_writer *writer) {
  writer->depth--;
  if (writer->is_lua) {
    begin_line(writer);
    append(writer, "},");
  }
}

void snt_import_put_text(struct snt_import_writer *writer, const char *key, const char *text) {
  begin_key(writer, key);
  append_text(writer, text);
  end_value(writer);
}

void snt_import_put_bare(struct snt_import_writer *writer, const char *key, const char *text) {
  begin_key(writer, key);
  append(writer, text);
  end_value(writer);
}

void snt_import_begin_words(struct snt_import_writer *writer, const char *key) {
  begin_key(writer, key);
  append(writer, writer->is_lua ? "{" : "[");
  writer->is_empty = true;
}

void snt_import_add_word(struct snt_import_writer *writer, const char *word) {
  append(writer, writer->is_empty ? "" : ",");
  if (width(writer) + strlen(word) + 4 > WIDTH) {
    writer->depth++;
    begin_line(writer);
    writer->depth--;
  } else {
    append(writer, writer->is_empty && !writer->is_lua ? "" : " ");
  }
  writer->is_empty = false;
  append_text(writer, word);
}

void snt_import_end_words(struct snt_import_writer *writer) {
  append(writer, writer->is_lua ? " }" : "]");
  end_value(writer);
}

void snt_import_writer_begin(struct snt_import_writer *writer, struct snt_import *import, bool is_lua,
                             const char *about, struct snt_err *err) {
  *writer = (struct snt_import_writer){.import = import, .is_lua = is_lua, .err = err, .status = snt_done()};
  writer->place = (struct snt_import_place){"", 1, 1};
  if (is_lua) {
    snt_import_put_comment(writer, "sentinel: lua");
  }
  snt_import_put_comment(writer, about);
  if (is_lua) {
    begin_line(writer);
    append(writer, "local s = require \"sentinel\"");
    begin_line(writer);
    begin_line(writer);
    append(writer, "return s.policy {");
    writer->depth++;
  }
  snt_import_put_text(writer, "version", "1");
  begin_line(writer);
  append(writer, is_lua ? "rules = {" : "rules:");
  writer->depth++;
}

snt_status snt_import_writer_end(struct snt_import_writer *writer) {
  if (writer->is_lua) {
    writer->depth--;
    begin_line(writer);
    append(writer, "},");
    writer->depth--;
    begin_line(writer);
    append(writer, "}");
  }
  append(writer, "\n");
  return writer->status;
}
