/* `pairs` in an order that does not depend on addresses: integer keys ascending, then strings in byte order. */
#include "lua/lib.h"

#include "lua/fuel.h"
#include "lua/readonly.h"

#include <limits.h>
#include <string.h>

/* A key: a string when text is not NULL, kept alive by the list of keys. */
struct key {
  const char *text;
  size_t len;
  lua_Integer number;
  lua_Integer place; /* in the unsorted list */
};

static int compare_keys(const struct key *a, const struct key *b) {
  if (a->text == NULL || b->text == NULL) {
    if (a->text == NULL && b->text == NULL) {
      return (a->number > b->number) - (a->number < b->number);
    }
    return a->text == NULL ? -1 : 1;
  }
  int order = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);
  return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

static void merge(const struct key *from, struct key *to, size_t start, size_t middle, size_t end) {
  size_t left = start, right = middle;
  for (size_t i = start; i < end; i++) {
    bool take_left = left < middle && (right >= end || compare_keys(&from[left], &from[right]) <= 0);
    to[i] = take_left ? from[left++] : from[right++];
  }
}

/* Bottom-up merge sort between the two halves of 2 * n keys; returns the sorted half. */
static struct key *sort_keys(struct key *keys, size_t n) {
  struct key *from = keys, *to = keys + n;
  for (size_t width = 1; width < n; width *= 2) {
    for (size_t start = 0; start < n; start += 2 * width) {
      size_t middle = start + width < n ? start + width : n;
      size_t end = middle + width < n ? middle + width : n;
      merge(from, to, start, middle, end);
    }
    struct key *swap = from;
    from = to;
    to = swap;
  }
  return from;
}

static void check_key(lua_State *L, int index) {
  if (lua_type(L, index) != LUA_TSTRING && !lua_isinteger(L, index)) {
    luaL_error(L, "pairs: a key is a %s; only integers and strings have an order",
               lua_type(L, index) == LUA_TNUMBER ? "number with a fraction" : luaL_typename(L, index));
  }
}

/* Counts the keys and charges for them: 2 each, and what sorting compares. Where there were keys once there are slots
 * still. */
static size_t count_keys(lua_State *L, int table, bool *is_sequence) {
  size_t n = 0, bytes = 0;
  *is_sequence = true;
  snt_fuel_spend(L, snt_fuel_walk_cost(L));
  for (lua_pushnil(L); lua_next(L, table) != 0; lua_pop(L, 1)) {
    check_key(L, -2);
    n++;
    *is_sequence = *is_sequence && lua_isinteger(L, -2) && lua_tointeger(L, -2) == (lua_Integer)n;
    if (lua_type(L, -2) == LUA_TSTRING) {
      bytes += lua_rawlen(L, -2) / 16;
    }
  }
  size_t rounds = 0;
  for (size_t width = 1; !*is_sequence && width < n; width *= 2) {
    rounds++;
  }
  snt_fuel_spend(L, SNT_LIB_CALL_COST + 2 * n + (n + bytes) * rounds);
  return n;
}

/* Fills keys, and the list at `list`, in the table's own order. */
static void collect_keys(lua_State *L, int table, int list, struct key *keys, size_t n) {
  lua_pushnil(L);
  for (size_t i = 0; i < n && lua_next(L, table) != 0; i++) {
    lua_pop(L, 1);
    keys[i] = (struct key){.place = (lua_Integer)i + 1};
    if (lua_type(L, -1) == LUA_TSTRING) {
      keys[i].text = lua_tolstring(L, -1, &keys[i].len);
    } else {
      keys[i].number = lua_tointeger(L, -1);
    }
    lua_pushvalue(L, -1);
    lua_rawseti(L, list, keys[i].place);
  }
  lua_settop(L, list + 1);
}

/* Pushes the list of the keys in order. */
static void push_sorted_keys(lua_State *L, int table, size_t n) {
  snt_fuel_expect_block(L, 2 * n * sizeof(struct key));
  lua_createtable(L, (int)n, 0);
  int unsorted = lua_gettop(L);
  struct key *keys = lua_newuserdatauv(L, 2 * n * sizeof(struct key) + 1, 0);
  collect_keys(L, table, unsorted, keys, n);
  const struct key *sorted = sort_keys(keys, n);
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, unsorted, sorted[i].place);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_replace(L, unsorted);
  lua_settop(L, unsorted);
}

/* Upvalues: table, list of keys or nil for 1..n, n, index. Keys that were removed meanwhile are left out. */
static int next_pair(lua_State *L) {
  lua_Integer n = lua_tointeger(L, lua_upvalueindex(3));
  lua_Integer i = lua_tointeger(L, lua_upvalueindex(4));
  while (i < n) {
    snt_fuel_spend(L, SNT_LIB_STEP_COST);
    i++;
    lua_settop(L, 0);
    if (lua_isnil(L, lua_upvalueindex(2))) {
      lua_pushinteger(L, i);
    } else {
      lua_rawgeti(L, lua_upvalueindex(2), i);
    }
    lua_pushvalue(L, 1);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) {
      lua_pushinteger(L, i);
      lua_replace(L, lua_upvalueindex(4));
      return 2;
    }
  }
  lua_pushnil(L);
  return 1;
}

int snt_lib_pairs(lua_State *L) {
  snt_readonly_check_table(L, 1);
  lua_settop(L, 1);
  bool is_sequence = false;
  size_t n = count_keys(L, 1, &is_sequence);
  lua_pushvalue(L, 1);
  if (is_sequence) {
    lua_pushnil(L);
  } else {
    push_sorted_keys(L, 1, n);
  }
  lua_pushinteger(L, (lua_Integer)n);
  lua_pushinteger(L, 0);
  lua_pushcclosure(L, next_pair, 4);
  return 1;
}
