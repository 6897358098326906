/* format/time (layer 1): RFC 3339 instants, HTTP dates, durations. Instants are milliseconds since 1970 (UTC). */
#ifndef SNT_FORMAT_TIME_H
#define SNT_FORMAT_TIME_H

#include <stdint.h>

#include "base/status.h"

/* "2026-01-19T02:47:33Z", with a fraction or an offset; years 1970 to 9999. Code SYNTAX, naming the text. */
snt_status snt_time_parse(const char *text, int64_t *out_ms, struct snt_err *err);
/* "2026-01-19T02:47:33Z"; with_ms: "2026-01-19T02:47:33.120Z". */
void snt_time_format(int64_t ms, bool with_ms, char out[static 32]);
/* "20260119T024733Z" of SigV4. */
void snt_time_format_basic(int64_t ms, char out[static 17]);
/* IMF-fixdate of RFC 9110, "Sun, 06 Nov 1994 08:49:37 GMT" only. */
bool snt_time_parse_http(const char *text, int64_t *out_ms);
/* "90s", "30m", "1h30m", "2d"; units d h m s in this order, each once, whole numbers. At most 400 days. */
snt_status snt_duration_parse(const char *text, int64_t *out_s, struct snt_err *err);
/* "1h30m". */
void snt_duration_format(int64_t s, char out[static 32]);

#endif
