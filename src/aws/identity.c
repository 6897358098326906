/* Who asks.
 *
 * MUST
 *  1. take an ARN apart only when the whole of it has a form of aws.md's table; anything else is refused;
 *  2. let no kind produce the user name of another kind: a caller who chose his own session name is "role/Role/name";
 *  3. never shorten or strip a name. */
#include "aws/identity.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

enum { ARN_MAX = 2048, NAME_MAX_LEN = 64, SHORT_NAME_MAX = 256, ACCOUNT_LEN = 12 };

static const char SHORT_ACCOUNT[] = "123456789012";

static const char *const PARTITIONS[] = {"aws",       "aws-cn",    "aws-us-gov", "aws-iso", "aws-iso-b",
                                         "aws-iso-e", "aws-iso-f", "aws-eusc",   NULL};

struct arn {
  char partition[16];
  bool is_sts; /* else iam; there are no others here */
  char account[ACCOUNT_LEN + 1];
  const char *resource; /* the rest; borrowed */
};

static bool is_account(const char *text, size_t len) {
  return len == ACCOUNT_LEN && strspn(text, "0123456789") >= ACCOUNT_LEN;
}

bool snt_aws_account_check(const char *text) { return is_account(text, strlen(text)); }

/* A user's, a role's or a session's name: 1-64 of [A-Za-z0-9_+=,.@-] (IAM API reference). */
static bool is_name(struct snt_slice name) {
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-";
  for (size_t i = 0; i < name.len; i++) {
    if (memchr(allowed, name.data[i], sizeof allowed - 1) == NULL) {
      return false;
    }
  }
  return name.len >= 1 && name.len <= NAME_MAX_LEN;
}

/* The path of a user or a role: printable ASCII (IAM API reference). */
static bool is_path(struct snt_slice path) {
  for (size_t i = 0; i < path.len; i++) {
    if (path.data[i] < 0x21 || path.data[i] > 0x7e) {
      return false;
    }
  }
  return true;
}

/* The next field up to a colon; false when there is none. */
static bool take_field(const char **rest, struct snt_slice *out) {
  const char *colon = strchr(*rest, ':');
  if (colon == NULL) {
    return false;
  }
  *out = (struct snt_slice){*rest, (size_t)(colon - *rest)};
  *rest = colon + 1;
  return true;
}

static bool take_partition(struct snt_slice field, struct arn *out) {
  for (const char *const *name = PARTITIONS; *name != NULL; name++) {
    if (snt_slice_is(field, *name)) {
      (void)snprintf(out->partition, sizeof out->partition, "%s", *name);
      return true;
    }
  }
  return false;
}

static bool split_arn(const char *arn, struct arn *out) {
  memset(out, 0, sizeof *out);
  struct snt_slice head = {0};
  struct snt_slice partition = {0};
  struct snt_slice service = {0};
  struct snt_slice region = {0};
  struct snt_slice account = {0};
  const char *rest = arn;
  bool is_whole = strlen(arn) <= ARN_MAX && take_field(&rest, &head) && take_field(&rest, &partition) &&
                  take_field(&rest, &service) && take_field(&rest, &region) && take_field(&rest, &account);
  if (!is_whole || !snt_slice_is(head, "arn") || !take_partition(partition, out) || region.len != 0 ||
      !is_account(account.data, account.len)) {
    return false;
  }
  out->is_sts = snt_slice_is(service, "sts");
  memcpy(out->account, account.data, ACCOUNT_LEN);
  out->resource = rest;
  return out->is_sts || snt_slice_is(service, "iam");
}

/* "path/to/Name": the name after the last slash. */
static bool split_path(const char *text, struct snt_slice *name) {
  const char *slash = strrchr(text, '/');
  const char *start = slash == NULL ? text : slash + 1;
  *name = snt_slice_of(start);
  return is_path((struct snt_slice){text, (size_t)(start - text)}) && is_name(*name);
}

/* AWSReservedSSO_.+_[0-9a-f]{16}: IAM Identity Center owns the prefix, nobody else can make such a role. */
static bool is_sso_role(struct snt_slice role) {
  static const char prefix[] = "AWSReservedSSO_";
  enum { PREFIX_LEN = sizeof prefix - 1, DIGITS = 16 };
  if (role.len < PREFIX_LEN + 1 + 1 + DIGITS || memcmp(role.data, prefix, PREFIX_LEN) != 0) {
    return false;
  }
  const char *digits = role.data + role.len - DIGITS;
  for (size_t i = 0; i < DIGITS; i++) {
    if (memchr("0123456789abcdef", digits[i], 16) == NULL) {
      return false;
    }
  }
  return digits[-1] == '_';
}

static void set_kind(struct snt_aws_identity *out, const char *kind) {
  (void)snprintf(out->kind, sizeof out->kind, "%s", kind);
}

static bool take_session(const char *text, struct snt_aws_identity *out) {
  const char *slash = strchr(text, '/');
  if (slash == NULL) {
    return false;
  }
  struct snt_slice role = {text, (size_t)(slash - text)};
  struct snt_slice session = snt_slice_of(slash + 1);
  if (!is_name(role) || !is_name(session)) {
    return false;
  }
  bool is_sso = is_sso_role(role);
  set_kind(out, is_sso ? "sso" : "role");
  (void)snprintf(out->role, sizeof out->role, "%.*s", (int)role.len, role.data);
  (void)snprintf(out->user, sizeof out->user, "%s%s%s%s", is_sso ? "" : "role/", is_sso ? "" : out->role,
                 is_sso ? "" : "/", session.data);
  return true;
}

static bool take_resource(const struct arn *arn, struct snt_aws_identity *out) {
  struct snt_slice name = {0};
  if (!arn->is_sts && snt_str_starts_with(arn->resource, "user/")) {
    set_kind(out, "user");
    bool is_good = split_path(arn->resource + strlen("user/"), &name);
    (void)snprintf(out->user, sizeof out->user, "%s", is_good ? name.data : "");
    return is_good;
  }
  if (!arn->is_sts && strcmp(arn->resource, "root") == 0) {
    set_kind(out, "root");
    (void)snprintf(out->user, sizeof out->user, "root");
    return true;
  }
  if (arn->is_sts && snt_str_starts_with(arn->resource, "assumed-role/")) {
    return take_session(arn->resource + strlen("assumed-role/"), out);
  }
  if (arn->is_sts && snt_str_starts_with(arn->resource, "federated-user/")) {
    set_kind(out, "federated");
    name = snt_slice_of(arn->resource + strlen("federated-user/"));
    (void)snprintf(out->user, sizeof out->user, "federated/%.*s", NAME_MAX_LEN, name.data);
    return is_name(name);
  }
  return false;
}

/* Where identity.accounts is set, only its accounts' users go by their plain name. */
static void qualify(const char *const *accounts, struct snt_aws_identity *out) {
  if (accounts == NULL || accounts[0] == NULL) {
    return;
  }
  for (; *accounts != NULL; accounts++) {
    if (strcmp(*accounts, out->account) == 0) {
      return;
    }
  }
  char plain[sizeof out->user];
  memcpy(plain, out->user, sizeof plain);
  (void)snprintf(out->user, sizeof out->user, "%s/%.*s", out->account, (int)(sizeof out->user - ACCOUNT_LEN - 2),
                 plain);
}

snt_status snt_aws_identity_parse(const char *arn, const char *const *accounts, struct snt_aws_identity *out,
                                  struct snt_err *err) {
  memset(out, 0, sizeof *out);
  struct snt_aws_identity identity = {0};
  struct arn parts = {0};
  if (!split_arn(arn, &parts) || !take_resource(&parts, &identity)) {
    return snt_fail(err, SNT_CODE_ANSWER_INVALID, "\"%.200s\" is not the ARN of a caller that Sentinel knows", arn);
  }
  (void)snprintf(identity.arn, sizeof identity.arn, "%s", arn);
  (void)snprintf(identity.account, sizeof identity.account, "%s", parts.account);
  (void)snprintf(identity.partition, sizeof identity.partition, "%s", parts.partition);
  qualify(accounts, &identity);
  *out = identity;
  return snt_done();
}

/* Names of the short form are a person's input for a test or a question: more is let through than AWS has names for. */
static bool is_short_part(const char *text, size_t len) {
  return len >= 1 && len <= SHORT_NAME_MAX && memchr(text, '/', len) == NULL && snt_utf8_check_printable(text, len);
}

static bool take_short_role(const char *text, struct snt_aws_identity *out) {
  const char *slash = strchr(text, '/');
  size_t len = slash == NULL ? 0 : (size_t)(slash - text);
  if (slash == NULL || len >= sizeof out->role || !is_short_part(text, len) ||
      !is_short_part(slash + 1, strlen(slash + 1))) {
    return false;
  }
  set_kind(out, "role");
  (void)snprintf(out->role, sizeof out->role, "%.*s", (int)len, text);
  (void)snprintf(out->arn, sizeof out->arn, "arn:aws:sts::%s:assumed-role/%s", out->account, text);
  return true;
}

static bool take_short(const char *name, struct snt_aws_identity *out) {
  if (strcmp(name, "root") == 0) {
    set_kind(out, "root");
    (void)snprintf(out->arn, sizeof out->arn, "arn:aws:iam::%s:root", out->account);
    return true;
  }
  if (snt_str_starts_with(name, "role/")) {
    return take_short_role(name + strlen("role/"), out);
  }
  if (snt_str_starts_with(name, "federated/")) {
    const char *rest = name + strlen("federated/");
    set_kind(out, "federated");
    (void)snprintf(out->arn, sizeof out->arn, "arn:aws:sts::%s:federated-user/%.*s", out->account, SHORT_NAME_MAX,
                   rest);
    return is_short_part(rest, strlen(rest));
  }
  set_kind(out, "user");
  (void)snprintf(out->arn, sizeof out->arn, "arn:aws:iam::%s:user/%.*s", out->account, SHORT_NAME_MAX, name);
  return is_short_part(name, strlen(name));
}

snt_status snt_aws_identity_from_short(const char *name, struct snt_aws_identity *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  struct snt_aws_identity identity = {.partition = "aws"};
  /* "<account>/<name>" is how policy sees a user of an account that identity.accounts does not list. */
  const char *slash = strchr(name, '/');
  bool is_qualified = slash != NULL && is_account(name, (size_t)(slash - name));
  (void)snprintf(identity.account, sizeof identity.account, "%.*s", ACCOUNT_LEN, is_qualified ? name : SHORT_ACCOUNT);
  size_t len = strlen(name);
  if (len >= sizeof identity.user || !take_short(is_qualified ? slash + 1 : name, &identity)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "\"%.200s\" is not a user name", name));
    return snt_err_hint(err, "give a name, role/ROLE/SESSION, federated/NAME or root");
  }
  memcpy(identity.user, name, len + 1);
  *out = identity;
  return snt_done();
}

snt_status snt_aws_role_arn_parse(const char *arn, char account[static 13], char name[static 128],
                                  struct snt_err *err) {
  account[0] = '\0';
  name[0] = '\0';
  struct arn parts = {0};
  struct snt_slice role = {0};
  bool is_role = split_arn(arn, &parts) && !parts.is_sts && snt_str_starts_with(parts.resource, "role/") &&
                 split_path(parts.resource + strlen("role/"), &role);
  if (!is_role) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_PROFILE_INVALID, "\"%.200s\" is not the ARN of a role", arn));
    return snt_err_hint(err, "it looks like this: arn:aws:iam::123456789012:role/Name");
  }
  memcpy(account, parts.account, ACCOUNT_LEN + 1);
  memcpy(name, role.data, role.len);
  name[role.len] = '\0';
  return snt_done();
}
