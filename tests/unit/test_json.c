#include "check.h"
#include "fail_alloc.h"

#include <stdio.h>
#include <string.h>

#include "format/json.h"

static snt_status parse(const char *text, size_t len, struct snt_json_doc **doc) {
  return snt_json_parse(text, len, "the text", doc, NULL);
}

static void text_that_is_not_strict_json_is_refused(void **state) {
  (void)state;
  static const char *const texts[] = {"",
                                      " ",
                                      "{",
                                      "}",
                                      "{}{}",
                                      "{} x",
                                      "[1,]",
                                      "{\"a\":1,}",
                                      "{a:1}",
                                      "{'a':1}",
                                      "{\"a\":1,\"a\":2}",
                                      "{\"a\":{\"b\":1,\"b\":1}}",
                                      "\"\\u0000\"",
                                      "{\"a\\u0000b\":1}",
                                      "\"\\ud800\"",
                                      "\"\xff\"",
                                      "\"\xc0\xaf\"",
                                      "\"\xed\xa0\x80\"",
                                      "\xef\xbb\xbf{}",
                                      "\"a\nb\"",
                                      "NaN",
                                      "Infinity",
                                      "0x10",
                                      "01",
                                      "+1",
                                      "1.",
                                      ".5",
                                      "1e999",
                                      "9223372036854775808",
                                      "nul",
                                      "// c\n{}"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    struct snt_json_doc *doc = (struct snt_json_doc *)(uintptr_t)1;
    if (parse(texts[i], strlen(texts[i]), &doc).code != SNT_CODE_SYNTAX || doc != NULL) {
      fail_msg("%s", texts[i]);
    }
  }
  struct snt_json_doc *doc = NULL;
  assert_code(parse("{}\0", 3, &doc), SNT_CODE_SYNTAX);
}

static void a_document_that_is_cut_anywhere_is_refused(void **state) {
  (void)state;
  static const char text[] = "{\"a\":[1,2.5,true,null,\"x\\u00e9\"],\"b\":{\"c\":\"\\\"\"}}";
  for (size_t len = 0; len < sizeof text - 1; len++) {
    struct snt_json_doc *doc = NULL;
    assert_code(parse(text, len, &doc), SNT_CODE_SYNTAX);
  }
}

static void depth_is_bounded_before_anything_recurses(void **state) {
  (void)state;
  static char text[200000];
  for (size_t depth = 1; depth <= 40; depth++) {
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
    assert_true(snt_ok(parse(text, 2 * depth, &doc)) == (depth <= 32));
  }
  memset(text, '[', sizeof text);
  struct snt_json_doc *doc = NULL;
  assert_code(parse(text, sizeof text, &doc), SNT_CODE_SYNTAX);
}

/* Where a string ends is told as jansson tells it: otherwise brackets would be hidden from the bound, or made up. */
static void brackets_count_outside_of_strings_only(void **state) {
  (void)state;
  static const struct {
    const char *before, *after;
    bool is_outside;
  } rows[] = {{"[\"\", ", "]", true}, {"[\"\\\"\", ", "]", true}, {"[\"\\\\\", ", "]", true},
              {"[\"", "\"]", false},  {"[\"\\\"", "\"]", false},  {"[\"\\\\\\\"", "\"]", false}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char text[128];
    SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
    (void)snprintf(text, sizeof text, "%s%.*s%.*s%s", rows[i].before, 40, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
                   40, "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", rows[i].after);
    struct snt_err err = {0};
    snt_status status = snt_json_parse(text, strlen(text), "x", &doc, &err);
    assert_true(snt_ok(status) == !rows[i].is_outside);
    assert_true((strstr(err.message, "levels deep") != NULL) == rows[i].is_outside);
  }
}

static void an_error_says_where_and_never_what(void **state) {
  (void)state;
  static const char text[] = "{\"secret\":\"hunter2\",\n  \"x\": hunter2}";
  struct snt_err err = {0};
  struct snt_json_doc *doc = NULL;
  assert_code(snt_json_parse(text, sizeof text - 1, "the answer of SSM", &doc, &err), SNT_CODE_SYNTAX);
  assert_non_null(strstr(err.message, "the answer of SSM"));
  assert_non_null(strstr(err.message, "line 2"));
  assert_null(strstr(err.message, "hunter2"));
}

static void values_are_found_by_type(void **state) {
  (void)state;
  static const char text[] =
      "{\"z\":1,\"a\":\"t\",\"n\":null,\"b\":true,\"l\":[1,2],\"r\":1.5,\"m\":-9223372036854775808}";
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  assert_ok(parse(text, sizeof text - 1, &doc));
  const struct snt_json_value *root = snt_json_root(doc);
  int64_t integer = 0;
  double number = 0;
  bool boolean = false;
  size_t len = 0;
  assert_int_equal(snt_json_count(root), 7);
  assert_string_equal(snt_json_key_at(root, 0, NULL), "z");
  assert_string_equal(snt_json_key_at(root, 6, NULL), "m");
  assert_null(snt_json_key_at(root, 7, NULL));
  assert_true(snt_json_integer(snt_json_get(root, "m"), &integer) && integer == INT64_MIN);
  assert_false(snt_json_integer(snt_json_get(root, "r"), &integer));
  assert_true(snt_json_number(snt_json_get(root, "r"), &number) && number > 1.4 && number < 1.6);
  assert_true(snt_json_number(snt_json_get(root, "z"), &number) && number > 0.9 && number < 1.1);
  assert_true(snt_json_bool(snt_json_get(root, "b"), &boolean) && boolean);
  assert_string_equal(snt_json_string(snt_json_get(root, "a"), &len), "t");
  assert_null(snt_json_string(snt_json_get(root, "z"), NULL));
  assert_int_equal(snt_json_type(snt_json_get(root, "absent")), SNT_JSON_NONE);
  assert_int_equal(snt_json_type(snt_json_get(root, "n")), SNT_JSON_NULL);
  assert_null(snt_json_at(snt_json_get(root, "l"), 2));
  assert_null(snt_json_get(NULL, "a"));
  assert_int_equal(snt_json_count(NULL), 0);
}

static void unknown_keys_are_named_with_the_nearest(void **state) {
  (void)state;
  static const char *const allowed[] = {"user", "profile", NULL};
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  struct snt_err err = {0};
  assert_ok(parse("{\"user\":1,\"profil\":2}", 21, &doc));
  assert_code(snt_json_check_keys(snt_json_root(doc), "request.json", allowed, &err), SNT_CODE_SYNTAX);
  assert_string_equal(err.message, "request.json: unknown key \"profil\"");
  assert_string_equal(err.hint, "did you mean \"profile\"?");
}

static void what_is_dumped_parses_to_the_same(void **state) {
  (void)state;
  static const char *const texts[] = {"{\"z\":[1,-2,2.5,true,false,null],\"a\":{\"b\":\"\\\"\\\\\\n\\u2028\\u007f\"}}",
                                      "[]", "{}", "\"\"", "[[[]],{}]"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
    SNT_BUF_AUTO struct snt_buf out = {0};
    assert_ok(parse(texts[i], strlen(texts[i]), &doc));
    assert_ok(snt_json_dump(snt_json_root(doc), &out, NULL));
    assert_string_equal(out.data, texts[i]);
  }
}

static void what_means_the_same_is_dumped_as_the_same_text(void **state) {
  (void)state;
  static const char *const texts[] = {"{\"b\":[{\"z\":1,\"a\":0.5}],\"\":{},\"a\":\"x\"}",
                                      " { \"a\" : \"x\", \"b\" : [ { \"a\" : 5e-1, \"z\" : 1 } ], \"\" : {} } "};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
    SNT_BUF_AUTO struct snt_buf out = {0};
    assert_ok(parse(texts[i], strlen(texts[i]), &doc));
    assert_ok(snt_json_dump_sorted(snt_json_root(doc), &out, NULL));
    assert_string_equal(out.data, "{\"\":{},\"a\":\"x\",\"b\":[{\"a\":0.5,\"z\":1}]}");
  }
}

static void the_writer_escapes_what_could_break_a_line(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf out = {0};
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, &out, NULL);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_string(&writer, "k\"", "\x01\x1f\x7f\xc2\x80\xc2\x9f\xc2\xa0\xe2\x80\xa8\xe2\x80\xa9\t\r\n");
  snt_json_put_string(
      &writer, "b", "\xe2\x80\xa7\xe2\x80\xaa\xe2\x80\xae\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xa6\xe2\x81\xa9\xe2\x81\xaa");
  snt_json_put_string(&writer, "n", NULL);
  snt_json_put_integer(&writer, "i", INT64_MIN);
  snt_json_begin_array(&writer, "l");
  snt_json_put_bool(&writer, NULL, true);
  snt_json_put_null(&writer, NULL);
  snt_json_end_array(&writer);
  snt_json_end_object(&writer);
  assert_ok(snt_json_finish(&writer));
  assert_string_equal(out.data,
                      "{\"k\\\"\":\"\\u0001\\u001f\\u007f\\u0080\\u009f\xc2\xa0\\u2028\\u2029\\t\\r\\n\","
                      "\"b\":\"\xe2\x80\xa7\\u202a\\u202e\xe2\x80\xaf\xe2\x81\xa5\\u2066\\u2069\xe2\x81\xaa\","
                      "\"n\":null,\"i\":-9223372036854775808,\"l\":[true,null]}");
}

static void what_was_written_can_be_laid_out_for_people(void **state) {
  (void)state;
  static const char compact[] = "{\"a:{\":[1,\"x,\\\"]\",true],\"e\":{},\"l\":[],\"o\":{\"n\":null}}";
  SNT_BUF_AUTO struct snt_buf out = {0};
  assert_ok(snt_json_pretty(snt_slice_of(compact), 2, &out, NULL));
  assert_string_equal(out.data, "{\n"
                                "    \"a:{\": [\n"
                                "      1,\n"
                                "      \"x,\\\"]\",\n"
                                "      true\n"
                                "    ],\n"
                                "    \"e\": {},\n"
                                "    \"l\": [],\n"
                                "    \"o\": {\n"
                                "      \"n\": null\n"
                                "    }\n"
                                "  }");
}

static void a_failure_of_the_writer_sticks(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf out = {0};
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, &out, NULL);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_string(&writer, "a", "\xff");
  snt_json_put_string(&writer, "b", "good");
  snt_json_end_object(&writer);
  assert_code(snt_json_finish(&writer), SNT_CODE_USAGE);
}

static const char FULL[] = "{\"a\":[1,2.5,true,null,\"x\\u00e9\"],\"long key of an object\":{\"hunter2\":\"hunter2 and "
                           "more of it, so that the text does not fit into the first block that is set aside\"}}";

static snt_status parse_and_dump(const void *text) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_BUF_AUTO struct snt_buf out = {0};
  SNT_TRY(parse(text, strlen(text), &doc));
  SNT_TRY(snt_json_dump_sorted(snt_json_root(doc), &out, NULL));
  return snt_json_dump(snt_json_root(doc), &out, NULL);
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  static const char *const texts[] = {FULL, "{}", "[]", "\"x\"", "1", "-2.5e3", "null"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    assert_true(fail_alloc_walk(parse_and_dump, texts[i]) > 1);
  }
}

static void what_is_freed_was_wiped(void **state) {
  (void)state;
  fail_alloc_watch("hunter2");
  (void)fail_alloc_walk(parse_and_dump, FULL);
  for (size_t len = 0; len < sizeof FULL - 1; len++) {
    struct snt_json_doc *doc = NULL;
    assert_false(snt_ok(parse(FULL, len, &doc)));
  }
  assert_int_equal(fail_alloc_unwatch(), 0);
}

static void no_text_at_all_is_no_document(void **state) {
  (void)state;
  struct snt_json_doc *doc = NULL;
  struct snt_err err = {0};
  assert_code(snt_json_parse(NULL, 0, "the text", &doc, &err), SNT_CODE_SYNTAX);
  assert_null(strstr(err.message, "-1"));
}

static void accessors_take_null_and_values_of_another_type(void **state) {
  (void)state;
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_BUF_AUTO struct snt_buf out = {0};
  int64_t integer = 7;
  double number = 7;
  bool boolean = true;
  assert_ok(parse("[\"1\"]", 5, &doc));
  const struct snt_json_value *rows[] = {NULL, snt_json_root(doc), snt_json_at(snt_json_root(doc), 0)};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    assert_null(snt_json_get(rows[i], "1"));
    assert_null(snt_json_key_at(rows[i], 0, NULL));
    assert_false(snt_json_integer(rows[i], &integer));
    assert_false(snt_json_number(rows[i], &number) || number < 7);
    assert_false(snt_json_bool(rows[i], &boolean));
    assert_true(integer == 7 && boolean);
  }
  assert_null(snt_json_root(NULL));
  assert_null(snt_json_string(NULL, NULL));
  assert_null(snt_json_at(rows[2], 0));
  assert_ok(snt_json_dump(NULL, &out, NULL));
  assert_string_equal(out.data, "null");
  snt_json_free(NULL);
}

static void a_real_number_stays_one(void **state) {
  (void)state;
  static const char *const texts[][2] = {
      {"1.0", "1.0"}, {"-0.0", "-0.0"}, {"1e3", "1000.0"}, {"2.5", "2.5"}, {"1e300", "1.0000000000000001e+300"}};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
    SNT_BUF_AUTO struct snt_buf out = {0};
    assert_ok(parse(texts[i][0], strlen(texts[i][0]), &doc));
    assert_ok(snt_json_dump(snt_json_root(doc), &out, NULL));
    assert_string_equal(out.data, texts[i][1]);
  }
}

/* "key": with nothing behind it would end in a record that nobody can read. */
static void an_empty_raw_value_is_a_failure(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf out = {0};
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, &out, NULL);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_raw(&writer, "request", (struct snt_slice){NULL, 0});
  snt_json_end_object(&writer);
  assert_code(snt_json_finish(&writer), SNT_CODE_BUG);
}

static void unknown_keys_of_bad_shape_are_refused_too(void **state) {
  (void)state;
  static const char *const allowed[] = {"user", NULL};
  static const char *const texts[] = {"{\"\":1}", "{\"User\":1}", "{\"user \":1}", "{\"user\":1,\"\\u0001\":2}"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
    assert_ok(parse(texts[i], strlen(texts[i]), &doc));
    assert_code(snt_json_check_keys(snt_json_root(doc), "x", allowed, NULL), SNT_CODE_SYNTAX);
  }
}

static void only_short_printable_texts_are_taken(void **state) {
  (void)state;
  static const char text[] = "[\"abc\",\"\",\"a\\u0007\",\"a\\nb\",\"\\u202e\",7,null,\"caf\\u00e9\"]";
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  assert_ok(snt_json_parse(text, sizeof text - 1, "t", &doc, NULL));
  const struct snt_json_value *list = snt_json_root(doc);
  assert_string_equal(snt_json_printable(snt_json_at(list, 0), 4), "abc");
  assert_null(snt_json_printable(snt_json_at(list, 0), 3));
  assert_string_equal(snt_json_printable(snt_json_at(list, 1), 1), "");
  for (size_t i = 2; i < 7; i++) {
    assert_null(snt_json_printable(snt_json_at(list, i), 100));
  }
  assert_non_null(snt_json_printable(snt_json_at(list, 7), 100));
  assert_null(snt_json_printable(NULL, 100));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(text_that_is_not_strict_json_is_refused),
                                     cmocka_unit_test(a_document_that_is_cut_anywhere_is_refused),
                                     cmocka_unit_test(depth_is_bounded_before_anything_recurses),
                                     cmocka_unit_test(brackets_count_outside_of_strings_only),
                                     cmocka_unit_test(an_error_says_where_and_never_what),
                                     cmocka_unit_test(values_are_found_by_type),
                                     cmocka_unit_test(unknown_keys_are_named_with_the_nearest),
                                     cmocka_unit_test(what_is_dumped_parses_to_the_same),
                                     cmocka_unit_test(what_means_the_same_is_dumped_as_the_same_text),
                                     cmocka_unit_test(the_writer_escapes_what_could_break_a_line),
                                     cmocka_unit_test(a_failure_of_the_writer_sticks),
                                     cmocka_unit_test(every_allocation_may_fail),
                                     cmocka_unit_test(what_is_freed_was_wiped),
                                     cmocka_unit_test(no_text_at_all_is_no_document),
                                     cmocka_unit_test(accessors_take_null_and_values_of_another_type),
                                     cmocka_unit_test(a_real_number_stays_one),
                                     cmocka_unit_test(an_empty_raw_value_is_a_failure),
                                     cmocka_unit_test(unknown_keys_of_bad_shape_are_refused_too),
                                     cmocka_unit_test(only_short_printable_texts_are_taken),
                                     cmocka_unit_test(what_was_written_can_be_laid_out_for_people)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
