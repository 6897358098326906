/* A Secret Service that misbehaves, or shows prompts that answer themselves: for what no real one does on demand. */
#ifndef SNT_TESTS_SECRET_SERVICE_FAKE_H
#define SNT_TESTS_SECRET_SERVICE_FAKE_H

#include <sys/socket.h>
#include <sys/un.h>

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
  /* Methods, or NULL: */
  const char *refuses;   /* with an error that says nothing about what it knows */
  const char *ignores;   /* without an answer */
  const char *ends_with; /* the service ends instead of an answer */
  const char *holds_for; /* what came before is answered after it, the latest first */
};

#define FAKE_ITEM "/org/freedesktop/secrets/collection/c/1"
#define FAKE_OLDER "/org/freedesktop/secrets/collection/c/2"
#define FAKE_PROMPT "/org/freedesktop/secrets/prompt/1"

/* Sends it, as if it came from somebody else when sender is not NULL. */
static inline int send_as(sd_bus_message *reply, const char *sender) {
  if (sender != NULL) {
    (void)sd_bus_message_set_sender(reply, sender);
  }
  (void)sd_bus_send(NULL, reply, NULL);
  sd_bus_message_unref(reply);
  return 1;
}

/* public_key: 128 bytes; NULL: one that is fine. */
static inline int serve_session(sd_bus_message *call, bool is_plain, const char *public_key, const char *sender) {
  static const char fine[128] = {1};
  const char *algorithm = NULL;
  sd_bus_message *reply = NULL;
  (void)sd_bus_message_read_basic(call, 's', &algorithm);
  if (is_plain && strcmp(algorithm, "plain") != 0) {
    (void)sd_bus_message_new_method_errorf(call, &reply, SD_BUS_ERROR_NOT_SUPPORTED, "only plain");
    return send_as(reply, sender);
  }
  (void)sd_bus_message_new_method_return(call, &reply);
  if (is_plain) {
    (void)sd_bus_message_append(reply, "v", "s", "");
  } else {
    (void)sd_bus_message_open_container(reply, 'v', "ay");
    (void)sd_bus_message_append_array(reply, 'y', public_key == NULL ? fine : public_key, 128);
    (void)sd_bus_message_close_container(reply);
  }
  (void)sd_bus_message_append(reply, "o", "/org/freedesktop/secrets/session/1");
  return send_as(reply, sender);
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

static inline int answer_call(sd_bus_message *call, const struct fake *fake) {
  const char *method = sd_bus_message_get_member(call);
  bool is_locked = fake->prompt != PROMPT_NONE;
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
    return serve_session(call, fake->is_plain, fake->public_key, NULL);
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
  if (strcmp(method, "Delete") == 0) {
    return sd_bus_reply_method_return(call, "o", "/");
  }
  return strcmp(method, "Prompt") == 0 ? serve_prompt(call, fake) : sd_bus_reply_method_return(call, "");
}

static inline bool is_method(const char *method, const char *wanted) {
  return wanted != NULL && strcmp(method, wanted) == 0;
}

static inline int serve_call(sd_bus_message *call, void *context, sd_bus_error *error) {
  static sd_bus_message *held[4];
  static size_t count;
  (void)error;
  struct fake *fake = context;
  const char *method = sd_bus_message_get_member(call);
  if (method == NULL || sd_bus_message_is_method_call(call, NULL, NULL) <= 0) {
    return 0;
  }
  assert_int_equal(write(fake->told, method, 1),
                   1); /* Read alias, Open session, Search, Unlock, Prompt, Dismiss or Delete */
  if (is_method(method, fake->ends_with)) {
    (void)sd_bus_flush(sd_bus_message_get_bus(call));
    _exit(0);
  }
  if (is_method(method, fake->refuses)) {
    return sd_bus_reply_method_errorf(call, SD_BUS_ERROR_FAILED, "not today");
  }
  if (is_method(method, fake->ignores)) {
    return 1;
  }
  if (fake->holds_for != NULL && !is_method(method, fake->holds_for) && count < sizeof held / sizeof held[0]) {
    held[count++] = sd_bus_message_ref(call);
    return 1;
  }
  fake->holds_for = NULL;
  int answered = answer_call(call, fake);
  while (count > 0) {
    answered = answer_call(held[--count], fake);
    sd_bus_message_unref(held[count]);
  }
  return answered;
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

/* A bus that is its own Secret Service, and on which the name changes hands: what is sent to the name is answered by
 * FAKE_OWNER the first time, and then by a stranger. */
struct fake_bus {
  bool is_stranger_plain, is_owner_plain; /* who knows no encryption */
  const char *ends_with;                  /* a method: the bus ends instead of an answer */
  int told;                               /* letters, as of struct fake; small ones for calls to FAKE_OWNER */
};

#define FAKE_OWNER ":1.8"
#define FAKE_STRANGER ":1.9"

static inline int serve_on_bus(sd_bus_message *call, void *context, sd_bus_error *error) {
  (void)error;
  const struct fake_bus *fake = context;
  const char *method = sd_bus_message_get_member(call);
  const char *destination = sd_bus_message_get_destination(call);
  sd_bus_message *reply = NULL;
  if (method == NULL || destination == NULL || sd_bus_message_is_method_call(call, NULL, NULL) <= 0) {
    return 0;
  }
  (void)sd_bus_message_new_method_return(call, &reply);
  if (strcmp(destination, "org.freedesktop.DBus") == 0) {
    (void)sd_bus_message_append(reply, "s", ":1.7");
    return send_as(reply, destination);
  }
  bool is_owner = strcmp(destination, FAKE_OWNER) == 0;
  const char *sender = is_owner ? FAKE_OWNER : FAKE_STRANGER;
  char letter = (char)(is_owner ? method[0] + 'a' - 'A' : method[0]);
  assert_int_equal(write(fake->told, &letter, 1), 1);
  if (is_method(method, fake->ends_with)) {
    (void)sd_bus_flush(sd_bus_message_get_bus(call));
    _exit(0);
  }
  if (strcmp(method, "ReadAlias") == 0) {
    (void)sd_bus_message_append(reply, "o", "/c");
    return send_as(reply, FAKE_OWNER);
  }
  if (strcmp(method, "SearchItems") == 0) {
    (void)sd_bus_message_append(reply, "aoao", 1, is_owner ? FAKE_ITEM : FAKE_OLDER, 0);
    return send_as(reply, sender);
  }
  if (strcmp(method, "OpenSession") == 0) {
    sd_bus_message_unref(reply);
    return serve_session(call, is_owner ? fake->is_owner_plain : fake->is_stranger_plain, NULL, sender);
  }
  bool is_right = strcmp(sd_bus_message_get_path(call), FAKE_ITEM) == 0;
  (void)sd_bus_message_append(reply, "(oayays)", "/org/freedesktop/secrets/session/1", 0, 3, is_right ? 'y' : 'n', 'e',
                              's', "text/plain");
  return send_as(reply, sender);
}

/* Serves one client. The environment then leads to it; folder is where its socket lies. */
static inline pid_t start_fake_bus(struct fake_bus *fake, const char *folder) {
  int told[2];
  char address[160];
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  (void)snprintf(at.sun_path, sizeof at.sun_path, "%s/fake", folder);
  (void)unlink(at.sun_path);
  assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
  assert_int_equal(listen(fd, 1), 0);
  assert_int_equal(pipe2(told, O_CLOEXEC | O_NONBLOCK), 0);
  (void)snprintf(address, sizeof address, "unix:path=%s", at.sun_path);
  assert_int_equal(setenv("DBUS_SESSION_BUS_ADDRESS", address, 1), 0);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    sd_bus *bus = NULL;
    fake->told = told[1];
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client < 0 || sd_bus_new(&bus) < 0 || sd_bus_set_fd(bus, client, client) < 0 ||
        sd_bus_set_server(bus, 1, (sd_id128_t){.bytes = {1}}) < 0 ||
        sd_bus_add_filter(bus, NULL, serve_on_bus, fake) < 0 || sd_bus_start(bus) < 0) {
      _exit(1);
    }
    while (sd_bus_process(bus, NULL) > 0 || sd_bus_wait(bus, UINT64_MAX) >= 0) {
    }
    _exit(1);
  }
  (void)close(fd);
  (void)close(told[1]);
  fake->told = told[0];
  return pid;
}

#endif
