#include "keychain/signer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/random.h"
#include "keychain/crypto.h"
#include "keychain/openssh_key.h"
#include "keychain/ssh_agent.h"

#define KEYCHAIN "keychain:"
#define AGENT "agent:"
#define ED25519 "ed25519:"

/* A local signer. Without a seed the agent has it. */
struct local {
  uint8_t public[SNT_ED25519_LEN];
  struct snt_secret *seed;
};

static void close_local(void **state) {
  struct local *local = *state;
  if (local != NULL) {
    snt_secret_free(&local->seed);
  }
  free(local);
  *state = NULL;
}

static void free_local(struct local **local) {
  void *state = *local;
  close_local(&state);
  *local = NULL;
}

void snt_signer_line(const uint8_t public[static SNT_ED25519_LEN], char line[static 64]) {
  memcpy(line, ED25519, strlen(ED25519));
  snt_base64(public, SNT_ED25519_LEN, line + strlen(ED25519));
}

snt_status snt_signer_new_seed(struct snt_secret **out, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *seed = NULL;
  *out = NULL;
  SNT_TRY(snt_secret_new(SNT_ED25519_LEN, &seed, err));
  SNT_TRY(snt_random_bytes(snt_secret_borrow_writable(seed), SNT_ED25519_LEN, err));
  snt_secret_set_len(seed, SNT_ED25519_LEN);
  *out = SNT_MOVE(seed);
  return snt_done();
}

static snt_status sign(void *state, struct snt_slice message, uint8_t out[static SNT_SIGNATURE_CAP], size_t *len,
                       struct snt_err *err) {
  const struct local *local = state;
  const struct snt_crypto *crypto = NULL;
  *len = SNT_ED25519_SIGNATURE_LEN;
  if (local->seed == NULL) {
    return snt_ssh_agent_sign(local->public, message, SNT_SSH_AGENT_DEADLINE_MS, out, err);
  }
  struct snt_slice key = {(const char *)local->public, sizeof local->public};
  SNT_TRY(snt_crypto_load(&crypto, err));
  SNT_TRY(crypto->ed25519_sign(local->seed, message, out, err));
  return crypto->verify(SNT_SIGNATURE_ED25519, key, message, (struct snt_slice){(const char *)out, *len}, err);
}

static snt_status read_entry(const char *name, struct snt_keychain *keychain, struct snt_secret **seed,
                             struct snt_err *err) {
  if (keychain == NULL) {
    return snt_fail(err, SNT_CODE_BUG, "a signing key of the keychain without the keychain");
  }
  SNT_TRY(snt_keychain_read(keychain, SNT_KEYCHAIN_KIND_SIGNING, name, seed, err));
  return snt_secret_len(*seed) == SNT_ED25519_LEN
             ? snt_done()
             : snt_fail(err, SNT_CODE_KEYCHAIN, "the signing key \"%s\" in the %s keychain is damaged", name,
                        snt_keychain_backend_name(keychain));
}

/* One of the agent's keys: any, or the one that is named. */
static snt_status find_at_agent(const char *name, struct local *local, struct snt_err *err) {
  bool is_any = name[0] == '\0';
  if (!is_any && !snt_str_starts_with(name, ED25519)) {
    return snt_fail(err, SNT_CODE_USAGE, "a key of the ssh-agent is named agent: or agent:ed25519:BASE64");
  }
  return snt_ssh_agent_find(is_any ? name : name + strlen(ED25519), SNT_SSH_AGENT_DEADLINE_MS, local->public, err);
}

static snt_status read_local(const char *name, struct snt_keychain *keychain, struct local *local,
                             struct snt_err *err) {
  const struct snt_crypto *crypto = NULL;
  if (snt_str_starts_with(name, AGENT)) {
    return find_at_agent(name + strlen(AGENT), local, err);
  }
  if (snt_str_starts_with(name, KEYCHAIN)) {
    SNT_TRY(read_entry(name + strlen(KEYCHAIN), keychain, &local->seed, err));
  } else {
    snt_status status = snt_openssh_key_load(name, &local->seed, err);
    SNT_TRY(status.code == SNT_CODE_NOT_FOUND ? snt_err_hint(err, "a key is named as " SNT_SIGNER_FORMS) : status);
  }
  SNT_TRY(snt_crypto_load(&crypto, err));
  return crypto->ed25519_public(local->seed, local->public, err);
}

bool snt_signer_needs_keychain(const char *name) { return snt_str_starts_with(name, KEYCHAIN); }

bool snt_signer_is_file(const char *name) {
  return !snt_str_starts_with(name, KEYCHAIN) && !snt_str_starts_with(name, AGENT);
}

snt_status snt_signer_open(const char *name, struct snt_keychain *keychain, struct snt_signer *out,
                           struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_CLEANUP(free_local) struct local *local = calloc(1, sizeof *local);
  if (local == NULL) {
    return snt_fail_memory(err);
  }
  SNT_TRY(read_local(name, keychain, local, err));
  *out = (struct snt_signer){.algorithm = "ed25519", .state = SNT_MOVE(local), .sign = sign, .close = close_local};
  snt_signer_line(((const struct local *)out->state)->public, out->key);
  return snt_done();
}

void snt_signer_close(struct snt_signer *signer) {
  if (signer->close != NULL) {
    signer->close(&signer->state);
  }
  memset(signer, 0, sizeof *signer);
}

snt_status snt_signer_make(struct snt_keychain *keychain, const char *name, char line[static 64], struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *old = NULL;
  SNT_SECRET_AUTO struct snt_secret *seed = NULL;
  const struct snt_crypto *crypto = NULL;
  uint8_t public[SNT_ED25519_LEN];
  snt_status status = snt_keychain_read(keychain, SNT_KEYCHAIN_KIND_SIGNING, name, &old, err);
  if (snt_ok(status)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "there is a signing key \"%s\" already in the %s keychain", name,
                        snt_keychain_backend_name(keychain)));
    return snt_err_hint(err,
                        "keys are not overwritten: choose another name, or remove it first: sentinel remove "
                        "--keychain %s",
                        name);
  }
  SNT_TRY(status.code == SNT_CODE_NOT_FOUND ? snt_done() : status);
  SNT_TRY(snt_crypto_load(&crypto, err));
  SNT_TRY(snt_signer_new_seed(&seed, err));
  SNT_TRY(crypto->ed25519_public(seed, public, err));
  SNT_TRY(snt_keychain_write(keychain, SNT_KEYCHAIN_KIND_SIGNING, name, seed, err));
  snt_secret_free(&old);
  SNT_TRY(read_entry(name, keychain, &old, err)); /* a key that is believed in and is not there helps nobody */
  if (!snt_secret_is_equal(seed, old)) {
    return snt_fail(err, SNT_CODE_KEYCHAIN, "the %s keychain did not keep the key",
                    snt_keychain_backend_name(keychain));
  }
  snt_signer_line(public, line);
  return snt_done();
}
