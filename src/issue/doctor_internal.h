/* issue/doctor_internal (layer 5): what the checks of issue/doctor share. */
#ifndef SNT_ISSUE_DOCTOR_INTERNAL_H
#define SNT_ISSUE_DOCTOR_INTERNAL_H

#include "aws/shared_config.h"
#include "base/buf.h"
#include "issue/doctor.h"
#include "issue/settings.h"

struct snt_doctor {
  const struct snt_doctor_options *options;
  struct snt_doctor_report *report;
  const struct snt_doctor_check *check; /* the one that runs */
  struct snt_settings *settings;        /* NULL: the configuration is refused */
  struct snt_aws_shared_config *config; /* ~/.aws/config alone, without a key; NULL: it cannot be read */
  struct snt_aws_target target;         /* of the profile that was named; empty when there is none */
  snt_status status;                    /* NO_MEMORY sticks */
  struct snt_err *err;
};

/* One finding each. The remedy may be NULL or "": then it is the check's own. */
void snt_doctor_ok(struct snt_doctor *doctor, const char *subject, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void snt_doctor_warn(struct snt_doctor *doctor, const char *subject, const char *remedy, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void snt_doctor_broken(struct snt_doctor *doctor, const char *subject, const char *remedy, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Broken, in the words of a failure. */
void snt_doctor_failed(struct snt_doctor *doctor, const char *subject, const struct snt_err *failure);
/* Where the configuration is refused, what follows from it is not known: a warning, and false. */
bool snt_doctor_needs_settings(struct snt_doctor *doctor, const char *subject);
/* NULL when it is not set, or not known. */
const char *snt_doctor_text(const struct snt_doctor *doctor, enum snt_setting_id id);
/* The first region that would be asked; NULL when none is configured. */
const char *snt_doctor_region(const struct snt_doctor *doctor);
/* AWS_CA_BUNDLE, or the profile's; NULL when neither is set. */
const char *snt_doctor_ca_bundle(const struct snt_doctor *doctor);

/* doctor_profiles.c: reads ~/.aws/config, without the file that holds keys, and what the named profile means. What is
 * wrong with it is told by the check of ~/.aws. */
void snt_doctor_load_profiles(struct snt_doctor *doctor);
/* Whether the profile's credential_process runs a program called sentinel; *program is it, as written. */
bool snt_doctor_asks_sentinel(const struct snt_aws_shared_config *config, const char *profile, struct snt_buf *program);
/* Calls visit with each profile that asks Sentinel by its credential_process, or that the
 * configuration names. */
void snt_doctor_each_guarded(struct snt_doctor *doctor, void (*visit)(struct snt_doctor *doctor, const char *profile));

#define SNT_DOCTOR_DECLARE(name, summary, remedy) void snt_doctor_check_##name(struct snt_doctor *doctor);
SNT_DOCTOR_CHECKS(SNT_DOCTOR_DECLARE)
#undef SNT_DOCTOR_DECLARE

#endif
