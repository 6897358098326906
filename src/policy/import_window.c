#include <string.h>

#include "policy/import_internal.h"

static const char *const DAYS[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", NULL};

/* "09:00"; the end of a day only where it is an end. */
static bool is_clock(const char *text, bool is_end) {
  static const char shape[] = "dd:dd";
  for (size_t i = 0; i < sizeof shape; i++) {
    bool is_digit = text[i] >= '0' && text[i] <= '9';
    if (shape[i] == 'd' ? !is_digit : text[i] != shape[i]) {
      return false;
    }
  }
  return (strcmp(text, "24:00") == 0 && is_end) || (strncmp(text, "24", 2) < 0 && text[3] < '6');
}

static snt_status read_clock(const struct snt_import_field *field, const struct snt_import_place *hours, bool is_end,
                             const char **out, struct snt_err *err) {
  SNT_TRY(snt_import_read_text(field, out, err));
  if (*out == NULL) {
    SNT_IGNORE(snt_import_fail(hours, err, "\"%s\" is missing in hours", field->name));
    return snt_err_hint(err, "write hours: {start: \"09:00\", end: \"17:00\"}, or remove them");
  }
  if (!is_clock(*out, is_end)) {
    SNT_IGNORE(snt_import_fail(&field->place, err, "\"%.32s\" is no time of a day", *out));
    return snt_err_hint(err, "write it as \"09:00\"");
  }
  return snt_done();
}

static snt_status read_hours(const struct snt_import_field *field, struct snt_import_window *out, struct snt_err *err) {
  static const char *const names[] = {"start", "end", NULL};
  static const struct snt_import_keys keys = {"hours", names, 2};
  struct snt_import_field ends[2];
  if (field->value == NULL) {
    return snt_done();
  }
  SNT_TRY(snt_import_read_map(field->place.file, field->value, &keys, ends, err));
  SNT_TRY(read_clock(&ends[0], &field->place, false, &out->start, err));
  SNT_TRY(read_clock(&ends[1], &field->place, true, &out->end, err));
  const struct snt_import_field *slip = snt_import_find_unread(ends, 2);
  out->slip = slip == NULL ? out->slip : *slip;
  return snt_done();
}

/* The zone of the older program's host is not known here. */
static snt_status choose_zone(const struct snt_import *import, struct snt_import_window *out, struct snt_err *err) {
  out->is_zone_lent = out->zone == NULL || strcmp(out->zone, "Local") == 0;
  if (!out->is_zone_lent) {
    return snt_done();
  }
  out->zone = import->zone;
  if (out->zone == NULL) {
    SNT_IGNORE(snt_import_fail(&out->place, err,
                               "this window names no time zone; the older program takes that of the "
                               "machine on which it runs"));
    return snt_err_hint(err, "say which was meant: --timezone America/New_York, or timezone in the file");
  }
  return snt_done();
}

snt_status snt_import_read_window(const struct snt_import *import, const struct snt_import_field *field,
                                  struct snt_import_window *out, struct snt_err *err) {
  static const char *const names[] = {"days", "hours", "timezone", NULL};
  static const struct snt_import_keys keys = {"time", names, 3};
  struct snt_import_field fields[3];
  *out = (struct snt_import_window){.place = field->place};
  SNT_TRY(snt_import_read_map(field->place.file, field->value, &keys, fields, err));
  SNT_TRY(snt_import_read_choices(&fields[0], "weekday", DAYS, &out->days, err));
  SNT_TRY(read_hours(&fields[1], out, err));
  SNT_TRY(snt_import_read_text(&fields[2], &out->zone, err));
  const struct snt_import_field *slip = snt_import_find_unread(fields, 3);
  out->slip = slip == NULL ? out->slip : *slip;
  out->is_there = out->days != NULL || out->start != NULL;
  if (!out->is_there) {
    return snt_done();
  }
  out->place = fields[2].value != NULL ? snt_import_place_of(field->place.file, fields[2].value) : field->place;
  return choose_zone(import, out, err);
}

bool snt_import_is_shut(const struct snt_import_window *window) {
  return window->start != NULL && strcmp(window->start, window->end) >= 0;
}

/* Hours that begin where they end may mean all of the day, or none of it. */
static bool has_hours(const struct snt_import_window *window) {
  return window->start != NULL && strcmp(window->start, window->end) != 0;
}

bool snt_import_has_window(const struct snt_import_window *window, enum snt_import_reading reading) {
  bool is_wanted = reading == SNT_IMPORT_GRANTED || window->slip.name == NULL;
  return is_wanted && window->is_there && (window->days != NULL || has_hours(window));
}

void snt_import_put_window(struct snt_import_job *job, const struct snt_import_window *window,
                           enum snt_import_reading reading) {
  if (!snt_import_has_window(window, reading)) {
    return;
  }
  struct snt_import_place before = job->writer.place;
  snt_import_begin_map(&job->writer, "time");
  if (window->days != NULL) {
    snt_import_put_words(job, "days", window->days, NULL);
  }
  if (has_hours(window)) {
    snt_import_begin_map(&job->writer, "hours");
    snt_import_put_text(&job->writer, "start", window->start);
    snt_import_put_text(&job->writer, "end", window->end);
    snt_import_end_map(&job->writer);
  }
  job->writer.place = window->place;
  snt_import_put_text(&job->writer, "timezone", window->zone);
  job->writer.place = before;
  snt_import_end_map(&job->writer);
}

static snt_status tell_shut(struct snt_import_job *job, const struct snt_import_window *window, const char *rule,
                            bool is_granting) {
  bool is_wrapping = has_hours(window);
  struct snt_import_remark remark = {window->place, true,
                                     "the older program's hours do not go past midnight, so this never held; here "
                                     "they do: what refuses refuses then, what grants is left out until it is meant"};
  if (!is_wrapping) {
    remark.why = "the hours begin where they end, which never held and may mean the whole day: what refuses refuses "
                 "all day, what grants is left out until it is meant";
  }
  return snt_import_tell(job, &remark, "hours %s to %s of rule \"%s\": %s", window->start, window->end, rule,
                         is_granting   ? "the grant is left out"
                         : is_wrapping ? "they go past midnight now"
                                       : "the whole day now");
}

snt_status snt_import_tell_window(struct snt_import_job *job, const struct snt_import_window *window, const char *rule,
                                  bool is_granting) {
  if (!window->is_there) {
    return snt_done();
  }
  if (window->is_zone_lent) {
    struct snt_import_remark remark = {
        window->place, false,
        "the older program takes the zone of the machine on which it runs; here a window "
        "means the same everywhere"};
    SNT_TRY(snt_import_tell(job, &remark, "time of rule \"%s\": without a timezone, now in %s", rule, window->zone));
  }
  return snt_import_is_shut(window) ? tell_shut(job, window, rule, is_granting) : snt_done();
}
