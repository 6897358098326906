/* cli/report_lines (layer 6): what was covered, by files and lines. */
#ifndef SNT_CLI_REPORT_LINES_H
#define SNT_CLI_REPORT_LINES_H

#include "policy/coverage.h"

/* A file of a policy, with what is written in it in the order of its lines. */
struct snt_report_file {
  char *path;                               /* relative to the working directory where it lies below it */
  size_t folder_len;                        /* how much of it names the folder, with the slash */
  const struct snt_coverage_point **points; /* rules and conditions; borrowed from the coverage */
  size_t count;
};

struct snt_report_files {
  struct snt_report_file *list; /* in the order of their folders */
  size_t count;
};
void snt_report_files_clear(struct snt_report_files *files);
#define SNT_REPORT_FILES_AUTO SNT_CLEANUP(snt_report_files_clear)

snt_status snt_report_find_files(const struct snt_coverage *coverage, struct snt_report_files *out,
                                 struct snt_err *err);

/* One line: its points, and how often it was evaluated: as often as the one of them that was so most. */
struct snt_report_line {
  int64_t number;
  const struct snt_coverage_point *const *points;
  size_t count;
  uint64_t hits;
};
/* The line that begins at the file's point `start`; false after the last. The next begins at start + out->count. */
bool snt_report_line_at(const struct snt_report_file *file, size_t start, struct snt_report_line *out);

/* How much there is, and how much of it was hit: each condition has two branches, true and false. */
struct snt_report_rates {
  size_t lines, lines_hit, branches, branches_hit, rules, rules_hit;
};
void snt_report_add_line(struct snt_report_rates *rates, const struct snt_report_line *line);
void snt_report_add_rates(struct snt_report_rates *rates, const struct snt_report_rates *more);
struct snt_report_rates snt_report_rate_file(const struct snt_report_file *file);

#endif
