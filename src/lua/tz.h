/* lua/tz (layer 3): local time from the bytes of a TZif file (RFC 8536), never from the host's zone or environment. */
#ifndef SNT_LUA_TZ_H
#define SNT_LUA_TZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

#define SNT_TZ_ABBREV_CAP 16

struct snt_tz;

struct snt_local_time {
  int64_t year;
  int month, day, hour, min, sec; /* month and day from 1 */
  int wday;                       /* 1 is Monday, 7 is Sunday */
  int32_t offset;                 /* seconds east of UTC */
  bool is_dst;
  int64_t day_number; /* of the local date, 1970-01-01 is 0 */
  char abbrev[SNT_TZ_ABBREV_CAP];
};

/* Version 1, or 2 and later with the rule for times after the last transition. Strict: false for bytes that are cut,
 * out of order, out of range, with leap seconds, or when memory runs out. Free with snt_tz_free. */
bool snt_tz_parse(const char *data, size_t len, struct snt_tz **out);
void snt_tz_free(struct snt_tz **tz);
#define SNT_TZ_AUTO SNT_CLEANUP(snt_tz_free)

/* tz NULL is UTC. False when the year is not in 1 to 9999. */
bool snt_tz_local(const struct snt_tz *tz, int64_t epoch_s, struct snt_local_time *out);

#endif
