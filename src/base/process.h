/* base/process (layer 0): the first lines of main, and what a forked child must forget. */
#ifndef SNT_BASE_PROCESS_H
#define SNT_BASE_PROCESS_H

#include <stdbool.h>

/* Remembers where the arguments and the environment lie, as the kernel put them there. Call it first. */
void snt_process_remember(int argc, char **argv, char **envp);
/* No core dump, not dumpable; SIGPIPE and SIGXFSZ ignored (such a write is an error), SIGCHLD not, whatever the caller
 * does (who ignores it never hears how a child ended); what other libraries obey is dropped from the environment
 * (SSLKEYLOGFILE, OPENSSL_*, TZDIR, GCONV_PATH, MALLOC_*, ...); descriptors 0 to 2 are open. Best effort: hardening
 * that the kernel refuses is not an error. */
void snt_process_harden(void);
/* Undoes for a program that is about to be executed what harden changed and a program inherits: which signals are
 * ignored, and the limit on core dumps. */
void snt_process_restore(void);
/* The environment as it was at the start, with what harden dropped; ends with NULL. */
char **snt_process_environment(void);
/* Whether "NAME=value" is one of names, which ends with NULL; a name that ends with '_' stands for all that begin with
 * it. */
bool snt_process_is_variable(const char *entry, const char *const *names);
/* Overwrites every argument and environment string in this process's memory and empties the environment. For a forked
 * child: base credentials may be among them. */
void snt_process_wipe_strings(void);

#endif
