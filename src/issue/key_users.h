/* issue/key_users (layer 5): which profiles ask with the key of one entry of the keychain. */
#ifndef SNT_ISSUE_KEY_USERS_H
#define SNT_ISSUE_KEY_USERS_H

#include "issue/settings.h"

/* Calls visit for the entry's own name, and for each profile of ~/.aws and of the configuration that names it as its
 * source. Profiles that cannot be resolved are left out. Codes of reading ~/.aws. */
snt_status snt_key_users_visit(const struct snt_settings *settings, const char *entry,
                               void (*visit)(void *context, const char *profile), void *context);

#endif
