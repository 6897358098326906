/* What a refusal by Parameter Store or KMS means for the person who asked, and what he can do. */
#include <stdio.h>
#include <string.h>

#include "aws/refusal_rules.h"
#include "base/str.h"

#define BUNDLES "/sentinel/bundles"

enum { ACTION_CAP = 64 };

static const char *subject_of(const struct snt_refused *it) {
  return it->call->subject == NULL ? "" : it->call->subject;
}

static const char *region_of(const struct snt_refused *it) { return it->call->endpoint.region; }

static bool is_of_kms(const struct snt_refused *it) { return strcmp(it->call->endpoint.service, "kms") == 0; }

static bool is_code(const struct snt_refused *it, const char *code) { return strcmp(it->refusal->code, code) == 0; }

static bool says(const struct snt_refused *it, const char *text) { return strstr(it->refusal->message, text) != NULL; }

/* "PutParameter" */
static const char *name_of_call(const struct snt_refused *it) {
  const char *dot = it->call->target == NULL ? NULL : strrchr(it->call->target, '.');
  return dot == NULL ? "" : dot + 1;
}

/* The action of that service which AWS names, else usual. */
static void take_action(const struct snt_refused *it, const char *service, const char *usual, char out[ACTION_CAP]) {
  snt_refused_word(it->refusal->message, "perform: ", out, ACTION_CAP);
  if (!snt_str_starts_with(out, service) || out[strlen(service)] != ':') {
    (void)snprintf(out, ACTION_CAP, "%s:%.40s", service, usual);
  }
}

snt_status snt_refused_no_parameter(const struct snt_refused *it, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_NO_POLICY, "there is no SSM parameter \"%.300s\" in %s (%s)", subject_of(it),
                      region_of(it), it->refusal->code));
  return snt_err_hint(err, "put a policy there (`sentinel policy push`), or correct policy.source and the region");
}

/* The key that a SecureString is kept with. */
static snt_status hint_secure(const struct snt_refused *it, struct snt_err *err) {
  char action[ACTION_CAP];
  take_action(it, "kms", strcmp(name_of_call(it), "PutParameter") == 0 ? "Encrypt" : "Decrypt", action);
  return snt_err_hint(err,
                      "the caller needs %s on the KMS key of SSM parameter %.300s in %s (and the key has to exist and "
                      "be enabled)",
                      action, subject_of(it), region_of(it));
}

snt_status snt_refused_hint_permission(const struct snt_refused *it, struct snt_err *err) {
  char action[ACTION_CAP];
  if (is_of_kms(it)) {
    take_action(it, "kms", name_of_call(it), action);
    return snt_err_hint(err, "%s is missing: the caller needs it on KMS key %.300s, by his own policy or the key's",
                        action, subject_of(it));
  }
  if (says(it, "kms:") || says(it, "KMS") || says(it, "ciphertext")) {
    return hint_secure(it, err);
  }
  take_action(it, "ssm", name_of_call(it), action);
  bool is_part = snt_str_starts_with(subject_of(it), BUNDLES "/"); /* who needs one needs them all */
  return snt_err_hint(err, "the caller needs %s on SSM parameter %.300s in %s", action,
                      is_part ? BUNDLES "/*" : subject_of(it), region_of(it));
}

snt_status snt_refused_put(const struct snt_refused *it, struct snt_err *err) {
  if (is_code(it, "ParameterAlreadyExists")) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_AWS_REFUSED, "there is already an SSM parameter \"%.300s\" in %s", subject_of(it),
                        region_of(it)));
    return snt_err_hint(err, "it was left as it is");
  }
  SNT_IGNORE(snt_refused_say(it, SNT_CODE_AWS_REFUSED, err));
  SNT_IGNORE(snt_err_prefix(err, "SSM parameter %.300s", subject_of(it)));
  if (is_code(it, "ParameterLimitExceeded")) {
    return snt_err_hint(err, "the account holds no more parameters in %s: delete some, or have its quota raised",
                        region_of(it));
  }
  if (is_code(it, "HierarchyTypeMismatchException")) {
    return snt_err_hint(err, "a parameter keeps its type: write it as String or SecureString as it is, or delete it");
  }
  return snt_err_hint(err,
                      "its oldest version has a label, and so cannot make room: aws ssm unlabel-parameter-version "
                      "--region %s --name %.300s",
                      region_of(it), subject_of(it));
}

snt_status snt_refused_key(const struct snt_refused *it, struct snt_err *err) {
  snt_status status = snt_refused_say(it, SNT_CODE_AWS_REFUSED, err);
  if (is_of_kms(it)) {
    return snt_err_hint(err,
                        "KMS key %.300s has to exist, to be enabled and to be for signing (SIGN_VERIFY): "
                        "aws kms describe-key --region %s --key-id %.300s",
                        subject_of(it), region_of(it), subject_of(it));
  }
  bool is_secure = is_code(it, "InvalidKeyId") || snt_str_starts_with(it->refusal->code, "KMS");
  return is_secure ? hint_secure(it, err) : status;
}
