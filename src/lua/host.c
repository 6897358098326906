/* MUST
 *  1. be reachable from the stdlib only: nothing here goes into an environment of lua/sandbox;
 *  2. charge for work that grows with its input;
 *  3. give lua-cjson only what the core wrote, with its strict settings, and none of its settings to anyone. */
#include "lua/host.h"

#include "base/str.h"
#include "format/time.h"
#include "lua/compile.h"
#include "lua/lib.h"
#include "lua/readonly.h"
#include "lua/sandbox.h"
#include "lua/trusted.h"
#include "lua/vm_internal.h"

#include <lauxlib.h>
#include <lua-cjson.h>
#include <math.h>
#include <string.h>

#define JSON_DEPTH 32
#define JSON_MAX ((size_t)512 << 10)
#define CLEAN_MAX 1000
#define NAMES_MAX 256
#define TABLE_MAX 1000

static struct snt_slice check_slice(lua_State *L, int index) {
  struct snt_slice slice = {0};
  slice.data = luaL_checklstring(L, index, &slice.len);
  return slice;
}

void snt_host_push_clean(lua_State *L, const char *text, size_t len) {
  char clean[CLEAN_MAX];
  size_t n = 0;
  while (len > 0 && n + 4 < sizeof clean) {
    size_t size = (unsigned char)*text < 0x80   ? 1
                  : (unsigned char)*text < 0xe0 ? 2
                  : (unsigned char)*text < 0xf0 ? 3
                                                : 4;
    if (size <= len && snt_utf8_check_printable(text, size)) {
      memcpy(clean + n, text, size);
    } else {
      size = 1;
      clean[n] = *text == '\n' || *text == '\t' ? ' ' : '?';
    }
    n += size;
    text += size;
    len -= size;
  }
  lua_pushlstring(L, clean, n);
}

/* For tables whose size is known before their content: growing by doubling costs as much as the content. */
static int host_new_table(lua_State *L) {
  lua_Integer items = luaL_checkinteger(L, 1), fields = luaL_checkinteger(L, 2);
  bool is_usual = items >= 0 && items <= TABLE_MAX && fields >= 0 && fields <= TABLE_MAX;
  lua_createtable(L, is_usual ? (int)items : 0, is_usual ? (int)fields : 0);
  return 1;
}

static int host_glob(lua_State *L) {
  struct snt_slice pattern = check_slice(L, 1), text = check_slice(L, 2);
  snt_fuel_spend(L, SNT_LIB_CALL_COST + (pattern.len + text.len) / 4);
  if (memchr(pattern.data, '*', pattern.len) != NULL) {
    snt_fuel_spend(L, pattern.len * text.len / 16); /* it may go back to its last star */
  }
  lua_pushboolean(L, snt_glob_match(pattern.data, pattern.len, text.data, text.len));
  return 1;
}

static int host_parse_time(lua_State *L) {
  int64_t ms = 0;
  struct snt_slice text = check_slice(L, 1);
  if (text.len > 64 || strlen(text.data) != text.len || !snt_ok(snt_time_parse(text.data, &ms, NULL))) {
    lua_pushnil(L);
    return 1;
  }
  lua_pushinteger(L, ms / 1000 - (ms % 1000 < 0));
  return 1;
}

static int host_parse_duration(lua_State *L) {
  int64_t s = 0;
  struct snt_slice text = check_slice(L, 1);
  if (text.len > 64 || strlen(text.data) != text.len || !snt_ok(snt_duration_parse(text.data, &s, NULL))) {
    lua_pushnil(L);
    return 1;
  }
  lua_pushinteger(L, s);
  return 1;
}

static bool is_utc(const char *name) { return strcmp(name, "UTC") == 0; }

static int host_zone_known(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  lua_pushboolean(L, is_utc(name) || snt_vm_find_zone(snt_vm_of(L), name) != NULL);
  return 1;
}

static void set_integer(lua_State *L, const char *name, lua_Integer value) {
  lua_pushinteger(L, value);
  lua_setfield(L, -2, name);
}

/* False for a time that no zone has. */
static bool find_local_time(lua_State *L, struct snt_local_time *out) {
  const char *name = luaL_checkstring(L, 1);
  const struct snt_tz *tz = is_utc(name) ? NULL : snt_vm_find_zone(snt_vm_of(L), name);
  if (tz == NULL && !is_utc(name)) {
    (void)luaL_error(L, "the time zone \"%s\" was not given to this evaluator", name); /* does not return */
    return false;
  }
  return snt_tz_local(tz, luaL_checkinteger(L, 2), out);
}

/* Of the week, from Monday. */
static int host_local_minute(lua_State *L) {
  struct snt_local_time local;
  if (!find_local_time(L, &local)) {
    lua_pushnil(L);
    return 1;
  }
  lua_pushinteger(L, ((local.wday - 1) * 24 + local.hour) * 60 + local.min);
  return 1;
}

static int host_local_time(lua_State *L) {
  struct snt_local_time local;
  if (!find_local_time(L, &local)) {
    lua_pushnil(L);
    return 1;
  }
  lua_createtable(L, 0, 11);
  set_integer(L, "year", local.year);
  set_integer(L, "month", local.month);
  set_integer(L, "day", local.day);
  set_integer(L, "hour", local.hour);
  set_integer(L, "min", local.min);
  set_integer(L, "sec", local.sec);
  set_integer(L, "wday", local.wday);
  set_integer(L, "offset", local.offset);
  set_integer(L, "day_number", local.day_number);
  lua_pushboolean(L, local.is_dst);
  lua_setfield(L, -2, "is_dst");
  lua_pushstring(L, local.abbrev);
  lua_setfield(L, -2, "abbrev");
  return 1;
}

/* lua-cjson makes every number a float and null a light userdata. The value at the top: integers where whole, and
 * nothing for null. */
static void normalise(lua_State *L, int depth) {
  int value = lua_gettop(L);
  if (lua_type(L, value) == LUA_TNUMBER) {
    lua_Number number = lua_tonumber(L, value);
    if (!lua_isinteger(L, value) && floor(number) == number && fabs(number) <= 9007199254740992.0) {
      lua_pushinteger(L, (lua_Integer)number);
      lua_replace(L, value);
    }
  } else if (lua_type(L, value) == LUA_TLIGHTUSERDATA) {
    lua_pushnil(L);
    lua_replace(L, value);
  } else if (lua_istable(L, value) && depth <= JSON_DEPTH) {
    luaL_checkstack(L, 6, NULL);
    for (lua_pushnil(L); lua_next(L, value) != 0; lua_settop(L, value + 1)) {
      normalise(L, depth + 1);
      lua_pushvalue(L, -2);
      lua_insert(L, -2);
      lua_rawset(L, value); /* an existing key: allowed while traversing, nil included */
    }
  }
}

/* Calls the setting `name` of the cjson at the top with n arguments that are above it. */
static void set_cjson(lua_State *L, int cjson, const char *name, int n) {
  lua_getfield(L, cjson, name);
  lua_insert(L, -1 - n);
  lua_call(L, n, 0);
}

/* Its functions go into the registry when one is called first. */
static void open_cjson(lua_State *L) {
  static const char *const switched_off[] = {"decode_invalid_numbers", "encode_invalid_numbers", "encode_keep_buffer"};
  struct snt_vm *vm = snt_vm_of(L);
  int top = lua_gettop(L);
  lua_pushcfunction(L, luaopen_cjson);
  lua_call(L, 0, 1);
  lua_getfield(L, -1, "new");
  lua_call(L, 0, 1);
  int cjson = lua_gettop(L);
  lua_pushinteger(L, JSON_DEPTH);
  set_cjson(L, cjson, "decode_max_depth", 1);
  lua_pushinteger(L, JSON_DEPTH);
  set_cjson(L, cjson, "encode_max_depth", 1);
  lua_pushboolean(L, 0);
  lua_pushinteger(L, 1);
  lua_pushinteger(L, 1);
  set_cjson(L, cjson, "encode_sparse_array", 3);
  lua_pushinteger(L, 14);
  set_cjson(L, cjson, "encode_number_precision", 1);
  for (size_t i = 0; i < sizeof switched_off / sizeof switched_off[0]; i++) {
    lua_pushboolean(L, 0);
    set_cjson(L, cjson, switched_off[i], 1);
  }
  lua_getfield(L, cjson, "decode");
  vm->decode_ref = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_getfield(L, cjson, "encode");
  vm->encode_ref = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_settop(L, top);
}

static int call_cjson(lua_State *L, const int *function_ref) {
  if (*function_ref == 0) {
    open_cjson(L);
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, *function_ref);
  lua_pushvalue(L, 1);
  int status = lua_pcall(L, 1, 1, 0);
  snt_fuel_check(L);
  if (status != LUA_OK) {
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
  }
  return 1;
}

static int host_json_decode(lua_State *L) {
  struct snt_slice text = check_slice(L, 1);
  lua_settop(L, 1);
  snt_fuel_spend(L, SNT_LIB_CALL_COST + text.len);
  if (text.len > JSON_MAX) {
    lua_pushnil(L);
    lua_pushliteral(L, "more than 512 KiB of JSON");
    return 2;
  }
  int results = call_cjson(L, &snt_vm_of(L)->decode_ref);
  if (results == 1) {
    normalise(L, 0);
  }
  return results;
}

static int host_json_encode(lua_State *L) {
  luaL_checkany(L, 1);
  lua_settop(L, 1);
  return call_cjson(L, &snt_vm_of(L)->encode_ref);
}

static int host_utf8_printable(lua_State *L) {
  struct snt_slice text = check_slice(L, 1);
  snt_lib_charge_bytes(L, text.len);
  lua_pushboolean(L, snt_utf8_check_printable(text.data, text.len));
  return 1;
}

static int host_json_text(lua_State *L) {
  struct snt_slice text = check_slice(L, 1);
  snt_lib_charge_bytes(L, text.len);
  lua_settop(L, 1);
  if (!snt_utf8_check_printable(text.data, text.len)) {
    snt_host_push_clean(L, text.data, text.len);
    text = check_slice(L, 2);
  }
  luaL_Buffer json;
  luaL_buffinitsize(L, &json, text.len + 16);
  luaL_addchar(&json, '"');
  for (size_t i = 0; i < text.len; i++) {
    if (text.data[i] == '"' || text.data[i] == '\\') {
      luaL_addchar(&json, '\\');
    }
    luaL_addchar(&json, text.data[i]);
  }
  luaL_addchar(&json, '"');
  luaL_pushresult(&json);
  return 1;
}

static int host_nearest(lua_State *L) {
  const char *names[NAMES_MAX + 1];
  const char *word = luaL_checkstring(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  snt_fuel_spend(L, 500);
  size_t n = 0;
  luaL_checkstack(L, NAMES_MAX + 2, NULL);
  for (lua_Integer i = 1; n < NAMES_MAX && lua_rawgeti(L, 2, i) == LUA_TSTRING; i++) {
    names[n++] = lua_tostring(L, -1);
  }
  names[n] = NULL;
  lua_pushstring(L, strlen(word) <= 64 ? snt_str_nearest(word, names) : NULL);
  return 1;
}

static int host_compile(lua_State *L) {
  struct snt_slice text = check_slice(L, 1);
  const char *chunk = luaL_checkstring(L, 2);
  luaL_checktype(L, 3, LUA_TTABLE);
  lua_settop(L, 3);
  int results = snt_compile(L, text, chunk, 3);
  if (results == 2) {
    size_t len = 0;
    const char *message = lua_tolstring(L, -1, &len);
    snt_host_push_clean(L, message, len);
    lua_replace(L, -2);
  }
  return results;
}

static int host_sandbox_env(lua_State *L) {
  if (!lua_isnoneornil(L, 1)) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    snt_sandbox_push_env(L, 1);
    return 1;
  }
  snt_sandbox_push_env(L, 0);
  return 1;
}

static int host_readonly(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  if (lua_isnil(L, 2)) {
    lua_newtable(L);
    lua_replace(L, 2);
  }
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_getfield(L, 2, "name");
  const char *name = luaL_optstring(L, 3, "this table");
  bool is_strict = lua_getfield(L, 2, "strict") != LUA_TNIL && lua_toboolean(L, -1);
  int fields = 0;
  if (lua_getfield(L, 2, "fields") != LUA_TNIL) {
    luaL_checktype(L, 5, LUA_TTABLE);
    fields = 5;
  } else if (is_strict) {
    return luaL_error(L, "host.readonly: strict needs fields");
  }
  snt_readonly_push(L, 1, name, fields);
  return 1;
}

static int host_spend(lua_State *L) {
  lua_Integer units = luaL_checkinteger(L, 1);
  snt_fuel_spend(L, units > 0 ? (size_t)units : 0);
  return 0;
}

/* What `pairs` of Lua's own over a table of policy's may cost beside its steps. */
static int host_walk_cost(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)snt_fuel_walk_cost(L));
  return 1;
}

/* Counted in thousands of instructions, as the hook charges them. */
static int host_fuel_left(lua_State *L) {
  lua_pushinteger(L, snt_vm_of(L)->budget.fuel);
  return 1;
}

static int host_error_text(lua_State *L) {
  if (lua_type(L, 1) != LUA_TSTRING) {
    lua_pushfstring(L, "error value is a %s", luaL_typename(L, 1));
    return 1;
  }
  struct snt_slice text = check_slice(L, 1);
  snt_fuel_spend(L, (text.len < CLEAN_MAX ? text.len : CLEAN_MAX) / 4);
  snt_host_push_clean(L, text.data, text.len);
  return 1;
}

/* Pushes what stands after '@' or '=' in a chunk's name. */
static void push_file(lua_State *L, const lua_Debug *activation) {
  const char *source = activation->source;
  lua_pushstring(L, source[0] == '@' || source[0] == '=' ? source + 1 : source);
}

static int host_source_of(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_Debug activation;
  lua_settop(L, 1);
  lua_getinfo(L, ">S", &activation);
  push_file(L, &activation);
  lua_pushinteger(L, activation.linedefined);
  return 2;
}

static bool is_policy_code(const lua_Debug *activation) {
  return activation->currentline > 0 && !snt_str_starts_with(activation->source, SNT_TRUSTED_CHUNK_PREFIX);
}

static int host_caller_line(lua_State *L) {
  lua_Debug activation;
  lua_Integer level = luaL_optinteger(L, 1, 0);
  for (int i = level > 0 && level < 200 ? (int)level : 1; lua_getstack(L, i, &activation) != 0; i++) {
    lua_getinfo(L, "Sl", &activation);
    if (level > 0 || is_policy_code(&activation)) {
      lua_pushinteger(L, activation.currentline);
      push_file(L, &activation);
      return 2;
    }
  }
  return 0;
}

static const luaL_Reg host_functions[] = {{"yaml", snt_host_yaml},
                                          {"plain_words", snt_host_plain_words},
                                          {"compile_patterns", snt_host_compile_patterns},
                                          {"compile_users", snt_host_compile_users},
                                          {"new_table", host_new_table},
                                          {"glob", host_glob},
                                          {"parse_time", host_parse_time},
                                          {"parse_duration", host_parse_duration},
                                          {"zone_known", host_zone_known},
                                          {"local_time", host_local_time},
                                          {"local_minute", host_local_minute},
                                          {"json_decode", host_json_decode},
                                          {"json_encode", host_json_encode},
                                          {"utf8_printable", host_utf8_printable},
                                          {"json_text", host_json_text},
                                          {"nearest", host_nearest},
                                          {"compile", host_compile},
                                          {"sandbox_env", host_sandbox_env},
                                          {"readonly", host_readonly},
                                          {"pcall", snt_lib_pcall},
                                          {"spend", host_spend},
                                          {"walk_cost", host_walk_cost},
                                          {"fuel_left", host_fuel_left},
                                          {"error_text", host_error_text},
                                          {"source_of", host_source_of},
                                          {"caller_line", host_caller_line},
                                          {"code_of", snt_host_code_of},
                                          {"upvalue_of", snt_host_upvalue_of},
                                          {"digest", snt_host_digest},
                                          {"run_limited", snt_host_run_limited},
                                          {"run_apart", snt_host_run_apart},
                                          {"suspend", snt_host_suspend},
                                          {NULL, NULL}};

void snt_host_open(lua_State *L) {
  lua_newtable(L);
  luaL_setfuncs(L, host_functions, 0);
  lua_setglobal(L, "host");
}
