#include "keychain/file_look.h"

#include <string.h>

#include "keychain/file_key.h"
#include "keychain/file_place.h"

void snt_keychain_file_look_clear(struct snt_keychain_file_look *look) { snt_buf_clear(&look->path); }

static snt_status try_passphrase(const char *path, const struct snt_secret *passphrase,
                                 const struct snt_sealed_header *header, struct snt_err *err) {
  SNT_CLEANUP(snt_file_keys_clear)
  struct snt_file_keys keys = {.source = &SNT_KEY_FROM_PASSPHRASE, .path = path, .given = passphrase};
  bool was_resting = snt_file_keys_is_resting(path, header);
  snt_status status = snt_file_keys_find(&keys, header, err);
  if (!was_resting) { /* a look leaves nothing behind */
    snt_file_keys_forget(path, header);
  }
  return status;
}

snt_status snt_keychain_file_look(const struct snt_keychain_options *options, struct snt_keychain_file_look *out,
                                  struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_CLEANUP(snt_file_place_clear) struct snt_file_place place = {0};
  SNT_BUF_AUTO struct snt_buf file = {0};
  struct snt_sealed_header header;
  SNT_TRY(snt_file_place_find(options->folder, SNT_KEY_FROM_PASSPHRASE.file_name, &place, err));
  if (place.path == NULL) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "there is no place for the keychain: HOME is not set"));
    return snt_err_hint(err, "set HOME or XDG_DATA_HOME to an absolute path");
  }
  SNT_TRY(snt_buf_append_str(&out->path, place.path, err));
  snt_status status = snt_file_place_read(&place, SNT_SEALED_FILE_MAX, &file, err);
  if (status.code == SNT_CODE_NOT_FOUND) {
    return snt_done();
  }
  SNT_TRY(status);
  SNT_TRY(snt_sealed_parse_header(&file, SNT_SEALED_PASSPHRASE, place.path, &header, err));
  out->is_there = true;
  if (options->passphrase != NULL) {
    SNT_TRY(try_passphrase(place.path, options->passphrase, &header, err));
  }
  out->is_open = options->passphrase != NULL || snt_file_keys_is_resting(place.path, &header);
  return snt_done();
}
