/* audit/line (layer 4): one line of the decision log (log.md): what the log itself puts before a record's members.
 */
#ifndef SNT_AUDIT_LINE_H
#define SNT_AUDIT_LINE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct snt_log_head {
  char chain[37];
  int64_t seq;
  char prev[65]; /* lower case hex */
  char kind[24]; /* "" when the record has none */
  char time[40]; /* as written; "" when the record has none */
};

/* `prev` of the first record of a chain. */
extern const char SNT_LOG_NO_PREV[65];

/* Whether chain and prev have the form that they have in a line. */
bool snt_log_names_check(const char *chain, const char *prev);
/* The head of a line without its newline. Code NOT_A_LOG; the message is the end of a sentence about the line ("is not
 * JSON") and never holds its content. */
snt_status snt_log_head_parse(const char *line, size_t len, struct snt_log_head *out, struct snt_err *err);
/* Whether data is what is left of a line that one of our writes began. */
bool snt_log_line_begins_like_ours(const char *data, size_t len);
/* Appends one line with its newline. members is the inside of a JSON object. Code LOG when the line would be over the
 * cap or is not JSON on one line; then out is as it was. */
snt_status snt_log_line_format(const struct snt_log_head *head, struct snt_slice members, struct snt_buf *out,
                               struct snt_err *err);

#endif
