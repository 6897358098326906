#include "lua_fixture.h"

#include <stdlib.h>

#include "lua/fuel.h"
#include "lua/lib.h"
#include "lua/pattern.h"

#define CASES 40000
#define SEED 20260119u
#define TEXT_CAP 64

/* The same function in both interpreters: ours, and the one that Lua ships. */
static const struct {
  const char *name;
  lua_CFunction ours;
} functions[] = {{"find", snt_lib_find}, {"match", snt_lib_match}, {"gsub", snt_lib_gsub}, {"gmatch", snt_lib_gmatch}};

struct text {
  char data[TEXT_CAP];
  size_t len;
};

static struct text make_text(uint64_t *seed, const char *const *pieces, size_t n_pieces, unsigned max_pieces) {
  struct text text = {0};
  for (unsigned n = fixture_random(seed) % (max_pieces + 1); n > 0; n--) {
    const char *piece = pieces[fixture_random(seed) % n_pieces];
    size_t len = piece[0] == '\0' ? 1 : strlen(piece);
    memcpy(text.data + text.len, piece, len);
    text.len += len;
  }
  return text;
}

static struct text make_pattern(uint64_t *seed) {
  static const char *const pieces[] = {"a",  "b",  "ab", ".",    "%a",   "%A",     "%d",     "%w",    "%s",     "%p",
                                       "%x", "%u", "%l", "%c",   "%g",   "%z",     "%",      "[",     "]",      "[^",
                                       "-",  "*",  "+",  "?",    "(",    ")",      "()",     "(a)",   "^",      "$",
                                       "%1", "%2", "%0", "%b()", "%bab", "%f[%w]", "%f[%W]", "[a-c]", "[^a-c]", "[]a]",
                                       "%.", "%%", "\0", "(.-)", "(.*)", "[%a_]",  "[a%-]",  "\xe9",  "%f",     "%b"};
  return make_text(seed, pieces, sizeof pieces / sizeof pieces[0], 6);
}

static struct text make_subject(uint64_t *seed) {
  static const char *const pieces[] = {"a", "b", "c", "A",  "1",  "_",    " ",  "(",
                                       ")", "-", ".", "\n", "\0", "\xe9", "ab", "%"};
  return make_text(seed, pieces, sizeof pieces / sizeof pieces[0], 12);
}

static struct text make_replacement(uint64_t *seed) {
  static const char *const pieces[] = {"x", "%0", "%1", "%2", "%%", "%", "yz", "", "%a"};
  return make_text(seed, pieces, sizeof pieces / sizeof pieces[0], 3);
}

/* Pushes the arguments above the function; returns how many. */
static int push_arguments(lua_State *L, size_t function, uint64_t seed) {
  struct text pattern = make_pattern(&seed), subject = make_subject(&seed);
  lua_pushlstring(L, subject.data, subject.len);
  lua_pushlstring(L, pattern.data, pattern.len);
  if (function == 2) {
    struct text replacement = make_replacement(&seed);
    lua_pushlstring(L, replacement.data, replacement.len);
  }
  if (fixture_random(&seed) % 3 == 0) {
    lua_pushinteger(L, (lua_Integer)(fixture_random(&seed) % 20) - 8);
    if (function == 0 && fixture_random(&seed) % 4 == 0) {
      lua_pushboolean(L, 1);
      return 4;
    }
    return function == 2 ? 4 : 3;
  }
  return function == 2 ? 3 : 2;
}

/* The results from index first on, as one text. An iterator at `first` is run to its end. */
static void describe(lua_State *L, int status, int first, struct snt_buf *out) {
  int rounds = 0;
  bool is_iterator = status == LUA_OK && lua_isfunction(L, first);
  do {
    if (is_iterator) {
      lua_settop(L, first);
      lua_pushvalue(L, first);
      status = lua_pcall(L, 0, LUA_MULTRET, 0);
    }
    assert_ok(snt_buf_appendf(out, NULL, "<%d:", status));
    for (int i = first + is_iterator; i <= lua_gettop(L); i++) {
      size_t len = 0;
      const char *text = luaL_tolstring(L, i, &len);
      assert_ok(snt_buf_appendf(out, NULL, "%s=", luaL_typename(L, i)));
      assert_ok(snt_buf_append(out, text, len, NULL));
      assert_ok(snt_buf_append_char(out, '|', NULL));
      lua_pop(L, 1);
    }
    rounds++;
  } while (is_iterator && status == LUA_OK && lua_gettop(L) > first && rounds < 100);
}

static void print_case(uint64_t seed, size_t function) {
  struct text pattern = make_pattern(&seed), subject = make_subject(&seed);
  print_error("string.%s of \"%.*s\" with \"%.*s\"\n", functions[function].name, (int)subject.len, subject.data,
              (int)pattern.len, pattern.data);
}

static bool is_equal(const struct snt_buf *a, const struct snt_buf *b) {
  return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static void patterns_do_what_the_interpreters_own_do(void **state) {
  (void)state;
  SNT_VM_AUTO struct snt_vm *vm = fixture_new();
  lua_State *reference = luaL_newstate();
  luaL_requiref(reference, "string", luaopen_string, 1);
  lua_settop(reference, 0);
  const char *chosen = getenv("SNT_TEST_SEED");
  uint64_t seed = chosen == NULL ? SEED : strtoull(chosen, NULL, 10);
  for (int i = 0; i < CASES; i++) {
    size_t function = (size_t)i % 4;
    uint64_t case_seed = ((uint64_t)fixture_random(&seed) << 32) | fixture_random(&seed);
    SNT_BUF_AUTO struct snt_buf ours = {0}, theirs = {0};
    lua_settop(vm->L, 0);
    snt_fuel_arm(vm->L, FIXTURE_FUEL, true);
    lua_pushcfunction(vm->L, functions[function].ours);
    int n = push_arguments(vm->L, function, case_seed);
    describe(vm->L, lua_pcall(vm->L, n, LUA_MULTRET, 0), 1, &ours);
    snt_fuel_disarm(vm->L);
    assert_int_equal(vm->budget.abort, SNT_ABORT_NONE);
    lua_settop(reference, 0);
    lua_getglobal(reference, "string");
    lua_getfield(reference, 1, functions[function].name);
    n = push_arguments(reference, function, case_seed);
    describe(reference, lua_pcall(reference, n, LUA_MULTRET, 0), 2, &theirs);
    if (!is_equal(&ours, &theirs)) {
      print_case(case_seed, function);
      fail_msg("ours   %s\ntheirs %s", snt_buf_borrow(&ours), snt_buf_borrow(&theirs));
    }
  }
  lua_close(reference);
}

static void patterns_have_known_results(void **state) {
  (void)state;
  static const struct {
    const char *text, *wanted;
  } rows[] = {
      {"return ('INC-12'):match('^INC%-(%d+)$')", "12"},
      {"return ('THE (quick) fox'):find('%((%a+)%)')", "5"},
      {"return select(3, ('THE (quick) fox'):find('%((%a+)%)'))", "quick"},
      {"return ('abc'):find('b', 1, true)", "2"},
      {"return ('a.c'):find('.', 1, true)", "2"},
      {"return ('abc'):find('')", "1"},
      {"return ('abc'):find('', 4)", "4"},
      {"return ('abc'):find('', 5)", "nil"},
      {"return ('abc'):find('', 5, true)", "nil"},
      {"return ('abc'):gsub('', '-')", "-a-b-c-"},
      {"return ('abc'):gsub('%w', '%0%0', 2)", "aabbc"},
      {"return ('hello world'):gsub('o', {o = '0'})", "hell0 w0rld"},
      {"return ('hello'):gsub('.', {l = false})", "hello"},
      {"return ('hello'):gsub('l+', function(s) return #s end)", "he2o"},
      {"return ('hello'):gsub('l', function() end)", "hello"},
      {"return ('x'):gsub('x', function() return {} end)", "error: invalid replacement value (a table)"},
      {"return ('x'):gsub('x', true)", "error: *"},
      {"local t = {} for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do t[#t + 1] = k .. v end return table.concat(t, "
       "';')",
       "a1;b2"},
      {"return (('x'):gmatch('x', 9))()", "nil"},
      {"return ('THE (quick) fox'):gsub('%f[%a]%a+', 'w')", "w (w) w"},
      {"return ('f(a(b)c)d'):match('%b()')", "(a(b)c)"},
      {"return ('abab'):match('^(ab)%1$')", "ab"},
      {"return ('  x '):match('^()%s*()')", "1"},
      {"return (1234):match('%d%d')", "error: *"},
      {"return string.match(1234, '%d%d')", "12"},
      {"return ('x'):match('(')", "error: unfinished capture"},
      {"return ('x'):match(')')", "error: invalid pattern capture"},
      {"return ('x'):match('[x')", "error: malformed pattern (missing ']')"},
      {"return ('x'):match('x%')", "error: malformed pattern (ends with '%')"},
      {"return ('x'):match('%1')", "error: invalid capture index %1*"},
      {"return ('x'):match('%f')", "error: missing '[' after '%f' in pattern"},
      {"return ('x'):match('%b')", "error: malformed pattern (missing arguments to '%b')"},
      {"return ('a'):rep(300):match(('(a)'):rep(33))", "error: too many captures"},
      {"return ('a'):rep(300):match(('a?'):rep(300))", "error: pattern too complex"},
      {"return string.gsub(string, 'a', 'b')", "error: *"},
  };
  SNT_VM_AUTO struct snt_vm *vm = fixture_new();
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    fixture_expect(vm, rows[i].text, rows[i].wanted);
  }
}

/* What a pattern costs grows with its work, not with the number of calls. */
static void every_step_is_charged(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int64_t at_least;
  } rows[] = {
      {"return ('a'):rep(200):find('.-.-b')", 500000},
      {"return ('a'):rep(100000):find('b')", 5000},
      {"return ('a'):rep(100000):find('[b]')", 100000},
      {"return ('('):rep(2000):find('%b()')", 500000},
      {"return ('a'):rep(1000):find('[' .. ('b'):rep(4000) .. ']')", 1900000},
      {"return ('a'):rep(2000):gsub('(a+)%1b', '')", 500000},
      {"local s = ('x'):rep(400000) for i = 1, 40 do ('%.1s'):format(s) end", 40 * 400000 / 16},
      {"local n = 0 for _ in ('a'):rep(10000):gmatch('a') do n = n + 1 end return n", 40000},
  };
  SNT_VM_AUTO struct snt_vm *vm = fixture_new();
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_BUF_AUTO struct snt_buf reply = {0};
    const int64_t fuel = 100000000;
    assert_int_equal(fixture_run(vm, rows[i].text, strlen(rows[i].text), fuel, &reply), SNT_VM_OK);
    if (fuel - vm->budget.fuel < rows[i].at_least) {
      fail_msg("%s costs only %lld", rows[i].text, (long long)(fuel - vm->budget.fuel));
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(patterns_have_known_results),
      cmocka_unit_test(patterns_do_what_the_interpreters_own_do),
      cmocka_unit_test(every_step_is_charged),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
