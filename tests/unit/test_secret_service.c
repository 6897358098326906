/* The Secret Service: a real one (gnome-keyring), where it is missing, locked, dead or silent, beside secret-tool and
 * beside the file; and one that lies. */
#include "check.h"

#include "keychain_fixture.h"
#include "secret_service_fake.h"

#include <grp.h>

#include "keychain/bus/dh.h"

/* The sanitizers then see what is written to where a function that has returned kept its variables: whoever waits for
 * signals keeps there what they tell. NOLINTBEGIN(cert-dcl37-c,cert-dcl51-cpp) */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "detect_stack_use_after_return=1"; }
/* NOLINTEND(cert-dcl37-c,cert-dcl51-cpp) */

static struct desktop desktop;

static snt_status open_service(struct snt_keychain **out, struct snt_err *err) {
  return snt_keychain_open(&(struct snt_keychain_options){.backend = "secret-service", .prompt_deadline_ms = 50}, out,
                           err);
}

static void expect_unavailable(const char *why) {
  struct snt_err err = {0};
  SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = NULL;
  assert_code(open_service(&keychain, &err), SNT_CODE_KEYCHAIN);
  assert_null(keychain);
  if (strstr(err.message, why) == NULL) {
    fail_msg("\"%s\" instead of \"%s\"", err.message, why);
  }
  assert_true(err.hint[0] != '\0');
}

static void use_address(const char *address) {
  assert_int_equal(
      address == NULL ? unsetenv("DBUS_SESSION_BUS_ADDRESS") : setenv("DBUS_SESSION_BUS_ADDRESS", address, 1), 0);
}

static void without_a_session_it_is_unavailable(void **state) {
  (void)state;
  use_address(NULL);
  (void)unsetenv("XDG_RUNTIME_DIR");
  expect_unavailable("there is no D-Bus session");
  assert_int_equal(setenv("XDG_RUNTIME_DIR", "/nonexistent", 1), 0);
  expect_unavailable("there is no D-Bus session");
  use_address("");
  expect_unavailable("there is no D-Bus session");
}

static void only_sockets_of_this_machine_are_connected_to(void **state) {
  (void)state;
  static const char *const addresses[] = {
      "tcp:host=127.0.0.1,port=9",
      "unixexec:path=/bin/touch,argv1=/tmp/snt-was-run",
      "autolaunch:",
      "unix:path=/nonexistent;unixexec:path=/bin/touch,argv1=/tmp/snt-was-run",
      "launchd:env=X",
  };
  (void)unlink("/tmp/snt-was-run");
  for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
    use_address(addresses[i]);
    expect_unavailable("not a socket of this machine");
  }
  assert_int_not_equal(access("/tmp/snt-was-run", F_OK), 0);
  use_address("unix:path=/nonexistent");
  expect_unavailable("cannot be reached");
  use_address("nonsense");
  expect_unavailable("not a socket");
}

static int listen_at(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(fd, 4), 0);
  return fd;
}

/* It would wait for ever; the alarm ends the program then. */
static void a_bus_that_never_speaks_is_given_up(void **state) {
  (void)state;
  char folder[] = "/tmp/snt-silent,50%20-XXXXXX"; /* what an address has to escape */
  char path[64];
  assert_non_null(mkdtemp(folder));
  (void)snprintf(path, sizeof path, "%s/bus", folder);
  int fd = listen_at(path);
  use_address(NULL);
  assert_int_equal(setenv("XDG_RUNTIME_DIR", folder, 1), 0);
  (void)alarm(60);
  expect_unavailable("does not answer");
  (void)alarm(0);
  assert_int_equal(close(fd), 0);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(rmdir(folder), 0);
}

static void a_bus_of_another_user_is_refused(void **state) {
  (void)state;
  if (geteuid() != 0) {
    leave_out("another user's bus", " needs root");
    return;
  }
  struct desktop other;
  start_bus(&other);
  assert_int_equal(chmod(other.folder, 0755), 0);
  pid_t pid = fork();
  if (pid == 0) {
    bool is_other = setgroups(0, NULL) == 0 && setgid(54321) == 0 && setuid(54321) == 0;
    struct snt_err err = {0};
    SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = NULL;
    bool is_refused = open_service(&keychain, &err).code == SNT_CODE_KEYCHAIN;
    _exit(is_other && is_refused && strstr(err.message, "is not this user's") != NULL ? 0 : 1);
  }
  int status = 0;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  stop_desktop(&other);
  assert_int_equal(status, 0);
}

/* What needs a bus, and a real service on it. */

static int open_bus(void **state) {
  (void)state;
  start_bus(&desktop);
  return 0;
}

static int close_bus(void **state) {
  (void)state;
  stop_desktop(&desktop);
  return 0;
}

static int open_desktop(void **state) {
  start_bus(&desktop);
  start_keyring(&desktop, true);
  struct fixture *fixture = calloc(1, sizeof *fixture);
  begin(fixture, "secret-service");
  *state = fixture;
  return 0;
}

static int close_desktop(void **state) {
  struct fixture *fixture = *state;
  snt_keychain_close(&fixture->keychain);
  snt_secret_free(&fixture->passphrase);
  (void)rmdir(fixture->folder);
  free(fixture);
  stop_desktop(&desktop);
  return 0;
}

static void a_bus_without_a_service_is_unavailable(void **state) {
  (void)state;
  expect_unavailable("there is no Secret Service");
}

static void a_service_without_a_keyring_is_unavailable(void **state) {
  (void)state;
  start_keyring(&desktop, false);
  expect_unavailable("no keyring yet");
}

static void a_service_that_hangs_is_given_up(void **state) {
  (void)state;
  struct fixture *fixture = *state;
  assert_ok(write_text(fixture, "a", "1", NULL));
  assert_int_equal(kill(desktop.keyring, SIGSTOP), 0);
  struct snt_err err = {0};
  (void)alarm(60);
  expect_unavailable("did not answer");
  assert_int_equal(read_code(fixture, "a", &err), SNT_CODE_KEYCHAIN);
  assert_non_null(strstr(err.message, "did not answer"));
  (void)alarm(0);
  assert_int_equal(kill(desktop.keyring, SIGCONT), 0);
}

static void a_service_that_was_killed_is_told_and_its_entries_are_kept(void **state) {
  struct fixture *fixture = *state;
  struct snt_err err = {0};
  static const char binary[] = "\0\1\xff\0 \n\0";
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  SNT_SECRET_AUTO struct snt_secret *back = NULL;
  assert_ok(snt_secret_new_from(binary, sizeof binary, &value, NULL));
  assert_ok(snt_keychain_write(fixture->keychain, fixture->kind, "binary", value, NULL));
  assert_ok(write_text(fixture, "text", "caf\xc3\xa9", NULL));
  stop_program(&desktop.keyring);
  assert_int_equal(read_code(fixture, "text", &err), SNT_CODE_KEYCHAIN);
  start_keyring(&desktop, true);
  open_keychain(fixture, true);
  expect_text(fixture, "text", "caf\xc3\xa9");
  assert_ok(snt_keychain_read(fixture->keychain, fixture->kind, "binary", &back, NULL));
  assert_true(snt_secret_is_equal(value, back));
}

/* As a person would, at gnome-keyring's prompt. */
static void unlock_keyring(void) {
  sd_bus *bus = NULL;
  sd_bus_message *reply = NULL;
  const char *session = NULL;
  const char *name = "org.freedesktop.secrets";
  const char *path = "/org/freedesktop/secrets";
  assert_true(sd_bus_open_user(&bus) >= 0);
  assert_true(sd_bus_call_method(bus, name, path, "org.freedesktop.Secret.Service", "OpenSession", NULL, &reply, "sv",
                                 "plain", "s", "") >= 0);
  assert_true(sd_bus_message_skip(reply, "v") >= 0);
  assert_true(sd_bus_message_read_basic(reply, 'o', &session) > 0);
  assert_true(sd_bus_call_method(bus, name, path, "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface",
                                 "UnlockWithMasterPassword", NULL, NULL, "o(oayays)", LOGIN_KEYRING, session, 0, 8, 'p',
                                 'a', 's', 's', 'w', 'o', 'r', 'd', "text/plain") >= 0);
  sd_bus_message_unref(reply);
  sd_bus_close_unref(bus);
}

static void expect_locked(snt_status status, const struct snt_err *err, const char *why) {
  assert_int_equal(status.code, SNT_CODE_ACTION_REQUIRED);
  assert_non_null(strstr(err->message, "locked"));
  assert_non_null(strstr(err->message, why));
  assert_non_null(strstr(err->hint, "--backend file"));
}

static void a_locked_service_says_what_to_do(void **state) {
  struct fixture *fixture = *state;
  char names[64] = "";
  assert_ok(write_text(fixture, "a", "1", NULL));
  lock_keyring();
  for (int has_display = 0; has_display < 2; has_display++) { /* there is nobody to show a prompt, either */
    const char *why = has_display == 1 ? "could not be shown" : "there is no display";
    struct snt_err err = {0};
    if (has_display == 1) {
      assert_int_equal(setenv("DISPLAY", ":987", 1), 0);
      open_keychain(fixture, true);
    }
    expect_locked((snt_status){read_code(fixture, "a", &err)}, &err, why);
    assert_int_equal(read_code(fixture, "b", &err), SNT_CODE_NOT_FOUND);
    expect_locked(write_text(fixture, "a", "2", &err), &err, why);
    expect_locked(write_text(fixture, "b", "2", &err), &err, why);
    expect_locked(snt_keychain_remove(fixture->keychain, fixture->kind, "a", &err), &err, why);
    expect_locked(snt_keychain_list(fixture->keychain, fixture->kind, join_name, names, &err), &err, why);
  }
  unlock_keyring();
  expect_text(fixture, "a", "1");
  expect_names(fixture, "a ");
}

static void secret_tool_reads_what_is_written_and_the_other_way(void **state) {
  struct fixture *fixture = *state;
  char out[1024];
  const char *kind = fixture->kind;
  assert_ok(write_text(fixture, "caf\xc3\xa9 corp", "{\"a\": \"\xe6\x97\xa5\"}", NULL));
  assert_int_equal(
      RUN("", out, "secret-tool", "lookup", "application", "sentinel", "kind", kind, "name", "caf\xc3\xa9 corp"), 0);
  assert_string_equal(out, "{\"a\": \"\xe6\x97\xa5\"}");
  assert_int_equal(RUN("", out, "secret-tool", "search", "application", "sentinel", "kind", kind), 0);
  assert_non_null(strstr(out, "label = sentinel: test-"));
  assert_non_null(strstr(out, " caf\xc3\xa9 corp\n"));
  assert_int_equal(RUN("by hand", out, "secret-tool", "store", "--label", "mine", "application", "sentinel", "kind",
                       kind, "name", "hand"),
                   0);
  expect_text(fixture, "hand", "by hand");
  expect_names(fixture, "caf\xc3\xa9 corp hand ");
  assert_int_equal(
      RUN("x", out, "secret-tool", "store", "--label", "odd", "application", "sentinel", "kind", kind, "name", "a\nb"),
      0);
  expect_names(fixture, "caf\xc3\xa9 corp hand ");
}

static int count_items(struct fixture *fixture, const char *name) {
  char out[4096];
  int count = 0;
  (void)RUN("", out, "secret-tool", "search", "--all", "application", "sentinel", "kind", fixture->kind, "name", name);
  for (const char *p = out; (p = strstr(p, "label = ")) != NULL; p++) {
    count++;
  }
  return count;
}

/* secret-tool's items have an attribute more, so that none replaces another. */
static void of_several_the_latest_is_read_and_writing_leaves_one(void **state) {
  struct fixture *fixture = *state;
  static const char *const extra[] = {"1", "2", "3"};
  char out[256];
  assert_ok(write_text(fixture, "a", "ours", NULL));
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(RUN(extra[i], out, "secret-tool", "store", "--label", "more", "application", "sentinel", "kind",
                         fixture->kind, "name", "a", "extra", extra[i]),
                     0);
    expect_text(fixture, "a", extra[i]);
  }
  assert_int_equal(count_items(fixture, "a"), 4);
  expect_names(fixture, "a ");
  assert_ok(write_text(fixture, "a", "new", NULL));
  expect_text(fixture, "a", "new");
  assert_int_equal(count_items(fixture, "a"), 1);
  assert_int_equal(RUN("x", out, "secret-tool", "store", "--label", "more", "application", "sentinel", "kind",
                       fixture->kind, "name", "a", "extra", "1"),
                   0);
  assert_ok(snt_keychain_remove(fixture->keychain, fixture->kind, "a", NULL));
  assert_int_equal(count_items(fixture, "a"), 0);
}

/* auto: the service and the file as one. */

static void open_as(struct fixture *fixture, const char *backend) {
  (void)snprintf(fixture->backend, sizeof fixture->backend, "%s", backend);
  open_keychain(fixture, true);
}

static void expect_served_by(struct fixture *fixture, const char *name, const char *text, const char *backend) {
  open_as(fixture, "auto");
  expect_text(fixture, name, text);
  assert_string_equal(snt_keychain_backend_name(fixture->keychain), backend);
}

static void note_backend(void *context, const char *name) {
  struct fixture *fixture = context;
  char *text = fixture->path; /* room enough, and the file's path is not needed */
  size_t len = strlen(text);
  (void)snprintf(text + len, sizeof fixture->path - len, "%s=%s ", name, snt_keychain_backend_name(fixture->keychain));
}

static void auto_is_the_service_and_the_file_as_one(void **state) {
  struct fixture *fixture = *state;
  char path[sizeof fixture->path];
  struct snt_err err = {0};
  open_as(fixture, "file");
  assert_ok(write_text(fixture, "old", "1", NULL));
  assert_ok(write_text(fixture, "both", "file", NULL));
  open_as(fixture, "secret-service");
  assert_ok(write_text(fixture, "both", "service", NULL));
  open_as(fixture, "auto");
  assert_string_equal(snt_keychain_backend_name(fixture->keychain), "secret-service");
  expect_served_by(fixture, "old", "1", "file");
  expect_served_by(fixture, "both", "service", "secret-service");
  open_as(fixture, "auto");
  assert_ok(write_text(fixture, "old", "2", NULL)); /* stays where it is */
  assert_ok(write_text(fixture, "new", "3", NULL));
  assert_string_equal(snt_keychain_backend_name(fixture->keychain), "secret-service");
  expect_served_by(fixture, "old", "2", "file");
  expect_served_by(fixture, "new", "3", "secret-service");
  (void)snprintf(path, sizeof path, "%s", fixture->path);
  fixture->path[0] = '\0';
  assert_ok(snt_keychain_list(fixture->keychain, fixture->kind, note_backend, fixture, NULL));
  assert_string_equal(fixture->path, "both=secret-service new=secret-service old=file ");
  (void)snprintf(fixture->path, sizeof fixture->path, "%s", path);
  assert_ok(snt_keychain_remove(fixture->keychain, fixture->kind, "both", NULL));
  assert_int_equal(read_code(fixture, "both", &err), SNT_CODE_NOT_FOUND);
  assert_non_null(strstr(err.message, "secret-service and file"));
  open_as(fixture, "file");
  expect_names(fixture, "old ");
  end(fixture);
  begin(fixture, "secret-service");
}

static void auto_falls_to_the_file_and_not_past_a_locked_entry(void **state) {
  struct fixture *fixture = *state;
  struct snt_err err = {0};
  open_as(fixture, "file");
  assert_ok(write_text(fixture, "a", "file", NULL));
  assert_ok(write_text(fixture, "b", "file", NULL));
  open_as(fixture, "secret-service");
  assert_ok(write_text(fixture, "a", "service", NULL));
  lock_keyring();
  open_as(fixture, "auto");
  expect_locked((snt_status){read_code(fixture, "a", &err)}, &err, "no display");
  expect_text(fixture, "b", "file");
  stop_program(&desktop.keyring);
  expect_served_by(fixture, "a", "file", "file");
  assert_ok(write_text(fixture, "c", "new", NULL));
  assert_string_equal(snt_keychain_backend_name(fixture->keychain), "file");
  open_as(fixture, "file");
  expect_names(fixture, "a b c ");
  end(fixture);
  start_keyring(&desktop, true);
  begin(fixture, "secret-service");
}

static void auto_keeps_what_is_cached_in_one_place(void **state) {
  struct fixture *fixture = *state;
  struct snt_err err = {0};
  (void)snprintf(fixture->kind, sizeof fixture->kind, SNT_KEYCHAIN_KIND_SESSION);
  open_as(fixture, "file");
  assert_ok(write_text(fixture, "a", "file", NULL));
  open_as(fixture, "auto");
  assert_int_equal(read_code(fixture, "a", &err), SNT_CODE_NOT_FOUND);
  snt_keychain_hush(fixture->keychain, true);
  expect_names(fixture, "");
  assert_ok(write_text(fixture, "a", "service", NULL));
  expect_text(fixture, "a", "service");
  assert_string_equal(snt_keychain_backend_name(fixture->keychain), "secret-service");
  assert_ok(snt_keychain_remove(fixture->keychain, fixture->kind, "a", NULL));
  open_as(fixture, "file");
  expect_text(fixture, "a", "file");
  open_as(fixture, "auto"); /* and not hushed any more */
  expect_names(fixture, "a ");
  assert_ok(snt_keychain_remove(fixture->keychain, fixture->kind, "a", NULL));
  open_as(fixture, "file");
  expect_names(fixture, "");
  end(fixture);
  begin(fixture, "secret-service");
}

/* A service that lies. */

struct lie {
  const char *name;
  struct fake fake;
  enum snt_code code; /* of opening or reading */
  const char *why;
};

static char last_number[128]; /* the group's prime minus 1 ends in ...fe; all ones are past it */
static char one[128];

static const struct lie LIES[] = {
    {"no answer", {.alias = NULL}, SNT_CODE_KEYCHAIN, "did not answer"},
    {"an alias that is no path", {.alias = "x"}, SNT_CODE_KEYCHAIN, "makes no sense"},
    {"nonsense", {.alias = "/c", .answers_with_nonsense = true}, SNT_CODE_KEYCHAIN, "makes no sense"},
    {"a public key of 0", {.alias = "/c", .public_key = (const char[128]){0}}, SNT_CODE_KEYCHAIN, "public key"},
    {"a public key of 1", {.alias = "/c", .public_key = one}, SNT_CODE_KEYCHAIN, "public key"},
    {"a public key past the group", {.alias = "/c", .public_key = last_number}, SNT_CODE_KEYCHAIN, "public key"},
    {"no vector", {.alias = "/c", .sealed_len = 16}, SNT_CODE_KEYCHAIN, "makes no sense"},
    {"a short vector", {.alias = "/c", .iv_len = 15, .sealed_len = 16}, SNT_CODE_KEYCHAIN, "makes no sense"},
    {"half a block", {.alias = "/c", .iv_len = 16, .sealed_len = 24}, SNT_CODE_KEYCHAIN, "whole blocks"},
    {"no block", {.alias = "/c", .iv_len = 16, .sealed_len = 0}, SNT_CODE_KEYCHAIN, "whole blocks"},
};

static void a_service_that_lies_is_refused(void **state) {
  (void)state;
  memset(last_number, 0xff, sizeof last_number);
  one[127] = 1;
  (void)alarm(60);
  for (size_t i = 0; i < sizeof LIES / sizeof LIES[0]; i++) {
    struct fake fake = LIES[i].fake;
    struct snt_err err = {0};
    SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = NULL;
    SNT_SECRET_AUTO struct snt_secret *value = NULL;
    pid_t pid = start_fake(&fake);
    snt_status status = open_service(&keychain, &err);
    status = snt_ok(status) ? snt_keychain_read(keychain, "aws", "a", &value, &err) : status;
    if (status.code != LIES[i].code || strstr(err.message, LIES[i].why) == NULL || value != NULL) {
      fail_msg("%s: %s: %s", LIES[i].name, snt_code_name(status.code), err.message);
    }
    stop_program(&pid);
    (void)close(fake.told);
  }
  (void)alarm(0);
}

/* A call makes many of the keychain, and each would wait its 5 s. */
static void a_service_that_falls_silent_is_asked_once(void **state) {
  (void)state;
  struct fake fake = {.alias = "/c", .is_silent = true};
  struct snt_err err = {0};
  char calls[16] = "";
  SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = NULL;
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  pid_t pid = start_fake(&fake);
  assert_ok(open_service(&keychain, NULL));
  for (int i = 0; i < 2; i++) {
    assert_code(snt_keychain_read(keychain, "aws", "a", &value, &err), SNT_CODE_KEYCHAIN);
    assert_non_null(strstr(err.message, "did not answer"));
  }
  stop_program(&pid);
  assert_true(read(fake.told, calls, sizeof calls - 1) > 0);
  assert_string_equal(calls, "RS");
  (void)close(fake.told);
}

/* gnome-keyring lists the latest first, so that it cannot show who else looks at the time. */
static void the_latest_is_told_by_its_time(void **state) {
  (void)state;
  struct fake fake = {.is_plain = true, .alias = "/c", .secret = "latest", .has_older = true};
  SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = NULL;
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  pid_t pid = start_fake(&fake);
  assert_ok(open_service(&keychain, NULL));
  assert_ok(snt_keychain_read(keychain, "aws", "a", &value, NULL));
  assert_string_equal(snt_secret_borrow(value), "latest");
  stop_program(&pid);
  (void)close(fake.told);
}

struct prompting {
  enum fake_prompt prompt;
  bool has_display, is_hushed;
  enum snt_code code;
  const char *why;
  const char *calls; /* that the service got */
};

static const struct prompting PROMPTINGS[] = {
    {PROMPT_NONE, false, false, SNT_CODE_OK, NULL, "RSOOG"}, /* the first session is refused: not plain */
    {PROMPT_CONFIRMED, true, false, SNT_CODE_OK, NULL, "RSUPOOG"},
    {PROMPT_CONFIRMED, true, true, SNT_CODE_ACTION_REQUIRED, "nobody is to be asked", "RSUD"},
    {PROMPT_CONFIRMED, false, false, SNT_CODE_ACTION_REQUIRED, "no display", "RSUD"},
    {PROMPT_DISMISSED, true, false, SNT_CODE_ACTION_REQUIRED, "was dismissed", "RSUP"},
    {PROMPT_SILENT, true, false, SNT_CODE_ACTION_REQUIRED, "nobody answered", "RSUPD"},
    {PROMPT_DEATH, true, false, SNT_CODE_ACTION_REQUIRED, "it ended", "RSUP"},
};

static void prompts_are_shown_to_who_can_see_them_and_waited_for(void **state) {
  (void)state;
  (void)alarm(60);
  for (size_t i = 0; i < sizeof PROMPTINGS / sizeof PROMPTINGS[0]; i++) {
    const struct prompting *wanted = &PROMPTINGS[i];
    struct fake fake = {.is_plain = true, .alias = "/c", .prompt = wanted->prompt, .secret = "plain secret"};
    struct snt_err err = {0};
    char calls[16] = "";
    SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = NULL;
    SNT_SECRET_AUTO struct snt_secret *value = NULL;
    assert_int_equal(wanted->has_display ? setenv("WAYLAND_DISPLAY", "w", 1) : unsetenv("WAYLAND_DISPLAY"), 0);
    pid_t pid = start_fake(&fake);
    const struct snt_keychain_options options = {.backend = "secret-service",
                                                 .prompt_deadline_ms = wanted->prompt == PROMPT_SILENT ? 500 : 20000};
    assert_ok(snt_keychain_open(&options, &keychain, &err));
    snt_keychain_hush(keychain, wanted->is_hushed);
    snt_status status = snt_keychain_read(keychain, "aws", "a", &value, &err);
    if (status.code != wanted->code || (wanted->why != NULL && strstr(err.message, wanted->why) == NULL)) {
      fail_msg("prompt %zu: %s: %s", i, snt_code_name(status.code), err.message);
    }
    assert_true(value == NULL || strcmp(snt_secret_borrow(value), "plain secret") == 0);
    stop_program(&pid);
    assert_true(read(fake.told, calls, sizeof calls - 1) > 0);
    assert_string_equal(calls, wanted->calls);
    (void)close(fake.told);
  }
  (void)alarm(0);
}

/* The first letter that a fake was told since; waits for it. */
static char next_call(int told) {
  char letter = 0;
  for (int tries = 0; read(told, &letter, 1) != 1; tries++) {
    assert_true(tries < 2000);
    (void)usleep(5000);
  }
  return letter;
}

/* Waits for all that a fake is to be told, stops it, and looks whether it was told more; out (of 32) gets the letters.
 */
static void collect_calls(pid_t *pid, int told, const char *wanted, char *out) {
  size_t len = 0;
  for (; wanted[len] != '\0'; len++) {
    out[len] = next_call(told);
  }
  stop_program(pid);
  ssize_t more = read(told, out + len, 31 - len);
  out[len + (size_t)(more > 0 ? more : 0)] = '\0';
  (void)close(told);
}

static pid_t start_reader(void) {
  pid_t pid = fork();
  if (pid == 0) {
    SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = NULL;
    SNT_SECRET_AUTO struct snt_secret *value = NULL;
    struct snt_err err = {0};
    const struct snt_keychain_options options = {.backend = "secret-service", .prompt_deadline_ms = 3000};
    bool is_open = snt_ok(snt_keychain_open(&options, &keychain, &err));
    snt_status status = is_open ? snt_keychain_read(keychain, "aws", "a", &value, &err) : (snt_status){SNT_CODE_BUG};
    /* Who waits may have to give up just before the one who asks does. */
    bool is_told = strstr(err.message, "nobody answered") != NULL || strstr(err.message, "another sentinel") != NULL;
    _exit(is_told ? (int)status.code : 99);
  }
  return pid;
}

static void of_many_who_find_it_locked_one_prompts(void **state) {
  (void)state;
  struct fake fake = {.is_plain = true, .alias = "/c", .prompt = PROMPT_SILENT, .secret = "plain secret"};
  char calls[64] = "";
  int status = 0;
  assert_int_equal(setenv("WAYLAND_DISPLAY", "w", 1), 0);
  assert_int_equal(setenv("XDG_RUNTIME_DIR", desktop.folder, 1), 0);
  pid_t pid = start_fake(&fake);
  pid_t readers[] = {start_reader(), 0, 0};
  while (next_call(fake.told) != 'P') {
  }
  readers[1] = start_reader();
  readers[2] = start_reader();
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(waitpid(readers[i], &status, 0), readers[i]);
    assert_int_equal(WEXITSTATUS(status), SNT_CODE_ACTION_REQUIRED);
  }
  stop_program(&pid);
  assert_true(read(fake.told, calls, sizeof calls - 1) > 0);
  assert_null(strchr(calls, 'P'));
  (void)close(fake.told);
  (void)unsetenv("WAYLAND_DISPLAY");
  (void)unsetenv("XDG_RUNTIME_DIR");
}

/* Who waited for the first is gone when the second is answered: the sanitizers see a call that still goes to him. */
static void a_second_prompt_is_waited_for_by_itself(void **state) {
  (void)state;
  struct fake fake = {.is_plain = true, .alias = "/c", .prompt = PROMPT_CONFIRMED, .secret = "plain secret"};
  char calls[32] = "";
  SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = NULL;
  assert_int_equal(setenv("WAYLAND_DISPLAY", "w", 1), 0);
  pid_t pid = start_fake(&fake);
  const struct snt_keychain_options options = {.backend = "secret-service", .prompt_deadline_ms = 20000};
  assert_ok(snt_keychain_open(&options, &keychain, NULL));
  for (int i = 0; i < 2; i++) {
    SNT_SECRET_AUTO struct snt_secret *value = NULL;
    assert_ok(snt_keychain_read(keychain, "aws", "a", &value, NULL));
    assert_string_equal(snt_secret_borrow(value), "plain secret");
  }
  collect_calls(&pid, fake.told, "RSUPOOGSUPG", calls);
  assert_string_equal(calls, "RSUPOOGSUPG");
  (void)unsetenv("WAYLAND_DISPLAY");
}

/* What is sent with the opening, for an entry that is to be read first. */

static snt_status open_for(const char *name, struct snt_keychain **out, struct snt_err *err) {
  const struct snt_keychain_options options = {
      .backend = "secret-service", .prompt_deadline_ms = 20000, .first_kind = "aws", .first_name = name};
  return snt_keychain_open(&options, out, err);
}

struct ahead {
  const char *name;
  struct fake fake;
  enum snt_code code; /* of opening or reading */
  const char *why;    /* NULL: the secret is read */
  const char *calls;  /* that the service got */
};

static const struct ahead AHEAD[] = {
    {"in their order", {.is_plain = true, .alias = "/c", .secret = "s"}, SNT_CODE_OK, NULL, "RSOOG"},
    {"the other way round",
     {.is_plain = true, .alias = "/c", .secret = "s", .holds_for = "OpenSession"},
     SNT_CODE_OK,
     NULL,
     "RSOOG"},
    {"the alias last",
     {.is_plain = true, .alias = "/c", .secret = "s", .holds_for = "SearchItems"},
     SNT_CODE_OK,
     NULL,
     "RSOOG"},
    {"a locked item",
     {.is_plain = true, .alias = "/c", .secret = "s", .prompt = PROMPT_CONFIRMED},
     SNT_CODE_OK,
     NULL,
     "RSOUPOG"},
    {"a second alias", {.is_plain = true, .alias = "/", .secret = "s"}, SNT_CODE_KEYCHAIN, "no keyring yet", "RSOR"},
    {"no alias", {.alias = "/c", .refuses = "ReadAlias"}, SNT_CODE_KEYCHAIN, "refuses ReadAlias: not today", "RSO"},
    {"no search", {.alias = "/c", .refuses = "SearchItems"}, SNT_CODE_KEYCHAIN, "refuses SearchItems", "RSO"},
    {"a refused session", {.alias = "/c", .refuses = "OpenSession"}, SNT_CODE_KEYCHAIN, "refuses OpenSession", "RSO"},
    {"a session that never comes",
     {.alias = "/c", .ignores = "OpenSession"},
     SNT_CODE_KEYCHAIN,
     "did not answer OpenSession",
     "RSO"},
    {"a search that never comes",
     {.alias = "/c", .ignores = "SearchItems"},
     SNT_CODE_KEYCHAIN,
     "did not answer SearchItems",
     "RSO"},
    {"a lie", {.alias = "/c", .public_key = one}, SNT_CODE_KEYCHAIN, "public key", "RSO"},
    {"an end before the search",
     {.alias = "/c", .ends_with = "SearchItems"},
     SNT_CODE_KEYCHAIN,
     "there is no Secret Service",
     "RS"},
    {"an end before the session",
     {.alias = "/c", .ends_with = "OpenSession"},
     SNT_CODE_KEYCHAIN,
     "there is no Secret Service",
     "RSO"},
    {"an end in the session",
     {.is_plain = true, .alias = "/c", .ends_with = "GetSecret"},
     SNT_CODE_KEYCHAIN,
     "GetSecret",
     "RSOOG"},
};

static void what_is_sent_ahead_may_be_answered_in_any_order_or_not_at_all(void **state) {
  (void)state;
  one[127] = 1;
  assert_int_equal(setenv("WAYLAND_DISPLAY", "w", 1), 0);
  (void)alarm(60);
  for (size_t i = 0; i < sizeof AHEAD / sizeof AHEAD[0]; i++) {
    struct fake fake = AHEAD[i].fake;
    struct snt_err err = {0};
    char calls[32] = "";
    SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = NULL;
    SNT_SECRET_AUTO struct snt_secret *value = NULL;
    pid_t pid = start_fake(&fake);
    snt_status status = open_for("a", &keychain, &err);
    status = snt_ok(status) ? snt_keychain_read(keychain, "aws", "a", &value, &err) : status;
    collect_calls(&pid, fake.told, AHEAD[i].calls, calls);
    bool is_told = AHEAD[i].why == NULL ? value != NULL && strcmp(snt_secret_borrow(value), "s") == 0
                                        : value == NULL && strstr(err.message, AHEAD[i].why) != NULL;
    if (status.code != AHEAD[i].code || !is_told || strcmp(calls, AHEAD[i].calls) != 0) {
      fail_msg("%s: %s: %s: %s", AHEAD[i].name, snt_code_name(status.code), calls, err.message);
    }
  }
  (void)alarm(0);
  (void)unsetenv("WAYLAND_DISPLAY");
}

/* A session that cannot be opened is no reason not to do what needs none, and what was looked for ahead is good for one
 * search: what came in between may have changed it. */
static void what_was_found_ahead_is_used_once_and_for_that_entry_only(void **state) {
  (void)state;
  struct fake fake = {.is_plain = true, .alias = "/c", .secret = "s", .refuses = "OpenSession"};
  struct snt_err err = {0};
  static const char wanted[] = "RSODSD"
                               "RSOSDSDSSO";
  char calls[32] = "";
  SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = NULL;
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  pid_t pid = start_fake(&fake);
  assert_ok(open_for("a", &keychain, NULL));
  assert_ok(snt_keychain_remove(keychain, "aws", "a", NULL)); /* RSO: found ahead; Delete */
  assert_ok(snt_keychain_remove(keychain, "aws", "a", NULL)); /* Search, Delete */
  snt_keychain_close(&keychain);
  assert_ok(open_for("a", &keychain, NULL));
  assert_ok(snt_keychain_remove(keychain, "aws", "b", NULL));                            /* RSO; Search, Delete */
  assert_ok(snt_keychain_remove(keychain, "aws", "a", NULL));                            /* Search, Delete */
  assert_code(snt_keychain_read(keychain, "aws", "a", &value, &err), SNT_CODE_KEYCHAIN); /* Search; refused ahead */
  assert_code(snt_keychain_read(keychain, "aws", "a", &value, &err), SNT_CODE_KEYCHAIN); /* Search, Open */
  assert_non_null(strstr(err.message, "refuses OpenSession"));
  collect_calls(&pid, fake.told, wanted, calls);
  assert_string_equal(calls, wanted);
}

/* A name that no entry can have is nothing to ask a service for. */
static void nothing_is_sent_ahead_for_an_entry_that_cannot_be_or_when_none_is_named(void **state) {
  (void)state;
  static const char *const names[] = {NULL, "", "a\nb"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    struct fake fake = {.alias = "/c"};
    char calls[32] = "";
    SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = NULL;
    pid_t pid = start_fake(&fake);
    assert_ok(open_for(names[i], &keychain, NULL));
    assert_ok(snt_keychain_remove(keychain, "aws", "a", NULL));
    collect_calls(&pid, fake.told, "RSD", calls);
    assert_string_equal(calls, "RSD");
  }
}

struct change_of_hands {
  struct fake_bus fake;
  const char *why; /* NULL: the secret is read */
  const char *calls;
};

static const struct change_of_hands CHANGES[] = {
    {{.is_owner_plain = true}, NULL, "RSOsoog"}, /* the stranger's key would not fit the owner's secret */
    {{.is_stranger_plain = true}, "makes no sense", "RSOsog"},
    {{.is_stranger_plain = true, .is_owner_plain = true}, NULL, "RSOsoog"},
    {{.ends_with = "SearchItems"}, "onnection", "RS"},
    {{.is_owner_plain = true, .ends_with = "GetSecret"}, "onnection", "RSOsoog"},
};

/* What another than the first owner says does not count: neither where the entry is, nor that it knows no encryption.
 */
static void who_answers_first_is_asked_again_when_the_name_changes_hands(void **state) {
  (void)state;
  (void)alarm(60);
  for (size_t i = 0; i < sizeof CHANGES / sizeof CHANGES[0]; i++) {
    struct fake_bus fake = CHANGES[i].fake;
    struct snt_err err = {0};
    char calls[32] = "";
    SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = NULL;
    SNT_SECRET_AUTO struct snt_secret *value = NULL;
    pid_t pid = start_fake_bus(&fake, desktop.folder);
    snt_status status = open_for("a", &keychain, &err);
    status = snt_ok(status) ? snt_keychain_read(keychain, "aws", "a", &value, &err) : status;
    collect_calls(&pid, fake.told, CHANGES[i].calls, calls);
    bool is_told = CHANGES[i].why == NULL ? value != NULL && strcmp(snt_secret_borrow(value), "yes") == 0
                                          : value == NULL && strstr(err.message, CHANGES[i].why) != NULL;
    if (!is_told || strcmp(calls, CHANGES[i].calls) != 0) {
      fail_msg("change %zu: %s: %s: %s", i, snt_code_name(status.code), calls, err.message);
    }
  }
  (void)alarm(0);
}

/* The key exchange by itself. */

static void both_sides_agree_and_damage_is_seen(void **state) {
  (void)state;
  uint8_t a_public[SNT_DH_PUBLIC_LEN];
  uint8_t b_public[SNT_DH_PUBLIC_LEN];
  uint8_t iv[SNT_DH_BLOCK_LEN] = {7};
  SNT_DH_AUTO struct snt_dh *a = NULL;
  SNT_DH_AUTO struct snt_dh *b = NULL;
  SNT_SECRET_AUTO struct snt_secret *a_key = NULL;
  SNT_SECRET_AUTO struct snt_secret *b_key = NULL;
  assert_ok(snt_dh_new(&a, a_public, NULL));
  assert_ok(snt_dh_new(&b, b_public, NULL));
  assert_memory_not_equal(a_public, b_public, sizeof a_public);
  assert_ok(snt_dh_agree(a, b_public, sizeof b_public, &a_key, NULL));
  assert_ok(snt_dh_agree(b, a_public, sizeof a_public, &b_key, NULL));
  assert_true(snt_secret_is_equal(a_key, b_key));
  for (size_t len = 1; len <= 33; len++) {
    SNT_SECRET_AUTO struct snt_secret *plain = NULL;
    SNT_SECRET_AUTO struct snt_secret *back = NULL;
    SNT_FREE_AUTO uint8_t *sealed = NULL;
    size_t sealed_len = 0;
    char text[40] = "0123456789abcdef0123456789abcdef0123456";
    assert_ok(snt_secret_new_from(text, len, &plain, NULL));
    assert_ok(snt_dh_encrypt(a_key, iv, plain, &sealed, &sealed_len, NULL));
    assert_int_equal(sealed_len, len / 16 * 16 + 16);
    assert_ok(snt_dh_decrypt(b_key, iv, sealed, sealed_len, &back, NULL));
    assert_true(snt_secret_is_equal(plain, back));
  }
  /* Without its last block a text ends in what is no padding. */
  static const char *const ends[] = {"x",     "\x11",
                                     "x\x02", "\x03x\x03",
                                     "x\x10", "\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11"};
  for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
    SNT_SECRET_AUTO struct snt_secret *plain = NULL;
    SNT_SECRET_AUTO struct snt_secret *back = NULL;
    SNT_FREE_AUTO uint8_t *sealed = NULL;
    size_t sealed_len = 0;
    char text[33];
    memset(text, 'x', sizeof text);
    memcpy(text + 32 - strlen(ends[i]), ends[i], strlen(ends[i]));
    assert_ok(snt_secret_new_from(text, sizeof text, &plain, NULL));
    assert_ok(snt_dh_encrypt(a_key, iv, plain, &sealed, &sealed_len, NULL));
    assert_code(snt_dh_decrypt(b_key, iv, sealed, 32, &back, NULL), SNT_CODE_KEYCHAIN);
    assert_null(back);
  }
}

static int run(void) {
  const struct CMUnitTest alone[] = {
      cmocka_unit_test(both_sides_agree_and_damage_is_seen),
      cmocka_unit_test(without_a_session_it_is_unavailable),
      cmocka_unit_test(only_sockets_of_this_machine_are_connected_to),
      cmocka_unit_test(a_bus_that_never_speaks_is_given_up),
  };
  const struct CMUnitTest on_a_bus[] = {
      cmocka_unit_test(a_bus_of_another_user_is_refused),
      cmocka_unit_test_setup_teardown(a_bus_without_a_service_is_unavailable, open_bus, close_bus),
      cmocka_unit_test_setup_teardown(a_service_without_a_keyring_is_unavailable, open_bus, close_bus),
      cmocka_unit_test_setup_teardown(a_service_that_lies_is_refused, open_bus, close_bus),
      cmocka_unit_test_setup_teardown(a_service_that_falls_silent_is_asked_once, open_bus, close_bus),
      cmocka_unit_test_setup_teardown(the_latest_is_told_by_its_time, open_bus, close_bus),
      cmocka_unit_test_setup_teardown(prompts_are_shown_to_who_can_see_them_and_waited_for, open_bus, close_bus),
      cmocka_unit_test_setup_teardown(a_second_prompt_is_waited_for_by_itself, open_bus, close_bus),
      cmocka_unit_test_setup_teardown(what_is_sent_ahead_may_be_answered_in_any_order_or_not_at_all, open_bus,
                                      close_bus),
      cmocka_unit_test_setup_teardown(what_was_found_ahead_is_used_once_and_for_that_entry_only, open_bus, close_bus),
      cmocka_unit_test_setup_teardown(nothing_is_sent_ahead_for_an_entry_that_cannot_be_or_when_none_is_named, open_bus,
                                      close_bus),
      cmocka_unit_test_setup_teardown(who_answers_first_is_asked_again_when_the_name_changes_hands, open_bus,
                                      close_bus),
      cmocka_unit_test_setup_teardown(of_many_who_find_it_locked_one_prompts, open_bus, close_bus),
  };
  const struct CMUnitTest on_a_desktop[] = {
      cmocka_unit_test(a_service_that_hangs_is_given_up),
      cmocka_unit_test(a_service_that_was_killed_is_told_and_its_entries_are_kept),
      cmocka_unit_test(a_locked_service_says_what_to_do),
      cmocka_unit_test(secret_tool_reads_what_is_written_and_the_other_way),
      cmocka_unit_test(of_several_the_latest_is_read_and_writing_leaves_one),
      cmocka_unit_test(auto_is_the_service_and_the_file_as_one),
      cmocka_unit_test(auto_falls_to_the_file_and_not_past_a_locked_entry),
      cmocka_unit_test(auto_keeps_what_is_cached_in_one_place),
  };
  int failed = cmocka_run_group_tests(alone, NULL, NULL);
  if (has_desktop()) {
    failed += cmocka_run_group_tests(on_a_bus, NULL, NULL);
    for (size_t i = 0; i < sizeof on_a_desktop / sizeof on_a_desktop[0]; i++) {
      struct CMUnitTest one_test = on_a_desktop[i];
      one_test.setup_func = open_desktop; /* a service of its own for each */
      one_test.teardown_func = close_desktop;
      failed += _cmocka_run_group_tests(one_test.name, &one_test, 1, NULL, NULL);
    }
  }
  return failed;
}

int main(void) { return without_terminal(run); }
