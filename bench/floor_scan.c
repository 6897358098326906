/* The floor of matching: rules as plain strings, looked at one after the other with strcmp; the last one matches.
 *
 * usage: floor_scan [RULES] [ROUNDS]        default: 1000 20000 */
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROFILES = 2, USERS = 3, REPEATS = 9 };

struct rule {
  char profiles[PROFILES][24], users[USERS][24];
};

static int has_user(const struct rule *rule, const char *user) {
  for (int i = 0; i < USERS; i++) {
    if (strcmp(rule->users[i], user) == 0) {
      return 1;
    }
  }
  return 0;
}

static int decide(const struct rule *rules, int count, const char *profile, const char *user) {
  for (int i = 0; i < count; i++) {
    for (int k = 0; k < PROFILES; k++) {
      if (strcmp(rules[i].profiles[k], profile) == 0 && has_user(&rules[i], user)) {
        return i;
      }
    }
  }
  return -1;
}

int main(int argc, char **argv) {
  int count = argc > 1 ? atoi(argv[1]) : 1000, rounds = argc > 2 ? atoi(argv[2]) : 20000;
  struct rule *rules = calloc((size_t)(count > 0 ? count : 1), sizeof *rules);
  char profile[24];
  double us[REPEATS];
  volatile int found = 0;
  for (int i = 0; i < count; i++) {
    snprintf(rules[i].profiles[0], 24, "profile-%d", i + 1);
    snprintf(rules[i].profiles[1], 24, "other-%d", i + 1);
    snprintf(rules[i].users[0], 24, "u%d", i + 1);
    snprintf(rules[i].users[1], 24, "v%d", i + 1);
    snprintf(rules[i].users[2], 24, "alice");
  }
  snprintf(profile, sizeof profile, "profile-%d", count);
  for (int i = 0; i < REPEATS; i++) {
    double start = now_us();
    for (int k = 0; k < rounds; k++) {
      found = decide(rules, count, profile, "alice");
    }
    us[i] = (now_us() - start) / rounds;
  }
  sort_doubles(us, REPEATS);
  printf("  %6d rules, strcmp in C  %8.2f us (rule %d)\n", count, us[REPEATS / 2], found);
  return found == count - 1 ? 0 : 1;
}
