/* What the TPM's response codes mean for a person. */
#include <tss2/tss2_rc.h>

#include "keychain/tpm/conversation.h"

enum { FORMAT_ONE = 0x80, FORMAT_ONE_ERROR = 0xbf, ANY_ERROR = 0xffff };

bool snt_tpm_is_rc(TSS2_RC rc, TSS2_RC wanted) {
  TSS2_RC code = rc & ANY_ERROR; /* without the layer that says it */
  return (code & FORMAT_ONE) != 0 ? (code & FORMAT_ONE_ERROR) == wanted : code == wanted;
}

snt_status snt_tpm_fail(struct snt_conversation *talk, TSS2_RC rc, const char *what, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "%s failed in the TPM: %s", what, Tss2_RC_Decode(rc)));
  if (snt_tpm_is_rc(rc, TPM2_RC_INITIALIZE)) {
    return snt_err_hint(err, "the TPM was not started, which the machine's firmware does; restart the machine");
  }
  talk->was_full = snt_tpm_is_rc(rc, TPM2_RC_OBJECT_MEMORY) || snt_tpm_is_rc(rc, TPM2_RC_SESSION_MEMORY);
  if (talk->was_full) {
    return snt_err_hint(err,
                        "other programs fill it: reach it through a resource manager (keychain.tpm: %s), or free "
                        "what they left: tpm2_flushcontext --transient-object --loaded-session",
                        SNT_TPM_TCTI);
  }
  return snt_err_hint(err, "sentinel doctor tells whether the TPM can be used");
}

/* What the TPM remembers of wrong PINs, and how it forgets them. */
struct lockout {
  unsigned wrong, max, interval_s;
};

static bool read_lockout(struct snt_conversation *talk, struct lockout *out) {
  TPMI_YES_NO is_more = TPM2_NO;
  TPMS_CAPABILITY_DATA *data = NULL;
  TSS2_RC rc = Esys_GetCapability(talk->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_TPM_PROPERTIES,
                                  TPM2_PT_LOCKOUT_COUNTER, 3, &is_more, &data);
  bool is_good = rc == TSS2_RC_SUCCESS && data->data.tpmProperties.count == 3;
  if (is_good) {
    const TPMS_TAGGED_PROPERTY *rows = data->data.tpmProperties.tpmProperty;
    *out = (struct lockout){rows[0].value, rows[1].value, rows[2].value};
    is_good = rows[0].property == TPM2_PT_LOCKOUT_COUNTER && rows[1].property == TPM2_PT_MAX_AUTH_FAIL &&
              rows[2].property == TPM2_PT_LOCKOUT_INTERVAL;
  }
  Esys_Free(data);
  return is_good;
}

static snt_status hint_lockout(const struct lockout *lockout, struct snt_err *err) {
  return snt_err_hint(err,
                      "wait: it forgets one of them every %u seconds while it runs; the TPM's owner can end it with "
                      "tpm2_dictionarylockout --clear-lockout",
                      lockout->interval_s);
}

snt_status snt_tpm_fail_pin(struct snt_conversation *talk, TSS2_RC rc, struct snt_err *err) {
  struct lockout lockout = {0};
  bool is_known = read_lockout(talk, &lockout);
  if (snt_tpm_is_rc(rc, TPM2_RC_LOCKOUT)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "the TPM takes no PIN now, because too many were wrong"));
    return hint_lockout(&lockout, err);
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "the PIN is wrong"));
  if (!is_known) {
    return snt_err_hint(err, "give the PIN it was made with");
  }
  if (lockout.wrong >= lockout.max) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "the PIN is wrong, and from now on the TPM takes none for a while"));
    return hint_lockout(&lockout, err);
  }
  return snt_err_hint(err, "give the PIN it was made with; after %u more that are wrong the TPM takes none for a while",
                      lockout.max - lockout.wrong);
}
