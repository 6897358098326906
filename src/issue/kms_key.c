#include "issue/kms_key.h"

#include "base/base64.h"
#include "issue/flow.h"
#include "keychain/signature.h"

/* What the configuration would refuse is not printed for it. */
static snt_status check(const char *arn, const struct snt_kms_public_key *key, struct snt_err *err) {
  struct snt_err inner = {0};
  enum snt_signature_algorithm algorithm = SNT_SIGNATURE_NONE;
  snt_status status = snt_signature_check_key((struct snt_slice){(const char *)key->der, key->len}, &algorithm, &inner);
  if (!snt_ok(status)) {
    return snt_fail(err, status.code == SNT_CODE_ANSWER_NO ? SNT_CODE_ANSWER_INVALID : status.code,
                    "the public key that KMS gives for %s: %s", arn, inner.message);
  }
  return algorithm == snt_signature_find(snt_kms_algorithm_name(key->algorithm))
             ? snt_done()
             : snt_fail(err, SNT_CODE_ANSWER_INVALID, "the public key that KMS gives for %s is not of its key spec %s",
                        arn, key->spec);
}

snt_status snt_kms_key_ask(struct snt_flow *flow, const char *arn, struct snt_aws_endpoint *kms,
                           struct snt_kms_public_key *out, struct snt_err *err) {
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  char region[64];
  SNT_TRY(snt_kms_arn_check(arn, region, err));
  SNT_TRY(snt_flow_open_service(flow, "kms", region, kms, err));
  SNT_TRY(snt_kms_prepare_get_public_key(&call, kms, snt_flow_signer(flow), arn, err));
  struct snt_aws_call *const calls[] = {&call};
  SNT_TRY(snt_aws_perform(flow->client, calls, 1, err));
  SNT_TRY(snt_kms_parse_get_public_key(&call, out, err));
  return check(arn, out, err);
}

snt_status snt_kms_key_read(const struct snt_issue_options *options, const char *arn, struct snt_buf *line,
                            struct snt_err *err) {
  SNT_FLOW_AUTO struct snt_flow flow = {.options = options, .stage = "config"};
  struct snt_aws_endpoint kms;
  struct snt_kms_public_key key = {0};
  char region[64];
  char text[SNT_BASE64_CAP(sizeof key.der)];
  SNT_TRY(snt_kms_arn_check(arn, region, err)); /* before anything is asked for */
  SNT_TRY(snt_flow_load_settings(&flow, err));
  SNT_TRY(snt_environment_take(&flow.environment, err));
  SNT_TRY(snt_flow_find_caller(&flow, err));
  SNT_TRY(snt_flow_find_credentials(&flow, err));
  SNT_TRY(snt_kms_key_ask(&flow, arn, &kms, &key, err));
  snt_base64(key.der, key.len, text);
  return snt_buf_appendf(line, err, "kms:%s#%s", arn, text);
}
