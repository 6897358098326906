/* keychain/vault (layer 2): the keyrings of aws-vault, to be read and emptied: what it has on Linux of the keyring
 * library of 99designs. Nothing is ever written into them. */
#ifndef SNT_KEYCHAIN_VAULT_H
#define SNT_KEYCHAIN_VAULT_H

#include "base/buf.h"
#include "base/secret.h"

/* Where aws-vault was told to keep its keys; NULL: where it does by itself. All borrowed. */
struct snt_vault_options {
  const char *folder;                  /* of the files: ~/.awsvault/keys */
  const char *collection;              /* of the Secret Service: awsvault */
  const char *store;                   /* of pass: $PASSWORD_STORE_DIR or ~/.password-store */
  const char *prefix;                  /* in that store: none */
  bool is_named;                       /* the items that are wanted are named: the others are not opened */
  const struct snt_secret *passphrase; /* of the files; NULL: a person is asked */
  int prompt_deadline_ms;              /* 0: 50,000 */
};

/* A row of the table. Functions get the keyring's own state. Names are those of its items: of profiles, and of sessions
 * that it keeps. */
struct snt_vault_keyring {
  const char *name;    /* as AWS_VAULT_BACKEND has it */
  const char *summary; /* one line */
  /* Appends to where what it is, for people: "the folder /home/a/.awsvault/keys". Codes NOT_FOUND: there is none;
   * those of what it is made of. */
  snt_status (*open)(const struct snt_vault_options *options, void **state, struct snt_buf *where, struct snt_err *err);
  void (*close)(void **state);
  /* In no order. A failure of visit ends it and is returned. */
  snt_status (*list)(void *state, snt_status (*visit)(void *context, const char *name, struct snt_err *err),
                     void *context, struct snt_err *err);
  /* The item's text. Codes SYNTAX (damaged, or not what it says), KEYCHAIN (cannot be opened), ACTION_REQUIRED (nobody
   * can be asked), NOT_FOUND, IO. */
  snt_status (*read)(void *state, const char *name, struct snt_secret **out, struct snt_err *err);
  snt_status (*remove)(void *state, const char *name, struct snt_err *err);
};

/* In the order in which aws-vault looks for one; ends with a row whose name is NULL. */
extern const struct snt_vault_keyring *const SNT_VAULT_KEYRINGS[];
extern const struct snt_vault_keyring SNT_VAULT_SERVICE, SNT_VAULT_PASS, SNT_VAULT_FILE;
#define SNT_VAULT_NAMES "secret-service|pass|file"

/* The row; NULL for another name. */
const struct snt_vault_keyring *snt_vault_find(const char *name);
/* Opens the named keyring, or (NULL) the first that has items, else the first that is there. Codes USAGE for a name
 * that is none of the table, NOT_FOUND when there is none, saying where was looked. */
snt_status snt_vault_open(const char *name, const struct snt_vault_options *options,
                          const struct snt_vault_keyring **keyring, void **state, struct snt_buf *where,
                          struct snt_err *err);
/* Appends a path with a leading "~" made HOME's. Code CONFIG_INVALID without a home. */
snt_status snt_vault_expand(const char *path, struct snt_buf *out, struct snt_err *err);

#endif
