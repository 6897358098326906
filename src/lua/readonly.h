/* lua/readonly (layer 3): read-only views of plain tables.
 *
 * A view is an empty table whose metatable holds a copy of the content, nested tables being views themselves. */
#ifndef SNT_LUA_READONLY_H
#define SNT_LUA_READONLY_H

#include <lua.h>
#include <stdbool.h>

/* Pushes a view of the table at index; tables in it that have a metatable are kept as they are. fields: 0, or the stack
 * index of the names that may be read, {name = true | the fields of the table below}; any other name then raises, an
 * absent one reads as nil, and so does what the next instruction reads below it (`request.mfa.at`). */
void snt_readonly_push(lua_State *L, int index, const char *name, int fields);
/* Puts the content in the place of a view at index; other values stay. For reading only: it is what the view shows. */
void snt_readonly_open(lua_State *L, int index);
/* Raises unless the value at index is a table that may be read, and opens it. */
void snt_readonly_check_table(lua_State *L, int index);
/* Raises unless the value at index is a table that may be changed. */
void snt_readonly_check_writable(lua_State *L, int index);
/* Pushes a key or name as it should stand in a message: short, printable, quoted. */
const char *snt_readonly_push_quoted(lua_State *L, int index);
/* What one function found absent is not told to the next. */
void snt_readonly_forget_absent(lua_State *L);

#endif
