/* A pointer on stdin, signed or verified as the program does it, for the specs.
 *
 *   pointer_tool sign KEY       prints it with a signature of KEY (keychain/signer.h; no keychain)
 *   pointer_tool verify LINE... ends with 0 when it is signed with all of these keys of policy.keys */
#include <stdio.h>
#include <string.h>

#include "keychain/signer.h"
#include "policy/keys.h"

static snt_status read_pointer(struct snt_pointer *out, struct snt_err *err) {
  char text[SNT_POINTER_CAP + 1];
  size_t len = fread(text, 1, sizeof text, stdin);
  return snt_pointer_parse("stdin", (struct snt_slice){text, len}, out, err);
}

static snt_status sign(const char *key, struct snt_pointer *pointer, struct snt_err *err) {
  SNT_SIGNER_AUTO struct snt_signer signer = {0};
  SNT_BUF_AUTO struct snt_buf message = {0};
  SNT_BUF_AUTO struct snt_buf text = {0};
  struct snt_signature *signature = &pointer->signatures[pointer->signature_count++];
  SNT_TRY(snt_signer_open(key, NULL, &signer, err));
  (void)snprintf(signature->key, sizeof signature->key, "%s", signer.key);
  (void)snprintf(signature->algorithm, sizeof signature->algorithm, "%s", signer.algorithm);
  signature->len = SNT_ED25519_SIGNATURE_LEN; /* so that it is a pointer that can be written */
  SNT_TRY(snt_pointer_signed_bytes(pointer, &message, err));
  SNT_TRY(
      signer.sign(signer.state, (struct snt_slice){message.data, message.len}, signature->bytes, &signature->len, err));
  SNT_TRY(snt_pointer_format(pointer, &text, err));
  return fputs(text.data, stdout) >= 0 ? snt_done() : snt_fail(err, SNT_CODE_OUTPUT, "stdout");
}

static snt_status verify(const char *const *lines, int count, const struct snt_pointer *pointer, struct snt_err *err) {
  SNT_POLICY_KEYS_AUTO struct snt_policy_keys keys = {0};
  SNT_TRY(snt_policy_keys_read(lines, count, &keys, err));
  return snt_policy_keys_verify(&keys, pointer, "stdin", err);
}

static snt_status run(int argc, char **argv, struct snt_err *err) {
  struct snt_pointer pointer = {0};
  SNT_TRY(read_pointer(&pointer, err));
  bool is_signing = argc == 3 && strcmp(argv[1], "sign") == 0 && pointer.signature_count < SNT_SIGNATURES_MAX;
  if (is_signing) {
    return sign(argv[2], &pointer, err);
  }
  return argc > 2 && strcmp(argv[1], "verify") == 0 ? verify((const char *const *)argv + 2, argc - 2, &pointer, err)
                                                    : snt_fail(err, SNT_CODE_USAGE, "sign KEY, or verify LINE...");
}

int main(int argc, char **argv) {
  struct snt_err err = {0};
  snt_status status = run(argc, argv, &err);
  if (!snt_ok(status)) {
    (void)fprintf(stderr, "sentinel: %s\n  %s\n", err.message, err.hint);
  }
  return snt_code_exit_status(status.code);
}
