/* Calls and their answers: sending and waiting are two things, so that several can be on their way at once.
 *
 * MUST
 *  1. wait for an answer no longer than its limit, whatever else the bus has to say meanwhile;
 *  2. let no answer count that did not come from who answered first, where a call went to whoever has the name. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "keychain/bus/service.h"

/* It lies still, because sd-bus knows where. */
struct snt_pending {
  sd_bus_message *call;
  sd_bus_slot *slot;
  sd_bus_message *reply; /* NULL: not there yet */
};

void snt_pending_free(struct snt_pending **pending) {
  if (*pending != NULL) {
    sd_bus_slot_unref((*pending)->slot);
    sd_bus_message_unref((*pending)->call);
    sd_bus_message_unref((*pending)->reply);
    free(*pending);
  }
  *pending = NULL;
}

static int take_reply(sd_bus_message *reply, void *context, sd_bus_error *error) {
  (void)error;
  struct snt_pending *pending = context;
  (void)sd_bus_message_sensitive(reply);
  pending->reply = sd_bus_message_ref(reply);
  return 1;
}

static snt_status fail_silent(struct snt_err *err) {
  return snt_fail(err, SNT_CODE_KEYCHAIN, "the Secret Service did not answer before, and is not asked again");
}

snt_status snt_call_begin(struct snt_service *service, sd_bus_message *call, struct snt_pending **out,
                          struct snt_err *err) {
  *out = NULL;
  if (service->is_silent) {
    return fail_silent(err);
  }
  SNT_PENDING_AUTO struct snt_pending *pending = calloc(1, sizeof *pending);
  if (pending == NULL) {
    return snt_fail_memory(err);
  }
  pending->call = sd_bus_message_ref(call);
  int error = sd_bus_call_async(service->bus, &pending->slot, call, take_reply, pending, UINT64_MAX);
  if (error < 0) {
    return snt_call_fail(error, sd_bus_message_get_member(call), err);
  }
  *out = SNT_MOVE(pending);
  return snt_done();
}

/* A connection that ends answers all that is still on its way. */
static snt_status await(struct snt_service *service, const struct snt_pending *pending, int limit_ms,
                        struct snt_err *err) {
  const char *method = sd_bus_message_get_member(pending->call); /* sending has moved it */
  if (service->is_silent && pending->reply == NULL) {
    return fail_silent(err);
  }
  int64_t deadline_ms = snt_clock_monotonic_ms() + (limit_ms > 0 ? limit_ms : 1);
  while (pending->reply == NULL) {
    int error = sd_bus_process(service->bus, NULL);
    int64_t left_ms = deadline_ms - snt_clock_monotonic_ms();
    if (pending->reply == NULL && error >= 0 && left_ms <= 0) {
      service->is_silent = true;
      return snt_fail(err, SNT_CODE_KEYCHAIN, "the Secret Service did not answer %s within %d ms", method, limit_ms);
    }
    error = error == 0 ? sd_bus_wait(service->bus, (uint64_t)left_ms * 1000) : error;
    if (pending->reply == NULL && error < 0 && error != -EINTR) {
      return snt_call_fail(error, method, err);
    }
  }
  return sd_bus_is_open(service->bus) > 0 ? snt_done() : snt_call_fail(-ECONNRESET, method, err);
}

snt_status snt_call_settle(struct snt_service *service, struct snt_pending **pending, struct snt_err *err) {
  if (*pending == NULL) {
    return snt_done();
  }
  SNT_TRY(await(service, *pending, SNT_BUS_CALL_MS, err));
  const char *sender = sd_bus_message_get_sender((*pending)->reply);
  if (sender == NULL || strcmp(sender, service->owner) != 0) {
    snt_pending_free(pending);
  }
  return snt_done();
}

snt_status snt_call_finish(struct snt_service *service, struct snt_pending **pending, int limit_ms,
                           sd_bus_message **reply, bool *is_unsupported, struct snt_err *err) {
  SNT_PENDING_AUTO struct snt_pending *sent = SNT_MOVE(*pending);
  *reply = NULL;
  SNT_TRY(await(service, sent, limit_ms, err));
  const sd_bus_error *answer = sd_bus_message_get_error(sent->reply);
  if (answer == NULL) {
    *reply = SNT_MOVE(sent->reply);
    return snt_done();
  }
  if (is_unsupported != NULL) {
    *is_unsupported = sd_bus_error_has_name(answer, SD_BUS_ERROR_NOT_SUPPORTED) > 0;
  }
  return snt_call_fail_answer(sd_bus_message_get_member(sent->call), answer, err);
}

snt_status snt_call_send(struct snt_service *service, sd_bus_message *call, int limit_ms, sd_bus_message **reply,
                         struct snt_err *err) {
  SNT_PENDING_AUTO struct snt_pending *pending = NULL;
  *reply = NULL;
  SNT_TRY(snt_call_begin(service, call, &pending, err));
  return snt_call_finish(service, &pending, limit_ms, reply, NULL, err);
}
