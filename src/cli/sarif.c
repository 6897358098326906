#include "cli/sarif.h"

#include <stdio.h>
#include <string.h>

#include "format/uri.h"
#include "snt_build_id.h"

static void put_message(struct snt_json_writer *writer, const char *key, const char *text) {
  snt_json_begin_object(writer, key);
  snt_json_put_string(writer, "text", text);
  snt_json_end_object(writer);
}

static const char *level_of(enum snt_lint_check check) { return SNT_LINT_TABLE[check].is_error ? "error" : "warning"; }

const char SNT_SARIF_INVALID[] = "policy-invalid";

static void put_rule(struct snt_json_writer *writer, const struct snt_lint_row *row) {
  snt_json_begin_object(writer, NULL);
  snt_json_put_string(writer, "id", row->name);
  put_message(writer, "shortDescription", row->meaning);
  put_message(writer, "help", row->remedy);
  snt_json_begin_object(writer, "defaultConfiguration");
  snt_json_put_string(writer, "level", row->is_error ? "error" : "warning");
  snt_json_end_object(writer);
  snt_json_end_object(writer);
}

/* Those of the table under their numbers, and behind them the one of refused policies. */
static void put_rules(struct snt_json_writer *writer) {
  static const struct snt_lint_row invalid = {
      SNT_SARIF_INVALID, true, "the policy is refused: nothing is allowed by it", "mend what the message names"};
  snt_json_begin_array(writer, "rules");
  for (int i = 0; i < SNT_LINT_CHECK_COUNT; i++) {
    put_rule(writer, &SNT_LINT_TABLE[i]);
  }
  put_rule(writer, &invalid);
  snt_json_end_array(writer);
}

static void put_tool(struct snt_json_writer *writer) {
  snt_json_begin_object(writer, "tool");
  snt_json_begin_object(writer, "driver");
  snt_json_put_string(writer, "name", "sentinel");
  snt_json_put_string(writer, "version", SNT_VERSION);
  put_rules(writer);
  snt_json_end_object(writer);
  snt_json_end_object(writer);
}

static void put_notification(struct snt_json_writer *writer, const char *level, const char *text) {
  snt_json_begin_object(writer, NULL);
  snt_json_put_string(writer, "level", level);
  put_message(writer, "message", text);
  snt_json_end_object(writer);
}

static void put_invocation(struct snt_json_writer *writer, const struct snt_lint *reports, size_t count,
                           bool has_refused) {
  bool is_complete = !has_refused;
  snt_json_begin_array(writer, "invocations");
  snt_json_begin_object(writer, NULL);
  snt_json_begin_array(writer, "toolExecutionNotifications");
  if (has_refused) {
    put_notification(writer, "error", "a policy is refused, and was not looked at further");
  }
  for (size_t i = 0; i < count; i++) {
    if (!reports[i].is_complete) {
      is_complete = false;
      put_notification(writer, "error", "a policy is too large to be looked at completely");
    }
    if (reports[i].left_out > 0) {
      put_notification(writer, "warning", "more was found in a policy than is reported");
    }
  }
  snt_json_end_array(writer);
  snt_json_put_bool(writer, "executionSuccessful", is_complete);
  snt_json_end_object(writer);
  snt_json_end_array(writer);
}

/* Where something is; column 0 and rule NULL: not known. */
struct place {
  const char *file, *rule;
  int64_t line, column;
};

static snt_status put_location(struct snt_json_writer *writer, const struct place *place, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf uri = {0};
  SNT_TRY(snt_buf_append_str(&uri, place->file[0] == '/' ? "file://" : "", err));
  SNT_TRY(snt_uri_encode(snt_slice_of(place->file), true, &uri, err));
  snt_json_begin_array(writer, "locations");
  snt_json_begin_object(writer, NULL);
  snt_json_begin_object(writer, "physicalLocation");
  snt_json_begin_object(writer, "artifactLocation");
  snt_json_put_string(writer, "uri", snt_buf_borrow(&uri));
  snt_json_end_object(writer);
  snt_json_begin_object(writer, "region");
  snt_json_put_integer(writer, "startLine", place->line);
  if (place->column > 0) {
    snt_json_put_integer(writer, "startColumn", place->column);
  }
  snt_json_end_object(writer);
  snt_json_end_object(writer);
  if (place->rule != NULL) {
    snt_json_begin_array(writer, "logicalLocations");
    snt_json_begin_object(writer, NULL);
    snt_json_put_string(writer, "name", place->rule);
    snt_json_put_string(writer, "kind", "rule");
    snt_json_end_object(writer);
    snt_json_end_array(writer);
  }
  snt_json_end_object(writer);
  snt_json_end_array(writer);
  return snt_done();
}

static snt_status put_result(struct snt_json_writer *writer, const struct snt_lint_problem *problem,
                             struct snt_err *err) {
  snt_json_begin_object(writer, NULL);
  snt_json_put_string(writer, "ruleId", SNT_LINT_TABLE[problem->check].name);
  snt_json_put_integer(writer, "ruleIndex", (int64_t)problem->check);
  snt_json_put_string(writer, "level", level_of(problem->check));
  put_message(writer, "message", problem->message);
  const struct place place = {.file = problem->file, .rule = problem->rule, .line = problem->line};
  SNT_TRY(put_location(writer, &place, err));
  snt_json_end_object(writer);
  return snt_done();
}

static snt_status put_refusal(struct snt_json_writer *writer, const struct snt_json_value *problem,
                              struct snt_err *err) {
  const char *message = snt_json_string(snt_json_get(problem, "message"), NULL);
  struct place place = {.file = snt_json_string(snt_json_get(problem, "file"), NULL)};
  (void)snt_json_integer(snt_json_get(problem, "line"), &place.line);
  (void)snt_json_integer(snt_json_get(problem, "column"), &place.column);
  place.file = place.file == NULL ? "" : place.file;
  place.line = place.line < 1 ? 1 : place.line;
  snt_json_begin_object(writer, NULL);
  snt_json_put_string(writer, "ruleId", SNT_SARIF_INVALID);
  snt_json_put_integer(writer, "ruleIndex", SNT_LINT_CHECK_COUNT);
  snt_json_put_string(writer, "level", "error");
  put_message(writer, "message", message == NULL ? "" : message);
  SNT_TRY(put_location(writer, &place, err));
  snt_json_end_object(writer);
  return snt_done();
}

static snt_status put_results(struct snt_json_writer *writer, const struct snt_lint *reports, size_t count,
                              const struct snt_json_value *refused, struct snt_err *err) {
  snt_json_begin_array(writer, "results");
  for (size_t i = 0; i < snt_json_count(refused); i++) {
    SNT_TRY(put_refusal(writer, snt_json_at(refused, i), err));
  }
  for (size_t i = 0; i < count; i++) {
    for (size_t k = 0; k < reports[i].count; k++) {
      SNT_TRY(put_result(writer, &reports[i].problems[k], err));
    }
  }
  snt_json_end_array(writer);
  return snt_done();
}

snt_status snt_sarif_format(const struct snt_lint *reports, size_t count, const struct snt_json_value *refused,
                            struct snt_buf *out, struct snt_err *err) {
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, out, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_string(&writer, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
  snt_json_put_string(&writer, "version", "2.1.0");
  snt_json_begin_array(&writer, "runs");
  snt_json_begin_object(&writer, NULL);
  put_tool(&writer);
  put_invocation(&writer, reports, count, snt_json_count(refused) > 0);
  snt_json_put_string(&writer, "columnKind", "unicodeCodePoints");
  SNT_TRY(put_results(&writer, reports, count, refused, err));
  snt_json_end_object(&writer);
  snt_json_end_array(&writer);
  snt_json_end_object(&writer);
  return snt_json_finish(&writer);
}
