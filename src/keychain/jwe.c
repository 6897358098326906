#include "keychain/jwe.h"

#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "format/json.h"
#include "keychain/crypto.h"

#define ALGORITHM "PBES2-HS256+A128KW"
#define ENCRYPTION "A256GCM"

enum { PART_COUNT = 5, HEADER_MAX = 4096, SALT_MIN = 8, SALT_MAX = 128, WRAPPED_LEN = SNT_CRYPTO_KEY_LEN + 8 };

enum part { HEADER, WRAPPED_KEY, NONCE, CONTENT, TAG };

/* What the header says of the key. The salt is the algorithm's name, a zero, and p2s. */
struct header {
  unsigned iterations;
  uint8_t salt[sizeof ALGORITHM + SALT_MAX];
  size_t salt_len;
};

static snt_status fail_form(const char *what, const char *why, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_SYNTAX, "%s is not as aws-vault writes it: %s", what, why);
}

static snt_status split(struct snt_slice text, const char *what, struct snt_slice parts[static PART_COUNT],
                        struct snt_err *err) {
  if (text.len > SNT_JWE_MAX) {
    return fail_form(what, "it is too long", err);
  }
  for (int i = 0; i < PART_COUNT; i++) {
    const char *dot = text.len == 0 ? NULL : memchr(text.data, '.', text.len);
    if ((dot == NULL) != (i == PART_COUNT - 1)) {
      return fail_form(what, "it does not have five parts with a dot between them", err);
    }
    parts[i] = (struct snt_slice){text.data, dot == NULL ? text.len : (size_t)(dot - text.data)};
    text.data += parts[i].len + (dot == NULL ? 0 : 1);
    text.len -= parts[i].len + (dot == NULL ? 0 : 1);
  }
  return snt_done();
}

static snt_status read_salt(const struct snt_json_value *root, const char *what, struct header *out,
                            struct snt_err *err) {
  struct snt_slice text = {NULL, 0};
  text.data = snt_json_string(snt_json_get(root, "p2s"), &text.len);
  size_t len = 0;
  memcpy(out->salt, ALGORITHM, sizeof ALGORITHM); /* its NUL is the zero */
  if (text.data == NULL || !snt_base64url_parse(text, out->salt + sizeof ALGORITHM, SALT_MAX, &len) || len < SALT_MIN) {
    return fail_form(what, "its header has no salt of 8 to 128 bytes (p2s)", err);
  }
  out->salt_len = sizeof ALGORITHM + len;
  return snt_done();
}

static snt_status read_header(struct snt_slice json, const char *what, struct header *out, struct snt_err *err) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  int64_t iterations = 0;
  if (!snt_ok(snt_json_parse(json.data, json.len, "the header", &doc, NULL))) {
    return fail_form(what, "its header is not JSON", err);
  }
  const struct snt_json_value *root = snt_json_root(doc);
  if (!snt_json_is(snt_json_get(root, "alg"), ALGORITHM) || !snt_json_is(snt_json_get(root, "enc"), ENCRYPTION)) {
    return fail_form(what, "its header names another algorithm than " ALGORITHM " with " ENCRYPTION, err);
  }
  if (snt_json_get(root, "zip") != NULL || snt_json_get(root, "crit") != NULL) {
    return fail_form(what, "its header asks for compression, or for what has to be understood (zip, crit)", err);
  }
  if (!snt_json_integer(snt_json_get(root, "p2c"), &iterations) || iterations < SNT_JWE_ITERATIONS_MIN ||
      iterations > SNT_JWE_ITERATIONS_MAX) {
    return fail_form(what, "its header has no count of 1000 to 2000000 rounds (p2c)", err);
  }
  out->iterations = (unsigned)iterations;
  return read_salt(root, what, out, err);
}

static snt_status parse_header(struct snt_slice part, const char *what, struct header *out, struct snt_err *err) {
  char json[HEADER_MAX];
  size_t len = 0;
  if (!snt_base64url_parse(part, json, sizeof json, &len)) {
    return fail_form(what, "its header is not base64url, or too long", err);
  }
  return read_header((struct snt_slice){json, len}, what, out, err);
}

static snt_status find_key(const struct snt_crypto *crypto, const struct header *header, struct snt_slice part,
                           const struct snt_secret *passphrase, const char *what, struct snt_secret *key,
                           struct snt_err *err) {
  uint8_t wrapped[WRAPPED_LEN];
  size_t len = 0;
  SNT_SECRET_AUTO struct snt_secret *wrapping = NULL;
  if (!snt_base64url_parse(part, wrapped, sizeof wrapped, &len) || len != sizeof wrapped) {
    return fail_form(what, "its second part is not a key of 256 bits", err);
  }
  SNT_TRY(snt_secret_new(SNT_CRYPTO_WRAPPING_KEY_LEN, &wrapping, err));
  SNT_TRY(crypto->pbkdf2(passphrase, (struct snt_slice){(const char *)header->salt, header->salt_len},
                         header->iterations, wrapping, err));
  snt_status status = crypto->unwrap(wrapping, (struct snt_slice){(const char *)wrapped, len}, key, err);
  return status.code != SNT_CODE_KEYCHAIN
             ? status
             : snt_fail(err, SNT_CODE_KEYCHAIN, "the passphrase does not open %s, or it is damaged", what);
}

/* Content and tag, one behind the other, as the crypto module wants them. */
static snt_status read_sealed(const struct snt_slice parts[static PART_COUNT], const char *what, struct snt_buf *out,
                              struct snt_err *err) {
  size_t len = 0;
  size_t tag_len = 0;
  SNT_TRY(snt_buf_reserve(out, parts[CONTENT].len + SNT_CRYPTO_TAG_LEN, err));
  if (!snt_base64url_parse(parts[CONTENT], out->data, parts[CONTENT].len, &len) ||
      !snt_base64url_parse(parts[TAG], out->data + len, SNT_CRYPTO_TAG_LEN, &tag_len) ||
      tag_len != SNT_CRYPTO_TAG_LEN) {
    return fail_form(what, "its content or its tag is not base64url", err);
  }
  out->len = len + tag_len;
  return snt_done();
}

static snt_status open_content(const struct snt_crypto *crypto, const struct snt_slice parts[static PART_COUNT],
                               const struct snt_secret *key, const char *what, struct snt_secret **out,
                               struct snt_err *err) {
  uint8_t nonce[SNT_CRYPTO_NONCE_LEN];
  size_t len = 0;
  SNT_BUF_AUTO struct snt_buf sealed = {0};
  SNT_SECRET_AUTO struct snt_secret *plain = NULL;
  if (!snt_base64url_parse(parts[NONCE], nonce, sizeof nonce, &len) || len != sizeof nonce) {
    return fail_form(what, "its third part does not have 96 bits", err);
  }
  SNT_TRY(read_sealed(parts, what, &sealed, err));
  SNT_TRY(snt_secret_new(sealed.len, &plain, err));
  snt_status status =
      crypto->open(key, nonce, parts[HEADER].data, parts[HEADER].len, sealed.data, sealed.len, plain, err);
  if (!snt_ok(status)) {
    return status.code == SNT_CODE_KEYCHAIN ? snt_fail(err, SNT_CODE_SYNTAX, "%s is damaged", what) : status;
  }
  *out = SNT_MOVE(plain);
  return snt_done();
}

snt_status snt_jwe_open(struct snt_slice text, const struct snt_secret *passphrase, const char *what,
                        struct snt_secret **out, struct snt_err *err) {
  *out = NULL;
  struct snt_slice parts[PART_COUNT] = {{NULL, 0}};
  struct header header = {0};
  const struct snt_crypto *crypto = NULL;
  SNT_SECRET_AUTO struct snt_secret *key = NULL;
  SNT_TRY(split(text, what, parts, err));
  SNT_TRY(parse_header(parts[HEADER], what, &header, err));
  SNT_TRY(snt_crypto_load(&crypto, err));
  SNT_TRY(snt_secret_new(SNT_CRYPTO_KEY_LEN, &key, err));
  SNT_TRY(find_key(crypto, &header, parts[WRAPPED_KEY], passphrase, what, key, err));
  return open_content(crypto, parts, key, what, out, err);
}
