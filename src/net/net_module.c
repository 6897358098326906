/* The network module is a file of its own. */
#include "base/module.h"
#include "net/net.h"

snt_status snt_net_load(const struct snt_net **out, struct snt_err *err) {
  static const void *table;
  *out = NULL;
  if (table == NULL) {
    SNT_TRY(snt_module_load("net", &table, err));
  }
  *out = table;
  return snt_done();
}
