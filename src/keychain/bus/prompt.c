/* Unlocking, and prompts that the service shows to a person.
 *
 * MUST
 *  1. show no prompt where nobody could see it;
 *  2. wait for one no longer than it may take, and not at all for a service that is gone;
 *  3. ask one person once, however many processes want to. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/turn.h"
#include "keychain/bus/service.h"

static const char HINT[] =
    "unlock the login keyring in the desktop session, or choose another keychain: --backend file";

/* What the person did, as far as it is known. */
struct answer {
  bool is_there;
  bool was_dismissed;
  bool is_service_gone;
  char *result;                           /* a path, or NULL */
  sd_bus_slot *completed, *owner_changed; /* that write here */
};

static void clear_answer(struct answer *answer) {
  sd_bus_slot_unref(answer->completed);
  sd_bus_slot_unref(answer->owner_changed);
  free(answer->result);
}

static int take_completed(sd_bus_message *signal, void *context, sd_bus_error *error) {
  (void)error;
  struct answer *answer = context;
  int dismissed = 1;
  const char *path = NULL;
  answer->is_there = true;
  answer->was_dismissed = sd_bus_message_read_basic(signal, 'b', &dismissed) <= 0 || dismissed != 0;
  if (!answer->was_dismissed && sd_bus_message_enter_container(signal, 'v', "o") > 0 &&
      sd_bus_message_read_basic(signal, 'o', &path) > 0 && answer->result == NULL) {
    answer->result = snt_str_dup(path);
  }
  return 0;
}

static int take_owner_changed(sd_bus_message *signal, void *context, sd_bus_error *error) {
  (void)signal;
  (void)error;
  ((struct answer *)context)->is_service_gone = true;
  return 0;
}

static snt_status watch(struct snt_service *service, const char *prompt, struct answer *answer, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf rule = {0};
  SNT_TRY(snt_buf_appendf(&rule, err,
                          "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
                          "member='NameOwnerChanged',arg0='%s'",
                          service->owner));
  int error = sd_bus_match_signal(service->bus, &answer->completed, service->owner, prompt, SNT_PROMPT_INTERFACE,
                                  "Completed", take_completed, answer);
  error =
      error < 0 ? error : sd_bus_add_match(service->bus, &answer->owner_changed, rule.data, take_owner_changed, answer);
  return error < 0 ? snt_call_fail(error, "AddMatch", err) : snt_done();
}

static snt_status wait_for(struct snt_service *service, const struct answer *answer, int64_t deadline_ms,
                           struct snt_err *err) {
  while (!answer->is_there && !answer->is_service_gone) {
    int error = sd_bus_process(service->bus, NULL);
    int64_t left_ms = deadline_ms - snt_clock_monotonic_ms();
    if (left_ms <= 0) {
      return snt_done();
    }
    error = error == 0 ? sd_bus_wait(service->bus, (uint64_t)left_ms * 1000) : error;
    if (error < 0 && error != -EINTR) {
      return snt_call_fail(error, "Prompt", err);
    }
  }
  return snt_done();
}

static snt_status call_prompt(struct snt_service *service, const char *prompt, const char *method,
                              struct snt_err *err) {
  SNT_MESSAGE_AUTO sd_bus_message *call = NULL;
  SNT_MESSAGE_AUTO sd_bus_message *reply = NULL;
  SNT_TRY(snt_call_new(service, prompt, SNT_PROMPT_INTERFACE, method, &call, err));
  int error = strcmp(method, "Prompt") == 0 ? sd_bus_message_append_basic(call, 's', "") : 0;
  if (error < 0) {
    return snt_call_fail(error, method, err);
  }
  return snt_call_send(service, call, SNT_BUS_CALL_MS, &reply, err);
}

static snt_status fail_locked(const char *why, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_ACTION_REQUIRED, "the Secret Service is locked: %s", why));
  return snt_err_hint(err, "%s", HINT);
}

static snt_status judge(const struct answer *answer, struct snt_err *err) {
  if (!answer->is_there) {
    return answer->is_service_gone ? fail_locked("it ended while it was asking for its password", err)
                                   : fail_locked("nobody answered its prompt in time", err);
  }
  return answer->was_dismissed ? fail_locked("its prompt was dismissed, or could not be shown", err) : snt_done();
}

/* A prompt that is not shown ends with this connection anyway. */
static void dismiss(struct snt_service *service, const char *prompt) {
  SNT_IGNORE(call_prompt(service, prompt, "Dismiss", NULL));
}

/* Of many who find it locked, one shows his prompt; the service has nothing to ask in those that follow, or they are
 * not shown, because nobody answered the first. A folder that takes no file is no reason not to ask. */
static snt_status take_turn(const struct snt_service *service, struct snt_turn *turn, struct snt_err *err) {
  if (service->turns == NULL) {
    return snt_done();
  }
  snt_status status = snt_turn_take(service->turns, "sentinel-unlock", service->prompt_ms, turn, err);
  if (status.code == SNT_CODE_TIMEOUT) {
    return fail_locked("another sentinel asks for its password", err);
  }
  if (turn->was_told && err != NULL) {
    *err = turn->told;
  }
  return turn->was_told ? (snt_status){turn->told.code} : snt_done();
}

static snt_status show(struct snt_service *service, const char *prompt, int64_t deadline_ms, char **result,
                       struct snt_err *err) {
  SNT_CLEANUP(clear_answer) struct answer answer = {0};
  SNT_TRY(watch(service, prompt, &answer, err));
  SNT_TRY(call_prompt(service, prompt, "Prompt", err));
  SNT_TRY(wait_for(service, &answer, deadline_ms, err));
  if (!answer.is_there && !answer.is_service_gone) {
    dismiss(service, prompt);
  }
  SNT_TRY(judge(&answer, err));
  if (result != NULL) {
    *result = SNT_MOVE(answer.result);
  }
  return snt_done();
}

snt_status snt_prompt_finish(struct snt_service *service, const char *prompt, char **result, struct snt_err *err) {
  if (strcmp(prompt, "/") == 0) {
    return snt_done();
  }
  if (!service->may_prompt || service->is_hushed) {
    dismiss(service, prompt);
    return fail_locked(service->may_prompt ? "nobody is to be asked for its password now"
                                           : "there is no display to ask for its password on",
                       err);
  }
  SNT_TURN_AUTO struct snt_turn turn = {.fd = -1};
  struct snt_err unheard = {0};
  struct snt_err *why = err == NULL ? &unheard : err;
  int64_t deadline_ms = snt_clock_monotonic_ms() + service->prompt_ms;
  snt_status status = take_turn(service, &turn, why);
  if (!snt_ok(status)) {
    dismiss(service, prompt);
    return status;
  }
  status = show(service, prompt, deadline_ms, result, why);
  if (!snt_ok(status)) {
    snt_turn_tell(&turn, why);
  }
  return status;
}

snt_status snt_prompt_unlock(struct snt_service *service, const struct snt_paths *paths, struct snt_err *err) {
  SNT_MESSAGE_AUTO sd_bus_message *call = NULL;
  SNT_MESSAGE_AUTO sd_bus_message *reply = NULL;
  SNT_TRY(snt_call_new(service, SNT_SERVICE_PATH, SNT_SERVICE_INTERFACE, "Unlock", &call, err));
  int error = sd_bus_message_open_container(call, 'a', "o");
  for (size_t i = 0; i < paths->count && error >= 0; i++) {
    error = sd_bus_message_append_basic(call, 'o', paths->items[i]);
  }
  error = error < 0 ? error : sd_bus_message_close_container(call);
  if (error < 0) {
    return snt_call_fail(error, "Unlock", err);
  }
  SNT_TRY(snt_call_send(service, call, SNT_BUS_CALL_MS, &reply, err));
  const char *prompt = NULL;
  error = sd_bus_message_skip(reply, "ao");
  error = error < 0 ? error : sd_bus_message_read_basic(reply, 'o', &prompt);
  if (error <= 0) {
    return snt_call_fail(error == 0 ? -ENXIO : error, "Unlock", err);
  }
  return snt_prompt_finish(service, prompt, NULL, err);
}
