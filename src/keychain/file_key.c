/* MUST
 *  1. use a key only when the file's own check says that it is the file's;
 *  2. refuse a given passphrase that is wrong, also while the right key rests in the kernel;
 *  3. lay nothing to rest from which a typed passphrase could be found faster than by scrypt. */
#include "keychain/file_key.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/clock.h"
#include "base/prompt.h"
#include "base/sha256.h"
#include "base/turn.h"
#include "keychain/kernel_keys.h"

enum {
  PASSPHRASE_CAP = 1024,
  TURN_MARGIN_MS = 5000,                             /* scrypt, after the answer */
  RESTING_LEN = SNT_CRYPTO_KEY_LEN + SNT_SHA256_LEN, /* the key; the given passphrase's mark, or zeros */
};

void snt_file_keys_clear(struct snt_file_keys *keys) {
  snt_secret_free(&keys->asked);
  snt_secret_free(&keys->key);
}

void snt_file_keys_describe(const char *path, const struct snt_sealed_header *header, char out[static 64]) {
  char *real = realpath(path, NULL);
  const char *name = real == NULL ? path : real;
  uint8_t digest[SNT_SHA256_LEN];
  snt_hmac_sha256(header->salt, sizeof header->salt, name, strlen(name), digest);
  free(real);
  memcpy(out, "sentinel:unlock:", 16);
  snt_hex(digest, 20, out + 16);
}

/* A passphrase in the environment lies open in memory anyway; its mark lets the next call skip scrypt. */
static void mark(const struct snt_secret *key, const struct snt_secret *given, uint8_t out[static SNT_SHA256_LEN]) {
  memset(out, 0, SNT_SHA256_LEN);
  if (given != NULL) {
    snt_hmac_sha256(snt_secret_borrow(key), snt_secret_len(key), snt_secret_borrow(given), snt_secret_len(given), out);
  }
}

void snt_file_keys_rest(const struct snt_file_keys *keys, const struct snt_sealed_header *header) {
  char description[64];
  uint8_t tag[SNT_SHA256_LEN];
  SNT_SECRET_AUTO struct snt_secret *resting = NULL;
  if (!snt_sealed_takes_word(header)) {
    return;
  }
  snt_file_keys_describe(keys->path, header, description);
  mark(keys->key, keys->given, tag);
  if (snt_ok(snt_secret_new(RESTING_LEN, &resting, NULL)) &&
      snt_ok(snt_secret_append(resting, snt_secret_borrow(keys->key), SNT_CRYPTO_KEY_LEN, NULL)) &&
      snt_ok(snt_secret_append(resting, tag, sizeof tag, NULL))) {
    (void)snt_kernel_key_write(description, snt_secret_borrow(resting), RESTING_LEN, SNT_FILE_KEY_REST_S);
  }
  explicit_bzero(tag, sizeof tag);
}

void snt_file_keys_forget(const char *path, const struct snt_sealed_header *header) {
  char description[64];
  snt_file_keys_describe(path, header, description);
  (void)snt_kernel_key_remove(description);
}

/* false: nothing rests there, or not what is wanted. */
static bool find_resting(struct snt_file_keys *keys, const struct snt_sealed_header *header) {
  char description[64];
  uint8_t tag[SNT_SHA256_LEN];
  SNT_SECRET_AUTO struct snt_secret *resting = NULL;
  SNT_SECRET_AUTO struct snt_secret *key = NULL;
  snt_file_keys_describe(keys->path, header, description);
  if (!snt_sealed_takes_word(header) || snt_kernel_key_read(description, &resting) != 0 ||
      snt_secret_len(resting) != RESTING_LEN ||
      !snt_ok(snt_secret_new_from(snt_secret_borrow(resting), SNT_CRYPTO_KEY_LEN, &key, NULL)) ||
      !snt_sealed_is_key(header, key)) {
    return false;
  }
  mark(key, keys->given, tag);
  bool is_good =
      keys->given == NULL || CRYPTO_memcmp(tag, snt_secret_borrow(resting) + SNT_CRYPTO_KEY_LEN, sizeof tag) == 0;
  explicit_bzero(tag, sizeof tag);
  if (is_good) {
    snt_secret_free(&keys->key);
    keys->key = SNT_MOVE(key);
  }
  return is_good;
}

bool snt_file_keys_is_resting(const char *path, const struct snt_sealed_header *header) {
  SNT_CLEANUP(snt_file_keys_clear) struct snt_file_keys keys = {.path = path};
  return find_resting(&keys, header);
}

/* What was given or typed. */
static const struct snt_secret *word_of(const struct snt_file_keys *keys) {
  return keys->given != NULL ? keys->given : keys->asked;
}

/* Why nobody could be asked is the reason; what to do is another thing. */
static snt_status fail_locked(const struct snt_file_keys *keys, struct snt_err *err) {
  if (err == NULL) {
    return (snt_status){SNT_CODE_ACTION_REQUIRED};
  }
  SNT_IGNORE(snt_err_prefix(err, "the keychain %s is locked", keys->path));
  err->code = SNT_CODE_ACTION_REQUIRED;
  return snt_err_hint(err, "run sentinel list in a terminal (the key then rests in the kernel for 12 hours), or set "
                           "SENTINEL_FILE_PASSPHRASE");
}

static snt_status fail_hushed(const struct snt_file_keys *keys, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_ACTION_REQUIRED, "nobody is asked"));
  return fail_locked(keys, err);
}

static snt_status ask(const struct snt_file_keys *keys, const char *what, int deadline_ms, struct snt_secret **out,
                      struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_TRY(snt_buf_appendf(&text, err, "%s for the keychain %s", what, keys->path));
  const struct snt_prompt prompt = {.text = text.data,
                                    .label = keys->source->word,
                                    .is_hidden = true,
                                    .deadline_ms = deadline_ms,
                                    .cap = PASSPHRASE_CAP};
  return snt_prompt_ask(&prompt, out, err);
}

static snt_status check_given(const struct snt_file_keys *keys, struct snt_err *err) {
  const struct snt_secret *word = word_of(keys);
  if (word != NULL && snt_secret_len(word) > 0) {
    return snt_done();
  }
  return snt_fail(err, SNT_CODE_ACTION_REQUIRED, "an empty %s cannot lock the keychain %s", keys->source->word,
                  keys->path);
}

/* A TPM counts each wrong PIN: what was given is shown to it once. */
static snt_status find_once(struct snt_file_keys *keys, const struct snt_sealed_header *header, struct snt_secret *key,
                            struct snt_err *err) {
  const struct snt_secret *word = snt_sealed_takes_word(header) ? word_of(keys) : NULL;
  bool was_refused = word != NULL && word == keys->given && keys->refusal.message[0] != '\0' &&
                     memcmp(keys->refused_salt, header->salt, sizeof keys->refused_salt) == 0;
  struct snt_err refusal = keys->refusal;
  snt_status status = {refusal.code};
  if (!was_refused) {
    refusal = (struct snt_err){0};
    status = keys->source->find(keys, header, word, key, &refusal);
  }
  if (!snt_ok(status) && word != NULL && word == keys->given) {
    keys->refusal = refusal;
    memcpy(keys->refused_salt, header->salt, sizeof keys->refused_salt);
  }
  if (!snt_ok(status) && err != NULL) {
    *err = refusal;
  }
  return status;
}

/* With what was given or typed, or with nothing where nothing is asked for. */
static snt_status unlock(struct snt_file_keys *keys, const struct snt_sealed_header *header, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *key = NULL;
  bool takes_word = snt_sealed_takes_word(header);
  SNT_TRY(takes_word ? check_given(keys, err) : snt_done());
  SNT_TRY(snt_secret_new(SNT_CRYPTO_KEY_LEN, &key, err));
  snt_secret_free(&keys->key);
  snt_status status = find_once(keys, header, key, err);
  if (!snt_ok(status)) {
    snt_secret_free(&keys->asked);
    return status;
  }
  keys->key = SNT_MOVE(key);
  snt_file_keys_rest(keys, header);
  return snt_done();
}

static int prompt_ms_of(const struct snt_file_keys *keys) {
  return keys->prompt_deadline_ms > 0 ? keys->prompt_deadline_ms : SNT_PROMPT_MS;
}

/* A folder that takes no file is no reason not to ask. */
static snt_status take_turn(const struct snt_file_keys *keys, int prompt_ms, struct snt_turn *turn,
                            struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf folder = {0};
  const char *slash = strrchr(keys->path, '/');
  SNT_TRY(
      snt_buf_append(&folder, slash == NULL ? "." : keys->path, slash == NULL ? 1 : (size_t)(slash - keys->path), err));
  snt_status status = snt_turn_take(folder.data, "unlock", prompt_ms + TURN_MARGIN_MS, turn, err);
  return status.code == SNT_CODE_TIMEOUT ? fail_locked(keys, err) : snt_done();
}

/* Of many who find the file locked, one asks; the others find the key that it lays to rest, or hear why it got none.
 * Who waited for one that was ended has so much less time to ask himself. */
static snt_status ask_in_turn(struct snt_file_keys *keys, const struct snt_sealed_header *header, struct snt_err *err) {
  SNT_TURN_AUTO struct snt_turn turn = {.fd = -1};
  int64_t end_ms = snt_clock_boot_ms() + prompt_ms_of(keys);
  SNT_TRY(take_turn(keys, prompt_ms_of(keys), &turn, err));
  if (turn.has_waited && find_resting(keys, header)) {
    return snt_done();
  }
  if (turn.was_told) {
    *err = turn.told;
    return (snt_status){err->code};
  }
  int64_t left_ms = end_ms - snt_clock_boot_ms();
  snt_status status = ask(keys, keys->source->word, left_ms < 1 ? 1 : (int)left_ms, &keys->asked, err);
  status = snt_ok(status) ? unlock(keys, header, err) : fail_locked(keys, err);
  if (!snt_ok(status) && turn.is_held) {
    snt_turn_tell(&turn, err);
  }
  return status;
}

snt_status snt_file_keys_find(struct snt_file_keys *keys, const struct snt_sealed_header *header, struct snt_err *err) {
  struct snt_err unheard = {0};
  if ((keys->key != NULL && snt_sealed_is_key(header, keys->key)) || find_resting(keys, header)) {
    return snt_done();
  }
  if (!snt_sealed_takes_word(header) || keys->given != NULL || keys->asked != NULL) {
    return unlock(keys, header, err);
  }
  return keys->is_hushed ? fail_hushed(keys, err) : ask_in_turn(keys, header, err == NULL ? &unheard : err);
}

/* There is nothing yet that could be unlocked first. */
static snt_status fail_unmade(const struct snt_file_keys *keys, struct snt_err *err) {
  if (err == NULL) {
    return (snt_status){SNT_CODE_ACTION_REQUIRED};
  }
  SNT_IGNORE(snt_err_prefix(err, "the keychain %s needs a %s to be made", keys->path, keys->source->word));
  err->code = SNT_CODE_ACTION_REQUIRED;
  return snt_err_hint(err, "run it in a terminal, or set SENTINEL_FILE_PASSPHRASE");
}

static snt_status ask_twice(struct snt_file_keys *keys, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf what = {0};
  SNT_SECRET_AUTO struct snt_secret *first = NULL;
  SNT_SECRET_AUTO struct snt_secret *second = NULL;
  SNT_TRY(snt_buf_appendf(&what, err, "new %s", keys->source->word));
  if (!snt_ok(ask(keys, what.data, prompt_ms_of(keys), &first, err)) ||
      !snt_ok(ask(keys, "the same again", prompt_ms_of(keys), &second, err))) {
    return fail_unmade(keys, err);
  }
  if (!snt_secret_is_equal(first, second)) {
    return snt_fail(err, SNT_CODE_ACTION_REQUIRED, "the two %ss differ; nothing was stored", keys->source->word);
  }
  keys->asked = SNT_MOVE(first);
  return snt_done();
}

snt_status snt_file_keys_make(struct snt_file_keys *keys, struct snt_sealed_header *header, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *key = NULL;
  header->has_pin = header->kind == SNT_SEALED_TPM && keys->wants_pin;
  bool takes_word = snt_sealed_takes_word(header);
  if (takes_word && word_of(keys) == NULL) {
    SNT_TRY(ask_twice(keys, err));
  }
  SNT_TRY(takes_word ? check_given(keys, err) : snt_done());
  SNT_TRY(snt_secret_new(SNT_CRYPTO_KEY_LEN, &key, err));
  SNT_TRY(keys->source->make(keys, header, takes_word ? word_of(keys) : NULL, key, err));
  snt_secret_free(&keys->key);
  keys->key = SNT_MOVE(key);
  return snt_done();
}
