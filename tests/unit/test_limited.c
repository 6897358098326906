#include "lua_fixture.h"

/* run(text, fuel, ms): how a call of the text ended and what it gave; the text may call suspend(). */
static const char source[] =
    "local M = {}\n"
    "function M.run(text, fuel, ms)\n"
    "  local f = assert(host.compile(text, '=test', host.sandbox_env({ suspend = host.suspend })))\n"
    "  local how, a, b = host.run_limited(tonumber(fuel), tonumber(ms), f)\n"
    "  return how .. ' ' .. host.error_text(a == nil and 'nil' or tostring(a)) .. ' ' .. tostring(b)\n"
    "end\n"
    "function M.often(text)\n"
    "  local f = assert(host.compile(text, '=test', host.sandbox_env()))\n"
    "  local count = 0\n"
    "  while count < 1000 do host.run_limited(50000, 10000, f) count = count + 1 end\n"
    "  return 'all'\n"
    "end\n"
    "local kept = {}\n"
    "function M.apart(text, fuel, is_charged, times)\n"
    "  local f = assert(host.compile(text, '=test', host.sandbox_env({ kept = kept })))\n"
    "  local told = {}\n"
    "  for i = 1, tonumber(times) do\n"
    "    local how, value = host.run_apart(tonumber(fuel), is_charged == 'charged', f)\n"
    "    told[i] = how .. (value == nil and '' or ' ' .. host.error_text(tostring(value)))\n"
    "  end\n"
    "  return table.concat(told, ', ')\n"
    "end\n"
    "function M.failed(class, what) return class .. ':' .. what end\n"
    "return M\n";
static const struct snt_stdlib_module modules[] = {{"sentinel.init", source, sizeof source - 1}};
static const struct snt_stdlib stdlib = {modules, 1};

static enum snt_vm_result call(const char *name, const char *text, const char *fuel, const char *ms,
                               struct snt_buf *reply) {
  SNT_VM_AUTO struct snt_vm *vm = NULL;
  assert_ok(snt_vm_new_with(stdlib, &vm, NULL));
  struct snt_slice args[] = {snt_slice_of(text), snt_slice_of(fuel), snt_slice_of(ms)};
  enum snt_vm_result result = snt_vm_call(vm, name, args, 3, FIXTURE_FUEL, reply);
  if (result == SNT_VM_FAILED) {
    fail_msg("%s: %s", text, snt_vm_borrow_error(vm));
  }
  return result;
}

static void a_call_tells_how_it_ended(void **state) {
  (void)state;
  static const struct {
    const char *text, *fuel, *ms, *wanted;
  } rows[] = {
      {"return true, 'why'", "1000", "10000", "done true why"},
      {"return 1, 2, 3", "1000", "10000", "done 1 2"},
      {"return", "1000", "10000", "done nil nil"},
      {"error('no', 0)", "1000", "10000", "error no nil"},
      {"while true do end", "5000", "10000", "fuel*"},
      {"while true do pcall(error) end", "5000", "10000", "fuel*"},
      {"suspend()", "5000", "10000", "suspended*"},
      {"pcall(suspend) return true", "5000", "10000", "suspended*"},
      {"pcall(pcall, suspend) return true", "5000", "10000", "suspended*"},
      {"for i = 1, 1000 do pcall(suspend) end return true", "50000", "10000", "suspended*"},
      {"return true", "1000", "-1", "time*"},
      {"while true do end", "500000", "-1", "time*"},
      {"while true do pcall(error) end", "500000", "-1", "time*"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_BUF_AUTO struct snt_buf reply = {0};
    assert_int_equal(call("run", rows[i].text, rows[i].fuel, rows[i].ms, &reply), SNT_VM_OK);
    size_t len = strcspn(rows[i].wanted, "*");
    if (strncmp(snt_buf_borrow(&reply), rows[i].wanted, len) != 0) {
      fail_msg("%s gives %s, not %s", rows[i].text, snt_buf_borrow(&reply), rows[i].wanted);
    }
  }
}

static void what_ends_the_evaluation_is_not_hidden_by_a_limit(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf reply = {0};
  assert_int_equal(call("run", "while true do end", "100000000", "10000", &reply), SNT_VM_FUEL);
  assert_int_equal(call("run", "pcall(('x').rep, 'x', 1 << 40) while true do end", "100000000", "-1", &reply),
                   SNT_VM_MEMORY);
  assert_int_equal(call("run", "local t = {} for i = 1, 1e9 do t[i] = i end", "100000000", "10000", &reply),
                   SNT_VM_MEMORY);
  assert_int_equal(
      call("run", "pcall(function() return ('x'):rep(1 << 40) end) return true", "100000", "10000", &reply),
      SNT_VM_MEMORY);
  snt_buf_reset(&reply);
  /* A thousand calls of 50,000 are more than the million that there is. */
  assert_int_equal(call("often", "while true do end", "", "", &reply), SNT_VM_FUEL);
  assert_string_equal(snt_buf_borrow(&reply), "budget_exceeded:fuel");
  snt_buf_reset(&reply);
  assert_int_equal(call("often", "return true", "", "", &reply), SNT_VM_OK);
}

static enum snt_vm_result call_apart(const char *text, const char *fuel, const char *how, const char *times,
                                     struct snt_buf *reply) {
  SNT_VM_AUTO struct snt_vm *vm = NULL;
  assert_ok(snt_vm_new_with(stdlib, &vm, NULL));
  struct snt_slice args[] = {snt_slice_of(text), snt_slice_of(fuel), snt_slice_of(how), snt_slice_of(times)};
  snt_buf_reset(reply);
  return snt_vm_call(vm, "apart", args, 4, FIXTURE_FUEL, reply);
}

static void a_call_apart_has_its_own_fuel_and_gives_its_memory_back(void **state) {
  (void)state;
  static const char filling[] = "local t = {} for i = 1, 1e9 do t[i] = (('x'):rep(100)):rep(10000) end";
  static const struct {
    const char *text, *fuel, *how, *times, *wanted;
  } rows[] = {
      {"return 5", "1000", "", "2", "done 5, done 5"},
      {"error('no', 0)", "1000", "", "1", "error no"},
      {"while true do end", "900000", "", "3", "fuel, fuel, fuel"},
      {"while true do pcall(error) end", "900000", "", "2", "fuel, fuel"},
      {"while true do end", "5000", "charged", "3", "fuel, fuel, fuel"},
      {filling, "100000000", "", "2", "memory, memory"},
      {"return pcall(function() local t = {} for i = 1, 1e9 do t[i] = i end end)", "100000000", "", "1", "memory"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_BUF_AUTO struct snt_buf reply = {0};
    assert_int_equal(call_apart(rows[i].text, rows[i].fuel, rows[i].how, rows[i].times, &reply), SNT_VM_OK);
    assert_string_equal(snt_buf_borrow(&reply), rows[i].wanted);
  }
}

static void what_a_call_apart_keeps_or_is_charged_for_ends_all(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf reply = {0};
  static const char keeping[] = "for i = 1, 1e9 do kept[i] = (('x'):rep(100)):rep(10000) end";
  assert_int_equal(call_apart(keeping, "100000000", "", "1", &reply), SNT_VM_MEMORY);
  assert_string_equal(snt_buf_borrow(&reply), "budget_exceeded:memory");
  assert_int_equal(call_apart("while true do end", "900000", "charged", "3", &reply), SNT_VM_FUEL);
  assert_int_equal(call_apart("while true do end", "100000000", "charged", "1", &reply), SNT_VM_FUEL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_call_tells_how_it_ended),
      cmocka_unit_test(what_ends_the_evaluation_is_not_hidden_by_a_limit),
      cmocka_unit_test(a_call_apart_has_its_own_fuel_and_gives_its_memory_back),
      cmocka_unit_test(what_a_call_apart_keeps_or_is_charged_for_ends_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
