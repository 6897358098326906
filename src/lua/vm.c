/* MUST
 *  1. enter Lua only through lua_pcall, and test the sticky flag whatever it said;
 *  2. take nothing but a string for an answer, without metamethods;
 *  3. leave reply as it was unless the call ended in OK, FUEL or MEMORY. */
#include "lua/vm.h"

#include "lua/host.h"
#include "lua/sandbox.h"
#include "lua/trusted.h"
#include "lua/vm_internal.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAIN_MODULE "sentinel.init"
#define RESERVE_FUEL 500000
#define RESERVE_MEMORY ((size_t)4 << 20)
#define ARGS_MAX 8
#define ZONE_NAME_MAX 128

struct call {
  const char *name;
  const struct snt_slice *args;
  size_t n;
};

static int open_all(lua_State *L) {
  struct snt_vm *vm = snt_vm_of(L);
  snt_trusted_open(L);
  snt_sandbox_open(L);
  snt_host_open(L);
  snt_trusted_require(L, MAIN_MODULE);
  luaL_checktype(L, -1, LUA_TTABLE);
  vm->main_ref = luaL_ref(L, LUA_REGISTRYINDEX);
  return 0;
}

/* The error value raw: no __tostring of anyone is called. */
static void keep_error(struct snt_vm *vm, int status) {
  lua_State *L = vm->L;
  if (status == LUA_ERRMEM) {
    snprintf(vm->error, sizeof vm->error, "out of memory");
  } else if (lua_type(L, -1) == LUA_TSTRING) {
    snprintf(vm->error, sizeof vm->error, "%s", lua_tostring(L, -1));
  } else {
    snprintf(vm->error, sizeof vm->error, "error value is a %s", luaL_typename(L, -1));
  }
}

snt_status snt_vm_new_with(struct snt_stdlib stdlib, struct snt_vm **out, struct snt_err *err) {
  *out = NULL;
  SNT_VM_AUTO struct snt_vm *vm = calloc(1, sizeof *vm);
  if (vm == NULL) {
    return snt_fail_memory(err);
  }
  vm->budget.cap = SNT_MEMORY_CAP;
  vm->budget.block_cap = SNT_BLOCK_CAP;
  vm->budget.fuel = INT64_MAX;
  vm->stdlib = stdlib;
  vm->L = lua_newstate(snt_budget_alloc, &vm->budget);
  if (vm->L == NULL) {
    return snt_fail_memory(err);
  }
  *(struct snt_vm **)lua_getextraspace(vm->L) = vm;
  vm->budget.L = vm->L;
  (void)lua_gc(vm->L, LUA_GCSTOP); /* until there is something to collect: see lua/fuel.c */
  lua_pushcfunction(vm->L, open_all);
  int status = lua_pcall(vm->L, 0, 0, 0);
  if (status != LUA_OK) {
    keep_error(vm, status);
    return snt_fail(err, SNT_CODE_BUG, "the stdlib does not load: %s", vm->error);
  }
  *out = SNT_MOVE(vm);
  return snt_done();
}

snt_status snt_vm_new(struct snt_vm **out, struct snt_err *err) {
  return snt_vm_new_with(snt_stdlib_embedded, out, err);
}

static void free_zones(struct snt_vm *vm) {
  while (vm->zones != NULL) {
    struct snt_zone *zone = vm->zones;
    vm->zones = zone->next;
    snt_tz_free(&zone->tz);
    free(zone->name);
    free(zone);
  }
}

void snt_vm_free(struct snt_vm **vm) {
  if (vm == NULL || *vm == NULL) {
    return;
  }
  if ((*vm)->L != NULL) {
    lua_close((*vm)->L);
  }
  snt_pool_clear(&(*vm)->budget.pool);
  free_zones(*vm);
  free(*vm);
  *vm = NULL;
}

static int call_stdlib(lua_State *L) {
  const struct call *call = lua_touserdata(L, 1);
  lua_rawgeti(L, LUA_REGISTRYINDEX, snt_vm_of(L)->main_ref);
  lua_pushstring(L, call->name);
  if (lua_rawget(L, -2) != LUA_TFUNCTION) {
    return luaL_error(L, "the stdlib has no function \"%s\"", call->name);
  }
  for (size_t i = 0; i < call->n; i++) {
    lua_pushlstring(L, call->args[i].data, call->args[i].len);
  }
  lua_call(L, (int)call->n, 1);
  if (lua_type(L, -1) != LUA_TSTRING) {
    return luaL_error(L, "the stdlib's \"%s\" returned a %s, not a string", call->name, luaL_typename(L, -1));
  }
  return 1;
}

static enum snt_vm_result take_answer(struct snt_vm *vm, struct snt_buf *reply) {
  size_t len = 0;
  const char *answer = lua_tolstring(vm->L, -1, &len);
  if (!snt_ok(snt_buf_append(reply, answer, len, NULL))) {
    snprintf(vm->error, sizeof vm->error, "out of memory for the reply");
    return SNT_VM_FAILED;
  }
  return SNT_VM_OK;
}

/* Loading YAML that is not of a bundle, whose plugins have code, and compiling what was read, run the stdlib alone, in
 * time that is linear in the text, and its C functions charge as ever. The hook, which would double that time, is for
 * policy's own code. */
static bool is_plain(const struct call *call) {
  return strcmp(call->name, "compile") == 0 ||
         (strcmp(call->name, "load") == 0 && snt_slice_is(call->args[0], "yaml") &&
          (call->n == 3 || call->args[3].len == 0));
}

static enum snt_vm_result run(struct snt_vm *vm, struct call *call, int64_t fuel, struct snt_buf *reply) {
  lua_State *L = vm->L;
  lua_settop(L, 0);
  snt_fuel_arm(L, fuel, !is_plain(call));
  lua_pushcfunction(L, call_stdlib);
  lua_pushlightuserdata(L, call);
  int status = lua_pcall(L, 1, 1, 0);
  snt_fuel_disarm(L);
  enum snt_vm_result result = SNT_VM_FAILED;
  if (vm->budget.abort == SNT_ABORT_MEMORY || status == LUA_ERRMEM) {
    result = SNT_VM_MEMORY;
  } else if (vm->budget.abort == SNT_ABORT_FUEL) {
    result = SNT_VM_FUEL;
  } else if (status == LUA_OK) {
    result = take_answer(vm, reply);
  } else {
    keep_error(vm, status);
  }
  lua_settop(L, 0);
  return result;
}

static enum snt_vm_result run_failed(struct snt_vm *vm, enum snt_vm_result why, struct snt_buf *reply) {
  struct snt_slice args[] = {snt_slice_of("budget_exceeded"), snt_slice_of(why == SNT_VM_FUEL ? "fuel" : "memory")};
  struct call call = {.name = "failed", .args = args, .n = 2};
  vm->budget.cap += RESERVE_MEMORY;
  enum snt_vm_result result = run(vm, &call, RESERVE_FUEL, reply);
  vm->budget.cap -= RESERVE_MEMORY;
  if (result == SNT_VM_OK) {
    return why;
  }
  if (vm->error[0] == '\0') {
    snprintf(vm->error, sizeof vm->error, "the stdlib's \"failed\" ran out of its reserve");
  }
  return SNT_VM_FAILED;
}

enum snt_vm_result snt_vm_call(struct snt_vm *vm, const char *name, const struct snt_slice *args, size_t n,
                               int64_t fuel, struct snt_buf *reply) {
  vm->error[0] = '\0';
  if (n > ARGS_MAX) {
    snprintf(vm->error, sizeof vm->error, "more than %d arguments", ARGS_MAX);
    return SNT_VM_FAILED;
  }
  struct call call = {.name = name, .args = args, .n = n};
  enum snt_vm_result result = run(vm, &call, fuel, reply);
  return result == SNT_VM_FUEL || result == SNT_VM_MEMORY ? run_failed(vm, result, reply) : result;
}

const char *snt_vm_borrow_error(const struct snt_vm *vm) { return vm->error; }

const struct snt_tz *snt_vm_find_zone(const struct snt_vm *vm, const char *name) {
  for (const struct snt_zone *zone = vm->zones; zone != NULL; zone = zone->next) {
    if (strcmp(zone->name, name) == 0) {
      return zone->tz;
    }
  }
  return NULL;
}

static struct snt_zone *find_or_add_zone(struct snt_vm *vm, const char *name) {
  for (struct snt_zone *zone = vm->zones; zone != NULL; zone = zone->next) {
    if (strcmp(zone->name, name) == 0) {
      return zone;
    }
  }
  struct snt_zone *zone = calloc(1, sizeof *zone);
  char *copy = snt_str_dup(name);
  if (zone == NULL || copy == NULL) {
    free(zone);
    free(copy);
    return NULL;
  }
  *zone = (struct snt_zone){.next = vm->zones, .name = copy};
  vm->zones = zone;
  return zone;
}

void snt_vm_make_room(struct snt_vm *vm, size_t bytes, size_t block) {
  vm->budget.cap = vm->budget.used + bytes;
  vm->budget.block_cap = block;
}

void snt_vm_own_heap(struct snt_vm *vm) { snt_budget_own_heap(&vm->budget); }

bool snt_vm_add_zone(struct snt_vm *vm, const char *name, const char *data, size_t len) {
  if (name[0] == '\0' || strlen(name) > ZONE_NAME_MAX) {
    return false;
  }
  SNT_TZ_AUTO struct snt_tz *tz = NULL;
  if (!snt_tz_parse(data, len, &tz)) {
    return false;
  }
  struct snt_zone *zone = find_or_add_zone(vm, name);
  if (zone == NULL) {
    return false;
  }
  snt_tz_free(&zone->tz);
  zone->tz = SNT_MOVE(tz);
  return true;
}
