/* Sources of base credentials, up to the network: what a machine says of where its keys are, and what is made of the
 * answers of metadata hosts. The network is refused here: specs have one. */
#include "aws_answer.h"

#include <stdlib.h>

#include "aws/metadata.h"
#include "base/clock.h"

#define SENT "token-that-is-sent"

static struct snt_aws_shared_config *config;
static struct snt_aws_target target;
static int opened;

static snt_status pass_client(void *context, struct snt_http_client **out, struct snt_err *err) {
  (void)context, (void)err;
  *out = NULL;
  return snt_done();
}

static snt_status open_client(void *context, struct snt_http_client **out, struct snt_err *err) {
  (void)context;
  *out = NULL;
  opened++;
  return snt_fail(err, SNT_CODE_BUG, "the network is opened");
}

static bool is_locked; /* what is not AWS's own is refused */

static snt_status check_endpoint(void *context, const struct snt_aws_endpoint *endpoint, struct snt_err *err) {
  (void)context;
  bool is_refused = (is_locked && endpoint->is_overridden) || strcmp(endpoint->region, "us-west-1") == 0;
  return is_refused ? snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s is locked", endpoint->host) : snt_done();
}

static struct snt_aws_search search_of(const char *text) {
  snt_aws_shared_config_free(&config);
  assert_ok(snt_aws_shared_config_parse(text, strlen(text), NULL, 0, &config, NULL));
  target = (struct snt_aws_target){.config = config, .profile = "dev", .source_profile = "corp"};
  opened = 0;
  return (struct snt_aws_search){
      .target = &target, .region = "", .open_client = open_client, .check_endpoint = check_endpoint};
}

static const char *const VARIABLES[] = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                                        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                                        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                                        "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                                        "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                                        "AWS_EC2_METADATA_DISABLED",
                                        "AWS_WEB_IDENTITY_TOKEN_FILE",
                                        "AWS_ROLE_ARN",
                                        "AWS_ROLE_SESSION_NAME",
                                        "SENTINEL_CREDENTIAL_PROCESS"};

static int forget(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof VARIABLES / sizeof VARIABLES[0]; i++) {
    assert_int_equal(unsetenv(VARIABLES[i]), 0);
  }
  snt_aws_shared_config_free(&config);
  return 0;
}

/* One source's failure, and whether the network was opened. BUG: it would have asked. */
static void assert_fails(snt_status status, const struct snt_aws_credentials *out, const struct snt_err *err,
                         enum snt_code code, const char *text) {
  if (status.code != code || strstr(err->message, text) == NULL || err->code != code) {
    fail_msg("%s: %s, instead of %s: %s", snt_code_name(status.code), err->message, snt_code_name(code), text);
  }
  assert_null(out->secret_key);
  assert_int_equal(opened, code == SNT_CODE_BUG ? 1 : 0);
}

static void containers_are_asked_where_they_may_be(void **state) {
  (void)state;
  static const struct {
    const char *relative, *full;
    enum snt_code code;
    const char *text;
  } rows[] = {
      {NULL, NULL, SNT_CODE_NO_CREDENTIALS, "neither"},
      {"", "", SNT_CODE_NO_CREDENTIALS, "neither"},
      {"v2/x", NULL, SNT_CODE_CONFIG_INVALID, "RELATIVE_URI"},
      {"@evil.example/", NULL, SNT_CODE_CONFIG_INVALID, "RELATIVE_URI"},
      {"/a b", NULL, SNT_CODE_CONFIG_INVALID, "RELATIVE_URI"},
      {"/v2/x?y=z", "http://10.0.0.1/", SNT_CODE_BUG, "RELATIVE_URI"},
      {NULL, "http://10.0.0.1/", SNT_CODE_CONFIG_INVALID, "plain http to 10.0.0.1"},
      {NULL, "http://host.docker.internal/", SNT_CODE_CONFIG_INVALID, "plain http"},
      {NULL, "http://169.254.170.2.example.com/", SNT_CODE_CONFIG_INVALID, "plain http"},
      {NULL, "http://169.254.170.2@example.com/", SNT_CODE_CONFIG_INVALID, "FULL_URI"},
      {NULL, "http://127.0.0.1", SNT_CODE_BUG, "FULL_URI"},
      {NULL, "http://localhost:1/x", SNT_CODE_BUG, "FULL_URI"},
      {NULL, "http://[fd00:ec2::23]/v1/credentials", SNT_CODE_BUG, "FULL_URI"},
      {NULL, "https://keys.example.com/x?y", SNT_CODE_BUG, "FULL_URI"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_aws_search search = search_of("");
    struct snt_aws_credentials out = {0};
    struct snt_err err = {0};
    (void)forget(NULL);
    if (rows[i].relative != NULL) {
      (void)setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", rows[i].relative, 1);
    }
    if (rows[i].full != NULL) {
      (void)setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", rows[i].full, 1);
    }
    assert_fails(snt_aws_source_container(&search, &out, &err), &out, &err, rows[i].code, rows[i].text);
    assert_false(snt_ok(snt_aws_source_container(&search, &out, NULL)));
  }
}

static void instances_are_asked_where_they_may_be(void **state) {
  (void)state;
  static const struct {
    const char *config, *variable, *value;
    enum snt_code code;
    const char *text;
  } rows[] = {
      {"", NULL, NULL, SNT_CODE_BUG, ""},
      {"", "AWS_EC2_METADATA_DISABLED", "True", SNT_CODE_NO_CREDENTIALS, "AWS_EC2_METADATA_DISABLED"},
      {"", "AWS_EC2_METADATA_DISABLED", "1", SNT_CODE_BUG, ""},
      {"", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPV6", SNT_CODE_BUG, ""},
      {"", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "6", SNT_CODE_CONFIG_INVALID, "ENDPOINT_MODE"},
      {"", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "169.254.169.254", SNT_CODE_CONFIG_INVALID, "SERVICE_ENDPOINT"},
      {"", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://10.0.0.1", SNT_CODE_CONFIG_INVALID, "plain http to 10.0.0.1"},
      {"", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "https://imds.example.com", SNT_CODE_BUG, ""},
      {"[profile dev]\nec2_metadata_service_endpoint_mode = x\n", NULL, NULL, SNT_CODE_CONFIG_INVALID,
       "ec2_metadata_service_endpoint_mode"},
      {"[profile corp]\nec2_metadata_service_endpoint = http://10.0.0.2\n", NULL, NULL, SNT_CODE_CONFIG_INVALID,
       "plain http to 10.0.0.2"},
      {"[profile corp]\nec2_metadata_service_endpoint = http://10.0.0.2\n", "AWS_EC2_METADATA_SERVICE_ENDPOINT",
       "http://127.0.0.1/", SNT_CODE_BUG, ""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    (void)forget(NULL);
    struct snt_aws_search search = search_of(rows[i].config);
    struct snt_aws_credentials out = {0};
    struct snt_err err = {0};
    if (rows[i].variable != NULL) {
      (void)setenv(rows[i].variable, rows[i].value, 1);
    }
    assert_fails(snt_aws_source_instance(&search, i % 2 == 0, &out, &err), &out, &err, rows[i].code, rows[i].text);
    assert_false(snt_ok(snt_aws_source_instance(&search, false, &out, NULL)));
  }
}

/* Nothing is asked of another host, whatever the machine says: the client is none. */
static void other_hosts_are_refused_where_endpoints_are_locked(void **state) {
  (void)state;
  static const char *const urls[] = {"http://127.0.0.1:9/", "http://localhost:9/", "https://keys.example.com/",
                                     "https://169.254.169.254.example.com/"};
  is_locked = true;
  for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
    struct snt_aws_search search = search_of("");
    struct snt_aws_credentials out = {0};
    struct snt_err err = {0};
    search.open_client = pass_client;
    (void)setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", urls[i], 1);
    (void)setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", urls[i], 1);
    assert_fails(snt_aws_source_container(&search, &out, &err), &out, &err, SNT_CODE_CONFIG_INVALID, "is locked");
    assert_fails(snt_aws_source_instance(&search, false, &out, &err), &out, &err, SNT_CODE_CONFIG_INVALID, "is locked");
  }
  is_locked = false;
}

static void metadata_of_aws_s_own_is_no_other_endpoint(void **state) {
  (void)state;
  static const char *const urls[] = {"http://169.254.170.2/", "http://169.254.170.23/v1", "http://[fd00:ec2::23]/v1"};
  is_locked = true;
  for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
    struct snt_aws_search search = search_of("");
    struct snt_aws_credentials out = {0};
    struct snt_err err = {0};
    search.open_client = pass_client;
    (void)setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", urls[i], 1);
    (void)setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/nowhere/token", 1); /* what is read next */
    assert_fails(snt_aws_source_container(&search, &out, &err), &out, &err, SNT_CODE_CONFIG_INVALID, "/nowhere/token");
  }
  is_locked = false;
}

static void programs_are_run_of_other_profiles_only(void **state) {
  (void)state;
  static const struct {
    const char *profile, *line, *running;
    enum snt_code code;
    const char *text;
  } rows[] = {
      {"dev", "/bin/echo {}", NULL, SNT_CODE_NO_CREDENTIALS, "is not run"},
      {"other", "/bin/echo {}", NULL, SNT_CODE_NO_CREDENTIALS, "\"other\" has no credential_process"},
      {"corp", "'", NULL, SNT_CODE_PROFILE_INVALID, "is not closed"},
      {"corp", "no-such-program", NULL, SNT_CODE_PROFILE_INVALID, "no-such-program"},
      {"corp", "./tool", NULL, SNT_CODE_PROFILE_INVALID, "no absolute path"},
      {"corp", "../bin/echo {}", NULL, SNT_CODE_PROFILE_INVALID, "no absolute path"},
      {"corp", "/bin/echo {}", "corp", SNT_CODE_PROFILE_INVALID, "corp -> corp"},
      {"corp", "/bin/echo {}", "a,corp", SNT_CODE_PROFILE_INVALID, "a -> corp -> corp"},
      {"corp", "/bin/echo {}", "a,b,c,d,e,f,g,h,i", SNT_CODE_PROFILE_INVALID, "h -> i -> corp"},
      {"corp", "/bin/echo {}", "a,b,c,d,e,f,g,h", SNT_CODE_ANSWER_INVALID, "Version"},
      {"corp", "/bin/false", NULL, SNT_CODE_NO_CREDENTIALS, "ended with status 1"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    (void)forget(NULL);
    char text[256];
    (void)snprintf(text, sizeof text,
                   "[profile dev]\ncredential_process = %s\n[profile corp]\ncredential_process = %s\n", rows[i].line,
                   rows[i].line);
    struct snt_aws_search search = search_of(text);
    struct snt_aws_credentials out = {0};
    struct snt_err err = {0};
    if (rows[i].running != NULL) {
      (void)setenv("SENTINEL_CREDENTIAL_PROCESS", rows[i].running, 1);
    }
    assert_fails(snt_aws_source_process(&search, rows[i].profile, &out, &err), &out, &err, rows[i].code, rows[i].text);
  }
}

static void web_identities_need_a_token_a_role_and_a_region(void **state) {
  (void)state;
  static const struct {
    const char *profile, *config;
    enum snt_code code;
    const char *text;
  } rows[] = {
      {NULL, "", SNT_CODE_NO_CREDENTIALS, "the environment names no web identity token"},
      {"ci", "[profile ci]\nrole_arn = x\n", SNT_CODE_NO_CREDENTIALS, "\"ci\" names no web identity token"},
      {"ci", "[profile ci]\nweb_identity_token_file = /nowhere\n", SNT_CODE_PROFILE_INVALID, "no role"},
      {"ci", "[profile ci]\nrole_arn = x\nweb_identity_token_file = /nowhere/token\n", SNT_CODE_NO_CREDENTIALS,
       "/nowhere/token"},
      {"ci", "[profile ci]\nrole_arn = x\nweb_identity_token_file = /proc/sys/kernel/ostype\n", SNT_CODE_CONFIG_INVALID,
       "no region"},
      {"ci", "[profile ci]\nrole_arn = x\nregion = us-west-1\nweb_identity_token_file = /proc/sys/kernel/ostype\n",
       SNT_CODE_CONFIG_INVALID, "sts.us-west-1.amazonaws.com is locked"},
      {"ci", "[profile ci]\nrole_arn = x\nregion = us-west-2\nweb_identity_token_file = /proc/sys/kernel/ostype\n",
       SNT_CODE_BUG, ""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    (void)forget(NULL);
    struct snt_aws_search search = search_of(rows[i].config);
    struct snt_aws_credentials out = {0};
    struct snt_err err = {0};
    assert_fails(snt_aws_source_web_identity(&search, rows[i].profile, &out, &err), &out, &err, rows[i].code,
                 rows[i].text);
  }
}

static struct snt_aws_metadata host = {.place = "169.254.169.254"};

static void set_body(struct snt_http_response *response, const void *data, size_t len) {
  snt_http_response_clear(response);
  response->http_status = 403;
  assert_ok(snt_secret_new_from(data, len, &response->body, NULL));
}

static void a_line_is_the_first_one(void **state) {
  (void)state;
  static const struct {
    const char *body, *line;
  } rows[] = {
      {"role", "role"},         {"role\n", "role"}, {"role \t\r\nother", "role"},
      {"12345678", "12345678"}, {"", NULL},         {"\nrole", NULL},
      {" role", NULL},          {"a b", NULL},      {"123456789", NULL},
      {"r\xc3\xb6le", NULL},    {"role\x7f", NULL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_CLEANUP(snt_http_response_clear) struct snt_http_response response = {0};
    struct snt_slice line = {NULL, 7};
    struct snt_err err = {0};
    set_body(&response, rows[i].body, strlen(rows[i].body));
    snt_status status = snt_aws_metadata_line(&host, &response, "the role's name", 8, &line, &err);
    if (rows[i].line == NULL ? status.code != SNT_CODE_ANSWER_INVALID || strstr(err.message, "the role's name") == NULL
                             : !snt_ok(status) || !snt_slice_is(line, rows[i].line)) {
      fail_msg("%s: %s", rows[i].body, err.message);
    }
  }
}

static void a_refusal_tells_what_can_be_shown(void **state) {
  (void)state;
  static const struct {
    const char *body, *text;
  } rows[] = {
      {"{'code':'Denied','message':'not you'}", "169.254.169.254 answered HTTP 403, Denied: not you"},
      {"{'Code':'Denied','Message':'not you'}", "169.254.169.254 answered HTTP 403, Denied: not you"},
      {"{'Message':'not you'}", "169.254.169.254 answered HTTP 403: not you"},
      {"{'code':7,'message':'a\\nb'}", "169.254.169.254 answered HTTP 403"},
      {"{'code':'Denied','message':'not with " SENT "'}", "169.254.169.254 answered HTTP 403, Denied"},
      {"<html>", "169.254.169.254 answered HTTP 403"},
      {"", "169.254.169.254 answered HTTP 403"},
      {"['code']", "169.254.169.254 answered HTTP 403"},
  };
  SNT_SECRET_AUTO struct snt_secret *token = NULL;
  assert_ok(snt_secret_new_from(SENT, strlen(SENT), &token, NULL));
  struct snt_aws_metadata asked = {.place = host.place, .token = token};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_CLEANUP(snt_http_response_clear) struct snt_http_response response = {0};
    struct snt_err err = {0};
    const char *json = json_of(rows[i].body);
    set_body(&response, json, strlen(json));
    assert_code(snt_aws_metadata_refuse(&asked, &response, &err), SNT_CODE_AWS_REFUSED);
    assert_string_equal(err.message, rows[i].text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(containers_are_asked_where_they_may_be, forget, forget),
      cmocka_unit_test_setup_teardown(instances_are_asked_where_they_may_be, forget, forget),
      cmocka_unit_test_setup_teardown(other_hosts_are_refused_where_endpoints_are_locked, forget, forget),
      cmocka_unit_test_setup_teardown(metadata_of_aws_s_own_is_no_other_endpoint, forget, forget),
      cmocka_unit_test_setup_teardown(programs_are_run_of_other_profiles_only, forget, forget),
      cmocka_unit_test_setup_teardown(web_identities_need_a_token_a_role_and_a_region, forget, forget),
      cmocka_unit_test(a_line_is_the_first_one),
      cmocka_unit_test(a_refusal_tells_what_can_be_shown),
  };
  return cmocka_run_group_tests_name("sources", tests, NULL, NULL);
}
