#include "keychain/cache.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "keychain/entry_names.h"
#include "keychain/kernel_keys.h"
#include "keychain/names.h"

enum { KEPT_MAX = 32, DESCRIPTION_CAP = 512, HEAD_LEN = SNT_SHA256_LEN + sizeof(int64_t) };

static const char PREFIX[] = "sentinel:cache:";

/* A key for one purpose, kind and name: no two of them can stand for each other. */
static void derive(const struct snt_cache *cache, const char *purpose, const char *kind, const char *name,
                   uint8_t out[static SNT_SHA256_LEN]) {
  char text[DESCRIPTION_CAP];
  int len = snprintf(text, sizeof text, "sentinel-cache-v1:%s:%s:%s", purpose, kind, name);
  snt_hmac_sha256(snt_secret_borrow(cache->owner), snt_secret_len(cache->owner), text,
                  len < (int)sizeof text ? (size_t)len : sizeof text - 1, out);
}

void snt_cache_name(const struct snt_cache *cache, const char *kind, const char *label, struct snt_slice text,
                    char out[static SNT_CACHE_NAME_CAP]) {
  uint8_t key[SNT_SHA256_LEN];
  uint8_t digest[SNT_SHA256_LEN];
  char hex[SNT_SHA256_HEX_CAP];
  derive(cache, "name", kind, "", key);
  snt_hmac_sha256(key, sizeof key, text.data, text.len, digest);
  snt_hex(digest, sizeof digest, hex);
  (void)snprintf(out, SNT_CACHE_NAME_CAP, "%.256s:%s", label, hex);
  explicit_bzero(key, sizeof key);
}

static void compute_voucher(const struct snt_cache *cache, const char *kind, const char *name, struct snt_slice value,
                            uint8_t out[static SNT_SHA256_LEN]) {
  uint8_t key[SNT_SHA256_LEN];
  derive(cache, "value", kind, name, key);
  snt_hmac_sha256(key, sizeof key, value.data, value.len, out);
  explicit_bzero(key, sizeof key);
}

/* What is stored: the voucher, when it may go (seconds of the local clock, so that others can be tidied up), the value.
 */
static snt_status seal(const struct snt_cache *cache, const char *kind, const char *name,
                       const struct snt_secret *value, int64_t end_s, struct snt_secret **out) {
  uint8_t voucher[SNT_SHA256_LEN];
  SNT_SECRET_AUTO struct snt_secret *sealed = NULL;
  struct snt_slice content = {snt_secret_borrow(value), snt_secret_len(value)};
  compute_voucher(cache, kind, name, content, voucher);
  SNT_TRY(snt_secret_new(HEAD_LEN + content.len, &sealed, NULL));
  SNT_TRY(snt_secret_append(sealed, voucher, sizeof voucher, NULL));
  SNT_TRY(snt_secret_append(sealed, &end_s, sizeof end_s, NULL));
  SNT_TRY(snt_secret_append(sealed, content.data, content.len, NULL));
  *out = SNT_MOVE(sealed);
  return snt_done();
}

static bool open_sealed(const struct snt_cache *cache, const char *kind, const char *name,
                        const struct snt_secret *sealed, struct snt_secret **out) {
  uint8_t voucher[SNT_SHA256_LEN];
  size_t len = snt_secret_len(sealed);
  if (len < HEAD_LEN) {
    return false;
  }
  struct snt_slice value = {snt_secret_borrow(sealed) + HEAD_LEN, len - HEAD_LEN};
  compute_voucher(cache, kind, name, value, voucher);
  return snt_digest_is_equal(voucher, snt_secret_borrow(sealed), sizeof voucher) &&
         snt_ok(snt_secret_new_from(value.data, value.len, out, NULL));
}

/* A person is asked once, whatever keychain there is: what is remembered of codes lies in the kernel keyring where it
 * can lie nowhere else. */
static bool may_be_in_kernel(const struct snt_cache *cache, const char *kind) {
  return cache->place == SNT_CACHE_KERNEL ||
         (cache->place == SNT_CACHE_KEYCHAIN && strcmp(kind, SNT_KEYCHAIN_KIND_MFA) == 0);
}

/* False when the kernel keyring is not to be used. */
static bool describe(const struct snt_cache *cache, const char *kind, const char *name,
                     char out[static DESCRIPTION_CAP]) {
  int len = snprintf(out, DESCRIPTION_CAP, "%s%s:%s", PREFIX, kind, name);
  return may_be_in_kernel(cache, kind) && len < DESCRIPTION_CAP;
}

/* The keychain, made to ask nobody. NULL: none is to be used. */
static struct snt_keychain *hush(const struct snt_cache *cache) {
  if (cache->place == SNT_CACHE_OFF || cache->keychain == NULL) {
    return NULL;
  }
  snt_keychain_hush(cache->keychain, true);
  return cache->keychain;
}

bool snt_cache_check(const struct snt_cache *cache) {
  SNT_SECRET_AUTO struct snt_secret *none = NULL;
  if (cache->place == SNT_CACHE_KERNEL && snt_kernel_keys_check() == 0) {
    return true;
  }
  struct snt_keychain *keychain = hush(cache);
  if (keychain == NULL) {
    return false;
  }
  snt_status status = snt_keychain_read(keychain, SNT_KEYCHAIN_KIND_SESSION, "-", &none, NULL);
  snt_keychain_hush(keychain, false);
  return status.code == SNT_CODE_NOT_FOUND;
}

static bool read_from_keychain(const struct snt_cache *cache, const char *kind, const char *name,
                               struct snt_secret **sealed) {
  struct snt_keychain *keychain = hush(cache);
  if (keychain == NULL) {
    return false;
  }
  bool is_found = snt_ok(snt_keychain_read(keychain, kind, name, sealed, NULL));
  snt_keychain_hush(keychain, false);
  return is_found;
}

bool snt_cache_read(const struct snt_cache *cache, const char *kind, const char *name, struct snt_secret **out) {
  char description[DESCRIPTION_CAP];
  SNT_SECRET_AUTO struct snt_secret *sealed = NULL;
  *out = NULL;
  bool is_found = describe(cache, kind, name, description) && snt_kernel_key_read(description, &sealed) == 0;
  return (is_found || read_from_keychain(cache, kind, name, &sealed)) && open_sealed(cache, kind, name, sealed, out);
}

static int note_key(void *context, const char *rest) {
  return snt_ok(snt_names_add(context, rest, 0, NULL)) ? 0 : ENOMEM;
}

/* Whether the name has that label: all before its last colon. */
static bool has_label(const char *name, const char *label) {
  const char *colon = strrchr(name, ':');
  size_t len = colon == NULL ? 0 : (size_t)(colon - name);
  return label == NULL || (strlen(label) == len && memcmp(name, label, len) == 0);
}

static size_t clear_kernel(const char *kind, const char *label) {
  SNT_NAMES_AUTO struct snt_names names = {0};
  char prefix[DESCRIPTION_CAP];
  char description[DESCRIPTION_CAP * 2];
  size_t count = 0;
  (void)snprintf(prefix, sizeof prefix, "%s%s:", PREFIX, kind);
  if (snt_kernel_keys_list(prefix, note_key, &names) != 0) {
    return 0;
  }
  for (size_t i = 0; i < names.count; i++) {
    (void)snprintf(description, sizeof description, "%s%s", prefix, names.items[i].name);
    count += has_label(names.items[i].name, label) && snt_kernel_key_remove(description) == 0 ? 1 : 0;
  }
  return count;
}

static snt_status clear_keychain(struct snt_keychain *keychain, const char *kind, const char *label, size_t *count,
                                 struct snt_err *err) {
  SNT_ENTRY_NAMES_AUTO struct snt_entry_names names = {0};
  SNT_TRY(snt_entry_names_load(keychain, kind, &names, err));
  for (size_t i = 0; i < names.count; i++) {
    if (!has_label(names.items[i].name, label)) {
      continue;
    }
    snt_status status = snt_keychain_remove(keychain, kind, names.items[i].name, err);
    *count += snt_ok(status) ? 1 : 0;
    SNT_TRY(status.code == SNT_CODE_NOT_FOUND ? snt_done() : status); /* another process did */
  }
  return snt_done();
}

snt_status snt_cache_clear(struct snt_keychain *keychain, const char *kind, const char *label, size_t *count,
                           struct snt_err *err) {
  *count += clear_kernel(kind, label);
  return clear_keychain(keychain, kind, label, count, err);
}

/* The keychain does not forget by itself: what is over goes, and before it holds too much it holds nothing. False for a
 * keychain that does not let go: whoever writes to it waits in vain, too. */
static bool tidy(struct snt_keychain *keychain, const char *kind) {
  SNT_ENTRY_NAMES_AUTO struct snt_entry_names names = {0};
  int64_t now_s = snt_clock_wall_ms() / 1000;
  SNT_IGNORE(snt_entry_names_load(keychain, kind, &names, NULL)); /* then there is nothing to tidy */
  for (size_t i = 0; i < names.count; i++) {
    const char *name = names.items[i].name;
    SNT_SECRET_AUTO struct snt_secret *sealed = NULL;
    int64_t end_s = 0;
    if (snt_ok(snt_keychain_read(keychain, kind, name, &sealed, NULL)) && snt_secret_len(sealed) >= HEAD_LEN) {
      memcpy(&end_s, snt_secret_borrow(sealed) + SNT_SHA256_LEN, sizeof end_s);
    }
    if (end_s <= now_s || names.count >= KEPT_MAX) {
      snt_status status = snt_keychain_remove(keychain, kind, name, NULL);
      if (!snt_ok(status) && status.code != SNT_CODE_NOT_FOUND) { /* then another process did */
        return false;
      }
    }
  }
  return true;
}

static bool write_to_keychain(const struct snt_cache *cache, const char *kind, const char *name,
                              const struct snt_secret *sealed) {
  struct snt_keychain *keychain = hush(cache);
  if (keychain == NULL) {
    return false;
  }
  bool is_kept = tidy(keychain, kind) && snt_ok(snt_keychain_write(keychain, kind, name, sealed, NULL));
  snt_keychain_hush(keychain, false);
  return is_kept;
}

static bool write_to_kernel(const struct snt_cache *cache, const char *kind, const char *name,
                            const struct snt_secret *sealed, int64_t life_s) {
  char description[DESCRIPTION_CAP];
  return describe(cache, kind, name, description) &&
         snt_kernel_key_write(description, snt_secret_borrow(sealed), snt_secret_len(sealed), (unsigned)life_s) == 0;
}

/* What lies in the kernel is found first: an older one goes, when this one lies elsewhere. */
static void remove_from_kernel(const struct snt_cache *cache, const char *kind, const char *name) {
  char description[DESCRIPTION_CAP];
  if (describe(cache, kind, name, description)) {
    (void)snt_kernel_key_remove(description);
  }
}

bool snt_cache_write(const struct snt_cache *cache, const char *kind, const char *name, const struct snt_secret *value,
                     int64_t life_s) {
  SNT_SECRET_AUTO struct snt_secret *sealed = NULL;
  if (cache->place == SNT_CACHE_OFF || life_s <= 0 || life_s > INT32_MAX ||
      !snt_ok(seal(cache, kind, name, value, snt_clock_wall_ms() / 1000 + life_s, &sealed))) {
    return false;
  }
  if (cache->place == SNT_CACHE_KERNEL && write_to_kernel(cache, kind, name, sealed, life_s)) {
    return true;
  }
  remove_from_kernel(cache, kind, name);
  return write_to_keychain(cache, kind, name, sealed) ||
         (cache->place == SNT_CACHE_KEYCHAIN && write_to_kernel(cache, kind, name, sealed, life_s));
}

void snt_cache_remove(const struct snt_cache *cache, const char *kind, const char *name) {
  remove_from_kernel(cache, kind, name);
  struct snt_keychain *keychain = hush(cache);
  if (keychain != NULL) {
    SNT_IGNORE(snt_keychain_remove(keychain, kind, name, NULL)); /* it may not be there */
    snt_keychain_hush(keychain, false);
  }
}
