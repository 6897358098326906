/* doctor: where keys rest, on the disk and in memory. Nobody is asked for a passphrase. */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "issue/doctor_internal.h"
#include "issue/environment.h"
#include "keychain/file_look.h"
#include "keychain/kernel_keys.h"
#include "keychain/keychain.h"

void snt_doctor_check_memory(struct snt_doctor *doctor) {
  enum { TRIAL_CAP = 64 * 1024 };
  SNT_SECRET_AUTO struct snt_secret *trial = NULL;
  struct rlimit limit = {0};
  unsigned before = snt_secret_lock_failures();
  snt_status status = snt_secret_new(TRIAL_CAP, &trial, doctor->err);
  if (!snt_ok(status)) {
    doctor->status = status;
    return;
  }
  char text[32] = "none";
  if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    (void)snprintf(text, sizeof text, "%llu KiB", (unsigned long long)(limit.rlim_cur / 1024));
  }
  if (snt_secret_lock_failures() > before) {
    snt_doctor_warn(doctor, "locked memory", "raise it: ulimit -l, or memlock in /etc/security/limits.conf",
                    "secrets cannot be locked into memory and may be swapped out; the limit is %s", text);
  } else {
    snt_doctor_ok(doctor, "locked memory", "secrets are locked into it; the limit: %s", text);
  }
  bool is_shut = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 && getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur == 0;
  if (is_shut) {
    snt_doctor_ok(doctor, "core dumps", "none, and other programs cannot look into this one");
  } else {
    snt_doctor_warn(doctor, "core dumps", "ulimit -c 0", "this process could leave one");
  }
}

/* The file is looked at, as opening it proves nothing. *is_locked: a person would be asked. */
static snt_status try_backend(const struct snt_keychain_backend *backend, const struct snt_keychain_options *options,
                              bool *is_locked, struct snt_err *err) {
  SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = NULL;
  SNT_CLEANUP(snt_keychain_file_look_clear) struct snt_keychain_file_look look = {0};
  struct snt_keychain_options named = *options;
  named.backend = backend->name;
  *is_locked = false;
  SNT_TRY(snt_keychain_open(&named, &keychain, err));
  if (strcmp(backend->name, "file") == 0) {
    SNT_TRY(snt_keychain_file_look(&named, &look, err));
    *is_locked = look.is_there && !look.is_open;
  }
  return snt_done();
}

static void tell_backend(struct snt_doctor *doctor, const struct snt_keychain_backend *backend,
                         const struct snt_keychain_options *options, bool is_used) {
  struct snt_err failure = {0};
  bool is_locked = false;
  const char *used = is_used ? "used: " : "";
  if (snt_ok(try_backend(backend, options, &is_locked, &failure))) {
    if (is_locked && is_used) {
      snt_doctor_warn(doctor, backend->name,
                      "run `sentinel list` in a terminal, or set SENTINEL_FILE_PASSPHRASE for the program that asks",
                      "used: it is locked, and the next call asks for the passphrase");
    } else {
      snt_doctor_ok(doctor, backend->name, "%s%s%s", used, backend->summary, is_locked ? "; locked" : "");
    }
  } else if (is_used) {
    snt_doctor_failed(doctor, backend->name, &failure);
  } else {
    snt_doctor_warn(doctor, backend->name, failure.hint, "not used: %s", failure.message);
  }
}

/* Where sessions are kept to be used again. */
static void tell_cache(struct snt_doctor *doctor) {
  const char *place = snt_doctor_text(doctor, SNT_SETTING_KEYCHAIN_CACHE);
  bool is_kernel = place != NULL && strcmp(place, "kernel") == 0;
  int reason = is_kernel ? snt_kernel_keys_check() : 0;
  if (reason != 0) {
    snt_doctor_warn(doctor, "cache", "remove keychain.cache: kernel, or run where the kernel has keyrings",
                    "sessions are to be kept in the kernel keyring, which is not available: %s", strerror(reason));
  } else if (place != NULL && strcmp(place, "off") == 0) {
    snt_doctor_ok(doctor, "cache", "off: each call asks STS anew");
  } else {
    snt_doctor_ok(doctor, "cache", "sessions are kept in the %s", is_kernel ? "kernel keyring" : "keychain");
  }
}

void snt_doctor_check_keychain(struct snt_doctor *doctor) {
  SNT_SECRET_AUTO struct snt_secret *passphrase = NULL;
  SNT_KEYCHAIN_AUTO struct snt_keychain *chosen = NULL;
  struct snt_err failure = {0};
  if (!snt_ok(snt_environment_take_passphrase(&passphrase, &failure))) {
    snt_doctor_failed(doctor, "SENTINEL_FILE_PASSPHRASE", &failure);
    return;
  }
  const char *wanted = snt_doctor_text(doctor, SNT_SETTING_KEYCHAIN_BACKEND);
  struct snt_keychain_options options = {.backend = wanted, .passphrase = passphrase};
  bool is_auto = wanted == NULL || strcmp(wanted, "auto") == 0;
  bool is_chosen = snt_ok(snt_keychain_open(&options, &chosen, &failure));
  const char *used = is_chosen ? snt_keychain_backend_name(chosen) : is_auto ? "" : wanted;
  bool is_known = is_chosen;
  for (size_t i = 0; SNT_KEYCHAIN_BACKENDS[i]->name != NULL; i++) {
    bool is_used = strcmp(SNT_KEYCHAIN_BACKENDS[i]->name, used) == 0;
    is_known = is_known || is_used;
    tell_backend(doctor, SNT_KEYCHAIN_BACKENDS[i], &options, is_used);
  }
  if (!is_known) {
    snt_doctor_failed(doctor, is_auto ? "auto" : wanted, &failure);
  } else if (is_auto && is_chosen) {
    snt_doctor_ok(doctor, "auto", "picks %s, the first of those it may pick that works", used);
  }
  tell_cache(doctor);
}
