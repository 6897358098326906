#include "cli/common.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "audit/log.h"
#include "base/prompt.h"
#include "cli/command.h"
#include "format/time.h"
#include "issue/environment.h"
#include "policy/request.h"

static snt_status parse_duration(const char *text, int64_t *out, struct snt_err *err) {
  if (text == NULL) {
    return snt_done();
  }
  if (!snt_ok(snt_duration_parse(text, out, NULL))) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "--duration: \"%.100s\" is not a duration", text));
    return snt_err_hint(err, "write 30m, 1h or 1h30m");
  }
  if (*out < 900 || *out > 43200) {
    return snt_fail(err, SNT_CODE_USAGE, "--duration: a session lasts from 15m to 12h");
  }
  return snt_done();
}

snt_status snt_cli_issue_options(struct snt_args *args, const char *mode, struct snt_issue_options *out,
                                 struct snt_err *err) {
  *out = (struct snt_issue_options){.mode = mode,
                                    .justification = args->values[SNT_OPTION_JUSTIFICATION],
                                    .policy = args->values[SNT_OPTION_POLICY],
                                    .regions = args->values[SNT_OPTION_REGION],
                                    .backend = args->values[SNT_OPTION_BACKEND],
                                    .config = args->values[SNT_OPTION_CONFIG]};
  SNT_TRY(snt_args_take_profile(args, &out->profile, err));
  SNT_TRY(parse_duration(args->values[SNT_OPTION_DURATION], &out->duration_s, err));
  if (out->justification == NULL) {
    out->justification = getenv("SENTINEL_JUSTIFICATION");
  }
  return out->justification == NULL ? snt_done() : snt_justification_check(out->justification, err);
}

snt_status snt_cli_open_keychain(const struct snt_args *args, struct snt_cli_keychain *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_TRY(snt_settings_load(args->values[SNT_OPTION_CONFIG], &out->settings, err));
  const char *flag = args->values[SNT_OPTION_BACKEND];
  if (flag != NULL) {
    SNT_TRY(snt_settings_set_flag(out->settings, SNT_SETTING_KEYCHAIN_BACKEND, "--backend", flag, err));
  }
  SNT_TRY(snt_environment_take_passphrase(&out->passphrase, err));
  struct snt_keychain_options options = snt_settings_keychain(out->settings);
  options.passphrase = out->passphrase;
  return snt_keychain_open(&options, &out->keychain, err);
}

void snt_cli_close_keychain(struct snt_cli_keychain *keychain) {
  snt_keychain_close(&keychain->keychain);
  snt_secret_free(&keychain->passphrase);
  snt_settings_free(&keychain->settings);
}

snt_status snt_cli_tell_cached(struct snt_buf *out, const struct snt_keychain_kind *kind, size_t count,
                               struct snt_err *err) {
  return count == 0 ? snt_done()
                    : snt_buf_appendf(out, err, "%s%zu %s", out->len == 0 ? "" : ", ", count,
                                      count == 1 ? kind->text : kind->many);
}

snt_status snt_cli_check_signing_name(const char *name, struct snt_err *err) {
  if (snt_name_check(name)) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "\"%.100s\" cannot be the name of a key that signs policy", name));
  return snt_err_hint(err, "a name has " SNT_NAME_WANTED);
}

snt_status snt_cli_log_path(const struct snt_args *args, struct snt_buf *out, struct snt_err *err) {
  if (args->argument_count > 0) {
    return snt_buf_append_str(out, args->arguments[0], err);
  }
  SNT_SETTINGS_AUTO struct snt_settings *settings = NULL;
  SNT_TRY(snt_settings_load(args->values[SNT_OPTION_CONFIG], &settings, err));
  return snt_log_find_path(snt_settings_text(settings, SNT_SETTING_LOG_PATH), out, err);
}

const char *snt_cli_policy_name(const struct snt_args *args) {
  static const char kind[] = "file:";
  const char *given = args->values[SNT_OPTION_POLICY];
  if (given == NULL) {
    return "the policy";
  }
  return snt_str_starts_with(given, kind) ? given + sizeof kind - 1 : given;
}

snt_status snt_cli_print_clean(struct snt_buf *out, const char *text, struct snt_err *err) {
  bool is_clean = snt_utf8_check_printable(text, strlen(text));
  for (; *text != '\0'; text++) {
    unsigned char c = (unsigned char)*text;
    bool is_odd = c < 0x20 || c == 0x7f || (!is_clean && c >= 0x80);
    SNT_TRY(snt_buf_append_char(out, is_odd ? '?' : *text, err));
  }
  return snt_done();
}

void snt_cli_tell(const char *text) {
  char line[160];
  int len = snprintf(line, sizeof line, "sentinel: %s\n", text);
  if (isatty(STDERR_FILENO) == 1 && len > 0 && (size_t)len < sizeof line) {
    (void)!write(STDERR_FILENO, line, (size_t)len);
  }
}

void snt_cli_end_by(int signal, const struct snt_err *err) {
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, signal);
  snt_cli_report(err);
  (void)raise(signal);
  (void)sigprocmask(SIG_UNBLOCK, &one, NULL);
}

snt_status snt_cli_take_time(const struct snt_args *args, int64_t *out_ms, struct snt_err *err) {
  const char *text = args->values[SNT_OPTION_TIME];
  if (text == NULL || snt_ok(snt_time_parse(text, out_ms, NULL))) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "--time: \"%.100s\" is not a time", text));
  return snt_err_hint(err, "write it as RFC 3339: 2026-01-19T09:00:00-05:00");
}

snt_status snt_cli_take_caller(struct snt_args *args, const char **out, struct snt_err *err) {
  size_t count = args->argument_count;
  *out = "default";
  args->argument_count = 0; /* none of them is a profile */
  snt_status status = snt_args_names_profile(args) ? snt_args_take_profile(args, out, err) : snt_done();
  args->argument_count = count;
  return status;
}

static bool is_yes(const struct snt_secret *answer) {
  const char *text = snt_secret_borrow(answer);
  return strcasecmp(text, "y") == 0 || strcasecmp(text, "yes") == 0;
}

snt_status snt_cli_agree(const struct snt_args *args, struct snt_out *out, const char *question, const char *if_not,
                         struct snt_err *err) {
  char text[1024];
  SNT_SECRET_AUTO struct snt_secret *answer = NULL;
  SNT_TRY(snt_out_flush(out, err));
  if (snt_args_has(args, SNT_OPTION_YES)) {
    return snt_done();
  }
  (void)snprintf(text, sizeof text, "%s [y/N]", question);
  const struct snt_prompt prompt = {.text = text, .label = "answer", .cap = 64};
  if (!snt_ok(snt_prompt_ask(&prompt, &answer, err))) {
    return snt_err_hint(err, "--yes does not ask");
  }
  return is_yes(answer) ? snt_done() : snt_fail(err, SNT_CODE_ANSWER_NO, "%s", if_not);
}
