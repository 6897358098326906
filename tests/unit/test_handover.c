/* The page whose address is a secret: who is sent on to it, and who is not. */
#include "check.h"

#include "base/handover.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

enum { LONG_MS = 30000, NOBODY = 65534, WHOLE = 33, VISITS_MAX = 8, ANSWER_CAP = 40000 };

static const char PAGE[] = "https://signin.example.com/federation?SigninToken=secretive";

/* What is asked, one visit after the other: so many characters of the handover's path, between two texts. */
struct visit {
  const char *before;
  int path_len;
  const char *after;
  bool is_other_user;
  bool is_cut;  /* hangs up after the request */
  bool is_v6;   /* by a socket of IPv6 */
  bool is_half; /* says that nothing follows */
  bool is_slow; /* two pieces, one after the other */
};

/* What each visit got; shared with the child. */
static char (*answers)[ANSWER_CAP];

/* -1: not connected. */
static int call(const struct snt_handover *handover, bool is_v6) {
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
  v4.sin_port = htons((uint16_t)strtoul(strrchr(handover->url, ':') + 1, NULL, 10));
  v6.sin6_port = v4.sin_port;
  (void)inet_pton(AF_INET6, "::ffff:127.0.0.1", &v6.sin6_addr);
  const struct sockaddr *address = is_v6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
  int fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return fd >= 0 && connect(fd, address, is_v6 ? sizeof v6 : sizeof v4) == 0 ? fd : -1;
}

static int visit(const struct snt_handover *handover, const struct visit *visit, char *out) {
  char request[20000];
  int fd = call(handover, visit->is_v6);
  if (fd < 0) {
    return 1;
  }
  int len = snprintf(request, sizeof request, "%s%.*s%s", visit->before, visit->path_len, handover->path, visit->after);
  int first = visit->is_slow ? len / 2 : 0;
  if (send(fd, request, (size_t)first, 0) != first || (visit->is_slow && usleep(100000) != 0) ||
      send(fd, request + first, (size_t)(len - first), 0) != len - first) {
    return 2;
  }
  if (visit->is_half) {
    (void)shutdown(fd, SHUT_WR);
  }
  size_t used = 0;
  for (ssize_t got = 1; !visit->is_cut && got > 0; used += got > 0 ? (size_t)got : 0) {
    got = recv(fd, out + used, ANSWER_CAP - 1 - used, 0);
  }
  out[used] = '\0';
  return close(fd) == 0 ? 0 : 3;
}

/* Each visit by a process of its own, so that it can be another user's. */
static pid_t send_visitors(const struct snt_handover *handover, const struct visit *visits, size_t count) {
  memset(answers, 0, VISITS_MAX * sizeof *answers);
  pid_t pid = fork();
  if (pid != 0) {
    return pid;
  }
  (void)close(handover->listener); /* whoever is not answered any more is to notice */
  for (size_t i = 0; i < count; i++) {
    int status = 0;
    pid_t visitor = fork();
    if (visitor == 0) {
      _exit(visits[i].is_other_user && setuid(NOBODY) != 0 ? 9 : visit(handover, &visits[i], answers[i]));
    }
    if (waitpid(visitor, &status, 0) != visitor || status != 0) {
      _exit(1);
    }
  }
  _exit(0);
}

static void serve(const char *page, const struct visit *visits, size_t count) {
  SNT_HANDOVER_AUTO struct snt_handover handover = {.listener = -1};
  SNT_SECRET_AUTO struct snt_secret *secret = NULL;
  struct snt_err err = {0};
  int status = -1;
  assert_ok(snt_secret_new_from(page, strlen(page), &secret, NULL));
  assert_ok(snt_handover_open(&handover, NULL));
  pid_t pid = send_visitors(&handover, visits, count);
  snt_status served = snt_handover_serve(&handover, secret, snt_clock_monotonic_ms() + LONG_MS, &err);
  snt_handover_close(&handover);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_ok(served);
  assert_int_equal(status, 0);
}

static bool is_sent_on(const char *answer) {
  return strncmp(answer, "HTTP/1.1 303 ", 13) == 0 && strstr(answer, PAGE) != NULL;
}

static void a_browser_is_sent_on_and_keeps_no_copy(void **state) {
  (void)state;
  static const struct visit visits[] = {
      {.before = "GET ", .path_len = WHOLE, .after = " HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n"}};
  char location[sizeof PAGE + 32];
  serve(PAGE, visits, 1);
  (void)snprintf(location, sizeof location, "\r\nLocation: %s\r\n\r\n", PAGE);
  assert_true(is_sent_on(answers[0]));
  assert_string_equal(strstr(answers[0], "\r\nLocation: "), location); /* the last header, and no body */
  assert_non_null(strstr(answers[0], "\r\nContent-Length: 0\r\n"));
  assert_non_null(strstr(answers[0], "\r\nCache-Control: no-store\r\n"));
  assert_non_null(strstr(answers[0], "\r\nReferrer-Policy: no-referrer\r\n"));
}

static void who_asks_for_anything_else_gets_nothing_and_the_browser_is_waited_for(void **state) {
  (void)state;
  static const struct visit visits[] = {
      {.before = "GET / HTTP/1.1\r\n\r\n", .path_len = 0, .after = ""},
      {.before = "GET /favicon.ico HTTP/1.1\r\n\r\n", .path_len = 0, .after = ""},
      {.before = "GET ", .path_len = WHOLE, .after = "/ HTTP/1.1\r\n\r\n"},
      {.before = "GET ", .path_len = 32, .after = " HTTP/1.1\r\n\r\n"},
      {.before = "POST ", .path_len = WHOLE, .after = " HTTP/1.1\r\n\r\n"},
      {.before = "get ", .path_len = WHOLE, .after = " HTTP/1.1\r\n\r\n"},
      {.before = "GET ", .path_len = WHOLE, .after = " HTTP/1.1\r\n", .is_cut = true},
      {.before = "GET ", .path_len = WHOLE, .after = " HTTP/1.0\r\n\r\n"},
  };
  size_t count = sizeof visits / sizeof visits[0];
  serve(PAGE, visits, count);
  for (size_t i = 0; i + 1 < count; i++) {
    assert_null(strstr(answers[i], "secretive"));
    if (!visits[i].is_cut) {
      assert_int_equal(strncmp(answers[i], "HTTP/1.1 404 ", 13), 0);
    }
  }
  assert_true(is_sent_on(answers[count - 1]));
}

static void another_user_is_sent_nowhere_even_when_he_knows_the_path(void **state) {
  (void)state;
  static const struct visit visits[] = {
      {.before = "GET ", .path_len = WHOLE, .after = " HTTP/1.1\r\n\r\n", .is_other_user = true},
      {.before = "GET ", .path_len = WHOLE, .after = " HTTP/1.1\r\n\r\n", .is_other_user = true, .is_v6 = true},
      {.before = "GET ", .path_len = WHOLE, .after = " HTTP/1.1\r\n\r\n", .is_other_user = true, .is_half = true},
      {.before = "GET ", .path_len = WHOLE, .after = " HTTP/1.1\r\n\r\n"}};
  if (geteuid() != 0) {
    skip();
  }
  serve(PAGE, visits, 4);
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(strncmp(answers[i], "HTTP/1.1 404 ", 13), 0);
    assert_null(strstr(answers[i], "secretive"));
  }
  assert_true(is_sent_on(answers[3]));
}

static void a_socket_of_the_other_family_is_known_too(void **state) {
  (void)state;
  static const struct visit visits[] = {
      {.before = "GET ", .path_len = WHOLE, .after = " HTTP/1.1\r\n\r\n", .is_v6 = true}};
  serve(PAGE, visits, 1);
  assert_true(is_sent_on(answers[0]));
}

static void a_request_may_come_in_pieces(void **state) {
  (void)state;
  static const struct visit visits[] = {
      {.before = "GET ", .path_len = WHOLE, .after = " HTTP/1.1\r\n\r\n", .is_slow = true}};
  serve(PAGE, visits, 1);
  assert_true(is_sent_on(answers[0]));
}

static void a_long_address_arrives_whole(void **state) {
  (void)state;
  static const struct visit visits[] = {{.before = "GET ", .path_len = WHOLE, .after = " HTTP/1.1\r\n\r\n"}};
  char page[30000] = "https://a/";
  memset(page + strlen(page), 'x', sizeof page - strlen(page) - 1);
  page[sizeof page - 1] = '\0';
  serve(page, visits, 1);
  const char *found = strstr(answers[0], "https://a/");
  assert_non_null(found);
  assert_int_equal(strncmp(found, page, strlen(page)), 0);
  assert_string_equal(found + strlen(page), "\r\n\r\n");
}

static void nobody_comes_and_the_time_is_up(void **state) {
  (void)state;
  SNT_HANDOVER_AUTO struct snt_handover handover = {.listener = -1};
  SNT_SECRET_AUTO struct snt_secret *secret = NULL;
  struct snt_err err = {0};
  assert_ok(snt_secret_new_from(PAGE, strlen(PAGE), &secret, NULL));
  assert_ok(snt_handover_open(&handover, NULL));
  assert_code(snt_handover_serve(&handover, secret, snt_clock_monotonic_ms() + 50, &err), SNT_CODE_TIMEOUT);
  assert_null(strstr(err.message, "secretive"));
}

static void each_is_somewhere_else_on_the_loopback(void **state) {
  (void)state;
  SNT_HANDOVER_AUTO struct snt_handover one = {.listener = -1};
  SNT_HANDOVER_AUTO struct snt_handover other = {.listener = -1};
  assert_ok(snt_handover_open(&one, NULL));
  assert_ok(snt_handover_open(&other, NULL));
  assert_int_equal(strlen(one.path), 33);
  assert_string_not_equal(one.path, other.path);
  assert_int_equal(strncmp(one.url, "http://127.0.0.1:", 17), 0);
  assert_string_equal(strrchr(one.url, '/'), one.path);
  struct sockaddr_in address;
  socklen_t len = sizeof address;
  assert_int_equal(getsockname(one.listener, (struct sockaddr *)&address, &len), 0);
  assert_int_equal(ntohl(address.sin_addr.s_addr), INADDR_LOOPBACK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_browser_is_sent_on_and_keeps_no_copy),
      cmocka_unit_test(who_asks_for_anything_else_gets_nothing_and_the_browser_is_waited_for),
      cmocka_unit_test(another_user_is_sent_nowhere_even_when_he_knows_the_path),
      cmocka_unit_test(a_socket_of_the_other_family_is_known_too),
      cmocka_unit_test(a_request_may_come_in_pieces),
      cmocka_unit_test(a_long_address_arrives_whole),
      cmocka_unit_test(nobody_comes_and_the_time_is_up),
      cmocka_unit_test(each_is_somewhere_else_on_the_loopback),
  };
  answers = mmap(NULL, VISITS_MAX * sizeof *answers, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return answers == MAP_FAILED ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
