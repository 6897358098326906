/* Sealing a key under the parent, and unsealing it.
 *
 * MUST
 *  1. send neither key nor PIN in clear: a session whose secret only the parent can read encrypts the one, and what is
 *     sent of the other is a proof;
 *  2. let the TPM count wrong PINs; what takes no PIN is not kept from its owner by those of others;
 *  3. leave no object and no session in the TPM. */
#include <string.h>

#include <tss2/tss2_mu.h>

#include "base/secret.h"
#include "keychain/tpm/conversation.h"

#define OBJECT_ATTRIBUTES (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_USERWITHAUTH)

/* A lock, taken apart. */
struct parts {
  TPM2_HANDLE handle;
  TPM2B_NAME name;
  TPM2B_PUBLIC area;
  TPM2B_PRIVATE sealed;
};

/* What has to be flushed at the end. */
struct guests {
  struct snt_conversation *talk;
  struct snt_tpm_parent parent;
  ESYS_TR session, object;
};

static void leave(struct guests *guests) {
  const ESYS_TR both[] = {guests->object, guests->session};
  for (size_t i = 0; i < sizeof both / sizeof both[0]; i++) {
    if (both[i] != ESYS_TR_NONE) {
      (void)Esys_FlushContext(guests->talk->esys, both[i]);
    }
  }
  snt_tpm_leave_parent(guests->talk, &guests->parent);
}
#define GUESTS_AUTO SNT_CLEANUP(leave)
#define NO_GUESTS(with)                                                                                                \
  { (with), {0, ESYS_TR_NONE}, ESYS_TR_NONE, ESYS_TR_NONE }

static snt_status format_parts(const struct parts *parts, struct snt_tpm_lock *out, struct snt_err *err) {
  size_t len = 0;
  TSS2_RC rc = Tss2_MU_UINT32_Marshal(parts->handle, out->bytes, sizeof out->bytes, &len);
  rc = rc == 0 ? Tss2_MU_TPM2B_NAME_Marshal(&parts->name, out->bytes, sizeof out->bytes, &len) : rc;
  rc = rc == 0 ? Tss2_MU_TPM2B_PUBLIC_Marshal(&parts->area, out->bytes, sizeof out->bytes, &len) : rc;
  rc = rc == 0 ? Tss2_MU_TPM2B_PRIVATE_Marshal(&parts->sealed, out->bytes, sizeof out->bytes, &len) : rc;
  out->len = len;
  return rc == TSS2_RC_SUCCESS ? snt_done() : snt_fail(err, SNT_CODE_KEYCHAIN, "the TPM seals into too many bytes");
}

static snt_status parse_parts(const struct snt_tpm_lock *lock, struct parts *out, struct snt_err *err) {
  size_t at = 0;
  memset(out, 0, sizeof *out);
  TSS2_RC rc = Tss2_MU_UINT32_Unmarshal(lock->bytes, lock->len, &at, &out->handle);
  rc = rc == 0 ? Tss2_MU_TPM2B_NAME_Unmarshal(lock->bytes, lock->len, &at, &out->name) : rc;
  rc = rc == 0 ? Tss2_MU_TPM2B_PUBLIC_Unmarshal(lock->bytes, lock->len, &at, &out->area) : rc;
  rc = rc == 0 ? Tss2_MU_TPM2B_PRIVATE_Unmarshal(lock->bytes, lock->len, &at, &out->sealed) : rc;
  if (rc == TSS2_RC_SUCCESS && at == lock->len && out->area.publicArea.type == TPM2_ALG_KEYEDHASH) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "it is damaged: what the TPM sealed makes no sense"));
  return snt_err_hint(err, "put a copy of it back, or remove it and store the keys again with sentinel add");
}

/* An HMAC session: the secret it begins with is encrypted to the parent, and it vouches for each answer. */
static snt_status begin_session(struct guests *guests, struct snt_err *err) {
  const TPMT_SYM_DEF cipher = {.algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB};
  TSS2_RC rc =
      Esys_StartAuthSession(guests->talk->esys, guests->parent.object, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                            ESYS_TR_NONE, NULL, TPM2_SE_HMAC, &cipher, TPM2_ALG_SHA256, &guests->session);
  if (rc != TSS2_RC_SUCCESS) {
    guests->session = ESYS_TR_NONE;
    return snt_tpm_fail(guests->talk, rc, "beginning a session", err);
  }
  return snt_done();
}

/* What the session is to do in the next command, and whether it goes on behind that. */
static TSS2_RC use_session(struct guests *guests, TPMA_SESSION how) {
  return Esys_TRSess_SetAttributes(guests->talk->esys, guests->session, how, 0xff);
}

static void copy_auth(const struct snt_secret *auth, TPM2B_AUTH *out) {
  out->size = auth == NULL ? 0 : SNT_TPM_AUTH_LEN;
  if (auth != NULL) {
    memcpy(out->buffer, snt_secret_borrow(auth), SNT_TPM_AUTH_LEN);
  }
}

static snt_status create(struct guests *guests, const struct snt_secret *key, const struct snt_secret *auth,
                         struct parts *parts, struct snt_err *err) {
  TPM2B_SENSITIVE_CREATE content = {.sensitive.data.size = SNT_TPM_KEY_LEN};
  const TPM2B_PUBLIC template = {
      .publicArea = {.type = TPM2_ALG_KEYEDHASH,
                     .nameAlg = TPM2_ALG_SHA256,
                     .objectAttributes = OBJECT_ATTRIBUTES | (auth == NULL ? TPMA_OBJECT_NODA : 0),
                     .parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL}};
  const TPM2B_DATA no_info = {0};
  const TPML_PCR_SELECTION no_pcr = {0};
  TPM2B_PRIVATE *sealed = NULL;
  TPM2B_PUBLIC *area = NULL;
  memcpy(content.sensitive.data.buffer, snt_secret_borrow(key), SNT_TPM_KEY_LEN);
  copy_auth(auth, &content.sensitive.userAuth);
  TSS2_RC rc = use_session(guests, TPMA_SESSION_CONTINUESESSION | TPMA_SESSION_DECRYPT); /* the TPM does */
  if (rc == TSS2_RC_SUCCESS) {
    rc = Esys_Create(guests->talk->esys, guests->parent.object, guests->session, ESYS_TR_NONE, ESYS_TR_NONE, &content,
                     &template, &no_info, &no_pcr, &sealed, &area, NULL, NULL, NULL);
  }
  explicit_bzero(&content, sizeof content);
  if (rc == TSS2_RC_SUCCESS) {
    parts->sealed = *sealed;
    parts->area = *area;
  }
  Esys_Free(sealed);
  Esys_Free(area);
  return rc == TSS2_RC_SUCCESS ? snt_done() : snt_tpm_fail(guests->talk, rc, "sealing", err);
}

static snt_status load(struct guests *guests, const struct parts *parts, const struct snt_secret *auth,
                       struct snt_err *err) {
  TPM2B_AUTH value = {0};
  TSS2_RC rc = use_session(guests, TPMA_SESSION_CONTINUESESSION);
  if (rc == TSS2_RC_SUCCESS) {
    rc = Esys_Load(guests->talk->esys, guests->parent.object, guests->session, ESYS_TR_NONE, ESYS_TR_NONE,
                   &parts->sealed, &parts->area, &guests->object);
  }
  if (rc != TSS2_RC_SUCCESS) {
    guests->object = ESYS_TR_NONE;
    SNT_IGNORE(snt_tpm_fail(guests->talk, rc, "loading what was sealed", err));
    return guests->talk->was_full
               ? (snt_status){SNT_CODE_KEYCHAIN}
               : snt_err_hint(
                     err, "if the file was changed, put a copy of it back; else remove it, and store the keys again "
                          "with sentinel add");
  }
  copy_auth(auth, &value);
  rc = Esys_TR_SetAuth(guests->talk->esys, guests->object, &value);
  explicit_bzero(&value, sizeof value);
  return rc == TSS2_RC_SUCCESS ? snt_done() : snt_tpm_fail(guests->talk, rc, "setting the PIN", err);
}

/* The last command of its session. */
static snt_status unseal(struct guests *guests, struct snt_secret *key, struct snt_err *err) {
  TPM2B_SENSITIVE_DATA *data = NULL;
  TSS2_RC rc = use_session(guests, TPMA_SESSION_ENCRYPT);
  if (rc == TSS2_RC_SUCCESS) {
    rc = Esys_Unseal(guests->talk->esys, guests->object, guests->session, ESYS_TR_NONE, ESYS_TR_NONE, &data);
  }
  if (rc != TSS2_RC_SUCCESS) {
    bool is_pin = snt_tpm_is_rc(rc, TPM2_RC_AUTH_FAIL) || snt_tpm_is_rc(rc, TPM2_RC_LOCKOUT);
    return is_pin ? snt_tpm_fail_pin(guests->talk, rc, err) : snt_tpm_fail(guests->talk, rc, "unsealing", err);
  }
  guests->session = ESYS_TR_NONE;
  snt_secret_reset(key);
  snt_status status = data->size == SNT_TPM_KEY_LEN
                          ? snt_secret_append(key, data->buffer, data->size, err)
                          : snt_fail(err, SNT_CODE_KEYCHAIN, "the TPM holds something else than a key");
  explicit_bzero(data, sizeof *data);
  Esys_Free(data);
  return status;
}

snt_status snt_tpm_object_unseal(struct snt_conversation *talk, const struct snt_tpm_lock *lock,
                                 const struct snt_secret *auth, struct snt_secret *key, struct snt_err *err) {
  GUESTS_AUTO struct guests guests = NO_GUESTS(talk);
  struct parts parts;
  SNT_TRY(parse_parts(lock, &parts, err));
  SNT_TRY(snt_tpm_find_parent(talk, parts.handle, &parts.name, &guests.parent, err));
  SNT_TRY(begin_session(&guests, err));
  SNT_TRY(load(&guests, &parts, auth, err));
  return unseal(&guests, key, err);
}

/* What cannot be read back is not worth writing a file with. */
static snt_status check_back(struct guests *guests, const struct parts *parts, const struct snt_secret *key,
                             const struct snt_secret *auth, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *back = NULL;
  SNT_TRY(snt_secret_new(SNT_TPM_KEY_LEN, &back, err));
  SNT_TRY(load(guests, parts, auth, err));
  SNT_TRY(unseal(guests, back, err));
  return snt_secret_is_equal(key, back)
             ? snt_done()
             : snt_fail(err, SNT_CODE_KEYCHAIN, "the TPM unseals another key than it sealed");
}

snt_status snt_tpm_object_seal(struct snt_conversation *talk, const struct snt_secret *key,
                               const struct snt_secret *auth, struct snt_tpm_lock *out, struct snt_err *err) {
  GUESTS_AUTO struct guests guests = NO_GUESTS(talk);
  struct parts parts = {0};
  TPM2B_NAME *name = NULL;
  SNT_TRY(snt_tpm_choose_parent(talk, &guests.parent, err));
  TSS2_RC rc = Esys_TR_GetName(talk->esys, guests.parent.object, &name);
  if (rc != TSS2_RC_SUCCESS) {
    return snt_tpm_fail(talk, rc, "naming the parent", err);
  }
  parts.handle = guests.parent.handle;
  parts.name = *name;
  Esys_Free(name);
  SNT_TRY(begin_session(&guests, err));
  SNT_TRY(create(&guests, key, auth, &parts, err));
  SNT_TRY(check_back(&guests, &parts, key, auth, err));
  return format_parts(&parts, out, err);
}
