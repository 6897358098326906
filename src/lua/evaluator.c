#include "lua/evaluator.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "format/json.h"
#include "lua/evaluator_internal.h"
#include "lua/template.h"

enum {
  EVALUATE_MS = 300,
  CASES_MS = 5000,
  MUTATE_MS = 30000,
  LINT_MS = 3000,
  WHO_CAN_MS = 3000,
  SCHEMA_MS = 800,
  REQUEST_MAX = 63 * 1024,
  FACTS_MAX = 63 * 1024
};

static _Noreturn void become_template(int socket, pid_t parent, const struct snt_evaluator_options *options) {
  (void)setpgid(0, 0);
  snt_template_main(socket, parent, options);
}

/* A fork may begin where its parent runs, and the two would take turns although another processor is idle. Leaving that
 * one out for a moment moves the template; it is a hint, and nothing depends on it. */
static void move_aside(pid_t template) {
  cpu_set_t all;
  cpu_set_t others;
  int here = sched_getcpu();
  if (here < 0 || sched_getaffinity(0, sizeof all, &all) != 0) {
    return;
  }
  others = all;
  CPU_CLR((size_t)here, &others);
  if (CPU_COUNT(&others) > 0 && sched_setaffinity(template, sizeof others, &others) == 0) {
    (void)sched_setaffinity(template, sizeof all, &all);
  }
}

snt_status snt_evaluator_start(const struct snt_evaluator_options *options, struct snt_evaluator **out,
                               struct snt_err *err) {
  *out = NULL;
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = calloc(1, sizeof *evaluator);
  int ends[2];
  if (evaluator == NULL) {
    return snt_fail_memory(err);
  }
  evaluator->fd = -1;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return snt_fail(err, SNT_CODE_EVALUATOR, "the policy evaluator cannot be started: %s", strerror(errno));
  }
  evaluator->fd = ends[0];
  pid_t core = getpid();
  pid_t pid = fork();
  if (pid == 0) {
    become_template(ends[1], core, options);
  }
  (void)close(ends[1]);
  if (pid < 0) {
    return snt_fail(err, SNT_CODE_EVALUATOR, "the policy evaluator cannot be started: %s", strerror(errno));
  }
  move_aside(pid);
  evaluator->pid = pid;
  (void)setpgid(pid, pid); /* whoever of the two comes first */
  if (fcntl(evaluator->fd, F_SETFL, O_NONBLOCK) != 0) {
    return snt_fail(err, SNT_CODE_EVALUATOR, "the policy evaluator cannot be reached: %s", strerror(errno));
  }
  *out = SNT_MOVE(evaluator);
  return snt_done();
}

void snt_evaluator_preload(struct snt_evaluator *evaluator) {
  bool is_late = false;
  const struct snt_buf nothing = {0};
  SNT_IGNORE(snt_evaluator_ask(evaluator, SNT_FRAME_PRELOAD, &nothing, &is_late, NULL)); /* who asks next is told */
}

static snt_status append_answer(const struct snt_evaluator *evaluator, struct snt_buf *reply, struct snt_err *err) {
  return snt_buf_append(reply, snt_buf_borrow(&evaluator->answer), evaluator->answer.len, err);
}

snt_status snt_evaluator_evaluate_begin(struct snt_evaluator *evaluator, struct snt_slice request,
                                        struct snt_slice facts, struct snt_err *err) {
  bool is_late = false;
  SNT_BUF_AUTO struct snt_buf payload = {0};
  if (request.len > REQUEST_MAX || facts.len > FACTS_MAX) {
    return snt_fail(err, SNT_CODE_USAGE, "the request, or what is known with it, is larger than 63 KiB");
  }
  if (!evaluator->is_loaded && !evaluator->is_linking) {
    return snt_evaluator_fail(evaluator, err, "no policy is in force");
  }
  SNT_TRY(snt_buf_append(&payload, request.data, request.len, err));
  SNT_TRY(snt_buf_append_char(&payload, '\0', err));
  SNT_TRY(snt_buf_append(&payload, facts.data, facts.len, err));
  snt_evaluator_start_clock(evaluator, EVALUATE_MS);
  return snt_evaluator_ask(evaluator, SNT_FRAME_EVALUATE, &payload, &is_late, err);
}

snt_status snt_evaluator_evaluate_finish(struct snt_evaluator *evaluator, struct snt_buf *reply, struct snt_err *err) {
  bool is_late = false;
  if (evaluator->is_linking) {
    SNT_TRY(snt_evaluator_load_confirm(evaluator, err));
    snt_evaluator_start_clock(evaluator, EVALUATE_MS);
  }
  SNT_TRY(snt_evaluator_await(evaluator, SNT_FRAME_EVALUATE, evaluator->nonce, &is_late, err));
  return append_answer(evaluator, reply, err);
}

snt_status snt_evaluator_evaluate(struct snt_evaluator *evaluator, struct snt_slice request, struct snt_slice facts,
                                  struct snt_buf *reply, struct snt_err *err) {
  SNT_TRY(snt_evaluator_evaluate_begin(evaluator, request, facts, err));
  return snt_evaluator_evaluate_finish(evaluator, reply, err);
}

bool snt_evaluator_takes_batches(const struct snt_evaluator *evaluator) {
  return evaluator->is_loaded && !evaluator->has_functions;
}

/* Each decision may take as long as one alone; a batch that takes longer than all of them is late. */
static void start_batch_clock(struct snt_evaluator *evaluator, size_t count) {
  snt_evaluator_start_clock(evaluator, EVALUATE_MS * (int)(count < SNT_BATCH_MAX ? count : SNT_BATCH_MAX));
}

snt_status snt_evaluator_batch_begin(struct snt_evaluator *evaluator, const struct snt_buf *requests, size_t count,
                                     struct snt_err *err) {
  bool is_late = false;
  if (count == 0 || count > SNT_BATCH_MAX || requests->len > SNT_BATCH_BYTES + REQUEST_MAX + 1) {
    return snt_fail(err, SNT_CODE_BUG, "a batch has at most %d requests", SNT_BATCH_MAX);
  }
  if (!snt_evaluator_takes_batches(evaluator)) {
    return snt_evaluator_fail(evaluator, err, "no policy is in force that takes batches");
  }
  start_batch_clock(evaluator, count);
  return snt_evaluator_ask(evaluator, SNT_FRAME_BATCH, requests, &is_late, err);
}

snt_status snt_evaluator_batch_finish(struct snt_evaluator *evaluator, size_t count, struct snt_buf *reply,
                                      struct snt_err *err) {
  bool is_late = false;
  start_batch_clock(evaluator, count); /* what the core did meanwhile is not the worker's time */
  SNT_TRY(snt_evaluator_await(evaluator, SNT_FRAME_BATCH, evaluator->nonce, &is_late, err));
  return append_answer(evaluator, reply, err);
}

/* Asks about the loaded policy. What was found until then is lost with one that is late: `late` is the answer then. */
static snt_status ask_about_policy(struct snt_evaluator *evaluator, enum snt_frame_kind kind,
                                   const struct snt_buf *question, const char *late, struct snt_buf *reply,
                                   struct snt_err *err) {
  bool is_late = false;
  if (!evaluator->is_loaded) {
    return snt_evaluator_fail(evaluator, err, "no policy is in force");
  }
  snt_evaluator_start_clock(evaluator, kind == SNT_FRAME_LINT ? LINT_MS : WHO_CAN_MS);
  snt_status status = snt_evaluator_exchange(evaluator, kind, question, &is_late, err);
  if (is_late) {
    return snt_buf_append_str(reply, late, err);
  }
  SNT_TRY(status);
  return append_answer(evaluator, reply, err);
}

snt_status snt_evaluator_lint(struct snt_evaluator *evaluator, const struct snt_buf *facts, struct snt_buf *reply,
                              struct snt_err *err) {
  return ask_about_policy(evaluator, SNT_FRAME_LINT, facts, "{\"problems\":[],\"left_out\":0,\"complete\":false}",
                          reply, err);
}

snt_status snt_evaluator_who_can(struct snt_evaluator *evaluator, const struct snt_buf *question, struct snt_buf *reply,
                                 struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf payload = {0};
  SNT_TRY(snt_buf_append(&payload, snt_buf_borrow(question), question->len, err));
  SNT_TRY(snt_buf_append_char(&payload, '\0', err));
  return ask_about_policy(evaluator, SNT_FRAME_WHO_CAN, &payload, "{\"ways\":[],\"exact\":false}", reply, err);
}

snt_status snt_evaluator_schema(struct snt_evaluator *evaluator, struct snt_buf *out, struct snt_err *err) {
  bool is_late = false;
  SNT_BUF_AUTO struct snt_buf nothing = {0};
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  if (evaluator->has_policy) {
    return snt_fail(err, SNT_CODE_BUG, "an evaluator with a policy is not asked for the schema");
  }
  snt_evaluator_start_clock(evaluator, SCHEMA_MS);
  SNT_TRY(snt_evaluator_exchange(evaluator, SNT_FRAME_SCHEMA, &nothing, &is_late, err));
  const struct snt_buf *answer = &evaluator->answer;
  if (!snt_ok(snt_json_parse(snt_buf_borrow(answer), answer->len, "", &doc, NULL))) {
    return snt_evaluator_fail(evaluator, err, "its schema is not strict JSON");
  }
  return snt_buf_append(out, snt_buf_borrow(answer), answer->len, err);
}

snt_status snt_evaluator_run_cases(struct snt_evaluator *evaluator, const size_t *numbers, size_t count,
                                   struct snt_buf *reply, struct snt_err *err) {
  bool is_late = false;
  SNT_BUF_AUTO struct snt_buf payload = {0};
  for (size_t i = 0; i < count; i++) {
    SNT_TRY(snt_buf_appendf(&payload, err, "%zu%s", numbers[i], i + 1 == count ? " last" : ""));
    SNT_TRY(snt_buf_append_char(&payload, '\0', err));
  }
  snt_evaluator_start_clock(evaluator, count == 1 ? EVALUATE_MS : CASES_MS);
  SNT_TRY(snt_evaluator_exchange(evaluator, SNT_FRAME_CASES, &payload, &is_late, err));
  return append_answer(evaluator, reply, err);
}

snt_status snt_evaluator_mutate(struct snt_evaluator *evaluator, const char *policy, struct snt_buf *reply,
                                struct snt_err *err) {
  bool is_late = false;
  SNT_BUF_AUTO struct snt_buf payload = {0};
  SNT_TRY(snt_buf_append_str(&payload, policy, err));
  snt_evaluator_start_clock(evaluator, MUTATE_MS);
  SNT_TRY(snt_evaluator_exchange(evaluator, SNT_FRAME_MUTATE, &payload, &is_late, err));
  return append_answer(evaluator, reply, err);
}

snt_status snt_evaluator_run_mutant(struct snt_evaluator *evaluator, size_t number, struct snt_buf *reply,
                                    struct snt_err *err) {
  bool is_late = false;
  SNT_BUF_AUTO struct snt_buf payload = {0};
  SNT_TRY(snt_buf_appendf(&payload, err, "%zu", number));
  SNT_TRY(snt_buf_append_char(&payload, '\0', err));
  snt_evaluator_start_clock(evaluator, MUTATE_MS);
  SNT_TRY(snt_evaluator_exchange(evaluator, SNT_FRAME_MUTANT, &payload, &is_late, err));
  return append_answer(evaluator, reply, err);
}

snt_status snt_evaluator_record_case(struct snt_evaluator *evaluator, size_t number, struct snt_slice facts,
                                     struct snt_buf *reply, struct snt_err *err) {
  bool is_late = false;
  char name[32];
  SNT_BUF_AUTO struct snt_buf payload = {0};
  (void)snprintf(name, sizeof name, "%zu", number);
  SNT_TRY(snt_frame_pack(&payload, name, facts.data, facts.len, err));
  snt_evaluator_start_clock(evaluator, EVALUATE_MS);
  SNT_TRY(snt_evaluator_exchange(evaluator, SNT_FRAME_RECORD, &payload, &is_late, err));
  return snt_buf_append(reply, snt_buf_borrow(&evaluator->answer), evaluator->answer.len, err);
}

snt_status snt_evaluator_dump_zones(const struct snt_evaluator *evaluator, struct snt_buf *out, struct snt_err *err) {
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, out, err);
  snt_json_begin_object(&writer, NULL);
  for (size_t i = 0; i < evaluator->zone_count; i++) {
    snt_json_put_string(&writer, evaluator->zones[i].name, evaluator->zones[i].sha256);
  }
  snt_json_end_object(&writer);
  return snt_json_finish(&writer);
}

void snt_evaluator_close(struct snt_evaluator **evaluator) {
  if (evaluator != NULL && *evaluator != NULL) {
    snt_evaluator_end(*evaluator);
  }
  snt_evaluator_leave(evaluator);
}

void snt_evaluator_leave(struct snt_evaluator **evaluator) {
  if (evaluator == NULL || *evaluator == NULL) {
    return;
  }
  snt_evaluator_dismiss(*evaluator);
  if ((*evaluator)->fd >= 0) {
    (void)close((*evaluator)->fd);
  }
  snt_buf_clear(&(*evaluator)->answer);
  free(*evaluator);
  *evaluator = NULL;
}
