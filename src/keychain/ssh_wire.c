#include "keychain/ssh_wire.h"

#include <string.h>

struct snt_slice snt_ssh_take_bytes(struct snt_ssh_reader *reader, size_t len) {
  if (reader->is_bad || reader->rest.len < len) {
    *reader = (struct snt_ssh_reader){.is_bad = true};
    return (struct snt_slice){"", 0};
  }
  struct snt_slice taken = {reader->rest.data, len};
  reader->rest = (struct snt_slice){reader->rest.data + len, reader->rest.len - len};
  return taken;
}

uint32_t snt_ssh_take_number(struct snt_ssh_reader *reader) {
  struct snt_slice taken = snt_ssh_take_bytes(reader, 4);
  uint32_t number = 0;
  for (size_t i = 0; i < taken.len; i++) {
    number = number << 8 | (uint8_t)taken.data[i];
  }
  return number;
}

struct snt_slice snt_ssh_take_string(struct snt_ssh_reader *reader) {
  return snt_ssh_take_bytes(reader, snt_ssh_take_number(reader));
}

bool snt_ssh_is_done(const struct snt_ssh_reader *reader) { return !reader->is_bad && reader->rest.len == 0; }

static void write_number(uint32_t number, uint8_t out[static 4]) {
  for (int i = 0; i < 4; i++) {
    out[i] = (uint8_t)(number >> (24 - 8 * i) & 0xff);
  }
}

snt_status snt_ssh_put_number(struct snt_secret *out, uint32_t number, struct snt_err *err) {
  uint8_t bytes[4];
  write_number(number, bytes);
  return snt_secret_append(out, bytes, sizeof bytes, err);
}

snt_status snt_ssh_put_string(struct snt_secret *out, const void *data, size_t len, struct snt_err *err) {
  SNT_TRY(snt_ssh_put_number(out, (uint32_t)len, err));
  return snt_secret_append(out, data, len, err);
}

void snt_ssh_public_format(const uint8_t public[static SNT_ED25519_LEN], uint8_t out[static SNT_SSH_PUBLIC_LEN]) {
  size_t kind_len = strlen(SNT_SSH_ED25519);
  write_number((uint32_t)kind_len, out);
  memcpy(out + 4, SNT_SSH_ED25519, kind_len);
  write_number(SNT_ED25519_LEN, out + 4 + kind_len);
  memcpy(out + 8 + kind_len, public, SNT_ED25519_LEN);
}

bool snt_ssh_public_parse(struct snt_slice blob, uint8_t public[static SNT_ED25519_LEN], struct snt_slice *kind) {
  struct snt_ssh_reader reader = {.rest = blob};
  struct snt_slice said = snt_ssh_take_string(&reader);
  if (kind != NULL) {
    bool is_shown = said.len <= 64 && snt_utf8_check_printable(said.data, said.len);
    *kind = is_shown ? said : (struct snt_slice){"", 0};
  }
  if (!snt_slice_is(said, SNT_SSH_ED25519)) {
    return false;
  }
  struct snt_slice bytes = snt_ssh_take_string(&reader);
  if (!snt_ssh_is_done(&reader) || bytes.len != SNT_ED25519_LEN) {
    return false;
  }
  memcpy(public, bytes.data, SNT_ED25519_LEN);
  return true;
}
