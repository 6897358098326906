/* The TPM module: the way to the TPM; parent.c, object.c and failure.c have the rest.
 *
 * MUST
 *  1. load no code but tpm2-tss's own ways to a TPM, whatever the setting says. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tss2/tss2_tctildr.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/module.h"
#include "base/random.h"
#include "keychain/tpm/conversation.h"
#include "snt_build_id.h"

enum { FULL_MS = 5000, PAUSE_MS = 20 };

/* tpm2-tss has more: one that runs a command, and some that are no TPM. */
static const struct way {
  const char *name, *library;
} WAYS[] = {{"device", "libtss2-tcti-device.so.0"},
            {"tabrmd", "libtss2-tcti-tabrmd.so.0"},
            {"swtpm", "libtss2-tcti-swtpm.so.0"},
            {"mssim", "libtss2-tcti-mssim.so.0"}};

static void close_conversation(void **state) {
  struct snt_conversation *talk = *state;
  if (talk != NULL) {
    Esys_Finalize(&talk->esys);
    Tss2_TctiLdr_Finalize(&talk->tcti);
    free(talk);
  }
  *state = NULL;
}

/* NULL for one that is not known. *conf: what stands behind its name; NULL for nothing. */
static const struct way *find_way(const char *tcti, const char **conf) {
  const char *colon = strchr(tcti, ':');
  size_t len = colon == NULL ? strlen(tcti) : (size_t)(colon - tcti);
  *conf = colon == NULL || colon[1] == '\0' ? NULL : colon + 1;
  for (size_t i = 0; i < sizeof WAYS / sizeof WAYS[0]; i++) {
    if (strlen(WAYS[i].name) == len && strncmp(WAYS[i].name, tcti, len) == 0) {
      return &WAYS[i];
    }
  }
  return NULL;
}

/* tpm2-tss says no more than that it did not work. */
static snt_status check_device(const char *path, struct snt_err *err) {
  if (access(path, R_OK | W_OK) == 0) {
    return snt_done();
  }
  if (errno == EACCES) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "the TPM %s may not be used by this user", path));
    return snt_err_hint(err, "join the group that it belongs to, which is often called tss, and log in again");
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "there is no TPM: %s: %s", path, strerror(errno)));
  return snt_err_hint(err, "switch it on in the machine's firmware, or say in the configuration, as keychain.tpm, how "
                           "it is reached; --backend file needs none");
}

static snt_status connect_to(const char *tcti, struct snt_conversation *talk, struct snt_err *err) {
  const char *conf = NULL;
  const struct way *way = find_way(tcti, &conf);
  if (way == NULL) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "no TPM can be reached by \"%.64s\"", tcti));
    return snt_err_hint(err, "keychain.tpm is %s, or begins with tabrmd, swtpm or mssim", SNT_TPM_TCTI);
  }
  if (strcmp(way->name, "device") == 0) {
    conf = conf == NULL ? "/dev/tpmrm0" : conf;
    SNT_TRY(check_device(conf, err));
  }
  TSS2_RC rc = Tss2_TctiLdr_Initialize_Ex(way->library, conf, &talk->tcti);
  if (rc == TSS2_RC_SUCCESS) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "the TPM at %.200s cannot be reached", tcti));
  return snt_err_hint(err,
                      "see that it is there, that this user may use it, and that %s is installed; keychain.tpm in "
                      "the configuration says how it is reached",
                      way->library);
}

/* Of what is asked only that it is answered counts. */
static snt_status hear_it(struct snt_conversation *talk, const char *tcti, struct snt_err *err) {
  TPMI_YES_NO is_more = TPM2_NO;
  TPMS_CAPABILITY_DATA *data = NULL;
  TSS2_RC rc = Esys_GetCapability(talk->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_TPM_PROPERTIES,
                                  TPM2_PT_PERMANENT, 1, &is_more, &data);
  Esys_Free(data);
  if (rc == TSS2_RC_SUCCESS) {
    return snt_done();
  }
  SNT_IGNORE(snt_tpm_fail(talk, rc, "the first question", err));
  return snt_err_prefix(err, "the TPM at %.200s", tcti);
}

static snt_status open_conversation(const char *tcti, void **state, struct snt_err *err) {
  *state = NULL;
  SNT_CLEANUP(close_conversation) void *opened = calloc(1, sizeof(struct snt_conversation));
  struct snt_conversation *talk = opened;
  if (talk == NULL) {
    return snt_fail_memory(err);
  }
  SNT_TRY(connect_to(tcti, talk, err));
  TSS2_RC rc = Esys_Initialize(&talk->esys, talk->tcti, NULL);
  if (rc != TSS2_RC_SUCCESS) {
    return snt_tpm_fail(talk, rc, "beginning", err);
  }
  SNT_TRY(hear_it(talk, tcti, err));
  *state = SNT_MOVE(opened);
  return snt_done();
}

/* Where there is no resource manager, others fill the TPM for some milliseconds: whether to try again, after a while
 * that differs from theirs. */
static bool waits(struct snt_conversation *talk, int64_t end_ms) {
  uint8_t some = 0;
  if (!talk->was_full || snt_clock_monotonic_ms() >= end_ms || !snt_ok(snt_random_bytes(&some, 1, NULL))) {
    return false;
  }
  talk->was_full = false;
  (void)nanosleep(&(struct timespec){.tv_nsec = (PAUSE_MS + some % PAUSE_MS) * 1000000L}, NULL);
  return true;
}

static snt_status seal(void *state, const struct snt_secret *key, const struct snt_secret *auth,
                       struct snt_tpm_lock *out, struct snt_err *err) {
  int64_t end_ms = snt_clock_monotonic_ms() + FULL_MS;
  snt_status status;
  do {
    status = snt_tpm_object_seal(state, key, auth, out, err);
  } while (!snt_ok(status) && waits(state, end_ms));
  return status;
}

static snt_status unseal(void *state, const struct snt_tpm_lock *lock, const struct snt_secret *auth,
                         struct snt_secret *key, struct snt_err *err) {
  int64_t end_ms = snt_clock_monotonic_ms() + FULL_MS;
  snt_status status;
  do {
    status = snt_tpm_object_unseal(state, lock, auth, key, err);
  } while (!snt_ok(status) && waits(state, end_ms));
  return status;
}

static const struct snt_tpm TABLE = {
    .open = open_conversation, .close = close_conversation, .seal = seal, .unseal = unseal};

SNT_MODULE_EXPORT extern const struct snt_module snt_module_tpm;
const struct snt_module snt_module_tpm = {SNT_BUILD_ID, &TABLE};
