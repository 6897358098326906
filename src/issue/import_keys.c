#include "issue/import_keys.h"

#include <string.h>

#include "base/str.h"
#include "keychain/names.h"

struct import {
  const struct snt_import_source *source;
  const struct snt_key_import_options *options;
  size_t opened, locked, failed, conflicts, left; /* of the names */
  struct snt_err first_lock;                      /* why the first could not be opened */
};

void snt_import_source_close(struct snt_import_source *source) {
  if (source->close != NULL) {
    source->close(&source->state);
  }
  snt_buf_clear(&source->where);
  *source = (struct snt_import_source){0};
}

static bool is_named(const struct snt_key_import_options *options, const char *name) {
  for (size_t i = 0; i < options->profile_count; i++) {
    if (strcmp(options->profiles[i], name) == 0) {
      return true;
    }
  }
  return false;
}

/* The key that the keychain holds under the name, as it would be written; NULL: none. */
static snt_status read_held(struct snt_keychain *keychain, const char *name, struct snt_secret **out,
                            struct snt_err *err) {
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials held = {0};
  *out = NULL;
  snt_status status = snt_aws_credentials_load(keychain, name, &held, err);
  if (status.code == SNT_CODE_NOT_FOUND) {
    return snt_done();
  }
  SNT_TRY(status);
  return snt_aws_credentials_format(&held, out, err);
}

static snt_status store(struct snt_keychain *keychain, const char *name, const struct snt_secret *value,
                        struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *back = NULL;
  SNT_TRY(snt_keychain_write(keychain, SNT_KEYCHAIN_KIND_AWS, name, value, err));
  SNT_TRY(snt_keychain_read(keychain, SNT_KEYCHAIN_KIND_AWS, name, &back, err));
  return snt_secret_is_equal(value, back)
             ? snt_done()
             : snt_fail(err, SNT_CODE_KEYCHAIN,
                        "the keychain gives back another value for \"%.256s\" than it was given", name);
}

static snt_status put(const struct import *import, const char *name, const struct snt_secret *value,
                      enum snt_key_outcome *outcome, struct snt_err *err) {
  const struct snt_key_import_options *options = import->options;
  SNT_SECRET_AUTO struct snt_secret *held = NULL;
  SNT_TRY(read_held(options->keychain, name, &held, err));
  if (held != NULL && snt_secret_is_equal(held, value)) {
    *outcome = SNT_KEY_PRESENT;
    return snt_done();
  }
  if (held != NULL && !options->is_replacing) {
    *outcome = SNT_KEY_CONFLICT;
    return snt_done();
  }
  SNT_TRY(options->is_plan ? snt_done() : store(options->keychain, name, value, err));
  *outcome = held == NULL ? SNT_KEY_DONE : SNT_KEY_REPLACED;
  return snt_done();
}

/* Not when it was replaced while it was being imported. */
static snt_status remove_imported(const struct import *import, const char *name, const struct snt_secret *value,
                                  struct snt_key_result *result, struct snt_err *err) {
  const struct snt_import_source *source = import->source;
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials now = {0};
  SNT_SECRET_AUTO struct snt_secret *text = NULL;
  SNT_TRY(source->read(source->state, name, &now, err));
  SNT_TRY(snt_aws_credentials_format(&now, &text, err));
  result->has_changed = !snt_secret_is_equal(value, text);
  if (result->has_changed) {
    return snt_done();
  }
  SNT_TRY(source->remove(source->state, name, err));
  result->was_removed = true;
  return snt_done();
}

static snt_status import_key(struct import *import, const struct snt_aws_credentials *key,
                             struct snt_key_result *result, struct snt_err *err) {
  if (key->session_token != NULL) {
    result->outcome = SNT_KEY_TEMPORARY;
    return snt_done();
  }
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  SNT_TRY(snt_aws_credentials_format(key, &value, err));
  SNT_TRY(put(import, result->name, value, &result->outcome, err));
  bool is_going = import->options->is_removing && result->outcome != SNT_KEY_CONFLICT;
  if (is_going && import->options->is_plan) {
    result->was_removed = true;
    return snt_done();
  }
  return is_going ? remove_imported(import, result->name, value, result, err) : snt_done();
}

/* *outcome for a name that is not looked behind; false for any other. */
static bool is_passed_over(const struct import *import, const char *name, enum snt_key_outcome *outcome) {
  if (import->source->is_cached != NULL && import->source->is_cached(name)) {
    *outcome = SNT_KEY_CACHED;
    return true;
  }
  *outcome = SNT_KEY_ODD_NAME;
  return !snt_profile_name_check(name);
}

static void take_count(struct import *import, const struct snt_key_result *result) {
  bool is_left =
      result->outcome == SNT_KEY_TEMPORARY || result->outcome == SNT_KEY_CACHED || result->outcome == SNT_KEY_ODD_NAME;
  import->failed += result->outcome == SNT_KEY_FAILED ? 1 : 0;
  import->conflicts += result->outcome == SNT_KEY_CONFLICT ? 1 : 0;
  import->left +=
      result->outcome == SNT_KEY_CONFLICT || result->has_changed || (is_left && import->options->profile_count > 0) ? 1
                                                                                                                    : 0;
}

static snt_status import_name(struct import *import, const char *name, struct snt_err *err) {
  struct snt_key_result result = {.name = name, .access_key_id = "", .why = ""};
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials key = {0};
  struct snt_err why = {0};
  if (!is_passed_over(import, name, &result.outcome)) {
    result.outcome = SNT_KEY_FAILED;
    snt_status status = import->source->read(import->source->state, name, &key, &why);
    bool is_locked = status.code == SNT_CODE_KEYCHAIN;
    if (!snt_ok(status) && !is_locked && status.code != SNT_CODE_SYNTAX && status.code != SNT_CODE_CONFIG_INVALID) {
      if (err != NULL) {
        *err = why;
      }
      return status;
    }
    import->opened += snt_ok(status) ? 1 : 0;
    import->first_lock = is_locked && import->locked == 0 ? why : import->first_lock;
    import->locked += is_locked ? 1 : 0;
    result.why = why.message;
    result.access_key_id = key.access_key_id;
    SNT_TRY(snt_ok(status) ? import_key(import, &key, &result, err) : snt_done());
  }
  take_count(import, &result);
  return import->options->tell(import->options->context, &result, err);
}

static snt_status conclude(const struct import *import, struct snt_err *err) {
  const char *where = import->source->where.data;
  if (import->locked > 0 && import->opened == 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "no key of %s could be opened: %s", where, import->first_lock.message));
    return snt_err_hint(err, "%s",
                        import->first_lock.hint[0] == '\0' ? "nothing was changed: try again with the right one"
                                                           : import->first_lock.hint);
  }
  if (import->failed > 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_SYNTAX, "%zu of %s could not be read", import->failed, where));
    return snt_err_hint(err, "what is damaged can be stored again with: sentinel add");
  }
  if (import->left > 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_ANSWER_NO, "%zu of %s %s left", import->left, where,
                        import->left == 1 ? "was" : "were"));
    return import->conflicts == 0 ? (snt_status){SNT_CODE_ANSWER_NO}
                                  : snt_err_hint(err, "--force puts its key in the place of the keychain's");
  }
  return snt_done();
}

struct gathering {
  const struct snt_key_import_options *options;
  struct snt_names names;
};

static void clear_gathering(struct gathering *gathering) { snt_names_clear(&gathering->names); }

static snt_status gather(void *context, const char *name, struct snt_err *err) {
  struct gathering *gathering = context;
  bool is_wanted = gathering->options->profile_count == 0 || is_named(gathering->options, name);
  return is_wanted ? snt_names_add(&gathering->names, name, 0, err) : snt_done();
}

static snt_status check_named(const struct import *import, const struct snt_names *names, struct snt_err *err) {
  const struct snt_key_import_options *options = import->options;
  for (size_t i = 0; i < options->profile_count; i++) {
    size_t k = 0;
    while (k < names->count && strcmp(names->items[k].name, options->profiles[i]) != 0) {
      k++;
    }
    if (k == names->count) {
      return snt_fail(err, SNT_CODE_NOT_FOUND, "there is no key \"%.256s\" in %s", options->profiles[i],
                      import->source->where.data);
    }
  }
  return snt_done();
}

snt_status snt_import_keys(const struct snt_import_source *source, const struct snt_key_import_options *options,
                           struct snt_err *err) {
  struct import import = {.source = source, .options = options};
  SNT_CLEANUP(clear_gathering) struct gathering gathering = {.options = options};
  SNT_TRY(source->list(source->state, gather, &gathering, err));
  snt_names_sort(&gathering.names);
  SNT_TRY(check_named(&import, &gathering.names, err));
  for (size_t i = 0; i < gathering.names.count; i++) {
    snt_status status = import_name(&import, gathering.names.items[i].name, err);
    if (!snt_ok(status)) {
      return snt_err_prefix(err, "the import stopped, and nothing is lost");
    }
  }
  return conclude(&import, err);
}
