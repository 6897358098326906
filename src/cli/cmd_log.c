/* sentinel log verify, sentinel log show */
#include <stdio.h>
#include <string.h>

#include "audit/verify.h"
#include "cli/command.h"
#include "cli/common.h"
#include "format/json.h"

static snt_status print_report(struct snt_out *out, const char *path, const struct snt_log_report *report,
                               struct snt_err *err) {
  SNT_TRY(snt_out_printf(out, err, "%s%s%s  %s\n  records  %lld\n  root     %s\n",
                         snt_out_colour(out, report->is_ok ? "32" : "31"), report->is_ok ? "intact" : "damaged",
                         snt_out_colour(out, ""), path, (long long)report->records, report->root));
  if (!report->is_ok) {
    SNT_TRY(snt_out_printf(out, err, "  first bad record %lld: %s\n", (long long)report->first_bad, report->damage));
  }
  if (report->segments > 0) {
    SNT_TRY(snt_out_printf(out, err, "  note: with %lld closed segment(s) beside it, which it goes on with\n",
                           (long long)report->segments));
  }
  if (report->unseen > 0) {
    SNT_TRY(snt_out_printf(out, err, "  note: a closed segment alone: records 1 to %lld were not looked at\n",
                           (long long)report->unseen));
  }
  if (report->recovered > 0) {
    SNT_TRY(snt_out_printf(out, err, "  note: %lld torn tail(s) were repaired\n", (long long)report->recovered));
  }
  if (report->has_torn_tail) {
    SNT_TRY(snt_out_text(out, "  note: the last line is torn; the next record will repair it\n", err));
  }
  return snt_out_printf(out, err,
                        "  note: no line vouches for record %lld, the last, nor shows whether others were cut off\n"
                        "        behind it: compare the root, or the SentinelRecord tag in CloudTrail\n",
                        (long long)report->last_seq);
}

/* damage: NULL for an intact log. */
static snt_status print_report_json(struct snt_out *out, const struct snt_log_report *report, const char *damage,
                                    struct snt_err *err) {
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, &out->text, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_bool(&writer, "ok", report->is_ok);
  snt_json_put_integer(&writer, "records", report->records);
  if (report->first_bad > 0) {
    snt_json_put_integer(&writer, "first_bad", report->first_bad);
  } else {
    snt_json_put_null(&writer, "first_bad");
  }
  snt_json_put_string(&writer, "damage", damage);
  snt_json_put_string(&writer, "root", report->root[0] == '\0' ? NULL : report->root);
  snt_json_put_integer(&writer, "recovered", report->recovered);
  snt_json_put_integer(&writer, "last_seq", report->last_seq);
  snt_json_put_bool(&writer, "torn", report->has_torn_tail);
  snt_json_put_integer(&writer, "segments", report->segments);
  snt_json_put_integer(&writer, "not_looked_at", report->unseen);
  snt_json_end_object(&writer);
  SNT_TRY(snt_json_finish(&writer));
  return snt_out_text(out, "\n", err);
}

/* The report of what is no log says so in place of its damage. */
static snt_status print_refusal_json(struct snt_out *out, const char *message, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf damage = {0};
  const struct snt_log_report none = {0};
  SNT_TRY(snt_cli_print_clean(&damage, message, err));
  return print_report_json(out, &none, snt_buf_borrow(&damage), err);
}

snt_status snt_cmd_log_verify(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_TRY(snt_cli_log_path(args, &path, err));
  struct snt_log_report report = {0};
  bool is_json = snt_args_has(args, SNT_OPTION_JSON);
  snt_status status = snt_log_verify(path.data, &report, err);
  if (is_json && status.code == SNT_CODE_NOT_A_LOG) {
    struct snt_err inner = {0};
    SNT_TRY(print_refusal_json(out, err->message, &inner));
  }
  SNT_TRY(status);
  SNT_TRY(is_json ? print_report_json(out, &report, report.is_ok ? NULL : report.damage, err)
                  : print_report(out, path.data, &report, err));
  if (!report.is_ok) {
    return snt_fail(err, SNT_CODE_TAMPERED, "%s: record %lld: %s", path.data, (long long)report.first_bad,
                    report.damage);
  }
  return snt_done();
}

static const char *text_of(const struct snt_json_value *object, const char *key) {
  const char *text = snt_json_string(snt_json_get(object, key), NULL);
  return text == NULL ? "" : text;
}

/* " (forced, untested)" of what was pushed in spite of something. */
static snt_status describe_exceptions(const struct snt_json_value *record, struct snt_buf *out, struct snt_err *err) {
  bool is_forced = false;
  bool is_untested = false;
  (void)snt_json_bool(snt_json_get(record, "forced"), &is_forced);
  (void)snt_json_bool(snt_json_get(record, "untested"), &is_untested);
  return !is_forced && !is_untested
             ? snt_done()
             : snt_buf_appendf(out, err, " (%s%s%s)", is_forced ? "forced" : "", is_forced && is_untested ? ", " : "",
                               is_untested ? "untested" : "");
}

/* "alice push prod serial 8 (untested): done in us-east-1, us-west-2"; of a failure its message, which names regions.
 */
static snt_status describe_publishing(const struct snt_json_value *record, struct snt_buf *out, struct snt_err *err) {
  int64_t serial = 0;
  const struct snt_json_value *regions = snt_json_get(record, "regions");
  const char *name = text_of(record, "name");
  SNT_TRY(snt_buf_appendf(out, err, "%s %s %s", text_of(record, "user"), text_of(record, "action"),
                          name[0] == '\0' ? "all" : name));
  if (snt_json_integer(snt_json_get(record, "serial"), &serial)) {
    SNT_TRY(snt_buf_appendf(out, err, " serial %lld", (long long)serial));
  }
  SNT_TRY(describe_exceptions(record, out, err));
  SNT_TRY(snt_buf_appendf(out, err, ": %s", text_of(record, "outcome")));
  if (text_of(record, "message")[0] != '\0') {
    return snt_buf_appendf(out, err, ": %s", text_of(record, "message"));
  }
  for (size_t i = 0; i < snt_json_count(regions); i++) {
    const char *region = snt_json_string(snt_json_at(regions, i), NULL);
    SNT_TRY(snt_buf_appendf(out, err, "%s%s", i == 0 ? " in " : ", ", region == NULL ? "" : region));
  }
  return snt_done();
}

/* What a record says, after time and kind. */
static snt_status print_detail(struct snt_out *out, const struct snt_json_value *record, struct snt_err *err) {
  const char *kind = text_of(record, "kind");
  SNT_BUF_AUTO struct snt_buf text = {0};
  if (strcmp(kind, "decision") == 0) {
    const char *rule = text_of(record, "rule");
    SNT_TRY(snt_buf_appendf(&text, err, "%s %s -> %s by %s: %s", text_of(record, "user"), text_of(record, "profile"),
                            text_of(record, "effect"), rule[0] == '\0' ? "no rule" : rule, text_of(record, "reason")));
  } else if (strcmp(kind, "issued") == 0) {
    SNT_TRY(snt_buf_appendf(&text, err, "%s %s -> %s until %s", text_of(record, "user"), text_of(record, "profile"),
                            text_of(record, "access_key_id"), text_of(record, "expires")));
  } else if (strcmp(kind, "failed") == 0) {
    SNT_TRY(snt_buf_appendf(&text, err, "%s %s: %s", text_of(record, "profile"), text_of(record, "stage"),
                            text_of(record, "message")));
  }
  if (strcmp(kind, "policy") == 0) {
    SNT_TRY(describe_publishing(record, &text, err));
  }
  return snt_cli_print_clean(&out->text, snt_buf_borrow(&text), err);
}

static snt_status show_line(void *context, const char *line, size_t len, struct snt_err *err) {
  struct snt_out *out = context;
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  if (!snt_ok(snt_json_parse(line, len, "a record", &doc, NULL))) {
    return snt_out_text(out, "(a line that is not a record; see `sentinel log verify`)\n", err);
  }
  const struct snt_json_value *record = snt_json_root(doc);
  int64_t seq = 0;
  (void)snt_json_integer(snt_json_get(record, "seq"), &seq);
  SNT_BUF_AUTO struct snt_buf head = {0};
  SNT_TRY(snt_buf_appendf(&head, err, "%5lld  %s  %-9s %-16s ", (long long)seq, text_of(record, "time"),
                          text_of(record, "kind"), text_of(record, "request_id")));
  SNT_TRY(snt_cli_print_clean(&out->text, head.data, err));
  SNT_TRY(print_detail(out, record, err));
  return snt_out_text(out, "\n", err);
}

static snt_status show_raw(void *context, const char *line, size_t len, struct snt_err *err) {
  struct snt_out *out = context;
  SNT_TRY(snt_buf_append(&out->text, line, len, err));
  return snt_out_text(out, "\n", err);
}

snt_status snt_cmd_log_show(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_TRY(snt_cli_log_path(args, &path, err));
  snt_status status = snt_log_walk(path.data, snt_args_has(args, SNT_OPTION_JSON) ? show_raw : show_line, out, err);
  if (status.code == SNT_CODE_NOT_A_LOG) {
    snt_buf_reset(&out->text); /* what was shown is no record */
  }
  return status;
}
