/* cli/shadows (layer 6): which rules that no test matched no request can match, as lint knows it. */
#ifndef SNT_CLI_SHADOWS_H
#define SNT_CLI_SHADOWS_H

#include "policy/coverage.h"

/* Gives each rule that never matched its shadow, where lint is certain of one. A policy that cannot be linted has
 * none. Code NO_MEMORY. */
snt_status snt_cli_find_shadows(struct snt_coverage *coverage, struct snt_err *err);

#endif
