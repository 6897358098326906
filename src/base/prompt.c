#include "base/prompt.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/helper.h"
#include "base/pinentry.h"
#include "base/tty.h"

enum { PATH_CAP = 4096, ARGUMENTS_MAX = 8 };

static snt_status fail_unanswered(struct snt_err *err) {
  return snt_fail(err, SNT_CODE_ACTION_REQUIRED, "the question was not answered");
}

static snt_status ask_command(const struct snt_prompt *prompt, int64_t end_ms, struct snt_secret **out,
                              struct snt_err *err) {
  char name[] = "mfa_process";
  char option[] = "-c";
  char *const argv[] = {name, option, (char *)prompt->command, NULL};
  int exit_status = 0;
  SNT_SECRET_AUTO struct snt_secret *answer = NULL;
  SNT_TRY(snt_helper_run("/bin/sh", argv, end_ms, prompt->cap, &answer, &exit_status, err));
  if (exit_status != 0) {
    return snt_fail(err, SNT_CODE_ACTION_REQUIRED, "%s ended with status %d", name, exit_status);
  }
  if (snt_secret_len(answer) == 0) {
    return snt_fail(err, SNT_CODE_ACTION_REQUIRED, "%s printed nothing", name);
  }
  *out = SNT_MOVE(answer);
  return snt_done();
}

static snt_status ask_terminal(const struct snt_prompt *prompt, int deadline_ms, struct snt_secret **out,
                               struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_TRY(snt_buf_appendf(&text, err, "%s: ", prompt->text));
  return snt_tty_ask(text.data, prompt->is_hidden, deadline_ms, prompt->cap, out, err);
}

/* A dialog of its own: the text is an argument, the answer its first line, and only status 0 is an answer. */
static snt_status ask_dialog(const char *path, const char *const *arguments, const struct snt_prompt *prompt,
                             int64_t end_ms, struct snt_secret **out, struct snt_err *err) {
  char *argv[ARGUMENTS_MAX] = {NULL};
  for (size_t i = 0; arguments[i] != NULL && i + 1 < ARGUMENTS_MAX; i++) {
    argv[i] = (char *)arguments[i]; /* execve changes none of them */
  }
  int exit_status = 0;
  SNT_SECRET_AUTO struct snt_secret *answer = NULL;
  SNT_TRY(snt_helper_run(path, argv, end_ms, prompt->cap, &answer, &exit_status, err));
  if (exit_status != 0) {
    return fail_unanswered(err);
  }
  *out = SNT_MOVE(answer);
  return snt_done();
}

/* zenity takes an underscore for a shortcut and a backslash for an escape. */
static snt_status ask_zenity(const char *path, const struct snt_prompt *prompt, int64_t end_ms, struct snt_secret **out,
                             struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_TRY(snt_buf_append_str(&text, "--text=", err));
  for (const char *p = prompt->text; *p != '\0'; p++) {
    SNT_TRY(*p == '_' || *p == '\\' ? snt_buf_append_char(&text, *p, err) : snt_done());
    SNT_TRY(snt_buf_append_char(&text, *p, err));
  }
  const char *const arguments[] = {
      "zenity", "--entry", "--title=Sentinel", text.data, prompt->is_hidden ? "--hide-text" : NULL, NULL};
  return ask_dialog(path, arguments, prompt, end_ms, out, err);
}

static snt_status ask_kdialog(const char *path, const struct snt_prompt *prompt, int64_t end_ms,
                              struct snt_secret **out, struct snt_err *err) {
  const char *const arguments[] = {"kdialog",    "--title", "Sentinel", prompt->is_hidden ? "--password" : "--inputbox",
                                   prompt->text, NULL};
  return ask_dialog(path, arguments, prompt, end_ms, out, err);
}

static snt_status ask_pinentry(const char *path, const struct snt_prompt *prompt, int64_t end_ms,
                               struct snt_secret **out, struct snt_err *err) {
  const struct snt_pinentry pinentry = {.path = path, .text = prompt->text, .label = prompt->label, .end_ms = end_ms};
  return snt_pinentry_ask(&pinentry, prompt->cap, out, err);
}

/* In this order; the plain pinentry is whichever the system chose. */
static const struct {
  const char *name;
  snt_status (*ask)(const char *path, const struct snt_prompt *prompt, int64_t end_ms, struct snt_secret **out,
                    struct snt_err *err);
} WINDOWS[] = {
    {"pinentry-gnome3", ask_pinentry}, {"pinentry-qt", ask_pinentry}, {"pinentry-qt5", ask_pinentry},
    {"pinentry-gtk-2", ask_pinentry},  {"pinentry", ask_pinentry},    {"zenity", ask_zenity},
    {"kdialog", ask_kdialog},
};

static bool is_set(const char *variable) {
  const char *value = getenv(variable);
  return value != NULL && value[0] != '\0';
}

static bool has_command(const struct snt_prompt *prompt) {
  return prompt->command != NULL && prompt->command[0] != '\0';
}

static snt_status fail_without_window(struct snt_err *err) {
  return snt_fail(
      err, SNT_CODE_ACTION_REQUIRED,
      "there is no terminal to ask on, and none of pinentry (with a window), zenity and kdialog is on PATH");
}

snt_status snt_prompt_check(const struct snt_prompt *prompt, struct snt_err *err) {
  char path[PATH_CAP];
  if (has_command(prompt) || snt_tty_is_there()) {
    return snt_done();
  }
  if (!is_set("DISPLAY") && !is_set("WAYLAND_DISPLAY")) {
    return snt_fail(err, SNT_CODE_ACTION_REQUIRED,
                    "there is no terminal to ask on, and no display (DISPLAY and WAYLAND_DISPLAY are not set)");
  }
  for (size_t i = 0; i < sizeof WINDOWS / sizeof WINDOWS[0]; i++) {
    if (snt_helper_find(WINDOWS[i].name, path, sizeof path)) {
      return snt_done();
    }
  }
  return fail_without_window(err);
}

static snt_status ask_window(const struct snt_prompt *prompt, int64_t end_ms, struct snt_secret **out,
                             struct snt_err *err) {
  char path[PATH_CAP];
  for (size_t i = 0; i < sizeof WINDOWS / sizeof WINDOWS[0]; i++) {
    if (!snt_helper_find(WINDOWS[i].name, path, sizeof path)) {
      continue;
    }
    snt_status status = WINDOWS[i].ask(path, prompt, end_ms, out, err);
    if (status.code != SNT_CODE_NOT_FOUND) {
      return status;
    }
  }
  return fail_without_window(err);
}

snt_status snt_prompt_ask(const struct snt_prompt *prompt, struct snt_secret **out, struct snt_err *err) {
  *out = NULL;
  SNT_TRY(snt_prompt_check(prompt, err));
  int deadline_ms = prompt->deadline_ms > 0 ? prompt->deadline_ms : SNT_PROMPT_MS;
  int64_t end_ms = snt_clock_monotonic_ms() + deadline_ms;
  if (has_command(prompt)) {
    return ask_command(prompt, end_ms, out, err);
  }
  return snt_tty_is_there() ? ask_terminal(prompt, deadline_ms, out, err) : ask_window(prompt, end_ms, out, err);
}
