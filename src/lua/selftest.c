#include "lua/selftest.h"

#include "lua/vm_internal.h"

#include <lauxlib.h>

#define CONSTANTS 260 /* an operand in an instruction has 8 bits */

static bool is_computed_rightly(lua_State *L) {
  luaL_Buffer text;
  luaL_buffinit(L, &text);
  luaL_addstring(&text, "local x = {");
  for (int i = 0; i < CONSTANTS; i++) {
    lua_pushfstring(L, "%d.5,", i);
    luaL_addvalue(&text);
  }
  luaL_addstring(&text, "} return (1 ~ (2 or 3)), (1 | (2 or 3)), (1 & (3 or 2)), (1 << (2 or 3))");
  luaL_pushresult(&text);
  size_t len = 0;
  const char *source = lua_tolstring(L, -1, &len);
  if (luaL_loadbufferx(L, source, len, "=selftest", "t") != LUA_OK || lua_pcall(L, 0, 4, 0) != LUA_OK) {
    return false;
  }
  static const lua_Integer wanted[] = {3, 3, 1, 4};
  bool is_right = true;
  for (int i = 0; i < 4; i++) {
    is_right = is_right && lua_isinteger(L, i - 4) && lua_tointeger(L, i - 4) == wanted[i];
  }
  return is_right;
}

bool snt_selftest_is_sound(lua_State *L) {
  struct snt_vm *vm = snt_vm_of(L);
  if (vm->selftest == SNT_SELFTEST_NOT_RUN) {
    int top = lua_gettop(L);
    luaL_checkstack(L, 10, NULL);
    vm->selftest = is_computed_rightly(L) ? SNT_SELFTEST_SOUND : SNT_SELFTEST_MISCOMPILES;
    lua_settop(L, top);
  }
  return vm->selftest == SNT_SELFTEST_SOUND;
}
