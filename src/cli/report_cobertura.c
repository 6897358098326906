/* Cobertura's XML (coverage-04.dtd): a package for each folder, a class for each file, a method for each rule. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "cli/report_coverage.h"
#include "cli/report_lines.h"
#include "cli/report_xml.h"

/* "0.5"; of nothing it is all. */
static snt_status append_rate(struct snt_buf *text, const char *name, size_t hit, size_t all, struct snt_err *err) {
  return snt_buf_appendf(text, err, " %s=\"%.4g\"", name, all == 0 ? 1.0 : (double)hit / (double)all);
}

static snt_status append_rates(struct snt_buf *text, const struct snt_report_rates *rates, struct snt_err *err) {
  SNT_TRY(append_rate(text, "line-rate", rates->lines_hit, rates->lines, err));
  return append_rate(text, "branch-rate", rates->branches_hit, rates->branches, err);
}

static snt_status print_conditions(struct snt_buf *text, const struct snt_report_line *line, struct snt_err *err) {
  size_t number = 0;
  SNT_TRY(snt_buf_append_str(text, "<conditions>", err));
  for (size_t i = 0; i < line->count; i++) {
    const struct snt_coverage_point *point = line->points[i];
    if (snt_coverage_is_condition(point)) {
      int seen = (point->counts[SNT_OUTCOME_TRUE] > 0 ? 50 : 0) + (point->counts[SNT_OUTCOME_FALSE] > 0 ? 50 : 0);
      SNT_TRY(snt_buf_appendf(text, err, "<condition number=\"%zu\" type=\"jump\" coverage=\"%d%%\"/>", number, seen));
      number++;
    }
  }
  return snt_buf_append_str(text, "</conditions>", err);
}

static snt_status print_line(struct snt_buf *text, const struct snt_report_line *line, const char *indent,
                             struct snt_err *err) {
  struct snt_report_rates rates = {0};
  snt_report_add_line(&rates, line);
  SNT_TRY(snt_buf_appendf(text, err, "%s<line number=\"%lld\" hits=\"%llu\" branch=", indent, (long long)line->number,
                          (unsigned long long)line->hits));
  if (rates.branches == 0) {
    return snt_buf_append_str(text, "\"false\"/>\n", err);
  }
  SNT_TRY(snt_buf_appendf(text, err, "\"true\" condition-coverage=\"%zu%% (%zu/%zu)\">",
                          rates.branches_hit * 100 / rates.branches, rates.branches_hit, rates.branches));
  SNT_TRY(print_conditions(text, line, err));
  return snt_buf_append_str(text, "</line>\n", err);
}

/* The points of one rule, itself first: they stand in the order of the policy, not of the lines. */
static struct snt_report_file select_rule(const struct snt_report_file *file, const struct snt_coverage_point *rule,
                                          const struct snt_coverage_point **points) {
  struct snt_report_file own = {.points = points};
  for (size_t i = 0; i < file->count; i++) {
    if (strcmp(file->points[i]->rule, rule->rule) == 0) {
      points[own.count++] = file->points[i];
    }
  }
  return own;
}

static snt_status print_lines(struct snt_buf *text, const struct snt_report_file *file, const char *indent,
                              struct snt_err *err) {
  struct snt_report_line line;
  SNT_TRY(snt_buf_appendf(text, err, "%s<lines>\n", indent));
  for (size_t at = 0; snt_report_line_at(file, at, &line); at += line.count) {
    char deeper[32];
    (void)snprintf(deeper, sizeof deeper, "%s  ", indent);
    SNT_TRY(print_line(text, &line, deeper, err));
  }
  return snt_buf_appendf(text, err, "%s</lines>\n", indent);
}

static snt_status print_methods(struct snt_buf *text, const struct snt_report_file *file,
                                const struct snt_coverage_point **points, struct snt_err *err) {
  SNT_TRY(snt_buf_append_str(text, "          <methods>\n", err));
  for (size_t i = 0; i < file->count; i++) {
    if (!snt_coverage_is_rule(file->points[i])) {
      continue;
    }
    struct snt_report_file own = select_rule(file, file->points[i], points);
    struct snt_report_rates rates = snt_report_rate_file(&own);
    SNT_TRY(snt_buf_append_str(text, "            <method", err));
    SNT_TRY(snt_report_xml_attribute(text, "name", file->points[i]->rule, err));
    SNT_TRY(snt_buf_append_str(text, " signature=\"()\"", err));
    SNT_TRY(append_rates(text, &rates, err));
    SNT_TRY(snt_buf_append_str(text, " complexity=\"0\">\n", err));
    SNT_TRY(print_lines(text, &own, "              ", err));
    SNT_TRY(snt_buf_append_str(text, "            </method>\n", err));
  }
  return snt_buf_append_str(text, "          </methods>\n", err);
}

static snt_status print_class(struct snt_buf *text, const struct snt_report_file *file, struct snt_err *err) {
  struct snt_report_rates rates = snt_report_rate_file(file);
  SNT_FREE_AUTO const struct snt_coverage_point **points = calloc(file->count + 1, sizeof *points);
  if (points == NULL) {
    return snt_fail_memory(err);
  }
  SNT_TRY(snt_buf_append_str(text, "        <class", err));
  SNT_TRY(snt_report_xml_attribute(text, "name", file->path + file->folder_len, err));
  SNT_TRY(snt_report_xml_attribute(text, "filename", file->path, err));
  SNT_TRY(append_rates(text, &rates, err));
  SNT_TRY(snt_buf_append_str(text, " complexity=\"0\">\n", err));
  SNT_TRY(print_methods(text, file, points, err));
  SNT_TRY(print_lines(text, file, "          ", err));
  return snt_buf_append_str(text, "        </class>\n", err);
}

static bool is_same_folder(const struct snt_report_file *a, const struct snt_report_file *b) {
  return a->folder_len == b->folder_len && memcmp(a->path, b->path, a->folder_len) == 0;
}

/* "policies.prod" of "policies/prod/dev.yaml", "." of "dev.yaml". */
static snt_status append_package(struct snt_buf *text, const struct snt_report_file *file, struct snt_err *err) {
  SNT_FREE_AUTO char *name = snt_str_dup_slice((struct snt_slice){file->path, file->folder_len});
  if (name == NULL) {
    return snt_fail_memory(err);
  }
  for (size_t i = 0; i < file->folder_len; i++) {
    name[i] = name[i] == '/' ? '.' : name[i];
  }
  if (file->folder_len > 1) {
    name[file->folder_len - 1] = '\0';
  }
  return snt_report_xml_attribute(text, "name", name[0] == '\0' ? "." : name, err);
}

/* The files of one folder, from `start` on; *end is where the next one begins. */
static snt_status print_package(struct snt_buf *text, const struct snt_report_files *files, size_t start, size_t *end,
                                struct snt_err *err) {
  struct snt_report_rates rates = {0};
  for (*end = start; *end < files->count && is_same_folder(&files->list[start], &files->list[*end]); *end += 1) {
    struct snt_report_rates more = snt_report_rate_file(&files->list[*end]);
    snt_report_add_rates(&rates, &more);
  }
  SNT_TRY(snt_buf_append_str(text, "    <package", err));
  SNT_TRY(append_package(text, &files->list[start], err));
  SNT_TRY(append_rates(text, &rates, err));
  SNT_TRY(snt_buf_append_str(text, " complexity=\"0\">\n      <classes>\n", err));
  for (size_t i = start; i < *end; i++) {
    SNT_TRY(print_class(text, &files->list[i], err));
  }
  return snt_buf_append_str(text, "      </classes>\n    </package>\n", err);
}

static snt_status print_head(struct snt_buf *text, const struct snt_report_files *files, struct snt_err *err) {
  struct snt_report_rates all = {0};
  for (size_t i = 0; i < files->count; i++) {
    struct snt_report_rates more = snt_report_rate_file(&files->list[i]);
    snt_report_add_rates(&all, &more);
  }
  SNT_TRY(snt_buf_append_str(text,
                             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                             "<!DOCTYPE coverage SYSTEM "
                             "\"http://cobertura.sourceforge.net/xml/coverage-04.dtd\">\n<coverage",
                             err));
  SNT_TRY(append_rates(text, &all, err));
  SNT_TRY(snt_buf_appendf(text, err,
                          " lines-covered=\"%zu\" lines-valid=\"%zu\" branches-covered=\"%zu\" branches-valid=\"%zu\""
                          " complexity=\"0\" version=\"1\" timestamp=\"%lld\">\n",
                          all.lines_hit, all.lines, all.branches_hit, all.branches, (long long)snt_clock_wall_ms()));
  return snt_buf_append_str(text, "  <sources>\n    <source>.</source>\n  </sources>\n  <packages>\n", err);
}

snt_status snt_report_end_cobertura(struct snt_report *report, const struct snt_report_totals *totals,
                                    struct snt_err *err) {
  SNT_REPORT_FILES_AUTO struct snt_report_files files = {0};
  struct snt_buf *text = &report->text;
  SNT_TRY(snt_report_find_files(totals->coverage, &files, err));
  SNT_TRY(print_head(text, &files, err));
  for (size_t at = 0, end = 0; at < files.count; at = end) {
    SNT_TRY(print_package(text, &files, at, &end, err));
  }
  return snt_buf_append_str(text, "  </packages>\n</coverage>\n", err);
}
