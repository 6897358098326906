/* base/status (layer 0): the result of everything that can fail, and the text of an error.
 *
 * Zeroed memory is a failure: SNT_CODE_FAILED is 0 and SNT_CODE_OK is not. */
#ifndef SNT_BASE_STATUS_H
#define SNT_BASE_STATUS_H

#include <stdbool.h>
#include <stddef.h>

/* X(name, exit status of spec/cli.md, what it means). docs/errors.md is made from this table. */
#define SNT_CODES(X)                                                                                                   \
  X(FAILED, 70, "no status was set; this is a bug")                                                                    \
  X(OK, 0, "done")                                                                                                     \
  X(ANSWER_NO, 1, "the answer is no")                                                                                  \
  X(TAMPERED, 1, "the log was changed after it was written")                                                           \
  X(USAGE, 2, "unknown command, flag or value")                                                                        \
  X(DENIED, 3, "policy refused")                                                                                       \
  X(TARGET_MISMATCH, 3, "the profile points at a role it may not mean")                                                \
  X(ACTION_REQUIRED, 4, "a person has to act first")                                                                   \
  X(LOGIN_REQUIRED, 4, "a login would help")                                                                           \
  X(NO_POLICY, 5, "there is no policy")                                                                                \
  X(POLICY_INVALID, 5, "the policy is refused")                                                                        \
  X(CONFIG_INVALID, 5, "the configuration is refused")                                                                 \
  X(PROFILE_INVALID, 5, "the profile does not exist or cannot be used")                                                \
  X(SYNTAX, 5, "a text is not of its format")                                                                          \
  X(NOT_A_LOG, 5, "the file is not a decision log")                                                                    \
  X(NETWORK, 6, "a host could not be reached")                                                                         \
  X(TIMEOUT, 6, "a deadline passed")                                                                                   \
  X(AWS_REFUSED, 6, "AWS refused the request")                                                                         \
  X(ANSWER_INVALID, 6, "an answer makes no sense")                                                                     \
  X(NO_CREDENTIALS, 6, "no base credentials were found")                                                               \
  X(KEYCHAIN, 6, "the keychain is not available")                                                                      \
  X(NOT_FOUND, 6, "the entry does not exist")                                                                          \
  X(CHANGED, 6, "somebody else changed it meanwhile")                                                                  \
  X(LOG, 6, "the decision log cannot be written, or read back")                                                        \
  X(OUTPUT, 6, "the result cannot be written")                                                                         \
  X(EVALUATOR, 6, "the evaluator is late, odd or dead")                                                                \
  X(INSTALLATION, 6, "a file of the program is missing, or of another build")                                          \
  X(IO, 6, "a file cannot be read or written")                                                                         \
  X(NO_MEMORY, 6, "out of memory")                                                                                     \
  X(BUG, 70, "a bug")

enum snt_code {
#define SNT_CODE_ENUM(name, exit_status, text) SNT_CODE_##name,
  SNT_CODES(SNT_CODE_ENUM)
#undef SNT_CODE_ENUM
      SNT_CODE_COUNT
};

/* Test with snt_ok() only. */
typedef struct [[nodiscard]] {
  enum snt_code code;
} snt_status;

#define SNT_ERR_MESSAGE_CAP 1536
#define SNT_ERR_HINT_CAP 1024

/* What failed and what to do, as text for a person; never a secret. Initialise with {0}. */
struct snt_err {
  enum snt_code code;
  char message[SNT_ERR_MESSAGE_CAP]; /* what failed, with the name of the thing */
  char hint[SNT_ERR_HINT_CAP];       /* what to do; may be empty */
  const char *file;                  /* where in our sources, for a bug report */
  int line;
};

static inline bool snt_ok(snt_status status) { return status.code == SNT_CODE_OK; }
static inline snt_status snt_done(void) { return (snt_status){SNT_CODE_OK}; }

/* "AWS_REFUSED" and the like; "FAILED" for a number that is not a code. */
const char *snt_code_name(enum snt_code code);
const char *snt_code_text(enum snt_code code);
/* The exit status of spec/cli.md; 70 for a number that is not a code. */
int snt_code_exit_status(enum snt_code code);

/* Fills err (which may be NULL) and returns a failed status with that code. The hint becomes empty. The text is cut at
 * its capacity, at a character's border; control characters become spaces. */
snt_status snt_err_set(struct snt_err *err, enum snt_code code, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* Adds the hint to an error that was just set, and returns its status: `return snt_err_hint(err, "...")`. */
snt_status snt_err_hint(struct snt_err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Puts "context: " before the message and returns the error's status. */
snt_status snt_err_prefix(struct snt_err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* return snt_fail(err, SNT_CODE_USAGE, "unknown flag \"%s\"", flag); */
#define snt_fail(err, code, ...) snt_err_set((err), (code), __FILE__, __LINE__, __VA_ARGS__)
#define snt_fail_memory(err) snt_fail((err), SNT_CODE_NO_MEMORY, "out of memory")

/* Returns early with the failed status of expr. */
#define SNT_TRY(expr)                                                                                                  \
  do {                                                                                                                 \
    snt_status snt_try_status = (expr);                                                                                \
    if (!snt_ok(snt_try_status)) {                                                                                     \
      return snt_try_status;                                                                                           \
    }                                                                                                                  \
  } while (0)

/* Says that a failure is of no consequence here; the comment beside it says why. */
#define SNT_IGNORE(expr) ((void)(expr).code)

#endif
