/* lua/pattern (layer 3): a matcher of Lua's patterns (Lua 5.4 manual, 6.4.1) that pays for every step.
 *
 * MUST
 *  1. charge one unit a step, and more where a step's work grows with the pattern or the subject;
 *  2. bound its recursion;
 *  3. hold nothing that has to be freed: every charge may raise. */
#ifndef SNT_LUA_PATTERN_H
#define SNT_LUA_PATTERN_H

#include <lua.h>
#include <stddef.h>

#define SNT_PATTERN_CAPTURES_MAX 32
#define SNT_PATTERN_DEPTH_MAX 200

enum snt_capture_kind { SNT_CAPTURE_OPEN = 0, SNT_CAPTURE_CLOSED, SNT_CAPTURE_POSITION };

struct snt_capture {
  const char *start;
  size_t len; /* when closed */
  enum snt_capture_kind kind;
};

/* Subject and pattern are strings of Lua's, that is, followed by a NUL. */
struct snt_pattern {
  lua_State *L;
  const char *subject, *subject_end;
  const char *pattern_end;
  int depth;
  int n; /* captures, open ones included */
  struct snt_capture captures[SNT_PATTERN_CAPTURES_MAX];
};

/* Matches the pattern from p on at exactly s; the end of the match, or NULL. Raises for a malformed pattern, too deep a
 * recursion, and when the fuel is spent. */
const char *snt_pattern_match(struct snt_pattern *m, const char *s, const char *p);
/* Pushes one capture (from 0 on; without any, 0 is the whole match from s to end), or all of them; returns how many. */
void snt_pattern_push_capture(const struct snt_pattern *m, int i, const char *s, const char *end);
int snt_pattern_push_captures(const struct snt_pattern *m, const char *s, const char *end, int wants_whole);

#endif
