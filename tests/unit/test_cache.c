/* In the kernel keyring and in the keychain: what holds for one place holds for the other. */
#include "check.h"

#include "keychain/cache.h"
#include "keychain_fixture.h"

#include <sys/file.h>

static const char KIND[] = "test-cache";

struct place {
  struct fixture fixture;
  struct snt_secret *owner;
  struct snt_cache cache;
};

static void begin_place(struct place *place, enum snt_cache_place where) {
  begin(&place->fixture, "file");
  assert_ok(write_text(&place->fixture, "a-key", "x", NULL)); /* a cache makes no keychain */
  assert_ok(snt_secret_new_from("base secret", 11, &place->owner, NULL));
  place->cache = (struct snt_cache){where, place->fixture.keychain, place->owner};
}

static void end_place(struct place *place) {
  size_t removed = 0;
  assert_ok(snt_cache_clear(place->fixture.keychain, KIND, NULL, &removed, NULL));
  snt_secret_free(&place->owner);
  end(&place->fixture);
}

static void each_place(void (*body)(struct place *place)) {
  static const enum snt_cache_place places[] = {SNT_CACHE_KERNEL, SNT_CACHE_KEYCHAIN};
  for (size_t i = 0; i < 2; i++) {
    struct place place;
    begin_place(&place, places[i]);
    body(&place);
    end_place(&place);
  }
}

static size_t clear(struct place *place, const char *label) {
  size_t removed = 0;
  assert_ok(snt_cache_clear(place->fixture.keychain, KIND, label, &removed, NULL));
  return removed;
}

static void put(const struct snt_cache *cache, const char *name, const char *text) {
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  assert_ok(snt_secret_new_from(text, strlen(text), &value, NULL));
  (void)snt_cache_write(cache, KIND, name, value, 60);
}

static bool holds(const struct snt_cache *cache, const char *kind, const char *name, const char *text) {
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  bool is_found = snt_cache_read(cache, kind, name, &value);
  assert_true(is_found == (value != NULL));
  return is_found && strcmp(snt_secret_borrow(value), text) == 0;
}

static void name_of(const struct snt_cache *cache, const char *label, const char *text,
                    char out[static SNT_CACHE_NAME_CAP]) {
  snt_cache_name(cache, KIND, label, snt_slice_of(text), out);
}

static void body_life(struct place *place) {
  char name[SNT_CACHE_NAME_CAP];
  name_of(&place->cache, "prod", "one", name);
  assert_false(holds(&place->cache, KIND, name, "v"));
  put(&place->cache, name, "v");
  assert_true(snt_cache_check(&place->cache));
  assert_true(holds(&place->cache, KIND, name, "v"));
  put(&place->cache, name, "w");
  assert_true(holds(&place->cache, KIND, name, "w"));
  snt_cache_remove(&place->cache, KIND, name);
  assert_false(holds(&place->cache, KIND, name, "w"));
}
static void an_entry_is_kept_replaced_and_removed(void **state) {
  (void)state;
  each_place(body_life);
}

static void names_tell_owner_kind_label_and_text_apart(void **state) {
  (void)state;
  SNT_SECRET_AUTO struct snt_secret *owner = NULL;
  SNT_SECRET_AUTO struct snt_secret *other = NULL;
  assert_ok(snt_secret_new_from("a", 1, &owner, NULL));
  assert_ok(snt_secret_new_from("b", 1, &other, NULL));
  const struct snt_cache mine = {SNT_CACHE_KERNEL, NULL, owner};
  const struct snt_cache theirs = {SNT_CACHE_KERNEL, NULL, other};
  char names[5][SNT_CACHE_NAME_CAP];
  name_of(&mine, "prod", "one", names[0]);
  name_of(&mine, "prod", "two", names[1]);
  name_of(&theirs, "prod", "one", names[2]);
  snt_cache_name(&mine, "other", "prod", snt_slice_of("one"), names[3]);
  name_of(&mine, "dev", "one", names[4]);
  for (size_t i = 0; i < 5; i++) {
    for (size_t k = i + 1; k < 5; k++) {
      assert_string_not_equal(names[i], names[k]);
    }
  }
  assert_int_equal(strlen(names[0]), strlen("prod:") + 64);
}

/* Who knows where an entry lies, and can write there, has still not its owner's secret. */
static void body_forged(struct place *place) {
  SNT_SECRET_AUTO struct snt_secret *wrong = NULL;
  assert_ok(snt_secret_new_from("base secreT", 11, &wrong, NULL));
  const struct snt_cache attacker = {place->cache.place, place->cache.keychain, wrong};
  char name[SNT_CACHE_NAME_CAP];
  char second[SNT_CACHE_NAME_CAP];
  name_of(&place->cache, "prod", "one", name);
  name_of(&place->cache, "prod", "two", second);
  put(&place->cache, name, "v");
  assert_false(holds(&attacker, KIND, name, "v"));
  put(&attacker, second, "forged");
  assert_false(holds(&place->cache, KIND, second, "forged"));
}
static void nothing_is_found_without_the_owners_secret(void **state) {
  (void)state;
  each_place(body_forged);
}

/* An entry that was moved to another name, or to another kind, is not one. */
static void an_entry_is_good_at_its_place_only(void **state) {
  (void)state;
  struct place place;
  begin_place(&place, SNT_CACHE_KEYCHAIN);
  char name[SNT_CACHE_NAME_CAP];
  char second[SNT_CACHE_NAME_CAP];
  SNT_SECRET_AUTO struct snt_secret *sealed = NULL;
  name_of(&place.cache, "prod", "one", name);
  name_of(&place.cache, "prod", "two", second);
  put(&place.cache, name, "v");
  assert_ok(snt_keychain_read(place.fixture.keychain, KIND, name, &sealed, NULL));
  assert_ok(snt_keychain_write(place.fixture.keychain, KIND, second, sealed, NULL));
  assert_ok(snt_keychain_write(place.fixture.keychain, "test-other", name, sealed, NULL));
  assert_false(holds(&place.cache, KIND, second, "v"));
  assert_false(holds(&place.cache, "test-other", name, "v"));
  assert_true(holds(&place.cache, KIND, name, "v"));
  for (size_t len = 0; len < snt_secret_len(sealed); len++) { /* nor is a part of it */
    SNT_SECRET_AUTO struct snt_secret *part = NULL;
    assert_ok(snt_secret_new_from(snt_secret_borrow(sealed), len, &part, NULL));
    if (len > 0) {
      assert_ok(snt_keychain_write(place.fixture.keychain, KIND, name, part, NULL));
      assert_false(holds(&place.cache, KIND, name, "v"));
    }
  }
  end_place(&place);
}

static void body_clear(struct place *place) {
  static const char *const labels[] = {"prod", "prod:x", "dev", "prob"};
  char names[4][SNT_CACHE_NAME_CAP];
  for (size_t i = 0; i < 4; i++) {
    name_of(&place->cache, labels[i], "one", names[i]);
    put(&place->cache, names[i], "v");
  }
  assert_int_equal(clear(place, "prod"), 1);
  assert_false(holds(&place->cache, KIND, names[0], "v"));
  assert_true(holds(&place->cache, KIND, names[1], "v"));
  assert_int_equal(clear(place, NULL), 3);
  assert_false(holds(&place->cache, KIND, names[2], "v"));
  expect_text(&place->fixture, "a-key", "x");
}
static void entries_are_cleared_by_label(void **state) {
  (void)state;
  each_place(body_clear);
}

static void body_off(struct place *place) {
  struct snt_cache off = place->cache;
  off.place = SNT_CACHE_OFF;
  char name[SNT_CACHE_NAME_CAP];
  name_of(&off, "prod", "one", name);
  put(&off, name, "v");
  assert_false(snt_cache_check(&off));
  assert_false(holds(&place->cache, KIND, name, "v"));
  put(&place->cache, name, "v");
  assert_false(holds(&off, KIND, name, "v"));
}
static void a_cache_that_is_off_keeps_and_finds_nothing(void **state) {
  (void)state;
  each_place(body_off);
}

static void what_has_no_life_left_is_not_kept(void **state) {
  (void)state;
  struct place place;
  begin_place(&place, SNT_CACHE_KERNEL);
  char name[SNT_CACHE_NAME_CAP];
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  assert_ok(snt_secret_new_from("v", 1, &value, NULL));
  name_of(&place.cache, "prod", "one", name);
  assert_false(snt_cache_write(&place.cache, KIND, name, value, 0));
  assert_false(holds(&place.cache, KIND, name, "v"));
  assert_false(snt_cache_write(&place.cache, KIND, name, value, -1));
  assert_false(holds(&place.cache, KIND, name, "v"));
  end_place(&place);
}

/* Without its passphrase the keychain would have to ask; there is no terminal here, but it may not even try. */
static void nobody_is_asked_and_no_keychain_is_made(void **state) {
  (void)state;
  struct place place;
  begin_place(&place, SNT_CACHE_KEYCHAIN);
  char name[SNT_CACHE_NAME_CAP];
  struct snt_err err = {0};
  name_of(&place.cache, "prod", "one", name);
  forget_key(&place.fixture);
  open_keychain(&place.fixture, false);
  place.cache.keychain = place.fixture.keychain;
  put(&place.cache, name, "v");
  assert_false(holds(&place.cache, KIND, name, "v"));
  assert_false(snt_cache_check(&place.cache));
  snt_keychain_hush(place.fixture.keychain, true);
  assert_int_equal(read_code(&place.fixture, "a-key", &err), SNT_CODE_ACTION_REQUIRED);
  assert_non_null(strstr(err.message, "nobody is asked"));
  assert_int_equal(unlink(place.fixture.path), 0);
  open_keychain(&place.fixture, true);
  place.cache.keychain = place.fixture.keychain;
  put(&place.cache, name, "v");
  assert_false(snt_cache_check(&place.cache));
  assert_int_equal(access(place.fixture.path, F_OK), -1);
  assert_ok(write_text(&place.fixture, "a-key", "x", NULL)); /* it is hushed no longer */
  end_place(&place);
}

static size_t count;
static void count_name(void *context, const char *name) {
  (void)context;
  (void)name;
  count++;
}

static void the_keychain_does_not_fill_up(void **state) {
  (void)state;
  struct place place;
  begin_place(&place, SNT_CACHE_KEYCHAIN);
  char name[SNT_CACHE_NAME_CAP];
  for (int i = 0; i < 40; i++) {
    char text[16];
    (void)snprintf(text, sizeof text, "%d", i);
    name_of(&place.cache, "prod", text, name);
    put(&place.cache, name, "v");
  }
  count = 0;
  assert_ok(snt_keychain_list(place.fixture.keychain, KIND, count_name, NULL, NULL));
  assert_int_equal(count, 8);
  assert_true(holds(&place.cache, KIND, name, "v"));
  expect_text(&place.fixture, "a-key", "x");
  end_place(&place);
}

/* What is over goes when something else comes; what is not stays. */
static void what_is_over_is_tidied_up(void **state) {
  (void)state;
  struct place place;
  begin_place(&place, SNT_CACHE_KEYCHAIN);
  char names[3][SNT_CACHE_NAME_CAP];
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  assert_ok(snt_secret_new_from("v", 1, &value, NULL));
  for (size_t i = 0; i < 3; i++) {
    char text[2] = {(char)('a' + i), '\0'};
    name_of(&place.cache, "prod", text, names[i]);
  }
  assert_true(snt_cache_write(&place.cache, KIND, names[0], value, 1));
  assert_true(snt_cache_write(&place.cache, KIND, names[1], value, 60));
  (void)sleep(1);
  assert_true(snt_cache_write(&place.cache, KIND, names[2], value, 60));
  count = 0;
  assert_ok(snt_keychain_list(place.fixture.keychain, KIND, count_name, NULL, NULL));
  assert_int_equal(count, 2);
  assert_true(holds(&place.cache, KIND, names[1], "v"));
  end_place(&place);
}

/* A writer that was stopped holds the lock. The alarm ends a test that waits for it again and again. */
static void a_stopped_writer_is_not_waited_for_long(void **state) {
  (void)state;
  struct place place;
  char path[256];
  char name[SNT_CACHE_NAME_CAP];
  begin_place(&place, SNT_CACHE_KEYCHAIN);
  SNT_SECRET_AUTO struct snt_secret *over = NULL;
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  assert_ok(snt_secret_new(64, &over, NULL));
  snt_secret_set_len(over, 64); /* its time was over in 1970 */
  for (int i = 0; i < 60; i++) {
    (void)snprintf(name, sizeof name, "prod:%d", i);
    assert_ok(snt_keychain_write(place.fixture.keychain, KIND, name, over, NULL));
  }
  (void)snprintf(path, sizeof path, "%s.lock", place.fixture.path);
  SNT_FD_AUTO int lock = open(path, O_RDWR | O_CLOEXEC);
  assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
  assert_ok(snt_secret_new_from("v", 1, &value, NULL));
  name_of(&place.cache, "prod", "one", name);
  (void)alarm(40); /* not a second for each of the sixty */
  assert_false(snt_cache_write(&place.cache, KIND, name, value, 60));
  snt_cache_remove(&place.cache, KIND, name);
  (void)alarm(0);
  assert_int_equal(flock(lock, LOCK_UN), 0);
  assert_true(snt_cache_write(&place.cache, KIND, name, value, 60));
  count = 0;
  assert_ok(snt_keychain_list(place.fixture.keychain, KIND, count_name, NULL, NULL));
  assert_int_equal(count, 1);
  end_place(&place);
}

static void what_finds_no_room_in_the_kernel_is_found_in_the_keychain(void **state) {
  (void)state;
  struct place place;
  char name[SNT_CACHE_NAME_CAP];
  SNT_FREE_AUTO char *large = calloc(1, SNT_KERNEL_KEY_MAX + 2);
  assert_non_null(large);
  memset(large, 'x', SNT_KERNEL_KEY_MAX + 1);
  begin_place(&place, SNT_CACHE_KERNEL);
  name_of(&place.cache, "prod", "one", name);
  put(&place.cache, name, "old");
  put(&place.cache, name, large);
  assert_true(holds(&place.cache, KIND, name, large));
  end_place(&place);
}

/* What is remembered of codes is kept without a keychain, too, and nothing else is; once there is one, the kernel keeps
 * no older one beside it. */
static void what_codes_were_given_for_is_kept_without_a_keychain(void **state) {
  (void)state;
  static const char *const kinds[] = {SNT_KEYCHAIN_KIND_MFA, SNT_KEYCHAIN_KIND_SESSION, SNT_KEYCHAIN_KIND_IDENTITY};
  struct place place;
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  begin_place(&place, SNT_CACHE_KEYCHAIN);
  struct snt_cache bare = {SNT_CACHE_KEYCHAIN, NULL, place.owner};
  assert_ok(snt_secret_new_from("v", 1, &value, NULL));
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    char name[SNT_CACHE_NAME_CAP];
    bool is_mfa = i == 0;
    snt_cache_name(&bare, kinds[i], "", snt_slice_of("one"), name);
    assert_true(snt_cache_write(&bare, kinds[i], name, value, 60) == is_mfa);
    assert_true(holds(&bare, kinds[i], name, "v") == is_mfa);
    assert_true(snt_cache_write(&place.cache, kinds[i], name, value, 60));
    assert_false(holds(&bare, kinds[i], name, "v"));
    assert_true(holds(&place.cache, kinds[i], name, "v"));
    snt_cache_remove(&place.cache, kinds[i], name);
    assert_true(snt_cache_write(&bare, kinds[i], name, value, 60) == is_mfa);
    snt_cache_remove(&bare, kinds[i], name);
    assert_false(holds(&bare, kinds[i], name, "v"));
  }
  end_place(&place);
}

/* The kernel's keyring is one for all programs of a user; root's may hold a million keys, others' two hundred. */
static void keys_of_others_hide_none(void **state) {
  (void)state;
  enum { OTHERS = 5000 };
  struct place place;
  char name[SNT_CACHE_NAME_CAP], other[64];
  if (geteuid() != 0) {
    skip();
  }
  begin_place(&place, SNT_CACHE_KERNEL);
  name_of(&place.cache, "prod", "one", name);
  put(&place.cache, name, "v");
  for (int i = 0; i < OTHERS; i++) {
    (void)snprintf(other, sizeof other, "test-others:%d:%d", getpid(), i);
    assert_int_equal(snt_kernel_key_write(other, "x", 1, 60), 0);
  }
  assert_int_equal(clear(&place, "prod"), 1);
  for (int i = 0; i < OTHERS; i++) {
    (void)snprintf(other, sizeof other, "test-others:%d:%d", getpid(), i);
    assert_int_equal(snt_kernel_key_remove(other), 0);
  }
  end_place(&place);
}

static int run(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(an_entry_is_kept_replaced_and_removed),
                                     cmocka_unit_test(names_tell_owner_kind_label_and_text_apart),
                                     cmocka_unit_test(nothing_is_found_without_the_owners_secret),
                                     cmocka_unit_test(an_entry_is_good_at_its_place_only),
                                     cmocka_unit_test(entries_are_cleared_by_label),
                                     cmocka_unit_test(a_cache_that_is_off_keeps_and_finds_nothing),
                                     cmocka_unit_test(what_has_no_life_left_is_not_kept),
                                     cmocka_unit_test(nobody_is_asked_and_no_keychain_is_made),
                                     cmocka_unit_test(the_keychain_does_not_fill_up),
                                     cmocka_unit_test(what_is_over_is_tidied_up),
                                     cmocka_unit_test(a_stopped_writer_is_not_waited_for_long),
                                     cmocka_unit_test(what_finds_no_room_in_the_kernel_is_found_in_the_keychain),
                                     cmocka_unit_test(what_codes_were_given_for_is_kept_without_a_keychain),
                                     cmocka_unit_test(keys_of_others_hide_none)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void) { return without_terminal(run); }
