/* sentinel policy import: policies of the older Go program as one of ours. The policy goes to stdout or into a file,
 * what changes in meaning to stderr. The evaluator has accepted it before it goes anywhere. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/command.h"
#include "cli/common.h"
#include "format/json.h"
#include "policy/import.h"

enum { MODE = 0644, NAMES_MAX = 5 };

struct importing {
  struct snt_import import;
  struct snt_lint lint;
  enum snt_policy_kind kind;
};

static void clear_importing(struct importing *importing) {
  snt_import_clear(&importing->import);
  snt_lint_clear(&importing->lint);
}

/* The form that the flags or the file's name ask for; both have to agree. */
static snt_status choose_kind(const struct snt_args *args, enum snt_policy_kind *out, struct snt_err *err) {
  const char *path = args->values[SNT_OPTION_OUT_POLICY];
  bool is_lua = snt_args_has(args, SNT_OPTION_LUA);
  bool is_yaml = snt_args_has(args, SNT_OPTION_YAML);
  if (is_lua && is_yaml) {
    return snt_fail(err, SNT_CODE_USAGE, "--lua and --yaml exclude each other");
  }
  bool is_lua_name = path != NULL && snt_str_ends_with(path, ".lua");
  bool is_yaml_name = path != NULL && (snt_str_ends_with(path, ".yaml") || snt_str_ends_with(path, ".yml"));
  if (path != NULL && ((!is_lua_name && !is_yaml_name) || (is_lua && is_yaml_name) || (is_yaml && is_lua_name))) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "--out %.200s: this is no name for the policy", path));
    return snt_err_hint(err, "a policy in Lua ends in .lua, one in YAML in .yaml or .yml");
  }
  *out = is_lua || is_lua_name ? SNT_POLICY_KIND_LUA : SNT_POLICY_KIND_YAML;
  return snt_done();
}

/* The evaluator's first problem, at the place of the older file that it comes from. */
static snt_status refuse(const struct snt_import *import, const struct snt_buf *problems, struct snt_err *err) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  int64_t line = 0;
  SNT_TRY(snt_json_parse(snt_buf_borrow(problems), problems->len, "the list of problems", &doc, err));
  const struct snt_json_value *first = snt_json_at(snt_json_root(doc), 0);
  const char *message = snt_json_string(snt_json_get(first, "message"), NULL);
  const char *hint = snt_json_string(snt_json_get(first, "hint"), NULL);
  (void)snt_json_integer(snt_json_get(first, "line"), &line);
  const struct snt_import_place *place = line < 1 ? NULL : snt_import_origin(import, (size_t)line);
  SNT_IGNORE(place == NULL
                 ? snt_fail(err, SNT_CODE_POLICY_INVALID, "the policy is refused: %s", message == NULL ? "" : message)
                 : snt_fail(err, SNT_CODE_POLICY_INVALID, "%s:%u:%u: %s", place->file, place->line, place->column,
                            message == NULL ? "" : message));
  return snt_err_hint(err, "%s", hint == NULL ? "" : hint);
}

static snt_status check(struct importing *importing, const char *name, struct snt_err *err) {
  struct snt_policy policy = {.kind = importing->kind, .text = importing->import.text}; /* which stays its owner */
  SNT_BUF_AUTO struct snt_buf problems = {0};
  (void)snprintf(policy.file_name, sizeof policy.file_name, "%s", name);
  snt_status status = snt_issue_lint_policy(&policy, &importing->lint, &problems, err);
  return status.code == SNT_CODE_POLICY_INVALID && problems.len > 2 ? refuse(&importing->import, &problems, err)
                                                                    : status;
}

static snt_status put_file(const struct snt_args *args, const struct snt_buf *text, struct snt_err *err) {
  const char *path = args->values[SNT_OPTION_OUT_POLICY];
  if (path == NULL) {
    return snt_done();
  }
  if (snt_args_has(args, SNT_OPTION_REPLACE)) {
    return snt_file_replace(path, text->data, text->len, MODE, err);
  }
  struct stat st;
  snt_status status = snt_file_put_new(path, text->data, text->len, MODE, err);
  return !snt_ok(status) && lstat(path, &st) == 0 ? snt_err_hint(err, "--force replaces it") : status;
}

/* What is told ------------------------------------------------------------------------------------------------------
 */

static void put_note(struct snt_json_writer *writer, const struct snt_import_note *note) {
  snt_json_begin_object(writer, NULL);
  snt_json_put_string(writer, "file", note->place.file);
  snt_json_put_integer(writer, "line", note->place.line);
  snt_json_put_string(writer, "change", note->change);
  snt_json_put_string(writer, "why", note->why);
  snt_json_end_object(writer);
}

static void put_problem(struct snt_json_writer *writer, const struct snt_lint_problem *problem) {
  snt_json_begin_object(writer, NULL);
  snt_json_put_string(writer, "check", SNT_LINT_TABLE[problem->check].name);
  snt_json_put_string(writer, "rule", problem->rule);
  snt_json_put_integer(writer, "line", problem->line);
  snt_json_put_string(writer, "message", problem->message);
  snt_json_end_object(writer);
}

static snt_status print_json(const struct importing *importing, struct snt_out *out, struct snt_err *err) {
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, &out->text, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_string(&writer, "policy", importing->import.text.data);
  snt_json_begin_array(&writer, "notes");
  for (size_t i = 0; i < importing->import.note_count; i++) {
    put_note(&writer, &importing->import.notes[i]);
  }
  snt_json_end_array(&writer);
  snt_json_begin_array(&writer, "lint");
  for (size_t i = 0; i < importing->lint.count; i++) {
    put_problem(&writer, &importing->lint.problems[i]);
  }
  snt_json_end_array(&writer);
  snt_json_end_object(&writer);
  SNT_TRY(snt_json_finish(&writer));
  return snt_out_text(out, "\n", err);
}

static snt_status describe_note(const struct snt_import_note *note, struct snt_buf *out, struct snt_err *err) {
  SNT_TRY(snt_cli_print_clean(out, note->place.file, err));
  SNT_TRY(snt_buf_appendf(out, err, ":%u: ", note->place.line));
  SNT_TRY(snt_cli_print_clean(out, note->change, err));
  SNT_TRY(snt_buf_append_str(out, "\n  ", err));
  SNT_TRY(snt_cli_print_clean(out, note->why, err));
  return snt_buf_append_str(out, "\n", err);
}

/* One line for each check that found something: `sentinel policy lint` has the rest. */
static snt_status describe_check(const struct snt_lint *lint, enum snt_lint_check check, struct snt_buf *out,
                                 struct snt_err *err) {
  const struct snt_lint_row *row = &SNT_LINT_TABLE[check];
  size_t count = 0;
  for (size_t i = 0; i < lint->count; i++) {
    if (lint->problems[i].check == check && count++ < NAMES_MAX) {
      SNT_TRY(count > 1 ? snt_done() : snt_buf_appendf(out, err, "lint: %s: %s", row->name, row->meaning));
      SNT_TRY(snt_buf_appendf(out, err, "%s \"%s\"", count == 1 ? ":" : ",", lint->problems[i].rule));
    }
  }
  SNT_TRY(count > NAMES_MAX ? snt_buf_appendf(out, err, " and %zu more", count - NAMES_MAX) : snt_done());
  return count == 0 ? snt_done() : snt_buf_appendf(out, err, "\n  %s\n", row->remedy);
}

static snt_status tell(const struct importing *importing, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  for (size_t i = 0; i < importing->import.note_count; i++) {
    SNT_TRY(describe_note(&importing->import.notes[i], &text, err));
  }
  for (int check = 0; check < SNT_LINT_CHECK_COUNT; check++) {
    SNT_TRY(describe_check(&importing->lint, (enum snt_lint_check)check, &text, err));
  }
  return snt_file_write_all(STDERR_FILENO, snt_buf_borrow(&text), text.len, err);
}

static snt_status print(const struct importing *importing, const struct snt_args *args, struct snt_out *out,
                        struct snt_err *err) {
  const char *path = args->values[SNT_OPTION_OUT_POLICY];
  if (snt_args_has(args, SNT_OPTION_JSON)) {
    return print_json(importing, out, err);
  }
  SNT_TRY(path == NULL ? snt_out_text(out, importing->import.text.data, err)
                       : snt_out_printf(out, err, "wrote    %s\n", path));
  return tell(importing, err);
}

snt_status snt_cmd_policy_import(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  SNT_CLEANUP(clear_importing) struct importing importing = {.import.zone = args->values[SNT_OPTION_TIMEZONE]};
  if (args->argument_count == 0) {
    return snt_fail(err, SNT_CODE_USAGE, "name at least one policy file of the older program");
  }
  SNT_TRY(choose_kind(args, &importing.kind, err));
  for (size_t i = 0; i < args->argument_count; i++) {
    SNT_TRY(snt_import_add_file(&importing.import, args->arguments[i], err));
  }
  SNT_TRY(snt_import_write(&importing.import, importing.kind, err));
  const char *path = args->values[SNT_OPTION_OUT_POLICY];
  SNT_TRY(check(&importing, path == NULL ? "policy" : path, err));
  SNT_TRY(put_file(args, &importing.import.text, err));
  return print(&importing, args, out, err);
}
