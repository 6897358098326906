/* MUST
 *  1. leave a key to its possessor alone: no permission for user, group or others;
 *  2. never copy a key's bytes anywhere but into a secret. */
#include "keychain/kernel_keys.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/str.h"

enum { POSSESSOR_ALL = 0x3f000000, DESCRIPTION_CAP = 4096, RING_ROOM = 64 };

static long control(int command, long a, long b, long c, long d) { return syscall(SYS_keyctl, command, a, b, c, d); }

/* The same answer for all ways in which a key is not there. */
static int missing_or(int error) {
  return error == EKEYEXPIRED || error == EKEYREVOKED || error == ENOENT ? ENOKEY : error;
}

/* What lies in the user's keyring is possessed, and so readable, only through a keyring of the process: its own does,
 * where the session's may be missing (cron, containers) or a stranger (keyctl session), and is not ours to change. */
static int reach_user_keyring(void) {
  static pid_t linked; /* a forked child begins without a keyring of its own */
  if (linked == getpid()) {
    return 0;
  }
  if (control(KEYCTL_LINK, KEY_SPEC_USER_KEYRING, KEY_SPEC_PROCESS_KEYRING, 0, 0) != 0) {
    return errno;
  }
  linked = getpid();
  return 0;
}

int snt_kernel_keys_check(void) { return reach_user_keyring(); }

static int find(const char *description, long *id) {
  int error = reach_user_keyring();
  if (error != 0) {
    return error;
  }
  *id = control(KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, (long)(intptr_t) "user", (long)(intptr_t)description, 0);
  return *id < 0 ? missing_or(errno) : 0;
}

int snt_kernel_key_read(const char *description, struct snt_secret **out) {
  *out = NULL;
  long id = 0;
  int error = find(description, &id);
  if (error != 0) {
    return error;
  }
  long cap = control(KEYCTL_READ, id, 0, 0, 0);
  if (cap < 0) {
    return missing_or(errno);
  }
  SNT_SECRET_AUTO struct snt_secret *secret = NULL;
  if (!snt_ok(snt_secret_new((size_t)cap, &secret, NULL))) {
    return ENOMEM;
  }
  long len = control(KEYCTL_READ, id, (long)(intptr_t)snt_secret_borrow_writable(secret), cap, 0);
  if (len < 0) {
    return missing_or(errno);
  }
  if (len > cap) { /* replaced in between by a longer one */
    return EAGAIN;
  }
  snt_secret_set_len(secret, (size_t)len);
  *out = SNT_MOVE(secret);
  return 0;
}

int snt_kernel_key_write(const char *description, const void *data, size_t len, unsigned timeout_s) {
  int error = reach_user_keyring();
  if (error != 0) {
    return error;
  }
  long id = syscall(SYS_add_key, "user", description, data, len, KEY_SPEC_USER_KEYRING);
  if (id < 0) {
    return errno;
  }
  if (control(KEYCTL_SETPERM, id, POSSESSOR_ALL, 0, 0) != 0 || control(KEYCTL_SET_TIMEOUT, id, timeout_s, 0, 0) != 0) {
    error = errno;
    (void)control(KEYCTL_UNLINK, id, KEY_SPEC_USER_KEYRING, 0, 0);
  }
  return error;
}

int snt_kernel_key_remove(const char *description) {
  long id = 0;
  int error = find(description, &id);
  if (error != 0) {
    return error;
  }
  return control(KEYCTL_UNLINK, id, KEY_SPEC_USER_KEYRING, 0, 0) == 0 ? 0 : missing_or(errno);
}

/* "user;1000;1000;3f000000;description" */
static const char *description_in(const char *text) {
  if (!snt_str_starts_with(text, "user;")) {
    return NULL;
  }
  for (int fields = 0; fields < 4 && text != NULL; fields++) {
    text = strchr(text, ';');
    text = text == NULL ? NULL : text + 1;
  }
  return text;
}

static int visit_key(int32_t id, const char *prefix, int (*visit)(void *context, const char *rest), void *context) {
  char text[DESCRIPTION_CAP + 64];
  long len = control(KEYCTL_DESCRIBE, id, (long)(intptr_t)text, sizeof text, 0);
  if (len <= 0 || (size_t)len > sizeof text) {
    return 0; /* gone since, expired, or of somebody who does not show it */
  }
  const char *description = description_in(text);
  bool is_ours = description != NULL && snt_str_starts_with(description, prefix);
  return is_ours ? visit(context, description + strlen(prefix)) : 0;
}

/* The ids of all keys, however many others put theirs there meanwhile. Free *ids. */
static int read_ring(int32_t **ids, size_t *count) {
  long size = control(KEYCTL_READ, KEY_SPEC_USER_KEYRING, 0, 0, 0);
  for (;;) {
    if (size < 0) {
      return errno;
    }
    size += (long)(RING_ROOM * sizeof **ids);
    free(*ids);
    *ids = malloc((size_t)size);
    if (*ids == NULL) {
      return ENOMEM;
    }
    long len = control(KEYCTL_READ, KEY_SPEC_USER_KEYRING, (long)(intptr_t)*ids, size, 0);
    if (len >= 0 && len <= size) {
      *count = (size_t)len / sizeof **ids;
      return 0;
    }
    size = len;
  }
}

int snt_kernel_keys_list(const char *prefix, int (*visit)(void *context, const char *rest), void *context) {
  int error = reach_user_keyring();
  if (error != 0) {
    return error;
  }
  SNT_FREE_AUTO int32_t *ids = NULL;
  size_t count = 0;
  error = read_ring(&ids, &count);
  for (size_t i = 0; error == 0 && i < count; i++) {
    error = visit_key(ids[i], prefix, visit, context);
  }
  return error;
}
