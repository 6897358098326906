/* `string`, but format (lib_format.c) and the functions with patterns (lib_pattern.c). */
#include "lua/lib.h"

#include "lua/fuel.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

size_t snt_lib_start_of(lua_Integer position, size_t len) {
  if (position > 0) {
    return (size_t)position;
  }
  if (position == 0 || position < -(lua_Integer)len) {
    return 1;
  }
  return len + (size_t)position + 1;
}

size_t snt_lib_end_of(lua_Integer position, size_t len) {
  if (position > (lua_Integer)len) {
    return len;
  }
  if (position >= 0) {
    return (size_t)position;
  }
  return position < -(lua_Integer)len ? 0 : len + (size_t)position + 1;
}

static int string_byte(lua_State *L) {
  size_t len = 0;
  const char *text = snt_lib_check_text(L, 1, &len);
  lua_Integer position = luaL_optinteger(L, 2, 1);
  size_t start = snt_lib_start_of(position, len), end = snt_lib_end_of(luaL_optinteger(L, 3, (lua_Integer)start), len);
  if (start > end) {
    return 0;
  }
  size_t n = end - start + 1;
  snt_fuel_spend(L, SNT_LIB_CALL_COST + n);
  luaL_checkstack(L, n < INT_MAX ? (int)n : INT_MAX, "string slice too long");
  for (size_t i = 0; i < n; i++) {
    lua_pushinteger(L, (unsigned char)text[start - 1 + i]);
  }
  return (int)n;
}

static int string_char(lua_State *L) {
  int n = lua_gettop(L);
  luaL_Buffer text;
  snt_fuel_spend(L, SNT_LIB_CALL_COST + (size_t)n);
  char *out = luaL_buffinitsize(L, &text, (size_t)n);
  for (int i = 0; i < n; i++) {
    lua_Integer byte = luaL_checkinteger(L, i + 1);
    luaL_argcheck(L, byte >= 0 && byte <= UCHAR_MAX, i + 1, "value out of range");
    out[i] = (char)byte;
  }
  luaL_pushresultsize(&text, (size_t)n);
  return 1;
}

static int string_len(lua_State *L) {
  size_t len = 0;
  (void)snt_lib_check_text(L, 1, &len);
  lua_pushinteger(L, (lua_Integer)len);
  return 1;
}

static char to_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }
static char to_upper(char c) { return c >= 'a' && c <= 'z' ? (char)(c - 32) : c; }

static int map_bytes(lua_State *L, char (*map)(char)) {
  size_t len = 0;
  const char *text = snt_lib_check_text(L, 1, &len);
  snt_lib_charge_bytes(L, len);
  luaL_Buffer result;
  char *out = luaL_buffinitsize(L, &result, len);
  for (size_t i = 0; i < len; i++) {
    out[i] = map(text[i]);
  }
  luaL_pushresultsize(&result, len);
  return 1;
}

static int string_lower(lua_State *L) { return map_bytes(L, to_lower); }
static int string_upper(lua_State *L) { return map_bytes(L, to_upper); }

static int string_reverse(lua_State *L) {
  size_t len = 0;
  const char *text = snt_lib_check_text(L, 1, &len);
  snt_lib_charge_bytes(L, len);
  luaL_Buffer result;
  char *out = luaL_buffinitsize(L, &result, len);
  for (size_t i = 0; i < len; i++) {
    out[i] = text[len - 1 - i];
  }
  luaL_pushresultsize(&result, len);
  return 1;
}

/* Writes len bytes that begin with one piece again and again; what is there already is copied, twice as much each time.
 */
static void repeat(char *out, size_t piece, size_t len) {
  for (size_t done = piece; done < len; done *= 2) {
    memcpy(out + done, out, done < len - done ? done : len - done);
  }
}

static int string_rep(lua_State *L) {
  size_t len = 0, separator_len = 0;
  const char *text = snt_lib_check_text(L, 1, &len);
  lua_Integer times = luaL_checkinteger(L, 2);
  const char *separator = luaL_optlstring(L, 3, "", &separator_len);
  if (times <= 0 || len + separator_len == 0) {
    lua_pushliteral(L, "");
    return 1;
  }
  size_t n = (size_t)times, piece = len + separator_len;
  size_t total = n > SNT_BLOCK_CAP / piece + 1 ? SIZE_MAX : n * len + (n - 1) * separator_len;
  snt_fuel_expect_block(L, total);
  snt_fuel_spend(L, SNT_LIB_CALL_COST + total / 16 + n / 4);
  luaL_Buffer result;
  char *out = luaL_buffinitsize(L, &result, total);
  memcpy(out, text, len);
  if (n > 1) {
    memcpy(out + len, separator, separator_len);
    repeat(out, piece, total);
  }
  luaL_pushresultsize(&result, total);
  return 1;
}

static int string_sub(lua_State *L) {
  size_t len = 0;
  const char *text = snt_lib_check_text(L, 1, &len);
  size_t start = snt_lib_start_of(luaL_checkinteger(L, 2), len), end = snt_lib_end_of(luaL_optinteger(L, 3, -1), len);
  size_t n = start <= end ? end - start + 1 : 0;
  snt_lib_charge_bytes(L, n);
  lua_pushlstring(L, n > 0 ? text + start - 1 : "", n);
  return 1;
}

const luaL_Reg snt_lib_string[] = {{"byte", string_byte},       {"char", string_char},
                                   {"find", snt_lib_find},      {"format", snt_lib_format},
                                   {"gmatch", snt_lib_gmatch},  {"gsub", snt_lib_gsub},
                                   {"len", string_len},         {"lower", string_lower},
                                   {"match", snt_lib_match},    {"rep", string_rep},
                                   {"reverse", string_reverse}, {"sub", string_sub},
                                   {"upper", string_upper},     {NULL, NULL}};
