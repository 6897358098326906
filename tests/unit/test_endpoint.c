#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/service.h"

static int forget_variables(void **state) {
  (void)state;
  static const char *const names[] = {"AWS_ENDPOINT_URL",
                                      "AWS_ENDPOINT_URL_STS",
                                      "AWS_ENDPOINT_URL_SSM",
                                      "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                                      "AWS_USE_FIPS_ENDPOINT",
                                      "AWS_USE_DUALSTACK_ENDPOINT",
                                      NULL};
  for (const char *const *name = names; *name != NULL; name++) {
    (void)unsetenv(*name);
  }
  return 0;
}

static void odd_regions_are_refused(void **state) {
  (void)state;
  char longer[65];
  memset(longer, 'a', sizeof longer - 1);
  longer[sizeof longer - 1] = '\0';
  const char *const rows[] = {"",        "us",           "US-EAST-1",        "us_east_1",   "us-east-1/",
                              "us east", "us-east-1\n",  "us-east-1.x.",     "us-east-1@x", "us-east-1#",
                              "../x",    "us-east-1:80", "\xc3\xa4\xc3\xa4", longer};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_aws_endpoint endpoint;
    struct snt_err err = {0};
    assert_code(snt_aws_region_check(rows[i], &err), SNT_CODE_USAGE);
    assert_code(snt_aws_endpoint_find("sts", rows[i], NULL, &endpoint, &err), SNT_CODE_BUG);
    assert_string_equal(endpoint.url, "");
  }
  assert_ok(snt_aws_region_check("us-east-1", NULL));
}

static void a_url_that_may_not_be_used_names_where_it_stands(void **state) {
  (void)state;
  static const char *const urls[] = {"sts.example.com",
                                     "http://sts.example.com",
                                     "http://localhost:5000",
                                     "http://128.0.0.1",
                                     "http://127.0.0.1.example.com",
                                     "http://0.0.0.0:5000",
                                     "http://[::2]:5000",
                                     "ftp://127.0.0.1",
                                     "https://user:hunter2@example.com",
                                     "https://example.com/?a=b",
                                     "https://example.com/#x",
                                     "https://",
                                     "https://exa mple.com",
                                     "https://example.com\n"};
  static const char *const variables[] = {"AWS_ENDPOINT_URL_SSM", "AWS_ENDPOINT_URL", NULL};
  for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
    for (size_t v = 0; v < 3; v++) {
      struct snt_aws_endpoint endpoint;
      struct snt_err err = {0};
      assert_int_equal(forget_variables(NULL), 0);
      if (variables[v] != NULL) {
        assert_int_equal(setenv(variables[v], urls[i], 1), 0);
      }
      const char *configured = variables[v] == NULL ? urls[i] : NULL;
      snt_status status = snt_aws_endpoint_find("ssm", "us-east-1", configured, &endpoint, &err);
      const char *place = variables[v] == NULL ? "endpoint_url" : variables[v];
      if (status.code != SNT_CODE_CONFIG_INVALID || strstr(err.message, place) == NULL || endpoint.url[0] != '\0') {
        fail_msg("%s in %s: %s \"%s\"", urls[i], place, snt_code_name(status.code), err.message);
      }
      assert_null(strstr(err.message, "hunter2"));
      assert_non_null(strstr(err.hint, "https://"));
    }
  }
}

static void every_partition_has_its_domain(void **state) {
  (void)state;
  static const struct {
    const char *region, *host;
  } rows[] = {
      {"us-east-1", "sts.us-east-1.amazonaws.com"},
      {"ap-southeast-7", "sts.ap-southeast-7.amazonaws.com"},
      {"cn-north-1", "sts.cn-north-1.amazonaws.com.cn"},
      {"us-gov-west-1", "sts.us-gov-west-1.amazonaws.com"},
      {"us-iso-east-1", "sts.us-iso-east-1.c2s.ic.gov"},
      {"us-isob-east-1", "sts.us-isob-east-1.sc2s.sgov.gov"},
      {"eu-isoe-west-1", "sts.eu-isoe-west-1.cloud.adc-e.uk"},
      {"us-isof-south-1", "sts.us-isof-south-1.csp.hci.ic.gov"},
      {"eusc-de-east-1", "sts.eusc-de-east-1.amazonaws.eu"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_aws_endpoint endpoint;
    assert_ok(snt_aws_endpoint_find("sts", rows[i].region, NULL, &endpoint, NULL));
    assert_string_equal(endpoint.host, rows[i].host);
    assert_string_equal(endpoint.region, rows[i].region);
    assert_string_equal(endpoint.service, "sts");
    assert_int_equal(strncmp(endpoint.url, "https://", 8), 0);
    assert_string_equal(endpoint.url + 8, rows[i].host);
    assert_false(endpoint.is_overridden);
  }
}

static void iam_has_one_endpoint_in_each_partition(void **state) {
  (void)state;
  static const struct {
    const char *region, *host, *signs;
  } rows[] = {
      {"us-east-1", "iam.amazonaws.com", "us-east-1"},
      {"eu-central-1", "iam.amazonaws.com", "us-east-1"},
      {"cn-northwest-1", "iam.cn-north-1.amazonaws.com.cn", "cn-north-1"},
      {"us-gov-east-1", "iam.us-gov.amazonaws.com", "us-gov-west-1"},
      {"us-iso-west-1", "iam.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"},
      {"us-isob-east-1", "iam.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"},
      {"eu-isoe-west-1", "iam.eu-isoe-west-1.cloud.adc-e.uk", "eu-isoe-west-1"},
      {"us-isof-east-1", "iam.us-isof-south-1.csp.hci.ic.gov", "us-isof-south-1"},
      {"eusc-de-east-1", "iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_aws_endpoint endpoint;
    assert_ok(snt_aws_endpoint_find("iam", rows[i].region, NULL, &endpoint, NULL));
    assert_string_equal(endpoint.host, rows[i].host);
    assert_string_equal(endpoint.region, rows[i].signs);
    assert_string_equal(endpoint.url + 8, rows[i].host);
    assert_false(endpoint.is_overridden);
  }
  assert_int_equal(setenv("AWS_ENDPOINT_URL_IAM", "http://127.0.0.1:5/", 1), 0);
  struct snt_aws_endpoint endpoint;
  assert_ok(snt_aws_endpoint_find("iam", "eu-central-1", NULL, &endpoint, NULL));
  assert_int_equal(unsetenv("AWS_ENDPOINT_URL_IAM"), 0);
  assert_string_equal(endpoint.url, "http://127.0.0.1:5");
  assert_string_equal(endpoint.region, "us-east-1");
  assert_true(endpoint.is_overridden);
}

static void the_consoles_sign_in_has_one_endpoint_in_each_partition_that_is_known(void **state) {
  (void)state;
  static const char *const rows[][2] = {{"us-east-1", "https://signin.aws.amazon.com"},
                                        {"eu-central-1", "https://signin.aws.amazon.com"},
                                        {"cn-northwest-1", "https://signin.amazonaws.cn"},
                                        {"us-gov-east-1", "https://signin.amazonaws-us-gov.com"}};
  struct snt_aws_endpoint endpoint;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    assert_ok(snt_aws_endpoint_find("signin", rows[i][0], NULL, &endpoint, NULL));
    assert_string_equal(endpoint.url, rows[i][1]);
    assert_string_equal(endpoint.region, rows[i][0]);
    assert_false(endpoint.is_overridden);
  }
  assert_int_equal(setenv("AWS_ENDPOINT_URL_SIGNIN", "http://127.0.0.1:5/", 1), 0);
  assert_ok(snt_aws_endpoint_find("signin", "eu-central-1", NULL, &endpoint, NULL));
  assert_int_equal(unsetenv("AWS_ENDPOINT_URL_SIGNIN"), 0);
  assert_string_equal(endpoint.url, "http://127.0.0.1:5");
  assert_true(endpoint.is_overridden);
}

struct row {
  const char *of_service, *of_all, *configured, *ignores, *url;
  bool is_overridden;
};

static void check_row(const struct row *row) {
  assert_int_equal(forget_variables(NULL), 0);
  if (row->of_service != NULL) {
    assert_int_equal(setenv("AWS_ENDPOINT_URL_SSM", row->of_service, 1), 0);
  }
  if (row->of_all != NULL) {
    assert_int_equal(setenv("AWS_ENDPOINT_URL", row->of_all, 1), 0);
  }
  if (row->ignores != NULL) {
    assert_int_equal(setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", row->ignores, 1), 0);
  }
  struct snt_aws_endpoint endpoint;
  assert_ok(snt_aws_endpoint_find("ssm", "us-east-1", row->configured, &endpoint, NULL));
  assert_string_equal(endpoint.url, row->url);
  assert_int_equal(endpoint.is_overridden, row->is_overridden);
  assert_string_equal(endpoint.named_by, !row->is_overridden       ? ""
                                         : row->of_service != NULL ? "AWS_ENDPOINT_URL_SSM"
                                         : row->of_all != NULL     ? "AWS_ENDPOINT_URL"
                                                                   : "endpoint_url of the profile");
}

static void the_nearest_setting_wins(void **state) {
  (void)state;
  static const char own[] = "https://ssm.us-east-1.amazonaws.com";
  static const struct row rows[] = {
      {"https://a.example", "https://b.example", "https://c.example", NULL, "https://a.example", true},
      {NULL, "https://b.example", "https://c.example", NULL, "https://b.example", true},
      {NULL, NULL, "https://c.example", NULL, "https://c.example", true},
      {"", "", "", NULL, own, false},
      {"https://a.example", "https://b.example", "https://c.example", "true", own, false},
      {"https://a.example", NULL, NULL, "TRUE", own, false},
      {"https://a.example", NULL, NULL, "false", "https://a.example", true},
      {"http://127.0.0.1:5000/", NULL, NULL, NULL, "http://127.0.0.1:5000", true},
      {"http://127.1.2.3", NULL, NULL, NULL, "http://127.1.2.3", true},
      {"http://[::1]:5000", NULL, NULL, NULL, "http://[::1]:5000", true},
      {"https://localhost:5000/x/y//", NULL, NULL, NULL, "https://localhost:5000/x/y", true},
      {"https://SSM.us-east-1.amazonaws.com:443/", NULL, NULL, NULL, own, false},
      {"https://ssm.us-east-1.amazonaws.com:444/", NULL, NULL, NULL, "https://ssm.us-east-1.amazonaws.com:444", true},
      {"https://ssm.us-east-1.amazonaws.com/x", NULL, NULL, NULL, "https://ssm.us-east-1.amazonaws.com/x", true},
      {"https://ssm.us-west-2.amazonaws.com", NULL, NULL, NULL, "https://ssm.us-west-2.amazonaws.com", true},
      {"https://x.execute-api.us-east-1.amazonaws.com", NULL, NULL, NULL,
       "https://x.execute-api.us-east-1.amazonaws.com", true},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    check_row(&rows[i]);
  }
}

static void a_variable_of_one_service_is_not_for_the_other(void **state) {
  (void)state;
  assert_int_equal(setenv("AWS_ENDPOINT_URL_SSM", "https://a.example", 1), 0);
  struct snt_aws_endpoint endpoint;
  assert_ok(snt_aws_endpoint_find("sts", "us-east-1", NULL, &endpoint, NULL));
  assert_string_equal(endpoint.url, "https://sts.us-east-1.amazonaws.com");
}

#define FIPS "AWS_USE_FIPS_ENDPOINT"
#define DUAL_STACK "AWS_USE_DUALSTACK_ENDPOINT"

static void fips_and_dual_stack_have_hosts_of_their_own(void **state) {
  (void)state;
  static const struct {
    const char *service, *region, *hosts[3]; /* FIPS, dual stack, both */
  } rows[] = {
      {"sts", "us-east-1", {"sts-fips.us-east-1.amazonaws.com", "sts.us-east-1.api.aws", "sts-fips.us-east-1.api.aws"}},
      {"ssm",
       "us-gov-west-1",
       {"ssm.us-gov-west-1.amazonaws.com", "ssm.us-gov-west-1.api.aws", "ssm-fips.us-gov-west-1.api.aws"}},
      {"kms",
       "cn-north-1",
       {"kms-fips.cn-north-1.amazonaws.com.cn", "kms.cn-north-1.api.amazonwebservices.com.cn",
        "kms-fips.cn-north-1.api.amazonwebservices.com.cn"}},
      {"sso",
       "eu-west-1",
       {"portal.sso-fips.eu-west-1.amazonaws.com", "portal.sso.eu-west-1.api.aws",
        "portal.sso-fips.eu-west-1.api.aws"}},
      {"sso_oidc",
       "eu-west-1",
       {"oidc-fips.eu-west-1.amazonaws.com", "oidc.eu-west-1.api.aws", "oidc-fips.eu-west-1.api.aws"}},
      {"sts",
       "eusc-de-east-1",
       {"sts-fips.eusc-de-east-1.amazonaws.eu", "sts.eusc-de-east-1.api.amazonwebservices.eu",
        "sts-fips.eusc-de-east-1.api.amazonwebservices.eu"}},
      {"iam", "eu-west-1", {"iam-fips.amazonaws.com", "iam.global.api.aws", "iam-fips.global.api.aws"}},
      {"iam", "us-gov-east-1", {"iam.us-gov.amazonaws.com", "iam.us-gov.api.aws", "iam.us-gov.api.aws"}},
      {"iam", "us-iso-east-1", {"iam-fips.us-iso-east-1.c2s.ic.gov", "iam.api.aws.ic.gov", "iam-fips.api.aws.ic.gov"}},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    for (unsigned variant = 1; variant <= 3; variant++) {
      struct snt_aws_endpoint endpoint;
      assert_int_equal(setenv(FIPS, (variant & 1) != 0 ? "true" : "", 1), 0);
      assert_int_equal(setenv(DUAL_STACK, (variant & 2) != 0 ? "True" : "false", 1), 0);
      assert_ok(snt_aws_endpoint_find(rows[i].service, rows[i].region, NULL, &endpoint, NULL));
      assert_string_equal(endpoint.host, rows[i].hosts[variant - 1]);
      assert_string_equal(endpoint.url + strlen("https://"), endpoint.host);
      assert_false(endpoint.is_overridden);
    }
  }
}

static void fips_is_not_guessed_at_and_goes_with_no_other_endpoint(void **state) {
  (void)state;
  struct snt_aws_endpoint endpoint;
  struct snt_err err = {0};
  assert_int_equal(setenv(FIPS, "yes", 1), 0);
  assert_code(snt_aws_endpoint_find("sts", "us-east-1", NULL, &endpoint, &err), SNT_CODE_CONFIG_INVALID);
  assert_non_null(strstr(err.message, FIPS));
  assert_int_equal(setenv(FIPS, "true", 1), 0);
  assert_code(snt_aws_endpoint_find("sts", "us-east-1", "https://a.example", &endpoint, &err), SNT_CODE_CONFIG_INVALID);
  assert_non_null(strstr(err.message, "endpoint_url of the profile"));
  assert_ok(snt_aws_endpoint_find("sts", "us-east-1", "https://sts-fips.us-east-1.amazonaws.com", &endpoint, &err));
  assert_int_equal(setenv(FIPS, "false", 1), 0);
  assert_ok(snt_aws_endpoint_find("sts", "us-east-1", "https://a.example", &endpoint, &err));
}

static void a_profile_says_where_its_services_are(void **state) {
  (void)state;
  static const struct {
    const char *text, *fips, *service, *url, *named_by;
  } rows[] = {
      {"use_fips_endpoint = true\n", NULL, "sts", "https://sts-fips.us-east-1.amazonaws.com", ""},
      {"use_fips_endpoint = true\n", "false", "sts", "https://sts.us-east-1.amazonaws.com", ""},
      {"use_dualstack_endpoint = true\n", NULL, "ssm", "https://ssm.us-east-1.api.aws", ""},
      {"services = x\n[services x]\nsts =\n  endpoint_url = https://own.example\n", NULL, "sts", "https://own.example",
       "endpoint_url of [services x]"},
      {"services = x\n[services x]\nsts =\n  endpoint_url = https://own.example\n", NULL, "ssm", "https://all.example",
       "endpoint_url of the profile"},
      {"services = y\n[services x]\nsts =\n  endpoint_url = https://own.example\n", NULL, "sts", "https://all.example",
       "endpoint_url of the profile"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char text[512];
    struct snt_aws_endpoint endpoint;
    SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config = NULL;
    struct snt_aws_target target = {.profile = "p"};
    assert_int_equal(setenv(FIPS, rows[i].fips == NULL ? "" : rows[i].fips, 1), 0);
    (void)snprintf(text, sizeof text, "[profile p]\n%s", rows[i].text);
    assert_ok(snt_aws_shared_config_parse(text, strlen(text), NULL, 0, &config, NULL));
    target.config = config;
    bool has_url = strncmp(rows[i].text, "services", 8) == 0;
    (void)snprintf(target.endpoint_url, sizeof target.endpoint_url, "%s", has_url ? "https://all.example" : "");
    assert_ok(snt_aws_endpoint_of(&target, rows[i].service, "us-east-1", &endpoint, NULL));
    assert_string_equal(endpoint.url, rows[i].url);
    assert_string_equal(endpoint.named_by, rows[i].named_by);
  }
}

static void a_region_has_its_partition(void **state) {
  (void)state;
  static const struct {
    const char *region, *partition;
  } rows[] = {{"us-east-1", "aws"},
              {"eu-central-1", "aws"},
              {"cn-north-1", "aws-cn"},
              {"us-gov-west-1", "aws-us-gov"},
              {"us-iso-east-1", "aws-iso"},
              {"us-isob-east-1", "aws-iso-b"},
              {"eu-isoe-west-1", "aws-iso-e"},
              {"us-isof-south-1", "aws-iso-f"},
              {"eusc-de-east-1", "aws-eusc"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    assert_string_equal(snt_aws_partition_of(rows[i].region), rows[i].partition);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(odd_regions_are_refused, forget_variables),
      cmocka_unit_test_setup(a_url_that_may_not_be_used_names_where_it_stands, forget_variables),
      cmocka_unit_test_setup(every_partition_has_its_domain, forget_variables),
      cmocka_unit_test(iam_has_one_endpoint_in_each_partition),
      cmocka_unit_test(the_consoles_sign_in_has_one_endpoint_in_each_partition_that_is_known),
      cmocka_unit_test_setup(fips_and_dual_stack_have_hosts_of_their_own, forget_variables),
      cmocka_unit_test_setup(fips_is_not_guessed_at_and_goes_with_no_other_endpoint, forget_variables),
      cmocka_unit_test_setup(a_profile_says_where_its_services_are, forget_variables),
      cmocka_unit_test_setup(a_region_has_its_partition, forget_variables),
      cmocka_unit_test_setup(the_nearest_setting_wins, forget_variables),
      cmocka_unit_test_setup(a_variable_of_one_service_is_not_for_the_other, forget_variables),
  };
  return cmocka_run_group_tests_name("endpoint", tests, NULL, NULL);
}
