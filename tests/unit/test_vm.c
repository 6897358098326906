#include "lua_fixture.h"

#include "lua/lib.h"

static void a_call_that_gives_no_string_is_no_answer(void **state) {
  (void)state;
  static const struct {
    const char *name, *error;
  } rows[] = {{"raise", "on purpose"},
              {"raise_table", "error value is a table"},
              {"number", "the stdlib's \"number\" returned a number, not a string"},
              {"nothing", "the stdlib's \"nothing\" returned a nil, not a string"},
              {"absent", "the stdlib has no function \"absent\""}};
  SNT_VM_AUTO struct snt_vm *vm = fixture_new();
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_BUF_AUTO struct snt_buf reply = {0};
    assert_ok(snt_buf_append_str(&reply, "before", NULL));
    assert_int_equal(snt_vm_call(vm, rows[i].name, NULL, 0, FIXTURE_FUEL, &reply), SNT_VM_FAILED);
    assert_string_equal(snt_vm_borrow_error(vm), rows[i].error);
    assert_string_equal(snt_buf_borrow(&reply), "before");
  }
}

static void more_arguments_than_there_is_room_for_are_refused(void **state) {
  (void)state;
  SNT_VM_AUTO struct snt_vm *vm = fixture_new();
  SNT_BUF_AUTO struct snt_buf reply = {0};
  struct snt_slice args[9];
  for (size_t i = 0; i < 9; i++) {
    args[i] = snt_slice_of("a");
  }
  assert_int_equal(snt_vm_call(vm, "echo", args, 9, FIXTURE_FUEL, &reply), SNT_VM_FAILED);
  assert_int_equal(snt_vm_call(vm, "echo", args, 3, FIXTURE_FUEL, &reply), SNT_VM_OK);
  assert_string_equal(snt_buf_borrow(&reply), "a|a|a");
  assert_string_equal(snt_vm_borrow_error(vm), "");
}

static void loops_and_bombs_run_out_whatever_catches_them(void **state) {
  (void)state;
  static const struct {
    const char *text;
    enum snt_vm_result result;
  } rows[] = {
      {"while true do end", SNT_VM_FUEL},
      {"repeat local f = function() end until false", SNT_VM_FUEL},
      {"for i = 1, math.huge do end", SNT_VM_FUEL},
      {"::a:: goto a", SNT_VM_FUEL},
      {"while true do pcall(function() while true do end end) end", SNT_VM_FUEL},
      {"pcall(function() while true do end end) return 'allow'", SNT_VM_FUEL},
      {"pcall(pcall, function() while true do end end) return 'allow'", SNT_VM_FUEL},
      {"local function f() pcall(f) f() end f()", SNT_VM_MEMORY}, /* the stack is one block */
      {"table.sort({1,2,3}, function() while true do end end)", SNT_VM_FUEL},
      {"(' '):gsub('.', function() while true do end end)", SNT_VM_FUEL},
      {"return ('x'):rep(100000):find(('.-'):rep(20) .. 'b')", SNT_VM_FUEL},
      {"return ('a'):rep(1000):match(('a*'):rep(20) .. 'b')", SNT_VM_FUEL},
      {"local s = ('x'):rep(500000) for i = 1, 1e9 do s:find('y', 1, true) end", SNT_VM_FUEL},
      {"local s = ('x'):rep(500000) for i = 1, 1e9 do s:upper() end", SNT_VM_FUEL},
      {"local s = ('x'):rep(500000) for i = 1, 1e9 do s:byte(1, 100) end", SNT_VM_FUEL},
      {"local s = ('x'):rep(200000) for i = 1, 1e9 do s:format() end", SNT_VM_FUEL},
      {"local t = {} for i = 1, 1e9 do t[i] = i end", SNT_VM_MEMORY}, /* so is a table's array */
      {"return ('x'):rep(1 << 21)", SNT_VM_MEMORY},
      {"return ('x'):rep(1 << 62)", SNT_VM_MEMORY},
      {"return ('x'):rep(1 << 62, ',')", SNT_VM_MEMORY},
      {"local s = 'x' while true do s = s .. s end", SNT_VM_MEMORY},
      {"pcall(function() local s = 'x' while true do s = s .. s end end) return 'allow'", SNT_VM_MEMORY},
      {"local p, t = ('x'):rep(1000), {} for i = 1, 100 do t[i] = p:rep(1000) .. i end", SNT_VM_MEMORY},
      {"local p, t = ('x'):rep(1000), {} for i = 1, 5 do t[i] = p:rep(900) .. i end return table.concat(t)",
       SNT_VM_MEMORY},
      {"local s = ('x'):rep(1100) return s:gsub('.', s)", SNT_VM_MEMORY},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_VM_AUTO struct snt_vm *vm = fixture_new();
    SNT_BUF_AUTO struct snt_buf reply = {0};
    enum snt_vm_result result = fixture_run(vm, rows[i].text, strlen(rows[i].text), FIXTURE_FUEL * 8, &reply);
    if (result != rows[i].result) {
      fail_msg("%s\n  ended with %d: %s", rows[i].text, (int)result, snt_buf_borrow(&reply));
    }
    assert_string_equal(snt_buf_borrow(&reply),
                        result == SNT_VM_FUEL ? "budget_exceeded:fuel" : "budget_exceeded:memory");
    assert_int_equal(fixture_run(vm, "return 1", 8, FIXTURE_FUEL, &reply), SNT_VM_OK); /* the state still works */
    assert_string_equal(snt_buf_borrow(&reply), "1");
  }
}

static void the_same_text_spends_the_same_fuel(void **state) {
  (void)state;
  static const char text[] = "local t = {} for i = 1, 500 do t['k' .. i] = i end local n = 0 "
                             "for k, v in pairs(t) do n = n + #k + v end return n";
  int64_t left[2] = {0};
  for (int i = 0; i < 2; i++) {
    SNT_VM_AUTO struct snt_vm *vm = fixture_new();
    SNT_BUF_AUTO struct snt_buf reply = {0};
    assert_int_equal(fixture_run(vm, text, sizeof text - 1, FIXTURE_FUEL, &reply), SNT_VM_OK);
    left[i] = vm->budget.fuel;
  }
  assert_true(left[0] == left[1]);
  assert_true(left[0] > 0 && left[0] < FIXTURE_FUEL);
}

static void a_failed_that_runs_out_too_is_no_answer(void **state) {
  (void)state;
  static const char *const bodies[] = {"while true do end", "error('x')", "return 1",
                                       "local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1000000) end"};
  for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
    char source[256];
    int n = snprintf(source, sizeof source,
                     "return { spin = function() while true do end end, failed = function() %s end }", bodies[i]);
    struct snt_stdlib_module module = {"sentinel.init", source, (size_t)n};
    SNT_VM_AUTO struct snt_vm *vm = NULL;
    SNT_BUF_AUTO struct snt_buf reply = {0};
    assert_ok(snt_vm_new_with((struct snt_stdlib){&module, 1}, &vm, NULL));
    assert_int_equal(snt_vm_call(vm, "spin", NULL, 0, FIXTURE_FUEL, &reply), SNT_VM_FAILED);
    assert_int_equal(reply.len, 0);
    assert_true(snt_vm_borrow_error(vm)[0] != '\0');
  }
}

static void a_stdlib_that_does_not_load_is_a_bug(void **state) {
  (void)state;
  static const char *const sources[] = {"return 1",
                                        "error('x')",
                                        "retrun {}",
                                        "return require('sentinel.absent')",
                                        "return require('sentinel.init')",
                                        "while true do end error"};
  for (size_t i = 0; i < 5; i++) {
    struct snt_stdlib_module module = {"sentinel.init", sources[i], strlen(sources[i])};
    struct snt_vm *vm = NULL;
    struct snt_err err = {0};
    assert_code(snt_vm_new_with((struct snt_stdlib){&module, 1}, &vm, &err), SNT_CODE_BUG);
    assert_null(vm);
    assert_true(snt_str_starts_with(err.message, "the stdlib does not load: "));
  }
  struct snt_vm *vm = NULL;
  assert_code(snt_vm_new_with((struct snt_stdlib){NULL, 0}, &vm, NULL), SNT_CODE_BUG);
}

static void policy_sees_the_allow_list_and_nothing_else(void **state) {
  (void)state;
  static const char *const absent[] = {"setmetatable", "getmetatable", "rawset",         "rawget",  "next", "load",
                                       "loadstring",   "loadfile",     "dofile",         "io",      "os",   "package",
                                       "debug",        "coroutine",    "collectgarbage", "print",   "warn", "xpcall",
                                       "_G",           "host",         "cjson",          "_VERSION"};
  SNT_VM_AUTO struct snt_vm *vm = fixture_new();
  for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
    char text[128], wanted[128];
    snprintf(text, sizeof text, "return %s", absent[i]);
    snprintf(wanted, sizeof wanted, "error: global \"%s\" does not exist*", absent[i]);
    fixture_expect(vm, text, wanted);
  }
  static const struct {
    const char *text, *wanted;
  } rows[] = {
      {"return string.dump", "nil"},
      {"return ('').dump", "nil"},
      {"return ('').pack", "nil"},
      {"return string.pack", "nil"},
      {"return table.move", "nil"},
      {"return math.random", "nil"},
      {"return math.randomseed", "nil"},
      {"string.upper = 1", "error: *"},
      {"math.pi = 3", "error: *"},
      {"table.insert(string, 1)", "error: *"},
      {"return tostring({})", "table"},
      {"return tostring(print_me)", "error: *"},
      {"return tostring(function() end)", "function"},
      {"return tostring(string)", "table"},
      {"return ('%s'):format(string.upper)", "function"},
      {"x = 1 return x", "1"},
      {"return x", "error: *"}, /* the environment of the run before is gone */
      {"return pcall(error, 'a')", "false"},
      {"return select(2, pcall(error, 'a'))", "a"},
      {"return ('x'):rep(3, ',')", "x,x,x"},
      {"return utf8.char(0x20ac)", "\xe2\x82\xac"},
      {"local t = {b = 1, a = 2, 3} local s = '' for k in pairs(t) do s = s .. k end return s", "1ab"},
      {"return 10 // 3", "3"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    fixture_expect(vm, rows[i].text, rows[i].wanted);
  }
}

static void zones_are_checked_before_they_are_added(void **state) {
  (void)state;
  SNT_VM_AUTO struct snt_vm *vm = fixture_new();
  char long_name[200];
  memset(long_name, 'a', sizeof long_name - 1);
  long_name[sizeof long_name - 1] = '\0';
  static const char zone[] = "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4"
                             "\0\0\0\0\0\0UTC\0"
                             "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4"
                             "\0\0\0\0\0\0UTC\0\nUTC0\n";
  assert_false(snt_vm_add_zone(vm, "", zone, sizeof zone - 1));
  assert_false(snt_vm_add_zone(vm, long_name, zone, sizeof zone - 1));
  assert_false(snt_vm_add_zone(vm, "Etc/Test", zone, sizeof zone - 2));
  assert_null(snt_vm_find_zone(vm, "Etc/Test"));
  assert_true(snt_vm_add_zone(vm, "Etc/Test", zone, sizeof zone - 1));
  assert_true(snt_vm_add_zone(vm, "Etc/Test", zone, sizeof zone - 1)); /* replaces */
  assert_non_null(snt_vm_find_zone(vm, "Etc/Test"));
  assert_null(vm->zones->next);
}

static void a_block_has_1_mib_at_most_and_all_have_48(void **state) {
  (void)state;
  static const struct {
    const char *text;
    enum snt_vm_result result;
  } rows[] = {
      {"return #('x'):rep((1 << 20) - 100)", SNT_VM_OK},
      {"return #('x'):rep(1 << 20)", SNT_VM_MEMORY},
      {"local t = {} for i = 1, 46 do t[i] = ('x'):rep((1 << 20) - 100 - i) end return #t", SNT_VM_OK},
      {"local t = {} for i = 1, 48 do t[i] = ('x'):rep((1 << 20) - 100 - i) end return #t", SNT_VM_MEMORY},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_VM_AUTO struct snt_vm *vm = fixture_new();
    SNT_BUF_AUTO struct snt_buf reply = {0};
    enum snt_vm_result result = fixture_run(vm, rows[i].text, strlen(rows[i].text), FIXTURE_FUEL * 40, &reply);
    if (result != rows[i].result) {
      fail_msg("%s\n  ended with %d: %s", rows[i].text, (int)result, snt_buf_borrow(&reply));
    }
  }
}

static void decide(bool is_rehearsed, struct snt_buf *reply) {
  static const char text[] = "version: \"1\"\nrules:\n  - {name: a, effect: allow, conditions: {users: [alice]}}\n";
  const struct snt_slice policy[] = {snt_slice_of("yaml"), snt_slice_of("p.yaml"), snt_slice_of(text),
                                     snt_slice_of("")};
  const struct snt_slice request[] = {
      snt_slice_of("{\"user\":{\"name\":\"alice\",\"kind\":\"user\"},\"profile\":\"dev\"}"), snt_slice_of("")};
  SNT_VM_AUTO struct snt_vm *vm = NULL;
  SNT_BUF_AUTO struct snt_buf other = {0};
  assert_ok(snt_vm_new(&vm, NULL));
  assert_int_equal(snt_vm_call(vm, "load", policy, 4, FIXTURE_FUEL, &other), SNT_VM_OK);
  assert_int_equal(snt_vm_call(vm, "link", NULL, 0, FIXTURE_FUEL, &other), SNT_VM_OK);
  if (is_rehearsed) {
    assert_int_equal(snt_vm_call(vm, "rehearse", NULL, 0, FIXTURE_FUEL, &other), SNT_VM_OK);
  }
  assert_int_equal(snt_vm_call(vm, "evaluate", request, 2, FIXTURE_FUEL, reply), SNT_VM_OK);
}

static void a_rehearsal_changes_no_decision(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf plain = {0};
  SNT_BUF_AUTO struct snt_buf rehearsed = {0};
  decide(false, &plain);
  decide(true, &rehearsed);
  assert_non_null(strstr(snt_buf_borrow(&plain), "\"effect\":\"allow\""));
  assert_string_equal(snt_buf_borrow(&plain), snt_buf_borrow(&rehearsed));
}

static void memory_is_given_back(void **state) {
  (void)state;
  SNT_VM_AUTO struct snt_vm *vm = fixture_new();
  SNT_BUF_AUTO struct snt_buf reply = {0};
  static const char text[] = "local t = {} for i = 1, 100 do t[1] = ('x'):rep(900000) .. i end return #t";
  assert_int_equal(fixture_run(vm, text, sizeof text - 1, 40000000, &reply), SNT_VM_OK);
  lua_gc(vm->L, LUA_GCCOLLECT);
  assert_true(vm->budget.used < 1u << 20);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_call_that_gives_no_string_is_no_answer),
      cmocka_unit_test(more_arguments_than_there_is_room_for_are_refused),
      cmocka_unit_test(loops_and_bombs_run_out_whatever_catches_them),
      cmocka_unit_test(the_same_text_spends_the_same_fuel),
      cmocka_unit_test(a_failed_that_runs_out_too_is_no_answer),
      cmocka_unit_test(a_stdlib_that_does_not_load_is_a_bug),
      cmocka_unit_test(policy_sees_the_allow_list_and_nothing_else),
      cmocka_unit_test(zones_are_checked_before_they_are_added),
      cmocka_unit_test(a_block_has_1_mib_at_most_and_all_have_48),
      cmocka_unit_test(a_rehearsal_changes_no_decision),
      cmocka_unit_test(memory_is_given_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
