/* sentinel add, list, remove: long-lived keys in the keychain. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aws/credentials.h"
#include "base/tty.h"
#include "cli/command.h"
#include "cli/common.h"
#include "format/json.h"

enum { PROMPT_DEADLINE_MS = 120000, LINE_CAP = 1024 };

/* One line of stdin, byte by byte: what follows it is not ours to read. */
static snt_status read_stdin_line(const char *what, struct snt_secret **out, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *line = NULL;
  SNT_TRY(snt_secret_new(LINE_CAP, &line, err));
  for (;;) {
    char c = 0;
    ssize_t got = read(STDIN_FILENO, &c, 1);
    if (got < 0 || (got == 0 && snt_secret_len(line) == 0)) {
      return snt_fail(err, SNT_CODE_USAGE, "stdin ends before the %s", what);
    }
    if (got == 0 || c == '\n') {
      break;
    }
    if (c != '\r') {
      SNT_TRY(snt_secret_append(line, &c, 1, err));
    }
  }
  *out = SNT_MOVE(line);
  return snt_done();
}

static snt_status ask(const char *what, const char *profile, bool is_hidden, bool is_stdin, struct snt_secret **out,
                      struct snt_err *err) {
  *out = NULL;
  if (is_stdin) {
    return read_stdin_line(what, out, err);
  }
  SNT_BUF_AUTO struct snt_buf prompt = {0};
  SNT_TRY(snt_buf_appendf(&prompt, err, "%s for %s: ", what, profile));
  snt_status status = snt_tty_ask(prompt.data, is_hidden, PROMPT_DEADLINE_MS, LINE_CAP, out, err);
  return snt_ok(status) ? status
                        : snt_err_hint(err, "run it in a terminal, or give it on stdin, a line each, with --stdin");
}

static snt_status read_key(const char *profile, bool is_stdin, struct snt_aws_credentials *out, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *id = NULL;
  SNT_TRY(ask("access key id", profile, false, is_stdin, &id, err));
  if (!snt_aws_access_key_id_check(snt_secret_borrow(id)) || snt_secret_len(id) >= sizeof out->access_key_id) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "this is not an access key id"));
    return snt_err_hint(err, "it has 16 to 128 capital letters and digits, such as AKIAIOSFODNN7EXAMPLE");
  }
  (void)snprintf(out->access_key_id, sizeof out->access_key_id, "%s", snt_secret_borrow(id));
  SNT_TRY(ask("secret access key", profile, true, is_stdin, &out->secret_key, err));
  const char *secret = snt_secret_borrow(out->secret_key);
  size_t len = snt_secret_len(out->secret_key);
  for (size_t i = 0; i < len; i++) {
    if (secret[i] <= 0x20 || secret[i] > 0x7e) {
      return snt_fail(err, SNT_CODE_USAGE, "a secret access key has only printable characters, and no spaces");
    }
  }
  return len > 0 && len <= 256 ? snt_done()
                               : snt_fail(err, SNT_CODE_USAGE, "a secret access key has 1 to 256 characters");
}

/* A plugin's secret is named by --secret, and no profile beside it. */
static snt_status take_secret_name(const struct snt_args *args, const char **out, struct snt_err *err) {
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
  const char *name = args->values[SNT_OPTION_SECRET];
  *out = name;
  if (name != NULL && (args->argument_count > 0 || snt_args_has(args, SNT_OPTION_PROFILE))) {
    return snt_fail(err, SNT_CODE_USAGE, "--secret names a plugin's secret: there is no profile beside it");
  }
  if (name != NULL && (strlen(name) > 64 || strspn(name, allowed) != strlen(name))) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "\"%.100s\" cannot be the name of a secret", name));
    return snt_err_hint(err, "it is the name in the plugin's needs.secrets: letters, digits and _");
  }
  return snt_done();
}

static snt_status add_secret(const struct snt_args *args, const char *name, struct snt_out *out, struct snt_err *err) {
  SNT_CLI_KEYCHAIN_AUTO struct snt_cli_keychain keychain = {0};
  SNT_SECRET_AUTO struct snt_secret *secret = NULL;
  SNT_TRY(snt_cli_open_keychain(args, &keychain, err));
  SNT_TRY(ask("secret", name, true, snt_args_has(args, SNT_OPTION_STDIN), &secret, err));
  const char *text = snt_secret_borrow(secret);
  for (size_t i = 0; i < snt_secret_len(secret); i++) {
    if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
      return snt_fail(err, SNT_CODE_USAGE, "a secret has no control characters");
    }
  }
  if (snt_secret_len(secret) == 0) {
    return snt_fail(err, SNT_CODE_USAGE, "the secret is empty");
  }
  SNT_TRY(snt_keychain_write(keychain.keychain, SNT_KEYCHAIN_KIND_PLUGIN, name, secret, err));
  return snt_out_printf(out, err, "stored secret %s in the %s keychain\n", name,
                        snt_keychain_backend_name(keychain.keychain));
}

snt_status snt_cmd_add(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  const char *profile = NULL;
  const char *secret = NULL;
  SNT_TRY(take_secret_name(args, &secret, err));
  if (secret != NULL) {
    return add_secret(args, secret, out, err);
  }
  SNT_TRY(snt_args_take_profile(args, &profile, err));
  SNT_CLI_KEYCHAIN_AUTO struct snt_cli_keychain keychain = {0};
  SNT_TRY(snt_cli_open_keychain(args, &keychain, err));
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials credentials = {0};
  SNT_TRY(read_key(profile, snt_args_has(args, SNT_OPTION_STDIN), &credentials, err));
  SNT_SECRET_AUTO struct snt_secret *entry = NULL;
  SNT_TRY(snt_aws_credentials_format(&credentials, &entry, err));
  SNT_TRY(snt_keychain_write(keychain.keychain, SNT_KEYCHAIN_KIND_AWS, profile, entry, err));
  return snt_out_printf(out, err, "stored %s for %s in the %s keychain\n", credentials.access_key_id, profile,
                        snt_keychain_backend_name(keychain.keychain));
}

struct listing {
  struct snt_out *out;
  struct snt_json_writer *writer; /* NULL: for people */
  struct snt_err *err;
  snt_status status;
  const struct snt_keychain *keychain;
  const char *kind;
};

static void list_name(void *context, const char *name) {
  struct listing *listing = context;
  const char *backend = snt_keychain_backend_name(listing->keychain);
  if (listing->writer != NULL) {
    snt_json_begin_object(listing->writer, NULL);
    snt_json_put_string(listing->writer, "name", name);
    snt_json_put_string(listing->writer, "backend", backend);
    snt_json_put_string(listing->writer, "kind", listing->kind);
    snt_json_end_object(listing->writer);
  } else if (snt_ok(listing->status)) {
    bool is_secret = strcmp(listing->kind, SNT_KEYCHAIN_KIND_PLUGIN) == 0;
    listing->status =
        snt_out_printf(listing->out, listing->err, "%s%s\n", name, is_secret ? " (a plugin's secret)" : "");
  }
}

snt_status snt_cmd_list(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  SNT_CLI_KEYCHAIN_AUTO struct snt_cli_keychain keychain = {0};
  SNT_TRY(snt_cli_open_keychain(args, &keychain, err));
  bool is_json = snt_args_has(args, SNT_OPTION_JSON);
  struct snt_json_writer writer;
  struct listing listing = {out, is_json ? &writer : NULL, err, snt_done(), keychain.keychain, NULL};
  if (is_json) {
    snt_json_writer_init(&writer, &out->text, err);
    snt_json_begin_array(&writer, NULL);
  }
  static const char *const kinds[] = {SNT_KEYCHAIN_KIND_AWS, SNT_KEYCHAIN_KIND_PLUGIN};
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    listing.kind = kinds[i];
    SNT_TRY(snt_keychain_list(keychain.keychain, kinds[i], list_name, &listing, err));
    SNT_TRY(listing.status);
  }
  if (is_json) {
    snt_json_end_array(&writer);
    SNT_TRY(snt_json_finish(&writer));
    return snt_out_text(out, "\n", err);
  }
  return out->text.len > 0
             ? snt_done()
             : snt_out_printf(out, err, "the %s keychain is empty\n", snt_keychain_backend_name(keychain.keychain));
}

snt_status snt_cmd_remove(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  const char *name = NULL;
  SNT_TRY(take_secret_name(args, &name, err));
  const char *kind = name == NULL ? SNT_KEYCHAIN_KIND_AWS : SNT_KEYCHAIN_KIND_PLUGIN;
  SNT_TRY(name == NULL ? snt_args_take_profile(args, &name, err) : snt_done());
  SNT_CLI_KEYCHAIN_AUTO struct snt_cli_keychain keychain = {0};
  SNT_TRY(snt_cli_open_keychain(args, &keychain, err));
  SNT_TRY(snt_keychain_remove(keychain.keychain, kind, name, err));
  return snt_out_printf(out, err, "removed %s from the %s keychain\n", name,
                        snt_keychain_backend_name(keychain.keychain));
}
