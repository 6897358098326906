/* MUST
 *  1. an address that no database knows is no fact: who asks where somebody is must not take "nowhere" for an answer.
 *     Databases of anonymisers list nothing else: where all are of that kind, an address is none of theirs, and
 * nowhere.
 */
#include <stdio.h>
#include <string.h>

#include "facts/facts_internal.h"
#include "facts/geo.h"

static void put_real(struct snt_json_writer *writer, const char *key, double value) {
  char text[32];
  int len = snprintf(text, sizeof text, "%.4f", value);
  snt_json_put_raw(writer, key, (struct snt_slice){text, len > 0 ? (size_t)len : 0});
}

static void put_text(struct snt_json_writer *writer, const char *key, const char *text) {
  if (text[0] != '\0') {
    snt_json_put_string(writer, key, text);
  }
}

static void put_anonymity(struct snt_json_writer *writer, const struct snt_geo_record *record) {
  const struct {
    const char *key;
    bool value;
  } rows[] = {{"is_anonymous", record->is_anonymous},      {"is_anonymous_vpn", record->is_vpn},
              {"is_hosting_provider", record->is_hosting}, {"is_public_proxy", record->is_public_proxy},
              {"is_tor_exit_node", record->is_tor},        {"is_residential_proxy", record->is_residential_proxy}};
  for (size_t i = 0; record->is_anonymity_known && i < sizeof rows / sizeof rows[0]; i++) {
    snt_json_put_bool(writer, rows[i].key, rows[i].value);
  }
}

static snt_status write_record(const struct snt_geo_record *record, struct snt_buf *out, struct snt_err *err) {
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, out, err);
  snt_json_begin_object(&writer, NULL);
  put_text(&writer, "country", record->country);
  put_text(&writer, "continent", record->continent);
  if (record->has_location) {
    put_real(&writer, "latitude", record->latitude);
    put_real(&writer, "longitude", record->longitude);
    snt_json_put_integer(&writer, "accuracy_km", record->accuracy_km);
  }
  if (record->asn != 0) {
    snt_json_put_integer(&writer, "asn", record->asn);
  }
  put_text(&writer, "organisation", record->organisation);
  put_anonymity(&writer, record);
  snt_json_end_object(&writer);
  return snt_json_finish(&writer);
}

static bool is_known(const struct snt_geo_record *record) {
  return record->is_found || (record->is_anonymity_known && !record->has_other_kind);
}

snt_status snt_facts_fetch_geoip(const struct snt_facts_source *source, struct snt_fact *fact, struct snt_err *err) {
  const struct snt_geo *geo = NULL;
  struct snt_err inner = {0};
  struct snt_geo_record record = {0};
  const char *const *path = source->geoip_databases;
  if (path == NULL || *path == NULL) {
    snt_fact_fail(fact, SNT_FACT_UNAVAILABLE, "no database is configured: geoip.databases");
    return snt_done();
  }
  snt_status status = snt_geo_load(&geo, &inner);
  for (; snt_ok(status) && *path != NULL; path++) {
    status = geo->look_up(*path, snt_fact_param(fact, "ip"), &record, &inner);
  }
  if (!snt_ok(status) || !is_known(&record)) {
    snt_fact_fail(fact, SNT_FACT_UNAVAILABLE, "%s", snt_ok(status) ? "no database knows the address" : inner.message);
    return snt_done();
  }
  SNT_TRY(write_record(&record, &fact->value, err));
  fact->status = SNT_FACT_OK;
  return snt_done();
}
