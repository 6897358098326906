/* What is kept of base credentials, in the kernel keyring and in the keychain. */
#include "check.h"

#include "aws/base_cache.h"
#include "base/clock.h"
#include "keychain_fixture.h"

#define ID "ASIA1111111111111111"
#define PROXY "HTTPS_PROXY"

enum { MINUTE_MS = 60000 };

/* A clock that can be set ahead. */
static int64_t ahead_ms;

int64_t __real_snt_clock_wall_ms(void);
int64_t __wrap_snt_clock_wall_ms(void);
int64_t __wrap_snt_clock_wall_ms(void) { return __real_snt_clock_wall_ms() + ahead_ms; }

struct stand {
  struct fixture fixture;
  struct snt_aws_target target;
  struct snt_secret *owner, *other;
  struct snt_aws_search search;
};

static void begin_stand(struct stand *stand, enum snt_cache_place place) {
  memset(stand, 0, sizeof *stand);
  ahead_ms = 0;
  assert_int_equal(unsetenv(PROXY), 0);
  begin(&stand->fixture, "file");
  assert_ok(write_text(&stand->fixture, "a-key", "x", NULL)); /* a cache makes no keychain */
  assert_ok(snt_secret_new_from("base secret", 11, &stand->owner, NULL));
  assert_ok(snt_secret_new_from("other secret", 12, &stand->other, NULL));
  (void)snprintf(stand->target.profile, sizeof stand->target.profile, "test-%d", (int)getpid());
  stand->search =
      (struct snt_aws_search){.target = &stand->target, .keychain = stand->fixture.keychain, .cache = place};
}

static void end_stand(struct stand *stand) {
  size_t removed = 0;
  assert_ok(snt_cache_clear(stand->fixture.keychain, SNT_KEYCHAIN_KIND_BASE, stand->target.profile, &removed, NULL));
  snt_secret_free(&stand->owner);
  snt_secret_free(&stand->other);
  end(&stand->fixture);
}

static void each_place(void (*body)(struct stand *stand)) {
  static const enum snt_cache_place places[] = {SNT_CACHE_KERNEL, SNT_CACHE_KEYCHAIN};
  for (size_t i = 0; i < 2; i++) {
    struct stand stand;
    begin_stand(&stand, places[i]);
    body(&stand);
    end_stand(&stand);
  }
}

/* Good for so long; token may be NULL. */
static void put(struct stand *stand, const char *text, const char *token, int64_t life_ms) {
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials keys = {0};
  struct snt_aws_key_text key = {snt_slice_of(ID), snt_slice_of("a\"b\\c"),
                                 token == NULL ? (struct snt_slice){"", 0} : snt_slice_of(token)};
  assert_ok(snt_aws_credentials_take_text(&key, "role of profile \"s\"", SNT_CODE_BUG, &keys, NULL));
  keys.expires_at_ms = life_ms == 0 ? 0 : snt_clock_wall_ms() + life_ms;
  snt_aws_base_cache_write(&stand->search, stand->owner, snt_slice_of(text), &keys);
}

static bool holds(const struct stand *stand, const struct snt_secret *owner, const char *text) {
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials keys = {0};
  bool is_there = snt_aws_base_cache_read(&stand->search, owner, snt_slice_of(text), &keys);
  assert_true(is_there == (keys.secret_key != NULL));
  return is_there;
}

static void body_whole(struct stand *stand) {
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials keys = {0};
  put(stand, "one", "token", 60 * MINUTE_MS);
  assert_true(snt_aws_base_cache_read(&stand->search, stand->owner, snt_slice_of("one"), &keys));
  assert_string_equal(keys.access_key_id, ID);
  assert_string_equal(snt_secret_borrow(keys.secret_key), "a\"b\\c");
  assert_string_equal(snt_secret_borrow(keys.session_token), "token");
  assert_string_equal(keys.source, "role of profile \"s\"");
  assert_true(keys.expires_at_ms > snt_clock_wall_ms() + 59 * MINUTE_MS);
  assert_true(keys.is_kept);
}
static void what_is_kept_comes_back_whole(void **state) {
  (void)state;
  each_place(body_whole);
}

static void body_owner(struct stand *stand) {
  put(stand, "one", "token", 60 * MINUTE_MS);
  assert_true(holds(stand, stand->owner, "one"));
  assert_false(holds(stand, stand->other, "one"));
  assert_false(holds(stand, stand->owner, "two"));
}
static void it_belongs_to_its_owner_and_to_all_that_shapes_it(void **state) {
  (void)state;
  each_place(body_owner);
}

static void body_way(struct stand *stand) {
  put(stand, "one", "token", 60 * MINUTE_MS);
  stand->search.ca_bundle = "/tmp/mine.pem";
  assert_false(holds(stand, stand->owner, "one"));
  stand->search.ca_bundle = NULL;
  assert_int_equal(setenv(PROXY, "http://127.0.0.1:1", 1), 0);
  assert_false(holds(stand, stand->owner, "one"));
  assert_int_equal(unsetenv(PROXY), 0);
  assert_true(holds(stand, stand->owner, "one"));
}
static void what_was_heard_by_another_way_is_another(void **state) {
  (void)state;
  each_place(body_way);
}

static void body_end(struct stand *stand) {
  put(stand, "soon over", "token", 4 * MINUTE_MS);
  put(stand, "no end", "token", 0);
  put(stand, "one", "token", 60 * MINUTE_MS);
  assert_false(holds(stand, stand->owner, "soon over"));
  assert_false(holds(stand, stand->owner, "no end"));
  ahead_ms = 54 * MINUTE_MS;
  assert_true(holds(stand, stand->owner, "one"));
  ahead_ms = 56 * MINUTE_MS;
  assert_false(holds(stand, stand->owner, "one"));
}
static void nothing_is_given_out_that_is_about_to_end(void **state) {
  (void)state;
  each_place(body_end);
}

static void body_none(struct stand *stand) {
  put(stand, "long-lived", NULL, 60 * MINUTE_MS);
  assert_false(holds(stand, stand->owner, "long-lived"));
  put(stand, "one", "token", 60 * MINUTE_MS);
  stand->search.is_fresh = true;
  assert_false(holds(stand, stand->owner, "one"));
  stand->search.is_fresh = false;
  stand->search.cache = SNT_CACHE_OFF;
  assert_false(holds(stand, stand->owner, "one"));
  put(stand, "two", "token", 60 * MINUTE_MS);
  stand->search.cache = SNT_CACHE_KEYCHAIN;
  assert_false(holds(stand, stand->owner, "two"));
}
static void nothing_is_read_that_is_unwanted(void **state) {
  (void)state;
  each_place(body_none);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_kept_comes_back_whole),
      cmocka_unit_test(it_belongs_to_its_owner_and_to_all_that_shapes_it),
      cmocka_unit_test(what_was_heard_by_another_way_is_another),
      cmocka_unit_test(nothing_is_given_out_that_is_about_to_end),
      cmocka_unit_test(nothing_is_read_that_is_unwanted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
