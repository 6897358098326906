/* The global functions of policy's environment, but `pairs` (lib_pairs.c). */
#include "lua/lib.h"

#include "lua/fuel.h"
#include "lua/readonly.h"

#include <string.h>

#define BYTES_PER_UNIT 16
#define COMPARED_BYTES_PER_UNIT 64
#define NUMERAL_COST 16
#define DIGITS_PER_UNIT 4
#define INTEGER_COST 4
#define FLOAT_COST 64

void snt_lib_charge_bytes(lua_State *L, size_t len) { snt_fuel_spend(L, SNT_LIB_CALL_COST + len / BYTES_PER_UNIT); }

void snt_lib_charge_number(lua_State *L, int index) {
  if (lua_type(L, index) == LUA_TNUMBER) {
    snt_fuel_spend(L, lua_isinteger(L, index) ? INTEGER_COST : FLOAT_COST);
  }
}

const char *snt_lib_check_text(lua_State *L, int index, size_t *len) {
  snt_lib_charge_number(L, index);
  return luaL_checklstring(L, index, len);
}

void snt_lib_charge_comparison(lua_State *L, int a, int b) {
  if (lua_type(L, a) == LUA_TSTRING && lua_type(L, b) == LUA_TSTRING) {
    size_t a_len = lua_rawlen(L, a), b_len = lua_rawlen(L, b);
    snt_fuel_spend(L, (a_len < b_len ? a_len : b_len) / COMPARED_BYTES_PER_UNIT);
  }
}

const char *snt_lib_push_text(lua_State *L, int index, size_t *len) {
  switch (lua_type(L, index)) {
  case LUA_TSTRING:
  case LUA_TNUMBER:
    snt_lib_charge_number(L, index);
    lua_pushvalue(L, index);
    break;
  case LUA_TBOOLEAN:
    lua_pushstring(L, lua_toboolean(L, index) ? "true" : "false");
    break;
  default:
    lua_pushstring(L, luaL_typename(L, index));
  }
  return lua_tolstring(L, -1, len);
}

static int base_assert(lua_State *L) {
  luaL_checkany(L, 1);
  if (lua_toboolean(L, 1)) {
    return lua_gettop(L);
  }
  lua_remove(L, 1);
  lua_pushliteral(L, "assertion failed!");
  lua_settop(L, 1);
  return lua_error(L);
}

static int base_error(lua_State *L) {
  lua_Integer level = luaL_optinteger(L, 2, 1);
  lua_settop(L, 1);
  if (lua_type(L, 1) == LUA_TSTRING && level > 0 && level <= 200) {
    size_t len = 0;
    (void)lua_tolstring(L, 1, &len);
    snt_lib_charge_bytes(L, len);
    snt_fuel_spend(L, (size_t)level); /* how far down the stack it looks */
    luaL_where(L, (int)level);
    lua_pushvalue(L, 1);
    lua_concat(L, 2);
  }
  return lua_error(L);
}

static int next_index(lua_State *L) {
  lua_Integer i = luaL_intop(+, luaL_checkinteger(L, 2), 1);
  snt_fuel_spend(L, SNT_LIB_STEP_COST);
  lua_pushinteger(L, i);
  return lua_geti(L, 1, i) == LUA_TNIL ? 1 : 2;
}

static int base_ipairs(lua_State *L) {
  luaL_checkany(L, 1);
  lua_pushcfunction(L, next_index);
  lua_pushvalue(L, 1);
  lua_pushinteger(L, 0);
  return 3;
}

static int base_select(lua_State *L) {
  int n = lua_gettop(L);
  if (lua_type(L, 1) == LUA_TSTRING && strcmp(lua_tostring(L, 1), "#") == 0) {
    lua_pushinteger(L, n - 1);
    return 1;
  }
  lua_Integer i = luaL_checkinteger(L, 1);
  i = i < 0 ? n + i : (i > n ? n : i);
  luaL_argcheck(L, 1 <= i, 1, "index out of range");
  snt_fuel_spend(L, (size_t)(n - (int)i));
  return n - (int)i;
}

/* The value of a digit in bases up to 36, or 36. */
static lua_Integer digit_value(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  char lower = (char)(c | 0x20);
  return lower >= 'a' && lower <= 'z' ? lower - 'a' + 10 : 36;
}

static const char *skip_space(const char *s) { return s + strspn(s, " \f\n\r\t\v"); }

/* The whole text as an integer of that base (wrapping as Lua does), or nothing. */
static bool parse_integer(const char *s, size_t len, lua_Integer base, lua_Integer *out) {
  const char *end = s + len;
  s = skip_space(s);
  bool is_negative = *s == '-';
  s += *s == '-' || *s == '+';
  if (digit_value(*s) >= base) {
    return false;
  }
  lua_Unsigned value = 0;
  for (; digit_value(*s) < base; s++) {
    value = value * (lua_Unsigned)base + (lua_Unsigned)digit_value(*s);
  }
  *out = (lua_Integer)(is_negative ? 0u - value : value);
  return skip_space(s) == end;
}

static int base_tonumber(lua_State *L) {
  if (!lua_isnoneornil(L, 2)) {
    size_t len = 0;
    lua_Integer value = 0, base = luaL_checkinteger(L, 2);
    luaL_checktype(L, 1, LUA_TSTRING);
    const char *text = lua_tolstring(L, 1, &len);
    luaL_argcheck(L, 2 <= base && base <= 36, 2, "base out of range");
    snt_fuel_spend(L, NUMERAL_COST + len / DIGITS_PER_UNIT);
    if (parse_integer(text, len, base, &value)) {
      lua_pushinteger(L, value);
      return 1;
    }
  } else if (lua_type(L, 1) == LUA_TNUMBER) {
    lua_settop(L, 1);
    return 1;
  } else if (lua_type(L, 1) == LUA_TSTRING) {
    size_t len = 0;
    const char *text = lua_tolstring(L, 1, &len);
    snt_fuel_spend(L, NUMERAL_COST + len / DIGITS_PER_UNIT);
    if (lua_stringtonumber(L, text) == len + 1) {
      return 1;
    }
  }
  luaL_checkany(L, 1);
  luaL_pushfail(L);
  return 1;
}

int snt_lib_tostring(lua_State *L) {
  luaL_checkany(L, 1);
  snt_fuel_spend(L, SNT_LIB_CALL_COST);
  (void)snt_lib_push_text(L, 1, NULL);
  return 1;
}

static int base_type(lua_State *L) {
  luaL_checkany(L, 1);
  lua_pushstring(L, luaL_typename(L, 1));
  return 1;
}

int snt_lib_pcall(lua_State *L) {
  luaL_checkany(L, 1);
  snt_fuel_spend(L, SNT_LIB_CALL_COST);
  snt_readonly_forget_absent(L);
  int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
  if (status == LUA_ERRMEM && snt_budget_of(L)->abort == SNT_ABORT_NONE) {
    snt_budget_of(L)->abort = SNT_ABORT_MEMORY;
  }
  snt_fuel_spend(L, status == LUA_OK ? 0 : SNT_LIB_ERROR_COST);
  luaL_checkstack(L, 1, NULL);
  lua_pushboolean(L, status == LUA_OK);
  lua_insert(L, 1);
  return lua_gettop(L);
}

static int base_rawequal(lua_State *L) {
  luaL_checkany(L, 1);
  luaL_checkany(L, 2);
  snt_lib_charge_comparison(L, 1, 2);
  lua_pushboolean(L, lua_rawequal(L, 1, 2));
  return 1;
}

static int base_rawlen(lua_State *L) {
  luaL_argexpected(L, lua_istable(L, 1) || lua_type(L, 1) == LUA_TSTRING, 1, "table or string");
  snt_readonly_open(L, 1);
  lua_pushinteger(L, (lua_Integer)lua_rawlen(L, 1));
  return 1;
}

const luaL_Reg snt_lib_base[] = {{"assert", base_assert},        {"error", base_error},   {"ipairs", base_ipairs},
                                 {"pairs", snt_lib_pairs},       {"select", base_select}, {"tonumber", base_tonumber},
                                 {"tostring", snt_lib_tostring}, {"type", base_type},     {"pcall", snt_lib_pcall},
                                 {"rawequal", base_rawequal},    {"rawlen", base_rawlen}, {NULL, NULL}};
