/* The conversation with a pinentry. The scripts stand in for the person and the window; the one test that asks a real
 * pinentry does so where it has no window. */
#include "check.h"

#include "helper_fixture.h"

#include "base/pinentry.h"

enum { CAP = 32 };

/* A pinentry that notes what it is told, has that flavour, and answers GETPIN with these lines. */
static void write_pinentry(const char *flavor, const char *answer) {
  char body[2048];
  (void)snprintf(body, sizeof body,
                 "echo 'OK Pleased to meet you'\n"
                 "while read -r line; do\n"
                 "  printf '%%s\\n' \"$line\" >> %s/told\n"
                 "  case $line in\n"
                 "  'GETINFO flavor') printf '%%s\\n' '# a remark' 'D %s' OK ;;\n"
                 "  GETPIN) printf '%%s\\n' %s ;;\n"
                 "  *) echo OK ;;\n"
                 "  esac\n"
                 "done\n",
                 scripts, flavor, answer);
  (void)unlink(script_path("told"));
  (void)write_script("pinentry", body);
}

static enum snt_code ask_script(const char *text, char *out, struct snt_err *err) {
  char path[128];
  (void)snprintf(path, sizeof path, "%s", script_path("pinentry"));
  const struct snt_pinentry pinentry = {.path = path, .text = text, .label = "code", .end_ms = in_ms(30000)};
  SNT_SECRET_AUTO struct snt_secret *answer = NULL;
  snt_status status = snt_pinentry_ask(&pinentry, CAP, &answer, err);
  assert_int_equal(answer != NULL, snt_ok(status));
  (void)snprintf(out, CAP + 1, "%s", answer == NULL ? "" : snt_secret_borrow(answer));
  return status.code;
}

static void answers_are_taken_as_they_were_typed(void **state) {
  (void)state;
  static const struct {
    const char *lines, *wanted;
  } rows[] = {
      {"'D 123456' OK", "123456"},
      {"'S PASSWORD_FROM_CACHE' '# x' 'D 123456' 'OK good'", "123456"},
      {"'D a%25b%0ac%0D' OK", "a%b\nc\r"},
      {"'D a%2' OK", "a%2"},
      {"'D %zz%' OK", "%zz%"},
      {"'D 123' 'D 456' OK", "123456"},
      {"OK", ""},
      {"'D  two spaces ' OK", " two spaces "},
      {"'D 12345678901234567890123456789012' OK", "12345678901234567890123456789012"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char text[CAP + 1];
    write_pinentry("gtk2", rows[i].lines);
    assert_int_equal(ask_script("MFA code", text, NULL), SNT_CODE_OK);
    assert_string_equal(text, rows[i].wanted);
  }
}

static void what_is_no_answer_is_told_apart(void **state) {
  (void)state;
  static const struct {
    const char *lines;
    enum snt_code code;
  } rows[] = {
      {"'ERR 83886179 Operation cancelled <Pinentry>'", SNT_CODE_ACTION_REQUIRED},
      {"'ERR 83886142 Timeout <Pinentry>'", SNT_CODE_TIMEOUT},
      {"'ERR 83918950 Inappropriate ioctl for device <Pinentry>'", SNT_CODE_NOT_FOUND},
      {"'D 77777777777777777' 'D 77777777777777777' OK", SNT_CODE_ACTION_REQUIRED},
      {"'INQUIRE QUALITY x'", SNT_CODE_NOT_FOUND},
      {"Okay", SNT_CODE_NOT_FOUND},
      {"''", SNT_CODE_NOT_FOUND},
      {"x; exit", SNT_CODE_NOT_FOUND},
      {"'# x'; exit", SNT_CODE_NOT_FOUND},
      {"'D 777777'; exit", SNT_CODE_NOT_FOUND},
      {"'# x'; while :; do echo '# again'; done; echo", SNT_CODE_NOT_FOUND},
      {"\"$(head -c 8192 /dev/zero | tr '\\0' 7)\"", SNT_CODE_ACTION_REQUIRED},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char text[CAP + 1];
    struct snt_err err = {0};
    write_pinentry("qt", rows[i].lines);
    enum snt_code code = ask_script("MFA code", text, &err);
    if (code != rows[i].code) {
      fail_msg("%s: %s: %s", rows[i].lines, snt_code_name(code), err.message);
    }
    assert_null(strstr(err.message, "777"));
  }
}

static void one_without_a_window_is_not_asked(void **state) {
  (void)state;
  static const char *const flavors[] = {"curses", "gnome3:curses", "tty", "gtk2:tty", "emacs"};
  for (size_t i = 0; i < sizeof flavors / sizeof flavors[0]; i++) {
    char text[CAP + 1];
    write_pinentry(flavors[i], "'D 123456' OK");
    assert_int_equal(ask_script("MFA code", text, NULL), SNT_CODE_NOT_FOUND);
    assert_null(strstr(read_left("told"), "GETPIN"));
  }
  static const char *const bodies[] = {"exit 0", "echo 'ERR 1 no'"};
  for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
    char text[CAP + 1];
    (void)write_script("pinentry", bodies[i]);
    assert_int_equal(ask_script("MFA code", text, NULL), SNT_CODE_NOT_FOUND);
  }
}

static void a_text_cannot_become_a_command(void **state) {
  (void)state;
  char text[CAP + 1];
  write_pinentry("gtk2", "'D 1' OK");
  assert_int_equal(ask_script("50% of\nGETPIN\r\tx", text, NULL), SNT_CODE_OK);
  assert_string_equal(read_left("told"), "GETINFO flavor\nSETTITLE Sentinel\nSETDESC 50%25 of%0AGETPIN%0D%09x\n"
                                         "SETPROMPT code\nGETPIN\n");
}

/* GnuPG's own, which falls back to the terminal that it does not have here. */
static void a_real_one_that_has_no_window_says_so(void **state) {
  (void)state;
  char path[256];
  if (!snt_helper_find("pinentry-curses", path, sizeof path)) {
    leave_out("pinentry-curses", " is not installed");
    return;
  }
  const struct snt_pinentry pinentry = {.path = path, .text = "x", .label = "code", .end_ms = in_ms(30000)};
  SNT_SECRET_AUTO struct snt_secret *answer = NULL;
  struct snt_err err = {0};
  assert_code(snt_pinentry_ask(&pinentry, CAP, &answer, &err), SNT_CODE_NOT_FOUND);
  assert_string_equal(err.message, "pinentry has no window here");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(answers_are_taken_as_they_were_typed),  cmocka_unit_test(what_is_no_answer_is_told_apart),
      cmocka_unit_test(one_without_a_window_is_not_asked),     cmocka_unit_test(a_text_cannot_become_a_command),
      cmocka_unit_test(a_real_one_that_has_no_window_says_so),
  };
  (void)signal(SIGPIPE, SIG_IGN);
  begin_scripts();
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  end_scripts();
  return failed;
}
