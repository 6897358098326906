/* lua/stdlib (layer 3): the modules of lua/stdlib/ as the build embedded them (cmake/Stdlib.cmake). */
#ifndef SNT_LUA_STDLIB_H
#define SNT_LUA_STDLIB_H

#include <stddef.h>

struct snt_stdlib_module {
  const char *name; /* "sentinel.conditions" for lua/stdlib/conditions.lua */
  const char *data; /* source, or bytecode of the very Lua that is linked */
  size_t len;
};

struct snt_stdlib {
  const struct snt_stdlib_module *modules;
  size_t count;
};

extern const struct snt_stdlib snt_stdlib_embedded;

#endif
