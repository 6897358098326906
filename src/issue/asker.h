/* issue/asker (layer 5): asks for the facts that specs record, with the keychain's secrets and over the network, in a
 * child of this process.
 *
 * MUST
 *  1. leave this process as it is: it starts evaluators later, and those have to be forked from one that has read no
 *     secret and loaded no network;
 *  2. ask as `credentials` and `explain` do, and never for history. */
#ifndef SNT_ISSUE_ASKER_H
#define SNT_ISSUE_ASKER_H

#include "policy/spec_record.h"

/* Borrowed; NULL: not given. */
struct snt_asker_options {
  const char *config;  /* --config */
  const char *backend; /* --backend */
};
/* For snt_spec_recorder; borrows the options. Codes of asking: CONFIG_INVALID; IO when the child gives no answer. */
struct snt_fact_asker snt_asker_of(const struct snt_asker_options *options);

#endif
