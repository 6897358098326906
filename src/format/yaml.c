#include "format/yaml.h"

#include "format/yaml_fault.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

enum { DEPTH_MAX = 16, NODES_MAX = 10000 };

struct snt_yaml_doc {
  struct snt_yaml_node *root;
};

struct reader {
  yaml_parser_t parser;
  yaml_event_t event;
  bool has_event;
  const char *file;
  struct snt_slice text;
  size_t nodes;
};

static void free_node(struct snt_yaml_node *node) {
  if (node == NULL) {
    return;
  }
  for (size_t i = 0; i < node->count; i++) {
    if (node->keys != NULL) {
      free((char *)(uintptr_t)node->keys[i]);
    }
    free_node(node->children[i]);
  }
  free((char *)(uintptr_t)node->text);
  free(node->keys);
  free(node->key_lines);
  free(node->key_columns);
  free(node->children);
  free(node);
}

static void free_node_auto(struct snt_yaml_node **node) { free_node(*node); }
#define NODE_AUTO SNT_CLEANUP(free_node_auto)

static snt_status fail_at(const struct reader *reader, yaml_mark_t mark, struct snt_err *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static snt_status fail_at(const struct reader *reader, yaml_mark_t mark, struct snt_err *err, const char *format, ...) {
  char message[256];
  va_list args;
  va_start(args, format);
  (void)vsnprintf(message, sizeof message, format, args);
  va_end(args);
  return snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s:%zu:%zu: %s", reader->file, mark.line + 1, mark.column + 1,
                  message);
}

/* Where a byte stands that YAML has no room for: libyaml tells its offset only. */
static yaml_mark_t mark_of_offset(struct snt_slice text, size_t offset) {
  yaml_mark_t mark = {.index = offset};
  for (size_t i = 0; i < offset && i < text.len; i++) {
    bool is_first_byte = ((unsigned char)text.data[i] & 0xc0) != 0x80;
    mark.column = text.data[i] == '\n' ? 0 : mark.column + (is_first_byte ? 1 : 0);
    mark.line += text.data[i] == '\n' ? 1 : 0;
  }
  return mark;
}

static snt_status fail_parser(const struct reader *reader, struct snt_err *err) {
  const yaml_parser_t *parser = &reader->parser;
  if (parser->error == YAML_MEMORY_ERROR) {
    return snt_fail_memory(err);
  }
  yaml_mark_t mark =
      parser->error == YAML_READER_ERROR ? mark_of_offset(reader->text, parser->problem_offset) : parser->problem_mark;
  const char *problem = parser->problem == NULL ? "unknown" : parser->problem;
  const char *meant = snt_yaml_explain(problem, parser->context, reader->text, mark.line, mark.column);
  return fail_at(reader, mark, err, "not YAML: %s", meant == NULL ? problem : meant);
}

static snt_status next_event(struct reader *reader, struct snt_err *err) {
  if (reader->has_event) {
    yaml_event_delete(&reader->event);
    reader->has_event = false;
  }
  if (yaml_parser_parse(&reader->parser, &reader->event) == 0) {
    return fail_parser(reader, err);
  }
  reader->has_event = true;
  return snt_done();
}

static char *copy_text(const yaml_event_t *event) {
  return snt_str_dup_slice((struct snt_slice){(const char *)event->data.scalar.value, event->data.scalar.length});
}

/* What is refused in every node: YAML that can mean more than it shows. */
static snt_status check_plain(const struct reader *reader, const yaml_char_t *tag, const yaml_char_t *anchor,
                              struct snt_err *err) {
  if (tag != NULL) {
    return fail_at(reader, reader->event.start_mark, err, "the tag \"%.64s\" is not allowed; remove it",
                   (const char *)tag);
  }
  if (anchor != NULL) {
    return fail_at(reader, reader->event.start_mark, err, "the anchor \"%.64s\" is not allowed; write the value out",
                   (const char *)anchor);
  }
  return snt_done();
}

static bool is_word(const char *text, const char *const *words) {
  for (; *words != NULL; words++) {
    if (strcmp(text, *words) == 0) {
      return true;
    }
  }
  return false;
}

static bool parse_integer(const char *text, long long *out) {
  size_t digits = strspn(text + (text[0] == '-' ? 1 : 0), "0123456789");
  char *end = NULL;
  errno = 0;
  long long value = strtoll(text, &end, 10);
  if (digits == 0 || digits > 18 || *end != '\0' || errno != 0) {
    return false;
  }
  *out = value;
  return true;
}

static void set_scalar_type(struct snt_yaml_node *node, bool is_plain) {
  static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
  static const char *const booleans[] = {"true", "True", "TRUE", "false", "False", "FALSE", NULL};
  node->type = SNT_YAML_STRING;
  if (!is_plain) {
    return;
  }
  if (is_word(node->text, nulls)) {
    node->type = SNT_YAML_NULL;
  } else if (is_word(node->text, booleans)) {
    node->type = SNT_YAML_BOOL;
    node->boolean = node->text[0] == 't' || node->text[0] == 'T';
  } else if (parse_integer(node->text, &node->integer)) {
    node->type = SNT_YAML_INTEGER;
  }
}

static snt_status new_node(struct reader *reader, int depth, struct snt_yaml_node **out, struct snt_err *err) {
  yaml_mark_t mark = reader->event.start_mark;
  if (depth > DEPTH_MAX) {
    return fail_at(reader, mark, err, "nested more than %d levels deep", DEPTH_MAX);
  }
  if (++reader->nodes > NODES_MAX) {
    return fail_at(reader, mark, err, "more than %d nodes", NODES_MAX);
  }
  *out = calloc(1, sizeof **out);
  if (*out == NULL) {
    return snt_fail_memory(err);
  }
  (*out)->line = (unsigned)mark.line + 1;
  (*out)->column = (unsigned)mark.column + 1;
  return snt_done();
}

/* Room for one more child, and in a map for its key. */
static snt_status grow(struct snt_yaml_node *node, bool is_map, struct snt_err *err) {
  if ((node->count & (node->count - 1)) != 0) {
    return snt_done(); /* the arrays double at each power of two */
  }
  size_t cap = node->count == 0 ? 1 : node->count * 2;
  struct snt_yaml_node **children = realloc(node->children, cap * sizeof *children);
  if (children == NULL) {
    return snt_fail_memory(err);
  }
  node->children = children;
  if (!is_map) {
    return snt_done();
  }
  const char **keys = realloc(node->keys, cap * sizeof *keys);
  node->keys = keys == NULL ? node->keys : keys;
  unsigned *lines = realloc(node->key_lines, cap * sizeof *lines);
  node->key_lines = lines == NULL ? node->key_lines : lines;
  unsigned *columns = realloc(node->key_columns, cap * sizeof *columns);
  node->key_columns = columns == NULL ? node->key_columns : columns;
  return keys == NULL || lines == NULL || columns == NULL ? snt_fail_memory(err) : snt_done();
}

static snt_status read_node(struct reader *reader, int depth, struct snt_yaml_node **out, struct snt_err *err);

static snt_status read_list(struct reader *reader, int depth, struct snt_yaml_node *node, struct snt_err *err) {
  node->type = SNT_YAML_LIST;
  SNT_TRY(next_event(reader, err));
  while (reader->event.type != YAML_SEQUENCE_END_EVENT) {
    SNT_TRY(grow(node, false, err));
    struct snt_yaml_node *child = NULL;
    SNT_TRY(read_node(reader, depth + 1, &child, err));
    node->children[node->count++] = child;
    SNT_TRY(next_event(reader, err));
  }
  return snt_done();
}

/* The current event is a key; it is checked, and copied to *out. */
static snt_status read_key(struct reader *reader, const struct snt_yaml_node *map, char **out, struct snt_err *err) {
  const yaml_event_t *event = &reader->event;
  if (event->type != YAML_SCALAR_EVENT) {
    return fail_at(reader, event->start_mark, err, "a key has to be a word");
  }
  SNT_TRY(check_plain(reader, event->data.scalar.tag, event->data.scalar.anchor, err));
  SNT_FREE_AUTO char *key = copy_text(event);
  if (key == NULL) {
    return snt_fail_memory(err);
  }
  if (strlen(key) != event->data.scalar.length) {
    return fail_at(reader, event->start_mark, err, "a key holds a NUL");
  }
  for (size_t i = 0; i < map->count; i++) {
    if (strcmp(map->keys[i], key) == 0) {
      return fail_at(reader, event->start_mark, err, "duplicate key \"%.64s\"; it is on line %u too", key,
                     map->key_lines[i]);
    }
  }
  *out = SNT_MOVE(key);
  return snt_done();
}

static snt_status read_map(struct reader *reader, int depth, struct snt_yaml_node *node, struct snt_err *err) {
  node->type = SNT_YAML_MAP;
  SNT_TRY(next_event(reader, err));
  while (reader->event.type != YAML_MAPPING_END_EVENT) {
    SNT_TRY(grow(node, true, err));
    SNT_FREE_AUTO char *key = NULL;
    SNT_TRY(read_key(reader, node, &key, err));
    yaml_mark_t mark = reader->event.start_mark;
    SNT_TRY(next_event(reader, err));
    struct snt_yaml_node *child = NULL;
    SNT_TRY(read_node(reader, depth + 1, &child, err));
    node->children[node->count] = child;
    node->key_lines[node->count] = (unsigned)mark.line + 1;
    node->key_columns[node->count] = (unsigned)mark.column + 1;
    node->keys[node->count++] = SNT_MOVE(key);
    SNT_TRY(next_event(reader, err));
  }
  return snt_done();
}

static snt_status read_scalar(struct reader *reader, struct snt_yaml_node *node, struct snt_err *err) {
  const yaml_event_t *event = &reader->event;
  SNT_TRY(check_plain(reader, event->data.scalar.tag, event->data.scalar.anchor, err));
  node->text = copy_text(event);
  if (node->text == NULL) {
    return snt_fail_memory(err);
  }
  if (strlen(node->text) != event->data.scalar.length) {
    return fail_at(reader, event->start_mark, err, "a value holds a NUL");
  }
  set_scalar_type(node, event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE);
  return snt_done();
}

/* The node that begins with the current event; ends at its last event. */
static snt_status read_node(struct reader *reader, int depth, struct snt_yaml_node **out, struct snt_err *err) {
  const yaml_event_t *event = &reader->event;
  NODE_AUTO struct snt_yaml_node *node = NULL;
  SNT_TRY(new_node(reader, depth, &node, err));
  switch (event->type) {
  case YAML_SCALAR_EVENT:
    SNT_TRY(read_scalar(reader, node, err));
    break;
  case YAML_SEQUENCE_START_EVENT:
    SNT_TRY(check_plain(reader, event->data.sequence_start.tag, event->data.sequence_start.anchor, err));
    SNT_TRY(read_list(reader, depth, node, err));
    break;
  case YAML_MAPPING_START_EVENT:
    SNT_TRY(check_plain(reader, event->data.mapping_start.tag, event->data.mapping_start.anchor, err));
    SNT_TRY(read_map(reader, depth, node, err));
    break;
  default:
    return fail_at(reader, event->start_mark, err,
                   "an alias is not allowed; write the value out, or quote a text that begins with *");
  }
  *out = SNT_MOVE(node);
  return snt_done();
}

static snt_status read_document(struct reader *reader, struct snt_yaml_doc *doc, struct snt_err *err) {
  SNT_TRY(next_event(reader, err)); /* STREAM-START */
  SNT_TRY(next_event(reader, err));
  if (reader->event.type == YAML_STREAM_END_EVENT) {
    doc->root = calloc(1, sizeof *doc->root);
    if (doc->root == NULL) {
      return snt_fail_memory(err);
    }
    *doc->root = (struct snt_yaml_node){.type = SNT_YAML_MAP, .line = 1, .column = 1};
    return snt_done();
  }
  if (reader->event.data.document_start.version_directive != NULL ||
      reader->event.data.document_start.tag_directives.start != reader->event.data.document_start.tag_directives.end) {
    return fail_at(reader, reader->event.start_mark, err, "a line that begins with %% is not allowed; remove it");
  }
  SNT_TRY(next_event(reader, err));
  SNT_TRY(read_node(reader, 1, &doc->root, err));
  SNT_TRY(next_event(reader, err)); /* DOCUMENT-END */
  SNT_TRY(next_event(reader, err));
  if (reader->event.type != YAML_STREAM_END_EVENT) {
    return fail_at(reader, reader->event.start_mark, err, "a second document begins here; there may be only one");
  }
  return snt_done();
}

snt_status snt_yaml_parse(const char *file, const char *data, size_t len, struct snt_yaml_doc **out,
                          struct snt_err *err) {
  *out = NULL;
  data = data == NULL ? "" : data; /* libyaml aborts without one */
  if (!snt_utf8_check(data, len)) {
    return snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s:1:1: this is not UTF-8 text", file);
  }
  SNT_YAML_AUTO struct snt_yaml_doc *doc = calloc(1, sizeof *doc);
  struct reader reader = {.file = file, .text = {data, len}};
  if (doc == NULL || yaml_parser_initialize(&reader.parser) == 0) {
    return snt_fail_memory(err);
  }
  yaml_parser_set_input_string(&reader.parser, (const unsigned char *)data, len);
  yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
  snt_status status = read_document(&reader, doc, err);
  if (reader.has_event) {
    yaml_event_delete(&reader.event);
  }
  yaml_parser_delete(&reader.parser);
  SNT_TRY(status);
  *out = SNT_MOVE(doc);
  return snt_done();
}

void snt_yaml_free(struct snt_yaml_doc **doc) {
  if (doc == NULL || *doc == NULL) {
    return;
  }
  free_node((*doc)->root);
  free(*doc);
  *doc = NULL;
}

const struct snt_yaml_node *snt_yaml_root(const struct snt_yaml_doc *doc) { return doc->root; }

const struct snt_yaml_node *snt_yaml_get(const struct snt_yaml_node *map, const char *key) {
  for (size_t i = 0; map->keys != NULL && i < map->count; i++) {
    if (strcmp(map->keys[i], key) == 0) {
      return map->children[i];
    }
  }
  return NULL;
}
