#include "check.h"

#include <string.h>

#include "format/time.h"

static void instants_that_are_none_are_refused(void **state) {
  (void)state;
  static const char *const texts[] = {"",
                                      "2026-01-19",
                                      "2026-01-19T02:47:33",
                                      "2026-01-19 02:47:33Z",
                                      "2026-1-19T02:47:33Z",
                                      "2026-13-01T00:00:00Z",
                                      "2026-00-01T00:00:00Z",
                                      "2026-02-29T00:00:00Z",
                                      "2100-02-29T00:00:00Z",
                                      "2026-04-31T00:00:00Z",
                                      "2026-01-19T24:00:00Z",
                                      "2026-01-19T02:60:00Z",
                                      "2026-01-19T02:47:60Z",
                                      "2016-12-31T23:59:60Z",
                                      "2026-01-19T02:47:33.Z",
                                      "2026-01-19T02:47:33+5:00",
                                      "2026-01-19T02:47:33+0500",
                                      "2026-01-19T02:47:33+24:00",
                                      "2026-01-19T02:47:33ZZ",
                                      " 2026-01-19T02:47:33Z",
                                      "1969-12-31T23:59:59Z",
                                      "1970-01-01T00:00:00+01:00",
                                      "9999-12-31T23:59:59-00:01",
                                      "10000-01-01T00:00:00Z",
                                      "+026-01-19T02:47:33Z"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    int64_t ms = -7;
    struct snt_err err = {0};
    if (snt_time_parse(texts[i], &ms, &err).code != SNT_CODE_SYNTAX || ms != -7 || err.hint[0] == '\0') {
      fail_msg("%s", texts[i]);
    }
  }
}

static void instants_are_read_and_written(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int64_t ms;
    const char *canonical;
  } rows[] = {{"1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00.000Z"},
              {"2026-01-19T02:47:33Z", 1768790853000, "2026-01-19T02:47:33.000Z"},
              {"2026-01-19T02:47:33.12Z", 1768790853120, "2026-01-19T02:47:33.120Z"},
              {"2026-01-19T02:47:33.1234567Z", 1768790853123, "2026-01-19T02:47:33.123Z"},
              {"2026-01-18T21:47:33-05:00", 1768790853000, "2026-01-19T02:47:33.000Z"},
              {"2026-01-19T08:17:33+05:30", 1768790853000, "2026-01-19T02:47:33.000Z"},
              {"2024-02-29t23:59:59z", 1709251199000, "2024-02-29T23:59:59.000Z"},
              {"2000-02-29T00:00:00Z", 951782400000, "2000-02-29T00:00:00.000Z"},
              {"9999-12-31T23:59:59.999Z", 253402300799999, "9999-12-31T23:59:59.999Z"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    int64_t ms = -1;
    char text[32];
    assert_ok(snt_time_parse(rows[i].text, &ms, NULL));
    assert_true(ms == rows[i].ms);
    snt_time_format(ms, true, text);
    assert_string_equal(text, rows[i].canonical);
  }
  char basic[17];
  char plain[32];
  snt_time_format_basic(1768790853120, basic);
  snt_time_format(1768790853120, false, plain);
  assert_string_equal(basic, "20260119T024733Z");
  assert_string_equal(plain, "2026-01-19T02:47:33Z");
}

static void every_day_of_four_centuries_comes_back(void **state) {
  (void)state;
  for (int64_t day = 0; day < 146097; day += 1) {
    char text[32];
    int64_t ms = -1;
    snt_time_format(day * 86400000 + 43200123, true, text);
    assert_ok(snt_time_parse(text, &ms, NULL));
    assert_true(ms == day * 86400000 + 43200123);
  }
}

static void times_outside_of_the_calendar_are_shown_at_its_border(void **state) {
  (void)state;
  char text[32];
  snt_time_format(INT64_MIN, true, text);
  assert_string_equal(text, "1970-01-01T00:00:00.000Z");
  snt_time_format(INT64_MAX, true, text);
  assert_string_equal(text, "9999-12-31T23:59:59.999Z");
}

static void http_dates_are_of_one_form_only(void **state) {
  (void)state;
  int64_t ms = 0;
  assert_true(snt_time_parse_http("Sun, 06 Nov 1994 08:49:37 GMT", &ms));
  assert_true(ms == 784111777000);
  assert_true(snt_time_parse_http("Thu, 29 Feb 2024 00:00:00 GMT", &ms));
  static const char *const texts[] = {"",
                                      "Mon, 06 Nov 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 1994 08:49:37 UTC",
                                      "Sun, 6 Nov 1994 08:49:37 GMT",
                                      "Sunday, 06-Nov-94 08:49:37 GMT",
                                      "Sun Nov  6 08:49:37 1994",
                                      "Sun, 31 Feb 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 1994 08:49:37 GMT ",
                                      "sun, 06 nov 1994 08:49:37 gmt"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    if (snt_time_parse_http(texts[i], &ms)) {
      fail_msg("%s", texts[i]);
    }
  }
}

static void durations_have_units_in_order(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int64_t s;
    const char *canonical;
  } rows[] = {{"90s", 90, "1m30s"},
              {"30m", 1800, "30m"},
              {"1h30m", 5400, "1h30m"},
              {"2d", 172800, "2d"},
              {"1d1h1m1s", 90061, "1d1h1m1s"},
              {"0s", 0, "0s"},
              {"400d", 34560000, "400d"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    int64_t s = -1;
    char text[32];
    assert_ok(snt_duration_parse(rows[i].text, &s, NULL));
    assert_true(s == rows[i].s);
    snt_duration_format(s, text);
    assert_string_equal(text, rows[i].canonical);
  }
  static const char *const odd[] = {"",     "1",   "h",  "1h1h", "30m1h", "-1h", "+1h",
                                    "1.5h", "1 h", "1H", "401d", "1w",    "1h ", "9999999999s"};
  for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
    int64_t s = -1;
    if (snt_duration_parse(odd[i], &s, NULL).code != SNT_CODE_SYNTAX || s != -1) {
      fail_msg("%s", odd[i]);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(instants_that_are_none_are_refused),
                                     cmocka_unit_test(instants_are_read_and_written),
                                     cmocka_unit_test(every_day_of_four_centuries_comes_back),
                                     cmocka_unit_test(times_outside_of_the_calendar_are_shown_at_its_border),
                                     cmocka_unit_test(http_dates_are_of_one_form_only),
                                     cmocka_unit_test(durations_have_units_in_order)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
