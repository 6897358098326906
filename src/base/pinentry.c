/* The conversation is the one of the Assuan protocol (GnuPG's manuals "Developing with Assuan" and "pinentry"): a line
 * each way; D lines carry data with %XX for what is special in them, S and # lines are remarks, OK and ERR end an
 * answer. */
#include "base/pinentry.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/helper.h"
#include "base/str.h"

enum { LINE_MAX_BYTES = 4096, REMARKS_MAX = 64, ERROR_CODE = 0xffff, ERROR_CANCELLED = 99, ERROR_TIMEOUT = 62 };

/* One conversation. */
struct talk {
  struct snt_helper *helper;
  struct snt_secret *line;
  struct snt_secret *data; /* of the D lines of the last answer */
};

static int hex_digit(char c) {
  const char *digits = "0123456789ABCDEF";
  const char *found = c == '\0' ? NULL : strchr(digits, c >= 'a' && c <= 'f' ? c - 'a' + 'A' : c);
  return found == NULL ? -1 : (int)(found - digits);
}

static snt_status take_data(struct snt_secret *data, const char *text, size_t len, struct snt_err *err) {
  for (size_t i = 0; i < len; i++) {
    char c = text[i];
    if (c == '%' && i + 2 < len && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      c = (char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    }
    if (snt_secret_len(data) == snt_secret_cap(data)) {
      return snt_fail(err, SNT_CODE_ACTION_REQUIRED, "the answer has more than %zu bytes", snt_secret_cap(data));
    }
    SNT_TRY(snt_secret_append(data, &c, 1, err));
  }
  return snt_done();
}

/* ERR and a number whose low half is the reason. */
static snt_status fail_with(const char *line, struct snt_err *err) {
  long number = strtol(line + strlen("ERR "), NULL, 10) & ERROR_CODE;
  if (number == ERROR_CANCELLED) {
    return snt_fail(err, SNT_CODE_ACTION_REQUIRED, "the question was not answered");
  }
  return number == ERROR_TIMEOUT ? snt_fail(err, SNT_CODE_TIMEOUT, "nobody answered in time")
                                 : snt_fail(err, SNT_CODE_NOT_FOUND, "pinentry cannot ask (error %ld)", number);
}

static snt_status read_answer(struct talk *talk, struct snt_err *err) {
  snt_secret_reset(talk->data);
  for (int lines = 0; lines < REMARKS_MAX; lines++) {
    bool is_end = false;
    SNT_TRY(snt_helper_read_line(talk->helper, talk->line, &is_end, err));
    const char *line = snt_secret_borrow(talk->line);
    if (is_end) {
      return snt_fail(err, SNT_CODE_NOT_FOUND, "pinentry ended without an answer");
    }
    if (strcmp(line, "OK") == 0 || snt_str_starts_with(line, "OK ")) {
      return snt_done();
    }
    if (snt_str_starts_with(line, "ERR ")) {
      return fail_with(line, err);
    }
    if (snt_str_starts_with(line, "D ")) {
      SNT_TRY(take_data(talk->data, line + 2, snt_secret_len(talk->line) - 2, err));
    } else if (line[0] != '#' && !snt_str_starts_with(line, "S ")) {
      break;
    }
  }
  return snt_fail(err, SNT_CODE_NOT_FOUND, "what pinentry says makes no sense");
}

/* Nothing in text can end the line or begin another one. */
static snt_status say(struct talk *talk, const char *command, const char *text, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf line = {0};
  SNT_TRY(snt_buf_append_str(&line, command, err));
  for (const char *p = text; *p != '\0'; p++) {
    bool is_special = *p == '%' || (unsigned char)*p < 0x20;
    SNT_TRY(is_special ? snt_buf_appendf(&line, err, "%%%02X", (unsigned char)*p)
                       : snt_buf_append_char(&line, *p, err));
  }
  SNT_TRY(snt_buf_append_char(&line, '\n', err));
  SNT_TRY(snt_helper_write(talk->helper, line.data, err));
  return read_answer(talk, err);
}

/* One that fell back to a terminal says so in its flavour: "gnome3:curses". */
static snt_status check_flavor(struct talk *talk, struct snt_err *err) {
  SNT_TRY(say(talk, "GETINFO flavor", "", err));
  const char *flavor = snt_secret_borrow(talk->data);
  if (flavor[0] == '\0' || strstr(flavor, "curses") != NULL || strstr(flavor, "tty") != NULL ||
      strstr(flavor, "emacs") != NULL) {
    return snt_fail(err, SNT_CODE_NOT_FOUND, "pinentry has no window here");
  }
  return snt_done();
}

static snt_status converse(struct talk *talk, const struct snt_pinentry *pinentry, struct snt_err *err) {
  SNT_TRY(read_answer(talk, err));
  SNT_TRY(check_flavor(talk, err));
  SNT_TRY(say(talk, "SETTITLE Sentinel", "", err));
  SNT_TRY(say(talk, "SETDESC ", pinentry->text, err));
  SNT_TRY(say(talk, "SETPROMPT ", pinentry->label, err));
  return say(talk, "GETPIN", "", err);
}

snt_status snt_pinentry_ask(const struct snt_pinentry *pinentry, size_t cap, struct snt_secret **out,
                            struct snt_err *err) {
  *out = NULL;
  SNT_SECRET_AUTO struct snt_secret *line = NULL;
  SNT_SECRET_AUTO struct snt_secret *data = NULL;
  SNT_HELPER_AUTO struct snt_helper helper = {0};
  char name[] = "pinentry";
  char *const argv[] = {name, NULL};
  SNT_TRY(snt_secret_new(LINE_MAX_BYTES, &line, err));
  SNT_TRY(snt_secret_new(cap < 64 ? 64 : cap, &data, err)); /* it holds the flavour, too */
  SNT_TRY(snt_helper_start(pinentry->path, argv, pinentry->end_ms, &helper, err));
  struct talk talk = {.helper = &helper, .line = line, .data = data};
  SNT_TRY(converse(&talk, pinentry, err));
  if (snt_secret_len(data) > cap) {
    return snt_fail(err, SNT_CODE_ACTION_REQUIRED, "the answer has more than %zu bytes", cap);
  }
  *out = SNT_MOVE(data);
  return snt_done();
}
