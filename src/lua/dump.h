/* lua/dump (layer 3): what the bytecode of a function says of it. Lua's own compiler wrote it: policy is never loaded
 * from bytecode. */
#ifndef SNT_LUA_DUMP_H
#define SNT_LUA_DUMP_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

/* The constants of the Lua function at the top of the stack and of all within it; more than 1 << 20 when its dump is
 * not understood. */
size_t snt_dump_count_constants(lua_State *L);
/* Whether every instruction of the Lua function at the top of the stack that may read `key` right after one that may
 * read `field` reads it of what that one found, and there is such a pair. False when its dump is not understood, or
 * larger than 256 KiB. bytes: how much there was to read. Raises nothing. */
bool snt_dump_reads_below(lua_State *L, const char *field, const char *key, size_t *bytes);

#endif
