/* A password store of the test's own: a gpg that knows one key, and a store for it. */
#ifndef SNT_TESTS_PASSWORD_STORE_FIXTURE_H
#define SNT_TESTS_PASSWORD_STORE_FIXTURE_H

#include "secret_service_fixture.h"

struct password_store {
  char folder[64];
  char store[96];
};

static inline bool has_password_store(void) {
  return has_program("gpg") && has_program("gpgconf") && has_program("pass");
}

/* The environment then leads to it. passphrase: NULL for a key without. */
static inline void start_password_store(struct password_store *store, const char *passphrase) {
  char out[4096];
  char options[256];
  (void)snprintf(store->folder, sizeof store->folder, "/tmp/snt-gpg-XXXXXX"); /* the agent's sockets lie in it */
  assert_non_null(mkdtemp(store->folder));
  (void)snprintf(store->store, sizeof store->store, "%s/store", store->folder);
  assert_int_equal(setenv("GNUPGHOME", store->folder, 1), 0);
  assert_int_equal(setenv("PASSWORD_STORE_DIR", store->store, 1), 0);
  (void)snprintf(options, sizeof options,
                 "Key-Type: eddsa\nKey-Curve: ed25519\nSubkey-Type: ecdh\nSubkey-Curve: cv25519\n"
                 "Name-Email: test@sentinel.invalid\nExpire-Date: 0\n%s%s\n%%commit\n",
                 passphrase == NULL ? "%no-protection" : "Passphrase: ", passphrase == NULL ? "" : passphrase);
  assert_int_equal(RUN(options, out, "gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--gen-key"), 0);
  assert_int_equal(RUN("", out, "pass", "init", "test@sentinel.invalid"), 0);
}

/* The agent forgets what it was told. */
static inline void end_gpg_agent(void) {
  char out[256];
  assert_int_equal(RUN("", out, "gpgconf", "--kill", "all"), 0);
}

static inline void stop_password_store(struct password_store *store) {
  char out[16];
  if (store->folder[0] != '\0') {
    end_gpg_agent();
    (void)RUN("", out, "rm", "-rf", store->folder);
    (void)unsetenv("GNUPGHOME");
    (void)unsetenv("PASSWORD_STORE_DIR");
  }
  store->folder[0] = '\0';
}

#endif
