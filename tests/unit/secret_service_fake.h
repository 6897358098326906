/* A Secret Service that misbehaves, or shows prompts that answer themselves: for what no real one does on demand. */
#ifndef SNT_TESTS_SECRET_SERVICE_FAKE_H
#define SNT_TESTS_SECRET_SERVICE_FAKE_H

#include <systemd/sd-bus.h>

#include "secret_service_fixture.h"

enum fake_prompt { PROMPT_NONE, PROMPT_CONFIRMED, PROMPT_DISMISSED, PROMPT_SILENT, PROMPT_DEATH };

struct fake {
  bool is_plain;              /* it knows no encryption */
  const char *alias;          /* what aliases lead to; NULL: it never answers; "": not a path */
  enum fake_prompt prompt;    /* what unlocking takes; PROMPT_NONE: everything is unlocked */
  const char *public_key;     /* 128 bytes; NULL: one that is fine */
  size_t iv_len, sealed_len;  /* of the secret in an encrypted session */
  const char *secret;         /* in a plain session */
  bool has_older;             /* a second item, listed first */
  int told;                   /* a letter for each call: see serve_call */
  bool answers_with_nonsense; /* numbers in the place of paths and secrets */
  bool is_silent;             /* to all but ReadAlias */
};

#define FAKE_ITEM "/org/freedesktop/secrets/collection/c/1"
#define FAKE_OLDER "/org/freedesktop/secrets/collection/c/2"
#define FAKE_PROMPT "/org/freedesktop/secrets/prompt/1"

static inline int serve_session(sd_bus_message *call, const struct fake *fake) {
  static const char fine[128] = {1};
  const char *algorithm = NULL;
  sd_bus_message *reply = NULL;
  (void)sd_bus_message_read_basic(call, 's', &algorithm);
  if (fake->is_plain && strcmp(algorithm, "plain") != 0) {
    return sd_bus_reply_method_errorf(call, SD_BUS_ERROR_NOT_SUPPORTED, "only plain");
  }
  (void)sd_bus_message_new_method_return(call, &reply);
  if (fake->is_plain) {
    (void)sd_bus_message_append(reply, "v", "s", "");
  } else {
    (void)sd_bus_message_open_container(reply, 'v', "ay");
    (void)sd_bus_message_append_array(reply, 'y', fake->public_key == NULL ? fine : fake->public_key, 128);
    (void)sd_bus_message_close_container(reply);
  }
  (void)sd_bus_message_append(reply, "o", "/org/freedesktop/secrets/session/1");
  (void)sd_bus_send(NULL, reply, NULL);
  sd_bus_message_unref(reply);
  return 1;
}

static inline int serve_secret(sd_bus_message *call, const struct fake *fake) {
  static const char zeros[64];
  bool is_older = strcmp(sd_bus_message_get_path(call), FAKE_OLDER) == 0;
  const char *secret = is_older ? "older" : fake->secret;
  sd_bus_message *reply = NULL;
  (void)sd_bus_message_new_method_return(call, &reply);
  (void)sd_bus_message_open_container(reply, 'r', "oayays");
  (void)sd_bus_message_append_basic(reply, 'o', "/org/freedesktop/secrets/session/1");
  (void)sd_bus_message_append_array(reply, 'y', zeros, fake->is_plain ? 0 : fake->iv_len);
  (void)sd_bus_message_append_array(reply, 'y', fake->is_plain ? secret : zeros,
                                    fake->is_plain ? strlen(secret) : fake->sealed_len);
  (void)sd_bus_message_append_basic(reply, 's', "text/plain");
  (void)sd_bus_message_close_container(reply);
  (void)sd_bus_send(NULL, reply, NULL);
  sd_bus_message_unref(reply);
  return 1;
}

static inline int serve_prompt(sd_bus_message *call, const struct fake *fake) {
  (void)sd_bus_reply_method_return(call, "");
  sd_bus *bus = sd_bus_message_get_bus(call);
  if (fake->prompt == PROMPT_DEATH) {
    (void)sd_bus_flush(bus);
    _exit(0);
  }
  if (fake->prompt != PROMPT_SILENT) {
    (void)sd_bus_emit_signal(bus, FAKE_PROMPT, "org.freedesktop.Secret.Prompt", "Completed", "bv",
                             fake->prompt == PROMPT_DISMISSED, "ao", 0);
  }
  return 1;
}

static inline int serve_call(sd_bus_message *call, void *context, sd_bus_error *error) {
  (void)error;
  const struct fake *fake = context;
  const char *method = sd_bus_message_get_member(call);
  bool is_locked = fake->prompt != PROMPT_NONE;
  if (method == NULL || sd_bus_message_is_method_call(call, NULL, NULL) <= 0) {
    return 0;
  }
  assert_int_equal(write(fake->told, method, 1), 1); /* Read alias, Open session, Search, Unlock, Prompt, Dismiss */
  if (strcmp(method, "ReadAlias") == 0) {
    return fake->alias == NULL ? 1 : sd_bus_reply_method_return(call, fake->alias[0] == '/' ? "o" : "s", fake->alias);
  }
  if (fake->is_silent) {
    return 1;
  }
  if (fake->answers_with_nonsense) {
    return sd_bus_reply_method_return(call, "u", 7);
  }
  if (strcmp(method, "OpenSession") == 0) {
    return serve_session(call, fake);
  }
  if (strcmp(method, "Get") == 0) {
    bool is_older = strcmp(sd_bus_message_get_path(call), FAKE_OLDER) == 0;
    return sd_bus_reply_method_return(call, "v", "t", (uint64_t)(is_older ? 100 : 200));
  }
  if (strcmp(method, "SearchItems") == 0 && fake->has_older) {
    return sd_bus_reply_method_return(call, "aoao", 2, FAKE_OLDER, FAKE_ITEM, 0);
  }
  if (strcmp(method, "SearchItems") == 0) {
    return is_locked ? sd_bus_reply_method_return(call, "aoao", 0, 1, FAKE_ITEM)
                     : sd_bus_reply_method_return(call, "aoao", 1, FAKE_ITEM, 0);
  }
  if (strcmp(method, "Unlock") == 0) {
    return sd_bus_reply_method_return(call, "aoo", 0, is_locked ? FAKE_PROMPT : "/");
  }
  if (strcmp(method, "GetSecret") == 0) {
    return serve_secret(call, fake);
  }
  return strcmp(method, "Prompt") == 0 ? serve_prompt(call, fake) : sd_bus_reply_method_return(call, "");
}

/* Serves until it is stopped. fake->told is set to the reading end of a pipe. */
static inline pid_t start_fake(struct fake *fake) {
  int told[2];
  int ready[2];
  char byte = 0;
  assert_int_equal(pipe2(told, O_CLOEXEC | O_NONBLOCK), 0);
  assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    sd_bus *bus = NULL;
    fake->told = told[1];
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (sd_bus_open_user(&bus) < 0 || sd_bus_add_filter(bus, NULL, serve_call, fake) < 0 ||
        sd_bus_request_name(bus, "org.freedesktop.secrets", 0) < 0 || write(ready[1], "r", 1) != 1) {
      _exit(1);
    }
    while (sd_bus_process(bus, NULL) > 0 || sd_bus_wait(bus, UINT64_MAX) >= 0) {
    }
    _exit(1);
  }
  (void)close(told[1]);
  (void)close(ready[1]);
  assert_int_equal(read(ready[0], &byte, 1), 1);
  (void)close(ready[0]);
  fake->told = told[0];
  return pid;
}

#endif
