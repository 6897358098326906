#include "issue/signers.h"

#include <stdlib.h>
#include <string.h>

struct snt_signing_key {
  int unused;
};

void snt_signers_clear(struct snt_signers *signers) {
  free(signers->list);
  *signers = (struct snt_signers){0};
}

snt_status snt_signers_open(struct snt_flow *flow, const char *const *specs, size_t count, struct snt_signers *out,
                            struct snt_err *err) {
  (void)flow;
  (void)specs;
  (void)out;
  return count == 0 ? snt_done() : snt_fail(err, SNT_CODE_USAGE, "later");
}
snt_status snt_signers_list_keys(const struct snt_signers *signers, struct snt_policy_keys *out, struct snt_err *err) {
  (void)signers;
  (void)err;
  *out = (struct snt_policy_keys){0};
  return snt_done();
}
snt_status snt_signers_sign(struct snt_flow *flow, const struct snt_signers *signers, struct snt_pointer *pointer,
                            struct snt_err *err) {
  (void)flow;
  (void)signers;
  (void)pointer;
  (void)err;
  return snt_done();
}
