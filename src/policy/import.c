#include "policy/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "policy/import_internal.h"
#include "policy/source.h"

static const char *const KIND_NAMES[] = {
#define SNT_IMPORT_NAME(name, text) text,
    SNT_IMPORT_KINDS(SNT_IMPORT_NAME)
#undef SNT_IMPORT_NAME
};

_Static_assert((int)SNT_IMPORT_KIND_COUNT == (int)SNT_IMPORT_FILES_MAX, "one file of each kind");

void snt_import_clear(struct snt_import *import) {
  for (size_t i = 0; i < import->note_count; i++) {
    free(import->notes[i].change);
    free(import->notes[i].why);
  }
  for (size_t i = 0; i < SNT_IMPORT_FILES_MAX; i++) {
    free(import->files[i].name);
    snt_yaml_free(&import->files[i].doc);
  }
  free(import->notes);
  free(import->origins);
  snt_buf_clear(&import->text);
  *import = (struct snt_import){0};
}

/* Which kind of file it is ------------------------------------------------------------------------------------------
 */

/* A key that only rules of that kind have. The order matters: others may have the later ones too. */
static const struct {
  const char *key;
  enum snt_import_kind kind;
} MARKS[] = {{"effect", SNT_IMPORT_ACCESS},
             {"conditions", SNT_IMPORT_ACCESS},
             {"approvers", SNT_IMPORT_APPROVAL},
             {"auto_approve", SNT_IMPORT_APPROVAL},
             {"cooldown", SNT_IMPORT_RATE_LIMIT},
             {"max_per_user", SNT_IMPORT_RATE_LIMIT},
             {"max_per_profile", SNT_IMPORT_RATE_LIMIT},
             {"quota_window", SNT_IMPORT_RATE_LIMIT},
             {"allowed_reason_codes", SNT_IMPORT_BREAK_GLASS},
             {"max_duration", SNT_IMPORT_BREAK_GLASS},
             {"mfa", SNT_IMPORT_BREAK_GLASS},
             {"users", SNT_IMPORT_BREAK_GLASS}};

static bool has_key(const struct snt_yaml_node *rules, const char *key) {
  for (size_t i = 0; i < rules->count; i++) {
    if (rules->children[i]->type == SNT_YAML_MAP && snt_yaml_get(rules->children[i], key) != NULL) {
      return true;
    }
  }
  return false;
}

static snt_status find_kind(const char *file, const struct snt_yaml_node *root, enum snt_import_kind *out,
                            struct snt_err *err) {
  const struct snt_yaml_node *rules = root->type == SNT_YAML_MAP ? snt_yaml_get(root, "rules") : NULL;
  for (size_t i = 0; rules != NULL && rules->type == SNT_YAML_LIST && i < sizeof MARKS / sizeof MARKS[0]; i++) {
    if (has_key(rules, MARKS[i].key)) {
      *out = MARKS[i].kind;
      return snt_done();
    }
  }
  struct snt_import_place place = snt_import_place_of(file, root);
  SNT_IGNORE(snt_import_fail(&place, err, "no policy of the older program is known by these rules"));
  return snt_err_hint(err, "rules have effect and conditions (access), approvers (approval), users "
                           "(break-glass), or cooldown or quotas (rate limits)");
}

snt_status snt_import_add(struct snt_import *import, const char *name, struct snt_slice text, struct snt_err *err) {
  enum snt_import_kind kind = SNT_IMPORT_ACCESS;
  SNT_YAML_AUTO struct snt_yaml_doc *doc = NULL;
  SNT_TRY(snt_yaml_parse(name, text.data, text.len, &doc, err));
  SNT_TRY(find_kind(name, snt_yaml_root(doc), &kind, err));
  struct snt_import_file *file = &import->files[kind];
  if (file->doc != NULL) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%s:1:1: this is an %s, and so is %s", name, KIND_NAMES[kind],
                        file->name));
    return snt_err_hint(err, "import each by itself: which requests another file is for is not in the files");
  }
  file->name = snt_str_dup(name);
  if (file->name == NULL) {
    return snt_fail_memory(err);
  }
  file->doc = SNT_MOVE(doc);
  return snt_done();
}

snt_status snt_import_add_file(struct snt_import *import, const char *path, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  snt_status status = snt_file_read(path, SNT_FILE_ANY, SNT_POLICY_CAP, &text, err);
  if (status.code == SNT_CODE_NOT_FOUND) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_NO_POLICY, "there is no file %s", path));
    return snt_err_hint(err, "a policy in SSM is fetched with: aws ssm get-parameter --with-decryption --name NAME "
                             "--query Parameter.Value --output text");
  }
  if (text.len > SNT_POLICY_CAP || (!snt_ok(status) && status.code != SNT_CODE_NO_MEMORY)) {
    struct snt_err inner = *err; /* an error is not its own argument */
    return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s", inner.message);
  }
  SNT_TRY(status);
  return snt_import_add(import, path, (struct snt_slice){snt_buf_borrow(&text), text.len}, err);
}

/* The policy ------------------------------------------------------------------------------------------------------- */

static void clear_job(struct snt_import_job *job) {
  free(job->names);
  free(job->approvals);
}

static void clear_rules(struct snt_import_rules *rules) { free(rules->list); }

/* "Imported from access policy prod.yaml and ...": what the file begins with. */
static snt_status describe(const struct snt_import *import, struct snt_buf *out, struct snt_err *err) {
  SNT_TRY(snt_buf_append_str(out, "Imported by `sentinel policy import` from", err));
  for (size_t i = 0, count = 0; i < SNT_IMPORT_FILES_MAX; i++) {
    if (import->files[i].doc != NULL) {
      SNT_TRY(snt_buf_appendf(out, err, "%s %s ", count++ == 0 ? "" : ",", KIND_NAMES[i]));
      SNT_TRY(snt_import_clean(import->files[i].name, 1000, out, err));
    }
  }
  return snt_done();
}

static snt_status write_rules(struct snt_import_job *job) {
  SNT_CLEANUP(clear_rules) struct snt_import_rules rules = {0};
  SNT_TRY(snt_import_read_access(job, &rules));
  SNT_TRY(snt_import_read_approvals(job, &rules));
  SNT_TRY(snt_import_put_rate_limits(job));
  return snt_import_put_access(job, &rules);
}

/* A policy has a rule at least: what grants nothing denies. */
static snt_status write_nothing(struct snt_import_job *job) {
  struct snt_import_rule rule = {.place = job->writer.place};
  struct snt_import_remark remark = {job->writer.place, true, "nothing is left of the others"};
  SNT_TRY(snt_import_take_name(job, "nothing-is-granted", "", &rule.name));
  SNT_TRY(snt_import_tell(job, &remark, "rule \"%s\" denies everything", rule.name.text));
  return snt_import_put_rule(job, &rule, "", "deny", NULL);
}

snt_status snt_import_write(struct snt_import *import, enum snt_policy_kind kind, struct snt_err *err) {
  if (import->files[SNT_IMPORT_ACCESS].doc == NULL && import->files[SNT_IMPORT_BREAK_GLASS].doc == NULL) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "nothing in these files grants anything"));
    return snt_err_hint(err, "name the access policy too: approvals and rate limits belong to its rules");
  }
  SNT_CLEANUP(clear_job) struct snt_import_job job = {.import = import, .err = err};
  SNT_BUF_AUTO struct snt_buf about = {0};
  SNT_TRY(describe(import, &about, err));
  snt_import_writer_begin(&job.writer, import, kind == SNT_POLICY_KIND_LUA, about.data, err);
  SNT_TRY(write_rules(&job));
  SNT_TRY(job.writer.rule_count == 0 ? write_nothing(&job) : snt_done());
  return snt_import_writer_end(&job.writer);
}

const struct snt_import_place *snt_import_origin(const struct snt_import *import, size_t line) {
  return line >= 1 && line <= import->origin_count ? &import->origins[line - 1] : NULL;
}
