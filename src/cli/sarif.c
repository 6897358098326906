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

static void put_rules(struct snt_json_writer *writer) {
  snt_json_begin_array(writer, "rules");
  for (int i = 0; i < SNT_LINT_CHECK_COUNT; i++) {
    snt_json_begin_object(writer, NULL);
    snt_json_put_string(writer, "id", SNT_LINT_TABLE[i].name);
    put_message(writer, "shortDescription", SNT_LINT_TABLE[i].meaning);
    put_message(writer, "help", SNT_LINT_TABLE[i].remedy);
    snt_json_begin_object(writer, "defaultConfiguration");
    snt_json_put_string(writer, "level", level_of((enum snt_lint_check)i));
    snt_json_end_object(writer);
    snt_json_end_object(writer);
  }
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

static void put_invocation(struct snt_json_writer *writer, const struct snt_lint *reports, size_t count) {
  bool is_complete = true;
  snt_json_begin_array(writer, "invocations");
  snt_json_begin_object(writer, NULL);
  snt_json_begin_array(writer, "toolExecutionNotifications");
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

static snt_status put_location(struct snt_json_writer *writer, const struct snt_lint_problem *problem,
                               struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf uri = {0};
  SNT_TRY(snt_buf_append_str(&uri, problem->file[0] == '/' ? "file://" : "", err));
  SNT_TRY(snt_uri_encode(snt_slice_of(problem->file), true, &uri, err));
  snt_json_begin_array(writer, "locations");
  snt_json_begin_object(writer, NULL);
  snt_json_begin_object(writer, "physicalLocation");
  snt_json_begin_object(writer, "artifactLocation");
  snt_json_put_string(writer, "uri", snt_buf_borrow(&uri));
  snt_json_end_object(writer);
  snt_json_begin_object(writer, "region");
  snt_json_put_integer(writer, "startLine", problem->line);
  snt_json_end_object(writer);
  snt_json_end_object(writer);
  snt_json_begin_array(writer, "logicalLocations");
  snt_json_begin_object(writer, NULL);
  snt_json_put_string(writer, "name", problem->rule);
  snt_json_put_string(writer, "kind", "rule");
  snt_json_end_object(writer);
  snt_json_end_array(writer);
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
  SNT_TRY(put_location(writer, problem, err));
  snt_json_end_object(writer);
  return snt_done();
}

static snt_status put_results(struct snt_json_writer *writer, const struct snt_lint *reports, size_t count,
                              struct snt_err *err) {
  snt_json_begin_array(writer, "results");
  for (size_t i = 0; i < count; i++) {
    for (size_t k = 0; k < reports[i].count; k++) {
      SNT_TRY(put_result(writer, &reports[i].problems[k], err));
    }
  }
  snt_json_end_array(writer);
  return snt_done();
}

snt_status snt_sarif_format(const struct snt_lint *reports, size_t count, struct snt_buf *out, struct snt_err *err) {
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, out, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_string(&writer, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
  snt_json_put_string(&writer, "version", "2.1.0");
  snt_json_begin_array(&writer, "runs");
  snt_json_begin_object(&writer, NULL);
  put_tool(&writer);
  put_invocation(&writer, reports, count);
  snt_json_put_string(&writer, "columnKind", "unicodeCodePoints");
  SNT_TRY(put_results(&writer, reports, count, err));
  snt_json_end_object(&writer);
  snt_json_end_array(&writer);
  snt_json_end_object(&writer);
  return snt_json_finish(&writer);
}
