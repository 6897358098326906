/* sentinel doctor: a line for each finding, with the remedy below it. */
#include "cli/command.h"
#include "cli/common.h"
#include "format/json.h"
#include "issue/doctor.h"

static const char *colour_of(enum snt_finding_status status) {
  return status == SNT_FINDING_OK ? "32" : status == SNT_FINDING_WARNING ? "33" : "31";
}

static snt_status print_people(const struct snt_doctor_report *report, struct snt_out *out, struct snt_err *err) {
  for (size_t i = 0; i < report->count; i++) {
    const struct snt_finding *finding = &report->findings[i];
    const char *check = i > 0 && report->findings[i - 1].check == finding->check ? "" : finding->check;
    SNT_TRY(snt_out_printf(out, err, "%s%-8s%s %-14s %s: %s\n", snt_out_colour(out, colour_of(finding->status)),
                           snt_finding_status_name(finding->status), snt_out_colour(out, ""), check, finding->subject,
                           finding->found));
    if (finding->remedy != NULL) {
      SNT_TRY(snt_out_printf(out, err, "%-8s %-14s remedy: %s\n", "", "", finding->remedy));
    }
  }
  return snt_out_printf(
      out, err, "\n%zu ok, %zu warnings, %zu broken\n", snt_doctor_report_count(report, SNT_FINDING_OK),
      snt_doctor_report_count(report, SNT_FINDING_WARNING), snt_doctor_report_count(report, SNT_FINDING_BROKEN));
}

static snt_status print_json(const struct snt_doctor_report *report, struct snt_out *out, struct snt_err *err) {
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, &out->text, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_bool(&writer, "ok", snt_doctor_report_count(report, SNT_FINDING_BROKEN) == 0);
  snt_json_begin_array(&writer, "checks");
  for (size_t i = 0; i < report->count; i++) {
    const struct snt_finding *finding = &report->findings[i];
    snt_json_begin_object(&writer, NULL);
    snt_json_put_string(&writer, "check", finding->check);
    snt_json_put_string(&writer, "subject", finding->subject);
    snt_json_put_string(&writer, "status", snt_finding_status_name(finding->status));
    snt_json_put_string(&writer, "found", finding->found);
    snt_json_put_string(&writer, "remedy", finding->remedy);
    snt_json_end_object(&writer);
  }
  snt_json_end_array(&writer);
  snt_json_end_object(&writer);
  SNT_TRY(snt_json_finish(&writer));
  return snt_out_text(out, "\n", err);
}

snt_status snt_cmd_doctor(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  SNT_DOCTOR_REPORT_AUTO struct snt_doctor_report report = {0};
  struct snt_doctor_options options = {.backend = args->values[SNT_OPTION_BACKEND],
                                       .config = args->values[SNT_OPTION_CONFIG],
                                       .regions = args->values[SNT_OPTION_REGION],
                                       .is_online = snt_args_has(args, SNT_OPTION_ONLINE)};
  if (snt_args_names_profile(args)) {
    SNT_TRY(snt_args_take_profile(args, &options.profile, err));
  }
  SNT_TRY(snt_doctor_run(&options, &report, err));
  SNT_TRY(snt_args_has(args, SNT_OPTION_JSON) ? print_json(&report, out, err) : print_people(&report, out, err));
  size_t broken = snt_doctor_report_count(&report, SNT_FINDING_BROKEN);
  if (broken == 0) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_ANSWER_NO, "%zu %s broken", broken, broken == 1 ? "thing is" : "things are"));
  return snt_err_hint(err, "each line above that begins with \"broken\" has its remedy below it");
}
