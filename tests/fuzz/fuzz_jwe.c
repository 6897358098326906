/* Any bytes as a JWE: none of them is opened, for nobody finds a key that was wrapped; and as the text of an item. */
#include <stdint.h>

#include "aws/vault_item.h"
#include "keychain/jwe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_item(const struct snt_secret *text) {
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials key = {0};
  SNT_SECRET_AUTO struct snt_secret *entry = NULL;
  bool is_taken = snt_ok(snt_vault_item_parse("corp", text, &key, NULL));
  if (is_taken && !snt_ok(snt_aws_credentials_format(&key, &entry, NULL))) {
    __builtin_trap();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  SNT_SECRET_AUTO struct snt_secret *passphrase = NULL;
  SNT_SECRET_AUTO struct snt_secret *text = NULL;
  SNT_SECRET_AUTO struct snt_secret *content = NULL;
  if (size > SNT_JWE_MAX || !snt_ok(snt_secret_new_from("another", 7, &passphrase, NULL)) ||
      !snt_ok(snt_secret_new_from(data, size, &text, NULL))) {
    return 0;
  }
  if (snt_ok(snt_jwe_open((struct snt_slice){(const char *)data, size}, passphrase, "fuzz", &content, NULL)) ||
      content != NULL) {
    __builtin_trap();
  }
  check_item(text);
  return 0;
}
