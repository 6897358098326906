/* `table`: raw, stable, charged. */
#include "lua/lib.h"

#include "lua/fuel.h"
#include "lua/readonly.h"

#include <limits.h>

#define PIECE_COST 3 /* of concat: each is measured, then copied */

/* A border may be anywhere, as of t[math.maxinteger] = 1: one more than its length is still an integer. */
static lua_Integer length_of(lua_State *L, int table) {
  lua_Integer len = (lua_Integer)lua_rawlen(L, table);
  return len < LUA_MAXINTEGER ? len : LUA_MAXINTEGER - 1;
}

static int table_insert(lua_State *L) {
  snt_readonly_check_writable(L, 1);
  lua_Integer end = length_of(L, 1) + 1, position = end;
  int arguments = lua_gettop(L);
  if (arguments == 3) {
    position = luaL_checkinteger(L, 2);
    luaL_argcheck(L, position >= 1 && position <= end, 2, "position out of bounds");
  } else if (arguments != 2) {
    return luaL_error(L, "wrong number of arguments to 'insert'");
  }
  snt_fuel_spend(L, SNT_LIB_CALL_COST + (size_t)(end - position));
  for (lua_Integer i = end; i > position; i--) {
    lua_rawgeti(L, 1, i - 1);
    lua_rawseti(L, 1, i);
  }
  lua_rawseti(L, 1, position);
  return 0;
}

static int table_remove(lua_State *L) {
  snt_readonly_check_writable(L, 1);
  lua_Integer len = length_of(L, 1), position = luaL_optinteger(L, 2, len);
  bool has_position = !lua_isnone(L, 2);
  luaL_argcheck(L, !has_position || (position >= 1 && position <= len + 1) || (len == 0 && position == 0), 2,
                "position out of bounds");
  snt_fuel_spend(L, SNT_LIB_CALL_COST + (size_t)(len > position ? len - position : 0));
  lua_rawgeti(L, 1, position);
  for (; position < len; position++) {
    lua_rawgeti(L, 1, position + 1);
    lua_rawseti(L, 1, position);
  }
  lua_pushnil(L);
  lua_rawseti(L, 1, position);
  return 1;
}

/* The length of element i as text; raises when it is not a string or a number. The element is left at the top. */
static size_t push_piece(lua_State *L, lua_Integer i) {
  size_t len = 0;
  int type = lua_rawgeti(L, 1, i);
  if (type != LUA_TSTRING && type != LUA_TNUMBER) {
    luaL_error(L, "invalid value (at index %I) in table for 'concat'", (LUAI_UACINT)i);
  }
  snt_lib_charge_number(L, -1);
  (void)lua_tolstring(L, -1, &len);
  return len;
}

static size_t measure(lua_State *L, lua_Integer first, lua_Integer last, size_t separator) {
  size_t total = 0;
  for (lua_Integer i = first;; i++) {
    snt_fuel_spend(L, PIECE_COST);
    total += push_piece(L, i) + separator;
    lua_pop(L, 1);
    snt_fuel_expect_block(L, total);
    if (i == last) {
      return total;
    }
  }
}

static int table_concat(lua_State *L) {
  snt_readonly_check_table(L, 1);
  size_t separator_len = 0;
  const char *separator = luaL_optlstring(L, 2, "", &separator_len);
  lua_Integer first = luaL_optinteger(L, 3, 1), last = luaL_optinteger(L, 4, length_of(L, 1));
  if (first > last) {
    lua_pushliteral(L, "");
    return 1;
  }
  size_t total = measure(L, first, last, separator_len);
  snt_lib_charge_bytes(L, total);
  luaL_Buffer text;
  (void)luaL_buffinitsize(L, &text, total);
  for (lua_Integer i = first;; i++) {
    (void)push_piece(L, i);
    luaL_addvalue(&text);
    if (i == last) {
      break;
    }
    luaL_addlstring(&text, separator, separator_len);
  }
  luaL_pushresult(&text);
  return 1;
}

static int table_pack(lua_State *L) {
  int n = lua_gettop(L);
  snt_fuel_spend(L, SNT_LIB_CALL_COST + (size_t)n);
  lua_createtable(L, n, 1);
  lua_insert(L, 1);
  for (int i = n; i >= 1; i--) {
    lua_rawseti(L, 1, i);
  }
  lua_pushinteger(L, n);
  lua_setfield(L, 1, "n");
  return 1;
}

static int table_unpack(lua_State *L) {
  snt_readonly_check_table(L, 1);
  lua_Integer first = luaL_optinteger(L, 2, 1), last = luaL_optinteger(L, 3, length_of(L, 1));
  if (first > last) {
    return 0;
  }
  lua_Unsigned n = (lua_Unsigned)last - (lua_Unsigned)first;
  if (n >= INT_MAX / 2) {
    return luaL_error(L, "too many results to unpack");
  }
  snt_fuel_spend(L, SNT_LIB_CALL_COST + (size_t)n);
  if (!lua_checkstack(L, (int)n + 1)) {
    return luaL_error(L, "too many results to unpack");
  }
  for (; first < last; first++) {
    lua_rawgeti(L, 1, first);
  }
  lua_rawgeti(L, 1, last);
  return (int)n + 1;
}

/* Is the value at the top but one after the value at the top? */
static bool is_after(lua_State *L, bool has_comparator) {
  if (!has_comparator) {
    snt_lib_charge_comparison(L, -1, -2);
    return lua_compare(L, -1, -2, LUA_OPLT) != 0;
  }
  lua_pushvalue(L, 2);
  lua_pushvalue(L, -2);
  lua_pushvalue(L, -4);
  lua_call(L, 2, 1);
  bool is_less = lua_toboolean(L, -1) != 0;
  lua_pop(L, 1);
  return is_less;
}

/* Two lists at the stack, which take turns. */
struct lists {
  int from, to;
  bool has_comparator;
};

static void merge(lua_State *L, const struct lists *lists, lua_Integer start, lua_Integer middle, lua_Integer end) {
  lua_Integer left = start, right = middle;
  for (lua_Integer i = start; i < end; i++) {
    bool take_left = left < middle;
    if (left < middle && right < end) {
      lua_rawgeti(L, lists->from, left);
      lua_rawgeti(L, lists->from, right);
      take_left = !is_after(L, lists->has_comparator);
      lua_pop(L, 2);
    }
    lua_rawgeti(L, lists->from, take_left ? left++ : right++);
    lua_rawseti(L, lists->to, i);
  }
}

static void sort_lists(lua_State *L, struct lists *lists, lua_Integer n) {
  for (lua_Integer width = 1; width < n; width *= 2) {
    for (lua_Integer start = 1; start <= n; start += 2 * width) {
      lua_Integer middle = start + width <= n ? start + width : n + 1;
      lua_Integer end = middle + width <= n ? middle + width : n + 1;
      snt_fuel_spend(L, (size_t)(end - start) * 3);
      merge(L, lists, start, middle, end);
    }
    *lists = (struct lists){.from = lists->to, .to = lists->from, .has_comparator = lists->has_comparator};
  }
}

/* A merge sort on copies: stable, at most n log n comparisons whatever the comparator says, and an error in it leaves
 * the table as it was. */
static int table_sort(lua_State *L) {
  snt_readonly_check_writable(L, 1);
  bool has_comparator = !lua_isnoneornil(L, 2);
  if (has_comparator) {
    luaL_checktype(L, 2, LUA_TFUNCTION);
  }
  lua_settop(L, 2);
  lua_Integer n = length_of(L, 1);
  luaL_argcheck(L, n < INT_MAX, 1, "array too big");
  snt_fuel_spend(L, SNT_LIB_CALL_COST + 2 * (size_t)n);
  lua_createtable(L, (int)n, 0);
  lua_createtable(L, (int)n, 0);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, 1, i);
    lua_rawseti(L, 3, i);
  }
  struct lists lists = {.from = 3, .to = 4, .has_comparator = has_comparator};
  sort_lists(L, &lists, n);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, lists.from, i);
    lua_rawseti(L, 1, i);
  }
  return 0;
}

const luaL_Reg snt_lib_table[] = {
    {"concat", table_concat}, {"insert", table_insert}, {"pack", table_pack}, {"remove", table_remove},
    {"sort", table_sort},     {"unpack", table_unpack}, {NULL, NULL}};
