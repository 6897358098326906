/* Showing a page: which ones, to whom, and what xdg-open is given. */
#include "check.h"

#include "base/browser.h"
#include "base/file.h"
#include "helper_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

static const char PAGE[] = "https://signin.example.com/start?code=AB-CD&x=%2F";

static void install(const char *body) {
  (void)write_script("xdg-open", body);
  (void)unlink(script_path("seen"));
  char path[256];
  (void)snprintf(path, sizeof path, "%s:/usr/bin:/bin", scripts);
  (void)setenv("PATH", path, 1);
  (void)setenv("DISPLAY", ":77", 1);
  (void)unsetenv("WAYLAND_DISPLAY");
}

/* A script that writes what the command prints to "seen", whole. */
static void install_reporter(const char *command) {
  char body[512];
  (void)snprintf(body, sizeof body, "{ %s; } > %s/part; mv %s/part %s/seen", command, scripts, scripts, scripts);
  install(body);
}

static void without_a_desktop_or_xdg_open_nobody_is_shown_a_page(void **state) {
  (void)state;
  struct snt_err err = {0};
  install_reporter("echo \"$1\"");
  assert_ok(snt_browser_check(NULL));
  (void)setenv("DISPLAY", "", 1);
  assert_code(snt_browser_check(&err), SNT_CODE_ACTION_REQUIRED);
  assert_non_null(strstr(err.message, "neither DISPLAY nor WAYLAND_DISPLAY"));
  assert_code(snt_browser_open(PAGE, NULL), SNT_CODE_ACTION_REQUIRED);
  (void)setenv("WAYLAND_DISPLAY", "wayland-0", 1);
  assert_ok(snt_browser_check(NULL));
  (void)unlink(script_path("xdg-open"));
  (void)setenv("PATH", scripts, 1);
  assert_code(snt_browser_check(&err), SNT_CODE_ACTION_REQUIRED);
  assert_non_null(strstr(err.message, "no xdg-open on PATH"));
  assert_code(snt_browser_open(PAGE, &err), SNT_CODE_ACTION_REQUIRED);
  assert_null(strstr(err.message, "signin"));
  assert_string_equal(read_left("seen"), "");
}

static void a_page_arrives_as_one_argument(void **state) {
  (void)state;
  static const char *const pages[] = {PAGE,
                                      "https://a",
                                      "https://a:8443/b#c",
                                      "https://a/@b",
                                      "http://127.0.0.1:8080/x",
                                      "http://127.0.0.1",
                                      "http://[::1]:1/",
                                      "http://localhost/x?y=z"};
  for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
    char wanted[256];
    install_reporter("echo $#; echo \"$1\"");
    assert_ok(snt_browser_open(pages[i], NULL));
    (void)snprintf(wanted, sizeof wanted, "1\n%s\n", pages[i]);
    assert_string_equal(read_left("seen"), wanted);
  }
}

static void what_is_no_page_is_refused_and_not_shown(void **state) {
  (void)state;
  static const char *const others[] = {"",
                                       "https://",
                                       "https:///path",
                                       "https://:443/",
                                       "https:/a",
                                       "HTTPS://secretive",
                                       "http://secretive.example.com/",
                                       "http://127.0.0.1.secretive.com/",
                                       "http://127.0.0.10/",
                                       "http://localhost@secretive.com/",
                                       "http://localhost:x@secretive.com/",
                                       "https://user@secretive.com/",
                                       "file:///etc/secretive",
                                       "javascript:secretive",
                                       "--secretive",
                                       "secretive",
                                       "https://a/secretive b",
                                       "https://a/secretive\n",
                                       "https://a/$secretive",
                                       "https://a/`secretive`",
                                       "https://a/'secretive",
                                       "https://a/\"secretive",
                                       "https://a/;secretive",
                                       "https://a/\\secretive",
                                       "https://a/secr\xc3\xa4tive"};
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    struct snt_err err = {0};
    install_reporter("echo called");
    assert_code(snt_browser_open(others[i], &err), SNT_CODE_USAGE);
    assert_null(strstr(err.message, "secretive"));
    assert_string_equal(read_left("seen"), "");
  }
  char longer[20000] = "https://a/";
  memset(longer + strlen(longer), 'x', sizeof longer - strlen(longer) - 1);
  longer[sizeof longer - 1] = '\0';
  assert_code(snt_browser_open(longer, NULL), SNT_CODE_USAGE);
}

static void a_failure_is_told_without_the_page(void **state) {
  (void)state;
  static const struct {
    const char *body, *wanted;
  } rows[] = {{"exit 3", "finds no browser"},
              {"exit 4", "xdg-open failed (exit status 4)"},
              {"kill -KILL $$", "xdg-open failed (exit status 127)"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_err err = {0};
    install(rows[i].body);
    assert_code(snt_browser_open(PAGE, &err), SNT_CODE_IO);
    assert_non_null(strstr(err.message, rows[i].wanted));
    assert_null(strstr(err.message, "signin"));
  }
  FILE *file = fopen(script_path("xdg-open"), "we");
  assert_non_null(file);
  assert_true(fprintf(file, "#!/nonexistent\n") > 0);
  assert_int_equal(fclose(file), 0);
  assert_code(snt_browser_open(PAGE, NULL), SNT_CODE_IO);
}

/* Its number, its parent's and its session's are in "seen". */
static void one_that_stays_is_left_alone_and_is_nobodys_child(void **state) {
  (void)state;
  char body[512];
  int pid = 0;
  int session = 0;
  (void)snprintf(body, sizeof body, "cut -d' ' -f1,6 /proc/$$/stat > %s/part; mv %s/part %s/seen; exec sleep 300",
                 scripts, scripts, scripts);
  install(body);
  assert_ok(snt_browser_open(PAGE, NULL));
  assert_int_equal(sscanf(read_left("seen"), "%d %d", &pid, &session), 2);
  assert_int_equal(kill(pid, 0), 0);
  assert_int_not_equal(session, getsid(0));
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
  assert_int_equal(errno, ECHILD);
  for (int parent = session; kill(parent, 0) == 0; (void)usleep(10000)) { /* who stood between ends by itself */
    char stat[64];
    char state_of = 0;
    (void)snprintf(stat, sizeof stat, "/proc/%d/stat", parent);
    FILE *file = fopen(stat, "re");
    int got = file == NULL ? 0 : fscanf(file, "%*d (%*[^)]) %c", &state_of);
    if (file != NULL) {
      (void)fclose(file);
    }
    if (got != 1 || state_of == 'Z') {
      break;
    }
  }
  assert_int_equal(kill(pid, SIGKILL), 0);
}

static void a_visitor_is_an_answer_whatever_xdg_open_says(void **state) {
  (void)state;
  char body[128];
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t len = sizeof address;
  int visitor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int caller = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(visitor, (struct sockaddr *)&address, len), 0);
  assert_int_equal(listen(visitor, 1), 0);
  assert_int_equal(getsockname(visitor, (struct sockaddr *)&address, &len), 0);
  install("exit 4");
  assert_code(snt_browser_open_for(PAGE, visitor, NULL), SNT_CODE_IO);
  assert_int_equal(connect(caller, (struct sockaddr *)&address, len), 0);
  (void)snprintf(body, sizeof body, "echo >%s/seen; exit 4", scripts);
  install(body);
  assert_ok(snt_browser_open_for(PAGE, visitor, NULL));
  while (read_left("seen")[0] == '\0') { /* the next test writes the script anew */
    (void)usleep(10000);
  }
  (void)close(caller);
  (void)close(visitor);
}

static void only_the_desktops_variables_are_handed_on(void **state) {
  (void)state;
  static const char *const kept[] = {"HOME",
                                     "WAYLAND_DISPLAY",
                                     "DBUS_SESSION_BUS_ADDRESS",
                                     "XDG_CURRENT_DESKTOP",
                                     "BROWSER",
                                     "KDE_FULL_SESSION",
                                     "LC_ALL",
                                     "XAUTHORITY",
                                     "https_proxy"};
  static const char *const dropped[] = {"AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "SENTINEL_FILE_PASSPHRASE", "DEX",
                                        "LD_LIBRARY_PATH_",      "MY_SECRET"};
  install_reporter("env");
  for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
    (void)setenv(kept[i], "kept", 1);
  }
  for (size_t i = 0; i < sizeof dropped / sizeof dropped[0]; i++) {
    (void)setenv(dropped[i], "dropped", 1);
  }
  assert_ok(snt_browser_open(PAGE, NULL));
  const char *seen = read_left("seen");
  for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
    char line[64];
    (void)snprintf(line, sizeof line, "%s=kept\n", kept[i]);
    assert_non_null(strstr(seen, line));
  }
  assert_null(strstr(seen, "dropped"));
}

static void no_descriptor_is_handed_on(void **state) {
  (void)state;
  int secret = open("/dev/zero", O_RDONLY); /* NOLINT(android-cloexec-open): it must not get through all the same */
  assert_true(secret > 2);
  sigset_t some, before;
  sigfillset(&some);
  (void)sigprocmask(SIG_BLOCK, &some, &before);
  install_reporter("for fd in 0 1 2; do readlink /proc/$PPID/fd/$fd; done; ls -l /proc/self/fd");
  snt_status status = snt_browser_open(PAGE, NULL);
  (void)sigprocmask(SIG_SETMASK, &before, NULL);
  (void)close(secret);
  assert_ok(status);
  const char *seen = read_left("seen");
  assert_true(strncmp(seen, "/dev/null\n/dev/null\n/dev/null\n", 30) == 0);
  assert_null(strstr(seen, "/dev/zero"));
  assert_null(strstr(seen, "pipe:"));
}

/* awk, because a shell would set them right itself. */
static void no_blocked_and_no_ignored_signal_is_handed_on(void **state) {
  (void)state;
  sigset_t some, before;
  char script[512];
  sigfillset(&some);
  (void)snprintf(script, sizeof script,
                 "#!/usr/bin/awk -f\nBEGIN { while ((getline line < \"/proc/self/status\") > 0)\n"
                 "if (line ~ /^Sig(Blk|Ign)/) print line > \"%s/seen\"; exit 0 }\n",
                 scripts);
  install("");
  assert_ok(snt_file_replace(script_path("xdg-open"), script, strlen(script), 0700, NULL));
  (void)sigprocmask(SIG_BLOCK, &some, &before);
  snt_status status = snt_browser_open(PAGE, NULL);
  (void)sigprocmask(SIG_SETMASK, &before, NULL);
  assert_ok(status);
  assert_string_equal(read_left("seen"), "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_a_desktop_or_xdg_open_nobody_is_shown_a_page),
      cmocka_unit_test(a_page_arrives_as_one_argument),
      cmocka_unit_test(what_is_no_page_is_refused_and_not_shown),
      cmocka_unit_test(a_failure_is_told_without_the_page),
      cmocka_unit_test(one_that_stays_is_left_alone_and_is_nobodys_child),
      cmocka_unit_test(a_visitor_is_an_answer_whatever_xdg_open_says),
      cmocka_unit_test(only_the_desktops_variables_are_handed_on),
      cmocka_unit_test(no_descriptor_is_handed_on),
      cmocka_unit_test(no_blocked_and_no_ignored_signal_is_handed_on),
  };
  begin_scripts();
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  end_scripts();
  return failed;
}
