/* Sign-ins as ~/.aws/config describes them, and what their files are called. */
#include "check.h"

#include <string.h>

#include "aws/sso_session.h"

static const char CONFIG[] = "[sso-session dev]\n"
                             "sso_region = us-east-1\n"
                             "sso_start_url = https://d-abc123.awsapps.com/start\n"
                             "[sso-session scoped]\n"
                             "sso_region = eu-west-1\n"
                             "sso_start_url = https://scoped.awsapps.com/start#/\n"
                             "sso_registration_scopes = sso:account:access,  a:b ,c\n"
                             "[profile corp]\n"
                             "sso_session = dev\n"
                             "[profile old]\n"
                             "sso_start_url = https://ssotest.awsapps.com/start\n"
                             "sso_region = us-east-2\n"
                             "[profile older]\n"
                             "sso_start_url = https://ssotest.awsapps.com/start/\n"
                             "sso_region = us-east-2\n"
                             "[profile lost]\n"
                             "sso_session = nobody\n"
                             "[profile plain]\n"
                             "region = us-east-1\n";

static struct snt_aws_shared_config *parse(const char *text) {
  struct snt_aws_shared_config *config = NULL;
  assert_ok(snt_aws_shared_config_parse(text, strlen(text), NULL, 0, &config, NULL));
  return config;
}

static void a_session_is_found_by_its_name(void **state) {
  (void)state;
  SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config = parse(CONFIG);
  struct snt_sso_session session;
  assert_ok(snt_sso_session_find(config, "dev", &session, NULL));
  assert_string_equal(session.name, "dev");
  assert_string_equal(session.wanted, "dev");
  assert_false(session.is_legacy);
  assert_string_equal(session.start_url, "https://d-abc123.awsapps.com/start");
  assert_string_equal(session.region, "us-east-1");
  assert_string_equal(session.scopes, "sso:account:access");
  assert_string_equal(session.file, "34c6fceca75e456f25e7e99531e2425c6c1de443.json");
  assert_ok(snt_sso_session_of_profile(config, "corp", &session, NULL));
  assert_string_equal(session.wanted, "dev");
}

static void a_profile_may_have_its_own(void **state) {
  (void)state;
  SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config = parse(CONFIG);
  struct snt_sso_session session;
  assert_ok(snt_sso_session_of_profile(config, "old", &session, NULL));
  assert_true(session.is_legacy);
  assert_string_equal(session.name, "ssotest.awsapps.com/start");
  assert_string_equal(session.wanted, "old");
  assert_string_equal(session.file, "dace00cba5f8355ec9d274ceb2bcebdfbeed0e12.json");
  assert_ok(snt_sso_session_of_profile(config, "older", &session, NULL));
  assert_string_equal(session.name, "ssotest.awsapps.com/start");
}

static void scopes_are_separated_by_one_blank(void **state) {
  (void)state;
  SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config = parse(CONFIG);
  struct snt_sso_session session;
  assert_ok(snt_sso_session_find(config, "scoped", &session, NULL));
  assert_string_equal(session.scopes, "sso:account:access a:b c");
  assert_string_equal(session.start_url, "https://scoped.awsapps.com/start#/");
}

static void all_are_counted(void **state) {
  (void)state;
  static const char *const names[] = {"dev", "scoped", "old", "older"};
  SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config = parse(CONFIG);
  struct snt_sso_session session;
  snt_status status = {0};
  for (size_t i = 0; i < 4; i++) {
    assert_true(snt_sso_session_at(config, i, &session, &status, NULL));
    assert_ok(status);
    assert_string_equal(session.wanted, names[i]);
  }
  assert_false(snt_sso_session_at(config, 4, &session, &status, NULL));
}

static void what_is_not_there_or_cannot_be_is_told(void **state) {
  (void)state;
  static const struct {
    const char *text, *profile, *told;
  } rows[] = {
      {CONFIG, "lost", "profile \"lost\": there is no sso-session \"nobody\""},
      {CONFIG, "plain", "does not sign in"},
      {"[profile p]\nsso_region = us-east-1\n", "p", "profile \"p\": sso_start_url is missing"},
      {"[profile p]\nsso_start_url = https://a.b/start\n", "p", "profile \"p\": sso_region is missing"},
      {"[profile p]\nsso_start_url = http://a.b/start\nsso_region = us-east-1\n", "p", "is not an https URL"},
      {"[profile p]\nsso_start_url = a.b/start\nsso_region = us-east-1\n", "p", "is not an https URL"},
      {"[profile p]\nsso_start_url = https://a.b/start\nsso_region = US/EAST\n", "p", "is not the name of a region"},
      {"[sso-session a..b]\nsso_start_url = https://a.b/start\nsso_region = us-east-1\n[profile p]\nsso_session = "
       "a..b\n",
       "p", "cannot be a name"},
      {"[sso-session s]\nsso_start_url = https://a.b/start\nsso_region = us-east-1\nsso_registration_scopes = "
       "a\"b\n[profile p]\nsso_session = s\n",
       "p", "holds what no scope holds"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config = parse(rows[i].text);
    struct snt_sso_session session;
    struct snt_err err = {0};
    assert_code(snt_sso_session_of_profile(config, rows[i].profile, &session, &err), SNT_CODE_PROFILE_INVALID);
    if (strstr(err.message, rows[i].told) == NULL) {
      fail_msg("%zu: %s", i, err.message);
    }
    assert_string_equal(session.start_url, "");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_session_is_found_by_its_name),         cmocka_unit_test(a_profile_may_have_its_own),
      cmocka_unit_test(scopes_are_separated_by_one_blank),      cmocka_unit_test(all_are_counted),
      cmocka_unit_test(what_is_not_there_or_cannot_be_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
