#include "check.h"
#include "fail_alloc.h"

#include <stdio.h>
#include <string.h>

#include "format/uri.h"

static void urls_that_are_none_are_refused(void **state) {
  (void)state;
  static const char *const texts[] = {"",
                                      "localhost",
                                      "ftp://a/",
                                      "https:/a",
                                      "https://",
                                      "https:///x",
                                      "https://u@h/",
                                      "https://u:p@h/",
                                      "https://h/?q=1",
                                      "https://h/#f",
                                      "https://h:0/",
                                      "https://h:65536/",
                                      "https://h:x/",
                                      "https://h:/",
                                      "https://h/a b",
                                      "https://h/\n",
                                      "https://h\\x",
                                      "https://[::1",
                                      "https://[zz]/",
                                      "https://[1.2.3.4]/",
                                      "HTTPS://h/"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    struct snt_url url;
    if (snt_url_parse(texts[i], "AWS_ENDPOINT_URL", &url, NULL).code != SNT_CODE_SYNTAX) {
      fail_msg("%s", texts[i]);
    }
  }
}

static void urls_are_taken_apart(void **state) {
  (void)state;
  static const struct {
    const char *text, *scheme, *host, *authority, *path;
    unsigned port;
    bool is_loopback;
  } rows[] = {
      {"https://Sts.Example.com", "https", "sts.example.com", "sts.example.com", "/", 443, false},
      {"https://h:443/a/b", "https", "h", "h", "/a/b", 443, false},
      {"http://127.0.0.1:4566", "http", "127.0.0.1", "127.0.0.1:4566", "/", 4566, true},
      {"http://127.255.255.254/", "http", "127.255.255.254", "127.255.255.254", "/", 80, true},
      {"http://[::1]:80/x", "http", "::1", "[::1]", "/x", 80, true},
      {"http://[::1]:8080", "http", "::1", "[::1]:8080", "/", 8080, true},
      {"http://localhost:1", "http", "localhost", "localhost:1", "/", 1, false},
      {"http://127.0.0.1.example.com", "http", "127.0.0.1.example.com", "127.0.0.1.example.com", "/", 80, false},
      {"http://128.0.0.1", "http", "128.0.0.1", "128.0.0.1", "/", 80, false},
      {"http://[::ffff:127.0.0.1]", "http", "::ffff:127.0.0.1", "[::ffff:127.0.0.1]", "/", 80, false}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_url url;
    assert_ok(snt_url_parse(rows[i].text, "x", &url, NULL));
    assert_string_equal(url.scheme, rows[i].scheme);
    assert_string_equal(url.host, rows[i].host);
    assert_string_equal(url.authority, rows[i].authority);
    assert_string_equal(url.path, rows[i].path);
    assert_int_equal(url.port, rows[i].port);
    assert_true(url.is_loopback == rows[i].is_loopback);
  }
}

static void everything_but_the_unreserved_is_encoded(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf out = {0};
  SNT_BUF_AUTO struct snt_buf path = {0};
  assert_ok(snt_uri_encode(snt_slice_of("aZ09-._~ /+=&%\xc3\xa9\n"), false, &out, NULL));
  assert_string_equal(out.data, "aZ09-._~%20%2F%2B%3D%26%25%C3%A9%0A");
  assert_ok(snt_uri_encode(snt_slice_of("/a b/"), true, &path, NULL));
  assert_string_equal(path.data, "/a%20b/");
}

static snt_status encode_much(const void *text) {
  SNT_BUF_AUTO struct snt_buf out = {0};
  return snt_uri_encode(snt_slice_of(text), false, &out, NULL);
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  char text[400];
  memset(text, '/', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  assert_true(fail_alloc_walk(encode_much, text) > 1);
}

static void parts_that_are_too_long_are_refused(void **state) {
  (void)state;
  static char text[4096];
  struct snt_url url;
  for (size_t i = 0; i < 2; i++) {
    size_t cap = i == 0 ? sizeof url.host : sizeof url.path;
    const char *prefix = i == 0 ? "https://" : "https://h/";
    for (size_t len = cap - 2; len <= cap; len++) {
      (void)snprintf(text, sizeof text, "%s", prefix);
      size_t used = strlen(prefix);
      memset(text + used, 'a', len - i); /* the path's first byte is its '/' */
      text[used + len - i] = '\0';
      assert_true(snt_ok(snt_url_parse(text, "x", &url, NULL)) == (len < cap));
    }
  }
}

static void addresses_written_oddly_are_not_loopback(void **state) {
  (void)state;
  static const char *const texts[] = {"http://127.1",      "http://0x7f.0.0.1", "http://2130706433",
                                      "http://0127.0.0.1", "http://127.0.0.01", "http://127.0.0.1.",
                                      "http://0.0.0.0",    "http://[::]",       "http://[::2]",
                                      "http://[fe80::1]",  "http://126.0.0.1"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    struct snt_url url;
    if (snt_ok(snt_url_parse(texts[i], "x", &url, NULL)) && url.is_loopback) {
      fail_msg("%s", texts[i]);
    }
  }
  struct snt_url url;
  assert_ok(snt_url_parse("http://[0:0:0:0:0:0:0:1]", "x", &url, NULL));
  assert_true(url.is_loopback);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(urls_that_are_none_are_refused),
                                     cmocka_unit_test(urls_are_taken_apart),
                                     cmocka_unit_test(everything_but_the_unreserved_is_encoded),
                                     cmocka_unit_test(every_allocation_may_fail),
                                     cmocka_unit_test(parts_that_are_too_long_are_refused),
                                     cmocka_unit_test(addresses_written_oddly_are_not_loopback)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
