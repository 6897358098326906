#include "check.h"

#include <string.h>

#include "format/yaml_fault.h"

#define TOKEN "found character that cannot start any token"

static void what_is_wrong_is_told_with_what_to_write(void **state) {
  (void)state;
  static const struct {
    const char *problem, *context, *text;
    size_t line, column;
    const char *says; /* NULL: libyaml's own words will do */
  } rows[] = {
      {TOKEN, NULL, "a:\n\tb", 1, 0, "write spaces"},
      {TOKEN, NULL, "\xc3\xbc\xe2\x82\xac\t", 0, 2, "write spaces"},
      {TOKEN, NULL, "\xc3\xbc\n\xc3\xbc: @b", 1, 3, "\"@\""},
      {TOKEN, NULL, "`", 0, 0, "\"`\""},
      {TOKEN, NULL, "a: %b", 0, 3, "\"%\""},
      {TOKEN, NULL, "a: b", 0, 3, NULL},
      {TOKEN, NULL, "\t", 0, 1, NULL},
      {TOKEN, NULL, "\t", 3, 0, NULL},
      {TOKEN, NULL, "\xc3", 0, 7, NULL},
      {TOKEN, NULL, "", 0, 0, NULL},
      {"found a tab character that violates indentation", "while scanning a plain scalar", "", 0, 0, "write spaces"},
      {"did not find expected alphabetic or numeric character", "while scanning an alias", "[*]", 0, 2, "\"*\""},
      {"did not find expected alphabetic or numeric character", "while scanning an anchor", "[&]", 0, 2, "\"&\""},
      {"could not find expected ':'", "while scanning a simple key", "\t", 0, 0, NULL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const char *meant =
        snt_yaml_explain(rows[i].problem, rows[i].context, snt_slice_of(rows[i].text), rows[i].line, rows[i].column);
    if ((meant == NULL) != (rows[i].says == NULL) || (meant != NULL && strstr(meant, rows[i].says) == NULL)) {
      fail_msg("row %zu: %s", i, meant == NULL ? "nothing" : meant);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_wrong_is_told_with_what_to_write),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
