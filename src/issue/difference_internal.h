/* issue/difference_internal (layer 5): two policies being compared, for the files that it is done in: difference.c,
 * difference_access.c (who gains, who loses), difference_replay.c (decisions of the log). */
#ifndef SNT_ISSUE_DIFFERENCE_INTERNAL_H
#define SNT_ISSUE_DIFFERENCE_INTERNAL_H

#include "issue/difference.h"
#include "issue/settings.h"
#include "lua/evaluator_compare.h"

struct snt_comparing {
  const struct snt_issue_difference_options *options;
  struct snt_settings *settings;
  struct snt_policy *policies[SNT_SIDE_COUNT]; /* borrowed; the first is NULL when nothing is in force */
  struct snt_evaluator *own[SNT_SIDE_COUNT];   /* each has its policy loaded */
  struct snt_evaluator *both;                  /* has neither, and both as data */
  bool is_late;                                /* it took too long, and is gone */
  struct snt_difference *out;
};

/* difference_access.c: who gains and who loses access, now and at any time of the year, with the profiles that the
 * policies name and those that the log has. Each example is decided by both policies before it is believed. */
snt_status snt_comparing_access(struct snt_comparing *comparing, struct snt_err *err);
/* difference_replay.c: what decisions of the log come to, the newest first, as long as there is time. */
snt_status snt_comparing_replay(struct snt_comparing *comparing, struct snt_err *err);

#endif
