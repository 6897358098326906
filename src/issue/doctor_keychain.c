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

/* What came of trying a row of the table. */
struct trial {
  bool is_taken; /* it can be opened, which is what "auto" goes by; what fails later fails the call */
  bool is_working;
  bool is_locked; /* a person would be asked */
  struct snt_err failure;
};

static void ignore_name(void *context, const char *name) {
  (void)context;
  (void)name;
}

/* What is locked does not list its entries to somebody who asks nobody. */
static snt_status try_listing(struct snt_keychain *keychain, struct snt_err *err) {
  snt_keychain_hush(keychain, true);
  return snt_keychain_list(keychain, SNT_KEYCHAIN_KIND_AWS, ignore_name, NULL, err);
}

/* Listing the file would leave its key in the kernel. */
static snt_status try_file(const struct snt_keychain_options *named, bool *is_locked, struct snt_err *err) {
  SNT_CLEANUP(snt_keychain_file_look_clear) struct snt_keychain_file_look look = {0};
  SNT_TRY(snt_keychain_file_look(named, &look, err));
  *is_locked = look.is_there && !look.is_open;
  return snt_done();
}

static bool is_row(const struct snt_keychain_backend *backend, const char *name) {
  return strcmp(backend->name, name) == 0;
}

static snt_status try_backend(const struct snt_keychain_backend *backend, const struct snt_keychain_options *options,
                              struct trial *trial) {
  SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = NULL;
  struct snt_keychain_options named = *options;
  named.backend = backend->name;
  named.passphrase = is_row(backend, "tpm") ? NULL : options->passphrase; /* a TPM counts PINs that are wrong */
  SNT_TRY(snt_keychain_open(&named, &keychain, &trial->failure));
  trial->is_taken = true;
  snt_status status = snt_keychain_probe(backend, &named, &trial->failure);
  if (snt_ok(status) && !backend->is_foreign) {
    status = is_row(backend, "file") ? try_file(&named, &trial->is_locked, &trial->failure)
                                     : try_listing(keychain, &trial->failure);
  }
  trial->is_locked = trial->is_locked || status.code == SNT_CODE_ACTION_REQUIRED;
  return trial->is_locked ? snt_done() : status;
}

/* Locked, and used. */
static void tell_locked(struct snt_doctor *doctor, const struct snt_keychain_backend *backend, bool is_given) {
  bool is_tpm = is_row(backend, "tpm");
  if (is_tpm && is_given) {
    snt_doctor_ok(doctor, backend->name, "used: locked; SENTINEL_FILE_PASSPHRASE is its PIN, which is not tried here");
    return;
  }
  snt_doctor_warn(doctor, backend->name,
                  is_tpm || is_row(backend, "file")
                      ? "run `sentinel list` in a terminal, or set SENTINEL_FILE_PASSPHRASE for the program that asks"
                      : "run `sentinel list` where it can ask you, or unlock it in your desktop",
                  "used: it is locked, and the next call asks for its %s", is_tpm ? "PIN" : "passphrase");
}

static void tell_backend(struct snt_doctor *doctor, const struct snt_keychain_backend *backend,
                         const struct trial *trial, bool is_used, bool is_given) {
  if (trial->is_working && trial->is_locked && is_used) {
    tell_locked(doctor, backend, is_given);
  } else if (trial->is_working) {
    snt_doctor_ok(doctor, backend->name, "%s%s%s", is_used ? "used: " : "", backend->summary,
                  trial->is_locked ? "; locked" : "");
  } else if (is_used) {
    snt_doctor_failed(doctor, backend->name, &trial->failure);
  } else if (!backend->is_automatic) { /* nobody asked for it */
    snt_doctor_ok(doctor, backend->name, "not used: %s", trial->failure.message);
  } else {
    snt_doctor_warn(doctor, backend->name, trial->failure.hint, "not used: %s", trial->failure.message);
  }
}

/* "auto" is all automatic rows that can be opened, as one; used names them in their order. */
static void tell_backends(struct snt_doctor *doctor, const struct snt_keychain_options *options, struct snt_buf *used) {
  bool is_auto = options->backend == NULL || strcmp(options->backend, "auto") == 0;
  for (size_t i = 0; SNT_KEYCHAIN_BACKENDS[i]->name != NULL; i++) {
    const struct snt_keychain_backend *backend = SNT_KEYCHAIN_BACKENDS[i];
    struct trial trial = {0};
    trial.is_working = snt_ok(try_backend(backend, options, &trial));
    bool is_named = !is_auto && strcmp(options->backend, backend->name) == 0;
    bool is_used = is_named || (is_auto && backend->is_automatic && trial.is_taken);
    tell_backend(doctor, backend, &trial, is_used, options->passphrase != NULL);
    if (is_used) {
      SNT_IGNORE(snt_buf_appendf(used, NULL, "%s%s", used->len == 0 ? "" : ", then ", backend->name)); /* a name less */
    }
  }
}

/* NULL for "auto", and for one that is not in the table. */
static const struct snt_keychain_backend *find_backend(const char *name) {
  const struct snt_keychain_backend *const *row = SNT_KEYCHAIN_BACKENDS;
  while ((*row)->name != NULL && (name == NULL || strcmp((*row)->name, name) != 0)) {
    row++;
  }
  return (*row)->name == NULL ? NULL : *row;
}

/* Where sessions are kept to be used again. */
static void tell_cache(struct snt_doctor *doctor, const char *wanted) {
  const struct snt_keychain_backend *backend = find_backend(wanted);
  const char *place = snt_doctor_text(doctor, SNT_SETTING_KEYCHAIN_CACHE);
  bool is_kernel = place != NULL && strcmp(place, "kernel") == 0;
  int reason = is_kernel ? snt_kernel_keys_check() : 0;
  if (reason != 0) {
    snt_doctor_warn(doctor, "cache", "remove keychain.cache: kernel, or run where the kernel has keyrings",
                    "sessions are to be kept in the kernel keyring, which is not available: %s", strerror(reason));
  } else if (place != NULL && strcmp(place, "off") == 0) {
    snt_doctor_ok(doctor, "cache", "off: each call asks STS anew");
  } else if (!is_kernel && backend != NULL && backend->is_foreign) {
    snt_doctor_warn(doctor, "cache", "keep them in the kernel's keyring: keychain: {cache: kernel}",
                    "no session is kept, because %s may ask a person at any time: each call asks STS anew", wanted);
  } else {
    snt_doctor_ok(doctor, "cache", "sessions are kept in the %s", is_kernel ? "kernel keyring" : "keychain");
  }
}

void snt_doctor_check_keychain(struct snt_doctor *doctor) {
  SNT_SECRET_AUTO struct snt_secret *passphrase = NULL;
  SNT_BUF_AUTO struct snt_buf used = {0};
  struct snt_err failure = {0};
  if (!snt_ok(snt_environment_take_passphrase(&passphrase, &failure))) {
    snt_doctor_failed(doctor, "SENTINEL_FILE_PASSPHRASE", &failure);
    return;
  }
  const char *wanted = snt_doctor_text(doctor, SNT_SETTING_KEYCHAIN_BACKEND);
  struct snt_keychain_options options = {.backend = wanted};
  if (doctor->settings != NULL) {
    options = snt_settings_keychain(doctor->settings);
  }
  options.passphrase = passphrase;
  tell_backends(doctor, &options, &used);
  if (wanted == NULL || strcmp(wanted, "auto") == 0) {
    snt_doctor_ok(doctor, "auto", "picks %s", snt_buf_borrow(&used));
  }
  tell_cache(doctor, wanted);
}
