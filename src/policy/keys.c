#include "policy/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/kms_arn.h"
#include "base/base64.h"
#include "keychain/signature.h"

#define ED25519 "ed25519:"
#define KMS "kms:"

/* A key's text for messages; whole ones fill a screen. */
enum { ED25519_SHOWN = 20, KMS_SHOWN = 120 };

static int shown(const char *id) { return snt_str_starts_with(id, KMS) ? KMS_SHOWN : ED25519_SHOWN; }
static const char *cut(const char *id) { return strlen(id) > (size_t)shown(id) ? "..." : ""; }

void snt_policy_keys_clear(struct snt_policy_keys *keys) {
  free(keys->list);
  memset(keys, 0, sizeof *keys);
}

static snt_status refuse(const char *line, const char *wanted, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_CONFIG_INVALID, "policy.keys: \"%.*s%s\" has to be %s", shown(line), line, cut(line),
                  wanted);
}

static snt_status read_public(const char *line, const char *base64, struct snt_policy_key *out, struct snt_err *err) {
  bool is_read = snt_base64_parse(snt_slice_of(base64), out->public, sizeof out->public, &out->public_len);
  if (!is_read || out->public_len == 0) {
    return refuse(line, "a key in base64, with its padding and nothing else", err);
  }
  struct snt_err inner = {0};
  struct snt_slice bytes = {(const char *)out->public, out->public_len};
  enum snt_signature_algorithm algorithm = SNT_SIGNATURE_NONE;
  snt_status status = snt_signature_check_key(bytes, &algorithm, &inner);
  if (!snt_ok(status)) {
    return snt_fail(err, status.code == SNT_CODE_ANSWER_NO ? SNT_CODE_CONFIG_INVALID : status.code,
                    "policy.keys: \"%.*s%s\": %s", shown(line), line, cut(line), inner.message);
  }
  bool is_kms = snt_str_starts_with(line, KMS);
  return is_kms == (algorithm != SNT_SIGNATURE_ED25519)
             ? snt_done()
             : refuse(line, is_kms ? "an RSA or elliptic-curve key" : "a key of 32 bytes", err);
}

static snt_status read_kms(const char *line, struct snt_policy_key *out, struct snt_err *err) {
  struct snt_err inner = {0};
  char region[64];
  size_t len = strcspn(line, "#");
  if (len >= sizeof out->id) {
    return refuse(line, "kms:ARN#BASE64 with the ARN of a key", err);
  }
  (void)snprintf(out->id, sizeof out->id, "%.*s", (int)len, line);
  const char *arn = out->id + strlen(KMS);
  if (!snt_ok(snt_kms_arn_check(arn, region, &inner))) {
    SNT_IGNORE(refuse(line, "kms:ARN#BASE64 with the ARN of a key", err));
    return snt_err_hint(err, "%s", inner.hint);
  }
  if (line[len] == '\0') {
    SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "policy.keys: \"%.*s%s\" has no public key", shown(line), line,
                        cut(line)));
    return snt_err_hint(err, "`sentinel policy keygen --kms %s` prints the line with it", arn);
  }
  return read_public(line, line + len + 1, out, err);
}

static snt_status read_line(const char *line, struct snt_policy_key *out, struct snt_err *err) {
  if (snt_str_starts_with(line, KMS)) {
    return read_kms(line, out, err);
  }
  if (!snt_str_starts_with(line, ED25519)) {
    SNT_IGNORE(refuse(line, "ed25519:BASE64 or kms:ARN#BASE64", err));
    return snt_err_hint(err, "`sentinel policy keygen --public FILE` prints the line of a key");
  }
  SNT_TRY(read_public(line, line + strlen(ED25519), out, err));
  (void)snprintf(out->id, sizeof out->id, "%s", line);
  return snt_done();
}

/* One key under two names would count as two. */
static snt_status check_new(const struct snt_policy_keys *keys, const struct snt_policy_key *key, struct snt_err *err) {
  for (size_t i = 0; i < keys->count; i++) {
    const struct snt_policy_key *other = &keys->list[i];
    bool is_same = other->public_len == key->public_len && memcmp(other->public, key->public, key->public_len) == 0;
    if (is_same || strcmp(other->id, key->id) == 0) {
      SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "policy.keys: \"%.*s%s\" is there twice", shown(key->id),
                          key->id, cut(key->id)));
      return snt_err_hint(err, "a key counts once; remove one of the two lines");
    }
  }
  return snt_done();
}

static snt_status read_lines(const char *const *lines, struct snt_policy_keys *out, struct snt_err *err) {
  size_t count = 0;
  while (lines != NULL && lines[count] != NULL) {
    count++;
  }
  out->list = count == 0 ? NULL : calloc(count, sizeof *out->list);
  if (count > 0 && out->list == NULL) {
    return snt_fail_memory(err);
  }
  for (size_t i = 0; i < count; i++) {
    SNT_TRY(read_line(lines[i], &out->list[i], err));
    SNT_TRY(check_new(out, &out->list[i], err));
    out->count++;
  }
  return snt_done();
}

snt_status snt_policy_keys_read(const char *const *lines, int64_t min_signatures, struct snt_policy_keys *out,
                                struct snt_err *err) {
  SNT_POLICY_KEYS_AUTO struct snt_policy_keys keys = {0};
  memset(out, 0, sizeof *out);
  SNT_TRY(read_lines(lines, &keys, err));
  int64_t most = keys.count < SNT_SIGNATURES_MAX ? (int64_t)keys.count : SNT_SIGNATURES_MAX;
  if (min_signatures < 0 || min_signatures > most) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID,
                        "policy.min_signatures is %lld, and there are %zu keys in policy.keys",
                        (long long)min_signatures, keys.count));
    return snt_err_hint(err, "ask for at most as many signatures as there are keys, and at most %d",
                        SNT_SIGNATURES_MAX);
  }
  keys.min_signatures = min_signatures == 0 && keys.count > 0 ? 1 : min_signatures;
  *out = keys;
  memset(&keys, 0, sizeof keys); /* ownership went to out */
  return snt_done();
}

static const struct snt_policy_key *find_key(const struct snt_policy_keys *keys, const char *id) {
  for (size_t i = 0; i < keys->count; i++) {
    if (strcmp(keys->list[i].id, id) == 0) {
      return &keys->list[i];
    }
  }
  return NULL;
}

static snt_status verify_one(const struct snt_policy_keys *keys, const struct snt_signature *signature,
                             struct snt_slice message, const char *source, struct snt_err *err) {
  const char *id = signature->key;
  const struct snt_policy_key *key = find_key(keys, id);
  if (key == NULL) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID,
                        "%s is signed with the key %.*s%s, which policy.keys does not list", source, shown(id), id,
                        cut(id)));
    return snt_err_hint(err, "add the key to policy.keys if you trust it, else have the bundle signed again");
  }
  struct snt_err inner = {0};
  struct snt_slice public = {(const char *)key->public, key->public_len};
  struct snt_slice bytes = {(const char *)signature->bytes, signature->len};
  snt_status status = snt_signature_verify(snt_signature_find(signature->algorithm), public, message, bytes, &inner);
  if (snt_ok(status)) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, status.code == SNT_CODE_ANSWER_NO ? SNT_CODE_POLICY_INVALID : status.code,
                      "the signature of %s with the key %.*s%s is refused: %s", source, shown(id), id, cut(id),
                      inner.message));
  return snt_err_hint(err, "the pointer was changed after it was signed, or another key signed it; push it again with "
                           "that key");
}

static snt_status check_count(const struct snt_policy_keys *keys, const struct snt_pointer *pointer, const char *source,
                              struct snt_err *err) {
  if ((int64_t)pointer->signature_count >= keys->min_signatures) {
    return snt_done();
  }
  SNT_IGNORE(pointer->signature_count == 0
                 ? snt_fail(err, SNT_CODE_POLICY_INVALID, "%s is not signed, and policy.keys asks for %lld of %zu keys",
                            source, (long long)keys->min_signatures, keys->count)
                 : snt_fail(err, SNT_CODE_POLICY_INVALID,
                            "%s is signed with %zu of the keys in policy.keys, and policy.min_signatures is %lld",
                            source, pointer->signature_count, (long long)keys->min_signatures));
  return snt_err_hint(err,
                      "let the holders of more keys sign the packed file: sentinel policy sign FILE.bundle --key KEY");
}

snt_status snt_policy_keys_verify(const struct snt_policy_keys *keys, const struct snt_pointer *pointer,
                                  const char *source, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf message = {0};
  if (keys->count == 0) {
    return snt_done();
  }
  /* It says itself that no key signs twice. */
  SNT_TRY(snt_pointer_signed_bytes(pointer, &message, err));
  for (size_t i = 0; i < pointer->signature_count; i++) {
    SNT_TRY(verify_one(keys, &pointer->signatures[i], (struct snt_slice){message.data, message.len}, source, err));
  }
  return check_count(keys, pointer, source, err);
}
