/* keychain/jwe (layer 2): one form of JSON Web Encryption (RFC 7516, compact) for reading: the key is wrapped under a
 * passphrase (PBES2-HS256+A128KW, RFC 7518, section 4.8), the content is under A256GCM. aws-vault's files have it.
 *
 * MUST
 *  1. take this one algorithm only, whatever the header asks for, and nothing that is compressed or called critical;
 *  2. work no longer than SNT_JWE_ITERATIONS_MAX allows, whatever the header asks for;
 *  3. take each text in its only form: base64url without padding, nothing before, between or behind its five parts. */
#ifndef SNT_KEYCHAIN_JWE_H
#define SNT_KEYCHAIN_JWE_H

#include "base/secret.h"
#include "base/str.h"

#define SNT_JWE_MAX ((size_t)256 * 1024)
/* Writers use 8,192; this many take about a second. */
#define SNT_JWE_ITERATIONS_MIN 1000
#define SNT_JWE_ITERATIONS_MAX 2000000

/* *out is the content. what ("the file /a/b") begins the messages. Codes: SYNTAX for another form or algorithm;
 * KEYCHAIN when the passphrase does not open it, or it is damaged: the two cannot be told apart. */
snt_status snt_jwe_open(struct snt_slice text, const struct snt_secret *passphrase, const char *what,
                        struct snt_secret **out, struct snt_err *err);

#endif
