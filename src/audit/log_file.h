/* audit/log_file (layer 4): the file of the decision log: where it is, who may have touched it, who holds it. Private
 * to audit/log. */
#ifndef SNT_AUDIT_LOG_FILE_H
#define SNT_AUDIT_LOG_FILE_H

#include <stdint.h>

#include "base/buf.h"

struct snt_log_file {
  char *path;       /* owned */
  char *folder;     /* owned; "." for a bare name */
  const char *name; /* the last part of path */
  int folder_fd;    /* -1: not open */
  int fd;           /* -1: not open */
};

/* Makes the missing folders of an absolute path (0700), never HOME itself. Code LOG. */
snt_status snt_log_file_make_folder(const char *path, struct snt_err *err);
/* Splits path and opens with every check of audit/log.h. Code LOG. */
snt_status snt_log_file_open(struct snt_log_file *file, const char *path, struct snt_err *err);
/* The same without making anything: a file that is not there leaves fd -1, and is no failure. */
snt_status snt_log_file_look(struct snt_log_file *file, const char *path, struct snt_err *err);
void snt_log_file_close(struct snt_log_file *file);
/* Takes the lock (at most 2 s) on the file that has the path now, which may be another one than was opened; the checks
 * are made again. Code LOG. */
snt_status snt_log_file_lock(struct snt_log_file *file, struct snt_err *err);
void snt_log_file_unlock(struct snt_log_file *file);

#endif
