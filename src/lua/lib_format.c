/* `string.format`: as Lua's own, but it shows no address and calls no metamethod.
 *
 * MUST
 *  1. give snprintf only a specification that was checked letter by letter, and a value of the type that it names;
 *  2. refuse %p; show a table, function or userdata as the name of its type. */
#include "lua/lib.h"

#include "lua/fuel.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define CONVERSION_COST 8
#define FLOAT_COST 64
#define QUOTED_BYTE_COST 4 /* a control character becomes four */
#define LONG_TEXT 100      /* from here on a text without precision is added as it is, as Lua does */
#define SPEC_CAP 32
#define DIGITS_MAX 2
/* "%99.99f" of the largest double: sign, 309 digits, point, 99 digits. */
#define ITEM_CAP 512

static const char digits[] = "0123456789";

/* What may stand between '%' and the letter. */
struct conversion {
  char letter;
  const char *flags;
  bool has_precision;
};

static const struct conversion conversions[] = {
    {'c', "-", false},    {'d', "-+ 0", true},  {'i', "-+ 0", true},  {'u', "-0", true},    {'o', "-#0", true},
    {'x', "-#0", true},   {'X', "-#0", true},   {'a', "-+ #0", true}, {'A', "-+ #0", true}, {'e', "-+ #0", true},
    {'E', "-+ #0", true}, {'f', "-+ #0", true}, {'g', "-+ #0", true}, {'G', "-+ #0", true}, {'s', "-", true},
};

/* One conversion of the format: "%" and everything up to its letter. */
struct spec {
  char text[SPEC_CAP]; /* with room for a length modifier */
  size_t len;
  char letter;
  bool has_modifiers;
  bool has_precision;
};

static const struct conversion *find_conversion(char letter) {
  for (size_t i = 0; i < sizeof conversions / sizeof conversions[0]; i++) {
    if (conversions[i].letter == letter) {
      return &conversions[i];
    }
  }
  return NULL;
}

static const char *skip_digits(const char *at) {
  size_t n = strspn(at, digits);
  return at + (n < DIGITS_MAX ? n : DIGITS_MAX);
}

static bool is_well_formed(const struct spec *spec, const struct conversion *conversion) {
  const char *at = spec->text + 1;
  at += strspn(at, conversion->flags);
  if (*at != '0') { /* a width does not start with a zero */
    at = skip_digits(at);
    if (*at == '.' && conversion->has_precision) {
      at = skip_digits(at + 1);
    }
  }
  return at == spec->text + spec->len - 1;
}

/* At the character after '%'; returns the one after the conversion. */
static const char *read_spec(lua_State *L, const char *at, struct spec *spec) {
  size_t n = strspn(at, "-+ #0123456789.");
  if (n + 8 >= SPEC_CAP) {
    luaL_error(L, "invalid format (too long) to 'format'");
    return at;
  }
  *spec = (struct spec){.letter = at[n], .len = n + 2, .has_modifiers = n > 0};
  spec->text[0] = '%';
  memcpy(spec->text + 1, at, n + 1);
  spec->has_precision = memchr(at, '.', n) != NULL;
  if (spec->letter == 'p') {
    luaL_error(L, "'%%p' would show an address: it is not available");
  }
  if (spec->letter == 'q') {
    if (spec->has_modifiers) {
      luaL_error(L, "specifier '%%q' cannot have modifiers");
    }
    return at + n + 1;
  }
  const struct conversion *conversion = find_conversion(spec->letter);
  if (conversion == NULL || !is_well_formed(spec, conversion)) {
    luaL_error(L, "invalid conversion '%s' to 'format'", spec->text);
  }
  return at + n + (spec->letter != '\0');
}

/* The only place where snprintf gets a format that is not a literal: is_well_formed has checked it. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void add_integer(luaL_Buffer *out, const struct spec *spec, long long value) {
  char with_length[SPEC_CAP + 4], item[ITEM_CAP];
  snprintf(with_length, sizeof with_length, "%.*sll%c", (int)spec->len - 1, spec->text, spec->letter);
  int n = snprintf(item, sizeof item, with_length, value);
  luaL_addlstring(out, item, (size_t)n);
}

/* The length, which is at most ITEM_CAP, tells what the digits cost. */
static void add_number(lua_State *L, luaL_Buffer *out, const struct spec *spec, double value) {
  char item[ITEM_CAP];
  int n = snprintf(item, sizeof item, spec->text, value);
  snt_fuel_spend(L, FLOAT_COST + (size_t)n);
  luaL_addlstring(out, item, (size_t)n);
}

static void add_char(luaL_Buffer *out, const struct spec *spec, int value) {
  char item[ITEM_CAP];
  int n = snprintf(item, sizeof item, spec->text, value);
  luaL_addlstring(out, item, (size_t)n);
}

static void add_short_text(luaL_Buffer *out, const struct spec *spec, const char *text) {
  char item[ITEM_CAP];
  int n = snprintf(item, sizeof item, spec->text, text); /* at most LONG_TEXT, or what two digits say */
  luaL_addlstring(out, item, (size_t)n);
}
#pragma GCC diagnostic pop

static void add_text(lua_State *L, luaL_Buffer *out, const struct spec *spec, int argument) {
  size_t len = 0;
  const char *text = snt_lib_push_text(L, argument, &len);
  snt_lib_charge_bytes(L, len);
  if (!spec->has_modifiers || (!spec->has_precision && len >= LONG_TEXT)) {
    luaL_argcheck(L, !spec->has_modifiers || strlen(text) == len, argument, "string contains zeros");
    luaL_addvalue(out);
    return;
  }
  luaL_argcheck(L, strlen(text) == len, argument, "string contains zeros");
  lua_replace(L, argument); /* keeps the text alive; the buffer needs the top of the stack back */
  add_short_text(out, spec, text);
}

static void add_quoted_text(luaL_Buffer *out, const char *text, size_t len) {
  luaL_addchar(out, '"');
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c == '"' || c == '\\' || c == '\n') {
      luaL_addchar(out, '\\');
      luaL_addchar(out, (char)c);
    } else if (c < 0x20 || c == 0x7f) {
      char escape[8];
      bool is_before_digit = i + 1 < len && strchr(digits, text[i + 1]) != NULL && text[i + 1] != '\0';
      snprintf(escape, sizeof escape, is_before_digit ? "\\%03d" : "\\%d", c);
      luaL_addstring(out, escape);
    } else {
      luaL_addchar(out, (char)c);
    }
  }
  luaL_addchar(out, '"');
}

static void add_quoted_number(lua_State *L, luaL_Buffer *out, int argument) {
  char item[64];
  if (lua_isinteger(L, argument)) {
    lua_Integer value = lua_tointeger(L, argument);
    bool is_smallest = value == LUA_MININTEGER; /* its decimal form reads back as a float */
    snprintf(item, sizeof item, is_smallest ? "0x%" PRIx64 : "%" PRId64, (int64_t)value);
  } else {
    double value = lua_tonumber(L, argument);
    if (isnan(value)) {
      snprintf(item, sizeof item, "(0/0)");
    } else if (isinf(value)) {
      snprintf(item, sizeof item, value > 0 ? "1e9999" : "-1e9999");
    } else {
      snprintf(item, sizeof item, "%a", value);
    }
  }
  luaL_addstring(out, item);
}

static void add_quoted(lua_State *L, luaL_Buffer *out, int argument) {
  size_t len = 0;
  switch (lua_type(L, argument)) {
  case LUA_TSTRING: {
    const char *text = lua_tolstring(L, argument, &len);
    snt_fuel_spend(L, len * QUOTED_BYTE_COST);
    add_quoted_text(out, text, len);
    break;
  }
  case LUA_TNUMBER:
    add_quoted_number(L, out, argument);
    break;
  case LUA_TNIL:
    luaL_addstring(out, "nil");
    break;
  case LUA_TBOOLEAN:
    luaL_addstring(out, lua_toboolean(L, argument) ? "true" : "false");
    break;
  default:
    luaL_argerror(L, argument, "value has no literal form");
  }
}

static void add_item(lua_State *L, luaL_Buffer *out, const struct spec *spec, int argument) {
  snt_fuel_spend(L, CONVERSION_COST);
  switch (spec->letter) {
  case 'c':
    add_char(out, spec, (int)(unsigned char)luaL_checkinteger(L, argument));
    break;
  case 's':
    luaL_checkany(L, argument);
    add_text(L, out, spec, argument);
    break;
  case 'q':
    luaL_checkany(L, argument);
    add_quoted(L, out, argument);
    break;
  default:
    if (strchr("diuoxX", spec->letter) != NULL) {
      add_integer(out, spec, luaL_checkinteger(L, argument));
    } else {
      add_number(L, out, spec, luaL_checknumber(L, argument));
    }
  }
}

int snt_lib_format(lua_State *L) {
  size_t len = 0;
  const char *at = snt_lib_check_text(L, 1, &len), *end = at + len;
  int argument = 1, top = lua_gettop(L);
  snt_lib_charge_bytes(L, len);
  luaL_Buffer out;
  luaL_buffinit(L, &out);
  while (at < end) {
    const char *percent = memchr(at, '%', (size_t)(end - at));
    const char *stop = percent == NULL ? end : percent;
    luaL_addlstring(&out, at, (size_t)(stop - at));
    if (percent == NULL) {
      break;
    }
    at = percent + 1;
    if (*at == '%') {
      luaL_addchar(&out, '%');
      at++;
      continue;
    }
    if (++argument > top) {
      luaL_argerror(L, argument, "no value");
    }
    struct spec spec;
    at = read_spec(L, at, &spec);
    add_item(L, &out, &spec, argument);
  }
  luaL_pushresult(&out);
  return 1;
}
