/* audit/recorded (layer 4): what a line of the decision log says of a decision, read without a document of it. */
#ifndef SNT_AUDIT_RECORDED_H
#define SNT_AUDIT_RECORDED_H

#include <stdint.h>

#include "base/status.h"
#include "base/str.h"

enum snt_recorded_kind {
  SNT_RECORDED_OTHER = 0, /* issued, segment_end, recovered, ... */
  SNT_RECORDED_DECISION,
  SNT_RECORDED_FAILED /* a refusal before a decision, or after one: see stage */
};

struct snt_recorded {
  enum snt_recorded_kind kind;
  int64_t seq;
  int64_t time_ms;
  char user[512], profile[257], request_id[17];
  /* of a decision */
  char effect[32], rule[65], error[64]; /* "" for none */
  bool has_bound;                       /* max_duration_s was recorded */
  int64_t max_duration_s;               /* 0: no bound */
  struct snt_slice request;             /* the object, borrowed from the line */
  struct snt_slice facts;               /* the list, borrowed from the line */
  /* of a failure */
  char stage[32];
};

/* A line without its newline. Code NOT_A_LOG; the message is the end of a sentence about the line ("is not JSON") and
 * never holds its content. */
snt_status snt_recorded_parse(const char *line, size_t len, struct snt_recorded *out, struct snt_err *err);

#endif
