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

/* What is asked for when nothing is kept: good for so long (0: it has no end); token may be NULL. */
struct asked {
  const char *token;
  int64_t life_ms;
  enum snt_code code; /* what asking ends with */
  int times;
  struct snt_aws_base_kept *kept;
  const struct snt_secret *owner; /* the one that it belongs to afterwards; NULL: the same */
};

static snt_status ask(void *context, struct snt_aws_credentials *out, struct snt_err *err) {
  struct asked *asked = context;
  struct snt_aws_key_text key = {snt_slice_of(ID), snt_slice_of("a\"b\\c"),
                                 asked->token == NULL ? (struct snt_slice){"", 0} : snt_slice_of(asked->token)};
  asked->times++;
  if (asked->code != SNT_CODE_OK) {
    SNT_IGNORE(snt_fail(err, asked->code, "it says no"));
    return snt_err_hint(err, "a hint");
  }
  assert_ok(snt_aws_credentials_take_text(&key, "role of profile \"s\"", SNT_CODE_BUG, out, NULL));
  out->expires_at_ms = asked->life_ms == 0 ? 0 : snt_clock_wall_ms() + asked->life_ms;
  if (asked->owner != NULL) {
    asked->kept->owner = asked->owner;
  }
  return snt_done();
}

/* How often it is asked (0: it was kept), for what is good for an hour unless asked says otherwise. */
static int obtain(const struct stand *stand, const struct snt_secret *owner, const char *text, struct asked *asked,
                  struct snt_aws_credentials *out) {
  struct snt_aws_base_kept kept = {owner, snt_slice_of(text), ask, asked};
  asked->kept = &kept;
  asked->times = 0;
  assert_ok(snt_aws_base_cache_obtain(&stand->search, &kept, out, NULL));
  assert_true(out->is_kept == (asked->times == 0));
  return asked->times;
}

static void put(struct stand *stand, const char *text, const char *token, int64_t life_ms) {
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials keys = {0};
  struct asked asked = {.token = token, .life_ms = life_ms, .code = SNT_CODE_OK};
  assert_int_equal(obtain(stand, stand->owner, text, &asked, &keys), 1);
}

/* What is asked for instead is not kept, so that looking changes nothing. */
static bool holds(const struct stand *stand, const struct snt_secret *owner, const char *text) {
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials keys = {0};
  struct asked asked = {.token = "other", .code = SNT_CODE_OK};
  return obtain(stand, owner, text, &asked, &keys) == 0;
}

static void body_whole(struct stand *stand) {
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials keys = {0};
  put(stand, "one", "token", 60 * MINUTE_MS);
  struct asked asked = {.code = SNT_CODE_FAILED};
  assert_int_equal(obtain(stand, stand->owner, "one", &asked, &keys), 0);
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

static void body_new_owner(struct stand *stand) {
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials keys = {0};
  struct asked asked = {.token = "token", .life_ms = 60 * MINUTE_MS, .code = SNT_CODE_OK, .owner = stand->other};
  assert_int_equal(obtain(stand, stand->owner, "one", &asked, &keys), 1);
  assert_false(holds(stand, stand->owner, "one"));
  assert_true(holds(stand, stand->other, "one"));
}
static void it_belongs_to_the_owner_that_it_was_got_with(void **state) {
  (void)state;
  each_place(body_new_owner);
}

static void body_failure(struct stand *stand) {
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials keys = {0};
  struct asked asked = {.code = SNT_CODE_AWS_REFUSED};
  struct snt_aws_base_kept kept = {stand->owner, snt_slice_of("one"), ask, &asked};
  struct snt_err err = {0};
  stand->search.turns = stand->fixture.folder;
  assert_code(snt_aws_base_cache_obtain(&stand->search, &kept, &keys, &err), SNT_CODE_AWS_REFUSED);
  assert_string_equal(err.message, "it says no");
  assert_string_equal(err.hint, "a hint");
  assert_null(keys.secret_key);
  assert_false(holds(stand, stand->owner, "one"));
}
static void a_failure_stands_and_is_not_kept(void **state) {
  (void)state;
  each_place(body_failure);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_kept_comes_back_whole),
      cmocka_unit_test(it_belongs_to_its_owner_and_to_all_that_shapes_it),
      cmocka_unit_test(what_was_heard_by_another_way_is_another),
      cmocka_unit_test(nothing_is_given_out_that_is_about_to_end),
      cmocka_unit_test(nothing_is_read_that_is_unwanted),
      cmocka_unit_test(it_belongs_to_the_owner_that_it_was_got_with),
      cmocka_unit_test(a_failure_stands_and_is_not_kept),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
