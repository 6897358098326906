#include "keychain/openssh_key.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/random.h"
#include "keychain/crypto.h"
#include "keychain/ssh_wire.h"

#define BEGIN "-----BEGIN OPENSSH PRIVATE KEY-----\n"
#define END "-----END OPENSSH PRIVATE KEY-----"
#define MAGIC "openssh-key-v1" /* and its NUL */

enum { FILE_CAP = 16 * 1024, COMMENT_MAX = 200, BLOCK_LEN = 8, LINE_LEN = 70 };

static snt_status refuse(const char *path, const char *what, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_SYNTAX, "%s: %s", path, what);
}

static snt_status refuse_shape(const char *path, struct snt_err *err) {
  return refuse(path, "the private key is damaged", err);
}

static snt_status refuse_kind(const char *path, struct snt_slice kind, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_SYNTAX, "%s: the key is of the kind \"%.*s\"; only %s keys sign policy", path,
                      (int)kind.len, kind.data, SNT_SSH_ED25519));
  return snt_err_hint(err, "make one with `sentinel policy keygen --out FILE` or `ssh-keygen -t ed25519`");
}

/* The text between the two marks, without its line ends, decoded. */
static snt_status decode_body(const char *path, const struct snt_secret *text, struct snt_secret **out,
                              struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *digits = NULL;
  SNT_SECRET_AUTO struct snt_secret *blob = NULL;
  size_t len = 0;
  const char *at = snt_secret_borrow(text) + strlen(BEGIN);
  const char *end = strstr(at, END);
  if (end == NULL || strspn(end + strlen(END), "\r\n") != strlen(end + strlen(END)) ||
      strlen(snt_secret_borrow(text)) != snt_secret_len(text)) {
    return refuse_shape(path, err);
  }
  SNT_TRY(snt_secret_new(FILE_CAP, &digits, err));
  SNT_TRY(snt_secret_new(FILE_CAP, &blob, err));
  while (at < end) {
    size_t line = strcspn(at, "\r\n");
    line = at + line > end ? (size_t)(end - at) : line;
    SNT_TRY(snt_secret_append(digits, at, line, err));
    at += line + strspn(at + line, "\r\n");
  }
  struct snt_slice all = {snt_secret_borrow(digits), snt_secret_len(digits)};
  if (!snt_base64_parse(all, snt_secret_borrow_writable(blob), FILE_CAP, &len)) {
    return refuse_shape(path, err);
  }
  snt_secret_set_len(blob, len);
  *out = SNT_MOVE(blob);
  return snt_done();
}

/* What comes before the part that may be encrypted: that part, and the public key. */
static snt_status read_envelope(const char *path, const struct snt_secret *blob, uint8_t public[static SNT_ED25519_LEN],
                                struct snt_slice *inner, struct snt_err *err) {
  struct snt_ssh_reader reader = {.rest = {snt_secret_borrow(blob), snt_secret_len(blob)}};
  struct snt_slice kind = {"", 0};
  struct snt_slice magic = snt_ssh_take_bytes(&reader, sizeof MAGIC);
  struct snt_slice cipher = snt_ssh_take_string(&reader);
  struct snt_slice derivation = snt_ssh_take_string(&reader);
  struct snt_slice options = snt_ssh_take_string(&reader);
  uint32_t count = snt_ssh_take_number(&reader);
  struct snt_slice key = snt_ssh_take_string(&reader);
  *inner = snt_ssh_take_string(&reader);
  if (!snt_ssh_is_done(&reader) || memcmp(magic.data, MAGIC, sizeof MAGIC) != 0 || count != 1) {
    return refuse_shape(path, err);
  }
  if (!snt_ssh_public_parse(key, public, &kind)) {
    return snt_slice_is(kind, SNT_SSH_ED25519) ? refuse_shape(path, err) : refuse_kind(path, kind, err);
  }
  if (!snt_slice_is(cipher, "none")) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_ACTION_REQUIRED, "%s: the private key is encrypted", path));
    return snt_err_hint(err, "give it to ssh-agent with `ssh-add '%s'`, and name it as agent:", path);
  }
  return snt_slice_is(derivation, "none") && options.len == 0 ? snt_done() : refuse_shape(path, err);
}

/* 1, 2, 3 ... up to the end of a block. */
static bool is_padding(struct snt_slice rest) {
  for (size_t i = 0; i < rest.len; i++) {
    if ((uint8_t)rest.data[i] != i + 1) {
      return false;
    }
  }
  return rest.len < BLOCK_LEN;
}

static snt_status read_inner(const char *path, struct snt_slice inner, const uint8_t public[static SNT_ED25519_LEN],
                             struct snt_secret **seed, struct snt_err *err) {
  struct snt_ssh_reader reader = {.rest = inner};
  uint32_t first = snt_ssh_take_number(&reader);
  uint32_t second = snt_ssh_take_number(&reader);
  struct snt_slice kind = snt_ssh_take_string(&reader);
  struct snt_slice key = snt_ssh_take_string(&reader);
  struct snt_slice pair = snt_ssh_take_string(&reader);
  (void)snt_ssh_take_string(&reader); /* the comment */
  bool is_good = !reader.is_bad && inner.len % BLOCK_LEN == 0 && is_padding(reader.rest) && first == second &&
                 snt_slice_is(kind, SNT_SSH_ED25519) && key.len == SNT_ED25519_LEN && pair.len == 2 * SNT_ED25519_LEN &&
                 memcmp(key.data, public, SNT_ED25519_LEN) == 0 &&
                 memcmp(pair.data + SNT_ED25519_LEN, public, SNT_ED25519_LEN) == 0;
  return is_good ? snt_secret_new_from(pair.data, SNT_ED25519_LEN, seed, err) : refuse_shape(path, err);
}

static snt_status derive(const struct snt_secret *seed, uint8_t out[static SNT_ED25519_LEN], struct snt_err *err) {
  const struct snt_crypto *crypto = NULL;
  SNT_TRY(snt_crypto_load(&crypto, err));
  return crypto->ed25519_public(seed, out, err);
}

/* Whoever names FILE.pub means FILE: a public key may be read by everybody, and signs nothing. */
static snt_status refuse_unread(const char *path, snt_status status, struct snt_err *err) {
  int len = (int)(strlen(path) - strlen(".pub"));
  return status.code == SNT_CODE_IO && snt_str_ends_with(path, ".pub")
             ? snt_err_hint(err, "this is the name of a public key; the private one signs: %.*s", len, path)
             : status;
}

snt_status snt_openssh_key_load(const char *path, struct snt_secret **seed, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *text = NULL;
  SNT_SECRET_AUTO struct snt_secret *blob = NULL;
  SNT_SECRET_AUTO struct snt_secret *found = NULL;
  uint8_t said[SNT_ED25519_LEN];
  uint8_t public[SNT_ED25519_LEN];
  struct snt_slice inner = {"", 0};
  *seed = NULL;
  snt_status status = snt_file_read_secret(path, SNT_FILE_PRIVATE, FILE_CAP, &text, err);
  SNT_TRY(snt_ok(status) ? status : refuse_unread(path, status, err));
  if (!snt_str_starts_with(snt_secret_borrow(text), BEGIN)) {
    SNT_IGNORE(refuse(path, "this is not a private key in OpenSSH's format", err));
    return snt_err_hint(err, "make one with `sentinel policy keygen --out FILE` or `ssh-keygen -t ed25519`");
  }
  SNT_TRY(decode_body(path, text, &blob, err));
  SNT_TRY(read_envelope(path, blob, said, &inner, err));
  SNT_TRY(read_inner(path, inner, said, &found, err));
  SNT_TRY(derive(found, public, err));
  if (memcmp(public, said, sizeof said) != 0) {
    return refuse_shape(path, err);
  }
  *seed = SNT_MOVE(found);
  return snt_done();
}

/* The part that would be encrypted. */
static snt_status format_inner(const struct snt_secret *seed, const uint8_t public[static SNT_ED25519_LEN],
                               const char *comment, struct snt_secret *out, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *pair = NULL;
  uint32_t check = 0;
  SNT_TRY(snt_random_bytes(&check, sizeof check, err));
  SNT_TRY(snt_secret_new(2 * SNT_ED25519_LEN, &pair, err));
  SNT_TRY(snt_secret_append(pair, snt_secret_borrow(seed), SNT_ED25519_LEN, err));
  SNT_TRY(snt_secret_append(pair, public, SNT_ED25519_LEN, err));
  SNT_TRY(snt_ssh_put_number(out, check, err));
  SNT_TRY(snt_ssh_put_number(out, check, err));
  SNT_TRY(snt_ssh_put_string(out, SNT_SSH_ED25519, strlen(SNT_SSH_ED25519), err));
  SNT_TRY(snt_ssh_put_string(out, public, SNT_ED25519_LEN, err));
  SNT_TRY(snt_ssh_put_string(out, snt_secret_borrow(pair), snt_secret_len(pair), err));
  SNT_TRY(snt_ssh_put_string(out, comment, strlen(comment), err));
  for (char i = 1; snt_secret_len(out) % BLOCK_LEN != 0; i++) {
    SNT_TRY(snt_secret_append(out, &i, 1, err));
  }
  return snt_done();
}

static snt_status format_blob(const struct snt_secret *seed, const uint8_t public[static SNT_ED25519_LEN],
                              const char *comment, struct snt_secret *out, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *inner = NULL;
  uint8_t key[SNT_SSH_PUBLIC_LEN];
  SNT_TRY(snt_secret_new(FILE_CAP, &inner, err));
  SNT_TRY(format_inner(seed, public, comment, inner, err));
  snt_ssh_public_format(public, key);
  SNT_TRY(snt_secret_append(out, MAGIC, sizeof MAGIC, err));
  SNT_TRY(snt_ssh_put_string(out, "none", 4, err)); /* cipher */
  SNT_TRY(snt_ssh_put_string(out, "none", 4, err)); /* how its key is derived */
  SNT_TRY(snt_ssh_put_string(out, "", 0, err));
  SNT_TRY(snt_ssh_put_number(out, 1, err)); /* keys */
  SNT_TRY(snt_ssh_put_string(out, key, sizeof key, err));
  return snt_ssh_put_string(out, snt_secret_borrow(inner), snt_secret_len(inner), err);
}

static snt_status format_private(const struct snt_secret *seed, const uint8_t public[static SNT_ED25519_LEN],
                                 const char *comment, struct snt_secret *out, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *blob = NULL;
  SNT_SECRET_AUTO struct snt_secret *digits = NULL;
  SNT_TRY(snt_secret_new(FILE_CAP, &blob, err));
  SNT_TRY(format_blob(seed, public, comment, blob, err));
  SNT_TRY(snt_secret_new(SNT_BASE64_CAP(snt_secret_len(blob)), &digits, err));
  snt_base64(snt_secret_borrow(blob), snt_secret_len(blob), snt_secret_borrow_writable(digits));
  SNT_TRY(snt_secret_append(out, BEGIN, strlen(BEGIN), err));
  const char *at = snt_secret_borrow(digits);
  for (size_t left = strlen(at); left > 0;) {
    size_t line = left < LINE_LEN ? left : LINE_LEN;
    SNT_TRY(snt_secret_append(out, at, line, err));
    SNT_TRY(snt_secret_append(out, "\n", 1, err));
    at += line;
    left -= line;
  }
  return snt_secret_append(out, END "\n", strlen(END "\n"), err);
}

static snt_status format_public(const uint8_t public[static SNT_ED25519_LEN], const char *comment, struct snt_buf *out,
                                struct snt_err *err) {
  uint8_t key[SNT_SSH_PUBLIC_LEN];
  char text[SNT_BASE64_CAP(sizeof key)];
  snt_ssh_public_format(public, key);
  snt_base64(key, sizeof key, text);
  return snt_buf_appendf(out, err, "%s %s%s%s\n", SNT_SSH_ED25519, text, comment[0] == '\0' ? "" : " ", comment);
}

static snt_status create(const char *path, const void *data, size_t len, unsigned mode, struct snt_err *err) {
  if (access(path, F_OK) == 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_IO, "%s is there already", path));
    return snt_err_hint(err, "keys are not overwritten: choose another name, or move it away");
  }
  return snt_file_create(path, data, len, mode, err);
}

snt_status snt_openssh_key_store(const char *path, const struct snt_secret *seed, const char *comment,
                                 struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *text = NULL;
  SNT_BUF_AUTO struct snt_buf line = {0};
  SNT_BUF_AUTO struct snt_buf public_path = {0};
  uint8_t public[SNT_ED25519_LEN];
  if (strlen(comment) > COMMENT_MAX || !snt_utf8_check_printable(comment, strlen(comment))) {
    return snt_fail(err, SNT_CODE_USAGE, "a comment is at most %d bytes of printable UTF-8", COMMENT_MAX);
  }
  SNT_TRY(derive(seed, public, err));
  SNT_TRY(snt_secret_new(FILE_CAP, &text, err));
  SNT_TRY(format_private(seed, public, comment, text, err));
  SNT_TRY(format_public(public, comment, &line, err));
  SNT_TRY(snt_buf_appendf(&public_path, err, "%s.pub", path));
  /* In this order: who is killed between the two leaves a key that can be used. */
  SNT_TRY(create(path, snt_secret_borrow(text), snt_secret_len(text), 0600, err));
  snt_status status = create(public_path.data, line.data, line.len, 0644, err);
  if (!snt_ok(status)) {
    (void)unlink(path);
  }
  return status;
}

/* "ssh-ed25519 BASE64 comment". */
static snt_status read_line(const char *path, const struct snt_secret *file, uint8_t out[static SNT_ED25519_LEN],
                            struct snt_err *err) {
  uint8_t blob[FILE_CAP];
  const char *text = snt_secret_borrow(file);
  size_t len = 0;
  struct snt_slice kind = {text, strcspn(text, " \t\r\n")};
  const char *at = text + kind.len + strspn(text + kind.len, " \t");
  struct snt_slice digits = {at, strcspn(at, " \t\r\n")};
  const char *line_end = at + strcspn(at, "\r\n");
  bool is_line = strlen(text) == snt_secret_len(file) && kind.len > 0 && kind.len <= 64 &&
                 snt_utf8_check_printable(kind.data, kind.len) && digits.len > 0 &&
                 strspn(line_end, "\r\n") == strlen(line_end) && snt_base64_parse(digits, blob, sizeof blob, &len);
  if (!is_line) {
    return refuse(path, "this is not a key in OpenSSH's format", err);
  }
  if (!snt_slice_is(kind, SNT_SSH_ED25519)) {
    return refuse_kind(path, kind, err);
  }
  bool is_key = snt_ssh_public_parse((struct snt_slice){(const char *)blob, len}, out, NULL);
  return is_key ? snt_done() : refuse(path, "the public key is damaged", err);
}

snt_status snt_openssh_public_load(const char *path, uint8_t out[static SNT_ED25519_LEN], struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *text = NULL; /* which of the two it is, is not known yet */
  SNT_SECRET_AUTO struct snt_secret *seed = NULL;
  SNT_TRY(snt_file_read_secret(path, SNT_FILE_ANY, FILE_CAP, &text, err));
  if (!snt_str_starts_with(snt_secret_borrow(text), "-----")) {
    return read_line(path, text, out, err);
  }
  SNT_TRY(snt_openssh_key_load(path, &seed, err));
  return derive(seed, out, err);
}
