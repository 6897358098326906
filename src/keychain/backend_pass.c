/* The password store of pass (www.passwordstore.org): one file for each entry, encrypted by gpg for the keys that the
 * store names. sentinel/KIND/NAME, where a name that is too long for a file goes on in a folder: its pieces end with
 * '%'.
 *
 * MUST
 *  1. hand a value to pass on its stdin, and take it from its stdout, never otherwise;
 *  2. leave the old value or the new one, whenever this process or pass is killed;
 *  3. trust no store that others can write: gpg tells who may read an entry, and not who wrote it. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"
#include "base/str.h"
#include "keychain/entry_text.h"
#include "keychain/foreign.h"
#include "keychain/names.h"

enum { PIECE_MAX = 200, DEPTH_MAX = 16, SAID_CAP = 64 * 1024, ARGUMENTS_MAX = 8 };

static const char FOLDER[] = "sentinel";
static const char SUFFIX[] = ".gpg";
/* Begins the file that is being written: no name is spelled so. */
static const char FRESH[] = "%new-";

static const struct snt_entry_spelling SPELLING = {
    .mark = '%', .plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.@+-"};

struct pass {
  struct snt_foreign foreign;
  char *store; /* the folder; owned */
};

static void close_pass(void **state) {
  struct pass *pass = *state;
  if (pass != NULL) {
    snt_foreign_clear(&pass->foreign);
    free(pass->store);
    free(pass);
  }
  *state = NULL;
}

/* As pass finds it. */
static snt_status find_store(char **out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  const char *store = getenv("PASSWORD_STORE_DIR");
  const char *home = getenv("HOME");
  bool is_named = store != NULL && store[0] != '\0';
  if (!is_named && (home == NULL || home[0] != '/')) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "there is no password store: HOME is not set"));
    return snt_err_hint(err, "set HOME or PASSWORD_STORE_DIR to an absolute path");
  }
  SNT_TRY(is_named ? snt_buf_append_str(&path, store, err) : snt_buf_appendf(&path, err, "%s/.password-store", home));
  *out = snt_buf_take(&path);
  return *out == NULL ? snt_fail_memory(err) : snt_done();
}

static snt_status open_pass(const struct snt_keychain_options *options, void **state, struct snt_err *err) {
  *state = NULL;
  SNT_CLEANUP(close_pass) void *opened = calloc(1, sizeof(struct pass));
  if (opened == NULL) {
    return snt_fail_memory(err);
  }
  struct pass *pass = opened;
  SNT_TRY(snt_foreign_open(options, "pass", &pass->foreign, err));
  SNT_TRY(find_store(&pass->store, err));
  *state = SNT_MOVE(opened);
  return snt_done();
}

/* Whether the store, or our folder in it, says for which keys. */
static bool has_keys(const char *store) {
  static const char *const files[] = {".gpg-id", "sentinel/.gpg-id"};
  const char *keys = getenv("PASSWORD_STORE_KEY");
  bool has_any = keys != NULL && keys[0] != '\0';
  for (size_t i = 0; i < sizeof files / sizeof files[0] && !has_any; i++) {
    SNT_BUF_AUTO struct snt_buf path = {0};
    has_any = snt_ok(snt_buf_appendf(&path, NULL, "%s/%s", store, files[i])) && access(path.data, F_OK) == 0;
  }
  return has_any;
}

static snt_status check_pass(void *state, struct snt_err *err) {
  const struct pass *pass = state;
  struct stat st;
  if (stat(pass->store, &st) != 0 || !S_ISDIR(st.st_mode) || !has_keys(pass->store)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "there is no password store in %s", pass->store));
    return snt_err_hint(err, "make one for your gpg key: pass init GPG-ID");
  }
  if (st.st_uid != geteuid() && st.st_uid != 0) {
    return snt_fail(err, SNT_CODE_KEYCHAIN, "the password store %s belongs to another user (uid %u)", pass->store,
                    (unsigned)st.st_uid);
  }
  if ((st.st_mode & 022) != 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "the password store %s is writable by other users", pass->store));
    return snt_err_hint(err, "chmod go-w '%s'", pass->store);
  }
  return snt_done();
}

/* "sentinel/aws/corp%2fadmin". */
static snt_status append_path(const char *kind, const char *name, struct snt_buf *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf spelled = {0};
  SNT_TRY(snt_entry_name_format(&SPELLING, name, &spelled, err));
  SNT_TRY(snt_buf_appendf(out, err, "%s/%s/", FOLDER, kind));
  const char *rest = spelled.data;
  for (; strlen(rest) > PIECE_MAX; rest += PIECE_MAX) {
    SNT_TRY(snt_buf_append(out, rest, PIECE_MAX, err));
    SNT_TRY(snt_buf_append_str(out, "%/", err));
  }
  return snt_buf_append_str(out, rest, err);
}

/* 0, or what errno says of the entry's file; *is_message: it begins as something that gpg encrypted for a key does. */
static int look_at(const struct pass *pass, const char *path, bool *is_message, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf file = {0};
  *is_message = false;
  if (!snt_ok(snt_buf_appendf(&file, err, "%s/%s%s", pass->store, path, SUFFIX))) {
    return ENOMEM;
  }
  FILE *stream = fopen(file.data, "re");
  if (stream == NULL) {
    return errno;
  }
  int first = getc(stream);
  (void)fclose(stream);
  bool is_old = first != EOF && (first & 0xfc) == 0x84; /* RFC 4880, section 4.2: tag 1, in either form */
  *is_message = is_old || first == 0xc1;
  return 0;
}

static snt_status check_entry(const struct pass *pass, const char *kind, const char *name, const char *path,
                              bool *is_message, struct snt_err *err) {
  SNT_TRY(check_pass((void *)pass, err));
  int error = look_at(pass, path, is_message, err);
  if (error == ENOENT || error == ENOTDIR) {
    SNT_BUF_AUTO struct snt_buf where = {0};
    SNT_TRY(snt_buf_appendf(&where, err, "the password store %s", pass->store));
    return snt_keychain_fail_missing(kind, name, where.data, err);
  }
  return error == 0 ? snt_done()
                    : snt_fail(err, SNT_CODE_KEYCHAIN, "%s/%s%s: %s", pass->store, path, SUFFIX, strerror(error));
}

/* Runs pass with these arguments, which end with NULL. */
static snt_status run(const struct pass *pass, const char *const *arguments, const struct snt_secret *input,
                      struct snt_exchange_answer *out, struct snt_err *err) {
  char *argv[ARGUMENTS_MAX] = {(char *)"pass"};
  for (size_t i = 0; arguments[i] != NULL && i + 2 < ARGUMENTS_MAX; i++) {
    argv[i + 1] = (char *)arguments[i]; /* execve changes none of them */
  }
  size_t value_cap = SNT_ENTRY_TEXT_CAP(SNT_KEYCHAIN_VALUE_CAP);
  const struct snt_foreign_call call = {
      .argv = argv, .input = input, .cap = value_cap > SAID_CAP ? value_cap : SAID_CAP};
  return snt_foreign_run(&pass->foreign, &call, out, err);
}

/* What changes the store: no person is asked, as a rule. Code KEYCHAIN. */
static snt_status change(const struct pass *pass, const char *const *arguments, const struct snt_secret *input,
                         struct snt_err *err) {
  SNT_EXCHANGE_ANSWER_AUTO struct snt_exchange_answer answer = {0};
  SNT_TRY(snt_foreign_as_keychain(run(pass, arguments, input, &answer, err), err));
  if (answer.exit_status == 0) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "pass %s ended with status %d: %s", arguments[0], answer.exit_status,
                      answer.complaint));
  return snt_err_hint(err, "see that gpg has the key that %s/.gpg-id names, and whether pass works by itself: pass ls",
                      pass->store);
}

static snt_status fail_locked(const char *path, const char *why, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_ACTION_REQUIRED, "gpg has not decrypted %s: %s", path, why));
  return snt_err_hint(err, "unlock your gpg key where it can ask you, and try again: pass show %s", path);
}

static snt_status read_entry(void *state, const char *kind, const char *name, struct snt_secret **out,
                             struct snt_err *err) {
  const struct pass *pass = state;
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_EXCHANGE_ANSWER_AUTO struct snt_exchange_answer answer = {0};
  bool is_message = false;
  SNT_TRY(append_path(kind, name, &path, err));
  SNT_TRY(check_entry(pass, kind, name, path.data, &is_message, err));
  const char *const arguments[] = {"show", path.data, NULL};
  snt_status status = run(pass, arguments, NULL, &answer, err);
  if (status.code == SNT_CODE_TIMEOUT) {
    return fail_locked(path.data, "nobody answered its question in time", err);
  }
  SNT_TRY(status);
  if (answer.exit_status != 0 && is_message) {
    return fail_locked(path.data, answer.complaint, err);
  }
  if (answer.exit_status != 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "the entry %s of the password store is damaged: %s", path.data,
                        answer.complaint));
    return snt_err_hint(err, "bring it back, or remove it: pass rm %s", path.data);
  }
  struct snt_slice text = {snt_secret_borrow(answer.output), snt_secret_len(answer.output)};
  status = snt_entry_text_parse(text, out, err);
  if (status.code == SNT_CODE_SYNTAX) {
    SNT_IGNORE(snt_err_prefix(err, "the entry %s of the password store is damaged", path.data));
    return snt_foreign_as_keychain(status, err);
  }
  return status;
}

static void close_folder(DIR **dir) {
  if (*dir != NULL) {
    (void)closedir(*dir);
  }
}

/* What is there with a line feed more shows well on a terminal. */
static snt_status make_line(const struct snt_secret *value, struct snt_secret **out, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *text = NULL;
  SNT_SECRET_AUTO struct snt_secret *line = NULL;
  SNT_TRY(snt_entry_text_format(value, &text, err));
  SNT_TRY(snt_secret_new(snt_secret_len(text) + 1, &line, err));
  SNT_TRY(snt_secret_append(line, snt_secret_borrow(text), snt_secret_len(text), err));
  SNT_TRY(snt_secret_append(line, "\n", 1, err));
  *out = SNT_MOVE(line);
  return snt_done();
}

/* gpg writes a file in place, and goes on when pass and this process are killed; so it writes one that nothing else
 * writes to, and what is whole takes the entry's name. */
static snt_status replace(const struct pass *pass, const char *kind, const char *path, const struct snt_secret *line,
                          struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf fresh = {0};
  char id[17];
  SNT_TRY(snt_random_request_id(id, err));
  SNT_TRY(snt_buf_appendf(&fresh, err, "%s/%s/%s%s", FOLDER, kind, FRESH, id));
  const char *const insert[] = {"insert", "--multiline", "--force", fresh.data, NULL};
  const char *const move[] = {"mv", "--force", fresh.data, path, NULL};
  SNT_TRY(change(pass, insert, line, err));
  return change(pass, move, NULL, err);
}

/* What a killed writer left. The lock is ours, so nobody is writing them. */
static snt_status remove_leftovers(const struct pass *pass, const char *kind, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf folder = {0};
  SNT_TRY(snt_buf_appendf(&folder, err, "%s/%s/%s", pass->store, FOLDER, kind));
  SNT_CLEANUP(close_folder) DIR *dir = opendir(folder.data);
  for (struct dirent *entry = dir == NULL ? NULL : readdir(dir); entry != NULL; entry = readdir(dir)) {
    SNT_BUF_AUTO struct snt_buf path = {0};
    if (snt_str_starts_with(entry->d_name, FRESH) && snt_str_ends_with(entry->d_name, SUFFIX)) {
      int len = (int)(strlen(entry->d_name) - (sizeof SUFFIX - 1));
      SNT_TRY(snt_buf_appendf(&path, err, "%s/%s/%.*s", FOLDER, kind, len, entry->d_name));
      const char *const arguments[] = {"rm", "--force", path.data, NULL};
      SNT_TRY(change(pass, arguments, NULL, err));
    }
  }
  return snt_done();
}

static snt_status write_entry(void *state, const char *kind, const char *name, const struct snt_secret *value,
                              struct snt_err *err) {
  const struct pass *pass = state;
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_BUF_AUTO struct snt_buf folder = {0};
  SNT_SECRET_AUTO struct snt_secret *line = NULL;
  SNT_FD_AUTO int lock = -1;
  struct stat st;
  SNT_TRY(check_pass(state, err));
  SNT_TRY(append_path(kind, name, &path, err));
  SNT_TRY(snt_buf_appendf(&folder, err, "%s/%s", pass->store, path.data));
  if (stat(folder.data, &st) == 0) { /* pass would move the entry into it */
    SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "%s is in the way of the entry \"%s\"", folder.data, name));
    return snt_err_hint(err, "move it out of the way: pass mv %s ANOTHER-NAME", path.data);
  }
  SNT_TRY(make_line(value, &line, err));
  SNT_TRY(snt_foreign_lock(&pass->foreign, &lock, err));
  SNT_TRY(remove_leftovers(pass, kind, err));
  return replace(pass, kind, path.data, line, err);
}

static snt_status remove_entry(void *state, const char *kind, const char *name, struct snt_err *err) {
  const struct pass *pass = state;
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_FD_AUTO int lock = -1;
  bool is_message = false;
  SNT_TRY(append_path(kind, name, &path, err));
  SNT_TRY(check_entry(pass, kind, name, path.data, &is_message, err));
  SNT_TRY(snt_foreign_lock(&pass->foreign, &lock, err));
  SNT_TRY(check_entry(pass, kind, name, path.data, &is_message, err)); /* another may have removed it meanwhile */
  const char *const arguments[] = {"rm", "--force", path.data, NULL};
  return change(pass, arguments, NULL, err);
}

/* The names of one folder, and of those that long names go on in. */
struct walk {
  struct snt_names *names;
  struct snt_buf folder;  /* its path */
  struct snt_buf spelled; /* of the name, as far as the folder has it */
};

static snt_status take_file(const struct walk *walk, const char *file, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf spelled = {0};
  SNT_BUF_AUTO struct snt_buf name = {0};
  bool is_name = false;
  int len = (int)(strlen(file) - (sizeof SUFFIX - 1));
  SNT_TRY(snt_buf_appendf(&spelled, err, "%s%.*s", snt_buf_borrow(&walk->spelled), len, file));
  SNT_TRY(snt_entry_name_parse(&SPELLING, spelled.data, &name, &is_name, err));
  return is_name ? snt_names_add(walk->names, name.data, 0, err) : snt_done();
}

static snt_status walk_folder(struct walk *walk, int depth, struct snt_err *err);

/* The piece without its mark, and what lies below. */
static snt_status walk_piece(struct walk *walk, const char *piece, int depth, struct snt_err *err) {
  size_t folder_len = walk->folder.len;
  size_t spelled_len = walk->spelled.len;
  SNT_TRY(snt_buf_appendf(&walk->folder, err, "/%s", piece));
  SNT_TRY(snt_buf_append(&walk->spelled, piece, strlen(piece) - 1, err));
  SNT_TRY(walk_folder(walk, depth + 1, err));
  walk->folder.data[walk->folder.len = folder_len] = '\0';
  walk->spelled.data[walk->spelled.len = spelled_len] = '\0';
  return snt_done();
}

static snt_status walk_folder(struct walk *walk, int depth, struct snt_err *err) {
  SNT_CLEANUP(close_folder) DIR *dir = opendir(walk->folder.data);
  if (dir == NULL && errno != ENOENT && errno != ENOTDIR) {
    return snt_fail(err, SNT_CODE_KEYCHAIN, "%s: %s", walk->folder.data, strerror(errno));
  }
  for (struct dirent *entry = dir == NULL ? NULL : readdir(dir); entry != NULL; entry = readdir(dir)) {
    const char *file = entry->d_name;
    if (snt_str_ends_with(file, SUFFIX)) {
      SNT_TRY(take_file(walk, file, err));
    } else if (snt_str_ends_with(file, "%") && depth < DEPTH_MAX) {
      SNT_TRY(walk_piece(walk, file, depth, err));
    }
  }
  return snt_done();
}

static void clear_walk(struct walk *walk) {
  snt_buf_clear(&walk->folder);
  snt_buf_clear(&walk->spelled);
}

static snt_status list_entries(void *state, const char *kind, void (*visit)(void *context, const char *name),
                               void *context, struct snt_err *err) {
  const struct pass *pass = state;
  SNT_NAMES_AUTO struct snt_names names = {0};
  SNT_CLEANUP(clear_walk) struct walk walk = {.names = &names};
  SNT_TRY(check_pass(state, err));
  SNT_TRY(snt_buf_appendf(&walk.folder, err, "%s/%s/%s", pass->store, FOLDER, kind));
  SNT_TRY(snt_buf_reserve(&walk.spelled, 1, err));
  SNT_TRY(walk_folder(&walk, 0, err));
  snt_names_sort(&names);
  for (size_t i = 0; i < names.count; i++) {
    visit(context, names.items[i].name);
  }
  return snt_done();
}

const struct snt_keychain_backend SNT_KEYCHAIN_PASS = {
    .name = "pass",
    .summary = "the password store of pass, encrypted by gpg",
    .is_automatic = false,
    .is_foreign = true,
    .open = open_pass,
    .close = close_pass,
    .check = check_pass,
    .read = read_entry,
    .write = write_entry,
    .remove = remove_entry,
    .list = list_entries,
};
