/* policy/coverage_plugins (layer 4): what was seen of each plugin, in policies' specs and in its own. */
#ifndef SNT_POLICY_COVERAGE_PLUGINS_H
#define SNT_POLICY_COVERAGE_PLUGINS_H

#include "policy/coverage.h"

struct snt_coverage_plugin {
  const char *name;                   /* borrowed from the coverage */
  uint64_t counts[SNT_OUTCOME_COUNT]; /* in all */
  uint64_t own[SNT_OUTCOME_COUNT];    /* of these, in its own spec */
};

struct snt_coverage_plugins {
  struct snt_coverage_plugin *list; /* in the order of their names */
  size_t count;
};
void snt_coverage_plugins_clear(struct snt_coverage_plugins *plugins);
#define SNT_COVERAGE_PLUGINS_AUTO SNT_CLEANUP(snt_coverage_plugins_clear)

snt_status snt_coverage_find_plugins(const struct snt_coverage *coverage, struct snt_coverage_plugins *out,
                                     struct snt_err *err);

#endif
