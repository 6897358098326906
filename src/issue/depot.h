/* issue/depot (layer 5, internal): published policies where they lie: in each region a parameter for each policy, and
 * the parts of bundles (policy.md, Bundles). For the commands that write them; `credentials` and its like read them in
 * flow.h.
 *
 * MUST
 *  1. change nothing of a part that is there, and write no pointer whose parts were not read back whole;
 *  2. write over no parameter that became another one since it was looked at, as far as SSM lets that be seen;
 *  3. take what was written for written only after it was read back. */
#ifndef SNT_ISSUE_DEPOT_H
#define SNT_ISSUE_DEPOT_H

#include "aws/ssm.h"
#include "issue/flow.h"
#include "issue/publish.h"

#define SNT_DEPOT_POLICIES "/sentinel/policies"
/* SSM's two sizes of a value. */
#define SNT_DEPOT_STANDARD ((size_t)4096)
#define SNT_DEPOT_ADVANCED ((size_t)8192)

/* What a parameter ("/sentinel/policies/prod", for messages) holds; region and version are there. Copies the value. */
snt_status snt_published_take(const char *parameter, struct snt_slice value, struct snt_published *out,
                              struct snt_err *err);

struct snt_depot {
  struct snt_flow flow; /* with credentials, identity and regions */
  struct snt_aws_endpoint ssm[SNT_FLOW_REGIONS_MAX];
  size_t count;                   /* of regions, as flow.regions has them */
  void (*tell)(const char *text); /* progress, one line; NULL: not told */
  const sigset_t *held;           /* signals that end a batch between two calls (issue/signals.h); NULL: none does */
  int signal;                     /* that did; 0: none */
};
/* Finds the profile's credentials, who they are, and the regions. options stay. Codes: those of finding them, and of
 * asking STS. */
snt_status snt_depot_open(struct snt_depot *depot, const struct snt_issue_options *options, struct snt_err *err);
void snt_depot_clear(struct snt_depot *depot);
#define SNT_DEPOT_AUTO SNT_CLEANUP(snt_depot_clear)

/* Calls of one kind, eight at a time. What AWS has no time for is asked again after a pause, for a minute at most, and
 * what did not answer twice more. */
struct snt_depot_batch {
  size_t count;
  void *context;
  snt_status (*prepare)(void *context, size_t i, struct snt_aws_call *call, struct snt_err *err);
  snt_status (*take)(void *context, size_t i, const struct snt_aws_call *call, struct snt_err *err);
};
/* Ends with the first take that fails; ACTION_REQUIRED when a held signal has come. */
snt_status snt_depot_perform(struct snt_depot *depot, const struct snt_depot_batch *batch, struct snt_err *err);

/* The parameter in every region, in their order. Codes of service.h, naming the region that did not answer. */
snt_status snt_depot_look(struct snt_depot *depot, const char *parameter, struct snt_published *out,
                          struct snt_err *err);

/* depot_parts.c */
/* The packed bytes that a pointer points to, in a region; right by size and hash. Code POLICY_INVALID when they are
 * not, or when parts are missing. */
snt_status snt_depot_fetch(struct snt_depot *depot, size_t region, const struct snt_pointer *pointer,
                           struct snt_buf *out, struct snt_err *err);
/* Writes those parts of packed bytes that are not there, and reads all of them back. Code POLICY_INVALID for a part
 * that is there and is another one. */
snt_status snt_depot_upload(struct snt_depot *depot, size_t region, const char *sha256, struct snt_slice packed,
                            struct snt_err *err);
/* How many of a bundle's parts are there, up to the first that is another one. */
snt_status snt_depot_count_parts(struct snt_depot *depot, size_t region, const struct snt_pointer *pointer, size_t *out,
                                 struct snt_err *err);

/* depot_pointer.c */
/* Makes value what the parameter holds in a region, where it is still what was seen; a value that is there already is
 * left. *version: of the parameter, when it holds the value; 0: as far as is known, it does not. Codes of service.h;
 * CHANGED when somebody else wrote it meanwhile. */
struct snt_depot_put {
  const char *parameter;
  struct snt_slice value;
  const struct snt_published *seen;
};
snt_status snt_depot_put(struct snt_depot *depot, size_t region, const struct snt_depot_put *put, int64_t *version,
                         struct snt_err *err);

/* depot_list.c: history, listing, removal; see ssm.h. */
snt_status snt_depot_read_history(struct snt_depot *depot, size_t region, const char *parameter,
                                  struct snt_ssm_entries *out, struct snt_err *err);
/* keeps_values as in ssm.h. */
snt_status snt_depot_list(struct snt_depot *depot, size_t region, const char *path, struct snt_ssm_entries *out,
                          struct snt_err *err);
/* Those of the names that are there. */
snt_status snt_depot_delete(struct snt_depot *depot, size_t region, const char *const *names, size_t count,
                            struct snt_err *err);

#endif
