#include "cli/report_coverage.h"

#include <string.h>

#include "cli/common.h"
#include "policy/coverage_plugins.h"
#include "policy/coverage_why.h"

/* What has to be seen of a plugin. Unknown is counted too, but no plugin makes that itself. */
static const struct {
  enum snt_outcome outcome;
  const char *word, *never, *key;
} PLUGIN_ROWS[] = {{SNT_OUTCOME_TRUE, "held", "never held", "held"},
                   {SNT_OUTCOME_FALSE, "did not hold", "never not held", "not_held"},
                   {SNT_OUTCOME_FAILED, "failed", "never failed", "failed"},
                   {SNT_OUTCOME_LATE, "timed out", "never timed out", "timed_out"}};
enum { PLUGIN_ROW_COUNT = sizeof PLUGIN_ROWS / sizeof PLUGIN_ROWS[0] };

static const char *file_of(const struct snt_coverage_policy *policy, const struct snt_coverage_point *point) {
  return policy->file_count > 0 ? policy->files[point->file] : policy->path;
}

/* For people. */

/* "held, did not hold; never failed, never timed out" */
static snt_status print_outcomes(struct snt_buf *text, const uint64_t counts[SNT_OUTCOME_COUNT], struct snt_err *err) {
  const char *before = "";
  for (int i = 0; i < PLUGIN_ROW_COUNT; i++) {
    if (counts[PLUGIN_ROWS[i].outcome] > 0) {
      SNT_TRY(snt_buf_appendf(text, err, "%s%s", before, PLUGIN_ROWS[i].word));
      before = ", ";
    }
  }
  before = before[0] == '\0' ? "" : "; ";
  for (int i = 0; i < PLUGIN_ROW_COUNT; i++) {
    if (counts[PLUGIN_ROWS[i].outcome] == 0) {
      SNT_TRY(snt_buf_appendf(text, err, "%s%s", before, PLUGIN_ROWS[i].never));
      before = ", ";
    }
  }
  return snt_buf_append_char(text, '\n', err);
}

/* Each condition of a policy that uses the plugin. */
static snt_status print_uses(struct snt_buf *text, const struct snt_coverage *coverage, const char *plugin,
                             struct snt_err *err) {
  for (size_t i = 0; i < coverage->count; i++) {
    const struct snt_coverage_policy *policy = &coverage->policies[i];
    for (size_t k = 0; k < policy->count; k++) {
      const struct snt_coverage_point *point = &policy->points[k];
      if (point->is_plugin && point->depth > 0 && strcmp(point->kind, plugin) == 0) {
        SNT_TRY(snt_buf_append_str(text, "  ", err));
        SNT_TRY(snt_cli_print_clean(text, file_of(policy, point), err));
        SNT_TRY(snt_buf_appendf(text, err, ":%lld: %s: %s ", (long long)point->line, point->rule, point->condition));
        SNT_TRY(print_outcomes(text, point->counts, err));
      }
    }
  }
  return snt_done();
}

static snt_status print_plugins(struct snt_buf *text, const struct snt_coverage *coverage, struct snt_err *err) {
  SNT_COVERAGE_PLUGINS_AUTO struct snt_coverage_plugins plugins = {0};
  SNT_TRY(snt_coverage_find_plugins(coverage, &plugins, err));
  for (size_t i = 0; i < plugins.count; i++) {
    SNT_TRY(snt_buf_appendf(text, err, "plugin %s: ", plugins.list[i].name));
    SNT_TRY(print_outcomes(text, plugins.list[i].counts, err));
    SNT_TRY(print_uses(text, coverage, plugins.list[i].name, err));
  }
  return snt_done();
}

static snt_status print_point(struct snt_buf *text, const struct snt_coverage_policy *policy, size_t number,
                              struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf why = {0};
  const struct snt_coverage_point *point = &policy->points[number];
  SNT_TRY(snt_coverage_explain(policy, number, &why, err));
  SNT_TRY(snt_buf_append_str(text, "  ", err));
  SNT_TRY(snt_cli_print_clean(text, file_of(policy, point), err));
  return snt_buf_appendf(text, err, ":%lld: %s%s%s%s%s%s%s\n", (long long)point->line, point->rule,
                         point->condition[0] == '\0' ? "" : ": ", point->condition,
                         point->rule[0] == '\0' ? "" : " was ", snt_coverage_missing(point), why.len == 0 ? "" : ": ",
                         snt_buf_borrow(&why));
}

/* What was never seen, a line each; a rule that was never reached stands for its conditions. */
static snt_status print_uncovered(struct snt_buf *text, const struct snt_coverage_policy *policy, struct snt_err *err) {
  bool is_rule_reached = true;
  for (size_t i = 0; i < policy->count; i++) {
    const struct snt_coverage_point *point = &policy->points[i];
    is_rule_reached = snt_coverage_is_condition(point) ? is_rule_reached : snt_coverage_times(point) > 0;
    if (snt_coverage_missing(point)[0] != '\0' && (is_rule_reached || !snt_coverage_is_condition(point))) {
      SNT_TRY(print_point(text, policy, i, err));
    }
  }
  if (policy->left_out > 0) {
    SNT_TRY(snt_buf_append_str(text, "  ", err));
    SNT_TRY(snt_cli_print_clean(text, policy->path, err));
    SNT_TRY(snt_buf_appendf(text, err, ": %lld more rules and conditions are not counted: the policy has too many\n",
                            (long long)policy->left_out));
  }
  return snt_done();
}

snt_status snt_report_print_coverage(struct snt_buf *text, const struct snt_coverage *coverage, struct snt_err *err) {
  struct snt_coverage_totals totals = snt_coverage_count(coverage);
  SNT_TRY(snt_buf_appendf(text, err, "coverage: %zu of %zu rules matched, %zu of %zu conditions were true and false\n",
                          totals.rules_matched, totals.rules, totals.conditions_seen, totals.conditions));
  for (size_t i = 0; i < coverage->count; i++) {
    SNT_TRY(print_uncovered(text, &coverage->policies[i], err));
  }
  return print_plugins(text, coverage, err);
}

/* JSON. */

static snt_status put_point(struct snt_json_writer *writer, const struct snt_coverage_policy *policy, size_t number,
                            struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf why = {0};
  const struct snt_coverage_point *point = &policy->points[number];
  SNT_TRY(snt_coverage_explain(policy, number, &why, err));
  snt_json_begin_object(writer, NULL);
  snt_json_put_string(writer, "policy", policy->path);
  snt_json_put_string(writer, "file", file_of(policy, point));
  snt_json_put_integer(writer, "line", point->line);
  snt_json_put_string(writer, "rule", point->rule);
  snt_json_put_string(writer, "condition", point->condition[0] == '\0' ? NULL : point->condition);
  snt_json_put_string(writer, "missing", snt_coverage_missing(point));
  snt_json_put_string(writer, "why", why.len == 0 ? NULL : why.data);
  snt_json_end_object(writer);
  return snt_done();
}

static snt_status put_uncovered(struct snt_json_writer *writer, const struct snt_coverage *coverage,
                                struct snt_err *err) {
  snt_json_begin_array(writer, "uncovered");
  for (size_t i = 0; i < coverage->count; i++) {
    for (size_t k = 0; k < coverage->policies[i].count; k++) {
      bool is_missing = snt_coverage_missing(&coverage->policies[i].points[k])[0] != '\0';
      SNT_TRY(is_missing ? put_point(writer, &coverage->policies[i], k, err) : snt_done());
    }
  }
  snt_json_end_array(writer);
  return snt_done();
}

static void put_outcomes(struct snt_json_writer *writer, const uint64_t counts[SNT_OUTCOME_COUNT]) {
  for (int i = 0; i < PLUGIN_ROW_COUNT; i++) {
    snt_json_put_integer(writer, PLUGIN_ROWS[i].key, (int64_t)counts[PLUGIN_ROWS[i].outcome]);
  }
  snt_json_put_integer(writer, "unknown", (int64_t)counts[SNT_OUTCOME_UNKNOWN]);
  snt_json_begin_array(writer, "missing");
  for (int i = 0; i < PLUGIN_ROW_COUNT; i++) {
    if (counts[PLUGIN_ROWS[i].outcome] == 0) {
      snt_json_put_string(writer, NULL, PLUGIN_ROWS[i].key);
    }
  }
  snt_json_end_array(writer);
}

static void put_uses(struct snt_json_writer *writer, const struct snt_coverage *coverage, const char *plugin) {
  snt_json_begin_array(writer, "conditions");
  for (size_t i = 0; i < coverage->count; i++) {
    const struct snt_coverage_policy *policy = &coverage->policies[i];
    for (size_t k = 0; k < policy->count; k++) {
      const struct snt_coverage_point *point = &policy->points[k];
      if (point->is_plugin && point->depth > 0 && strcmp(point->kind, plugin) == 0) {
        snt_json_begin_object(writer, NULL);
        snt_json_put_string(writer, "policy", policy->path);
        snt_json_put_string(writer, "file", file_of(policy, point));
        snt_json_put_integer(writer, "line", point->line);
        snt_json_put_string(writer, "rule", point->rule);
        snt_json_put_string(writer, "condition", point->condition);
        put_outcomes(writer, point->counts);
        snt_json_end_object(writer);
      }
    }
  }
  snt_json_end_array(writer);
}

static snt_status put_plugins(struct snt_json_writer *writer, const struct snt_coverage *coverage,
                              struct snt_err *err) {
  SNT_COVERAGE_PLUGINS_AUTO struct snt_coverage_plugins plugins = {0};
  SNT_TRY(snt_coverage_find_plugins(coverage, &plugins, err));
  snt_json_begin_array(writer, "plugins");
  for (size_t i = 0; i < plugins.count; i++) {
    snt_json_begin_object(writer, NULL);
    snt_json_put_string(writer, "plugin", plugins.list[i].name);
    put_outcomes(writer, plugins.list[i].counts);
    snt_json_begin_object(writer, "own_spec");
    put_outcomes(writer, plugins.list[i].own);
    snt_json_end_object(writer);
    put_uses(writer, coverage, plugins.list[i].name);
    snt_json_end_object(writer);
  }
  snt_json_end_array(writer);
  return snt_done();
}

snt_status snt_report_put_coverage(struct snt_json_writer *writer, const struct snt_coverage *coverage,
                                   struct snt_err *err) {
  struct snt_coverage_totals totals = snt_coverage_count(coverage);
  snt_json_put_integer(writer, "rules", (int64_t)totals.rules);
  snt_json_put_integer(writer, "rules_matched", (int64_t)totals.rules_matched);
  snt_json_put_integer(writer, "conditions", (int64_t)totals.conditions);
  snt_json_put_integer(writer, "conditions_seen", (int64_t)totals.conditions_seen);
  SNT_TRY(put_uncovered(writer, coverage, err));
  return put_plugins(writer, coverage, err);
}
