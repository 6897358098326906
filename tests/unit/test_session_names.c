/* How many names are compared: SENTINEL_SESSION_NAMES (default 100000; the full run has 1000000). */
#include "check.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/identity.h"
#include "base/sha256.h"

enum { DEFAULT_COUNT = 100000, NAME_CAP = 128, PART_CAP = 30, PAST = 512 };

static const char REQUEST_ID[] = "a1b2c3d4e5f60718";

static void odd_arguments_are_a_bug(void **state) {
  (void)state;
  static const struct {
    const char *user, *marker, *request_id;
    char separator;
  } rows[] = {
      {"", "direct", "a1b2c3d4e5f60718", '='},         {"alice", "", "a1b2c3d4e5f60718", '='},
      {"alice", "Direct", "a1b2c3d4e5f60718", '='},    {"alice", "bg3fa1c", "a1b2c3d4e5f60718", '='},
      {"alice", "bg3fa1c0f", "a1b2c3d4e5f60718", '='}, {"alice", "bg3fa1cx", "a1b2c3d4e5f60718", '='},
      {"alice", "3fa1c0d", "a1b2c3d4e5f60718", '='},   {"alice", "3FA1C0DE", "a1b2c3d4e5f60718", '='},
      {"alice", "direct", "a1b2c3d4e5f6071", '='},     {"alice", "direct", "a1b2c3d4e5f607188", '='},
      {"alice", "direct", "A1B2C3D4E5F60718", '='},    {"alice", "direct", "", '='},
      {"alice", "direct", "a1b2c3d4e5f60718", '/'},    {"alice", "direct", "a1b2c3d4e5f60718", '\0'},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_session_names names;
    struct snt_err err = {0};
    assert_code(
        snt_session_names_make(rows[i].user, rows[i].marker, rows[i].request_id, rows[i].separator, &names, &err),
        SNT_CODE_BUG);
    assert_string_equal(names.source_identity, "");
  }
}

static void the_names_are_the_ones_of_the_contract(void **state) {
  (void)state;
  struct snt_session_names names;
  assert_ok(snt_session_names_make("alice", "direct", REQUEST_ID, '=', &names, NULL));
  assert_string_equal(names.session_id, "sentinel:alice:direct:a1b2c3d4e5f60718");
  assert_string_equal(names.source_identity, "sentinel=alice=direct=a1b2c3d4e5f60718");
  assert_string_equal(names.role_session_name, "a1b2c3d4e5f60718-alice");
  assert_ok(snt_session_names_make("alice", "bg3fa1c0", REQUEST_ID, ':', &names, NULL));
  assert_string_equal(names.source_identity, "sentinel:alice:bg3fa1c0:a1b2c3d4e5f60718");
}

static void a_user_part_is_kept_or_carries_a_hash(void **state) {
  (void)state;
  static const struct {
    const char *user, *part;
  } rows[] = {
      {"alice", "alice"},
      {"a.b@x.com", "a.b@x.com"},
      {"A_b+c-d", "A_b+c-d"},
      {"abcdefghijklmnopqrstuvwxyzabc", "abcdefghijklmnopqrstuvwxyzabc"},  /* 29 bytes */
      {"abcdefghijklmnopqrstuvwxyzabcd", "abcdefghijkl_df2d142fd9415b73"}, /* 30 bytes */
      {"x_0123456789abcde", "x_0123456789abcde"},                          /* 15 digits */
      {"x_0123456789abcdef", "x_0123456789_e57bc0d901d09050"},             /* looks like a hash */
      {"_0123456789abcdef", "_0123456789a_a970a83734f3cbea"},              /* nothing before it */
      {"x-0123456789abcdef", "x-0123456789abcdef"},                        /* no underscore */
      {"role/Role/name", "role-Role-na_8d0fd78cf361b549"},
      {"a=b", "a-b_42144f3939c3ffbb"},
      {"zo\xc3\xab", "zo--_2752b88686847fa5"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char part[PART_CAP];
    snt_session_user_part(rows[i].user, part);
    assert_string_equal(part, rows[i].part);
  }
}

static void two_names_that_ignore_case_would_join_stay_apart(void **state) {
  (void)state;
  char changed[PART_CAP];
  char loud[PART_CAP];
  char part[PART_CAP];
  snt_session_user_part("role/Role/name", changed);
  for (size_t i = 0; i < sizeof changed; i++) {
    loud[i] = (char)toupper((unsigned char)changed[i]);
  }
  snt_session_user_part(loud, part);
  assert_int_not_equal(strcasecmp(part, changed), 0);
}

static bool is_sts_value(const char *text) {
  size_t len = strlen(text);
  for (const char *c = text; *c != '\0'; c++) {
    bool is_word = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '_';
    if (!is_word && *c != '+' && *c != '=' && *c != ',' && *c != '.' && *c != '@' && *c != '-') {
      return false;
    }
  }
  return len >= 2 && len <= 64;
}

/* xorshift64*: the same names on every machine. */
static uint64_t next_random(uint64_t *seed) {
  *seed ^= *seed >> 12;
  *seed ^= *seed << 25;
  *seed ^= *seed >> 27;
  return *seed * 0x2545f4914f6cdd1dULL;
}

static void random_text(uint64_t *seed, const char *alphabet, size_t letters, size_t len, char *out) {
  for (size_t i = 0; i < len; i++) {
    out[i] = alphabet[next_random(seed) % letters];
  }
  out[len] = '\0';
}

static const char PLAIN[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.@+-";
static const char CHANGED[] = "=,/: *?#\xc3\xa4\xff\x01-";
static const char FEW[] = "ab=/";

static void random_bytes_name(uint64_t *seed, char *out) {
  size_t len = 1 + next_random(seed) % 80;
  for (size_t i = 0; i < len; i++) {
    out[i] = (char)(1 + next_random(seed) % 255);
  }
  out[len] = '\0';
}

/* A name made from an earlier one, as somebody would who wants to share its identity. */
static void twist(uint64_t *seed, const char *earlier, char *out) {
  char part[PART_CAP] = {0};
  size_t len = strlen(earlier);
  memcpy(out, earlier, len + 1);
  switch (next_random(seed) % 6) {
  case 0: /* its changed form */
    snt_session_user_part(earlier, part);
    memcpy(out, part, sizeof part);
    break;
  case 1: /* differs only in a byte that is replaced */
    out[next_random(seed) % len] = CHANGED[next_random(seed) % (sizeof CHANGED - 1)];
    break;
  case 2: /* a prefix */
    out[1 + next_random(seed) % len] = '\0';
    break;
  case 3: /* a prefix of what is kept, and the hash of the earlier name */
    snt_session_user_part(earlier, part);
    out[len < 12 ? len : 12] = '\0';
    (void)snprintf(out + strlen(out), PART_CAP, "_%.16s", strlen(part) > 16 ? part + strlen(part) - 16 : part);
    break;
  case 4: /* longer by a byte */
    out[len] = PLAIN[next_random(seed) % (sizeof PLAIN - 1)];
    out[len + (len < NAME_CAP - 40 ? 1 : 0)] = '\0';
    break;
  default: /* the changed form in capital letters */
    snt_session_user_part(earlier, part);
    for (size_t i = 0; i < sizeof part; i++) {
      out[i] = (char)toupper((unsigned char)part[i]);
    }
  }
}

static void make_name(uint64_t *seed, size_t index, char past[PAST][NAME_CAP], char *out) {
  char digits[17];
  switch (next_random(seed) % 8) {
  case 0:
    random_text(seed, PLAIN, sizeof PLAIN - 1, 1 + next_random(seed) % 40, out);
    break;
  case 1:
    random_bytes_name(seed, out);
    break;
  case 2:
    random_text(seed, FEW, sizeof FEW - 1, 1 + next_random(seed) % 20, out);
    break;
  case 3:
    random_text(seed, PLAIN, sizeof PLAIN - 1, next_random(seed) % 14, out);
    random_text(seed, "0123456789abcdefABCDEF", 22, 16, digits);
    (void)snprintf(out + strlen(out), 32, "_%s", digits);
    break;
  case 4:
    (void)snprintf(out, NAME_CAP, "role/OrganizationAccountAccess/someone-%zu", index);
    break;
  default:
    if (index >= PAST) {
      twist(seed, past[next_random(seed) % PAST], out);
    } else {
      (void)snprintf(out, NAME_CAP, "user%zu", index);
    }
  }
}

struct entry {
  char part[PART_CAP];
  uint8_t name[16]; /* of the whole name's hash */
};

static int compare_entries(const void *a, const void *b) { return memcmp(a, b, sizeof(struct entry)); }

static size_t count_of_names(void) {
  const char *text = getenv("SENTINEL_SESSION_NAMES");
  return text == NULL ? DEFAULT_COUNT : (size_t)strtoul(text, NULL, 10);
}

static void check_values(const char *name) {
  static const char *const markers[] = {"direct", "bg3fa1c0", "0f1e2d3c"};
  struct snt_session_names names;
  struct snt_err err = {0};
  assert_ok(snt_session_names_make(name, markers[strlen(name) % 3], REQUEST_ID, '=', &names, &err));
  if (!is_sts_value(names.source_identity) || !is_sts_value(names.role_session_name)) {
    fail_msg("STS would refuse %s or %s", names.source_identity, names.role_session_name);
  }
}

static void no_two_names_share_a_user_part_and_every_value_suits_sts(void **state) {
  (void)state;
  static char past[PAST][NAME_CAP];
  size_t count = count_of_names();
  struct entry *entries = calloc(count, sizeof *entries);
  assert_non_null(entries);
  uint64_t seed = 0x5eed5eed5eedULL;
  for (size_t i = 0; i < count; i++) {
    char name[NAME_CAP] = {0};
    uint8_t hash[SNT_SHA256_LEN];
    make_name(&seed, i, past, name);
    memcpy(past[i % PAST], name, sizeof name);
    check_values(name);
    snt_session_user_part(name, entries[i].part);
    memset(entries[i].part + strlen(entries[i].part), 0, sizeof entries[i].part - strlen(entries[i].part));
    snt_sha256(name, strlen(name), hash);
    memcpy(entries[i].name, hash, sizeof entries[i].name);
  }
  qsort(entries, count, sizeof *entries, compare_entries);
  size_t different = count > 0 ? 1 : 0;
  for (size_t i = 1; i < count; i++) {
    bool is_same_name = memcmp(entries[i].name, entries[i - 1].name, sizeof entries[i].name) == 0;
    different += is_same_name ? 0 : 1;
    if (!is_same_name && strcmp(entries[i].part, entries[i - 1].part) == 0) {
      fail_msg("two names share the user part %s", entries[i].part);
    }
  }
  print_message("%zu different names of %zu\n", different, count);
  assert_true(different > count / 2);
  free(entries);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(odd_arguments_are_a_bug),
      cmocka_unit_test(the_names_are_the_ones_of_the_contract),
      cmocka_unit_test(a_user_part_is_kept_or_carries_a_hash),
      cmocka_unit_test(two_names_that_ignore_case_would_join_stay_apart),
      cmocka_unit_test(no_two_names_share_a_user_part_and_every_value_suits_sts),
  };
  return cmocka_run_group_tests_name("session_names", tests, NULL, NULL);
}
