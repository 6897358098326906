/* The session in which secrets travel.
 *
 * MUST
 *  1. use the session without encryption only with a service that says that it knows no other;
 *  2. copy a secret's bytes into a secret, and into messages that are wiped. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/str.h"
#include "keychain/bus/dh.h"
#include "keychain/bus/service.h"

static const char ENCRYPTED[] = "dh-ietf1024-sha256-aes128-cbc-pkcs7";
static const char PLAIN[] = "plain";

/* The session's path, which comes last. */
static snt_status keep(struct snt_service *service, sd_bus_message *reply, struct snt_err *err) {
  const char *path = NULL;
  int error = sd_bus_message_read_basic(reply, 'o', &path);
  if (error <= 0) {
    return snt_call_fail(error == 0 ? -ENXIO : error, "OpenSession", err);
  }
  service->session = snt_str_dup(path);
  return service->session == NULL ? snt_fail_memory(err) : snt_done();
}

static snt_status new_call(struct snt_service *service, sd_bus_message **call, struct snt_err *err) {
  return snt_call_new(service, SNT_SERVICE_PATH, SNT_SERVICE_INTERFACE, "OpenSession", call, err);
}

snt_status snt_session_begin(struct snt_service *service, struct snt_err *err) {
  SNT_DH_AUTO struct snt_dh *dh = NULL;
  SNT_MESSAGE_AUTO sd_bus_message *call = NULL;
  uint8_t ours[SNT_DH_PUBLIC_LEN];
  SNT_TRY(snt_dh_new(&dh, ours, err));
  SNT_TRY(new_call(service, &call, err));
  int error = sd_bus_message_append_basic(call, 's', ENCRYPTED);
  error = error < 0 ? error : sd_bus_message_open_container(call, 'v', "ay");
  error = error < 0 ? error : sd_bus_message_append_array(call, 'y', ours, sizeof ours);
  error = error < 0 ? error : sd_bus_message_close_container(call);
  if (error < 0) {
    return snt_call_fail(error, "OpenSession", err);
  }
  SNT_TRY(snt_call_begin(service, call, &service->opening, err));
  snt_dh_free(&service->dh);
  service->dh = SNT_MOVE(dh);
  return snt_done();
}

static snt_status finish_encrypted(struct snt_service *service, bool *is_unsupported, struct snt_err *err) {
  SNT_DH_AUTO struct snt_dh *dh = SNT_MOVE(service->dh);
  SNT_MESSAGE_AUTO sd_bus_message *reply = NULL;
  SNT_TRY(snt_call_finish(service, &service->opening, SNT_BUS_CALL_MS, &reply, is_unsupported, err));
  const void *theirs = NULL;
  size_t len = 0;
  int error = sd_bus_message_enter_container(reply, 'v', "ay");
  error = error < 0 ? error : sd_bus_message_read_array(reply, 'y', &theirs, &len);
  error = error < 0 ? error : sd_bus_message_exit_container(reply);
  if (error < 0) {
    return snt_call_fail(error, "OpenSession", err);
  }
  SNT_TRY(snt_dh_agree(dh, theirs, len, &service->key, err));
  return keep(service, reply, err);
}

static snt_status open_plain(struct snt_service *service, struct snt_err *err) {
  SNT_MESSAGE_AUTO sd_bus_message *call = NULL;
  SNT_MESSAGE_AUTO sd_bus_message *reply = NULL;
  SNT_TRY(new_call(service, &call, err));
  int error = sd_bus_message_append(call, "sv", PLAIN, "s", "");
  if (error < 0) {
    return snt_call_fail(error, "OpenSession", err);
  }
  SNT_TRY(snt_call_send(service, call, SNT_BUS_CALL_MS, &reply, err));
  error = sd_bus_message_skip(reply, "v");
  return error < 0 ? snt_call_fail(error, "OpenSession", err) : keep(service, reply, err);
}

snt_status snt_session_open(struct snt_service *service, struct snt_err *err) {
  if (service->session != NULL) {
    return snt_done();
  }
  bool is_unsupported = false;
  SNT_TRY(snt_call_settle(service, &service->opening, err));
  SNT_TRY(service->opening == NULL ? snt_session_begin(service, err) : snt_done());
  snt_status status = finish_encrypted(service, &is_unsupported, err);
  return is_unsupported ? open_plain(service, err) : status;
}

snt_status snt_session_append(struct snt_service *service, sd_bus_message *call, const struct snt_secret *value,
                              struct snt_err *err) {
  uint8_t iv[SNT_DH_BLOCK_LEN];
  SNT_FREE_AUTO uint8_t *sealed = NULL;
  const void *bytes = snt_secret_borrow(value);
  size_t len = snt_secret_len(value);
  bool is_text = snt_utf8_check(bytes, len) && memchr(bytes, 0, len) == NULL;
  size_t iv_len = service->key == NULL ? 0 : sizeof iv;
  if (service->key != NULL) {
    SNT_TRY(snt_random_bytes(iv, sizeof iv, err));
    SNT_TRY(snt_dh_encrypt(service->key, iv, value, &sealed, &len, err));
    bytes = sealed;
  }
  int error = sd_bus_message_open_container(call, 'r', "oayays");
  error = error < 0 ? error : sd_bus_message_append_basic(call, 'o', service->session);
  error = error < 0 ? error : sd_bus_message_append_array(call, 'y', iv, iv_len);
  error = error < 0 ? error : sd_bus_message_append_array(call, 'y', bytes, len);
  error =
      error < 0 ? error : sd_bus_message_append_basic(call, 's', is_text ? "text/plain" : "application/octet-stream");
  error = error < 0 ? error : sd_bus_message_close_container(call);
  return error < 0 ? snt_call_fail(error, "CreateItem", err) : snt_done();
}

snt_status snt_session_read(struct snt_service *service, sd_bus_message *reply, struct snt_secret **out,
                            struct snt_err *err) {
  *out = NULL;
  const void *iv = NULL;
  const void *bytes = NULL;
  size_t iv_len = 0;
  size_t len = 0;
  int error = sd_bus_message_enter_container(reply, 'r', "oayays");
  error = error < 0 ? error : sd_bus_message_skip(reply, "o");
  error = error < 0 ? error : sd_bus_message_read_array(reply, 'y', &iv, &iv_len);
  error = error < 0 ? error : sd_bus_message_read_array(reply, 'y', &bytes, &len);
  if (error < 0) {
    return snt_call_fail(error, "GetSecret", err);
  }
  if (service->key == NULL) {
    return snt_secret_new_from(bytes, len, out, err);
  }
  return iv_len == SNT_DH_BLOCK_LEN ? snt_dh_decrypt(service->key, iv, bytes, len, out, err)
                                    : snt_call_fail(-EBADMSG, "GetSecret", err);
}
