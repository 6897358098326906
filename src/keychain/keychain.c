/* The table, what holds for every row of it, and several rows as one.
 *
 * MUST
 *  1. check kind, name and size before a backend sees them;
 *  2. take an entry for missing only when a backend that works says so: one that fails ends the search. */
#include "keychain/keychain.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "keychain/backend.h"
#include "keychain/names.h"

const struct snt_keychain_backend *const SNT_KEYCHAIN_BACKENDS[] = {
    &SNT_KEYCHAIN_SECRET_SERVICE,
    &SNT_KEYCHAIN_FILE,
    &SNT_KEYCHAIN_KEYRING,
    &SNT_KEYCHAIN_TPM,
    &SNT_KEYCHAIN_PASS,
    &SNT_KEYCHAIN_DOCKER,
    &(const struct snt_keychain_backend){.name = NULL},
};

const struct snt_keychain_kind SNT_KEYCHAIN_KINDS[] = {
    {SNT_KEYCHAIN_KIND_AWS, false, "", NULL, "sentinel add"},
    {SNT_KEYCHAIN_KIND_ROTATING, false, " (a rotation that is not finished)", NULL, "sentinel add"},
    {SNT_KEYCHAIN_KIND_PLUGIN, false, " (a plugin's secret)", NULL, "sentinel add --secret"},
    {SNT_KEYCHAIN_KIND_SIGNING, false, " (a key that signs policy)", NULL, "sentinel policy keygen --keychain"},
    {SNT_KEYCHAIN_KIND_SSO, false, " (a sign-in to IAM Identity Center)", NULL, "sentinel login --sso"},
    {SNT_KEYCHAIN_KIND_SESSION, true, "cached session", "cached sessions", NULL},
    {SNT_KEYCHAIN_KIND_IDENTITY, true, "cached identity", "cached identities", NULL},
    {SNT_KEYCHAIN_KIND_BASE, true, "cached base session", "cached base sessions", NULL},
    {SNT_KEYCHAIN_KIND_MFA, true, "entry about MFA codes", "entries about MFA codes", NULL},
    {NULL, false, NULL, NULL, NULL},
};

enum { PLACES_MAX = 4 };

/* A backend that is open. */
struct place {
  const struct snt_keychain_backend *backend;
  void *state;
};

struct snt_keychain {
  struct place places[PLACES_MAX];
  size_t count;
  bool is_hushed;
  const struct place *latest; /* what snt_keychain_backend_name tells */
};

/* NULL for a kind that is not in the table. */
static const struct snt_keychain_kind *find_kind(const char *name) {
  const struct snt_keychain_kind *row = SNT_KEYCHAIN_KINDS;
  while (row->name != NULL && strcmp(row->name, name) != 0) {
    row++;
  }
  return row->name == NULL ? NULL : row;
}

snt_status snt_keychain_fail_missing(const char *kind, const char *name, const char *where, struct snt_err *err) {
  const struct snt_keychain_kind *row = find_kind(kind);
  snt_status status = snt_fail(err, SNT_CODE_NOT_FOUND, "there is no entry \"%s\" in %s", name, where);
  return row == NULL || row->adds == NULL ? status : snt_err_hint(err, "store it with: %s %s", row->adds, name);
}

static snt_status fail_unknown(const char *name, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf names = {0};
  for (size_t i = 0; SNT_KEYCHAIN_BACKENDS[i]->name != NULL; i++) {
    SNT_TRY(snt_buf_appendf(&names, err, ", %s", SNT_KEYCHAIN_BACKENDS[i]->name));
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "there is no keychain backend \"%.64s\"", name));
  return snt_err_hint(err, "the backends are auto%s", snt_buf_borrow(&names));
}

static bool is_chosen(const struct snt_keychain_backend *backend, const char *wanted) {
  bool is_auto = wanted == NULL || strcmp(wanted, "auto") == 0;
  return is_auto ? backend->is_automatic : strcmp(backend->name, wanted) == 0;
}

snt_status snt_keychain_probe(const struct snt_keychain_backend *backend, const struct snt_keychain_options *options,
                              struct snt_err *err) {
  void *state = NULL;
  SNT_TRY(backend->open(options, &state, err));
  snt_status status = backend->check == NULL ? snt_done() : backend->check(state, err);
  backend->close(&state);
  return status;
}

static snt_status check_kind(const char *kind, struct snt_err *err) {
  size_t len = strlen(kind);
  bool is_good =
      len > 0 && len <= SNT_KEYCHAIN_KIND_MAX && strspn(kind, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
  return is_good ? snt_done() : snt_fail(err, SNT_CODE_BUG, "an entry of an odd kind");
}

static bool is_name(const char *name) {
  size_t len = strlen(name);
  return len > 0 && len <= SNT_KEYCHAIN_NAME_MAX && snt_utf8_check_printable(name, len);
}

/* An entry that cannot be is not asked for ahead; reading it says what is wrong. */
static struct snt_keychain_options check_first(const struct snt_keychain_options *options) {
  struct snt_keychain_options checked = *options;
  bool is_good = checked.first_kind != NULL && checked.first_name != NULL &&
                 snt_ok(check_kind(checked.first_kind, NULL)) && is_name(checked.first_name);
  checked.first_kind = is_good ? checked.first_kind : NULL;
  checked.first_name = is_good ? checked.first_name : NULL;
  return checked;
}

snt_status snt_keychain_open(const struct snt_keychain_options *options, struct snt_keychain **out,
                             struct snt_err *err) {
  *out = NULL;
  const struct snt_keychain_options checked = check_first(options);
  SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = calloc(1, sizeof *keychain);
  if (keychain == NULL) {
    return snt_fail_memory(err);
  }
  snt_status status = {SNT_CODE_OK};
  bool was_tried = false;
  for (size_t i = 0; SNT_KEYCHAIN_BACKENDS[i]->name != NULL && keychain->count < PLACES_MAX; i++) {
    if (is_chosen(SNT_KEYCHAIN_BACKENDS[i], options->backend)) {
      struct place *place = &keychain->places[keychain->count];
      place->backend = SNT_KEYCHAIN_BACKENDS[i];
      was_tried = true;
      status = place->backend->open(&checked, &place->state, err);
      keychain->count += snt_ok(status) ? 1 : 0;
    }
  }
  if (!was_tried) {
    return fail_unknown(options->backend, err);
  }
  if (keychain->count == 0) {
    return status;
  }
  keychain->latest = keychain->places;
  *out = SNT_MOVE(keychain);
  return snt_done();
}

void snt_keychain_close(struct snt_keychain **keychain) {
  if (keychain == NULL || *keychain == NULL) {
    return;
  }
  for (size_t i = 0; i < (*keychain)->count; i++) {
    (*keychain)->places[i].backend->close(&(*keychain)->places[i].state);
  }
  free(*keychain);
  *keychain = NULL;
}

void snt_keychain_hush(struct snt_keychain *keychain, bool is_hushed) {
  keychain->is_hushed = is_hushed;
  for (size_t i = 0; i < keychain->count; i++) {
    const struct place *place = &keychain->places[i];
    if (place->backend->hush != NULL) {
      place->backend->hush(place->state, is_hushed);
    }
  }
}

const char *snt_keychain_backend_name(const struct snt_keychain *keychain) { return keychain->latest->backend->name; }

snt_status snt_keychain_tell_backends(const struct snt_keychain *keychain, struct snt_buf *out, struct snt_err *err) {
  for (size_t i = 0; i < keychain->count; i++) {
    SNT_TRY(snt_buf_appendf(out, err, "%s%s", i == 0 ? "" : " and ", keychain->places[i].backend->name));
  }
  return snt_done();
}

/* A foreign keychain is never one of several. */
static snt_status check_hush(const struct snt_keychain *keychain, struct snt_err *err) {
  const struct snt_keychain_backend *backend = keychain->places[0].backend;
  if (!keychain->is_hushed || !backend->is_foreign) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "the %s keychain cannot be told to ask nobody", backend->name));
  return snt_err_hint(err, "keychain: {cache: kernel} keeps sessions elsewhere");
}

static snt_status check_entry(const struct snt_keychain *keychain, const char *kind, const char *name,
                              struct snt_err *err) {
  SNT_TRY(check_kind(kind, err));
  if (!is_name(name)) {
    return snt_fail(err, SNT_CODE_USAGE, "the name of a keychain entry is 1 to %zu bytes of printable UTF-8",
                    SNT_KEYCHAIN_NAME_MAX);
  }
  return check_hush(keychain, err);
}

static bool is_cached(const char *kind) {
  const struct snt_keychain_kind *row = find_kind(kind);
  return row != NULL && row->is_cached;
}

/* In how many of the places an entry may be used. */
static size_t count_used(const struct snt_keychain *keychain, const char *kind) {
  return is_cached(kind) ? 1 : keychain->count;
}

/* In how many of them it may lie: what was cached before there was another first place lies in the one behind it, and
 * goes when a person says so. */
static size_t count_held(const struct snt_keychain *keychain, const char *kind) {
  return keychain->is_hushed ? count_used(keychain, kind) : keychain->count;
}

/* With several places no single one is to be named. */
static snt_status fail_everywhere(const struct snt_keychain *keychain, const char *kind, const char *name,
                                  struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf where = {0};
  SNT_TRY(snt_buf_append_str(&where, "the keychains ", err));
  SNT_TRY(snt_keychain_tell_backends(keychain, &where, err));
  return snt_keychain_fail_missing(kind, name, where.data, err);
}

/* Reads from the first of the places that has it. */
static snt_status find_entry(struct snt_keychain *keychain, const char *kind, const char *name, struct snt_secret **out,
                             struct snt_err *err) {
  size_t count = count_used(keychain, kind);
  snt_status status = {SNT_CODE_NOT_FOUND};
  for (size_t i = 0; i < count && status.code == SNT_CODE_NOT_FOUND; i++) {
    const struct place *place = &keychain->places[i];
    status = place->backend->read(place->state, kind, name, out, err);
    keychain->latest = snt_ok(status) ? place : keychain->latest;
  }
  return status.code == SNT_CODE_NOT_FOUND && count > 1 ? fail_everywhere(keychain, kind, name, err) : status;
}

snt_status snt_keychain_read(struct snt_keychain *keychain, const char *kind, const char *name, struct snt_secret **out,
                             struct snt_err *err) {
  *out = NULL;
  SNT_TRY(check_entry(keychain, kind, name, err));
  return find_entry(keychain, kind, name, out, err);
}

/* Where the entry lies, or the first place for one that is new. */
static snt_status choose_place(struct snt_keychain *keychain, const char *kind, const char *name,
                               const struct place **out, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *old = NULL;
  *out = keychain->places;
  if (count_used(keychain, kind) == 1) {
    return snt_done();
  }
  snt_status status = find_entry(keychain, kind, name, &old, err);
  if (status.code == SNT_CODE_NOT_FOUND) {
    return snt_done();
  }
  SNT_TRY(status);
  *out = keychain->latest;
  return snt_done();
}

snt_status snt_keychain_write(struct snt_keychain *keychain, const char *kind, const char *name,
                              const struct snt_secret *value, struct snt_err *err) {
  SNT_TRY(check_entry(keychain, kind, name, err));
  size_t len = snt_secret_len(value);
  if (len == 0 || len > SNT_KEYCHAIN_VALUE_CAP) {
    return snt_fail(err, SNT_CODE_KEYCHAIN, "the entry \"%s\" has %zu bytes; 1 to %zu can be stored", name, len,
                    SNT_KEYCHAIN_VALUE_CAP);
  }
  const struct place *place = NULL;
  SNT_TRY(choose_place(keychain, kind, name, &place, err));
  SNT_TRY(place->backend->write(place->state, kind, name, value, err));
  keychain->latest = place;
  return snt_done();
}

/* The last place first: what is left when it is interrupted is what was read before. */
snt_status snt_keychain_remove(struct snt_keychain *keychain, const char *kind, const char *name, struct snt_err *err) {
  SNT_TRY(check_entry(keychain, kind, name, err));
  size_t count = count_held(keychain, kind);
  snt_status status = {SNT_CODE_NOT_FOUND};
  bool was_there = false;
  for (size_t i = count; i > 0; i--) {
    const struct place *place = &keychain->places[i - 1];
    status = place->backend->remove(place->state, kind, name, err);
    if (!snt_ok(status) && status.code != SNT_CODE_NOT_FOUND) {
      return status;
    }
    was_there = was_there || snt_ok(status);
    keychain->latest = snt_ok(status) ? place : keychain->latest;
  }
  if (was_there) {
    return snt_done();
  }
  return count > 1 ? fail_everywhere(keychain, kind, name, err) : status;
}

struct gathering {
  struct snt_names names;
  size_t place;
  snt_status status;
};

/* Other programs may have put entries there under names that could not be read. */
static void gather(void *context, const char *name) {
  struct gathering *gathering = context;
  if (snt_ok(gathering->status) && is_name(name)) {
    gathering->status = snt_names_add(&gathering->names, name, gathering->place, NULL);
  }
}

static void clear_gathering(struct gathering *gathering) { snt_names_clear(&gathering->names); }

snt_status snt_keychain_list(struct snt_keychain *keychain, const char *kind,
                             void (*visit)(void *context, const char *name), void *context, struct snt_err *err) {
  SNT_TRY(check_kind(kind, err));
  SNT_TRY(check_hush(keychain, err));
  SNT_CLEANUP(clear_gathering) struct gathering gathering = {.status = {SNT_CODE_OK}};
  size_t count = count_held(keychain, kind);
  for (gathering.place = 0; gathering.place < count; gathering.place++) {
    const struct place *place = &keychain->places[gathering.place];
    SNT_TRY(place->backend->list(place->state, kind, gather, &gathering, err));
    if (!snt_ok(gathering.status)) {
      return snt_fail_memory(err);
    }
  }
  snt_names_sort(&gathering.names);
  for (size_t i = 0; i < gathering.names.count; i++) {
    keychain->latest = &keychain->places[gathering.names.items[i].tag];
    visit(context, gathering.names.items[i].name);
  }
  return snt_done();
}
