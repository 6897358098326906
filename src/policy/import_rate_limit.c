#include "policy/import_internal.h"

enum {
  NAME_FIELD,
  PROFILES_FIELD,
  COOLDOWN_FIELD,
  USER_FIELD,
  PROFILE_FIELD,
  WINDOW_FIELD,
  ESCALATION_FIELD,
  ABOUT_FIELD,
  RULE_FIELDS
};

static snt_status put_duration(const struct snt_import_field *field, struct snt_buf *out, bool *is_there,
                               struct snt_err *err) {
  int64_t seconds = 0;
  SNT_TRY(snt_import_read_duration(field, &seconds, err));
  *is_there = seconds > 0;
  return seconds == 0 ? snt_done() : snt_buf_appendf(out, err, ", %s %s", field->name, field->value->text);
}

static snt_status put_count(const struct snt_import_field *field, struct snt_buf *out, bool *is_there,
                            struct snt_err *err) {
  long long count = 0;
  SNT_TRY(snt_import_read_count(field, &count, err));
  *is_there = count > 0;
  return count == 0 ? snt_done() : snt_buf_appendf(out, err, ", %s %lld", field->name, count);
}

/* "for profiles prod, staging, cooldown 30m, max_per_user 3": out begins with whom it is for. */
static snt_status describe(const struct snt_import_place *place, const struct snt_import_field *fields,
                           struct snt_buf *out, struct snt_err *err) {
  const struct snt_yaml_node *profiles = NULL;
  bool has_cooldown = false, has_user = false, has_profile = false, has_window = false, has_escalation = false;
  SNT_TRY(snt_import_read_words(&fields[PROFILES_FIELD], &profiles, err));
  SNT_TRY(snt_buf_append_str(out, profiles == NULL ? "for every profile" : "for profiles", err));
  for (size_t i = 0; profiles != NULL && i < profiles->count; i++) {
    SNT_TRY(snt_buf_appendf(out, err, "%s %s", i == 0 ? "" : ",", profiles->children[i]->text));
  }
  SNT_TRY(put_duration(&fields[COOLDOWN_FIELD], out, &has_cooldown, err));
  SNT_TRY(put_count(&fields[USER_FIELD], out, &has_user, err));
  SNT_TRY(put_count(&fields[PROFILE_FIELD], out, &has_profile, err));
  SNT_TRY(put_duration(&fields[WINDOW_FIELD], out, &has_window, err));
  SNT_TRY(put_count(&fields[ESCALATION_FIELD], out, &has_escalation, err));
  if (!has_cooldown && !has_user && !has_profile) {
    SNT_IGNORE(snt_import_fail(place, err, "a rate limit has neither cooldown nor max_per_user nor max_per_profile"));
    return snt_err_hint(err, "the older program refuses that; write one of them, or remove the rule");
  }
  if ((has_user || has_profile) && !has_window) {
    SNT_IGNORE(snt_import_fail(place, err, "a rate limit counts without a quota_window"));
    return snt_err_hint(err, "the older program refuses that; write quota_window: 24h");
  }
  return snt_done();
}

static snt_status put_limit(struct snt_import_job *job, const struct snt_import_place *place,
                            const struct snt_yaml_node *node) {
  static const char *const names[] = {
      "name",        "profiles", "cooldown", "max_per_user", "max_per_profile", "quota_window", "escalation_threshold",
      "description", NULL};
  static const struct snt_import_keys keys = {"a rate limit", names, RULE_FIELDS};
  struct snt_import_field fields[RULE_FIELDS];
  const char *name = NULL;
  const char *description = NULL;
  SNT_BUF_AUTO struct snt_buf clean = {0};
  SNT_BUF_AUTO struct snt_buf limits = {0};
  SNT_TRY(snt_import_read_map(place->file, node, &keys, fields, job->err));
  SNT_TRY(snt_import_check_read(fields, RULE_FIELDS, job->err));
  SNT_TRY(snt_import_read_text(&fields[NAME_FIELD], &name, job->err));
  SNT_TRY(snt_import_read_text(&fields[ABOUT_FIELD], &description, job->err));
  SNT_TRY(snt_import_put_description(job, description));
  SNT_TRY(snt_import_clean(name == NULL ? "" : name, 100, &clean, job->err));
  SNT_TRY(describe(place, fields, &limits, job->err));
  struct snt_import_remark remark = {
      *place, true,
      "a policy has no limits on how often break-glass is invoked, and break_glass at its top is reserved: until there "
      "is one, watch the decision log, or remove the break-glass rules that must not stand without it"};
  return snt_import_tell(job, &remark, "to do by hand: rate limit \"%s\" %s", snt_buf_borrow(&clean), limits.data);
}

snt_status snt_import_put_rate_limits(struct snt_import_job *job) {
  const char *file = job->import->files[SNT_IMPORT_RATE_LIMIT].name;
  const struct snt_yaml_node *list = NULL;
  const char *description = NULL;
  if (file == NULL) {
    return snt_done();
  }
  SNT_TRY(snt_import_read_rules(job->import, SNT_IMPORT_RATE_LIMIT, &list, &description, job->err));
  SNT_TRY(snt_import_put_description(job, description));
  for (size_t i = 0; i < list->count; i++) {
    struct snt_import_place place = snt_import_place_of(file, list->children[i]);
    SNT_TRY(put_limit(job, &place, list->children[i]));
  }
  return snt_done();
}
