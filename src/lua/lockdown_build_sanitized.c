/* Sanitizers need system calls and address space of their own; such a build issues nothing outside its tests. */
#include <linux/filter.h>

#include "lua/lockdown.h"
#include "snt_seccomp.h"

#define LEN(filter) (unsigned short)(sizeof(filter) / sizeof(filter)[0])

const struct snt_lockdown_build SNT_LOCKDOWN_BUILD = {.template_filter = SNT_SECCOMP_SANITIZED,
                                                      .template_len = LEN(SNT_SECCOMP_SANITIZED),
                                                      .worker_filter = SNT_SECCOMP_SANITIZED,
                                                      .worker_len = LEN(SNT_SECCOMP_SANITIZED),
                                                      .address_space = 0,
                                                      .patience = 20};
