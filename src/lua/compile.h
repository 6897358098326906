/* lua/compile (layer 3): text of a policy or plugin to a function. */
#ifndef SNT_LUA_COMPILE_H
#define SNT_LUA_COMPILE_H

#include <lua.h>

#include "base/str.h"

/* What a look at the words of a text finds. */
struct snt_lua_words {
  bool has_env;     /* the name _ENV, outside of strings and comments */
  bool has_bitwise; /* & | ~ << >> */
  int env_line;
};

struct snt_lua_words snt_compile_scan(const char *text, size_t len);
/* Pushes the function, or nil and a message. Text only; refuses the name _ENV and, where the interpreter miscompiles,
 * more than 200 constants beside a bitwise operator. env is a stack index. */
int snt_compile(lua_State *L, struct snt_slice text, const char *chunk, int env);

#endif
