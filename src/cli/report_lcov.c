/* LCOV's tracefile (geninfo(1)): a record for each file, a function for each rule, two branches for each condition. */
#include "cli/report_coverage.h"
#include "cli/report_lines.h"

static snt_status print_rules(struct snt_buf *text, const struct snt_report_file *file,
                              const struct snt_report_rates *rates, struct snt_err *err) {
  for (size_t i = 0; i < file->count; i++) {
    const struct snt_coverage_point *point = file->points[i];
    if (snt_coverage_is_rule(point)) {
      SNT_TRY(snt_buf_appendf(text, err, "FN:%lld,%s\nFNDA:%llu,%s\n", (long long)point->line, point->rule,
                              (unsigned long long)point->counts[SNT_OUTCOME_TRUE], point->rule));
    }
  }
  return snt_buf_appendf(text, err, "FNF:%zu\nFNH:%zu\n", rates->rules, rates->rules_hit);
}

/* Each condition is a block; its branch 0 is true, 1 false. "-": it was never evaluated. */
static snt_status print_branches(struct snt_buf *text, const struct snt_report_file *file,
                                 const struct snt_report_rates *rates, struct snt_err *err) {
  size_t block = 0;
  for (size_t i = 0; i < file->count; i++) {
    const struct snt_coverage_point *point = file->points[i];
    for (int branch = 0; snt_coverage_is_condition(point) && branch < 2; branch++) {
      uint64_t taken = point->counts[branch == 0 ? SNT_OUTCOME_TRUE : SNT_OUTCOME_FALSE];
      SNT_TRY(snt_buf_appendf(text, err, "BRDA:%lld,%zu,%d,", (long long)point->line, block, branch));
      SNT_TRY(snt_coverage_times(point) == 0 ? snt_buf_append_str(text, "-\n", err)
                                             : snt_buf_appendf(text, err, "%llu\n", (unsigned long long)taken));
    }
    block += snt_coverage_is_condition(point) ? 1 : 0;
  }
  return snt_buf_appendf(text, err, "BRF:%zu\nBRH:%zu\n", rates->branches, rates->branches_hit);
}

static snt_status print_lines(struct snt_buf *text, const struct snt_report_file *file,
                              const struct snt_report_rates *rates, struct snt_err *err) {
  struct snt_report_line line;
  for (size_t at = 0; snt_report_line_at(file, at, &line); at += line.count) {
    SNT_TRY(snt_buf_appendf(text, err, "DA:%lld,%llu\n", (long long)line.number, (unsigned long long)line.hits));
  }
  return snt_buf_appendf(text, err, "LF:%zu\nLH:%zu\n", rates->lines, rates->lines_hit);
}

snt_status snt_report_end_lcov(struct snt_report *report, const struct snt_report_totals *totals, struct snt_err *err) {
  SNT_REPORT_FILES_AUTO struct snt_report_files files = {0};
  struct snt_buf *text = &report->text;
  SNT_TRY(snt_report_find_files(totals->coverage, &files, err));
  for (size_t i = 0; i < files.count; i++) {
    const struct snt_report_file *file = &files.list[i];
    struct snt_report_rates rates = snt_report_rate_file(file);
    SNT_TRY(snt_buf_appendf(text, err, "TN:\nSF:%s\n", file->path));
    SNT_TRY(print_rules(text, file, &rates, err));
    SNT_TRY(print_branches(text, file, &rates, err));
    SNT_TRY(print_lines(text, file, &rates, err));
    SNT_TRY(snt_buf_append_str(text, "end_of_record\n", err));
  }
  return snt_done();
}
