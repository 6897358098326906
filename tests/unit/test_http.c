#include "check.h"

#include <dlfcn.h>
#include <netdb.h>
#include <stdatomic.h>

#include "http_server.h"

#include "base/clock.h"
#include "base/module.h"
#include "net/http.h"
#include "net/metadata.h"

/* Everything a test needs for one client. */
struct fixture {
  struct server server;
  struct snt_http_client *client;
  char url[128];
};

static void begin(struct fixture *fixture, const struct server_step *steps, size_t count) {
  struct snt_err err = {0};
  fixture->server = server_start(steps, count);
  (void)snprintf(fixture->url, sizeof fixture->url, "http://127.0.0.1:%d/path", fixture->server.port);
  if (!snt_ok(snt_http_client_open(&(struct snt_http_options){0}, &fixture->client, &err))) {
    fail_msg("%s", err.message);
  }
}

static void end(struct fixture *fixture, char *requests, size_t cap) {
  snt_http_client_close(&fixture->client);
  assert_null(fixture->client);
  server_stop(&fixture->server, requests, cap);
}

static void ask(struct fixture *fixture, struct snt_http_request request, struct snt_http_response *response) {
  request.method = request.method == NULL ? "GET" : request.method;
  request.url = request.url == NULL ? fixture->url : request.url;
  assert_ok(snt_http_perform(fixture->client, &request, response, 1, NULL));
}

static void expect_error(const struct snt_http_response *response, enum snt_code code, const char *text) {
  if (response->status.code != code || strstr(response->err.message, text) == NULL) {
    fail_msg("%s (%s) instead of %s (%s)", snt_code_name(response->status.code), response->err.message,
             snt_code_name(code), text);
  }
  assert_null(response->body);
  assert_int_equal(response->http_status, 0);
  assert_int_equal(response->date_ms, 0);
  assert_string_equal(response->content_type, "");
}

static void answers_that_are_not_whole_fail_the_call(void **state) {
  (void)state;
  static const struct {
    struct server_step step;
    enum snt_code code;
    const char *text;
    bool is_retryable;
  } rows[] = {
      {{SERVER_CLOSE, "", 0}, SNT_CODE_NETWORK, "without an answer", true},
      {{SERVER_RESET, "", 0}, SNT_CODE_NETWORK, "127.0.0.1", true},
      {{SERVER_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfour", 0},
       SNT_CODE_ANSWER_INVALID,
       "shorter",
       false},
      {{SERVER_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 0}, SNT_CODE_ANSWER_INVALID, "shorter", false},
      {{SERVER_CLOSE, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", 0},
       SNT_CODE_ANSWER_INVALID,
       "shorter",
       false},
      {{SERVER_CLOSE, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", 0},
       SNT_CODE_ANSWER_INVALID,
       "shorter",
       false},
      {{SERVER_CLOSE, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n", 0},
       SNT_CODE_ANSWER_INVALID,
       "127.0.0.1",
       false},
      {{SERVER_CLOSE, "garbage\r\n\r\n", 0}, SNT_CODE_ANSWER_INVALID, "not HTTP", false},
      {{SERVER_CLOSE, "HTTP/1.1 2", 0}, SNT_CODE_NETWORK, "without an answer", true},
      {{SERVER_CLOSE, "HTTP/1.1 200 OK\r\nContent-Le", 0}, SNT_CODE_ANSWER_INVALID, "127.0.0.1", false},
      {{SERVER_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n", 2000000},
       SNT_CODE_ANSWER_INVALID,
       "too large",
       false},
      {{SERVER_CLOSE, "HTTP/1.1 200 OK\r\n\r\n", 1048577}, SNT_CODE_ANSWER_INVALID, "too large", false},
      {{SERVER_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 0},
       SNT_CODE_ANSWER_INVALID,
       "Content-Length",
       false},
      {{SERVER_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nab", 0}, SNT_CODE_ANSWER_INVALID, "", false},
      {{SERVER_CLOSE, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nab", 0},
       SNT_CODE_ANSWER_INVALID,
       "compressed",
       false},
      {{SERVER_CLOSE, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 0},
       SNT_CODE_ANSWER_INVALID,
       "Transfer-Encoding",
       false},
      {{SERVER_CLOSE, "HTTP/1.1 200 OK\r\nX: ", 70000}, SNT_CODE_ANSWER_INVALID, "127.0.0.1", false},
      {{SERVER_CLOSE, "HTTP/1.1 200 OK\r\nX: ", 400000}, SNT_CODE_ANSWER_INVALID, "too large", false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct fixture fixture;
    struct snt_http_response response;
    begin(&fixture, &rows[i].step, 1);
    ask(&fixture, (struct snt_http_request){0}, &response);
    expect_error(&response, rows[i].code, rows[i].text);
    assert_int_equal(response.is_retryable, rows[i].is_retryable);
    snt_http_response_clear(&response);
    end(&fixture, NULL, 0);
  }
}

static void a_head_of_many_lines_is_cut_off(void **state) {
  (void)state;
  static char text[80000];
  size_t len = (size_t)snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n");
  while (len < 70000) {
    len += (size_t)snprintf(text + len, sizeof text - len, "X-Filler: 0123456789\r\n");
  }
  (void)snprintf(text + len, sizeof text - len, "Content-Length: 0\r\n\r\n");
  const struct server_step step = {SERVER_CLOSE, text, 0};
  struct fixture fixture;
  struct snt_http_response response;
  begin(&fixture, &step, 1);
  ask(&fixture, (struct snt_http_request){0}, &response);
  expect_error(&response, SNT_CODE_ANSWER_INVALID, "headers are too large");
  end(&fixture, NULL, 0);
}

static void deadlines_end_calls_that_hang_or_drip(void **state) {
  (void)state;
  static const struct server_step rows[] = {
      {SERVER_HANG, "", 0},
      {SERVER_HANG, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfour", 0},
      {SERVER_DRIP, "HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n123456789012345678901234567890123456789012345", 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct fixture fixture;
    struct snt_http_response response;
    begin(&fixture, &rows[i], 1);
    ask(&fixture, (struct snt_http_request){.timeout_ms = 200}, &response);
    expect_error(&response, SNT_CODE_TIMEOUT, "no whole answer");
    assert_true(response.is_retryable);
    end(&fixture, NULL, 0);
  }
}

/* In the place of the C library's: a name server that takes longer than anybody waits. */
static atomic_bool has_server_answered;

SNT_MODULE_EXPORT int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                                  struct addrinfo **out) {
  if (node != NULL && strcmp(node, "slow.example") == 0) {
    (void)sleep(30);
    has_server_answered = true;
    return EAI_NONAME;
  }
  int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = NULL;
  *(void **)(void *)&real = dlsym(RTLD_NEXT, "getaddrinfo");
  return real == NULL ? EAI_SYSTEM : real(node, service, hints, out);
}

static void a_deadline_holds_for_a_name_server_too(void **state) {
  (void)state;
  struct fixture fixture;
  struct snt_http_response response;
  begin(&fixture, NULL, 0);
  ask(&fixture, (struct snt_http_request){.url = "https://slow.example/", .timeout_ms = 200}, &response);
  expect_error(&response, SNT_CODE_TIMEOUT, "no connection");
  end(&fixture, NULL, 0);
  assert_false(has_server_answered);
}

static void what_cannot_be_reached_is_named(void **state) {
  (void)state;
  struct fixture fixture;
  begin(&fixture, NULL, 0);
  int port = 0;
  (void)close(server_listen(&port));
  char url[64];
  (void)snprintf(url, sizeof url, "http://127.0.0.1:%d/", port);
  struct snt_http_response response;
  ask(&fixture, (struct snt_http_request){.url = url}, &response);
  expect_error(&response, SNT_CODE_NETWORK, "cannot be reached");
  url[strlen(url) - 1] = '\0';
  assert_non_null(strstr(response.err.message, url + strlen("http://")));
  assert_true(response.is_retryable);
  ask(&fixture, (struct snt_http_request){.url = "https://no-such-host.invalid/"}, &response);
  expect_error(&response, SNT_CODE_NETWORK, "no-such-host.invalid");
  end(&fixture, NULL, 0);
}

static void plain_http_goes_to_literal_loopback_only(void **state) {
  (void)state;
  static const char *const urls[] = {
      "http://localhost:1/",   "http://10.0.0.1/",        "http://sts.us-east-1.amazonaws.com/",
      "http://127.0.0.1.nip/", "http://[::2]/",           "http://0.0.0.0/",
      "http://127.1/",         "http://[::ffff:7f00:1]/", NULL,
  };
  struct fixture fixture;
  begin(&fixture, NULL, 0);
  for (size_t i = 0; urls[i] != NULL; i++) {
    struct snt_http_response response;
    ask(&fixture, (struct snt_http_request){.url = urls[i]}, &response);
    expect_error(&response, SNT_CODE_CONFIG_INVALID, "plain http is refused");
    assert_false(response.is_retryable);
    assert_true(response.err.hint[0] != '\0');
  }
  end(&fixture, NULL, 0);
}

static bool allow_any(const struct sockaddr *address, bool allows_private) {
  (void)address, (void)allows_private;
  return true;
}

/* A route makes the rule no weaker but for the one that says so, and that one only where it may. */
static void plain_http_by_a_route_goes_to_metadata_only(void **state) {
  (void)state;
  static const struct snt_http_route plain = {.may_connect = allow_any, .allows_private = true};
  static const struct snt_http_route direct = {0};
  const struct {
    const char *url;
    const struct snt_http_route *route;
  } rows[] = {
      {"http://127.0.0.1:1/", &plain},
      {"http://169.254.169.254/", &plain},
      {"http://169.254.169.254/", &direct},
      {"http://169.254.169.254/", NULL},
      {"http://169.254.169.253/", snt_metadata_route()},
      {"http://10.0.0.1/", snt_metadata_route()},
      {"http://sts.us-east-1.amazonaws.com/", snt_metadata_route()},
  };
  struct fixture fixture;
  begin(&fixture, NULL, 0);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_http_response response;
    ask(&fixture, (struct snt_http_request){.url = rows[i].url, .route = rows[i].route}, &response);
    expect_error(&response, SNT_CODE_CONFIG_INVALID, "plain http is refused");
  }
  end(&fixture, NULL, 0);
}

static void odd_requests_are_refused_before_a_socket_opens(void **state) {
  (void)state;
  static const struct {
    const char *method, *url, *name, *value;
    enum snt_code code;
  } rows[] = {
      {"GET", "ftp://127.0.0.1/", "A", "b", SNT_CODE_SYNTAX},
      {"GET", "file:///etc/passwd", "A", "b", SNT_CODE_SYNTAX},
      {"GET", "https://user@127.0.0.1/", "A", "b", SNT_CODE_SYNTAX},
      {"GET", "http://127.0.0.1:1/a b", "A", "b", SNT_CODE_SYNTAX},
      {"GET", "http://127.0.0.1:1/?a#b", "A", "b", SNT_CODE_SYNTAX},
      {"GET", "http://127.0.0.1:1/?a\nb", "A", "b", SNT_CODE_SYNTAX},
      {"GET / HTTP/1.1\r\nX:", "http://127.0.0.1:1/", "A", "b", SNT_CODE_BUG},
      {"GET", "http://127.0.0.1:1/", "A:b", "b", SNT_CODE_BUG},
      {"GET", "http://127.0.0.1:1/", "", "b", SNT_CODE_BUG},
      {"GET", "http://127.0.0.1:1/", "A", "s3cret\r\nX: y", SNT_CODE_CONFIG_INVALID},
      {"GET", "http://127.0.0.1:1/", "A", "s3cret\x01", SNT_CODE_CONFIG_INVALID},
  };
  struct fixture fixture;
  begin(&fixture, NULL, 0);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_http_response response;
    ask(&fixture,
        (struct snt_http_request){.method = rows[i].method,
                                  .url = rows[i].url,
                                  .headers = {{rows[i].name, rows[i].value}},
                                  .header_count = 1},
        &response);
    expect_error(&response, rows[i].code, "");
    assert_null(strstr(response.err.message, "s3cret"));
  }
  end(&fixture, NULL, 0);
}

static void a_redirect_is_an_answer_and_not_followed(void **state) {
  (void)state;
  static const struct server_step steps[] = {
      {SERVER_KEEP, "HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n", 0},
      {SERVER_KEEP, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0}};
  struct fixture fixture;
  struct snt_http_response response;
  char requests[4096];
  begin(&fixture, steps, 2);
  ask(&fixture, (struct snt_http_request){0}, &response);
  assert_ok(response.status);
  assert_int_equal(response.http_status, 302);
  assert_int_equal(snt_secret_len(response.body), 0);
  snt_http_response_clear(&response);
  end(&fixture, requests, sizeof requests);
  assert_null(strstr(requests, "/other"));
}

static void the_answer_s_headers_are_understood(void **state) {
  (void)state;
  static const struct {
    const char *text;
    long status;
    const char *type;
    int64_t date_ms;
    bool is_retryable;
    const char *body;
  } rows[] = {
      {"HTTP/1.1 200 OK\r\nContent-Type: Text/XML; charset=utf-8\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
       "Content-Length: 4\r\n\r\nbody",
       200, "text/xml", 784111777000, false, "body"},
      {"HTTP/1.1 100 Continue\r\nDate: Sun, 06 Nov 1994 08:49:38 GMT\r\n\r\n"
       "HTTP/1.1 200 OK\r\ndate:Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length:2\r\n\r\nok",
       200, "", 784111777000, false, "ok"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nDate: Sun, 06 Nov 1994 "
       "08:49:37 "
       "GMT\r\n\r\n",
       200, "", 0, false, "abcde"},
      {"HTTP/1.1 500 Oops\r\nDate: yesterday\r\nContent-Length: 1\r\n\r\n!", 500, "", 0, true, "!"},
      {"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n", 503, "", 0, true, ""},
      {"HTTP/1.1 429 Too Many\r\nContent-Length: 0\r\n\r\n", 429, "", 0, true, ""},
      {"HTTP/1.1 403 Forbidden\r\nContent-Encoding: identity\r\nContent-Length: 0\r\n\r\n", 403, "", 0, false, ""},
      {"HTTP/1.1 204 No Content\r\n\r\n", 204, "", 0, false, ""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const struct server_step step = {SERVER_KEEP, rows[i].text, 0};
    struct fixture fixture;
    struct snt_http_response response;
    begin(&fixture, &step, 1);
    int64_t before_ms = snt_clock_monotonic_ms();
    ask(&fixture, (struct snt_http_request){0}, &response);
    assert_ok(response.status);
    assert_int_equal(response.http_status, rows[i].status);
    assert_string_equal(response.content_type, rows[i].type);
    assert_int_equal(response.date_ms, rows[i].date_ms);
    assert_int_equal(response.is_retryable, rows[i].is_retryable);
    assert_string_equal(snt_secret_borrow(response.body), rows[i].body);
    assert_in_range(response.received_at_ms, before_ms, snt_clock_monotonic_ms());
    snt_http_response_clear(&response);
    end(&fixture, NULL, 0);
  }
}

static void a_body_up_to_the_cap_arrives_whole(void **state) {
  (void)state;
  static const struct {
    struct server_step step;
    size_t cap, len;
  } rows[] = {{{SERVER_CLOSE, "HTTP/1.1 200 OK\r\n\r\n", 1048576}, 0, 1048576},
              {{SERVER_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n", 1048576}, 0, 1048576},
              {{SERVER_CLOSE, "HTTP/1.1 200 OK\r\n\r\n", 100}, 100, 100}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct fixture fixture;
    struct snt_http_response response;
    begin(&fixture, &rows[i].step, 1);
    ask(&fixture, (struct snt_http_request){.body_cap = rows[i].cap}, &response);
    assert_ok(response.status);
    assert_int_equal(snt_secret_len(response.body), rows[i].len);
    assert_int_equal(strspn(snt_secret_borrow(response.body), "x"), rows[i].len);
    snt_http_response_clear(&response);
    end(&fixture, NULL, 0);
  }
}

static void a_request_carries_what_was_asked_and_nothing_to_decode(void **state) {
  (void)state;
  static const struct server_step step = {SERVER_KEEP,
                                          "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n", 0};
  const struct server_step steps[] = {step, step, step, step};
  static const struct snt_http_request requests[] = {
      {.method = "POST",
       .headers = {{"Content-Type", "application/x-amz-json-1.1"}, {"X-Empty", ""}, {"X-Token", "t0ken"}},
       .header_count = 3,
       .body = "{\"a\":1}",
       .body_len = 7},
      {.method = "POST"},
      {.method = "GET"},
      {.method = "PUT", .body = "put", .body_len = 3},
  };
  struct fixture fixture;
  begin(&fixture, steps, 4);
  (void)strcat(fixture.url, "/../x?q=%20");
  for (size_t i = 0; i < 4; i++) {
    struct snt_http_response response;
    ask(&fixture, requests[i], &response);
    assert_ok(response.status);
    snt_http_response_clear(&response);
  }
  char text[8192];
  end(&fixture, text, sizeof text);
  static const char *const wanted[] = {"POST /path/../x?q=%20 HTTP/1.1\r\n",
                                       "\r\nContent-Type: application/x-amz-json-1.1\r\n",
                                       "\r\nX-Empty:",
                                       "\r\nX-Token: t0ken\r\n",
                                       "\r\n\r\n{\"a\":1}",
                                       "GET /path/../x?q=%20 HTTP/1.1\r\n",
                                       "PUT /path/",
                                       "\r\n\r\nput",
                                       NULL};
  static const char *const refused[] = {"Accept-Encoding", "Expect", "Cookie", "form-urlencoded", "Proxy-", NULL};
  for (size_t i = 0; wanted[i] != NULL; i++) {
    if (strstr(text, wanted[i]) == NULL) {
      fail_msg("no \"%s\" in %s", wanted[i], text);
    }
  }
  for (size_t i = 0; refused[i] != NULL; i++) {
    if (strcasestr(text, refused[i]) != NULL) {
      fail_msg("\"%s\" in %s", refused[i], text);
    }
  }
}

static void calls_run_side_by_side(void **state) {
  (void)state;
  static const struct server_step step = {SERVER_PAIR, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 0};
  struct fixture fixture;
  begin(&fixture, &step, 1);
  struct snt_http_request requests[] = {{.method = "GET", .url = fixture.url},
                                        {.method = "GET", .url = "http://localhost/"},
                                        {.method = "POST", .url = fixture.url, .body = "b", .body_len = 1}};
  struct snt_http_response responses[3];
  assert_ok(snt_http_perform(fixture.client, requests, responses, 3, NULL));
  assert_ok(responses[0].status);
  expect_error(&responses[1], SNT_CODE_CONFIG_INVALID, "plain http");
  assert_ok(responses[2].status);
  for (size_t i = 0; i < 3; i++) {
    snt_http_response_clear(&responses[i]);
  }
  end(&fixture, NULL, 0);
}

/* The second connection is never accepted: only one that is kept can be answered. */
static void a_connection_is_used_again(void **state) {
  (void)state;
  static const struct server_step step = {SERVER_KEEP, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 0};
  const struct server_step steps[] = {step, step, {SERVER_CLOSE, step.text, 0}, step};
  struct fixture fixture;
  begin(&fixture, steps, 4);
  for (size_t i = 0; i < 4; i++) {
    struct snt_http_response response;
    ask(&fixture, (struct snt_http_request){.timeout_ms = 2000}, &response);
    assert_ok(response.status);
    snt_http_response_clear(&response);
  }
  end(&fixture, NULL, 0);
}

static void nothing_asked_is_nothing_done(void **state) {
  (void)state;
  struct fixture fixture;
  begin(&fixture, NULL, 0);
  assert_ok(snt_http_perform(fixture.client, NULL, NULL, 0, NULL));
  end(&fixture, NULL, 0);
}

static int prepare_process(void **state) {
  (void)state;
  (void)signal(SIGPIPE, SIG_IGN);
  static const char *const proxies[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                        "ALL_PROXY",  "no_proxy",    "NO_PROXY"};
  for (size_t i = 0; i < sizeof proxies / sizeof proxies[0]; i++) {
    (void)unsetenv(proxies[i]);
  }
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(answers_that_are_not_whole_fail_the_call),
      cmocka_unit_test(a_head_of_many_lines_is_cut_off),
      cmocka_unit_test(deadlines_end_calls_that_hang_or_drip),
      cmocka_unit_test(a_deadline_holds_for_a_name_server_too),
      cmocka_unit_test(what_cannot_be_reached_is_named),
      cmocka_unit_test(plain_http_goes_to_literal_loopback_only),
      cmocka_unit_test(plain_http_by_a_route_goes_to_metadata_only),
      cmocka_unit_test(odd_requests_are_refused_before_a_socket_opens),
      cmocka_unit_test(a_redirect_is_an_answer_and_not_followed),
      cmocka_unit_test(the_answer_s_headers_are_understood),
      cmocka_unit_test(a_body_up_to_the_cap_arrives_whole),
      cmocka_unit_test(a_request_carries_what_was_asked_and_nothing_to_decode),
      cmocka_unit_test(calls_run_side_by_side),
      cmocka_unit_test(a_connection_is_used_again),
      cmocka_unit_test(nothing_asked_is_nothing_done),
  };
  return cmocka_run_group_tests(tests, prepare_process, NULL);
}
