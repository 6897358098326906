/* What a refusal tells people (snt_decision_refuse): what decided, and what they can do about it. */
#include "policy/decision.h"

#include <stdio.h>
#include <string.h>

#define MFA_HINT "name an MFA device in the profile: sentinel_mfa_serial = arn:aws:iam::ACCOUNT:mfa/NAME (docs/mfa.md)"

/* Conditions that a command which issues cannot meet, or only with a device. */
static const struct {
  const char *name, *hint;
} CONDITION_HINTS[] = {
    {"mfa", MFA_HINT},
    {"approval", "this version takes no approvals yet; only explain --request can try the rule"},
    {"break_glass", "this version has no break-glass yet; only explain --request can try the rule"},
    {"device", "this version asks nothing of the device yet; only explain --request can try the rule"},
    {"source_ip", "this version learns no addresses yet; only explain --request can try the rule"},
};

/* Whether a condition is a part of a path such as not.any[1].mfa.max_age; what follows a colon or an @ is a label or a
 * file. */
static bool has_part(const char *path, const char *name) {
  for (const char *at = path; *at != '\0';) {
    size_t len = strcspn(at, ".[:@");
    if (at[len] == ':' || at[len] == '@') {
      return false;
    }
    if (len == strlen(name) && memcmp(at, name, len) == 0) {
      return true;
    }
    at += strcspn(at, ".");
    at += *at == '.' ? 1 : 0;
  }
  return false;
}

/* What to do about a condition that was not met, or is unknown; "" for nothing. */
static const char *find_hint(const struct snt_decision *decision) {
  bool is_unmet = decision->error[0] == '\0' || strcmp(decision->error, "fact_unknown") == 0;
  const char *path = decision->rule[0] == '\0' ? decision->nearest_condition : decision->failed_condition;
  for (size_t i = 0; is_unmet && i < sizeof CONDITION_HINTS / sizeof CONDITION_HINTS[0]; i++) {
    if (has_part(path, CONDITION_HINTS[i].name)) {
      return CONDITION_HINTS[i].hint;
    }
  }
  return decision->requires_server_mode ? "this version has no server mode yet" : "";
}

/* Whether the reason is no text of the policy's, but the sentence that an effect makes, which says nothing new. */
static bool is_plain_reason(const struct snt_decision *decision) {
  char denied[128];
  char asking[128];
  (void)snprintf(denied, sizeof denied, "denied by rule \"%s\"", decision->rule);
  (void)snprintf(asking, sizeof asking, "rule \"%s\" needs an approval", decision->rule);
  return strcmp(decision->reason, denied) == 0 || strcmp(decision->reason, asking) == 0;
}

static snt_status refuse_without_rule(const struct snt_decision *decision, const char *profile, struct snt_err *err) {
  const char *why = decision->error[0] != '\0'     ? decision->error
                    : decision->nearest[0] != '\0' ? decision->nearest
                                                   : decision->reason;
  return snt_fail(err, SNT_CODE_DENIED, "denied: no rule allows profile \"%s\" (%s)", profile, why);
}

static snt_status refuse_plainly(const struct snt_decision *decision, const char *profile, struct snt_err *err) {
  if (strcmp(decision->error, SNT_DECISION_MISMATCH) == 0) {
    return snt_fail(err, SNT_CODE_DENIED, "denied: %s", decision->reason);
  }
  if (decision->rule[0] == '\0') {
    return refuse_without_rule(decision, profile, err);
  }
  bool has_condition = decision->failed_condition[0] != '\0';
  if (decision->error[0] != '\0') {
    return snt_fail(err, SNT_CODE_DENIED, "denied: profile \"%s\", rule \"%s\": %s%s%s", profile, decision->rule,
                    decision->error, has_condition ? " in condition " : "", decision->failed_condition);
  }
  bool is_plain = is_plain_reason(decision);
  return snt_fail(err, SNT_CODE_DENIED, "denied: profile \"%s\", rule \"%s\"%s%s", profile, decision->rule,
                  is_plain ? "" : ": ", is_plain ? "" : decision->reason);
}

static snt_status refuse_for_approval(const struct snt_decision *decision, const char *profile, struct snt_err *err) {
  bool is_plain = is_plain_reason(decision);
  SNT_IGNORE(snt_fail(err, SNT_CODE_ACTION_REQUIRED, "profile \"%s\" needs an approval (rule \"%s\"%s%s)", profile,
                      decision->rule, is_plain ? "" : ": ", is_plain ? "" : decision->reason));
  return snt_err_hint(err, "this version takes no approvals yet; ask the policy's author for a rule without one");
}

/* The words are those of what a requirement lacks (lua/stdlib/outcome.lua). */
static snt_status refuse_for_requirement(const struct snt_decision *decision, const char *profile,
                                         struct snt_err *err) {
  const char *missing = snt_buf_borrow(&decision->missing);
  bool wants_reason = strstr(missing, "justification") != NULL;
  bool wants_code = strstr(missing, "MFA") != NULL;
  SNT_IGNORE(snt_fail(err, SNT_CODE_ACTION_REQUIRED, "rule \"%s\" for profile \"%s\" requires more: %s", decision->rule,
                      profile, missing));
  return snt_err_hint(err, "%s%s%s",
                      wants_reason ? "give the justification with --justification or SENTINEL_JUSTIFICATION" : "",
                      wants_reason && wants_code ? "; " : "", wants_code ? MFA_HINT : "");
}

static snt_status refuse_with_remedy(const struct snt_decision *decision, const char *profile, struct snt_err *err) {
  if (decision->effect == SNT_EFFECT_REQUIRE_APPROVAL) {
    return refuse_for_approval(decision, profile, err);
  }
  if (strcmp(decision->error, "requirement_unmet") == 0) {
    return refuse_for_requirement(decision, profile, err);
  }
  SNT_IGNORE(refuse_plainly(decision, profile, err));
  return snt_err_hint(err, "%s", find_hint(decision));
}

snt_status snt_decision_refuse(const struct snt_decision *decision, const char *profile, const char *request_id,
                               bool is_minimal, struct snt_err *err) {
  struct snt_err full = {0};
  snt_status status = refuse_with_remedy(decision, profile, &full);
  const char *id = request_id == NULL ? "" : request_id;
  if (is_minimal) {
    return snt_fail(err, status.code, "denied (request %s)", id);
  }
  SNT_IGNORE(snt_fail(err, status.code, "%s", full.message));
  bool has_hint = full.hint[0] != '\0';
  if (id[0] == '\0') {
    return has_hint ? snt_err_hint(err, "%s", full.hint) : status;
  }
  return snt_err_hint(err, "%s%srequest %s is in the decision log", full.hint, has_hint ? "; " : "", id);
}
