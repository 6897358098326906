#include "check.h"

#include <string.h>

#include "policy/manifest.h"

#define LEAST "sentinel_bundle: 1\nname: prod\nserial: 7\npolicy: policy.lua\n"

static snt_status parse(const char *plugins, struct snt_manifest *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_TRY(snt_buf_appendf(&text, err, LEAST "plugins:\n%s", plugins));
  return snt_manifest_parse("b/bundle.yaml", text.data, text.len, out, err);
}

static void what_is_not_written_is_not_granted(void **state) {
  (void)state;
  SNT_MANIFEST_AUTO struct snt_manifest manifest = {0};
  assert_ok(parse("  bare: {version: 1.0.0}\n"
                  "  oncall: {version: 1.2.0, grant: {http: [oncalls], hosts: [api.pagerduty.com, \"a.example:8443\"], "
                  "secrets: [token], "
                  "files: [\"days/*.ics\"], geoip: true, history: true, private: true}}\n",
                  &manifest, NULL));
  const struct snt_grant *bare = snt_grants_find(&manifest.grants, "bare");
  assert_non_null(bare);
  assert_false(snt_grant_lists(bare->http, "oncalls") || snt_grant_lists(bare->hosts, "api.pagerduty.com"));
  assert_false(bare->has_geoip || bare->has_history || bare->allows_private || snt_grant_fits(bare->files, "a"));
  const struct snt_grant *full = snt_grants_find(&manifest.grants, "oncall");
  assert_non_null(full);
  assert_string_equal(full->version, "1.2.0");
  assert_true(snt_grant_lists(full->http, "oncalls") && snt_grant_lists(full->hosts, "api.pagerduty.com"));
  assert_true(snt_grant_lists(full->hosts, "a.example:8443") && !snt_grant_lists(full->hosts, "a.example"));
  assert_true(snt_grant_lists(full->secrets, "token") && full->has_geoip && full->has_history);
  assert_true(full->allows_private && snt_grant_fits(full->files, "days/de.ics"));
  assert_false(snt_grant_fits(full->files, "days/more/de.ics") || snt_grant_lists(full->hosts, "pagerduty.com"));
  assert_null(snt_grants_find(&manifest.grants, "ticket"));
}

static void what_makes_no_sense_is_refused_with_its_place(void **state) {
  (void)state;
  static const struct {
    const char *plugins, *message;
  } rows[] = {
      {"  - oncall\n", "b/bundle.yaml:6:3: plugins has to be a mapping"},
      {"  On-call: {version: 1.0.0}\n", "b/bundle.yaml:6:3: \"On-call\" cannot be the name of a plugin"},
      {"  a: 1.0.0\n", "b/bundle.yaml:6:6: plugins.a has to be a mapping with a version"},
      {"  a: {}\n", "plugins.a.version has to be one such as 1.2.0"},
      {"  a: {version: 1}\n", "plugins.a.version has to be one such as 1.2.0"},
      {"  a: {version: 1.0.0, plugin: {}}\n", "unknown key \"plugin\" in plugins.a"},
      {"  a: {version: 1.0.0, sha256: abc}\n", "plugins.a.sha256 has to be 64 hexadecimal digits"},
      {"  a: {version: 1.0.0, grants: {}}\n", "unknown key \"grants\" in plugins.a; did you mean \"grant\"?"},
      {"  a: {version: 1.0.0, grant: [http]}\n", "plugins.a.grant has to be a mapping"},
      {"  a: {version: 1.0.0, grant: {host: [a]}}\n",
       "unknown key \"host\" in plugins.a.grant; did you mean \"hosts\"?"},
      {"  a: {version: 1.0.0, grant: {hosts: a.example}}\n", "plugins.a.grant.hosts has to be a list of host names"},
      {"  a: {version: 1.0.0, grant: {hosts: [\"a.example:443\"]}}\n",
       "in small letters, with :port where it is not 443"},
      {"  a: {version: 1.0.0, grant: {hosts: [\"a.example:\"]}}\n", "plugins.a.grant.hosts has to be a list"},
      {"  a: {version: 1.0.0, grant: {hosts: [\"a.example:123456\"]}}\n", "plugins.a.grant.hosts has to be a list"},
      {"  a: {version: 1.0.0, grant: {hosts: [\":8443\"]}}\n", "plugins.a.grant.hosts has to be a list"},
      {"  a: {version: 1.0.0, grant: {hosts: [A.example]}}\n", "plugins.a.grant.hosts has to be a list"},
      {"  a: {version: 1.0.0, grant: {hosts: [\"*.example\"]}}\n", "plugins.a.grant.hosts has to be a list"},
      {"  a: {version: 1.0.0, grant: {hosts: [\"u@a.example\"]}}\n", "plugins.a.grant.hosts has to be a list"},
      {"  a: {version: 1.0.0, grant: {http: [5]}}\n", "plugins.a.grant.http has to be a list of names"},
      {"  a: {version: 1.0.0, grant: {private: yes}}\n", "plugins.a.grant.private has to be true or false"},
      {"  a: {version: 1.0.0, grant: {geoip: [a]}}\n", "plugins.a.grant.geoip has to be true or false"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_manifest manifest = {0};
    struct snt_err err = {0};
    assert_code(parse(rows[i].plugins, &manifest, &err), SNT_CODE_POLICY_INVALID);
    if (strstr(err.message, rows[i].message) == NULL) {
      fail_msg("wanted \"%s\", got \"%s\"", rows[i].message, err.message);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_not_written_is_not_granted),
      cmocka_unit_test(what_makes_no_sense_is_refused_with_its_place),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
