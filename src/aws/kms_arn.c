#include "aws/kms_arn.h"

#include <stdio.h>
#include <string.h>

#include "aws/service.h"
#include "base/str.h"

enum { FIELD_MAX = 64, ACCOUNT_LEN = 12, MRK_DIGITS = 32 };

/* The parts of "arn:PARTITION:kms:REGION:ACCOUNT:RESOURCE". */
struct arn {
  char partition[FIELD_MAX];
  char region[FIELD_MAX];
  char account[FIELD_MAX];
  const char *resource;
};

/* Copies what is before the next colon and goes on after it. */
static bool take_field(const char **rest, char out[static FIELD_MAX]) {
  size_t len = strcspn(*rest, ":");
  if (len >= FIELD_MAX || (*rest)[len] != ':') {
    return false;
  }
  (void)snprintf(out, FIELD_MAX, "%.*s", (int)len, *rest);
  *rest += len + 1;
  return true;
}

static bool split_arn(const char *text, struct arn *out) {
  char head[FIELD_MAX];
  char service[FIELD_MAX];
  const char *rest = text;
  bool is_split = take_field(&rest, head) && take_field(&rest, out->partition) && take_field(&rest, service) &&
                  take_field(&rest, out->region) && take_field(&rest, out->account);
  out->resource = rest;
  return is_split && strcmp(head, "arn") == 0 && strcmp(service, "kms") == 0 &&
         snt_ok(snt_aws_region_check(out->region, NULL)) &&
         strcmp(out->partition, snt_aws_partition_of(out->region)) == 0 && strlen(out->account) == ACCOUNT_LEN &&
         strspn(out->account, "0123456789") == ACCOUNT_LEN;
}

/* "key/mrk-HEX" or "key/8-4-4-4-12". */
static bool is_key(const char *resource) {
  static const char hex[] = "0123456789abcdef";
  static const size_t groups[] = {8, 4, 4, 4, 12};
  if (!snt_str_starts_with(resource, "key/")) {
    return false;
  }
  const char *id = resource + strlen("key/");
  if (snt_str_starts_with(id, "mrk-")) {
    id += strlen("mrk-");
    return strlen(id) == MRK_DIGITS && strspn(id, hex) == MRK_DIGITS;
  }
  for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
    bool is_last = i + 1 == sizeof groups / sizeof groups[0];
    if (strspn(id, hex) != groups[i] || id[groups[i]] != (is_last ? '\0' : '-')) {
      return false;
    }
    id += groups[i] + 1;
  }
  return true;
}

snt_status snt_kms_arn_check(const char *arn, char region[static 64], struct snt_err *err) {
  region[0] = '\0';
  struct arn parts = {0};
  bool is_split = split_arn(arn, &parts);
  if (is_split && is_key(parts.resource)) {
    memcpy(region, parts.region, sizeof parts.region);
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "\"%.200s\" is not the ARN of a KMS key", arn));
  if (snt_str_starts_with(is_split ? parts.resource : arn, "alias/")) {
    return snt_err_hint(err,
                        "an alias can be pointed at another key: give the key's own ARN, which "
                        "aws kms describe-key --key-id %.200s shows",
                        arn);
  }
  return snt_err_hint(err, "it looks like this: "
                           "arn:aws:kms:us-east-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef");
}
