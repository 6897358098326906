/* MUST
 *  1. take no file that someone else may write, and leave none that someone else may read;
 *  2. give out no token that was given for another start URL or region. */
#include "aws/sso_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

snt_status snt_sso_fail_login(const struct snt_sso_session *session, const char *why, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_LOGIN_REQUIRED, "%s \"%s\": %s", session->is_legacy ? "profile" : "sso-session",
                      session->wanted, why == NULL ? "nobody has signed in" : why));
  return snt_err_hint(err, "sentinel login --sso %s", session->wanted);
}

static const char *read_variable(void *context, const char *name) {
  (void)context;
  return getenv(name);
}

static snt_status find_folder(const struct snt_sso_store *store, struct snt_buf *out, struct snt_err *err) {
  if (store->folder != NULL) {
    return snt_buf_append_str(out, store->folder, err);
  }
  SNT_FREE_AUTO char *home = snt_aws_home(read_variable, NULL);
  if (home == NULL) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "there is no home directory to look for .aws/sso/cache in"));
    return snt_err_hint(err, "set HOME");
  }
  return snt_buf_appendf(out, err, "%s/.aws/sso/cache", home);
}

static snt_status find_path(const struct snt_sso_store *store, const struct snt_sso_session *session,
                            struct snt_buf *out, struct snt_err *err) {
  SNT_TRY(find_folder(store, out, err));
  return snt_buf_appendf(out, err, "/%s", session->file);
}

static bool uses_keychain(const struct snt_sso_store *store) {
  return store->is_in_keychain && store->keychain != NULL;
}

static snt_status parse(const struct snt_secret *text, const char *what, const struct snt_sso_session *session,
                        struct snt_sso_token *out, struct snt_err *err) {
  SNT_SSO_TOKEN_AUTO struct snt_sso_token token = {0};
  SNT_TRY(snt_sso_token_parse(text, what, &token, err));
  if (!snt_sso_token_is_of(&token, session)) {
    return snt_fail(err, SNT_CODE_NOT_FOUND, "%s is of another start URL or region", what);
  }
  *out = token;
  token = (struct snt_sso_token){0}; /* ownership went to out */
  return snt_done();
}

static snt_status load_entry(const struct snt_sso_store *store, const struct snt_sso_session *session,
                             struct snt_sso_token *out, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *text = NULL;
  if (!uses_keychain(store)) {
    return snt_fail(err, SNT_CODE_NOT_FOUND, "the keychain is not asked");
  }
  SNT_TRY(snt_keychain_read(store->keychain, SNT_KEYCHAIN_KIND_SSO, session->name, &text, err));
  return parse(text, "the sign-in in the keychain", session, out, err);
}

static snt_status load_file(const struct snt_sso_store *store, const struct snt_sso_session *session,
                            struct snt_sso_token *out, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *text = NULL;
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_TRY(find_path(store, session, &path, err));
  SNT_TRY(snt_file_read_secret(path.data, SNT_FILE_NOT_WRITABLE, SNT_KEYCHAIN_VALUE_CAP, &text, err));
  return parse(text, path.data, session, out, err);
}

/* What is worth telling when nothing was found: a keychain that cannot be read is one, what cannot be used is a reason
 * to sign in again. */
static snt_status fail_load(const struct snt_sso_session *session, const struct snt_err *entry,
                            const struct snt_err *file, struct snt_err *err) {
  const struct snt_err *errors[] = {entry, file};
  if (entry->code != SNT_CODE_NOT_FOUND && entry->code != SNT_CODE_SYNTAX) {
    SNT_IGNORE(snt_fail(err, entry->code, "%s", entry->message));
    return snt_err_hint(err, "%s", entry->hint);
  }
  for (size_t i = 0; i < 2; i++) {
    if (errors[i]->code != SNT_CODE_NOT_FOUND) {
      return snt_sso_fail_login(session, errors[i]->message, err);
    }
  }
  return snt_sso_fail_login(session, NULL, err);
}

snt_status snt_sso_store_load(const struct snt_sso_store *store, const struct snt_sso_session *session,
                              struct snt_sso_token *out, bool *is_from_file, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  *is_from_file = false;
  SNT_SSO_TOKEN_AUTO struct snt_sso_token entry = {0};
  SNT_SSO_TOKEN_AUTO struct snt_sso_token file = {0};
  struct snt_err entry_err = {0};
  struct snt_err file_err = {0};
  bool has_entry = snt_ok(load_entry(store, session, &entry, &entry_err));
  bool has_file = snt_ok(load_file(store, session, &file, &file_err));
  if (!has_entry && !has_file) {
    return fail_load(session, &entry_err, &file_err, err);
  }
  *is_from_file = has_file && (!has_entry || file.expires_at_ms > entry.expires_at_ms);
  struct snt_sso_token *chosen = *is_from_file ? &file : &entry;
  *out = *chosen;
  memset(chosen, 0, sizeof *chosen); /* ownership went to out */
  return snt_done();
}

static snt_status save_entry(const struct snt_sso_store *store, const struct snt_sso_session *session,
                             const struct snt_sso_token *token, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *text = NULL;
  SNT_TRY(snt_sso_token_format(token, true, &text, err));
  return snt_keychain_write(store->keychain, SNT_KEYCHAIN_KIND_SSO, session->name, text, err);
}

static snt_status save_file(const struct snt_sso_store *store, const struct snt_sso_session *session,
                            const struct snt_sso_token *token, struct snt_buf *path, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *text = NULL;
  SNT_BUF_AUTO struct snt_buf folder = {0};
  SNT_TRY(snt_sso_token_format(token, false, &text, err));
  SNT_TRY(find_folder(store, &folder, err));
  SNT_TRY(snt_file_make_folders(folder.data, err));
  SNT_TRY(snt_buf_appendf(path, err, "%s/%s", folder.data, session->file));
  return snt_file_replace(path->data, snt_secret_borrow(text), snt_secret_len(text), 0600, err);
}

/* Of a kind that may be forgotten at any time, in case it is left there. */
static snt_status try_keychain(struct snt_keychain *keychain, struct snt_err *err) {
  static const char name[] = "sign-in";
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  SNT_TRY(snt_secret_new_from(name, sizeof name - 1, &value, err));
  SNT_TRY(snt_keychain_write(keychain, SNT_KEYCHAIN_KIND_BASE, name, value, err));
  return snt_keychain_remove(keychain, SNT_KEYCHAIN_KIND_BASE, name, err);
}

snt_status snt_sso_store_check(const struct snt_sso_store *store, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf folder = {0};
  if (uses_keychain(store)) {
    return try_keychain(store->keychain, err);
  }
  SNT_TRY(find_folder(store, &folder, err));
  SNT_TRY(snt_file_make_folders(folder.data, err));
  return access(folder.data, W_OK) == 0 ? snt_done()
                                        : snt_fail(err, SNT_CODE_IO, "%s: %s", folder.data, strerror(errno));
}

snt_status snt_sso_store_save(const struct snt_sso_store *store, const struct snt_sso_session *session,
                              const struct snt_sso_token *token, struct snt_buf *where, struct snt_err *err) {
  if (!uses_keychain(store)) {
    return save_file(store, session, token, where, err);
  }
  SNT_TRY(save_entry(store, session, token, err));
  return snt_buf_appendf(where, err, "the %s keychain", snt_keychain_backend_name(store->keychain));
}

snt_status snt_sso_store_renew(const struct snt_sso_store *store, const struct snt_sso_session *session,
                               const struct snt_sso_token *token, bool is_from_file, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  if (!uses_keychain(store)) {
    return save_file(store, session, token, &path, err);
  }
  snt_keychain_hush(store->keychain, true);
  snt_status status = save_entry(store, session, token, err);
  snt_keychain_hush(store->keychain, false);
  return snt_ok(status) || !is_from_file ? status : save_file(store, session, token, &path, err);
}

snt_status snt_sso_store_remove(const struct snt_sso_store *store, const struct snt_sso_session *session, bool *stays,
                                struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  *stays = false;
  SNT_TRY(find_path(store, session, &path, err));
  if (uses_keychain(store)) {
    *stays = access(path.data, F_OK) == 0;
    return snt_keychain_remove(store->keychain, SNT_KEYCHAIN_KIND_SSO, session->name, err);
  }
  if (unlink(path.data) == 0) {
    return snt_done();
  }
  return snt_fail(err, errno == ENOENT ? SNT_CODE_NOT_FOUND : SNT_CODE_IO, "%s: %s", path.data, strerror(errno));
}
