/* MUST
 *  1. refuse what is not one strict document: duplicate keys, NUL in strings, depth, anything after it;
 *  2. refuse what was read while memory ran out, whatever jansson makes of it;
 *  3. wipe all memory that held a value; say where it went wrong, never what stood there. */
#include "format/json.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/wipe.h"

enum { DEPTH_MAX = 32 };

struct snt_json_doc {
  json_t *root;
};

/* Whether memory ran out since a parse began. jansson cannot be asked: it takes a token for a wrong one when there was
 * no memory for it, and when its buffer cannot grow it loses a byte of a string, and goes on. */
static _Thread_local bool is_out_of_memory;

static void *noting_malloc(size_t size) {
  void *block = malloc(size);
  is_out_of_memory = is_out_of_memory || block == NULL;
  return block;
}

static void prepare_library(void) {
  static bool is_ready = false;
  size_t seed = 0;
  if (is_ready) {
    return;
  }
  json_set_alloc_funcs(noting_malloc, snt_wipe_free);
  /* Keys of a hostile answer must not be able to collide. Without a seed jansson finds one itself. */
  if (snt_ok(snt_random_bytes(&seed, sizeof seed, NULL))) {
    json_object_seed(seed);
  }
  is_ready = true;
}

/* jansson's own bound is 2,048 levels. A look at the brackets outside of strings, before anything recurses. */
static bool is_too_deep(const char *data, size_t len) {
  int depth = 0;
  bool is_in_text = false;
  for (size_t i = 0; i < len; i++) {
    char c = data[i];
    if (is_in_text) {
      i += c == '\\' ? 1 : 0;
      is_in_text = c != '"';
      continue;
    }
    is_in_text = c == '"';
    depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
    if (depth > DEPTH_MAX) {
      return true;
    }
  }
  return false;
}

static snt_status fail_parse(const char *what, const json_error_t *where, struct snt_err *err) {
  if (is_out_of_memory) {
    return snt_fail_memory(err);
  }
  bool is_twice = json_error_code(where) == json_error_duplicate_key;
  return snt_fail(err, SNT_CODE_SYNTAX, "%s: %s at line %d, column %d", what,
                  is_twice ? "a key stands twice in one JSON object" : "not strict JSON", where->line, where->column);
}

snt_status snt_json_parse(const char *data, size_t len, const char *what, struct snt_json_doc **out,
                          struct snt_err *err) {
  *out = NULL;
  prepare_library();
  if (is_too_deep(data, len)) {
    return snt_fail(err, SNT_CODE_SYNTAX, "%s: JSON is nested more than %d levels deep", what, DEPTH_MAX);
  }
  struct snt_json_doc *doc = calloc(1, sizeof *doc);
  if (doc == NULL) {
    return snt_fail_memory(err);
  }
  json_error_t where = {0};
  is_out_of_memory = false;
  doc->root = json_loadb(data == NULL ? "" : data, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
  if (doc->root == NULL || is_out_of_memory) {
    json_decref(doc->root);
    free(doc);
    snt_status status = fail_parse(what, &where, err);
    explicit_bzero(&where, sizeof where); /* its text quotes the document */
    return status;
  }
  *out = doc;
  return snt_done();
}

void snt_json_free(struct snt_json_doc **doc) {
  if (doc == NULL || *doc == NULL) {
    return;
  }
  json_decref((*doc)->root);
  free(*doc);
  *doc = NULL;
}

/* A borrowed value is jansson's. */
static json_t *inner(const struct snt_json_value *value) { return (json_t *)(uintptr_t)value; }
static const struct snt_json_value *outer(const json_t *value) { return (const struct snt_json_value *)value; }

const struct snt_json_value *snt_json_root(const struct snt_json_doc *doc) {
  return doc == NULL ? NULL : outer(doc->root);
}

enum snt_json_type snt_json_type(const struct snt_json_value *value) {
  static const enum snt_json_type types[] = {
      [JSON_OBJECT] = SNT_JSON_OBJECT,   [JSON_ARRAY] = SNT_JSON_ARRAY, [JSON_STRING] = SNT_JSON_STRING,
      [JSON_INTEGER] = SNT_JSON_INTEGER, [JSON_REAL] = SNT_JSON_REAL,   [JSON_TRUE] = SNT_JSON_BOOL,
      [JSON_FALSE] = SNT_JSON_BOOL,      [JSON_NULL] = SNT_JSON_NULL};
  return value == NULL ? SNT_JSON_NONE : types[json_typeof(inner(value))];
}

const struct snt_json_value *snt_json_get(const struct snt_json_value *value, const char *key) {
  return outer(json_object_get(inner(value), key));
}

size_t snt_json_count(const struct snt_json_value *value) {
  return json_is_object(inner(value)) ? json_object_size(inner(value)) : json_array_size(inner(value));
}

const struct snt_json_value *snt_json_at(const struct snt_json_value *array, size_t index) {
  return outer(json_array_get(inner(array), index));
}

const char *snt_json_key_at(const struct snt_json_value *object, size_t index, const struct snt_json_value **value) {
  void *at = json_object_iter(inner(object));
  for (size_t i = 0; at != NULL && i < index; i++) {
    at = json_object_iter_next(inner(object), at);
  }
  if (at == NULL) {
    return NULL;
  }
  if (value != NULL) {
    *value = outer(json_object_iter_value(at));
  }
  return json_object_iter_key(at);
}

bool snt_json_next(const struct snt_json_value *object, void **at, const char **key,
                   const struct snt_json_value **value) {
  *at = *at == NULL ? json_object_iter(inner(object)) : json_object_iter_next(inner(object), *at);
  *key = *at == NULL ? NULL : json_object_iter_key(*at);
  *value = *at == NULL ? NULL : outer(json_object_iter_value(*at));
  return *at != NULL;
}

const char *snt_json_string(const struct snt_json_value *value, size_t *len) {
  if (!json_is_string(inner(value))) {
    return NULL;
  }
  if (len != NULL) {
    *len = json_string_length(inner(value));
  }
  return json_string_value(inner(value));
}

bool snt_json_is(const struct snt_json_value *value, const char *text) {
  size_t len = 0;
  const char *found = snt_json_string(value, &len);
  return found != NULL && len == strlen(text) && memcmp(found, text, len) == 0;
}

const char *snt_json_printable(const struct snt_json_value *value, size_t cap) {
  size_t len = 0;
  const char *text = snt_json_string(value, &len);
  return text != NULL && len < cap && strlen(text) == len && snt_utf8_check_printable(text, len) ? text : NULL;
}

bool snt_json_integer(const struct snt_json_value *value, int64_t *out) {
  if (!json_is_integer(inner(value))) {
    return false;
  }
  *out = json_integer_value(inner(value));
  return true;
}

bool snt_json_number(const struct snt_json_value *value, double *out) {
  if (!json_is_number(inner(value))) {
    return false;
  }
  *out = json_number_value(inner(value));
  return true;
}

bool snt_json_bool(const struct snt_json_value *value, bool *out) {
  if (!json_is_boolean(inner(value))) {
    return false;
  }
  *out = json_is_true(inner(value));
  return true;
}

snt_status snt_json_check_keys(const struct snt_json_value *object, const char *what, const char *const *allowed,
                               struct snt_err *err) {
  for (void *at = json_object_iter(inner(object)); at != NULL; at = json_object_iter_next(inner(object), at)) {
    const char *key = json_object_iter_key(at);
    const char *const *name = allowed;
    while (*name != NULL && strcmp(*name, key) != 0) {
      name++;
    }
    if (*name != NULL) {
      continue;
    }
    const char *nearest = snt_str_nearest(key, allowed);
    snt_status status = snt_fail(err, SNT_CODE_SYNTAX, "%s: unknown key \"%.64s\"", what, key);
    return nearest == NULL || err == NULL ? status : snt_err_hint(err, "did you mean \"%s\"?", nearest);
  }
  return snt_done();
}

/* A point stays where it is all that tells a real number from an integer. */
static void write_real(struct snt_json_writer *writer, const char *key, double value) {
  char text[40];
  int used = snprintf(text, sizeof text - 2, "%.17g", value);
  if (strspn(text, "-0123456789") == (size_t)used) {
    memcpy(text + used, ".0", 3);
  }
  snt_json_put_raw(writer, key, snt_slice_of(text));
}

static void write_value(struct snt_json_writer *writer, const char *key, json_t *value, bool is_sorted);

static void write_members(struct snt_json_writer *writer, json_t *object) {
  for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
    write_value(writer, json_object_iter_key(at), json_object_iter_value(at), false);
  }
}

static int compare_keys(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void write_sorted_members(struct snt_json_writer *writer, json_t *object) {
  size_t count = 0;
  SNT_FREE_AUTO const char **keys = calloc(json_object_size(object) + 1, sizeof *keys);
  if (keys == NULL) {
    writer->status = snt_fail_memory(writer->err);
    return;
  }
  for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
    keys[count++] = json_object_iter_key(at);
  }
  qsort((void *)keys, count, sizeof *keys, compare_keys);
  for (size_t i = 0; i < count; i++) {
    write_value(writer, keys[i], json_object_get(object, keys[i]), true);
  }
}

static void write_value(struct snt_json_writer *writer, const char *key, json_t *value, bool is_sorted) {
  switch (json_typeof(value)) {
  case JSON_OBJECT:
    snt_json_begin_object(writer, key);
    (is_sorted ? write_sorted_members : write_members)(writer, value);
    snt_json_end_object(writer);
    break;
  case JSON_ARRAY:
    snt_json_begin_array(writer, key);
    for (size_t i = 0; i < json_array_size(value); i++) {
      write_value(writer, NULL, json_array_get(value, i), is_sorted);
    }
    snt_json_end_array(writer);
    break;
  case JSON_STRING:
    snt_json_put_slice(writer, key, (struct snt_slice){json_string_value(value), json_string_length(value)});
    break;
  case JSON_INTEGER:
    snt_json_put_integer(writer, key, json_integer_value(value));
    break;
  case JSON_REAL:
    write_real(writer, key, json_real_value(value));
    break;
  case JSON_TRUE:
  case JSON_FALSE:
    snt_json_put_bool(writer, key, json_is_true(value));
    break;
  case JSON_NULL:
    snt_json_put_null(writer, key);
    break;
  }
}

static snt_status dump(const struct snt_json_value *value, bool is_sorted, struct snt_buf *out, struct snt_err *err) {
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, out, err);
  if (value == NULL) {
    snt_json_put_null(&writer, NULL);
  } else {
    write_value(&writer, NULL, inner(value), is_sorted);
  }
  return snt_json_finish(&writer);
}

snt_status snt_json_dump(const struct snt_json_value *value, struct snt_buf *out, struct snt_err *err) {
  return dump(value, false, out, err);
}

snt_status snt_json_dump_sorted(const struct snt_json_value *value, struct snt_buf *out, struct snt_err *err) {
  return dump(value, true, out, err);
}
