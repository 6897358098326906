/* What every unit test includes: cmocka behind its four headers, and a few assertions of our own. */
#ifndef SNT_TESTS_CHECK_H
#define SNT_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/status.h"

/* Tells what cannot be tried here; that ends the program where nothing may be skipped (SENTINEL_REQUIRE=all). */
static inline void leave_out(const char *what, const char *why) {
  const char *required = getenv("SENTINEL_REQUIRE");
  print_message("skipped: %s%s\n", what, why);
  if (required != NULL && strcmp(required, "all") == 0) {
    print_error("that may not be skipped: SENTINEL_REQUIRE=all\n");
    exit(1);
  }
}

#define assert_ok(expr)                                                                                                \
  do {                                                                                                                 \
    snt_status check_status = (expr);                                                                                  \
    if (!snt_ok(check_status)) {                                                                                       \
      fail_msg("%s: %s", #expr, snt_code_name(check_status.code));                                                     \
    }                                                                                                                  \
  } while (0)

#define assert_code(expr, wanted)                                                                                      \
  do {                                                                                                                 \
    snt_status check_status = (expr);                                                                                  \
    if (check_status.code != (wanted)) {                                                                               \
      fail_msg("%s: %s instead of %s", #expr, snt_code_name(check_status.code), snt_code_name(wanted));                \
    }                                                                                                                  \
  } while (0)

#endif
