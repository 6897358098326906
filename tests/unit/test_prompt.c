/* Who is asked, in which order; nobody, at once, where there is nobody. Scripts stand in for the dialogs. */
#include "check.h"

#include "helper_fixture.h"

#include "base/prompt.h"

#include <sys/ioctl.h>

enum { CAP = 32 };

static const struct snt_prompt PROMPT = {
    .text = "MFA code of a_b\\c", .label = "code", .deadline_ms = 30000, .cap = CAP};

static enum snt_code ask(const struct snt_prompt *prompt, char *text, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *answer = NULL;
  snt_status status = snt_prompt_ask(prompt, &answer, err);
  assert_int_equal(answer != NULL, snt_ok(status));
  (void)snprintf(text, CAP + 1, "%s", answer == NULL ? "" : snt_secret_borrow(answer));
  return status.code;
}

/* PATH is the scripts' folder, then what scripts need. */
static void set_desktop(const char *display, const char *wayland) {
  char path[128];
  (void)snprintf(path, sizeof path, "%s:/nonexistent", scripts);
  (void)setenv("PATH", path, 1);
  (void)(display == NULL ? unsetenv("DISPLAY") : setenv("DISPLAY", display, 1));
  (void)(wayland == NULL ? unsetenv("WAYLAND_DISPLAY") : setenv("WAYLAND_DISPLAY", wayland, 1));
}

static void write_dialog(const char *name, const char *answer) {
  char body[256];
  (void)snprintf(body, sizeof body, "printf '<%%s>' \"$@\" > %s/%s.arguments\n%s", scripts, name, answer);
  (void)write_script(name, body);
}

static void remove_script(const char *name) { (void)unlink(script_path(name)); }

static void with_nobody_to_ask_it_fails_with_the_reason(void **state) {
  (void)state;
  char text[CAP + 1];
  struct snt_err err = {0};
  write_dialog("zenity", "echo 1");
  set_desktop(NULL, NULL);
  assert_int_equal(ask(&PROMPT, text, &err), SNT_CODE_ACTION_REQUIRED);
  assert_non_null(strstr(err.message, "no terminal"));
  assert_non_null(strstr(err.message, "DISPLAY"));
  set_desktop("", "");
  assert_int_equal(ask(&PROMPT, text, &err), SNT_CODE_ACTION_REQUIRED);
  assert_string_equal(read_left("zenity.arguments"), "");
  remove_script("zenity");
  set_desktop(":1", NULL);
  assert_int_equal(ask(&PROMPT, text, &err), SNT_CODE_ACTION_REQUIRED);
  assert_non_null(strstr(err.message, "zenity and kdialog"));
}

static void whether_somebody_can_be_asked_is_known_before(void **state) {
  (void)state;
  struct snt_prompt with_command = PROMPT;
  with_command.command = "echo 1";
  set_desktop(NULL, NULL);
  assert_code(snt_prompt_check(&PROMPT, NULL), SNT_CODE_ACTION_REQUIRED);
  assert_ok(snt_prompt_check(&with_command, NULL));
  set_desktop(NULL, "wayland-0");
  assert_code(snt_prompt_check(&PROMPT, NULL), SNT_CODE_ACTION_REQUIRED);
  write_dialog("kdialog", "exit 1");
  assert_ok(snt_prompt_check(&PROMPT, NULL));
  assert_string_equal(read_left("kdialog.arguments"), "");
  remove_script("kdialog");
}

static void the_first_dialog_on_path_is_asked(void **state) {
  (void)state;
  char text[CAP + 1];
  struct snt_prompt hidden = PROMPT;
  hidden.is_hidden = true;
  write_dialog("kdialog", "echo from kdialog");
  set_desktop(":1", NULL);
  assert_int_equal(ask(&PROMPT, text, NULL), SNT_CODE_OK);
  assert_string_equal(text, "from kdialog");
  assert_string_equal(read_left("kdialog.arguments"), "<--title><Sentinel><--inputbox><MFA code of a_b\\c>");
  assert_int_equal(ask(&hidden, text, NULL), SNT_CODE_OK);
  assert_string_equal(read_left("kdialog.arguments"), "<--title><Sentinel><--password><MFA code of a_b\\c>");
  write_dialog("zenity", "echo from zenity");
  set_desktop(NULL, "wayland-0");
  assert_int_equal(ask(&PROMPT, text, NULL), SNT_CODE_OK);
  assert_string_equal(text, "from zenity");
  assert_string_equal(read_left("zenity.arguments"), "<--entry><--title=Sentinel><--text=MFA code of a__b\\\\c>");
  assert_int_equal(ask(&hidden, text, NULL), SNT_CODE_OK);
  assert_string_equal(read_left("zenity.arguments"),
                      "<--entry><--title=Sentinel><--text=MFA code of a__b\\\\c><--hide-text>");
  (void)write_script("pinentry", "echo OK; read -r x; printf 'D gnome3:curses\\nOK\\n'; read -r x");
  assert_int_equal(ask(&PROMPT, text, NULL), SNT_CODE_OK);
  assert_string_equal(text, "from zenity");
  (void)write_script("pinentry-qt", "echo OK; read -r x; printf 'D qt\\nOK\\n'; for i in 1 2 3; do read -r x; echo OK; "
                                    "done; read -r x; printf 'D from pinentry\\nOK\\n'");
  assert_int_equal(ask(&PROMPT, text, NULL), SNT_CODE_OK);
  assert_string_equal(text, "from pinentry");
}

static void a_closed_window_is_no_answer_and_no_reason_to_open_another(void **state) {
  (void)state;
  char text[CAP + 1];
  struct snt_err err = {0};
  remove_script("pinentry");
  remove_script("pinentry-qt");
  write_dialog("zenity", "echo 777777; exit 1");
  write_dialog("kdialog", "echo 1");
  remove_script("kdialog.arguments");
  set_desktop(":1", NULL);
  assert_int_equal(ask(&PROMPT, text, &err), SNT_CODE_ACTION_REQUIRED);
  assert_string_equal(err.message, "the question was not answered");
  (void)write_script("pinentry", "echo OK; read -r x; printf 'D qt\\nOK\\n'; for i in 1 2 3; do read -r x; echo OK; "
                                 "done; read -r x; echo 'ERR 83886179 cancelled'");
  assert_int_equal(ask(&PROMPT, text, &err), SNT_CODE_ACTION_REQUIRED);
  assert_string_equal(err.message, "the question was not answered");
  assert_string_equal(read_left("kdialog.arguments"), "");
}

static void a_configured_command_is_asked_alone(void **state) {
  (void)state;
  static const struct {
    const char *command, *wanted, *message;
    enum snt_code code;
  } rows[] = {
      {"echo 123456", "123456", "", SNT_CODE_OK},
      {"printf 123; printf '456\\nmore\\n'", "123456", "", SNT_CODE_OK},
      {"echo 777777; exit 2", "", "mfa_process ended with status 2", SNT_CODE_ACTION_REQUIRED},
      {"/nonexistent/program", "", "mfa_process ended with status 127", SNT_CODE_ACTION_REQUIRED},
      {":", "", "mfa_process printed nothing", SNT_CODE_ACTION_REQUIRED},
      {"while :; do echo 777777; done | tr -d '\\n'", "", "more than 32 bytes", SNT_CODE_ACTION_REQUIRED},
  };
  write_dialog("zenity", "echo from zenity");
  remove_script("zenity.arguments");
  set_desktop(":1", NULL);
  (void)setenv("PATH", "/usr/bin:/bin", 1);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char text[CAP + 1];
    struct snt_err err = {0};
    struct snt_prompt prompt = PROMPT;
    prompt.command = rows[i].command;
    assert_int_equal(ask(&prompt, text, &err), rows[i].code);
    assert_string_equal(text, rows[i].wanted);
    assert_non_null(strstr(err.message, rows[i].message));
    assert_null(strstr(err.message, "777"));
  }
  assert_string_equal(read_left("zenity.arguments"), "");
  struct snt_prompt late = PROMPT;
  late.command = "sleep 300";
  late.deadline_ms = 300;
  char text[CAP + 1];
  assert_int_equal(ask(&late, text, NULL), SNT_CODE_TIMEOUT);
}

/* A terminal of our own, and a child in its foreground or in its background. */
static int ask_on_terminal(bool is_background, const char *typed) {
  int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
  char *name = ptsname(master);
  pid_t pid = fork();
  if (pid == 0) {
    (void)alarm(60);
    (void)setsid();
    int slave = open(name, O_RDWR | O_CLOEXEC);
    (void)(slave >= 0 && ioctl(slave, TIOCSCTTY, 0) == 0);
    pid_t child = fork();
    if (child == 0) {
      (void)(is_background && setpgid(0, 0) == 0);
      char text[CAP + 1];
      enum snt_code code = ask(&PROMPT, text, NULL);
      _exit(code == SNT_CODE_OK ? (strcmp(text, "from terminal") == 0 ? 0 : 99) : (int)code);
    }
    int status = 0;
    _exit(waitpid(child, &status, WUNTRACED) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 98);
  }
  char seen[512] = "";
  for (size_t len = 0; typed != NULL && strstr(seen, "a_b\\c: ") == NULL;) {
    ssize_t got = read(master, seen + len, sizeof seen - 1 - len);
    assert_true(got > 0);
    len += (size_t)got;
    seen[len] = '\0';
  }
  assert_true(typed == NULL || write(master, typed, strlen(typed)) == (ssize_t)strlen(typed));
  int status = 0;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  (void)close(master);
  assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

static void a_terminal_goes_first_but_not_from_its_background(void **state) {
  (void)state;
  write_dialog("zenity", "echo from zenity");
  set_desktop(":1", NULL);
  remove_script("pinentry");
  assert_int_equal(ask_on_terminal(false, "from terminal\n"), 0);
  assert_int_equal(ask_on_terminal(false, "\004"), SNT_CODE_ACTION_REQUIRED);
  assert_int_equal(ask_on_terminal(true, NULL), 99); /* the window answered */
  set_desktop(NULL, NULL);
  assert_int_equal(ask_on_terminal(true, NULL), SNT_CODE_ACTION_REQUIRED);
}

static int run(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(with_nobody_to_ask_it_fails_with_the_reason),
      cmocka_unit_test(whether_somebody_can_be_asked_is_known_before),
      cmocka_unit_test(the_first_dialog_on_path_is_asked),
      cmocka_unit_test(a_closed_window_is_no_answer_and_no_reason_to_open_another),
      cmocka_unit_test(a_configured_command_is_asked_alone),
      cmocka_unit_test(a_terminal_goes_first_but_not_from_its_background),
  };
  begin_scripts();
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  end_scripts();
  return failed;
}

/* Without a terminal of whoever runs the tests. */
int main(void) {
  (void)signal(SIGPIPE, SIG_IGN);
  pid_t pid = fork();
  if (pid == 0) {
    (void)setsid();
    _exit(run());
  }
  int status = 0;
  return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}
