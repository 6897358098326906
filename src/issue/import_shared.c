/* A shared credentials file as a source of keys.
 *
 * MUST
 *  1. write only a file of this user's, in the place of the very text that was read;
 *  2. keep everything in it that is not the key, and its mode. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/shared_keys.h"
#include "base/file.h"
#include "base/str.h"
#include "issue/import_keys.h"

#define FILE_CAP ((size_t)4 * 1024 * 1024)

struct file {
  char *path; /* as it was given */
  char *real; /* behind links */
};

static void close_file(void **state) {
  struct file *file = *state;
  if (file != NULL) {
    free(file->path);
    free(file->real);
    free(file);
  }
  *state = NULL;
}

static snt_status read_text(const struct file *file, struct snt_secret **out, struct snt_err *err) {
  return snt_file_read_secret(file->real, SNT_FILE_ANY, FILE_CAP, out, err);
}

static snt_status list_names(void *state, snt_status (*visit)(void *context, const char *name, struct snt_err *err),
                             void *context, struct snt_err *err) {
  const struct file *file = state;
  SNT_SECRET_AUTO struct snt_secret *text = NULL;
  SNT_TRY(read_text(file, &text, err));
  return snt_shared_keys_list(file->path, text, visit, context, err);
}

static snt_status read_key(void *state, const char *name, struct snt_aws_credentials *out, struct snt_err *err) {
  const struct file *file = state;
  SNT_SECRET_AUTO struct snt_secret *text = NULL;
  memset(out, 0, sizeof *out);
  SNT_TRY(read_text(file, &text, err));
  return snt_shared_keys_find(file->path, text, name, out, err);
}

static snt_status remove_key(void *state, const char *name, struct snt_err *err) {
  const struct file *file = state;
  struct stat info;
  SNT_SECRET_AUTO struct snt_secret *text = NULL;
  SNT_SECRET_AUTO struct snt_secret *rest = NULL;
  SNT_TRY(read_text(file, &text, err));
  SNT_TRY(snt_shared_keys_remove(file->path, text, name, &rest, err));
  if (stat(file->real, &info) != 0) {
    return snt_fail(err, SNT_CODE_IO, "%s: %s", file->path, strerror(errno));
  }
  if (info.st_uid != geteuid()) {
    return snt_fail(err, SNT_CODE_IO, "%s is another user's, and stays as it is", file->path);
  }
  if (info.st_nlink > 1) { /* under its other name the key would stay */
    SNT_IGNORE(snt_fail(err, SNT_CODE_IO, "%s has another name (a hard link), and stays as it is", file->path));
    return snt_err_hint(err, "remove the other one: find ~ -samefile '%s'", file->path);
  }
  return snt_file_replace(file->real, snt_secret_borrow(rest), snt_secret_len(rest), info.st_mode & 0777, err);
}

static const char *look_up(void *context, const char *name) {
  (void)context;
  return getenv(name);
}

static snt_status find_path(const char *given, struct file *out, struct snt_err *err) {
  struct snt_aws_locations locations = {0};
  if (given == NULL) {
    SNT_TRY(snt_aws_locations_find(look_up, NULL, &locations, err));
  }
  out->path = given == NULL ? SNT_MOVE(locations.credentials) : snt_str_dup(given);
  snt_aws_locations_clear(&locations);
  if (out->path == NULL) {
    return snt_fail_memory(err);
  }
  out->real = realpath(out->path, NULL);
  if (out->real != NULL) {
    return snt_done();
  }
  snt_status status =
      snt_fail(err, errno == ENOENT ? SNT_CODE_NOT_FOUND : SNT_CODE_IO, "%s: %s", out->path, strerror(errno));
  bool may_be_profile = status.code == SNT_CODE_NOT_FOUND && given != NULL && strchr(given, '/') == NULL;
  return may_be_profile ? snt_err_hint(err, "the argument is a file; a profile is named by --profile %.256s", given)
                        : status;
}

snt_status snt_import_source_open_shared(const char *path, struct snt_import_source *out, struct snt_err *err) {
  *out = (struct snt_import_source){0};
  SNT_CLEANUP(close_file) void *opened = calloc(1, sizeof(struct file));
  struct file *file = opened;
  if (file == NULL) {
    return snt_fail_memory(err);
  }
  SNT_TRY(find_path(path, file, err));
  SNT_TRY(snt_buf_append_str(&out->where, file->path, err));
  out->list = list_names;
  out->read = read_key;
  out->remove = remove_key;
  out->close = close_file;
  out->state = SNT_MOVE(opened);
  return snt_done();
}
