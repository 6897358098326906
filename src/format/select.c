#include "format/select.h"

#include <string.h>

enum { PATHS_MAX = 32 };

static const int64_t SAFE_INTEGER = INT64_C(9007199254740992); /* 2^53 */

/* The length of a name at the start of the text, up to '.', '[' or the end. */
static size_t length_of_name(const char *text) { return strcspn(text, ".["); }

static bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '$';
}

bool snt_select_check_path(const char *path) {
  const char *at = path;
  for (int steps = 0; *at != '\0'; steps++) {
    size_t len = length_of_name(at);
    for (size_t i = 0; i < len; i++) {
      if (!is_name_character(at[i])) {
        return false;
      }
    }
    bool has_list = strncmp(at + len, "[]", 2) == 0;
    if (steps == SNT_SELECT_DEPTH_MAX || (len == 0 && !(has_list && steps == 0))) {
      return false;
    }
    at += len + (has_list ? 2 : 0);
    if (*at == '.' && at[1] != '\0') {
      at++;
    } else if (*at != '\0') {
      return false;
    }
  }
  return path[0] != '\0';
}

/* The paths that still apply, each cut to what is below the value. */
struct paths {
  const char *list[PATHS_MAX];
  size_t count;
  bool takes_all; /* one of them ended here */
};

static void write_value(const struct snt_json_value *value, const struct paths *paths, struct snt_json_writer *writer,
                        const char *key, int depth);

/* Below a member or an element. */
static void descend(const struct paths *paths, const char *name, struct paths *out) {
  *out = (struct paths){.takes_all = paths->takes_all};
  size_t name_len = name == NULL ? 0 : strlen(name);
  for (size_t i = 0; i < paths->count; i++) {
    const char *path = paths->list[i];
    size_t len = name == NULL ? 0 : length_of_name(path);
    bool is_here = name == NULL ? path[0] == '[' : len == name_len && memcmp(path, name, len) == 0;
    if (!is_here) {
      continue;
    }
    const char *rest = path + (name == NULL ? 2 : len);
    rest += *rest == '.' ? 1 : 0;
    out->takes_all = out->takes_all || *rest == '\0';
    out->list[out->count++] = rest;
  }
}

/* Whether a path goes on below the value: by [] into a list, by a name into an object. Lua cannot tell an empty object
 * from an empty list, so one where the other is wanted must not become "there are none". */
static bool leads_into(const struct snt_json_value *value, const struct paths *paths) {
  enum snt_json_type type = snt_json_type(value);
  for (size_t i = 0; i < paths->count; i++) {
    enum snt_json_type wanted = paths->list[i][0] == '[' ? SNT_JSON_ARRAY : SNT_JSON_OBJECT;
    if (paths->list[i][0] != '\0' && type == wanted) {
      return true;
    }
  }
  return false;
}

/* Whether there is anything to write: null is not, and neither is a value where a path goes on otherwise. */
static bool has_value(const struct snt_json_value *value, const struct paths *paths) {
  return snt_json_type(value) != SNT_JSON_NULL && (paths->takes_all || leads_into(value, paths));
}

static void write_number(const struct snt_json_value *value, struct snt_json_writer *writer, const char *key) {
  int64_t number = 0;
  SNT_BUF_AUTO struct snt_buf text = {0};
  if (snt_json_integer(value, &number) && number >= -SAFE_INTEGER && number <= SAFE_INTEGER) {
    snt_json_put_integer(writer, key, number);
    return;
  }
  SNT_IGNORE(snt_json_dump(value, &text, NULL)); /* an empty text fails below */
  if (snt_json_type(value) == SNT_JSON_REAL) {
    snt_json_put_raw(writer, key, (struct snt_slice){text.data, text.len});
  } else {
    snt_json_put_string(writer, key, snt_buf_borrow(&text));
  }
}

/* A member, or an element where name is NULL. */
static void write_item(const struct snt_json_value *item, const char *name, const struct paths *paths,
                       struct snt_json_writer *writer, int depth) {
  struct paths below;
  descend(paths, name, &below);
  if (has_value(item, &below)) {
    write_value(item, &below, writer, name, depth + 1);
  }
}

static void write_object(const struct snt_json_value *value, const struct paths *paths, struct snt_json_writer *writer,
                         const char *key, int depth) {
  void *at = NULL;
  const char *name = NULL;
  const struct snt_json_value *item = NULL;
  snt_json_begin_object(writer, key);
  while (snt_json_next(value, &at, &name, &item)) {
    write_item(item, name, paths, writer, depth);
  }
  snt_json_end_object(writer);
}

static void write_array(const struct snt_json_value *value, const struct paths *paths, struct snt_json_writer *writer,
                        const char *key, int depth) {
  snt_json_begin_array(writer, key);
  for (size_t i = 0; i < snt_json_count(value); i++) {
    write_item(snt_json_at(value, i), NULL, paths, writer, depth);
  }
  snt_json_end_array(writer);
}

static void write_value(const struct snt_json_value *value, const struct paths *paths, struct snt_json_writer *writer,
                        const char *key, int depth) {
  bool is_true = false;
  size_t len = 0;
  if (depth > SNT_SELECT_DEPTH_MAX && snt_ok(writer->status)) {
    writer->status = snt_fail(writer->err, SNT_CODE_SYNTAX, "more than %d levels deep", SNT_SELECT_DEPTH_MAX);
  }
  if (!snt_ok(writer->status)) {
    return;
  }
  switch (snt_json_type(value)) {
  case SNT_JSON_OBJECT:
    write_object(value, paths, writer, key, depth);
    break;
  case SNT_JSON_ARRAY:
    write_array(value, paths, writer, key, depth);
    break;
  case SNT_JSON_STRING: {
    const char *text = snt_json_string(value, &len);
    snt_json_put_slice(writer, key, (struct snt_slice){text, len});
    break;
  }
  case SNT_JSON_BOOL:
    (void)snt_json_bool(value, &is_true);
    snt_json_put_bool(writer, key, is_true);
    break;
  case SNT_JSON_INTEGER:
  case SNT_JSON_REAL:
    write_number(value, writer, key);
    break;
  case SNT_JSON_NULL:
  case SNT_JSON_NONE:
    snt_json_begin_object(writer, key); /* only at the root: an answer without content */
    snt_json_end_object(writer);
    break;
  }
}

snt_status snt_select_write(const struct snt_json_value *value, char *const *paths, struct snt_json_writer *writer,
                            const char *key, struct snt_err *err) {
  struct paths all = {.takes_all = paths == NULL};
  for (char *const *path = paths; path != NULL && *path != NULL; path++) {
    if (all.count == PATHS_MAX) {
      return snt_fail(err, SNT_CODE_BUG, "more than %d paths", PATHS_MAX);
    }
    all.list[all.count++] = *path;
  }
  write_value(value, &all, writer, key, 1);
  return writer->status;
}
