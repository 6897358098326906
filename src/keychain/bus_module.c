/* The bus module is a file of its own. */
#include "base/module.h"
#include "keychain/bus.h"

snt_status snt_bus_load(const struct snt_bus **out, struct snt_err *err) {
  static const void *table;
  *out = NULL;
  if (table == NULL) {
    SNT_TRY(snt_module_load("bus", &table, err));
  }
  *out = table;
  return snt_done();
}
