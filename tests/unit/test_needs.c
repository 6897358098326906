#include "check.h"

#include <stdio.h>
#include <string.h>

#include "policy/needs.h"

/* A policy with one plugin that needs everything. */
static struct snt_plugin plugin;
static struct snt_policy policy;

static int make_policy(void **state) {
  (void)state;
  static const char json[] =
      "{\"name\":\"p\",\"version\":\"1.0.0\",\"api\":1,\"summary\":\"x\",\"needs\":{\"http\":{\"q\":{\"url\":"
      "\"GET https://a.example/{id}?o={offset}\"},\"plain\":{\"url\":\"GET https://a.example/\"}},\"geoip\":true,"
      "\"history\":true},\"limits\":{\"timeout\":800,\"fuel\":2000}}";
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  if (!snt_ok(snt_json_parse(json, sizeof json - 1, "x", &doc, NULL)) ||
      !snt_ok(snt_plugin_parse("p", (struct snt_slice){0}, snt_json_root(doc), &plugin, NULL))) {
    return -1;
  }
  policy.plugins = &plugin;
  policy.plugin_count = 1;
  return 0;
}

static int clear_policy(void **state) {
  (void)state;
  snt_plugin_clear(&plugin);
  return 0;
}

static snt_status parse(const char *reply, struct snt_facts *facts, size_t *added, bool *is_over) {
  return snt_needs_parse(reply, strlen(reply), &policy, facts, added, is_over, NULL);
}

#define Q(id, offset)                                                                                                  \
  "{\"plugin\":\"p\",\"kind\":\"http\",\"need\":\"q\",\"params\":{\"id\":\"" id "\",\"offset\":\"" offset "\"}}"

static void needs_are_read_and_answers_written(void **state) {
  (void)state;
  SNT_FACTS_AUTO struct snt_facts facts = {0};
  SNT_BUF_AUTO struct snt_buf text = {0};
  size_t added = 0;
  bool is_over = false;
  assert_ok(parse(
      "{\"needs\":[" Q("a", "0") ",{\"plugin\":\"p\",\"kind\":\"geoip\",\"need\":null,\"params\":{\"ip\":"
                                 "\"8.8.8.8\"}},{\"plugin\":\"p\",\"kind\":\"history\",\"need\":null,\"params\":{}}]}",
      &facts, &added, &is_over));
  assert_int_equal(added, 3);
  assert_false(is_over);
  facts.list[0].status = SNT_FACT_OK;
  assert_ok(snt_buf_append_str(&facts.list[0].value, "{\"x\":1}", NULL));
  facts.list[1].status = SNT_FACT_TIMEOUT;
  (void)snprintf(facts.list[1].reason, sizeof facts.list[1].reason, "late");
  assert_ok(snt_facts_format(&facts, true, &text, NULL));
  assert_string_equal(
      snt_buf_borrow(&text),
      "{\"facts\":[{\"plugin\":\"p\",\"need\":\"q\",\"kind\":\"http\",\"params\":{\"id\":\"a\",\"offset\":"
      "\"0\"},\"status\":\"ok\",\"value\":{\"x\":1}},{\"plugin\":\"p\",\"kind\":\"geoip\",\"params\":"
      "{\"ip\":\"8.8.8.8\"},\"status\":\"timeout\",\"reason\":\"late\"},{\"plugin\":\"p\",\"kind\":"
      "\"history\",\"params\":{},\"status\":\"unavailable\",\"reason\":\"\"}],\"is_final\":true}");
  snt_buf_reset(&text);
  assert_ok(snt_facts_dump(&facts, &text, NULL));
  assert_non_null(strstr(snt_buf_borrow(&text), "{\"plugin\":\"p\",\"version\":\"1.0.0\",\"need\":\"geoip\",\"status\":"
                                                "\"timeout\",\"cached\":false,\"age\":0,"));
  assert_code(parse("{\"needs\":[" Q("a", "0") "]}", &facts, &added, &is_over), SNT_CODE_EVALUATOR);
  assert_ok(parse("{\"needs\":[" Q("a", "1") "]}", &facts, &added, &is_over));
  assert_int_equal(added, 1);
}

static void a_decision_needs_nothing(void **state) {
  (void)state;
  SNT_FACTS_AUTO struct snt_facts facts = {0};
  size_t added = 7;
  bool is_over = true;
  assert_ok(parse("{\"effect\":\"allow\",\"needs\":[" Q("a", "0") "]}", &facts, &added, &is_over));
  assert_int_equal(added, 0);
  assert_false(is_over);
}

static void what_no_plugin_needs_is_refused(void **state) {
  (void)state;
  static const char *const rows[] = {
      "{\"needs\":[]}",
      "{\"needs\":{}}",
      "{\"needs\":[",
      "{\"needs\":[" Q("a", "0") "],\"effect\":\"allow\"}",
      "{\"needs\":[" Q("a", "0") "," Q("a", "0") "]}",
      "{\"needs\":[" Q("a", "0") "]}x",
      "{\"needs\":[5]}",
      "{\"needs\":[{\"plugin\":\"other\",\"kind\":\"history\",\"need\":null,\"params\":{}}]}",
      "{\"needs\":[{\"plugin\":\"p\",\"kind\":\"secret\",\"need\":null,\"params\":{}}]}",
      "{\"needs\":[{\"plugin\":\"p\",\"kind\":\"http\",\"need\":\"nosuch\",\"params\":{}}]}",
      "{\"needs\":[{\"plugin\":\"p\",\"kind\":\"http\",\"need\":null,\"params\":{}}]}",
      "{\"needs\":[{\"plugin\":\"p\",\"kind\":\"http\",\"need\":5,\"params\":{}}]}",
      "{\"needs\":[{\"plugin\":\"p\",\"kind\":\"http\",\"need\":\"q\",\"params\":{\"id\":\"a\"}}]}",
      "{\"needs\":[{\"plugin\":\"p\",\"kind\":\"http\",\"need\":\"plain\",\"params\":{\"url\":\"https://evil/\"}}]}",
      "{\"needs\":[{\"plugin\":\"p\",\"kind\":\"http\",\"need\":\"plain\",\"params\":[]}]}",
      "{\"needs\":[{\"plugin\":\"p\",\"kind\":\"http\",\"need\":\"plain\",\"params\":{},\"url\":\"https://evil/\"}]}",
      "{\"needs\":[{\"plugin\":\"p\",\"kind\":\"http\",\"need\":\"q\",\"params\":{\"id\":5,\"offset\":\"0\"}}]}",
      "{\"needs\":[{\"plugin\":\"p\",\"kind\":\"http\",\"need\":\"q\",\"params\":{\"id\":\"a\\u0000b\",\"offset\":"
      "\"0\"}}]}",
      "{\"needs\":[{\"plugin\":\"p\",\"kind\":\"http\",\"need\":\"q\",\"params\":{\"id\":\"a\\nb\",\"offset\":\"0\"}}]"
      "}",
      "{\"needs\":[{\"plugin\":\"p\",\"kind\":\"geoip\",\"need\":null,\"params\":{}}]}",
      "{\"needs\":[{\"plugin\":\"p\",\"kind\":\"history\",\"need\":null,\"params\":{\"user\":\"bob\"}}]}",
      "{\"needs\":[{\"plugin\":\"p\",\"plugin\":\"p\",\"kind\":\"history\",\"need\":null,\"params\":{}}]}",
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_FACTS_AUTO struct snt_facts facts = {0};
    size_t added = 0;
    bool is_over = false;
    if (parse(rows[i], &facts, &added, &is_over).code != SNT_CODE_EVALUATOR) {
      fail_msg("%s is taken", rows[i]);
    }
  }
}

static void more_than_there_is_room_for_is_over(void **state) {
  (void)state;
  SNT_FACTS_AUTO struct snt_facts facts = {0};
  SNT_BUF_AUTO struct snt_buf text = {0};
  size_t added = 0;
  bool is_over = false;
  assert_ok(snt_buf_append_str(&text, "{\"needs\":[", NULL));
  for (int i = 0; i <= SNT_FACTS_MAX; i++) {
    assert_ok(snt_buf_appendf(&text, NULL,
                              "%s{\"plugin\":\"p\",\"kind\":\"geoip\",\"need\":null,\"params\":{\"ip\":\"%d\"}}",
                              i == 0 ? "" : ",", i));
  }
  assert_ok(snt_buf_append_str(&text, "]}", NULL));
  assert_ok(parse(text.data, &facts, &added, &is_over));
  assert_int_equal(added, SNT_FACTS_MAX);
  assert_int_equal(facts.count, SNT_FACTS_MAX);
  assert_true(is_over);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(needs_are_read_and_answers_written),
      cmocka_unit_test(a_decision_needs_nothing),
      cmocka_unit_test(what_no_plugin_needs_is_refused),
      cmocka_unit_test(more_than_there_is_room_for_is_over),
  };
  return cmocka_run_group_tests(tests, make_policy, clear_policy);
}
