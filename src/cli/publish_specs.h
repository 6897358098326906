/* cli/publish_specs (layer 6): the specs of what is to be published: those in the bundle's folder, and NAME_spec.lua
 * and NAME_spec.yaml beside the folder or the file, where NAME is what it is called there. */
#ifndef SNT_CLI_PUBLISH_SPECS_H
#define SNT_CLI_PUBLISH_SPECS_H

#include "base/buf.h"

struct snt_publish_specs {
  size_t passed, failed, specs;
};

/* Runs them. A packed file has none. Codes: ANSWER_NO when a test failed, naming the first; POLICY_INVALID when a spec
 * does not load. */
snt_status snt_cli_run_specs(const char *path, struct snt_publish_specs *out, struct snt_err *err);

#endif
