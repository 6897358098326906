/* MUST
 *  1. never hand out the table behind a view, nor its metatable;
 *  2. copy, so that nobody else holds the content;
 *  3. raise for a name that is not in the shape, whether there is a value or not. */
#include "lua/readonly.h"

#include "base/str.h"
#include "lua/lib.h"
#include "lua/vm_internal.h"

#include <lauxlib.h>
#include <string.h>

#define DEPTH_MAX 32
#define QUOTED_MAX 64

static const char content_key, name_key; /* their addresses are keys of a view's metatable */

const char *snt_readonly_push_quoted(lua_State *L, int index) {
  size_t len = 0;
  if (lua_type(L, index) == LUA_TNUMBER) {
    lua_pushvalue(L, index);
    return lua_tostring(L, -1);
  }
  const char *text = lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &len) : NULL;
  if (text == NULL || len > QUOTED_MAX || !snt_utf8_check_printable(text, len)) {
    return lua_pushfstring(L, "(a %s)", luaL_typename(L, index));
  }
  return lua_pushfstring(L, "\"%s\"", text);
}

/* Pushes the value that a view's metatable holds under key, or pushes nothing. */
static bool push_meta(lua_State *L, int index, const void *key) {
  if (lua_type(L, index) != LUA_TTABLE || !lua_getmetatable(L, index)) {
    return false;
  }
  if (lua_rawgetp(L, -1, key) == LUA_TNIL) {
    lua_pop(L, 2);
    return false;
  }
  lua_remove(L, -2);
  return true;
}

void snt_readonly_open(lua_State *L, int index) {
  if (push_meta(L, index, &content_key)) {
    lua_replace(L, index < 0 ? index - 1 : index);
  }
}

void snt_readonly_check_table(lua_State *L, int index) {
  luaL_checktype(L, index, LUA_TTABLE);
  snt_readonly_open(L, index);
}

void snt_readonly_check_writable(lua_State *L, int index) {
  luaL_checktype(L, index, LUA_TTABLE);
  if (lua_getmetatable(L, index)) {
    luaL_argerror(L, index, "this table is read-only");
  }
}

static int refuse_write(lua_State *L) {
  snt_fuel_spend(L, SNT_LIB_CALL_COST);
  const char *key = snt_readonly_push_quoted(L, 2);
  const char *name = push_meta(L, 1, &name_key) ? lua_tostring(L, -1) : "this table";
  return luaL_error(L, "%s is read-only: %s cannot be set", name, key);
}

static int view_len(lua_State *L) {
  snt_fuel_spend(L, SNT_LIB_CALL_COST);
  snt_readonly_open(L, 1);
  lua_pushinteger(L, (lua_Integer)lua_rawlen(L, 1));
  return 1;
}

/* Remembers the names below an absent field, so that nil may be asked for them. fields is at the top. */
static void note_absent(lua_State *L, int absent, int depth) {
  luaL_checkstack(L, 6, NULL);
  int fields = lua_gettop(L);
  lua_pushvalue(L, fields);
  if (depth > DEPTH_MAX || lua_rawget(L, absent) != LUA_TNIL) {
    lua_settop(L, fields);
    return;
  }
  lua_pop(L, 1);
  lua_pushvalue(L, fields);
  lua_pushboolean(L, 1);
  lua_rawset(L, absent);
  for (lua_pushnil(L); lua_next(L, fields) != 0; lua_settop(L, fields + 1)) {
    lua_pushvalue(L, -2);
    lua_pushboolean(L, 1);
    lua_rawset(L, absent);
    if (lua_istable(L, -1)) {
      note_absent(L, absent, depth + 1);
    }
  }
}

/* The name among the fields that is nearest to the one at index, which may be no text; NULL for none. */
static const char *find_nearest(lua_State *L, int index, int fields) {
  const char *names[65];
  size_t n = 0;
  snt_fuel_spend(L, SNT_LIB_UNKNOWN_NAME_COST);
  for (lua_pushnil(L); lua_next(L, fields) != 0 && n < 64; lua_pop(L, 1)) {
    if (lua_type(L, -2) == LUA_TSTRING) {
      names[n++] = lua_tostring(L, -2);
    }
  }
  names[n] = NULL;
  return lua_type(L, index) == LUA_TSTRING ? snt_str_nearest(lua_tostring(L, index), names) : NULL;
}

/* What the table of absent names has under numbers: of the field that was found absent last, the view's name, its own,
 * and the names below it. */
enum { LAST_VIEW = 1, LAST_FIELD, LAST_SHAPE };

/* policy.md: an absent field reads as nil, and so do the fields below it. Any other name raises as Lua would, and what
 * was absent is told: most often that is why. */
static int index_nil(lua_State *L) {
  enum { ABSENT = 3 };
  lua_settop(L, 2);
  snt_fuel_spend(L, SNT_LIB_CALL_COST);
  lua_rawgeti(L, LUA_REGISTRYINDEX, snt_vm_of(L)->absent_ref);
  lua_pushvalue(L, 2);
  if (lua_type(L, 2) == LUA_TSTRING && lua_rawget(L, ABSENT) != LUA_TNIL) {
    lua_pushnil(L);
    return 1;
  }
  const char *key = snt_readonly_push_quoted(L, 2);
  if (lua_rawgeti(L, ABSENT, LAST_SHAPE) != LUA_TTABLE) {
    return luaL_error(L, "attempt to index a nil value (field %s)", key);
  }
  const char *nearest = find_nearest(L, 2, lua_gettop(L));
  lua_rawgeti(L, ABSENT, LAST_VIEW);
  lua_rawgeti(L, ABSENT, LAST_FIELD);
  return luaL_error(L, "attempt to index a nil value (field %s); %s.%s is absent, and has no such field%s%s%s", key,
                    lua_tostring(L, -2), lua_tostring(L, -1), nearest == NULL ? "" : "; did you mean \"",
                    nearest == NULL ? "" : nearest, nearest == NULL ? "" : "\"?");
}

static void give_nil_a_metatable(lua_State *L) {
  struct snt_vm *vm = snt_vm_of(L);
  if (vm->absent_ref != 0) {
    return;
  }
  lua_newtable(L);
  vm->absent_ref = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_pushnil(L);
  lua_createtable(L, 0, 2);
  lua_pushcfunction(L, index_nil);
  lua_setfield(L, -2, "__index");
  lua_pushliteral(L, "protected");
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
}

static int raise_unknown_field(lua_State *L, const char *name, int fields) {
  const char *key = snt_readonly_push_quoted(L, 2);
  const char *nearest = find_nearest(L, 2, fields);
  if (nearest != NULL) {
    return luaL_error(L, "%s has no field %s; did you mean \"%s\"?", name, key, nearest);
  }
  return luaL_error(L, "%s has no field %s", name, key);
}

/* A field of a view, whose name is at index 2, is absent, and other fields are below it. */
static void remember_absent(lua_State *L, int shape) {
  snt_vm_of(L)->has_absent = true;
  lua_rawgeti(L, LUA_REGISTRYINDEX, snt_vm_of(L)->absent_ref);
  int absent = lua_gettop(L);
  lua_pushvalue(L, shape);
  note_absent(L, absent, 0);
  lua_rawseti(L, absent, LAST_SHAPE);
  lua_pushvalue(L, 2);
  lua_rawseti(L, absent, LAST_FIELD);
  lua_pushvalue(L, lua_upvalueindex(3));
  lua_rawseti(L, absent, LAST_VIEW);
}

/* Upvalues: content, fields, name. */
static int index_strict(lua_State *L) {
  enum { SHAPE = 3 };
  lua_settop(L, 2);
  snt_fuel_spend(L, SNT_LIB_CALL_COST);
  lua_pushvalue(L, 2);
  int shape = lua_rawget(L, lua_upvalueindex(2));
  if (shape == LUA_TNIL) {
    return raise_unknown_field(L, lua_tostring(L, lua_upvalueindex(3)), lua_upvalueindex(2));
  }
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) {
    return 1;
  }
  if (shape == LUA_TTABLE) {
    remember_absent(L, SHAPE);
  }
  lua_pushnil(L);
  return 1;
}

static void push_view(lua_State *L, int source, const char *name, int fields, int depth);

/* The value at the top becomes what the view shows of it. */
static void replace_by_view(lua_State *L, const char *name, int fields, int depth) {
  int value = lua_gettop(L), key = value - 1;
  if (!lua_istable(L, value) || lua_getmetatable(L, value)) {
    lua_settop(L, value);
    return;
  }
  const char *below = name;
  if (lua_type(L, key) == LUA_TSTRING) {
    below = lua_pushfstring(L, "%s.%s", name, lua_tostring(L, key));
  } else {
    lua_pushnil(L);
  }
  int fields_below = 0;
  if (fields != 0) {
    lua_pushvalue(L, key);
    fields_below = lua_rawget(L, fields) == LUA_TTABLE ? lua_gettop(L) : 0;
  }
  push_view(L, value, below, fields_below, depth + 1);
  lua_replace(L, value);
  lua_settop(L, value);
}

static void push_content(lua_State *L, int source, const char *name, int fields, int depth) {
  lua_newtable(L);
  int content = lua_gettop(L);
  for (lua_pushnil(L); lua_next(L, source) != 0; lua_settop(L, content + 1)) {
    replace_by_view(L, name, fields, depth);
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, content);
  }
}

/* Content is at `content`; the metatable is at the top. */
static void set_index(lua_State *L, int content, const char *name, int fields) {
  lua_pushvalue(L, content);
  if (fields != 0) {
    lua_pushvalue(L, fields);
    lua_pushstring(L, name);
    lua_pushcclosure(L, index_strict, 3);
    give_nil_a_metatable(L);
  }
  lua_setfield(L, -2, "__index");
}

static void push_view(lua_State *L, int source, const char *name, int fields, int depth) {
  luaL_checkstack(L, 16, NULL);
  if (depth > DEPTH_MAX) {
    luaL_error(L, "%s is nested more than %d levels deep", name, DEPTH_MAX);
  }
  push_content(L, source, name, fields, depth);
  int content = lua_gettop(L);
  lua_newtable(L);
  lua_createtable(L, 0, 8);
  set_index(L, content, name, fields);
  lua_pushcfunction(L, refuse_write);
  lua_setfield(L, -2, "__newindex");
  lua_pushcfunction(L, view_len);
  lua_setfield(L, -2, "__len");
  lua_pushcfunction(L, snt_lib_pairs);
  lua_setfield(L, -2, "__pairs");
  lua_pushliteral(L, "protected");
  lua_setfield(L, -2, "__metatable");
  lua_pushvalue(L, content);
  lua_rawsetp(L, -2, &content_key);
  lua_pushstring(L, name);
  lua_rawsetp(L, -2, &name_key);
  lua_setmetatable(L, -2);
  lua_remove(L, content);
}

void snt_readonly_push(lua_State *L, int index, const char *name, int fields) {
  int source = lua_absindex(L, index);
  push_view(L, source, name, fields == 0 ? 0 : lua_absindex(L, fields), 0);
}

void snt_readonly_forget_absent(lua_State *L) {
  struct snt_vm *vm = snt_vm_of(L);
  if (vm->has_absent) {
    lua_newtable(L);
    lua_rawseti(L, LUA_REGISTRYINDEX, vm->absent_ref);
    vm->has_absent = false;
  }
}
