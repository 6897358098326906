/* base/words (layer 0): a command line split into words without a shell, by the rules of POSIX quoting that Python's
 * shlex follows, and with it the AWS CLI: blanks part words; '...' is taken as it stands; in "..." a backslash stands
 * for itself but before " and \; elsewhere it takes the next byte as it stands. Nothing is expanded. */
#ifndef SNT_BASE_WORDS_H
#define SNT_BASE_WORDS_H

#include "base/status.h"

struct snt_words {
  char **list;  /* owned; ends with NULL */
  size_t count; /* at least one */
  char *text;   /* owned; what the list points into */
};
void snt_words_clear(struct snt_words *words);
#define SNT_WORDS_AUTO SNT_CLEANUP(snt_words_clear)

/* Codes SYNTAX (a quote that is not closed, a backslash at the end, no word at all), NO_MEMORY. Nothing of the line is
 * in the message. */
snt_status snt_words_split(const char *line, struct snt_words *out, struct snt_err *err);

#endif
