#include "base/secret.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <openssl/crypto.h>

/* [guard page][struct and data][guard page]; one mapping each, so that madvise touches nothing else. */
struct snt_secret {
  size_t mapped; /* bytes between the guards */
  size_t cap;
  size_t len;
  char data[];
};

static unsigned lock_failures;

/* Wiped mappings of one page, to be used again: making one takes five calls of the kernel. Sanitizers get none, so that
 * they see who uses what was freed. */
enum { SPARES_MAX = SNT_SANITIZED ? 0 : 8 };
static struct snt_secret *spares[SPARES_MAX + 1];
static size_t spare_count;

static size_t page_size(void) { return (size_t)sysconf(_SC_PAGESIZE); }

/* NULL when there is none. In a forked child they are wiped, and none any more. */
static struct snt_secret *take_spare(size_t mapped) {
  while (spare_count > 0 && mapped == page_size()) {
    struct snt_secret *spare = spares[--spare_count];
    if (spare->mapped == mapped) {
      return spare;
    }
  }
  return NULL;
}

static bool keep_spare(struct snt_secret *secret, size_t mapped) {
  if (spare_count == SPARES_MAX || mapped != page_size()) {
    return false;
  }
  secret->mapped = mapped;
  spares[spare_count++] = secret;
  return true;
}

snt_status snt_secret_new(size_t cap, struct snt_secret **out, struct snt_err *err) {
  *out = NULL;
  size_t page = page_size();
  if (cap > SIZE_MAX / 4) {
    return snt_fail_memory(err);
  }
  size_t mapped = (sizeof(struct snt_secret) + cap + 1 + page - 1) / page * page;
  struct snt_secret *spare = take_spare(mapped);
  if (spare != NULL) {
    spare->cap = cap;
    *out = spare;
    return snt_done();
  }
  char *base = mmap(NULL, mapped + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) {
    return snt_fail_memory(err);
  }
  if (mprotect(base + page, mapped, PROT_READ | PROT_WRITE) != 0) {
    (void)munmap(base, mapped + 2 * page);
    return snt_fail_memory(err);
  }
  struct snt_secret *secret = (struct snt_secret *)(void *)(base + page);
  bool is_locked = mlock(secret, mapped) == 0;
  lock_failures += is_locked ? 0 : 1;
  (void)madvise(secret, mapped, MADV_DONTDUMP);
  (void)madvise(secret, mapped, MADV_WIPEONFORK);
  secret->mapped = mapped;
  secret->cap = cap;
  secret->len = 0;
  *out = secret;
  return snt_done();
}

snt_status snt_secret_new_from(const void *data, size_t len, struct snt_secret **out, struct snt_err *err) {
  SNT_TRY(snt_secret_new(len, out, err));
  return snt_secret_append(*out, data, len, err);
}

snt_status snt_secret_append(struct snt_secret *secret, const void *data, size_t len, struct snt_err *err) {
  if (len > secret->cap - secret->len) {
    return snt_fail(err, SNT_CODE_NO_MEMORY, "a secret is longer than the %zu bytes set aside for it", secret->cap);
  }
  if (len > 0) {
    memcpy(secret->data + secret->len, data, len);
  }
  secret->len += len;
  secret->data[secret->len] = '\0';
  return snt_done();
}

const char *snt_secret_borrow(const struct snt_secret *secret) { return secret->data; }
char *snt_secret_borrow_writable(struct snt_secret *secret) { return secret->data; }
size_t snt_secret_len(const struct snt_secret *secret) { return secret->len; }
size_t snt_secret_cap(const struct snt_secret *secret) { return secret->cap; }

void snt_secret_set_len(struct snt_secret *secret, size_t len) {
  secret->len = len <= secret->cap ? len : secret->cap;
  secret->data[secret->len] = '\0';
}

bool snt_secret_is_equal(const struct snt_secret *a, const struct snt_secret *b) {
  return a->len == b->len && CRYPTO_memcmp(a->data, b->data, a->len) == 0;
}

bool snt_secret_is_in(const struct snt_secret *secret, const char *text) {
  enum { WORTH = 12 };
  size_t len = secret == NULL ? 0 : secret->len;
  size_t run = len < WORTH ? len : WORTH;
  size_t text_len = strlen(text);
  for (size_t i = 0; run > 0 && i + run <= text_len; i++) {
    if (memmem(secret->data, len, text + i, run) != NULL) {
      return true;
    }
  }
  return false;
}

void snt_secret_reset(struct snt_secret *secret) {
  OPENSSL_cleanse(secret->data, secret->cap + 1);
  secret->len = 0;
}

void snt_secret_free(struct snt_secret **secret) {
  if (secret == NULL || *secret == NULL) {
    return;
  }
  size_t page = page_size();
  size_t mapped = (*secret)->mapped;
  OPENSSL_cleanse(*secret, mapped);
  if (keep_spare(*secret, mapped)) {
    *secret = NULL;
    return;
  }
  (void)munmap((char *)*secret - page, mapped + 2 * page);
  *secret = NULL;
}

unsigned snt_secret_lock_failures(void) { return lock_failures; }
