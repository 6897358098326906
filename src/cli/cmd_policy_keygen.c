/* sentinel policy keygen: keys that sign policy, and their lines for policy.keys. A seed is never shown. */
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "issue/kms_key.h"
#include "keychain/crypto.h"
#include "keychain/openssh_key.h"
#include "keychain/signer.h"

#define COMMENT "sentinel policy"

static snt_status print_line(struct snt_out *out, const char *line, struct snt_err *err) {
  return snt_out_printf(out, err, "%s\n", line);
}

static snt_status make_file(struct snt_args *args, const char *path, struct snt_out *out, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *seed = NULL;
  const struct snt_crypto *crypto = NULL;
  const char *comment = args->values[SNT_OPTION_COMMENT];
  uint8_t public[SNT_ED25519_LEN];
  char line[64];
  SNT_TRY(snt_signer_new_seed(&seed, err));
  SNT_TRY(snt_crypto_load(&crypto, err));
  SNT_TRY(crypto->ed25519_public(seed, public, err));
  SNT_TRY(snt_openssh_key_store(path, seed, comment == NULL ? COMMENT : comment, err));
  snt_signer_line(public, line);
  return print_line(out, line, err);
}

static snt_status make_entry(struct snt_args *args, const char *name, struct snt_out *out, struct snt_err *err) {
  SNT_CLI_KEYCHAIN_AUTO struct snt_cli_keychain keychain = {0};
  char line[64];
  SNT_TRY(snt_cli_check_signing_name(name, err));
  SNT_TRY(snt_cli_open_keychain(args, &keychain, err));
  SNT_TRY(snt_signer_make(keychain.keychain, name, line, err));
  return print_line(out, line, err);
}

static snt_status show_signer(struct snt_args *args, const char *name, struct snt_out *out, struct snt_err *err) {
  SNT_CLI_KEYCHAIN_AUTO struct snt_cli_keychain keychain = {0};
  SNT_SIGNER_AUTO struct snt_signer signer = {0};
  SNT_TRY(snt_signer_needs_keychain(name) ? snt_cli_open_keychain(args, &keychain, err) : snt_done());
  SNT_TRY(snt_signer_open(name, keychain.keychain, &signer, err));
  return print_line(out, signer.key, err);
}

/* A file may be of either sort: the private key or the public one. */
static snt_status show_public(struct snt_args *args, const char *name, struct snt_out *out, struct snt_err *err) {
  uint8_t public[SNT_ED25519_LEN];
  char line[64];
  if (!snt_signer_is_file(name)) {
    return show_signer(args, name, out, err);
  }
  SNT_TRY(snt_openssh_public_load(name, public, err));
  snt_signer_line(public, line);
  return print_line(out, line, err);
}

static snt_status show_kms(struct snt_args *args, const char *arn, struct snt_out *out, struct snt_err *err) {
  struct snt_issue_options options = {.backend = args->values[SNT_OPTION_BACKEND],
                                      .config = args->values[SNT_OPTION_CONFIG]};
  SNT_TRY(snt_cli_take_caller(args, &options.profile, err));
  SNT_TRY(snt_kms_key_read(&options, arn, &out->text, err));
  return snt_out_text(out, "\n", err);
}

snt_status snt_cmd_policy_keygen(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  static const struct {
    enum snt_option_id id;
    snt_status (*run)(struct snt_args *args, const char *value, struct snt_out *out, struct snt_err *err);
  } ways[] = {{SNT_OPTION_OUT, make_file},
              {SNT_OPTION_KEYCHAIN, make_entry},
              {SNT_OPTION_PUBLIC, show_public},
              {SNT_OPTION_KMS, show_kms}};
  size_t count = 0;
  size_t way = 0;
  for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
    if (snt_args_has(args, ways[i].id)) {
      count++;
      way = i;
    }
  }
  if (count != 1) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "policy keygen needs one of --out, --keychain, --public and --kms"));
    return snt_err_hint(err,
                        "--out FILE and --keychain NAME make a key, --public KEY and --kms ARN show the line of one");
  }
  if (snt_args_has(args, SNT_OPTION_COMMENT) && ways[way].id != SNT_OPTION_OUT) {
    return snt_fail(err, SNT_CODE_USAGE, "--comment goes into the files of --out");
  }
  return ways[way].run(args, args->values[ways[way].id], out, err);
}
