/* cli/test_watch (layer 6): `sentinel test --watch`. */
#ifndef SNT_CLI_TEST_WATCH_H
#define SNT_CLI_TEST_WATCH_H

#include "cli/options.h"
#include "cli/out.h"

/* Runs, waits for a change below the paths, and runs again, until a signal ends the process. Failed tests and specs
 * that do not load are told; any other failure is returned. */
snt_status snt_cli_test_watch(const struct snt_args *args,
                              snt_status (*run)(const struct snt_args *args, struct snt_out *out, struct snt_err *err),
                              struct snt_out *out, struct snt_err *err);

#endif
