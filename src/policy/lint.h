/* policy/lint (layer 4): what the evaluator found when it linted a policy, checked as the word of a process that may
 * have been taken over, and bounded.
 *
 * MUST
 *  1. know only the checks of the table, and report nothing at all when one problem is not in order;
 *  2. never take a report that is cut short, or that nobody finished, for a clean policy. */
#ifndef SNT_POLICY_LINT_H
#define SNT_POLICY_LINT_H

#include <stdint.h>

#include "base/buf.h"
#include "format/json.h"

#define SNT_LINT_PROBLEMS_MAX 500

/* X(NAME, its name, whether it is more than advice, what it finds, what to do) */
#define SNT_LINT_CHECKS(X)                                                                                             \
  X(UNREACHABLE_RULE, "unreachable-rule", true, "earlier rules decide everything that the rule could",                 \
    "remove the rule, or move it before those")                                                                        \
  X(ALLOW_BEFORE_DENY, "allow-before-deny", true, "the rule allows what a later deny rule means to refuse",            \
    "move the deny rule before it, or make the two apply to different requests")                                       \
  X(DEAD_DENY, "dead-deny", true, "earlier rules decide everything that the deny rule means to refuse",                \
    "move the deny rule before those that allow")                                                                      \
  X(UNRESTRICTED_ALLOW, "unrestricted-allow", false, "the rule lets everybody use every profile",                      \
    "name profiles and roles, or users or groups")                                                                     \
  X(UNMET_REQUIRE, "unmet-require", false, "the rule asks for what nobody can have where it matches",                  \
    "change what it requires, its effect or its modes")                                                                \
  X(UNGRANTED_PLUGIN, "ungranted-plugin", false, "a plugin needs more than the bundle's manifest grants",              \
    "grant it in bundle.yaml, or do without the condition")                                                            \
  X(UNBOUND_PROFILE, "unbound-profile", false, "nothing binds the rule's profiles to roles",                           \
    "add the condition roles, or targets to the bundle")                                                               \
  X(CLAIMED_ONLY, "claimed-only", false, "the rule rests on what the caller's own machine says",                       \
    "add users, groups, mfa or approval")                                                                              \
  X(EMERGENCY_DEPENDS_ON_FACT, "emergency-depends-on-fact", true,                                                      \
    "a rule for emergencies needs something that may be down with the rest",                                           \
    "move it to the top and leave facts to the role's own trust policy")                                               \
  X(LONG_DURATION_IN_WINDOW, "long-duration-in-window", false,                                                         \
    "sessions last long after the rule's window has closed", "set max_duration to at most half of the window")         \
  X(IMPOSSIBLE_NAME, "impossible-name", false, "a name in the rule is one that nobody can have",                       \
    "write the name alone, without what an ARN has before it")

enum snt_lint_check {
#define SNT_LINT_ENUM(name, text, is_error, meaning, remedy) SNT_LINT_##name,
  SNT_LINT_CHECKS(SNT_LINT_ENUM)
#undef SNT_LINT_ENUM
      SNT_LINT_CHECK_COUNT
};

struct snt_lint_row {
  const char *name;
  bool is_error; /* else advice */
  const char *meaning, *remedy;
};
extern const struct snt_lint_row SNT_LINT_TABLE[SNT_LINT_CHECK_COUNT];

/* Texts are borrowed from the report. */
struct snt_lint_problem {
  enum snt_lint_check check;
  const char *rule, *file, *message;
  int64_t line;
};

struct snt_lint {
  struct snt_lint_problem *problems;
  size_t count;
  int64_t left_out; /* found, and not in the list; errors are in it before advice */
  bool is_complete; /* all rules were looked at */
  struct snt_json_doc *doc;
};
void snt_lint_clear(struct snt_lint *lint);
#define SNT_LINT_AUTO SNT_CLEANUP(snt_lint_clear)

/* Code EVALUATOR for anything that is not exactly such an answer. */
snt_status snt_lint_parse(const char *reply, size_t len, struct snt_lint *out, struct snt_err *err);
size_t snt_lint_count_errors(const struct snt_lint *lint);

#endif
