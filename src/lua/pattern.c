#include "lua/pattern.h"

#include "lua/fuel.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

#define ESCAPE '%'
#define BYTES_PER_UNIT 4

static const char *match(struct snt_pattern *m, const char *s, const char *p);

static bool is_lower(unsigned char c) { return c >= 'a' && c <= 'z'; }
static bool is_upper(unsigned char c) { return c >= 'A' && c <= 'Z'; }
static bool is_digit(unsigned char c) { return c >= '0' && c <= '9'; }
static bool is_alpha(unsigned char c) { return is_lower(c) || is_upper(c); }
static bool is_graph(unsigned char c) { return c > 0x20 && c < 0x7f; }

/* The classes of the C locale, whatever the process's locale is. */
static bool is_in_class(unsigned char c, char class) {
  bool is_in = false;
  switch (class | 0x20) {
  case 'a':
    is_in = is_alpha(c);
    break;
  case 'c':
    is_in = c < 0x20 || c == 0x7f;
    break;
  case 'd':
    is_in = is_digit(c);
    break;
  case 'g':
    is_in = is_graph(c);
    break;
  case 'l':
    is_in = is_lower(c);
    break;
  case 'p':
    is_in = is_graph(c) && !is_alpha(c) && !is_digit(c);
    break;
  case 's':
    is_in = c == ' ' || (c >= '\t' && c <= '\r');
    break;
  case 'u':
    is_in = is_upper(c);
    break;
  case 'w':
    is_in = is_alpha(c) || is_digit(c);
    break;
  case 'x':
    is_in = is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
    break;
  case 'z': /* of older versions, and still there */
    is_in = c == '\0';
    break;
  default:
    return c == (unsigned char)class;
  }
  return is_upper((unsigned char)class) ? !is_in : is_in;
}

/* After a set's '[': the character after its ']'. */
static const char *skip_set(struct snt_pattern *m, const char *p) {
  const char *start = p;
  p += *p == '^';
  do { /* a ']' that comes first is a member */
    if (p == m->pattern_end) {
      luaL_error(m->L, "malformed pattern (missing ']')");
    }
    bool is_escape = *p == ESCAPE;
    p++;
    p += is_escape && p < m->pattern_end;
  } while (*p != ']' || p == m->pattern_end);
  snt_fuel_spend(m->L, (size_t)(p - start) / BYTES_PER_UNIT);
  return p + 1;
}

/* The character after the single-character class at p. */
static const char *skip_class(struct snt_pattern *m, const char *p) {
  if (*p == ESCAPE) {
    if (p + 1 == m->pattern_end) {
      luaL_error(m->L, "malformed pattern (ends with '%%')");
    }
    return p + 2;
  }
  return *p == '[' ? skip_set(m, p + 1) : p + 1;
}

/* p is at '[', close at the ']' that ends the set. */
static bool is_in_set(struct snt_pattern *m, unsigned char c, const char *p, const char *close) {
  snt_fuel_spend(m->L, (size_t)(close - p) / BYTES_PER_UNIT);
  p++;
  bool is_negated = *p == '^';
  for (p += is_negated; p < close; p++) {
    bool is_hit = false;
    if (*p == ESCAPE) {
      p++;
      is_hit = is_in_class(c, *p);
    } else if (p[1] == '-' && p + 2 < close) {
      is_hit = (unsigned char)p[0] <= c && c <= (unsigned char)p[2];
      p += 2;
    } else {
      is_hit = (unsigned char)*p == c;
    }
    if (is_hit) {
      return !is_negated;
    }
  }
  return is_negated;
}

/* Whether the class from p to end fits the character at s. */
static bool fits_one(struct snt_pattern *m, const char *s, const char *p, const char *end) {
  snt_fuel_spend(m->L, 1);
  if (s >= m->subject_end) {
    return false;
  }
  unsigned char c = (unsigned char)*s;
  switch (*p) {
  case '.':
    return true;
  case ESCAPE:
    return is_in_class(c, p[1]);
  case '[':
    return is_in_set(m, c, p, end - 1);
  default:
    return (unsigned char)*p == c;
  }
}

/* After "%b". What was scanned is charged afterwards: it is at most one block. */
static const char *match_balanced(struct snt_pattern *m, const char *s, const char *p) {
  if (m->pattern_end - p < 2) {
    luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
  }
  if (s >= m->subject_end || *s != *p) {
    return NULL;
  }
  const char *start = s;
  size_t open = 1;
  for (s++; s < m->subject_end && open > 0; s++) {
    if (*s == p[1]) {
      open--;
    } else if (*s == *p) {
      open++;
    }
  }
  snt_fuel_spend(m->L, (size_t)(s - start) / BYTES_PER_UNIT);
  return open == 0 ? s : NULL;
}

/* At "%f": whether the border between s[-1] and s[0] enters the set at p + 2; the character after the set, or NULL. */
static const char *match_frontier(struct snt_pattern *m, const char *s, const char *p) {
  p += 2;
  if (*p != '[') {
    luaL_error(m->L, "missing '[' after '%%f' in pattern");
  }
  const char *end = skip_class(m, p);
  unsigned char before = s == m->subject ? '\0' : (unsigned char)s[-1];
  bool enters = !is_in_set(m, before, p, end - 1) && is_in_set(m, (unsigned char)*s, p, end - 1);
  return enters ? end : NULL;
}

static const char *match_back_reference(struct snt_pattern *m, const char *s, char digit) {
  int i = digit - '1';
  if (i < 0 || i >= m->n || m->captures[i].kind == SNT_CAPTURE_OPEN) {
    luaL_error(m->L, "invalid capture index %%%d", i + 1);
  }
  const struct snt_capture *capture = &m->captures[i];
  if (capture->kind != SNT_CAPTURE_CLOSED || capture->len > (size_t)(m->subject_end - s)) {
    return NULL;
  }
  snt_fuel_spend(m->L, capture->len / BYTES_PER_UNIT);
  return memcmp(capture->start, s, capture->len) == 0 ? s + capture->len : NULL;
}

static const char *match_most(struct snt_pattern *m, const char *s, const char *p, const char *end) {
  ptrdiff_t n = 0;
  while (fits_one(m, s + n, p, end)) {
    n++;
  }
  for (; n >= 0; n--) {
    const char *result = match(m, s + n, end + 1);
    if (result != NULL) {
      return result;
    }
  }
  return NULL;
}

static const char *match_fewest(struct snt_pattern *m, const char *s, const char *p, const char *end) {
  for (;;) {
    const char *result = match(m, s, end + 1);
    if (result != NULL || !fits_one(m, s, p, end)) {
      return result;
    }
    s++;
  }
}

static const char *open_capture(struct snt_pattern *m, const char *s, const char *p) {
  bool is_position = p[1] == ')';
  if (m->n >= SNT_PATTERN_CAPTURES_MAX) {
    luaL_error(m->L, "too many captures");
  }
  m->captures[m->n] = (struct snt_capture){.start = s, .kind = is_position ? SNT_CAPTURE_POSITION : SNT_CAPTURE_OPEN};
  m->n++;
  const char *result = match(m, s, p + (is_position ? 2 : 1));
  if (result == NULL) {
    m->n--;
  }
  return result;
}

static const char *close_capture(struct snt_pattern *m, const char *s, const char *p) {
  int i = m->n - 1;
  while (i >= 0 && m->captures[i].kind != SNT_CAPTURE_OPEN) {
    i--;
  }
  if (i < 0) {
    luaL_error(m->L, "invalid pattern capture");
    return NULL;
  }
  m->captures[i].kind = SNT_CAPTURE_CLOSED;
  m->captures[i].len = (size_t)(s - m->captures[i].start);
  const char *result = match(m, s, p + 1);
  if (result == NULL) {
    m->captures[i].kind = SNT_CAPTURE_OPEN;
  }
  return result;
}

/* A position in subject and pattern; s is NULL when the match failed, p is NULL when s is the end of the whole match.
 */
struct step {
  const char *s, *p;
};

/* One class with what may follow it. */
static struct step step_class(struct snt_pattern *m, const char *s, const char *p) {
  const char *end = skip_class(m, p);
  switch (end < m->pattern_end ? *end : '\0') {
  case '?': {
    const char *result = fits_one(m, s, p, end) ? match(m, s + 1, end + 1) : NULL;
    return result != NULL ? (struct step){result, NULL} : (struct step){s, end + 1};
  }
  case '+':
    return (struct step){fits_one(m, s, p, end) ? match_most(m, s + 1, p, end) : NULL, NULL};
  case '*':
    return (struct step){match_most(m, s, p, end), NULL};
  case '-':
    return (struct step){match_fewest(m, s, p, end), NULL};
  default:
    return (struct step){fits_one(m, s, p, end) ? s + 1 : NULL, end};
  }
}

static struct step step_escape(struct snt_pattern *m, const char *s, const char *p) {
  if (p[1] == 'b') {
    return (struct step){match_balanced(m, s, p + 2), p + 4};
  }
  if (p[1] == 'f') {
    const char *end = match_frontier(m, s, p);
    return (struct step){end != NULL ? s : NULL, end};
  }
  if (is_digit((unsigned char)p[1])) {
    return (struct step){match_back_reference(m, s, p[1]), p + 2};
  }
  return step_class(m, s, p);
}

static struct step step_once(struct snt_pattern *m, const char *s, const char *p) {
  switch (*p) {
  case '(':
    return (struct step){open_capture(m, s, p), NULL};
  case ')':
    return (struct step){close_capture(m, s, p), NULL};
  case ESCAPE:
    return step_escape(m, s, p);
  case '$':
    if (p + 1 == m->pattern_end) {
      return (struct step){s == m->subject_end ? s : NULL, NULL};
    }
    return step_class(m, s, p);
  default:
    return step_class(m, s, p);
  }
}

static const char *match(struct snt_pattern *m, const char *s, const char *p) {
  if (m->depth >= SNT_PATTERN_DEPTH_MAX) {
    luaL_error(m->L, "pattern too complex");
  }
  m->depth++;
  while (s != NULL && p != NULL && p != m->pattern_end) {
    snt_fuel_spend(m->L, 1);
    struct step next = step_once(m, s, p);
    s = next.s;
    p = next.p;
  }
  m->depth--;
  return s;
}

const char *snt_pattern_match(struct snt_pattern *m, const char *s, const char *p) {
  m->depth = 0;
  m->n = 0;
  return match(m, s, p);
}

void snt_pattern_push_capture(const struct snt_pattern *m, int i, const char *s, const char *end) {
  if (i >= m->n) {
    if (i != 0) {
      luaL_error(m->L, "invalid capture index %%%d", i + 1);
    }
    snt_fuel_spend(m->L, (size_t)(end - s) / 16);
    lua_pushlstring(m->L, s, (size_t)(end - s));
    return;
  }
  const struct snt_capture *capture = &m->captures[i];
  if (capture->kind == SNT_CAPTURE_OPEN) {
    luaL_error(m->L, "unfinished capture");
  } else if (capture->kind == SNT_CAPTURE_POSITION) {
    lua_pushinteger(m->L, capture->start - m->subject + 1);
  } else {
    snt_fuel_spend(m->L, capture->len / 16);
    lua_pushlstring(m->L, capture->start, capture->len);
  }
}

int snt_pattern_push_captures(const struct snt_pattern *m, const char *s, const char *end, int wants_whole) {
  int n = m->n == 0 && wants_whole ? 1 : m->n;
  luaL_checkstack(m->L, n, "too many captures");
  for (int i = 0; i < n; i++) {
    snt_pattern_push_capture(m, i, s, end);
  }
  return n;
}
