/* For the tests of src/lua: a VM whose stdlib is a few lines, and the interpreter's own libraries to compare with. */
#ifndef SNT_TESTS_LUA_FIXTURE_H
#define SNT_TESTS_LUA_FIXTURE_H

#include "check.h"

#include <stdio.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "lua/vm_internal.h"

#define FIXTURE_FUEL 1000000

/* run(text) answers what the text returns, run as policy code is; the other functions misbehave in one way each. */
static const char fixture_source[] =
    "local M = {}\n"
    "function M.run(text)\n"
    "  local f, why = host.compile(text, '=test', host.sandbox_env())\n"
    "  if not f then return 'refused: ' .. why end\n"
    "  local ok, value = host.pcall(f)\n"
    "  if not ok then return 'error: ' .. host.error_text(value):gsub('^test:1: ', '') end\n"
    "  return type(value) == 'table' and 'a table' or tostring(value)\n"
    "end\n"
    "function M.echo(...) return table.concat({ ... }, '|') end\n"
    "function M.raise() error('on purpose', 0) end\n"
    "function M.raise_table() error({}) end\n"
    "function M.number() return 7 end\n"
    "function M.nothing() end\n"
    "function M.spin() while true do end end\n"
    "function M.failed(class, what) return class .. ':' .. what end\n"
    "return M\n";

static const struct snt_stdlib_module fixture_modules[] = {
    {"sentinel.init", fixture_source, sizeof fixture_source - 1}};
static const struct snt_stdlib fixture_stdlib = {fixture_modules, 1};

static inline struct snt_vm *fixture_new(void) {
  struct snt_vm *vm = NULL;
  struct snt_err err = {0};
  if (!snt_ok(snt_vm_new_with(fixture_stdlib, &vm, &err))) {
    fail_msg("%s", err.message);
  }
  return vm;
}

/* Runs text as policy code; reply is its result as text. */
static inline enum snt_vm_result fixture_run(struct snt_vm *vm, const char *text, size_t len, int64_t fuel,
                                             struct snt_buf *reply) {
  struct snt_slice args[] = {{text, len}};
  snt_buf_reset(reply);
  return snt_vm_call(vm, "run", args, 1, fuel, reply);
}

/* Fails the test unless the text's result is wanted, or begins with it where wanted ends with '*'. */
static inline void fixture_expect(struct snt_vm *vm, const char *text, const char *wanted) {
  SNT_BUF_AUTO struct snt_buf reply = {0};
  enum snt_vm_result result = fixture_run(vm, text, strlen(text), FIXTURE_FUEL, &reply);
  if (result == SNT_VM_FAILED) {
    fail_msg("%s: %s", text, snt_vm_borrow_error(vm));
  }
  size_t len = strlen(wanted);
  bool is_prefix = len > 0 && wanted[len - 1] == '*' && len > 1;
  const char *got = snt_buf_borrow(&reply);
  if (is_prefix ? strncmp(got, wanted, len - 1) != 0 : strcmp(got, wanted) != 0) {
    fail_msg("%s\n  gives  %s\n  not    %s", text, got, wanted);
  }
}

/* A small generator of numbers that is the same everywhere. */
static inline uint32_t fixture_random(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(*state >> 33);
}

#endif
