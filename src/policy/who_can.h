/* policy/who_can (layer 4): the ways in that the evaluator found, checked as the word of a process that may have been
 * taken over. A way is believed only after an ordinary evaluation of its request (issue/who_can).
 *
 * MUST
 *  1. take an answer whole or not at all;
 *  2. take only requests of the shape that a request file has, for the profile that was asked about. */
#ifndef SNT_POLICY_WHO_CAN_H
#define SNT_POLICY_WHO_CAN_H

#include <stdint.h>

#include "base/buf.h"
#include "format/json.h"
#include "policy/manifest.h"
#include "policy/request.h"

enum { SNT_WAYS_MAX = 500, SNT_WAY_CONDITIONS_MAX = 64 };

struct snt_who_can_question {
  const char *profile;
  int64_t time_ms;
  bool is_ever;     /* any time of the year that begins then, else only then */
  const char *mode; /* NULL: any */
};

/* One way in. Texts are borrowed from the answer. */
struct snt_way {
  const char *rule;
  const char *user; /* who, in words: "alice", "anyone else" */
  struct snt_request_text text;
  struct snt_request request;              /* of one of them; its texts are in text */
  const struct snt_json_value *assumed;    /* array of {"condition","holds"}: what only plugins and functions know */
  const struct snt_json_value *conditions; /* array of texts: what else matters, in words */
};

struct snt_who_can {
  struct snt_way *ways;
  size_t count;
  bool is_exact; /* there are no other ways */
  struct snt_json_doc *doc;
};
void snt_who_can_clear(struct snt_who_can *answer);
#define SNT_WHO_CAN_AUTO SNT_CLEANUP(snt_who_can_clear)

/* What the evaluator is asked; with the roles that the manifest's targets give to the profile, if it has targets. */
snt_status snt_who_can_ask(const struct snt_who_can_question *question, const struct snt_manifest *manifest,
                           struct snt_buf *out, struct snt_err *err);
/* Code EVALUATOR for anything that is not exactly an answer to the question. */
snt_status snt_who_can_parse(const char *reply, size_t len, const struct snt_who_can_question *question,
                             struct snt_who_can *out, struct snt_err *err);

#endif
