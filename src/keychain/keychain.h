/* keychain/keychain (layer 2): secrets at rest: one interface, one table of backends.
 *
 * An entry is bytes under a kind and a name. Nothing is enumerated to find one entry.
 *
 * "auto" is all automatic backends that work, in the table's order, as if they were one:
 *   - reading takes the first that has the entry;
 *   - writing replaces an entry where it lies; a new one goes to the first backend;
 *   - removing removes it from each; listing shows each name once;
 *   - what is only cached is kept in the first, and looked for nowhere else; removing and listing find what was left
 *     in the others, unless the keychain is hushed. */
#ifndef SNT_KEYCHAIN_KEYCHAIN_H
#define SNT_KEYCHAIN_KEYCHAIN_H

#include "base/buf.h"
#include "base/secret.h"

/* The kinds are separate name spaces. */
#define SNT_KEYCHAIN_KIND_AWS "aws"         /* base credentials of a profile: JSON, see aws/credentials.h */
#define SNT_KEYCHAIN_KIND_PLUGIN "plugin"   /* plugin secrets */
#define SNT_KEYCHAIN_KIND_SIGNING "signing" /* keys that sign policy: the 32 bytes of an Ed25519 seed */
/* A new key of a profile that is not relied on yet, while it takes the old one's place: see issue/rotating_key.h. */
#define SNT_KEYCHAIN_KIND_ROTATING "rotating"
#define SNT_KEYCHAIN_KIND_SSO "sso" /* sign-ins to IAM Identity Center: see aws/sso_token.h */
/* These may be forgotten at any time: see keychain/cache.h. */
#define SNT_KEYCHAIN_KIND_SESSION "session"   /* sessions that may be handed out again */
#define SNT_KEYCHAIN_KIND_IDENTITY "identity" /* who a base credential is */
#define SNT_KEYCHAIN_KIND_BASE "base"         /* temporary base credentials: see aws/base_cache.h */
#define SNT_KEYCHAIN_KIND_MFA "mfa"           /* what MFA codes gave, and which were given */

struct snt_keychain_kind {
  const char *name;
  bool is_cached;   /* it can be had again, and so is never worth a prompt or a move */
  const char *text; /* for people: behind the name of an entry that stays; what one that is cached is called */
  const char *many; /* what several that are cached are called; NULL for those that stay */
  const char *adds; /* what, before its name, makes an entry that stays: "sentinel add"; NULL for those cached */
};
/* All of them; ends with a row whose name is NULL. */
extern const struct snt_keychain_kind SNT_KEYCHAIN_KINDS[];

#define SNT_KEYCHAIN_VALUE_CAP ((size_t)64 * 1024)

struct snt_keychain;

/* The passphrase is borrowed for the life of the keychain; a forked child has to open its own, because its secrets are
 * wiped. */
struct snt_keychain_options {
  const char *backend; /* NULL or "auto": the automatic ones of the table that work; else a row's name */
  const char
      *folder; /* where the file backend keeps its file; NULL: $XDG_DATA_HOME/sentinel or ~/.local/share/sentinel */
  const struct snt_secret *passphrase; /* SENTINEL_FILE_PASSPHRASE, the tpm backend's PIN too; NULL: a person is asked
                                          (base/prompt.h) when it is needed */
  int prompt_deadline_ms;              /* 0: 50,000 */
  const char *helper; /* of the docker backend: "osxkeychain" for docker-credential-osxkeychain; NULL: none */
  const char *tcti;   /* of the tpm backend: how the TPM is reached, as tpm2-tss writes it; NULL: /dev/tpmrm0 */
  /* The entry that is sure to be read first, for a backend that can ask for it while it is being opened; NULL: none. */
  const char *first_kind, *first_name;
  bool wants_pin; /* the tpm backend, when it makes its file: sealed with a PIN, which is asked for */
};

/* A row of the table. Functions get the backend's own state. Failures: KEYCHAIN (not available, locked, damaged),
 * NOT_FOUND, ACTION_REQUIRED (a prompt is needed and nobody can be asked), each naming the entry and the remedy. */
struct snt_keychain_backend {
  const char *name;    /* "secret-service", "file", "keyring" */
  const char *summary; /* one line for help and docs */
  bool is_automatic;   /* whether "auto" may pick it: the kernel keyring forgets at reboot, so it may not */
  bool is_foreign; /* another program keeps it, which cannot be told to ask nobody: what is hushed does not use it */
  snt_status (*open)(const struct snt_keychain_options *options, void **state, struct snt_err *err);
  void (*close)(void **state);
  /* Whether it works, as far as can be told without asking a person; NULL: opening tells. */
  snt_status (*check)(void *state, struct snt_err *err);
  /* From here on, until it is undone: ask nobody, and make nothing that entries could be put into. NULL: it never does.
   */
  void (*hush)(void *state, bool is_hushed);
  snt_status (*read)(void *state, const char *kind, const char *name, struct snt_secret **out, struct snt_err *err);
  snt_status (*write)(void *state, const char *kind, const char *name, const struct snt_secret *value,
                      struct snt_err *err);
  snt_status (*remove)(void *state, const char *kind, const char *name, struct snt_err *err);
  /* Calls visit for each name of the kind, in byte order; visit must not ask the backend. */
  snt_status (*list)(void *state, const char *kind, void (*visit)(void *context, const char *name), void *context,
                     struct snt_err *err);
};

/* The table; ends with a row whose name is NULL. */
extern const struct snt_keychain_backend *const SNT_KEYCHAIN_BACKENDS[];

/* Whether a row of the table works here, and if not, why and what to do: code KEYCHAIN; ACTION_REQUIRED for one that is
 * seen to be locked. It takes about a second at most, asks nobody and changes nothing. */
snt_status snt_keychain_probe(const struct snt_keychain_backend *backend, const struct snt_keychain_options *options,
                              struct snt_err *err);

/* Opening asks nothing and reads no entry: the passphrase is asked for by the first read or write that needs it. Codes
 * KEYCHAIN, and CONFIG_INVALID for a backend that is not in the table. */
snt_status snt_keychain_open(const struct snt_keychain_options *options, struct snt_keychain **out,
                             struct snt_err *err);
void snt_keychain_close(struct snt_keychain **keychain);
#define SNT_KEYCHAIN_AUTO SNT_CLEANUP(snt_keychain_close)
/* While it is hushed, what would need a person to be asked fails with ACTION_REQUIRED, and a keychain that would have
 * to be made, or is not there to be read, is one that is not available (KEYCHAIN); so is a foreign one. */
void snt_keychain_hush(struct snt_keychain *keychain, bool is_hushed);
/* The backend that the last successful call was served by, and inside of a list's visit the one of that entry; before,
 * the one that a new entry would go to. */
const char *snt_keychain_backend_name(const struct snt_keychain *keychain);
/* Appends all that it is made of, in their order: "secret-service and file". */
snt_status snt_keychain_tell_backends(const struct snt_keychain *keychain, struct snt_buf *out, struct snt_err *err);
snt_status snt_keychain_read(struct snt_keychain *keychain, const char *kind, const char *name, struct snt_secret **out,
                             struct snt_err *err);
snt_status snt_keychain_write(struct snt_keychain *keychain, const char *kind, const char *name,
                              const struct snt_secret *value, struct snt_err *err);
snt_status snt_keychain_remove(struct snt_keychain *keychain, const char *kind, const char *name, struct snt_err *err);
/* In byte order, each name once. */
snt_status snt_keychain_list(struct snt_keychain *keychain, const char *kind,
                             void (*visit)(void *context, const char *name), void *context, struct snt_err *err);

#endif
