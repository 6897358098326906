/* audit/record (layer 4): what a record of the decision log says (log.md), as the members that snt_log_append takes. */
#ifndef SNT_AUDIT_RECORD_H
#define SNT_AUDIT_RECORD_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/* Strings are borrowed; NULL or "" is left out or null, as log.md shows it. Slices are JSON. */
struct snt_record_policy {
  const char *name, *source, *region, *sha256;
  int64_t version;              /* 0: null */
  int64_t serial;               /* of a bundle; 0: null */
  const char *installation;     /* of a bundle of SSM; NULL: left out */
  const char *const *signed_by; /* the keys that signed it and were asked for; ends with NULL; NULL: none */
  const char *endpoint, *proxy; /* the host that it came from, now or when the copy was made; of a file null */
  int64_t stale_s;              /* how old the copy was that was used; 0: it was fetched, or is a file */
};

struct snt_record_decision {
  int64_t time_ms;
  const char *time_source; /* "sts", "sts-cached" or "local" */
  int64_t local_time_ms;   /* 0 unless the local clock is off by more than a minute */
  const char *request_id, *user, *profile;
  struct snt_slice request; /* exactly what the evaluator was given */
  const char *effect, *rule, *reason, *error;
  int64_t rule_index;
  struct snt_slice conditions; /* array */
  const char *justification;
  const char *mfa_vouched_by; /* who says when a code was given; NULL: the request does not say it */
  int64_t duration_s;
  int64_t max_duration_s; /* of rule, lease and bundle; 0: no bound */
  struct snt_record_policy policy;
  struct snt_slice facts;            /* array: what was asked and answered; empty: none */
  struct snt_slice zones;            /* object: hashes of the time zones that were used */
  const char *base;                  /* where the base credentials come from */
  const char *base_hosts;            /* that were asked for them, each with a line feed behind it */
  const char *endpoint, *ca, *proxy; /* who said who asks, now or when that was kept */
  const char *const *config_layers;  /* ends with NULL */
  const char *session_id, *source_identity;
};
snt_status snt_record_format_decision(const struct snt_record_decision *record, struct snt_buf *out,
                                      struct snt_err *err);

struct snt_record_issued {
  int64_t time_ms;
  const char *time_source;
  const char *request_id, *user, *profile;
  const char *access_key_id, *role_arn;
  int64_t expires_at_ms;
  int64_t duration_s;
  int64_t lease_s;                   /* it expires after that; 0: no lease, left out */
  const char *clamped_by;            /* which bound was the smallest: request, rule, window, manifest... */
  const char *reuse_of;              /* the request that the session was issued for; "" or NULL: for this one */
  const char *endpoint, *ca, *proxy; /* that issued it; null for what was issued before */
  const char *console;               /* the host that it signs in to the AWS console; NULL: it does not */
};
snt_status snt_record_format_issued(const struct snt_record_issued *record, struct snt_buf *out, struct snt_err *err);

struct snt_record_failed {
  int64_t time_ms;
  const char *time_source;
  const char *request_id, *user, *profile;
  const char *stage; /* config, credentials, policy, identity, target, evaluate, sts, output, console */
  const char *code;  /* name of the snt_code */
  const char *message;
  const char *base_hosts; /* as in a decision */
  const char *endpoint, *ca, *proxy;
  struct snt_record_policy policy; /* its source, region, endpoint and proxy are told; without a source null */
};
snt_status snt_record_format_failed(const struct snt_record_failed *record, struct snt_buf *out, struct snt_err *err);

/* What a region held before. */
struct snt_record_previous {
  const char *region;
  int64_t version;    /* of the parameter; 0: there was none */
  int64_t serial;     /* of a bundle; 0: null */
  const char *sha256; /* of a bundle, or of a bare policy */
};

/* A region whose parameters were read or written. */
struct snt_record_region {
  const char *region, *endpoint, *proxy;
};

/* A change of published policy: "begun" before anything that others read changes, and its end afterwards. */
struct snt_record_publish {
  int64_t time_ms;
  const char *time_source;
  const char *request_id, *user;
  const char *by;               /* the caller's ARN */
  const char *action, *outcome; /* push, rollback, renew, gc; begun, done, failed */
  const char *name;             /* the policy's; of gc also NULL, for all */
  int64_t serial;               /* 0: null, as of a bare policy */
  const char *sha256;           /* NULL: null */
  const char *const *regions;   /* ends with NULL; of an end those that have it */
  const char *const *signed_by; /* ends with NULL */
  const struct snt_record_previous *previous;
  size_t previous_count;
  const char *endpoint, *ca, *proxy; /* who said who asks */
  const struct snt_record_region *endpoints;
  size_t endpoint_count;
  bool is_forced, is_untested;
  int64_t parts;       /* of gc: so many are deleted; 0: null */
  const char *message; /* of a failure; NULL: null */
};
snt_status snt_record_format_publish(const struct snt_record_publish *record, struct snt_buf *out, struct snt_err *err);

#endif
