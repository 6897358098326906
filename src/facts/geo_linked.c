/* The GeoIP module is part of the program. */
#include "base/module.h"
#include "facts/geo.h"

extern const struct snt_module snt_module_geo;

snt_status snt_geo_load(const struct snt_geo **out, struct snt_err *err) {
  (void)err;
  *out = snt_module_geo.table;
  return snt_done();
}
