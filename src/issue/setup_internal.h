/* issue/setup_internal (layer 5, internal): the parts of setup.c. */
#ifndef SNT_ISSUE_SETUP_INTERNAL_H
#define SNT_ISSUE_SETUP_INTERNAL_H

#include "issue/setup.h"
#include "issue/starter.h"

/* setup_scope.c: names, regions, roles, account and users. */
snt_status snt_setup_find_scope(const struct snt_setup_options *options, struct snt_setup *setup, struct snt_err *err);

/* setup_key.c */
snt_status snt_setup_find_key(const struct snt_setup_options *options, struct snt_setup *setup, struct snt_err *err);
/* Makes it where it is missing; its public half is known then. */
snt_status snt_setup_make_key(const struct snt_setup_options *options, struct snt_setup *setup, struct snt_err *err);

/* setup_files.c: items, anew each time. */
snt_status snt_setup_list_items(const struct snt_setup_options *options, struct snt_setup *setup, struct snt_err *err);
snt_status snt_setup_write_items(struct snt_setup *setup, struct snt_err *err);
/* Appends a text of starter/ with its words filled in. */
snt_status snt_setup_fill(const struct snt_setup *setup, const char *starter, struct snt_buf *out, struct snt_err *err);
/* How a file compares with what it should be: MISSING, SAME, DIFFERENT; UNKNOWN for one that is there while is_known is
 * not set. Code IO for what is there and no file. */
snt_status snt_setup_compare(const char *path, const struct snt_buf *text, bool is_known, enum snt_setup_state *out,
                             struct snt_err *err);

/* setup_settings.c */
snt_status snt_setup_find_settings(const struct snt_setup_options *options, struct snt_setup *setup,
                                   struct snt_err *err);
snt_status snt_setup_write_settings(struct snt_setup *setup, struct snt_err *err);

#endif
