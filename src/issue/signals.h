/* issue/signals (layer 5, internal): signals that have to wait until a step is done. */
#ifndef SNT_ISSUE_SIGNALS_H
#define SNT_ISSUE_SIGNALS_H

#include <signal.h>
#include <stdint.h>

/* Blocks SIGINT, SIGTERM, SIGHUP and SIGQUIT, as far as they would end the process: not those that it was told to
 * ignore. held: which these are. */
void snt_signals_hold(sigset_t *held);
/* One of them that has come, which is taken; waits up to ms for one. 0: none has. */
int snt_signals_take(const sigset_t *held, int64_t ms);

#endif
