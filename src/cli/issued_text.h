/* cli/issued_text (layer 6): an issued session as text for programs. All of it stays in secrets. */
#ifndef SNT_CLI_ISSUED_TEXT_H
#define SNT_CLI_ISSUED_TEXT_H

#include "issue/issue.h"

/* The formats of `export`. */
#define SNT_ISSUED_FORMATS "env, json, ini"

#define SNT_ISSUED_TEXT_CAP ((size_t)16 * 1024)

/* Appends to a secret of SNT_ISSUED_TEXT_CAP bytes. Codes ANSWER_INVALID for a value that would spoil the text, and
 * NO_MEMORY. */

/* The document of credential_process (aws.md), and a newline. */
snt_status snt_issued_format_json(const struct snt_issued *issued, struct snt_secret *out, struct snt_err *err);
/* Lines that sh, bash and zsh evaluate: export NAME='value'. */
snt_status snt_issued_format_env(const struct snt_issued *issued, struct snt_secret *out, struct snt_err *err);
/* The profile's section for a credentials file. */
snt_status snt_issued_format_ini(const struct snt_issued *issued, struct snt_secret *out, struct snt_err *err);

#endif
