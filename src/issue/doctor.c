#include "issue/doctor_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct snt_doctor_check SNT_DOCTOR_CHECK_TABLE[] = {
#define SNT_DOCTOR_ROW(name, summary, remedy) {#name, summary, remedy, snt_doctor_check_##name},
    SNT_DOCTOR_CHECKS(SNT_DOCTOR_ROW)
#undef SNT_DOCTOR_ROW
        {NULL, NULL, NULL, NULL}};

const char *snt_finding_status_name(enum snt_finding_status status) {
  return status == SNT_FINDING_OK ? "ok" : status == SNT_FINDING_WARNING ? "warning" : "broken";
}

void snt_doctor_report_clear(struct snt_doctor_report *report) {
  for (size_t i = 0; i < report->count; i++) {
    free(report->findings[i].subject);
    free(report->findings[i].found);
    free(report->findings[i].remedy);
  }
  free(report->findings);
  *report = (struct snt_doctor_report){0};
}

size_t snt_doctor_report_count(const struct snt_doctor_report *report, enum snt_finding_status status) {
  size_t count = 0;
  for (size_t i = 0; i < report->count; i++) {
    count += report->findings[i].status == status ? 1 : 0;
  }
  return count;
}

/* Printable UTF-8, whatever a path or a file holds: an error's message is that. */
static char *copy_clean(const char *text) {
  struct snt_err clean = {0};
  SNT_IGNORE(snt_fail(&clean, SNT_CODE_FAILED, "%s", text)); /* it is the text that is wanted */
  return snt_str_dup(clean.message);
}

static void add(struct snt_doctor *doctor, enum snt_finding_status status, const char *subject, const char *remedy,
                const char *found) {
  struct snt_doctor_report *report = doctor->report;
  if (!snt_ok(doctor->status)) {
    return;
  }
  struct snt_finding *grown = reallocarray(report->findings, report->count + 1, sizeof *grown);
  if (grown == NULL) {
    doctor->status = snt_fail_memory(doctor->err);
    return;
  }
  report->findings = grown;
  struct snt_finding *finding = &grown[report->count++];
  bool is_ok = status == SNT_FINDING_OK;
  *finding = (struct snt_finding){.check = doctor->check->name, .status = status};
  finding->subject = copy_clean(subject);
  finding->found = copy_clean(found);
  finding->remedy = is_ok ? NULL : copy_clean(remedy == NULL || remedy[0] == '\0' ? doctor->check->remedy : remedy);
  if (finding->subject == NULL || finding->found == NULL || (!is_ok && finding->remedy == NULL)) {
    doctor->status = snt_fail_memory(doctor->err);
  }
}

__attribute__((format(printf, 5, 0))) static void add_formatted(struct snt_doctor *doctor,
                                                                enum snt_finding_status status, const char *subject,
                                                                const char *remedy, const char *format, va_list args) {
  char found[SNT_ERR_MESSAGE_CAP];
  if (vsnprintf(found, sizeof found, format, args) < 0) {
    found[0] = '\0';
  }
  add(doctor, status, subject, remedy, found);
}

void snt_doctor_ok(struct snt_doctor *doctor, const char *subject, const char *format, ...) {
  va_list args;
  va_start(args, format);
  add_formatted(doctor, SNT_FINDING_OK, subject, NULL, format, args);
  va_end(args);
}

void snt_doctor_warn(struct snt_doctor *doctor, const char *subject, const char *remedy, const char *format, ...) {
  va_list args;
  va_start(args, format);
  add_formatted(doctor, SNT_FINDING_WARNING, subject, remedy, format, args);
  va_end(args);
}

void snt_doctor_broken(struct snt_doctor *doctor, const char *subject, const char *remedy, const char *format, ...) {
  va_list args;
  va_start(args, format);
  add_formatted(doctor, SNT_FINDING_BROKEN, subject, remedy, format, args);
  va_end(args);
}

void snt_doctor_failed(struct snt_doctor *doctor, const char *subject, const struct snt_err *failure) {
  add(doctor, SNT_FINDING_BROKEN, subject, failure->hint,
      failure->message[0] == '\0' ? snt_code_text(failure->code) : failure->message);
}

bool snt_doctor_needs_settings(struct snt_doctor *doctor, const char *subject) {
  if (doctor->settings == NULL) {
    snt_doctor_warn(doctor, subject, "correct the configuration first", "not looked at: the configuration is refused");
  }
  return doctor->settings != NULL;
}

const char *snt_doctor_text(const struct snt_doctor *doctor, enum snt_setting_id id) {
  return doctor->settings == NULL ? NULL : snt_settings_text(doctor->settings, id);
}

static const char *read_variable(const char *name) {
  const char *value = getenv(name);
  return value == NULL || value[0] == '\0' ? NULL : value;
}

const char *snt_doctor_region(const struct snt_doctor *doctor) {
  const char *region = snt_doctor_text(doctor, SNT_SETTING_POLICY_REGIONS);
  if (region == NULL && doctor->target.region[0] != '\0') {
    region = doctor->target.region;
  }
  region = region == NULL ? read_variable("AWS_REGION") : region;
  return region == NULL ? read_variable("AWS_DEFAULT_REGION") : region;
}

const char *snt_doctor_ca_bundle(const struct snt_doctor *doctor) {
  const char *bundle = read_variable("AWS_CA_BUNDLE");
  return bundle == NULL && doctor->target.ca_bundle[0] != '\0' ? doctor->target.ca_bundle : bundle;
}

static void clear(struct snt_doctor *doctor) {
  snt_settings_free(&doctor->settings);
  snt_aws_shared_config_free(&doctor->config);
}

snt_status snt_doctor_run(const struct snt_doctor_options *options, struct snt_doctor_report *out,
                          struct snt_err *err) {
  *out = (struct snt_doctor_report){0};
  SNT_DOCTOR_REPORT_AUTO struct snt_doctor_report report = {0};
  SNT_CLEANUP(clear)
  struct snt_doctor doctor = {.options = options, .report = &report, .status = snt_done(), .err = err};
  for (const struct snt_doctor_check *check = SNT_DOCTOR_CHECK_TABLE; check->name != NULL; check++) {
    doctor.check = check;
    check->run(&doctor);
    SNT_TRY(doctor.status);
  }
  *out = report;
  report = (struct snt_doctor_report){0}; /* ownership went to out */
  return snt_done();
}
