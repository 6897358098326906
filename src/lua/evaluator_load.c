/* MUST
 *  1. check every field that the evaluator reports, and pass on none that is too long or not printable;
 *  2. read only files whose names are those of time zones, and keep a hash of each. */
#include "lua/evaluator_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "format/json.h"

enum { LOAD_MS = 800, SPEC_MS = 5000, PROBLEMS_MAX = 100, TEXT_MAX = 512 * 1024 };

struct problem {
  const char *file, *message, *hint;
  int64_t line, column;
};

/* A problem as the evaluator reports it: checked like everything that comes from there. */
static bool take_problem(const struct snt_json_value *value, struct problem *out) {
  static const char *const keys[] = {"file", "line", "column", "message", "hint", NULL};
  const char **texts[] = {&out->file, &out->message, &out->hint};
  static const char *const names[] = {"file", "message", "hint"};
  if (snt_json_type(value) != SNT_JSON_OBJECT || !snt_ok(snt_json_check_keys(value, "", keys, NULL))) {
    return false;
  }
  for (size_t i = 0; i < 3; i++) {
    size_t len = 0;
    const char *text = snt_json_string(snt_json_get(value, names[i]), &len);
    *texts[i] = text == NULL ? "" : text;
    if (len > 4200 || (text == NULL && i < 2) || !snt_utf8_check_printable(*texts[i], strlen(*texts[i]))) {
      return false;
    }
  }
  return snt_json_integer(snt_json_get(value, "line"), &out->line) && out->line >= 0 && out->line < 1000000 &&
         snt_json_integer(snt_json_get(value, "column"), &out->column) && out->column >= 0 && out->column < 1000000;
}

static void write_problem(struct snt_json_writer *writer, const struct problem *problem) {
  snt_json_begin_object(writer, NULL);
  snt_json_put_string(writer, "file", problem->file);
  snt_json_put_integer(writer, "line", problem->line);
  snt_json_put_integer(writer, "column", problem->column);
  snt_json_put_string(writer, "message", problem->message);
  snt_json_put_string(writer, "hint", problem->hint);
  snt_json_end_object(writer);
}

/* All that is wrong, as a JSON array; nothing is appended unless all of it is good. */
static snt_status list_problems(struct snt_evaluator *evaluator, const struct snt_json_value *list,
                                struct problem *first, struct snt_buf *out, struct snt_err *err) {
  struct snt_json_writer writer;
  size_t count = snt_json_count(list);
  if (count == 0) {
    return snt_evaluator_fail(evaluator, err, "it refused the policy without a reason");
  }
  snt_json_writer_init(&writer, out, err);
  snt_json_begin_array(&writer, NULL);
  for (size_t i = 0; i < count && i < PROBLEMS_MAX; i++) {
    struct problem problem = {0};
    if (!take_problem(snt_json_at(list, i), &problem)) {
      return snt_evaluator_fail(evaluator, err, "its list of problems makes no sense");
    }
    *first = i == 0 ? problem : *first;
    write_problem(&writer, &problem);
  }
  snt_json_end_array(&writer);
  return snt_json_finish(&writer);
}

static snt_status fail_with(const struct problem *problem, struct snt_err *err) {
  snt_status status = snt_fail(err, SNT_CODE_POLICY_INVALID, "%.300s:%lld:%lld: %s", problem->file,
                               (long long)problem->line, (long long)problem->column, problem->message);
  SNT_IGNORE(snt_err_hint(err, "%s", problem->hint)); /* it has no status of its own where err is NULL */
  return status;
}

static snt_status refuse_policy(struct snt_evaluator *evaluator, const struct snt_json_value *list,
                                struct snt_buf *problems, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  struct problem first = {0};
  SNT_TRY(list_problems(evaluator, list, &first, &text, err));
  if (problems != NULL) {
    SNT_TRY(snt_buf_append(problems, text.data, text.len, err));
  }
  return fail_with(&first, err);
}

/* What the core itself finds wrong with the whole of a policy. */
static snt_status refuse_whole(const struct snt_policy_text *text, const char *message, const char *hint,
                               struct snt_buf *problems, struct snt_err *err) {
  struct problem problem = {.file = text->name, .line = 1, .column = 1, .message = message, .hint = hint};
  if (problems != NULL) {
    struct snt_json_writer writer;
    snt_json_writer_init(&writer, problems, err);
    snt_json_begin_array(&writer, NULL);
    write_problem(&writer, &problem);
    snt_json_end_array(&writer);
    SNT_TRY(snt_json_finish(&writer));
  }
  return fail_with(&problem, err);
}

/* The answer to LOAD or LINK: {"ok":true,...} or {"ok":false,"problems":[...]}. On success doc is kept. */
static snt_status take_outcome(struct snt_evaluator *evaluator, struct snt_json_doc **doc, struct snt_buf *problems,
                               struct snt_err *err) {
  static const char *const keys[] = {"ok", "zones", "functions", "problems", NULL};
  bool is_good = false;
  if (!snt_ok(snt_json_parse(snt_buf_borrow(&evaluator->answer), evaluator->answer.len, "", doc, NULL)) ||
      !snt_ok(snt_json_check_keys(snt_json_root(*doc), "", keys, NULL)) ||
      !snt_json_bool(snt_json_get(snt_json_root(*doc), "ok"), &is_good)) {
    return snt_evaluator_fail(evaluator, err, "its answer is not strict JSON");
  }
  const struct snt_json_value *list = snt_json_get(snt_json_root(*doc), "problems");
  return is_good ? snt_done() : refuse_policy(evaluator, list, problems, err);
}

/* A name that is not one, or a zone that this machine lacks, is not sent: linking then says where it is named. */
static snt_status send_zone(struct snt_evaluator *evaluator, const char *name, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf data = {0};
  SNT_BUF_AUTO struct snt_buf payload = {0};
  if (!snt_ok(snt_zone_file_read(name, &data, NULL))) {
    return snt_done();
  }
  struct snt_evaluator_zone *zone = &evaluator->zones[evaluator->zone_count++];
  (void)snprintf(zone->name, sizeof zone->name, "%s", name);
  snt_sha256_hex(data.data, data.len, zone->sha256);
  SNT_TRY(snt_frame_pack(&payload, name, data.data, data.len, err));
  return snt_evaluator_send(evaluator, SNT_FRAME_ZONE, &payload, err);
}

static snt_status send_zones(struct snt_evaluator *evaluator, const struct snt_json_value *names,
                             const struct snt_policy_text *text, struct snt_buf *problems, struct snt_err *err) {
  size_t count = snt_json_count(names);
  if (count > SNT_EVALUATOR_ZONES_MAX) {
    return refuse_whole(text, "the policy names more than 64 time zones", "name fewer", problems, err);
  }
  for (size_t i = 0; i < count; i++) {
    size_t len = 0;
    const char *name = snt_json_string(snt_json_at(names, i), &len);
    if (name == NULL || strlen(name) != len) {
      return snt_evaluator_fail(evaluator, err, "it names a time zone that is not a text");
    }
    SNT_TRY(send_zone(evaluator, name, err));
  }
  return snt_done();
}

snt_status snt_evaluator_describe(struct snt_evaluator *evaluator, const char *name, const char *file,
                                  const struct snt_buf *source, struct snt_buf *reply, struct snt_buf *problems,
                                  struct snt_err *err) {
  bool is_late = false;
  bool is_good = false;
  SNT_BUF_AUTO struct snt_buf payload = {0};
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  static const char *const keys[] = {"ok", "plugin", "problems", NULL};
  SNT_TRY(snt_frame_pack(&payload, name, file, strlen(file) + 1, err));
  SNT_TRY(snt_buf_append(&payload, snt_buf_borrow(source), source->len, err));
  if (payload.len > snt_frame_request_max(SNT_FRAME_DESCRIBE)) {
    return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s is larger than 64 KiB", file);
  }
  snt_evaluator_start_clock(evaluator, LOAD_MS);
  SNT_TRY(snt_evaluator_exchange(evaluator, SNT_FRAME_DESCRIBE, &payload, &is_late, err));
  const struct snt_buf *answer = &evaluator->answer;
  if (!snt_ok(snt_json_parse(snt_buf_borrow(answer), answer->len, "", &doc, NULL)) ||
      !snt_ok(snt_json_check_keys(snt_json_root(doc), "", keys, NULL)) ||
      !snt_json_bool(snt_json_get(snt_json_root(doc), "ok"), &is_good)) {
    return snt_evaluator_fail(evaluator, err, "its account of a plugin is not strict JSON");
  }
  return is_good ? snt_json_dump(snt_json_get(snt_json_root(doc), "plugin"), reply, err)
                 : refuse_policy(evaluator, snt_json_get(snt_json_root(doc), "problems"), problems, err);
}

/* {"ok":true,...} goes to reply; else the problems of what did not load are told. */
static snt_status take_account(struct snt_evaluator *evaluator, const char *const *keys, struct snt_buf *reply,
                               struct snt_buf *problems, struct snt_err *err) {
  bool is_good = false;
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  const struct snt_buf *answer = &evaluator->answer;
  if (!snt_ok(snt_json_parse(snt_buf_borrow(answer), answer->len, "", &doc, NULL)) ||
      !snt_ok(snt_json_check_keys(snt_json_root(doc), "", keys, NULL)) ||
      !snt_json_bool(snt_json_get(snt_json_root(doc), "ok"), &is_good)) {
    return snt_evaluator_fail(evaluator, err, "its account of a spec is not strict JSON");
  }
  return is_good ? snt_buf_append(reply, answer->data, answer->len, err)
                 : refuse_policy(evaluator, snt_json_get(snt_json_root(doc), "problems"), problems, err);
}

snt_status snt_evaluator_load_spec(struct snt_evaluator *evaluator, const char *name, const char *plugin,
                                   const struct snt_buf *source, struct snt_buf *reply, struct snt_buf *problems,
                                   struct snt_err *err) {
  static const char *const keys[] = {"ok", "cases", "files", "zones", "problems", NULL};
  bool is_late = false;
  SNT_BUF_AUTO struct snt_buf payload = {0};
  SNT_TRY(snt_frame_pack(&payload, name, plugin, strlen(plugin) + 1, err));
  SNT_TRY(snt_buf_append(&payload, snt_buf_borrow(source), source->len, err));
  if (payload.len > snt_frame_request_max(SNT_FRAME_SPEC)) {
    return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s is larger than 2 MiB", name);
  }
  snt_evaluator_start_clock(evaluator, SPEC_MS);
  snt_status status = snt_evaluator_exchange(evaluator, SNT_FRAME_SPEC, &payload, &is_late, err);
  if (is_late) {
    return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s:1:1: loading takes more than %d s", name, SPEC_MS / 1000);
  }
  SNT_TRY(status);
  return take_account(evaluator, keys, reply, problems, err);
}

snt_status snt_evaluator_bind_spec(struct snt_evaluator *evaluator, struct snt_slice about, struct snt_buf *reply,
                                   struct snt_buf *problems, struct snt_err *err) {
  static const char *const keys[] = {"ok", "pure", "points", "problems", NULL};
  bool is_late = false;
  SNT_BUF_AUTO struct snt_buf payload = {0};
  SNT_TRY(snt_buf_append(&payload, about.data, about.len, err));
  snt_evaluator_start_clock(evaluator, SPEC_MS);
  SNT_TRY(snt_evaluator_exchange(evaluator, SNT_FRAME_BIND, &payload, &is_late, err));
  return take_account(evaluator, keys, reply, problems, err);
}

snt_status snt_evaluator_add_zone(struct snt_evaluator *evaluator, const char *name, struct snt_err *err) {
  return evaluator->zone_count < SNT_EVALUATOR_ZONES_MAX ? send_zone(evaluator, name, err) : snt_done();
}

snt_status snt_evaluator_add_file(struct snt_evaluator *evaluator, const char *name, struct snt_slice content,
                                  struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf payload = {0};
  SNT_TRY(snt_frame_pack(&payload, name, content.data, content.len, err));
  return snt_evaluator_send(evaluator, SNT_FRAME_FILE, &payload, err);
}

/* What the policy and its plugins may require is there before them. */
static snt_status send_files(struct snt_evaluator *evaluator, const struct snt_policy_text *text, struct snt_err *err) {
  for (size_t i = 0; i < text->file_count; i++) {
    const struct snt_policy_file *file = &text->files[i];
    struct snt_slice content = {snt_buf_borrow(&file->text), file->text.len};
    SNT_TRY(snt_evaluator_add_file(evaluator, file->name, content, err));
  }
  return snt_done();
}

snt_status snt_evaluator_add_plugin(struct snt_evaluator *evaluator, const struct snt_buf *plugin,
                                    struct snt_err *err) {
  return snt_evaluator_send(evaluator, SNT_FRAME_PLUGIN, plugin, err);
}

static snt_status send_plugins(struct snt_evaluator *evaluator, const struct snt_policy_text *text,
                               struct snt_err *err) {
  for (size_t i = 0; i < text->plugin_count; i++) {
    SNT_TRY(snt_evaluator_add_plugin(evaluator, &text->plugins[i], err));
  }
  return snt_done();
}

/* Name, NUL, kind in one letter, length of the root in digits, "!" where no rule may be for emergencies, line feed,
 * text; of a packed bundle the text is the hash of its archive, a line feed, and its frame. */
static snt_status pack_policy(const struct snt_policy_text *text, struct snt_buf *out, struct snt_err *err) {
  SNT_TRY(snt_frame_pack(out, text->name, text->kind == SNT_POLICY_KIND_LUA ? "L" : "Y", 1, err));
  SNT_TRY(text->root_len == 0 ? snt_done() : snt_buf_appendf(out, err, "%zu", text->root_len));
  SNT_TRY(snt_buf_append_str(out, text->forbids_emergency ? "!\n" : "\n", err));
  if (text->frame == NULL) {
    return snt_buf_append(out, text->data, text->len, err);
  }
  SNT_TRY(snt_buf_appendf(out, err, "%s\n", text->content));
  return snt_buf_append(out, snt_buf_borrow(text->frame), text->frame->len, err);
}

static enum snt_frame_kind frame_kind(const struct snt_policy_text *text) {
  return text->frame == NULL ? SNT_FRAME_LOAD : SNT_FRAME_BUNDLE;
}

static snt_status send_policy(struct snt_evaluator *evaluator, const struct snt_policy_text *text,
                              struct snt_buf *problems, bool *is_late, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf payload = {0};
  SNT_TRY(pack_policy(text, &payload, err));
  if (text->len > TEXT_MAX || payload.len > snt_frame_request_max(frame_kind(text))) {
    return refuse_whole(
        text, text->frame == NULL ? "the policy is larger than 512 KiB" : "the packed bundle is larger than 1 MiB",
        "make it shorter", problems, err);
  }
  snt_evaluator_start_clock(evaluator, LOAD_MS);
  SNT_TRY(send_files(evaluator, text, err));
  SNT_TRY(send_plugins(evaluator, text, err));
  return snt_evaluator_ask(evaluator, frame_kind(text), &payload, is_late, err);
}

/* What is late after the greeting is the policy's fault. */
static snt_status explain_delay(const struct snt_evaluator *evaluator, snt_status status, bool is_late,
                                struct snt_err *err) {
  if (!is_late || !evaluator->has_said_hello) {
    return status;
  }
  return refuse_whole(&evaluator->text, "loading takes more than 800 ms",
                      "a policy is a table of rules: move computing out of its top level", evaluator->problems, err);
}

snt_status snt_evaluator_load_begin(struct snt_evaluator *evaluator, const struct snt_policy_text *text,
                                    struct snt_buf *problems, struct snt_err *err) {
  bool is_late = false;
  if (evaluator->has_policy) {
    return snt_fail(err, SNT_CODE_BUG, "an evaluator takes one policy");
  }
  evaluator->has_policy = true;
  evaluator->text = *text;
  evaluator->problems = problems;
  snt_status status = send_policy(evaluator, text, problems, &is_late, err);
  evaluator->is_loading = snt_ok(status);
  return explain_delay(evaluator, status, is_late, err);
}

static snt_status take_loaded(struct snt_evaluator *evaluator, bool *is_late, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf how = {0};
  SNT_JSON_AUTO struct snt_json_doc *loaded = NULL;
  SNT_TRY(snt_evaluator_await(evaluator, frame_kind(&evaluator->text), evaluator->nonce, is_late, err));
  SNT_TRY(take_outcome(evaluator, &loaded, evaluator->problems, err));
  snt_evaluator_start_clock(evaluator, LOAD_MS); /* what the core did meanwhile is not the template's time */
  const struct snt_json_value *zones = snt_json_get(snt_json_root(loaded), "zones");
  SNT_TRY(send_zones(evaluator, zones, &evaluator->text, evaluator->problems, err));
  SNT_TRY(evaluator->text.plugin_count > 0 ? snt_buf_append_str(&how, SNT_FRAME_LINK_ROUNDS, err) : snt_done());
  SNT_TRY(snt_evaluator_ask(evaluator, SNT_FRAME_LINK, &how, is_late, err));
  evaluator->link_nonce = evaluator->nonce;
  evaluator->is_linking = true;
  return snt_done();
}

snt_status snt_evaluator_load_link(struct snt_evaluator *evaluator, struct snt_err *err) {
  bool is_late = false;
  if (!evaluator->is_loading) {
    return snt_fail(err, SNT_CODE_BUG, "no policy is being loaded");
  }
  evaluator->is_loading = false;
  snt_status status = take_loaded(evaluator, &is_late, err);
  return explain_delay(evaluator, status, is_late, err);
}

static snt_status take_linked(struct snt_evaluator *evaluator, bool *is_late, struct snt_err *err) {
  SNT_JSON_AUTO struct snt_json_doc *linked = NULL;
  SNT_TRY(snt_evaluator_await(evaluator, SNT_FRAME_LINK, evaluator->link_nonce, is_late, err));
  SNT_TRY(take_outcome(evaluator, &linked, evaluator->problems, err));
  bool is_told = snt_json_bool(snt_json_get(snt_json_root(linked), "functions"), &evaluator->has_functions);
  evaluator->has_functions = evaluator->has_functions || !is_told;
  return snt_done();
}

snt_status snt_evaluator_load_confirm(struct snt_evaluator *evaluator, struct snt_err *err) {
  bool is_late = false;
  if (!evaluator->is_linking) {
    return evaluator->is_loaded ? snt_done() : snt_evaluator_fail(evaluator, err, "no policy is in force");
  }
  evaluator->is_linking = false;
  snt_evaluator_start_clock(evaluator, LOAD_MS);
  snt_status status = take_linked(evaluator, &is_late, err);
  evaluator->is_loaded = snt_ok(status);
  return explain_delay(evaluator, status, is_late, err);
}

snt_status snt_evaluator_load(struct snt_evaluator *evaluator, const struct snt_policy_text *text,
                              struct snt_buf *problems, struct snt_err *err) {
  SNT_TRY(snt_evaluator_load_begin(evaluator, text, problems, err));
  SNT_TRY(snt_evaluator_load_link(evaluator, err));
  return snt_evaluator_load_confirm(evaluator, err);
}

snt_status snt_evaluator_unpack(struct snt_evaluator *evaluator, const struct snt_policy_text *text,
                                struct snt_buf *archive, struct snt_err *err) {
  bool is_late = false;
  SNT_BUF_AUTO struct snt_buf payload = {0};
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  if (evaluator->has_policy) {
    return snt_fail(err, SNT_CODE_BUG, "an evaluator with a policy opens no bundle");
  }
  SNT_TRY(pack_policy(text, &payload, err));
  if (payload.len > snt_frame_request_max(SNT_FRAME_UNPACK)) {
    return refuse_whole(text, "the packed bundle is larger than 1 MiB", "make it shorter", NULL, err);
  }
  snt_evaluator_start_clock(evaluator, LOAD_MS);
  SNT_TRY(snt_evaluator_exchange(evaluator, SNT_FRAME_UNPACK, &payload, &is_late, err));
  const struct snt_buf *answer = &evaluator->answer;
  if (answer->len > 0 && answer->data[0] == SNT_FRAME_UNPACKED[0]) {
    return snt_buf_append(archive, answer->data + 1, answer->len - 1, err);
  }
  SNT_TRY(take_outcome(evaluator, &doc, NULL, err));
  return snt_evaluator_fail(evaluator, err, "it opened a bundle and gave nothing");
}
