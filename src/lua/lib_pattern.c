/* `string`'s functions with patterns: find, match, gmatch, gsub. The matcher is lua/pattern. */
#include "lua/lib.h"

#include "lua/fuel.h"
#include "lua/pattern.h"
#include "lua/readonly.h"

#include <stdbool.h>
#include <string.h>

#define PLAIN_BYTES_PER_UNIT 4 /* memmem is linear in the worst case too, but not fast */

static struct snt_pattern make_pattern(lua_State *L, const char *subject, size_t len, const char *pattern_end) {
  /* Not {0}: the captures are written before they are read, and clearing them would cost more than most matches. */
  struct snt_pattern m;
  m.L = L;
  m.subject = subject;
  m.subject_end = subject + len;
  m.pattern_end = pattern_end;
  m.depth = 0;
  m.n = 0;
  return m;
}

static bool has_specials(const char *pattern, size_t len) {
  for (size_t i = 0; i < len; i++) {
    if (pattern[i] != '\0' && strchr("^$*+?.([%-", pattern[i]) != NULL) {
      return true;
    }
  }
  return false;
}

static int find_plain(lua_State *L, const char *from, const char *end, const char *text, size_t len) {
  const char *subject = lua_tostring(L, 1);
  const char *hit = len == 0 ? from : memmem(from, (size_t)(end - from), text, len); /* linear time */
  if (hit == NULL) {
    luaL_pushfail(L);
    return 1;
  }
  lua_pushinteger(L, hit - subject + 1);
  lua_pushinteger(L, hit - subject + (lua_Integer)len);
  return 2;
}

static int find_pattern(lua_State *L, struct snt_pattern *m, const char *from, const char *pattern, bool is_find) {
  bool is_anchored = *pattern == '^' && pattern < m->pattern_end;
  pattern += is_anchored;
  for (const char *s = from; s <= m->subject_end; s++) {
    const char *end = snt_pattern_match(m, s, pattern);
    if (end != NULL && is_find) {
      lua_pushinteger(L, s - m->subject + 1);
      lua_pushinteger(L, end - m->subject);
      return snt_pattern_push_captures(m, NULL, NULL, 0) + 2;
    }
    if (end != NULL) {
      return snt_pattern_push_captures(m, s, end, 1);
    }
    if (is_anchored) {
      break;
    }
    snt_fuel_spend(L, 1);
  }
  luaL_pushfail(L);
  return 1;
}

static int find_or_match(lua_State *L, bool is_find) {
  size_t len = 0, pattern_len = 0;
  const char *subject = snt_lib_check_text(L, 1, &len), *pattern = snt_lib_check_text(L, 2, &pattern_len);
  size_t start = snt_lib_start_of(luaL_optinteger(L, 3, 1), len) - 1;
  snt_fuel_spend(L, SNT_LIB_CALL_COST + pattern_len / PLAIN_BYTES_PER_UNIT);
  if (start > len) {
    luaL_pushfail(L);
    return 1;
  }
  if (is_find && (lua_toboolean(L, 4) || !has_specials(pattern, pattern_len))) {
    snt_fuel_spend(L, (len - start) / PLAIN_BYTES_PER_UNIT);
    return find_plain(L, subject + start, subject + len, pattern, pattern_len);
  }
  struct snt_pattern m = make_pattern(L, subject, len, pattern + pattern_len);
  return find_pattern(L, &m, subject + start, pattern, is_find);
}

int snt_lib_find(lua_State *L) { return find_or_match(L, true); }
int snt_lib_match(lua_State *L) { return find_or_match(L, false); }

/* Upvalues: subject, pattern, where to go on, and where the last match ended (-1: there was none). */
static int next_match(lua_State *L) {
  size_t len = 0, pattern_len = 0;
  const char *subject = lua_tolstring(L, lua_upvalueindex(1), &len);
  const char *pattern = lua_tolstring(L, lua_upvalueindex(2), &pattern_len);
  lua_Integer last = lua_tointeger(L, lua_upvalueindex(4));
  struct snt_pattern m = make_pattern(L, subject, len, pattern + pattern_len);
  snt_fuel_spend(L, SNT_LIB_CALL_COST);
  for (lua_Integer at = lua_tointeger(L, lua_upvalueindex(3)); at <= (lua_Integer)len; at++) {
    const char *end = snt_pattern_match(&m, subject + at, pattern);
    if (end != NULL && end - subject != last) {
      lua_pushinteger(L, end - subject);
      lua_copy(L, -1, lua_upvalueindex(3));
      lua_replace(L, lua_upvalueindex(4));
      return snt_pattern_push_captures(&m, subject + at, end, 1);
    }
    snt_fuel_spend(L, 1);
  }
  lua_pushinteger(L, (lua_Integer)len + 1); /* asked again, it stays at the end */
  lua_replace(L, lua_upvalueindex(3));
  return 0;
}

int snt_lib_gmatch(lua_State *L) {
  size_t len = 0;
  (void)snt_lib_check_text(L, 1, &len);
  (void)snt_lib_check_text(L, 2, NULL);
  size_t start = snt_lib_start_of(luaL_optinteger(L, 3, 1), len) - 1;
  lua_settop(L, 2);
  lua_pushinteger(L, (lua_Integer)(start > len ? len + 1 : start));
  lua_pushinteger(L, -1);
  lua_pushcclosure(L, next_match, 4);
  return 1;
}

/* One run of gsub. */
struct substitution {
  struct snt_pattern m;
  luaL_Buffer out;
  int type; /* of the replacement, argument 3 */
};

static void add_reference(struct substitution *sub, char digit, const char *s, const char *end) {
  lua_State *L = sub->m.L;
  if (digit == '0') {
    snt_lib_charge_bytes(L, (size_t)(end - s));
    luaL_addlstring(&sub->out, s, (size_t)(end - s));
    return;
  }
  snt_pattern_push_capture(&sub->m, digit - '1', s, end);
  snt_lib_charge_number(L, -1);
  (void)lua_tolstring(L, -1, NULL); /* a position */
  luaL_addvalue(&sub->out);
}

static void add_text(struct substitution *sub, const char *s, const char *end) {
  lua_State *L = sub->m.L;
  size_t len = 0;
  const char *text = lua_tolstring(L, 3, &len);
  snt_lib_charge_bytes(L, len);
  for (const char *stop = text + len; text < stop;) {
    const char *escape = memchr(text, '%', (size_t)(stop - text));
    const char *plain_end = escape == NULL ? stop : escape;
    luaL_addlstring(&sub->out, text, (size_t)(plain_end - text));
    if (escape == NULL) {
      return;
    }
    if (escape[1] == '%') {
      luaL_addchar(&sub->out, '%');
    } else if (escape[1] >= '0' && escape[1] <= '9') {
      add_reference(sub, escape[1], s, end);
    } else {
      luaL_error(L, "invalid use of '%%' in replacement string");
    }
    text = escape + 2;
  }
}

/* Adds what stands in the place of the match from s to end; false when the match itself does. */
static bool add_replacement(struct substitution *sub, const char *s, const char *end) {
  lua_State *L = sub->m.L;
  if (sub->type == LUA_TFUNCTION) {
    lua_pushvalue(L, 3);
    lua_call(L, snt_pattern_push_captures(&sub->m, s, end, 1), 1);
  } else if (sub->type == LUA_TTABLE) {
    snt_pattern_push_capture(&sub->m, 0, s, end);
    lua_rawget(L, 3);
  } else {
    add_text(sub, s, end);
    return true;
  }
  snt_fuel_spend(L, SNT_LIB_CALL_COST);
  if (!lua_toboolean(L, -1)) {
    lua_pop(L, 1);
    snt_lib_charge_bytes(L, (size_t)(end - s));
    luaL_addlstring(&sub->out, s, (size_t)(end - s));
    return false;
  }
  if (!lua_isstring(L, -1)) {
    return luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1)) != 0;
  }
  snt_lib_charge_number(L, -1);
  snt_lib_charge_bytes(L, lua_rawlen(L, -1));
  luaL_addvalue(&sub->out);
  return true;
}

static lua_Integer substitute(struct substitution *sub, const char *pattern, lua_Integer max, bool *is_changed) {
  lua_State *L = sub->m.L;
  const char *s = sub->m.subject, *last = NULL;
  bool is_anchored = *pattern == '^' && pattern < sub->m.pattern_end;
  pattern += is_anchored;
  lua_Integer n = 0;
  while (n < max) {
    snt_fuel_spend(L, 1);
    const char *end = snt_pattern_match(&sub->m, s, pattern);
    if (end != NULL && end != last) {
      n++;
      *is_changed = add_replacement(sub, s, end) || *is_changed;
      s = last = end;
    } else if (s < sub->m.subject_end) {
      luaL_addchar(&sub->out, *s);
      s++;
    } else {
      break;
    }
    if (is_anchored) {
      break;
    }
  }
  if (*is_changed) {
    size_t rest = (size_t)(sub->m.subject_end - s);
    snt_lib_charge_bytes(L, rest);
    luaL_addlstring(&sub->out, s, rest);
  }
  return n;
}

int snt_lib_gsub(lua_State *L) {
  size_t len = 0, pattern_len = 0;
  const char *subject = snt_lib_check_text(L, 1, &len), *pattern = snt_lib_check_text(L, 2, &pattern_len);
  int type = lua_type(L, 3);
  luaL_argexpected(L, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE, 3,
                   "string/function/table");
  lua_Integer max = luaL_optinteger(L, 4, (lua_Integer)len + 1);
  lua_settop(L, 3);
  snt_readonly_open(L, 3);
  snt_lib_charge_bytes(L, pattern_len);
  struct substitution sub;
  sub.m = make_pattern(L, subject, len, pattern + pattern_len);
  sub.type = type;
  luaL_buffinit(L, &sub.out);
  bool is_changed = false;
  lua_Integer n = substitute(&sub, pattern, max, &is_changed);
  if (is_changed) {
    luaL_pushresult(&sub.out);
  } else {
    lua_pushvalue(L, 1); /* above the buffer, which is given up */
  }
  lua_pushinteger(L, n);
  return 2;
}
