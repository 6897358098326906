/* aws-vault's keyring in `pass`: below a prefix, an entry for each key, which holds its text. aws-vault has no prefix
 * by itself, and its entries then stand among all others.
 *
 * MUST
 *  1. open no entry that is not aws-vault's: without a prefix only those that were named;
 *  2. let `pass` do what is done to the store, so that its hooks and its git know. */
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/exchange.h"
#include "base/helper.h"
#include "base/process.h"
#include "base/spawn.h"
#include "base/str.h"
#include "keychain/vault.h"

#define SUFFIX ".gpg"

enum { PASS_MS = 60000, PATH_CAP = 4096, DEPTH_MAX = 16 };
static const size_t ITEM_MAX = (size_t)64 * 1024;

struct store {
  char program[PATH_CAP];
  struct snt_buf folder;   /* of the store */
  struct snt_buf variable; /* PASSWORD_STORE_DIR=folder */
  const char *prefix;      /* borrowed; "" for none */
  int deadline_ms;
};

static void close_store(void **state) {
  struct store *store = *state;
  if (store != NULL) {
    snt_buf_clear(&store->folder);
    snt_buf_clear(&store->variable);
    free(store);
  }
  *state = NULL;
}

static void close_walk(FTS **walk) {
  if (*walk != NULL) {
    (void)fts_close(*walk);
  }
  *walk = NULL;
}

static snt_status find_folder(const char *given, struct snt_buf *out, struct snt_err *err) {
  const char *variable = getenv("PASSWORD_STORE_DIR");
  const char *folder = given != NULL ? given : variable != NULL && variable[0] != '\0' ? variable : "~/.password-store";
  return snt_vault_expand(folder, out, err);
}

/* "prefix/name". */
static snt_status name_entry(const struct store *store, const char *name, struct snt_buf *out, struct snt_err *err) {
  return snt_buf_appendf(out, err, "%s%s%s", store->prefix, store->prefix[0] == '\0' ? "" : "/", name);
}

/* The folder below which its entries are. */
static snt_status find_top(const struct store *store, struct snt_buf *out, struct snt_err *err) {
  return snt_buf_appendf(out, err, "%s%s%s", store->folder.data, store->prefix[0] == '\0' ? "" : "/", store->prefix);
}

static snt_status visit_entry(const char *path, size_t top,
                              snt_status (*visit)(void *context, const char *name, struct snt_err *err), void *context,
                              struct snt_err *err) {
  const char *relative = path + top + (path[top] == '/' ? 1 : 0);
  if (!snt_str_ends_with(relative, SUFFIX)) {
    return snt_done();
  }
  SNT_FREE_AUTO char *name = snt_str_dup_slice((struct snt_slice){relative, strlen(relative) - strlen(SUFFIX)});
  return name == NULL ? snt_fail_memory(err) : visit(context, name, err);
}

static snt_status list_entries(void *state, snt_status (*visit)(void *context, const char *name, struct snt_err *err),
                               void *context, struct snt_err *err) {
  const struct store *store = state;
  SNT_BUF_AUTO struct snt_buf top = {0};
  SNT_TRY(find_top(store, &top, err));
  char *paths[] = {top.data, NULL};
  SNT_CLEANUP(close_walk) FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
  if (walk == NULL) {
    return snt_fail_memory(err);
  }
  for (FTSENT *entry = fts_read(walk); entry != NULL; entry = fts_read(walk)) {
    bool is_hidden = entry->fts_level > 0 && entry->fts_name[0] == '.';
    if (entry->fts_info == FTS_D && (is_hidden || entry->fts_level > DEPTH_MAX)) {
      (void)fts_set(walk, entry, FTS_SKIP);
    } else if (entry->fts_info == FTS_F) {
      SNT_TRY(visit_entry(entry->fts_path, top.len, visit, context, err));
    }
  }
  return snt_done();
}

static snt_status check_store(struct store *store, bool is_named, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf top = {0};
  struct stat info;
  if (store->prefix[0] == '\0' && !is_named) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "aws-vault's entries stand among all others of pass: no prefix is set"));
    return snt_err_hint(err, "name the profiles, with --keyring pass, or set AWS_VAULT_PASS_PREFIX as for aws-vault");
  }
  SNT_TRY(find_top(store, &top, err));
  return stat(top.data, &info) == 0 && S_ISDIR(info.st_mode)
             ? snt_done()
             : snt_fail(err, SNT_CODE_NOT_FOUND, "there is no folder %s", top.data);
}

static snt_status open_store(const struct snt_vault_options *options, void **state, struct snt_buf *where,
                             struct snt_err *err) {
  *state = NULL;
  SNT_CLEANUP(close_store) void *opened = calloc(1, sizeof(struct store));
  struct store *store = opened;
  if (store == NULL) {
    return snt_fail_memory(err);
  }
  store->prefix = options->prefix == NULL ? "" : options->prefix;
  store->deadline_ms = options->prompt_deadline_ms > 0 ? options->prompt_deadline_ms : PASS_MS;
  SNT_TRY(find_folder(options->store, &store->folder, err));
  SNT_TRY(snt_buf_appendf(&store->variable, err, "PASSWORD_STORE_DIR=%s", store->folder.data));
  SNT_TRY(snt_buf_appendf(where, err, "the store %s of pass", store->folder.data));
  if (!snt_helper_find("pass", store->program, sizeof store->program)) {
    return snt_fail(err, SNT_CODE_KEYCHAIN, "there is no program \"pass\" in PATH");
  }
  SNT_TRY(check_store(store, options->is_named, err));
  *state = SNT_MOVE(opened);
  return snt_done();
}

/* In the place of the one that says where the store is, or at the end. */
static void put_variable(char *environment[static SNT_SPAWN_VARIABLES + 1], char *variable) {
  static const char *const names[] = {"PASSWORD_STORE_DIR", NULL};
  size_t i = 0;
  while (environment[i] != NULL && !snt_process_is_variable(environment[i], names)) {
    i++;
  }
  environment[i + 1] = environment[i] == NULL ? NULL : environment[i + 1];
  environment[i] = variable;
}

/* Runs `pass` with words, which name the entry. */
static snt_status run(const struct store *store, char *const *words, const char *entry,
                      struct snt_exchange_answer *answer, struct snt_err *err) {
  static const char *const more[] = {"GPG_TTY", "PASSWORD_STORE_GPG_OPTS", NULL};
  char *environment[SNT_SPAWN_VARIABLES + 1];
  snt_spawn_choose(more, environment);
  put_variable(environment, store->variable.data);
  struct snt_exchange exchange = {.path = store->program,
                                  .argv = words,
                                  .environment = environment,
                                  .end_ms = snt_clock_monotonic_ms() + store->deadline_ms,
                                  .cap = ITEM_MAX};
  SNT_TRY(snt_exchange_run(&exchange, answer, err));
  if (answer->exit_status == 0) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "`pass %s` failed: %s", words[1],
                      answer->complaint[0] == '\0' ? "no reason given" : answer->complaint));
  return snt_err_hint(err, "see that it works by hand: pass show %s", entry);
}

static snt_status read_entry(void *state, const char *name, struct snt_secret **out, struct snt_err *err) {
  *out = NULL;
  SNT_BUF_AUTO struct snt_buf entry = {0};
  SNT_EXCHANGE_ANSWER_AUTO struct snt_exchange_answer answer = {0};
  SNT_TRY(name_entry(state, name, &entry, err));
  char *words[] = {(char[]){"pass"}, (char[]){"show"}, (char[]){"--"}, entry.data, NULL};
  SNT_TRY(run(state, words, entry.data, &answer, err));
  *out = SNT_MOVE(answer.output);
  return snt_done();
}

static snt_status remove_entry(void *state, const char *name, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf entry = {0};
  SNT_EXCHANGE_ANSWER_AUTO struct snt_exchange_answer answer = {0};
  SNT_TRY(name_entry(state, name, &entry, err));
  char *words[] = {(char[]){"pass"}, (char[]){"rm"}, (char[]){"-f"}, (char[]){"--"}, entry.data, NULL};
  return run(state, words, entry.data, &answer, err);
}

const struct snt_vault_keyring SNT_VAULT_PASS = {
    .name = "pass",
    .summary = "entries of pass, below AWS_VAULT_PASS_PREFIX or named one by one",
    .open = open_store,
    .close = close_store,
    .list = list_entries,
    .read = read_entry,
    .remove = remove_entry,
};
