#include "cli/report_lines.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

void snt_report_files_clear(struct snt_report_files *files) {
  for (size_t i = 0; i < files->count; i++) {
    free(files->list[i].path);
    free((void *)files->list[i].points);
  }
  free(files->list);
  memset(files, 0, sizeof *files);
}

/* "policies/dev.yaml" of "./policies/dev.yaml" and of "/here/policies/dev.yaml". */
static char *make_relative(const char *path) {
  char here[4096] = "";
  size_t len = getcwd(here, sizeof here - 1) == NULL ? 0 : strlen(here);
  if (len > 1 && strncmp(path, here, len) == 0 && path[len] == '/') {
    path += len + 1;
  }
  while (path[0] == '.' && path[1] == '/') {
    path += 2 + strspn(path + 2, "/");
  }
  return snt_str_dup(path);
}

static int compare_points(const void *a, const void *b) {
  const struct snt_coverage_point *left = *(const struct snt_coverage_point *const *)a;
  const struct snt_coverage_point *right = *(const struct snt_coverage_point *const *)b;
  if (left->line != right->line) {
    return left->line < right->line ? -1 : 1;
  }
  return left < right ? -1 : left > right ? 1 : 0;
}

static bool is_told(const struct snt_coverage_point *point) {
  return snt_coverage_is_rule(point) || snt_coverage_is_condition(point);
}

static snt_status take_file(const struct snt_coverage_policy *policy, int64_t number, struct snt_report_file *out,
                            struct snt_err *err) {
  out->path = make_relative(policy->file_count > 0 ? policy->files[number] : policy->path);
  out->points = calloc(policy->count + 1, sizeof *out->points);
  if (out->path == NULL || out->points == NULL) {
    return snt_fail_memory(err);
  }
  const char *slash = strrchr(out->path, '/');
  out->folder_len = slash == NULL ? 0 : (size_t)(slash - out->path) + 1;
  for (size_t i = 0; i < policy->count; i++) {
    if (policy->points[i].file == number && is_told(&policy->points[i])) {
      out->points[out->count++] = &policy->points[i];
    }
  }
  qsort((void *)out->points, out->count, sizeof *out->points, compare_points);
  return snt_done();
}

static bool has_points(const struct snt_coverage_policy *policy, int64_t file) {
  for (size_t i = 0; i < policy->count; i++) {
    if (policy->points[i].file == file && is_told(&policy->points[i])) {
      return true;
    }
  }
  return false;
}

/* By folders, then by names: those of one folder stand together. */
static int compare_files(const void *a, const void *b) {
  const struct snt_report_file *left = a, *right = b;
  size_t shared = left->folder_len < right->folder_len ? left->folder_len : right->folder_len;
  int order = memcmp(left->path, right->path, shared);
  if (order == 0 && left->folder_len != right->folder_len) {
    return left->folder_len < right->folder_len ? -1 : 1;
  }
  return order != 0 ? order : strcmp(left->path + shared, right->path + shared);
}

static snt_status take_policy(const struct snt_coverage_policy *policy, struct snt_report_files *files,
                              struct snt_err *err) {
  size_t count = policy->file_count == 0 ? 1 : policy->file_count;
  struct snt_report_file *list = realloc(files->list, (files->count + count) * sizeof *list);
  if (list == NULL) {
    return snt_fail_memory(err);
  }
  files->list = list;
  for (size_t i = 0; i < count; i++) {
    if (has_points(policy, (int64_t)i)) {
      list[files->count] = (struct snt_report_file){0};
      SNT_TRY(take_file(policy, (int64_t)i, &list[files->count++], err));
    }
  }
  return snt_done();
}

snt_status snt_report_find_files(const struct snt_coverage *coverage, struct snt_report_files *out,
                                 struct snt_err *err) {
  SNT_REPORT_FILES_AUTO struct snt_report_files files = {0};
  *out = files;
  for (size_t i = 0; i < coverage->count; i++) {
    SNT_TRY(take_policy(&coverage->policies[i], &files, err));
  }
  if (files.count > 0) {
    qsort(files.list, files.count, sizeof *files.list, compare_files);
  }
  *out = files;
  files = (struct snt_report_files){0}; /* ownership went to out */
  return snt_done();
}

bool snt_report_line_at(const struct snt_report_file *file, size_t start, struct snt_report_line *out) {
  if (start >= file->count) {
    return false;
  }
  *out = (struct snt_report_line){.number = file->points[start]->line, .points = &file->points[start]};
  while (start + out->count < file->count && file->points[start + out->count]->line == out->number) {
    uint64_t times = snt_coverage_times(file->points[start + out->count]);
    out->hits = times > out->hits ? times : out->hits;
    out->count++;
  }
  return true;
}

void snt_report_add_line(struct snt_report_rates *rates, const struct snt_report_line *line) {
  rates->lines++;
  rates->lines_hit += line->hits > 0 ? 1 : 0;
  for (size_t i = 0; i < line->count; i++) {
    const struct snt_coverage_point *point = line->points[i];
    size_t was_true = point->counts[SNT_OUTCOME_TRUE] > 0 ? 1 : 0;
    size_t was_false = point->counts[SNT_OUTCOME_FALSE] > 0 ? 1 : 0;
    if (snt_coverage_is_rule(point)) {
      rates->rules++;
      rates->rules_hit += was_true;
    } else {
      rates->branches += 2;
      rates->branches_hit += was_true + was_false;
    }
  }
}

void snt_report_add_rates(struct snt_report_rates *rates, const struct snt_report_rates *more) {
  rates->lines += more->lines;
  rates->lines_hit += more->lines_hit;
  rates->branches += more->branches;
  rates->branches_hit += more->branches_hit;
  rates->rules += more->rules;
  rates->rules_hit += more->rules_hit;
}

struct snt_report_rates snt_report_rate_file(const struct snt_report_file *file) {
  struct snt_report_rates rates = {0};
  struct snt_report_line line;
  for (size_t at = 0; snt_report_line_at(file, at, &line); at += line.count) {
    snt_report_add_line(&rates, &line);
  }
  return rates;
}
