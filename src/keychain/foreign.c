#include "keychain/foreign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/helper.h"
#include "base/prompt.h"
#include "base/spawn.h"
#include "base/str.h"

enum { PATH_CAP = 4096, TERMINAL_CAP = 256 };

/* Beside what any program gets: where gpg asks, where the password store is, what leads from WSL to Windows. */
static const char *const MORE[] = {"GPG_", "PASSWORD_STORE_", "PINENTRY_USER_DATA", "WSL_", "WSLENV", NULL};

void snt_foreign_clear(struct snt_foreign *foreign) {
  free(foreign->path);
  snt_file_place_clear(&foreign->place);
  memset(foreign, 0, sizeof *foreign);
}

snt_status snt_foreign_open(const struct snt_keychain_options *options, const char *program, struct snt_foreign *out,
                            struct snt_err *err) {
  char found[PATH_CAP];
  memset(out, 0, sizeof *out);
  bool is_path = program[0] == '/';
  if (is_path ? access(program, X_OK) != 0 : !snt_helper_find(program, found, sizeof found)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "%.256s is not installed%s", program,
                        is_path ? "" : ": it is in no folder of PATH"));
    return snt_err_hint(err, "install it, or choose another keychain: --backend file");
  }
  SNT_TRY(snt_file_place_find(options->folder, "keychain", &out->place, err));
  out->deadline_ms = options->prompt_deadline_ms > 0 ? options->prompt_deadline_ms : SNT_PROMPT_MS;
  out->path = snt_str_dup(is_path ? program : found);
  if (out->path == NULL) {
    snt_foreign_clear(out);
    return snt_fail_memory(err);
  }
  return snt_done();
}

snt_status snt_foreign_as_keychain(snt_status status, struct snt_err *err) {
  if (snt_ok(status) || status.code == SNT_CODE_NO_MEMORY) {
    return status;
  }
  if (err != NULL) {
    err->code = SNT_CODE_KEYCHAIN;
  }
  return (snt_status){SNT_CODE_KEYCHAIN};
}

/* Its stdin is no terminal, by which gpg would find the one that its pinentry may use. */
static void add_terminal(char *variables[static SNT_SPAWN_VARIABLES], char text[static TERMINAL_CAP]) {
  static const char name[] = "GPG_TTY=";
  size_t count = 0;
  for (; variables[count] != NULL; count++) {
    if (strncmp(variables[count], name, sizeof name - 1) == 0) {
      return;
    }
  }
  memcpy(text, name, sizeof name);
  bool is_known = false;
  for (int fd = STDERR_FILENO; fd >= 0 && !is_known; fd--) {
    is_known = ttyname_r(fd, text + sizeof name - 1, TERMINAL_CAP - sizeof name) == 0;
  }
  if (is_known && count + 1 < SNT_SPAWN_VARIABLES) {
    variables[count] = text;
    variables[count + 1] = NULL;
  }
}

snt_status snt_foreign_run(const struct snt_foreign *foreign, const struct snt_foreign_call *call,
                           struct snt_exchange_answer *out, struct snt_err *err) {
  char *variables[SNT_SPAWN_VARIABLES];
  char terminal[TERMINAL_CAP];
  snt_spawn_choose(MORE, variables);
  add_terminal(variables, terminal);
  int deadline_ms = call->deadline_ms > 0 ? call->deadline_ms : foreign->deadline_ms;
  const struct snt_exchange exchange = {.path = foreign->path,
                                        .argv = call->argv,
                                        .environment = variables,
                                        .input = call->input,
                                        .end_ms = snt_clock_monotonic_ms() + deadline_ms,
                                        .cap = call->cap};
  snt_status status = snt_exchange_run(&exchange, out, err);
  if (snt_ok(status) || status.code == SNT_CODE_TIMEOUT) {
    return status;
  }
  SNT_IGNORE(snt_err_hint(err, "see whether %s works by itself", call->argv[0]));
  return snt_foreign_as_keychain(status, err);
}

snt_status snt_foreign_lock(const struct snt_foreign *foreign, int *fd, struct snt_err *err) {
  *fd = -1;
  SNT_TRY(snt_file_place_prepare(&foreign->place, err));
  return snt_file_place_lock(&foreign->place, foreign->deadline_ms, fd, err);
}
