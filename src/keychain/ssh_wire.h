/* keychain/ssh_wire (layer 2, inner): numbers and strings as SSH has them in keys and in what is said to an agent
 * (RFC 4251, section 5), and the public keys made of them (RFC 8709, section 4). */
#ifndef SNT_KEYCHAIN_SSH_WIRE_H
#define SNT_KEYCHAIN_SSH_WIRE_H

#include "base/secret.h"
#include "keychain/signature.h"

#define SNT_SSH_ED25519 "ssh-ed25519"
#define SNT_SSH_PUBLIC_LEN (4 + 11 + 4 + SNT_ED25519_LEN)

/* What is left to be read. Once it is bad it stays so, and gives zeros and empty strings. */
struct snt_ssh_reader {
  struct snt_slice rest;
  bool is_bad;
};
uint32_t snt_ssh_take_number(struct snt_ssh_reader *reader);
/* Of exactly len bytes, without a length before them. Borrowed. */
struct snt_slice snt_ssh_take_bytes(struct snt_ssh_reader *reader, size_t len);
/* With its length before it. Borrowed. */
struct snt_slice snt_ssh_take_string(struct snt_ssh_reader *reader);
/* Whether everything was read, and was there. */
bool snt_ssh_is_done(const struct snt_ssh_reader *reader);

/* They append, as far as there is room: code NO_MEMORY. */
snt_status snt_ssh_put_number(struct snt_secret *out, uint32_t number, struct snt_err *err);
snt_status snt_ssh_put_string(struct snt_secret *out, const void *data, size_t len, struct snt_err *err);

/* An Ed25519 key as SSH writes it: its kind and its 32 bytes. */
void snt_ssh_public_format(const uint8_t public[static SNT_ED25519_LEN], uint8_t out[static SNT_SSH_PUBLIC_LEN]);
/* False for a key of any other kind or shape; then *kind, where it is not NULL, is what it says it is, for messages:
 * printable, borrowed, "" when it says nothing. */
bool snt_ssh_public_parse(struct snt_slice blob, uint8_t public[static SNT_ED25519_LEN], struct snt_slice *kind);

#endif
