/* The filters that ship; they were compiled from src/lua/gen/seccomp.c when this program was built. */
#include <linux/filter.h>

#include "lua/fuel.h"
#include "lua/lockdown.h"
#include "snt_seccomp.h"

#define LEN(filter) (unsigned short)(sizeof(filter) / sizeof(filter)[0])

const struct snt_lockdown_build SNT_LOCKDOWN_BUILD = {.template_filter = SNT_SECCOMP_TEMPLATE,
                                                      .template_len = LEN(SNT_SECCOMP_TEMPLATE),
                                                      .worker_filter = SNT_SECCOMP_WORKER,
                                                      .worker_len = LEN(SNT_SECCOMP_WORKER),
                                                      .address_space = 4 * SNT_MEMORY_CAP + ((size_t)64 << 20),
                                                      .patience = 1};
