/* What one decision costs inside a loaded VM, for policies of many sizes; the rule that decides is the last one. As in
 * a worker, which ends before there is anything to collect, no garbage is collected.
 *
 * usage: bench_decide [ROUNDS]        default: 5000 decisions for each figure
 *
 * The policies are made in a loop by Lua, as a user would make them: every rule names two profiles and three users. */
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua/vm_internal.h"
#include "measure.h"

enum { REPEATS = 9 };

static const char PREPARE[] =
    "local count, zone = ...\n"
    "local errors, reader = require 'sentinel.errors', require 'sentinel.reader'\n"
    "local engine, front = require 'sentinel.engine', require 'sentinel.lua_front'\n"
    "local time = zone and ', time = { days = { \"monday\" }, timezone = \"America/New_York\" }' or ''\n"
    "local source = ([[\n"
    "local s = require 'sentinel'\n"
    "local rules = {}\n"
    "for i = 1, %d do\n"
    "  rules[i] = s.rule('rule-' .. i) { effect = 'allow', max_duration = '1h', conditions = {\n"
    "    profiles = { 'profile-' .. i, 'other-' .. i }, users = { 'u' .. i, 'v' .. i, 'alice' } %s } }\n"
    "end\n"
    "return s.policy { version = '1', rules = rules }]]):format(count, time)\n"
    "local problems = errors.new('p.lua')\n"
    "local node, place = front.read(source, 'p.lua', problems)\n"
    "local policy = engine.compile(reader.read(node, place, problems, {}))\n"
    "assert(problems:is_empty(), problems.list[1] and problems.list[1].message)\n"
    "local request = { profile = 'profile-' .. count, user = { name = 'alice', kind = 'user' },\n"
    "  mode = 'cli', time = '2026-01-19T15:00:00Z', role_arn = 'arn:aws:iam::123456789012:role/R' }\n"
    "return function(n, how)\n"
    "  local decide, new_run, reply = engine[how], engine.new_run, nil\n"
    "  for _ = 1, n do reply = decide(policy, new_run(request)) end\n"
    "  assert(reply.effect == 'allow' and reply.rule_index == count - 1)\n"
    "end\n";

static void add_zone(struct snt_vm *vm) {
  static char data[65536];
  FILE *file = fopen("/usr/share/zoneinfo/America/New_York", "rb");
  size_t len = file == NULL ? 0 : fread(data, 1, sizeof data, file);
  if (file == NULL || !snt_vm_add_zone(vm, "America/New_York", data, len)) {
    fputs("bench_decide: America/New_York is not there; install tzdata\n", stderr);
    exit(1);
  }
  (void)fclose(file);
}

/* The function at the top decides n times; the median of some repeats, for one decision. */
static double measure(lua_State *L, const char *how, int n) {
  double us[REPEATS];
  for (int i = 0; i < REPEATS; i++) {
    double start = now_us();
    lua_pushvalue(L, -1);
    lua_pushinteger(L, n);
    lua_pushstring(L, how);
    if (lua_pcall(L, 2, 0, 0) != LUA_OK) {
      fprintf(stderr, "bench_decide: %s\n", lua_tostring(L, -1));
      exit(1);
    }
    us[i] = (now_us() - start) / n;
  }
  sort_doubles(us, REPEATS);
  return us[REPEATS / 2];
}

static void run(int rules, bool has_zone, int rounds) {
  struct snt_vm *vm = NULL;
  struct snt_err err = {0};
  if (!snt_ok(snt_vm_new(&vm, &err))) {
    fprintf(stderr, "bench_decide: %s\n", err.message);
    exit(1);
  }
  add_zone(vm);
  vm->budget.cap = (size_t)1 << 30;
  vm->budget.is_collecting = true; /* it says so, and does not */
  if (luaL_loadstring(vm->L, PREPARE) != LUA_OK) {
    exit(1);
  }
  lua_pushinteger(vm->L, rules);
  lua_pushboolean(vm->L, has_zone);
  if (lua_pcall(vm->L, 2, 1, 0) != LUA_OK) {
    fprintf(stderr, "bench_decide: %s\n", lua_tostring(vm->L, -1));
    exit(1);
  }
  double start = now_us();
  (void)measure(vm->L, "decide", 1); /* makes the index */
  double first = now_us() - start;
  double indexed = measure(vm->L, "decide", rounds);
  double scanned = measure(vm->L, "evaluate", rules > 1000 ? 5 : rounds / rules + 1);
  printf("  %6d rules%s  %8.2f us indexed, %10.2f us looking at every rule; index made in %.0f us\n", rules,
         has_zone ? ", a zone on each" : "                ", indexed, scanned, first);
  snt_vm_free(&vm);
}

/* Loading a YAML policy: parse, check, compile, index. */
static void load_yaml(int rules) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  double us[REPEATS];
  SNT_IGNORE(snt_buf_append_str(&text, "version: \"1\"\nrules:\n", NULL));
  for (int i = 0; i < rules; i++) {
    SNT_IGNORE(snt_buf_appendf(&text, NULL,
                               "  - {name: r-%d, effect: allow, max_duration: 1h, conditions: {profiles: [p-%d, q-%d], "
                               "users: [u%d, v%d, alice]}}\n",
                               i, i, i, i, i));
  }
  for (int i = 0; i < REPEATS; i++) {
    struct snt_vm *vm = NULL;
    SNT_BUF_AUTO struct snt_buf reply = {0};
    const struct snt_slice args[] = {
        snt_slice_of("yaml"), snt_slice_of("p.yaml"), {text.data, text.len}, snt_slice_of("indexed")};
    if (!snt_ok(snt_vm_new(&vm, NULL))) {
      exit(1);
    }
    double start = now_us();
    if (snt_vm_call(vm, "load", args, 3, 30000000, &reply) != SNT_VM_OK ||
        snt_vm_call(vm, "compile", NULL, 0, 30000000, &reply) != SNT_VM_OK ||
        snt_vm_call(vm, "link", args + 3, 1, 30000000, &reply) != SNT_VM_OK) {
      exit(1);
    }
    us[i] = (now_us() - start) / rules;
    snt_vm_free(&vm);
  }
  sort_doubles(us, REPEATS);
  printf("  %6d rules of YAML         %8.2f us a rule\n", rules, us[REPEATS / 2]);
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 5000;
  if (rounds < 1) {
    return 2;
  }
  static const int sizes[] = {10, 100, 1000, 10000};
  for (int zone = 0; zone < 2; zone++) {
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
      run(sizes[i], zone == 1, rounds);
    }
  }
  load_yaml(1000);
  return 0;
}
