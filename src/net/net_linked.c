/* The network module is part of the program. */
#include "base/module.h"
#include "net/net.h"

extern const struct snt_module snt_module_net;

snt_status snt_net_load(const struct snt_net **out, struct snt_err *err) {
  (void)err;
  *out = snt_module_net.table;
  return snt_done();
}
