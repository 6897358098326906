#include "check.h"

#include "keychain_fixture.h"

#include "keychain/entry_names.h"

static void names_come_in_order_and_of_one_kind(void **state) {
  (void)state;
  struct fixture fixture;
  begin(&fixture, "file");
  SNT_ENTRY_NAMES_AUTO struct snt_entry_names names = {0};
  assert_ok(snt_entry_names_load(fixture.keychain, fixture.kind, &names, NULL));
  assert_int_equal(names.count, 0);
  assert_ok(write_text(&fixture, "b", "1", NULL));
  assert_ok(write_text(&fixture, "a", "2", NULL));
  assert_ok(write_text(&fixture, "\xc3\xa9 ", "3", NULL));
  assert_ok(snt_entry_names_load(fixture.keychain, fixture.kind, &names, NULL));
  assert_int_equal(names.count, 3);
  assert_string_equal(names.items[0].name, "a");
  assert_string_equal(names.items[1].name, "b");
  assert_string_equal(names.items[2].name, "\xc3\xa9 ");
  assert_string_equal(names.items[2].backend, "file");
  SNT_ENTRY_NAMES_AUTO struct snt_entry_names others = {0};
  assert_ok(snt_entry_names_load(fixture.keychain, "other", &others, NULL));
  assert_int_equal(others.count, 0);
  assert_code(snt_entry_names_load(fixture.keychain, "ODD", &others, NULL), SNT_CODE_BUG);
  end(&fixture);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(names_come_in_order_and_of_one_kind)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
