/* sentinel init --local: a configuration, a starter policy with its spec, and the lines for ~/.aws/config. What is
 * there already is kept, so it may be run again. */
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/init.h"
#include "issue/settings.h"
#include "issue/starter.h"

/* Writes a file that is not there yet, and says which it was. */
static snt_status write_fresh(const char *path, const char *text, struct snt_out *out, struct snt_err *err) {
  if (access(path, F_OK) == 0) {
    return snt_out_printf(out, err, "kept     %s\n", path);
  }
  SNT_TRY(snt_file_replace(path, text, strlen(text), 0600, err));
  return snt_out_printf(out, err, "wrote    %s\n", path);
}

static snt_status write_starter(const char *folder, const char *name, const char *starter, struct snt_out *out,
                                struct snt_err *err) {
  const char *text = NULL;
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_TRY(snt_starter_find(starter, &text, err));
  SNT_TRY(snt_buf_appendf(&path, err, "%s/policies/%s", folder, name));
  return write_fresh(path.data, text, out, err);
}

static snt_status write_settings(const char *path, const char *folder, struct snt_out *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_TRY(snt_buf_appendf(&text, err,
                          "# Sentinel's configuration; docs/configuration.md lists the keys.\n"
                          "policy:\n  source: \"file:%s/policies/policy.yaml\"\n",
                          folder));
  return write_fresh(path, text.data, out, err);
}

static snt_status print_next(const char *folder, struct snt_out *out, struct snt_err *err) {
  SNT_TRY(snt_out_text(out, "\nAdd to ~/.aws/config, with your role and region:\n\n", err));
  SNT_TRY(snt_init_print_profile("dev", "arn:aws:iam::123456789012:role/Dev", "us-east-1", out, err));
  return snt_out_printf(
      out, err,
      "\nThen store the key that may assume the role, and try the policy. With IAM Identity Center there "
      "is no key:\nname the profile that signs in as sentinel_source_profile, and run `sentinel login --sso dev` "
      "in its place.\n\n"
      "sentinel add dev\n"
      "sentinel explain dev --policy %s/policies/policy.yaml --user alice\n"
      "aws sts get-caller-identity --profile dev\n",
      folder);
}

snt_status snt_init_local(struct snt_out *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf config = {0};
  SNT_BUF_AUTO struct snt_buf folder = {0};
  SNT_BUF_AUTO struct snt_buf policies = {0};
  SNT_TRY(snt_settings_user_path(&config, err));
  SNT_TRY(snt_buf_append(&folder, config.data, (size_t)(strrchr(config.data, '/') - config.data), err));
  SNT_TRY(snt_buf_appendf(&policies, err, "%s/policies", folder.data));
  SNT_TRY(snt_file_make_folders(policies.data, err));
  SNT_TRY(write_starter(folder.data, "policy.yaml", "local/policy.yaml", out, err));
  SNT_TRY(write_starter(folder.data, "policy_spec.lua", "local/policy_spec.lua", out, err));
  SNT_TRY(write_settings(config.data, folder.data, out, err));
  return print_next(folder.data, out, err);
}
