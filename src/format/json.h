/* format/json (layer 1): strict JSON (RFC 8259) for reading, and a writer with a fixed order of keys.
 *
 * Reading: one document and nothing after it, UTF-8, no duplicate keys, no NUL in strings, depth at most 32 unless said
 * otherwise. All memory is wiped when it is freed. Values are borrowed from the document. */
#ifndef SNT_FORMAT_JSON_H
#define SNT_FORMAT_JSON_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct snt_json_doc;   /* owns everything that was parsed */
struct snt_json_value; /* borrowed from a document; never freed by the caller */

enum snt_json_type {
  SNT_JSON_NONE = 0, /* of a NULL value: the key is not there */
  SNT_JSON_NULL,
  SNT_JSON_BOOL,
  SNT_JSON_INTEGER,
  SNT_JSON_REAL,
  SNT_JSON_STRING,
  SNT_JSON_ARRAY,
  SNT_JSON_OBJECT,
};

/* Code SYNTAX; the message names line and column, never the content. what ("the answer of SSM") begins the message. */
snt_status snt_json_parse(const char *data, size_t len, const char *what, struct snt_json_doc **out,
                          struct snt_err *err);
void snt_json_free(struct snt_json_doc **doc);
#define SNT_JSON_AUTO SNT_CLEANUP(snt_json_free)
const struct snt_json_value *snt_json_root(const struct snt_json_doc *doc);

/* All accept NULL. */
enum snt_json_type snt_json_type(const struct snt_json_value *value);
/* The member, or NULL when value is not an object or has no such key. */
const struct snt_json_value *snt_json_get(const struct snt_json_value *value, const char *key);
/* Members of an object or elements of an array; 0 for anything else. */
size_t snt_json_count(const struct snt_json_value *value);
const struct snt_json_value *snt_json_at(const struct snt_json_value *array, size_t index);
/* The index-th key of an object, in the document's order, and its value; it is counted from the first on. */
const char *snt_json_key_at(const struct snt_json_value *object, size_t index, const struct snt_json_value **value);
/* Goes on to the next member of an object: *at is NULL before the first. False after the last. */
bool snt_json_next(const struct snt_json_value *object, void **at, const char **key,
                   const struct snt_json_value **value);
/* NULL when it is not a string. */
const char *snt_json_string(const struct snt_json_value *value, size_t *len);
/* Whether it is that text, and nothing more. */
bool snt_json_is(const struct snt_json_value *value, const char *text);
/* A string of fewer than cap bytes, all of them printable UTF-8; NULL for anything else. "" is one. */
const char *snt_json_printable(const struct snt_json_value *value, size_t cap);
bool snt_json_integer(const struct snt_json_value *value, int64_t *out);
/* Any number, as near as a double comes to it. */
bool snt_json_number(const struct snt_json_value *value, double *out);
bool snt_json_bool(const struct snt_json_value *value, bool *out);
/* Appends the value again as compact JSON with the document's order of keys; null for NULL. */
snt_status snt_json_dump(const struct snt_json_value *value, struct snt_buf *out, struct snt_err *err);
/* The same with the keys of every object in byte order: one text for all that mean the same. */
snt_status snt_json_dump_sorted(const struct snt_json_value *value, struct snt_buf *out, struct snt_err *err);
/* Fails with SYNTAX, naming the key, when the object has a key that is not in allowed (ends with NULL). */
snt_status snt_json_check_keys(const struct snt_json_value *object, const char *what, const char *const *allowed,
                               struct snt_err *err);

/* The writer appends to a buffer. A failure (out of memory, text that is not UTF-8) sticks and is returned by finish,
 * so that callers need not test every line. Strings: control characters are escaped; U+2028 and U+2029 too. */
struct snt_json_writer {
  struct snt_buf *out;
  snt_status status;
  struct snt_err *err;
  bool needs_comma;
};

void snt_json_writer_init(struct snt_json_writer *writer, struct snt_buf *out, struct snt_err *err);
void snt_json_begin_object(struct snt_json_writer *writer, const char *key); /* key is NULL inside an array */
void snt_json_end_object(struct snt_json_writer *writer);
void snt_json_begin_array(struct snt_json_writer *writer, const char *key);
void snt_json_end_array(struct snt_json_writer *writer);
void snt_json_put_string(struct snt_json_writer *writer, const char *key, const char *text); /* NULL text: null */
void snt_json_put_slice(struct snt_json_writer *writer, const char *key, struct snt_slice text);
void snt_json_put_integer(struct snt_json_writer *writer, const char *key, int64_t value);
void snt_json_put_bool(struct snt_json_writer *writer, const char *key, bool value);
void snt_json_put_null(struct snt_json_writer *writer, const char *key);
/* text is one JSON value, already checked; an empty one is a failure (BUG), for what stands around it would be none. */
void snt_json_put_raw(struct snt_json_writer *writer, const char *key, struct snt_slice text);
snt_status snt_json_finish(struct snt_json_writer *writer);

/* Appends what the writer wrote, one member a line, two blanks a level; indent: the blanks of the lines that begin and
 * end it. No line feed at its end. */
snt_status snt_json_pretty(struct snt_slice compact, size_t indent, struct snt_buf *out, struct snt_err *err);

#endif
