#include <string.h>

#include "format/time.h"
#include "policy/import_internal.h"

enum { EVENT_MAX_S = 4 * 3600 }; /* the older program's longest break-glass */

static const char *const REASONS[] = {"incident", "maintenance", "security", "recovery", "other", NULL};
enum {
  NAME_FIELD,
  PROFILES_FIELD,
  USERS_FIELD,
  CODES_FIELD,
  TIME_FIELD,
  MAX_FIELD,
  MFA_FIELD,
  ABOUT_FIELD,
  RULE_FIELDS
};

/* A rule that says who may invoke break-glass. */
struct event_rule {
  struct snt_import_rule rule;       /* place, name, description; profiles, users and time of its conditions */
  const struct snt_yaml_node *codes; /* NULL: any */
  int64_t max_s;
  bool needs_mfa;
};

/* Reading ---------------------------------------------------------------------------------------------------------- */

static snt_status read_mfa(struct snt_import_job *job, const struct snt_import_field *field, struct event_rule *out) {
  static const char *const names[] = {"required", "methods", NULL};
  static const struct snt_import_keys keys = {"mfa", names, 2};
  static const char *const methods[] = {"totp", "sms", NULL};
  struct snt_import_field fields[2];
  const struct snt_yaml_node *chosen = NULL;
  SNT_TRY(snt_import_read_map(field->place.file, field->value, &keys, fields, job->err));
  SNT_TRY(snt_import_check_read(fields, 2, job->err));
  SNT_TRY(snt_import_read_flag(&fields[0], &out->needs_mfa, job->err));
  SNT_TRY(snt_import_read_choices(&fields[1], "method", methods, &chosen, job->err));
  struct snt_import_remark remark = {
      field->place, false,
      "here the code is that of the MFA device that AWS knows for the user, whatever the "
      "method was, and it is asked for once for each event"};
  return out->needs_mfa
             ? snt_import_tell(job, &remark, "rule \"%s\": mfa is required of the session now", out->rule.name.text)
             : snt_done();
}

/* break-glass-NAME: the access policy may have a rule of that name. */
static snt_status read_name(struct snt_import_job *job, const struct snt_import_field *field, struct event_rule *out) {
  const char *text = NULL;
  SNT_BUF_AUTO struct snt_buf name = {0};
  SNT_TRY(snt_import_read_text(field, &text, job->err));
  text = text == NULL ? "rule" : text;
  SNT_TRY(
      snt_buf_appendf(&name, job->err, "%s%s", snt_str_starts_with(text, "break-glass") ? "" : "break-glass-", text));
  return snt_import_take_name(job, name.data, "", &out->rule.name);
}

static snt_status read_max(struct snt_import_job *job, const struct snt_import_field *field, struct event_rule *out) {
  SNT_TRY(snt_import_read_duration(field, &out->max_s, job->err));
  if (out->max_s > EVENT_MAX_S) {
    SNT_IGNORE(snt_import_fail(&field->place, job->err, "max_duration is over the 4h that break-glass may last"));
    return snt_err_hint(job->err, "the older program refuses that; write 4h or less");
  }
  out->max_s = out->max_s == 0 ? EVENT_MAX_S : out->max_s;
  return snt_done();
}

static snt_status read_event_rule(struct snt_import_job *job, const struct snt_yaml_node *node,
                                  struct event_rule *out) {
  static const char *const names[] = {"name", "profiles",    "users", "allowed_reason_codes", "time", "max_duration",
                                      "mfa",  "description", NULL};
  static const struct snt_import_keys keys = {"a rule", names, RULE_FIELDS};
  struct snt_import_field fields[RULE_FIELDS];
  SNT_TRY(snt_import_read_map(out->rule.place.file, node, &keys, fields, job->err));
  SNT_TRY(snt_import_check_read(fields, RULE_FIELDS, job->err));
  SNT_TRY(read_name(job, &fields[NAME_FIELD], out));
  struct snt_import_field conditions[SNT_IMPORT_CONDITION_COUNT] = {{0}};
  conditions[SNT_IMPORT_PROFILES] = fields[PROFILES_FIELD];
  conditions[SNT_IMPORT_USERS] = fields[USERS_FIELD];
  conditions[SNT_IMPORT_TIME] = fields[TIME_FIELD];
  SNT_TRY(snt_import_read_conditions(job->import, conditions, &out->rule.conditions, job->err));
  if (out->rule.conditions.users == NULL) {
    SNT_IGNORE(snt_import_fail(&out->rule.place, job->err, "a rule of the break-glass policy names no users"));
    return snt_err_hint(job->err, "the older program refuses that; write users: [NAME, ...]");
  }
  if (out->rule.conditions.window.slip.name != NULL) {
    return snt_import_check_read(&out->rule.conditions.window.slip, 1, job->err);
  }
  SNT_TRY(snt_import_read_choices(&fields[CODES_FIELD], "reason code", REASONS, &out->codes, job->err));
  SNT_TRY(read_max(job, &fields[MAX_FIELD], out));
  SNT_TRY(snt_import_read_text(&fields[ABOUT_FIELD], &out->rule.description, job->err));
  return read_mfa(job, &fields[MFA_FIELD], out);
}

/* Writing ---------------------------------------------------------------------------------------------------------- */

/* The first rule that is for a profile, as it is read or written, decides alone who may invoke. */
static bool is_named_before(const struct snt_import_words *named, const char *profile) {
  for (size_t i = 0; i < named->count; i++) {
    if (snt_import_fits(named->list[i], profile)) {
      return true;
    }
  }
  return false;
}

static snt_status pick_profiles(struct snt_import_job *job, const struct snt_yaml_node *profiles,
                                const struct snt_import_words *named, struct snt_import_words *out) {
  for (size_t i = 0; profiles != NULL && i < profiles->count; i++) {
    const char *word = profiles->children[i]->text;
    if (snt_import_is_literal(word) && !is_named_before(named, word)) {
      SNT_TRY(snt_import_words_add(out, word, job->err));
    }
  }
  return snt_done();
}

/* What follows and is no refusal that break-glass overrides: server mode, and what bounds a session in it. */
static bool is_kept_from(const struct snt_import_rule *rule) {
  return rule->effect == SNT_IMPORT_REQUIRE_SERVER || rule->effect == SNT_IMPORT_REQUIRE_SERVER_SESSION ||
         (rule->effect == SNT_IMPORT_ALLOW && rule->max_server_s > 0);
}

/* not: what is left to other rules. others: the profiles of earlier rules, for a rule of any profile. */
static snt_status put_not(struct snt_import_job *job, const struct snt_import_words *others,
                          const struct snt_import_rules *rest) {
  bool is_wanted = others->count > 0;
  for (size_t i = 0; i < rest->count; i++) {
    is_wanted = is_wanted || is_kept_from(&rest->list[i]);
  }
  if (!is_wanted) {
    return snt_done();
  }
  snt_import_begin_map(&job->writer, "not");
  snt_import_begin_list(&job->writer, "any");
  if (others->count > 0) {
    snt_import_begin_map(&job->writer, NULL);
    snt_import_put_profiles(job, others);
    snt_import_end_map(&job->writer);
  }
  for (size_t i = 0; i < rest->count; i++) {
    if (is_kept_from(&rest->list[i])) {
      snt_import_begin_map(&job->writer, NULL);
      SNT_TRY(snt_import_put_conditions(job, &rest->list[i].conditions, SNT_IMPORT_CAUGHT, NULL));
      snt_import_end_map(&job->writer);
    }
  }
  snt_import_end_list(&job->writer);
  snt_import_end_map(&job->writer);
  return snt_done();
}

static void put_reasons(struct snt_import_job *job, const struct event_rule *event) {
  snt_import_begin_map(&job->writer, "break_glass");
  if (event->codes != NULL) {
    snt_import_put_words(job, "reason_codes", event->codes, NULL);
  } else {
    snt_import_begin_words(&job->writer, "reason_codes");
    for (const char *const *code = REASONS; *code != NULL; code++) {
      snt_import_add_word(&job->writer, *code);
    }
    snt_import_end_words(&job->writer);
  }
  snt_import_end_map(&job->writer);
}

static void put_bounds(struct snt_import_job *job, const struct event_rule *event) {
  char duration[32];
  snt_duration_format(event->max_s, duration);
  snt_import_put_text(&job->writer, "max_duration", duration);
  if (event->needs_mfa) {
    snt_import_begin_map(&job->writer, "require");
    snt_import_begin_map(&job->writer, "mfa");
    snt_import_put_text(&job->writer, "max_age", duration);
    snt_import_end_map(&job->writer);
    snt_import_end_map(&job->writer);
  }
}

/* named: the profiles of earlier rules. */
static snt_status put_event_rule(struct snt_import_job *job, const struct event_rule *event,
                                 const struct snt_import_words *named, const struct snt_import_rules *rest) {
  static const struct snt_import_words none = {0};
  const struct snt_import_conditions *conditions = &event->rule.conditions;
  SNT_IMPORT_WORDS_AUTO struct snt_import_words profiles = {0};
  SNT_TRY(snt_import_tell_conditions(job, conditions, event->rule.name.text, true));
  SNT_TRY(pick_profiles(job, conditions->profiles, named, &profiles));
  bool is_any = conditions->profiles == NULL;
  if (!snt_import_can_grant(conditions) || (!is_any && profiles.count == 0)) {
    struct snt_import_remark remark = {event->rule.place, true,
                                       "an earlier rule decides for each of its profiles, or "
                                       "nothing that it says held to the older program"};
    return snt_import_tell(job, &remark, "rule \"%s\" grants nothing and is left out", event->rule.name.text);
  }
  snt_import_begin_conditions(job, &event->rule, &event->rule.name, "allow");
  SNT_TRY(snt_import_put_conditions(job, conditions, SNT_IMPORT_GRANTED, is_any ? NULL : &profiles));
  put_reasons(job, event);
  SNT_TRY(put_not(job, is_any ? named : &none, rest));
  SNT_TRY(snt_import_end_conditions(job, &event->rule));
  put_bounds(job, event);
  snt_import_end_map(&job->writer);
  return snt_done();
}

/* The reason that no rule of break-glass can stand before the others, or NULL. */
static const struct snt_import_rule *find_obstacle(const struct snt_import_rules *rest) {
  for (size_t i = 0; i < rest->count; i++) {
    if (is_kept_from(&rest->list[i]) && snt_import_catches_all(&rest->list[i].conditions)) {
      return &rest->list[i];
    }
  }
  return NULL;
}

static snt_status tell_place(struct snt_import_job *job, const struct snt_import_place *place,
                             const struct snt_import_rules *rest) {
  struct snt_import_remark remark = {
      *place, false,
      "to the older program an active break-glass overrides a refusal, so its rules stand before the first rule that "
      "refuses; move a rule that denies before them to make it final. Where a window or a user no longer fits, a "
      "session that has begun is not renewed"};
  SNT_TRY(snt_import_tell(job, &remark, "break-glass: each rule allows, under the condition break_glass"));
  for (size_t i = 0; i < rest->count; i++) {
    remark = (struct snt_import_remark){rest->list[i].place, false,
                                        "break-glass overrides neither a refusal of server mode nor what bounds a "
                                        "session in it"};
    SNT_TRY(!is_kept_from(&rest->list[i])
                ? snt_done()
                : snt_import_tell(job, &remark, "break-glass does not apply to what rule \"%s\" is for",
                                  rest->list[i].name.text));
  }
  return snt_done();
}

static snt_status put_all(struct snt_import_job *job, const struct snt_yaml_node *list, const char *file,
                          const struct snt_import_rules *rest) {
  SNT_IMPORT_WORDS_AUTO struct snt_import_words named = {0};
  bool is_last = false;
  for (size_t i = 0; i < list->count; i++) {
    struct event_rule event = {.rule.place = snt_import_place_of(file, list->children[i])};
    SNT_TRY(read_event_rule(job, list->children[i], &event));
    const struct snt_yaml_node *profiles = event.rule.conditions.profiles;
    if (is_last) {
      struct snt_import_remark remark = {event.rule.place, true, "an earlier rule is for every profile and decides"};
      SNT_TRY(snt_import_tell(job, &remark, "rule \"%s\" grants nothing and is left out", event.rule.name.text));
      continue;
    }
    SNT_TRY(put_event_rule(job, &event, &named, rest));
    is_last = profiles == NULL;
    for (size_t k = 0; profiles != NULL && k < profiles->count; k++) {
      SNT_TRY(snt_import_words_add(&named, profiles->children[k]->text, job->err));
    }
  }
  return snt_done();
}

snt_status snt_import_put_break_glass(struct snt_import_job *job, const struct snt_import_rules *rest) {
  const char *file = job->import->files[SNT_IMPORT_BREAK_GLASS].name;
  const struct snt_yaml_node *list = NULL;
  const char *description = NULL;
  if (file == NULL) {
    return snt_done();
  }
  SNT_TRY(snt_import_read_rules(job->import, SNT_IMPORT_BREAK_GLASS, &list, &description, job->err));
  struct snt_import_place place = snt_import_place_of(file, list);
  SNT_TRY(snt_import_put_description(job, description));
  const struct snt_import_rule *obstacle = find_obstacle(rest);
  if (obstacle != NULL) {
    struct snt_import_remark remark = {place, true,
                                       "it refuses every request outside of server mode, and that is no "
                                       "refusal which break-glass overrides"};
    return snt_import_tell(job, &remark, "break-glass is left out: rule \"%s\" is for every request",
                           obstacle->name.text);
  }
  SNT_TRY(tell_place(job, &place, rest));
  return put_all(job, list, file, rest);
}
