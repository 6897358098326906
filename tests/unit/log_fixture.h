/* Files of one decision log, as the program writes them: one chain, in as many files as a test wants. */
#ifndef SNT_TESTS_LOG_FIXTURE_H
#define SNT_TESTS_LOG_FIXTURE_H

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/line.h"
#include "base/sha256.h"

/* A first record, with its newline, for logs that are written as text. */
#define LOG_FIRST                                                                                                      \
  "{\"v\":1,\"chain\":\"a1b2c3d4-0000-4000-8000-0123456789ab\",\"seq\":1,\"prev\":"                                    \
  "\"0000000000000000000000000000000000000000000000000000000000000000\",\"time\":\"2026-01-19T02:47:33.000Z\","        \
  "\"kind\":\"recovered\"}\n"

struct log_fixture {
  struct snt_log_head head; /* of the next line */
  struct snt_buf lines;     /* that were not written yet */
};

static inline void log_fixture_begin(struct log_fixture *log) {
  *log = (struct log_fixture){.head = {.chain = "a1b2c3d4-0000-4000-8000-0123456789ab", .seq = 1}};
  memcpy(log->head.prev, SNT_LOG_NO_PREV, sizeof log->head.prev);
}

static inline void log_fixture_end(struct log_fixture *log) { snt_buf_clear(&log->lines); }

/* members: the inside of the record's object, as the log itself takes it. */
static inline void log_fixture_add(struct log_fixture *log, const char *members) {
  size_t start = log->lines.len;
  assert_ok(snt_log_line_format(&log->head, snt_slice_of(members), &log->lines, NULL));
  snt_sha256_hex(log->lines.data + start, log->lines.len - start - 1, log->head.prev);
  log->head.seq++;
}

/* Writes what was added since the last time; more is what then stands behind it. */
static inline void log_fixture_write(struct log_fixture *log, const char *path, const char *more) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_int_equal(fwrite(snt_buf_borrow(&log->lines), 1, log->lines.len, file), log->lines.len);
  assert_true(fputs(more, file) >= 0);
  assert_int_equal(fclose(file), 0);
  snt_buf_reset(&log->lines);
}

/* A folder of its own, and with the path of the log in it; removed with all that is in it. */
static inline int log_fixture_make_folder(char folder[static 64], char path[static 128]) {
  (void)snprintf(folder, 64, "/tmp/snt-log-XXXXXX");
  if (mkdtemp(folder) == NULL) {
    return -1;
  }
  (void)snprintf(path, 128, "%s/decisions.jsonl", folder);
  return 0;
}

static inline int log_fixture_remove_folder(const char *folder) {
  char command[128];
  (void)snprintf(command, sizeof command, "rm -rf %s", folder);
  return system(command); /* NOLINT(cert-env33-c): fixed text */
}

#endif
