#include "check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/file.h"
#include "keychain/openssh_key.h"
#include "keychain/ssh_wire.h"

/* Made with: ssh-keygen -t ed25519 -N "" -C "a comment" */
#define PUBLIC_LINE "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHkXfAYvz02XHGv/f/m8kORHOjRYF7RKwr9aSzSa7cuz a comment\n"
#define LINE_OF_CONFIGURATION "eRd8Bi/PTZcca/9/+byQ5Ec6NFgXtErCv1pLNJrty7M="
static const char PRIVATE[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n"
                              "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"
                              "QyNTUxOQAAACB5F3wGL89Nlxxr/3/5vJDkRzo0WBe0SsK/Wks0mu3LswAAAJDBmr5IwZq+\n"
                              "SAAAAAtzc2gtZWQyNTUxOQAAACB5F3wGL89Nlxxr/3/5vJDkRzo0WBe0SsK/Wks0mu3Lsw\n"
                              "AAAEBeD7zw203wJt3gvpPDktLHcqIN53bAzBku5gLnecSM2XkXfAYvz02XHGv/f/m8kORH\n"
                              "OjRYF7RKwr9aSzSa7cuzAAAACWEgY29tbWVudAECAwQ=\n"
                              "-----END OPENSSH PRIVATE KEY-----\n";
/* The same with -N secret. */
static const char ENCRYPTED[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n"
                                "b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABD5Pl9jOm\n"
                                "KTZsQZDnKVnlHUAAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIDj9hdCppSsRoGpk\n"
                                "0Uc9SzeSuXmfK74Mc8H3n66ENQpuAAAAkJTBFeRH+fScDnx4eTzkipg9/HyLjbi/LGbHgb\n"
                                "yK6S9pBMm6LF+EMXmX6BrT/0TemZeDOdUA/myAl9ShmkRhPm4xpLtBgZGOobu04TjTV5rh\n"
                                "eR5UFNE3/2UZMqlSf9YvW5HB7LnjsDAIcc2HfMOWtPVu8A08ReRK8hiDob/Vq6jUg/L8jO\n"
                                "OeDyHvf6R+QxzSgQ==\n"
                                "-----END OPENSSH PRIVATE KEY-----\n";
/* ssh-keygen -t ecdsa -N "" */
static const char ECDSA[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n"
                            "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAaAAAABNlY2RzYS\n"
                            "1zaGEyLW5pc3RwMjU2AAAACG5pc3RwMjU2AAAAQQSwoHQ++dQd8AaOvp1ctKjU4jrykhtv\n"
                            "PXkyRVnUlH6ktuH4zdPaBpjPuhcVY0bsPjVuKDi2/x3ibaRjUsJXmyQJAAAAoKb2scum9r\n"
                            "HLAAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBLCgdD751B3wBo6+\n"
                            "nVy0qNTiOvKSG289eTJFWdSUfqS24fjN09oGmM+6FxVjRuw+NW4oOLb/HeJtpGNSwlebJA\n"
                            "kAAAAgKNCQ/ObLlb5n7wuAWo15Qzi8Sp5ePiOqBzSQGDbHBYEAAAABeAECAwQFBgc=\n"
                            "-----END OPENSSH PRIVATE KEY-----\n";

static char folder[] = "/tmp/snt-openssh-XXXXXX";

static int open_folder(void **state) {
  (void)state;
  return mkdtemp(folder) == NULL || chdir(folder) != 0 ? -1 : 0;
}

static int close_folder(void **state) {
  (void)state;
  return rmdir(folder);
}

static void write_file(const void *data, size_t len, unsigned mode) {
  (void)unlink("key");
  assert_ok(snt_file_create("key", data, len, mode, NULL));
}

static snt_status load(const char *text, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *seed = NULL;
  write_file(text, strlen(text), 0600);
  snt_status status = snt_openssh_key_load("key", &seed, err);
  assert_int_equal(seed != NULL, snt_ok(status));
  (void)unlink("key");
  return status;
}

static void what_ssh_keygen_makes_is_read(void **state) {
  (void)state;
  uint8_t public[SNT_ED25519_LEN];
  char text[SNT_BASE64_CAP(SNT_ED25519_LEN)];
  assert_ok(load(PRIVATE, NULL));
  write_file(PRIVATE, strlen(PRIVATE), 0600);
  assert_ok(snt_openssh_public_load("key", public, NULL));
  snt_base64(public, sizeof public, text);
  assert_string_equal(text, LINE_OF_CONFIGURATION);
  write_file(PUBLIC_LINE, strlen(PUBLIC_LINE), 0644);
  assert_ok(snt_openssh_public_load("key", public, NULL));
  snt_base64(public, sizeof public, text);
  assert_string_equal(text, LINE_OF_CONFIGURATION);
  (void)unlink("key");
}

static void what_is_stored_is_read(void **state) {
  (void)state;
  static const char *const comments[] = {
      "", "a", "ab", "abc", "abcd", "abcde", "abcdef", "abcdefg", "Schl\xc3\xbcssel"};
  for (size_t i = 0; i < sizeof comments / sizeof comments[0]; i++) {
    SNT_SECRET_AUTO struct snt_secret *seed = NULL;
    SNT_SECRET_AUTO struct snt_secret *again = NULL;
    uint8_t one[SNT_ED25519_LEN];
    uint8_t other[SNT_ED25519_LEN];
    struct stat st;
    mode_t mask = umask(i % 2 == 0 ? 0 : 077);
    assert_ok(snt_secret_new_from("0123456789abcdef0123456789abcdef", 32, &seed, NULL));
    assert_ok(snt_openssh_key_store("new", seed, comments[i], NULL));
    (void)umask(mask);
    assert_ok(snt_openssh_key_load("new", &again, NULL));
    assert_true(snt_secret_is_equal(seed, again));
    assert_ok(snt_openssh_public_load("new", one, NULL));
    assert_ok(snt_openssh_public_load("new.pub", other, NULL));
    assert_memory_equal(one, other, sizeof one);
    assert_int_equal(stat("new", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat("new.pub", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0644);
    assert_int_equal(unlink("new") + unlink("new.pub"), 0);
  }
}

static void nothing_is_overwritten_and_nothing_is_left_behind(void **state) {
  (void)state;
  static const char *const there[] = {"new", "new.pub"};
  SNT_SECRET_AUTO struct snt_secret *seed = NULL;
  struct snt_err err = {0};
  assert_ok(snt_secret_new_from("0123456789abcdef0123456789abcdef", 32, &seed, NULL));
  for (size_t i = 0; i < 2; i++) {
    SNT_BUF_AUTO struct snt_buf text = {0};
    assert_ok(snt_file_create(there[i], "mine", 4, 0600, NULL));
    assert_code(snt_openssh_key_store("new", seed, "", &err), SNT_CODE_IO);
    assert_non_null(strstr(err.message, "is there already"));
    assert_ok(snt_file_read(there[i], SNT_FILE_ANY, 100, &text, NULL));
    assert_string_equal(text.data, "mine");
    assert_int_equal(access(there[1 - i], F_OK), -1);
    assert_int_equal(unlink(there[i]), 0);
    assert_int_equal(symlink("nowhere", there[i]), 0);
    assert_code(snt_openssh_key_store("new", seed, "", &err), SNT_CODE_IO);
    assert_int_equal(access(there[1 - i], F_OK), -1);
    assert_int_equal(access("nowhere", F_OK), -1);
    assert_int_equal(unlink(there[i]), 0);
  }
  assert_code(snt_openssh_key_store("none/new", seed, "", &err), SNT_CODE_IO);
  assert_code(snt_openssh_key_store("new", seed, "two\nlines", &err), SNT_CODE_USAGE);
  char longest[202] = "";
  memset(longest, 'x', 201);
  assert_code(snt_openssh_key_store("new", seed, longest, &err), SNT_CODE_USAGE);
  assert_int_equal(access("new", F_OK), -1);
  assert_int_equal(access("new.pub", F_OK), -1);
}

static void a_key_that_others_can_read_is_refused(void **state) {
  (void)state;
  static const mode_t modes[] = {0640, 0604, 0644, 0660};
  for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
    SNT_SECRET_AUTO struct snt_secret *seed = NULL;
    uint8_t public[SNT_ED25519_LEN];
    struct snt_err err = {0};
    write_file(PRIVATE, strlen(PRIVATE), modes[i]);
    assert_code(snt_openssh_key_load("key", &seed, &err), SNT_CODE_IO);
    assert_null(seed);
    assert_non_null(strstr(err.hint, "chmod "));
    assert_code(snt_openssh_public_load("key", public, &err), SNT_CODE_IO);
  }
  (void)unlink("key");
  SNT_SECRET_AUTO struct snt_secret *seed = NULL;
  assert_code(snt_openssh_key_load("key", &seed, NULL), SNT_CODE_NOT_FOUND);
}

static void who_names_a_public_key_is_told_of_the_private_one(void **state) {
  (void)state;
  SNT_SECRET_AUTO struct snt_secret *seed = NULL;
  struct snt_err err = {0};
  assert_ok(snt_file_create("key.pub", PUBLIC_LINE, strlen(PUBLIC_LINE), 0644, NULL));
  assert_code(snt_openssh_key_load("key.pub", &seed, &err), SNT_CODE_IO);
  assert_non_null(strstr(err.hint, "the private one signs: key"));
  assert_null(strstr(err.hint, ".pub"));
  (void)unlink("key.pub");
}

static void what_cannot_sign_is_refused_with_the_remedy(void **state) {
  (void)state;
  struct snt_err err = {0};
  assert_code(load(ENCRYPTED, &err), SNT_CODE_ACTION_REQUIRED);
  assert_string_equal(err.message, "key: the private key is encrypted");
  assert_string_equal(err.hint, "give it to ssh-agent with `ssh-add 'key'`, and name it as agent:");
  assert_code(load(ECDSA, &err), SNT_CODE_SYNTAX);
  assert_string_equal(err.message,
                      "key: the key is of the kind \"ecdsa-sha2-nistp256\"; only ssh-ed25519 keys sign policy");
  assert_non_null(strstr(err.hint, "sentinel policy keygen --out FILE"));
  static const char *const others[] = {"", "\n", "-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----\n",
                                       PUBLIC_LINE, " -----BEGIN OPENSSH PRIVATE KEY-----\n"};
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    assert_code(load(others[i], &err), SNT_CODE_SYNTAX);
    assert_string_equal(err.message, "key: this is not a private key in OpenSSH's format");
  }
}

static void a_damaged_text_is_refused(void **state) {
  (void)state;
  struct snt_err err = {0};
  for (size_t len = 0; len + 1 < strlen(PRIVATE); len++) {
    char text[1024];
    (void)snprintf(text, sizeof text, "%.*s", (int)len, PRIVATE);
    assert_code(load(text, &err), SNT_CODE_SYNTAX);
  }
  static const char *const behind[] = {"x", "\n\nx", PRIVATE};
  for (size_t i = 0; i < sizeof behind / sizeof behind[0]; i++) {
    char text[2048];
    (void)snprintf(text, sizeof text, "%s%s", PRIVATE, behind[i]);
    assert_code(load(text, &err), SNT_CODE_SYNTAX);
    assert_string_equal(err.message, "key: the private key is damaged");
  }
  char holed[1024];
  (void)snprintf(holed, sizeof holed, "%s", PRIVATE);
  write_file(holed, strlen(holed) + 1, 0600); /* and its NUL */
  SNT_SECRET_AUTO struct snt_secret *seed = NULL;
  assert_code(snt_openssh_key_load("key", &seed, &err), SNT_CODE_SYNTAX);
  (void)unlink("key");
}

/* The key that is in PRIVATE, as bytes; and back, as a file. */
struct blob {
  uint8_t data[400];
  size_t len;
};

static struct blob decode(const char *text) {
  struct blob blob = {0};
  char digits[800] = "";
  size_t len = 0;
  for (const char *at = strchr(text, '\n') + 1; *at != '-'; at++) {
    if (*at != '\n') {
      digits[len++] = *at;
    }
  }
  assert_true(snt_base64_parse((struct snt_slice){digits, len}, blob.data, sizeof blob.data, &blob.len));
  return blob;
}

static snt_status load_blob(const struct blob *blob) {
  char digits[SNT_BASE64_CAP(sizeof blob->data)];
  char text[1024];
  snt_base64(blob->data, blob->len, digits);
  (void)snprintf(text, sizeof text, "-----BEGIN OPENSSH PRIVATE KEY-----\n%s\n-----END OPENSSH PRIVATE KEY-----\n",
                 digits);
  return load(text, NULL);
}

/* But for the comment and its length, every byte says something. */
static void each_byte_of_a_key_counts(void **state) {
  (void)state;
  const struct blob good = decode(PRIVATE);
  assert_ok(load_blob(&good));
  const uint8_t *comment = memmem(good.data, good.len, "a comment", 9);
  assert_non_null(comment);
  for (size_t i = 0; i < 8 * good.len; i++) {
    struct blob bad = good;
    size_t place = i / 8;
    size_t in_comment = (size_t)(good.data + place - (comment - 4));
    bad.data[place] ^= (uint8_t)(1U << i % 8);
    if (in_comment >= 4 + 9 && snt_ok(load_blob(&bad))) {
      fail_msg("bit %zu", i);
    }
  }
  for (size_t len = 0; len < good.len; len++) {
    struct blob cut = good;
    cut.len = len;
    assert_code(load_blob(&cut), SNT_CODE_SYNTAX);
  }
  struct blob longer = good;
  longer.len++;
  assert_code(load_blob(&longer), SNT_CODE_SYNTAX);
}

/* Where things are in it. */
enum { OPTIONS_AT = 31, INNER_LEN_AT = 94, INNER_AT = 98, COMMENT_AT = INNER_AT + 127, GOOD_LEN = INNER_AT + 144 };

static void set_inner_len(struct blob *blob) {
  size_t len = blob->len - INNER_AT;
  blob->data[INNER_LEN_AT + 2] = (uint8_t)(len >> 8);
  blob->data[INNER_LEN_AT + 3] = (uint8_t)len;
}

static void a_key_ends_with_its_block(void **state) {
  (void)state;
  struct blob blob = decode(PRIVATE);
  assert_int_equal(blob.len, GOOD_LEN);
  for (uint8_t i = 5; i <= 12; i++) { /* another block of padding */
    blob.data[blob.len++] = i;
    set_inner_len(&blob);
    assert_code(load_blob(&blob), SNT_CODE_SYNTAX);
  }
  blob = decode(PRIVATE);
  blob.len -= 4; /* none */
  set_inner_len(&blob);
  assert_code(load_blob(&blob), SNT_CODE_SYNTAX);
  blob.data[COMMENT_AT + 3] = 5; /* and none that is needed */
  blob.len = COMMENT_AT + 4 + 5;
  set_inner_len(&blob);
  assert_ok(load_blob(&blob));
  blob.len = COMMENT_AT + 1; /* half a length of a comment */
  set_inner_len(&blob);
  assert_code(load_blob(&blob), SNT_CODE_SYNTAX);
}

static void what_is_not_encrypted_has_no_options_for_it(void **state) {
  (void)state;
  const struct blob good = decode(PRIVATE);
  struct blob blob = good;
  memcpy(blob.data + OPTIONS_AT, "\0\0\0\1x", 5);
  memcpy(blob.data + OPTIONS_AT + 5, good.data + OPTIONS_AT + 4, good.len - OPTIONS_AT - 4);
  blob.len++;
  assert_code(load_blob(&blob), SNT_CODE_SYNTAX);
}

static void only_a_line_of_a_key_is_a_public_key(void **state) {
  (void)state;
  static const char *const bad[] = {
      "", "\n", "ssh-ed25519\n", "ssh-ed25519 \n", "ssh-ed25519 AAAA\n", "ssh-ed25519 AAAA*\n",
      "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIBxWC2dyVoefPRRU3MXPM0NjhxQ7g6YZKQtgXkRHjKK2\n",
      "AAAAC3NzaC1lZDI1NTE5AAAAIBxWC2dyVoefPRRU3MXPM0NjhxQ7g6YZKQtgXkRHjKK2\n",
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBxWC2dyVoefPRRU3MXPM0NjhxQ7g6YZKQtgXkRHjKK2AAAA x\n",
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBxWC2dyVoefPRRU3MXPM0NjhxQ7g6YZKQtgXkRHjKK2 x\nsecond line\n",
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBxWC2dyVoefPRRU3MXPM0NjhxQ7g6YZKQtgXkRHjKK x\n",
      "ssh-ed25519 AAAAB3NzaC1yc2EAAAADAQABAAABAQ== x\n",
      /* keys of 31 and of 33 bytes */
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAHwABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4= x\n",
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fIA== x\n"};
  static const char *const good[] = {
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBxWC2dyVoefPRRU3MXPM0NjhxQ7g6YZKQtgXkRHjKK2",
      "ssh-ed25519  AAAAC3NzaC1lZDI1NTE5AAAAIBxWC2dyVoefPRRU3MXPM0NjhxQ7g6YZKQtgXkRHjKK2 me & mine\r\n"};
  uint8_t public[SNT_ED25519_LEN];
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    write_file(bad[i], strlen(bad[i]), 0644);
    assert_code(snt_openssh_public_load("key", public, NULL), SNT_CODE_SYNTAX);
  }
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    write_file(good[i], strlen(good[i]), 0644);
    assert_ok(snt_openssh_public_load("key", public, NULL));
    assert_memory_equal(public, "\x1c\x56\x0b\x67\x72", 5);
  }
  write_file(good[0], strlen(good[0]) + 1, 0644);
  assert_code(snt_openssh_public_load("key", public, NULL), SNT_CODE_SYNTAX);
  char large[16 * 1024 + 1];
  memset(large, 'A', sizeof large);
  write_file(large, sizeof large, 0644);
  assert_code(snt_openssh_public_load("key", public, NULL), SNT_CODE_IO);
  (void)unlink("key");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_ssh_keygen_makes_is_read),
      cmocka_unit_test(what_is_stored_is_read),
      cmocka_unit_test(nothing_is_overwritten_and_nothing_is_left_behind),
      cmocka_unit_test(a_key_that_others_can_read_is_refused),
      cmocka_unit_test(who_names_a_public_key_is_told_of_the_private_one),
      cmocka_unit_test(what_cannot_sign_is_refused_with_the_remedy),
      cmocka_unit_test(a_damaged_text_is_refused),
      cmocka_unit_test(each_byte_of_a_key_counts),
      cmocka_unit_test(a_key_ends_with_its_block),
      cmocka_unit_test(what_is_not_encrypted_has_no_options_for_it),
      cmocka_unit_test(only_a_line_of_a_key_is_a_public_key),
  };
  return cmocka_run_group_tests(tests, open_folder, close_folder);
}
