/* issue/publish_record (layer 5, internal): what the decision log is told of published policy. */
#ifndef SNT_ISSUE_PUBLISH_RECORD_H
#define SNT_ISSUE_PUBLISH_RECORD_H

#include "audit/record.h"
#include "issue/flow.h"
#include "issue/publish.h"

struct snt_publish_note {
  const struct snt_publish_plan *plan;
  const struct snt_publish_view *view;
  const struct snt_pointer *pointer; /* as it is signed; of a bundle */
  const char *name;
  const char *outcome;                     /* begun, done, failed */
  const struct snt_publish_report *report; /* which regions have it, once it is not "begun" any more */
  const struct snt_err *failure;           /* NULL: none */
};
/* The flow has an open log and an identity; it gets a request id with its first note. Code LOG. */
snt_status snt_publish_record(struct snt_flow *flow, const struct snt_publish_note *note, struct snt_err *err);

/* The hosts that a record of publishing names. */
struct snt_publish_hosts {
  struct snt_flow_host list[SNT_FLOW_REGIONS_MAX];
  struct snt_record_region regions[SNT_FLOW_REGIONS_MAX];
  size_t count;
};
/* Makes record name who said who asks, and the SSM of each region; it borrows from flow and hosts. */
void snt_publish_name_hosts(const struct snt_flow *flow, struct snt_publish_hosts *hosts,
                            struct snt_record_publish *record);

#endif
