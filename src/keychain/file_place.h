/* keychain/file_place (layer 2, inner): the folder of a file keychain and what lies in it: NAME, the sealed file;
 * "NAME.lock", which writers hold; "NAME.<16 digits>.tmp", a file that is being written. */
#ifndef SNT_KEYCHAIN_FILE_PLACE_H
#define SNT_KEYCHAIN_FILE_PLACE_H

#include "base/buf.h"

struct snt_file_place {
  char *folder; /* NULL when there is no home */
  char *path;
  const char *name; /* the end of path; borrowed */
};

/* folder NULL: $XDG_DATA_HOME/sentinel or ~/.local/share/sentinel. Without a home the paths stay NULL, and there is no
 * file. name is borrowed. Fails with NO_MEMORY only. */
snt_status snt_file_place_find(const char *folder, const char *name, struct snt_file_place *out, struct snt_err *err);
void snt_file_place_clear(struct snt_file_place *place);

/* Appends the file. NOT_FOUND when there is none; KEYCHAIN when it may not be used: a link, another owner, open to
 * others, in a folder that others can write. */
snt_status snt_file_place_read(const struct snt_file_place *place, size_t max, struct snt_buf *out,
                               struct snt_err *err);
/* Makes the folder (0700) when it is missing. Codes KEYCHAIN. */
snt_status snt_file_place_prepare(const struct snt_file_place *place, struct snt_err *err);
/* Waits up to wait_ms for other writers. The lock ends when *fd is closed. Code KEYCHAIN. */
snt_status snt_file_place_lock(const struct snt_file_place *place, int wait_ms, int *fd, struct snt_err *err);
/* Replaces the file (0600), and removes what a killed writer left. Call it with the lock. Code KEYCHAIN. */
snt_status snt_file_place_replace(const struct snt_file_place *place, const struct snt_buf *content,
                                  struct snt_err *err);
/* Removes the file. Call it with the lock. Code KEYCHAIN. */
snt_status snt_file_place_remove(const struct snt_file_place *place, struct snt_err *err);

#endif
