#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/import_internal.h"

enum { QUOTED_MAX = 5, OLDER_NAME_MAX = 20 };

void snt_import_words_clear(struct snt_import_words *words) {
  free(words->list);
  *words = (struct snt_import_words){0};
}

snt_status snt_import_words_add(struct snt_import_words *words, const char *word, struct snt_err *err) {
  if ((words->count & (words->count - 1)) == 0) { /* the array doubles at each power of two */
    const char **grown = realloc(words->list, (words->count == 0 ? 1 : words->count * 2) * sizeof *grown);
    if (grown == NULL) {
      return snt_fail_memory(err);
    }
    words->list = grown;
  }
  words->list[words->count++] = word;
  return snt_done();
}

bool snt_import_is_literal(const char *word) { return strpbrk(word, "*?") == NULL; }

static bool has_kind(const char *word) {
  return snt_str_starts_with(word, "role/") || snt_str_starts_with(word, "federated/");
}

bool snt_import_is_person(const char *word) { return snt_import_is_literal(word) && !has_kind(word); }

size_t snt_import_count(const struct snt_yaml_node *words, bool (*test)(const char *word)) {
  size_t count = 0;
  for (size_t i = 0; words != NULL && i < words->count; i++) {
    count += test(words->children[i]->text) ? 1 : 0;
  }
  return count;
}

bool snt_import_fits(const char *pattern, const char *word) {
  return snt_glob_match(pattern, strlen(pattern), word, strlen(word));
}

void snt_import_put_words(struct snt_import_job *job, const char *key, const struct snt_yaml_node *words,
                          bool (*test)(const char *word)) {
  snt_import_begin_words(&job->writer, key);
  for (size_t i = 0; i < words->count; i++) {
    if (test == NULL || test(words->children[i]->text)) {
      snt_import_add_word(&job->writer, words->children[i]->text);
    }
  }
  snt_import_end_words(&job->writer);
}

/* A name, and the sessions of roles and of federation that chose it: the older program does not tell them apart. */
static void add_caught_user(struct snt_import_job *job, const char *name) {
  static const char *const kinds[] = {"role/*/", "federated/"};
  snt_import_add_word(&job->writer, name);
  for (size_t i = 0; !has_kind(name) && strcmp(name, "*") != 0 && i < sizeof kinds / sizeof kinds[0]; i++) {
    char word[SNT_IMPORT_WORD_MAX + 16];
    (void)snprintf(word, sizeof word, "%s%s", kinds[i], name);
    snt_import_add_word(&job->writer, word);
  }
}

void snt_import_put_users(struct snt_import_job *job, const struct snt_yaml_node *users,
                          enum snt_import_reading reading) {
  if (reading == SNT_IMPORT_GRANTED) {
    snt_import_put_words(job, "users", users, snt_import_is_person);
    return;
  }
  snt_import_begin_words(&job->writer, "users");
  for (size_t i = 0; i < users->count; i++) {
    add_caught_user(job, users->children[i]->text);
  }
  snt_import_end_words(&job->writer);
}

bool snt_import_is_arn(const char *word) { return snt_str_starts_with(word, "arn:"); }

static size_t count_arns(const struct snt_import_words *words) {
  size_t count = 0;
  for (size_t i = 0; i < words->count; i++) {
    count += snt_import_is_arn(words->list[i]) ? 1 : 0;
  }
  return count;
}

static void put_those(struct snt_import_job *job, const struct snt_import_words *words, bool is_arns) {
  snt_import_begin_words(&job->writer, is_arns ? "roles" : "profiles");
  for (size_t i = 0; i < words->count; i++) {
    if (snt_import_is_arn(words->list[i]) == is_arns) {
      snt_import_add_word(&job->writer, words->list[i]);
    }
  }
  snt_import_end_words(&job->writer);
}

void snt_import_put_profiles(struct snt_import_job *job, const struct snt_import_words *words) {
  size_t arns = count_arns(words);
  if (arns == 0 || arns == words->count) {
    put_those(job, words, arns > 0);
    return;
  }
  snt_import_begin_list(&job->writer, "any");
  for (int is_arns = 0; is_arns <= 1; is_arns++) {
    snt_import_begin_map(&job->writer, NULL);
    put_those(job, words, is_arns == 1);
    snt_import_end_map(&job->writer);
  }
  snt_import_end_list(&job->writer);
}

/* What is told -------------------------------------------------------------------------------------------------------
 */

/* `"a", "b" and 3 more`: those of the words that the test picks. */
static snt_status quote(const struct snt_yaml_node *words, bool (*is_picked)(const char *word), struct snt_buf *out,
                        struct snt_err *err) {
  size_t count = 0;
  for (size_t i = 0; i < words->count; i++) {
    if (is_picked(words->children[i]->text) && count++ < QUOTED_MAX) {
      SNT_TRY(snt_buf_appendf(out, err, "%s\"%s\"", count == 1 ? "" : ", ", words->children[i]->text));
    }
  }
  return count > QUOTED_MAX ? snt_buf_appendf(out, err, " and %zu more", count - QUOTED_MAX) : snt_done();
}

static bool is_no_person(const char *word) { return !snt_import_is_person(word); }
static bool is_pattern(const char *word) { return !snt_import_is_literal(word); }

snt_status snt_import_tell_left_out(struct snt_import_job *job, const struct snt_import_field *field,
                                    const struct snt_yaml_node *words, const char *rule) {
  bool is_users = strcmp(field->name, "users") == 0;
  SNT_BUF_AUTO struct snt_buf list = {0};
  SNT_TRY(words == NULL ? snt_done() : quote(words, is_users ? is_no_person : is_pattern, &list, job->err));
  if (list.len == 0) {
    return snt_done();
  }
  struct snt_import_remark remark = {
      field->place, true,
      "the older program compares names letter by letter, so these matched nothing; here they are patterns, and would "
      "grant what was not granted: write them into the policy if that is meant"};
  return snt_import_tell(job, &remark, "%s of rule \"%s\": %s left out", field->name, rule, list.data);
}

snt_status snt_import_tell_profiles(struct snt_import_job *job, const struct snt_import_field *name,
                                    const struct snt_import_field *field, const struct snt_yaml_node *profiles) {
  const char *text = NULL;
  SNT_BUF_AUTO struct snt_buf line = {0};
  SNT_TRY(snt_import_read_text(name, &text, job->err));
  SNT_TRY(snt_import_clean(text == NULL ? "" : text, 100, &line, job->err));
  return snt_import_tell_left_out(job, field, profiles, snt_buf_borrow(&line));
}

/* A name that the older program cannot have seen: it takes everything but letters and digits out of it, and cuts it. */
static bool is_altered(const char *word) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  size_t len = strlen(word);
  return snt_import_is_person(word) && (strspn(word, letters) != len || len > OLDER_NAME_MAX);
}

/* A name that may stand for a longer one, or for one with other characters in it. */
static bool is_as_seen(const char *word) { return snt_import_is_person(word) && !is_altered(word); }

snt_status snt_import_tell_users(struct snt_import_job *job, const struct snt_import_field *field,
                                 const struct snt_yaml_node *users, const char *rule) {
  SNT_BUF_AUTO struct snt_buf altered = {0};
  SNT_BUF_AUTO struct snt_buf seen = {0};
  if (users == NULL) {
    return snt_done();
  }
  SNT_TRY(quote(users, is_altered, &altered, job->err));
  SNT_TRY(quote(users, is_as_seen, &seen, job->err));
  struct snt_import_remark remark = {
      field->place, false,
      "the older program takes everything but letters and digits out of a user's name and cuts it after 20 before it "
      "compares, so these matched nobody"};
  if (altered.len > 0) {
    SNT_TRY(snt_import_tell(job, &remark, "%s of rule \"%s\": %s match the users of these names now", field->name, rule,
                            altered.data));
  }
  remark.why = "the older program takes everything but letters and digits out of a user's name and cuts it after 20 "
               "before it compares: alice.smith was alicesmith; see with `sentinel whoami` what policy sees now, and "
               "correct the names in every rule";
  return seen.len > 0 && snt_import_tells(job, SNT_IMPORT_TOLD_NAMES)
             ? snt_import_tell(job, &remark,
                               "names of users (%s of rule \"%s\", and those of the other rules) are "
                               "compared whole",
                               seen.data, rule)
             : snt_done();
}
