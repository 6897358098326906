/* lua/trusted (layer 3): the environment of the stdlib: Lua's libraries without files, processes and loading, and a
 * `require` over the embedded modules. Policy never sees it. */
#ifndef SNT_LUA_TRUSTED_H
#define SNT_LUA_TRUSTED_H

#include <lua.h>

/* Opens the libraries into the state's globals. */
void snt_trusted_open(lua_State *L);
/* Pushes the module, loading it the first time; raises when there is none of that name. */
void snt_trusted_require(lua_State *L, const char *name);
/* The sources of the stdlib are named "@sentinel/<module>.lua". */
#define SNT_TRUSTED_CHUNK_PREFIX "@sentinel/"

#endif
