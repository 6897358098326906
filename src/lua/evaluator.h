/* lua/evaluator (layer 3): the core's side of the sandboxed evaluator (architecture.md, Processes).
 *
 * MUST
 *  1. be started before the process has read any secret, and before OpenSSL, libcurl or the keychain are touched;
 *  2. give no descriptor, argument or environment string to what it forks;
 *  3. take nothing but one exact frame for an answer: right magic, kind, nonce and length, and nothing after it;
 *  4. be killed, with everything it forked, when a deadline passes; a dead or odd evaluator is EVALUATOR, never a
 *     verdict. */
#ifndef SNT_LUA_EVALUATOR_H
#define SNT_LUA_EVALUATOR_H

#include "base/buf.h"
#include "base/str.h"

struct snt_evaluator;

/* What the trace of a decision tells of. */
enum snt_trace {
  SNT_TRACE_ALL = 0,   /* every rule up to the one that decided */
  SNT_TRACE_NEAREST,   /* that one, and the one that came nearest */
  SNT_TRACE_EXPLAINED, /* every rule, and what would have been allowed */
  SNT_TRACE_CANDIDATES /* those that can be for the profile and user: rules are indexed, for many evaluations */
};

struct snt_evaluator_options {
  bool is_rlimits_only; /* the administrator's `sandbox: rlimits-only`: seccomp may be missing */
  bool is_once;         /* one evaluation will be asked for: the template makes it itself, without a fork, and ends */
  enum snt_trace trace;
  bool is_long; /* many answers: specs, replay; the template may use more than the three seconds of one decision */
};

enum snt_policy_kind { SNT_POLICY_KIND_YAML = 1, SNT_POLICY_KIND_LUA };

/* A file of a bundle: Lua that the policy or a plugin may require, a plugin's manifest, or data. */
struct snt_policy_file {
  char *name; /* in the bundle: "rules/common.lua" */
  struct snt_buf text;
};

struct snt_policy_text {
  const char *name; /* for messages: "prod.yaml", "ssm:/sentinel/policies/prod" */
  enum snt_policy_kind kind;
  const char *data;
  size_t len;             /* at most 512 KiB */
  size_t root_len;        /* how much of the name is a bundle's folder; 0: there is no bundle */
  bool forbids_emergency; /* no rule may be marked as one for emergencies */
  const struct snt_policy_file *files;
  size_t file_count;
  const struct snt_buf *plugins; /* as snt_plugin_format (policy/plugin.h) writes them */
  size_t plugin_count;
  const struct snt_buf *frame; /* of a packed bundle, in the place of data and files; else NULL */
  const char *content;         /* the SHA-256 of the archive in it, in hexadecimal */
};

/* Forks the template. Code EVALUATOR. */
snt_status snt_evaluator_start(const struct snt_evaluator_options *options, struct snt_evaluator **out,
                               struct snt_err *err);
/* The core has something else to do before the policy is there: what most policies need is loaded meanwhile, and what
 * fails is told later. */
void snt_evaluator_preload(struct snt_evaluator *evaluator);
/* Runs a plugin's manifest (plugin.lua) in a process of its own and appends what it reports, before a policy is loaded:
 * {"ok":true,"plugin":{...}} as lua/stdlib/plugins.lua makes it, which is that process's word only. A manifest that is
 * refused is POLICY_INVALID, as in loading. file is for messages. */
snt_status snt_evaluator_describe(struct snt_evaluator *evaluator, const char *name, const char *file,
                                  const struct snt_buf *source, struct snt_buf *reply, struct snt_buf *problems,
                                  struct snt_err *err);
/* Sends the policy and waits until it is in force, with the time zones it names. One policy per evaluator. A refused
 * policy is POLICY_INVALID: the first problem is in err, all of them are appended to problems as a JSON array of
 * {"file","line","column","message","hint"}. Spending the 800 ms or the 30,000,000 fuel of loading is a refusal too.
 * Code EVALUATOR for an evaluator that is late, odd or dead. problems may be NULL. */
snt_status snt_evaluator_load(struct snt_evaluator *evaluator, const struct snt_policy_text *text,
                              struct snt_buf *problems, struct snt_err *err);
/* The archive (format/archive) in a packed bundle, by an evaluator that has no policy and takes none: appended as the
 * evaluator has it, whose word that is only. Codes as of loading. */
snt_status snt_evaluator_unpack(struct snt_evaluator *evaluator, const struct snt_policy_text *text,
                                struct snt_buf *archive, struct snt_err *err);
/* The parts of it: the core may do something else while the template works. begin sends the policy, link waits until it
 * is read and sends the zones, confirm waits until it is in force. What text points to, and problems, have to stay
 * until then. The 800 ms begin anew with link. */
snt_status snt_evaluator_load_begin(struct snt_evaluator *evaluator, const struct snt_policy_text *text,
                                    struct snt_buf *problems, struct snt_err *err);
snt_status snt_evaluator_load_link(struct snt_evaluator *evaluator, struct snt_err *err);
snt_status snt_evaluator_load_confirm(struct snt_evaluator *evaluator, struct snt_err *err);
/* The two parts of evaluating: the core may do something else in between. */
snt_status snt_evaluator_evaluate_begin(struct snt_evaluator *evaluator, struct snt_slice request,
                                        struct snt_slice facts, struct snt_err *err);
snt_status snt_evaluator_evaluate_finish(struct snt_evaluator *evaluator, struct snt_buf *reply, struct snt_err *err);
/* One round: a worker evaluates the request (JSON that the core wrote; no null) with the facts that are known (the
 * same; or empty) and answers with JSON, which is the worker's word only: policy/decision and policy/needs check it. A
 * policy that was linked is confirmed first, without a wait of its own. Code EVALUATOR, or POLICY_INVALID from
 * confirming. */
snt_status snt_evaluator_evaluate(struct snt_evaluator *evaluator, struct snt_slice request, struct snt_slice facts,
                                  struct snt_buf *reply, struct snt_err *err);
/* Many decisions by one worker, one after the other, for a policy that is loaded and keeps nothing between them:
 * snt_evaluator_takes_batches, and no plugins. requests is at most SNT_BATCH_MAX of them, each of at most 63 KiB and
 * followed by its NUL. finish appends a line for each, which is the worker's word only (policy/verdict), or nothing
 * when one of them came near its limit: then each has to be asked for alone. An evaluator that fails is gone, as ever.
 * Code EVALUATOR. */
enum { SNT_BATCH_MAX = 512, SNT_BATCH_BYTES = 256 * 1024 }; /* it is full at that many, or at that many bytes */
bool snt_evaluator_takes_batches(const struct snt_evaluator *evaluator);
snt_status snt_evaluator_batch_begin(struct snt_evaluator *evaluator, const struct snt_buf *requests, size_t count,
                                     struct snt_err *err);
snt_status snt_evaluator_batch_finish(struct snt_evaluator *evaluator, size_t count, struct snt_buf *reply,
                                      struct snt_err *err);
/* What is hardly meant in the loaded policy: the answer is JSON, which is the template's word only; policy/lint checks
 * it. facts is JSON that the core wrote: {"targets":bool,"max_duration":seconds}. Linting that takes longer than a
 * policy may take to load answers that it is not complete. Code EVALUATOR. */
snt_status snt_evaluator_lint(struct snt_evaluator *evaluator, const struct snt_buf *facts, struct snt_buf *reply,
                              struct snt_err *err);
/* Who can get in, by the loaded policy, worked out by a worker: the answer is JSON, which is the worker's word only;
 * policy/who_can checks it. question is JSON that the core wrote: {"profile","time","ever","mode","targets"}. Work that
 * takes longer than a policy may take to load answers that nothing was looked at. Not with is_once. Code EVALUATOR. */
snt_status snt_evaluator_who_can(struct snt_evaluator *evaluator, const struct snt_buf *question, struct snt_buf *reply,
                                 struct snt_err *err);
/* The JSON Schema of policies, as the stdlib makes it from the tables that it checks them by. For an evaluator that has
 * no policy: then nobody has told it anything. Code EVALUATOR. */
snt_status snt_evaluator_schema(struct snt_evaluator *evaluator, struct snt_buf *out, struct snt_err *err);
/* A plugin that conditions may name, for the schema; loading a policy sends its own. */
snt_status snt_evaluator_add_plugin(struct snt_evaluator *evaluator, const struct snt_buf *plugin, struct snt_err *err);
/* One more time zone, for a spec; one that this machine lacks stays unknown. */
snt_status snt_evaluator_add_zone(struct snt_evaluator *evaluator, const char *name, struct snt_err *err);
/* One more file, at most 512 KiB, that a spec may read: its name begins with "spec/". */
snt_status snt_evaluator_add_file(struct snt_evaluator *evaluator, const char *name, struct snt_slice content,
                                  struct snt_err *err);
/* Runs the top level of a spec, before its policy is loaded: appends {"ok":true,"cases":[...]} as
 * lua/stdlib/spec_runner.lua makes it. plugin: whose spec it is, or "". A spec that does not load is POLICY_INVALID, as
 * in loading. Not with is_once. */
snt_status snt_evaluator_load_spec(struct snt_evaluator *evaluator, const char *name, const char *plugin,
                                   const struct snt_buf *source, struct snt_buf *reply, struct snt_buf *problems,
                                   struct snt_err *err);
/* Gives the spec the policy that is in force, and what there is to know of it (JSON; lua/stdlib/spec_runner.lua, bind):
 * appends {"ok":true,"pure":bool,"points":[...]}. Cases that name what the policy has not are POLICY_INVALID. */
snt_status snt_evaluator_bind_spec(struct snt_evaluator *evaluator, struct snt_slice about, struct snt_buf *reply,
                                   struct snt_buf *problems, struct snt_err *err);
enum { SNT_CASES_MAX = 200 }; /* of one call */
/* Cases of it, one after the other in one worker: appends
 * {"status","message","line","malformed","seen"} of each, a line each where there are several; what was seen is told by
 * the last one. */
snt_status snt_evaluator_run_cases(struct snt_evaluator *evaluator, const size_t *numbers, size_t count,
                                   struct snt_buf *reply, struct snt_err *err);
/* Makes the mutants of the spec's policy, by running its cases: appends {"mutants":[...],"left_out":n}
 * (lua/stdlib/mutation.lua). policy: what the cases call it, or "". */
snt_status snt_evaluator_mutate(struct snt_evaluator *evaluator, const char *policy, struct snt_buf *reply,
                                struct snt_err *err);
/* Runs the cases on one of them, in a worker of its own: appends {"killed":bool,...}. */
snt_status snt_evaluator_run_mutant(struct snt_evaluator *evaluator, size_t number, struct snt_buf *reply,
                                    struct snt_err *err);
/* One case of it, in a worker of its own, where answers are recorded, with the facts that were had so far (JSON that
 * the core wrote): appends {"status",...}, or {"needs":[...]}, for policy/needs. */
snt_status snt_evaluator_record_case(struct snt_evaluator *evaluator, size_t number, struct snt_slice facts,
                                     struct snt_buf *reply, struct snt_err *err);
/* {"America/New_York":"<sha256 of its data>"} of the loaded policy, for the record. */
snt_status snt_evaluator_dump_zones(const struct snt_evaluator *evaluator, struct snt_buf *out, struct snt_err *err);
/* Nothing more will be asked: what is left ends while the core goes on. NULL is nothing. */
void snt_evaluator_dismiss(struct snt_evaluator *evaluator);
/* Dismisses and reaps what is left. */
void snt_evaluator_close(struct snt_evaluator **evaluator);
/* The same without waiting for the end of what it killed: for a process that ends, too. */
void snt_evaluator_leave(struct snt_evaluator **evaluator);
#define SNT_EVALUATOR_AUTO SNT_CLEANUP(snt_evaluator_close)

#endif
