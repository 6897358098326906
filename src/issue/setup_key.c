/* The key that signs. It is read, made and asked for in children of this process (issue/child.h). */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aws/kms.h"
#include "base/file.h"
#include "base/str.h"
#include "issue/child.h"
#include "issue/flow.h"
#include "issue/kms_key.h"
#include "issue/setup_internal.h"
#include "keychain/crypto.h"
#include "keychain/openssh_key.h"
#include "keychain/signer.h"

#define KMS "kms:"
enum { LINE_CAP = 4096 };

struct asking {
  const struct snt_issue_options *options;
  const char *spec;
  char line[LINE_CAP];
};

static void copy_line(struct asking *asking, const char *line) {
  (void)snprintf(asking->line, sizeof asking->line, "%s", line);
}

static snt_status make_there(void *context, struct snt_err *err) {
  struct asking *asking = context;
  const struct snt_crypto *crypto = NULL;
  SNT_SECRET_AUTO struct snt_secret *seed = NULL;
  uint8_t public[SNT_ED25519_LEN];
  SNT_TRY(snt_signer_new_seed(&seed, err));
  SNT_TRY(snt_crypto_load(&crypto, err));
  SNT_TRY(crypto->ed25519_public(seed, public, err));
  SNT_TRY(snt_openssh_key_store(asking->spec, seed, "sentinel policy", err));
  snt_signer_line(public, asking->line);
  return snt_done();
}

static snt_status ask_kms_there(void *context, struct snt_err *err) {
  struct asking *asking = context;
  SNT_BUF_AUTO struct snt_buf line = {0};
  SNT_TRY(snt_kms_key_read(asking->options, asking->spec + strlen(KMS), &line, err));
  copy_line(asking, line.data);
  return snt_done();
}

static snt_status open_there(void *context, struct snt_err *err) {
  struct asking *asking = context;
  SNT_FLOW_AUTO struct snt_flow flow = {.options = asking->options};
  SNT_SIGNER_AUTO struct snt_signer signer = {0};
  SNT_TRY(snt_flow_load_settings(&flow, err));
  SNT_TRY(snt_environment_take(&flow.environment, err));
  SNT_TRY(snt_signer_needs_keychain(asking->spec) ? snt_flow_open_keychain(&flow, err) : snt_done());
  SNT_TRY(snt_signer_open(asking->spec, flow.keychain, &signer, err));
  copy_line(asking, signer.key);
  return snt_done();
}

static snt_status send_line(const void *context, int fd) {
  const struct asking *asking = context;
  return snt_file_write_all(fd, asking->line, sizeof asking->line, NULL);
}

static snt_status receive_line(void *context, int fd) {
  struct asking *asking = context;
  return snt_child_read(fd, asking->line, sizeof asking->line);
}

static snt_status ask(const struct snt_setup_options *options, struct snt_setup_key *key,
                      snt_status (*work)(void *context, struct snt_err *err), struct snt_err *err) {
  struct asking asking = {.options = &options->common, .spec = key->spec.data};
  const struct snt_child child = {
      .what = "reads the key that signs", .context = &asking, .work = work, .send = send_line, .receive = receive_line};
  SNT_TRY(snt_child_run(&child, err));
  snt_buf_reset(&key->public_line);
  return snt_buf_append_str(&key->public_line, asking.line, err);
}

/* "~/.config/sentinel/signing-acme.key": it is of the installation, and not of one policy. */
static snt_status append_default(const struct snt_setup *setup, struct snt_buf *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_TRY(snt_settings_user_path(&path, err));
  SNT_TRY(snt_buf_append(out, path.data, (size_t)(strrchr(path.data, '/') + 1 - path.data), err));
  return snt_buf_appendf(out, err, "signing-%s.key", setup->installation);
}

static snt_status name_key(const struct snt_setup_options *options, struct snt_setup *setup, struct snt_err *err) {
  char region[64];
  const char *name = options->key != NULL ? options->key : options->new_key;
  if (options->key != NULL && options->new_key != NULL) {
    return snt_fail(err, SNT_CODE_USAGE, "--key names a key that is there, --new-key makes one: give one of them");
  }
  SNT_TRY(name == NULL ? append_default(setup, &setup->key.spec, err)
                       : snt_buf_append_str(&setup->key.spec, name, err));
  setup->key.is_kms = options->key != NULL && snt_str_starts_with(name, KMS);
  if (options->new_key != NULL && !snt_signer_is_file(options->new_key)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "--new-key: %.200s is not the name of a file", options->new_key));
    return snt_err_hint(err, "`sentinel policy keygen --keychain NAME` makes a key in the keychain; then --key");
  }
  return setup->key.is_kms ? snt_kms_arn_check(name + strlen(KMS), region, err) : snt_done();
}

snt_status snt_setup_find_key(const struct snt_setup_options *options, struct snt_setup *setup, struct snt_err *err) {
  struct snt_setup_key *key = &setup->key;
  SNT_TRY(name_key(options, setup, err));
  bool is_missing = options->key == NULL && access(key->spec.data, F_OK) != 0;
  key->state = is_missing ? SNT_SETUP_MISSING : SNT_SETUP_SAME;
  if (is_missing || (key->is_kms && options->is_plan)) {
    return snt_done();
  }
  return ask(options, key, key->is_kms ? ask_kms_there : open_there, err);
}

snt_status snt_setup_make_key(const struct snt_setup_options *options, struct snt_setup *setup, struct snt_err *err) {
  struct snt_setup_key *key = &setup->key;
  if (key->state != SNT_SETUP_MISSING) {
    return snt_done();
  }
  SNT_BUF_AUTO struct snt_buf folder = {0};
  const char *slash = strrchr(key->spec.data, '/');
  SNT_TRY(snt_buf_append(&folder, key->spec.data, slash == NULL ? 0 : (size_t)(slash - key->spec.data), err));
  SNT_TRY(folder.len == 0 ? snt_done() : snt_file_make_folders(folder.data, err));
  SNT_TRY(ask(options, key, make_there, err));
  key->state = SNT_SETUP_WRITTEN;
  return snt_done();
}
