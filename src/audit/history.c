/* MUST
 *  1. say "no grants" only where there is no log, or all that could tell of one was read;
 *  2. let no number of denied requests push a grant out of sight: they are passed over unread. */
#include "audit/history.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/reader.h"
#include "base/str.h"
#include "format/json.h"

enum { TAIL_BYTES = 32 * 1024 * 1024, PENDING_MAX = 32 };

/* What is told of a grant: a decision, and whether it was issued. */
struct grant {
  char request_id[17];
  char time[40];
  char profile[257];
  char role_arn[2049];
  char mode[32];
  char source_ip[64];
};

/* Decisions wait here for their issuance; grants are kept in a ring. */
struct history {
  const char *user;
  struct grant pending[PENDING_MAX];
  size_t pending_count; /* how many there were */
  struct grant grants[SNT_HISTORY_MAX];
  size_t grant_count; /* how many there were */
};

static void copy_text(const struct snt_json_value *object, const char *key, char *out, size_t cap) {
  size_t len = 0;
  const char *text = snt_json_string(snt_json_get(object, key), &len);
  (void)snprintf(out, cap, "%s", text == NULL || len >= cap ? "" : text);
}

static void take_decision(struct history *history, const struct snt_json_value *record) {
  struct grant *grant = &history->pending[history->pending_count++ % PENDING_MAX];
  const struct snt_json_value *request = snt_json_get(record, "request");
  copy_text(record, "request_id", grant->request_id, sizeof grant->request_id);
  copy_text(request, "mode", grant->mode, sizeof grant->mode);
  copy_text(request, "source_ip", grant->source_ip, sizeof grant->source_ip);
}

static void take_issued(struct history *history, const struct snt_json_value *record) {
  for (size_t i = 0; i < PENDING_MAX; i++) {
    struct grant *grant = &history->pending[i];
    if (grant->request_id[0] != '\0' && snt_json_is(snt_json_get(record, "request_id"), grant->request_id)) {
      copy_text(record, "time", grant->time, sizeof grant->time);
      copy_text(record, "profile", grant->profile, sizeof grant->profile);
      copy_text(record, "role_arn", grant->role_arn, sizeof grant->role_arn);
      history->grants[history->grant_count++ % SNT_HISTORY_MAX] = *grant;
      grant->request_id[0] = '\0';
    }
  }
}

/* Passed over unread is only a decision that is not allow, as the log writes it. */
static bool may_matter(const char *line, size_t len) {
  static const char effect[] = "\"effect\":\"";
  static const char allowed[] = "\"effect\":\"allow\"";
  return memmem(line, len, effect, sizeof effect - 1) == NULL || memmem(line, len, allowed, sizeof allowed - 1) != NULL;
}

static snt_status take_line(struct history *history, const char *line, size_t len, struct snt_err *err) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  if (!may_matter(line, len)) {
    return snt_done();
  }
  SNT_TRY(snt_json_parse(line, len, "a record of the decision log", &doc, err));
  if (!snt_json_is(snt_json_get(snt_json_root(doc), "user"), history->user)) {
    return snt_done();
  }
  if (snt_json_is(snt_json_get(snt_json_root(doc), "kind"), "decision")) {
    take_decision(history, snt_json_root(doc));
  } else if (snt_json_is(snt_json_get(snt_json_root(doc), "kind"), "issued")) {
    take_issued(history, snt_json_root(doc));
  }
  return snt_done();
}

/* Moves to the last part of a long file; the line in whose middle that is, is passed over. */
static snt_status skip_to_tail(struct snt_log_reader *reader, bool *is_cut, struct snt_err *err) {
  struct stat st;
  enum snt_log_piece piece = SNT_LOG_PIECE_END;
  char *line = NULL;
  size_t len = 0;
  *is_cut = fstat(reader->fd, &st) != 0 || st.st_size > TAIL_BYTES;
  if (!*is_cut) {
    return snt_done();
  }
  if (lseek(reader->fd, st.st_size - TAIL_BYTES, SEEK_SET) < 0) {
    return snt_fail(err, SNT_CODE_IO, "the decision log cannot be read");
  }
  return snt_log_reader_next(reader, &piece, &line, &len, err);
}

static snt_status read_all(const char *path, struct history *history, struct snt_err *err) {
  SNT_LOG_READER_AUTO struct snt_log_reader reader = {.fd = -1};
  SNT_TRY(snt_log_reader_open(path, &reader, err));
  enum snt_log_piece piece = SNT_LOG_PIECE_LINE;
  bool is_cut = false;
  SNT_TRY(skip_to_tail(&reader, &is_cut, err));
  while (piece != SNT_LOG_PIECE_END) {
    char *line = NULL;
    size_t len = 0;
    SNT_TRY(snt_log_reader_next(&reader, &piece, &line, &len, err));
    if (piece == SNT_LOG_PIECE_LONG) {
      return snt_fail(err, SNT_CODE_NOT_A_LOG, "the decision log has a line over 64 KiB");
    }
    if (piece == SNT_LOG_PIECE_LINE) {
      SNT_TRY(take_line(history, line, len, err));
    }
  }
  return is_cut && history->grant_count == 0
             ? snt_fail(err, SNT_CODE_NOT_A_LOG, "the decision log's last 32 MiB tell of no grant")
             : snt_done();
}

static snt_status write_all(const struct history *history, struct snt_buf *out, struct snt_err *err) {
  struct snt_json_writer writer;
  size_t count = history->grant_count < SNT_HISTORY_MAX ? history->grant_count : SNT_HISTORY_MAX;
  snt_json_writer_init(&writer, out, err);
  snt_json_begin_array(&writer, NULL);
  for (size_t i = 1; i <= count; i++) {
    const struct grant *grant = &history->grants[(history->grant_count - i) % SNT_HISTORY_MAX];
    snt_json_begin_object(&writer, NULL);
    snt_json_put_string(&writer, "time", grant->time);
    snt_json_put_string(&writer, "profile", grant->profile);
    snt_json_put_string(&writer, "role_arn", grant->role_arn);
    snt_json_put_string(&writer, "mode", grant->mode);
    if (grant->source_ip[0] != '\0') {
      snt_json_put_string(&writer, "source_ip", grant->source_ip);
    }
    snt_json_end_object(&writer);
  }
  snt_json_end_array(&writer);
  return snt_json_finish(&writer);
}

snt_status snt_log_history(const char *path, const char *user, struct snt_buf *out, struct snt_err *err) {
  SNT_FREE_AUTO struct history *history = calloc(1, sizeof *history);
  if (history == NULL) {
    return snt_fail_memory(err);
  }
  history->user = user;
  bool is_missing = access(path, F_OK) != 0 && errno == ENOENT;
  SNT_TRY(is_missing ? snt_done() : read_all(path, history, err));
  return write_all(history, out, err);
}
