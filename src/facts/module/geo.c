/* MUST
 *  1. take from a database only values of the type that they should have, bounded;
 *  2. keep nothing of it open. */
#include "facts/geo.h"

#include <arpa/inet.h>
#include <maxminddb.h>
#include <stdio.h>
#include <string.h>

#include "base/module.h"
#include "base/str.h"
#include "snt_build_id.h"

static bool find(MMDB_entry_s *entry, const char *const *path, uint32_t type, MMDB_entry_data_s *out) {
  return MMDB_aget_value(entry, out, path) == MMDB_SUCCESS && out->has_data && out->type == type;
}

/* A printable text that fits, or what was there before. */
static void take_text(MMDB_entry_s *entry, const char *const *path, char *out, size_t cap) {
  MMDB_entry_data_s data;
  if (find(entry, path, MMDB_DATA_TYPE_UTF8_STRING, &data) && data.data_size > 0 && data.data_size < cap &&
      snt_utf8_check_printable(data.utf8_string, data.data_size)) {
    memcpy(out, data.utf8_string, data.data_size);
    out[data.data_size] = '\0';
  }
}

static bool take_degrees(MMDB_entry_s *entry, const char *name, double most, double *out) {
  MMDB_entry_data_s data;
  const char *const path[] = {"location", name, NULL};
  if (!find(entry, path, MMDB_DATA_TYPE_DOUBLE, &data) || !(data.double_value >= -most && data.double_value <= most)) {
    return false;
  }
  *out = data.double_value;
  return true;
}

static void take_flag(MMDB_entry_s *entry, const char *name, bool *out) {
  MMDB_entry_data_s data;
  const char *const path[] = {name, NULL};
  *out = *out || (find(entry, path, MMDB_DATA_TYPE_BOOLEAN, &data) && data.boolean);
}

static void take_place(MMDB_entry_s *entry, struct snt_geo_record *out) {
  static const char *const country[] = {"country", "iso_code", NULL};
  static const char *const continent[] = {"continent", "code", NULL};
  static const char *const radius[] = {"location", "accuracy_radius", NULL};
  MMDB_entry_data_s data;
  double latitude = 0;
  double longitude = 0;
  take_text(entry, country, out->country, sizeof out->country);
  take_text(entry, continent, out->continent, sizeof out->continent);
  if (!take_degrees(entry, "latitude", 90, &latitude) || !take_degrees(entry, "longitude", 180, &longitude)) {
    return;
  }
  out->has_location = true;
  out->latitude = latitude;
  out->longitude = longitude;
  out->accuracy_km = find(entry, radius, MMDB_DATA_TYPE_UINT16, &data) ? data.uint16 : 0;
}

static void take_network(MMDB_entry_s *entry, struct snt_geo_record *out) {
  static const char *const number[] = {"autonomous_system_number", NULL};
  static const char *const organisation[] = {"autonomous_system_organization", NULL};
  MMDB_entry_data_s data;
  if (find(entry, number, MMDB_DATA_TYPE_UINT32, &data)) {
    out->asn = data.uint32;
  }
  take_text(entry, organisation, out->organisation, sizeof out->organisation);
}

static void take_anonymity(MMDB_entry_s *entry, struct snt_geo_record *out) {
  take_flag(entry, "is_anonymous", &out->is_anonymous);
  take_flag(entry, "is_anonymous_vpn", &out->is_vpn);
  take_flag(entry, "is_hosting_provider", &out->is_hosting);
  take_flag(entry, "is_public_proxy", &out->is_public_proxy);
  take_flag(entry, "is_tor_exit_node", &out->is_tor);
  take_flag(entry, "is_residential_proxy", &out->is_residential_proxy);
}

static bool is_anonymisers(const struct snt_geo_record *record) {
  return record->is_anonymous || record->is_vpn || record->is_hosting || record->is_public_proxy || record->is_tor ||
         record->is_residential_proxy;
}

static snt_status fail_database(const char *path, int code, struct snt_err *err) {
  return snt_fail(err, code == MMDB_OUT_OF_MEMORY_ERROR ? SNT_CODE_NO_MEMORY : SNT_CODE_IO, "%s: %s", path,
                  MMDB_strerror(code));
}

static snt_status look_up_in(MMDB_s *database, const char *path, const char *address, struct snt_geo_record *out,
                             struct snt_err *err) {
  struct sockaddr_storage storage = {0};
  struct sockaddr_in *four = (struct sockaddr_in *)&storage;
  struct sockaddr_in6 *six = (struct sockaddr_in6 *)&storage;
  int code = MMDB_SUCCESS;
  if (inet_pton(AF_INET, address, &four->sin_addr) == 1) {
    storage.ss_family = AF_INET;
  } else if (inet_pton(AF_INET6, address, &six->sin6_addr) == 1) {
    storage.ss_family = AF_INET6;
  } else {
    return snt_fail(err, SNT_CODE_SYNTAX, "this is not an address");
  }
  bool is_of_anonymisers = strstr(database->metadata.database_type, "Anonymous") != NULL;
  out->has_other_kind = out->has_other_kind || !is_of_anonymisers;
  if (storage.ss_family == AF_INET6 && database->metadata.ip_version == 4) {
    return snt_done(); /* it says nothing of such an address, not even that it is no anonymiser's */
  }
  out->is_anonymity_known = out->is_anonymity_known || is_of_anonymisers;
  MMDB_lookup_result_s result = MMDB_lookup_sockaddr(database, (struct sockaddr *)&storage, &code);
  if (code != MMDB_SUCCESS) {
    return fail_database(path, code, err);
  }
  if (result.found_entry) {
    take_place(&result.entry, out);
    take_network(&result.entry, out);
    take_anonymity(&result.entry, out);
  }
  return snt_done();
}

static snt_status look_up(const char *path, const char *address, struct snt_geo_record *out, struct snt_err *err) {
  MMDB_s database;
  int code = MMDB_open(path, MMDB_MODE_MMAP, &database);
  if (code != MMDB_SUCCESS) {
    return fail_database(path, code, err);
  }
  snt_status status = look_up_in(&database, path, address, out, err);
  MMDB_close(&database);
  out->is_found = out->is_found || out->country[0] != '\0' || out->has_location || out->asn != 0 ||
                  (out->is_anonymity_known && is_anonymisers(out));
  return status;
}

static const struct snt_geo functions = {.look_up = look_up};

SNT_MODULE_EXPORT extern const struct snt_module snt_module_geo;
const struct snt_module snt_module_geo = {.build_id = SNT_BUILD_ID, .table = &functions};
