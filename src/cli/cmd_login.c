/* sentinel login: decide, and sign in to the AWS console with the session, in the browser or by an address.
 *
 * The address is worth as much as the session until it is used. A browser gets it from a socket of ours, because what a
 * program is started with can be read by everybody on the machine. */
#include <string.h>

#include "aws/console.h"
#include "base/browser.h"
#include "base/clock.h"
#include "base/handover.h"
#include "cli/command.h"
#include "cli/common.h"
#include "format/time.h"
#include "issue/console.h"

enum { BROWSER_MS = 60000 };

static snt_status hint_at_stdout(const char *profile, struct snt_err *err) {
  return snt_err_hint(err, "`sentinel login %s --stdout` prints the address for a browser elsewhere", profile);
}

/* Signals wait until xdg-open has taken the page: from then on only the person's browser is waited for. */
static snt_status show(const struct snt_console *console, struct snt_handover *handover, struct snt_err *err) {
  snt_status opened = snt_browser_open_for(handover->url, handover->listener, err);
  (void)sigprocmask(SIG_SETMASK, &console->signals, NULL);
  SNT_TRY(opened);
  snt_cli_tell("waiting for the browser");
  return snt_handover_serve(handover, console->url, snt_clock_monotonic_ms() + BROWSER_MS, err);
}

static snt_status open_in_browser(struct snt_issue_options *options, const struct snt_console_wish *wish,
                                  struct snt_out *out, struct snt_err *err) {
  struct snt_err no_browser = {0};
  if (!snt_ok(snt_browser_check(&no_browser))) {
    SNT_TRY(snt_issue_console_look(options, err));
    *err = no_browser;
    return hint_at_stdout(options->profile, err);
  }
  snt_issue_start(options, false);
  SNT_HANDOVER_AUTO struct snt_handover handover = {.listener = -1};
  SNT_CONSOLE_AUTO struct snt_console console = {0};
  SNT_TRY(snt_handover_open(&handover, err));
  SNT_TRY(snt_issue_console(options, wish, &console, err));
  if (!snt_ok(show(&console, &handover, err))) {
    return hint_at_stdout(options->profile, err);
  }
  char left[32];
  snt_duration_format((console.left_s + 59) / 60 * 60, left);
  return snt_out_printf(out, err, "opened the console as %s in account %s for %s\n", console.role, console.account,
                        left);
}

static snt_status print_address(struct snt_args *args, struct snt_issue_options *options,
                                const struct snt_console_wish *wish, struct snt_err *err) {
  snt_status may_print = snt_out_check_secret(snt_args_has(args, SNT_OPTION_FORCE_TTY), err);
  if (may_print.code == SNT_CODE_USAGE) {
    return snt_err_hint(err, "leave --stdout out to open a browser, or add --force-tty");
  }
  SNT_TRY(may_print);
  snt_issue_start(options, false);
  SNT_CONSOLE_AUTO struct snt_console console = {0};
  SNT_SECRET_AUTO struct snt_secret *line = NULL;
  SNT_TRY(snt_issue_console(options, wish, &console, err));
  size_t len = snt_secret_len(console.url);
  SNT_TRY(snt_secret_new(len + 1, &line, err));
  SNT_TRY(snt_secret_append(line, snt_secret_borrow(console.url), len, err));
  SNT_TRY(snt_secret_append(line, "\n", 1, err));
  return snt_out_secret(line, err);
}

snt_status snt_cmd_login(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  struct snt_issue_options options;
  if (snt_args_has(args, SNT_OPTION_SSO) || snt_args_has(args, SNT_OPTION_DEVICE)) {
    return snt_cmd_login_sso(args, out, err);
  }
  const struct snt_console_wish wish = {.service = args->values[SNT_OPTION_SERVICE],
                                        .region = args->values[SNT_OPTION_CONSOLE_REGION]};
  SNT_TRY(wish.service == NULL ? snt_done() : snt_console_check_service(wish.service, err));
  SNT_TRY(snt_cli_issue_options(args, "cli", &options, err));
  if (snt_args_has(args, SNT_OPTION_FORCE_TTY) && !snt_args_has(args, SNT_OPTION_STDOUT)) {
    return snt_fail(err, SNT_CODE_USAGE, "--force-tty goes with --stdout");
  }
  return snt_args_has(args, SNT_OPTION_STDOUT) ? print_address(args, &options, &wish, err)
                                               : open_in_browser(&options, &wish, out, err);
}
