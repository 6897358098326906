#include "check.h"
#include "fail_alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "format/ini.h"

static snt_status note(void *context, const struct snt_ini_event *event, struct snt_err *err) {
  if (event->key.data == NULL) {
    return snt_buf_appendf(context, err, "[%.*s]", (int)event->section.len, event->section.data);
  }
  return snt_buf_appendf(context, err, "%.*s=<%.*s>@%u;", (int)event->key.len, event->key.data, (int)event->value.len,
                         event->value.data, event->line);
}

static void what_is_not_of_the_format_is_refused_with_its_line(void **state) {
  (void)state;
  static const struct {
    const char *text, *says;
  } rows[] = {{"[profile foo", "f:1: Profile definition must end with ']'"},
              {"[", "f:1: Profile definition must end with ']'"},
              {"name = value", "f:1: Expected a profile definition"},
              {" -x", "f:1: Expected a profile definition"},
              {"[a]\n= v", "f:2: Property did not have a name"},
              {"[a]\nkey : v", "f:2: Expected an '=' sign defining a property"},
              {"[a]\n -x", "f:2: Expected a property definition, found continuation"},
              {"[a]\nk = v\n[b]\n -x", "f:4: Expected a property definition, found continuation"},
              {"[a]\ns3 =\n invalid", "f:3: Expected an '=' sign defining a sub-property"},
              {"[a]\ns3 =\n = v", "f:3: Sub-property did not have a name"},
              {"[a]\nk = \xff", "f: this is not UTF-8 text"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_BUF_AUTO struct snt_buf events = {0};
    struct snt_err err = {0};
    assert_code(snt_ini_parse("f", rows[i].text, strlen(rows[i].text), note, &events, &err), SNT_CODE_CONFIG_INVALID);
    assert_string_equal(err.message, rows[i].says);
  }
  SNT_BUF_AUTO struct snt_buf events = {0};
  assert_code(snt_ini_parse("f", "[a]\nk=\0x", 8, note, &events, NULL), SNT_CODE_CONFIG_INVALID);
}

static void an_error_never_shows_a_value(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf events = {0};
  struct snt_err err = {0};
  static const char text[] = "[a]\naws_secret_access_key hunter2";
  assert_code(snt_ini_parse("f", text, sizeof text - 1, note, &events, &err), SNT_CODE_CONFIG_INVALID);
  assert_null(strstr(err.message, "hunter2"));
}

static void sections_and_properties_are_reported_in_order(void **state) {
  (void)state;
  static const struct {
    const char *text, *events;
  } rows[] = {{"", ""},
              {"# c\n; c\n\n \t\n[profile a] # c\nk \t= \tv # c\n", "[profile a]k=<v>@6;"},
              {"[a];x\nk=v;x\nl=v#x", "[a]k=<v;x>@2;l=<v#x>@3;"},
              {"[a]\r\nk = v=w\r\nl =\r\n", "[a]k=<v=w>@2;l=<>@3;"},
              {"[a]\nk = v\n  -more # kept\n\t-and\nl = 1", "[a]k=<v\n-more # kept\n-and>@2;l=<1>@5;"},
              {"[a]\ns3 =\n x = 1\n \n y = 2\n", "[a]s3=<\nx = 1\ny = 2>@2;"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_BUF_AUTO struct snt_buf events = {0};
    assert_ok(snt_ini_parse("f", rows[i].text, strlen(rows[i].text), note, &events, NULL));
    assert_string_equal(snt_buf_borrow(&events), rows[i].events);
  }
}

static snt_status count(void *context, const struct snt_ini_event *event, struct snt_err *err) {
  (void)event;
  (void)err;
  ++*(size_t *)context;
  return snt_done();
}

static snt_status parse_whole(const void *text) {
  size_t events = 0;
  return snt_ini_parse("f", text, strlen(text), count, &events, NULL);
}

static const char LONG[] =
    "[a]\naws_secret_access_key = hunter2\n more of hunter2, and more than fits into the first block of a buffer: "
    "................................................................................................................"
    "................................................................................................................\n"
    "x = y\n[b]\ns3 =\n a = hunter2\n";

static void every_allocation_may_fail(void **state) {
  (void)state;
  assert_true(fail_alloc_walk(parse_whole, "[a]\nb = c") > 0);
  assert_true(fail_alloc_walk(parse_whole, LONG) > 1);
}

static void what_is_freed_was_wiped(void **state) {
  (void)state;
  fail_alloc_watch("hunter2");
  (void)fail_alloc_walk(parse_whole, LONG);
  size_t events = 0;
  for (size_t len = 0; len < sizeof LONG; len++) {
    SNT_IGNORE(snt_ini_parse("f", LONG, len, count, &events, NULL)); /* read or refused: wiped */
  }
  assert_int_equal(fail_alloc_unwatch(), 0);
}

static snt_status refuse(void *context, const struct snt_ini_event *event, struct snt_err *err) {
  size_t *left = context;
  return (*left)-- > 0 ? snt_done() : snt_fail(err, SNT_CODE_DENIED, "line %u", event->line);
}

static void a_visitor_that_fails_ends_the_reading(void **state) {
  (void)state;
  static const char text[] = "[a]\nb = c\n d\n[e]\nf = g";
  static const char *const says[] = {"line 1", "line 2", "line 4", "line 5"};
  for (size_t i = 0; i < sizeof says / sizeof says[0]; i++) {
    size_t left = i;
    struct snt_err err = {0};
    assert_code(snt_ini_parse("f", text, sizeof text - 1, refuse, &left, &err), SNT_CODE_DENIED);
    assert_string_equal(err.message, says[i]);
  }
  size_t left = 4;
  assert_ok(snt_ini_parse("f", text, sizeof text - 1, refuse, &left, NULL));
}

static void nothing_is_read_past_the_end(void **state) {
  (void)state;
  static const char *const texts[] = {"[",       "[a",       "[a]",         "[a]\n", "[a]\nb",
                                      "[a]\nb=", "[a]\nb= ", "[a]\nb=c\n ", "\r",    ";"};
  size_t events = 0;
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    size_t len = strlen(texts[i]);
    char *copy = malloc(len); /* of exactly that size: a sanitizer finds what lies beyond */
    assert_non_null(copy);
    memcpy(copy, texts[i], len);
    SNT_IGNORE(snt_ini_parse("f", copy, len, count, &events, NULL)); /* read or refused, but no further */
    free(copy);
  }
  assert_ok(snt_ini_parse("f", NULL, 0, count, &events, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_not_of_the_format_is_refused_with_its_line),
                                     cmocka_unit_test(an_error_never_shows_a_value),
                                     cmocka_unit_test(sections_and_properties_are_reported_in_order),
                                     cmocka_unit_test(every_allocation_may_fail),
                                     cmocka_unit_test(what_is_freed_was_wiped),
                                     cmocka_unit_test(a_visitor_that_fails_ends_the_reading),
                                     cmocka_unit_test(nothing_is_read_past_the_end)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
