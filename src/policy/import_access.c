#include <stdlib.h>
#include <string.h>

#include "format/time.h"
#include "policy/import_internal.h"

enum { REASON_MAX = 2000, TABLE_MAX = 256, SESSION_MIN_S = 900 };

static const char *const EFFECTS[] = {"deny", "allow", "require_approval", "require_server", "require_server_session",
                                      NULL};
enum {
  NAME_FIELD,
  EFFECT_FIELD,
  CONDITIONS_FIELD,
  REASON_FIELD,
  MAX_FIELD,
  TABLE_FIELD,
  DESCRIPTION_FIELD,
  RULE_FIELDS
};

/* Reading ---------------------------------------------------------------------------------------------------------- */

/* An effect that the older program does not know is no refusal to it: it issues. */
static snt_status read_effect(struct snt_import_job *job, const struct snt_import_field *field,
                              struct snt_import_rule *out) {
  char plain[SNT_IMPORT_PLAIN_CAP];
  const char *text = NULL;
  SNT_TRY(snt_import_read_text(field, &text, job->err));
  const struct snt_import_place *place = field->written == NULL ? &out->place : &field->place;
  if (text == NULL) {
    SNT_IGNORE(snt_import_fail(place, job->err, "a rule has no effect; the older program grants what it matches"));
    return snt_import_hint_allowed(EFFECTS, SIZE_MAX, job->err);
  }
  int found = -1;
  for (int i = 0; snt_import_make_plain(text, plain) && EFFECTS[i] != NULL; i++) {
    found = strcmp(plain, EFFECTS[i]) == 0 ? i : found;
  }
  if (found < 0) {
    const char *nearest = snt_str_nearest(text, EFFECTS);
    SNT_IGNORE(
        snt_import_fail(place, job->err, "unknown effect \"%.64s\"; the older program grants what it matches", text));
    return nearest == NULL ? snt_import_hint_allowed(EFFECTS, SIZE_MAX, job->err)
                           : snt_err_hint(job->err, "did you mean %s?", nearest);
  }
  out->effect = (enum snt_import_effect)found;
  if (!field->is_unread && strcmp(text, EFFECTS[found]) == 0) {
    return snt_done();
  }
  struct snt_import_remark remark = {*place, false,
                                     "the older program grants what a rule matches whose effect it does not know"};
  return snt_import_tell(job, &remark, "rule \"%s\": %.64s \"%.64s\" is the effect %s now", out->name.text,
                         field->written, text, EFFECTS[found]);
}

/* Conditions that stand beside "conditions" are meant as such, and were not read. */
static snt_status read_conditions(struct snt_import_job *job, const struct snt_import_field *rule_fields,
                                  struct snt_import_rule *out) {
  static const char *const names[] = {SNT_IMPORT_CONDITION_NAMES, NULL};
  static const struct snt_import_keys keys = {"conditions", names, SNT_IMPORT_CONDITION_COUNT};
  struct snt_import_field fields[SNT_IMPORT_CONDITION_COUNT];
  const struct snt_import_field *whole = &rule_fields[CONDITIONS_FIELD];
  SNT_TRY(snt_import_read_map(out->place.file, whole->value, &keys, fields, job->err));
  for (size_t i = 0; i < SNT_IMPORT_CONDITION_COUNT; i++) {
    const struct snt_import_field *beside = &rule_fields[RULE_FIELDS + i];
    if (beside->value != NULL && fields[i].value != NULL) {
      SNT_IGNORE(
          snt_import_fail(&beside->place, job->err, "\"%s\" stands in the conditions of this rule too", beside->name));
      return snt_err_hint(job->err, "keep the one in conditions; the older program ignores the other");
    }
    fields[i] = fields[i].value == NULL ? *beside : fields[i];
    fields[i].is_unread = fields[i].value != NULL && (fields[i].is_unread || whole->is_unread);
  }
  return snt_import_read_conditions(job->import, fields, &out->conditions, job->err);
}

/* What is no condition counts as it is meant: it makes no rule wider. */
static snt_status tell_unread(struct snt_import_job *job, const struct snt_import_field *fields,
                              const struct snt_import_rule *rule) {
  for (size_t i = 0; i < RULE_FIELDS; i++) {
    struct snt_import_remark remark = {fields[i].place, false,
                                       "the older program does not know the key, and ignored it"};
    SNT_TRY(fields[i].is_unread && i != EFFECT_FIELD
                ? snt_import_tell(job, &remark, "rule \"%s\": \"%.64s\", which was ignored, is \"%s\" now",
                                  rule->name.text, fields[i].written, fields[i].name)
                : snt_done());
  }
  return snt_done();
}

static snt_status read_bounds(struct snt_import_job *job, const struct snt_import_field *fields,
                              struct snt_import_rule *out) {
  SNT_TRY(snt_import_read_text(&fields[REASON_FIELD], &out->reason, job->err));
  SNT_TRY(snt_import_read_text(&fields[DESCRIPTION_FIELD], &out->description, job->err));
  SNT_TRY(snt_import_read_text(&fields[TABLE_FIELD], &out->session_table, job->err));
  SNT_TRY(snt_import_read_duration(&fields[MAX_FIELD], &out->max_server_s, job->err));
  const char *table = out->session_table;
  if (table != NULL && (strlen(table) > TABLE_MAX || !snt_utf8_check_printable(table, strlen(table)))) {
    return snt_import_fail(&fields[TABLE_FIELD].place, job->err, "no table has such a name");
  }
  struct snt_import_remark remark = {fields[MAX_FIELD].place, false, "STS gives no session below 15 minutes"};
  if (out->max_server_s > 0 && out->max_server_s < SESSION_MIN_S) {
    SNT_TRY(snt_import_tell(job, &remark, "rule \"%s\": max_server_duration is below 15m, so server mode is refused",
                            out->name.text));
  }
  remark = (struct snt_import_remark){fields[TABLE_FIELD].place, false,
                                      "to the older program it takes the place of the request's table; here the "
                                      "session has to have a table of its own"};
  return table == NULL
             ? snt_done()
             : snt_import_tell(job, &remark, "rule \"%s\": session_table no longer stands in for --session-table",
                               out->name.text);
}

static snt_status read_name(struct snt_import_job *job, const struct snt_import_field *field,
                            struct snt_import_rule *out) {
  const char *text = NULL;
  SNT_TRY(snt_import_read_text(field, &text, job->err));
  SNT_TRY(snt_import_take_name(job, text == NULL ? "rule" : text, "", &out->name));
  if (text != NULL && strcmp(text, out->name.text) == 0) {
    return snt_done();
  }
  SNT_BUF_AUTO struct snt_buf old = {0};
  SNT_TRY(snt_import_clean(text == NULL ? "" : text, 100, &old, job->err));
  struct snt_import_remark remark = {out->place, false, "a rule's name is unique, and 1 to 64 of A-Z a-z 0-9 . _ -"};
  return snt_import_tell(job, &remark, "the name \"%s\" of a rule is \"%s\" now", snt_buf_borrow(&old), out->name.text);
}

static snt_status read_rule(struct snt_import_job *job, const struct snt_yaml_node *node, struct snt_import_rule *out) {
  static const char *const names[] = {"name",
                                      "effect",
                                      "conditions",
                                      "reason",
                                      "max_server_duration",
                                      "session_table",
                                      "description",
                                      SNT_IMPORT_CONDITION_NAMES,
                                      NULL};
  static const struct snt_import_keys keys = {"a rule", names, RULE_FIELDS};
  struct snt_import_field fields[RULE_FIELDS + SNT_IMPORT_CONDITION_COUNT];
  SNT_TRY(snt_import_read_map(out->place.file, node, &keys, fields, job->err));
  SNT_TRY(read_name(job, &fields[NAME_FIELD], out));
  SNT_TRY(tell_unread(job, fields, out));
  SNT_TRY(read_effect(job, &fields[EFFECT_FIELD], out));
  SNT_TRY(read_conditions(job, fields, out));
  if (fields[CONDITIONS_FIELD].value == NULL) {
    struct snt_import_remark remark = {out->place, false,
                                       "the older program takes none for any request; here that has "
                                       "to be said"};
    SNT_TRY(snt_import_tell(job, &remark, "rule \"%s\": no conditions, now {}", out->name.text));
  }
  return read_bounds(job, fields, out);
}

static snt_status tell_final(struct snt_import_job *job, const struct snt_yaml_node *rules, const char *file) {
  struct snt_import_remark remark = {
      snt_import_place_of(file, rules), false,
      "to the older program an approved request, or an active break-glass, overrides every refusal but that of server "
      "mode; here each is a condition of the rules that say so, and nothing overrides a rule that denies"};
  return snt_import_tell(job, &remark, "what is refused stays refused, approved or not");
}

snt_status snt_import_read_access(struct snt_import_job *job, struct snt_import_rules *out) {
  const char *file = job->import->files[SNT_IMPORT_ACCESS].name;
  const struct snt_yaml_node *rules = NULL;
  *out = (struct snt_import_rules){0};
  if (file == NULL) {
    return snt_done();
  }
  SNT_TRY(snt_import_read_rules(job->import, SNT_IMPORT_ACCESS, &rules, &out->description, job->err));
  SNT_TRY(tell_final(job, rules, file));
  out->list = calloc(rules->count, sizeof *out->list);
  if (out->list == NULL) {
    return snt_fail_memory(job->err);
  }
  for (size_t i = 0; i < rules->count; i++) {
    out->list[i].place = snt_import_place_of(file, rules->children[i]);
    SNT_TRY(read_rule(job, rules->children[i], &out->list[i]));
    out->count = i + 1;
  }
  return snt_done();
}

/* Writing ---------------------------------------------------------------------------------------------------------- */

snt_status snt_import_put_description(struct snt_import_job *job, const char *text) {
  SNT_BUF_AUTO struct snt_buf line = {0};
  if (text != NULL) {
    SNT_TRY(snt_import_clean(text, REASON_MAX, &line, job->err));
    snt_import_put_comment(&job->writer, snt_buf_borrow(&line));
  }
  return snt_done();
}

void snt_import_begin_conditions(struct snt_import_job *job, const struct snt_import_rule *rule,
                                 const struct snt_import_name *name, const char *effect) {
  job->writer.place = rule->place;
  snt_import_begin_rule(&job->writer, name->text);
  snt_import_put_text(&job->writer, "effect", effect);
  snt_import_begin_map(&job->writer, "conditions");
}

static snt_status put_prose(struct snt_import_job *job, const char *key, const char *text) {
  SNT_BUF_AUTO struct snt_buf line = {0};
  if (text == NULL) {
    return snt_done();
  }
  SNT_TRY(snt_import_clean(text, REASON_MAX, &line, job->err));
  if (line.len > 0) {
    snt_import_put_text(&job->writer, key, line.data);
  }
  return snt_done();
}

snt_status snt_import_end_conditions(struct snt_import_job *job, const struct snt_import_rule *rule) {
  snt_import_end_map(&job->writer);
  SNT_TRY(put_prose(job, "description", rule->description));
  SNT_TRY(put_prose(job, "reason", rule->reason));
  if (rule->max_server_s > 0) {
    char duration[32];
    snt_duration_format(rule->max_server_s, duration);
    snt_import_put_text(&job->writer, "max_server_duration", duration);
  }
  if (rule->session_table != NULL) {
    snt_import_put_text(&job->writer, "session_table", rule->session_table);
  }
  return job->writer.status; /* what grows too large ends here */
}

snt_status snt_import_put_rule(struct snt_import_job *job, const struct snt_import_rule *rule, const char *suffix,
                               const char *effect, const struct snt_import_words *profiles) {
  struct snt_import_name name = rule->name;
  struct snt_import_rule bare = {.place = rule->place, .reason = rule->reason};
  bool is_deny = strcmp(effect, EFFECTS[SNT_IMPORT_DENY]) == 0;
  if (suffix[0] != '\0') {
    SNT_TRY(snt_import_take_name(job, rule->name.text, suffix, &name));
  }
  snt_import_begin_conditions(job, rule, &name, effect);
  SNT_TRY(
      snt_import_put_conditions(job, &rule->conditions, is_deny ? SNT_IMPORT_CAUGHT : SNT_IMPORT_GRANTED, profiles));
  SNT_TRY(snt_import_end_conditions(job, is_deny && suffix[0] != '\0' ? &bare : rule));
  snt_import_end_map(&job->writer);
  return snt_done();
}

/* What the rule was written, or read, to catch and does not grant must not fall through to later rules. */
static snt_status put_others(struct snt_import_job *job, const struct snt_import_rule *rule) {
  if (snt_import_is_one_reading(&rule->conditions)) {
    return snt_done();
  }
  struct snt_import_remark remark = {rule->place, false,
                                     "what it was written, or read, to hold back must not fall through to later rules"};
  SNT_TRY(snt_import_tell(job, &remark, "rule \"%s\" is followed by one that denies what it does not grant",
                          rule->name.text));
  return snt_import_put_rule(job, rule, "-others", EFFECTS[SNT_IMPORT_DENY], NULL);
}

static snt_status put_granting(struct snt_import_job *job, const struct snt_import_rule *rule, bool is_followed) {
  bool can_grant = snt_import_can_grant(&rule->conditions);
  SNT_TRY(snt_import_tell_conditions(job, &rule->conditions, rule->name.text, true));
  if (!can_grant) {
    struct snt_import_remark remark = {rule->place, true, "nothing that it says held to the older program"};
    SNT_TRY(snt_import_tell(job, &remark, "rule \"%s\" grants nothing and is left out", rule->name.text));
  }
  if (rule->effect == SNT_IMPORT_REQUIRE_APPROVAL && can_grant) {
    return snt_import_put_approvals(job, rule, is_followed);
  }
  SNT_TRY(can_grant ? snt_import_put_rule(job, rule, "", EFFECTS[rule->effect], NULL) : snt_done());
  return rule->effect != SNT_IMPORT_ALLOW && is_followed ? put_others(job, rule) : snt_done();
}

/* Whether a later rule grants anything; break-glass stands before the rule of that place. */
static bool is_followed(const struct snt_import_job *job, const struct snt_import_rules *rules, size_t index,
                        size_t place) {
  if (index < place && job->import->files[SNT_IMPORT_BREAK_GLASS].doc != NULL) {
    return true;
  }
  for (size_t i = index + 1; i < rules->count; i++) {
    if (rules->list[i].effect != SNT_IMPORT_DENY) {
      return true;
    }
  }
  return false;
}

/* Break-glass overrides what follows: it stands before the first rule that refuses. */
static size_t find_break_glass_place(const struct snt_import_rules *rules) {
  size_t i = 0;
  while (i < rules->count && rules->list[i].effect != SNT_IMPORT_DENY &&
         rules->list[i].effect != SNT_IMPORT_REQUIRE_APPROVAL) {
    i++;
  }
  return i;
}

snt_status snt_import_put_access(struct snt_import_job *job, const struct snt_import_rules *rules) {
  size_t place = find_break_glass_place(rules);
  SNT_TRY(snt_import_put_description(job, rules->description));
  for (size_t i = 0; i <= rules->count; i++) {
    if (i == place) {
      struct snt_import_rules rest = {.list = rules->list == NULL ? NULL : rules->list + i, .count = rules->count - i};
      SNT_TRY(snt_import_put_break_glass(job, &rest));
    }
    if (i == rules->count) {
      return snt_done();
    }
    const struct snt_import_rule *rule = &rules->list[i];
    if (rule->effect != SNT_IMPORT_DENY) {
      SNT_TRY(put_granting(job, rule, is_followed(job, rules, i, place)));
      continue;
    }
    SNT_TRY(snt_import_tell_conditions(job, &rule->conditions, rule->name.text, false));
    SNT_TRY(snt_import_put_rule(job, rule, "", EFFECTS[SNT_IMPORT_DENY], NULL));
  }
  return snt_done();
}
