/* lua/lib (layer 3): the libraries that policy sees, one file per Lua table (policy.md, Sandbox).
 *
 * MUST, for every function
 *  1. charge fuel by the length of its work before it does it;
 *  2. read and write tables raw; read a read-only view through to its content, and never write one;
 *  3. show no address. */
#ifndef SNT_LUA_LIB_H
#define SNT_LUA_LIB_H

#include <lauxlib.h>
#include <lua.h>

/* What every call costs beside its instructions. */
#define SNT_LIB_CALL_COST 4
/* What each step of an iterator costs beside its instructions. */
#define SNT_LIB_STEP_COST 2
/* What raising and catching an error costs, and looking for the nearest of the names that exist. */
#define SNT_LIB_ERROR_COST 64
#define SNT_LIB_UNKNOWN_NAME_COST 200

/* Each is the list of the functions of one table, ending with {NULL, NULL}. */
extern const luaL_Reg snt_lib_base[];
extern const luaL_Reg snt_lib_string[];
extern const luaL_Reg snt_lib_table[];
extern const luaL_Reg snt_lib_utf8[];
/* Pushes `math`: Lua's own functions, which all take constant time, without the random ones. */
void snt_lib_math_push(lua_State *L);

/* `pcall` that does not hold the sticky flag, and `tostring`. The stdlib has them too. */
int snt_lib_pcall(lua_State *L);
int snt_lib_tostring(lua_State *L);
/* `pairs`: integer keys ascending, then strings in byte order. */
int snt_lib_pairs(lua_State *L);
/* string.format (lib_format.c) and the pattern functions (lib_pattern.c). */
int snt_lib_format(lua_State *L);
int snt_lib_find(lua_State *L);
int snt_lib_match(lua_State *L);
int snt_lib_gmatch(lua_State *L);
int snt_lib_gsub(lua_State *L);

/* Pushes the text of any value, without addresses and metamethods: "table" for a table. */
const char *snt_lib_push_text(lua_State *L, int index, size_t *len);
/* Start and end as string.sub counts them: a position from 1 on, negative from the end. */
size_t snt_lib_start_of(lua_Integer position, size_t len);
size_t snt_lib_end_of(lua_Integer position, size_t len);
/* Charges for reading len bytes. */
void snt_lib_charge_bytes(lua_State *L, size_t len);
/* Charges for making a text of the value, when it is a number: the digits of a float take long. */
void snt_lib_charge_number(lua_State *L, int index);
/* luaL_checklstring, with the charge for a number that becomes a text. */
const char *snt_lib_check_text(lua_State *L, int index, size_t *len);
/* Charges for comparing the values at both indices, when they are strings. */
void snt_lib_charge_comparison(lua_State *L, int a, int b);

#endif
