#include "net/trust.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

/* Reading one certificate out of the folder takes a microsecond, parsing the bundle 30 ms. */
static const char SYSTEM_FOLDER[] = "/etc/ssl/certs";
static const char *const SYSTEM_BUNDLES[] = {
    "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Ubuntu, Arch, Alpine */
    "/etc/pki/tls/certs/ca-bundle.crt",                  /* Fedora, RHEL, Amazon Linux */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* the same, newer */
    "/etc/ssl/ca-bundle.pem",                            /* SUSE */
    "/etc/ssl/cert.pem",
    NULL,
};

/* "b727005e.0": eight hexadecimal digits. */
static bool is_hashed_name(const char *name) {
  return strlen(name) == 10 && strspn(name, "0123456789abcdef") == 8 && strcmp(name + 8, ".0") == 0;
}

static bool has_hashed_entry(const char *folder) {
  DIR *dir = opendir(folder);
  if (dir == NULL) {
    return false;
  }
  bool is_found = false;
  for (struct dirent *entry = readdir(dir); entry != NULL && !is_found; entry = readdir(dir)) {
    is_found = is_hashed_name(entry->d_name);
  }
  (void)closedir(dir);
  return is_found;
}

struct snt_net_trust snt_trust_choose(const char *ca_bundle, const char *folder, const char *const *bundles) {
  if (ca_bundle != NULL) {
    return (struct snt_net_trust){.bundle = ca_bundle};
  }
  if (has_hashed_entry(folder)) {
    return (struct snt_net_trust){.folder = folder};
  }
  for (const char *const *bundle = bundles; *bundle != NULL; bundle++) {
    if (access(*bundle, R_OK) == 0) {
      return (struct snt_net_trust){.bundle = *bundle};
    }
  }
  return (struct snt_net_trust){.bundle = bundles[0]};
}

struct snt_net_trust snt_trust_find(const char *ca_bundle) {
  return snt_trust_choose(ca_bundle, SYSTEM_FOLDER, SYSTEM_BUNDLES);
}
