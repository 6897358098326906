/* sentinel keychain migrate: moves the entries of one backend into another.
 *
 * MUST
 *  1. remove an entry from where it was only when the other backend has given the same bytes back;
 *  2. leave alone, on both sides, an entry that the other backend holds with another value;
 *  3. be able to go on, after an interruption at any point, by being run again. */
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "issue/environment.h"
#include "keychain/entry_names.h"

struct migration {
  struct snt_settings *settings;
  struct snt_secret *passphrase;
  struct snt_keychain *from, *to;
  struct snt_out *out;
  size_t moved, dropped, kept;
};

static void clear_migration(struct migration *migration) {
  snt_keychain_close(&migration->from);
  snt_keychain_close(&migration->to);
  snt_secret_free(&migration->passphrase);
  snt_settings_free(&migration->settings);
}

static snt_status check_backend(const char *flag, const char *name, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf names = {0};
  if (name == NULL) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "%s is missing", flag));
    return snt_err_hint(err, "sentinel keychain migrate --from file --to secret-service");
  }
  for (size_t i = 0; SNT_KEYCHAIN_BACKENDS[i]->name != NULL; i++) {
    if (strcmp(SNT_KEYCHAIN_BACKENDS[i]->name, name) == 0) {
      return snt_done();
    }
    SNT_TRY(snt_buf_appendf(&names, err, "%s%s", i == 0 ? "" : ", ", SNT_KEYCHAIN_BACKENDS[i]->name));
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "%s: there is no single keychain backend \"%.64s\"", flag, name));
  return snt_err_hint(err, "the backends are %s", names.data);
}

static snt_status open_one(struct migration *migration, const char *name, struct snt_keychain **out,
                           struct snt_err *err) {
  struct snt_keychain_options options = snt_settings_keychain(migration->settings);
  options.backend = name;
  options.passphrase = migration->passphrase;
  return snt_keychain_open(&options, out, err);
}

static snt_status open_both(const struct snt_args *args, struct migration *migration, struct snt_err *err) {
  const char *from = args->values[SNT_OPTION_FROM];
  const char *to = args->values[SNT_OPTION_TO];
  SNT_TRY(check_backend("--from", from, err));
  SNT_TRY(check_backend("--to", to, err));
  if (strcmp(from, to) == 0) {
    return snt_fail(err, SNT_CODE_USAGE, "--from and --to name the same backend, %s", from);
  }
  SNT_TRY(snt_settings_load(args->values[SNT_OPTION_CONFIG], &migration->settings, err));
  const char *configured = snt_settings_text(migration->settings, SNT_SETTING_KEYCHAIN_BACKEND);
  if (configured == NULL || strcmp(configured, to) != 0) { /* a lock forbids others */
    SNT_TRY(snt_settings_set_flag(migration->settings, SNT_SETTING_KEYCHAIN_BACKEND, "--to", to, err));
  }
  SNT_TRY(snt_environment_take_passphrase(&migration->passphrase, err));
  SNT_TRY(open_one(migration, from, &migration->from, err));
  return open_one(migration, to, &migration->to, err);
}

/* *is_same: the other backend holds the value now, by its own word. A value of its own stays. */
static snt_status copy(struct migration *migration, const char *kind, const char *name, const struct snt_secret *value,
                       bool *is_same, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *there = NULL;
  snt_status status = snt_keychain_read(migration->to, kind, name, &there, err);
  if (status.code == SNT_CODE_NOT_FOUND) {
    SNT_TRY(snt_keychain_write(migration->to, kind, name, value, err));
    status = snt_keychain_read(migration->to, kind, name, &there, err);
  }
  SNT_TRY(status);
  *is_same = snt_secret_is_equal(value, there);
  return snt_done();
}

/* Not when it was replaced while it was being copied. */
static snt_status remove_copied(struct migration *migration, const char *kind, const char *name,
                                const struct snt_secret *value, bool *is_same, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *now = NULL;
  SNT_TRY(snt_keychain_read(migration->from, kind, name, &now, err));
  *is_same = snt_secret_is_equal(value, now);
  return *is_same ? snt_keychain_remove(migration->from, kind, name, err) : snt_done();
}

static snt_status move_entry(struct migration *migration, const struct snt_keychain_kind *kind, const char *name,
                             struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  bool is_same = false;
  SNT_TRY(snt_keychain_read(migration->from, kind->name, name, &value, err));
  SNT_TRY(copy(migration, kind->name, name, value, &is_same, err));
  SNT_TRY(is_same ? remove_copied(migration, kind->name, name, value, &is_same, err) : snt_done());
  migration->moved += is_same ? 1 : 0;
  migration->kept += is_same ? 0 : 1;
  return snt_out_printf(migration->out, err, "%s %s%s\n",
                        is_same ? "moved" : "kept in both, with different values:", name, kind->text);
}

static snt_status drop_entry(struct migration *migration, const char *kind, const char *name, struct snt_err *err) {
  snt_status status = snt_keychain_remove(migration->from, kind, name, err);
  migration->dropped += snt_ok(status) ? 1 : 0;
  return status.code == SNT_CODE_NOT_FOUND ? snt_done() : status;
}

static snt_status move_kind(struct migration *migration, const struct snt_keychain_kind *kind, struct snt_err *err) {
  SNT_ENTRY_NAMES_AUTO struct snt_entry_names names = {0};
  SNT_TRY(snt_entry_names_load(migration->from, kind->name, &names, err));
  for (size_t i = 0; i < names.count; i++) {
    const char *name = names.items[i].name;
    SNT_TRY(kind->is_cached ? drop_entry(migration, kind->name, name, err) : move_entry(migration, kind, name, err));
  }
  return snt_done();
}

static snt_status report(struct migration *migration, struct snt_err *err) {
  const char *from = snt_keychain_backend_name(migration->from);
  const char *to = snt_keychain_backend_name(migration->to);
  if (migration->dropped > 0) {
    SNT_TRY(snt_out_printf(migration->out, err, "dropped what was cached: %zu\n", migration->dropped));
  }
  SNT_TRY(snt_out_printf(migration->out, err, "%zu moved from %s to %s\n", migration->moved, from, to));
  if (migration->kept == 0) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_ANSWER_NO, "%zu %s not moved: %s holds another value", migration->kept,
                      migration->kept == 1 ? "entry was" : "entries were", to));
  return snt_err_hint(
      err, "remove the one that is wrong, with sentinel remove and --backend %s or %s, and run it again", from, to);
}

snt_status snt_cmd_keychain_migrate(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  SNT_CLEANUP(clear_migration) struct migration migration = {.out = out};
  SNT_TRY(open_both(args, &migration, err));
  for (const struct snt_keychain_kind *kind = SNT_KEYCHAIN_KINDS; kind->name != NULL; kind++) {
    snt_status status = move_kind(&migration, kind, err);
    if (!snt_ok(status)) {
      SNT_IGNORE(snt_err_prefix(err, "the migration stopped, and nothing is lost"));
      return status;
    }
  }
  return report(&migration, err);
}
