/* The bus module is part of the program. */
#include "base/module.h"
#include "keychain/bus.h"

extern const struct snt_module snt_module_bus;

snt_status snt_bus_load(const struct snt_bus **out, struct snt_err *err) {
  (void)err;
  *out = snt_module_bus.table;
  return snt_done();
}
