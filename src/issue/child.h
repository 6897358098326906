/* issue/child (layer 5, internal): work that reads secrets, done in a child of this process.
 *
 * MUST
 *  1. leave this process as it is: it starts evaluators later, and those have to be forked from one that has read no
 *     secret and loaded no network;
 *  2. take nothing for an answer that is shorter or longer than what was announced. */
#ifndef SNT_ISSUE_CHILD_H
#define SNT_ISSUE_CHILD_H

#include "base/buf.h"

/* What is done there and how its result comes here. The context of this process is what the child begins with a copy
 * of. */
struct snt_child {
  const char *what; /* what it is for, in the words that follow "the process that " */
  void *context;
  snt_status (*work)(void *context, struct snt_err *err); /* there; its error arrives whole */
  snt_status (*send)(const void *context, int fd);        /* there, once work has succeeded */
  snt_status (*receive)(void *context, int fd);           /* here; a failure: the answer makes no sense */
};
/* Codes: those of work; IO when the child gives no whole answer, or more than that. */
snt_status snt_child_run(const struct snt_child *child, struct snt_err *err);

/* For receive: all of it, or a failure. */
snt_status snt_child_read(int fd, void *data, size_t len);
/* The same, into an empty buffer, which ends in a NUL; more than max is a failure. */
snt_status snt_child_read_text(int fd, size_t len, size_t max, struct snt_buf *out);

#endif
