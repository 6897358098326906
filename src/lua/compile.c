/* MUST
 *  1. load text only, never bytecode;
 *  2. charge for compiling before it starts: no hook runs in the lexer or parser;
 *  3. look at words as Lua's own lexer does: where the two could differ, Lua must refuse the text. */
#include "lua/compile.h"

#include "lua/dump.h"
#include "lua/fuel.h"
#include "lua/selftest.h"

#include <lauxlib.h>
#include <string.h>

#define TEXT_MAX ((size_t)512 << 10)
#define UNITS_PER_BYTE 4
#define CONSTANTS_MAX 200
#define CHUNK_NAME_MAX 200

struct cursor {
  const char *at, *end;
  int line;
};

static char peek(const struct cursor *c, size_t ahead) {
  return ahead < (size_t)(c->end - c->at) ? c->at[ahead] : '\0';
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_hex(char c) { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }
static bool is_letter(char c) { return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_'; }
static bool is_newline(char c) { return c == '\n' || c == '\r'; }

static void advance(struct cursor *c) {
  if (c->at < c->end) {
    c->line += *c->at == '\n';
    c->at++;
  }
}

static void skip_line(struct cursor *c) {
  while (c->at < c->end && !is_newline(*c->at)) {
    c->at++;
  }
}

/* At '[': skips a long string or comment, or returns false where there is none. */
static bool skip_long(struct cursor *c) {
  size_t level = 0;
  while (peek(c, 1 + level) == '=') {
    level++;
  }
  if (peek(c, 1 + level) != '[') {
    return false;
  }
  c->at += 2 + level;
  for (; c->at < c->end; advance(c)) {
    size_t n = 0;
    while (*c->at == ']' && peek(c, 1 + n) == '=') {
      n++;
    }
    if (*c->at == ']' && n == level && peek(c, 1 + n) == ']') {
      c->at += 2 + level;
      return true;
    }
  }
  return true;
}

/* At a quote. An escape matters only when it hides a quote, a backslash or a line's end. */
static void skip_quoted(struct cursor *c) {
  char quote = *c->at;
  for (c->at++; c->at < c->end && *c->at != quote; advance(c)) {
    if (is_newline(*c->at)) {
      c->at = c->end; /* an unfinished string: Lua refuses the text here */
      return;
    }
    if (*c->at != '\\') {
      continue;
    }
    c->at++;
    if (peek(c, 0) == 'z') {
      while (strchr(" \f\n\r\t\v", peek(c, 1)) != NULL && peek(c, 1) != '\0') {
        advance(c);
      }
    } else if (is_newline(peek(c, 0)) && is_newline(peek(c, 1)) && peek(c, 0) != peek(c, 1)) {
      advance(c);
    }
  }
  advance(c);
}

static void skip_numeral(struct cursor *c) {
  char exponent = 'e';
  if (peek(c, 0) == '0' && (peek(c, 1) | 0x20) == 'x') {
    exponent = 'p';
    c->at += 2;
  }
  while (c->at < c->end) {
    if ((*c->at | 0x20) == exponent) {
      c->at += peek(c, 1) == '+' || peek(c, 1) == '-' ? 2 : 1;
    } else if (is_hex(*c->at) || *c->at == '.') {
      c->at++;
    } else {
      return;
    }
  }
}

static void skip_name(struct cursor *c, struct snt_lua_words *words) {
  const char *start = c->at;
  while (c->at < c->end && (is_letter(*c->at) || is_digit(*c->at))) {
    c->at++;
  }
  if (c->at - start == 4 && memcmp(start, "_ENV", 4) == 0 && !words->has_env) {
    words->has_env = true;
    words->env_line = c->line;
  }
}

static void skip_comment(struct cursor *c) {
  c->at += 2;
  if (peek(c, 0) != '[' || !skip_long(c)) {
    skip_line(c);
  }
}

static void skip_operator(struct cursor *c, struct snt_lua_words *words) {
  char first = *c->at, second = peek(c, 1);
  bool is_shift = (first == '<' || first == '>') && second == first;
  bool is_double = is_shift || (first == '~' && second == '=') || (first == '.' && second == '.');
  words->has_bitwise |= is_shift || first == '&' || first == '|' || (first == '~' && second != '=');
  advance(c);
  if (is_double) {
    advance(c);
  }
}

struct snt_lua_words snt_compile_scan(const char *text, size_t len) {
  struct snt_lua_words words = {0};
  struct cursor c = {.at = text, .end = text + len, .line = 1};
  while (c.at < c.end) {
    if (*c.at == '-' && peek(&c, 1) == '-') {
      skip_comment(&c);
    } else if (*c.at == '"' || *c.at == '\'') {
      skip_quoted(&c);
    } else if (*c.at == '[' && skip_long(&c)) {
      continue;
    } else if (is_digit(*c.at) || (*c.at == '.' && is_digit(peek(&c, 1)))) {
      skip_numeral(&c);
    } else if (is_letter(*c.at)) {
      skip_name(&c, &words);
    } else {
      skip_operator(&c, &words);
    }
  }
  return words;
}

static int refuse(lua_State *L, const char *format, ...) {
  va_list args;
  va_start(args, format);
  lua_pushnil(L);
  lua_pushvfstring(L, format, args);
  va_end(args);
  return 2;
}

/* Which texts are refused although the parser takes them. The function is at the top. */
static bool is_miscompiled(lua_State *L, const struct snt_lua_words *words) {
  return words->has_bitwise && !snt_selftest_is_sound(L) && snt_dump_count_constants(L) > CONSTANTS_MAX;
}

int snt_compile(lua_State *L, struct snt_slice text, const char *chunk, int env) {
  if (strlen(chunk) > CHUNK_NAME_MAX) {
    return refuse(L, "the name of the file is longer than %d bytes", CHUNK_NAME_MAX);
  }
  if (text.len > TEXT_MAX) {
    return refuse(L, "%s: more than 512 KiB", chunk);
  }
  if (text.len > 0 && text.data[0] == LUA_SIGNATURE[0]) {
    return refuse(L, "%s:1: this is bytecode; a policy is text", chunk);
  }
  snt_fuel_spend(L, text.len * UNITS_PER_BYTE);
  struct snt_lua_words words = snt_compile_scan(text.data, text.len);
  if (words.has_env) {
    return refuse(L, "%s:%d: the name _ENV cannot be used", chunk, words.env_line);
  }
  const char *source = lua_pushfstring(L, "%s%s", chunk[0] == '@' || chunk[0] == '=' ? "" : "@", chunk);
  if (luaL_loadbufferx(L, text.data, text.len, source, "t") != LUA_OK) {
    snt_fuel_check(L);
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
  }
  if (is_miscompiled(L, &words)) {
    return refuse(
        L,
        "%s: a bitwise operator (& | ~ << >>) in a file with more than %d constants: this version of Lua "
        "miscompiles such files; use Lua 5.4.8 or later, or take the operator or the constants to another file",
        chunk, CONSTANTS_MAX);
  }
  lua_pushvalue(L, env);
  if (lua_setupvalue(L, -2, 1) == NULL) {
    lua_pop(L, 1);
  }
  return 1;
}
