/* issue/setup (layer 5): what `sentinel init` makes: a folder for a repository of policies, a key that signs them, a
 * configuration, what AWS has to allow, and the first bundle in force.
 *
 * MUST
 *  1. leave whatever is there as it is: what is the same is taken for done, what differs is named;
 *  2. change nothing before it is asked to, and be able to end at any point: the next time it goes on. */
#ifndef SNT_ISSUE_SETUP_H
#define SNT_ISSUE_SETUP_H

#include "issue/issue.h"
#include "issue/setup_iam.h"

enum { SNT_SETUP_ROLES_MAX = 16, SNT_SETUP_USERS_MAX = 16, SNT_SETUP_REGIONS_MAX = 8, SNT_SETUP_NAME_CAP = 65 };

/* What is asked for. Strings are borrowed; NULL: not given. */
struct snt_setup_options {
  struct snt_issue_options common;            /* profile (not NULL: whose credentials), regions, backend, config */
  const char *name;                           /* of the bundle and of the profile that it is for */
  const char *installation;                   /* --installation; default: the configuration's */
  const char *account;                        /* --account */
  const char *users;                          /* --user: U[,U...] */
  const char *key;                            /* --key: an existing one */
  const char *new_key;                        /* --new-key */
  const char *folder;                         /* --out */
  const char *roles[SNT_SETUP_ROLES_MAX + 1]; /* --role; end with NULL */
  bool is_lua;
  bool is_plan;    /* STS is asked only for an account that is not given */
  bool has_format; /* format is the only one of the IAM documents */
  enum snt_setup_format format;
};

enum snt_setup_state {
  SNT_SETUP_UNKNOWN = 0, /* it is there; it cannot be compared before AWS is asked */
  SNT_SETUP_MISSING,
  SNT_SETUP_SAME,
  SNT_SETUP_DIFFERENT, /* left as it is */
  SNT_SETUP_OMITTED,   /* not there, and it does not go with what differs */
  SNT_SETUP_WRITTEN    /* now */
};
/* "new", "there", ...: one word for people and programs. */
const char *snt_setup_state_name(enum snt_setup_state state);

/* A file. */
struct snt_setup_item {
  struct snt_buf path;
  const char *what; /* one line */
  struct snt_buf text;
  unsigned mode;
  bool is_document; /* of IAM */
  bool is_bundle;   /* of the bundle, whose files go with each other */
  enum snt_setup_state state;
};
enum { SNT_SETUP_ITEMS_MAX = 40 };

/* The key that signs. */
struct snt_setup_key {
  struct snt_buf spec;        /* as --key has it: a path, kms:ARN */
  struct snt_buf public_line; /* "ed25519:BASE64", "kms:ARN#BASE64"; empty while it is not known */
  enum snt_setup_state state; /* SAME for one that is there */
  bool is_kms;
};

/* The user's configuration. */
struct snt_setup_settings {
  struct snt_buf path;
  struct snt_buf text; /* the lines that it needs */
  enum snt_setup_state state;
  bool is_locked; /* by the administrator, who has to write them */
};

struct snt_setup {
  char name[SNT_SETUP_NAME_CAP], installation[SNT_SETUP_NAME_CAP];
  char account[13], partition[16];
  bool was_asked;                           /* of STS */
  char *regions[SNT_SETUP_REGIONS_MAX + 1]; /* owned, and end with NULL; so do roles and users */
  char *roles[SNT_SETUP_ROLES_MAX + 1];
  char *users[SNT_SETUP_USERS_MAX + 1]; /* patterns; none while they are not known */
  struct snt_buf folder;
  struct snt_setup_key key;
  struct snt_setup_settings settings;
  struct snt_setup_item items[SNT_SETUP_ITEMS_MAX];
  size_t item_count;
};
void snt_setup_clear(struct snt_setup *setup);
#define SNT_SETUP_AUTO SNT_CLEANUP(snt_setup_clear)

/* Finds out what there is to do, and changes nothing; out is cleared by the caller, after a failure too. Codes: USAGE
 * for what cannot be or is missing, those of configuration, profile and credentials, and of STS. */
snt_status snt_setup_prepare(const struct snt_setup_options *options, struct snt_setup *out, struct snt_err *err);
/* Does it. What was done before a failure has the state WRITTEN. */
snt_status snt_setup_apply(const struct snt_setup_options *options, struct snt_setup *setup, struct snt_err *err);

#endif
