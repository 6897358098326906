#include "check.h"

#include <string.h>

#include "policy/recorded_input.h"

#define USER "\"user\":{\"name\":\"alice\",\"kind\":\"user\",\"arn\":\"arn:aws:iam::1:user/alice\",\"account\":\"1\"}"
#define REST "\"mode\":\"cli\",\"time\":\"2026-01-19T02:47:33Z\",\"duration\":3600"

static snt_status take(const char *json, struct snt_buf *text, struct snt_recorded_request *out, struct snt_err *err) {
  return snt_recorded_request_take(snt_slice_of(json), text, out, err);
}

static void a_request_goes_as_it_was_written(void **state) {
  (void)state;
  static const char *const rows[] = {
      "{" USER ",\"profile\":\"prod\",\"role_arn\":\"arn:aws:iam::1:role/R\"," REST "}",
      "{" USER ",\"profile\":\"prod\"," REST ",\"justification\":\"INC-1 \\\"x\\\" \xc3\xa4\"}",
      "{" USER ",\"profile\":\"prod\"," REST ",\"source_ip\":\"10.0.0.1\",\"device\":{\"os_type\":\"linux\"}}",
      "{" USER ",\"profile\":\"prod\"," REST ",\"mfa\":{\"authenticated_at\":\"2026-01-19T02:40:00Z\"}}",
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_BUF_AUTO struct snt_buf text = {0};
    struct snt_recorded_request out;
    assert_ok(take(rows[i], &text, &out, NULL));
    assert_string_equal(snt_buf_borrow(&text), rows[i]);
    assert_string_equal(out.profile, "prod");
    assert_string_equal(out.role_arn, i == 0 ? "arn:aws:iam::1:role/R" : "");
  }
}

/* Written by hand: nothing of it reaches the evaluator that the core would not have written. */
static void what_the_core_would_not_write_is_left_out_or_refused(void **state) {
  (void)state;
  static const struct {
    const char *json, *wanted; /* NULL: refused */
  } rows[] = {
      {"{" USER ",\"profile\":\"prod\"," REST ",\"justification\":null}", "{" USER ",\"profile\":\"prod\"," REST "}"},
      {"{" USER ",\"profile\":\"prod\"," REST ",\"role_arn\":null,\"source_ip\":null}",
       "{" USER ",\"profile\":\"prod\"," REST "}"},
      {"{\"user\":{\"name\":\"a\",\"kind\":\"user\",\"role\":null},\"profile\":\"p\"," REST "}",
       "{\"user\":{\"name\":\"a\",\"kind\":\"user\"},\"profile\":\"p\"," REST "}"},
      {"{" USER ",\"profile\":\"prod\"," REST ",\"more\":1}", NULL},
      {"{\"user\":{\"name\":\"a\",\"kind\":\"user\",\"more\":\"x\"},\"profile\":\"p\"," REST "}", NULL},
      {"{\"user\":{\"name\":\"a\",\"kind\":\"robot\"},\"profile\":\"p\"," REST ",\"source_ip\":\"::1\"}", NULL},
      {"{\"user\":{\"kind\":\"user\"},\"profile\":\"p\"," REST "}", NULL},
      {"{\"user\":7,\"profile\":\"p\"," REST "}", NULL},
      {"{" USER "," REST "}", NULL},
      {"{" USER ",\"profile\":\"../p\"," REST "}", NULL},
      {"{" USER ",\"profile\":[\"p\"]," REST "}", NULL},
      {"{" USER ",\"profile\":\"p\",\"mode\":\"batch\",\"time\":\"2026-01-19T02:47:33Z\",\"duration\":3600}", NULL},
      {"{" USER ",\"profile\":\"p\",\"mode\":\"cli\",\"duration\":3600}", NULL},
      {"{" USER ",\"profile\":\"p\",\"mode\":\"cli\",\"time\":7,\"duration\":3600}", NULL},
      {"{" USER ",\"profile\":\"p\",\"mode\":\"cli\",\"time\":\"2026-01-19T02:47:33Z\",\"duration\":1e3}", NULL},
      {"{" USER ",\"profile\":\"p\",\"mode\":\"cli\",\"time\":\"2026-01-19T02:47:33Z\",\"duration\":-5}", NULL},
      {"[]", NULL},
      {"", NULL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_BUF_AUTO struct snt_buf text = {0};
    struct snt_recorded_request out;
    struct snt_err err = {0};
    snt_status status = take(rows[i].json, &text, &out, &err);
    if (rows[i].wanted != NULL) {
      assert_ok(status);
      assert_string_equal(snt_buf_borrow(&text), rows[i].wanted);
    } else if (status.code != SNT_CODE_SYNTAX || text.len != 0 || strncmp(err.message, "has ", 4) != 0) {
      fail_msg("%s: %s %s", rows[i].json, snt_code_name(status.code), err.message);
    }
  }
}

static struct snt_plugin plugin = {.name = "p", .version = "1.0.0"};
static struct snt_question question = {.name = "q"};

/* The fact that is asked for: question q of plugin p with id x. */
static struct snt_fact asked(void) {
  return (struct snt_fact){.plugin = &plugin,
                           .kind = SNT_NEED_HTTP,
                           .question = &question,
                           .params = {{.name = "id", .value = "x"}},
                           .param_count = 1};
}

#define FACT(version, need, id, rest)                                                                                  \
  "{\"plugin\":\"p\",\"version\":\"" version "\",\"need\":\"" need "\",\"cached\":false,\"age\":0,\"kind\":\"http\","  \
  "\"params\":{\"id\":\"" id "\"}," rest "}"
#define OK "\"status\":\"ok\",\"value\":{\"a\":[1,2.5]}"

static void facts_are_those_of_the_same_question(void **state) {
  (void)state;
  static const struct {
    const char *json;
    bool is_missing;
  } rows[] = {
      {"[" FACT("1.0.0", "q", "x", OK) "]", false},
      {"[" FACT("1.0.0", "q", "y", OK) "," FACT("1.0.0", "q", "x", OK) "]", false},
      {"[]", true},
      {"[" FACT("1.0.1", "q", "x", OK) "]", true},
      {"[" FACT("1.0.0", "r", "x", OK) "]", true},
      {"[" FACT("1.0.0", "q", "y", OK) "]", true},
      {"[" FACT("1.0.0", "q", "x\",\"more\":\"z", OK) "]", true},
      {"[" FACT("1.0.0", "q", "x", "\"status\":\"unavailable\",\"reason\":\"the bundle does not grant it\"") "]", true},
      {"[{\"plugin\":\"p\",\"version\":\"1.0.0\",\"need\":\"q\",\"kind\":\"geoip\",\"params\":{\"id\":\"x\"}," OK "}]",
       true},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_recorded_facts facts = {.json = snt_slice_of(rows[i].json)};
    struct snt_fact_source source = snt_recorded_facts_source(&facts);
    struct snt_fact fact = asked();
    assert_ok(source.fetch(source.context, &fact, 1, 0, NULL));
    assert_int_equal(facts.has_missing, rows[i].is_missing);
    assert_int_equal(fact.status, rows[i].is_missing ? SNT_FACT_UNAVAILABLE : SNT_FACT_OK);
    assert_string_equal(snt_buf_borrow(&fact.value), rows[i].is_missing ? "" : "{\"a\":[1,2.5]}");
    snt_buf_clear(&fact.value);
  }
}

static void a_failure_is_a_fact_too(void **state) {
  (void)state;
  struct snt_recorded_facts facts = {
      .json = snt_slice_of("[" FACT("1.0.0", "q", "x", "\"status\":\"timeout\",\"reason\":\"late\"") "]")};
  struct snt_fact_source source = snt_recorded_facts_source(&facts);
  struct snt_fact fact = asked();
  assert_ok(source.fetch(source.context, &fact, 1, 0, NULL));
  assert_int_equal(fact.status, SNT_FACT_TIMEOUT);
  assert_string_equal(fact.reason, "late");
  assert_false(facts.has_missing);
}

static void values_hold_what_lua_can_hold(void **state) {
  (void)state;
  struct snt_recorded_facts facts = {
      .json = snt_slice_of(
          "[" FACT("1.0.0", "q", "x", "\"status\":\"ok\",\"value\":{\"n\":null,\"b\":9007199254740993}") "]")};
  struct snt_fact_source source = snt_recorded_facts_source(&facts);
  struct snt_fact fact = asked();
  assert_ok(source.fetch(source.context, &fact, 1, 0, NULL));
  assert_string_equal(snt_buf_borrow(&fact.value), "{\"b\":\"9007199254740993\"}");
  snt_buf_clear(&fact.value);
}

static void facts_that_are_none_are_refused(void **state) {
  (void)state;
  static const char *const rows[] = {"[" FACT("1.0.0", "q", "x", "\"status\":\"ok\"") "]",
                                     "[" FACT("1.0.0", "q", "x", "\"value\":1") "]",
                                     "[" FACT("1.0.0", "q", "x", "\"status\":\"fine\",\"value\":1") "]",
                                     "[" FACT("1.0.0", "q", "x", "\"status\":\"timeout\",\"value\":1") "]",
                                     "[",
                                     ""};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_recorded_facts facts = {.json = snt_slice_of(rows[i])};
    struct snt_fact_source source = snt_recorded_facts_source(&facts);
    struct snt_fact fact = asked();
    assert_code(source.fetch(source.context, &fact, 1, 0, NULL), SNT_CODE_SYNTAX);
    snt_buf_clear(&fact.value);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_request_goes_as_it_was_written),
                                     cmocka_unit_test(what_the_core_would_not_write_is_left_out_or_refused),
                                     cmocka_unit_test(facts_are_those_of_the_same_question),
                                     cmocka_unit_test(a_failure_is_a_fact_too),
                                     cmocka_unit_test(values_hold_what_lua_can_hold),
                                     cmocka_unit_test(facts_that_are_none_are_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
