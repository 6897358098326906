/* lua/tz_rule (layer 3): the rule in the footer of a TZif file, a POSIX TZ string (RFC 8536, 3.3 and 3.3.1). */
#ifndef SNT_LUA_TZ_RULE_H
#define SNT_LUA_TZ_RULE_H

#include "lua/tz.h"

/* One kind of local time. */
struct snt_tz_type {
  int32_t offset; /* seconds east of UTC */
  bool is_dst;
  char abbrev[SNT_TZ_ABBREV_CAP];
};

enum snt_tz_day { SNT_TZ_DAY_OF_YEAR = 0, SNT_TZ_DAY_WITHOUT_LEAP, SNT_TZ_DAY_OF_WEEK };

/* When a change happens in each year, in the local time before it. */
struct snt_tz_change {
  enum snt_tz_day kind;
  int day;         /* of the year: from 0, or from 1 without leap days; of the week: 0 is Sunday */
  int month, week; /* of a day of the week; week 5 is the last */
  int32_t time_s;  /* after local midnight; may be negative or more than a day */
};

struct snt_tz_rule {
  struct snt_tz_type standard, dst;
  bool has_dst;
  struct snt_tz_change start, end; /* of daylight saving time */
};

/* The whole text (which need not end with a NUL). Times beyond a day only when is_extended (version 3 and later). */
bool snt_tz_rule_parse(const char *text, size_t len, bool is_extended, struct snt_tz_rule *out);
/* epoch_s lies in the years 0 to 10000. */
const struct snt_tz_type *snt_tz_rule_type(const struct snt_tz_rule *rule, int64_t epoch_s);

/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar, and back. */
int64_t snt_tz_days_of_date(int64_t year, int month, int day);
void snt_tz_date_of_days(int64_t days, int64_t *year, int *month, int *day);

#endif
