/* doctor: the configuration, and the folders that are Sentinel's. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/log.h"
#include "issue/doctor_internal.h"
#include "issue/settings_internal.h"
#include "policy/keys.h"

static bool is_there(const char *path) {
  struct stat st;
  return lstat(path, &st) == 0;
}

/* "policy.keys, policy.source"; "" when nothing is locked. */
static snt_status list_locks(const struct snt_settings *settings, struct snt_buf *out, struct snt_err *err) {
  for (int id = 0; id < SNT_SETTING_COUNT; id++) {
    if (settings->rows[id].lock != NULL) {
      SNT_TRY(snt_buf_appendf(out, err, "%s%s", out->len == 0 ? "" : ", ", SNT_SETTING_ROWS[id].key));
    }
  }
  return snt_done();
}

static void tell_layer(struct snt_doctor *doctor, const struct snt_settings *layers, const char *path, bool is_admin) {
  SNT_BUF_AUTO struct snt_buf locks = {0};
  if (!is_there(path)) {
    snt_doctor_ok(doctor, path, is_admin ? "not there: nothing is locked" : "not there: the defaults hold");
    return;
  }
  SNT_IGNORE(is_admin ? list_locks(layers, &locks, NULL) : snt_done()); /* without memory the list is shorter */
  bool has_locks = locks.len > 0;
  snt_doctor_ok(doctor, path, "valid%s%s",
                has_locks  ? "; it locks "
                : is_admin ? "; it locks nothing"
                           : "",
                snt_buf_borrow(&locks));
}

/* A layer over those that are read already. */
static bool look_at_layer(struct snt_doctor *doctor, struct snt_settings *layers, const char *path, bool is_admin) {
  struct snt_err failure = {0};
  bool is_named = !is_admin && doctor->options->config != NULL;
  if (!snt_ok(snt_settings_read_file(layers, path, is_admin, is_named, &failure))) {
    snt_doctor_failed(doctor, path, &failure);
    return false;
  }
  tell_layer(doctor, layers, path, is_admin);
  return true;
}

static bool look_at_files(struct snt_doctor *doctor) {
  SNT_SETTINGS_AUTO struct snt_settings *layers = calloc(1, sizeof *layers);
  SNT_BUF_AUTO struct snt_buf path = {0};
  struct snt_err failure = {0};
  if (layers == NULL) {
    doctor->status = snt_fail_memory(doctor->err);
    return false;
  }
  bool is_good = look_at_layer(doctor, layers, SNT_ADMIN_CONFIG, true);
  if (doctor->options->config != NULL) {
    return look_at_layer(doctor, layers, doctor->options->config, false) && is_good;
  }
  if (!snt_ok(snt_settings_user_path(&path, &failure))) {
    snt_doctor_failed(doctor, "the user's file", &failure);
    return is_good;
  }
  return look_at_layer(doctor, layers, snt_buf_borrow(&path), false) && is_good;
}

static void look_at_variables(struct snt_doctor *doctor) {
  for (int id = 0; id < SNT_SETTING_COUNT; id++) {
    const char *variable = SNT_SETTING_ROWS[id].variable;
    const char *value = variable == NULL ? NULL : getenv(variable);
    if (value != NULL && value[0] != '\0') {
      snt_doctor_ok(doctor, variable, "sets %s over the files", SNT_SETTING_ROWS[id].key);
    }
  }
}

/* Who may sign policy. */
static void look_at_keys(struct snt_doctor *doctor) {
  SNT_POLICY_KEYS_AUTO struct snt_policy_keys keys = {0};
  struct snt_err failure = {0};
  const char *least = snt_doctor_text(doctor, SNT_SETTING_POLICY_MIN_SIGNATURES);
  const char *const *lines = snt_settings_list(doctor->settings, SNT_SETTING_POLICY_KEYS);
  if (lines == NULL) {
    return;
  }
  if (!snt_ok(snt_policy_keys_read(lines, least == NULL ? 0 : strtoll(least, NULL, 10), &keys, &failure))) {
    snt_doctor_failed(doctor, "policy.keys", &failure);
  } else if (snt_doctor_text(doctor, SNT_SETTING_INSTALLATION) == NULL) {
    snt_doctor_broken(doctor, "policy.keys", "set installation to the name that bundles are signed for",
                      "installation is not set: no bundle is good");
  } else {
    snt_doctor_ok(doctor, "policy.keys", "policy has to be signed by %lld of %zu key%s", (long long)keys.min_signatures,
                  keys.count, keys.count == 1 ? "" : "s");
  }
}

static snt_status load_settings(struct snt_doctor *doctor, struct snt_err *err) {
  const struct snt_doctor_options *options = doctor->options;
  SNT_TRY(snt_settings_load(options->config, &doctor->settings, err));
  SNT_TRY(options->backend == NULL ? snt_done()
                                   : snt_settings_set_flag(doctor->settings, SNT_SETTING_KEYCHAIN_BACKEND, "--backend",
                                                           options->backend, err));
  return options->regions == NULL
             ? snt_done()
             : snt_settings_set_flag(doctor->settings, SNT_SETTING_POLICY_REGIONS, "--region", options->regions, err);
}

void snt_doctor_check_configuration(struct snt_doctor *doctor) {
  struct snt_err failure = {0};
  bool is_good = look_at_files(doctor);
  snt_status status = load_settings(doctor, &failure);
  if (status.code == SNT_CODE_USAGE) { /* a flag is not what doctor was to look at */
    doctor->status = status;
    if (doctor->err != NULL) {
      *doctor->err = failure;
    }
    return;
  }
  if (!snt_ok(status)) {
    snt_settings_free(&doctor->settings);
    if (is_good) { /* else the file's own line has said it */
      snt_doctor_failed(doctor, "environment and flags", &failure);
    }
    return;
  }
  look_at_variables(doctor);
  look_at_keys(doctor);
  snt_doctor_load_profiles(doctor);
}

/* is_refused: what lies in such a folder is refused when it is used; else it is only unwise. */
static void look_at_folder(struct snt_doctor *doctor, const char *subject, const char *path, bool is_refused) {
  struct stat st;
  char remedy[SNT_ERR_HINT_CAP];
  if (stat(path, &st) != 0) {
    if (errno == ENOENT) {
      snt_doctor_ok(doctor, subject, "%s: not there; it is made when it is needed", path);
    } else {
      snt_doctor_broken(doctor, subject, NULL, "%s: %s", path, strerror(errno));
    }
    return;
  }
  (void)snprintf(remedy, sizeof remedy, "chmod go-w '%s'", path);
  if (!S_ISDIR(st.st_mode)) {
    snt_doctor_broken(doctor, subject, "move it away", "%s is not a folder", path);
  } else if (st.st_uid != geteuid() && st.st_uid != 0) {
    snt_doctor_broken(doctor, subject, NULL, "%s belongs to another user (uid %u)", path, (unsigned)st.st_uid);
  } else if ((st.st_mode & 022) != 0 && is_refused) {
    snt_doctor_broken(doctor, subject, remedy, "%s is writable by other users", path);
  } else if ((st.st_mode & 022) != 0) {
    snt_doctor_warn(doctor, subject, remedy, "%s is writable by other users, who can replace what lies in it", path);
  } else {
    snt_doctor_ok(doctor, subject, "%s", path);
  }
}

/* "$XDG_DATA_HOME/sentinel", or below HOME. */
static void look_at_own(struct snt_doctor *doctor, const char *subject, const char *variable, const char *below_home,
                        bool is_refused) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  const char *base = getenv(variable);
  const char *home = getenv("HOME");
  if (base != NULL && base[0] != '\0' && base[0] != '/') {
    snt_doctor_warn(doctor, variable, "set it to an absolute path, or unset it", "not an absolute path: it is ignored");
  }
  bool is_given = base != NULL && base[0] == '/';
  if (!is_given && (home == NULL || home[0] != '/')) {
    return; /* said of HOME */
  }
  snt_status status = is_given ? snt_buf_appendf(&path, doctor->err, "%s/sentinel", base)
                               : snt_buf_appendf(&path, doctor->err, "%s/%s/sentinel", home, below_home);
  if (!snt_ok(status)) {
    doctor->status = status;
    return;
  }
  look_at_folder(doctor, subject, path.data, is_refused);
}

static void look_at_home(struct snt_doctor *doctor) {
  const char *home = getenv("HOME");
  if (home == NULL || home[0] != '/') {
    snt_doctor_broken(doctor, "HOME", "set HOME to your home folder",
                      "not set to an absolute path: configuration, "
                      "keychain and log have no place");
  } else if (!is_there(home)) {
    snt_doctor_broken(doctor, "HOME", "set HOME to a folder that is there", "%s: %s", home, strerror(errno));
  } else {
    look_at_folder(doctor, "HOME", home, false);
  }
}

void snt_doctor_check_permissions(struct snt_doctor *doctor) {
  look_at_home(doctor);
  look_at_own(doctor, "configuration folder", "XDG_CONFIG_HOME", ".config", false);
  look_at_own(doctor, "keychain folder", "XDG_DATA_HOME", ".local/share", true);
  look_at_own(doctor, "state folder", "XDG_STATE_HOME", ".local/state", true);
  look_at_own(doctor, "cache folder", "XDG_CACHE_HOME", ".cache", true);
  const char *runtime = getenv("XDG_RUNTIME_DIR");
  if (runtime != NULL && runtime[0] == '/') {
    look_at_folder(doctor, "runtime folder", runtime, true);
  } else {
    snt_doctor_ok(doctor, "runtime folder", "XDG_RUNTIME_DIR is not set; only a desktop's session needs it");
  }
}
