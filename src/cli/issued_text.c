/* MUST
 *  1. write a value only when it can neither end its quotes nor its line: the parser of STS's answer has seen to that,
 *     and it is checked again, because what is not JSON, or is more than words to a shell, would be worse than
 *     nothing. */
#include "cli/issued_text.h"

#include <stdlib.h>
#include <string.h>

#include "format/time.h"

/* before, name, between, value, behind. No value may hold any of the bytes in spoils. */
struct shape {
  const char *before, *between, *behind;
  const char *spoils;
};

static snt_status check_plain(const char *name, const char *value, const char *spoils, struct snt_err *err) {
  for (const char *p = value; *p != '\0'; p++) {
    if (*p <= 0x20 || *p > 0x7e || strchr(spoils, *p) != NULL) {
      return snt_fail(err, SNT_CODE_ANSWER_INVALID, "STS answered with a %s that is not plain text", name);
    }
  }
  return snt_done();
}

static snt_status append(struct snt_secret *out, const char *text, struct snt_err *err) {
  return snt_secret_append(out, text, strlen(text), err);
}

static snt_status append_value(struct snt_secret *out, const struct shape *shape, const char *name, const char *value,
                               struct snt_err *err) {
  SNT_TRY(check_plain(name, value, shape->spoils, err));
  const char *const parts[] = {shape->before, name, shape->between, value, shape->behind};
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
    SNT_TRY(append(out, parts[i], err));
  }
  return snt_done();
}

/* What the session consists of, under the names of the format. */
struct names {
  const char *id, *secret, *token, *expires;
};

static snt_status append_session(struct snt_secret *out, const struct shape *shape, const struct names *names,
                                 const struct snt_aws_credentials *credentials, struct snt_err *err) {
  char expires[32];
  snt_time_format(credentials->expires_at_ms, false, expires);
  SNT_TRY(append_value(out, shape, names->id, credentials->access_key_id, err));
  SNT_TRY(append_value(out, shape, names->secret, snt_secret_borrow(credentials->secret_key), err));
  SNT_TRY(append_value(out, shape, names->token, snt_secret_borrow(credentials->session_token), err));
  return append_value(out, shape, names->expires, expires, err);
}

snt_status snt_issued_format_json(const struct snt_issued *issued, struct snt_secret *out, struct snt_err *err) {
  static const struct shape shape = {",\"", "\":\"", "\"", "\"\\"};
  static const struct names names = {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"};
  SNT_TRY(append(out, "{\"Version\":1", err));
  SNT_TRY(append_session(out, &shape, &names, &issued->credentials, err));
  return append(out, "}\n", err);
}

static bool is_set(const char *name) {
  const char *value = getenv(name);
  return value != NULL && value[0] != '\0';
}

/* A profile that stays set would go before the session in some SDKs. */
snt_status snt_issued_format_env(const struct snt_issued *issued, struct snt_secret *out, struct snt_err *err) {
  static const struct shape shape = {"export ", "='", "'\n", "'"};
  static const struct names names = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
                                     "AWS_CREDENTIAL_EXPIRATION"};
  static const char *const profiles[] = {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"};
  for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++) {
    if (is_set(profiles[i])) {
      SNT_TRY(append(out, "unset ", err));
      SNT_TRY(append(out, profiles[i], err));
      SNT_TRY(append(out, "\n", err));
    }
  }
  SNT_TRY(append_session(out, &shape, &names, &issued->credentials, err));
  if (is_set("AWS_REGION") || is_set("AWS_DEFAULT_REGION")) {
    return snt_done();
  }
  SNT_TRY(append_value(out, &shape, "AWS_REGION", issued->region, err));
  return append_value(out, &shape, "AWS_DEFAULT_REGION", issued->region, err);
}

snt_status snt_issued_format_ini(const struct snt_issued *issued, struct snt_secret *out, struct snt_err *err) {
  static const struct shape shape = {"", " = ", "\n", ""};
  static const struct names names = {"aws_access_key_id", "aws_secret_access_key", "aws_session_token",
                                     "x_security_token_expires"};
  SNT_TRY(append(out, "[", err));
  SNT_TRY(append(out, issued->profile, err));
  SNT_TRY(append(out, "]\n", err));
  return append_session(out, &shape, &names, &issued->credentials, err);
}
