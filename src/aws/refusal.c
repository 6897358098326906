/* What a refusal by AWS means for the person who asked, and what he can do. */
#include "aws/refusal.h"

#include <stdio.h>
#include <string.h>

#include "aws/refusal_rules.h"
#include "base/str.h"

enum { TOO_MANY = 429 };

static bool holds(const char *text, const char *part) { return strstr(text, part) != NULL; }

static bool is_one_of(const char *text, const char *const *list) {
  for (; *list != NULL; list++) {
    if (strcmp(text, *list) == 0) {
      return true;
    }
  }
  return false;
}

snt_status snt_refused_say(const struct snt_refused *it, enum snt_code code, struct snt_err *err) {
  bool has_message = it->refusal->message[0] != '\0';
  return snt_fail(err, code, "AWS refused %s: %s%s%s", it->call->what, it->refusal->code, has_message ? ": " : "",
                  it->refusal->message);
}

void snt_refused_word(const char *text, const char *label, char *out, size_t cap) {
  const char *found = strstr(text, label);
  const char *word = found == NULL ? "" : found + strlen(label);
  size_t len = strcspn(word, " ,;");
  (void)snprintf(out, cap, "%.*s", (int)(len < cap ? len : cap - 1), word);
}

static const char *source_of(const struct snt_refused *it) {
  return it->call->credentials->source[0] == '\0' ? "their source is not known" : it->call->credentials->source;
}

static snt_status explain_expired(const struct snt_refused *it, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_LOGIN_REQUIRED, "the base credentials have expired (%s; %s)", source_of(it),
                      it->refusal->code));
  return snt_err_hint(err, "sign in again where they come from, or store a key that lasts: sentinel add PROFILE");
}

static snt_status explain_unknown_key(const struct snt_refused *it, struct snt_err *err) {
  const struct snt_aws_credentials *credentials = it->call->credentials;
  SNT_IGNORE(snt_refused_say(it, SNT_CODE_AWS_REFUSED, err));
  bool lacks_token = snt_str_starts_with(credentials->access_key_id, "ASIA") && credentials->session_token == NULL;
  const char *remedy = lacks_token ? "a temporary key needs its session token"
                       : credentials->session_token != NULL
                           ? "see that it is of this partition; `sentinel clear` forgets a temporary one that is kept"
                           : "see that it is active and of this partition, or store another with sentinel add";
  return snt_err_hint(err, "AWS does not know access key %s (%s): %s", credentials->access_key_id, source_of(it),
                      remedy);
}

static snt_status explain_signature(const struct snt_refused *it, struct snt_err *err) {
  SNT_IGNORE(snt_refused_say(it, SNT_CODE_AWS_REFUSED, err));
  if (snt_aws_refusal_is_skew(it->refusal)) {
    return snt_err_hint(err, "this machine's clock is wrong: set it");
  }
  return snt_err_hint(err, "the secret access key does not belong to %s (%s): store the pair again with sentinel add",
                      it->call->credentials->access_key_id, source_of(it));
}

static snt_status explain_throttling(const struct snt_refused *it, struct snt_err *err) {
  SNT_IGNORE(snt_refused_say(it, SNT_CODE_AWS_REFUSED, err));
  return snt_err_hint(err, "wait a moment and try again");
}

static snt_status explain_region(const struct snt_refused *it, struct snt_err *err) {
  SNT_IGNORE(snt_refused_say(it, SNT_CODE_AWS_REFUSED, err));
  return snt_err_hint(err, "switch %s on for the account's STS, or use another region", it->call->endpoint.region);
}

static snt_status hint_trust(const struct snt_refused *it, const char *action, struct snt_err *err) {
  char caller[400];
  snt_refused_word(it->refusal->message, "User: ", caller, sizeof caller);
  const char *extra = strcmp(action, "sts:TagSession") == 0 ? "; or switch the tags off (tags: off)"
                      : strcmp(action, "sts:SetSourceIdentity") != 0
                          ? "; a role that wants MFA or an external id needs mfa_serial or external_id in the profile"
                      : it->call->credentials->session_token != NULL
                          ? "; if the base session already carries SourceIdentity, it cannot set another: use a key of "
                            "an IAM user or a session without one"
                          : "";
  return snt_err_hint(err,
                      "%s is missing: allow it in the caller's own policy, and add to the trust policy of %.300s: "
                      "{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"%s\"},\"Action\":[\"sts:AssumeRole\","
                      "\"sts:SetSourceIdentity\",\"sts:TagSession\"]}%s",
                      action, it->call->subject, caller[0] == '\0' ? "ARN OF THE CALLER" : caller, extra);
}

static bool is_identity_fixed(const char *message) {
  bool names_it = holds(message, "SourceIdentity") || holds(message, "Source Identity") ||
                  holds(message, "source identity") || holds(message, "sourceIdentity");
  return names_it && (holds(message, "already") || holds(message, "cannot be changed") || holds(message, "different"));
}

static snt_status explain_denied_role(const struct snt_refused *it, struct snt_err *err) {
  const char *message = it->refusal->message;
  if (is_identity_fixed(message)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_AWS_REFUSED,
                        "the base session already carries SourceIdentity and cannot set another (%s: %s)",
                        it->refusal->code, message));
    return snt_err_hint(err, "use base credentials without one: a key of an IAM user, or a session set up without it");
  }
  char action[64];
  snt_refused_word(message, "perform: ", action, sizeof action);
  bool is_known = snt_str_starts_with(action, "sts:");
  SNT_IGNORE(snt_refused_say(it, SNT_CODE_AWS_REFUSED, err));
  SNT_IGNORE(snt_err_prefix(err, "role %.300s", it->call->subject));
  return hint_trust(it, is_known ? action : "sts:AssumeRole", err);
}

/* Where AWS does not name the action, the call does: "IAM CreateAccessKey in us-east-1". */
static snt_status hint_iam(const struct snt_refused *it, struct snt_err *err) {
  char action[64];
  char call[64];
  snt_refused_word(it->refusal->message, "perform: ", action, sizeof action);
  snt_refused_word(it->call->what, "IAM ", call, sizeof call);
  bool is_known = snt_str_starts_with(action, "iam:");
  return snt_err_hint(err,
                      "%s%s is missing in the policy of the key's user; to rotate he needs {\"Effect\":\"Allow\","
                      "\"Action\":[\"iam:ListAccessKeys\",\"iam:CreateAccessKey\",\"iam:DeleteAccessKey\"],"
                      "\"Resource\":\"arn:aws:iam::*:user/${aws:username}\"}",
                      is_known ? "" : "iam:", is_known ? action : call);
}

static snt_status explain_denied(const struct snt_refused *it, struct snt_err *err) {
  if (holds(it->refusal->message, "MultiFactorAuthentication")) {
    SNT_IGNORE(snt_refused_say(it, SNT_CODE_ACTION_REQUIRED, err));
    return snt_err_hint(err,
                        "the MFA code is wrong or was used before (wait for the next one), or mfa_serial is not the "
                        "device of this key's user");
  }
  bool is_role = strcmp(it->call->endpoint.service, "sts") == 0 && it->call->subject != NULL;
  if (is_role) {
    return explain_denied_role(it, err);
  }
  SNT_IGNORE(snt_refused_say(it, SNT_CODE_AWS_REFUSED, err));
  if (strcmp(it->call->endpoint.service, "iam") == 0) {
    return hint_iam(it, err);
  }
  if (it->call->subject == NULL) {
    return snt_err_hint(err, "the base credentials (%s) may not do this", source_of(it));
  }
  return snt_refused_hint_permission(it, err);
}

static snt_status explain_validation(const struct snt_refused *it, struct snt_err *err) {
  snt_status status = snt_refused_say(it, SNT_CODE_AWS_REFUSED, err);
  if (is_identity_fixed(it->refusal->message)) {
    return explain_denied_role(it, err);
  }
  if (holds(it->refusal->message, "DurationSeconds")) {
    return snt_err_hint(err,
                        "%lld s are too many for this role: ask for less (--duration, the rule's max_duration), "
                        "or raise the role's maximum session duration",
                        (long long)it->call->duration_s);
  }
  return status;
}

#define CODES(...) ((const char *const[]){__VA_ARGS__, NULL})

static const char *const THROTTLING[] = {"Throttling",
                                         "ThrottlingException",
                                         "ThrottledException",
                                         "RequestThrottled",
                                         "RequestThrottledException",
                                         "RequestLimitExceeded",
                                         "TooManyRequestsException",
                                         "TooManyUpdates",
                                         NULL};

/* The first row that names the code says what it means. */
static const struct {
  const char *const *codes; /* ends with NULL */
  snt_status (*explain)(const struct snt_refused *it, struct snt_err *err);
} RULES[] = {
    {CODES("ExpiredToken", "ExpiredTokenException"), explain_expired},
    {CODES("InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "AuthFailure"),
     explain_unknown_key},
    {CODES("SignatureDoesNotMatch", "InvalidSignatureException", "RequestTimeTooSkewed", "RequestExpired",
           "RequestInTheFuture"),
     explain_signature},
    {CODES("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"), explain_denied},
    {CODES("ParameterNotFound", "ParameterVersionNotFound"), snt_refused_no_parameter},
    {CODES("ParameterAlreadyExists", "ParameterLimitExceeded", "ParameterMaxVersionLimitExceeded",
           "HierarchyTypeMismatchException"),
     snt_refused_put},
    {CODES("InvalidKeyId", "KMSAccessDeniedException", "KMSDisabledException", "KMSNotFoundException",
           "KMSInvalidStateException", "NotFoundException", "DisabledException", "InvalidKeyUsageException",
           "UnsupportedOperationException"),
     snt_refused_key},
    {CODES("ValidationError", "ValidationException"), explain_validation},
    {THROTTLING, explain_throttling},
    {CODES("RegionDisabledException"), explain_region},
};

bool snt_aws_call_is_refused_as(const struct snt_aws_call *call, const char *const *codes) {
  struct snt_aws_refusal refusal = {0};
  if (!snt_ok(call->response.status) || call->response.http_status < 400 || call->response.http_status > 499) {
    return false;
  }
  snt_aws_refusal_read(call, &refusal);
  return is_one_of(refusal.code, codes);
}

bool snt_aws_call_is_key_refused(const struct snt_aws_call *call) {
  return snt_aws_call_is_refused_as(
      call, CODES("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"));
}

bool snt_aws_call_is_throttled(const struct snt_aws_call *call) {
  return (snt_ok(call->response.status) && call->response.http_status == TOO_MANY) ||
         snt_aws_call_is_refused_as(call, THROTTLING);
}

static snt_status refuse(const struct snt_aws_call *call, struct snt_err *err) {
  struct snt_aws_refusal refusal;
  snt_aws_refusal_read(call, &refusal);
  const struct snt_refused it = {call, &refusal};
  long http_status = call->response.http_status;
  if (http_status >= 500) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_AWS_REFUSED, "%s failed: %s answered HTTP %ld%s%s", call->what,
                        call->endpoint.host, http_status, refusal.code[0] == '\0' ? "" : ", ", refusal.code));
    return snt_err_hint(err, "try again in a moment");
  }
  if (refusal.code[0] == '\0') {
    SNT_IGNORE(snt_fail(err, SNT_CODE_ANSWER_INVALID, "%s: %s answered HTTP %ld and nothing that AWS would say",
                        call->what, call->endpoint.host, http_status));
    return snt_err_hint(err, "see that AWS_ENDPOINT_URL and the proxy settings lead to AWS");
  }
  for (size_t i = 0; i < sizeof RULES / sizeof RULES[0]; i++) {
    if (is_one_of(refusal.code, RULES[i].codes)) {
      return RULES[i].explain(&it, err);
    }
  }
  return snt_refused_say(&it, SNT_CODE_AWS_REFUSED, err);
}

snt_status snt_aws_call_check(const struct snt_aws_call *call, const char *const *content_types, struct snt_err *err) {
  const struct snt_http_response *response = &call->response;
  if (!snt_ok(response->status)) {
    SNT_IGNORE(snt_fail(err, response->status.code, "%s", response->err.message));
    SNT_IGNORE(snt_err_hint(err, "%s", response->err.hint));
    return snt_err_prefix(err, "%s", call->what == NULL ? "a call" : call->what);
  }
  if (response->http_status >= 400) {
    return refuse(call, err);
  }
  if (response->http_status != 200 || response->body == NULL) {
    return snt_fail(err, SNT_CODE_ANSWER_INVALID, "%s: %s answered HTTP %ld (redirects are not followed)", call->what,
                    call->endpoint.host, response->http_status);
  }
  if (!is_one_of(response->content_type, content_types)) {
    return snt_fail(err, SNT_CODE_ANSWER_INVALID, "%s: %s answered with content type \"%.100s\"", call->what,
                    call->endpoint.host, response->content_type);
  }
  return snt_done();
}
