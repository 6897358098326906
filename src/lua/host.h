/* lua/host (layer 3): the table `host` that the stdlib gets, and `cjson` reduced to two functions. Policy never sees
 * either.
 *
 *   host.yaml(text)                 -> node, place | nil, {message, place}     (lib_yaml.c, nodes.lua)
 *   host.plain_words(node)          -> the texts of a list of nodes, when all are texts of those bytes that patterns
 *                                      mostly consist of | nothing             (lib_words.c)
 *   host.compile_patterns(list)     -> matcher                                 (match.lua)
 *   host.compile_users(list)        -> matcher of users                        (match.lua)
 *   host.new_table(items, fields)   -> a table with room for so many
 *   host.glob(pattern, text)        -> boolean
 *   host.parse_time(rfc3339)        -> epoch seconds | nil
 *   host.parse_duration(text)       -> seconds | nil
 *   host.zone_known(name)           -> boolean
 *   host.local_time(name, epoch)    -> {year month day hour min sec wday offset abbrev is_dst day_number} | nil
 *   host.local_minute(name, epoch)  -> minute of the week, from Monday | nil
 *   host.json_decode(text)          -> value | nil, message; null is left out, whole numbers are integers
 *   host.json_encode(value)         -> text | nil, message
 *   host.utf8_printable(text)       -> boolean
 *   host.json_text(text)            -> the text as JSON; what is not printable is replaced as in error_text
 *   host.nearest(word, list)        -> the nearest of the list's strings | nil
 *   host.compile(text, name, env)   -> function | nil, message                 (compile.c)
 *   host.sandbox_env(extra)         -> fresh environment                       (sandbox.c)
 *   host.readonly(table, options)   -> view; {name=, strict=, fields=}         (readonly.c)
 *   host.pcall(f, ...)              as pcall, but does not hold the sticky flag
 *   host.spend(units)               charges fuel
 *   host.error_text(value)          -> an error value as one short printable text, raw
 *   host.source_of(f)               -> file, line where the function begins
 *   host.caller_line([level])       -> line, file of the nearest caller that is not of the stdlib, or of that level
 *   host.code_of(f)                 -> the code of a function of Lua, without names and lines | nothing  (lib_code.c)
 *   host.upvalue_of(f, number)      -> true, value | false
 *   host.digest(text)               -> SHA-256 in hexadecimal
 *   host.run_limited(fuel, ms, f, ...)
 *     -> "done", two results | "error", message | "fuel" | "time" | "suspended"        (limited.c)
 *   host.run_apart(fuel, is_charged, f, ...)    with fuel of its own, or of the caller's where it is charged
 *     -> "done", result | "error", error value | "fuel" | "memory"                     (limited.c)
 *   host.suspend()                  ends the run_limited around it; no pcall holds it
 */
#ifndef SNT_LUA_HOST_H
#define SNT_LUA_HOST_H

#include <lua.h>
#include <stddef.h>

void snt_host_open(lua_State *L);
/* host.yaml(text, most values or nil for those of a policy). */
int snt_host_yaml(lua_State *L);
/* lib_words.c. */
int snt_host_plain_words(lua_State *L);
int snt_host_compile_patterns(lua_State *L);
int snt_host_compile_users(lua_State *L);
/* lib_code.c. */
int snt_host_code_of(lua_State *L);
int snt_host_upvalue_of(lua_State *L);
int snt_host_digest(lua_State *L);
/* host.run_limited, host.run_apart, host.suspend. */
int snt_host_run_limited(lua_State *L);
int snt_host_run_apart(lua_State *L);
int snt_host_suspend(lua_State *L);
/* Pushes the text cut to a length fit for a message, with what is not printable replaced. */
void snt_host_push_clean(lua_State *L, const char *text, size_t len);

#endif
