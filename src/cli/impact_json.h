/* cli/impact_json (layer 6): what a policy changes of recorded decisions, for programs. */
#ifndef SNT_CLI_IMPACT_JSON_H
#define SNT_CLI_IMPACT_JSON_H

#include "format/json.h"
#include "policy/impact.h"

/* null for "". */
void snt_cli_put_text(struct snt_json_writer *writer, const char *key, const char *text);
/* null for 0; in whole seconds. */
void snt_cli_put_time(struct snt_json_writer *writer, const char *key, int64_t time_ms);
/* Members of the object that is being written, as docs/replay.md has them: from "same" to "left_out". A failure sticks
 * to the writer. */
void snt_cli_put_impact(struct snt_json_writer *writer, const struct snt_impact *impact);

#endif
