/* MUST
 *  1. let nothing that a caller may write (a justification, a name) pass for a bundle's serial: lines are parsed, and
 *     only what stands at its place counts;
 *  2. let no bundle that nobody signed raise the floor of signed ones: it can claim any serial. */
#include "audit/serials.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/reader.h"
#include "base/str.h"
#include "format/json.h"

/* How much of the log's end is looked at, until a serial is found. */
static const int64_t WINDOWS[] = {INT64_C(64) * 1024, INT64_C(2) * 1024 * 1024, INT64_C(32) * 1024 * 1024};

/* Whether it tells of a serial. A line that is no record is for `log verify` to tell of. */
static bool take_line(const char *line, size_t len, const struct snt_log_bundle *bundle, struct snt_log_serial *out) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  int64_t serial = 0;
  if (memmem(line, len, bundle->source, strlen(bundle->source)) == NULL ||
      !snt_ok(snt_json_parse(line, len, "a record of the decision log", &doc, NULL))) {
    return false;
  }
  const struct snt_json_value *policy = snt_json_get(snt_json_root(doc), "policy");
  const char *sha256 = snt_json_string(snt_json_get(policy, "sha256"), NULL);
  bool is_one = snt_json_is(snt_json_get(snt_json_root(doc), "kind"), "decision") &&
                snt_json_is(snt_json_get(policy, "source"), bundle->source) &&
                snt_json_is(snt_json_get(policy, "installation"), bundle->installation) && sha256 != NULL &&
                snt_json_integer(snt_json_get(policy, "serial"), &serial) && serial > 0 &&
                (!bundle->is_signed || snt_json_count(snt_json_get(policy, "signed_by")) > 0);
  if (is_one) {
    out->serial = serial;
    (void)snprintf(out->sha256, sizeof out->sha256, "%s", sha256);
  }
  return is_one;
}

static snt_status read_end(int fd, const char *path, int64_t size, int64_t bytes, struct snt_buf *out,
                           struct snt_err *err) {
  size_t wanted = (size_t)(size < bytes ? size : bytes);
  snt_buf_reset(out);
  SNT_TRY(snt_buf_reserve(out, wanted, err));
  while (out->len < wanted) {
    ssize_t got = pread(fd, out->data + out->len, wanted - out->len, (off_t)(size - (int64_t)(wanted - out->len)));
    if (got <= 0) {
      return snt_fail(err, SNT_CODE_IO, "%s cannot be read: %s", path, got == 0 ? "it got shorter" : strerror(errno));
    }
    out->len += (size_t)got;
  }
  return snt_done();
}

/* From the last line to the first. */
static bool search_lines(const struct snt_buf *text, const struct snt_log_bundle *bundle, struct snt_log_serial *out) {
  size_t end = text->len;
  while (end > 0) {
    const char *feed = memrchr(text->data, '\n', end - 1);
    size_t begin = feed == NULL ? 0 : (size_t)(feed + 1 - text->data);
    if (take_line(text->data + begin, end - begin, bundle, out)) {
      return true;
    }
    end = begin;
  }
  return false;
}

snt_status snt_log_find_serial(const char *path, const struct snt_log_bundle *bundle, struct snt_log_serial *out,
                               struct snt_err *err) {
  *out = (struct snt_log_serial){0};
  SNT_LOG_READER_AUTO struct snt_log_reader reader = {.fd = -1};
  SNT_BUF_AUTO struct snt_buf text = {0};
  struct stat st;
  if (access(path, F_OK) != 0 && errno == ENOENT) {
    return snt_done();
  }
  SNT_TRY(snt_log_reader_open(path, &reader, err));
  if (fstat(reader.fd, &st) != 0) {
    return snt_fail(err, SNT_CODE_IO, "%s cannot be read: %s", path, strerror(errno));
  }
  for (size_t i = 0; i < sizeof WINDOWS / sizeof WINDOWS[0]; i++) {
    SNT_TRY(read_end(reader.fd, path, st.st_size, WINDOWS[i], &text, err));
    if (search_lines(&text, bundle, out) || st.st_size <= WINDOWS[i]) {
      break;
    }
  }
  return snt_done();
}
