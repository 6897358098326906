#include "check.h"

#include <string.h>

#include "format/select.h"

static snt_status select_from(const char *json, const char *const *paths, struct snt_buf *out, struct snt_err *err) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  struct snt_json_writer writer;
  SNT_TRY(snt_json_parse(json, strlen(json), "the text", &doc, err));
  snt_json_writer_init(&writer, out, err);
  SNT_TRY(snt_select_write(snt_json_root(doc), (char *const *)(const void *)paths, &writer, NULL, err));
  return snt_json_finish(&writer);
}

static void a_path_names_a_part(void **state) {
  (void)state;
  static const struct {
    const char *json;
    const char *paths[4];
    const char *wanted;
  } rows[] = {
      {"{\"a\":1,\"b\":{\"c\":true,\"d\":\"x\"}}", {"b.c", NULL}, "{\"b\":{\"c\":true}}"},
      {"{\"a\":1,\"b\":{\"c\":true}}", {"b", "a", NULL}, "{\"a\":1,\"b\":{\"c\":true}}"},
      {"{\"l\":[{\"n\":1,\"x\":2},{\"n\":3}],\"more\":false}",
       {"l[].n", "more", NULL},
       "{\"l\":[{\"n\":1},{\"n\":3}],\"more\":false}"},
      {"[{\"n\":1,\"x\":2},{\"n\":3}]", {"[].n", NULL}, "[{\"n\":1},{\"n\":3}]"},
      {"{\"l\":[1,2]}", {"l[]", NULL}, "{\"l\":[1,2]}"},
      {"{\"l\":[1,2]}", {"l", NULL}, "{\"l\":[1,2]}"},
      {"{\"a\":{\"b\":1},\"ab\":2}", {"a.b", NULL}, "{\"a\":{\"b\":1}}"},
      {"{\"a\":5}", {"a.b", NULL}, "{}"},
      {"{\"a\":{\"b\":5}}", {"a[].b", NULL}, "{}"},
      {"{\"a\":{\"x\":{\"b\":5}}}", {"a[].b", NULL}, "{}"},
      {"{\"a\":[{\"b\":5}]}", {"a.b", NULL}, "{}"},
      {"{\"a\":[]}", {"a[].b", NULL}, "{\"a\":[]}"},
      {"{\"a\":{}}", {"a.b", NULL}, "{\"a\":{}}"},
      {"{}", {"a", NULL}, "{}"},
      {"5", {"a", NULL}, "5"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_BUF_AUTO struct snt_buf out = {0};
    assert_ok(select_from(rows[i].json, rows[i].paths, &out, NULL));
    assert_string_equal(snt_buf_borrow(&out), rows[i].wanted);
  }
}

static void null_is_absent_and_large_numbers_are_texts(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf out = {0};
  assert_ok(
      select_from("{\"a\":null,\"b\":[null,1],\"c\":9007199254740992,\"d\":9007199254740993,\"e\":-9007199254740993,"
                  "\"f\":1.5}",
                  NULL, &out, NULL));
  assert_string_equal(snt_buf_borrow(&out), "{\"b\":[1],\"c\":9007199254740992,\"d\":\"9007199254740993\","
                                            "\"e\":\"-9007199254740993\",\"f\":1.5}");
  snt_buf_reset(&out);
  assert_ok(select_from("null", NULL, &out, NULL));
  assert_string_equal(snt_buf_borrow(&out), "{}");
}

/* Finding a member by its number walks to it from the first. */
static size_t walks;
const char *__wrap_snt_json_key_at(const struct snt_json_value *object, size_t index,
                                   const struct snt_json_value **value);
const char *__wrap_snt_json_key_at(const struct snt_json_value *object, size_t index,
                                   const struct snt_json_value **value) {
  (void)object, (void)index, (void)value;
  walks++;
  return NULL;
}

/* As many members as fit into an answer: each costs the same. */
static void many_members_are_gone_through_once(void **state) {
  (void)state;
  enum { MEMBERS = 25000 };
  static const char *const paths[] = {"x", NULL};
  SNT_BUF_AUTO struct snt_buf json = {0};
  SNT_BUF_AUTO struct snt_buf out = {0};
  assert_ok(snt_buf_append_char(&json, '{', NULL));
  for (int i = 0; i < MEMBERS; i++) {
    assert_ok(snt_buf_appendf(&json, NULL, "\"%x\":1,", (unsigned)i));
  }
  assert_ok(snt_buf_append_str(&json, "\"x\":2}", NULL));
  assert_ok(select_from(json.data, paths, &out, NULL));
  assert_string_equal(snt_buf_borrow(&out), "{\"x\":2}");
  assert_int_equal(walks, 0);
}

static void what_is_too_deep_is_refused(void **state) {
  (void)state;
  for (int depth = 14; depth < 20; depth++) {
    SNT_BUF_AUTO struct snt_buf text = {0};
    SNT_BUF_AUTO struct snt_buf out = {0};
    for (int i = 0; i < depth; i++) {
      assert_ok(snt_buf_append_str(&text, "[", NULL));
    }
    for (int i = 0; i < depth; i++) {
      assert_ok(snt_buf_append_str(&text, "]", NULL));
    }
    snt_status status = select_from(text.data, NULL, &out, NULL);
    assert_true(snt_ok(status) == (depth <= 16));
  }
}

static void paths_have_one_form(void **state) {
  (void)state;
  static const char *const good[] = {"a", "a.b", "a[].b", "[].id", "a[]", "a-b.$c_1"};
  static const char *const bad[] = {"",    ".",    "a.",  ".a",   "a..b", "a[0]", "a[",
                                    "a b", "a[].", "[]x", "a[]b", "a.[]", "a.*",  "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q"};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    assert_true(snt_select_check_path(good[i]));
  }
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    if (snt_select_check_path(bad[i])) {
      fail_msg("%s is taken", bad[i]);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_path_names_a_part),
      cmocka_unit_test(null_is_absent_and_large_numbers_are_texts),
      cmocka_unit_test(many_members_are_gone_through_once),
      cmocka_unit_test(what_is_too_deep_is_refused),
      cmocka_unit_test(paths_have_one_form),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
