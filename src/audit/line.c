#include "audit/line.h"

#include <stdio.h>
#include <string.h>

#include "audit/log.h"
#include "format/json.h"
#include "format/scan.h"

const char SNT_LOG_NO_PREV[65] = "0000000000000000000000000000000000000000000000000000000000000000";

static const char HEX[] = "0123456789abcdef";

static bool is_hex(const char *text, size_t len) { return strlen(text) == len && strspn(text, HEX) == len; }

static bool is_uuid(const char *text) {
  static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  for (size_t i = 0; i < sizeof shape; i++) {
    bool fits = shape[i] == 'x' ? text[i] != '\0' && strchr(HEX, text[i]) != NULL : text[i] == shape[i];
    if (!fits) {
      return false;
    }
  }
  return true;
}

bool snt_log_names_check(const char *chain, const char *prev) {
  return is_uuid(chain) && is_hex(prev, sizeof SNT_LOG_NO_PREV - 1);
}

/* The members of a head, in the order of HEAD_MEMBERS. */
enum { MEMBER_V, MEMBER_CHAIN, MEMBER_SEQ, MEMBER_PREV, MEMBER_KIND, MEMBER_TIME, MEMBER_COUNT };
static const char *const HEAD_MEMBERS[] = {"v", "chain", "seq", "prev", "kind", "time", NULL};

static snt_status take_head(const struct snt_slice values[static MEMBER_COUNT], struct snt_log_head *out,
                            struct snt_err *err) {
  int64_t version = 0;
  if (!snt_scan_integer(values[MEMBER_V], &version)) {
    return snt_fail(err, SNT_CODE_NOT_A_LOG, "is not a record of a decision log");
  }
  if (version != 1) {
    return snt_fail(err, SNT_CODE_NOT_A_LOG, "is of version %lld, which this program does not know",
                    (long long)version);
  }
  bool is_ours = snt_scan_text(values[MEMBER_CHAIN], out->chain, sizeof out->chain) &&
                 snt_scan_text(values[MEMBER_PREV], out->prev, sizeof out->prev) &&
                 snt_log_names_check(out->chain, out->prev) && snt_scan_integer(values[MEMBER_SEQ], &out->seq) &&
                 out->seq >= 1;
  if (!is_ours) {
    return snt_fail(err, SNT_CODE_NOT_A_LOG, "has no chain, seq or prev of a decision log");
  }
  (void)snt_scan_text(values[MEMBER_KIND], out->kind, sizeof out->kind);
  (void)snt_scan_text(values[MEMBER_TIME], out->time, sizeof out->time);
  return snt_done();
}

/* What a line is that is no object. */
static snt_status refuse_line(const char *line, size_t len, struct snt_err *err) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  bool is_json = snt_ok(snt_json_parse(line, len, "a record", &doc, NULL));
  return snt_fail(err, SNT_CODE_NOT_A_LOG, is_json ? "is not a record of a decision log" : "is not JSON");
}

snt_status snt_log_head_parse(const char *line, size_t len, struct snt_log_head *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  if (len > SNT_LOG_LINE_CAP) {
    return snt_fail(err, SNT_CODE_NOT_A_LOG, "is longer than 64 KiB");
  }
  if (memchr(line, '\0', len) != NULL) {
    return snt_fail(err, SNT_CODE_NOT_A_LOG, "holds a NUL byte");
  }
  struct snt_slice values[MEMBER_COUNT];
  snt_status status = snt_scan_object(line, len, "a record", HEAD_MEMBERS, values, NULL, NULL);
  if (status.code == SNT_CODE_NO_MEMORY) {
    return snt_fail_memory(err);
  }
  if (!snt_ok(status)) {
    return refuse_line(line, len, err);
  }
  struct snt_log_head head = {0};
  SNT_TRY(take_head(values, &head, err));
  *out = head;
  return snt_done();
}

bool snt_log_line_begins_like_ours(const char *data, size_t len) {
  static const char start[] = "{\"v\":1,\"chain\":\"";
  size_t compared = len < sizeof start - 1 ? len : sizeof start - 1;
  if (memcmp(data, start, compared) == 0) {
    return true;
  }
  /* A machine that lost its power may have kept the file's new length and not its bytes. */
  for (size_t i = 0; i < len; i++) {
    if (data[i] != '\0') {
      return false;
    }
  }
  return true;
}

static snt_status check_line(const char *line, size_t len, struct snt_err *err) {
  for (size_t i = 0; i < len; i++) {
    if ((unsigned char)line[i] < 0x20) {
      return snt_fail(err, SNT_CODE_LOG, "a record has a control character in it");
    }
  }
  if (len > SNT_LOG_LINE_CAP) {
    return snt_fail(err, SNT_CODE_LOG, "a record of %zu bytes is over the 64 KiB of a line", len);
  }
  struct snt_log_head head;
  struct snt_err inner = {0};
  snt_status status = snt_log_head_parse(line, len, &head, &inner);
  return snt_ok(status) ? status : snt_fail(err, SNT_CODE_LOG, "a record %s", inner.message);
}

snt_status snt_log_line_format(const struct snt_log_head *head, struct snt_slice members, struct snt_buf *out,
                               struct snt_err *err) {
  size_t start = out->len;
  snt_status status = snt_buf_appendf(out, err, "{\"v\":1,\"chain\":\"%s\",\"seq\":%lld,\"prev\":\"%s\",", head->chain,
                                      (long long)head->seq, head->prev);
  if (snt_ok(status)) {
    status = snt_buf_append(out, members.data, members.len, err);
  }
  if (snt_ok(status)) {
    status = snt_buf_append_str(out, "}\n", err);
  }
  if (snt_ok(status)) {
    status = check_line(out->data + start, out->len - start - 1, err);
  }
  if (!snt_ok(status) && out->data != NULL) {
    out->len = start;
    out->data[start] = '\0';
  }
  return status;
}
