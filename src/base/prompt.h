/* base/prompt (layer 0): asking a person, wherever there is one: a configured command, the terminal, a window. stdin
 * and stdout belong to the caller and are not touched. */
#ifndef SNT_BASE_PROMPT_H
#define SNT_BASE_PROMPT_H

#include "base/secret.h"

/* Shorter than what the AWS SDKs wait for us. */
#define SNT_PROMPT_MS 50000

struct snt_prompt {
  const char *text;    /* "MFA code of arn:... for profile dev"; one line, without a colon at its end */
  const char *label;   /* one word for a window: "code" */
  const char *command; /* NULL, or a command line for sh: the first line that it prints is the answer */
  bool is_hidden;      /* the terminal does not show what is typed; a pinentry never does */
  int deadline_ms;     /* over all of it; 0: SNT_PROMPT_MS */
  size_t cap;          /* of the answer, in bytes */
};

/* Whether somebody may be asked: code ACTION_REQUIRED, with the reason, when nobody can. Before a long way to the
 * question. */
snt_status snt_prompt_check(const struct snt_prompt *prompt, struct snt_err *err);
/* *out is a new secret. The command is asked alone, where there is one; else the terminal (base/tty.h), else, where
 * DISPLAY or WAYLAND_DISPLAY is set, the first of these on PATH: a pinentry with a window, zenity, kdialog. Codes:
 * ACTION_REQUIRED, at once, with the reason, when nobody can be asked, and when the question was not answered; TIMEOUT;
 * IO. No message holds an answer. */
snt_status snt_prompt_ask(const struct snt_prompt *prompt, struct snt_secret **out, struct snt_err *err);

#endif
