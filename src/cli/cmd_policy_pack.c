/* sentinel policy pack: a bundle's folder as one file. A refused policy is reported as policy validate does it. */
#include <string.h>

#include "base/file.h"
#include "base/sha256.h"
#include "cli/command.h"
#include "cli/problems.h"
#include "format/json.h"
#include "issue/issue.h"
#include "policy/pack.h"

/* What is said of what was written. */
struct packed_file {
  const struct snt_manifest *manifest;
  const char *path;
  char sha256[SNT_SHA256_HEX_CAP];
  size_t size, parts;
};

static snt_status print_json(const struct packed_file *file, struct snt_out *out, struct snt_err *err) {
  struct snt_json_writer json;
  snt_json_writer_init(&json, &out->text, err);
  snt_json_begin_object(&json, NULL);
  snt_json_put_string(&json, "name", file->manifest->name);
  snt_json_put_integer(&json, "serial", file->manifest->serial);
  snt_json_put_string(&json, "sha256", file->sha256);
  snt_json_put_integer(&json, "size", (int64_t)file->size);
  snt_json_put_integer(&json, "parts", (int64_t)file->parts);
  snt_json_put_string(&json, "file", file->path);
  snt_json_end_object(&json);
  SNT_TRY(snt_json_finish(&json));
  return snt_out_text(out, "\n", err);
}

static snt_status print(const struct packed_file *file, bool is_json, struct snt_out *out, struct snt_err *err) {
  if (is_json) {
    return print_json(file, out, err);
  }
  return snt_out_printf(out, err, "%s serial %lld sha256 %s %zu bytes, %zu %s\n", file->manifest->name,
                        (long long)file->manifest->serial, file->sha256, file->size, file->parts,
                        file->parts == 1 ? "part" : "parts");
}

static snt_status check_usage(const struct snt_args *args, struct snt_err *err) {
  const char *path = args->values[SNT_OPTION_OUT];
  if (args->argument_count == 0) {
    return snt_fail(err, SNT_CODE_USAGE, "name the folder of a bundle");
  }
  if (path != NULL && !snt_str_ends_with(path, SNT_PACKED_SUFFIX)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "--out %.200s does not end in " SNT_PACKED_SUFFIX, path));
    return snt_err_hint(err, "a packed bundle is known by that where it is named as a policy");
  }
  return snt_done();
}

static snt_status name_file(const struct snt_args *args, const struct snt_manifest *manifest, struct snt_buf *out,
                            struct snt_err *err) {
  const char *path = args->values[SNT_OPTION_OUT];
  return path != NULL
             ? snt_buf_append_str(out, path, err)
             : snt_buf_appendf(out, err, "%s-%lld" SNT_PACKED_SUFFIX, manifest->name, (long long)manifest->serial);
}

snt_status snt_cmd_policy_pack(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  SNT_PROBLEMS_AUTO struct snt_problems problems = {0};
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  SNT_BUF_AUTO struct snt_buf packed = {0};
  SNT_BUF_AUTO struct snt_buf array = {0};
  SNT_BUF_AUTO struct snt_buf path = {0};
  struct snt_err failure = {0};
  bool is_json = snt_args_has(args, SNT_OPTION_JSON);
  SNT_TRY(check_usage(args, err));
  snt_status status = snt_issue_pack(args->arguments[0], &policy, &packed, &array, &failure);
  SNT_TRY(snt_problems_add(&problems, args->arguments[0], status, &failure, &array, err));
  if (problems.refused > 0) {
    SNT_TRY(snt_problems_print(&problems, is_json, out, err));
    return snt_problems_status(&problems, err);
  }
  SNT_TRY(name_file(args, &policy.manifest, &path, err));
  SNT_TRY(snt_file_replace(path.data, packed.data, packed.len, 0644, err));
  struct packed_file file = {.manifest = &policy.manifest,
                             .path = path.data,
                             .size = packed.len,
                             .parts = (packed.len + SNT_BUNDLE_PART - 1) / SNT_BUNDLE_PART};
  snt_sha256_hex(packed.data, packed.len, file.sha256);
  return print(&file, is_json, out, err);
}
