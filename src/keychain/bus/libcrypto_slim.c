/* Where libcrypto is an archive, the part of it that the key exchange needs, and no more: numbers, which note their
 * mistakes in a list that nobody reads here, and draw random ones, which nobody asks for here. With what those two drag
 * in the module would be fifteen times as long, and take half as long again to load. The linker leads the calls here
 * (cmake/Layers.cmake).
 *
 * MUST
 *  1. fail where randomness is asked for. */
#include <stddef.h>

#include <openssl/types.h>

/* The linker makes these names. NOLINTBEGIN(cert-dcl37-c,cert-dcl51-cpp,cert-dcl50-cpp) */
void __wrap_ERR_new(void);
void __wrap_ERR_set_debug(const char *file, int line, const char *function);
void __wrap_ERR_set_error(int library, int reason, const char *format, ...);
int __wrap_RAND_bytes_ex(OSSL_LIB_CTX *context, unsigned char *out, size_t len, unsigned strength);
int __wrap_RAND_priv_bytes_ex(OSSL_LIB_CTX *context, unsigned char *out, size_t len, unsigned strength);
/* NOLINTEND(cert-dcl37-c,cert-dcl51-cpp,cert-dcl50-cpp) */

void __wrap_ERR_new(void) {}

void __wrap_ERR_set_debug(const char *file, int line, const char *function) {
  (void)file;
  (void)line;
  (void)function;
}

void __wrap_ERR_set_error(int library, int reason, const char *format, ...) {
  (void)library;
  (void)reason;
  (void)format;
}

int __wrap_RAND_bytes_ex(OSSL_LIB_CTX *context, unsigned char *out, size_t len, unsigned strength) {
  (void)context;
  (void)out;
  (void)len;
  (void)strength;
  return 0;
}

int __wrap_RAND_priv_bytes_ex(OSSL_LIB_CTX *context, unsigned char *out, size_t len, unsigned strength) {
  return __wrap_RAND_bytes_ex(context, out, len, strength);
}
