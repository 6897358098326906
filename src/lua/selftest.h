/* lua/selftest (layer 3): is the interpreter that is linked one whose answers can be trusted? */
#ifndef SNT_LUA_SELFTEST_H
#define SNT_LUA_SELFTEST_H

#include <lua.h>
#include <stdbool.h>

/* False when a function with many constants computes a bitwise operation wrongly (Lua 5.4.0 to 5.4.6). Runs once per
 * state, when it is first asked: a policy that never needs to know does not pay. Memory errors of older versions that
 * only setmetatable reaches are out of reach of a policy and are not looked for. */
bool snt_selftest_is_sound(lua_State *L);

#endif
