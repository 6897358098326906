/* The key of the TPM under which ours are sealed: it never leaves the TPM.
 *
 * MUST
 *  1. use no parent but one that the TPM made, cannot give away, and uses for storage alone;
 *  2. when a lock says which parent it is of, use no other: a PIN that was meant for it would go to a stranger. */
#include <string.h>

#include "keychain/tpm/conversation.h"

#define STORAGE_KEY ((TPM2_HANDLE)0x81000001)

#define PARENT_ATTRIBUTES                                                                                              \
  (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |       \
   TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT)

/* The ECC storage root key of the TCG's provisioning guidance: the same owner gets the same key each time. */
static const TPM2B_PUBLIC TEMPLATE = {
    .publicArea = {
        .type = TPM2_ALG_ECC,
        .nameAlg = TPM2_ALG_SHA256,
        .objectAttributes = PARENT_ATTRIBUTES | TPMA_OBJECT_NODA,
        .parameters.eccDetail = {.symmetric = {.algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB},
                                 .scheme.scheme = TPM2_ALG_NULL,
                                 .curveID = TPM2_ECC_NIST_P256,
                                 .kdf.scheme = TPM2_ALG_NULL},
        .unique.ecc = {.x.size = 32, .y.size = 32}}};

static snt_status make_primary(struct snt_conversation *talk, ESYS_TR *out, struct snt_err *err) {
  const TPM2B_SENSITIVE_CREATE nothing = {0};
  const TPM2B_DATA no_info = {0};
  const TPML_PCR_SELECTION no_pcr = {0};
  TSS2_RC rc = Esys_CreatePrimary(talk->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &nothing,
                                  &TEMPLATE, &no_info, &no_pcr, out, NULL, NULL, NULL, NULL);
  if (rc == TSS2_RC_SUCCESS) {
    return snt_done();
  }
  *out = ESYS_TR_NONE;
  SNT_IGNORE(snt_tpm_fail(talk, rc, "making the primary key", err));
  return snt_tpm_is_rc(rc, TPM2_RC_BAD_AUTH) || snt_tpm_is_rc(rc, TPM2_RC_AUTH_FAIL)
             ? snt_err_hint(err,
                            "the TPM's owner has a password: let him keep a storage key at 0x%08x "
                            "(tpm2_createprimary, tpm2_evictcontrol), which is then used",
                            STORAGE_KEY)
             : (snt_status){SNT_CODE_KEYCHAIN};
}

static bool is_storage_key(const TPMT_PUBLIC *area) {
  return (area->type == TPM2_ALG_ECC || area->type == TPM2_ALG_RSA) && area->nameAlg == TPM2_ALG_SHA256 &&
         (area->objectAttributes & PARENT_ATTRIBUTES) == PARENT_ATTRIBUTES;
}

/* ESYS_TR_NONE when there is none, or not of the kind. */
static snt_status find_persistent(struct snt_conversation *talk, ESYS_TR *out, struct snt_err *err) {
  TPM2B_PUBLIC *area = NULL;
  ESYS_TR object = ESYS_TR_NONE;
  *out = ESYS_TR_NONE;
  TSS2_RC rc = Esys_TR_FromTPMPublic(talk->esys, STORAGE_KEY, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &object);
  if (snt_tpm_is_rc(rc, TPM2_RC_HANDLE)) {
    return snt_done();
  }
  if (rc == TSS2_RC_SUCCESS) {
    rc = Esys_ReadPublic(talk->esys, object, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &area, NULL, NULL);
  }
  if (rc != TSS2_RC_SUCCESS) {
    return snt_tpm_fail(talk, rc, "reading the storage key", err);
  }
  *out = is_storage_key(&area->publicArea) ? object : ESYS_TR_NONE;
  Esys_Free(area);
  return snt_done();
}

snt_status snt_tpm_choose_parent(struct snt_conversation *talk, struct snt_tpm_parent *out, struct snt_err *err) {
  *out = (struct snt_tpm_parent){STORAGE_KEY, ESYS_TR_NONE};
  SNT_TRY(find_persistent(talk, &out->object, err));
  if (out->object != ESYS_TR_NONE) {
    return snt_done();
  }
  out->handle = 0;
  return make_primary(talk, &out->object, err);
}

static bool is_named(struct snt_conversation *talk, ESYS_TR object, const TPM2B_NAME *name) {
  TPM2B_NAME *its = NULL;
  bool is_same = object != ESYS_TR_NONE && Esys_TR_GetName(talk->esys, object, &its) == TSS2_RC_SUCCESS &&
                 its->size == name->size && memcmp(its->name, name->name, its->size) == 0;
  Esys_Free(its);
  return is_same;
}

snt_status snt_tpm_find_parent(struct snt_conversation *talk, TPM2_HANDLE handle, const TPM2B_NAME *name,
                               struct snt_tpm_parent *out, struct snt_err *err) {
  *out = (struct snt_tpm_parent){handle, ESYS_TR_NONE};
  SNT_TRY(handle == 0 ? make_primary(talk, &out->object, err) : find_persistent(talk, &out->object, err));
  if (is_named(talk, out->object, name)) {
    return snt_done();
  }
  snt_tpm_leave_parent(talk, out);
  SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "it was sealed to another TPM, or this one was cleared since"));
  return snt_err_hint(err, "only that TPM, with the owner it had, can open it; if it is gone, so is what was stored: "
                           "remove the file, and store the keys again with sentinel add");
}

void snt_tpm_leave_parent(struct snt_conversation *talk, struct snt_tpm_parent *parent) {
  if (parent->object != ESYS_TR_NONE && parent->handle == 0) {
    (void)Esys_FlushContext(talk->esys, parent->object);
  }
  parent->object = ESYS_TR_NONE;
}
