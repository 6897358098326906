/* MUST
 *  1. wipe every argument and environment string first, then lock down, then read the first byte of policy;
 *  2. evaluate in a process that ends with the answer, so that nothing survives from one decision to the next;
 *  3. pass on a worker's answer only when it is one exact frame, nothing followed it, and the worker ended well. */
#include "lua/template.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"
#include "base/sha256.h"
#include "format/archive.h"
#include "lua/frame.h"
#include "lua/fuel.h"
#include "lua/lockdown.h"
#include "lua/observe.h"
#include "lua/running.h"
#include "lua/unpack.h"
#include "lua/vm.h"
#include "lua/worker.h"

enum {
  EXIT_NO_CORE = 2,
  LOAD_FUEL = 30000000,
  SPEC_FUEL = 400000000,
  MUTATION_FUEL = 2000000000,
  MUTANT_FUEL = 400000000, /* it ends before the core's patience does */
  SPEC_MEMORY = 192 << 20,
  SPEC_BLOCK = 8 << 20,
  EVALUATION_FUEL = 10000000,
  DESCRIPTION_FUEL = 200000,
  WHO_CAN_FUEL = 60000000,
  COMPARE_FUEL = 120000000 /* two policies */
};
/* What others of a batch left behind may make a decision a little dearer or cheaper. One that comes near its limit is
 * made alone: the verdict is never the batch's. */
enum { BATCHED_FUEL = EVALUATION_FUEL / 2 };

/* What evaluates, in the stdlib's main module. */
static const char *const FUNCTIONS[] = {[SNT_TRACE_ALL] = "evaluate",
                                        [SNT_TRACE_NEAREST] = "evaluate_nearest",
                                        [SNT_TRACE_EXPLAINED] = "explain",
                                        [SNT_TRACE_CANDIDATES] = "decide"};

struct template {
  struct snt_vm *vm;
  struct snt_running next; /* locked down, and waits for the next evaluation */
  pid_t pid;
  struct snt_evaluator_options options;
  struct snt_buf request; /* the payload that came last */
  struct snt_buf answer;
};

/* The core is gone, or this process cannot go on: nobody is left to tell. */
static _Noreturn void end(int status) { _exit(status); }

static void answer(struct template *self, const struct snt_frame *request, uint8_t result) {
  struct snt_frame frame = snt_frame_make((enum snt_frame_kind)request->kind, result, request->nonce, self->answer.len);
  if (!snt_frame_send(SNT_LOCKDOWN_FD, &frame, snt_buf_borrow(&self->answer))) {
    end(EXIT_NO_CORE);
  }
}

static void answer_failure(struct template *self, const struct snt_frame *request, const char *what, int number) {
  char text[200];
  (void)snprintf(text, sizeof text, "%s %d", what, number);
  snt_buf_reset(&self->answer);
  SNT_IGNORE(snt_buf_append_str(&self->answer, text, NULL));
  answer(self, request, SNT_VM_FAILED);
}

static void answer_with(struct template *self, const struct snt_frame *request, const char *name,
                        const struct snt_slice *args, size_t n, int64_t fuel) {
  enum snt_vm_result result = snt_vm_call(self->vm, name, args, n, fuel, &self->answer);
  if (result == SNT_VM_FAILED) {
    SNT_IGNORE(snt_buf_append_str(&self->answer, snt_vm_borrow_error(self->vm), NULL));
  }
  answer(self, request, (uint8_t)result);
}

/* For what is larger than a policy; policies, and each case of a spec, have what they always have. */
static void answer_in_room(struct template *self, const struct snt_frame *request, const char *name,
                           const struct snt_slice *args, size_t n, int64_t fuel) {
  snt_vm_make_room(self->vm, SPEC_MEMORY, SPEC_BLOCK);
  answer_with(self, request, name, args, n, fuel);
  snt_vm_make_room(self->vm, SNT_MEMORY_CAP, SNT_BLOCK_CAP);
}

static void answer_call(struct template *self, const struct snt_frame *request, const char *name,
                        const struct snt_slice *args, size_t n) {
  answer_with(self, request, name, args, n, LOAD_FUEL);
}

/* While the core looks for the zones. Without an answer: linking tells what fails. */
static void compile(struct template *self) {
  (void)snt_vm_call(self->vm, "compile", NULL, 0, LOAD_FUEL, &self->answer);
}

/* A policy as the core sends it (evaluator_load.c, pack_policy): root is how much of its name is its bundle. */
struct sent_policy {
  const char *name, *kind;
  struct snt_slice root, mark, text;
};

static struct sent_policy take_policy(const struct template *self) {
  struct snt_frame_pair pair;
  bool is_pair = snt_frame_unpack(self->request.data, self->request.len, &pair) && pair.second_len > 0;
  const char *line = is_pair ? memchr(pair.second, '\n', pair.second_len) : NULL;
  if (line == NULL) {
    end(EXIT_NO_CORE);
  }
  const char *mark = pair.second + 1 + strspn(pair.second + 1, "0123456789");
  return (struct sent_policy){.name = pair.first,
                              .kind = pair.second[0] == 'L' ? "lua" : "yaml",
                              .root = {pair.second + 1, (size_t)(mark - pair.second - 1)},
                              .mark = {mark, (size_t)(line - mark)},
                              .text = {line + 1, pair.second_len - (size_t)(line + 1 - pair.second)}};
}

static void load_policy(struct template *self, const struct snt_frame *request, const struct sent_policy *policy) {
  const struct snt_slice args[] = {snt_slice_of(policy->kind), snt_slice_of(policy->name), policy->text, policy->root,
                                   policy->mark};
  answer_call(self, request, "load", args, 5);
  compile(self);
}

static void load(struct template *self, const struct snt_frame *request) {
  struct sent_policy policy = take_policy(self);
  load_policy(self, request, &policy);
}

static void refuse_bundle(struct template *self, const struct snt_frame *request, const char *name, const char *what) {
  const struct snt_slice args[] = {snt_slice_of(name), snt_slice_of(what)};
  answer_call(self, request, "refuse_bundle", args, 2);
}

/* The archive of a packed bundle, whose text is the hash of it, a line feed, and its frame. One that is refused is
 * answered here, as a policy is. */
static bool open_bundle(struct template *self, const struct snt_frame *request, const struct sent_policy *policy,
                        struct snt_buf *archive) {
  struct snt_err err = {0};
  struct snt_slice sha256 = {policy->text.data, SNT_SHA256_HEX_CAP - 1};
  if (policy->text.len < SNT_SHA256_HEX_CAP) {
    end(EXIT_NO_CORE);
  }
  struct snt_slice frame = {policy->text.data + SNT_SHA256_HEX_CAP, policy->text.len - SNT_SHA256_HEX_CAP};
  if (snt_ok(snt_unpack(frame, sha256, archive, &err))) {
    return true;
  }
  refuse_bundle(self, request, policy->name, err.message);
  return false;
}

/* Its files, as FILE brings them, and then the policy among them, as LOAD does. */
static void load_bundle(struct template *self, const struct snt_frame *request) {
  SNT_BUF_AUTO struct snt_buf bytes = {0};
  struct sent_policy policy = take_policy(self);
  size_t root_len = strtoul(policy.root.data, NULL, 10);
  if (root_len > strlen(policy.name)) {
    end(EXIT_NO_CORE);
  }
  if (!open_bundle(self, request, &policy, &bytes)) {
    return;
  }
  policy.text = (struct snt_slice){NULL, 0};
  struct snt_archive archive = snt_archive_of((struct snt_slice){bytes.data, bytes.len});
  while (snt_archive_next(&archive)) {
    const struct snt_slice args[] = {snt_slice_of(archive.file.name), archive.file.content};
    (void)snt_vm_call(self->vm, "add_file", args, 2, LOAD_FUEL, &self->answer);
    policy.text = strcmp(archive.file.name, policy.name + root_len) == 0 ? archive.file.content : policy.text;
  }
  snt_buf_reset(&self->answer);
  if (policy.text.data == NULL) {
    refuse_bundle(self, request, policy.name, "is damaged: the policy that its manifest names is not in it");
    return;
  }
  load_policy(self, request, &policy);
}

/* What it holds, for who wants to see or change it; nothing of it is run. */
static void unpack_bundle(struct template *self, const struct snt_frame *request) {
  SNT_BUF_AUTO struct snt_buf bytes = {0};
  struct sent_policy policy = take_policy(self);
  if (!open_bundle(self, request, &policy, &bytes)) {
    return;
  }
  if (!snt_ok(snt_buf_append_str(&self->answer, SNT_FRAME_UNPACKED, NULL)) ||
      !snt_ok(snt_buf_append(&self->answer, bytes.data, bytes.len, NULL))) {
    end(EXIT_NO_CORE);
  }
  answer(self, request, SNT_VM_OK);
}

/* Without an answer: what is wrong with a plugin was told when it was described. */
static void add_plugin(struct template *self, const struct snt_frame *request) {
  (void)request;
  const struct snt_slice args[] = {{self->request.data, self->request.len}};
  if (snt_vm_call(self->vm, "add_plugin", args, 1, LOAD_FUEL, &self->answer) != SNT_VM_OK) {
    end(EXIT_NO_CORE);
  }
}

/* Without an answer: a file that is not there is told where it is required. */
static void add_file(struct template *self, const struct snt_frame *request) {
  (void)request;
  struct snt_frame_pair pair;
  if (snt_frame_unpack(self->request.data, self->request.len, &pair)) {
    const struct snt_slice args[] = {snt_slice_of(pair.first), {pair.second, pair.second_len}};
    (void)snt_vm_call(self->vm, "add_file", args, 2, LOAD_FUEL, &self->answer);
  }
}

/* Without an answer: a zone that is not good stays unknown, and linking says so. */
static void add_zone(struct template *self, const struct snt_frame *request) {
  (void)request;
  struct snt_frame_pair pair;
  if (snt_frame_unpack(self->request.data, self->request.len, &pair)) {
    (void)snt_vm_add_zone(self->vm, pair.first, pair.second, pair.second_len);
  }
}

/* The call of a request that is answered by a process of its own. */
static struct snt_worker prepare_worker(const struct template *self, const struct snt_frame *request,
                                        const char *function, int64_t fuel) {
  struct snt_frame_pair pair;
  if (!snt_frame_unpack(self->request.data, self->request.len, &pair)) {
    end(EXIT_NO_CORE);
  }
  return (struct snt_worker){.vm = self->vm,
                             .asked = request,
                             .function = function,
                             .args = {snt_slice_of(pair.first), {pair.second, pair.second_len}},
                             .arg_count = 2,
                             .fuel = fuel,
                             .out = SNT_LOCKDOWN_FD,
                             .is_rlimits_only = self->options.is_rlimits_only};
}

static void pass_on(struct template *self, const struct snt_frame *request, struct snt_running *worker) {
  struct snt_frame frame = {0};
  int number = 0;
  enum snt_answer how = snt_running_finish(worker, request, &frame, &self->answer, &number);
  if (how == SNT_ANSWER_EXACT) {
    answer(self, request, frame.result);
  } else if (how == SNT_ANSWER_KILLED) {
    answer_failure(self, request, "a worker was killed by signal", number);
  } else {
    answer_failure(self, request, "a worker gave no exact answer: status", number);
  }
}

static void let_answer(struct template *self, const struct snt_frame *request, struct snt_worker *start) {
  struct snt_running worker = snt_running_start(start, self->pid, -1);
  if (worker.pid == 0) {
    answer_failure(self, request, "no worker could be started: error", errno);
    return;
  }
  pass_on(self, request, &worker);
}

/* A template that is to evaluate once needs no copy of itself: it gives up what a worker has not, and waits. */
static void link_policy(struct template *self, const struct snt_frame *request) {
  const struct snt_slice how[] = {snt_slice_of("indexed")};
  self->options.is_once = self->options.is_once && request->len == 0;
  answer_call(self, request, "link", how, self->options.trace == SNT_TRACE_CANDIDATES ? 1 : 0);
  if (self->options.is_once && snt_lockdown_further(self->options.is_rlimits_only) != NULL) {
    end(EXIT_NO_CORE);
  }
}

/* Nothing of the policy runs here: the stdlib looks at what loading made of it. */
static void lint(struct template *self, const struct snt_frame *request) {
  const struct snt_slice facts[] = {{snt_buf_borrow(&self->request), self->request.len}};
  answer_call(self, request, "lint", facts, 1);
}

/* other: as snt_running_start has it. */
static void start_next(struct template *self, int other, bool has_time) {
  struct snt_worker start = {.vm = self->vm,
                             .function = FUNCTIONS[self->options.trace],
                             .arg_count = 2,
                             .fuel = EVALUATION_FUEL,
                             .is_rlimits_only = self->options.is_rlimits_only,
                             .is_early = true,
                             .has_time = has_time};
  self->next = snt_running_start(&start, self->pid, other);
}

/* One of many evaluations: the worker waits already, and the next one is forked while it works, after what tells of
 * this evaluation and of the one before was wiped. A worker that died is told by its answer. */
static void evaluate_early(struct template *self, const struct snt_frame *request) {
  if (self->next.pid == 0) {
    start_next(self, -1, false);
  }
  struct snt_running worker = self->next;
  self->next = (struct snt_running){0};
  if (worker.pid == 0) {
    answer_failure(self, request, "no worker could be started: error", errno);
    return;
  }
  snt_running_ask(&worker, request, &self->request);
  snt_buf_clear(&self->request);
  snt_buf_clear(&self->answer);
  start_next(self, worker.from, true);
  pass_on(self, request, &worker);
}

static void evaluate(struct template *self, const struct snt_frame *request) {
  if (self->options.is_once) {
    struct snt_worker start = prepare_worker(self, request, FUNCTIONS[self->options.trace], EVALUATION_FUEL);
    snt_worker_call(&start);
  }
  evaluate_early(self, request);
}

/* The payload is requests, each with its NUL. */
static void evaluate_batch(struct template *self, const struct snt_frame *request) {
  struct snt_worker start = prepare_worker(self, request, "decide_briefly", BATCHED_FUEL);
  start.args[0] = (struct snt_slice){self->request.data, self->request.len};
  start.arg_count = 1;
  start.is_batch = true;
  let_answer(self, request, &start);
}

/* The payload is the plugin's name, a NUL, the file's name, a NUL, and its text. */
static void describe(struct template *self, const struct snt_frame *request) {
  struct snt_worker start = prepare_worker(self, request, "describe", DESCRIPTION_FUEL);
  const char *file = start.args[1].data;
  size_t file_len = strnlen(file, start.args[1].len);
  if (file_len == start.args[1].len) {
    end(EXIT_NO_CORE);
  }
  start.args[2] = (struct snt_slice){file + file_len + 1, start.args[1].len - file_len - 1};
  start.args[1].len = file_len;
  start.arg_count = 3;
  let_answer(self, request, &start);
}

/* The payload is the spec's name, a NUL, its plugin or nothing, a NUL, and its text. */
static void load_spec(struct template *self, const struct snt_frame *request) {
  struct snt_frame_pair pair;
  bool is_pair = snt_frame_unpack(self->request.data, self->request.len, &pair);
  size_t plugin_len = is_pair ? strnlen(pair.second, pair.second_len) : 0;
  if (!is_pair || plugin_len >= pair.second_len) {
    end(EXIT_NO_CORE);
  }
  const struct snt_slice args[] = {snt_slice_of(pair.first),
                                   {pair.second + plugin_len + 1, pair.second_len - plugin_len - 1},
                                   {pair.second, plugin_len}};
  answer_in_room(self, request, "load_spec", args, 3, SPEC_FUEL);
}

static void bind_spec(struct template *self, const struct snt_frame *request) {
  const struct snt_slice about[] = {{snt_buf_borrow(&self->request), self->request.len}};
  answer_call(self, request, "bind_spec", about, 1);
}

/* The payload is numbers, each with its NUL: one after the other, in one worker. */
static void run_cases(struct template *self, const struct snt_frame *request) {
  struct snt_worker start = prepare_worker(self, request, "run_case", EVALUATION_FUEL);
  start.is_batch = start.args[1].len > 0;
  start.args[0].len = start.is_batch ? self->request.len : start.args[0].len;
  start.arg_count = 1;
  let_answer(self, request, &start);
}

/* Cases of the spec run here, as its top level did. */
static void mutate(struct template *self, const struct snt_frame *request) {
  const struct snt_slice args[] = {{snt_buf_borrow(&self->request), self->request.len}};
  answer_in_room(self, request, "mutate", args, 1, MUTATION_FUEL);
}

/* One call, in a worker. */
static void let_call(struct template *self, const struct snt_frame *request, const char *function, int64_t fuel) {
  struct snt_worker start = prepare_worker(self, request, function, fuel);
  let_answer(self, request, &start);
}

static void outline(struct template *self, const struct snt_frame *request) {
  answer_in_room(self, request, "outline", NULL, 0, SPEC_FUEL);
}

/* The payload is "before" or "after", a NUL, what the core knows of the bundle, a NUL, and the policy's outline. */
static void take_side(struct template *self, const struct snt_frame *request) {
  struct snt_frame_pair pair;
  bool is_pair = snt_frame_unpack(self->request.data, self->request.len, &pair);
  size_t about_len = is_pair ? strnlen(pair.second, pair.second_len) : 0;
  if (!is_pair || about_len >= pair.second_len) {
    end(EXIT_NO_CORE);
  }
  const struct snt_slice args[] = {snt_slice_of(pair.first),
                                   {pair.second, about_len},
                                   {pair.second + about_len + 1, pair.second_len - about_len - 1}};
  answer_in_room(self, request, "compare_take", args, 3, SPEC_FUEL);
}

static void compare(struct template *self, const struct snt_frame *request) {
  let_call(self, request, "compare", COMPARE_FUEL);
}

static void run_mutant(struct template *self, const struct snt_frame *request) {
  let_call(self, request, "run_mutant", MUTANT_FUEL);
}

static void record_case(struct template *self, const struct snt_frame *request) {
  let_call(self, request, "record_case", EVALUATION_FUEL);
}

static void who_can(struct template *self, const struct snt_frame *request) {
  let_call(self, request, "who_can", WHO_CAN_FUEL);
}

static void schema(struct template *self, const struct snt_frame *request) {
  answer_call(self, request, "schema", NULL, 0);
}

/* While the core is busy with something else: what most policies need. Without it everything is loaded when it is used.
 */
static void preload(struct template *self, const struct snt_frame *request) {
  (void)request;
  (void)snt_vm_call(self->vm, "preload", NULL, 0, LOAD_FUEL, &self->answer);
}

static void (*const HANDLERS[SNT_FRAME_KIND_COUNT])(struct template *self, const struct snt_frame *request) = {
    [SNT_FRAME_PRELOAD] = preload,    [SNT_FRAME_DESCRIBE] = describe,    [SNT_FRAME_PLUGIN] = add_plugin,
    [SNT_FRAME_LOAD] = load,          [SNT_FRAME_ZONE] = add_zone,        [SNT_FRAME_FILE] = add_file,
    [SNT_FRAME_BUNDLE] = load_bundle, [SNT_FRAME_UNPACK] = unpack_bundle, [SNT_FRAME_LINK] = link_policy,
    [SNT_FRAME_EVALUATE] = evaluate,  [SNT_FRAME_BATCH] = evaluate_batch, [SNT_FRAME_LINT] = lint,
    [SNT_FRAME_WHO_CAN] = who_can,    [SNT_FRAME_SCHEMA] = schema,        [SNT_FRAME_SPEC] = load_spec,
    [SNT_FRAME_BIND] = bind_spec,     [SNT_FRAME_CASES] = run_cases,      [SNT_FRAME_MUTATE] = mutate,
    [SNT_FRAME_MUTANT] = run_mutant,  [SNT_FRAME_RECORD] = record_case,   [SNT_FRAME_OUTLINE] = outline,
    [SNT_FRAME_SIDE] = take_side,     [SNT_FRAME_COMPARE] = compare};

static void handle(struct template *self, const struct snt_frame *request) {
  if (request->kind >= SNT_FRAME_KIND_COUNT || HANDLERS[request->kind] == NULL) {
    end(EXIT_NO_CORE);
  }
  HANDLERS[request->kind](self, request);
}

/* The core is trusted; a frame that is not one means that it is gone. */
static void read_request(struct template *self, struct snt_frame *frame) {
  bool is_end = false;
  if (!snt_frame_read_all(SNT_LOCKDOWN_FD, frame, sizeof *frame, &is_end)) {
    end(is_end ? 0 : EXIT_NO_CORE);
  }
  if (frame->kind == SNT_FRAME_DESCRIBE || frame->kind == SNT_FRAME_LOAD || frame->kind == SNT_FRAME_FILE ||
      frame->kind == SNT_FRAME_BUNDLE || frame->kind == SNT_FRAME_UNPACK || frame->kind == SNT_FRAME_SPEC ||
      frame->kind == SNT_FRAME_SIDE) {
    snt_observe_before_policy("template");
  }
  snt_buf_reset(&self->request);
  snt_buf_reset(&self->answer);
  bool is_good = snt_frame_check(frame, (enum snt_frame_kind)frame->kind, frame->nonce,
                                 snt_frame_request_max((enum snt_frame_kind)frame->kind)) &&
                 snt_ok(snt_buf_reserve(&self->request, frame->len, NULL)) &&
                 snt_frame_read_all(SNT_LOCKDOWN_FD, self->request.data, frame->len, &is_end);
  if (!is_good) {
    end(EXIT_NO_CORE);
  }
  self->request.len = frame->len;
  self->request.data[frame->len] = '\0';
}

/* The first frame of all: how locking down went. */
static void say_hello(struct template *self, const char *failed_step, int reason) {
  struct snt_frame hello = snt_frame_make(SNT_FRAME_HELLO, SNT_VM_OK, 0, 0);
  if (failed_step == NULL) {
    answer(self, &hello, SNT_VM_OK);
    return;
  }
  SNT_IGNORE(snt_buf_appendf(&self->answer, NULL, "%s: %s", failed_step, strerror(reason)));
  answer(self, &hello, SNT_VM_FAILED);
  end(EXIT_NO_CORE);
}

_Noreturn void snt_template_main(int socket, pid_t parent, const struct snt_evaluator_options *options) {
  snt_process_wipe_strings();
  struct template self = {.pid = getpid(), .options = *options};
  const char *failed_step = snt_lockdown_template(socket, parent, options);
  struct snt_err err = {0};
  if (failed_step == NULL && !snt_ok(snt_vm_new(&self.vm, &err))) {
    failed_step = err.message;
  }
  if (failed_step == NULL) {
    snt_vm_own_heap(self.vm);
  }
  say_hello(&self, failed_step, errno);
  for (;;) {
    struct snt_frame frame;
    read_request(&self, &frame);
    if (frame.kind != SNT_FRAME_EVALUATE) {
      snt_running_dismiss(&self.next); /* it has a copy of what is going to change */
    }
    handle(&self, &frame);
  }
}
