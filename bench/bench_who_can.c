/* Who can get in, against random evaluation: bench/who_can.lua in fresh VMs, until so many requests were decided. Ends
 * with 1 when an answer is contradicted.
 *
 * usage: bench_who_can [REQUESTS]        default: 1000000, 500 for each policy */
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "lua/vm_internal.h"
#include "measure.h"

enum { POLICIES = 20, REQUESTS_OF_ONE = 500, VM_BYTES = 1 << 30 };

/* The numbers that who_can.lua tells, in its order. */
enum {
  N_POLICIES,
  N_WAYS,
  N_INEXACT,
  N_REQUESTS,
  N_ALLOWED,
  N_COVERED,
  N_PAIRS,
  N_ALIKE,
  N_COMPARED,
  N_CHANGES,
  N_DIFFERING,
  N_UNSURE,
  N_BAD,
  N_COUNT
};

static _Noreturn void give_up(const char *what) {
  fprintf(stderr, "bench_who_can: %s\n", what);
  exit(1);
}

static void add_zones(struct snt_vm *vm) {
  static const char *const zones[] = {"America/New_York", "Pacific/Kiritimati", "Australia/Lord_Howe"};
  for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
    char path[128];
    SNT_BUF_AUTO struct snt_buf data = {0};
    (void)snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", zones[i]);
    if (!snt_ok(snt_file_read(path, SNT_FILE_ANY, 65536, &data, NULL)) ||
        !snt_vm_add_zone(vm, zones[i], data.data, data.len)) {
      give_up("the time zones are not there; install tzdata");
    }
  }
}

/* One VM's policies and requests, added to the totals. */
static void run(const char *source, long long seed, long long totals[static N_COUNT]) {
  struct snt_vm *vm = NULL;
  struct snt_err err = {0};
  if (!snt_ok(snt_vm_new(&vm, &err))) {
    give_up(err.message);
  }
  add_zones(vm);
  vm->budget.cap = VM_BYTES;
  snt_fuel_arm(vm->L, INT64_MAX, true);
  if (luaL_loadstring(vm->L, source) != LUA_OK) {
    give_up(lua_tostring(vm->L, -1));
  }
  lua_pushinteger(vm->L, POLICIES);
  lua_pushinteger(vm->L, REQUESTS_OF_ONE);
  lua_pushinteger(vm->L, seed);
  bool is_done = lua_pcall(vm->L, 3, 1, 0) == LUA_OK;
  const char *text = lua_tostring(vm->L, -1);
  if (!is_done || text == NULL) {
    give_up(text == NULL ? "it ran out of memory" : text);
  }
  const char *at = text;
  for (int i = 0; i < N_COUNT; i++) {
    at += strcspn(at, "0123456789");
    char *end = NULL;
    totals[i] += strtoll(at, &end, 10);
    at = end;
  }
  if (strchr(text, '\n') != NULL) {
    puts(text);
  }
  snt_vm_free(&vm);
}

int main(int argc, char **argv) {
  long long wanted = argc > 1 ? atoll(argv[1]) : 1000000;
  long long totals[N_COUNT] = {0};
  struct snt_err err = {0};
  SNT_BUF_AUTO struct snt_buf source = {0};
  if (wanted < 1) {
    return 2;
  }
  if (!snt_ok(snt_file_read(BENCH_FOLDER "/who_can.lua", SNT_FILE_ANY, 65536, &source, &err))) {
    give_up(err.message);
  }
  double start = now_us();
  for (long long seed = 1; totals[N_REQUESTS] < wanted; seed++) {
    run(snt_buf_borrow(&source), seed, totals);
  }
  printf("  %lld policies, %lld ways in (%lld answers not exact)\n", totals[N_POLICIES], totals[N_WAYS],
         totals[N_INEXACT]);
  printf("  %lld random requests: %lld allowed, %lld of them by a way that was told\n", totals[N_REQUESTS],
         totals[N_ALLOWED], totals[N_COVERED]);
  printf("  %lld pairs of policies: %lld said to decide alike, %lld requests agree\n", totals[N_PAIRS], totals[N_ALIKE],
         totals[N_COMPARED]);
  printf("  %lld changes of access (%lld pairs not exact); %lld requests that differ agree with them\n",
         totals[N_CHANGES], totals[N_UNSURE], totals[N_DIFFERING]);
  printf("  %lld contradictions; %.1f s\n", totals[N_BAD], (now_us() - start) / 1e6);
  return totals[N_BAD] == 0 && totals[N_COVERED] > 0 ? 0 : 1;
}
