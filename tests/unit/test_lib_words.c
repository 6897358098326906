#include "lua_fixture.h"

/* Each function makes a value of a text of Lua and tells what the function of host makes of that. */
static const char source[] =
    "local M = {}\n"
    "local function value_of(text) return host.compile('return ' .. text, '=test', host.sandbox_env())() end\n"
    "local function tell(matcher)\n"
    "  local literals = {}\n"
    "  for key in pairs(matcher) do\n"
    "    if type(key) == 'string' then literals[#literals + 1] = key end\n"
    "  end\n"
    "  table.sort(literals)\n"
    "  return table.concat(literals, ' ') .. '|' .. table.concat(matcher, ' ')\n"
    "end\n"
    "function M.plain_words(text)\n"
    "  local words = host.plain_words(value_of(text))\n"
    "  return words and table.concat(words, ' ') or 'nothing'\n"
    "end\n"
    "function M.compile_patterns(text) return tell(host.compile_patterns(value_of(text))) end\n"
    "function M.compile_users(text)\n"
    "  local users, parts = host.compile_users(value_of(text)), {}\n"
    "  for _, name in ipairs { 'people', 'roles', 'federated', 'roots' } do\n"
    "    parts[#parts + 1] = users[name] and name .. ' ' .. tell(users[name])\n"
    "  end\n"
    "  parts[#parts + 1] = users.is_anyone and 'anyone' or nil\n"
    "  return table.concat(parts, ', ')\n"
    "end\n"
    "function M.costs_1000(name)\n"
    "  local list = { 'list' }\n"
    "  for i = 1, 200 do list[i + 1] = ('a'):rep(500) .. i end\n"
    "  local before = host.fuel_left()\n"
    "  host[name](list)\n"
    "  return tostring(before - host.fuel_left() >= 1000)\n"
    "end\n"
    "function M.failed(class, what) return class .. ':' .. what end\n"
    "return M\n";

static const struct snt_stdlib_module modules[] = {{"sentinel.init", source, sizeof source - 1}};
static const struct snt_stdlib stdlib = {modules, 1};

struct row {
  const char *text, *told;
};

static void check_rows(const char *function, const struct row *rows, size_t n) {
  SNT_VM_AUTO struct snt_vm *vm = NULL;
  assert_ok(snt_vm_new_with(stdlib, &vm, NULL));
  for (size_t i = 0; i < n; i++) {
    SNT_BUF_AUTO struct snt_buf reply = {0};
    const struct snt_slice args[] = {snt_slice_of(rows[i].text)};
    if (snt_vm_call(vm, function, args, 1, FIXTURE_FUEL, &reply) != SNT_VM_OK) {
      const char *place_ends = strstr(snt_vm_borrow_error(vm), ": "); /* sentinel/init.lua:12 */
      assert_non_null(place_ends);
      assert_ok(snt_buf_append_str(&reply, place_ends + 2, NULL));
    }
    if (strcmp(snt_buf_borrow(&reply), rows[i].told) != 0) {
      fail_msg("%s(%s): \"%s\", not \"%s\"", function, rows[i].text, snt_buf_borrow(&reply), rows[i].told);
    }
  }
}

static void plain_words_are_what_needs_no_closer_look(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"{ 'list', 'a', 1, 'AZaz09@._*?:/+=,-', 2 }", "a AZaz09@._*?:/+=,-"},
      {"{ 'list' }", ""},
      {"{ 'list', 'a', 1, '', 2 }", "nothing"},
      {"{ 'list', 'a', 1, 'b c', 2 }", "nothing"},
      {"{ 'list', 'a\\\\', 1 }", "nothing"},
      {"{ 'list', 'a\\0', 1 }", "nothing"},
      {"{ 'list', '\\u{e9}', 1 }", "nothing"},
      {"{ 'list', 'a~', 1 }", "nothing"},
      {"{ 'list', 'a;', 1 }", "nothing"},
      {"{ 'list', '[', 1 }", "nothing"},
      {"{ 'list', '`', 1 }", "nothing"},
      {"{ 'list', 'a', 1, { 'integer', '5' }, 2 }", "nothing"},
      {"{ 'list', 5, 1 }", "nothing"},
      {"{ 'list', { 'null', '' }, 1, 'a', 2 }", "nothing"},
      {"{ 'list', ('x'):rep(513), 1 }", "nothing"},
      {"5", "bad argument #1 to 'plain_words' (table expected, got number)"},
  };
  check_rows("plain_words", rows, sizeof rows / sizeof rows[0]);
}

static void a_pattern_with_a_star_or_a_question_mark_is_no_literal(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"{}", "|"},
      {"{ 'a', 'b*', '?', 'c', 'a' }", "a c|b* ?"},
      {"{ '*' }", "|*"},
      {"{ 'root', 'role/x' }", "role/x root|"},
      {"{ 'a', 5 }", "a pattern is a number"},
      {"'a'", "bad argument #1 to 'compile_patterns' (table expected, got string)"},
  };
  check_rows("compile_patterns", rows, sizeof rows / sizeof rows[0]);
}

static void a_pattern_of_users_is_for_its_own_kind(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"{}", ""},
      {"{ 'alice', 'intern-*', 'bob' }", "people alice bob|intern-*"},
      {"{ 'role/a/b', 'role/*/c', 'federated/f', 'alice' }",
       "people alice|, roles role/a/b|role/*/c, federated federated/f|"},
      {"{ '*', 'root' }", "roots root|, anyone"},
      {"{ 'root', '123456789012/root', '*/root', '12345678901/root', '12345678901x/root', '123456789012xroot' }",
       "people 12345678901/root 123456789012xroot 12345678901x/root|*/root, roots 123456789012/root root|"},
      {"{ '1234567890123/root', '123456789012/roo?', '123456789012/Root', '/123456789012/root' }",
       "people /123456789012/root 123456789012/Root 1234567890123/root|123456789012/roo?"},
      {"{ '**', 'root*', 'roles/x', 'role', 'federated', 'Root' }", "people Root federated role roles/x|** root*"},
      {"{ '*role/x' }", "people |*role/x"},
      {"{ 5 }", "a pattern is a number"},
      {"nil", "bad argument #1 to 'compile_users' (table expected, got nil)"},
  };
  check_rows("compile_users", rows, sizeof rows / sizeof rows[0]);
}

static void what_is_walked_is_charged(void **state) {
  (void)state;
  static const struct row rows[] = {{"plain_words", "true"}, {"compile_patterns", "true"}, {"compile_users", "true"}};
  check_rows("costs_1000", rows, sizeof rows / sizeof rows[0]);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(plain_words_are_what_needs_no_closer_look),
      cmocka_unit_test(a_pattern_with_a_star_or_a_question_mark_is_no_literal),
      cmocka_unit_test(a_pattern_of_users_is_for_its_own_kind),
      cmocka_unit_test(what_is_walked_is_charged),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
