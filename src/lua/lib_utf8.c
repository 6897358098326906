/* `utf8`: as Lua's own (strict unless `lax`), charged. */
#include "lua/lib.h"

#include "lua/fuel.h"

#include <stdbool.h>
#include <stdint.h>

#define CODE_MAX 0x7fffffffu
#define INVALID UINT32_MAX

static bool is_continuation(char c) { return ((unsigned char)c & 0xc0) == 0x80; }

/* The code at text (which ends with a NUL) and its length; INVALID where there is none. */
static uint32_t decode(const char *text, size_t *size, bool is_lax) {
  static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000, 0x200000, 0x4000000};
  unsigned char first = (unsigned char)text[0];
  *size = 1;
  if (first < 0x80) {
    return first;
  }
  size_t n = 0;
  while (n < 8 && (first & (0x80u >> n)) != 0) {
    n++;
  }
  if (n < 2 || n > 6) {
    return INVALID;
  }
  uint32_t code = first & (0x7fu >> n);
  for (size_t i = 1; i < n; i++) {
    if (!is_continuation(text[i])) {
      return INVALID;
    }
    code = code << 6 | ((unsigned char)text[i] & 0x3f);
  }
  *size = n;
  if (code < smallest[n] || (!is_lax && (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)))) {
    return INVALID;
  }
  return code;
}

static lua_Integer position_from(lua_Integer position, size_t len) {
  if (position >= 0) {
    return position;
  }
  return 0u - (lua_Unsigned)position > len ? 0 : (lua_Integer)len + position + 1;
}

static int utf8_len(lua_State *L) {
  size_t len = 0, size = 0;
  const char *text = snt_lib_check_text(L, 1, &len);
  lua_Integer i = position_from(luaL_optinteger(L, 2, 1), len), end = position_from(luaL_optinteger(L, 3, -1), len);
  luaL_argcheck(L, 1 <= i && i - 1 <= (lua_Integer)len, 2, "initial position out of bounds");
  luaL_argcheck(L, end <= (lua_Integer)len, 3, "final position out of bounds");
  snt_fuel_spend(L, SNT_LIB_CALL_COST + len / 4);
  bool is_lax = lua_toboolean(L, 4) != 0;
  lua_Integer n = 0;
  for (; i <= end; i += (lua_Integer)size, n++) {
    if (decode(text + i - 1, &size, is_lax) == INVALID) {
      luaL_pushfail(L);
      lua_pushinteger(L, i);
      return 2;
    }
  }
  lua_pushinteger(L, n);
  return 1;
}

static int utf8_codepoint(lua_State *L) {
  size_t len = 0, size = 0;
  const char *text = snt_lib_check_text(L, 1, &len);
  lua_Integer i = position_from(luaL_optinteger(L, 2, 1), len), end = position_from(luaL_optinteger(L, 3, i), len);
  bool is_lax = lua_toboolean(L, 4) != 0;
  luaL_argcheck(L, i >= 1, 2, "out of bounds");
  luaL_argcheck(L, end <= (lua_Integer)len, 3, "out of bounds");
  if (i > end) {
    return 0;
  }
  snt_fuel_spend(L, SNT_LIB_CALL_COST + (size_t)(end - i));
  luaL_checkstack(L, (int)(end - i) + 1, "string slice too long");
  int n = 0;
  for (; i <= end; i += (lua_Integer)size, n++) {
    uint32_t code = decode(text + i - 1, &size, is_lax);
    if (code == INVALID) {
      return luaL_error(L, "invalid UTF-8 code");
    }
    lua_pushinteger(L, code);
  }
  return n;
}

static void add_code(lua_State *L, luaL_Buffer *text, int argument) {
  lua_Unsigned code = (lua_Unsigned)luaL_checkinteger(L, argument);
  luaL_argcheck(L, code <= CODE_MAX, argument, "value out of range");
  if (code < 0x80) {
    luaL_addchar(text, (char)code);
    return;
  }
  char bytes[8];
  size_t n = 0;
  unsigned first_max = 0x3f;
  do {
    bytes[7 - n++] = (char)(0x80 | (code & 0x3f));
    code >>= 6;
    first_max >>= 1;
  } while (code > first_max);
  bytes[7 - n] = (char)(unsigned char)((~first_max << 1) | code);
  luaL_addlstring(text, bytes + 7 - n, n + 1);
}

static int utf8_char(lua_State *L) {
  int n = lua_gettop(L);
  snt_fuel_spend(L, SNT_LIB_CALL_COST + (size_t)n);
  luaL_Buffer text;
  luaL_buffinit(L, &text);
  for (int i = 1; i <= n; i++) {
    add_code(L, &text, i);
  }
  luaL_pushresult(&text);
  return 1;
}

/* How far the position moved over continuation bytes, forwards or backwards, is charged. */
static lua_Integer move_over(lua_State *L, const char *text, lua_Integer at, lua_Integer end, int step) {
  size_t moved = 0;
  while (at > 0 && at < end && is_continuation(text[at])) {
    at += step;
    moved++;
  }
  snt_fuel_spend(L, moved / 4);
  return at;
}

static int utf8_offset(lua_State *L) {
  size_t size = 0;
  const char *text = snt_lib_check_text(L, 1, &size);
  lua_Integer len = (lua_Integer)size, n = luaL_checkinteger(L, 2);
  lua_Integer at = position_from(luaL_optinteger(L, 3, n > 0 ? 1 : len + 1), size) - 1;
  luaL_argcheck(L, 0 <= at && at <= len, 3, "position out of bounds");
  snt_fuel_spend(L, SNT_LIB_CALL_COST);
  if (n == 0) {
    at = move_over(L, text, at, len, -1);
    n = 1;
  } else if (is_continuation(text[at])) {
    return luaL_error(L, "initial position is a continuation byte");
  }
  for (; n < 0 && at > 0; n++) {
    at = move_over(L, text, at - 1, len, -1);
    snt_fuel_spend(L, 1);
  }
  for (n = n > 0 ? n - 1 : n; n > 0 && at < len; n--) {
    at = move_over(L, text, at + 1, len, 1);
    snt_fuel_spend(L, 1);
  }
  if (n == 0) {
    lua_pushinteger(L, at + 1);
  } else {
    luaL_pushfail(L);
  }
  return 1;
}

static int next_code(lua_State *L, bool is_lax) {
  size_t len = 0, size = 0;
  snt_fuel_spend(L, SNT_LIB_STEP_COST);
  const char *text = snt_lib_check_text(L, 1, &len);
  lua_Unsigned at = (lua_Unsigned)lua_tointeger(L, 2);
  if (at > 0 && at < len) {
    at = (lua_Unsigned)move_over(L, text, (lua_Integer)at, (lua_Integer)len, 1);
  }
  if (at >= len) {
    return 0;
  }
  uint32_t code = decode(text + at, &size, is_lax);
  if (code == INVALID || is_continuation(text[at + size])) {
    return luaL_error(L, "invalid UTF-8 code");
  }
  lua_pushinteger(L, (lua_Integer)at + 1);
  lua_pushinteger(L, code);
  return 2;
}

static int next_strict(lua_State *L) { return next_code(L, false); }
static int next_lax(lua_State *L) { return next_code(L, true); }

static int utf8_codes(lua_State *L) {
  const char *text = luaL_checkstring(L, 1);
  luaL_argcheck(L, !is_continuation(text[0]), 1, "invalid UTF-8 code");
  lua_pushcfunction(L, lua_toboolean(L, 2) ? next_lax : next_strict);
  lua_pushvalue(L, 1);
  lua_pushinteger(L, 0);
  return 3;
}

const luaL_Reg snt_lib_utf8[] = {{"char", utf8_char}, {"codepoint", utf8_codepoint}, {"codes", utf8_codes},
                                 {"len", utf8_len},   {"offset", utf8_offset},       {NULL, NULL}};
