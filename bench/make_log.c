/* Writes a decision log as `credentials` would have written it: each decision is made by the policy and formatted by
 * what writes records; an allow is followed by its issuance.
 *
 * usage: make_log POLICY.yaml DECISIONS >decisions.jsonl */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/line.h"
#include "audit/record.h"
#include "base/file.h"
#include "base/sha256.h"
#include "format/time.h"
#include "lua/vm_internal.h"
#include "policy/request.h"
#include "policy/verdict.h"

enum { START_S = 1768780800, STEP_MS = 1210 }; /* 2026-01-19, and about a week for half a million */

static struct snt_log_head head = {.chain = "0f8fad5b-d9cb-469f-a165-70867728950e"};

static void check(snt_status status, const struct snt_err *err) {
  if (!snt_ok(status)) {
    fprintf(stderr, "make_log: %s\n", err->message);
    exit(1);
  }
}

static void add_zones(struct snt_vm *vm) {
  static const char *const names[] = {"America/New_York", "Europe/Berlin", NULL};
  for (const char *const *name = names; *name != NULL; name++) {
    static char data[65536];
    char path[256];
    (void)snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", *name);
    FILE *file = fopen(path, "rb");
    size_t len = file == NULL ? 0 : fread(data, 1, sizeof data, file);
    (void)snt_vm_add_zone(vm, *name, data, len);
    if (file != NULL) {
      (void)fclose(file);
    }
  }
}

static struct snt_vm *load(const char *path) {
  struct snt_err err = {0};
  struct snt_vm *vm = NULL;
  struct snt_buf text = {0};
  struct snt_buf reply = {0};
  check(snt_file_read(path, SNT_FILE_ANY, 512 * 1024, &text, &err), &err);
  check(snt_vm_new(&vm, &err), &err);
  const struct snt_slice args[] = {snt_slice_of("yaml"), snt_slice_of(path), {text.data, text.len}};
  (void)snt_vm_call(vm, "load", args, 3, 30000000, &reply);
  add_zones(vm);
  const struct snt_slice how = snt_slice_of("indexed");
  if (snt_vm_call(vm, "link", &how, 1, 30000000, &reply) != SNT_VM_OK || strstr(reply.data, "false,") != NULL) {
    fprintf(stderr, "make_log: %s\n", snt_buf_borrow(&reply));
    exit(1);
  }
  return vm;
}

static struct snt_verdict decide(struct snt_vm *vm, const struct snt_buf *request) {
  static struct snt_buf reply;
  struct snt_err err = {0};
  struct snt_verdict verdict = {0};
  const struct snt_slice arg = {request->data, request->len};
  snt_buf_reset(&reply);
  if (snt_vm_call(vm, "decide_briefly", &arg, 1, 10000000, &reply) != SNT_VM_OK) {
    fprintf(stderr, "make_log: %s\n", snt_vm_borrow_error(vm));
    exit(1);
  }
  check(snt_buf_append_char(&reply, '\n', &err), &err);
  check(snt_verdicts_parse(reply.data, reply.len, &verdict, 1, &err), &err);
  return verdict;
}

/* The line goes on with the chain. */
static void put_line(const struct snt_buf *members) {
  static struct snt_buf line;
  struct snt_err err = {0};
  snt_buf_reset(&line);
  head.seq++;
  if (head.seq == 1) {
    memcpy(head.prev, SNT_LOG_NO_PREV, sizeof head.prev);
  }
  check(snt_log_line_format(&head, (struct snt_slice){members->data, members->len}, &line, &err), &err);
  snt_sha256_hex(line.data, line.len - 1, head.prev);
  if (fwrite(line.data, 1, line.len, stdout) != line.len) {
    exit(1);
  }
}

static void put_issued(const struct snt_request *request, const char *request_id, int64_t duration_s) {
  struct snt_err err = {0};
  struct snt_buf members = {0};
  struct snt_record_issued record = {.time_ms = request->time_ms + 180,
                                     .time_source = "sts",
                                     .request_id = request_id,
                                     .user = request->user.user,
                                     .profile = request->profile,
                                     .access_key_id = "ASIAIOSFODNN7EXAMPLE",
                                     .role_arn = request->role_arn,
                                     .expires_at_ms = request->time_ms + duration_s * 1000,
                                     .duration_s = duration_s,
                                     .clamped_by = "rule"};
  check(snt_record_format_issued(&record, &members, &err), &err);
  put_line(&members);
  snt_buf_clear(&members);
}

static void put_decision(struct snt_vm *vm, const struct snt_request *request, const char *request_id) {
  static const char *const layers[] = {"/home/alice/.config/sentinel/config.yaml", NULL};
  struct snt_err err = {0};
  struct snt_buf json = {0};
  struct snt_buf members = {0};
  char session_id[128];
  check(snt_request_format(request, &json, &err), &err);
  struct snt_verdict verdict = decide(vm, &json);
  (void)snprintf(session_id, sizeof session_id, "sentinel:%.64s:direct:%s", request->user.user, request_id);
  struct snt_record_decision record = {.time_ms = request->time_ms,
                                       .time_source = "sts",
                                       .request_id = request_id,
                                       .user = request->user.user,
                                       .profile = request->profile,
                                       .request = {json.data, json.len},
                                       .effect = snt_effect_name(verdict.effect),
                                       .rule = verdict.rule,
                                       .rule_index = verdict.rule[0] == '\0' ? -1 : 0,
                                       .reason = "On-call engineers in working hours",
                                       .error = verdict.error,
                                       .conditions = snt_slice_of("[\"profiles\",\"users\",\"time\"]"),
                                       .duration_s = 3600,
                                       .max_duration_s = verdict.max_duration_s,
                                       .policy = {.name = "prod",
                                                  .source = "ssm:/sentinel/policies/prod",
                                                  .region = "us-east-1",
                                                  .version = 12,
                                                  .sha256 = SNT_LOG_NO_PREV},
                                       .zones = snt_slice_of("{}"),
                                       .endpoint = "sts.us-east-1.amazonaws.com",
                                       .ca = "/etc/ssl/certs",
                                       .config_layers = layers,
                                       .session_id = session_id,
                                       .source_identity = session_id};
  check(snt_record_format_decision(&record, &members, &err), &err);
  put_line(&members);
  if (verdict.effect == SNT_EFFECT_ALLOW) {
    put_issued(request, request_id, verdict.max_duration_s == 0 ? 3600 : verdict.max_duration_s);
  }
  snt_buf_clear(&json);
  snt_buf_clear(&members);
}

int main(int argc, char **argv) {
  static const char *const users[] = {"alice", "bob", "carol", "dave", "erin", "frank", "grace"};
  static const char *const profiles[] = {"dev", "prod", "any-1", "not-1", "exec-only", "server-only", "nowhere"};
  long count = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
  if (count < 1) {
    fputs("usage: make_log POLICY.yaml DECISIONS >decisions.jsonl\n", stderr);
    return 2;
  }
  struct snt_vm *vm = load(argv[1]);
  for (long i = 0; i < count; i++) {
    struct snt_err err = {0};
    char request_id[17];
    char role_arn[128];
    const char *profile = profiles[(i / 7) % 7];
    struct snt_request request = {.profile = profile,
                                  .role_arn = role_arn,
                                  .mode = i % 3 == 0 ? "cli" : "credential_process",
                                  .time_ms = START_S * 1000LL + i * STEP_MS,
                                  .duration_s = 3600,
                                  .justification = i % 4 == 0 ? "INC-4521 database corruption" : NULL};
    (void)snprintf(request_id, sizeof request_id, "%016lx", i);
    (void)snprintf(role_arn, sizeof role_arn, "arn:aws:iam::123456789012:role/%s", profile[0] == 'd' ? "Dev" : profile);
    check(snt_aws_identity_from_short(users[i % 7], &request.user, &err), &err);
    put_decision(vm, &request, request_id);
  }
  return 0;
}
