#include "check.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "net/http.h"
#include "net/metadata.h"
#include "net/proxy.h"
#include "net/trust.h"

static const char *const VARIABLES[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                        "ALL_PROXY",  "no_proxy",    "NO_PROXY",    NULL};

static int forget_proxies(void **state) {
  (void)state;
  for (const char *const *name = VARIABLES; *name != NULL; name++) {
    (void)unsetenv(*name);
  }
  return 0;
}

static void exceptions_are_libcurl_s(void **state) {
  (void)state;
  static const struct {
    const char *list, *host;
    bool is_excepted;
  } rows[] = {
      {"", "a.example", false},
      {"*", "a.example", true},
      {"*,b", "a.example", false},
      {"*.example", "a.example", false},
      {"example", "a.example", true},
      {".example", "a.example", true},
      {".a.example", "a.example", true},
      {"EXAMPLE", "a.example", true},
      {"example.", "a.example", true},
      {"example", "a.example.", true},
      {"ample", "a.example", false},
      {"b.a.example", "a.example", false},
      {"x, ,example", "a.example", true},
      {"x example", "a.example", true},
      {"x,,example", "a.example", true},
      {".", "a.example", false},
      {"127.0.0.1", "127.0.0.1", true},
      {"0.0.1", "127.0.0.1", false},
      {"10.0.0.0/8", "10.1.2.3", true},
      {"10.0.0.0/8", "11.1.2.3", false},
      {"10.0.0.0/33", "10.1.2.3", false},
      {"10.0.0.0/x", "10.1.2.3", false},
      {"10.128.0.0/9", "10.129.0.1", true},
      {"10.128.0.0/9", "10.127.0.1", false},
      {"0.0.0.0/0", "10.127.0.1", true},
      {"::1", "::1", true},
      {"[::1]", "::1", true},
      {"fd00::/8", "fd12::1", true},
      {"fd00::/8", "fe12::1", false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (snt_proxy_is_excepted(rows[i].list, rows[i].host) != rows[i].is_excepted) {
      fail_msg("\"%s\" and %s", rows[i].list, rows[i].host);
    }
  }
}

static void a_proxy_is_told_without_its_password(void **state) {
  (void)state;
  static const struct {
    const char *variable, *value, *no_proxy, *url;
    enum snt_code code;
    const char *proxy;
  } rows[] = {
      {NULL, NULL, NULL, "https://a.example/", SNT_CODE_OK, ""},
      {"HTTPS_PROXY", "http://p.example:3128", NULL, "https://a.example/x?y", SNT_CODE_OK, "http://p.example:3128"},
      {"https_proxy", "http://p.example:3128/", NULL, "https://a.example/", SNT_CODE_OK, "http://p.example:3128"},
      {"ALL_PROXY", "socks5h://u:s3cret@p.example", NULL, "https://a.example/", SNT_CODE_OK, "socks5h://p.example"},
      {"all_proxy", "p.example:3128", NULL, "https://a.example/", SNT_CODE_OK, "http://p.example:3128"},
      {"HTTPS_PROXY", "http://u:s3cret@p.example:1", NULL, "https://a.example/", SNT_CODE_OK, "http://p.example:1"},
      {"HTTPS_PROXY", "u:s3cret@p.example:1", NULL, "https://a.example/", SNT_CODE_OK, "http://p.example:1"},
      {"HTTPS_PROXY", "http://u:s3@c/r?et@p.example:1", NULL, "https://a.example/", SNT_CODE_OK, "http://p.example:1"},
      {"HTTPS_PROXY", "http://[::1]:1", NULL, "https://a.example/", SNT_CODE_OK, "http://[::1]:1"},
      {"HTTPS_PROXY", "", NULL, "https://a.example/", SNT_CODE_OK, ""},
      {"HTTPS_PROXY", "http://p.example:1", "example", "https://a.example/", SNT_CODE_OK, ""},
      {"HTTPS_PROXY", "http://p.example:1", "b.example", "https://a.example/", SNT_CODE_OK, "http://p.example:1"},
      {"HTTPS_PROXY", "http://p.example:1", "::1", "https://[::1]:8443/", SNT_CODE_OK, ""},
      {"HTTPS_PROXY", "http://p.example:1", NULL, "http://127.0.0.1:1/", SNT_CODE_OK, ""},
      {"http_proxy", "http://p.example:1", NULL, "http://127.0.0.1:1/", SNT_CODE_OK, ""},
      {"HTTPS_PROXY", "ftp://u:s3cret@p.example", NULL, "https://a.example/", SNT_CODE_CONFIG_INVALID, ""},
      {"HTTPS_PROXY", "http://u:s3cret@", NULL, "https://a.example/", SNT_CODE_CONFIG_INVALID, ""},
      {"HTTPS_PROXY", "http://u:s3cret@p example", NULL, "https://a.example/", SNT_CODE_CONFIG_INVALID, ""},
      {"HTTPS_PROXY", "http://p.example:1", NULL, "not a url", SNT_CODE_SYNTAX, ""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    (void)forget_proxies(NULL);
    if (rows[i].variable != NULL) {
      (void)setenv(rows[i].variable, rows[i].value, 1);
    }
    if (rows[i].no_proxy != NULL) {
      (void)setenv("NO_PROXY", rows[i].no_proxy, 1);
    }
    char proxy[64] = "left";
    struct snt_err err = {0};
    assert_code(snt_http_proxy_for(NULL, rows[i].url, proxy, sizeof proxy, &err), rows[i].code);
    assert_string_equal(proxy, rows[i].proxy);
    assert_null(strstr(err.message, "s3cret"));
    assert_null(strstr(err.hint, "s3cret"));
  }
}

static void the_lower_case_variable_wins(void **state) {
  (void)forget_proxies(state);
  (void)setenv("HTTPS_PROXY", "http://upper:1", 1);
  (void)setenv("https_proxy", "http://lower:1", 1);
  (void)setenv("NO_PROXY", "a.example", 1);
  (void)setenv("no_proxy", "b.example", 1);
  char proxy[64];
  assert_ok(snt_http_proxy_for(NULL, "https://a.example/", proxy, sizeof proxy, NULL));
  assert_string_equal(proxy, "http://lower:1");
  assert_ok(snt_http_proxy_for(NULL, "https://b.example/", proxy, sizeof proxy, NULL));
  assert_string_equal(proxy, "");
  assert_code(snt_http_proxy_for(NULL, "https://a.example/", proxy, 5, NULL), SNT_CODE_CONFIG_INVALID);
  assert_string_equal(proxy, "");
}

static const struct {
  const char *host;
  bool is_good;
} METADATA_HOSTS[] = {
    {"169.254.169.254", true},   {"169.254.170.2", true},
    {"169.254.170.23", true},    {"127.0.0.1", true},
    {"127.255.0.3", true},       {"fd00:ec2::254", true},
    {"fd00:ec2:0::23", true},    {"::1", true},
    {"169.254.169.253", false},  {"169.254.169.255", false},
    {"169.254.170.3", false},    {"169.254.0.1", false},
    {"10.0.0.1", false},         {"0.0.0.0", false},
    {"128.0.0.1", false},        {"fd00:ec2::1", false},
    {"fd00:ec3::254", false},    {"::", false},
    {"::ffff:a9fe:a9fe", false},
};

static void metadata_is_asked_at_its_addresses_only(void **state) {
  (void)state;
  const struct snt_http_route *route = snt_metadata_route();
  assert_true(route->is_metadata);
  assert_null(route->connect_to);
  for (size_t i = 0; i < sizeof METADATA_HOSTS / sizeof METADATA_HOSTS[0]; i++) {
    const char *host = METADATA_HOSTS[i].host;
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    bool is_4 = inet_pton(AF_INET, host, &v4.sin_addr) == 1;
    assert_true(is_4 || inet_pton(AF_INET6, host, &v6.sin6_addr) == 1);
    const void *address = is_4 ? (const void *)&v4 : (const void *)&v6;
    if (snt_metadata_host_check(host) != METADATA_HOSTS[i].is_good ||
        route->may_connect(address, true) != METADATA_HOSTS[i].is_good) {
      fail_msg("%s", host);
    }
    bool is_loopback = strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
    assert_int_equal(snt_metadata_host_is_own(host), METADATA_HOSTS[i].is_good && !is_loopback);
  }
  assert_false(snt_metadata_host_is_own("localhost"));
  static const char *const names[] = {"",
                                      "localhost.example.com",
                                      "169.254.169.254.example.com",
                                      "metadata.google.internal",
                                      "2852039166",
                                      "169.254.43518",
                                      "127.1",
                                      "[::1]"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    assert_false(snt_metadata_host_check(names[i]));
  }
  assert_true(snt_metadata_host_check("localhost"));
  const struct sockaddr other = {.sa_family = AF_UNIX};
  assert_false(route->may_connect(&other, true));
}

static void a_hashed_folder_is_preferred_and_a_given_bundle_wins(void **state) {
  (void)state;
  char folder[] = "/tmp/snt-trust-XXXXXX";
  assert_non_null(mkdtemp(folder));
  char bundle[64], missing[64], path[64];
  (void)snprintf(bundle, sizeof bundle, "%s/bundle.pem", folder);
  (void)snprintf(missing, sizeof missing, "%s/missing.pem", folder);
  assert_ok(snt_file_replace(bundle, "x", 1, 0600, NULL));
  const char *const bundles[] = {missing, bundle, NULL};
  const char *const none[] = {missing, NULL};
  static const struct {
    const char *name;
    bool is_hashed;
  } rows[] = {
      {"cert.pem", false}, {"00000000.1", false}, {"0000000g.0", false}, {"000000000.0", false}, {"0123abcd.0", true}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    (void)snprintf(path, sizeof path, "%s/%s", folder, rows[i].name);
    assert_ok(snt_file_replace(path, "x", 1, 0600, NULL));
    struct snt_net_trust trust = snt_trust_choose(NULL, folder, bundles);
    assert_ptr_equal(trust.folder, rows[i].is_hashed ? folder : NULL);
    assert_ptr_equal(trust.bundle, rows[i].is_hashed ? NULL : bundle);
    trust = snt_trust_choose("/my/own.pem", folder, bundles);
    assert_null(trust.folder);
    assert_string_equal(trust.bundle, "/my/own.pem");
    assert_int_equal(unlink(path), 0);
  }
  assert_ptr_equal(snt_trust_choose(NULL, "/nowhere", none).bundle, missing);
  assert_int_equal(unlink(bundle), 0);
  assert_int_equal(rmdir(folder), 0);
}

static void the_ca_source_is_system_or_the_given_bundle(void **state) {
  (void)state;
  SNT_HTTP_CLIENT_AUTO struct snt_http_client *client = NULL;
  assert_ok(snt_http_client_open(&(struct snt_http_options){0}, &client, NULL));
  assert_string_equal(snt_http_ca_source(client), "system");
  snt_http_client_close(&client);
  assert_ok(snt_http_client_open(&(struct snt_http_options){.ca_bundle = "/a.pem"}, &client, NULL));
  assert_string_equal(snt_http_ca_source(client), "/a.pem");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(exceptions_are_libcurl_s, forget_proxies),
      cmocka_unit_test(a_proxy_is_told_without_its_password),
      cmocka_unit_test(the_lower_case_variable_wins),
      cmocka_unit_test(metadata_is_asked_at_its_addresses_only),
      cmocka_unit_test(a_hashed_folder_is_preferred_and_a_given_bundle_wins),
      cmocka_unit_test_setup(the_ca_source_is_system_or_the_given_bundle, forget_proxies),
  };
  return cmocka_run_group_tests(tests, forget_proxies, forget_proxies);
}
