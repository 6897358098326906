#include "check.h"

#include <stdio.h>
#include <string.h>

#include "policy/question.h"

static const char *value_of(const void *context, const char *name) {
  const char *const *pairs = context;
  for (size_t i = 0; pairs[i] != NULL; i += 2) {
    if (strcmp(pairs[i], name) == 0) {
      return pairs[i + 1];
    }
  }
  return NULL;
}

static void urls_that_could_lead_elsewhere_are_refused(void **state) {
  (void)state;
  static const char *const rows[] = {"",
                                     "GET ",
                                     "https://a.example/",
                                     "POST https://a.example/",
                                     "GET http://a.example/",
                                     "GET https:///path",
                                     "GET https://a.example",
                                     "GET https://u@a.example/",
                                     "GET https://u:p@a.example/",
                                     "GET https://A.example/",
                                     "GET https://a.example:/",
                                     "GET https://a.example:123456/",
                                     "GET https://a.example:80a/",
                                     "GET https://[::1]/",
                                     "GET https://a.example/#x",
                                     "GET https://a.example/\\x",
                                     "GET https://a.example/ x",
                                     "GET https://a.example/\n",
                                     "GET https://a.example/{",
                                     "GET https://a.example/{}",
                                     "GET https://a.example/{A}",
                                     "GET https://a.example/{a b}",
                                     "GET https://a.example/%2e%2e/x",
                                     "GET https://a.example/%2Fx",
                                     "GET https://a.example/%",
                                     "GET https://a.example/%0a",
                                     "GET https://a.example/%5c",
                                     "GET https://a.example/%zz",
                                     "GET https://a.example/%2",
                                     "GET https://a.example/x}",
                                     "GET https://a.example/@",
                                     "GET https://{a}{b}{c}{d}{e}{f}{g}{h}{i}.example/",
                                     "GET  https://a.example/",
                                     "get https://a.example/",
                                     "GET https://a.example?x"};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_question question = {0};
    struct snt_err err = {0};
    if (snt_ok(snt_question_parse_url(rows[i], &question, &err)) || err.message[0] == '\0') {
      fail_msg("%s is taken", rows[i]);
    }
  }
}

static void values_stand_encoded_where_they_belong(void **state) {
  (void)state;
  static const struct {
    const char *url;
    const char *pairs[5];
    const char *wanted, *host;
  } rows[] = {
      {"GET https://api.pagerduty.com/oncalls?schedule_ids[]={schedule}&limit=100&offset={offset}",
       {"schedule", "PABC", "offset", "0", NULL},
       "https://api.pagerduty.com/oncalls?schedule_ids%5B%5D=PABC&limit=100&offset=0",
       "api.pagerduty.com"},
      {"GET https://{site}.atlassian.net/rest/api/3/issue/{key}",
       {"site", "Acme-1", "key", "INC-1", NULL},
       "https://Acme-1.atlassian.net/rest/api/3/issue/INC-1",
       "acme-1.atlassian.net"},
      {"GET https://a.example:8443/u/{mail}",
       {"mail", "a.b@example.com", NULL},
       "https://a.example:8443/u/a.b%40example.com",
       "a.example:8443"},
      {"GET https://a.example:443/{x}", {"x", "1", NULL}, "https://a.example:443/1", "a.example"},
      {"GET https://a.example/{x}/{x}", {"x", "1", NULL}, "https://a.example/1/1", "a.example"},
      {"GET https://a.example/a%20b?q=%41", {NULL}, "https://a.example/a%20b?q=%41", "a.example"},
      {"GET https://a.example/{a}{zZ9_}", {"a", "1", "zZ9_", "2", NULL}, "https://a.example/12", "a.example"},
      {"GET https://a.example/v{x}", {"x", "..", NULL}, "https://a.example/v..", "a.example"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_question question = {0};
    SNT_BUF_AUTO struct snt_buf url = {0};
    char host[256];
    assert_ok(snt_question_parse_url(rows[i].url, &question, NULL));
    assert_ok(snt_question_build(&question, value_of, rows[i].pairs, &url, host, NULL));
    assert_string_equal(snt_buf_borrow(&url), rows[i].wanted);
    assert_string_equal(host, rows[i].host);
    if (snt_question_host(&question, host)) {
      assert_string_equal(host, rows[i].host);
    }
  }
}

static void values_cannot_change_where_a_question_goes(void **state) {
  (void)state;
  static const struct {
    const char *url, *value;
  } rows[] = {
      {"GET https://a.example/{x}/y", ".."},     {"GET https://a.example/{x}/y", "."},
      {"GET https://a.example/{x}{x}/y", "."},   {"GET https://a.example/.{x}/y", "."},
      {"GET https://a.example/{x}", "a/b"},      {"GET https://a.example/{x}", "a%2fb"},
      {"GET https://a.example/{x}", "a?b"},      {"GET https://a.example/{x}", "a#b"},
      {"GET https://a.example/{x}", "a b"},      {"GET https://a.example/{x}", "a\r\nHost: b"},
      {"GET https://a.example/{x}", ""},         {"GET https://a.example/{x}", "\xc3\xa9"},
      {"GET https://a.example/?q={x}", "a&b=c"}, {"GET https://a.example/?q={x}", "a=b"},
      {"GET https://{x}.example/", "a.b"},       {"GET https://{x}.example/", "u@a"},
      {"GET https://{x}.example/", "a:1"},       {"GET https://{x}.example/", "a_b"},
      {"GET https://{x}.example/{x}", "a.b"},    {"GET https://{x}/", "a.b"},
      {"GET https://a.example/{x}", NULL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const char *const pairs[] = {"x", rows[i].value, NULL};
    struct snt_question question = {0};
    struct snt_err err = {0};
    SNT_BUF_AUTO struct snt_buf url = {0};
    char host[256];
    assert_ok(snt_question_parse_url(rows[i].url, &question, NULL));
    if (snt_ok(snt_question_build(&question, value_of, pairs, &url, host, &err))) {
      fail_msg("%s with %s gives %s", rows[i].url, rows[i].value, snt_buf_borrow(&url));
    }
  }
}

static void a_value_has_letters_digits_and_four_marks_unless_declared(void **state) {
  (void)state;
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.@-";
  for (int byte = 1; byte < 256; byte++) {
    const char value[] = {'a', (char)byte, '\0'};
    const char *const pairs[] = {"x", value, NULL};
    struct snt_question question = {0};
    SNT_BUF_AUTO struct snt_buf url = {0};
    char host[256];
    assert_ok(snt_question_parse_url("GET https://a.example/?q={x}", &question, NULL));
    snt_status status = snt_question_build(&question, value_of, pairs, &url, host, NULL);
    if (snt_ok(status) != (strchr(allowed, byte) != NULL)) {
      fail_msg("byte %d", byte);
    }
  }
}

/* A server that decodes %2F before it looks for the way up would be led elsewhere. */
static void an_encoded_slash_is_no_way_up(void **state) {
  (void)state;
  static const struct {
    const char *url, *value;
    bool is_good;
  } rows[] = {
      {"GET https://a.example/b/{x}", "../admin", false}, {"GET https://a.example/b/{x}", "a/../../admin", false},
      {"GET https://a.example/b/{x}/c", "a/..", false},   {"GET https://a.example/b/{x}", "a/./b", false},
      {"GET https://a.example/b/.{x}", "./admin", false}, {"GET https://a.example/b/{x}", "a/b", true},
      {"GET https://a.example/b/{x}", "a..b/.c", true},   {"GET https://a.example/b?q={x}", "../admin", true},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const char *const pairs[] = {"x", rows[i].value, NULL};
    struct snt_question question = {0};
    SNT_BUF_AUTO struct snt_buf url = {0};
    char host[256];
    assert_ok(snt_question_parse_url(rows[i].url, &question, NULL));
    assert_true(snt_question_parse_class("[a-z./]+", question.params[0].is_allowed));
    if (snt_ok(snt_question_build(&question, value_of, pairs, &url, host, NULL)) != rows[i].is_good) {
      fail_msg("%s with %s", rows[i].url, rows[i].value);
    }
  }
}

static void a_way_up_is_one_in_the_path_only(void **state) {
  (void)state;
  static const struct {
    const char *url;
    bool is_good;
  } rows[] = {
      {"GET https://a.example/b/../{x}", false},  {"GET https://a.example/b/./{x}", false},
      {"GET https://a.example/{x}/..", false},    {"GET https://a.example/b/..?q={x}", false},
      {"GET https://a.example/..?q={x}", false},  {"GET https://a.example/b?q=/../{x}", true},
      {"GET https://a.example/b?q=/./{x}", true}, {"GET https://a.example/b?q={x}/..", true},
      {"GET https://a.example/b?../{x}", true},   {"GET https://a.example/b?a?/../{x}", true},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    static const char *const pairs[] = {"x", "1", NULL};
    struct snt_question question = {0};
    SNT_BUF_AUTO struct snt_buf url = {0};
    char host[256];
    assert_ok(snt_question_parse_url(rows[i].url, &question, NULL));
    if (snt_ok(snt_question_build(&question, value_of, pairs, &url, host, NULL)) != rows[i].is_good) {
      fail_msg("%s", rows[i].url);
    }
  }
}

static void a_question_reaches_the_hosts_that_its_template_may_name(void **state) {
  (void)state;
  static const struct {
    const char *url, *host;
    bool does;
  } rows[] = {{"GET https://a.example/", "a.example", true},
              {"GET https://a.example/", "b.example", false},
              {"GET https://a.example:8443/", "a.example:8443", true},
              {"GET https://a.example:8443/", "a.example", false},
              {"GET https://{site}.atlassian.net/", "acme.atlassian.net", true},
              {"GET https://{site}.atlassian.net/", "x.example", false},
              {"GET https://{site}.atlassian.net/", "a.b.atlassian.net", false},
              {"GET https://{site}.atlassian.net/", "acme.atlassian.net:8443", false},
              {"GET https://{a}.{b}.example:8443/", "x.y.example:8443", true}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_CLEANUP(snt_question_clear) struct snt_question question = {0};
    assert_ok(snt_question_parse_url(rows[i].url, &question, NULL));
    if (snt_question_reaches(&question, rows[i].host) != rows[i].does) {
      fail_msg("%s and %s", rows[i].url, rows[i].host);
    }
  }
}

static void a_class_is_one_set_of_printable_characters(void **state) {
  (void)state;
  static const char *const refused[] = {"",      "[a-z]", "a+",     "[]+",    "[^a]+",   "[a-z]*", "[z-a]+",
                                        "[a]]+", "[%w]+", "[a\\]+", "[a b]+", "[a-z]+x", ".+",     "[[a]+"};
  bool is_allowed[128];
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
    if (snt_question_parse_class(refused[i], is_allowed)) {
      fail_msg("%s is taken", refused[i]);
    }
  }
  assert_true(snt_question_parse_class("[A-Z0-9-]+", is_allowed));
  assert_true(is_allowed['A'] && is_allowed['Z'] && is_allowed['5'] && is_allowed['-']);
  assert_false(is_allowed['a'] || is_allowed['_'] || is_allowed['/']);
  assert_true(snt_question_parse_class("[a-z/:+]+", is_allowed));
  assert_true(is_allowed['/'] && is_allowed['+'] && is_allowed[':'] && !is_allowed['-']);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(urls_that_could_lead_elsewhere_are_refused),
      cmocka_unit_test(values_stand_encoded_where_they_belong),
      cmocka_unit_test(values_cannot_change_where_a_question_goes),
      cmocka_unit_test(a_value_has_letters_digits_and_four_marks_unless_declared),
      cmocka_unit_test(an_encoded_slash_is_no_way_up),
      cmocka_unit_test(a_way_up_is_one_in_the_path_only),
      cmocka_unit_test(a_question_reaches_the_hosts_that_its_template_may_name),
      cmocka_unit_test(a_class_is_one_set_of_printable_characters),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
