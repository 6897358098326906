/* aws-vault's keyring of files: a folder, in it a file for each key. Its name is the key's, with '/' and '%' as %2F and
 * %25; it holds one JWE (keychain/jwe.h).
 *
 * MUST
 *  1. read and remove regular files of that folder only, and follow no link;
 *  2. ask for the passphrase at most once. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/prompt.h"
#include "base/str.h"
#include "keychain/jwe.h"
#include "keychain/vault.h"

enum { PASSPHRASE_MAX = 1024, FILES_MAX = 10000 };

struct folder {
  struct snt_buf path;
  const struct snt_secret *given; /* borrowed; NULL: ask */
  struct snt_secret *asked;
  int prompt_deadline_ms;
};

static void close_folder(void **state) {
  struct folder *folder = *state;
  if (folder != NULL) {
    snt_buf_clear(&folder->path);
    snt_secret_free(&folder->asked);
    free(folder);
  }
  *state = NULL;
}

static void close_listing(DIR **listing) {
  if (*listing != NULL) {
    (void)closedir(*listing);
  }
  *listing = NULL;
}

static int hex(char c) {
  static const char digits[] = "0123456789ABCDEF";
  const char *digit = c == '\0' ? NULL : strchr(digits, c);
  return digit == NULL ? -1 : (int)(digit - digits);
}

/* A file's name as a key's: %2F and %25 are undone; any other name stands for itself. */
static snt_status decode(const char *file, struct snt_buf *out, struct snt_err *err) {
  for (; *file != '\0'; file++) {
    int high = file[0] == '%' ? hex(file[1]) : -1;
    int low = high < 0 ? -1 : hex(file[2]);
    int c = low < 0 ? 0 : high << 4 | low;
    bool is_escape = c == '/' || c == '%';
    SNT_TRY(snt_buf_append_char(out, is_escape ? (char)c : *file, err));
    file += is_escape ? 2 : 0;
  }
  return snt_done();
}

static snt_status find_path(const struct folder *folder, const char *name, struct snt_buf *out, struct snt_err *err) {
  SNT_TRY(snt_buf_appendf(out, err, "%s/", folder->path.data));
  for (const char *c = name; *c != '\0'; c++) {
    SNT_TRY(*c == '/' || *c == '%' ? snt_buf_appendf(out, err, "%%%02X", (unsigned)*c)
                                   : snt_buf_append_char(out, *c, err));
  }
  struct stat info;
  if (lstat(out->data, &info) != 0) {
    return snt_fail(err, errno == ENOENT ? SNT_CODE_NOT_FOUND : SNT_CODE_IO, "%s: %s", out->data, strerror(errno));
  }
  return S_ISREG(info.st_mode) ? snt_done()
                               : snt_fail(err, SNT_CODE_SYNTAX, "%s is not a file, or a link to one", out->data);
}

static snt_status list_files(void *state, snt_status (*visit)(void *context, const char *name, struct snt_err *err),
                             void *context, struct snt_err *err) {
  const struct folder *folder = state;
  SNT_CLEANUP(close_listing) DIR *listing = opendir(folder->path.data);
  if (listing == NULL) {
    return snt_fail(err, errno == ENOENT ? SNT_CODE_NOT_FOUND : SNT_CODE_IO, "%s: %s", folder->path.data,
                    strerror(errno));
  }
  size_t count = 0;
  for (const struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing)) {
    SNT_BUF_AUTO struct snt_buf name = {0};
    struct stat info;
    bool is_file = fstatat(dirfd(listing), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(info.st_mode);
    if (!is_file) {
      continue;
    }
    if (++count > FILES_MAX) {
      return snt_fail(err, SNT_CODE_SYNTAX, "%s has more than %d files", folder->path.data, FILES_MAX);
    }
    SNT_TRY(decode(entry->d_name, &name, err));
    SNT_TRY(visit(context, name.data, err));
  }
  return snt_done();
}

static snt_status open_folder(const struct snt_vault_options *options, void **state, struct snt_buf *where,
                              struct snt_err *err) {
  *state = NULL;
  SNT_CLEANUP(close_folder) void *opened = calloc(1, sizeof(struct folder));
  struct folder *folder = opened;
  if (folder == NULL) {
    return snt_fail_memory(err);
  }
  folder->given = options->passphrase;
  folder->prompt_deadline_ms = options->prompt_deadline_ms;
  SNT_TRY(snt_vault_expand(options->folder == NULL ? "~/.awsvault/keys" : options->folder, &folder->path, err));
  while (folder->path.len > 1 && folder->path.data[folder->path.len - 1] == '/') {
    folder->path.data[--folder->path.len] = '\0';
  }
  SNT_TRY(snt_buf_appendf(where, err, "the folder %s", folder->path.data));
  struct stat info;
  if (stat(folder->path.data, &info) != 0 || !S_ISDIR(info.st_mode)) {
    return snt_fail(err, SNT_CODE_NOT_FOUND, "there is no folder %s", folder->path.data);
  }
  *state = SNT_MOVE(opened);
  return snt_done();
}

static snt_status find_passphrase(struct folder *folder, const struct snt_secret **out, struct snt_err *err) {
  if (folder->given == NULL && folder->asked == NULL) {
    SNT_BUF_AUTO struct snt_buf text = {0};
    SNT_TRY(snt_buf_appendf(&text, err, "passphrase of aws-vault's keys in %s", folder->path.data));
    struct snt_prompt prompt = {.text = text.data,
                                .label = "passphrase",
                                .is_hidden = true,
                                .deadline_ms = folder->prompt_deadline_ms,
                                .cap = PASSPHRASE_MAX};
    snt_status status = snt_prompt_ask(&prompt, &folder->asked, err);
    if (!snt_ok(status)) {
      return snt_err_hint(err, "run it in a terminal, or set AWS_VAULT_FILE_PASSPHRASE, as for aws-vault");
    }
  }
  *out = folder->given != NULL ? folder->given : folder->asked;
  return snt_done();
}

static snt_status read_file(void *state, const char *name, struct snt_secret **out, struct snt_err *err) {
  *out = NULL;
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_BUF_AUTO struct snt_buf text = {0};
  const struct snt_secret *passphrase = NULL;
  SNT_TRY(find_path(state, name, &path, err));
  SNT_TRY(snt_file_read(path.data, SNT_FILE_ANY, SNT_JWE_MAX, &text, err));
  SNT_TRY(find_passphrase(state, &passphrase, err));
  return snt_jwe_open((struct snt_slice){text.data, text.len}, passphrase, path.data, out, err);
}

static snt_status remove_file(void *state, const char *name, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_TRY(find_path(state, name, &path, err));
  return unlink(path.data) == 0 ? snt_done() : snt_fail(err, SNT_CODE_IO, "%s: %s", path.data, strerror(errno));
}

const struct snt_vault_keyring SNT_VAULT_FILE = {
    .name = "file",
    .summary = "a folder of encrypted files; their passphrase is asked for, or is AWS_VAULT_FILE_PASSPHRASE",
    .open = open_folder,
    .close = close_folder,
    .list = list_files,
    .read = read_file,
    .remove = remove_file,
};
