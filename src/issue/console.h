/* issue/console (layer 5): `login`: a decision, and with its session the address that signs in to the AWS console. */
#ifndef SNT_ISSUE_CONSOLE_H
#define SNT_ISSUE_CONSOLE_H

#include "issue/issue.h"

struct snt_console {
  struct snt_secret *url; /* owned; whoever has it is signed in */
  char account[13], role[65];
  int64_t left_s;   /* until the session ends, and the console's with it */
  sigset_t signals; /* the mask to restore once the result is out; see snt_issue */
};
void snt_console_clear(struct snt_console *console);
#define SNT_CONSOLE_AUTO SNT_CLEANUP(snt_console_clear)

/* Strings are borrowed. */
struct snt_console_wish {
  const char *service; /* a page of the console; NULL: its start */
  const char *region;  /* NULL: the profile's, or the first that is asked */
};

/* As snt_issue in mode "cli", and then the sign-in. Where there is no console to sign in to, nothing is decided. A
 * sign-in that fails is recorded behind the issuance. */
snt_status snt_issue_console(const struct snt_issue_options *options, const struct snt_console_wish *wish,
                             struct snt_console *out, struct snt_err *err);

/* Whether a policy is configured at all: what else is missing is not worth mending before. Code NO_POLICY, or as of the
 * configuration. */
snt_status snt_issue_console_look(const struct snt_issue_options *options, struct snt_err *err);

#endif
