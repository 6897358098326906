#include "check.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "facts/facts_internal.h"
#include "facts/geo.h"

#define DATA SNT_SOURCE_DIR "/../shared/data/mmdb/"

static void look_up(struct snt_facts_source *source, const char *address, struct snt_fact *fact) {
  *fact = (struct snt_fact){.kind = SNT_NEED_GEOIP, .param_count = 1};
  (void)snprintf(fact->params[0].name, sizeof fact->params[0].name, "ip");
  (void)snprintf(fact->params[0].value, sizeof fact->params[0].value, "%s", address);
  assert_ok(snt_facts_fetch_geoip(source, fact, NULL));
}

static void assert_not_had(const char *const *databases, const char *address, const char *why) {
  struct snt_facts_source source = {.geoip_databases = databases};
  struct snt_fact fact;
  look_up(&source, address, &fact);
  assert_int_equal(fact.status, SNT_FACT_UNAVAILABLE);
  if (strstr(fact.reason, why) == NULL) {
    fail_msg("%s does not say %s", fact.reason, why);
  }
}

static void without_a_database_there_is_no_fact(void **state) {
  (void)state;
  static const char *const none[] = {NULL};
  static const char *const missing[] = {"/tmp/there-is-no-such.mmdb", NULL};
  static const char *const other[] = {SNT_SOURCE_DIR "/README.md", NULL};
  assert_not_had(NULL, "8.8.8.8", "geoip.databases");
  assert_not_had(none, "8.8.8.8", "geoip.databases");
  assert_not_had(missing, "8.8.8.8", missing[0]);
  assert_not_had(other, "8.8.8.8", other[0]);
}

static bool has_data(void) {
  bool is_there = access(DATA "GeoIP2-City-Test.mmdb", R_OK) == 0;
  if (!is_there) {
    print_message("skipped: the databases of " DATA " are not here\n");
  }
  return is_there;
}

static void what_several_databases_know_is_one_fact(void **state) {
  (void)state;
  static const char *const databases[] = {DATA "GeoIP2-City-Test.mmdb", DATA "GeoLite2-ASN-Test.mmdb",
                                          DATA "GeoIP2-Anonymous-IP-Test.mmdb", NULL};
  static const struct {
    const char *address, *part;
  } rows[] = {
      {"2.125.160.216", "\"country\":\"GB\",\"continent\":\"EU\",\"latitude\":51.7500"},
      {"216.160.83.56", "\"country\":\"US\""},
      {"1.128.0.0", "\"asn\":1221,\"organisation\":\"Telstra Pty Ltd\""},
      {"2001:218::", "\"country\":\"JP\""},
      {"216.160.83.56", "\"is_anonymous\":false"},
  };
  if (!has_data()) {
    skip();
  }
  struct snt_facts_source source = {.geoip_databases = databases};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_fact fact;
    look_up(&source, rows[i].address, &fact);
    if (fact.status != SNT_FACT_OK || strstr(fact.value.data, rows[i].part) == NULL) {
      fail_msg("%s: %s %s", rows[i].address, snt_buf_borrow(&fact.value), fact.reason);
    }
    snt_buf_clear(&fact.value);
  }
  assert_not_had(databases, "10.0.0.1", "no database knows the address");
  assert_not_had(databases, "127.0.0.1", "no database knows the address");
  assert_not_had(databases, "1.2.3", "not an address");
  assert_not_had(databases, "::ffff:1", "no database knows the address");
}

static void a_database_of_anonymisers_is_enough_for_what_it_lists(void **state) {
  (void)state;
  static const char *const databases[] = {DATA "GeoIP2-City-Test.mmdb", DATA "GeoIP2-Anonymous-IP-Test.mmdb", NULL};
  static const char vpn[] = "{\"is_anonymous\":true,\"is_anonymous_vpn\":true,\"is_hosting_provider\":false,"
                            "\"is_public_proxy\":false,\"is_tor_exit_node\":false,\"is_residential_proxy\":false}";
  static const char none[] = "{\"is_anonymous\":false,\"is_anonymous_vpn\":false,\"is_hosting_provider\":false,"
                             "\"is_public_proxy\":false,\"is_tor_exit_node\":false,\"is_residential_proxy\":false}";
  const struct {
    const char *const *databases;
    const char *address, *value;
  } rows[] = {{databases, "1.2.0.1", vpn}, {databases + 1, "1.2.0.1", vpn}, {databases + 1, "10.0.0.1", none}};
  if (!has_data()) {
    skip();
  }
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_facts_source source = {.geoip_databases = rows[i].databases};
    struct snt_fact fact;
    look_up(&source, rows[i].address, &fact);
    assert_int_equal(fact.status, SNT_FACT_OK);
    assert_string_equal(snt_buf_borrow(&fact.value), rows[i].value);
    snt_buf_clear(&fact.value);
  }
  assert_not_had(databases, "10.0.0.1", "no database knows the address");
}

/* Every file that is broken on purpose: an error or an answer, and this process goes on. */
static void broken_databases_are_survived(void **state) {
  (void)state;
  static const char *const folders[] = {DATA "", DATA "bad-data/libmaxminddb/", DATA "bad-data/maxminddb-golang/",
                                        DATA "bad-data/maxminddb-python/"};
  size_t count = 0;
  const struct snt_geo *geo = NULL;
  if (!has_data()) {
    skip();
  }
  assert_ok(snt_geo_load(&geo, NULL));
  for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
    DIR *folder = opendir(folders[i]);
    for (struct dirent *entry = folder == NULL ? NULL : readdir(folder); entry != NULL; entry = readdir(folder)) {
      static const char *const addresses[] = {"1.1.1.1", "0.0.0.0", "255.255.255.255", "2001:218::1", "::"};
      char path[1024];
      (void)snprintf(path, sizeof path, "%s%s", folders[i], entry->d_name);
      for (size_t k = 0; strstr(path, "mmdb") != NULL && entry->d_name[0] != '.' && k < 5; k++) {
        struct snt_geo_record record = {0};
        SNT_IGNORE(geo->look_up(path, addresses[k], &record, NULL)); /* either is good */
        count++;
      }
    }
    if (folder != NULL) {
      closedir(folder);
    }
  }
  assert_true(count > 50);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_a_database_there_is_no_fact),
      cmocka_unit_test(what_several_databases_know_is_one_fact),
      cmocka_unit_test(a_database_of_anonymisers_is_enough_for_what_it_lists),
      cmocka_unit_test(broken_databases_are_survived),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
