#include "check.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "facts/reach.h"

static bool may_connect(const char *text, bool allows_private) {
  struct sockaddr_in four = {.sin_family = AF_INET};
  struct sockaddr_in6 six = {.sin6_family = AF_INET6};
  if (inet_pton(AF_INET, text, &four.sin_addr) == 1) {
    return snt_reach_check((const struct sockaddr *)&four, allows_private);
  }
  assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
  return snt_reach_check((const struct sockaddr *)&six, allows_private);
}

static void some_addresses_are_never_asked(void **state) {
  (void)state;
  static const char *const rows[] = {
      "127.0.0.1",
      "127.255.255.255",
      "0.0.0.0",
      "0.1.2.3",
      "169.254.169.254",
      "169.254.0.1",
      "100.100.100.200",
      "192.0.0.1",
      "192.0.2.1",
      "198.18.0.1",
      "198.19.255.255",
      "198.51.100.1",
      "203.0.113.1",
      "224.0.0.1",
      "255.255.255.255",
      "::",
      "::1",
      "::7f00:1",
      "::ffff:127.0.0.1",
      "::ffff:169.254.169.254",
      "fe80::1",
      "febf::1",
      "fec0::1",
      "ff02::1",
      "fd00:ec2::254",
      "64:ff9b::7f00:1",
      "2002:7f00:1::",
      "2001::1",
      "2001:db8::1",
      "100::1",
      "::ffff:0:127.0.0.1",
      "::fffe:7f00:1",
      "5f00::1",
      "168.63.129.16",
      "fd20:ce::254",
      "fd00:42::42",
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (may_connect(rows[i], true) || may_connect(rows[i], false)) {
      fail_msg("%s may be asked", rows[i]);
    }
  }
}

static void private_addresses_are_asked_where_they_are_granted(void **state) {
  (void)state;
  static const char *const rows[] = {"10.0.0.1",        "10.255.255.255", "172.16.0.1", "172.31.255.255",
                                     "192.168.1.1",     "100.64.0.1",     "fc00::1",    "fd12:3456::1",
                                     "::ffff:10.0.0.1", "100.127.255.255"};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (may_connect(rows[i], false) || !may_connect(rows[i], true)) {
      fail_msg("%s", rows[i]);
    }
  }
}

static void public_addresses_are_asked(void **state) {
  (void)state;
  static const char *const rows[] = {"8.8.8.8",         "1.1.1.1",        "172.15.255.255", "172.32.0.1",
                                     "11.0.0.1",        "128.0.0.1",      "192.169.0.1",    "100.128.0.1",
                                     "2606:4700::1111", "2a00:1450::1",   "198.20.0.1",     "2001:4860::8888",
                                     "::ffff:8.8.8.8",  "223.255.255.255"};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (!may_connect(rows[i], false)) {
      fail_msg("%s may not be asked", rows[i]);
    }
  }
}

static void other_families_are_not_asked(void **state) {
  (void)state;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  assert_false(snt_reach_check((const struct sockaddr *)&address, true));
}

static void what_ships_has_no_override(void **state) {
  (void)state;
  assert_int_equal(setenv("SENTINEL_TEST_CA", "/tmp/x", 1), 0);
  struct snt_reach_override override = snt_reach_override();
  assert_null(override.ca_bundle);
  assert_null(override.connect_to);
  assert_false(override.allows_loopback);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(some_addresses_are_never_asked),
      cmocka_unit_test(private_addresses_are_asked_where_they_are_granted),
      cmocka_unit_test(public_addresses_are_asked),
      cmocka_unit_test(other_families_are_not_asked),
      cmocka_unit_test(what_ships_has_no_override),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
