#include "lua/tz_rule.h"

#include <string.h>

enum { SECONDS_PER_DAY = 86400, SECONDS_PER_HOUR = 3600, ABBREV_MIN = 3, DAYS_PER_ERA = 146097 };

/* What is left to read; is_bad is sticky. */
struct cursor {
  const char *at, *end;
  bool is_bad;
};

int64_t snt_tz_days_of_date(int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  int64_t era = (year >= 0 ? year : year - 399) / 400;
  int64_t year_of_era = year - era * 400;
  int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * DAYS_PER_ERA + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

void snt_tz_date_of_days(int64_t days, int64_t *year, int *month, int *day) {
  days += 719468;
  int64_t era = (days >= 0 ? days : days - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
  int64_t day_of_era = days - era * DAYS_PER_ERA;
  int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t shifted = (5 * day_of_year + 2) / 153;
  *day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
  *month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
  *year = year_of_era + era * 400 + (*month <= 2 ? 1 : 0);
}

static char peek(const struct cursor *c) { return c->at < c->end ? *c->at : '\0'; }

static bool take(struct cursor *c, char wanted) {
  if (c->at < c->end && *c->at == wanted) {
    c->at++;
    return true;
  }
  return false;
}

static void expect(struct cursor *c, char wanted) { c->is_bad = !take(c, wanted) || c->is_bad; }

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static int take_number(struct cursor *c, int min, int max) {
  int value = 0, n = 0;
  for (; is_digit(peek(c)) && n < 4; n++, c->at++) {
    value = value * 10 + (*c->at - '0');
  }
  c->is_bad = c->is_bad || n == 0 || value < min || value > max;
  return value;
}

/* "EST" or "<-03>". */
static void take_abbrev(struct cursor *c, char out[static SNT_TZ_ABBREV_CAP]) {
  bool is_quoted = take(c, '<');
  size_t n = 0;
  while (is_letter(peek(c)) || (is_quoted && (is_digit(peek(c)) || peek(c) == '+' || peek(c) == '-'))) {
    if (n + 1 == SNT_TZ_ABBREV_CAP) {
      c->is_bad = true;
      return;
    }
    out[n++] = *c->at++;
  }
  out[n] = '\0';
  c->is_bad = c->is_bad || n < ABBREV_MIN;
  if (is_quoted) {
    expect(c, '>');
  }
}

/* [+-]hh[:mm[:ss]] */
static int32_t take_time(struct cursor *c, int hours_max, bool may_be_negative) {
  bool is_negative = may_be_negative && take(c, '-');
  if (!is_negative && may_be_negative) {
    (void)take(c, '+');
  }
  int hours = take_number(c, 0, hours_max), minutes = 0, seconds = 0;
  if (take(c, ':')) {
    minutes = take_number(c, 0, 59);
    if (take(c, ':')) {
      seconds = take_number(c, 0, 59);
    }
  }
  if (c->is_bad) {
    return 0;
  }
  int32_t value = hours * SECONDS_PER_HOUR + minutes * 60 + seconds;
  return is_negative ? -value : value;
}

static struct snt_tz_change take_change(struct cursor *c, bool is_extended) {
  struct snt_tz_change change = {.time_s = 2 * SECONDS_PER_HOUR};
  if (take(c, 'M')) {
    change.kind = SNT_TZ_DAY_OF_WEEK;
    change.month = take_number(c, 1, 12);
    expect(c, '.');
    change.week = take_number(c, 1, 5);
    expect(c, '.');
    change.day = take_number(c, 0, 6);
  } else if (take(c, 'J')) {
    change.kind = SNT_TZ_DAY_WITHOUT_LEAP;
    change.day = take_number(c, 1, 365);
  } else {
    change.day = take_number(c, 0, 365);
  }
  if (take(c, '/')) {
    change.time_s = take_time(c, is_extended ? 167 : 24, is_extended);
  }
  return change;
}

bool snt_tz_rule_parse(const char *text, size_t len, bool is_extended, struct snt_tz_rule *out) {
  struct cursor c = {.at = text, .end = text + len};
  *out = (struct snt_tz_rule){0};
  take_abbrev(&c, out->standard.abbrev);
  out->standard.offset = -take_time(&c, 24, true);
  if (!c.is_bad && c.at < c.end) {
    out->has_dst = true;
    out->dst.is_dst = true;
    take_abbrev(&c, out->dst.abbrev);
    out->dst.offset = out->standard.offset + SECONDS_PER_HOUR;
    if (peek(&c) != ',') {
      out->dst.offset = -take_time(&c, 24, true);
    }
    expect(&c, ',');
    out->start = take_change(&c, is_extended);
    expect(&c, ',');
    out->end = take_change(&c, is_extended);
  }
  return !c.is_bad && c.at == c.end;
}

static bool is_leap(int64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

static int64_t day_of_change(const struct snt_tz_change *change, int64_t year) {
  if (change->kind == SNT_TZ_DAY_OF_YEAR) {
    return snt_tz_days_of_date(year, 1, 1) + change->day;
  }
  if (change->kind == SNT_TZ_DAY_WITHOUT_LEAP) {
    return snt_tz_days_of_date(year, 1, 1) + change->day - 1 + (is_leap(year) && change->day >= 60 ? 1 : 0);
  }
  int64_t first = snt_tz_days_of_date(year, change->month, 1);
  int64_t next =
      change->month == 12 ? snt_tz_days_of_date(year + 1, 1, 1) : snt_tz_days_of_date(year, change->month + 1, 1);
  int64_t wday = ((first + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */
  int64_t day = first + (change->day - wday + 7) % 7 + 7 * (change->week - 1);
  return day < next ? day : day - 7;
}

/* The instant at which the change happens in that year; offset is that of the local time before it. */
static int64_t instant_of(const struct snt_tz_change *change, int64_t year, int32_t offset) {
  return day_of_change(change, year) * SECONDS_PER_DAY + change->time_s - offset;
}

/* A change's time may put it into the year before or after its own: the last change of three years is the one that
 * counts. Of two at the same instant the later year's counts: that is how a zone stays on daylight saving time. */
const struct snt_tz_type *snt_tz_rule_type(const struct snt_tz_rule *rule, int64_t epoch_s) {
  if (!rule->has_dst) {
    return &rule->standard;
  }
  int64_t days = epoch_s / SECONDS_PER_DAY - (epoch_s % SECONDS_PER_DAY < 0 ? 1 : 0), year = 0;
  int month = 0, day = 0;
  snt_tz_date_of_days(days, &year, &month, &day);
  const struct snt_tz_type *type = &rule->standard;
  int64_t latest = INT64_MIN;
  for (int64_t y = year - 1; y <= year + 1; y++) {
    int64_t start = instant_of(&rule->start, y, rule->standard.offset);
    int64_t end = instant_of(&rule->end, y, rule->dst.offset);
    if (start <= epoch_s && start >= latest) {
      latest = start;
      type = &rule->dst;
    }
    if (end <= epoch_s && end >= latest) {
      latest = end;
      type = &rule->standard;
    }
  }
  return type;
}
