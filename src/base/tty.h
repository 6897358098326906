/* base/tty (layer 0): asking a person, on /dev/tty only; stdin and stdout belong to the caller. */
#ifndef SNT_BASE_TTY_H
#define SNT_BASE_TTY_H

#include "base/secret.h"

/* Whether somebody can be asked there: a terminal, and this process in its foreground (in the background a read would
 * stop it). */
bool snt_tty_is_there(void);
/* Prints prompt on /dev/tty and reads one line without its newline into a new secret of at most cap bytes; echo is off
 * when is_hidden. Without a terminal it fails at once with ACTION_REQUIRED, after deadline_ms with TIMEOUT. The
 * terminal's settings are restored in every case. */
snt_status snt_tty_ask(const char *prompt, bool is_hidden, int deadline_ms, size_t cap, struct snt_secret **out,
                       struct snt_err *err);

#endif
