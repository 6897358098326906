/* issue/flow_bundle (layer 5, internal): a packed bundle of SSM: its pointer, then its parts, verified before anything
 * parses them (policy.md, Bundles). */
#ifndef SNT_ISSUE_FLOW_BUNDLE_H
#define SNT_ISSUE_FLOW_BUNDLE_H

#include "issue/flow.h"
#include "policy/keys.h"
#include "policy/pointer.h"

struct snt_flow_bundle {
  struct snt_policy_keys keys;
  struct snt_pointer pointer;
  struct snt_buf text;   /* the pointer as it came */
  struct snt_buf packed; /* the bytes that it names */
  char account[512];     /* "serial 7 (version 12 of 2026-01-19T02:47:33Z, signed by ed25519:AbCd...)" */
  struct snt_err outage; /* why a copy is used, where it is */
  const char *signed_by[SNT_SIGNATURES_MAX + 1]; /* of pointer, when they were asked for; ends with NULL */
};
void snt_flow_bundle_free(struct snt_flow_bundle **bundle);

/* A parameter's value as it came, from AWS or from where it was kept. */
struct snt_flow_value {
  struct snt_slice text;
  const char *region;
  int64_t version;
  int64_t modified_ms; /* 0: not known */
};

/* flow_bundle.c: an empty flow->bundle with the configuration's keys. Code CONFIG_INVALID. */
snt_status snt_flow_open_bundle(struct snt_flow *flow, struct snt_err *err);
/* value is a pointer: flow->policy becomes its bundle, which is begun to be loaded by nobody yet. The
 * packed bytes are a copy that was kept, or are asked of SSM in that region, if is_kept does not say that nothing may
 * be asked. *is_outage: another region may be tried. A failure leaves neither policy nor bundle. Codes POLICY_INVALID,
 * CONFIG_INVALID and those of asking AWS. */
snt_status snt_flow_take_pointer(struct snt_flow *flow, const struct snt_flow_value *value, bool is_kept,
                                 bool *is_outage, struct snt_err *err);
/* Once time and identity are known: the bundle has to be valid, and says whose names are plain. Code POLICY_INVALID. */
snt_status snt_flow_recheck_bundle(struct snt_flow *flow, struct snt_err *err);
/* Of a policy that is no bundle of SSM: policy.keys takes none. Code POLICY_INVALID. */
snt_status snt_flow_check_unsigned(const struct snt_flow *flow, struct snt_err *err);

/* flow_parts.c: flow->bundle->packed becomes what its pointer names: the bytes with that hash. */
snt_status snt_flow_fetch_parts(struct snt_flow *flow, const char *region, bool *is_outage, struct snt_err *err);
bool snt_flow_recall_parts(struct snt_flow *flow);
void snt_flow_keep_parts(const struct snt_flow *flow);

/* flow_floor.c: a serial below the floor, the same with another hash, one too far above: POLICY_INVALID. */
snt_status snt_flow_check_floor(const struct snt_flow *flow, bool *is_below, struct snt_err *err);
/* Called for a bundle that was fetched: what is kept of it serves as floor, and for max_stale. */
void snt_flow_raise_floor(const struct snt_flow *flow);
/* The signed bundle that was fetched last, no longer than max_ms ago, and is valid still, from its copy; what it is
 * good for then is the caller's matter. */
bool snt_flow_recall_stale(struct snt_flow *flow, int64_t max_ms);

#endif
