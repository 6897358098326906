/* An evaluator that lies, for the tests of the core's side: a program that links this file has it in the place of
 * src/lua/template.c. Never part of what ships.
 *
 *   SENTINEL_EVIL         WHEN:WHAT, for example "evaluate:hang"; WHEN is hello, load, bundle, unpack, link, evaluate,
 * batch, lint, schema, outline, side, rules, profiles or access, or several of them with + between two; WHAT is one of
 * the table below. Without it everything is answered well, and every request with allow. SENTINEL_EVIL_REPLY   the text
 * of "WHEN:reply"
 *
 * Both are read before anything is wiped. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"
#include "lua/frame.h"
#include "lua/template.h"
#include "lua/vm.h"

#define WORD_CAP 32
#define REPLY_CAP (96 * 1024)
#define ALLOW                                                                                                          \
  "{\"effect\":\"allow\",\"rule\":\"evil\",\"rule_index\":0,\"reason\":\"because\",\"error\":null,\"max_duration\":"   \
  "null,"                                                                                                              \
  "\"requires_server_mode\":false,\"requires_session_tracking\":false,\"trace\":[],\"conditions\":[],\"missing\":[],"  \
  "\"failed_condition\":null,\"emergency\":false,\"requires_justification\":false}"

static const struct {
  const char *name, *good_answer;
} kinds[SNT_FRAME_KIND_COUNT] = {[SNT_FRAME_HELLO] = {"hello", ""},
                                 [SNT_FRAME_LOAD] = {"load", "{\"ok\":true,\"zones\":[]}"},
                                 [SNT_FRAME_BUNDLE] = {"bundle", "{\"ok\":true,\"zones\":[]}"},
                                 [SNT_FRAME_UNPACK] = {"unpack", "Aa\n1\nx\n"},
                                 [SNT_FRAME_ZONE] = {"zone", ""},
                                 [SNT_FRAME_FILE] = {"file", ""},
                                 [SNT_FRAME_LINK] = {"link", "{\"ok\":true,\"functions\":false}"},
                                 [SNT_FRAME_EVALUATE] = {"evaluate", ALLOW},
                                 [SNT_FRAME_BATCH] = {"batch", "allow 0 0 0 - evil\n"},
                                 [SNT_FRAME_LINT] = {"lint", "{\"problems\":[],\"left_out\":0,\"complete\":true}"},
                                 [SNT_FRAME_WHO_CAN] = {"who_can", "{\"ways\":[],\"exact\":true}"},
                                 [SNT_FRAME_SCHEMA] = {"schema", "{}"},
                                 [SNT_FRAME_OUTLINE] = {"outline", "{}"},
                                 [SNT_FRAME_SIDE] = {"side", ""}};

/* What is asked of two policies is one kind of frame: told apart by what the payload begins with. */
static const struct {
  const char *name, *good_answer;
} comparisons[] = {
    {"rules", "{\"changes\":[{\"area\":\"rule\",\"kind\":\"added\",\"name\":\"x\",\"details\":[]}],\"left_out\":0}"},
    {"profiles", "{\"profiles\":[{\"name\":\"dev\",\"label\":\"dev\"}],\"exact\":true}"},
    {"access", "{\"profiles\":[{\"changes\":[],\"exact\":true}]}"}};

/* What is about to be sent; an action changes it, or never returns. */
struct answer {
  int fd;
  struct snt_frame frame;
  const char *payload;
  size_t len; /* of what is sent; frame.len is what is promised */
};

static char reply[REPLY_CAP];

static void put(int fd, const void *data, size_t len) {
  if (!snt_frame_write_all(fd, data, len)) {
    _exit(1);
  }
}

static void do_hang(struct answer *answer) {
  (void)answer;
  for (;;) {
    pause();
  }
}

static void do_stop(struct answer *answer) {
  (void)answer;
  raise(SIGSTOP);
}

static void do_die(struct answer *answer) {
  (void)answer;
  _exit(0);
}

static void do_crash(struct answer *answer) {
  (void)answer;
  raise(SIGKILL);
}

/* A child that would outlive its parent; it holds whatever descriptors the test left open. */
static void do_orphan(struct answer *answer) {
  if (fork() == 0) {
    do_hang(answer);
  }
  _exit(0);
}

static void do_garbage(struct answer *answer) {
  char bytes[64];
  memset(bytes, 'x', sizeof bytes);
  put(answer->fd, bytes, sizeof bytes);
  do_hang(answer);
}

static void do_drip(struct answer *answer) {
  const char *bytes = (const char *)&answer->frame;
  for (size_t i = 0; i + 1 < sizeof answer->frame; i++) {
    put(answer->fd, bytes + i, 1);
    usleep(50000);
  }
  do_hang(answer);
}

static void do_half_header(struct answer *answer) {
  put(answer->fd, &answer->frame, sizeof answer->frame / 2);
  _exit(0);
}

static void do_half_payload(struct answer *answer) {
  answer->frame.len = (uint32_t)answer->len + 10;
  put(answer->fd, &answer->frame, sizeof answer->frame);
  put(answer->fd, answer->payload, answer->len);
  _exit(0);
}

static void do_wait_with_payload(struct answer *answer) {
  answer->frame.len = (uint32_t)answer->len + 10;
  put(answer->fd, &answer->frame, sizeof answer->frame);
  do_hang(answer);
}

static void do_too_long(struct answer *answer) { answer->frame.len = 64u << 20; }
static void do_longest(struct answer *answer) { answer->frame.len = UINT32_MAX; }
static void do_wrong_nonce(struct answer *answer) { answer->frame.nonce ^= 1; }
static void do_wrong_kind(struct answer *answer) { answer->frame.kind ^= 7; }
static void do_wrong_magic(struct answer *answer) { answer->frame.magic ^= 0x20; }
static void do_wrong_zero(struct answer *answer) { answer->frame.zero = 1; }
static void do_wrong_other_zero(struct answer *answer) { answer->frame.zero_again = 1; }
static void do_wrong_result(struct answer *answer) { answer->frame.result = 200; }

static void do_failed(struct answer *answer) {
  answer->frame.result = SNT_VM_FAILED;
  answer->payload = "it says so itself";
  answer->len = strlen(answer->payload);
  answer->frame.len = (uint32_t)answer->len;
}

static void do_twice(struct answer *answer) {
  char both[2048];
  size_t len = sizeof answer->frame + answer->len;
  if (2 * len > sizeof both) {
    _exit(1);
  }
  for (size_t i = 0; i < 2; i++) {
    memcpy(both + i * len, &answer->frame, sizeof answer->frame);
    memcpy(both + i * len + sizeof answer->frame, answer->payload, answer->len);
  }
  put(answer->fd, both, 2 * len);
  do_hang(answer);
}

static void do_extra(struct answer *answer) {
  char more[2048];
  size_t len = sizeof answer->frame + answer->len;
  if (len + 1 > sizeof more) {
    _exit(1);
  }
  memcpy(more, &answer->frame, sizeof answer->frame);
  memcpy(more + sizeof answer->frame, answer->payload, answer->len);
  more[len] = '}';
  put(answer->fd, more, len + 1);
  do_hang(answer);
}

static void do_reply(struct answer *answer) {
  answer->payload = reply;
  answer->len = strlen(reply);
  answer->frame.len = (uint32_t)answer->len;
}

static const struct {
  const char *name;
  void (*act)(struct answer *answer);
} actions[] = {{"hang", do_hang},
               {"stop", do_stop},
               {"die", do_die},
               {"crash", do_crash},
               {"orphan", do_orphan},
               {"garbage", do_garbage},
               {"drip", do_drip},
               {"half_header", do_half_header},
               {"half_payload", do_half_payload},
               {"wait_with_payload", do_wait_with_payload},
               {"too_long", do_too_long},
               {"longest", do_longest},
               {"wrong_nonce", do_wrong_nonce},
               {"wrong_kind", do_wrong_kind},
               {"wrong_magic", do_wrong_magic},
               {"wrong_zero", do_wrong_zero},
               {"wrong_other_zero", do_wrong_other_zero},
               {"wrong_result", do_wrong_result},
               {"failed", do_failed},
               {"twice", do_twice},
               {"extra", do_extra},
               {"reply", do_reply}};

struct mode {
  char when[WORD_CAP], what[WORD_CAP];
};

static struct mode read_mode(void) {
  struct mode mode = {0};
  const char *text = getenv("SENTINEL_EVIL"), *chosen = getenv("SENTINEL_EVIL_REPLY");
  if (text != NULL && sscanf(text, "%31[^:]:%31s", mode.when, mode.what) != 2) {
    _exit(1);
  }
  snprintf(reply, sizeof reply, "%s", chosen == NULL ? "" : chosen);
  return mode;
}

/* Whether name is one of the words that WHEN lists. */
static bool is_meant(const struct mode *mode, const char *name) {
  size_t len = strlen(name);
  for (const char *at = mode->when; at != NULL; at = strchr(at, '+') == NULL ? NULL : strchr(at, '+') + 1) {
    if (strncmp(at, name, len) == 0 && (at[len] == '\0' || at[len] == '+')) {
      return true;
    }
  }
  return false;
}

static void answer_frame(int fd, const struct mode *mode, uint8_t kind, uint64_t nonce, const char *payload) {
  const char *good = kinds[kind].good_answer;
  const char *name = kinds[kind].name;
  for (size_t i = 0; kind == SNT_FRAME_COMPARE && i < sizeof comparisons / sizeof comparisons[0]; i++) {
    if (strcmp(payload, comparisons[i].name) == 0) {
      good = comparisons[i].good_answer;
      name = comparisons[i].name;
    }
  }
  struct answer answer = {.fd = fd, .payload = good, .len = strlen(good)};
  answer.frame = snt_frame_make((enum snt_frame_kind)kind, SNT_VM_OK, nonce, answer.len);
  for (size_t i = 0; is_meant(mode, name) && i < sizeof actions / sizeof actions[0]; i++) {
    if (strcmp(mode->what, actions[i].name) == 0) {
      actions[i].act(&answer);
    }
  }
  put(fd, &answer.frame, sizeof answer.frame);
  put(fd, answer.payload, answer.len);
}

_Noreturn void snt_template_main(int socket, pid_t parent, const struct snt_evaluator_options *options) {
  (void)parent;
  (void)options;
  struct mode mode = read_mode();
  snt_process_wipe_strings();
  answer_frame(socket, &mode, SNT_FRAME_HELLO, 0, "");
  for (;;) {
    struct snt_frame frame;
    bool is_end = false;
    if (!snt_frame_read_all(socket, &frame, sizeof frame, &is_end) || frame.kind >= SNT_FRAME_KIND_COUNT) {
      _exit(0);
    }
    char *payload = malloc(frame.len + 1);
    if (payload == NULL || !snt_frame_read_all(socket, payload, frame.len, &is_end)) {
      _exit(0);
    }
    payload[frame.len] = '\0';
    if (frame.kind != SNT_FRAME_PRELOAD && frame.kind != SNT_FRAME_ZONE && frame.kind != SNT_FRAME_FILE) {
      answer_frame(socket, &mode, frame.kind, frame.nonce, payload);
    }
    free(payload);
  }
}
