/* issue/doctor (layer 5): does everything that a decision needs work here? (cli.md, doctor)
 *
 * MUST
 *  1. ask nobody, change nothing, and make no file;
 *  2. say nothing secret: names, paths and numbers only;
 *  3. start evaluators before anything is read that may hold a secret. */
#ifndef SNT_ISSUE_DOCTOR_H
#define SNT_ISSUE_DOCTOR_H

#include "base/status.h"

/* X(name, what it looks at, what to do where a finding does not know better). In the order in which they run: what
 * needs an evaluator comes first. docs/doctor.md, the help and the tests go by this table. */
#define SNT_DOCTOR_CHECKS(X)                                                                                           \
  X(configuration, "each layer: where it is, whether it is valid and whose it is, what is locked",                     \
    "correct the file; docs/configuration.md lists the keys")                                                          \
  X(sandbox, "what the evaluator is locked down with, seen from outside, and whether it decides rightly",              \
    "policy is evaluated on Linux with seccomp only; see docs/security.md")                                            \
  X(interpreter, "the version of Lua, and whether it has a bug that policies can meet",                                \
    "install the program again, with its libraries")                                                                   \
  X(policy, "whether a policy is configured, and whether a file is one that would be accepted",                        \
    "check it with `sentinel policy validate`")                                                                        \
  X(permissions, "home and the folders that are Sentinel's",                                                           \
    "make it a folder of your own that nobody else can write")                                                         \
  X(aws,                                                                                                               \
    "the files of ~/.aws: who may read them, profiles that ask Sentinel and where their keys come from, keys in "      \
    "clear text",                                                                                                      \
    "correct the profile; docs/credentials.md lists the keys")                                                         \
  X(log, "the decision log: place, owner, end, lock, chain and free space", "see docs/log.md")                         \
  X(clock, "the local clock against the kernel's word and the last record, and time zones",                            \
    "set the clock, and let chrony or systemd-timesyncd keep it")                                                      \
  X(memory, "whether secrets can be locked into memory and kept out of core dumps", "raise the limit: ulimit -l")      \
  X(keychain, "which backends work, and which one is used", "see docs/keychain.md")                                    \
  X(program, "the program and its modules", "install the program and its modules together")                            \
  X(certificates, "what vouches for AWS's servers", "install your distribution's ca-certificates")                     \
  X(endpoints, "where AWS is asked, and by which way", "unset the variable")                                           \
  X(network, "with --online: whether STS answers, and the local clock against its",                                    \
    "check the network, the proxy and the name server")

struct snt_doctor;
struct snt_doctor_check {
  const char *name;
  const char *summary;
  const char *remedy;
  void (*run)(struct snt_doctor *doctor);
};
/* The table; ends with a row whose name is NULL. */
extern const struct snt_doctor_check SNT_DOCTOR_CHECK_TABLE[];

enum snt_finding_status { SNT_FINDING_BROKEN = 0, SNT_FINDING_WARNING, SNT_FINDING_OK };
const char *snt_finding_status_name(enum snt_finding_status status);

struct snt_finding {
  const char *check; /* a name of the table */
  enum snt_finding_status status;
  char *subject; /* owned, like the others: printable UTF-8 */
  char *found;
  char *remedy; /* NULL when the status is OK, else not empty */
};

struct snt_doctor_report {
  struct snt_finding *findings;
  size_t count;
};
void snt_doctor_report_clear(struct snt_doctor_report *report);
#define SNT_DOCTOR_REPORT_AUTO SNT_CLEANUP(snt_doctor_report_clear)
size_t snt_doctor_report_count(const struct snt_doctor_report *report, enum snt_finding_status status);

/* Strings are borrowed; NULL: not given. */
struct snt_doctor_options {
  const char *profile; /* whose policy, role, region and endpoint */
  const char *backend; /* --backend */
  const char *config;  /* --config */
  const char *regions; /* --region */
  bool is_online;      /* STS is asked, without a signature, for what time it is */
};

/* Makes every check of the table. What is broken is a finding, not a failure: code NO_MEMORY only. */
snt_status snt_doctor_run(const struct snt_doctor_options *options, struct snt_doctor_report *out, struct snt_err *err);

#endif
