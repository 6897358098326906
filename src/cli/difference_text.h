/* cli/difference_text (layer 6): what a changed policy changes, for people and for programs. */
#ifndef SNT_CLI_DIFFERENCE_TEXT_H
#define SNT_CLI_DIFFERENCE_TEXT_H

#include "cli/out.h"
#include "format/json.h"
#include "policy/difference.h"

/* Lines that begin with "+" for what is there or allowed now, "-" for what is not any more, "~" for what changed, and
 * "?" for what cannot be told; without differences one line that says so. */
snt_status snt_cli_print_difference(struct snt_out *out, const struct snt_difference *difference, struct snt_err *err);
/* The same as an object (docs/diff.md); key is NULL inside an array and at the top. A failure sticks to the writer. */
void snt_cli_put_difference(struct snt_json_writer *writer, const char *key, const struct snt_difference *difference);

#endif
