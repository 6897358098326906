/* cli/watch (layer 6): waits for changes in folders (inotify(7); Linux). Folders are watched and not files, for editors
 * put a new file in the place of the old one. */
#ifndef SNT_CLI_WATCH_H
#define SNT_CLI_WATCH_H

#include "base/buf.h"

struct snt_watch;

/* Code IO where the system has no inotify, or no more of it for this user. */
snt_status snt_watch_new(struct snt_watch **out, struct snt_err *err);
void snt_watch_free(struct snt_watch **watch);
#define SNT_WATCH_AUTO SNT_CLEANUP(snt_watch_free)
/* Changes of this file do not count, nor of the temporary ones from which snt_file_replace makes it. */
snt_status snt_watch_ignore(struct snt_watch *watch, const char *file, struct snt_err *err);
/* Watches a folder and those below it but hidden ones, and no links to folders. Code USAGE when it does not exist, IO
 * when it cannot be watched or when there are more than 4,096. */
snt_status snt_watch_add(struct snt_watch *watch, const char *folder, struct snt_err *err);
/* Waits until something that is not hidden has changed, since the folder was added, and nothing more has for 75 ms (one
 * second at most); appends the path of what it was. */
snt_status snt_watch_wait(struct snt_watch *watch, struct snt_buf *changed, struct snt_err *err);

#endif
