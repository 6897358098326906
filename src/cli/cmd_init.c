/* sentinel init --local: a configuration, a starter policy with its spec, and the lines for ~/.aws/config. What is
 * there already is kept, so it may be run again. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/common.h"

static const char POLICY[] = "# The first rule whose conditions all hold decides; if none does, the answer is deny.\n"
                             "version: \"1\"\n"
                             "description: Starter policy\n"
                             "rules:\n"
                             "  - name: dev-everyone\n"
                             "    effect: allow\n"
                             "    conditions:\n"
                             "      profiles: [dev]\n"
                             "    reason: Development is open to everyone who has a key\n"
                             "    max_duration: 1h\n"
                             "  - name: prod-working-hours\n"
                             "    effect: allow\n"
                             "    conditions:\n"
                             "      profiles: [prod]\n"
                             "      time:\n"
                             "        days: [monday, tuesday, wednesday, thursday, friday]\n"
                             "        hours: {start: \"09:00\", end: \"17:00\"}\n"
                             "        timezone: UTC\n"
                             "    reason: Production in working hours, with a reason\n"
                             "    max_duration: 1h\n"
                             "    require:\n"
                             "      justification: {min_length: 10}\n";

static const char SPEC[] = "-- What the policy beside it has to decide: sentinel test policies/\n"
                           "describe(\"the starter policy\", function()\n"
                           "  before_each(function() freeze(\"2026-01-14T10:30:00Z\") end)\n"
                           "\n"
                           "  it(\"gives dev to everyone\", function()\n"
                           "    assert.allows({ user = \"alice\", profile = \"dev\" }, \"dev-everyone\")\n"
                           "  end)\n"
                           "\n"
                           "  it(\"wants a reason for prod\", function()\n"
                           "    assert.denies({ user = \"alice\", profile = \"prod\" },\n"
                           "      { rule = \"prod-working-hours\", error = \"requirement_unmet\" })\n"
                           "  end)\n"
                           "\n"
                           "  it(\"gives nobody what no rule names\", function()\n"
                           "    assert.denies({ user = \"alice\", profile = \"billing\" })\n"
                           "  end)\n"
                           "end)\n";

/* Writes a file that is not there yet, and says which it was. */
static snt_status write_fresh(const char *path, const char *text, struct snt_out *out, struct snt_err *err) {
  if (access(path, F_OK) == 0) {
    return snt_out_printf(out, err, "kept     %s\n", path);
  }
  SNT_TRY(snt_file_replace(path, text, strlen(text), 0600, err));
  return snt_out_printf(out, err, "wrote    %s\n", path);
}

/* The program's path, quoted so that shlex and sh read the same. */
static snt_status program_path(struct snt_buf *out, struct snt_err *err) {
  static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-";
  char path[PATH_MAX];
  ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
  if (len <= 0) {
    return snt_buf_append_str(out, "sentinel", err);
  }
  path[len] = '\0';
  if (strspn(path, plain) == (size_t)len) {
    return snt_buf_append_str(out, path, err);
  }
  if (strchr(path, '\'') != NULL) {
    return snt_fail(err, SNT_CODE_CONFIG_INVALID, "the path of the program holds a quote: %s", path);
  }
  return snt_buf_appendf(out, err, "'%s'", path);
}

static snt_status print_next(const char *folder, struct snt_out *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf program = {0};
  SNT_TRY(program_path(&program, err));
  return snt_out_printf(out, err,
                        "\nAdd to ~/.aws/config, with your role and region:\n\n"
                        "[profile dev]\n"
                        "credential_process = %s credentials --profile dev\n"
                        "sentinel_role_arn = arn:aws:iam::123456789012:role/Dev\n"
                        "region = us-east-1\n\n"
                        "Then store the key that may assume the role, and try the policy:\n\n"
                        "sentinel add dev\n"
                        "sentinel explain dev --policy %s/policies/policy.yaml --user alice\n"
                        "aws sts get-caller-identity --profile dev\n",
                        program.data, folder);
}

snt_status snt_cmd_init(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  if (!snt_args_has(args, SNT_OPTION_LOCAL)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "only `sentinel init --local` is in this version"));
    return snt_err_hint(err, "it writes a configuration and a starter policy for this machine");
  }
  SNT_BUF_AUTO struct snt_buf config = {0};
  SNT_TRY(snt_settings_user_path(&config, err));
  SNT_BUF_AUTO struct snt_buf folder = {0};
  SNT_TRY(snt_buf_append(&folder, config.data, (size_t)(strrchr(config.data, '/') - config.data), err));
  SNT_BUF_AUTO struct snt_buf policies = {0};
  SNT_TRY(snt_buf_appendf(&policies, err, "%s/policies", folder.data));
  SNT_TRY(snt_file_make_folders(policies.data, err));
  SNT_BUF_AUTO struct snt_buf policy = {0};
  SNT_BUF_AUTO struct snt_buf spec = {0};
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_TRY(snt_buf_appendf(&policy, err, "%s/policy.yaml", policies.data));
  SNT_TRY(snt_buf_appendf(&spec, err, "%s/policy_spec.lua", policies.data));
  SNT_TRY(snt_buf_appendf(&text, err,
                          "# Sentinel's configuration; docs/configuration.md lists the keys.\n"
                          "policy:\n  source: \"file:%s\"\n",
                          policy.data));
  SNT_TRY(write_fresh(policy.data, POLICY, out, err));
  SNT_TRY(write_fresh(spec.data, SPEC, out, err));
  SNT_TRY(write_fresh(config.data, text.data, out, err));
  return print_next(folder.data, out, err);
}
