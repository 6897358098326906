/* issue/starter (layer 5): the texts that `sentinel init` writes. They are the files of starter/, in ASCII, as parts of
 * the program. */
#ifndef SNT_ISSUE_STARTER_H
#define SNT_ISSUE_STARTER_H

#include "base/buf.h"

struct snt_starter_text {
  const char *name; /* below starter/: "ci/check.sh" */
  const char *text;
};
/* The table; ends with a row whose name is NULL. */
extern const struct snt_starter_text SNT_STARTER_TEXTS[];
/* Code BUG for a name that is not there. */
snt_status snt_starter_find(const char *name, const char **out, struct snt_err *err);

/* What an @WORD@ stands for. */
struct snt_starter_word {
  const char *word; /* "NAME"; capital letters and _ */
  const char *value;
};
/* Appends text with values in the place of words; words ends with a row whose word is NULL. Values are taken as they
 * are. Code BUG for an @WORD@ that no row has. */
snt_status snt_starter_fill(const char *text, const struct snt_starter_word *words, struct snt_buf *out,
                            struct snt_err *err);

#endif
