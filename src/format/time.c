#include "format/time.h"

#include <stdio.h>
#include <string.h>

enum { SECONDS_PER_DAY = 86400, DURATION_MAX_S = 400 * SECONDS_PER_DAY };
#define INSTANT_MAX_MS INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

/* Days from 1970-01-01 to a date of the proleptic Gregorian calendar; years are counted from March, so that the leap
 * day is a year's last. */
static int64_t days_of_date(int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  int64_t era = (year >= 0 ? year : year - 399) / 400;
  int64_t year_of_era = year - era * 400;
  int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

struct date {
  int64_t year;
  int month, day;
};

static struct date date_of_days(int64_t days) {
  days += 719468;
  int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  int64_t day_of_era = days - era * 146097;
  int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t month = (5 * day_of_year + 2) / 153;
  struct date date = {.year = year_of_era + era * 400,
                      .month = (int)(month < 10 ? month + 3 : month - 9),
                      .day = (int)(day_of_year - (153 * month + 2) / 5 + 1)};
  date.year += date.month <= 2 ? 1 : 0;
  return date;
}

static int days_in_month(int64_t year, int month) {
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && is_leap ? 29 : days[month - 1];
}

/* Reads exactly n digits; moves past them. */
static bool take_digits(const char **text, int n, int *out) {
  int value = 0;
  for (int i = 0; i < n; i++) {
    char c = (*text)[i];
    if (c < '0' || c > '9') {
      return false;
    }
    value = value * 10 + (c - '0');
  }
  *text += n;
  *out = value;
  return true;
}

static bool take_char(const char **text, char c) {
  if (**text != c) {
    return false;
  }
  (*text)++;
  return true;
}

struct clock_time {
  int hour, minute, second;
};

static bool take_clock(const char **text, struct clock_time *out) {
  return take_digits(text, 2, &out->hour) && take_char(text, ':') && take_digits(text, 2, &out->minute) &&
         take_char(text, ':') && take_digits(text, 2, &out->second) && out->hour <= 23 && out->minute <= 59 &&
         out->second <= 59;
}

/* ".120": thousandths; further digits are read and dropped. */
static bool take_fraction(const char **text, int *out_ms) {
  *out_ms = 0;
  if (!take_char(text, '.')) {
    return true;
  }
  int count = 0;
  for (; **text >= '0' && **text <= '9'; (*text)++, count++) {
    if (count < 3) {
      *out_ms = *out_ms * 10 + (**text - '0');
    }
  }
  for (int i = count; i < 3; i++) {
    *out_ms *= 10;
  }
  return count > 0;
}

/* "Z" or "+05:30": seconds east of UTC. */
static bool take_offset(const char **text, int *out_s) {
  *out_s = 0;
  if (take_char(text, 'Z') || take_char(text, 'z')) {
    return true;
  }
  int sign = **text == '-' ? -1 : 1;
  int hours = 0;
  int minutes = 0;
  bool is_good = (take_char(text, '+') || take_char(text, '-')) && take_digits(text, 2, &hours) &&
                 take_char(text, ':') && take_digits(text, 2, &minutes) && hours <= 23 && minutes <= 59;
  *out_s = sign * (hours * 3600 + minutes * 60);
  return is_good;
}

static bool is_date(int year, int month, int day) {
  return year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= days_in_month(year, month);
}

static int64_t seconds_of(int year, int month, int day, struct clock_time clock) {
  return days_of_date(year, month, day) * SECONDS_PER_DAY + clock.hour * 3600 + clock.minute * 60 + clock.second;
}

static bool parse_instant(const char *text, int64_t *out_ms) {
  int year = 0, month = 0, day = 0, ms = 0, offset = 0;
  struct clock_time clock = {0};
  bool is_good = take_digits(&text, 4, &year) && take_char(&text, '-') && take_digits(&text, 2, &month) &&
                 take_char(&text, '-') && take_digits(&text, 2, &day) && is_date(year, month, day) &&
                 (take_char(&text, 'T') || take_char(&text, 't')) && take_clock(&text, &clock) &&
                 take_fraction(&text, &ms) && take_offset(&text, &offset) && *text == '\0';
  if (!is_good) {
    return false;
  }
  *out_ms = (seconds_of(year, month, day, clock) - offset) * 1000 + ms;
  return *out_ms >= 0 && *out_ms <= INSTANT_MAX_MS; /* an offset leads out of the years, too */
}

snt_status snt_time_parse(const char *text, int64_t *out_ms, struct snt_err *err) {
  int64_t ms = 0;
  if (!parse_instant(text, &ms)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_SYNTAX, "\"%.64s\" is not a time", text));
    return snt_err_hint(err, "write it as RFC 3339: 2026-01-19T09:00:00-05:00");
  }
  *out_ms = ms;
  return snt_done();
}

struct broken_time {
  struct date date;
  int hour, minute, second, ms;
};

static struct broken_time break_time(int64_t ms) {
  int64_t days = ms / (SECONDS_PER_DAY * INT64_C(1000));
  int64_t rest = ms % (SECONDS_PER_DAY * INT64_C(1000));
  if (rest < 0) {
    rest += SECONDS_PER_DAY * INT64_C(1000);
    days--;
  }
  int seconds = (int)(rest / 1000);
  return (struct broken_time){.date = date_of_days(days),
                              .hour = seconds / 3600,
                              .minute = seconds / 60 % 60,
                              .second = seconds % 60,
                              .ms = (int)(rest % 1000)};
}

/* The years that the formats have room for; what lies outside is shown as their border. */
static int64_t clamp_instant(int64_t ms) { return ms < 0 ? 0 : ms > INSTANT_MAX_MS ? INSTANT_MAX_MS : ms; }

void snt_time_format(int64_t ms, bool with_ms, char out[static 32]) {
  struct broken_time t = break_time(clamp_instant(ms));
  int used = snprintf(out, 32, "%04d-%02d-%02dT%02d:%02d:%02d", (int)t.date.year, t.date.month, t.date.day, t.hour,
                      t.minute, t.second);
  if (with_ms) {
    (void)snprintf(out + used, 32 - (size_t)used, ".%03dZ", t.ms);
  } else {
    (void)snprintf(out + used, 32 - (size_t)used, "Z");
  }
}

void snt_time_format_basic(int64_t ms, char out[static 17]) {
  struct broken_time t = break_time(clamp_instant(ms));
  char text[40];
  (void)snprintf(text, sizeof text, "%04d%02d%02dT%02d%02d%02dZ", (int)t.date.year, t.date.month, t.date.day, t.hour,
                 t.minute, t.second);
  memcpy(out, text, 16);
  out[16] = '\0';
}

bool snt_time_parse_http(const char *text, int64_t *out_ms) {
  static const char weekdays[] = "MonTueWedThuFriSatSun";
  static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  int year = 0, month = 0, day = 0, weekday = 0;
  struct clock_time clock = {0};
  if (strlen(text) != 29) {
    return false;
  }
  while (weekday < 7 && memcmp(text, weekdays + (size_t)weekday * 3, 3) != 0) {
    weekday++;
  }
  while (month < 12 && memcmp(text + 8, months + (size_t)month * 3, 3) != 0) {
    month++;
  }
  const char *after_weekday = text + 3;
  const char *after_month = text + 11;
  bool is_good = weekday < 7 && month < 12 && take_char(&after_weekday, ',') && take_char(&after_weekday, ' ') &&
                 take_digits(&after_weekday, 2, &day) && take_char(&after_weekday, ' ') &&
                 take_char(&after_month, ' ') && take_digits(&after_month, 4, &year) && take_char(&after_month, ' ') &&
                 is_date(year, month + 1, day) && take_clock(&after_month, &clock) && strcmp(after_month, " GMT") == 0;
  /* 1970-01-01 was a Thursday. */
  if (!is_good || (days_of_date(year, month + 1, day) + 3) % 7 != weekday) {
    return false;
  }
  *out_ms = seconds_of(year, month + 1, day, clock) * 1000;
  return true;
}

static const struct {
  char unit;
  int seconds;
} UNITS[] = {{'d', SECONDS_PER_DAY}, {'h', 3600}, {'m', 60}, {'s', 1}};
enum { UNIT_COUNT = sizeof UNITS / sizeof UNITS[0] };

static bool parse_duration(const char *text, int64_t *out_s) {
  size_t next = 0; /* the first unit that may still come */
  int64_t total = 0;
  if (*text == '\0') {
    return false;
  }
  while (*text != '\0') {
    int64_t value = 0;
    int digits = 0;
    for (; *text >= '0' && *text <= '9' && digits <= 9; text++, digits++) {
      value = value * 10 + (*text - '0');
    }
    size_t unit = next;
    while (unit < UNIT_COUNT && UNITS[unit].unit != *text) {
      unit++;
    }
    if (digits == 0 || digits > 9 || unit == UNIT_COUNT) {
      return false;
    }
    total += value * UNITS[unit].seconds;
    next = unit + 1;
    text++;
  }
  *out_s = total;
  return total <= DURATION_MAX_S;
}

snt_status snt_duration_parse(const char *text, int64_t *out_s, struct snt_err *err) {
  int64_t seconds = 0;
  if (!parse_duration(text, &seconds)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_SYNTAX, "\"%.64s\" is not a duration", text));
    return snt_err_hint(err, "write 90s, 30m, 1h30m or 2d, at most 400d");
  }
  *out_s = seconds;
  return snt_done();
}

void snt_duration_format(int64_t s, char out[static 32]) {
  size_t used = 0;
  s = s < 0 ? 0 : s;
  out[0] = '\0';
  for (size_t i = 0; i < UNIT_COUNT && used < 32; i++) {
    int64_t count = s / UNITS[i].seconds;
    s %= UNITS[i].seconds;
    if (count > 0) {
      used += (size_t)snprintf(out + used, 32 - used, "%lld%c", (long long)count, UNITS[i].unit);
    }
  }
  if (used == 0) {
    (void)snprintf(out, 32, "0s");
  }
}
