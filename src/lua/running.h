/* lua/running (layer 3): the template's side of a worker: forks one, asks it, takes its answer and its end. */
#ifndef SNT_LUA_RUNNING_H
#define SNT_LUA_RUNNING_H

#include <sys/types.h>

#include "base/buf.h"
#include "lua/worker.h"

/* A worker's process, and the template's ends of the pipes to it; -1: none. Zeroed: there is no worker. */
struct snt_running {
  pid_t pid; /* 0: none */
  int to, from;
};

enum snt_answer { SNT_ANSWER_NONE = 0, SNT_ANSWER_KILLED, SNT_ANSWER_ODD, SNT_ANSWER_EXACT };

/* Forks a worker of template, the process that calls. Without one pid is 0, and errno says why. other is a descriptor
 * of the template's that this worker must not have: that from which another one's answer comes; or -1. */
struct snt_running snt_running_start(struct snt_worker *start, pid_t template, int other);
/* Gives its request to a worker that is_early. One that is gone is told by its answer. */
void snt_running_ask(struct snt_running *worker, const struct snt_frame *request, const struct snt_buf *payload);
/* Waits for the end of the worker, which is none then. EXACT: its one frame, which answers the request, is in frame and
 * its payload in out, nothing followed it, and the worker ended well. number is the signal that killed it, or its
 * status. */
enum snt_answer snt_running_finish(struct snt_running *worker, const struct snt_frame *request, struct snt_frame *frame,
                                   struct snt_buf *out, int *number);
/* Lets a worker end that is_early and was not asked, and waits for that. */
void snt_running_dismiss(struct snt_running *worker);

#endif
