#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "lua/tz.h"
#include "lua/tz_rule.h"

/* A file that is built field by field. */
struct zone_file {
  int version;
  int n_times;
  int64_t times[4];
  unsigned char kinds[4];
  int n_types;
  int32_t offsets[3];
  unsigned char is_dst[3];
  const char *abbrevs; /* three letters and a NUL each */
  size_t abbrevs_len;
  uint32_t leap;
  const char *footer;
};

static const struct zone_file new_york = {.version = 2,
                                          .n_times = 2,
                                          .times = {1000000000, 1100000000},
                                          .kinds = {1, 2},
                                          .n_types = 3,
                                          .offsets = {-17762, -14400, -18000},
                                          .is_dst = {0, 1, 0},
                                          .abbrevs = "LMT\0EDT\0EST",
                                          .abbrevs_len = 12,
                                          .footer = "\nEST5EDT,M3.2.0,M11.1.0\n"};

static void put(struct snt_buf *out, uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; i--) {
    assert_ok(snt_buf_append_char(out, (char)(unsigned char)(i < 8 ? value >> (8 * i) : 0), NULL));
  }
}

static void put_block(struct snt_buf *out, const struct zone_file *file, int time_size) {
  assert_ok(snt_buf_append_str(out, "TZif", NULL));
  put(out, file->version == 1 ? 0 : (uint64_t)('0' + file->version), 1);
  put(out, 0, 15);
  const uint32_t counts[] = {
      0, 0, file->leap, (uint32_t)file->n_times, (uint32_t)file->n_types, (uint32_t)file->abbrevs_len};
  for (size_t i = 0; i < 6; i++) {
    put(out, counts[i], 4);
  }
  for (int i = 0; i < file->n_times; i++) {
    put(out, (uint64_t)file->times[i], time_size);
  }
  for (int i = 0; i < file->n_times; i++) {
    put(out, file->kinds[i], 1);
  }
  for (int i = 0; i < file->n_types; i++) {
    put(out, (uint32_t)file->offsets[i], 4);
    put(out, file->is_dst[i], 1);
    put(out, (uint64_t)i * 4, 1);
  }
  assert_ok(snt_buf_append(out, file->abbrevs, file->abbrevs_len, NULL));
}

static void build(const struct zone_file *file, struct snt_buf *out) {
  snt_buf_reset(out);
  put_block(out, file, 4);
  if (file->version > 1) {
    put_block(out, file, 8);
    assert_ok(snt_buf_append_str(out, file->footer, NULL));
  }
}

static bool is_taken(const char *data, size_t len) {
  SNT_TZ_AUTO struct snt_tz *tz = NULL;
  /* A copy of exactly that size: reading past its end is found by a sanitizer. */
  SNT_FREE_AUTO char *copy = malloc(len + (len == 0));
  assert_non_null(copy);
  memcpy(copy, data, len);
  bool result = snt_tz_parse(copy, len, &tz);
  assert_true(result == (tz != NULL));
  return result;
}

static void files_that_are_cut_or_longer_are_refused(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf data = {0};
  struct zone_file old = new_york;
  old.version = 1;
  const struct zone_file *files[] = {&new_york, &old};
  for (size_t f = 0; f < 2; f++) {
    build(files[f], &data);
    assert_true(is_taken(data.data, data.len));
    for (size_t len = 0; len < data.len; len++) {
      assert_false(is_taken(data.data, len));
    }
    assert_ok(snt_buf_append_char(&data, '\n', NULL));
    assert_false(is_taken(data.data, data.len));
  }
}

static void fields_that_make_no_sense_are_refused(void **state) {
  (void)state;
  struct zone_file files[14];
  size_t n = 0;
  for (size_t i = 0; i < 14; i++) {
    files[i] = new_york;
  }
  files[n++].times[1] = 1000000000; /* not after the first */
  files[n++].times[1] = 999999999;
  files[n++].kinds[1] = 3;
  files[n++].leap = 1;
  files[n++].n_types = 0;
  files[n++].offsets[1] = -25 * 3600;
  files[n++].offsets[1] = 26 * 3600;
  files[n++].is_dst[1] = 2;
  files[n++].abbrevs_len = 11; /* the last one has no NUL */
  files[n++].abbrevs = "LMT\0E T\0EST";
  files[n++].abbrevs = "LMT\0E\xc3\xa9\0EST";
  files[n++].footer = "\nEST5EDT,M3.2.0,M11.1.0";
  files[n++].footer = "\nEST5EDT\n";
  files[n++].footer = "EST5\n";
  SNT_BUF_AUTO struct snt_buf data = {0};
  for (size_t i = 0; i < n; i++) {
    build(&files[i], &data);
    if (is_taken(data.data, data.len)) {
      fail_msg("file %zu is taken", i);
    }
  }
  static const char *const bad_headers[] = {"TZig2", "TZif1", "TZif:", "tzif2"};
  for (size_t i = 0; i < sizeof bad_headers / sizeof bad_headers[0]; i++) {
    build(&new_york, &data);
    memcpy(data.data, bad_headers[i], 5);
    assert_false(is_taken(data.data, data.len));
  }
  build(&new_york, &data);
  memset(data.data + 20, 0xff, 24); /* counts whose sum does not fit */
  assert_false(is_taken(data.data, data.len));
}

static void every_changed_byte_is_refused_or_harmless(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf data = {0};
  build(&new_york, &data);
  for (size_t i = 0; i < data.len; i++) {
    char kept = data.data[i];
    for (int bit = 0; bit < 8; bit++) {
      SNT_TZ_AUTO struct snt_tz *tz = NULL;
      struct snt_local_time local;
      data.data[i] = (char)(kept ^ (1 << bit));
      if (snt_tz_parse(data.data, data.len, &tz)) {
        (void)snt_tz_local(tz, 1050000000, &local);
        (void)snt_tz_local(tz, 4000000000, &local);
      }
    }
    data.data[i] = kept;
  }
}

static void rules_are_read_strictly(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool is_extended, is_taken;
  } rows[] = {
      {"UTC0", false, true},
      {"EST5EDT,M3.2.0,M11.1.0", false, true},
      {"<-03>3", false, true},
      {"<+0330>-3:30", false, true},
      {"IST-1GMT0,M10.5.0,M3.5.0/1", false, true},
      {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", true, true},
      {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", false, false},
      {"EET-2EEST,M3.4.4/50,M10.4.4/50", true, true},
      {"EET-2EEST,M3.4.4/50,M10.4.4/50", false, false},
      {"EST5EDT,0/0,J365/25", true, true},
      {"EST5EDT,0/0,J365/168", true, false},
      {"EST5EDT4:30,J1/0,364/23:59:59", false, true},
      {"", false, false},
      {"U0", false, false},
      {"UTC", false, false},
      {"UTC25", false, false},
      {"UTC0 ", false, false},
      {"UTC0:60", false, false},
      {"<UTC0", false, false},
      {"<U C>0", false, false},
      {"EST5EDT", false, false},
      {"EST5EDT,", false, false},
      {"EST5EDT,M3.2.0", false, false},
      {"EST5EDT,M3.2.0,", false, false},
      {"EST5EDT,M0.2.0,M11.1.0", false, false},
      {"EST5EDT,M13.2.0,M11.1.0", false, false},
      {"EST5EDT,M3.0.0,M11.1.0", false, false},
      {"EST5EDT,M3.6.0,M11.1.0", false, false},
      {"EST5EDT,M3.2.7,M11.1.0", false, false},
      {"EST5EDT,J0,J365", false, false},
      {"EST5EDT,J1,J366", false, false},
      {"EST5EDT,0,366", false, false},
      {"EST5EDT,M3.2.0,M11.1.0,", false, false},
      {"EST5EDT,M3.2.0/,M11.1.0", false, false},
      {"ABCDEFGHIJKLMNOPQ5", false, false},
      {"UTC99999999999999999999", false, false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_tz_rule rule;
    if (snt_tz_rule_parse(rows[i].text, strlen(rows[i].text), rows[i].is_extended, &rule) != rows[i].is_taken) {
      fail_msg("\"%s\" is %s", rows[i].text, rows[i].is_taken ? "refused" : "taken");
    }
  }
}

static void rules_give_the_type_at_an_instant(void **state) {
  (void)state;
  static const struct {
    const char *rule;
    int64_t epoch_s;
    const char *abbrev;
  } rows[] = {
      {"EST5EDT,M3.2.0,M11.1.0", 1772953199, "EST"}, /* 2026-03-08T06:59:59Z */
      {"EST5EDT,M3.2.0,M11.1.0", 1772953200, "EDT"},
      {"EST5EDT,M3.2.0,M11.1.0", 1793512799, "EDT"}, /* 2026-11-01T05:59:59Z */
      {"EST5EDT,M3.2.0,M11.1.0", 1793512800, "EST"},
      {"AEST-10AEDT,M10.1.0,M4.1.0/3", 1767225600, "AEDT"}, /* 2026-01-01: summer in the south */
      {"AEST-10AEDT,M10.1.0,M4.1.0/3", 1782864000, "AEST"}, /* 2026-07-01 */
      {"AEST-10AEDT,M10.1.0,M4.1.0/3", 1798761600, "AEDT"}, /* 2027-01-01 */
      {"IST-1GMT0,M10.5.0,M3.5.0/1", 1767225600, "GMT"},
      {"IST-1GMT0,M10.5.0,M3.5.0/1", 1782864000, "IST"},
      {"XXX3EDT4,0/0,J365/23", 1767236399, "EDT"}, /* daylight saving time all the year */
      {"XXX3EDT4,0/0,J365/23", 1767236400, "EDT"},
      {"XXX3EDT4,0/0,J365/23", 1782864000, "EDT"},
      {"AAA0BBB,J60,J61", 1772415000, "AAA"},     /* 2026-03-02T01:30Z, 1 March is J60 */
      {"AAA0BBB,J60,J61", 1772330399, "AAA"},     /* 2026-03-01T01:59:59Z */
      {"AAA0BBB,J60/0,J61/0", 1772323200, "BBB"}, /* 2026-03-01 */
      {"AAA0BBB,59/0,60/0", 1772323200, "BBB"},
      {"AAA0BBB,59/0,60/0", 1709164800, "BBB"}, /* 2024-02-29: day 59 of a leap year */
      {"AAA0BBB,J60/0,J61/0", 1709164800, "AAA"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_tz_rule rule;
    assert_true(snt_tz_rule_parse(rows[i].rule, strlen(rows[i].rule), true, &rule));
    const char *abbrev = snt_tz_rule_type(&rule, rows[i].epoch_s)->abbrev;
    if (strcmp(abbrev, rows[i].abbrev) != 0) {
      fail_msg("%s at %lld: %s instead of %s", rows[i].rule, (long long)rows[i].epoch_s, abbrev, rows[i].abbrev);
    }
  }
}

static void local_times_are_whole(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf data = {0};
  SNT_TZ_AUTO struct snt_tz *tz = NULL;
  struct snt_local_time local;
  build(&new_york, &data);
  assert_true(snt_tz_parse(data.data, data.len, &tz));
  assert_true(snt_tz_local(tz, 999999999, &local)); /* before the first transition: the first type */
  assert_string_equal(local.abbrev, "LMT");
  assert_int_equal(local.offset, -17762);
  assert_true(snt_tz_local(tz, 1000000000, &local)); /* 2001-09-09T01:46:40Z */
  assert_string_equal(local.abbrev, "EDT");
  assert_true(local.is_dst);
  assert_int_equal(local.year, 2001);
  assert_int_equal(local.month, 9);
  assert_int_equal(local.day, 8);
  assert_int_equal(local.hour, 21);
  assert_int_equal(local.min, 46);
  assert_int_equal(local.sec, 40);
  assert_int_equal(local.wday, 6);
  assert_int_equal(local.day_number, 11573);
  assert_true(snt_tz_local(tz, 1782864000, &local)); /* by the rule */
  assert_string_equal(local.abbrev, "EDT");
  assert_true(snt_tz_local(NULL, -1, &local)); /* UTC, before 1970 */
  assert_string_equal(local.abbrev, "UTC");
  assert_int_equal(local.year, 1969);
  assert_int_equal(local.sec, 59);
  assert_int_equal(local.day_number, -1);
  assert_int_equal(local.wday, 3);
}

static void years_outside_of_1_to_9999_have_no_local_time(void **state) {
  (void)state;
  static const struct {
    int64_t epoch_s;
    bool is_known;
  } rows[] = {{-62135596800, true},  {-62135596801, false}, {253402300799, true},
              {253402300800, false}, {INT64_MIN, false},    {INT64_MAX, false}};
  struct snt_local_time local;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    assert_true(snt_tz_local(NULL, rows[i].epoch_s, &local) == rows[i].is_known);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(files_that_are_cut_or_longer_are_refused),
      cmocka_unit_test(fields_that_make_no_sense_are_refused),
      cmocka_unit_test(every_changed_byte_is_refused_or_harmless),
      cmocka_unit_test(rules_are_read_strictly),
      cmocka_unit_test(rules_give_the_type_at_an_instant),
      cmocka_unit_test(local_times_are_whole),
      cmocka_unit_test(years_outside_of_1_to_9999_have_no_local_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
