/* MUST
 *  1. never hand out the table behind a view, nor its metatable;
 *  2. copy, so that nobody else holds the content;
 *  3. raise for a name that is not in the shape, whether there is a value or not;
 *  4. let nothing be read of a nil but of one that it found itself: any other is a mistake, which denies. */
#include "lua/readonly.h"

#include "base/str.h"
#include "lua/dump.h"
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

/* What the table at absent_ref holds of the field that was found absent last: the view's name, its own, and the names
 * below it. */
enum { LAST_VIEW = 1, LAST_FIELD, LAST_SHAPE };

/* Whether a Lua function's instruction called this metamethod: a C function could go on in many ways. */
static bool is_called_by_instruction(lua_State *L) {
  lua_Debug self;
  return lua_getstack(L, 0, &self) != 0 && lua_getinfo(L, "n", &self) != 0 && strcmp(self.namewhat, "metamethod") == 0;
}

/* The field whose name is at index 2 is absent, and has those below it that the table at shape names. The name of what
 * it is a field of is at the top. */
static void remember_absent(lua_State *L, int shape) {
  int view = lua_gettop(L);
  snt_vm_of(L)->has_absent = true;
  lua_rawgeti(L, LUA_REGISTRYINDEX, snt_vm_of(L)->absent_ref);
  lua_pushvalue(L, view);
  lua_rawseti(L, -2, LAST_VIEW);
  lua_pushvalue(L, 2);
  lua_rawseti(L, -2, LAST_FIELD);
  lua_pushvalue(L, shape);
  lua_rawseti(L, -2, LAST_SHAPE);
  lua_settop(L, view - 1);
  if (is_called_by_instruction(L)) {
    snt_fuel_mark_next(L);
  }
}

/* Whether the nil that is indexed now is the one that the instruction before found in a view. A nil has no origin: what
 * tells it is that nothing ran in between, and the code, where no other nil is read for such a key right after such a
 * field. */
static bool is_of_absent_field(lua_State *L, const char *field, const char *key) {
  lua_Debug caller;
  if (!snt_fuel_is_next(L) || !is_called_by_instruction(L) || lua_getstack(L, 1, &caller) == 0 ||
      lua_getinfo(L, "f", &caller) == 0) {
    return false;
  }
  size_t bytes = 0;
  bool is_it = snt_dump_reads_below(L, field, key, &bytes);
  lua_pop(L, 1);
  snt_lib_charge_bytes(L, bytes);
  return is_it;
}

static int raise_nil(lua_State *L, int view, int field, int shape) {
  const char *key = snt_readonly_push_quoted(L, 2);
  if (view == 0) {
    return luaL_error(L, "attempt to read field %s of a nil value", key);
  }
  const char *path = lua_pushfstring(L, "%s.%s", lua_tostring(L, view), lua_tostring(L, field));
  lua_pushvalue(L, 2);
  if (lua_rawget(L, shape) != LUA_TNIL) {
    return luaL_error(L,
                      "attempt to read field %s of a nil value; if it is %s, which is absent, read %s.%s in one "
                      "expression: that is nil",
                      key, path, path, lua_tostring(L, 2));
  }
  const char *nearest = find_nearest(L, 2, shape);
  return luaL_error(L, "attempt to read field %s of a nil value; %s is absent, and has no such field%s%s%s", key, path,
                    nearest == NULL ? "" : "; did you mean \"", nearest == NULL ? "" : nearest,
                    nearest == NULL ? "" : "\"?");
}

/* policy.md: an absent field reads as nil, and so do the fields below it. Any other nil raises as Lua would, and what
 * was absent is told: most often that is why. */
static int index_nil(lua_State *L) {
  enum { VIEW = 4, FIELD, SHAPE, BELOW };
  lua_settop(L, 2);
  snt_fuel_spend(L, SNT_LIB_CALL_COST);
  lua_rawgeti(L, LUA_REGISTRYINDEX, snt_vm_of(L)->absent_ref);
  if (lua_rawgeti(L, -1, LAST_VIEW) != LUA_TSTRING) {
    return raise_nil(L, 0, 0, 0);
  }
  lua_rawgeti(L, -2, LAST_FIELD);
  lua_rawgeti(L, -3, LAST_SHAPE);
  lua_pushvalue(L, 2);
  int below = lua_rawget(L, SHAPE);
  if (lua_type(L, 2) != LUA_TSTRING || below == LUA_TNIL ||
      !is_of_absent_field(L, lua_tostring(L, FIELD), lua_tostring(L, 2))) {
    return raise_nil(L, VIEW, FIELD, SHAPE);
  }
  if (below == LUA_TTABLE) {
    lua_pushfstring(L, "%s.%s", lua_tostring(L, VIEW), lua_tostring(L, FIELD));
    remember_absent(L, BELOW);
  }
  lua_pushnil(L);
  return 1;
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
    lua_pushvalue(L, lua_upvalueindex(3));
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
