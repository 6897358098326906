#include "check.h"
#include "fail_alloc.h"

#include <stdio.h>
#include <string.h>

#include "format/yaml.h"

static void yaml_that_can_mean_more_than_it_shows_is_refused(void **state) {
  (void)state;
  static const struct {
    const char *text, *says;
  } rows[] = {{"a: !!str b", "c.yaml:1:4: the tag"},
              {"a: &x b", "c.yaml:1:4: the anchor \"x\""},
              {"a: &x b\nc: *x", "c.yaml:1:4: the anchor"},
              {"c: *x", "c.yaml:1:4: an alias"},
              {"a: 1\na: 2", "c.yaml:2:1: duplicate key \"a\"; it is on line 1 too"},
              {"a: 1\n---\nb: 2", "c.yaml:2:1: a second document"},
              {"%YAML 1.1\n---\na: 1", "a line that begins with %"},
              {"[a]: 1", "a key has to be a word"},
              {"a: [1", "not YAML"},
              {"a:\n\tb: 1", "c.yaml:2:1: not YAML: a tab stands where YAML wants spaces: write spaces in its place"},
              {"a: b\n\tc: 1", "c.yaml:2:1: not YAML: a tab stands where"},
              {"a: |\n\tb\n", "c.yaml:2:1: not YAML: a tab stands where"},
              {"a: [*]", "c.yaml:1:6: not YAML: a text that begins with * has to be quoted: \"*\""},
              {"a: [&]", "c.yaml:1:6: not YAML: a text that begins with & has to be quoted"},
              {"\xc3\xbc: @b", "c.yaml:1:4: not YAML: a text that begins with @ has to be quoted"},
              {"\xc3\xbc: 1\na: `b`", "c.yaml:2:4: not YAML: a text that begins with ` has to be quoted"},
              {"a: [%b]", "c.yaml:1:5: not YAML: a text that begins with % has to be quoted"},
              {"a: \"x\\0y\"", "a value holds a NUL"},
              {"\"a\\0\": 1", "a key holds a NUL"},
              {"a: \xff", "this is not UTF-8"},
              {"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "nested more than 16"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_yaml_doc *doc = NULL;
    struct snt_err err = {0};
    assert_code(snt_yaml_parse("c.yaml", rows[i].text, strlen(rows[i].text), &doc, &err), SNT_CODE_CONFIG_INVALID);
    assert_null(doc);
    if (strstr(err.message, rows[i].says) == NULL) {
      fail_msg("%s: %s", rows[i].text, err.message);
    }
  }
}

static void nodes_are_bounded(void **state) {
  (void)state;
  static char text[30000];
  size_t used = 0;
  for (int i = 0; i < 10001; i++) {
    used += (size_t)snprintf(text + used, sizeof text - used, "- \n");
  }
  struct snt_yaml_doc *doc = NULL;
  assert_code(snt_yaml_parse("c", text, strlen(text), &doc, NULL), SNT_CODE_CONFIG_INVALID);
}

static void scalars_have_the_types_of_the_contract(void **state) {
  (void)state;
  static const struct {
    const char *text;
    enum snt_yaml_type type;
  } rows[] = {{"", SNT_YAML_NULL},         {"~", SNT_YAML_NULL},      {"null", SNT_YAML_NULL},
              {"true", SNT_YAML_BOOL},     {"False", SNT_YAML_BOOL},  {"off", SNT_YAML_STRING},
              {"yes", SNT_YAML_STRING},    {"12", SNT_YAML_INTEGER},  {"-3", SNT_YAML_INTEGER},
              {"1.5", SNT_YAML_STRING},    {"0x10", SNT_YAML_STRING}, {"\"12\"", SNT_YAML_STRING},
              {"'true'", SNT_YAML_STRING}, {"30s", SNT_YAML_STRING},  {"9999999999999999999", SNT_YAML_STRING},
              {"[]", SNT_YAML_LIST},       {"{}", SNT_YAML_MAP}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char text[64];
    (void)snprintf(text, sizeof text, "a: %s", rows[i].text);
    SNT_YAML_AUTO struct snt_yaml_doc *doc = NULL;
    assert_ok(snt_yaml_parse("c", text, strlen(text), &doc, NULL));
    const struct snt_yaml_node *node = snt_yaml_get(snt_yaml_root(doc), "a");
    if (node == NULL || node->type != rows[i].type) {
      fail_msg("%s", rows[i].text);
    }
  }
}

static void maps_and_lists_keep_order_and_place(void **state) {
  (void)state;
  static const char text[] = "b:\n  - x\n  - {k: 7}\na: \"q\"\n";
  SNT_YAML_AUTO struct snt_yaml_doc *doc = NULL;
  assert_ok(snt_yaml_parse("c", text, sizeof text - 1, &doc, NULL));
  const struct snt_yaml_node *root = snt_yaml_root(doc);
  assert_int_equal(root->count, 2);
  assert_string_equal(root->keys[0], "b");
  assert_int_equal(root->key_lines[1], 4);
  assert_int_equal(root->children[1]->column, 4);
  const struct snt_yaml_node *inner = root->children[0]->children[1];
  assert_int_equal(inner->line, 3);
  assert_true(snt_yaml_get(inner, "k")->integer == 7);
  assert_null(snt_yaml_get(root, "zz"));
  SNT_YAML_AUTO struct snt_yaml_doc *empty = NULL;
  assert_ok(snt_yaml_parse("c", "", 0, &empty, NULL));
  assert_int_equal(snt_yaml_root(empty)->type, SNT_YAML_MAP);
}

static snt_status parse_whole(const void *text) {
  SNT_YAML_AUTO struct snt_yaml_doc *doc = NULL;
  return snt_yaml_parse("c", text, strlen(text), &doc, NULL);
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  static const char *const texts[] = {
      "", "a", "- 1", "a: 1\nb: [x, \"y\", {c: d}]\ne:\n  - f: g\n  - h\ni: |\n  j\n  k\n",
      "{a: {b: {c: {d: [1, 2, 3, 4, 5, 6, 7, 8, 9]}}}, e: 1, f: 2, g: 3, h: 4, i: 5, j: 6, k: 7, l: 8, m: 9}"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    assert_true(fail_alloc_walk(parse_whole, texts[i]) > 1);
  }
}

static void no_text_at_all_is_an_empty_map(void **state) {
  (void)state;
  SNT_YAML_AUTO struct snt_yaml_doc *doc = NULL;
  assert_ok(snt_yaml_parse("c", NULL, 0, &doc, NULL));
  assert_int_equal(snt_yaml_root(doc)->type, SNT_YAML_MAP);
}

static void bytes_that_yaml_has_no_room_for_are_told_by_place(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t len;
    const char *says;
  } rows[] = {{"a: 1\nb: 2\nc: \"x\x01\"\n", 18, "c.yaml:3:6: not YAML"},
              {"a: 1\nb: \0\n", 10, "c.yaml:2:4: not YAML"},
              {"\0", 1, "c.yaml:1:1: not YAML"},
              {"a: \xc3\xa9\x7f", 6, "c.yaml:1:5: not YAML"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_yaml_doc *doc = NULL;
    struct snt_err err = {0};
    assert_code(snt_yaml_parse("c.yaml", rows[i].text, rows[i].len, &doc, &err), SNT_CODE_CONFIG_INVALID);
    if (strncmp(err.message, rows[i].says, strlen(rows[i].says)) != 0) {
      fail_msg("%s instead of %s", err.message, rows[i].says);
    }
  }
}

static void a_text_that_is_cut_anywhere_is_read_or_refused(void **state) {
  (void)state;
  static const char text[] = "a: 1\nb: [x, \"y\\n\", {c: 'd'}]\ne:\n  - f: g\n  - >-\n    h\n";
  for (size_t len = 0; len < sizeof text - 1; len++) {
    SNT_YAML_AUTO struct snt_yaml_doc *doc = NULL;
    snt_status status = snt_yaml_parse("c", text, len, &doc, NULL);
    assert_true(snt_ok(status) == (doc != NULL));
    assert_true(snt_ok(status) || status.code == SNT_CODE_CONFIG_INVALID);
  }
}

static void brackets_without_end_are_refused_at_once(void **state) {
  (void)state;
  static char text[200000];
  for (size_t i = 0; i < 2; i++) {
    memset(text, "[{"[i], sizeof text);
    struct snt_yaml_doc *doc = NULL;
    assert_code(snt_yaml_parse("c", text, sizeof text, &doc, NULL), SNT_CODE_CONFIG_INVALID);
  }
}

static void sixteen_levels_are_read_and_no_more(void **state) {
  (void)state;
  for (size_t depth = 1; depth <= 20; depth++) { /* of lists, and a word in the innermost */
    char text[64] = "";
    memset(text, '[', depth);
    text[depth] = 'x';
    memset(text + depth + 1, ']', depth);
    assert_true(snt_ok(parse_whole(text)) == (depth + 1 <= 16));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(yaml_that_can_mean_more_than_it_shows_is_refused),
                                     cmocka_unit_test(nodes_are_bounded),
                                     cmocka_unit_test(scalars_have_the_types_of_the_contract),
                                     cmocka_unit_test(maps_and_lists_keep_order_and_place),
                                     cmocka_unit_test(every_allocation_may_fail),
                                     cmocka_unit_test(no_text_at_all_is_an_empty_map),
                                     cmocka_unit_test(bytes_that_yaml_has_no_room_for_are_told_by_place),
                                     cmocka_unit_test(a_text_that_is_cut_anywhere_is_read_or_refused),
                                     cmocka_unit_test(brackets_without_end_are_refused_at_once),
                                     cmocka_unit_test(sixteen_levels_are_read_and_no_more)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
