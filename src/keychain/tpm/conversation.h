/* keychain/tpm/conversation (layer 2, inner): what the files of the TPM module share. */
#ifndef SNT_KEYCHAIN_TPM_CONVERSATION_H
#define SNT_KEYCHAIN_TPM_CONVERSATION_H

#include <tss2/tss2_esys.h>

#include "keychain/tpm.h"

struct snt_conversation {
  TSS2_TCTI_CONTEXT *tcti;
  ESYS_CONTEXT *esys;
  bool was_full; /* the last that failed found no room in the TPM */
};

/* tpm/failure: a response code as a message: "%s failed in the TPM". Code KEYCHAIN. */
snt_status snt_tpm_fail(struct snt_conversation *talk, TSS2_RC rc, const char *what, struct snt_err *err);
/* Whether the TPM gave this code, whichever handle, session or parameter it means. */
bool snt_tpm_is_rc(TSS2_RC rc, TSS2_RC wanted);
/* For a PIN that was refused: whether others are taken now, and from when on. */
snt_status snt_tpm_fail_pin(struct snt_conversation *talk, TSS2_RC rc, struct snt_err *err);

/* tpm/parent: the key under which keys are sealed. What was made is flushed by snt_tpm_leave_parent. */
struct snt_tpm_parent {
  TPM2_HANDLE handle; /* where it persists; 0: it was made from the template */
  ESYS_TR object;     /* ESYS_TR_NONE: none */
};
/* The persistent storage key where there is one that can be used, else the primary key. */
snt_status snt_tpm_choose_parent(struct snt_conversation *talk, struct snt_tpm_parent *out, struct snt_err *err);
/* The one with this handle, which must have this name: else it is another TPM, or another owner's. */
snt_status snt_tpm_find_parent(struct snt_conversation *talk, TPM2_HANDLE handle, const TPM2B_NAME *name,
                               struct snt_tpm_parent *out, struct snt_err *err);
void snt_tpm_leave_parent(struct snt_conversation *talk, struct snt_tpm_parent *parent);

/* tpm/object: sealing and unsealing. */
snt_status snt_tpm_object_seal(struct snt_conversation *talk, const struct snt_secret *key,
                               const struct snt_secret *auth, struct snt_tpm_lock *out, struct snt_err *err);
snt_status snt_tpm_object_unseal(struct snt_conversation *talk, const struct snt_tpm_lock *lock,
                                 const struct snt_secret *auth, struct snt_secret *key, struct snt_err *err);

#endif
