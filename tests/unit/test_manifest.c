#include "check.h"

#include <stdio.h>
#include <string.h>

#include "policy/manifest.h"

#define LEAST "sentinel_bundle: 1\nname: prod\nserial: 7\npolicy: policy.lua\n"

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define PACKED LEAST "content: " HASH "\n"

static snt_status parse(const char *text, struct snt_manifest *out, struct snt_err *err) {
  return snt_manifest_parse("prod/bundle.yaml", text, strlen(text), out, err);
}

static void what_is_given_bounds_and_what_is_not_does_not(void **state) {
  (void)state;
  SNT_MANIFEST_AUTO struct snt_manifest least = {0};
  SNT_MANIFEST_AUTO struct snt_manifest full = {0};
  assert_ok(parse(LEAST, &least, NULL));
  assert_string_equal(least.name, "prod");
  assert_int_equal(least.serial, 7);
  assert_string_equal(least.policy, "policy.lua");
  assert_int_equal(least.max_duration_s, 0);
  assert_true(least.allows_emergency && !least.has_targets);
  assert_true(snt_manifest_binds(&least, "dev", "arn:aws:iam::123456789012:role/Anything"));
  assert_ok(parse(LEAST "installation: acme-aws\nnot_before: 2026-01-18T00:00:00Z\nnot_after: 2026-02-18T00:00:00Z\n"
                        "max_duration: 4h\nmarkers: []\nidentity: {}\nplugins: {}\n"
                        "targets: {prod: [\"arn:aws:iam::123456789012:role/Prod\"]}\n",
                  &full, NULL));
  assert_string_equal(full.installation, "acme-aws");
  assert_int_equal(full.max_duration_s, 4 * 3600);
  assert_true(full.has_targets && !full.allows_emergency);
  assert_string_equal(full.not_before, "2026-01-18T00:00:00Z");
  assert_string_equal(full.not_after, "2026-02-18T00:00:00Z");
  assert_null(full.accounts);
  assert_string_equal(least.not_before, "");
}

static void accounts_are_kept_and_times_written_in_one_way(void **state) {
  (void)state;
  SNT_MANIFEST_AUTO struct snt_manifest manifest = {0};
  assert_ok(parse(LEAST "not_after: 2026-02-18T00:00:00.000Z\n"
                        "identity: {accounts: [\"123456789012\", \"000000000000\"]}\n",
                  &manifest, NULL));
  assert_string_equal(manifest.not_after, "2026-02-18T00:00:00Z");
  assert_string_equal(manifest.accounts[0], "123456789012");
  assert_string_equal(manifest.accounts[1], "000000000000");
  assert_null(manifest.accounts[2]);
}

static void what_is_signed_names_installation_and_targets(void **state) {
  (void)state;
  static const struct {
    const char *text, *missing; /* NULL: nothing */
  } rows[] = {
      {LEAST, "no installation"},
      {LEAST "targets: {prod: [\"arn:aws:iam::123456789012:role/P\"]}\n", "no installation"},
      {LEAST "installation: acme\n", "no targets"},
      {LEAST "installation: acme\ntargets: {prod: [\"arn:aws:iam::123456789012:role/P\"]}\n", NULL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_MANIFEST_AUTO struct snt_manifest manifest = {0};
    struct snt_err err = {0};
    assert_ok(parse(rows[i].text, &manifest, NULL));
    assert_code(snt_manifest_check_signed(&manifest, &err),
                rows[i].missing == NULL ? SNT_CODE_OK : SNT_CODE_POLICY_INVALID);
    assert_true(rows[i].missing == NULL || (strstr(err.message, rows[i].missing) != NULL && err.hint[0] != '\0'));
  }
}

static void what_packing_adds_is_asked_for_in_what_is_packed(void **state) {
  (void)state;
  static const struct {
    const char *text, *message; /* NULL: it is good */
  } rows[] = {
      {PACKED "files: [policy.lua]\n", NULL},
      {PACKED "files: [a.lua, policy.lua]\n", NULL},
      {LEAST "files: [policy.lua]\n", "\"content\" is missing"},
      {PACKED, "\"files\" is missing"},
      {LEAST "content: " HASH "0\nfiles: [policy.lua]\n", ":5:10: content has to be a SHA-256"},
      {LEAST "content: " HASH "\nfiles: []\n", ":6:8: files has to be a list of names"},
      {PACKED "files: [a.lua]\n", "files has to be a list with the policy in it"},
      {PACKED "files: [policy.lua, a.lua]\n", "files has to be a list in order"},
      {PACKED "files: [policy.lua, policy.lua]\n", "files has to be a list in order"},
      {PACKED "files: [../x, policy.lua]\n", "files has to be a list of names"},
      {PACKED "files: [policy.lua]\nplugins: {a: {version: 1.0.0, sha256: " HASH "}}\n", "plugins.a lacks its sha256"},
      {PACKED "files: [policy.lua]\nplugins: {a: {version: 1.0.0, plugin: {}}}\n", "plugins.a lacks its sha256"},
      {PACKED "files: [policy.lua]\nplugins: {a: {version: 1.0.0, plugin: {}, sha256: " HASH "}}\n", NULL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_MANIFEST_AUTO struct snt_manifest manifest = {0};
    struct snt_err err = {0};
    snt_status status =
        snt_manifest_parse_packed("prod/bundle.yaml", rows[i].text, strlen(rows[i].text), &manifest, &err);
    if (snt_ok(status) != (rows[i].message == NULL) ||
        (rows[i].message != NULL && strstr(err.message, rows[i].message) == NULL)) {
      fail_msg("row %zu: \"%s\"", i, err.message);
    }
  }
}

static void targets_bind_profiles_to_roles(void **state) {
  (void)state;
  SNT_MANIFEST_AUTO struct snt_manifest manifest = {0};
  assert_ok(parse(LEAST "targets:\n"
                        "  prod: [\"arn:aws:iam::123456789012:role/Prod\", \"arn:aws:iam::123456789012:role/Ops\"]\n"
                        "  \"prod-*\": [\"arn:aws:iam::*:role/Prod\"]\n",
                  &manifest, NULL));
  static const struct {
    const char *profile, *role;
    bool is_bound;
  } rows[] = {
      {"prod", "arn:aws:iam::123456789012:role/Prod", true},
      {"prod", "arn:aws:iam::123456789012:role/Ops", true},
      {"prod", "arn:aws:iam::999999999999:role/Prod", false},
      {"prod", "arn:aws:iam::123456789012:role/prod", false},
      {"prod", "arn:aws:iam::123456789012:role/Prod2", false},
      {"prod-eu", "arn:aws:iam::999999999999:role/Prod", true},
      {"prod-eu", "arn:aws:iam::999999999999:role/path/Prod", false},
      {"prod-eu", "arn:aws:iam::123456789012:role/Ops", false},
      {"prod-", "arn:aws:iam::123456789012:role/Prod", true},
      {"dev", "arn:aws:iam::123456789012:role/Prod", false},
      {"", "arn:aws:iam::123456789012:role/Prod", false},
      {"prod", "", false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (snt_manifest_binds(&manifest, rows[i].profile, rows[i].role) != rows[i].is_bound) {
      fail_msg("profile \"%s\", role %s", rows[i].profile, rows[i].role);
    }
  }
}

static void what_is_not_a_manifest_is_refused_with_its_place(void **state) {
  (void)state;
  static const struct {
    const char *text, *message;
  } rows[] = {
      {"", ":1:1: \"sentinel_bundle\" is missing"},
      {"[]", ":1:1: a manifest has to be a mapping"},
      {"name: prod\nserial: 7\npolicy: p.lua\n", "\"sentinel_bundle\" is missing"},
      {"sentinel_bundle: 1\nserial: 7\npolicy: p.lua\n", "\"name\" is missing"},
      {"sentinel_bundle: 1\nname: prod\npolicy: p.lua\n", "\"serial\" is missing"},
      {"sentinel_bundle: 1\nname: prod\nserial: 7\n", "\"policy\" is missing"},
      {"sentinel_bundle: 1\nname: prod\nserail: 7\npolicy: p.lua\n",
       ":3:1: unknown key \"serail\"; did you mean \"serial\"?"},
      {"sentinel_bundle: 2\nname: prod\nserial: 7\npolicy: p.lua\n", ":1:18: sentinel_bundle has to be 1"},
      {"sentinel_bundle: \"1\"\nname: prod\nserial: 7\npolicy: p.lua\n", ":1:18: sentinel_bundle has to be 1"},
      {"sentinel_bundle: 1\nname: a/b\nserial: 7\npolicy: p.lua\n", ":2:7: name has to be 1 to 64"},
      {"sentinel_bundle: 1\nname: prod\nserial: 0\npolicy: p.lua\n", ":3:9: serial has to be a whole number from 1"},
      {"sentinel_bundle: 1\nname: prod\nserial: -1\npolicy: p.lua\n", ":3:9: serial"},
      {"sentinel_bundle: 1\nname: prod\nserial: \"7\"\npolicy: p.lua\n", ":3:9: serial"},
      {"sentinel_bundle: 1\nname: prod\nserial: 7\npolicy: /etc/p.lua\n", ":4:9: policy has to be the name of a file"},
      {"sentinel_bundle: 1\nname: prod\nserial: 7\npolicy: ../p.lua\n", ":4:9: policy"},
      {"sentinel_bundle: 1\nname: prod\nserial: 7\npolicy: a/../p.lua\n", ":4:9: policy"},
      {"sentinel_bundle: 1\nname: prod\nserial: 7\npolicy: a//p.lua\n", ":4:9: policy"},
      {"sentinel_bundle: 1\nname: prod\nserial: 7\npolicy: .p.lua\n", ":4:9: policy"},
      {"sentinel_bundle: 1\nname: prod\nserial: 7\npolicy: a/\n", ":4:9: policy"},
      {LEAST "target: {}\n", ":5:1: unknown key \"target\"; did you mean \"targets\"?"},
      {LEAST "targets: {}\n", ":5:10: targets has to be"},
      {LEAST "targets: {prod: []}\n", ":5:17: targets has to be"},
      {LEAST "targets: {prod: [Prod]}\n", ":5:18: targets has to be ARNs"},
      {LEAST "targets: {prod: [\"arn:aws:sts::123456789012:role/P\"]}\n", ":5:18: targets has to be ARNs"},
      {LEAST "targets: {prod: [\"arn:aws:iam::123456789012:user/P\"]}\n", ":5:18: targets has to be ARNs"},
      {LEAST "targets: {prod: [\"arn:aws:iam::123456789012:role/\"]}\n", ":5:18: targets has to be ARNs"},
      {LEAST "targets: {prod: [\"arn:aws:iam::1234567890123:role/P\"]}\n", ":5:18: targets has to be ARNs"},
      {LEAST "targets: {prod: [\"arn:aws:iam:::role/P\"]}\n", ":5:18: targets has to be ARNs"},
      {LEAST "targets: {prod: [\"arn:aws:iam::12345678901x:role/P\"]}\n", ":5:18: targets has to be ARNs"},
      {LEAST "targets: {prod: [\"arn::iam::123456789012:role/P\"]}\n", ":5:18: targets has to be ARNs"},
      {LEAST "targets: {prod: [\"arn:aws:iam::123456789012\"]}\n", ":5:18: targets has to be ARNs"},
      {LEAST "targets: {prod: [\"xrn:aws:iam::123456789012:role/P\"]}\n", ":5:18: targets has to be ARNs"},
      {LEAST "targets: {prod: \"arn:aws:iam::123456789012:role/P\"}\n", "targets has to be a mapping"},
      {LEAST "targets: {\"a\\\\b\": [\"arn:x\"]}\n", "targets has to be a mapping"},
      {LEAST "targets: {prod: [\"arn:x\"], prod: [\"arn:y\"]}\n", "duplicate"},
      {LEAST "max_duration: 3600\n", ":5:15: max_duration has to be a duration"},
      {LEAST "max_duration: 0s\n", ":5:15: max_duration"},
      {LEAST "not_after: 2026-02-18\n", ":5:12: not_after has to be a time"},
      {LEAST "not_before: 2026-02-18T00:00:00+01:00\n", ":5:13: not_before has to be a time"},
      {LEAST "not_after: 2026-02-18T00:00:00.5Z\n", ":5:12: not_after"},
      {LEAST "markers: emergency\n", ":5:10: markers has to be a list"},
      {LEAST "markers: [urgent]\n", ":5:11: markers has to be a list of markers"},
      {LEAST "not_before: 2026-02-18T00:00:00Z\nnot_after: 2026-02-18T00:00:00Z\n", ":6:12: not_after has to be later"},
      {LEAST "identity: {x: 1}\n", ":5:12: unknown key \"x\" in identity"},
      {LEAST "identity: {accounts: []}\n", ":5:22: identity.accounts has to be a list of accounts"},
      {LEAST "identity: {accounts: [\"1234567890\"]}\n", ":5:23: identity.accounts"},
      {LEAST "identity: {accounts: [\"123456789012x\"]}\n", ":5:23: identity.accounts"},
      {LEAST "identity: {accounts: [\"12345678901x\"]}\n", ":5:23: identity.accounts"},
      {LEAST "identity: {accounts: [123456789012]}\n", "12 digits each, in quotes"},
      {LEAST "identity: {accounts: [\"123456789012\"], more: 1}\n", ":5:40: unknown key \"more\" in identity"},
      {LEAST "files: [policy.lua]\n", ":5:1: unknown key \"files\""},
      {LEAST "content: " HASH "\n", ":5:1: unknown key \"content\""},
      {LEAST "plugins: {oncall: 1}\n", ":5:19: plugins.oncall has to be a mapping"},
      {LEAST "identity: {account: b}\n", ":5:12: unknown key \"account\" in identity; did you mean \"accounts\"?"},
      {LEAST "identity: []\n", ":5:11: identity has to be a mapping with accounts"},
      {LEAST "installation: a b\n", ":5:15: installation"},
      {LEAST "---\n" LEAST, ":5:"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_manifest manifest;
    struct snt_err err = {0};
    assert_code(parse(rows[i].text, &manifest, &err), SNT_CODE_POLICY_INVALID);
    if (strstr(err.message, rows[i].message) == NULL || strstr(err.message, "prod/bundle.yaml:") == NULL) {
      fail_msg("\"%s\" does not say \"%s\"", err.message, rows[i].message);
    }
    assert_null(manifest.targets);
  }
}

static void a_key_that_is_null_is_refused(void **state) {
  (void)state;
  static const char *const keys[] = {"sentinel_bundle", "name",         "serial",    "policy",
                                     "installation",    "not_before",   "not_after", "targets",
                                     "markers",         "max_duration", "identity",  "plugins"};
  static const char *const values[] = {"null", "~", ""};
  static const char *const least[] = {"sentinel_bundle: 1\n", "name: prod\n", "serial: 7\n", "policy: policy.lua\n"};
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    for (size_t k = 0; k < sizeof values / sizeof values[0]; k++) {
      SNT_BUF_AUTO struct snt_buf text = {0};
      struct snt_manifest manifest;
      struct snt_err err = {0};
      for (size_t line = 0; line < sizeof least / sizeof least[0]; line++) {
        assert_ok(snt_buf_append_str(&text, line == i ? "" : least[line], NULL));
      }
      assert_ok(snt_buf_appendf(&text, NULL, "%s: %s\n", keys[i], values[k]));
      snt_status status = parse(text.data, &manifest, &err);
      if (status.code != SNT_CODE_POLICY_INVALID || strstr(err.message, keys[i]) == NULL) {
        fail_msg("%s: %s is %s: %s", keys[i], values[k], snt_code_name(status.code), err.message);
      }
    }
  }
}

static void a_key_that_nobody_knows_is_refused_with_all_that_are_allowed(void **state) {
  (void)state;
  static const struct {
    const char *text, *hint;
  } rows[] = {
      {LEAST "nonsense: 1\n", "allowed: sentinel_bundle, name, serial, policy, installation, not_before, not_after, "
                              "targets, max_duration, markers, identity, plugins"},
      {LEAST "identity: {x: 1}\n", "allowed: accounts"},
      {LEAST "plugins: {a: {x: 1}}\n", "allowed: version, sha256, grant"},
      {LEAST "plugins: {a: {version: 1.0.0, grant: {x: 1}}}\n",
       "allowed: http, hosts, secrets, files, geoip, history, private"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_manifest manifest;
    struct snt_err err = {0};
    assert_code(parse(rows[i].text, &manifest, &err), SNT_CODE_POLICY_INVALID);
    assert_string_equal(err.hint, rows[i].hint);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_given_bounds_and_what_is_not_does_not),
      cmocka_unit_test(accounts_are_kept_and_times_written_in_one_way),
      cmocka_unit_test(what_is_signed_names_installation_and_targets),
      cmocka_unit_test(what_packing_adds_is_asked_for_in_what_is_packed),
      cmocka_unit_test(targets_bind_profiles_to_roles),
      cmocka_unit_test(what_is_not_a_manifest_is_refused_with_its_place),
      cmocka_unit_test(a_key_that_nobody_knows_is_refused_with_all_that_are_allowed),
      cmocka_unit_test(a_key_that_is_null_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
