/* doctor: ~/.aws: whose the files are, which profiles ask Sentinel, and what rests there in clear text. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/sso_session.h"
#include "issue/doctor_internal.h"

enum { NAMES_SHOWN = 5 };

static const char *look_up(void *context, const char *name) {
  (void)context;
  return getenv(name);
}

void snt_doctor_load_profiles(struct snt_doctor *doctor) {
  SNT_CLEANUP(snt_aws_locations_clear) struct snt_aws_locations locations = {0};
  const char *profile = doctor->options->profile;
  if (!snt_ok(snt_aws_locations_find(look_up, NULL, &locations, NULL))) {
    return;
  }
  locations.credentials[0] = '\0'; /* evaluators are still to be started */
  if (snt_ok(snt_aws_shared_config_load(&locations, &doctor->config, NULL)) && profile != NULL) {
    SNT_IGNORE(snt_aws_target_resolve(doctor->config, snt_settings_profile(doctor->settings, profile), profile,
                                      &doctor->target, NULL));
  }
}

/* The first word of a command line, as a shell and shlex read it. */
static bool take_word(const char *line, struct snt_buf *out) {
  char quote = '\0';
  line += strspn(line, " \t");
  for (; *line != '\0' && (quote != '\0' || (*line != ' ' && *line != '\t')); line++) {
    bool is_escape = *line == '\\' && quote != '\'' && line[1] != '\0';
    if (!is_escape && (*line == '\'' || *line == '"') && (quote == '\0' || quote == *line)) {
      quote = quote == '\0' ? *line : '\0';
      continue;
    }
    line += is_escape ? 1 : 0;
    if (!snt_ok(snt_buf_append_char(out, *line, NULL))) {
      return false;
    }
  }
  return out->len > 0 && quote == '\0';
}

bool snt_doctor_asks_sentinel(const struct snt_aws_shared_config *config, const char *profile,
                              struct snt_buf *program) {
  const char *line = snt_aws_profile_get(config, profile, "credential_process");
  snt_buf_reset(program);
  if (line == NULL || !take_word(line, program)) {
    return false;
  }
  const char *slash = strrchr(program->data, '/');
  return strcmp(slash == NULL ? program->data : slash + 1, "sentinel") == 0;
}

void snt_doctor_each_guarded(struct snt_doctor *doctor, void (*visit)(struct snt_doctor *doctor, const char *profile)) {
  const struct snt_aws_shared_config *config = doctor->config;
  SNT_BUF_AUTO struct snt_buf program = {0};
  for (size_t i = 0; config != NULL && i < snt_aws_profile_count(config); i++) {
    const char *name = snt_aws_profile_name_at(config, i);
    bool is_own = doctor->settings != NULL && snt_settings_profile(doctor->settings, name) != NULL;
    bool is_marked = snt_aws_profile_get(config, name, "sentinel_role_arn") != NULL;
    if (!is_own && (is_marked || snt_doctor_asks_sentinel(config, name, &program))) {
      visit(doctor, name);
    }
  }
  for (size_t i = 0; doctor->settings != NULL && i < snt_settings_profile_count(doctor->settings); i++) {
    visit(doctor, snt_settings_profile_name_at(doctor->settings, i));
  }
}

/* may_be_read: others may, as there is no key in it. */
static void look_at_file(struct snt_doctor *doctor, const char *path, bool may_be_read) {
  struct stat st;
  char remedy[SNT_ERR_HINT_CAP];
  (void)snprintf(remedy, sizeof remedy, "chmod %s '%s'", may_be_read ? "go-w" : "600", path);
  if (stat(path, &st) != 0) {
    if (errno == ENOENT) {
      snt_doctor_ok(doctor, path, "not there");
    } else {
      snt_doctor_broken(doctor, path, NULL, "%s", strerror(errno));
    }
  } else if (access(path, R_OK) != 0) {
    snt_doctor_broken(doctor, path, "make it readable for you", "%s", strerror(errno));
  } else if (st.st_uid != geteuid() && st.st_uid != 0) {
    snt_doctor_broken(doctor, path, "make it your own", "it belongs to another user (uid %u)", (unsigned)st.st_uid);
  } else if ((st.st_mode & 022) != 0) {
    snt_doctor_broken(doctor, path, remedy, "it is writable by other users, who can change what your SDKs run");
  } else if (!may_be_read && (st.st_mode & 044) != 0) {
    snt_doctor_warn(doctor, path, remedy, "it is readable by other users");
  } else {
    snt_doctor_ok(doctor, path, "readable, and nobody else's");
  }
}

/* Path and execution right; a bare name is looked for by whoever runs it. */
static bool can_run(const char *program) { return strchr(program, '/') == NULL || access(program, X_OK) == 0; }

/* Whether what it says of the profile that its keys come from can be meant; false: that was told. A warning, because a
 * key in the keychain goes before all of it. */
static bool look_at_source(struct snt_doctor *doctor, const char *subject, const struct snt_aws_target *target) {
  struct snt_aws_chain chain = {0};
  struct snt_sso_session session = {0};
  struct snt_err failure = {0};
  const char *source = target->source_profile;
  snt_status status = snt_done();
  if (source[0] != '\0' && strcmp(source, target->profile) != 0 && snt_aws_profile_exists(target->config, source)) {
    status = snt_aws_chain_resolve(target->config, source, &SNT_AWS_STORED_NONE, &chain, &failure);
  } else if (snt_aws_profile_get(target->config, target->profile, "sso_session") != NULL) {
    status = snt_sso_session_of_profile(target->config, target->profile, &session, &failure);
  }
  if (!snt_ok(status)) {
    snt_doctor_warn(doctor, subject, failure.hint[0] != '\0' ? failure.hint : "correct ~/.aws/config",
                    "its keys come from nowhere: %s", failure.message);
  }
  return snt_ok(status);
}

static void look_at_profile(struct snt_doctor *doctor, const struct snt_aws_shared_config *config,
                            const char *profile) {
  SNT_BUF_AUTO struct snt_buf program = {0};
  struct snt_aws_target target = {0};
  struct snt_err failure = {0};
  char subject[300];
  (void)snprintf(subject, sizeof subject, "profile %s", profile);
  const struct snt_aws_profile_settings *own =
      doctor->settings == NULL ? NULL : snt_settings_profile(doctor->settings, profile);
  bool is_asking = snt_doctor_asks_sentinel(config, profile, &program);
  snt_status status = snt_aws_target_resolve(config, own, profile, &target, &failure);
  if (snt_ok(status)) {
    status = snt_aws_target_require_role(&target, &failure);
  }
  if (!snt_ok(status)) {
    snt_doctor_failed(doctor, subject, &failure);
  } else if (is_asking && !can_run(program.data)) {
    snt_doctor_broken(doctor, subject, "correct the path in its credential_process",
                      "its credential_process names %s: %s", program.data, strerror(errno));
  } else if (is_asking && snt_aws_profile_get(config, profile, "role_arn") != NULL) {
    snt_doctor_warn(doctor, subject, "write sentinel_role_arn and sentinel_source_profile in its place",
                    "it has a plain role_arn beside credential_process: an SDK may assume the role by itself");
  } else if (look_at_source(doctor, subject, &target)) {
    snt_doctor_ok(doctor, subject, "%s%s", target.role_arn,
                  is_asking ? "" : "; by `sentinel exec`: it has no credential_process that names sentinel");
  }
}

static bool is_in_clear(const struct snt_aws_shared_config *all, const char *profile) {
  return snt_aws_profile_get(all, profile, "aws_secret_access_key") != NULL &&
         snt_aws_profile_get(all, profile, "aws_session_token") == NULL;
}

static void look_for_keys(struct snt_doctor *doctor, const struct snt_aws_shared_config *all) {
  SNT_BUF_AUTO struct snt_buf names = {0};
  const char *first = NULL;
  size_t count = 0;
  for (size_t i = 0; i < snt_aws_profile_count(all); i++) {
    const char *name = snt_aws_profile_name_at(all, i);
    if (!is_in_clear(all, name)) {
      continue;
    }
    first = first == NULL ? name : first;
    if (count++ < NAMES_SHOWN) {
      SNT_IGNORE(snt_buf_appendf(&names, NULL, "%s%s", count == 1 ? "" : ", ", name)); /* a shorter list */
    }
  }
  char remedy[512];
  (void)snprintf(remedy, sizeof remedy, "sentinel add %.300s, and then remove it from the file",
                 first == NULL ? "" : first);
  if (count > 0) {
    snt_doctor_warn(doctor, "long-lived keys", remedy, "%zu in clear text: %s%s", count, snt_buf_borrow(&names),
                    count > NAMES_SHOWN ? ", ..." : "");
  } else {
    snt_doctor_ok(doctor, "long-lived keys", "none in clear text");
  }
}

static void look_at_guarded(struct snt_doctor *doctor, const char *profile) {
  look_at_profile(doctor, doctor->config, profile);
}

static void look_at_profiles(struct snt_doctor *doctor) {
  const char *profile = doctor->options->profile;
  if (profile != NULL) {
    look_at_profile(doctor, doctor->config, profile);
    return;
  }
  size_t before = doctor->report->count;
  snt_doctor_each_guarded(doctor, look_at_guarded);
  if (doctor->report->count == before) {
    snt_doctor_warn(doctor, "profiles", "`sentinel init --local` prints the lines for ~/.aws/config",
                    "none asks Sentinel");
  }
}

void snt_doctor_check_aws(struct snt_doctor *doctor) {
  SNT_CLEANUP(snt_aws_locations_clear) struct snt_aws_locations locations = {0};
  SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *all = NULL;
  struct snt_err failure = {0};
  if (!snt_ok(snt_aws_locations_find(look_up, NULL, &locations, &failure))) {
    snt_doctor_failed(doctor, "~/.aws", &failure);
    return;
  }
  look_at_file(doctor, locations.config, true);
  look_at_file(doctor, locations.credentials, false);
  if (!snt_ok(snt_aws_shared_config_load(&locations, &all, &failure))) {
    snt_doctor_failed(doctor, "profiles", &failure);
    return;
  }
  /* From here on with the keys: what a profile means may depend on both files. */
  snt_aws_shared_config_free(&doctor->config);
  doctor->config = SNT_MOVE(all);
  doctor->target.config = doctor->config;
  look_at_profiles(doctor);
  look_for_keys(doctor, doctor->config);
}
