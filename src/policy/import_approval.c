#include <stdlib.h>
#include <string.h>

#include "format/time.h"
#include "policy/import_internal.h"

/* A request of the older program needs a justification of so many characters. */
#define JUSTIFICATION_MIN "10"
#define DISPUTED SIZE_MAX

struct snt_import_approval {
  struct snt_import_place place;
  struct snt_import_field name, profiles_field;
  const char *description;              /* NULL: none */
  const struct snt_yaml_node *profiles; /* NULL: any */
  struct snt_import_field approvers_field;
  const struct snt_yaml_node *approvers;
  bool has_auto, is_used;
  struct snt_import_field users_field; /* of auto_approve, as what follows */
  const struct snt_yaml_node *users;   /* NULL: any */
  struct snt_import_window window;
  int64_t max_s; /* 0: no bound */
};

/* Reading ---------------------------------------------------------------------------------------------------------- */

static snt_status read_auto(const struct snt_import *import, const struct snt_import_field *field,
                            struct snt_import_approval *out, struct snt_err *err) {
  static const char *const names[] = {"users", "time", "max_duration", NULL};
  static const struct snt_import_keys keys = {"auto_approve", names, 3};
  struct snt_import_field fields[3];
  if (field->value == NULL) {
    return snt_done();
  }
  SNT_TRY(snt_import_read_map(field->place.file, field->value, &keys, fields, err));
  SNT_TRY(snt_import_check_read(fields, 3, err));
  out->has_auto = true;
  out->users_field = fields[0];
  SNT_TRY(snt_import_read_words(&fields[0], &out->users, err));
  SNT_TRY(snt_import_read_window(import, &fields[1], &out->window, err));
  SNT_TRY(snt_import_read_duration(&fields[2], &out->max_s, err));
  if (out->users == NULL && fields[1].value == NULL && out->max_s == 0) {
    SNT_IGNORE(snt_import_fail(&field->place, err, "auto_approve has neither users nor time nor max_duration"));
    return snt_err_hint(err, "the older program refuses that; write one of them, or remove auto_approve");
  }
  return snt_done();
}

static snt_status read_approval(const struct snt_import *import, const struct snt_yaml_node *node,
                                struct snt_import_approval *out, struct snt_err *err) {
  static const char *const names[] = {"name", "profiles", "approvers", "auto_approve", "description", NULL};
  static const struct snt_import_keys keys = {"a rule", names, 5};
  struct snt_import_field fields[5];
  SNT_TRY(snt_import_read_map(out->place.file, node, &keys, fields, err));
  SNT_TRY(snt_import_check_read(fields, 5, err));
  out->name = fields[0];
  out->profiles_field = fields[1];
  SNT_TRY(snt_import_read_words(&fields[1], &out->profiles, err));
  SNT_TRY(snt_import_read_words(&fields[2], &out->approvers, err));
  SNT_TRY(snt_import_read_text(&fields[4], &out->description, err));
  out->approvers_field = fields[2];
  if (out->approvers == NULL) {
    SNT_IGNORE(snt_import_fail(&out->place, err, "a rule of the approval policy names no approvers"));
    return snt_err_hint(err, "the older program refuses that; write approvers: [NAME, ...]");
  }
  return read_auto(import, &fields[3], out, err);
}

static bool has_word(const struct snt_yaml_node *words, const char *word, bool is_written) {
  for (size_t i = 0; words != NULL && i < words->count; i++) {
    const char *text = words->children[i]->text;
    if (is_written ? snt_import_fits(text, word) : strcmp(text, word) == 0) {
      return true;
    }
  }
  return false;
}

/* The first rule that is for the profile, as it is written or as it was read; approval_count: there is none. */
static size_t find_first(const struct snt_import_job *job, const char *profile, bool is_written) {
  size_t i = 0;
  while (i < job->approval_count && job->approvals[i].profiles != NULL &&
         !has_word(job->approvals[i].profiles, profile, is_written)) {
    i++;
  }
  return i;
}

/* The rule that decides who approves; DISPUTED where the two readings do not agree: then nobody does. */
static size_t find_approval(const struct snt_import_job *job, const char *profile) {
  size_t read = find_first(job, profile, false);
  return find_first(job, profile, true) == read ? read : DISPUTED;
}

/* The same for a profile that no rule names. */
static size_t find_general(const struct snt_import_job *job) {
  size_t i = 0;
  while (i < job->approval_count && job->approvals[i].profiles != NULL) {
    i++;
  }
  return i;
}

static void mark_used(struct snt_import_job *job, const struct snt_import_rule *rule) {
  const struct snt_yaml_node *profiles = rule->conditions.profiles;
  for (size_t i = 0; i < job->approval_count; i++) {
    struct snt_import_approval *approval = &job->approvals[i];
    approval->is_used = approval->is_used || profiles == NULL;
  }
  for (size_t i = 0; profiles != NULL && i < profiles->count; i++) {
    size_t found = find_approval(job, profiles->children[i]->text);
    if (found < job->approval_count) {
      job->approvals[found].is_used = true;
    }
  }
}

static snt_status tell_unused(struct snt_import_job *job) {
  for (size_t i = 0; i < job->approval_count; i++) {
    struct snt_import_remark remark = {job->approvals[i].place, true,
                                       "no rule with effect require_approval is for its profiles; to the older program "
                                       "an approval overrides a refusal all the same, here it does not"};
    SNT_TRY(job->approvals[i].is_used
                ? snt_done()
                : snt_import_tell(job, &remark, "rule %zu of the approval policy is left out", i + 1));
  }
  return snt_done();
}

snt_status snt_import_read_approvals(struct snt_import_job *job, const struct snt_import_rules *rules) {
  const char *file = job->import->files[SNT_IMPORT_APPROVAL].name;
  const struct snt_yaml_node *list = NULL;
  const char *description = NULL;
  if (file == NULL) {
    return snt_done();
  }
  SNT_TRY(snt_import_read_rules(job->import, SNT_IMPORT_APPROVAL, &list, &description, job->err));
  SNT_TRY(snt_import_put_description(job, description));
  job->approvals = calloc(list->count, sizeof *job->approvals);
  if (job->approvals == NULL) {
    return snt_fail_memory(job->err);
  }
  for (size_t i = 0; i < list->count; i++) {
    job->approvals[i].place = snt_import_place_of(file, list->children[i]);
    SNT_TRY(read_approval(job->import, list->children[i], &job->approvals[i], job->err));
    SNT_TRY(snt_import_tell_profiles(job, &job->approvals[i].name, &job->approvals[i].profiles_field,
                                     job->approvals[i].profiles));
  }
  job->approval_count = list->count;
  for (size_t i = 0; i < rules->count; i++) {
    if (rules->list[i].effect == SNT_IMPORT_REQUIRE_APPROVAL) {
      mark_used(job, &rules->list[i]);
    }
  }
  return tell_unused(job);
}

/* Writing ---------------------------------------------------------------------------------------------------------- */

/* The rule for requests that one of the approvers approved. */
static snt_status put_approved(struct snt_import_job *job, const struct snt_import_rule *rule,
                               const struct snt_import_approval *approval, const struct snt_import_words *profiles) {
  struct snt_import_name name;
  SNT_TRY(snt_import_tell_left_out(job, &approval->approvers_field, approval->approvers, rule->name.text));
  if (snt_import_count(approval->approvers, snt_import_is_person) == 0) {
    return snt_done();
  }
  SNT_TRY(snt_import_take_name(job, rule->name.text, "-approved", &name));
  snt_import_begin_conditions(job, rule, &name, "allow");
  SNT_TRY(snt_import_put_conditions(job, &rule->conditions, SNT_IMPORT_GRANTED, profiles));
  job->writer.place = approval->place;
  snt_import_begin_map(&job->writer, "approval");
  snt_import_put_words(job, "approvers", approval->approvers, snt_import_is_person);
  snt_import_end_map(&job->writer);
  SNT_TRY(snt_import_end_conditions(job, rule));
  snt_import_end_map(&job->writer);
  return snt_done();
}

/* auto_approve's own users and time: beside the rule's, where that has none, or in all. */
static void put_auto_conditions(struct snt_import_job *job, const struct snt_import_rule *rule,
                                const struct snt_import_approval *approval) {
  bool has_users = approval->users != NULL;
  bool has_time = snt_import_has_window(&approval->window, SNT_IMPORT_GRANTED);
  bool is_double = (has_users && rule->conditions.users != NULL) ||
                   (has_time && snt_import_has_window(&rule->conditions.window, SNT_IMPORT_GRANTED));
  if (is_double) {
    snt_import_begin_list(&job->writer, "all");
    snt_import_begin_map(&job->writer, NULL);
  }
  if (has_users) {
    snt_import_put_users(job, approval->users, SNT_IMPORT_GRANTED);
  }
  snt_import_put_window(job, &approval->window, SNT_IMPORT_GRANTED);
  if (is_double) {
    snt_import_end_map(&job->writer);
    snt_import_end_list(&job->writer);
  }
}

static snt_status put_auto_bounds(struct snt_import_job *job, const struct snt_import_approval *approval) {
  if (approval->max_s > 0) {
    char duration[32];
    snt_duration_format(approval->max_s, duration);
    snt_import_put_text(&job->writer, "max_duration", duration);
  }
  snt_import_begin_map(&job->writer, "require");
  snt_import_begin_map(&job->writer, "justification");
  snt_import_put_bare(&job->writer, "min_length", JUSTIFICATION_MIN);
  snt_import_end_map(&job->writer);
  snt_import_end_map(&job->writer);
  return snt_done();
}

/* Who approves himself is granted it at once; the justification that a request had is required instead. */
static snt_status put_auto(struct snt_import_job *job, const struct snt_import_rule *rule,
                           const struct snt_import_approval *approval, const struct snt_import_words *profiles) {
  struct snt_import_name name;
  if (!approval->has_auto) {
    return snt_done();
  }
  struct snt_import_remark remark = {approval->place, false,
                                     "to the older program this is a request that approves itself; max_duration makes "
                                     "the session shorter here and refuses no request"};
  SNT_TRY(snt_import_tell(job, &remark, "auto_approve for rule \"%s\" is a rule that asks for a justification",
                          rule->name.text));
  SNT_TRY(approval->users == NULL
              ? snt_done()
              : snt_import_tell_left_out(job, &approval->users_field, approval->users, rule->name.text));
  SNT_TRY(snt_import_tell_window(job, &approval->window, rule->name.text, true));
  if (snt_import_is_shut(&approval->window) ||
      (approval->users != NULL && snt_import_count(approval->users, snt_import_is_person) == 0)) {
    return snt_done();
  }
  SNT_TRY(snt_import_take_name(job, rule->name.text, "-auto", &name));
  snt_import_begin_conditions(job, rule, &name, "allow");
  SNT_TRY(snt_import_put_conditions(job, &rule->conditions, SNT_IMPORT_GRANTED, profiles));
  job->writer.place = approval->place;
  put_auto_conditions(job, rule, approval);
  SNT_TRY(snt_import_end_conditions(job, rule));
  SNT_TRY(put_auto_bounds(job, approval));
  snt_import_end_map(&job->writer);
  return snt_done();
}

static snt_status put_part(struct snt_import_job *job, const struct snt_import_rule *rule, size_t index,
                           const struct snt_import_words *profiles) {
  const struct snt_import_approval *approval = &job->approvals[index];
  struct snt_import_remark remark = {
      rule->place, false,
      "here require_approval takes any approval that is valid; a condition names the approvers, and what they have not "
      "approved is denied, with exit status 3"};
  SNT_TRY(snt_import_tell(job, &remark, "rule \"%s\" allows what the approvers of line %u of %s approved",
                          rule->name.text, approval->place.line, approval->place.file));
  SNT_TRY(snt_import_put_description(job, approval->description));
  SNT_TRY(put_approved(job, rule, approval, profiles));
  return put_auto(job, rule, approval, profiles);
}

/* A rule's profiles by the rule of the approval policy that decides for them; the last list is of those for which none
 * does. Patterns and disputed ones are in no list. */
struct sorted {
  struct snt_import_words *lists;
  size_t count;
  bool is_named; /* some of them are not in the last list */
};

static void clear_sorted(struct sorted *sorted) {
  for (size_t i = 0; sorted->lists != NULL && i < sorted->count; i++) {
    snt_import_words_clear(&sorted->lists[i]);
  }
  free(sorted->lists);
}

/* Sorts the words in; of a rule of the approval policy, wanted, only those that it decides for. */
static snt_status sort_words(struct snt_import_job *job, const struct snt_yaml_node *words, size_t wanted,
                             struct sorted *out) {
  for (size_t i = 0; words != NULL && i < words->count; i++) {
    const char *word = words->children[i]->text;
    size_t owner = find_approval(job, word);
    out->is_named = out->is_named || owner != job->approval_count;
    if (snt_import_is_literal(word) && owner != DISPUTED && (wanted == DISPUTED || owner == wanted)) {
      SNT_TRY(snt_import_words_add(&out->lists[owner], word, job->err));
    }
  }
  return snt_done();
}

static snt_status sort_profiles(struct snt_import_job *job, const struct snt_import_rule *rule, struct sorted *out) {
  out->count = job->approval_count + 1;
  out->lists = calloc(out->count, sizeof *out->lists);
  if (out->lists == NULL) {
    return snt_fail_memory(job->err);
  }
  for (size_t i = 0; rule->conditions.profiles == NULL && i < job->approval_count; i++) {
    SNT_TRY(sort_words(job, job->approvals[i].profiles, i, out));
  }
  return sort_words(job, rule->conditions.profiles, DISPUTED, out);
}

/* Where nobody is named, anybody could approve. */
static snt_status put_anyone(struct snt_import_job *job, const struct snt_import_rule *rule,
                             const struct snt_import_words *profiles) {
  struct snt_import_remark remark = {rule->place, true,
                                     "no rule of an approval policy is for it: to the older program everybody could "
                                     "approve; here any approval that is valid counts, and none can be given yet"};
  SNT_TRY(snt_import_tell(job, &remark, "who may approve what rule \"%s\" asks for is not said", rule->name.text));
  return snt_import_put_rule(job, rule, "", "require_approval", profiles);
}

/* A rule for any profile: those that the approval policy names, in whatever reading, are dealt with before the others.
 */
static snt_status put_general(struct snt_import_job *job, const struct snt_import_rule *rule) {
  size_t general = find_general(job);
  SNT_IMPORT_WORDS_AUTO struct snt_import_words named = {0};
  for (size_t i = 0; i < general; i++) {
    const struct snt_yaml_node *profiles = job->approvals[i].profiles;
    for (size_t k = 0; k < profiles->count; k++) {
      SNT_TRY(snt_import_words_add(&named, profiles->children[k]->text, job->err));
    }
  }
  SNT_TRY(named.count > 0 ? snt_import_put_rule(job, rule, "-unapproved", "deny", &named) : snt_done());
  return general < job->approval_count ? put_part(job, rule, general, NULL) : put_anyone(job, rule, NULL);
}

snt_status snt_import_put_approvals(struct snt_import_job *job, const struct snt_import_rule *rule, bool is_followed) {
  SNT_CLEANUP(clear_sorted) struct sorted sorted = {0};
  SNT_TRY(sort_profiles(job, rule, &sorted));
  for (size_t i = 0; i < job->approval_count; i++) {
    SNT_TRY(sorted.lists[i].count > 0 ? put_part(job, rule, i, &sorted.lists[i]) : snt_done());
  }
  bool is_any = rule->conditions.profiles == NULL;
  const struct snt_import_words *rest = &sorted.lists[job->approval_count];
  SNT_TRY(is_any ? put_general(job, rule) : rest->count > 0 ? put_anyone(job, rule, rest) : snt_done());
  bool has_approvers = is_any ? find_general(job) < job->approval_count : sorted.is_named;
  bool has_others = is_followed && !snt_import_is_one_reading(&rule->conditions);
  return has_approvers || has_others ? snt_import_put_rule(job, rule, "-unapproved", "deny", NULL) : snt_done();
}
