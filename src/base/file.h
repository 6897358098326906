/* base/file (layer 0): reading whole small files with the checks that configuration and policy need. */
#ifndef SNT_BASE_FILE_H
#define SNT_BASE_FILE_H

#include "base/buf.h"

struct snt_secret;

enum snt_file_check {
  SNT_FILE_ANY = 0,          /* any regular file */
  SNT_FILE_NOT_WRITABLE = 1, /* not writable by group or others; owned by this user or root */
  SNT_FILE_PRIVATE = 2,      /* the same, and not readable by others */
  SNT_FILE_ROOT = 3,         /* owned by root, not writable by others, not a link; and so is its folder, file or not */
};

/* Appends the file's bytes to out. The checks are made on the open descriptor; a FIFO, a device or a folder fails at
 * once. Codes: NOT_FOUND when there is no such file, IO otherwise, also when it has more than max bytes: out has the
 * first max of them then. */
snt_status snt_file_read(const char *path, enum snt_file_check check, size_t max, struct snt_buf *out,
                         struct snt_err *err);
/* The same into a new secret. */
snt_status snt_file_read_secret(const char *path, enum snt_file_check check, size_t max, struct snt_secret **out,
                                struct snt_err *err);
/* Writes all of it, in pieces if it must. Code IO. */
snt_status snt_file_write_all(int fd, const void *data, size_t len, struct snt_err *err);
/* Makes the file, which must not be there, also not as a link, and fsyncs it. Code IO; then a part of it may be left.
 */
snt_status snt_file_create(const char *path, const void *data, size_t len, unsigned mode, struct snt_err *err);
/* Replaces path by content: a new file beside it (mode), fsync, rename, fsync of the folder. Code IO, also for a
 * path that is a device, a pipe or the like; on a failure the old file is as it was. */
snt_status snt_file_replace(const char *path, const void *data, size_t len, unsigned mode, struct snt_err *err);
/* The same where nothing has that name yet, not as a link either: code IO when something has. */
snt_status snt_file_put_new(const char *path, const void *data, size_t len, unsigned mode, struct snt_err *err);
/* Appends path, with HOME for "~" where it begins with "~/". Code CONFIG_INVALID when HOME is no absolute path. */
snt_status snt_path_expand(const char *path, struct snt_buf *out, struct snt_err *err);
/* Appends path as it is from any folder; nothing is resolved, and nothing has to be there. Code IO. */
snt_status snt_path_absolute(const char *path, struct snt_buf *out, struct snt_err *err);
/* Makes the missing folders of path (0700), never HOME itself nor anything above it. Code IO. */
snt_status snt_file_make_folders(const char *path, struct snt_err *err);

#endif
