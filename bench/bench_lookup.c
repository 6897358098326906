/* Looks one entry up, as a process of its own does: opens the backend, reads, ends. With "none" for the backend it is
 * the same process without the lookup; "store" first puts the entry there.
 *
 * usage: bench_lookup none|store|BACKEND [BACKEND]        BENCH_TPM: how the TPM is reached */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keychain/keychain.h"

static const char VALUE[] =
    "{\"access_key_id\":\"AKIAIOSFODNN7EXAMPLE\",\"secret_access_key\":\"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\"}";

static snt_status look_up(const char *backend, bool is_storing, struct snt_err *err) {
  SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = NULL;
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  struct snt_keychain_options options = {.backend = backend,
                                         .tcti = getenv("BENCH_TPM"),
                                         .first_kind = is_storing ? NULL : SNT_KEYCHAIN_KIND_AWS,
                                         .first_name = "bench"};
  SNT_TRY(snt_keychain_open(&options, &keychain, err));
  if (is_storing) {
    SNT_TRY(snt_secret_new_from(VALUE, sizeof VALUE - 1, &value, err));
    return snt_keychain_write(keychain, SNT_KEYCHAIN_KIND_AWS, "bench", value, err);
  }
  return snt_keychain_read(keychain, SNT_KEYCHAIN_KIND_AWS, "bench", &value, err);
}

int main(int argc, char **argv) {
  struct snt_err err = {0};
  bool is_storing = argc == 3 && strcmp(argv[1], "store") == 0;
  if (argc < 2 || (argc == 3) != is_storing) {
    fputs("usage: bench_lookup none|store|BACKEND [BACKEND]\n", stderr);
    return 2;
  }
  if (strcmp(argv[1], "none") == 0 || snt_ok(look_up(argv[argc - 1], is_storing, &err))) {
    _exit(0); /* as the program does: exit handlers of libraries are not worth waiting for */
  }
  fprintf(stderr, "bench_lookup: %s\n", err.message);
  return 1;
}
