/* lua/sandbox (layer 3): the allow list of policy.md, and the environments made from it. */
#ifndef SNT_LUA_SANDBOX_H
#define SNT_LUA_SANDBOX_H

#include <lua.h>

/* Builds the names once per state, and gives strings their metatable. */
void snt_sandbox_open(lua_State *L);
/* Pushes a fresh environment: the allow list's names, and those of the table at extra (0: none). Reading a name that
 * does not exist raises; assigning makes a name of this environment alone. */
void snt_sandbox_push_env(lua_State *L, int extra);

#endif
