/* host.plain_words, host.compile_patterns, host.compile_users (host.h): the lists of patterns that most of a policy
 * consists of.
 *
 * MUST
 *  1. take for plain only what values.lua would accept without a closer look;
 *  2. hold a pattern for a literal only when it has neither `*` nor `?`. */
#include "lua/host.h"

#include "base/str.h"
#include "lua/lib.h"

#include <lauxlib.h>
#include <string.h>

#define PLAIN_MAX 512 /* bytes of a pattern: values.lua */

static bool is_plain_byte(char c) {
  static const char others[] = "@._*?:/+=,-";
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
         memchr(others, c, sizeof others - 1) != NULL;
}

static bool is_plain(const char *text, size_t len) {
  size_t i = 0;
  while (i < len && is_plain_byte(text[i])) {
    i++;
  }
  return i == len && len > 0;
}

int snt_host_plain_words(lua_State *L) {
  enum { NODE = 1, OUT, FIRST = 2, STEP = 2 }; /* {"list", item, place, item, place, ...} */
  luaL_checktype(L, NODE, LUA_TTABLE);
  lua_settop(L, NODE);
  lua_Integer len = (lua_Integer)lua_rawlen(L, NODE);
  lua_createtable(L, (int)(len / STEP), 0);
  for (lua_Integer i = FIRST; i <= len; i += STEP) {
    size_t size = 0;
    const char *text = lua_rawgeti(L, NODE, i) == LUA_TSTRING ? lua_tolstring(L, -1, &size) : NULL;
    if (text == NULL || size > PLAIN_MAX) {
      return 0;
    }
    snt_lib_charge_bytes(L, size);
    if (!is_plain(text, size)) {
      return 0;
    }
    lua_rawseti(L, OUT, i / STEP);
  }
  return 1;
}

static bool is_literal(struct snt_slice pattern) {
  return memchr(pattern.data, '*', pattern.len) == NULL && memchr(pattern.data, '?', pattern.len) == NULL;
}

/* Pushes item i of the list of patterns at index 1. */
static struct snt_slice push_pattern(lua_State *L, lua_Integer i) {
  struct snt_slice pattern = {0};
  if (lua_rawgeti(L, 1, i) != LUA_TSTRING) {
    luaL_error(L, "a pattern is a %s", luaL_typename(L, -1));
  }
  pattern.data = lua_tolstring(L, -1, &pattern.len);
  snt_lib_charge_bytes(L, pattern.len);
  return pattern;
}

/* What a matcher (match.lua) is going to hold: literals as keys, the other patterns as items. */
struct counts {
  int literals, others;
};

static void count(struct counts *counts, struct snt_slice pattern) {
  if (is_literal(pattern)) {
    counts->literals++;
  } else {
    counts->others++;
  }
}

/* The pattern at the top goes into the matcher at index. */
static void add(lua_State *L, int index, struct snt_slice pattern) {
  if (is_literal(pattern)) {
    lua_pushboolean(L, 1);
    lua_rawset(L, index);
  } else {
    lua_rawseti(L, index, (lua_Integer)lua_rawlen(L, index) + 1);
  }
}

static lua_Integer check_list(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  return (lua_Integer)lua_rawlen(L, 1);
}

int snt_host_compile_patterns(lua_State *L) {
  lua_Integer len = check_list(L);
  struct counts counts = {0};
  for (lua_Integer i = 1; i <= len; i++, lua_settop(L, 1)) {
    count(&counts, push_pattern(L, i));
  }
  lua_createtable(L, counts.others, counts.literals);
  for (lua_Integer i = 1; i <= len; i++) {
    add(L, 2, push_pattern(L, i));
  }
  return 1;
}

/* Which matcher of a matcher of users a pattern belongs to; the first of these is none. */
enum kind { ANYONE, PEOPLE, ROLES, FEDERATED, ROOTS, KINDS };
static const char *const KIND_NAMES[KINDS] = {"is_anyone", "people", "roles", "federated", "roots"};

/* "root", or "<account>/root" of another account. */
static bool is_root(struct snt_slice pattern) {
  enum { ACCOUNT_LEN = 12 };
  bool has_account = strspn(pattern.data, "0123456789") == ACCOUNT_LEN && pattern.len > ACCOUNT_LEN;
  return has_account ? snt_slice_is((struct snt_slice){pattern.data + ACCOUNT_LEN, pattern.len - ACCOUNT_LEN}, "/root")
                     : snt_slice_is(pattern, "root");
}

static enum kind kind_of(struct snt_slice pattern) {
  if (snt_slice_is(pattern, "*")) {
    return ANYONE;
  }
  if (is_root(pattern)) {
    return ROOTS;
  }
  if (snt_str_starts_with(pattern.data, "role/")) {
    return ROLES;
  }
  return snt_str_starts_with(pattern.data, "federated/") ? FEDERATED : PEOPLE;
}

/* Adds to the matcher of users at the top those matchers that are going to hold anything; places has the index of each
 * on the stack. */
static void push_matchers(lua_State *L, const struct counts counts[KINDS], int places[KINDS]) {
  int users = lua_gettop(L);
  for (int kind = PEOPLE; kind < KINDS; kind++) {
    if (counts[kind].literals + counts[kind].others > 0) {
      lua_createtable(L, counts[kind].others, counts[kind].literals);
      lua_pushvalue(L, -1);
      lua_setfield(L, users, KIND_NAMES[kind]);
      places[kind] = lua_gettop(L);
    }
  }
}

int snt_host_compile_users(lua_State *L) {
  lua_Integer len = check_list(L);
  struct counts counts[KINDS] = {0};
  int places[KINDS] = {0};
  lua_createtable(L, 0, 1);
  for (lua_Integer i = 1; i <= len; i++, lua_settop(L, 2)) {
    struct snt_slice pattern = push_pattern(L, i);
    enum kind kind = kind_of(pattern);
    count(&counts[kind], pattern);
    if (kind < PEOPLE) {
      lua_pushboolean(L, 1);
      lua_setfield(L, 2, KIND_NAMES[kind]);
    }
  }
  push_matchers(L, counts, places);
  int top = lua_gettop(L);
  for (lua_Integer i = 1; i <= len; i++, lua_settop(L, top)) {
    struct snt_slice pattern = push_pattern(L, i);
    enum kind kind = kind_of(pattern);
    if (kind >= PEOPLE) {
      add(L, places[kind], pattern);
    }
  }
  lua_settop(L, 2);
  return 1;
}
