/* aws-vault's keyrings: which is opened, and the one of files. The others are asked in spec/e2e/import_keys_spec.lua.
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "keychain/names.h"
#include "keychain/vault.h"

static char home[64];

static int make_home(void **state) {
  (void)state;
  (void)snprintf(home, sizeof home, "/tmp/snt-vault-XXXXXX");
  return mkdtemp(home) == NULL || setenv("HOME", home, 1) != 0 || unsetenv("DBUS_SESSION_BUS_ADDRESS") != 0 ||
         unsetenv("XDG_RUNTIME_DIR") != 0 || unsetenv("PASSWORD_STORE_DIR") != 0;
}

static int remove_home(void **state) {
  (void)state;
  char command[128];
  (void)snprintf(command, sizeof command, "rm -r %s", home);
  return system(command);
}

static void put(const char *name, const char *text) {
  char path[192];
  (void)snprintf(path, sizeof path, "%s/.awsvault/keys/%s", home, name);
  assert_ok(snt_file_create(path, text, strlen(text), 0600, NULL));
}

static snt_status note(void *context, const char *name, struct snt_err *err) {
  return snt_names_add(context, name, 0, err);
}

static void nothing_is_found_where_nothing_is(void **state) {
  (void)state;
  const struct snt_vault_keyring *keyring = NULL;
  void *opened = NULL;
  struct snt_vault_options options = {0};
  SNT_BUF_AUTO struct snt_buf where = {0};
  struct snt_err err = {0};
  assert_code(snt_vault_open(NULL, &options, &keyring, &opened, &where, &err), SNT_CODE_NOT_FOUND);
  for (size_t i = 0; SNT_VAULT_KEYRINGS[i]->name != NULL; i++) {
    assert_non_null(strstr(err.message, SNT_VAULT_KEYRINGS[i]->name));
    assert_non_null(strstr(SNT_VAULT_NAMES, SNT_VAULT_KEYRINGS[i]->name));
  }
  assert_code(snt_vault_open("kwallet", &options, &keyring, &opened, &where, &err), SNT_CODE_USAGE);
  assert_non_null(strstr(err.hint, SNT_VAULT_NAMES));
  assert_null(keyring);
  assert_null(opened);
}

static void files_are_named_as_their_keys_are_and_removed_alone(void **state) {
  (void)state;
  char path[192];
  struct snt_vault_options options = {.folder = "~/.awsvault/keys//"};
  void *opened = NULL;
  SNT_BUF_AUTO struct snt_buf where = {0};
  SNT_NAMES_AUTO struct snt_names names = {0};
  (void)snprintf(path, sizeof path, "%s/.awsvault/keys", home);
  assert_ok(snt_file_make_folders(path, NULL));
  static const char *const rows[][2] = {
      {"%", "%"}, {"%2", "%2"},   {"%25", "%"},     {"%2F..%2Fx", "/../x"}, {"%41", "%41"},
      {"a", "a"}, {"a%2F", "a/"}, {"a%2Fb", "a/b"}, {"a%2Fb%25c", "a/b%c"}, {"b%2fc", "b%2fc"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    put(rows[i][0], "x");
  }
  (void)snprintf(path, sizeof path, "%s/.awsvault/keys/folder", home);
  assert_int_equal(mkdir(path, 0700), 0);
  assert_ok(SNT_VAULT_FILE.open(&options, &opened, &where, NULL));
  (void)snprintf(path, sizeof path, "the folder %s/.awsvault/keys", home);
  assert_string_equal(where.data, path);
  assert_ok(SNT_VAULT_FILE.list(opened, note, &names, NULL));
  assert_int_equal(names.count, sizeof rows / sizeof rows[0]);
  for (size_t i = 0; i < names.count; i++) {
    size_t k = 0;
    while (k < names.count && strcmp(rows[k][1], names.items[i].name) != 0) {
      k++;
    }
    assert_true(k < names.count);
  }
  assert_ok(SNT_VAULT_FILE.remove(opened, "a/b", NULL));
  assert_code(SNT_VAULT_FILE.remove(opened, "a/b", NULL), SNT_CODE_NOT_FOUND);
  assert_ok(SNT_VAULT_FILE.remove(opened, "/../x", NULL)); /* a file of that folder */
  assert_code(SNT_VAULT_FILE.remove(opened, "folder", NULL), SNT_CODE_SYNTAX);
  assert_code(SNT_VAULT_FILE.remove(opened, "..", NULL), SNT_CODE_SYNTAX);
  snt_names_clear(&names);
  assert_ok(SNT_VAULT_FILE.list(opened, note, &names, NULL));
  assert_int_equal(names.count, sizeof rows / sizeof rows[0] - 2);
  SNT_VAULT_FILE.close(&opened);
}

static void a_link_is_followed_by_nothing(void **state) {
  (void)state;
  char path[192];
  struct snt_vault_options options = {0};
  void *opened = NULL;
  SNT_BUF_AUTO struct snt_buf where = {0};
  SNT_SECRET_AUTO struct snt_secret *text = NULL;
  struct snt_err err = {0};
  put("real", "x");
  (void)snprintf(path, sizeof path, "%s/.awsvault/keys/link", home);
  assert_int_equal(symlink("real", path), 0);
  assert_ok(SNT_VAULT_FILE.open(&options, &opened, &where, NULL));
  assert_code(SNT_VAULT_FILE.read(opened, "link", &text, &err), SNT_CODE_SYNTAX);
  assert_non_null(strstr(err.message, "is not a file"));
  assert_code(SNT_VAULT_FILE.remove(opened, "link", NULL), SNT_CODE_SYNTAX);
  assert_int_equal(access(path, F_OK), 0);
  SNT_VAULT_FILE.close(&opened);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_is_found_where_nothing_is),
      cmocka_unit_test(files_are_named_as_their_keys_are_and_removed_alone),
      cmocka_unit_test(a_link_is_followed_by_nothing),
  };
  return cmocka_run_group_tests(tests, make_home, remove_home);
}
