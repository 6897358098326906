/* TLS against `openssl s_server`. */
#include "check.h"

#include "http_server.h"
#include "tls_server.h"

#include "base/file.h"
#include "net/http.h"
#include "net/net.h"

/* A system that would accept the old versions: without it OpenSSL refuses them by itself, and our own setting would be
 * tested by nothing. */
static void loosen_openssl(void) {
  static const char lax[] = "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n"
                            "MinProtocol = TLSv1\nCipherString = ALL:@SECLEVEL=0\n";
  char path[64];
  (void)snprintf(path, sizeof path, "%s/lax.cnf", folder);
  assert_ok(snt_file_replace(path, lax, sizeof lax - 1, 0600, NULL));
  assert_int_equal(setenv("OPENSSL_CONF", path, 1), 0);
}

static int make_certificates(void **state) {
  (void)state;
  if (!make_authority()) {
    return 0;
  }
  assert_true(run("openssl req -x509 -newkey rsa:2048 -nodes -keyout b.key -subj '/CN=other CA' -days 1 -out b.pem"));
  assert_true(make_leaf("good", "IP:127.0.0.1"));
  assert_true(make_leaf("named", "DNS:other.example"));
  assert_true(run("mkdir hashed empty && cp ca.pem hashed && openssl rehash hashed && ls hashed/*.0"));
  loosen_openssl();
  return 0;
}

/* Through the module, because the system's own folder is not ours to change. */
static void ask_tls(const struct snt_net_trust *trust, int port, struct snt_http_response *response) {
  const struct snt_net *net = NULL;
  void *opened = NULL;
  char url[64], host[32];
  (void)snprintf(host, sizeof host, "127.0.0.1:%d", port);
  (void)snprintf(url, sizeof url, "https://%s/", host);
  assert_ok(snt_net_load(&net, NULL));
  assert_ok(net->open(trust, &opened, NULL));
  /* Below valgrind the first handshake of a process takes longer than a connection may. */
  struct snt_http_request request = {.method = "GET", .url = url, .connect_timeout_ms = 30000, .timeout_ms = 30000};
  struct snt_net_call call = {.request = &request, .scheme = "https", .host = host, .proxy = "", .response = response};
  memset(response, 0, sizeof *response);
  assert_ok(net->perform(opened, &call, 1, NULL));
  net->close(&opened);
  assert_null(opened);
}

static void only_a_trusted_certificate_for_this_host_is_accepted(void **state) {
  (void)state;
  static const struct {
    const char *leaf, *version, *trusted_folder, *bundle, *text, *hint;
  } rows[] = {
      {"good", "-tls1_2", NULL, "ca.pem", NULL, NULL},
      {"good", "-tls1_3", NULL, "ca.pem", NULL, NULL},
      {"good", "-tls1_3", "hashed", NULL, NULL, NULL},
      {"good", "-tls1_3", "empty", NULL, "not trusted", "AWS_CA_BUNDLE"},
      {"good", "-tls1_3", NULL, "b.pem", "not trusted", "b.pem"},
      {"good", "-tls1_3", NULL, "missing.pem", "cannot be read", "missing.pem"},
      {"good", "-tls1_3", NULL, "ca.key", "cannot be read", "ca.key"},
      {"named", "-tls1_3", NULL, "ca.pem", "not trusted", "AWS_CA_BUNDLE"},
      {"b", "-tls1_3", NULL, "ca.pem", "not trusted", "AWS_CA_BUNDLE"},
      {"good", "-tls1_1", NULL, "ca.pem", "TLS 1.2", NULL},
      {"good", "-tls1", NULL, "ca.pem", "TLS 1.2", NULL},
  };
  for (size_t i = 0; has_openssl && i < sizeof rows / sizeof rows[0]; i++) {
    char path[128];
    bool is_folder = rows[i].trusted_folder != NULL;
    (void)snprintf(path, sizeof path, "%s/%s", folder, is_folder ? rows[i].trusted_folder : rows[i].bundle);
    struct snt_net_trust trust = {.folder = is_folder ? path : NULL, .bundle = is_folder ? NULL : path};
    int port = 0;
    pid_t pid = start_tls(rows[i].leaf, rows[i].version, "-www", &port);
    struct snt_http_response response;
    ask_tls(&trust, port, &response);
    stop_tls(pid);
    bool is_good = rows[i].text == NULL;
    if (snt_ok(response.status) != is_good || (!is_good && strstr(response.err.message, rows[i].text) == NULL)) {
      fail_msg("row %zu: %s", i, response.err.message);
    }
    assert_int_equal(response.http_status, is_good ? 200 : 0);
    assert_true(rows[i].hint == NULL || strstr(response.err.hint, rows[i].hint) != NULL);
    assert_true(is_good || response.status.code == SNT_CODE_NETWORK);
    assert_true(!is_good || strcmp(response.content_type, "text/html") == 0);
    snt_http_response_clear(&response);
  }
}

static void a_bundle_of_the_environment_reaches_the_module(void **state) {
  (void)state;
  char path[128], url[64];
  (void)snprintf(path, sizeof path, "%s/ca.pem", folder);
  for (int with = 0; has_openssl && with < 2; with++) {
    int port = 0;
    pid_t pid = start_tls("good", "-tls1_3", "-www", &port);
    (void)snprintf(url, sizeof url, "https://127.0.0.1:%d/", port);
    SNT_HTTP_CLIENT_AUTO struct snt_http_client *client = NULL;
    assert_ok(snt_http_client_open(&(struct snt_http_options){.ca_bundle = with ? path : NULL}, &client, NULL));
    struct snt_http_request request = {.method = "GET", .url = url};
    struct snt_http_response response;
    assert_ok(snt_http_perform(client, &request, &response, 1, NULL));
    assert_int_equal(response.status.code, with ? SNT_CODE_OK : SNT_CODE_NETWORK);
    snt_http_response_clear(&response);
    stop_tls(pid);
  }
}

/* Allows the first socket only: a name that resolves elsewhere the second time. */
static int sockets;

static bool allow_first(const struct sockaddr *address, bool allows_private) {
  assert_int_equal(address->sa_family, AF_INET);
  assert_true(allows_private);
  return sockets++ == 0;
}

static void a_route_is_asked_about_every_socket(void **state) {
  (void)state;
  char path[128], url[64], connect_to[64];
  int port = 0;
  if (!has_openssl) {
    return;
  }
  (void)snprintf(path, sizeof path, "%s/ca.pem", folder);
  pid_t pid = start_tls("good", "-tls1_3", "-www", &port);
  (void)snprintf(url, sizeof url, "https://127.0.0.1:%d/", port);
  (void)snprintf(connect_to, sizeof connect_to, "::127.0.0.1:%d", port);
  (void)setenv("HTTPS_PROXY", "http://127.0.0.1:1", 1);
  SNT_HTTP_CLIENT_AUTO struct snt_http_client *client = NULL;
  assert_ok(snt_http_client_open(&(struct snt_http_options){.ca_bundle = path}, &client, NULL));
  struct snt_http_route route = {.may_connect = allow_first, .allows_private = true, .connect_to = connect_to};
  struct snt_http_request request = {.method = "GET", .url = url, .is_fresh = true, .route = &route};
  struct snt_http_response response;
  sockets = 0;
  assert_ok(snt_http_perform(client, &request, &response, 1, NULL));
  assert_int_equal(response.status.code, SNT_CODE_ANSWER_INVALID);             /* and no proxy was asked */
  assert_non_null(strstr(response.err.message, "does not say where it ends")); /* nor does s_server */
  snt_http_response_clear(&response);
  assert_ok(snt_http_perform(client, &request, &response, 1, NULL));
  assert_int_equal(response.status.code, SNT_CODE_NETWORK);
  assert_non_null(strstr(response.err.message, "its address is one that may not be asked"));
  assert_int_equal(sockets, 2);
  request.url = "http://127.0.0.1:1/";
  assert_ok(snt_http_perform(client, &request, &response, 1, NULL));
  assert_int_equal(response.status.code, SNT_CODE_CONFIG_INVALID); /* plain http to loopback is for AWS's stand-ins */
  assert_int_equal(sockets, 2);
  (void)unsetenv("HTTPS_PROXY");
  stop_tls(pid);
}

static void plain_text_is_no_tls(void **state) {
  (void)state;
  static const struct server_step step = {SERVER_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n\r\n\r\n", 0};
  struct server server = server_start(&step, 1);
  struct snt_http_response response;
  ask_tls(&(struct snt_net_trust){.folder = "/etc/ssl/certs"}, server.port, &response);
  assert_false(snt_ok(response.status));
  server_stop(&server, NULL, 0);
}

/* What the proxy answers does not matter: that it was asked, for what, and by whom not, does. */
static void https_goes_by_the_proxy_and_plain_http_does_not(void **state) {
  (void)state;
  static const struct server_step refusal = {SERVER_CLOSE, "HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n", 0};
  static const struct server_step answer = {SERVER_KEEP, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0};
  struct server proxy = server_start(&refusal, 1);
  struct server origin = server_start(&answer, 1);
  char text[128], url[64], requests[2048];
  (void)snprintf(text, sizeof text, "http://me:s3cret@127.0.0.1:%d", proxy.port);
  (void)snprintf(url, sizeof url, "http://127.0.0.1:%d/", origin.port);
  (void)setenv("HTTPS_PROXY", text, 1);
  (void)setenv("http_proxy", text, 1);
  SNT_HTTP_CLIENT_AUTO struct snt_http_client *client = NULL;
  assert_ok(snt_http_client_open(&(struct snt_http_options){0}, &client, NULL));
  struct snt_http_request asked[] = {
      {.method = "GET", .url = "https://a.example/", .headers = {{"X-Token", "t0ken"}}, .header_count = 1},
      {.method = "GET", .url = url}};
  struct snt_http_response responses[2];
  assert_ok(snt_http_perform(client, asked, responses, 2, NULL));
  (void)unsetenv("HTTPS_PROXY");
  (void)unsetenv("http_proxy");
  assert_int_equal(responses[0].status.code, SNT_CODE_NETWORK);
  assert_null(strstr(responses[0].err.message, "s3cret"));
  assert_ok(responses[1].status);
  snt_http_response_clear(&responses[1]);
  server_stop(&proxy, requests, sizeof requests);
  server_stop(&origin, NULL, 0);
  assert_non_null(strstr(requests, "CONNECT a.example:443 HTTP/1.1\r\n"));
  assert_non_null(strstr(requests, "Proxy-Authorization: Basic "));
  assert_null(strstr(requests, "t0ken"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(only_a_trusted_certificate_for_this_host_is_accepted),
      cmocka_unit_test(a_bundle_of_the_environment_reaches_the_module),
      cmocka_unit_test(a_route_is_asked_about_every_socket),
      cmocka_unit_test(plain_text_is_no_tls),
      cmocka_unit_test(https_goes_by_the_proxy_and_plain_http_does_not),
  };
  return cmocka_run_group_tests(tests, make_certificates, remove_authority);
}
