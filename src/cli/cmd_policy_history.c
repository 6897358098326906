/* sentinel policy history: who put what in force when, and what can be gone back to. */
#include <inttypes.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/publishing.h"
#include "format/json.h"
#include "format/time.h"

static snt_status print_bundle(struct snt_out *out, const struct snt_publish_version *version, struct snt_err *err) {
  const struct snt_pointer *pointer = &version->at.pointer;
  SNT_TRY(snt_out_printf(out, err, "serial %" PRId64 ", sha256 %.16s, until %s\n", pointer->serial, pointer->sha256,
                         pointer->not_after));
  SNT_TRY(
      (int64_t)version->parts == pointer->parts
          ? snt_out_printf(out, err, "    all of its parts are there (%" PRId64 ")\n", pointer->parts)
          : snt_out_printf(out, err, "    %zu of its %" PRId64 " parts are there\n", version->parts, pointer->parts));
  for (size_t i = 0; i < pointer->signature_count; i++) {
    SNT_TRY(snt_out_printf(out, err, "    signed by %s\n", pointer->signatures[i].key));
  }
  return pointer->signature_count > 0 ? snt_done() : snt_out_text(out, "    not signed\n", err);
}

static snt_status print_version(struct snt_out *out, const struct snt_publish_version *version, bool is_in_force,
                                struct snt_err *err) {
  char time[32];
  snt_time_format(version->modified_ms, false, time);
  SNT_TRY(snt_out_printf(out, err, "version %" PRId64 "  %s  %s", version->at.version, time,
                         is_in_force ? "in force, " : ""));
  if (!version->at.is_pointer) {
    SNT_TRY(snt_out_printf(out, err, "a bare policy of %zu bytes\n", version->at.value.len));
  } else if (version->at.pointer.serial == 0) {
    SNT_TRY(snt_out_text(out, "a pointer that cannot be read\n", err));
  } else {
    SNT_TRY(print_bundle(out, version, err));
  }
  SNT_TRY(snt_out_text(out, "    by ", err));
  SNT_TRY(snt_cli_print_clean(&out->text, version->by[0] == '\0' ? "(SSM does not say who)" : version->by, err));
  return snt_out_text(out, "\n", err);
}

static void put_pointer(struct snt_json_writer *writer, const struct snt_publish_version *version) {
  const struct snt_pointer *pointer = &version->at.pointer;
  snt_json_put_integer(writer, "serial", pointer->serial);
  snt_json_put_string(writer, "sha256", pointer->sha256);
  snt_json_put_integer(writer, "size", pointer->size);
  snt_json_put_integer(writer, "parts", pointer->parts);
  snt_json_put_integer(writer, "parts_there", (int64_t)version->parts);
  snt_json_put_string(writer, "not_after", pointer->not_after);
  snt_json_begin_array(writer, "signed_by");
  for (size_t i = 0; i < pointer->signature_count; i++) {
    snt_json_put_string(writer, NULL, pointer->signatures[i].key);
  }
  snt_json_end_array(writer);
}

static void put_version(struct snt_json_writer *writer, const struct snt_publish_version *version, bool is_in_force) {
  char time[32];
  snt_time_format(version->modified_ms, false, time);
  snt_json_begin_object(writer, NULL);
  snt_json_put_integer(writer, "version", version->at.version);
  snt_json_put_string(writer, "time", time);
  snt_json_put_string(writer, "by", version->by[0] == '\0' ? NULL : version->by);
  snt_json_put_bool(writer, "in_force", is_in_force);
  snt_json_put_bool(writer, "bare", !version->at.is_pointer);
  if (version->at.pointer.serial > 0) {
    put_pointer(writer, version);
  }
  snt_json_end_object(writer);
}

static snt_status print_json(struct snt_out *out, const char *name, const struct snt_publish_history *history,
                             struct snt_err *err) {
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, &out->text, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_string(&writer, "name", name);
  snt_json_put_string(&writer, "region", history->region);
  snt_json_begin_array(&writer, "versions");
  for (size_t i = 0; i < history->count; i++) {
    put_version(&writer, &history->list[i], i == 0);
  }
  snt_json_end_array(&writer);
  snt_json_end_object(&writer);
  SNT_TRY(snt_json_finish(&writer));
  return snt_out_text(out, "\n", err);
}

snt_status snt_cmd_policy_history(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  struct snt_publish_options options;
  SNT_PUBLISH_HISTORY_AUTO struct snt_publish_history history = {0};
  SNT_TRY(snt_cli_publish_options(args, &options, err));
  SNT_TRY(snt_publish_read_history(&options, &history, err));
  if (snt_args_has(args, SNT_OPTION_JSON)) {
    return print_json(out, options.name, &history, err);
  }
  SNT_TRY(snt_out_printf(out, err, "%s in %s, the newest first\n", options.name, history.region));
  for (size_t i = 0; i < history.count; i++) {
    SNT_TRY(print_version(out, &history.list[i], i == 0, err));
  }
  return snt_done();
}
