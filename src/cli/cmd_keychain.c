/* sentinel add, list, remove: long-lived keys in the keychain. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aws/credentials.h"
#include "base/tty.h"
#include "cli/command.h"
#include "cli/common.h"
#include "format/json.h"
#include "issue/key_users.h"
#include "issue/rotating_key.h"
#include "keychain/cache.h"
#include "keychain/entry_names.h"

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
  struct snt_keychain *keychain;
  bool has_ids; /* access key ids are asked for */
};

/* The id of a key that is in use; "" for anything else. */
static snt_status read_id(const struct listing *listing, const char *kind, const char *name, char *out, size_t cap,
                          struct snt_err *err) {
  out[0] = '\0';
  if (!listing->has_ids || strcmp(kind, SNT_KEYCHAIN_KIND_AWS) != 0) {
    return snt_done();
  }
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials key = {0};
  SNT_TRY(snt_aws_credentials_load(listing->keychain, name, &key, err));
  (void)snprintf(out, cap, "%s", key.access_key_id);
  return snt_done();
}

static void put_entry(const struct listing *listing, const char *kind, const struct snt_entry_name *entry,
                      const char *id) {
  snt_json_begin_object(listing->writer, NULL);
  snt_json_put_string(listing->writer, "name", entry->name);
  snt_json_put_string(listing->writer, "backend", entry->backend);
  snt_json_put_string(listing->writer, "kind", kind);
  if (id[0] != '\0') {
    snt_json_put_string(listing->writer, "access_key_id", id);
  }
  snt_json_end_object(listing->writer);
}

static snt_status list_kind(const struct listing *listing, const struct snt_keychain_kind *kind, struct snt_err *err) {
  SNT_ENTRY_NAMES_AUTO struct snt_entry_names names = {0};
  SNT_TRY(snt_entry_names_load(listing->keychain, kind->name, &names, err));
  for (size_t i = 0; i < names.count; i++) {
    char id[129];
    SNT_TRY(read_id(listing, kind->name, names.items[i].name, id, sizeof id, err));
    if (listing->writer != NULL) {
      put_entry(listing, kind->name, &names.items[i], id);
      continue;
    }
    SNT_TRY(snt_out_printf(listing->out, err, "%s%s%s%s\n", names.items[i].name, id[0] == '\0' ? "" : "  ", id,
                           kind->text));
  }
  return snt_done();
}

/* What comes and goes by itself is counted: "3 cached sessions, 1 cached identity"; nothing when there is none. */
static snt_status list_cached(struct snt_keychain *keychain, struct snt_out *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf told = {0};
  for (const struct snt_keychain_kind *kind = SNT_KEYCHAIN_KINDS; kind->name != NULL; kind++) {
    SNT_ENTRY_NAMES_AUTO struct snt_entry_names names = {0};
    if (kind->is_cached) {
      SNT_TRY(snt_entry_names_load(keychain, kind->name, &names, err));
      SNT_TRY(snt_cli_tell_cached(&told, kind, names.count, err));
    }
  }
  return told.len == 0 ? snt_done() : snt_out_printf(out, err, "%s\n", told.data);
}

static snt_status tell_empty(const struct snt_keychain *keychain, struct snt_out *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf backends = {0};
  SNT_TRY(snt_keychain_tell_backends(keychain, &backends, err));
  return snt_out_printf(out, err, "the keychain is empty (%s)\n", backends.data);
}

snt_status snt_cmd_list(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  SNT_CLI_KEYCHAIN_AUTO struct snt_cli_keychain keychain = {0};
  SNT_TRY(snt_cli_open_keychain(args, &keychain, err));
  struct snt_json_writer writer;
  struct listing listing = {.out = out,
                            .writer = snt_args_has(args, SNT_OPTION_JSON) ? &writer : NULL,
                            .keychain = keychain.keychain,
                            .has_ids = snt_args_has(args, SNT_OPTION_IDS)};
  snt_json_writer_init(&writer, &out->text, err);
  if (listing.writer != NULL) {
    snt_json_begin_array(&writer, NULL);
  }
  for (const struct snt_keychain_kind *kind = SNT_KEYCHAIN_KINDS; kind->name != NULL; kind++) {
    SNT_TRY(kind->is_cached ? snt_done() : list_kind(&listing, kind, err));
  }
  if (listing.writer != NULL) {
    snt_json_end_array(&writer);
    SNT_TRY(snt_json_finish(&writer));
    return snt_out_text(out, "\n", err);
  }
  SNT_TRY(list_cached(keychain.keychain, out, err));
  return out->text.len > 0 ? snt_done() : tell_empty(keychain.keychain, out, err);
}

struct forgetting {
  struct snt_keychain *keychain;
  size_t count;
};

/* The sessions that a key was used for are kept under the names of the profiles that use it. What is not found ends by
 * itself, and nobody can use it without the key. */
static void forget_sessions(void *context, const char *profile) {
  struct forgetting *forgetting = context;
  SNT_IGNORE(snt_cache_clear(forgetting->keychain, SNT_KEYCHAIN_KIND_SESSION, profile, &forgetting->count, NULL));
}

/* A rotation that was not finished leaves keys at IAM that only a person can delete now. */
static snt_status remove_rotating(struct snt_keychain *keychain, const char *profile, struct snt_out *out,
                                  struct snt_err *err) {
  SNT_ROTATING_KEY_AUTO struct snt_rotating_key rotating = {0};
  bool is_readable = snt_ok(snt_rotating_key_load(keychain, profile, &rotating, NULL));
  snt_status status = snt_keychain_remove(keychain, SNT_KEYCHAIN_KIND_ROTATING, profile, err);
  if (status.code == SNT_CODE_NOT_FOUND) {
    return snt_done();
  }
  SNT_TRY(status);
  return is_readable ? snt_out_printf(out, err,
                                      "a rotation of %s was not finished: see at IAM which of %s and %s are still "
                                      "there, and delete them\n",
                                      profile, rotating.replaces, rotating.key.access_key_id)
                     : snt_out_printf(out, err, "a rotation of %s was not finished\n", profile);
}

/* Who removes what is not there does not want it stored. */
static snt_status hint_list(snt_status status, struct snt_err *err) {
  return status.code == SNT_CODE_NOT_FOUND ? snt_err_hint(err, "`sentinel list` shows what there is") : status;
}

/* `list` shows keys and sign-ins alike. */
static snt_status fail_no_key(struct snt_keychain *keychain, const char *name, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *sign_in = NULL;
  return snt_ok(snt_keychain_read(keychain, SNT_KEYCHAIN_KIND_SSO, name, &sign_in, NULL))
             ? snt_err_hint(err, "to forget the sign-in of that name: sentinel remove --sso %s", name)
             : hint_list((snt_status){SNT_CODE_NOT_FOUND}, err);
}

static snt_status remove_key(struct snt_cli_keychain *keychain, const char *profile, struct snt_out *out,
                             struct snt_err *err) {
  SNT_TRY(remove_rotating(keychain->keychain, profile, out, err));
  bool had_rotating = out->text.len > 0;
  snt_status status = snt_keychain_remove(keychain->keychain, SNT_KEYCHAIN_KIND_AWS, profile, err);
  if (status.code == SNT_CODE_NOT_FOUND && had_rotating) {
    return snt_done();
  }
  if (status.code == SNT_CODE_NOT_FOUND) {
    return fail_no_key(keychain->keychain, profile, err);
  }
  SNT_TRY(status);
  const char *backend = snt_keychain_backend_name(keychain->keychain); /* the one that had it */
  struct forgetting forgetting = {.keychain = keychain->keychain};
  SNT_IGNORE(
      snt_key_users_visit(keychain->settings, profile, forget_sessions, &forgetting)); /* ~/.aws may be unreadable */
  SNT_TRY(snt_out_printf(out, err, "removed %s from the %s keychain", profile, backend));
  return forgetting.count == 0 ? snt_out_text(out, "\n", err)
                               : snt_out_printf(out, err, ", and %zu cached %s\n", forgetting.count,
                                                forgetting.count == 1 ? "session" : "sessions");
}

static snt_status remove_named(const struct snt_args *args, const char *kind, const char *what, const char *name,
                               struct snt_out *out, struct snt_err *err) {
  SNT_CLI_KEYCHAIN_AUTO struct snt_cli_keychain keychain = {0};
  SNT_TRY(snt_cli_open_keychain(args, &keychain, err));
  SNT_TRY(hint_list(snt_keychain_remove(keychain.keychain, kind, name, err), err));
  return snt_out_printf(out, err, "removed %s %s from the %s keychain\n", what, name,
                        snt_keychain_backend_name(keychain.keychain));
}

/* A key that signs policy is named by --keychain, and nothing beside it. */
static snt_status take_signing_name(const struct snt_args *args, const char **out, struct snt_err *err) {
  *out = args->values[SNT_OPTION_KEYCHAIN];
  if (*out != NULL &&
      (args->argument_count > 0 || snt_args_has(args, SNT_OPTION_PROFILE) || snt_args_has(args, SNT_OPTION_SECRET))) {
    return snt_fail(err, SNT_CODE_USAGE, "--keychain names a key that signs policy: there is nothing beside it");
  }
  return *out == NULL ? snt_done() : snt_cli_check_signing_name(*out, err);
}

snt_status snt_cmd_remove(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  const char *name = NULL;
  if (snt_args_has(args, SNT_OPTION_SSO)) {
    return snt_cmd_remove_sso(args, out, err);
  }
  SNT_TRY(take_signing_name(args, &name, err));
  if (name != NULL) {
    return remove_named(args, SNT_KEYCHAIN_KIND_SIGNING, "signing key", name, out, err);
  }
  SNT_TRY(take_secret_name(args, &name, err));
  if (name != NULL) {
    return remove_named(args, SNT_KEYCHAIN_KIND_PLUGIN, "secret", name, out, err);
  }
  SNT_CLI_KEYCHAIN_AUTO struct snt_cli_keychain keychain = {0};
  SNT_TRY(snt_args_take_profile(args, &name, err));
  SNT_TRY(snt_cli_open_keychain(args, &keychain, err));
  return remove_key(&keychain, name, out, err);
}
