#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/scan.h"

static const char *const NAMES[] = {"a", "b", "deep", NULL};

static snt_status scan(const char *text, struct snt_slice *values, size_t *others) {
  return snt_scan_object(text, strlen(text), "the text", NAMES, values, others, NULL);
}

static void members_are_found_as_they_stand(void **state) {
  (void)state;
  struct snt_slice values[3];
  size_t others = 0;
  assert_ok(scan(" { \"b\" : [1, {\"a\":2}] ,\"x\":null,\"a\":\"t\\n\xc3\xa4\"\n}\n", values, &others));
  assert_true(snt_slice_is(values[0], "\"t\\n\xc3\xa4\""));
  assert_true(snt_slice_is(values[1], "[1, {\"a\":2}]"));
  assert_int_equal(values[2].len, 0);
  assert_int_equal(others, 1);
  assert_ok(scan("{}", values, &others));
  assert_int_equal(others, 0);
  assert_int_equal(snt_scan_type(values[0]), SNT_JSON_NONE);
}

/* What the scan leaves to the parser is found all the same. */
static void what_is_out_of_the_ordinary_is_found_too(void **state) {
  (void)state;
  struct snt_slice values[3];
  char text[32];
  assert_ok(
      scan("{\"a\":\"\\u00e4\\u20ac\",\"b\":-1.5e3,\"deep\":{\"\\u0061\":1,\"n\":123456789012345678}}", values, NULL));
  assert_true(snt_scan_text(values[0], text, sizeof text));
  assert_string_equal(text, "\xc3\xa4\xe2\x82\xac");
  assert_true(snt_slice_is(values[1], "-1.5e3"));
  assert_int_equal(snt_scan_type(values[2]), SNT_JSON_OBJECT);
  assert_ok(scan("{\"a\":9223372036854775807}", values, NULL));
}

static void what_is_no_strict_object_is_refused(void **state) {
  (void)state;
  static const char *const rows[] = {"",
                                     "[]",
                                     "1",
                                     "{",
                                     "{}}",
                                     "{} x",
                                     "{\"a\":1,}",
                                     "{\"a\":1,\"a\":2}",
                                     "{\"x\":{\"y\":1,\"y\":1}}",
                                     "{\"a\":1,\"\\u0061\":2}",
                                     "{\"a/b\":1,\"a\\/b\":2}",
                                     "{\"a\":01}",
                                     "{\"a\":1.}",
                                     "{\"a\":-}",
                                     "{\"a\":9223372036854775808}",
                                     "{\"a\":1e999}",
                                     "{\"a\":\"\t\"}",
                                     "{\"a\":\"\\x\"}",
                                     "{\"a\":\"\\ud800\"}",
                                     "{\"a\":\"\\u0000\"}",
                                     "{\"a\":\"\xff\"}",
                                     "{\"a\":\"\xc0\xaf\"}",
                                     "{\"\xff\":1}",
                                     "{\"a\":tru}",
                                     "{\"a\":nul}",
                                     "{\"a\" 1}",
                                     "{a:1}",
                                     "{\"a\":[1 2]}",
                                     "{\"a\":[1,]}",
                                     "{\"a\":\"x}",
                                     "{\"a\":\"x\\"};
  struct snt_slice values[3];
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    snt_status status = scan(rows[i], values, NULL);
    if (status.code != SNT_CODE_SYNTAX) {
      fail_msg("%s: %s", rows[i], snt_code_name(status.code));
    }
  }
}

static void the_depth_is_the_parsers(void **state) {
  (void)state;
  static const char *const innermost[] = {"{}", "[]", "[{}]"};
  for (int i = 0; i < 3 * 6; i++) {
    int depth = 30 + i / 3;
    int levels = depth + (i % 3 == 2 ? 1 : 0);
    char text[256] = "";
    size_t len = 0;
    for (int k = 1; k < depth; k++) {
      len += (size_t)snprintf(text + len, sizeof text - len, k == 1 ? "{\"a\":" : "[");
    }
    len += (size_t)snprintf(text + len, sizeof text - len, "%s", innermost[i % 3]);
    for (int k = depth - 1; k > 0; k--) {
      len += (size_t)snprintf(text + len, sizeof text - len, k == 1 ? "}" : "]");
    }
    struct snt_slice values[3];
    assert_code(scan(text, values, NULL), levels <= 32 ? SNT_CODE_OK : SNT_CODE_SYNTAX);
  }
}

static const char DOCUMENT[] =
    "{\"a\":\"t\\\"\\\\ \\u00e4 \xe2\x82\xac\",\"b\":[1,-20,true,false,null,{\"x\":{},\"y\":[]}],\"deep\":"
    "{\"n\":1234567890,\"r\":1.5e3,\"l\":[[[\"z\"]]]},\"s\":\"\",\"o\":{\"p\":\"q\",\"r\":\"s\"}}";

/* Bytes that matter to JSON, and some that do not. */
static char pick_byte(unsigned *seed) {
  static const char bytes[] = "{}[]\",:\\/ntu0123456789.-+eEaxfl \t\n\x01\x7f\xc3\xa4\xe2\x82\xac\xff\xed\xa0";
  *seed = *seed * 1103515245U + 12345U;
  return bytes[(*seed >> 16) % (sizeof bytes - 1)];
}

/* Removes, changes or adds a byte here and there. */
static size_t spoil(char *text, size_t len, unsigned *seed) {
  *seed = *seed * 1103515245U + 12345U;
  int changes = 1 + (int)((*seed >> 16) % 3);
  for (int i = 0; i < changes; i++) {
    *seed = *seed * 1103515245U + 12345U;
    size_t at = (*seed >> 8) % len;
    *seed = *seed * 1103515245U + 12345U;
    unsigned how = (*seed >> 16) % 4;
    if (how == 0) {
      memmove(text + at, text + at + 1, len - at - 1);
      len--;
    } else if (how == 1) {
      memmove(text + at + 1, text + at, len - at);
      len++;
    }
    text[at < len ? at : len - 1] = how == 0 ? text[at < len ? at : len - 1] : pick_byte(seed);
  }
  return len;
}

static void the_parser_takes_all_that_the_scan_takes(void **state) {
  (void)state;
  unsigned seed = 1;
  int taken = 0;
  for (int i = 0; i < 200000; i++) {
    char text[sizeof DOCUMENT + 8];
    memcpy(text, DOCUMENT, sizeof DOCUMENT);
    size_t len = spoil(text, sizeof DOCUMENT - 1, &seed);
    struct snt_slice values[3];
    SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
    bool is_taken = snt_ok(snt_scan_object(text, len, "", NAMES, values, NULL, NULL));
    bool is_parsed =
        snt_ok(snt_json_parse(text, len, "", &doc, NULL)) && snt_json_type(snt_json_root(doc)) == SNT_JSON_OBJECT;
    if (is_taken != is_parsed) {
      fail_msg("scan %d, parser %d: %.*s", is_taken, is_parsed, (int)len, text);
    }
    taken += is_taken ? 1 : 0;
  }
  assert_true(taken > 10000 && taken < 190000); /* else nothing was compared */
}

static void texts_and_numbers_are_read(void **state) {
  (void)state;
  char text[4] = "x";
  int64_t number = 7;
  assert_true(snt_scan_text(snt_slice_of("\"abc\""), text, sizeof text));
  assert_string_equal(text, "abc");
  assert_false(snt_scan_text(snt_slice_of("\"abcd\""), text, sizeof text));
  assert_string_equal(text, "");
  assert_true(snt_scan_text(snt_slice_of("\"\\u0061\\n\""), text, sizeof text));
  assert_string_equal(text, "a\n");
  assert_false(snt_scan_text(snt_slice_of("\"a\\nbc\""), text, sizeof text));
  assert_false(snt_scan_text(snt_slice_of("12"), text, sizeof text));
  assert_true(snt_scan_integer(snt_slice_of("-120"), &number));
  assert_int_equal(number, -120);
  static const char *const rows[] = {"", "-", "1.5", "\"1\"", "null", "1234567890123456789"};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    assert_false(snt_scan_integer(snt_slice_of(rows[i]), &number));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(members_are_found_as_they_stand),
                                     cmocka_unit_test(what_is_out_of_the_ordinary_is_found_too),
                                     cmocka_unit_test(what_is_no_strict_object_is_refused),
                                     cmocka_unit_test(the_depth_is_the_parsers),
                                     cmocka_unit_test(the_parser_takes_all_that_the_scan_takes),
                                     cmocka_unit_test(texts_and_numbers_are_read)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
