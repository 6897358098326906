#include "issue/signers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/sha256.h"
#include "issue/kms_key.h"

#define KMS "kms:"

void snt_signers_clear(struct snt_signers *signers) {
  for (size_t i = 0; i < SNT_SIGNATURES_MAX; i++) {
    snt_signer_close(&signers->list[i]);
    free(signers->lines[i]);
  }
  memset(signers, 0, sizeof *signers);
}

/* A key of KMS, as the state of a signer. */
struct kms_key {
  struct snt_flow *flow; /* with credentials */
  struct snt_aws_endpoint endpoint;
  char arn[2048];
  struct snt_kms_public_key public;
};

static snt_status ask_signature(const struct kms_key *key, struct snt_slice message, struct snt_kms_signature *out,
                                struct snt_err *err) {
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  struct snt_kms_sign sign = {.arn = key->arn, .algorithm = key->public.algorithm};
  snt_sha256(message.data, message.len, sign.digest);
  SNT_TRY(snt_kms_prepare_sign(&call, &key->endpoint, snt_flow_signer(key->flow), &sign, err));
  struct snt_aws_call *const calls[] = {&call};
  SNT_TRY(snt_aws_perform(key->flow->client, calls, 1, err));
  return snt_kms_parse_sign(&call, &sign, out, err);
}

static snt_status sign_with_kms(void *state, struct snt_slice message, uint8_t out[static SNT_SIGNATURE_CAP],
                                size_t *len, struct snt_err *err) {
  const struct kms_key *key = state;
  struct snt_kms_signature signature;
  struct snt_err inner = {0};
  SNT_TRY(ask_signature(key, message, &signature, err));
  struct snt_slice public = {(const char *)key->public.der, key->public.len};
  struct snt_slice bytes = {(const char *)signature.bytes, signature.len};
  enum snt_signature_algorithm algorithm = snt_signature_find(snt_kms_algorithm_name(key->public.algorithm));
  snt_status status = snt_signature_verify(algorithm, public, message, bytes, &inner);
  if (!snt_ok(status)) {
    return snt_fail(err, status.code == SNT_CODE_ANSWER_NO ? SNT_CODE_ANSWER_INVALID : status.code,
                    "KMS made a signature with %s that its own public key refuses: %s", key->arn, inner.message);
  }
  memcpy(out, signature.bytes, signature.len);
  *len = signature.len;
  return snt_done();
}

static void close_kms(void **state) {
  free(*state);
  *state = NULL;
}

/* Whose credentials ask KMS, where nothing else was asked of AWS before. */
static snt_status find_credentials(struct snt_flow *flow, struct snt_err *err) {
  if (flow->base.access_key_id[0] != '\0') {
    return snt_done();
  }
  SNT_TRY(snt_flow_find_caller(flow, err));
  return snt_flow_find_credentials(flow, err);
}

static snt_status open_kms(struct snt_flow *flow, const char *name, struct snt_signer *out, char **line,
                           struct snt_err *err) {
  char region[64];
  const char *arn = name + strlen(KMS);
  SNT_TRY(snt_kms_arn_check(arn, region, err)); /* before anything is asked for */
  SNT_TRY(find_credentials(flow, err));
  SNT_FREE_AUTO struct kms_key *key = calloc(1, sizeof *key);
  if (key == NULL) {
    return snt_fail_memory(err);
  }
  key->flow = flow;
  (void)snprintf(key->arn, sizeof key->arn, "%s", arn);
  SNT_TRY(snt_kms_key_ask(flow, arn, &key->endpoint, &key->public, err));
  char base64[SNT_BASE64_CAP(sizeof key->public.der)];
  snt_base64(key->public.der, key->public.len, base64);
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_TRY(snt_buf_appendf(&text, err, KMS "%s#%s", key->arn, base64));
  *line = snt_buf_take(&text);
  (void)snprintf(out->key, sizeof out->key, KMS "%s", key->arn);
  (void)snprintf(out->algorithm, sizeof out->algorithm, "%s", snt_kms_algorithm_name(key->public.algorithm));
  out->sign = sign_with_kms;
  out->close = close_kms;
  out->state = SNT_MOVE(key);
  return *line == NULL ? snt_fail_memory(err) : snt_done();
}

static snt_status open_local(struct snt_flow *flow, const char *name, struct snt_signer *out, char **line,
                             struct snt_err *err) {
  SNT_TRY(snt_signer_needs_keychain(name) ? snt_flow_open_keychain(flow, err) : snt_done());
  snt_status status = snt_signer_open(name, flow->keychain, out, err);
  if (status.code == SNT_CODE_NOT_FOUND && snt_signer_is_file(name)) {
    return snt_err_hint(err, "a key is named as " SNT_SIGNER_FORMS ", one of KMS as kms:ARN");
  }
  SNT_TRY(status);
  *line = snt_str_dup(out->key);
  return *line == NULL ? snt_fail_memory(err) : snt_done();
}

static snt_status check_new(const struct snt_signers *signers, const char *name, struct snt_err *err) {
  const struct snt_signer *added = &signers->list[signers->count];
  for (size_t i = 0; i < signers->count; i++) {
    if (strcmp(signers->list[i].key, added->key) == 0) {
      return snt_fail(err, SNT_CODE_USAGE, "--key %.200s: the same key is given twice", name);
    }
  }
  return snt_done();
}

snt_status snt_signers_open(struct snt_flow *flow, const char *const *names, size_t count, struct snt_signers *out,
                            struct snt_err *err) {
  *out = (struct snt_signers){0};
  if (count > SNT_SIGNATURES_MAX) {
    return snt_fail(err, SNT_CODE_USAGE, "--key: at most %d keys sign", SNT_SIGNATURES_MAX);
  }
  for (; out->count < count; out->count++) {
    const char *name = names[out->count];
    struct snt_signer *signer = &out->list[out->count];
    char **line = &out->lines[out->count];
    SNT_TRY(snt_str_starts_with(name, KMS) ? open_kms(flow, name, signer, line, err)
                                           : open_local(flow, name, signer, line, err));
    SNT_TRY(check_new(out, name, err));
  }
  return snt_done();
}

snt_status snt_signers_list_keys(const struct snt_signers *signers, struct snt_policy_keys *out, struct snt_err *err) {
  return snt_policy_keys_read((const char *const *)signers->lines, (int64_t)signers->count, out, err);
}

/* Where the key's signature goes: in the place of an older one of it, else behind the others. NULL: there is no room.
 */
static struct snt_signature *find_place(struct snt_pointer *pointer, const char *key) {
  for (size_t i = 0; i < pointer->signature_count; i++) {
    if (strcmp(pointer->signatures[i].key, key) == 0) {
      return &pointer->signatures[i];
    }
  }
  bool is_full = pointer->signature_count == SNT_SIGNATURES_MAX;
  return is_full ? NULL : &pointer->signatures[pointer->signature_count++];
}

snt_status snt_signers_sign(const struct snt_signers *signers, struct snt_pointer *pointer, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_TRY(snt_pointer_signed_bytes(pointer, &text, err));
  for (size_t i = 0; i < signers->count; i++) {
    const struct snt_signer *signer = &signers->list[i];
    struct snt_signature made = {0};
    SNT_TRY(signer->sign(signer->state, (struct snt_slice){text.data, text.len}, made.bytes, &made.len, err));
    (void)snprintf(made.key, sizeof made.key, "%s", signer->key);
    (void)snprintf(made.algorithm, sizeof made.algorithm, "%s", signer->algorithm);
    struct snt_signature *place = find_place(pointer, signer->key);
    if (place == NULL) {
      return snt_fail(err, SNT_CODE_USAGE, "a pointer holds at most %d signatures", SNT_SIGNATURES_MAX);
    }
    *place = made;
  }
  return snt_done();
}
