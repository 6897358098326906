/* The GeoIP module is a file of its own. */
#include "base/module.h"
#include "facts/geo.h"

snt_status snt_geo_load(const struct snt_geo **out, struct snt_err *err) {
  static const void *table;
  *out = NULL;
  if (table == NULL) {
    SNT_TRY(snt_module_load("geo", &table, err));
  }
  *out = table;
  return snt_done();
}
