/* The name of a cached session: whatever shapes the session makes another name (aws.md, credential_process). */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "issue/flow.h"
#include "keychain/kernel_keys.h"

static char folder[64];
static bool has_keyring;

static void write_config(const char *name, const char *text, char out[static 128]) {
  (void)snprintf(out, 128, "%s/%s", folder, name);
  assert_ok(snt_file_replace(out, text, strlen(text), 0600, NULL));
}

/* A decision that allowed, as far as the name looks at it. */
struct stand {
  struct snt_issue_options options;
  struct snt_flow flow;
  struct snt_secret *owner;
};

static void begin(struct stand *stand, const char *config, const char *log) {
  char path[128];
  char log_path[128];
  memset(stand, 0, sizeof *stand);
  (void)unsetenv("AWS_CA_BUNDLE");
  (void)unsetenv("HTTPS_PROXY");
  write_config("config.yaml", config, path);
  (void)snprintf(log_path, sizeof log_path, "%s/%s", folder, log);
  struct snt_log_options log_options = {.path = log_path};
  struct snt_flow *flow = &stand->flow;
  assert_ok(snt_settings_load(path, &flow->settings, NULL));
  assert_ok(snt_log_open(&log_options, &flow->log, NULL));
  assert_ok(snt_secret_new_from("base secret", 11, &stand->owner, NULL));
  stand->options =
      (struct snt_issue_options){.profile = "prod", .mode = "credential_process", .justification = "INC-1"};
  flow->options = &stand->options;
  flow->cache = (struct snt_cache){SNT_CACHE_KEYCHAIN, NULL, stand->owner};
  flow->duration_s = 3600;
  flow->marker = "direct";
  (void)unsetenv("AWS_ENDPOINT_URL");
  flow->regions[0] = "us-east-1";
  assert_ok(snt_aws_endpoint_find("sts", flow->regions[0], NULL, &flow->sts, NULL));
  (void)snprintf(flow->base.access_key_id, sizeof flow->base.access_key_id, "AKIAIOSFODNN7EXAMPLE");
  (void)snprintf(flow->who.arn, sizeof flow->who.arn, "arn:aws:iam::123456789012:user/alice");
  (void)snprintf(flow->who.user, sizeof flow->who.user, "alice");
  (void)snprintf(flow->target.role_arn, sizeof flow->target.role_arn, "arn:aws:iam::123456789012:role/Prod");
  (void)snprintf(flow->policy.source, sizeof flow->policy.source, "file:/p.yaml");
  (void)snprintf(flow->policy.sha256, sizeof flow->policy.sha256, "00");
  (void)snprintf(flow->decision.rule, sizeof flow->decision.rule, "oncall");
}

static void end(struct stand *stand) {
  snt_flow_clear(&stand->flow);
  snt_secret_free(&stand->owner);
}

static void change_secret(struct stand *stand) {
  snt_secret_free(&stand->owner);
  assert_ok(snt_secret_new_from("base secreT", 11, &stand->owner, NULL));
  stand->flow.cache.owner = stand->owner;
}
static void change_key_id(struct stand *stand) { stand->flow.base.access_key_id[19] = 'F'; }
static void change_arn(struct stand *stand) { strcat(stand->flow.who.arn, "2"); }   /* NOLINT */
static void change_user(struct stand *stand) { strcat(stand->flow.who.user, "2"); } /* NOLINT */
static void change_profile(struct stand *stand) { stand->options.profile = "prod2"; }
static void change_role(struct stand *stand) { strcat(stand->flow.target.role_arn, "2"); }           /* NOLINT */
static void change_external_id(struct stand *stand) { strcpy(stand->flow.target.external_id, "x"); } /* NOLINT */
static void change_mfa(struct stand *stand) { strcpy(stand->flow.target.mfa_serial, "x"); }          /* NOLINT */
static void change_duration(struct stand *stand) { stand->flow.duration_s = 3601; }
static void change_endpoint(struct stand *stand) {
  strcpy(stand->flow.target.endpoint_url, "https://127.0.0.1"); /* NOLINT */
}
static void change_region(struct stand *stand) { stand->flow.regions[0] = "us-west-2"; }
static void change_certificates(struct stand *stand) { strcpy(stand->flow.target.ca_bundle, "/ca.pem"); } /* NOLINT */
static void change_certificates_again(struct stand *stand) {
  (void)stand;
  (void)setenv("AWS_CA_BUNDLE", "/other.pem", 1);
}
static void change_proxy(struct stand *stand) {
  (void)stand;
  (void)setenv("HTTPS_PROXY", "http://127.0.0.1:1", 1);
}
static void change_source(struct stand *stand) { strcat(stand->flow.policy.source, "2"); }    /* NOLINT */
static void change_policy(struct stand *stand) { strcpy(stand->flow.policy.sha256, "01"); }   /* NOLINT */
static void change_rule(struct stand *stand) { strcpy(stand->flow.decision.rule, "oncalk"); } /* NOLINT */
static void change_marker(struct stand *stand) { stand->flow.marker = "bg3fa1c0"; }
static void change_approval(struct stand *stand) { stand->flow.approval = "a1"; }
static void change_approval_again(struct stand *stand) { stand->flow.approval = "a2"; }
static void change_justification(struct stand *stand) { stand->options.justification = "INC-2"; }
static void remove_justification(struct stand *stand) { stand->options.justification = NULL; }
/* What leaves one field and comes into the next is another list of fields. */
static void shift_source(struct stand *stand) {
  strcpy(stand->flow.policy.source, "file:/p.yaml00"); /* NOLINT */
  stand->flow.policy.sha256[0] = '\0';
}
static void change_nothing(struct stand *stand) { (void)stand; }

static void whatever_shapes_a_session_makes_another_name(void **state) {
  (void)state;
  static const struct {
    const char *config, *log;
    void (*change)(struct stand *stand);
  } rows[] = {
      {"{}", "a.jsonl", change_nothing},
      {"{}", "b.jsonl", change_nothing},
      {"tags: \"off\"", "a.jsonl", change_nothing},
      {"source_identity: {separator: \":\"}", "a.jsonl", change_nothing},
      {"installation: acme", "a.jsonl", change_nothing},
      {"{}", "a.jsonl", change_secret},
      {"{}", "a.jsonl", change_key_id},
      {"{}", "a.jsonl", change_arn},
      {"{}", "a.jsonl", change_user},
      {"{}", "a.jsonl", change_profile},
      {"{}", "a.jsonl", change_role},
      {"{}", "a.jsonl", change_external_id},
      {"{}", "a.jsonl", change_mfa},
      {"{}", "a.jsonl", change_duration},
      {"{}", "a.jsonl", change_endpoint},
      {"{}", "a.jsonl", change_region},
      {"{}", "a.jsonl", change_certificates},
      {"{}", "a.jsonl", change_certificates_again},
      {"{}", "a.jsonl", change_proxy},
      {"{}", "a.jsonl", change_source},
      {"{}", "a.jsonl", change_policy},
      {"{}", "a.jsonl", change_rule},
      {"{}", "a.jsonl", change_marker},
      {"{}", "a.jsonl", change_approval},
      {"{}", "a.jsonl", change_approval_again},
      {"{}", "a.jsonl", change_justification},
      {"{}", "a.jsonl", remove_justification},
      {"{}", "a.jsonl", shift_source},
  };
  enum { COUNT = sizeof rows / sizeof rows[0] };
  char names[COUNT][SNT_CACHE_NAME_CAP];
  for (size_t i = 0; i < COUNT; i++) {
    struct stand stand;
    char again[SNT_CACHE_NAME_CAP];
    begin(&stand, rows[i].config, rows[i].log);
    rows[i].change(&stand);
    assert_ok(snt_flow_name_session(&stand.flow, names[i], NULL));
    assert_ok(snt_flow_name_session(&stand.flow, again, NULL));
    assert_string_equal(names[i], again);
    end(&stand);
    for (size_t k = 0; k < i; k++) {
      if (strcmp(strrchr(names[i], ':'), strrchr(names[k], ':')) == 0) {
        fail_msg("rows %zu and %zu have one name", k, i);
      }
    }
  }
}

/* What a second region told while the first was down is looked for, and waited for, before it is known who will answer.
 */
static void the_region_that_answers_makes_no_other_name(void **state) {
  (void)state;
  struct stand stand;
  char session[2][SNT_CACHE_NAME_CAP];
  char identity[2][SNT_CACHE_NAME_CAP];
  begin(&stand, "{}", "a.jsonl");
  stand.flow.regions[1] = "eu-west-1";
  for (size_t i = 0; i < 2; i++) {
    assert_ok(snt_aws_endpoint_find("sts", stand.flow.regions[i], NULL, &stand.flow.sts, NULL));
    assert_ok(snt_flow_name_session(&stand.flow, session[i], NULL));
    assert_ok(snt_flow_name_identity(&stand.flow, identity[i], NULL));
  }
  assert_string_equal(session[0], session[1]);
  assert_string_equal(identity[0], identity[1]);
  end(&stand);
}

static struct snt_aws_credentials credentials_for(int64_t life_s) {
  struct snt_aws_credentials credentials = {.expires_at_ms = snt_clock_wall_ms() + life_s * 1000};
  (void)snprintf(credentials.access_key_id, sizeof credentials.access_key_id, "ASIAIOSFODNN7EXAMPLE");
  assert_ok(snt_secret_new_from("secret\\key", 10, &credentials.secret_key, NULL));
  assert_ok(snt_secret_new_from("session+token", 13, &credentials.session_token, NULL));
  return credentials;
}

/* A machine whose kernel has keyrings; elsewhere there is nothing to find. */
static void begin_kept(struct stand *stand, char name[static SNT_CACHE_NAME_CAP], int64_t life_s) {
  static const char record[] = "\"time\":\"2026-01-19T02:47:33.120Z\",\"time_source\":\"sts\",\"kind\":\"decision\"";
  struct snt_log_position position;
  begin(stand, "{}", "kept.jsonl");
  assert_ok(snt_log_append(stand->flow.log, &(struct snt_slice){record, sizeof record - 1}, 1, &position, NULL));
  stand->flow.cache.place = SNT_CACHE_KERNEL;
  (void)snprintf(stand->flow.request_id, sizeof stand->flow.request_id, "a1b2c3d4e5f60718");
  assert_ok(snt_session_names_make("alice", "direct", stand->flow.request_id, '=', &stand->flow.names, NULL));
  assert_ok(snt_flow_name_session(&stand->flow, name, NULL));
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials credentials = credentials_for(life_s);
  const struct snt_flow_grant grant = {.lease_s = 120};
  snt_flow_keep_session(&stand->flow, name, &grant, &credentials);
}

static void end_kept(struct stand *stand, const char *name) {
  snt_cache_remove(&stand->flow.cache, SNT_KEYCHAIN_KIND_SESSION, name);
  end(stand);
}

static bool is_found(struct stand *stand, const char *name, int64_t granted_s) {
  SNT_CLEANUP(snt_flow_session_clear) struct snt_flow_session session = {0};
  return snt_flow_find_session(&stand->flow, name, granted_s, &session);
}

static void a_session_comes_back_as_it_was_kept(void **state) {
  (void)state;
  struct stand stand;
  char name[SNT_CACHE_NAME_CAP];
  begin_kept(&stand, name, 3600);
  SNT_CLEANUP(snt_flow_session_clear) struct snt_flow_session session = {0};
  if (snt_flow_find_session(&stand.flow, name, 3600, &session)) {
    assert_string_equal(session.credentials.access_key_id, "ASIAIOSFODNN7EXAMPLE");
    assert_string_equal(snt_secret_borrow(session.credentials.secret_key), "secret\\key");
    assert_string_equal(snt_secret_borrow(session.credentials.session_token), "session+token");
    assert_string_equal(session.request_id, "a1b2c3d4e5f60718");
    assert_string_equal(session.session_id, "sentinel:alice:direct:a1b2c3d4e5f60718");
    assert_string_equal(session.source_identity, "sentinel=alice=direct=a1b2c3d4e5f60718");
    assert_int_equal(session.lease_s, 120);
  } else {
    assert_false(has_keyring);
  }
  end_kept(&stand, name);
}

static void a_session_is_found_only_within_this_decisions_bounds(void **state) {
  (void)state;
  static const struct {
    int64_t life_s, granted_s;
    bool is_found;
  } rows[] = {{3600, 3600, true}, {3600, 43200, true}, {3600, 3590, false}, {3600, 900, false}, {3600, 0, false},
              {970, 3600, true},  {950, 3600, false},  {10, 3600, false},   {-10, 3600, false}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct stand stand;
    char name[SNT_CACHE_NAME_CAP];
    begin_kept(&stand, name, rows[i].life_s);
    if (is_found(&stand, name, rows[i].granted_s) != (rows[i].is_found && has_keyring)) {
      fail_msg("row %zu", i);
    }
    end_kept(&stand, name);
  }
}

/* Half of an hour is granted to a program that cannot ask again. */
static void a_program_gets_a_session_that_has_half_its_life(void **state) {
  (void)state;
  struct stand stand;
  char name[SNT_CACHE_NAME_CAP];
  begin_kept(&stand, name, 1700);
  assert_true(is_found(&stand, name, 3600) == has_keyring);
  stand.options.mode = "cli";
  assert_false(is_found(&stand, name, 3600));
  assert_true(is_found(&stand, name, 3300) == has_keyring);
  assert_true(is_found(&stand, name, 1800) == has_keyring);
  end_kept(&stand, name);
}

/* When a session began that was made shorter by a window is not known: it may be older than the code. */
static void a_code_goes_with_no_session_that_ends_with_a_window(void **state) {
  (void)state;
  struct stand stand;
  char name[SNT_CACHE_NAME_CAP];
  begin_kept(&stand, name, 3600);
  stand.flow.is_mfa_direct = true;
  stand.flow.mfa_authenticated_at_ms = snt_flow_now_ms(&stand.flow);
  assert_true(is_found(&stand, name, 3600) == has_keyring);
  stand.flow.decision.ends_with_window = true;
  assert_false(is_found(&stand, name, 3600));
  stand.flow.is_mfa_direct = false;
  assert_true(is_found(&stand, name, 3600) == has_keyring);
  end_kept(&stand, name);
}

/* Whose decision is in another log, or in none, is not handed out by this one. */
static void a_session_of_another_log_is_not_found(void **state) {
  (void)state;
  struct stand stand;
  struct stand other;
  char name[SNT_CACHE_NAME_CAP];
  begin_kept(&stand, name, 3600);
  begin(&other, "{}", "empty.jsonl");
  other.flow.cache.place = SNT_CACHE_KERNEL;
  assert_false(is_found(&other, name, 3600));
  end(&other);
  end_kept(&stand, name);
}

/* Botocore would ask again on each signing. */
static void a_session_that_is_about_to_end_is_not_found(void **state) {
  (void)state;
  struct stand stand;
  char name[SNT_CACHE_NAME_CAP];
  begin_kept(&stand, name, 3600);
  static const int64_t ages_s[] = {0, 2600, 2700, 3500, 3700};
  for (size_t i = 0; i < sizeof ages_s / sizeof ages_s[0]; i++) {
    stand.flow.server_time_ms = snt_clock_wall_ms() + ages_s[i] * 1000;
    stand.flow.server_boot_ms = snt_clock_boot_ms();
    assert_true(is_found(&stand, name, 3600) == (has_keyring && ages_s[i] < 2700));
  }
  end_kept(&stand, name);
}

/* What its owner vouches for, and no sentinel of this version has written. */
static void an_entry_of_another_shape_is_not_a_session(void **state) {
  (void)state;
  static const struct {
    const char *words, *end, *token;
    bool is_found;
  } rows[] = {{"a1b2c3d4e5f60718 c d ", " 0\n", ",\"session_token\":\"t\"", true},
              {"a1b2c3d4e5f60718 c d ", " 120\n", ",\"session_token\":\"t\"", true},
              {"a1b2c3d4e5f60718 c d ", " -1\n", ",\"session_token\":\"t\"", false},
              {"a1b2c3d4e5f60718 c d ", " 2m\n", ",\"session_token\":\"t\"", false},
              {"a1b2c3d4e5f60718 c d ", "\n", ",\"session_token\":\"t\"", false},
              {"a1b2c3d4e5f60718 c d ", " 0\n", "", false},
              {"a1b2c3d4e5f60718 c d ", " 0\n", ",\"session_token\":1", false},
              {"a1b2c3d4e5f607180 c d ", " 0\n", ",\"session_token\":\"t\"", false},
              {"a1b2c3d4e5f60718 c ", " 0\n", ",\"session_token\":\"t\"", false},
              {" c d ", " 0\n", ",\"session_token\":\"t\"", false},
              {"a1b2c3d4e5f60718 c d ", "", ",\"session_token\":\"t\"", false},
              {"", "", "", false}};
  struct stand stand;
  char name[SNT_CACHE_NAME_CAP];
  begin_kept(&stand, name, 3600);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char text[512];
    SNT_SECRET_AUTO struct snt_secret *value = NULL;
    long long end_ms = (long long)snt_clock_wall_ms() + 3000 * 1000;
    (void)snprintf(text, sizeof text,
                   "%s %s%lld%s{\"access_key_id\":\"ASIAIOSFODNN7EXAMPLE\",\"secret_access_key\":\"x\"%s}",
                   snt_log_chain(stand.flow.log), rows[i].words, end_ms, rows[i].end, rows[i].token);
    assert_ok(snt_secret_new_from(text, strlen(text), &value, NULL));
    snt_cache_write(&stand.flow.cache, SNT_KEYCHAIN_KIND_SESSION, name, value, 60);
    if (is_found(&stand, name, 3600) != (rows[i].is_found && has_keyring)) {
      fail_msg("row %zu", i);
    }
  }
  end_kept(&stand, name);
}

/* Waiting and asking together end before an SDK's minute does. */
static void all_waits_of_a_call_share_one_limit(void **state) {
  (void)state;
  struct snt_flow flow = {0};
  assert_int_equal(snt_flow_left_ms(&flow, 50000), 50000);
  flow.began_at_ms = snt_clock_boot_ms() - 20000;
  assert_in_range(snt_flow_left_ms(&flow, 50000), 1, 30000);
  flow.began_at_ms = snt_clock_boot_ms() - 60000;
  assert_int_equal(snt_flow_left_ms(&flow, 50000), 1);
}

static void a_folder_that_takes_no_file_makes_nobody_wait(void **state) {
  (void)state;
  struct stand stand;
  char config[128];
  char name[SNT_CACHE_NAME_CAP];
  SNT_TURN_AUTO struct snt_turn turn = {.fd = -1};
  (void)snprintf(config, sizeof config, "log: {path: %s/gone/log.jsonl}", folder);
  begin(&stand, config, "a.jsonl");
  assert_ok(snt_flow_name_session(&stand.flow, name, NULL));
  assert_ok(snt_flow_take_turn(&stand.flow, "session", name, &turn, NULL));
  assert_false(turn.is_held);
  end(&stand);
}

static int make_folder(void **state) {
  (void)state;
  has_keyring = snt_kernel_keys_check() == 0;
  (void)snprintf(folder, sizeof folder, "/tmp/snt-flow-XXXXXX");
  return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state) {
  (void)state;
  char command[96];
  (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command); /* NOLINT(cert-env33-c): fixed text */
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(whatever_shapes_a_session_makes_another_name),
                                     cmocka_unit_test(the_region_that_answers_makes_no_other_name),
                                     cmocka_unit_test(a_session_comes_back_as_it_was_kept),
                                     cmocka_unit_test(a_session_is_found_only_within_this_decisions_bounds),
                                     cmocka_unit_test(a_program_gets_a_session_that_has_half_its_life),
                                     cmocka_unit_test(a_code_goes_with_no_session_that_ends_with_a_window),
                                     cmocka_unit_test(a_session_of_another_log_is_not_found),
                                     cmocka_unit_test(a_session_that_is_about_to_end_is_not_found),
                                     cmocka_unit_test(an_entry_of_another_shape_is_not_a_session),
                                     cmocka_unit_test(all_waits_of_a_call_share_one_limit),
                                     cmocka_unit_test(a_folder_that_takes_no_file_makes_nobody_wait)};
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
