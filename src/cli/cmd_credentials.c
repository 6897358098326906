/* sentinel credentials: one JSON document for credential_process, in one write, or nothing (aws.md). */
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "format/time.h"

enum { DOCUMENT_CAP = 16 * 1024 };

/* Everything in it is ASCII without quotes or backslashes: the parser of STS's answer has seen to that; checked again,
 * because a document that is not JSON would be worse than none. */
static snt_status append_member(struct snt_secret *document, const char *key, const char *value, struct snt_err *err) {
  for (const char *p = value; *p != '\0'; p++) {
    if (*p < 0x20 || *p > 0x7e || *p == '"' || *p == '\\') {
      return snt_fail(err, SNT_CODE_ANSWER_INVALID, "STS answered with a %s that is not plain text", key);
    }
  }
  SNT_TRY(snt_secret_append(document, ",\"", 2, err));
  SNT_TRY(snt_secret_append(document, key, strlen(key), err));
  SNT_TRY(snt_secret_append(document, "\":\"", 3, err));
  SNT_TRY(snt_secret_append(document, value, strlen(value), err));
  return snt_secret_append(document, "\"", 1, err);
}

static snt_status format_document(const struct snt_aws_credentials *credentials, struct snt_secret *document,
                                  struct snt_err *err) {
  static const char begin[] = "{\"Version\":1";
  char expires[32];
  snt_time_format(credentials->expires_at_ms, false, expires);
  SNT_TRY(snt_secret_append(document, begin, sizeof begin - 1, err));
  SNT_TRY(append_member(document, "AccessKeyId", credentials->access_key_id, err));
  SNT_TRY(append_member(document, "SecretAccessKey", snt_secret_borrow(credentials->secret_key), err));
  SNT_TRY(append_member(document, "SessionToken", snt_secret_borrow(credentials->session_token), err));
  SNT_TRY(append_member(document, "Expiration", expires, err));
  return snt_secret_append(document, "}\n", 2, err);
}

snt_status snt_cmd_credentials(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  (void)out;
  struct snt_issue_options options;
  SNT_TRY(snt_cli_issue_options(args, "credential_process", &options, err));
  SNT_TRY(snt_out_check_secret(snt_args_has(args, SNT_OPTION_FORCE_TTY), err));
  SNT_SECRET_AUTO struct snt_secret *document = NULL;
  SNT_TRY(snt_secret_new(DOCUMENT_CAP, &document, err));
  SNT_ISSUED_AUTO struct snt_issued issued = {0};
  SNT_TRY(snt_issue(&options, &issued, err));
  SNT_TRY(format_document(&issued.credentials, document, err));
  return snt_out_secret(document, err);
}
