/* MUST
 *  1. say "no grants" only where there is no log, or all that could tell of one was read;
 *  2. let no number of denied requests push a grant out of sight: they are passed over unread. */
#include "audit/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/backward.h"
#include "base/str.h"
#include "format/json.h"

enum { TAIL_BYTES = 32 * 1024 * 1024, PENDING_MAX = 32, GRANTS_CAP = SNT_HISTORY_MAX + PENDING_MAX };

/* What is told of a grant: that it was issued, and then the decision, which stands before it. */
struct grant {
  char request_id[17];
  char time[40];
  char profile[257];
  char role_arn[2049];
  char mode[32];
  char source_ip[64];
  bool is_whole; /* the decision was found */
  int passed;    /* decisions about others that were met before it */
};

struct history {
  const char *user;
  struct grant grants[GRANTS_CAP]; /* the newest first */
  size_t count;
};

static void copy_text(const struct snt_json_value *object, const char *key, char *out, size_t cap) {
  size_t len = 0;
  const char *text = snt_json_string(snt_json_get(object, key), &len);
  (void)snprintf(out, cap, "%s", text == NULL || len >= cap ? "" : text);
}

static void take_issued(struct history *history, const struct snt_json_value *record) {
  if (history->count < GRANTS_CAP) {
    struct grant *grant = &history->grants[history->count++];
    copy_text(record, "request_id", grant->request_id, sizeof grant->request_id);
    copy_text(record, "time", grant->time, sizeof grant->time);
    copy_text(record, "profile", grant->profile, sizeof grant->profile);
    copy_text(record, "role_arn", grant->role_arn, sizeof grant->role_arn);
  }
}

static void drop(struct history *history, size_t i) {
  struct grant *grants = history->grants;
  history->count--;
  memmove(&grants[i], &grants[i + 1], (history->count - i) * sizeof *grants);
  memset(&grants[history->count], 0, sizeof *grants);
}

/* Of several grants of one request, it is that of the first. */
static void take_decision(struct history *history, const struct snt_json_value *record) {
  const struct snt_json_value *id = snt_json_get(record, "request_id");
  const struct snt_json_value *request = snt_json_get(record, "request");
  for (size_t i = history->count; i > 0; i--) {
    struct grant *grant = &history->grants[i - 1];
    if (grant->is_whole) {
      continue;
    }
    if (snt_json_is(id, grant->request_id)) {
      copy_text(request, "mode", grant->mode, sizeof grant->mode);
      copy_text(request, "source_ip", grant->source_ip, sizeof grant->source_ip);
      grant->is_whole = true;
      return;
    }
    if (++grant->passed == PENDING_MAX) {
      drop(history, i - 1);
    }
  }
}

/* Whether the last grants are known: none of them waits for its decision. */
static bool is_enough(const struct history *history) {
  size_t whole = 0;
  while (whole < SNT_HISTORY_MAX && whole < history->count && history->grants[whole].is_whole) {
    whole++;
  }
  return whole == SNT_HISTORY_MAX;
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

/* What nobody decided is no grant. */
static void drop_open(struct history *history) {
  for (size_t i = history->count; i > 0; i--) {
    if (!history->grants[i - 1].is_whole) {
      drop(history, i - 1);
    }
  }
}

static snt_status read_back(const char *path, struct history *history, struct snt_err *err) {
  SNT_LOG_BACKWARD_AUTO struct snt_log_backward backward = {.fd = -1};
  SNT_TRY(snt_log_backward_open(path, &backward, err));
  bool is_cut = false;
  while (!is_cut && !is_enough(history)) {
    const char *line = NULL;
    size_t len = 0;
    SNT_TRY(snt_log_backward_next(&backward, &line, &len, err));
    if (line == NULL) {
      break;
    }
    SNT_TRY(take_line(history, line, len, err));
    is_cut = backward.read_bytes > TAIL_BYTES;
  }
  drop_open(history);
  return is_cut && history->count == 0
             ? snt_fail(err, SNT_CODE_NOT_A_LOG, "the decision log's last 32 MiB tell of no grant")
             : snt_done();
}

static snt_status write_all(const struct history *history, struct snt_buf *out, struct snt_err *err) {
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, out, err);
  snt_json_begin_array(&writer, NULL);
  for (size_t i = 0; i < history->count && i < SNT_HISTORY_MAX; i++) {
    const struct grant *grant = &history->grants[i];
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
  SNT_TRY(read_back(path, history, err));
  return write_all(history, out, err);
}
