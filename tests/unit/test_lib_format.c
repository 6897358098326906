#include "lua_fixture.h"

#include "lua/fuel.h"
#include "lua/lib.h"

#define CASES 40000

static void formats_show_no_address_and_refuse_what_is_odd(void **state) {
  (void)state;
  static const struct {
    const char *text, *wanted;
  } rows[] = {
      {"return ('%p'):format({})", "error: '%p' would show an address: it is not available"},
      {"return ('%-10p'):format('x')", "error: '%p' would show an address: it is not available"},
      {"return ('%n'):format(1)", "error: invalid conversion '%n' to 'format'"},
      {"return ('%'):format(1)", "error: invalid conversion '%' to 'format'"},
      {"return ('%10'):format(1)", "error: invalid conversion '%10' to 'format'"},
      {"return ('%123d'):format(1)", "error: invalid conversion '%123d' to 'format'"},
      {"return ('%.123f'):format(1)", "error: invalid conversion '%.123f' to 'format'"},
      {"return ('%*d'):format(1, 2)", "error: invalid conversion '%*' to 'format'"},
      {"return ('%ld'):format(1)", "error: invalid conversion '%l' to 'format'"},
      {"return ('%#d'):format(1)", "error: invalid conversion '%#d' to 'format'"},
      {"return ('%0s'):format('x')", "error: invalid conversion '%0s' to 'format'"},
      {"return ('%5q'):format('x')", "error: specifier '%q' cannot have modifiers"},
      {"return ('%00000000000000000000000000000000d'):format(1)", "error: invalid format (too long) to 'format'"},
      {"return ('%d'):format()", "error: bad argument #1 to 'format' (no value)"},
      {"return ('%d'):format(1.5)", "error: bad argument #1 to 'format' (number has no integer representation)"},
      {"return ('%d'):format('x')", "error: bad argument #1 to 'format' (number expected, got string)"},
      {"return ('%s'):format()", "error: bad argument #1 to 'format' (no value)"},
      {"return ('%5s'):format('a\\0b')", "error: bad argument #1 to 'format' (string contains zeros)"},
      {"return ('%q'):format({})", "error: bad argument #1 to 'format' (value has no literal form)"},
      {"return ('%s %s %s %s'):format({}, string.upper, nil, true)", "table function nil true"},
      {"return ('%10s|%-10s|%.2s'):format('a', 'b', 'abc')", "         a|b         |ab"},
      {"return #('%s'):format(('x'):rep(5000))", "5000"},
      {"return #('%5s'):format(('x'):rep(5000))", "5000"},
      {"return #('%99s'):format('x')", "99"},
      {"return #('%99.99f'):format(-1.7976931348623157e308)", "410"},
      {"return ('%5.1f|%-6d|%+d|%x|%X|%o|%c|%e'):format(3.14159, 42, 7, 255, 255, 8, 65, 12345.678)",
       "  3.1|42    |+7|ff|FF|10|A|1.234568e+04"},
      {"return ('%%'):format()", "%"},
      {"return ('%d'):format('10')", "10"},
      {"return ('%d'):format(3.0)", "3"},
      {"return ('%q'):format('a\\n\"\\\\\\0001\\r')", "\"a\\\n\\\"\\\\\\0001\\13\""},
      {"return ('%q %q %q'):format(1, true, nil)", "1 true nil"},
      {"return ('%q'):format(math.mininteger)", "0x8000000000000000"},
      {"return ('%q %q'):format(1/0, -1/0)", "1e9999 -1e9999"},
      {"return #('%q'):format(('\\0'):rep(1000))", "2002"},
  };
  SNT_VM_AUTO struct snt_vm *vm = fixture_new();
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    fixture_expect(vm, rows[i].text, rows[i].wanted);
  }
}

/* Pushes a format and two values; the same for the same seed. */
static int push_arguments(lua_State *L, uint64_t seed) {
  static const char *const pieces[] = {"%", "-", "+",  " ",  "#",     "0",    "1",  "5",  "23", ".",  ".3", "d", "i",
                                       "u", "c", "x",  "X",  "o",     "e",    "E",  "f",  "g",  "G",  "a",  "A", "s",
                                       "q", "z", "%d", "%s", "%5.2f", "%-8s", "%q", "%g", "%%", "%x", "\n"};
  char format[128];
  size_t len = 0;
  for (unsigned n = 1 + fixture_random(&seed) % 7; n > 0; n--) {
    const char *piece = pieces[fixture_random(&seed) % (sizeof pieces / sizeof pieces[0])];
    memcpy(format + len, piece, strlen(piece));
    len += strlen(piece);
  }
  lua_pushlstring(L, format, len);
  int values = (int)(fixture_random(&seed) % 3) + 1;
  for (int i = 0; i < values; i++) {
    switch (fixture_random(&seed) % 8) {
    case 0:
      lua_pushinteger(L, (lua_Integer)fixture_random(&seed) - 1000000000);
      break;
    case 1:
      lua_pushnumber(L, (double)fixture_random(&seed) / 1024 - 1000);
      break;
    case 2:
      lua_pushliteral(L, "text \"with\"\n\0 1");
      break;
    case 3:
      lua_pushliteral(L, "37");
      break;
    case 4:
      lua_pushboolean(L, 1);
      break;
    case 5:
      lua_pushnil(L);
      break;
    case 6:
      lua_pushinteger(L, LUA_MININTEGER);
      break;
    default:
      lua_pushnumber(L, 1e300);
    }
  }
  return values + 1;
}

/* Where both give a text it is the same one, and both refuse the same formats. Their words for it may differ. */
static void formats_do_what_the_interpreters_own_does(void **state) {
  (void)state;
  SNT_VM_AUTO struct snt_vm *vm = fixture_new();
  lua_State *reference = luaL_newstate();
  luaL_requiref(reference, "string", luaopen_string, 1);
  uint64_t seed = 7;
  for (int i = 0; i < CASES; i++) {
    uint64_t case_seed = ((uint64_t)fixture_random(&seed) << 32) | fixture_random(&seed);
    lua_settop(vm->L, 0);
    lua_settop(reference, 0);
    snt_fuel_arm(vm->L, FIXTURE_FUEL, true);
    lua_pushcfunction(vm->L, snt_lib_format);
    int ours = lua_pcall(vm->L, push_arguments(vm->L, case_seed), 1, 0);
    snt_fuel_disarm(vm->L);
    lua_getglobal(reference, "string");
    lua_getfield(reference, -1, "format");
    int theirs = lua_pcall(reference, push_arguments(reference, case_seed), 1, 0);
    size_t our_len = 0, their_len = 0;
    const char *our_text = lua_tolstring(vm->L, -1, &our_len), *their_text = lua_tolstring(reference, -1, &their_len);
    bool is_same = ours == LUA_OK && our_len == their_len && memcmp(our_text, their_text, our_len) == 0;
    if (ours != theirs || (ours == LUA_OK && !is_same)) {
      (void)push_arguments(vm->L, case_seed);
      fail_msg("%s: ours %d %s, theirs %d %s", lua_tostring(vm->L, 2), ours, our_text, theirs, their_text);
    }
  }
  lua_close(reference);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(formats_show_no_address_and_refuse_what_is_odd),
      cmocka_unit_test(formats_do_what_the_interpreters_own_does),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
