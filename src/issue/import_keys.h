/* issue/import_keys (layer 5): long-lived keys that another program keeps, moved into the keychain under the names of
 * their profiles. `sentinel import`.
 *
 * MUST
 *  1. replace no other key of the keychain unless that was asked for;
 *  2. remove a key from where it was only when that was asked for, and only after the keychain has given the same key
 *     back and the source still holds it;
 *  3. be able to go on, after an interruption at any point, by being run again. */
#ifndef SNT_ISSUE_IMPORT_KEYS_H
#define SNT_ISSUE_IMPORT_KEYS_H

#include "aws/credentials.h"
#include "keychain/keychain.h"
#include "keychain/vault.h"

/* Where keys come from. Zeroed memory is none. Functions get its state. */
struct snt_import_source {
  void *state;          /* its own */
  struct snt_buf where; /* for people: "the folder /home/a/.awsvault/keys" */
  /* The names of what it keeps, in no order, one perhaps several times. */
  snt_status (*list)(void *state, snt_status (*visit)(void *context, const char *name, struct snt_err *err),
                     void *context, struct snt_err *err);
  /* Whether that is something that is made again when it is gone. NULL: nothing is. */
  bool (*is_cached)(const char *name);
  /* Codes SYNTAX and CONFIG_INVALID: this one cannot be read, others may be; KEYCHAIN: it cannot be opened, as all
   * others if the passphrase is wrong; any other ends the import. */
  snt_status (*read)(void *state, const char *name, struct snt_aws_credentials *out, struct snt_err *err);
  snt_status (*remove)(void *state, const char *name, struct snt_err *err);
  void (*close)(void **state);
};
void snt_import_source_close(struct snt_import_source *source);
#define SNT_IMPORT_SOURCE_AUTO SNT_CLEANUP(snt_import_source_close)

/* A keyring of aws-vault's. name NULL: the first that is there. Its variables AWS_VAULT_* tell where it is;
 * AWS_VAULT_FILE_PASSPHRASE is taken out of the environment. is_named: profiles were named. Codes of snt_vault_open. */
snt_status snt_import_source_open_vault(const char *name, bool is_named, struct snt_import_source *out,
                                        struct snt_err *err);
/* A shared credentials file; NULL: the one that the SDKs would read. Codes NOT_FOUND, IO, CONFIG_INVALID. */
snt_status snt_import_source_open_shared(const char *path, struct snt_import_source *out, struct snt_err *err);

/* What became of one name; with is_plan, what would. */
enum snt_key_outcome {
  SNT_KEY_FAILED = 0, /* it could not be read: see why */
  SNT_KEY_DONE,       /* it is in the keychain now */
  SNT_KEY_PRESENT,    /* it was there already */
  SNT_KEY_REPLACED,   /* it took another key's place */
  SNT_KEY_CONFLICT,   /* the keychain holds another key, which stays */
  SNT_KEY_TEMPORARY,  /* it ends by itself, and is left where it is */
  SNT_KEY_CACHED,     /* it is a session or a sign-in, and is left where it is */
  SNT_KEY_ODD_NAME,   /* no profile can have that name */
};

struct snt_key_result {
  const char *name;
  enum snt_key_outcome outcome;
  const char *access_key_id; /* of the key that was read; "" for none */
  bool was_removed;          /* from where it was */
  bool has_changed;          /* there, while it was being imported: it was left */
  const char *why;           /* a failure's message; "" for none */
};

struct snt_key_import_options {
  struct snt_keychain *keychain;
  const char *const *profiles; /* only these; none: all */
  size_t profile_count;
  bool is_plan, is_replacing, is_removing;
  snt_status (*tell)(void *context, const struct snt_key_result *result, struct snt_err *err); /* in byte order */
  void *context;
};

/* Codes: ANSWER_NO when the keychain holds another key for one of them, or one of those that were named was left;
 * SYNTAX when one could not be read; NOT_FOUND when one that was named is not there, before anything is done; KEYCHAIN
 * when the passphrase opens none of them; those of the keychain. */
snt_status snt_import_keys(const struct snt_import_source *source, const struct snt_key_import_options *options,
                           struct snt_err *err);

#endif
