#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/import_internal.h"

enum { KEY_MAX = SNT_IMPORT_PLAIN_CAP - 1, SLIP_MIN = 6 };

snt_status snt_import_fail(const struct snt_import_place *place, struct snt_err *err, const char *format, ...) {
  char message[512];
  va_list args;
  va_start(args, format);
  (void)vsnprintf(message, sizeof message, format, args);
  va_end(args);
  return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s:%u:%u: %s", place->file, place->line, place->column, message);
}

struct snt_import_place snt_import_place_of(const char *file, const struct snt_yaml_node *node) {
  return (struct snt_import_place){file, node->line, node->column};
}

snt_status snt_import_hint_allowed(const char *const *words, size_t count, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf list = {0};
  for (size_t i = 0; i < count && words[i] != NULL; i++) {
    SNT_TRY(snt_buf_appendf(&list, err, "%s%s", i == 0 ? "" : ", ", words[i]));
  }
  return snt_err_hint(err, "allowed: %s", list.data);
}

/* Keys ------------------------------------------------------------------------------------------------------------- */

bool snt_import_make_plain(const char *key, char out[static SNT_IMPORT_PLAIN_CAP]) {
  size_t len = strlen(key);
  for (size_t i = 0; len <= KEY_MAX && i <= len; i++) {
    bool is_capital = key[i] >= 'A' && key[i] <= 'Z';
    out[i] = key[i] == '-' || key[i] == ' ' ? '_' : is_capital ? (char)(key[i] - 'A' + 'a') : key[i];
  }
  return len <= KEY_MAX;
}

/* "user" and "users" are the same word. */
static bool is_same_but_s(const char *a, const char *b) {
  size_t a_len = strlen(a);
  size_t b_len = strlen(b);
  size_t least = a_len < b_len ? a_len : b_len;
  return memcmp(a, b, least) == 0 && (strcmp(a + least, "s") == 0 || strcmp(b + least, "s") == 0);
}

/* Which of the names is meant; -1: none for certain. */
static int find_meant(const char *key, const char *const *names) {
  char plain[SNT_IMPORT_PLAIN_CAP];
  if (!snt_import_make_plain(key, plain)) {
    return -1;
  }
  const char *nearest = strlen(plain) >= SLIP_MIN ? snt_str_nearest(plain, names) : NULL;
  int found = -1;
  for (int i = 0; names[i] != NULL; i++) {
    if (strcmp(plain, names[i]) == 0) {
      return i;
    }
    if (is_same_but_s(plain, names[i]) || (nearest == names[i] && found < 0)) {
      found = i;
    }
  }
  return found;
}

static snt_status fail_key(const struct snt_import_place *place, const char *key, const struct snt_import_keys *keys,
                           struct snt_err *err) {
  char plain[SNT_IMPORT_PLAIN_CAP];
  const char *nearest = snt_import_make_plain(key, plain) ? snt_str_nearest(plain, keys->names) : NULL;
  SNT_IGNORE(snt_import_fail(
      place, err, "the older program ignores the key \"%.64s\" in %s; what it means is not known", key, keys->what));
  return nearest != NULL ? snt_err_hint(err, "did you mean \"%s\"? correct it, or remove it", nearest)
                         : snt_import_hint_allowed(keys->names, keys->own, err);
}

static int find_exact(const char *key, const struct snt_import_keys *keys) {
  for (int i = 0; keys->names[i] != NULL; i++) {
    if (strcmp(key, keys->names[i]) == 0) {
      return i;
    }
  }
  return -1;
}

snt_status snt_import_read_map(const char *file, const struct snt_yaml_node *node, const struct snt_import_keys *keys,
                               struct snt_import_field *fields, struct snt_err *err) {
  for (size_t i = 0; keys->names[i] != NULL; i++) {
    fields[i] = (struct snt_import_field){.name = keys->names[i]};
  }
  if (node == NULL || node->type == SNT_YAML_NULL) {
    return snt_done();
  }
  struct snt_import_place place = snt_import_place_of(file, node);
  if (node->type != SNT_YAML_MAP) {
    SNT_IGNORE(snt_import_fail(&place, err, "%s has to be a mapping", keys->what));
    return snt_import_hint_allowed(keys->names, keys->own, err);
  }
  for (size_t i = 0; i < node->count; i++) {
    place = (struct snt_import_place){file, node->key_lines[i], node->key_columns[i]};
    int exact = find_exact(node->keys[i], keys);
    int found = exact >= 0 ? exact : find_meant(node->keys[i], keys->names);
    if (found < 0) {
      return fail_key(&place, node->keys[i], keys, err);
    }
    struct snt_import_field *field = &fields[found];
    if (field->written != NULL) {
      SNT_IGNORE(snt_import_fail(&place, err, "\"%.64s\" and \"%.64s\" are both \"%s\"", field->written, node->keys[i],
                                 field->name));
      return snt_err_hint(err, "keep the one that is meant");
    }
    field->written = node->keys[i];
    field->place = place;
    field->value = node->children[i]->type == SNT_YAML_NULL ? NULL : node->children[i];
    field->is_unread = field->value != NULL && (exact < 0 || (size_t)exact >= keys->own);
  }
  return snt_done();
}

const struct snt_import_field *snt_import_find_unread(const struct snt_import_field *fields, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (fields[i].is_unread) {
      return &fields[i];
    }
  }
  return NULL;
}

/* Values ----------------------------------------------------------------------------------------------------------- */

static bool is_scalar(const struct snt_yaml_node *node) {
  return node->type == SNT_YAML_STRING || node->type == SNT_YAML_INTEGER || node->type == SNT_YAML_BOOL;
}

static struct snt_import_place place_of_value(const struct snt_import_field *field) {
  return snt_import_place_of(field->place.file, field->value);
}

snt_status snt_import_read_text(const struct snt_import_field *field, const char **out, struct snt_err *err) {
  *out = NULL;
  if (field->value == NULL) {
    return snt_done();
  }
  struct snt_import_place place = place_of_value(field);
  if (!is_scalar(field->value)) {
    return snt_import_fail(&place, err, "\"%s\" has to be a text", field->name);
  }
  *out = field->value->text[0] == '\0' ? NULL : field->value->text;
  return snt_done();
}

static snt_status check_word(const struct snt_import_field *field, const struct snt_yaml_node *word,
                             struct snt_err *err) {
  struct snt_import_place place = snt_import_place_of(field->place.file, word);
  if (!is_scalar(word) || word->text[0] == '\0') {
    return snt_import_fail(&place, err, "\"%s\" has to be a list of names", field->name);
  }
  size_t len = strlen(word->text);
  if (len > SNT_IMPORT_WORD_MAX || strchr(word->text, '\\') != NULL || !snt_utf8_check_printable(word->text, len)) {
    SNT_IGNORE(snt_import_fail(&place, err,
                               "a name of \"%s\" is longer than %d bytes, or holds a backslash or a "
                               "control character",
                               field->name, SNT_IMPORT_WORD_MAX));
    return snt_err_hint(err, "no user and no profile has such a name; remove it");
  }
  return snt_done();
}

snt_status snt_import_read_words(const struct snt_import_field *field, const struct snt_yaml_node **out,
                                 struct snt_err *err) {
  *out = NULL;
  const struct snt_yaml_node *list = field->value;
  if (list == NULL) {
    return snt_done();
  }
  struct snt_import_place place = place_of_value(field);
  if (list->type != SNT_YAML_LIST) {
    snt_status status = snt_import_fail(&place, err, "\"%s\" has to be a list", field->name);
    return is_scalar(list) ? snt_err_hint(err, "write %s: [%.200s]", field->name, list->text) : status;
  }
  for (size_t i = 0; i < list->count; i++) {
    SNT_TRY(check_word(field, list->children[i], err));
  }
  *out = list->count == 0 ? NULL : list;
  return snt_done();
}

static bool is_among(const char *text, const char *const *words) {
  for (; *words != NULL; words++) {
    if (strcmp(text, *words) == 0) {
      return true;
    }
  }
  return false;
}

snt_status snt_import_read_choices(const struct snt_import_field *field, const char *what, const char *const *words,
                                   const struct snt_yaml_node **out, struct snt_err *err) {
  SNT_TRY(snt_import_read_words(field, out, err));
  for (size_t i = 0; *out != NULL && i < (*out)->count; i++) {
    const struct snt_yaml_node *word = (*out)->children[i];
    if (!is_among(word->text, words)) {
      struct snt_import_place place = snt_import_place_of(field->place.file, word);
      const char *nearest = snt_str_nearest(word->text, words);
      SNT_IGNORE(snt_import_fail(&place, err, "unknown %s \"%.64s\"", what, word->text));
      return nearest == NULL ? snt_import_hint_allowed(words, SIZE_MAX, err)
                             : snt_err_hint(err, "did you mean \"%s\"?", nearest);
    }
  }
  return snt_done();
}

/* Whole hours, minutes and seconds, each once or more: what Go's durations have in common with ours. */
static bool parse_duration(const char *text, int64_t *out) {
  static const struct {
    char unit;
    int64_t seconds;
  } units[] = {{'h', 3600}, {'m', 60}, {'s', 1}};
  *out = 0;
  while (*text != '\0') {
    size_t digits = strspn(text, "0123456789");
    int64_t number = digits == 0 || digits > 9 ? -1 : strtoll(text, NULL, 10);
    int64_t factor = 0;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
      factor = text[digits] == units[i].unit && text[digits + 1] != 's' ? units[i].seconds : factor;
    }
    if (number < 0 || factor == 0 || *out > INT32_MAX) {
      return false;
    }
    *out += number * factor;
    text += digits + 1;
  }
  return *out <= INT32_MAX;
}

snt_status snt_import_read_duration(const struct snt_import_field *field, int64_t *out, struct snt_err *err) {
  *out = 0;
  if (field->value == NULL) {
    return snt_done();
  }
  struct snt_import_place place = place_of_value(field);
  if (field->value->type == SNT_YAML_INTEGER && field->value->integer == 0) {
    return snt_done();
  }
  if (field->value->type != SNT_YAML_STRING || !parse_duration(field->value->text, out)) {
    SNT_IGNORE(snt_import_fail(&place, err, "\"%s\" is not a duration in whole seconds", field->name));
    return snt_err_hint(err, "write it as 90s, 30m or 1h30m; a number alone means nanoseconds to the older program");
  }
  return snt_done();
}

snt_status snt_import_read_flag(const struct snt_import_field *field, bool *out, struct snt_err *err) {
  static const char *const yes[] = {"y", "Y", "yes", "Yes", "YES", "on", "On", "ON", NULL};
  static const char *const no[] = {"n", "N", "no", "No", "NO", "off", "Off", "OFF", NULL};
  *out = false;
  if (field->value == NULL) {
    return snt_done();
  }
  struct snt_import_place place = place_of_value(field);
  bool is_text = field->value->type == SNT_YAML_STRING;
  *out = field->value->type == SNT_YAML_BOOL ? field->value->boolean : is_text && is_among(field->value->text, yes);
  if (field->value->type == SNT_YAML_BOOL || *out || (is_text && is_among(field->value->text, no))) {
    return snt_done();
  }
  return snt_import_fail(&place, err, "\"%s\" has to be true or false", field->name);
}

snt_status snt_import_read_count(const struct snt_import_field *field, long long *out, struct snt_err *err) {
  *out = 0;
  if (field->value == NULL) {
    return snt_done();
  }
  struct snt_import_place place = place_of_value(field);
  if (field->value->type != SNT_YAML_INTEGER || field->value->integer < 0) {
    return snt_import_fail(&place, err, "\"%s\" has to be a whole number, not below 0", field->name);
  }
  *out = field->value->integer;
  return snt_done();
}

/* Files ------------------------------------------------------------------------------------------------------------ */

snt_status snt_import_check_read(const struct snt_import_field *fields, size_t count, struct snt_err *err) {
  const struct snt_import_field *field = snt_import_find_unread(fields, count);
  if (field == NULL) {
    return snt_done();
  }
  SNT_IGNORE(snt_import_fail(&field->place, err, "the older program ignores \"%.64s\"", field->written));
  return snt_err_hint(err, "write %s, or remove it", field->name);
}

snt_status snt_import_read_rules(struct snt_import *import, enum snt_import_kind kind, const struct snt_yaml_node **out,
                                 const char **description, struct snt_err *err) {
  static const char *const names[] = {"version", "rules", "description", NULL};
  static const struct snt_import_keys keys = {"the policy", names, 3};
  const char *file = import->files[kind].name;
  const struct snt_yaml_node *root = snt_yaml_root(import->files[kind].doc);
  struct snt_import_place place = snt_import_place_of(file, root);
  struct snt_import_field fields[3];
  SNT_TRY(snt_import_read_map(file, root, &keys, fields, err));
  const char *version = NULL;
  SNT_TRY(snt_import_check_read(fields, 3, err));
  SNT_TRY(snt_import_read_text(&fields[0], &version, err));
  SNT_TRY(snt_import_read_text(&fields[2], description, err));
  if (version == NULL || strcmp(version, "1") != 0) {
    SNT_IGNORE(snt_import_fail(version == NULL ? &place : &fields[0].place, err, "version \"1\" is wanted"));
    return snt_err_hint(err, "write version: \"1\"; the older program has no other");
  }
  const struct snt_yaml_node *rules = fields[1].value;
  if (rules == NULL || rules->type != SNT_YAML_LIST || rules->count == 0) {
    SNT_IGNORE(snt_import_fail(fields[1].written == NULL ? &place : &fields[1].place, err,
                               "\"rules\" has to be a list of at least one rule"));
    return snt_err_hint(err, "is this a policy file of the older program?");
  }
  *out = rules;
  return snt_done();
}
