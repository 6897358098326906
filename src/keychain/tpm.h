/* keychain/tpm (layer 2): a key sealed to the TPM 2.0 of this machine, by tpm2-tss, in a module that is loaded on first
 * use.
 *
 * The module runs in a child of its own for each call: what tpm2-tss leaves in memory, writes to stderr or reads from
 * the environment stays there, and a TPM that does not answer is left to itself.
 *
 * A lock, as it lies in a file:
 *
 *   4       the handle of the parent, big endian: 0x81000001, or 0 for the primary key of the owner that a template
 * makes 2+34    TPM2B_NAME of the parent 2+n     TPM2B_PUBLIC, TPM2B_PRIVATE: a keyedhash object that holds the key */
#ifndef SNT_KEYCHAIN_TPM_H
#define SNT_KEYCHAIN_TPM_H

#include <stdint.h>

#include "base/status.h"

struct snt_secret;

#define SNT_TPM_LOCK_MAX 1024
#define SNT_TPM_KEY_LEN 32
#define SNT_TPM_AUTH_LEN 32
/* The kernel's resource manager. tpm2-tss's own default goes on to programs that anybody may start on this machine. */
#define SNT_TPM_TCTI "device:/dev/tpmrm0"

struct snt_tpm_lock {
  size_t len;
  uint8_t bytes[SNT_TPM_LOCK_MAX];
};

/* The module's table. auth: SNT_TPM_AUTH_LEN bytes whose last is not 0; NULL: the key takes no PIN. Code KEYCHAIN, in
 * words that the name of a keychain may be put before. */
struct snt_tpm {
  /* Connects, and hears the TPM's first answer. */
  snt_status (*open)(const char *tcti, void **state, struct snt_err *err);
  void (*close)(void **state);
  /* Seals key, and unseals it to see that it can be. */
  snt_status (*seal)(void *state, const struct snt_secret *key, const struct snt_secret *auth, struct snt_tpm_lock *out,
                     struct snt_err *err);
  /* key has room for SNT_TPM_KEY_LEN bytes and gets them. */
  snt_status (*unseal)(void *state, const struct snt_tpm_lock *lock, const struct snt_secret *auth,
                       struct snt_secret *key, struct snt_err *err);
};

/* Loads the module once a process. */
snt_status snt_tpm_load(const struct snt_tpm **out, struct snt_err *err);

/* The same, each in a child. tcti as tpm2-tss writes it; NULL: SNT_TPM_TCTI. A TPM that is silent for 0.9 s, or not
 * done after 15, is not available. Codes KEYCHAIN, NO_MEMORY. */
snt_status snt_tpm_check(const char *tcti, struct snt_err *err);
snt_status snt_tpm_seal(const char *tcti, const struct snt_secret *key, const struct snt_secret *auth,
                        struct snt_tpm_lock *out, struct snt_err *err);
snt_status snt_tpm_unseal(const char *tcti, const struct snt_tpm_lock *lock, const struct snt_secret *auth,
                          struct snt_secret *key, struct snt_err *err);

#endif
