/* keychain/ssh_agent (layer 2): signatures of the ssh-agent at SSH_AUTH_SOCK (draft-miller-ssh-agent). It need not be
 * trusted: what it signs is checked with the public key before it is used.
 *
 * MUST
 *  1. end at the deadline, whatever the agent does;
 *  2. read no more than SNT_SSH_AGENT_CAP bytes of an answer, and take it only when it is one, to its last byte. */
#ifndef SNT_KEYCHAIN_SSH_AGENT_H
#define SNT_KEYCHAIN_SSH_AGENT_H

#include "keychain/signature.h"

#define SNT_SSH_AGENT_CAP ((size_t)256 * 1024)
/* Someone may have to confirm a signature. */
enum { SNT_SSH_AGENT_DEADLINE_MS = 60000 };

/* wanted: the key's 32 bytes in base64; "": the only Ed25519 key that the agent has. Codes KEYCHAIN (no agent),
 * TIMEOUT, ANSWER_INVALID, and NOT_FOUND, saying which keys there are. */
snt_status snt_ssh_agent_find(const char *wanted, int deadline_ms, uint8_t public[static SNT_ED25519_LEN],
                              struct snt_err *err);
/* Codes KEYCHAIN (also when the agent refuses), TIMEOUT, ANSWER_INVALID (also for a signature that is wrong). */
snt_status snt_ssh_agent_sign(const uint8_t public[static SNT_ED25519_LEN], struct snt_slice message, int deadline_ms,
                              uint8_t out[static SNT_ED25519_SIGNATURE_LEN], struct snt_err *err);

#endif
