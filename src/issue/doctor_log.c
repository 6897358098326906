/* doctor: the decision log, and the clock that its records are dated by. */
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>

#include "audit/log.h"
#include "audit/log_look.h"
#include "audit/verify.h"
#include "base/clock.h"
#include "format/time.h"
#include "issue/doctor_internal.h"
#include "lua/zone_file.h"

#define MIB ((int64_t)1024 * 1024)

enum { FREE_LOW_MIB = 64, VERIFIED_MIB = 64, CLOCK_OFF_MS = 60000 };

static snt_status look(const struct snt_doctor *doctor, struct snt_buf *path, struct snt_log_look *out,
                       struct snt_err *err) {
  const char *configured = snt_doctor_text(doctor, SNT_SETTING_LOG_PATH);
  SNT_TRY(snt_log_find_path(configured, path, err));
  return snt_log_look(path->data, snt_log_is_default(configured), out, err);
}

static void tell_space(struct snt_doctor *doctor, const struct snt_log_look *look) {
  long long mib = (long long)(look->free_bytes / MIB);
  if (look->free_bytes < 0) {
    return; /* the file system does not say */
  }
  if (look->free_bytes < MIB) {
    snt_doctor_broken(doctor, "space", "make room, or set log.path: without a record there are no credentials",
                      "the file system of the log is full");
  } else if (mib < FREE_LOW_MIB) {
    snt_doctor_warn(doctor, "space", "make room, or set log.path: without a record there are no credentials",
                    "%lld MiB are left for the log", mib);
  } else {
    snt_doctor_ok(doctor, "space", "%lld MiB are left for the log", mib);
  }
}

static void tell_chain(struct snt_doctor *doctor, const char *path, const struct snt_log_look *look) {
  struct snt_log_report report = {0};
  struct snt_err failure = {0};
  if (look->size > VERIFIED_MIB * MIB) {
    snt_doctor_ok(doctor, "chain", "%lld MiB: only the last record was read; `sentinel log verify` reads all",
                  (long long)(look->size / MIB));
  } else if (!snt_ok(snt_log_verify(path, &report, &failure))) {
    snt_doctor_failed(doctor, "chain", &failure);
  } else if (!report.is_ok) {
    snt_doctor_broken(doctor, "chain", "keep the file, find out who changed it, and let a new log begin", "%s",
                      report.damage);
  } else {
    snt_doctor_ok(doctor, "chain", "%lld records, each vouching for the one before it", (long long)report.records);
  }
}

static void tell_end(struct snt_doctor *doctor, const char *path, const struct snt_log_look *look) {
  char when[32] = "an unknown time";
  if (look->last_ms > 0) {
    snt_time_format(look->last_ms, false, when);
  }
  if (look->is_held) {
    snt_doctor_warn(doctor, path, "find it with `lsof` or `fuser` if it does not end",
                    "another process holds its lock now; a decision waits 2 s for it");
  } else if (look->has_torn_tail) {
    snt_doctor_warn(doctor, path, "nothing: the next decision repairs it and says so in the log",
                    "its last line was cut off while it was written");
  } else if (look->is_closed) {
    snt_doctor_ok(doctor, path, "record %lld of %s is the last, in a closed segment; the next one begins this file",
                  (long long)look->seq, when);
  } else if (look->has_record) {
    snt_doctor_ok(doctor, path, "record %lld of %s is the last", (long long)look->seq, when);
  } else {
    snt_doctor_ok(doctor, path, look->is_there ? "empty" : "not there; the first decision makes it");
  }
}

void snt_doctor_check_log(struct snt_doctor *doctor) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  struct snt_log_look seen = {0};
  struct snt_err failure = {0};
  if (!snt_doctor_needs_settings(doctor, "log.path")) {
    return;
  }
  if (!snt_ok(look(doctor, &path, &seen, &failure))) {
    snt_doctor_failed(doctor, path.len == 0 ? "log.path" : path.data, &failure);
    return;
  }
  tell_end(doctor, path.data, &seen);
  if (seen.has_record) {
    tell_chain(doctor, path.data, &seen);
  }
  tell_space(doctor, &seen);
}

static void tell_local(struct snt_doctor *doctor) {
  struct timex kernel = {0};
  char now[32];
  snt_time_format(snt_clock_wall_ms(), false, now);
  int state = adjtimex(&kernel); /* reads only: no mode is set */
  if (state < 0) {
    snt_doctor_ok(doctor, "local clock", "%s; this system does not tell whether it is kept", now);
  } else if (state == TIME_ERROR || (kernel.status & STA_UNSYNC) != 0) {
    snt_doctor_warn(doctor, "local clock", NULL,
                    "%s; nothing keeps it. STS's time decides while it can be asked, the local clock else", now);
  } else {
    snt_doctor_ok(doctor, "local clock", "%s; the kernel says that it is kept", now);
  }
}

/* A decision on a local clock is never earlier than the last record, so that one from the future holds time still. */
static void tell_order(struct snt_doctor *doctor) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  struct snt_log_look seen = {0};
  if (doctor->settings == NULL || !snt_ok(look(doctor, &path, &seen, NULL)) || seen.last_ms == 0) {
    return; /* said of the log */
  }
  char when[32];
  snt_time_format(seen.last_ms, false, when);
  if (seen.last_ms > snt_clock_wall_ms() + CLOCK_OFF_MS) {
    snt_doctor_broken(doctor, "last record", "set the clock; if the record is from the future, let a new log begin",
                      "the local clock is behind the last record, of %s", when);
  } else {
    snt_doctor_ok(doctor, "last record", "%s, not after the local clock", when);
  }
}

void snt_doctor_check_clock(struct snt_doctor *doctor) {
  SNT_BUF_AUTO struct snt_buf zone = {0};
  tell_local(doctor);
  tell_order(doctor);
  if (snt_ok(snt_zone_file_read("Europe/Berlin", &zone, NULL))) {
    snt_doctor_ok(doctor, "time zones", "installed");
  } else {
    snt_doctor_warn(doctor, "time zones", "install tzdata",
                    "not installed: a policy that names one, such as Europe/Berlin, is refused");
  }
}
