/* keychain/sealed_file (layer 2, inner): the format of the file keychains: version 1, whose key is made of a
 * passphrase, and version 2, whose key is sealed to a TPM.
 *
 *   offset  bytes
 *        0     16  "sentinelkeychain"
 *       16      1  the version: 1 or 2
 *       17      1  1: log2 of scrypt's N (r = 8, p = 1): 15; a reader takes up to 18
 *                  2: 1 when the TPM asks for a PIN, else 0
 *       18      2  1: zero
 *                  2: l, the length of the lock, big endian
 *       20     16  salt, made with the file, the same for its life
 *       36     12  nonce, made for each writing
 *       48     16  check: the first bytes of HMAC-SHA-256(key, bytes 0 to 35); tells a wrong key from damage
 *       64      l  2: the lock: the key as the TPM sealed it (keychain/tpm.h), the same for the file's life
 *     64+l      n  the entries under AES-256-GCM; all bytes before them are associated data; the tag comes last
 *
 * Entries: length of the kind (1 byte), of the name (2), of the value (4), big endian; kind, name, value. They are in
 * byte order of kind and name; no two are the same. */
#ifndef SNT_KEYCHAIN_SEALED_FILE_H
#define SNT_KEYCHAIN_SEALED_FILE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/secret.h"
#include "base/str.h"
#include "keychain/crypto.h"
#include "keychain/tpm.h"

#define SNT_SEALED_HEADER_LEN 64
#define SNT_SEALED_SALT_LEN 16
#define SNT_SEALED_CHECK_LEN 16
#define SNT_SEALED_LOG2_N 15
#define SNT_SEALED_FILE_MAX ((size_t)4 * 1024 * 1024)

/* Where the key comes from; the numbers are the format's versions. */
enum snt_sealed_kind { SNT_SEALED_NONE = 0, SNT_SEALED_PASSPHRASE = 1, SNT_SEALED_TPM = 2 };

struct snt_sealed_header {
  enum snt_sealed_kind kind;
  unsigned log2_n;          /* of a passphrase's */
  bool has_pin;             /* these are a TPM's */
  struct snt_tpm_lock lock; /* len 0 until the key was sealed */
  uint8_t salt[SNT_SEALED_SALT_LEN];
  uint8_t nonce[SNT_CRYPTO_NONCE_LEN];
  uint8_t check[SNT_SEALED_CHECK_LEN];
};

/* A header for a new file; lock, nonce and check are not set yet. */
snt_status snt_sealed_new_header(enum snt_sealed_kind kind, struct snt_sealed_header *out, struct snt_err *err);
/* Code KEYCHAIN, naming path: not a keychain, cut off, of another version, of another kind than the one wanted. */
snt_status snt_sealed_parse_header(const struct snt_buf *file, enum snt_sealed_kind kind, const char *path,
                                   struct snt_sealed_header *out, struct snt_err *err);
/* Whether a passphrase or a PIN opens it, and not the TPM alone. */
bool snt_sealed_takes_word(const struct snt_sealed_header *header);
/* Constant time. */
bool snt_sealed_is_key(const struct snt_sealed_header *header, const struct snt_secret *key);

/* The entries of a file whose key passed snt_sealed_is_key. Code KEYCHAIN, naming path: damaged. */
snt_status snt_sealed_open(const struct snt_crypto *crypto, const struct snt_buf *file,
                           const struct snt_sealed_header *header, const struct snt_secret *key, const char *path,
                           struct snt_secret **entries, struct snt_err *err);
/* Appends a whole file; sets nonce and check. */
snt_status snt_sealed_seal(const struct snt_crypto *crypto, struct snt_sealed_header *header,
                           const struct snt_secret *key, const struct snt_secret *entries, struct snt_buf *out,
                           struct snt_err *err);

/* Byte order; the shorter of two that begin alike comes first. */
int snt_sealed_compare(struct snt_slice a, struct snt_slice b);

/* One entry, borrowed from the entries. */
struct snt_sealed_entry {
  struct snt_slice kind, name, value;
  size_t begin, end;
};

/* The entry at *offset, and moves it on. false at the end, and for bytes that are not an entry (then *offset is not the
 * length). */
bool snt_sealed_next(const struct snt_secret *entries, size_t *offset, struct snt_sealed_entry *out);
bool snt_sealed_find(const struct snt_secret *entries, const char *kind, const char *name,
                     struct snt_sealed_entry *out);
/* Entries with this one put in its place (an old one of the same name goes), or without it when value is NULL. */
snt_status snt_sealed_change(const struct snt_secret *entries, const char *kind, const char *name,
                             const struct snt_secret *value, struct snt_secret **out, struct snt_err *err);

#endif
