#include "lua/lib.h"

#include <lualib.h>

static const char *const names[] = {"abs",  "acos", "asin", "atan", "ceil",       "cos",  "deg",        "exp",  "floor",
                                    "fmod", "huge", "log",  "max",  "maxinteger", "min",  "mininteger", "modf", "pi",
                                    "rad",  "sin",  "sqrt", "tan",  "tointeger",  "type", "ult"};

void snt_lib_math_push(lua_State *L) {
  lua_newtable(L);
  lua_pushcfunction(L, luaopen_math);
  lua_call(L, 0, 1);
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    lua_getfield(L, -1, names[i]);
    lua_setfield(L, -3, names[i]);
  }
  lua_pop(L, 1);
}
