#include <string.h>

#include "policy/import_internal.h"

static const char *const MODES[] = {"credential_process", "cli", "server", NULL};
static const char *const OS_TYPES[] = {"darwin", "windows", "linux", NULL};
static const char *const DEVICE_KEYS[] = {
    "require_encryption", "require_mdm", "require_mdm_compliant", "require_firewall", "min_os_version",
    "allowed_os_types",   NULL};
enum { VERSION_FIELD = SNT_IMPORT_DEVICE_FLAGS, OS_FIELD, DEVICE_FIELDS, VERSION_MAX = 32 };

/* Reading ---------------------------------------------------------------------------------------------------------- */

static snt_status read_version(const struct snt_import_field *field, const char **out, struct snt_err *err) {
  SNT_TRY(snt_import_read_text(field, out, err));
  if (*out != NULL && (strspn(*out, "0123456789.") != strlen(*out) || (*out)[0] == '.' || strlen(*out) > VERSION_MAX)) {
    SNT_IGNORE(snt_import_fail(&field->place, err, "\"%.64s\" is no version", *out));
    return snt_err_hint(err, "write numbers with points between them: \"14.10.1\"");
  }
  return snt_done();
}

static snt_status read_device(const struct snt_import_field *field, struct snt_import_device *out,
                              struct snt_err *err) {
  static const struct snt_import_keys keys = {"device", DEVICE_KEYS, DEVICE_FIELDS};
  struct snt_import_field fields[DEVICE_FIELDS];
  SNT_TRY(snt_import_read_map(field->place.file, field->value, &keys, fields, err));
  for (size_t i = 0; i < SNT_IMPORT_DEVICE_FLAGS; i++) {
    SNT_TRY(snt_import_read_flag(&fields[i], &out->is_required[i], err));
    out->is_there = out->is_there || out->is_required[i];
  }
  SNT_TRY(read_version(&fields[VERSION_FIELD], &out->version, err));
  SNT_TRY(snt_import_read_choices(&fields[OS_FIELD], "type of operating system", OS_TYPES, &out->os_types, err));
  out->is_there = out->is_there || out->version != NULL || out->os_types != NULL;
  const struct snt_import_field *slip = snt_import_find_unread(fields, DEVICE_FIELDS);
  out->slip = slip == NULL ? out->slip : *slip;
  return snt_done();
}

snt_status snt_import_read_conditions(const struct snt_import *import, const struct snt_import_field *fields,
                                      struct snt_import_conditions *out, struct snt_err *err) {
  *out = (struct snt_import_conditions){0};
  memcpy(out->fields, fields, sizeof out->fields);
  SNT_TRY(snt_import_read_words(&fields[SNT_IMPORT_PROFILES], &out->profiles, err));
  SNT_TRY(snt_import_read_words(&fields[SNT_IMPORT_USERS], &out->users, err));
  SNT_TRY(snt_import_read_window(import, &fields[SNT_IMPORT_TIME], &out->window, err));
  SNT_TRY(snt_import_read_choices(&fields[SNT_IMPORT_MODE], "mode", MODES, &out->mode, err));
  return read_device(&fields[SNT_IMPORT_DEVICE], &out->device, err);
}

/* What holds ------------------------------------------------------------------------------------------------------- */

bool snt_import_can_grant(const struct snt_import_conditions *conditions) {
  const struct snt_yaml_node *profiles = conditions->profiles;
  const struct snt_yaml_node *users = conditions->users;
  return (profiles == NULL || snt_import_count(profiles, snt_import_is_literal) > 0) &&
         (users == NULL || snt_import_count(users, snt_import_is_person) > 0) &&
         !snt_import_is_shut(&conditions->window);
}

/* Whether what is caught depends on the condition: one that was not read, or not as a whole, narrowed nothing for
 * certain. */
static bool narrows(const struct snt_import_conditions *conditions, size_t which) {
  const struct snt_import_field *slips[SNT_IMPORT_CONDITION_COUNT] = {
      [SNT_IMPORT_TIME] = &conditions->window.slip, [SNT_IMPORT_DEVICE] = &conditions->device.slip};
  return !conditions->fields[which].is_unread && (slips[which] == NULL || slips[which]->name == NULL);
}

bool snt_import_is_one_reading(const struct snt_import_conditions *conditions) {
  for (size_t i = 0; i < SNT_IMPORT_CONDITION_COUNT; i++) {
    if (!narrows(conditions, i)) {
      return false;
    }
  }
  const struct snt_yaml_node *profiles = conditions->profiles;
  return conditions->users == NULL &&
         (profiles == NULL || snt_import_count(profiles, snt_import_is_literal) == profiles->count) &&
         !snt_import_is_shut(&conditions->window);
}

bool snt_import_catches_all(const struct snt_import_conditions *conditions) {
  const bool is_there[] = {[SNT_IMPORT_PROFILES] = conditions->profiles != NULL,
                           [SNT_IMPORT_USERS] = conditions->users != NULL,
                           [SNT_IMPORT_TIME] = snt_import_has_window(&conditions->window, SNT_IMPORT_CAUGHT),
                           [SNT_IMPORT_MODE] = conditions->mode != NULL,
                           [SNT_IMPORT_DEVICE] = conditions->device.is_there};
  for (size_t i = 0; i < SNT_IMPORT_CONDITION_COUNT; i++) {
    if (is_there[i] && narrows(conditions, i)) {
      return false;
    }
  }
  return true;
}

/* Writing ---------------------------------------------------------------------------------------------------------- */

static void put_device(struct snt_import_job *job, const struct snt_import_device *device) {
  snt_import_begin_map(&job->writer, "device");
  for (size_t i = 0; i < SNT_IMPORT_DEVICE_FLAGS; i++) {
    if (device->is_required[i]) {
      snt_import_put_bare(&job->writer, DEVICE_KEYS[i], "true");
    }
  }
  if (device->version != NULL) {
    snt_import_put_text(&job->writer, DEVICE_KEYS[VERSION_FIELD], device->version);
  }
  if (device->os_types != NULL) {
    snt_import_put_words(job, DEVICE_KEYS[OS_FIELD], device->os_types, NULL);
  }
  snt_import_end_map(&job->writer);
}

static snt_status put_own_profiles(struct snt_import_job *job, const struct snt_yaml_node *profiles,
                                   enum snt_import_reading reading) {
  SNT_IMPORT_WORDS_AUTO struct snt_import_words words = {0};
  for (size_t i = 0; i < profiles->count; i++) {
    const char *word = profiles->children[i]->text;
    if (reading == SNT_IMPORT_CAUGHT || snt_import_is_literal(word)) {
      SNT_TRY(snt_import_words_add(&words, word, job->err));
    }
  }
  snt_import_put_profiles(job, &words);
  return snt_done();
}

snt_status snt_import_put_conditions(struct snt_import_job *job, const struct snt_import_conditions *conditions,
                                     enum snt_import_reading reading, const struct snt_import_words *profiles) {
  bool is_wanted[SNT_IMPORT_CONDITION_COUNT];
  for (size_t i = 0; i < SNT_IMPORT_CONDITION_COUNT; i++) {
    is_wanted[i] = reading == SNT_IMPORT_GRANTED || narrows(conditions, i);
  }
  if (profiles != NULL) {
    snt_import_put_profiles(job, profiles);
  } else if (conditions->profiles != NULL && is_wanted[SNT_IMPORT_PROFILES]) {
    SNT_TRY(put_own_profiles(job, conditions->profiles, reading));
  }
  if (conditions->users != NULL && is_wanted[SNT_IMPORT_USERS]) {
    snt_import_put_users(job, conditions->users, reading);
  }
  if (conditions->mode != NULL && is_wanted[SNT_IMPORT_MODE]) {
    snt_import_put_words(job, "mode", conditions->mode, NULL);
  }
  if (is_wanted[SNT_IMPORT_TIME]) {
    snt_import_put_window(job, &conditions->window, reading);
  }
  if (conditions->device.is_there && is_wanted[SNT_IMPORT_DEVICE]) {
    put_device(job, &conditions->device);
  }
  return snt_done();
}

/* What is told ----------------------------------------------------------------------------------------------------- */

/* Of a rule that grants, a key that was not read holds now; of one that refuses it would make the rule narrower. */
static snt_status tell_unread(struct snt_import_job *job, const struct snt_import_field *field, const char *rule,
                              bool is_granting) {
  if (!field->is_unread) {
    return snt_done();
  }
  struct snt_import_remark remark = {field->place, !is_granting,
                                     "the older program ignored it, so the rule granted to all, whatever it says"};
  if (is_granting) {
    return snt_import_tell(job, &remark, "rule \"%s\": \"%.64s\", which was ignored, is the condition \"%s\" now", rule,
                           field->written, field->name);
  }
  remark.why = "the older program ignored it, so the rule refused all, whatever it says; it still does: write the "
               "condition into the policy if the narrower rule is meant";
  return snt_import_tell(job, &remark, "rule \"%s\": \"%.64s\", which was ignored, is left out (the condition \"%s\")",
                         rule, field->written, field->name);
}

/* What is told once for all rules. */
static snt_status tell_once(struct snt_import_job *job, const struct snt_import_conditions *conditions,
                            const char *rule) {
  struct snt_import_remark remark = {conditions->fields[SNT_IMPORT_USERS].place, false,
                                     "to the older program the name that a role's or a federated session chose for "
                                     "itself is a user's name: what refuses a user names these sessions too, and what "
                                     "grants to a user does not grant to them any more"};
  if (conditions->users != NULL && snt_import_tells(job, SNT_IMPORT_TOLD_KINDS)) {
    SNT_TRY(snt_import_tell(job, &remark,
                            "users (of rule \"%s\", and those of the other rules) are people, and no "
                            "sessions that chose their names",
                            rule));
  }
  remark = (struct snt_import_remark){conditions->fields[SNT_IMPORT_DEVICE].place, false,
                                      "the older program takes it for a device that fails; credentials and exec know "
                                      "nothing of the device in this version"};
  return conditions->device.is_there && snt_import_tells(job, SNT_IMPORT_TOLD_DEVICE)
             ? snt_import_tell(job, &remark,
                               "device (of rule \"%s\", and of the other rules): an unknown device fits "
                               "rules that deny, and none that grant",
                               rule)
             : snt_done();
}

static snt_status tell_arns(struct snt_import_job *job, const struct snt_import_conditions *conditions,
                            const char *rule) {
  struct snt_import_remark remark = {conditions->fields[SNT_IMPORT_PROFILES].place, false,
                                     "the older program's token service takes the role that is asked for as the "
                                     "profile's name; here the condition is about the role"};
  return snt_import_count(conditions->profiles, snt_import_is_arn) == 0
             ? snt_done()
             : snt_import_tell(job, &remark, "profiles of rule \"%s\": ARNs are the condition roles now", rule);
}

static snt_status tell_patterns(struct snt_import_job *job, const struct snt_import_field *field,
                                const struct snt_yaml_node *words, const char *rule) {
  struct snt_import_remark remark = {field->place, false,
                                     "the older program compares names letter by letter, so these matched nothing"};
  return words != NULL && !field->is_unread && snt_import_count(words, snt_import_is_literal) < words->count
             ? snt_import_tell(job, &remark, "%s of rule \"%s\": its patterns match now", field->name, rule)
             : snt_done();
}

snt_status snt_import_tell_conditions(struct snt_import_job *job, const struct snt_import_conditions *conditions,
                                      const char *rule, bool is_granting) {
  const struct snt_import_field *fields = conditions->fields;
  for (size_t i = 0; i < SNT_IMPORT_CONDITION_COUNT; i++) {
    SNT_TRY(tell_unread(job, &fields[i], rule, is_granting));
  }
  SNT_TRY(tell_unread(job, &conditions->window.slip, rule, is_granting));
  SNT_TRY(tell_unread(job, &conditions->device.slip, rule, is_granting));
  snt_status (*tell_words)(struct snt_import_job *, const struct snt_import_field *, const struct snt_yaml_node *,
                           const char *) = is_granting ? snt_import_tell_left_out : tell_patterns;
  SNT_TRY(tell_words(job, &fields[SNT_IMPORT_PROFILES], conditions->profiles, rule));
  SNT_TRY(tell_words(job, &fields[SNT_IMPORT_USERS], conditions->users, rule));
  SNT_TRY(snt_import_tell_users(job, &fields[SNT_IMPORT_USERS], conditions->users, rule));
  SNT_TRY(tell_once(job, conditions, rule));
  SNT_TRY(tell_arns(job, conditions, rule));
  return snt_import_tell_window(job, &conditions->window, rule, is_granting);
}
