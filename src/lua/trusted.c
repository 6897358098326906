#include "lua/trusted.h"

#include "base/str.h"
#include "lua/lib.h"
#include "lua/vm_internal.h"

#include <lauxlib.h>
#include <lualib.h>
#include <string.h>

#define MODULE_PREFIX "sentinel."

/* Not given even to the stdlib: what reaches outside, loads code, swallows the sticky flag or is not repeatable. */
static const char *const removed_globals[] = {"dofile", "loadfile", "load",  "collectgarbage",
                                              "print",  "warn",     "xpcall"};

static const struct {
  const char *name;
  lua_CFunction open;
} libraries[] = {{"string", luaopen_string}, {"table", luaopen_table}, {"math", luaopen_math}, {"utf8", luaopen_utf8}};

static void remove_field(lua_State *L, const char *library, const char *name) {
  lua_getglobal(L, library);
  lua_pushnil(L);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
}

static const struct snt_stdlib_module *find_module(lua_State *L, const char *name) {
  const struct snt_stdlib *stdlib = &snt_vm_of(L)->stdlib;
  for (size_t i = 0; i < stdlib->count; i++) {
    if (strcmp(stdlib->modules[i].name, name) == 0) {
      return &stdlib->modules[i];
    }
  }
  return NULL;
}

static void load_module(lua_State *L, const char *name) {
  const struct snt_stdlib_module *module = find_module(L, name);
  if (module == NULL) {
    luaL_error(L, "the stdlib has no module \"%s\"", name);
    return;
  }
  const char *stem = snt_str_starts_with(name, MODULE_PREFIX) ? name + strlen(MODULE_PREFIX) : name;
  const char *chunk = lua_pushfstring(L, SNT_TRUSTED_CHUNK_PREFIX "%s.lua", stem);
  if (luaL_loadbufferx(L, module->data, module->len, chunk, NULL) != LUA_OK) {
    lua_error(L);
  }
  lua_remove(L, -2);
}

void snt_trusted_require(lua_State *L, const char *name) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, snt_vm_of(L)->loaded_ref);
  int loaded = lua_gettop(L);
  int type = lua_getfield(L, loaded, name);
  if (type == LUA_TBOOLEAN) {
    luaL_error(L, "module \"%s\" requires itself", name);
  }
  if (type == LUA_TNIL) {
    lua_pop(L, 1);
    lua_pushboolean(L, 0);
    lua_setfield(L, loaded, name);
    load_module(L, name);
    lua_pushstring(L, name);
    lua_call(L, 1, 1);
    if (!lua_istable(L, -1)) {
      luaL_error(L, "module \"%s\" does not return a table", name);
    }
    lua_pushvalue(L, -1);
    lua_setfield(L, loaded, name);
  }
  lua_remove(L, loaded);
}

static int trusted_require(lua_State *L) {
  snt_trusted_require(L, luaL_checkstring(L, 1));
  return 1;
}

void snt_trusted_open(lua_State *L) {
  lua_newtable(L);
  snt_vm_of(L)->loaded_ref = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_pushcfunction(L, luaopen_base);
  lua_call(L, 0, 0);
  for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++) {
    lua_pushcfunction(L, libraries[i].open);
    lua_call(L, 0, 1);
    lua_setglobal(L, libraries[i].name);
  }
  for (size_t i = 0; i < sizeof removed_globals / sizeof removed_globals[0]; i++) {
    lua_pushnil(L);
    lua_setglobal(L, removed_globals[i]);
  }
  remove_field(L, "math", "random");
  remove_field(L, "math", "randomseed");
  remove_field(L, "string", "dump");
  lua_pushcfunction(L, snt_lib_pcall);
  lua_setglobal(L, "pcall");
  lua_pushcfunction(L, snt_lib_tostring);
  lua_setglobal(L, "tostring");
  lua_pushcfunction(L, trusted_require);
  lua_setglobal(L, "require");
}
