/* Where libcrypto is an archive, part of the program: what the processor can do is found out with the first digest, not
 * before main. Under a hypervisor each of those questions is trapped, which takes up to 14 us, and the evaluator is not
 * forked yet. The linker leads the two calls here (cmake/Layers.cmake); a module's own libcrypto is not touched. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/sha.h>

/* The linker makes these names. NOLINTBEGIN(cert-dcl37-c,cert-dcl51-cpp) */
void __wrap_OPENSSL_cpuid_setup(void);
void __real_OPENSSL_cpuid_setup(void);
int __wrap_SHA256_Init(SHA256_CTX *context);
int __real_SHA256_Init(SHA256_CTX *context);
/* NOLINTEND(cert-dcl37-c,cert-dcl51-cpp) */

/* What libcrypto calls before main. */
void __wrap_OPENSSL_cpuid_setup(void) {}

int __wrap_SHA256_Init(SHA256_CTX *context) {
  __real_OPENSSL_cpuid_setup(); /* it asks once */
  return __real_SHA256_Init(context);
}
