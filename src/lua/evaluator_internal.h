/* lua/evaluator_internal (layer 3): the core's side of an evaluator, for the files that it consists of: evaluator.c
 * (its life), evaluator_exchange.c (one request and its answer), evaluator_load.c (a policy and its zones). */
#ifndef SNT_LUA_EVALUATOR_INTERNAL_H
#define SNT_LUA_EVALUATOR_INTERNAL_H

#include <stdint.h>
#include <sys/types.h>

#include "base/sha256.h"
#include "lua/evaluator.h"
#include "lua/frame.h"
#include "lua/zone_file.h"

#define SNT_EVALUATOR_ZONES_MAX 64

struct snt_evaluator_zone {
  char name[SNT_ZONE_NAME_CAP];
  char sha256[SNT_SHA256_HEX_CAP];
};

struct snt_evaluator {
  pid_t pid; /* 0 when it has ended */
  int fd;
  uint64_t nonce;      /* of the last request */
  uint64_t link_nonce; /* of LINK, whose answer may be taken after the next request was sent */
  bool has_said_hello;
  bool has_policy;             /* one was sent, whatever became of it */
  struct snt_policy_text text; /* it, while it is loaded */
  struct snt_buf *problems;
  bool is_loading;       /* it was sent, and its answer is still awaited */
  bool is_linking;       /* it was read, and the answer to LINK is still awaited */
  bool is_loaded;        /* it is in force */
  bool has_functions;    /* code of it runs in evaluations, as far as it says so itself */
  bool is_dismissed;     /* nothing is asked any more */
  int64_t deadline_ms;   /* of the exchange that runs */
  struct snt_buf answer; /* the payload that came last */
  struct snt_evaluator_zone zones[SNT_EVALUATOR_ZONES_MAX];
  size_t zone_count;
};

/* Ends and reaps the template and all that it forked; kills what does not end by itself. */
void snt_evaluator_end(struct snt_evaluator *evaluator);
/* The same, and fails with EVALUATOR. */
snt_status snt_evaluator_fail(struct snt_evaluator *evaluator, struct snt_err *err, const char *what);
/* All exchanges from here on have to be done in that time. */
void snt_evaluator_start_clock(struct snt_evaluator *evaluator, int limit_ms);
/* A request and its answer, which is then in evaluator->answer. Code EVALUATOR; is_late tells a deadline from other
 * failures. */
snt_status snt_evaluator_exchange(struct snt_evaluator *evaluator, enum snt_frame_kind kind,
                                  const struct snt_buf *payload, bool *is_late, struct snt_err *err);
/* The two halves of it: what is sent before the template has said hello is read behind it. */
snt_status snt_evaluator_ask(struct snt_evaluator *evaluator, enum snt_frame_kind kind, const struct snt_buf *payload,
                             bool *is_late, struct snt_err *err);
snt_status snt_evaluator_await(struct snt_evaluator *evaluator, enum snt_frame_kind kind, uint64_t nonce, bool *is_late,
                               struct snt_err *err);
/* A request that has no answer. */
snt_status snt_evaluator_send(struct snt_evaluator *evaluator, enum snt_frame_kind kind, const struct snt_buf *payload,
                              struct snt_err *err);

#endif
