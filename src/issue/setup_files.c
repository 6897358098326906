/* The repository of policies: its files, and how they compare with what is there. */
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "issue/setup_internal.h"

enum { FILE_CAP = 1024 * 1024, PLAIN = 0644, PROGRAM = 0755 };

enum choice { ALWAYS = 0, IF_YAML, IF_LUA, IF_KMS, IF_NO_KMS };

static const struct {
  const char *path;    /* below the folder; @NAME@ is filled in */
  const char *starter; /* the text's name below starter/ */
  unsigned mode;
  const char *what;
  enum choice choice;
  bool has_users, has_key; /* whether the text says who may get in, and which key signs */
  bool is_bundle;
} ROWS[] = {
    {"README.md", "README.md", PLAIN, "what is where, and how a change goes into force", ALWAYS, false, false, false},
    {"policies/@NAME@/bundle.yaml", "bundle.yaml", PLAIN, "the bundle: serial 1, and the roles that it may mean",
     ALWAYS, false, false, true},
    {"policies/@NAME@/policy.yaml", "policy.yaml", PLAIN, "its policy: who gets in, with a reason; never root", IF_YAML,
     true, false, true},
    {"policies/@NAME@/policy.lua", "policy.lua", PLAIN, "its policy: who gets in, with a reason; never root", IF_LUA,
     true, false, true},
    {"policies/@NAME@_spec.yaml", "spec.yaml", PLAIN, "what the bundle has to decide", ALWAYS, true, false, true},
    {"config.yaml", "config.yaml", PLAIN, "the configuration of engineers and of CI", ALWAYS, false, true, false},
    {"config.admin.yaml", "config.admin.yaml", PLAIN, "the same, locked, for /etc/sentinel/config.yaml", ALWAYS, false,
     true, false},
    {".gitignore", "gitignore", PLAIN, "keeps keys out of the repository", ALWAYS, false, false, false},
    {".github/workflows/policies.yaml", "ci/github.yaml", PLAIN, "jobs of GitHub Actions", ALWAYS, false, false, false},
    {".gitlab-ci.yml", "ci/gitlab.yaml", PLAIN, "jobs of GitLab CI", ALWAYS, false, false, false},
    {"ci/check.sh", "ci/check.sh", PROGRAM, "validates, lints, tests, packs", ALWAYS, false, false, false},
    {"ci/compare.sh", "ci/compare.sh", PROGRAM, "says who gains and who loses access", ALWAYS, false, false, false},
    {"ci/publish.sh", "ci/publish.sh", PROGRAM, "signs and pushes what changed", ALWAYS, false, false, false},
    {"ci/renew.sh", "ci/renew.sh", PROGRAM, "renews signatures", ALWAYS, false, false, false},
    {"ci/key.sh", "ci/key-file.sh", PLAIN, "where the jobs have the key from: a secret of CI", IF_NO_KMS, false, false,
     false},
    {"ci/key.sh", "ci/key-kms.sh", PLAIN, "where the jobs have the key from: KMS", IF_KMS, false, false, false},
};

/* What the texts' words stand for. */
struct words {
  struct snt_buf regions, region_list, roles, users, settings;
  struct snt_buf user, others; /* a name that fits the first of the users, and cases for the others */
  struct snt_starter_word rows[17];
};

static void clear_words(struct words *words) {
  snt_buf_clear(&words->regions);
  snt_buf_clear(&words->region_list);
  snt_buf_clear(&words->roles);
  snt_buf_clear(&words->users);
  snt_buf_clear(&words->settings);
  snt_buf_clear(&words->user);
  snt_buf_clear(&words->others);
}

static snt_status join(char *const *list, const char *between, struct snt_buf *out, struct snt_err *err) {
  for (size_t i = 0; list[i] != NULL; i++) {
    SNT_TRY(snt_buf_appendf(out, err, "%s%s", i == 0 ? "" : between, list[i]));
  }
  return snt_done();
}

/* A name that fits a pattern of users. */
static snt_status append_fitting(const char *pattern, struct snt_buf *out, struct snt_err *err) {
  for (; *pattern != '\0'; pattern++) {
    SNT_TRY(snt_buf_append_char(out, *pattern == '*' || *pattern == '?' ? 'x' : *pattern, err));
  }
  return snt_done();
}

/* "xexample.com" of "*@example.com": a name that fits no more, for want of the character beside the "*". Nothing of a
 * pattern without one, and where that character is what makes it a role's session. */
static snt_status append_unfitting(const char *pattern, struct snt_buf *out, struct snt_err *err) {
  size_t star = strcspn(pattern, "*");
  size_t gone = star > 0 ? star - 1 : star + 1;
  if (pattern[star] == '\0' || pattern[gone] == '\0' || strchr("*?/", pattern[gone]) != NULL) {
    return snt_done();
  }
  SNT_BUF_AUTO struct snt_buf rest = {0};
  SNT_TRY(snt_buf_append(&rest, pattern, gone, err));
  SNT_TRY(snt_buf_append_str(&rest, pattern + gone + 1, err));
  return append_fitting(rest.data, out, err);
}

static bool fits_any(char *const *patterns, const struct snt_buf *name) {
  for (; *patterns != NULL; patterns++) {
    if (snt_glob_match(*patterns, strlen(*patterns), name->data, name->len)) {
      return true;
    }
  }
  return false;
}

static snt_status append_case(const struct snt_setup *setup, const char *user, bool is_in, struct snt_buf *out,
                              struct snt_err *err) {
  return snt_buf_appendf(out, err,
                         "  - name: \"%s %s\"\n"
                         "    request: {user: \"%s\", profile: \"%s\", justification: INC-42 the queue is stuck}\n"
                         "    expect: %s\n",
                         user, is_in ? "gets in too" : "does not get in", user, setup->name,
                         is_in ? "{effect: allow, rule: engineers}" : "{effect: deny, rule: \"\", failed: groups}");
}

/* Cases of the spec for the users behind the first, and for who nearly fits one of them. */
static snt_status append_cases(const struct snt_setup *setup, struct snt_buf *out, struct snt_err *err) {
  for (size_t i = 0; setup->users[i] != NULL; i++) {
    SNT_BUF_AUTO struct snt_buf user = {0};
    SNT_BUF_AUTO struct snt_buf other = {0};
    SNT_TRY(append_fitting(setup->users[i], &user, err));
    SNT_TRY(i == 0 ? snt_done() : append_case(setup, user.data, true, out, err));
    SNT_TRY(append_unfitting(setup->users[i], &other, err));
    bool is_nobody = other.len > 0 && !fits_any(setup->users, &other);
    SNT_TRY(is_nobody ? append_case(setup, other.data, false, out, err) : snt_done());
  }
  return snt_done();
}

static const char *or_unknown(const struct snt_buf *buf) {
  return buf->len == 0 ? "known once it is there" : buf->data;
}

static void set_rows(const struct snt_setup *setup, bool is_lua, struct words *words) {
  const struct snt_starter_word rows[] = {{"NAME", setup->name},
                                          {"INSTALLATION", setup->installation},
                                          {"ACCOUNT", setup->account},
                                          {"PARTITION", setup->partition},
                                          {"REGION", setup->regions[0]},
                                          {"REGIONS", snt_buf_borrow(&words->regions)},
                                          {"REGION_LIST", snt_buf_borrow(&words->region_list)},
                                          {"ROLES", snt_buf_borrow(&words->roles)},
                                          {"ROLE", setup->roles[0]},
                                          {"USERS", or_unknown(&words->users)},
                                          {"USER", or_unknown(&words->user)},
                                          {"OTHERS", snt_buf_borrow(&words->others)},
                                          {"POLICY", is_lua ? "policy.lua" : "policy.yaml"},
                                          {"KEY", snt_buf_borrow(&setup->key.spec)},
                                          {"PUBLIC_KEY", or_unknown(&setup->key.public_line)},
                                          {"SETTINGS", snt_buf_borrow(&words->settings)},
                                          {NULL, NULL}};
  _Static_assert(sizeof rows == sizeof words->rows, "one row for each word");
  memcpy(words->rows, rows, sizeof rows);
}

/* The settings are a text of their own, in which other words stand. */
static snt_status make_words(const struct snt_setup *setup, bool is_lua, struct words *words, struct snt_err *err) {
  const char *settings = NULL;
  SNT_TRY(join(setup->regions, "\", \"", &words->regions, err));
  SNT_TRY(join(setup->regions, ", ", &words->region_list, err));
  SNT_TRY(join(setup->roles, "\", \"", &words->roles, err));
  SNT_TRY(join(setup->users, "\", \"", &words->users, err));
  SNT_TRY(setup->users[0] == NULL ? snt_done() : append_fitting(setup->users[0], &words->user, err));
  SNT_TRY(append_cases(setup, &words->others, err));
  set_rows(setup, is_lua, words);
  SNT_TRY(snt_starter_find("settings.yaml", &settings, err));
  SNT_TRY(snt_starter_fill(settings, words->rows, &words->settings, err));
  set_rows(setup, is_lua, words);
  return snt_done();
}

snt_status snt_setup_fill(const struct snt_setup *setup, const char *starter, struct snt_buf *out,
                          struct snt_err *err) {
  const char *text = NULL;
  SNT_CLEANUP(clear_words) struct words words = {0};
  SNT_TRY(make_words(setup, false, &words, err));
  SNT_TRY(snt_starter_find(starter, &text, err));
  return snt_starter_fill(text, words.rows, out, err);
}

snt_status snt_setup_compare(const char *path, const struct snt_buf *text, bool is_known, enum snt_setup_state *out,
                             struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf there = {0};
  snt_status status = snt_file_read(path, SNT_FILE_ANY, FILE_CAP, &there, err);
  if (status.code == SNT_CODE_NOT_FOUND) {
    *out = SNT_SETUP_MISSING;
    return snt_done();
  }
  SNT_TRY(status);
  bool is_same = there.len == text->len && (text->len == 0 || memcmp(there.data, text->data, text->len) == 0);
  *out = !is_known ? SNT_SETUP_UNKNOWN : is_same ? SNT_SETUP_SAME : SNT_SETUP_DIFFERENT;
  return snt_done();
}

static snt_status begin_item(struct snt_setup *setup, struct snt_setup_item **out, struct snt_err *err) {
  if (setup->item_count == SNT_SETUP_ITEMS_MAX) {
    return snt_fail(err, SNT_CODE_BUG, "there are more than %d files to write", SNT_SETUP_ITEMS_MAX);
  }
  struct snt_setup_item *item = &setup->items[setup->item_count++];
  *item = (struct snt_setup_item){.mode = PLAIN};
  *out = item;
  return snt_buf_appendf(&item->path, err, "%s/", setup->folder.data);
}

static bool is_chosen(enum choice choice, const struct snt_setup *setup, bool is_lua) {
  switch (choice) {
  case ALWAYS:
    return true;
  case IF_YAML:
  case IF_LUA:
    return is_lua == (choice == IF_LUA);
  case IF_KMS:
  case IF_NO_KMS:
    return setup->key.is_kms == (choice == IF_KMS);
  }
  return false;
}

/* A key that is yet to be made is in no file that is there. */
static bool is_key_known(const struct snt_setup_key *key) {
  return key->public_line.len > 0 || key->state == SNT_SETUP_MISSING;
}

static snt_status add_file(struct snt_setup *setup, size_t row, const struct words *words, struct snt_err *err) {
  struct snt_setup_item *item = NULL;
  const char *text = NULL;
  SNT_TRY(begin_item(setup, &item, err));
  item->what = ROWS[row].what;
  item->mode = ROWS[row].mode;
  item->is_bundle = ROWS[row].is_bundle;
  SNT_TRY(snt_starter_find(ROWS[row].starter, &text, err));
  SNT_TRY(snt_starter_fill(ROWS[row].path, words->rows, &item->path, err));
  SNT_TRY(snt_starter_fill(text, words->rows, &item->text, err));
  bool is_known =
      (!ROWS[row].has_users || setup->users[0] != NULL) && (!ROWS[row].has_key || is_key_known(&setup->key));
  return snt_setup_compare(item->path.data, &item->text, is_known, &item->state, err);
}

static snt_status add_document(struct snt_setup *setup, enum snt_setup_document document, enum snt_setup_format format,
                               struct snt_err *err) {
  const struct snt_setup_scope scope = {.name = setup->name,
                                        .partition = setup->partition,
                                        .account = setup->account,
                                        .regions = (const char *const *)setup->regions,
                                        .roles = (const char *const *)setup->roles,
                                        .kms_key = setup->key.is_kms ? setup->key.spec.data + strlen("kms:") : NULL};
  struct snt_setup_item *item = NULL;
  SNT_TRY(begin_item(setup, &item, err));
  item->what = snt_setup_document_summary(document);
  item->is_document = true;
  SNT_TRY(snt_setup_document_path(document, format, &scope, &item->path, err));
  SNT_TRY(snt_setup_document_write(document, format, &scope, &item->text, err));
  return snt_setup_compare(item->path.data, &item->text, true, &item->state, err);
}

static void clear_items(struct snt_setup *setup) {
  for (size_t i = 0; i < setup->item_count; i++) {
    snt_buf_clear(&setup->items[i].path);
    snt_buf_clear(&setup->items[i].text);
  }
  setup->item_count = 0;
}

/* A policy and a spec of ours do not go with a manifest of somebody else's, nor a spec with his policy. */
static void omit_from_bundle(struct snt_setup *setup) {
  bool is_theirs = false;
  for (size_t i = 0; i < setup->item_count; i++) {
    struct snt_setup_item *item = &setup->items[i];
    is_theirs = is_theirs || (item->is_bundle && item->state == SNT_SETUP_DIFFERENT);
    item->state = is_theirs && item->is_bundle && item->state == SNT_SETUP_MISSING ? SNT_SETUP_OMITTED : item->state;
  }
}

snt_status snt_setup_list_items(const struct snt_setup_options *options, struct snt_setup *setup, struct snt_err *err) {
  SNT_CLEANUP(clear_words) struct words words = {0};
  clear_items(setup);
  SNT_TRY(make_words(setup, options->is_lua, &words, err));
  for (size_t row = 0; row < sizeof ROWS / sizeof ROWS[0]; row++) {
    SNT_TRY(is_chosen(ROWS[row].choice, setup, options->is_lua) ? add_file(setup, row, &words, err) : snt_done());
  }
  omit_from_bundle(setup);
  for (int format = 0; format < SNT_SETUP_FORMAT_COUNT; format++) {
    bool is_wanted = !options->has_format || format == (int)options->format;
    for (int document = 0; is_wanted && document < SNT_SETUP_DOCUMENT_COUNT; document++) {
      SNT_TRY(add_document(setup, (enum snt_setup_document)document, (enum snt_setup_format)format, err));
    }
  }
  return snt_done();
}

static snt_status write_item(struct snt_setup_item *item, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf folder = {0};
  SNT_TRY(snt_buf_append(&folder, item->path.data, (size_t)(strrchr(item->path.data, '/') - item->path.data), err));
  SNT_TRY(snt_file_make_folders(folder.data, err));
  SNT_TRY(snt_file_replace(item->path.data, item->text.data, item->text.len, item->mode, err));
  item->state = SNT_SETUP_WRITTEN;
  return snt_done();
}

snt_status snt_setup_write_items(struct snt_setup *setup, struct snt_err *err) {
  for (size_t i = 0; i < setup->item_count; i++) {
    SNT_TRY(setup->items[i].state == SNT_SETUP_MISSING ? write_item(&setup->items[i], err) : snt_done());
  }
  return snt_done();
}
