/* MUST
 *  1. put into an environment only what is listed in lua/lib.h: copies of names, never a table of the stdlib;
 *  2. show every shared table as a read-only view;
 *  3. give strings the same safe functions, so that ("x"):f() finds nothing more. */
#include "lua/sandbox.h"

#include "base/str.h"
#include "lua/lib.h"
#include "lua/readonly.h"
#include "lua/vm_internal.h"

#include <lauxlib.h>

#define NAMES_MAX 128

static int raise_unknown_global(lua_State *L) {
  snt_fuel_spend(L, SNT_LIB_UNKNOWN_NAME_COST);
  const char *names[NAMES_MAX + 1];
  size_t n = 0;
  lua_settop(L, 2);
  for (lua_pushnil(L); lua_next(L, 1) != 0 && n < NAMES_MAX; lua_pop(L, 1)) {
    if (lua_type(L, -2) == LUA_TSTRING && lua_rawlen(L, -2) <= 64) {
      names[n++] = lua_tostring(L, -2);
    }
  }
  names[n] = NULL;
  const char *key = snt_readonly_push_quoted(L, 2);
  const char *nearest = key[0] == '"' ? snt_str_nearest(lua_tostring(L, 2), names) : NULL;
  if (nearest != NULL) {
    return luaL_error(L, "global %s does not exist; did you mean \"%s\"?", key, nearest);
  }
  return luaL_error(L, "global %s does not exist", key);
}

static void push_functions(lua_State *L, const luaL_Reg *functions) {
  lua_newtable(L);
  luaL_setfuncs(L, functions, 0);
}

/* The table at the top becomes the names' read-only `name`. */
static void add_library(lua_State *L, int names, const char *name) {
  snt_readonly_push(L, -1, name, 0);
  lua_setfield(L, names, name);
  lua_pop(L, 1);
}

/* The safe string table is at the top. Arithmetic on numerals ("10" + 1) stays Lua's own. */
static void set_string_metatable(lua_State *L) {
  lua_pushliteral(L, "");
  lua_getmetatable(L, -1);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_pushliteral(L, "protected");
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 2);
}

static void push_utf8(lua_State *L) {
  push_functions(L, snt_lib_utf8);
  lua_pushlstring(L, "[\0-\x7F\xC2-\xFD][\x80-\xBF]*", 14);
  lua_setfield(L, -2, "charpattern");
}

void snt_sandbox_open(lua_State *L) {
  push_functions(L, snt_lib_string);
  set_string_metatable(L);
  lua_pop(L, 1);
}

/* What environments are made of; policies in YAML need none. */
static void make_names(lua_State *L) {
  struct snt_vm *vm = snt_vm_of(L);
  push_functions(L, snt_lib_base);
  int names = lua_gettop(L);
  push_functions(L, snt_lib_string);
  add_library(L, names, "string");
  push_functions(L, snt_lib_table);
  add_library(L, names, "table");
  push_utf8(L);
  add_library(L, names, "utf8");
  snt_lib_math_push(L);
  add_library(L, names, "math");
  vm->names_ref = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_createtable(L, 0, 2);
  lua_pushcfunction(L, raise_unknown_global);
  lua_setfield(L, -2, "__index");
  lua_pushliteral(L, "protected");
  lua_setfield(L, -2, "__metatable");
  vm->env_meta_ref = luaL_ref(L, LUA_REGISTRYINDEX);
}

static void copy_names(lua_State *L, int from, int to) {
  for (lua_pushnil(L); lua_next(L, from) != 0; lua_settop(L, -2)) {
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -2);
    lua_rawset(L, to);
  }
}

void snt_sandbox_push_env(lua_State *L, int extra) {
  struct snt_vm *vm = snt_vm_of(L);
  int from = extra == 0 ? 0 : lua_absindex(L, extra);
  if (vm->names_ref == 0) {
    make_names(L);
  }
  lua_createtable(L, 0, 32);
  int env = lua_gettop(L);
  lua_rawgeti(L, LUA_REGISTRYINDEX, vm->names_ref);
  copy_names(L, env + 1, env);
  if (from != 0) {
    copy_names(L, from, env);
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, vm->env_meta_ref);
  lua_setmetatable(L, env);
  lua_settop(L, env);
}
