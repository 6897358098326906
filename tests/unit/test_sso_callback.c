/* The socket that waits for the browser, and what it takes for the answer. */
#include "check.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sha256.h"
#include "issue/sso_callback.h"

enum { PATIENCE_MS = 20000, TEXT_CAP = 20 * 1024, NOBODY = 65534 };

/* How many of the visits, the first ones, are another user's. */
static size_t strangers;

/* Sends a request line each, and notes how each answer began, as one line. "%s" in it is the state. */
static void visit(const struct snt_sso_callback *callback, const char *const *lines, size_t count, int told) {
  for (size_t i = 0; i < count; i++) {
    static char text[TEXT_CAP];
    char answer[16] = "";
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    address.sin_port = htons((uint16_t)strtoul(callback->redirect_uri + strlen("http://127.0.0.1:"), NULL, 10));
    const char *mark = strstr(lines[i], "%s");
    int before = mark == NULL ? (int)strlen(lines[i]) : (int)(mark - lines[i]);
    int len = snprintf(text, sizeof text, "%.*s%s%s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", before, lines[i],
                       mark == NULL ? "" : callback->state, mark == NULL ? "" : mark + 2);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool is_open = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (is_open && write(fd, text, (size_t)len) == len) {
      (void)!read(fd, answer, 12);
    }
    (void)dprintf(told, "%s\n", is_open ? answer + (answer[0] == '\0' ? 0 : 9) : "closed");
    (void)close(fd);
  }
}

/* Awaits while a child visits; out is how it was answered. */
static enum snt_code run(const char *const *lines, size_t count, char *out, size_t cap, struct snt_secret **code,
                         struct snt_err *err) {
  SNT_SSO_CALLBACK_AUTO struct snt_sso_callback callback = {.listener = -1};
  int ends[2];
  assert_ok(snt_sso_callback_open(&callback, NULL));
  assert_int_equal(pipe(ends), 0);
  pid_t pid = fork();
  if (pid == 0) {
    (void)close(callback.listener);
    if (strangers > 0 && fork() == 0) {
      if (setuid(NOBODY) == 0) {
        visit(&callback, lines, strangers, ends[1]);
      }
      _exit(0);
    }
    (void)wait(NULL);
    visit(&callback, lines + strangers, count - strangers, ends[1]);
    _exit(0);
  }
  (void)close(ends[1]);
  enum snt_code got = snt_sso_callback_await(&callback, snt_clock_monotonic_ms() + PATIENCE_MS, code, err).code;
  (void)waitpid(pid, NULL, 0);
  ssize_t len = read(ends[0], out, cap - 1);
  out[len > 0 ? len : 0] = '\0';
  (void)close(ends[0]);
  return got;
}

static void the_code_comes_with_the_state(void **state) {
  (void)state;
  static const char *const lines[] = {"GET /oauth/callback?code=a%2Fb-c&state=%s"};
  SNT_SECRET_AUTO struct snt_secret *code = NULL;
  char out[256];
  struct snt_err err = {0};
  assert_int_equal(run(lines, 1, out, sizeof out, &code, &err), SNT_CODE_OK);
  assert_string_equal(snt_secret_borrow(code), "a/b-c");
  assert_string_equal(out, "200\n");
}

static void anything_else_is_refused_and_waited_on(void **state) {
  (void)state;
  static const char *const lines[] = {
      "GET /",
      "POST /oauth/callback?code=x&state=%s",
      "GET /oauth/callback",
      "GET /oauth/callbacks?code=x&state=%s",
      "GET /oauth/callback?code=x",
      "GET /oauth/callback?state=%s",
      "GET /oauth/callback?code=&state=%s",
      "GET /oauth/callback?code=x&state=",
      "GET /oauth/callback?code=x&state=%s0",
      "GET /oauth/callback?code=x&state=%s&state=%s",
      "GET /oauth/callback?code=x&code=y&state=%s",
      "GET /oauth/callback?code=x%zz&state=%s",
      "GET /oauth/callback?code=x%0d%0ay&state=%s",
      "GET /oauth/callback?code=x%00y&state=%s",
      "GET /oauth/callback?xcode=x&state=%s",
      "GET /oauth/callback?error=access_denied&state=0",
      "GET /oauth/callback?state=%s&code=right",
      "GET /oauth/callback?state=%s&code=late",
  };
  SNT_SECRET_AUTO struct snt_secret *code = NULL;
  char out[256];
  assert_int_equal(run(lines, sizeof lines / sizeof lines[0], out, sizeof out, &code, NULL), SNT_CODE_OK);
  assert_string_equal(snt_secret_borrow(code), "right");
  assert_string_equal(out,
                      "404\n404\n404\n404\n400\n400\n400\n400\n400\n400\n400\n400\n400\n400\n400\n400\n200\nclosed\n");
}

static void a_refusal_ends_it(void **state) {
  (void)state;
  static const struct {
    const char *line, *told;
  } rows[] = {{"GET /oauth/callback?error=access_denied&error_description=a&state=%s", "(access_denied)"},
              {"GET /oauth/callback?error=%3Cb%3E&state=%s", "no reason that can be shown"}};
  for (size_t i = 0; i < 2; i++) {
    SNT_SECRET_AUTO struct snt_secret *code = NULL;
    char out[256];
    struct snt_err err = {0};
    assert_int_equal(run(&rows[i].line, 1, out, sizeof out, &code, &err), SNT_CODE_LOGIN_REQUIRED);
    assert_null(code);
    assert_non_null(strstr(err.message, rows[i].told));
    assert_string_equal(out, "200\n");
  }
}

/* Others see the state in the browser's arguments, and could sign this user in as themselves, or end the sign-in. */
static void another_user_who_knows_the_state_is_not_heard(void **state) {
  (void)state;
  static const char *const lines[] = {"GET /oauth/callback?state=%s&code=theirs",
                                      "GET /oauth/callback?state=%s&error=access_denied",
                                      "GET /oauth/callback?state=%s&code=right"};
  if (geteuid() != 0) {
    skip();
  }
  SNT_SECRET_AUTO struct snt_secret *code = NULL;
  char out[256];
  strangers = 2;
  enum snt_code got = run(lines, 3, out, sizeof out, &code, NULL);
  strangers = 0;
  assert_int_equal(got, SNT_CODE_OK);
  assert_string_equal(snt_secret_borrow(code), "right");
  assert_string_equal(out, "400\n400\n200\n");
}

static void nobody_comes(void **state) {
  (void)state;
  SNT_SSO_CALLBACK_AUTO struct snt_sso_callback callback = {.listener = -1};
  SNT_SECRET_AUTO struct snt_secret *code = NULL;
  assert_ok(snt_sso_callback_open(&callback, NULL));
  assert_code(snt_sso_callback_await(&callback, snt_clock_monotonic_ms() + 1, &code, NULL), SNT_CODE_TIMEOUT);
}

/* RFC 7636, 4.2. */
static void the_challenge_is_the_verifiers(void **state) {
  (void)state;
  SNT_SSO_CALLBACK_AUTO struct snt_sso_callback callback = {.listener = -1};
  SNT_SSO_CALLBACK_AUTO struct snt_sso_callback other = {.listener = -1};
  assert_ok(snt_sso_callback_open(&callback, NULL));
  assert_ok(snt_sso_callback_open(&other, NULL));
  const char *verifier = snt_secret_borrow(callback.verifier);
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  assert_int_equal(strlen(verifier), 64);
  assert_int_equal(strspn(verifier, allowed), 64);
  assert_int_equal(strlen(callback.challenge), 43);
  assert_int_equal(strspn(callback.challenge, allowed), 43);
  assert_string_not_equal(callback.challenge, other.challenge);
  assert_string_not_equal(callback.state, other.state);
}

static void the_page_is_asked_for_with_all_that_is_needed(void **state) {
  (void)state;
  const struct snt_sso_callback callback = {
      .listener = -1, .redirect_uri = "http://127.0.0.1:4711/oauth/callback", .state = "0-1", .challenge = "c_h-a"};
  const struct snt_aws_endpoint oidc = {.url = "https://oidc.eu-west-1.amazonaws.com"};
  const struct snt_sso_registration registration = {.client_id = "a/b", .scopes = "sso:account:access c"};
  SNT_BUF_AUTO struct snt_buf url = {0};
  assert_ok(snt_sso_callback_write_url(&callback, &oidc, &registration, &url, NULL));
  assert_string_equal(url.data, "https://oidc.eu-west-1.amazonaws.com/authorize?response_type=code&client_id=a%2Fb&"
                                "redirect_uri=http%3A%2F%2F127.0.0.1%3A4711%2Foauth%2Fcallback&state=0-1&"
                                "code_challenge=c_h-a&code_challenge_method=S256&scopes=sso%3Aaccount%3Aaccess%20c");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_code_comes_with_the_state),
      cmocka_unit_test(anything_else_is_refused_and_waited_on),
      cmocka_unit_test(a_refusal_ends_it),
      cmocka_unit_test(another_user_who_knows_the_state_is_not_heard),
      cmocka_unit_test(nobody_comes),
      cmocka_unit_test(the_challenge_is_the_verifiers),
      cmocka_unit_test(the_page_is_asked_for_with_all_that_is_needed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
