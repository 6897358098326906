#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/random.h"
#include "base/secret.h"
#include "base/sha256.h"
#include "base/str.h"

static void zeroed_status_is_a_failure(void **state) {
  (void)state;
  snt_status status = {0};
  assert_false(snt_ok(status));
  assert_int_equal(snt_code_exit_status(status.code), 70);
  assert_int_equal(snt_code_exit_status((enum snt_code)9999), 70);
  assert_string_equal(snt_code_name((enum snt_code) - 1), "FAILED");
}

static void every_code_but_ok_exits_with_a_failure(void **state) {
  (void)state;
  for (int code = 0; code < SNT_CODE_COUNT; code++) {
    int exit_status = snt_code_exit_status((enum snt_code)code);
    assert_true((exit_status == 0) == (code == SNT_CODE_OK));
  }
}

static void error_text_loses_control_characters_and_half_characters(void **state) {
  (void)state;
  struct snt_err err = {0};
  assert_code(snt_fail(&err, SNT_CODE_USAGE, "a\nb\033[31mc"), SNT_CODE_USAGE);
  assert_string_equal(err.message, "a b [31mc");
  assert_code(snt_fail(&err, SNT_CODE_USAGE, "a\xff\xc3\xa4\xc3(\xc2\x9b"), SNT_CODE_USAGE);
  assert_string_equal(err.message, "a?\xc3\xa4?(  ");
  char longer[SNT_ERR_MESSAGE_CAP + 10];
  memset(longer, 'x', sizeof longer);
  memcpy(longer + SNT_ERR_MESSAGE_CAP - 2, "\xc3\xa4", 3);
  assert_code(snt_fail(&err, SNT_CODE_IO, "%s", longer), SNT_CODE_IO);
  assert_int_equal(strlen(err.message), SNT_ERR_MESSAGE_CAP - 2);
  assert_code(snt_fail(&err, SNT_CODE_OK, "never a success"), SNT_CODE_BUG);
}

static void a_hint_and_a_prefix_keep_the_code(void **state) {
  (void)state;
  struct snt_err err = {0};
  SNT_IGNORE(snt_fail(&err, SNT_CODE_LOG, "broken"));
  assert_code(snt_err_hint(&err, "mend %s", "it"), SNT_CODE_LOG);
  assert_string_equal(err.hint, "mend it");
  assert_code(snt_err_prefix(&err, "%s", "file"), SNT_CODE_LOG);
  assert_string_equal(err.message, "file: broken");
  SNT_IGNORE(snt_fail(NULL, SNT_CODE_KEYCHAIN, "broken"));
  assert_code(snt_err_hint(NULL, "x"), SNT_CODE_KEYCHAIN);
  assert_code(snt_err_prefix(NULL, "x"), SNT_CODE_KEYCHAIN);
}

static void buffer_grows_and_always_ends_with_nul(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf buf = {0};
  assert_string_equal(snt_buf_borrow(&buf), "");
  for (int i = 0; i < 1000; i++) {
    assert_ok(snt_buf_appendf(&buf, NULL, "%d,", i));
    assert_int_equal(strlen(buf.data), buf.len);
  }
  assert_code(snt_buf_reserve(&buf, SIZE_MAX - 4, NULL), SNT_CODE_NO_MEMORY);
  assert_true(strncmp(buf.data, "0,1,2,", 6) == 0);
  char *text = snt_buf_take(&buf);
  assert_null(buf.data);
  free(text);
}

static void secret_append_past_capacity_fails_and_keeps_the_content(void **state) {
  (void)state;
  SNT_SECRET_AUTO struct snt_secret *secret = NULL;
  assert_ok(snt_secret_new(4, &secret, NULL));
  assert_ok(snt_secret_append(secret, "abc", 3, NULL));
  assert_code(snt_secret_append(secret, "de", 2, NULL), SNT_CODE_NO_MEMORY);
  assert_string_equal(snt_secret_borrow(secret), "abc");
  assert_ok(snt_secret_append(secret, "d", 1, NULL));
  assert_code(snt_secret_append(secret, "e", 1, NULL), SNT_CODE_NO_MEMORY);
  assert_int_equal(snt_secret_len(secret), 4);
  snt_secret_reset(secret);
  assert_int_equal(snt_secret_len(secret), 0);
  assert_code(snt_secret_new(SIZE_MAX / 2, &secret, NULL), SNT_CODE_NO_MEMORY);
}

static void secret_is_wiped_in_a_forked_child(void **state) {
  (void)state;
  SNT_SECRET_AUTO struct snt_secret *secret = NULL;
  assert_ok(snt_secret_new_from("hunter2", 7, &secret, NULL));
  pid_t child = fork();
  if (child == 0) {
    const char *bytes = (const char *)(const void *)secret;
    bool is_clean = true;
    for (size_t i = 0; i < 64; i++) {
      is_clean = is_clean && bytes[i] == 0;
    }
    _exit(is_clean ? 0 : 1);
  }
  int status = -1;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  assert_string_equal(snt_secret_borrow(secret), "hunter2");
}

static void secrets_compare_by_content(void **state) {
  (void)state;
  SNT_SECRET_AUTO struct snt_secret *a = NULL;
  SNT_SECRET_AUTO struct snt_secret *b = NULL;
  assert_ok(snt_secret_new_from("abc", 3, &a, NULL));
  assert_ok(snt_secret_new_from("abd", 3, &b, NULL));
  assert_false(snt_secret_is_equal(a, b));
  assert_true(snt_secret_is_equal(a, a));
  snt_secret_free(&a);
  assert_null(a);
  snt_secret_free(&a);
}

static void a_text_holds_a_secret_when_twelve_bytes_are_there(void **state) {
  (void)state;
  static const struct {
    const char *secret, *text;
    bool is_in;
  } rows[] = {{"abcdefghijklmnop", "x abcdefghijk", false},
              {"abcdefghijklmnop", "x abcdefghijkl", true},
              {"abcdefghijklmnop", "efghijklmnop", true},
              {"abcdefghijklmnop", "fghijklmnop", false},
              {"short", "a short text", true},
              {"short", "shor", false},
              {"short", "", false},
              {"", "text", false}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_SECRET_AUTO struct snt_secret *secret = NULL;
    assert_ok(snt_secret_new_from(rows[i].secret, strlen(rows[i].secret), &secret, NULL));
    assert_int_equal(snt_secret_is_in(secret, rows[i].text), rows[i].is_in);
  }
  assert_false(snt_secret_is_in(NULL, "text"));
}

static void hmac_gives_the_vectors_of_rfc_4231(void **state) {
  (void)state;
  char hex[SNT_SHA256_HEX_CAP];
  uint8_t mac[SNT_SHA256_LEN];
  snt_sha256_hex("abc", 3, hex);
  assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  snt_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, mac);
  snt_hex(mac, sizeof mac, hex);
  assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  uint8_t key[131];
  memset(key, 0xaa, sizeof key);
  static const char data[] = "Test Using Larger Than Block-Size Key - Hash Key First";
  snt_hmac_sha256(key, sizeof key, data, sizeof data - 1, mac);
  snt_hex(mac, sizeof mac, hex);
  assert_string_equal(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void glob_matches_whole_names_and_never_crosses_a_slash(void **state) {
  (void)state;
  static const struct {
    const char *pattern, *text;
    bool wanted;
  } rows[] = {{"prod", "prod", true},
              {"prod", "Prod", false},
              {"prod", "prod-eu", false},
              {"prod-*", "prod-eu", true},
              {"prod-*", "prod-", true},
              {"prod-*", "prod", false},
              {"*", "", true},
              {"*", "a/b", false},
              {"*/*", "a/b", true},
              {"*/*", "a/b/c", false},
              {"?", "a", true},
              {"?", "/", false},
              {"?", "", false},
              {"a*b*c", "axxbyyc", true},
              {"a*b*c", "axxbyy", false},
              {"*a", "b/a", false},
              {"role/*", "role/R", true},
              {"role/*", "role/R/x", false},
              {"role/*/*", "role/R/x", true},
              {"**", "abc", true},
              {"**", "a/c", false},
              {"", "", true},
              {"", "a", false},
              {"*@x.com", "a@x.com", true}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    bool got = snt_glob_match(rows[i].pattern, strlen(rows[i].pattern), rows[i].text, strlen(rows[i].text));
    if (got != rows[i].wanted) {
      fail_msg("%s against %s", rows[i].pattern, rows[i].text);
    }
  }
}

/* What the glob means, written as plainly as possible. */
static bool match_plainly(const char *p, const char *t) {
  if (*p == '\0') {
    return *t == '\0';
  }
  if (*p == '*') {
    return match_plainly(p + 1, t) || (*t != '\0' && *t != '/' && match_plainly(p, t + 1));
  }
  return *t != '\0' && (*p == *t || (*p == '?' && *t != '/')) && match_plainly(p + 1, t + 1);
}

static void glob_agrees_with_its_definition_on_all_short_texts(void **state) {
  (void)state;
  static const char pattern_letters[] = "a/*?";
  static const char text_letters[] = "ab/";
  char pattern[6] = {0};
  char text[6] = {0};
  for (int p = 0; p < 4 * 4 * 4 * 4 * 4; p++) {
    for (int i = 0, rest = p; i < 5; i++, rest /= 4) {
      pattern[i] = pattern_letters[rest % 4];
    }
    for (int t = 0; t < 3 * 3 * 3 * 3 * 3; t++) {
      for (int i = 0, rest = t; i < 5; i++, rest /= 3) {
        text[i] = text_letters[rest % 3];
      }
      for (size_t len = 0; len <= 5; len++) {
        char shorter[6] = {0};
        memcpy(shorter, text, len);
        if (snt_glob_match(pattern, 5, text, len) != match_plainly(pattern, shorter)) {
          fail_msg("%s against %s", pattern, shorter);
        }
      }
    }
  }
}

static void profile_names_are_the_ones_of_the_contract(void **state) {
  (void)state;
  static const char *const good[] = {"dev", "a", "team/prod:eu+x@y_1.2-3", "-x", NULL};
  static const char *const bad[] = {"", "a b", "a..b", "a//b", "a./b", "a/.b", "a\nb", "a$b", "\xc3\xa4", "a'b", NULL};
  for (const char *const *name = good; *name != NULL; name++) {
    assert_true(snt_profile_name_check(*name));
  }
  for (const char *const *name = bad; *name != NULL; name++) {
    assert_false(snt_profile_name_check(*name));
  }
  char longest[258];
  memset(longest, 'x', sizeof longest);
  longest[256] = '\0';
  assert_true(snt_profile_name_check(longest));
  longest[256] = 'x';
  longest[257] = '\0';
  assert_false(snt_profile_name_check(longest));
}

static void names_of_policies_stand_in_parameters_as_they_are(void **state) {
  (void)state;
  static const char *const good[] = {"prod", "a", "A.b_c-9", NULL};
  static const char *const bad[] = {"", "a b", "a/b", "a:b", "a@b", "a\n", "\xc3\xa4", NULL};
  for (const char *const *name = good; *name != NULL; name++) {
    assert_true(snt_name_check(*name));
  }
  for (const char *const *name = bad; *name != NULL; name++) {
    assert_false(snt_name_check(*name));
  }
  char longest[66] = {0};
  memset(longest, 'x', 64);
  assert_true(snt_name_check(longest));
  longest[64] = 'x';
  assert_false(snt_name_check(longest));
}

static void utf8_is_checked_strictly(void **state) {
  (void)state;
  assert_true(snt_utf8_check("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x82", 10));
  static const char *const bad[] = {"\x80", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", NULL};
  for (const char *const *text = bad; *text != NULL; text++) {
    assert_false(snt_utf8_check(*text, strlen(*text)));
  }
  assert_false(snt_utf8_check_printable("a\nb", 3));
  assert_false(snt_utf8_check_printable("\xc2\x85", 2));
  static const char *const odd[] = {"\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaa",
                                    "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa9"};
  for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
    assert_false(snt_utf8_check_printable(odd[i], 3));
    assert_true(snt_utf8_check(odd[i], 3));
  }
  assert_true(snt_utf8_check_printable("\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa\xd7\xa9", 14));
  assert_true(snt_utf8_check("a\nb", 3));
}

static void two_patterns_overlap_when_some_text_fits_both(void **state) {
  (void)state;
  static const struct {
    const char *p, *q;
    bool does;
  } rows[] = {{"*.ics", "*.ics", true},
              {"*.ics", "de*", true},
              {"*.ics", "data/*.ics", false},
              {"a/*", "a/b", true},
              {"a/*", "a/b/c", false},
              {"*", "", true},
              {"?", "", false},
              {"?", "*", true},
              {"?", "/", false},
              {"a?", "?b", true},
              {"a*b", "b*a", false},
              {"*a*", "*b*", true},
              {"", "", true},
              {"*/x", "y/*", true},
              {"*/x", "*", false},
              {"data/*.txt", "data/*.csv", false},
              {"a*c", "ab*", true},
              {"**", "a?c", true}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (snt_glob_overlaps(rows[i].p, rows[i].q) != rows[i].does ||
        snt_glob_overlaps(rows[i].q, rows[i].p) != rows[i].does) {
      fail_msg("%s and %s", rows[i].p, rows[i].q);
    }
  }
  char longest[300];
  memset(longest, 'a', sizeof longest);
  longest[255] = '\0';
  assert_false(snt_glob_overlaps(longest, "b"));
  assert_true(snt_glob_overlaps(longest, "a*"));
  longest[255] = 'a';
  longest[256] = '\0';
  assert_true(snt_glob_overlaps(longest, "b"));
}

static void the_nearest_word_is_near(void **state) {
  (void)state;
  static const char *const words[] = {"profiles", "users", "groups", "time", NULL};
  assert_string_equal(snt_str_nearest("profles", words), "profiles");
  assert_string_equal(snt_str_nearest("user", words), "users");
  assert_null(snt_str_nearest("schedule", words));
  assert_string_equal(snt_str_nearest("GROUPS", words), "groups");
}

static void a_short_form_means_the_only_word_that_begins_with_it(void **state) {
  (void)state;
  static const char *const words[] = {"monday", "tuesday", "thursday", "thursdays", NULL};
  assert_string_equal(snt_str_nearest("mon", words), "monday");
  assert_string_equal(snt_str_nearest("Tue", words), "tuesday");
  assert_null(snt_str_nearest("mo", words));
  assert_null(snt_str_nearest("thu", words));
  assert_null(snt_str_nearest("day", words));
}

static void a_file_is_replaced_whole_and_read_with_its_checks(void **state) {
  (void)state;
  char folder[] = "/tmp/snt-base-XXXXXX";
  assert_non_null(mkdtemp(folder));
  char path[64];
  (void)snprintf(path, sizeof path, "%s/file", folder);
  struct snt_err err = {0};
  SNT_BUF_AUTO struct snt_buf text = {0};
  assert_code(snt_file_read(path, SNT_FILE_ANY, 100, &text, &err), SNT_CODE_NOT_FOUND);
  assert_ok(snt_file_replace(path, "one", 3, 0600, &err));
  assert_ok(snt_file_replace(path, "two", 3, 0600, &err));
  assert_ok(snt_file_read(path, SNT_FILE_PRIVATE, 3, &text, &err));
  assert_string_equal(text.data, "two");
  assert_code(snt_file_read(path, SNT_FILE_ANY, 2, &text, &err), SNT_CODE_IO);
  assert_int_equal(chmod(path, 0666), 0);
  assert_code(snt_file_read(path, SNT_FILE_NOT_WRITABLE, 100, &text, &err), SNT_CODE_IO);
  assert_non_null(strstr(err.message, path));
  assert_int_equal(unlink(path), 0);
  assert_int_equal(mkfifo(path, 0600), 0);
  assert_code(snt_file_read(path, SNT_FILE_ANY, 100, &text, &err), SNT_CODE_IO);
  assert_code(snt_file_replace(path, "one", 3, 0600, &err), SNT_CODE_IO);
  assert_non_null(strstr(err.message, "no regular file"));
  struct stat info;
  assert_true(lstat(path, &info) == 0 && S_ISFIFO(info.st_mode));
  assert_code(snt_file_replace("/dev/snt-nosuch/stdout", "one", 3, 0600, &err), SNT_CODE_IO);
  assert_non_null(strstr(err.message, "no regular file"));
  assert_int_equal(unlink(path), 0);
  assert_int_equal(rmdir(folder), 0);
}

static void a_secret_is_read_with_the_same_checks(void **state) {
  (void)state;
  char folder[] = "/tmp/snt-base-XXXXXX";
  assert_non_null(mkdtemp(folder));
  char path[64];
  (void)snprintf(path, sizeof path, "%s/file", folder);
  struct snt_err err = {0};
  SNT_SECRET_AUTO struct snt_secret *secret = NULL;
  assert_code(snt_file_read_secret(path, SNT_FILE_ANY, 100, &secret, &err), SNT_CODE_NOT_FOUND);
  assert_ok(snt_file_create(path, "a\0b", 3, 0600, &err));
  assert_code(snt_file_create(path, "c", 1, 0600, &err), SNT_CODE_IO);
  assert_ok(snt_file_read_secret(path, SNT_FILE_PRIVATE, 3, &secret, &err));
  assert_int_equal(snt_secret_len(secret), 3);
  assert_memory_equal(snt_secret_borrow(secret), "a\0b", 3);
  snt_secret_free(&secret);
  assert_code(snt_file_read_secret(path, SNT_FILE_ANY, 2, &secret, &err), SNT_CODE_IO);
  assert_null(secret);
  assert_int_equal(chmod(path, 0640), 0);
  assert_code(snt_file_read_secret(path, SNT_FILE_PRIVATE, 100, &secret, &err), SNT_CODE_IO);
  assert_non_null(strstr(err.hint, "chmod 600"));
  assert_int_equal(unlink(path), 0);
  assert_ok(snt_file_create(path, "", 0, 0600, &err));
  assert_ok(snt_file_read_secret(path, SNT_FILE_ANY, 0, &secret, &err));
  assert_int_equal(snt_secret_len(secret), 0);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(rmdir(folder), 0);
}

static snt_status read_of_root(const char *path, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  return snt_file_read(path, SNT_FILE_ROOT, 100, &text, err);
}

static void a_file_of_root_lies_in_a_folder_of_root(void **state) {
  (void)state;
  char top[] = "/tmp/snt-root-XXXXXX";
  char folder[64];
  char link[64];
  char path[96];
  char linked[128];
  if (geteuid() != 0) {
    skip();
  }
  assert_non_null(mkdtemp(top));
  (void)snprintf(folder, sizeof folder, "%s/folder", top);
  (void)snprintf(link, sizeof link, "%s/link", top);
  (void)snprintf(path, sizeof path, "%s/file", folder);
  (void)snprintf(linked, sizeof linked, "%s/file", link);
  assert_code(read_of_root(path, NULL), SNT_CODE_NOT_FOUND);
  assert_int_equal(mkdir(folder, 0755), 0);
  assert_int_equal(symlink(folder, link), 0);
  assert_code(read_of_root(path, NULL), SNT_CODE_NOT_FOUND);
  for (int has_file = 0; has_file < 2; has_file++) {
    struct snt_err err = {0};
    assert_ok(has_file != 0 ? snt_file_replace(path, "abc", 3, 0644, NULL) : snt_done());
    assert_code(read_of_root(path, NULL), has_file != 0 ? SNT_CODE_OK : SNT_CODE_NOT_FOUND);
    assert_code(read_of_root(linked, &err), SNT_CODE_IO);
    assert_non_null(strstr(err.message, "/link is a link"));
    assert_int_equal(chmod(folder, 0775), 0);
    assert_code(read_of_root(path, &err), SNT_CODE_IO);
    assert_non_null(strstr(err.message, "/folder is writable by other users"));
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(chown(folder, 65534, (gid_t)-1), 0);
    assert_code(read_of_root(path, &err), SNT_CODE_IO);
    assert_non_null(strstr(err.message, "/folder belongs to another user (uid 65534)"));
    assert_int_equal(chown(folder, 0, (gid_t)-1), 0);
  }
  (void)snprintf(linked, sizeof linked, "%s/linked", folder);
  struct snt_err err = {0};
  assert_int_equal(symlink(path, linked), 0);
  assert_code(read_of_root(linked, &err), SNT_CODE_IO);
  assert_non_null(strstr(err.message, "/linked is a link"));
  (void)snprintf(linked, sizeof linked, "%s/file", path);
  assert_code(read_of_root(linked, &err), SNT_CODE_IO);
  assert_non_null(strstr(err.message, "is not a folder"));
  (void)snprintf(linked, sizeof linked, "rm -r '%s'", top);
  assert_int_equal(system(linked), 0); /* NOLINT */
}

static void a_file_is_put_whole_only_where_nothing_has_its_name(void **state) {
  (void)state;
  char folder[] = "/tmp/snt-base-XXXXXX";
  assert_non_null(mkdtemp(folder));
  char path[64];
  char other[64];
  (void)snprintf(path, sizeof path, "%s/file", folder);
  (void)snprintf(other, sizeof other, "%s/other", folder);
  struct snt_err err = {0};
  SNT_BUF_AUTO struct snt_buf text = {0};
  assert_ok(snt_file_put_new(path, "one", 3, 0600, &err));
  assert_code(snt_file_put_new(path, "two", 3, 0600, &err), SNT_CODE_IO);
  assert_non_null(strstr(err.message, path));
  assert_int_equal(symlink("nowhere", other), 0);
  assert_code(snt_file_put_new(other, "two", 3, 0600, &err), SNT_CODE_IO);
  assert_ok(snt_file_read(path, SNT_FILE_PRIVATE, 3, &text, &err));
  assert_string_equal(text.data, "one");
  assert_int_equal(unlink(path), 0);
  assert_int_equal(unlink(other), 0);
  assert_int_equal(rmdir(folder), 0); /* nothing else was left there */
}

static void request_ids_are_sixteen_hexadecimal_digits(void **state) {
  (void)state;
  char a[17];
  char b[17];
  char uuid[37];
  assert_ok(snt_random_request_id(a, NULL));
  assert_ok(snt_random_request_id(b, NULL));
  assert_int_equal(strspn(a, "0123456789abcdef"), 16);
  assert_string_not_equal(a, b);
  assert_ok(snt_random_uuid(uuid, NULL));
  assert_int_equal(strlen(uuid), 36);
  assert_int_equal(uuid[14], '4');
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(zeroed_status_is_a_failure),
      cmocka_unit_test(every_code_but_ok_exits_with_a_failure),
      cmocka_unit_test(error_text_loses_control_characters_and_half_characters),
      cmocka_unit_test(a_hint_and_a_prefix_keep_the_code),
      cmocka_unit_test(buffer_grows_and_always_ends_with_nul),
      cmocka_unit_test(secret_append_past_capacity_fails_and_keeps_the_content),
      cmocka_unit_test(secret_is_wiped_in_a_forked_child),
      cmocka_unit_test(secrets_compare_by_content),
      cmocka_unit_test(a_text_holds_a_secret_when_twelve_bytes_are_there),
      cmocka_unit_test(hmac_gives_the_vectors_of_rfc_4231),
      cmocka_unit_test(glob_matches_whole_names_and_never_crosses_a_slash),
      cmocka_unit_test(glob_agrees_with_its_definition_on_all_short_texts),
      cmocka_unit_test(profile_names_are_the_ones_of_the_contract),
      cmocka_unit_test(names_of_policies_stand_in_parameters_as_they_are),
      cmocka_unit_test(utf8_is_checked_strictly),
      cmocka_unit_test(two_patterns_overlap_when_some_text_fits_both),
      cmocka_unit_test(the_nearest_word_is_near),
      cmocka_unit_test(a_short_form_means_the_only_word_that_begins_with_it),
      cmocka_unit_test(a_file_is_replaced_whole_and_read_with_its_checks),
      cmocka_unit_test(a_secret_is_read_with_the_same_checks),
      cmocka_unit_test(a_file_of_root_lies_in_a_folder_of_root),
      cmocka_unit_test(a_file_is_put_whole_only_where_nothing_has_its_name),
      cmocka_unit_test(request_ids_are_sixteen_hexadecimal_digits),
  };
  return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
