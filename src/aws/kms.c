/* KMS: Sign and GetPublicKey (AWS Key Management Service API Reference; JSON 1.1).
 *
 * MUST
 *  1. take the answer of no other key, and of no other algorithm, than the ones asked for;
 *  2. send a digest, never what is signed. */
#include "aws/kms.h"

#include <stdio.h>
#include <string.h>

#include "aws/call.h"
#include "aws/json_answer.h"
#include "base/base64.h"
#include "base/str.h"

enum { SIGN_MS = 10000, FIELD_MAX = 64, DER_SEQUENCE = 0x30 };

/* What signs with what. */
static const struct {
  const char *spec;
  enum snt_kms_algorithm algorithm;
} SPECS[] = {
    {"ECC_NIST_P256", SNT_KMS_ECDSA_SHA_256},
    {"RSA_2048", SNT_KMS_RSASSA_PSS_SHA_256},
    {"RSA_3072", SNT_KMS_RSASSA_PSS_SHA_256},
    {"RSA_4096", SNT_KMS_RSASSA_PSS_SHA_256},
};

const char *snt_kms_algorithm_name(enum snt_kms_algorithm algorithm) {
  static const char *const names[] = {[SNT_KMS_NO_ALGORITHM] = NULL,
                                      [SNT_KMS_RSASSA_PSS_SHA_256] = "RSASSA_PSS_SHA_256",
                                      [SNT_KMS_ECDSA_SHA_256] = "ECDSA_SHA_256"};
  return names[algorithm];
}

snt_status snt_kms_prepare_get_public_key(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                          const struct snt_aws_credentials *credentials, const char *arn,
                                          struct snt_err *err) {
  SNT_TRY(snt_aws_call_begin(call, endpoint, credentials, "TrentService.GetPublicKey", "GetPublicKey", arn, err));
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, &call->body, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_string(&writer, "KeyId", arn);
  snt_json_end_object(&writer);
  return snt_json_finish(&writer);
}

/* KMS answers with the ARN, a test double with the id in it. */
static snt_status check_key(const struct snt_aws_call *call, const struct snt_json_value *root, struct snt_err *err) {
  const struct snt_json_value *id = snt_json_get(root, "KeyId");
  bool is_asked_for = snt_json_is(id, call->subject) || snt_json_is(id, strrchr(call->subject, '/') + 1);
  return is_asked_for ? snt_done() : snt_aws_json_refuse(call, "another key than the one asked for", err);
}

static snt_status refuse_key(const struct snt_aws_call *call, const char *what, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "KMS key %.200s cannot sign policy: %s", call->subject, what));
  return snt_err_hint(err,
                      "use a key made for signing: aws kms create-key --region %s --key-usage SIGN_VERIFY "
                      "--key-spec ECC_NIST_P256",
                      call->endpoint.region);
}

static snt_status check_usage(const struct snt_aws_call *call, const struct snt_json_value *root, struct snt_err *err) {
  char what[96];
  const char *usage = snt_json_printable(snt_json_get(root, "KeyUsage"), FIELD_MAX);
  if (usage == NULL) {
    return snt_aws_json_refuse(call, "KeyUsage", err);
  }
  (void)snprintf(what, sizeof what, "its usage is %s", usage);
  return strcmp(usage, "SIGN_VERIFY") == 0 ? snt_done() : refuse_key(call, what, err);
}

/* KeySpec had another name before. */
static snt_status take_spec(const struct snt_aws_call *call, const struct snt_json_value *root,
                            struct snt_kms_public_key *key, struct snt_err *err) {
  const struct snt_json_value *value = snt_json_get(root, "KeySpec");
  value = value == NULL ? snt_json_get(root, "CustomerMasterKeySpec") : value;
  const char *spec = snt_json_printable(value, sizeof key->spec);
  if (spec == NULL) {
    return snt_aws_json_refuse(call, "KeySpec", err);
  }
  for (size_t i = 0; i < sizeof SPECS / sizeof SPECS[0]; i++) {
    key->algorithm = strcmp(SPECS[i].spec, spec) == 0 ? SPECS[i].algorithm : key->algorithm;
  }
  char what[96];
  (void)snprintf(what, sizeof what, "its spec is %s", spec);
  (void)snprintf(key->spec, sizeof key->spec, "%s", spec);
  return key->algorithm == SNT_KMS_NO_ALGORITHM ? refuse_key(call, what, err) : snt_done();
}

static snt_status check_algorithms(const struct snt_aws_call *call, const struct snt_json_value *root,
                                   enum snt_kms_algorithm algorithm, struct snt_err *err) {
  const struct snt_json_value *list = snt_json_get(root, "SigningAlgorithms");
  for (size_t i = 0; i < snt_json_count(list); i++) {
    if (snt_json_is(snt_json_at(list, i), snt_kms_algorithm_name(algorithm))) {
      return snt_done();
    }
  }
  return snt_aws_json_refuse(call, "SigningAlgorithms", err);
}

/* Canonical base64 of at most cap bytes. */
static bool take_bytes(const struct snt_json_value *value, uint8_t *out, size_t cap, size_t *len) {
  struct snt_slice text = {0};
  text.data = snt_json_string(value, &text.len);
  return text.data != NULL && snt_base64_parse(text, out, cap, len);
}

snt_status snt_kms_parse_get_public_key(const struct snt_aws_call *call, struct snt_kms_public_key *out,
                                        struct snt_err *err) {
  memset(out, 0, sizeof *out);
  struct snt_kms_public_key key = {0};
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_TRY(snt_aws_json_open(call, &doc, err));
  const struct snt_json_value *root = snt_json_root(doc);
  SNT_TRY(check_key(call, root, err));
  SNT_TRY(check_usage(call, root, err));
  SNT_TRY(take_spec(call, root, &key, err));
  SNT_TRY(check_algorithms(call, root, key.algorithm, err));
  if (!take_bytes(snt_json_get(root, "PublicKey"), key.der, sizeof key.der, &key.len) || key.der[0] != DER_SEQUENCE) {
    return snt_aws_json_refuse(call, "PublicKey", err);
  }
  *out = key;
  return snt_done();
}

snt_status snt_kms_prepare_sign(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                const struct snt_aws_credentials *credentials, const struct snt_kms_sign *sign,
                                struct snt_err *err) {
  const char *algorithm = snt_kms_algorithm_name(sign->algorithm);
  if (algorithm == NULL) {
    return snt_fail(err, SNT_CODE_BUG, "no algorithm to sign with");
  }
  char digest[SNT_BASE64_CAP(sizeof sign->digest)];
  snt_base64(sign->digest, sizeof sign->digest, digest);
  SNT_TRY(snt_aws_call_begin(call, endpoint, credentials, "TrentService.Sign", "Sign", sign->arn, err));
  call->timeout_ms = SIGN_MS;
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, &call->body, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_string(&writer, "KeyId", sign->arn);
  snt_json_put_string(&writer, "Message", digest);
  snt_json_put_string(&writer, "MessageType", "DIGEST");
  snt_json_put_string(&writer, "SigningAlgorithm", algorithm);
  snt_json_end_object(&writer);
  return snt_json_finish(&writer);
}

/* RSA: as long as its modulus. ECDSA of P-256: two numbers of at most 33 bytes, in DER. */
static bool is_like_signature(const struct snt_kms_signature *signature, enum snt_kms_algorithm algorithm) {
  if (algorithm == SNT_KMS_ECDSA_SHA_256) {
    return signature->len >= 8 && signature->len <= 72 && signature->bytes[0] == DER_SEQUENCE;
  }
  return signature->len == 256 || signature->len == 384 || signature->len == 512;
}

snt_status snt_kms_parse_sign(const struct snt_aws_call *call, const struct snt_kms_sign *sign,
                              struct snt_kms_signature *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  struct snt_kms_signature taken = {0};
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_TRY(snt_aws_json_open(call, &doc, err));
  const struct snt_json_value *root = snt_json_root(doc);
  SNT_TRY(check_key(call, root, err));
  if (!snt_json_is(snt_json_get(root, "SigningAlgorithm"), snt_kms_algorithm_name(sign->algorithm))) {
    return snt_aws_json_refuse(call, "SigningAlgorithm", err);
  }
  bool is_taken = take_bytes(snt_json_get(root, "Signature"), taken.bytes, sizeof taken.bytes, &taken.len);
  if (!is_taken || !is_like_signature(&taken, sign->algorithm)) {
    return snt_aws_json_refuse(call, "Signature", err);
  }
  *out = taken;
  return snt_done();
}
