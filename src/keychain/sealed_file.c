#include "keychain/sealed_file.h"

#include <string.h>

#include <openssl/crypto.h>

#include "base/random.h"
#include "base/sha256.h"

enum { MAGIC_LEN = 16, VERSION_AT = 16, LOG2_N_MAX = 18, SALT_AT = 20, CHECKED_LEN = 36, NONCE_AT = 36, CHECK_AT = 48 };

static const char MAGIC[] = "sentinelkeychain";

snt_status snt_sealed_new_header(enum snt_sealed_kind kind, struct snt_sealed_header *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  out->kind = kind;
  out->log2_n = kind == SNT_SEALED_PASSPHRASE ? SNT_SEALED_LOG2_N : 0;
  return snt_random_bytes(out->salt, sizeof out->salt, err);
}

static void format_header(const struct snt_sealed_header *header, uint8_t out[static SNT_SEALED_HEADER_LEN]) {
  memset(out, 0, SNT_SEALED_HEADER_LEN);
  memcpy(out, MAGIC, MAGIC_LEN);
  out[VERSION_AT] = (uint8_t)header->kind;
  out[VERSION_AT + 1] = header->kind == SNT_SEALED_TPM ? header->has_pin : (uint8_t)header->log2_n;
  out[VERSION_AT + 2] = (uint8_t)(header->lock.len >> 8);
  out[VERSION_AT + 3] = (uint8_t)header->lock.len;
  memcpy(out + SALT_AT, header->salt, sizeof header->salt);
  memcpy(out + NONCE_AT, header->nonce, sizeof header->nonce);
  memcpy(out + CHECK_AT, header->check, sizeof header->check);
}

static snt_status fail_damaged(const char *path, const char *how, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "the keychain %s is damaged: %s", path, how));
  return snt_err_hint(err, "put a copy of it back, or remove it and store the keys again with sentinel add");
}

static snt_status fail_version(unsigned version, const char *path, struct snt_err *err) {
  if (version == SNT_SEALED_PASSPHRASE || version == SNT_SEALED_TPM) {
    bool is_tpm = version == SNT_SEALED_TPM;
    SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "the keychain %s is one whose key %s", path,
                        is_tpm ? "is sealed to a TPM, and lies in another's place"
                               : "is made of a passphrase, and lies in another's place"));
    return snt_err_hint(err, "move it back to where it was: to the name %s in that folder",
                        is_tpm ? "keychain.tpm" : "keychain");
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "the keychain %s is of version %u, which this sentinel does not know",
                      path, version));
  return snt_err_hint(err, "use the newer sentinel that wrote it");
}

/* What the bytes behind the version mean depends on it. */
static bool parse_lock(const struct snt_buf *file, struct snt_sealed_header *out) {
  const uint8_t *bytes = (const uint8_t *)file->data;
  unsigned value = bytes[VERSION_AT + 1];
  size_t len = (size_t)bytes[VERSION_AT + 2] << 8 | bytes[VERSION_AT + 3];
  if (out->kind == SNT_SEALED_PASSPHRASE) {
    out->log2_n = value;
    return value >= SNT_SEALED_LOG2_N && value <= LOG2_N_MAX && len == 0;
  }
  out->has_pin = value == 1;
  out->lock.len = len;
  if (value > 1 || len == 0 || len > sizeof out->lock.bytes ||
      file->len < SNT_SEALED_HEADER_LEN + len + SNT_CRYPTO_TAG_LEN) {
    return false;
  }
  memcpy(out->lock.bytes, bytes + SNT_SEALED_HEADER_LEN, len);
  return true;
}

snt_status snt_sealed_parse_header(const struct snt_buf *file, enum snt_sealed_kind kind, const char *path,
                                   struct snt_sealed_header *out, struct snt_err *err) {
  const uint8_t *bytes = (const uint8_t *)snt_buf_borrow(file);
  size_t known = file->len < MAGIC_LEN ? file->len : MAGIC_LEN;
  memset(out, 0, sizeof *out);
  if (memcmp(bytes, MAGIC, known) != 0) {
    return fail_damaged(path, "it does not begin as a keychain does", err);
  }
  if (file->len < SNT_SEALED_HEADER_LEN + SNT_CRYPTO_TAG_LEN) {
    return fail_damaged(path, "it is cut off", err);
  }
  if (bytes[VERSION_AT] != kind) {
    return fail_version(bytes[VERSION_AT], path, err);
  }
  out->kind = kind;
  if (!parse_lock(file, out)) {
    return fail_damaged(path, "its header makes no sense", err);
  }
  memcpy(out->salt, bytes + SALT_AT, sizeof out->salt);
  memcpy(out->nonce, bytes + NONCE_AT, sizeof out->nonce);
  memcpy(out->check, bytes + CHECK_AT, sizeof out->check);
  return snt_done();
}

bool snt_sealed_takes_word(const struct snt_sealed_header *header) {
  return header->kind != SNT_SEALED_TPM || header->has_pin;
}

static void compute_check(const struct snt_sealed_header *header, const struct snt_secret *key,
                          uint8_t out[static SNT_SHA256_LEN]) {
  uint8_t bytes[SNT_SEALED_HEADER_LEN];
  format_header(header, bytes);
  snt_hmac_sha256(snt_secret_borrow(key), snt_secret_len(key), bytes, CHECKED_LEN, out);
}

bool snt_sealed_is_key(const struct snt_sealed_header *header, const struct snt_secret *key) {
  uint8_t check[SNT_SHA256_LEN];
  compute_check(header, key, check);
  bool is_key =
      snt_secret_len(key) == SNT_CRYPTO_KEY_LEN && CRYPTO_memcmp(check, header->check, SNT_SEALED_CHECK_LEN) == 0;
  explicit_bzero(check, sizeof check);
  return is_key;
}

/* In order, none twice, nothing left over. */
static bool are_entries(const struct snt_secret *entries) {
  size_t offset = 0;
  struct snt_sealed_entry entry;
  struct snt_sealed_entry last = {0};
  while (snt_sealed_next(entries, &offset, &entry)) {
    int order = last.kind.len == 0 ? -1 : snt_sealed_compare(last.kind, entry.kind);
    order = order == 0 ? snt_sealed_compare(last.name, entry.name) : order;
    if (order >= 0) {
      return false;
    }
    last = entry;
  }
  return offset == snt_secret_len(entries);
}

snt_status snt_sealed_open(const struct snt_crypto *crypto, const struct snt_buf *file,
                           const struct snt_sealed_header *header, const struct snt_secret *key, const char *path,
                           struct snt_secret **entries, struct snt_err *err) {
  *entries = NULL;
  SNT_SECRET_AUTO struct snt_secret *plain = NULL;
  size_t begin = SNT_SEALED_HEADER_LEN + header->lock.len;
  size_t len = file->len - begin;
  SNT_TRY(snt_secret_new(len, &plain, err));
  if (!snt_ok(crypto->open(key, header->nonce, file->data, begin, file->data + begin, len, plain, err))) {
    return fail_damaged(path, "its seal is broken", err);
  }
  if (!are_entries(plain)) {
    return fail_damaged(path, "its entries make no sense", err);
  }
  *entries = SNT_MOVE(plain);
  return snt_done();
}

snt_status snt_sealed_seal(const struct snt_crypto *crypto, struct snt_sealed_header *header,
                           const struct snt_secret *key, const struct snt_secret *entries, struct snt_buf *out,
                           struct snt_err *err) {
  uint8_t check[SNT_SHA256_LEN];
  uint8_t bytes[SNT_SEALED_HEADER_LEN];
  SNT_TRY(snt_random_bytes(header->nonce, sizeof header->nonce, err));
  compute_check(header, key, check);
  memcpy(header->check, check, sizeof header->check);
  explicit_bzero(check, sizeof check);
  format_header(header, bytes);
  size_t begin = out->len;
  size_t len = snt_secret_len(entries);
  SNT_TRY(snt_buf_append(out, bytes, sizeof bytes, err));
  SNT_TRY(snt_buf_append(out, header->lock.bytes, header->lock.len, err));
  SNT_TRY(snt_buf_reserve(out, len + SNT_CRYPTO_TAG_LEN, err));
  SNT_TRY(crypto->seal(key, header->nonce, out->data + begin, out->len - begin, snt_secret_borrow(entries), len,
                       (uint8_t *)out->data + out->len, err));
  out->len += len + SNT_CRYPTO_TAG_LEN;
  return snt_done();
}
