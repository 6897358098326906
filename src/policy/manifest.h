/* policy/manifest (layer 4): bundle.yaml, which bounds a policy from outside of it (policy.md, Bundles). The core
 * parses it, strictly; the policy's own text only the evaluator. In a packed bundle it is JSON
 * (policy/manifest_format), with what packing found out.
 *
 * MUST
 *  1. refuse what it does not know: a bound that is misspelt would be no bound;
 *  2. with targets, bind every profile: one that no target names may mean no role;
 *  3. take what packing writes only from a packed bundle. */
#ifndef SNT_POLICY_MANIFEST_H
#define SNT_POLICY_MANIFEST_H

#include <stdint.h>

#include "base/buf.h"
#include "base/sha256.h"
#include "format/archive.h"
#include "policy/grants.h"

#define SNT_MANIFEST_CAP ((size_t)64 * 1024)

/* The roles that the profiles of one pattern may mean. */
struct snt_manifest_target {
  char *profile; /* a pattern */
  char **roles;  /* patterns of ARNs, ended by NULL */
};

struct snt_manifest {
  char name[65];
  int64_t serial;                        /* from 1 */
  char policy[SNT_ARCHIVE_NAME_MAX + 1]; /* the policy's file, below the bundle's folder */
  char installation[65];                 /* "" when it names none */
  char not_before[21];                   /* "2026-01-19T02:47:33Z"; "" when it has none */
  char not_after[21];                    /* the same */
  int64_t max_duration_s;                /* 0: no bound */
  bool allows_emergency;                 /* markers: may a rule be marked as one for emergencies */
  bool has_targets;
  struct snt_manifest_target *targets;
  size_t target_count;
  char **accounts;                  /* identity.accounts, ended by NULL; NULL: it has none */
  struct snt_grants grants;         /* of its plugins: those that are listed are loaded */
  char content[SNT_SHA256_HEX_CAP]; /* of a packed bundle: the SHA-256 of its archive; else "" */
  char **files;                     /* of a packed bundle: their names, in order, ended by NULL; else NULL */
};
void snt_manifest_clear(struct snt_manifest *manifest);
#define SNT_MANIFEST_AUTO SNT_CLEANUP(snt_manifest_clear)

/* file is for messages: "prod/bundle.yaml:3:1: ...". Code POLICY_INVALID. */
snt_status snt_manifest_parse(const char *file, const char *data, size_t len, struct snt_manifest *out,
                              struct snt_err *err);
/* That of a packed bundle: has also what packing adds, all of it. Whether it is written as packing does is for
 * policy/pack. */
snt_status snt_manifest_parse_packed(const char *file, const char *data, size_t len, struct snt_manifest *out,
                                     struct snt_err *err);
/* What a manifest needs that is to be signed: installation and targets. Code POLICY_INVALID. */
snt_status snt_manifest_check_signed(const struct snt_manifest *manifest, struct snt_err *err);
/* The smaller of a rule's bound and the bundle's; 0: there is none. */
int64_t snt_manifest_bound(const struct snt_manifest *manifest, int64_t max_duration_s);
/* Whether the profile may mean the role; always without targets. */
bool snt_manifest_binds(const struct snt_manifest *manifest, const char *profile, const char *role_arn);

#endif
