/* issue/rotate (layer 5): a long-lived key of the keychain gives way to a new one (`rotate`).
 *
 *   create -> kept beside the old one -> verified -> in the old one's place -> old one deleted -> side entry removed
 *
 * Whatever ends it in between, the keychain's entry is a key that works, and the next run finishes or undoes. Only
 * between IAM's answer and the side entry can a key be lost, to a SIGKILL: IAM then has one whose secret nobody has. */
#ifndef SNT_ISSUE_ROTATE_H
#define SNT_ISSUE_ROTATE_H

#include "issue/issue.h"

struct snt_rotate_options {
  struct snt_issue_options common; /* profile: the entry's name; regions, backend, config */
  const char *discard;             /* an access key id of the same user that is deleted at IAM first; NULL: none */
  void (*tell)(const char *text);  /* progress, one line; NULL: not told */
};

struct snt_rotation {
  char old_id[129];
  char new_id[129];
  char backend[32];
  bool was_begun_before; /* an earlier run was finished; nothing was created */
  int signal;            /* what interrupted it; 0: nothing */
};

/* While keys change, SIGINT, SIGTERM, SIGHUP and SIGQUIT wait for the end of a step, and they are blocked from then on:
 * after a failure with signal set the caller reports it and ends by that signal. Codes: NOT_FOUND and PROFILE_INVALID
 * (no key in the keychain; one that ~/.aws holds too), ACTION_REQUIRED (interrupted), KEYCHAIN, AWS_REFUSED (two keys
 * already; a missing permission, by name), NETWORK, TIMEOUT, ANSWER_INVALID. After a key was created every message says
 * which ids there are. */
snt_status snt_issue_rotate(const struct snt_rotate_options *options, struct snt_rotation *out, struct snt_err *err);

#endif
