/* The encrypted files: everything under one seal, read whole and replaced whole. Two rows of the table, which differ in
 * where the key comes from.
 *
 * MUST
 *  1. never ask a person while it holds the lock;
 *  2. change only what it has read under the lock. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "keychain/backend.h"
#include "keychain/file_key.h"
#include "keychain/file_place.h"
#include "keychain/file_rest.h"

/* Who is asked nothing has something more urgent to do than to wait for a writer that was stopped. */
enum { WRITE_TRIES = 4, LOCK_WAIT_MS = 10000, LOCK_WAIT_HUSHED_MS = 1000 };

struct file {
  struct snt_file_place place;
  struct snt_file_keys keys;
  struct snt_secret *opened; /* the entries as they were read last; NULL: they were not */
  struct stat seen;          /* the file as it was before that */
};

/* The file as it was read. */
struct image {
  bool is_there;
  struct snt_buf bytes;
  struct snt_sealed_header header;
};

static void clear_image(struct image *image) { snt_buf_clear(&image->bytes); }
#define IMAGE_AUTO SNT_CLEANUP(clear_image)

static void close_file(void **state) {
  struct file *file = *state;
  if (file != NULL) {
    snt_secret_free(&file->opened);
    snt_file_keys_clear(&file->keys);
    snt_file_place_clear(&file->place);
    free(file);
  }
  *state = NULL;
}

static snt_status open_source(const struct snt_keychain_options *options, const struct snt_key_source *source,
                              void **state, struct snt_err *err) {
  *state = NULL;
  SNT_CLEANUP(close_file) void *opened = calloc(1, sizeof(struct file));
  struct file *file = opened;
  if (file == NULL) {
    return snt_fail_memory(err);
  }
  SNT_TRY(snt_file_place_find(options->folder, source->file_name, &file->place, err));
  file->keys.source = source;
  file->keys.tcti = options->tcti;
  file->keys.wants_pin = options->wants_pin;
  file->keys.given = options->passphrase;
  file->keys.prompt_deadline_ms = options->prompt_deadline_ms;
  file->keys.path = file->place.path;
  *state = SNT_MOVE(opened);
  return snt_done();
}

static snt_status open_file(const struct snt_keychain_options *options, void **state, struct snt_err *err) {
  return open_source(options, &SNT_KEY_FROM_PASSPHRASE, state, err);
}

static snt_status open_tpm(const struct snt_keychain_options *options, void **state, struct snt_err *err) {
  return open_source(options, &SNT_KEY_FROM_TPM, state, err);
}

/* A file that is missing is no failure; an empty one is. */
static snt_status load(const struct file *file, struct image *out, struct snt_err *err) {
  snt_status status = snt_file_place_read(&file->place, SNT_SEALED_FILE_MAX, &out->bytes, err);
  if (status.code == SNT_CODE_NOT_FOUND) {
    return snt_done();
  }
  SNT_TRY(status);
  out->is_there = true;
  return snt_sealed_parse_header(&out->bytes, file->keys.source->kind, file->place.path, &out->header, err);
}

static snt_status check_file(void *state, struct snt_err *err) {
  IMAGE_AUTO struct image image = {0};
  const struct file *file = state;
  if (file->place.path == NULL) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "there is no folder for the keychain: HOME is not set"));
    return snt_err_hint(err, "set HOME or XDG_DATA_HOME");
  }
  return load(file, &image, err);
}

static snt_status check_tpm(void *state, struct snt_err *err) {
  SNT_TRY(check_file(state, err));
  return snt_tpm_check(((const struct file *)state)->keys.tcti, err);
}

/* Decrypts only what does not rest opened. What takes no word rests nowhere. */
static snt_status unseal(const struct file *file, const struct image *image, struct snt_secret **entries,
                         struct snt_err *err) {
  const struct snt_crypto *crypto = NULL;
  bool may_rest = snt_sealed_takes_word(&image->header);
  if (may_rest && snt_file_rest_find(file->keys.key, &image->bytes, entries)) {
    return snt_done();
  }
  SNT_TRY(snt_crypto_load(&crypto, err));
  SNT_TRY(snt_sealed_open(crypto, &image->bytes, &image->header, file->keys.key, file->place.path, entries, err));
  if (may_rest) {
    snt_file_rest_lay(file->keys.key, &image->bytes, *entries);
  }
  return snt_done();
}

/* A writer puts another file in the place of the old one. */
static bool is_as_seen(const struct stat *seen, const struct stat *now) {
  return seen->st_ino == now->st_ino && seen->st_dev == now->st_dev && seen->st_size == now->st_size &&
         seen->st_mtim.tv_sec == now->st_mtim.tv_sec && seen->st_mtim.tv_nsec == now->st_mtim.tv_nsec &&
         seen->st_ctim.tv_sec == now->st_ctim.tv_sec && seen->st_ctim.tv_nsec == now->st_ctim.tv_nsec;
}

/* The entries of the file, or NULL when there is none; borrowed until the next call. */
static snt_status read_all(struct file *file, const struct snt_secret **entries, struct snt_err *err) {
  IMAGE_AUTO struct image image = {0};
  struct stat now = {0};
  bool is_there = file->place.path != NULL && lstat(file->place.path, &now) == 0;
  if (file->opened != NULL && is_there && is_as_seen(&file->seen, &now)) {
    *entries = file->opened;
    return snt_done();
  }
  *entries = NULL;
  snt_secret_free(&file->opened);
  SNT_TRY(load(file, &image, err));
  if (!image.is_there) {
    return snt_done();
  }
  SNT_TRY(snt_file_keys_find(&file->keys, &image.header, err));
  SNT_TRY(unseal(file, &image, &file->opened, err));
  file->seen = now;
  *entries = file->opened;
  return snt_done();
}

/* Nothing is made, nor missed, behind a person's back. */
static snt_status check_made(const struct file *file, struct snt_err *err) {
  return !file->keys.is_hushed ? snt_done()
                               : snt_fail(err, SNT_CODE_KEYCHAIN, "there is no keychain %s",
                                          file->place.path == NULL ? "" : file->place.path);
}

static snt_status fail_missing(const struct file *file, const char *kind, const char *name, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf where = {0};
  const char *path = file->place.path;
  SNT_TRY(snt_buf_appendf(&where, err, "the keychain%s%s", path == NULL ? "" : " ", path == NULL ? "" : path));
  return snt_keychain_fail_missing(kind, name, where.data, err);
}

static snt_status read_entry(void *state, const char *kind, const char *name, struct snt_secret **out,
                             struct snt_err *err) {
  struct file *file = state;
  const struct snt_secret *entries = NULL;
  SNT_TRY(read_all(file, &entries, err));
  SNT_TRY(entries == NULL ? check_made(file, err) : snt_done());
  struct snt_sealed_entry entry;
  if (entries == NULL || !snt_sealed_find(entries, kind, name, &entry)) {
    return fail_missing(file, kind, name, err);
  }
  return snt_secret_new_from(entry.value.data, entry.value.len, out, err);
}

struct change {
  const char *kind, *name;
  const struct snt_secret *value; /* NULL: the entry goes */
};

/* Gets a key for the file as it is now, or for the one to be made: before the lock, because a person may be asked. */
static snt_status prepare_key(struct file *file, struct image *image, const struct change *change,
                              struct snt_err *err) {
  SNT_TRY(load(file, image, err));
  if (!image->is_there && change->value == NULL) {
    return fail_missing(file, change->kind, change->name, err);
  }
  if (image->is_there) {
    return snt_file_keys_find(&file->keys, &image->header, err);
  }
  SNT_TRY(check_made(file, err));
  SNT_TRY(snt_sealed_new_header(file->keys.source->kind, &image->header, err));
  return snt_file_keys_make(&file->keys, &image->header, err);
}

/* Whether the file under the lock is still of the kind the key was found for. */
static bool is_same(const struct image *before, const struct image *now, const struct snt_secret *key) {
  return !now->is_there ? !before->is_there : snt_sealed_is_key(&now->header, key);
}

static snt_status store(struct file *file, struct snt_sealed_header *header, const struct snt_secret *entries,
                        const struct change *change, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *changed = NULL;
  SNT_BUF_AUTO struct snt_buf sealed = {0};
  const struct snt_crypto *crypto = NULL;
  SNT_TRY(snt_sealed_change(entries, change->kind, change->name, change->value, &changed, err));
  if (snt_secret_len(changed) == 0) { /* a passphrase that guards nothing is not worth asking for */
    snt_file_keys_forget(file->place.path, header);
    return snt_file_place_remove(&file->place, err);
  }
  SNT_TRY(snt_crypto_load(&crypto, err));
  SNT_TRY(snt_sealed_seal(crypto, header, file->keys.key, changed, &sealed, err));
  if (sealed.len > SNT_SEALED_FILE_MAX) {
    return snt_fail(err, SNT_CODE_KEYCHAIN, "the keychain %s is full: it holds %zu bytes", file->place.path,
                    SNT_SEALED_FILE_MAX);
  }
  return snt_file_place_replace(&file->place, &sealed, err);
}

/* Under the lock. *is_done false: the file became another one meanwhile. */
static snt_status apply(struct file *file, struct image *before, const struct change *change, bool *is_done,
                        struct snt_err *err) {
  IMAGE_AUTO struct image now = {0};
  SNT_SECRET_AUTO struct snt_secret *entries = NULL;
  SNT_TRY(load(file, &now, err));
  *is_done = is_same(before, &now, file->keys.key);
  if (!*is_done) {
    return snt_done();
  }
  SNT_TRY(now.is_there ? unseal(file, &now, &entries, err) : snt_secret_new(0, &entries, err));
  struct snt_sealed_entry entry;
  if (change->value == NULL && !snt_sealed_find(entries, change->kind, change->name, &entry)) {
    return fail_missing(file, change->kind, change->name, err);
  }
  struct snt_sealed_header *header = now.is_there ? &now.header : &before->header;
  SNT_TRY(store(file, header, entries, change, err));
  if (now.is_there) {
    snt_file_rest_forget(file->keys.key);
  } else {
    snt_file_keys_rest(&file->keys, header);
  }
  return snt_done();
}

static snt_status change_file(struct file *file, const struct change *change, struct snt_err *err) {
  int wait_ms = file->keys.is_hushed ? LOCK_WAIT_HUSHED_MS : LOCK_WAIT_MS;
  for (int i = 0; i < WRITE_TRIES; i++) {
    IMAGE_AUTO struct image image = {0};
    SNT_FD_AUTO int lock = -1;
    bool is_done = false;
    SNT_TRY(prepare_key(file, &image, change, err));
    SNT_TRY(snt_file_place_lock(&file->place, wait_ms, &lock, err));
    SNT_TRY(apply(file, &image, change, &is_done, err));
    if (is_done) {
      return snt_done();
    }
  }
  return snt_fail(err, SNT_CODE_KEYCHAIN, "the keychain %s is being replaced again and again", file->place.path);
}

static void hush(void *state, bool is_hushed) { ((struct file *)state)->keys.is_hushed = is_hushed; }

static snt_status write_entry(void *state, const char *kind, const char *name, const struct snt_secret *value,
                              struct snt_err *err) {
  struct file *file = state;
  SNT_TRY(file->keys.is_hushed ? snt_done() : snt_file_place_prepare(&file->place, err));
  return change_file(file, &(struct change){kind, name, value}, err);
}

static snt_status remove_entry(void *state, const char *kind, const char *name, struct snt_err *err) {
  return change_file(state, &(struct change){kind, name, NULL}, err);
}

static snt_status list_entries(void *state, const char *kind, void (*visit)(void *context, const char *name),
                               void *context, struct snt_err *err) {
  struct file *file = state;
  const struct snt_secret *entries = NULL;
  SNT_TRY(read_all(file, &entries, err));
  size_t offset = 0;
  struct snt_sealed_entry entry;
  while (entries != NULL && snt_sealed_next(entries, &offset, &entry)) {
    if (snt_slice_is(entry.kind, kind)) {
      char *name = snt_str_dup_slice(entry.name);
      if (name == NULL) {
        return snt_fail_memory(err);
      }
      visit(context, name);
      free(name);
    }
  }
  return snt_done();
}

const struct snt_keychain_backend SNT_KEYCHAIN_FILE = {
    .name = "file",
    .summary = "an encrypted file; its passphrase is asked for once in 12 hours, or is SENTINEL_FILE_PASSPHRASE",
    .is_automatic = true,
    .open = open_file,
    .close = close_file,
    .check = check_file,
    .hush = hush,
    .read = read_entry,
    .write = write_entry,
    .remove = remove_entry,
    .list = list_entries,
};

const struct snt_keychain_backend SNT_KEYCHAIN_TPM = {
    .name = "tpm",
    .summary = "an encrypted file whose key this machine's TPM 2.0 holds, with a PIN or without one",
    .is_automatic = false,
    .open = open_tpm,
    .close = close_file,
    .check = check_tpm,
    .hush = hush,
    .read = read_entry,
    .write = write_entry,
    .remove = remove_entry,
    .list = list_entries,
};
