/* sentinel policy verify: whether what the regions hold, or a packed file, is what readers would take, and who says so.
 */
#include <inttypes.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/publishing.h"
#include "format/json.h"
#include "policy/pack.h"

/* What came of each region. */
struct verdicts {
  struct snt_err problems[SNT_PUBLISH_REGIONS_MAX];
  bool is_good[SNT_PUBLISH_REGIONS_MAX];
  size_t refused;
  bool is_equal; /* the regions hold the same */
};

static bool is_same(const struct snt_published *a, const struct snt_published *b) {
  return a->is_pointer == b->is_pointer && strcmp(a->pointer.sha256, b->pointer.sha256) == 0 &&
         (a->is_pointer || (a->value.len == b->value.len &&
                            memcmp(snt_buf_borrow(&a->value), snt_buf_borrow(&b->value), a->value.len) == 0));
}

/* Fails only when nothing can be said of the bundles themselves. */
static snt_status judge(const struct snt_publish_view *view, const char *name, struct verdicts *out,
                        struct snt_err *err) {
  out->is_equal = true;
  for (size_t i = 0; i < view->count; i++) {
    const struct snt_published *at = &view->regions[i];
    snt_status status = snt_publish_check(view, at, name, true, &out->problems[i]);
    bool is_refused = status.code == SNT_CODE_POLICY_INVALID || status.code == SNT_CODE_NO_POLICY;
    if (!snt_ok(status) && !is_refused) {
      *err = out->problems[i];
      return status;
    }
    out->is_good[i] = snt_ok(status);
    out->refused += is_refused ? 1 : 0;
    out->is_equal = out->is_equal && is_same(at, &view->regions[0]);
  }
  return snt_done();
}

static snt_status print_signatures(struct snt_out *out, const struct snt_publish_view *view,
                                   const struct snt_pointer *pointer, struct snt_err *err) {
  for (size_t i = 0; i < pointer->signature_count; i++) {
    SNT_TRY(snt_out_printf(out, err, "  signed by     %s\n", pointer->signatures[i].key));
  }
  if (pointer->signature_count == 0) {
    SNT_TRY(snt_out_text(out, "  not signed\n", err));
  }
  return view->has_keys ? snt_done()
                        : snt_out_text(out, "  signatures were not checked: policy.keys is not configured\n", err);
}

static snt_status print_region(struct snt_out *out, const struct snt_publish_view *view,
                               const struct verdicts *verdicts, size_t i, struct snt_err *err) {
  const struct snt_published *at = &view->regions[i];
  const struct snt_pointer *pointer = &at->pointer;
  SNT_TRY(snt_out_printf(out, err, "%s%s%s  %s", snt_out_colour(out, verdicts->is_good[i] ? "32" : "31"),
                         verdicts->is_good[i] ? "good" : "refused", snt_out_colour(out, ""),
                         at->region[0] == '\0' ? view->parameter : at->region));
  if (at->is_pointer && pointer->serial > 0) {
    SNT_TRY(snt_out_printf(out, err, "  %s serial %" PRId64 ", sha256 %.16s\n", pointer->name, pointer->serial,
                           pointer->sha256));
    bool has_begin = pointer->not_before[0] != '-';
    SNT_TRY(snt_out_printf(out, err, "  installation  %s\n  valid         %s%s%suntil %s\n",
                           pointer->installation[0] == '\0' ? "-" : pointer->installation, has_begin ? "from " : "",
                           has_begin ? pointer->not_before : "", has_begin ? " " : "", pointer->not_after));
    SNT_TRY(print_signatures(out, view, pointer, err));
  } else {
    SNT_TRY(snt_out_text(out, at->version > 0 && !at->is_pointer ? "  a bare policy\n" : "\n", err));
  }
  if (verdicts->is_good[i]) {
    return snt_done();
  }
  SNT_TRY(snt_out_text(out, "  ", err));
  SNT_TRY(snt_cli_print_clean(&out->text, verdicts->problems[i].message, err));
  return snt_out_text(out, "\n", err);
}

static void put_pointer(struct snt_json_writer *writer, const struct snt_pointer *pointer) {
  snt_json_put_integer(writer, "serial", pointer->serial);
  snt_json_put_string(writer, "sha256", pointer->sha256);
  snt_json_put_integer(writer, "size", pointer->size);
  snt_json_put_string(writer, "installation", pointer->installation);
  snt_json_put_string(writer, "not_before", strcmp(pointer->not_before, "-") == 0 ? NULL : pointer->not_before);
  snt_json_put_string(writer, "not_after", pointer->not_after);
  snt_json_begin_array(writer, "signed_by");
  for (size_t i = 0; i < pointer->signature_count; i++) {
    snt_json_put_string(writer, NULL, pointer->signatures[i].key);
  }
  snt_json_end_array(writer);
}

static void put_region(struct snt_json_writer *writer, const struct snt_published *at, const struct verdicts *verdicts,
                       size_t i) {
  bool is_file = at->region[0] == '\0';
  snt_json_begin_object(writer, NULL);
  snt_json_put_string(writer, "region", is_file ? NULL : at->region);
  if (is_file || at->version == 0) {
    snt_json_put_null(writer, "version");
  } else {
    snt_json_put_integer(writer, "version", at->version);
  }
  snt_json_put_bool(writer, "bare", at->version > 0 && !at->is_pointer);
  if (at->is_pointer && at->pointer.serial > 0) {
    put_pointer(writer, &at->pointer);
  }
  snt_json_put_bool(writer, "ok", verdicts->is_good[i]);
  snt_json_put_string(writer, "problem", verdicts->is_good[i] ? NULL : verdicts->problems[i].message);
  snt_json_end_object(writer);
}

static snt_status print_json(struct snt_out *out, const char *name, const struct snt_publish_view *view,
                             const struct verdicts *verdicts, struct snt_err *err) {
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, &out->text, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_string(&writer, "name", name);
  snt_json_put_bool(&writer, "ok", verdicts->refused == 0 && verdicts->is_equal);
  snt_json_put_bool(&writer, "same", verdicts->is_equal);
  snt_json_put_bool(&writer, "signatures_checked", view->has_keys);
  snt_json_begin_array(&writer, "regions");
  for (size_t i = 0; i < view->count; i++) {
    put_region(&writer, &view->regions[i], verdicts, i);
  }
  snt_json_end_array(&writer);
  snt_json_end_object(&writer);
  SNT_TRY(snt_json_finish(&writer));
  return snt_out_text(out, "\n", err);
}

static snt_status answer(const char *name, const struct snt_publish_view *view, const struct verdicts *verdicts,
                         struct snt_err *err) {
  for (size_t i = 0; i < view->count; i++) {
    if (!verdicts->is_good[i]) {
      *err = verdicts->problems[i];
      return (snt_status){err->code};
    }
  }
  if (verdicts->is_equal) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_ANSWER_NO, "the regions do not hold the same %s", name));
  return snt_err_hint(err, "run the push that was not finished again");
}

snt_status snt_cmd_policy_verify(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  struct snt_publish_options options;
  SNT_PUBLISH_VIEW_AUTO struct snt_publish_view view = {0};
  struct verdicts verdicts = {0};
  SNT_TRY(snt_cli_publish_options(args, &options, err));
  bool is_file = snt_str_ends_with(options.name, SNT_PACKED_SUFFIX);
  SNT_TRY(is_file ? snt_publish_look_file(options.name, options.common.config, &view, err)
                  : snt_publish_look(&options, SNT_LOOK_BUNDLES, 0, &view, err));
  SNT_TRY(judge(&view, is_file ? NULL : options.name, &verdicts, err));
  if (snt_args_has(args, SNT_OPTION_JSON)) {
    SNT_TRY(print_json(out, options.name, &view, &verdicts, err));
    return answer(options.name, &view, &verdicts, err);
  }
  for (size_t i = 0; i < view.count; i++) {
    SNT_TRY(print_region(out, &view, &verdicts, i, err));
  }
  return answer(options.name, &view, &verdicts, err);
}
