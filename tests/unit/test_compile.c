#include "lua_fixture.h"

#include <stdlib.h>

#include "lua/compile.h"
#include "lua/dump.h"
#include "lua/fuel.h"
#include "lua/selftest.h"

static int keep(lua_State *L, const void *data, size_t len, void *out) {
  (void)L;
  return snt_ok(snt_buf_append(out, data, len, NULL)) ? 0 : 1;
}

static void bytecode_is_refused(void **state) {
  (void)state;
  SNT_VM_AUTO struct snt_vm *vm = fixture_new();
  SNT_BUF_AUTO struct snt_buf bytecode = {0}, reply = {0};
  lua_State *L = luaL_newstate();
  assert_int_equal(luaL_loadstring(L, "return 'allow'"), LUA_OK);
  assert_int_equal(lua_dump(L, keep, &bytecode, 0), 0);
  lua_close(L);
  assert_int_equal(fixture_run(vm, bytecode.data, bytecode.len, FIXTURE_FUEL, &reply), SNT_VM_OK);
  assert_string_equal(snt_buf_borrow(&reply), "refused: =test:1: this is bytecode; a policy is text");
  /* Not even behind a comment, which Lua's loader for files skips. */
  SNT_BUF_AUTO struct snt_buf hidden = {0};
  assert_ok(snt_buf_append_str(&hidden, "#\n", NULL));
  assert_ok(snt_buf_append(&hidden, bytecode.data, bytecode.len, NULL));
  assert_int_equal(fixture_run(vm, hidden.data, hidden.len, FIXTURE_FUEL, &reply), SNT_VM_OK);
  assert_true(snt_str_starts_with(snt_buf_borrow(&reply), "refused: "));
}

static void texts_are_refused_with_their_place(void **state) {
  (void)state;
  static const struct {
    const char *text, *wanted;
  } rows[] = {
      {"_ENV = {}", "refused: =test:1: the name _ENV cannot be used"},
      {"\n\nlocal _ENV <const> = {}", "refused: =test:3: the name _ENV cannot be used"},
      {"local function f(_ENV) end", "refused: =test:1: the name _ENV cannot be used"},
      {"return ({_ENV = 1})", "refused: =test:1: the name _ENV cannot be used"},
      {"goto _ENV ::_ENV::", "refused: =test:1: the name _ENV cannot be used"},
      {"return [[\n]] .. _ENV", "refused: =test:2: the name _ENV cannot be used"},
      {"return 1 --[==[ ]] ]==] + _ENV.x", "refused: =test:1: the name _ENV cannot be used"},
      {"return 'a\\\n' .. _ENV", "refused: =test:2: the name _ENV cannot be used"},
      {"return 'a\\z  \n  ' .. _ENV", "refused: =test:2: the name _ENV cannot be used"},
      {"return '_ENV'", "_ENV"},
      {"return [=[_ENV]] ]=]", "_ENV]] "},
      {"-- _ENV\nreturn 1", "1"},
      {"--[[ _ENV\n _ENV ]] return 2", "2"},
      {"--[ _ENV\nreturn 3", "3"},
      {"local _ENVY = 4 return _ENVY", "4"},
      {"return 'it\\'s _ENV'", "it's _ENV"},
      {"retrun 1", "refused: test:1: syntax error near '1'"},
      {"\nx = = 1", "refused: test:2: unexpected symbol near '='"},
      {"local x <close> = nil", "nil"},
      {"goto nowhere", "refused: test:1: no visible label 'nowhere' for *"},
  };
  SNT_VM_AUTO struct snt_vm *vm = fixture_new();
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    fixture_expect(vm, rows[i].text, rows[i].wanted);
  }
}

static void more_than_512_kib_are_refused(void **state) {
  (void)state;
  SNT_VM_AUTO struct snt_vm *vm = fixture_new();
  SNT_BUF_AUTO struct snt_buf reply = {0};
  const size_t len = ((size_t)512 << 10) + 1;
  SNT_FREE_AUTO char *text = malloc(len);
  assert_non_null(text);
  memset(text, ' ', len);
  assert_int_equal(fixture_run(vm, text, len, 30000000, &reply), SNT_VM_OK);
  assert_string_equal(snt_buf_borrow(&reply), "refused: =test: more than 512 KiB");
  assert_int_equal(fixture_run(vm, text, len - 1, 30000000, &reply), SNT_VM_OK);
  assert_string_equal(snt_buf_borrow(&reply), "nil");
}

static void compiling_is_charged_before_it_starts(void **state) {
  (void)state;
  SNT_VM_AUTO struct snt_vm *vm = fixture_new();
  SNT_BUF_AUTO struct snt_buf reply = {0};
  const size_t len = (size_t)300 << 10;
  SNT_FREE_AUTO char *text = malloc(len);
  assert_non_null(text);
  memset(text, '(', len);
  assert_int_equal(fixture_run(vm, text, len, FIXTURE_FUEL, &reply), SNT_VM_FUEL);
}

static void words_are_told_from_strings_and_comments(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool has_env, has_bitwise;
  } rows[] = {
      {"return a & b", false, true},          {"return a | b", false, true},     {"return ~a", false, true},
      {"return a ~ b", false, true},          {"return a << 1", false, true},    {"return a >> 1", false, true},
      {"return a ~= b", false, false},        {"return a < b", false, false},    {"return a >= b", false, false},
      {"return a <= b", false, false},        {"return '&|~'", false, false},    {"-- a & b", false, false},
      {"return [[ & ]]", false, false},       {"return a // b", false, false},   {"return 0x1p-4", false, false},
      {"return a..b", false, false},          {"return 3 .. _ENV", true, false}, {"return 0xA_ENV", true, false},
      {"return 1e+_ENV", true, false},        {"x = 1_ENV", true, false},        {"a ~=~ b", false, true},
      {"return t[ [[x]] ] & 1", false, true}, {"return t[=1] & 1", false, true},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_lua_words words = snt_compile_scan(rows[i].text, strlen(rows[i].text));
    if (words.has_env != rows[i].has_env || words.has_bitwise != rows[i].has_bitwise) {
      fail_msg("%s: _ENV %d, bitwise %d", rows[i].text, words.has_env, words.has_bitwise);
    }
  }
}

static void constants_are_counted_in_nested_functions(void **state) {
  (void)state;
  lua_State *L = luaL_newstate();
  static const struct {
    const char *text;
    size_t count;
  } rows[] = {{"", 0},
              {"return 'a', 'b', 1.5", 3},
              {"return 'a', function() return 'b', 1 << 40, function() return 2.5, 'c' end end", 5},
              {"local a <const> = 5 return a", 0}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    assert_int_equal(luaL_loadstring(L, rows[i].text), LUA_OK);
    assert_int_equal(snt_dump_count_constants(L), rows[i].count);
    lua_settop(L, 0);
  }
  lua_close(L);
}

/* Whatever the interpreter: with many constants the operator is either refused or right. */
static void code_tells_what_is_read_of_a_field(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool wanted;
  } rows[] = {
      {"local a = ... return a.field.key", true},
      {"local a = ... return a.field:key()", true},
      {"local a, k = ... return a[k].key, a.field[k]", true},
      {"local a = ... return a.field.key, a.field.key, a.other.key", true},
      {"local a = ... return function() return a.field.key end", false}, /* of that function alone */
      {"local a = ... return a.field", false},
      {"local a = ... return a.key.field", false},
      {"local a, b = ... return a.field == b.key", false},
      {"local a, b = ... return a.field.key, a.field == b.key", false},
      {"local a, b, k = ... return a.field.key, a[k] == b.key", false},
      {"local a, b, k = ... return a.field.key, a.field == b[k]", false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    lua_State *L = luaL_newstate();
    size_t bytes = 0;
    assert_int_equal(luaL_loadstring(L, rows[i].text), LUA_OK);
    if (snt_dump_reads_below(L, "field", "key", &bytes) != rows[i].wanted) {
      fail_msg("%s", rows[i].text);
    }
    assert_true(bytes > 0);
    lua_pushcfunction(L, luaopen_base);
    assert_false(snt_dump_reads_below(L, "field", "key", &bytes));
    lua_close(L);
  }
}

static void an_operator_beside_many_constants_is_refused_or_right(void **state) {
  (void)state;
  SNT_VM_AUTO struct snt_vm *vm = fixture_new();
  SNT_BUF_AUTO struct snt_buf text = {0}, reply = {0};
  assert_ok(snt_buf_append_str(&text, "local x = {", NULL));
  for (int i = 0; i < 260; i++) {
    assert_ok(snt_buf_appendf(&text, NULL, "%d.5,", i));
  }
  assert_ok(snt_buf_append_str(&text, "} return 1 ~ (2 or 3)", NULL));
  assert_int_equal(fixture_run(vm, text.data, text.len, FIXTURE_FUEL, &reply), SNT_VM_OK);
  bool is_refused = strstr(snt_buf_borrow(&reply), "miscompiles such files; use Lua 5.4.8 or later") != NULL;
  assert_true(is_refused == !snt_selftest_is_sound(vm->L));
  if (!is_refused) {
    assert_string_equal(snt_buf_borrow(&reply), "3");
  }
  fixture_expect(vm, "return 1 ~ (2 or 3)", "3"); /* few constants: nothing to refuse */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bytecode_is_refused),
      cmocka_unit_test(texts_are_refused_with_their_place),
      cmocka_unit_test(more_than_512_kib_are_refused),
      cmocka_unit_test(compiling_is_charged_before_it_starts),
      cmocka_unit_test(words_are_told_from_strings_and_comments),
      cmocka_unit_test(constants_are_counted_in_nested_functions),
      cmocka_unit_test(code_tells_what_is_read_of_a_field),
      cmocka_unit_test(an_operator_beside_many_constants_is_refused_or_right),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
