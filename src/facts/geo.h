/* facts/geo (layer 5): what MaxMind databases know of an address. libmaxminddb is a module, loaded on first use. */
#ifndef SNT_FACTS_GEO_H
#define SNT_FACTS_GEO_H

#include <stdint.h>

#include "base/status.h"

struct snt_geo_record {
  bool is_found;       /* some database has a place or a network for it, or lists it as an anonymiser's */
  bool has_other_kind; /* there was a database that is not one of anonymisers, which list only their addresses */
  char country[3];
  char continent[3];
  bool has_location;
  double latitude, longitude; /* degrees */
  int64_t accuracy_km;        /* radius; 0: not known */
  int64_t asn;                /* 0: not known */
  char organisation[129];
  bool is_anonymity_known; /* there was a database of anonymisers, with addresses of this kind */
  bool is_anonymous, is_vpn, is_hosting, is_public_proxy, is_tor, is_residential_proxy;
};

struct snt_geo {
  /* Adds what the database at path knows. Codes IO for a file that cannot be read or is no database, SYNTAX for what is
   * no address. */
  snt_status (*look_up)(const char *path, const char *address, struct snt_geo_record *out, struct snt_err *err);
};

/* Loads the module, or finds it when it is linked. */
snt_status snt_geo_load(const struct snt_geo **out, struct snt_err *err);

#endif
