/* What a function of policy consists of, for the stdlib that tells whether two of them are the same
 * (lua/stdlib/function_keys.lua).
 *
 * MUST
 *  1. only read: what is told of a function can neither be run nor changed. */
#include "lua/host.h"

#include "base/sha256.h"
#include "lua/lib.h"

struct dump {
  luaL_Buffer text;
  bool has_begun;
};

/* The buffer may put something on the stack, and the function has to be at the top when dumping begins. */
static int append(lua_State *L, const void *data, size_t len, void *context) {
  struct dump *dump = context;
  if (!dump->has_begun) {
    luaL_buffinit(L, &dump->text);
    dump->has_begun = true;
  }
  snt_lib_charge_bytes(L, len);
  luaL_addlstring(&dump->text, data, len);
  return 0;
}

int snt_host_code_of(lua_State *L) {
  struct dump dump = {.has_begun = false};
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  if (lua_iscfunction(L, 1) || lua_dump(L, append, &dump, 1) != 0 || !dump.has_begun) {
    return 0;
  }
  luaL_pushresult(&dump.text);
  return 1;
}

int snt_host_upvalue_of(lua_State *L) {
  lua_Integer number = luaL_checkinteger(L, 2);
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  lua_pushboolean(L, 1);
  if (number < 1 || number > 255 || lua_getupvalue(L, 1, (int)number) == NULL) {
    lua_pushboolean(L, 0);
    return 1;
  }
  return 2;
}

int snt_host_digest(lua_State *L) {
  char hex[SNT_SHA256_HEX_CAP];
  size_t len = 0;
  const char *text = luaL_checklstring(L, 1, &len);
  snt_lib_charge_bytes(L, len);
  snt_sha256_hex(text, len, hex);
  lua_pushstring(L, hex);
  return 1;
}
