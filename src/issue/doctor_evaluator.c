/* doctor: the evaluator: its sandbox, its interpreter, and a policy in it. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "issue/doctor_internal.h"
#include "lua/evaluator.h"
#include "lua/evaluator_look.h"
#include "lua/lockdown.h"
#include "policy/decision.h"
#include "policy/request.h"
#include "policy/source.h"

enum { CONSTANTS = 260 }; /* more than an operand of one byte can name */

static const char TRIAL[] = "version: \"1\"\n"
                            "rules:\n"
                            "  - name: trial\n"
                            "    effect: allow\n"
                            "    conditions: {profiles: [doctor]}\n"
                            "    reason: A trial\n";

static bool is_rlimits_only(const struct snt_doctor *doctor) {
  return doctor->settings != NULL && snt_settings_is(doctor->settings, SNT_SETTING_SANDBOX, "rlimits-only");
}

static snt_status start(const struct snt_doctor *doctor, struct snt_evaluator **out, struct snt_err *err) {
  struct snt_evaluator_options options = {.is_rlimits_only = is_rlimits_only(doctor)};
  return snt_evaluator_start(&options, out, err);
}

static snt_status load_text(struct snt_evaluator *evaluator, const char *name, enum snt_policy_kind kind,
                            const char *text, struct snt_err *err) {
  struct snt_policy_text policy = {.name = name, .kind = kind, .data = text, .len = strlen(text)};
  return snt_evaluator_load(evaluator, &policy, NULL, err);
}

static snt_status decide(struct snt_evaluator *evaluator, const char *profile, bool *is_allowed, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_BUF_AUTO struct snt_buf reply = {0};
  SNT_DECISION_AUTO struct snt_decision decision = {0};
  struct snt_request request = {.profile = profile, .mode = "cli", .time_ms = 1000, .duration_s = 3600};
  SNT_TRY(snt_aws_identity_from_short("doctor", &request.user, err));
  SNT_TRY(snt_request_format(&request, &text, err));
  SNT_TRY(
      snt_evaluator_evaluate(evaluator, (struct snt_slice){text.data, text.len}, (struct snt_slice){0}, &reply, err));
  SNT_TRY(snt_decision_parse(snt_buf_borrow(&reply), reply.len, &decision, err));
  *is_allowed = snt_decision_allows(&decision);
  return snt_done();
}

static snt_status try_both(struct snt_evaluator *evaluator, struct snt_err *err) {
  bool is_allowed = false;
  bool is_other_allowed = true;
  SNT_TRY(load_text(evaluator, "trial.yaml", SNT_POLICY_KIND_YAML, TRIAL, err));
  SNT_TRY(decide(evaluator, "doctor", &is_allowed, err));
  SNT_TRY(decide(evaluator, "other", &is_other_allowed, err));
  return is_allowed && !is_other_allowed ? snt_done()
                                         : snt_fail(err, SNT_CODE_EVALUATOR, "a trial policy was decided wrongly");
}

static void tell_seccomp(struct snt_doctor *doctor, const struct snt_evaluator_look *look) {
  static const char subject[] = "seccomp";
  if (look->has_seccomp && look->has_no_new_privs) {
    snt_doctor_ok(doctor, subject, "a filter is in force, and no_new_privs with it");
  } else if (look->has_seccomp) {
    snt_doctor_broken(doctor, subject, NULL, "a filter is in force, but no_new_privs is not");
  } else if (!is_rlimits_only(doctor)) {
    snt_doctor_broken(doctor, subject, NULL, "no filter is in force");
  } else {
    snt_doctor_warn(doctor, subject,
                    "run a kernel with seccomp, and remove `sandbox: rlimits-only` from " SNT_ADMIN_CONFIG,
                    "no filter: the administrator's file lets policy run without one");
  }
}

/* Where the kernel has it, an evaluator without it ends before it says hello; it needs no_new_privs. */
static void tell_landlock(struct snt_doctor *doctor, const struct snt_evaluator_look *look) {
  int version = snt_lockdown_landlock_version();
  if (version > 0 && look->has_no_new_privs) {
    snt_doctor_ok(doctor, "Landlock", "version %d is in force: no file%s", version,
                  version >= 4 ? ", no port" : "; the filter alone keeps it from sockets");
  } else if (version > 0) {
    snt_doctor_broken(doctor, "Landlock", NULL, "it is not in force, although this kernel has version %d", version);
  } else {
    snt_doctor_warn(doctor, "Landlock", "run Linux 5.13 or later with landlock among its lsm= modules",
                    "this kernel or container has none: only the filter keeps policy from files");
  }
}

static void tell_limits(struct snt_doctor *doctor, const struct snt_evaluator_look *look) {
  char space[64] = "no limit of memory";
  if (look->address_space >= 0) {
    (void)snprintf(space, sizeof space, "%lld MiB of memory", (long long)(look->address_space >> 20));
  }
  bool is_tight = look->cpu_s > 0 && look->file_size == 0 && look->core_size == 0 && look->descriptors > 0 &&
                  look->descriptors <= 16;
  if (is_tight) {
    snt_doctor_ok(doctor, "limits", "%lld s of processor, %s, %lld descriptors, no bytes in files, no core dump",
                  (long long)look->cpu_s, space, (long long)look->descriptors);
  } else {
    snt_doctor_broken(doctor, "limits", NULL, "they are not what the evaluator sets: %lld s of processor, %s",
                      (long long)look->cpu_s, space);
  }
}

/* One that has not answered may have ended: then there is nothing to look at. */
static void tell_lock_down(struct snt_doctor *doctor, const struct snt_evaluator *evaluator, bool has_answered) {
  struct snt_evaluator_look look = {0};
  struct snt_err failure = {0};
  if (snt_ok(snt_evaluator_look(evaluator, &look, &failure))) {
    tell_seccomp(doctor, &look);
    tell_landlock(doctor, &look);
    tell_limits(doctor, &look);
  } else if (has_answered) {
    snt_doctor_warn(doctor, "lock-down", "mount /proc without hidepid to see it", "%s", failure.message);
  }
}

void snt_doctor_check_sandbox(struct snt_doctor *doctor) {
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  struct snt_err failure = {0};
  snt_status status = start(doctor, &evaluator, &failure);
  if (snt_ok(status)) {
    status = try_both(evaluator, &failure);
  }
  if (snt_ok(status)) {
    snt_doctor_ok(doctor, "evaluation", "a trial policy was decided rightly: allow and deny");
  } else {
    snt_doctor_failed(doctor, "evaluation", &failure);
  }
  if (evaluator != NULL) {
    tell_lock_down(doctor, evaluator, snt_ok(status));
  }
}

/* A file that a sound interpreter takes, and that is refused where the interpreter would compute wrongly. */
static snt_status append_probe(struct snt_buf *out, struct snt_err *err) {
  SNT_TRY(snt_buf_append_str(out, "local s = require \"sentinel\"\nlocal numbers = {", err));
  for (int i = 0; i < CONSTANTS; i++) {
    SNT_TRY(snt_buf_appendf(out, err, "%d.5,", i));
  }
  return snt_buf_append_str(out,
                            "}\nlocal both = #numbers | 1\n"
                            "return s.policy { version = \"1\", rules = { s.rule \"trial\" { effect = \"deny\", "
                            "conditions = { profiles = { \"p\" .. both } }, reason = \"A trial\" } } }\n",
                            err);
}

void snt_doctor_check_interpreter(struct snt_doctor *doctor) {
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  SNT_BUF_AUTO struct snt_buf probe = {0};
  struct snt_err failure = {0};
  char name[32];
  (void)snt_evaluator_interpreter(name);
  snt_status status = append_probe(&probe, &failure);
  if (snt_ok(status)) {
    status = start(doctor, &evaluator, &failure);
  }
  if (snt_ok(status)) {
    status = load_text(evaluator, "trial.lua", SNT_POLICY_KIND_LUA, probe.data, &failure);
  }
  if (snt_ok(status)) {
    snt_doctor_ok(doctor, name, "it computes rightly");
  } else if (status.code == SNT_CODE_POLICY_INVALID && strstr(failure.message, "bitwise") != NULL) {
    snt_doctor_warn(doctor, name, "build with Lua 5.4.8 or later: -DSENTINEL_LUA_PREFIX=FOLDER",
                    "it computes bitwise operators wrongly in long files; a policy that would meet this is refused");
  } else {
    snt_doctor_failed(doctor, name, &failure);
  }
}

static void tell_file(struct snt_doctor *doctor, const struct snt_policy_source *source) {
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  struct snt_err failure = {0};
  snt_status status = start(doctor, &evaluator, &failure);
  if (snt_ok(status)) {
    status = snt_policy_read_file(source->path, true, &policy, &failure);
  }
  if (snt_ok(status)) {
    status = snt_policy_load(&policy, evaluator, NULL, &failure);
  }
  if (!snt_ok(status)) {
    snt_doctor_failed(doctor, source->path, &failure);
  } else if (snt_settings_list(doctor->settings, SNT_SETTING_POLICY_KEYS) != NULL) {
    snt_doctor_broken(doctor, source->path, "use a signed bundle, or remove policy.keys",
                      "it is not signed, and policy.keys asks for signatures");
  } else {
    snt_doctor_ok(doctor, source->path, "valid%s", policy.is_bundle ? "; a bundle" : "");
  }
}

static void tell_parameter(struct snt_doctor *doctor, const char *name, const char *profile) {
  const char *region = snt_doctor_region(doctor);
  if (region == NULL && doctor->config != NULL && profile[0] != '\0') {
    region = snt_aws_profile_get(doctor->config, profile, "region");
  }
  if (region == NULL) {
    snt_doctor_warn(doctor, name, "set policy.regions, AWS_REGION, or a region in the profile",
                    "SSM has to be asked for it, and no region is configured%s%s", profile[0] == '\0' ? "" : " for ",
                    profile);
  } else {
    snt_doctor_ok(doctor, name, "SSM in %s is asked for it at each decision; not looked at here", region);
  }
}

static void look_at_source(struct snt_doctor *doctor, const char *profile) {
  struct snt_policy_source source = {0};
  struct snt_err failure = {0};
  const char *text = snt_doctor_text(doctor, SNT_SETTING_POLICY_SOURCE);
  if (text == NULL) {
    snt_doctor_broken(doctor, "policy.source", "set it in the configuration; `sentinel init --local` writes one",
                      "no policy is configured");
  } else if (!snt_ok(snt_policy_source_parse(text, profile, &source, &failure))) {
    snt_doctor_failed(doctor, text, &failure);
  } else if (source.origin == SNT_POLICY_ORIGIN_FILE) {
    tell_file(doctor, &source);
  } else {
    tell_parameter(doctor, source.path, profile);
  }
}

void snt_doctor_check_policy(struct snt_doctor *doctor) {
  if (!snt_doctor_needs_settings(doctor, "policy.source")) {
    return;
  }
  const char *text = snt_doctor_text(doctor, SNT_SETTING_POLICY_SOURCE);
  bool is_each = text != NULL && strstr(text, "{profile}") != NULL;
  if (!is_each || doctor->options->profile != NULL) {
    look_at_source(doctor, doctor->options->profile == NULL ? "" : doctor->options->profile);
    return;
  }
  size_t before = doctor->report->count;
  snt_doctor_each_guarded(doctor, look_at_source);
  if (doctor->report->count == before) {
    snt_doctor_warn(doctor, text, "name one: sentinel doctor P",
                    "it depends on the profile, and no profile asks Sentinel yet");
  }
}
