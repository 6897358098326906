/* Calls into a plugin: less fuel than the evaluation has left, a time, and an end that the plugin cannot catch. The
 * hook looks at the time while the plugin runs, so that a loop without an end is told as what it is. And the decisions
 * of a spec: each has what a decision has, and its end is not the end of the case.
 *
 * MUST
 *  1. give back to the evaluation what the plugin left of its fuel, and no more;
 *  2. hide neither the evaluation's own end of fuel or memory;
 *  3. go on after a decision without memory only when what it took is free again. */
#include "lua/host.h"

#include "base/clock.h"
#include "lua/fuel.h"
#include "lua/lockdown.h"
#include "lua/readonly.h"

#include <lauxlib.h>

int snt_host_suspend(lua_State *L) {
  struct snt_budget *budget = snt_budget_of(L);
  if (budget->abort == SNT_ABORT_NONE) {
    budget->abort = SNT_ABORT_SUSPENDED;
  }
  snt_fuel_check(L);
  return luaL_error(L, "a call that was suspended goes on");
}

/* How the call ended, in a word; what ends the evaluation too is raised. */
static const char *find_end(lua_State *L, int status, int64_t left_ms) {
  struct snt_budget *budget = snt_budget_of(L);
  if (status == LUA_ERRMEM && budget->abort == SNT_ABORT_NONE) {
    budget->abort = SNT_ABORT_MEMORY;
  }
  if (budget->abort == SNT_ABORT_SUSPENDED) {
    budget->abort = SNT_ABORT_NONE;
    return "suspended";
  }
  if (budget->abort == SNT_ABORT_FUEL && budget->fuel > 0) {
    budget->abort = SNT_ABORT_NONE;
    return "fuel";
  }
  if (budget->abort == SNT_ABORT_TIME) {
    budget->abort = SNT_ABORT_NONE; /* left_ms says so too */
  }
  snt_fuel_check(L);
  if (left_ms < 0) {
    return "time";
  }
  return status == LUA_OK ? "done" : "error";
}

int snt_host_run_limited(lua_State *L) {
  enum { FIXED = 2, RESULTS = 2 };
  struct snt_budget *budget = snt_budget_of(L);
  int64_t own = luaL_checkinteger(L, 1);
  int64_t limit_ms = luaL_checkinteger(L, FIXED);
  luaL_checktype(L, FIXED + 1, LUA_TFUNCTION);
  snt_readonly_forget_absent(L);
  int64_t before = budget->fuel;
  budget->fuel = own < before ? own : before;
  int64_t given = budget->fuel;
  int64_t end_ms = snt_clock_monotonic_ms() + limit_ms * SNT_LOCKDOWN_BUILD.patience;
  budget->end_ms = end_ms;
  int status = lua_pcall(L, lua_gettop(L) - FIXED - 1, RESULTS, 0);
  budget->end_ms = 0;
  budget->fuel = before - (given - budget->fuel);
  const char *end = find_end(L, status, end_ms - snt_clock_monotonic_ms());
  if (status != LUA_OK) {
    lua_pushnil(L);
  }
  lua_settop(L, FIXED + RESULTS);
  lua_pushstring(L, end);
  lua_replace(L, FIXED);
  return RESULTS + 1;
}

/* Whether there is room again, once garbage is gone, after a call that began with `before` bytes. */
static bool has_room_again(lua_State *L, struct snt_budget *budget, size_t before) {
  budget->abort = SNT_ABORT_NONE;
  (void)lua_gc(L, LUA_GCCOLLECT);
  return budget->abort == SNT_ABORT_NONE && budget->used < before + (budget->cap - before) / 4;
}

int snt_host_run_apart(lua_State *L) {
  enum { FIXED = 2, RESULTS = 1 };
  struct snt_budget *budget = snt_budget_of(L);
  const int64_t own = luaL_checkinteger(L, 1);
  const bool is_charged = lua_toboolean(L, 2);
  luaL_checktype(L, FIXED + 1, LUA_TFUNCTION);
  const int64_t before = budget->fuel;
  const size_t used = budget->used < budget->cap ? budget->used : budget->cap;
  const int64_t given = is_charged && before < own ? before : own;
  budget->fuel = given;
  int status = lua_pcall(L, lua_gettop(L) - FIXED - 1, RESULTS, 0);
  budget->fuel = is_charged ? before - (given - budget->fuel) : before;
  const char *end = NULL; /* of fuel or memory */
  if (budget->abort == SNT_ABORT_FUEL && budget->fuel > 0) {
    budget->abort = SNT_ABORT_NONE;
    end = "fuel";
  } else if (budget->abort == SNT_ABORT_MEMORY || status == LUA_ERRMEM) {
    budget->abort = has_room_again(L, budget, used) ? SNT_ABORT_NONE : SNT_ABORT_MEMORY;
    end = "memory";
  }
  snt_fuel_check(L);
  if (end != NULL) {
    lua_pushnil(L);
    lua_replace(L, FIXED + 1);
  }
  lua_pushstring(L, end != NULL ? end : status == LUA_OK ? "done" : "error");
  lua_replace(L, FIXED);
  lua_settop(L, FIXED + RESULTS);
  return RESULTS + 1;
}
