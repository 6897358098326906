#include "aws/shared_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "format/ini.h"

enum part { ID, SECRET, TOKEN, PART_COUNT };

/* Some tools write the token under its old name. */
static const struct {
  const char *key;
  enum part part;
} PARTS[] = {{"aws_access_key_id", ID},
             {"aws_secret_access_key", SECRET},
             {"aws_session_token", TOKEN},
             {"aws_security_token", TOKEN}};

/* What is looked for: all profiles (visit), or the key of one. */
struct search {
  const char *file;
  const char *profile; /* NULL: all */
  snt_status (*visit)(void *context, const char *profile, struct snt_err *err);
  void *context;
  struct snt_slice told; /* the section that was told last; borrowed from the text */
  struct snt_secret *values[PART_COUNT];
  unsigned lines[PART_COUNT]; /* 0: it is not there */
};

static void clear_search(struct search *search) {
  for (int i = 0; i < PART_COUNT; i++) {
    snt_secret_free(&search->values[i]);
  }
}
#define SEARCH_AUTO SNT_CLEANUP(clear_search)

static struct snt_slice trim(struct snt_slice text) {
  while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
    text.data++;
    text.len--;
  }
  while (text.len > 0 && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t')) {
    text.len--;
  }
  return text;
}

/* "profile corp", as ~/.aws/config has it, and "corp" are the same here. */
static struct snt_slice profile_of(struct snt_slice section) {
  static const char word[] = "profile";
  size_t len = sizeof word - 1;
  struct snt_slice name = trim(section);
  bool has_word =
      name.len > len && memcmp(name.data, word, len) == 0 && (name.data[len] == ' ' || name.data[len] == '\t');
  return has_word ? trim((struct snt_slice){name.data + len, name.len - len}) : name;
}

static int find_part(struct snt_slice key) {
  for (size_t i = 0; i < sizeof PARTS / sizeof PARTS[0]; i++) {
    if (key.len == strlen(PARTS[i].key) && strncasecmp(key.data, PARTS[i].key, key.len) == 0) {
      return (int)PARTS[i].part;
    }
  }
  return -1;
}

static snt_status tell(struct search *search, struct snt_slice section, struct snt_err *err) {
  if (search->told.data == section.data) {
    return snt_done();
  }
  search->told = section;
  SNT_FREE_AUTO char *profile = snt_str_dup_slice(profile_of(section));
  return profile == NULL ? snt_fail_memory(err) : search->visit(search->context, profile, err);
}

static snt_status read_event(void *context, const struct snt_ini_event *event, struct snt_err *err) {
  struct search *search = context;
  int part = event->key.len == 0 ? -1 : find_part(event->key);
  if (part < 0) {
    return snt_done();
  }
  if (search->profile == NULL) {
    return tell(search, event->section, err);
  }
  if (!snt_slice_is(profile_of(event->section), search->profile)) {
    return snt_done();
  }
  if (search->lines[part] != 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s:%u: profile \"%.256s\" has %.*s twice, also in line %u",
                        search->file, event->line, search->profile, (int)event->key.len, event->key.data,
                        search->lines[part]));
    return snt_err_hint(err, "remove the one that is wrong");
  }
  search->lines[part] = event->line;
  return snt_secret_new_from(event->value.data, event->value.len, &search->values[part], err);
}

static snt_status run(struct search *search, const struct snt_secret *text, struct snt_err *err) {
  return snt_ini_parse(search->file, snt_secret_borrow(text), snt_secret_len(text), read_event, search, err);
}

snt_status snt_shared_keys_list(const char *file, const struct snt_secret *text,
                                snt_status (*visit)(void *context, const char *profile, struct snt_err *err),
                                void *context, struct snt_err *err) {
  struct search search = {.file = file, .visit = visit, .context = context};
  return run(&search, text, err);
}

static struct snt_slice slice_of(const struct snt_secret *value) {
  return value == NULL ? (struct snt_slice){"", 0}
                       : (struct snt_slice){snt_secret_borrow(value), snt_secret_len(value)};
}

static snt_status find(struct search *search, const struct snt_secret *text, struct snt_aws_credentials *out,
                       struct snt_err *err) {
  SNT_TRY(run(search, text, err));
  if (search->lines[ID] == 0 && search->lines[SECRET] == 0 && search->lines[TOKEN] == 0) {
    return snt_fail(err, SNT_CODE_NOT_FOUND, "%s: profile \"%.256s\" has no key", search->file, search->profile);
  }
  struct snt_aws_key_text key = {slice_of(search->values[ID]), slice_of(search->values[SECRET]),
                                 slice_of(search->values[TOKEN])};
  SNT_BUF_AUTO struct snt_buf what = {0};
  SNT_TRY(snt_buf_appendf(&what, err, "%s: profile \"%.256s\"", search->file, search->profile));
  return snt_aws_credentials_take_text(&key, what.data, SNT_CODE_CONFIG_INVALID, out, err);
}

snt_status snt_shared_keys_find(const char *file, const struct snt_secret *text, const char *profile,
                                struct snt_aws_credentials *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SEARCH_AUTO struct search search = {.file = file, .profile = profile};
  return find(&search, text, out, err);
}

/* A key that can be one has no line that continues it, so that each of its parts is one line. */
snt_status snt_shared_keys_remove(const char *file, const struct snt_secret *text, const char *profile,
                                  struct snt_secret **out, struct snt_err *err) {
  *out = NULL;
  SEARCH_AUTO struct search search = {.file = file, .profile = profile};
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials key = {0};
  SNT_SECRET_AUTO struct snt_secret *rest = NULL;
  SNT_TRY(find(&search, text, &key, err));
  SNT_TRY(snt_secret_new(snt_secret_len(text), &rest, err));
  const char *data = snt_secret_borrow(text);
  size_t len = snt_secret_len(text);
  unsigned line = 1;
  for (size_t start = 0; start < len; line++) {
    const char *newline = memchr(data + start, '\n', len - start);
    size_t end = newline == NULL ? len : (size_t)(newline - data) + 1;
    if (line != search.lines[ID] && line != search.lines[SECRET] && line != search.lines[TOKEN]) {
      SNT_TRY(snt_secret_append(rest, data + start, end - start, err));
    }
    start = end;
  }
  *out = SNT_MOVE(rest);
  return snt_done();
}
