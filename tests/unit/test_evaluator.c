/* The evaluator as it ships, with the embedded stdlib. */
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/sha256.h"
#include "lua/evaluator.h"
#include "lua/lockdown.h"
#include "lua/zone_file.h"

#define HEADER "version: \"1\"\nrules:\n  - name: all\n    effect: allow\n    conditions: "
#define REQUEST                                                                                                        \
  "{\"user\":{\"name\":\"alice\",\"kind\":\"user\",\"arn\":\"arn:aws:iam::123456789012:user/alice\","                  \
  "\"account\":\"123456789012\"},\"profile\":\"prod\",\"role_arn\":\"arn:aws:iam::123456789012:role/Prod\","           \
  "\"mode\":\"credential_process\",\"time\":\"2026-01-19T02:47:33Z\",\"duration\":3600}"
#define LUA_RULE(body)                                                                                                 \
  "local s = require \"sentinel\"\nlocal n = 0\n"                                                                      \
  "return s.policy { version = \"1\", rules = { s.rule \"r\" { effect = \"allow\", conditions = {\n"                   \
  "  s.check(\"c\", function(request) " body " end) } } } }\n"

static struct snt_policy_text text_of(enum snt_policy_kind kind, const char *data) {
  return (struct snt_policy_text){
      .name = kind == SNT_POLICY_KIND_LUA ? "p.lua" : "p.yaml", .kind = kind, .data = data, .len = strlen(data)};
}

static struct snt_evaluator *start_for(enum snt_trace trace) {
  struct snt_evaluator_options options = {.trace = trace};
  struct snt_evaluator *evaluator = NULL;
  struct snt_err err = {0};
  if (!snt_ok(snt_evaluator_start(&options, &evaluator, &err))) {
    fail_msg("%s", err.message);
  }
  return evaluator;
}

static struct snt_evaluator *start(void) { return start_for(SNT_TRACE_ALL); }

static void load(struct snt_evaluator *evaluator, enum snt_policy_kind kind, const char *data) {
  struct snt_policy_text text = text_of(kind, data);
  struct snt_err err = {0};
  if (!snt_ok(snt_evaluator_load(evaluator, &text, NULL, &err))) {
    fail_msg("%s", err.message);
  }
}

static struct snt_evaluator *start_with(enum snt_policy_kind kind, const char *data) {
  struct snt_evaluator *evaluator = start();
  load(evaluator, kind, data);
  return evaluator;
}

static void evaluate(struct snt_evaluator *evaluator, struct snt_buf *reply) {
  struct snt_err err = {0};
  snt_buf_reset(reply);
  if (!snt_ok(snt_evaluator_evaluate(evaluator, snt_slice_of(REQUEST), (struct snt_slice){0}, reply, &err))) {
    fail_msg("%s", err.message);
  }
}

static void assert_holds(const struct snt_buf *text, const char *piece) {
  if (strstr(snt_buf_borrow(text), piece) == NULL) {
    fail_msg("%s\n  does not hold  %s", snt_buf_borrow(text), piece);
  }
}

/* The only child of this process, or 0. */
static pid_t find_child(pid_t of) {
  char path[64];
  int child = 0;
  snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)of, (int)of);
  FILE *file = fopen(path, "re");
  if (file != NULL && fscanf(file, "%d", &child) != 1) {
    child = 0;
  }
  if (file != NULL) {
    fclose(file);
  }
  return child;
}

/* The value of a line of /proc/<pid>/status; "" when there is none. */
static void read_status(pid_t pid, const char *name, char out[static 64]) {
  char path[64], line[256];
  snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
  out[0] = '\0';
  FILE *file = fopen(path, "re");
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':') {
      (void)sscanf(line + strlen(name) + 1, "%63s", out);
    }
  }
  if (file != NULL) {
    fclose(file);
  }
}

static size_t count_descriptors(void) {
  size_t n = 0;
  DIR *folder = opendir("/proc/self/fd");
  assert_non_null(folder);
  while (readdir(folder) != NULL) {
    n++;
  }
  closedir(folder);
  return n;
}

static void policies_are_refused_with_their_place(void **state) {
  (void)state;
  static const struct {
    enum snt_policy_kind kind;
    const char *data, *message;
  } rows[] = {
      {SNT_POLICY_KIND_YAML, "version: \"1\"\nrules:\n  - {name: a, efect: allow, conditions: {}}\n", "p.yaml:3:"},
      {SNT_POLICY_KIND_YAML, "version: [\n", "p.yaml:"},
      {SNT_POLICY_KIND_YAML, "", "p.yaml:"},
      {SNT_POLICY_KIND_YAML, HEADER "{time: {days: [monday], timezone: Mars/Olympus}}\n", "p.yaml:5:"},
      {SNT_POLICY_KIND_YAML, HEADER "{time: {days: [monday], timezone: localtime}}\n", "p.yaml:5:"},
      {SNT_POLICY_KIND_YAML, HEADER "{time: {days: [monday], timezone: ../../../etc/passwd}}\n", "p.yaml:5:"},
      {SNT_POLICY_KIND_LUA, "retrun 1\n", "p.lua:1:"},
      {SNT_POLICY_KIND_LUA, "while true do end\n", "p.lua:1:"},
      {SNT_POLICY_KIND_LUA, "local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1000) .. i end\n", "p.lua:1:"},
      {SNT_POLICY_KIND_LUA, "\x1bLua", "p.lua:1:"},
      {SNT_POLICY_KIND_LUA, "io.open('/etc/passwd')\n", "p.lua:1:"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = start();
    SNT_BUF_AUTO struct snt_buf problems = {0}, reply = {0};
    struct snt_err err = {0};
    struct snt_policy_text text = text_of(rows[i].kind, rows[i].data);
    snt_status status = snt_evaluator_load(evaluator, &text, &problems, &err);
    if (status.code != SNT_CODE_POLICY_INVALID || strncmp(err.message, rows[i].message, strlen(rows[i].message)) != 0) {
      fail_msg("%s: %s, %s", rows[i].data, snt_code_name(status.code), err.message);
    }
    assert_int_equal(problems.data[0], '[');
    assert_holds(&problems, "\"line\":");
    assert_code(snt_evaluator_evaluate(evaluator, snt_slice_of(REQUEST), (struct snt_slice){0}, &reply, NULL),
                SNT_CODE_EVALUATOR);
    assert_int_equal(reply.len, 0);
  }
}

static void a_policy_that_is_too_large_is_refused(void **state) {
  (void)state;
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = start();
  size_t len = ((size_t)512 << 10) + 1;
  SNT_FREE_AUTO char *data = malloc(len);
  assert_non_null(data);
  memset(data, ' ', len);
  struct snt_policy_text text = {.name = "p.yaml", .kind = SNT_POLICY_KIND_YAML, .data = data, .len = len};
  assert_code(snt_evaluator_load(evaluator, &text, NULL, NULL), SNT_CODE_POLICY_INVALID);
}

/* It does not fit into the socket at once. */
static void a_policy_as_large_as_allowed_arrives_whole(void **state) {
  (void)state;
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = start();
  SNT_BUF_AUTO struct snt_buf reply = {0};
  struct snt_err err = {0};
  size_t len = (size_t)512 << 10, rules = strlen(HEADER "{}\n");
  SNT_FREE_AUTO char *data = malloc(len);
  assert_non_null(data);
  memset(data, '#', len);
  for (size_t i = 99; i < len; i += 100) {
    data[i] = '\n';
  }
  data[len - rules - 1] = '\n';
  memcpy(data + len - rules, HEADER "{}\n", rules);
  struct snt_policy_text text = {.name = "p.yaml", .kind = SNT_POLICY_KIND_YAML, .data = data, .len = len};
  if (!snt_ok(snt_evaluator_load(evaluator, &text, NULL, &err))) {
    fail_msg("%s", err.message);
  }
  evaluate(evaluator, &reply);
  assert_holds(&reply, "\"effect\":\"allow\"");
}

static void without_a_policy_there_is_no_verdict(void **state) {
  (void)state;
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = start();
  SNT_BUF_AUTO struct snt_buf reply = {0};
  assert_code(snt_evaluator_evaluate(evaluator, snt_slice_of(REQUEST), (struct snt_slice){0}, &reply, NULL),
              SNT_CODE_EVALUATOR);
  assert_int_equal(reply.len, 0);
}

static void an_evaluator_takes_one_policy_and_small_requests(void **state) {
  (void)state;
  static char large[64 * 1024 + 1];
  memset(large, ' ', sizeof large);
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = start_with(SNT_POLICY_KIND_YAML, HEADER "{}\n");
  SNT_BUF_AUTO struct snt_buf reply = {0};
  struct snt_policy_text text = text_of(SNT_POLICY_KIND_YAML, HEADER "{}\n");
  assert_code(snt_evaluator_load(evaluator, &text, NULL, NULL), SNT_CODE_BUG);
  assert_code(
      snt_evaluator_evaluate(evaluator, (struct snt_slice){large, sizeof large}, (struct snt_slice){0}, &reply, NULL),
      SNT_CODE_USAGE);
  evaluate(evaluator, &reply);
  assert_holds(&reply, "\"effect\":\"allow\"");
}

/* False when the machine was too slow: then its time was over before, and there is no verdict. */
static bool spends_all(struct snt_evaluator *evaluator, struct snt_buf *reply) {
  struct snt_err err = {0};
  snt_status status = snt_evaluator_evaluate(evaluator, snt_slice_of(REQUEST), (struct snt_slice){0}, reply, &err);
  if (snt_ok(status)) {
    return true;
  }
  assert_code(status, SNT_CODE_EVALUATOR);
  assert_non_null(strstr(err.message, "in time"));
  assert_int_equal(reply->len, 0);
  return false;
}

static void requests_are_decided(void **state) {
  (void)state;
  static const struct {
    enum snt_policy_kind kind;
    const char *data, *effect, *more;
  } rows[] = {
      {SNT_POLICY_KIND_YAML, HEADER "{users: [bob]}\n", "deny", "\"rule_index\":-1"},
      {SNT_POLICY_KIND_YAML, HEADER "{users: [alice], profiles: [prod]}\n", "allow", "\"rule\":\"all\""},
      {SNT_POLICY_KIND_LUA, LUA_RULE("return request.user.name == 'alice'"), "allow", "\"rule\":\"r\""},
      {SNT_POLICY_KIND_LUA, LUA_RULE("return 1"), "deny", "\"error\":\"condition_error\""},
      {SNT_POLICY_KIND_LUA, LUA_RULE("return request.nobody"), "deny", "\"error\":\"condition_error\""},
      {SNT_POLICY_KIND_LUA, LUA_RULE("while true do end"), "deny", "\"error\":\"budget_exceeded\""},
      {SNT_POLICY_KIND_LUA, LUA_RULE("pcall(function() while true do end end) return true"), "deny",
       "\"error\":\"budget_exceeded\""},
      {SNT_POLICY_KIND_LUA, LUA_RULE("local x = 'x' while true do x = x .. x end"), "deny",
       "\"error\":\"budget_exceeded\""},
      {SNT_POLICY_KIND_LUA, LUA_RULE("return ('x'):rep(1 << 60) ~= nil"), "deny", "\"error\":\"budget_exceeded\""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = start_with(rows[i].kind, rows[i].data);
    SNT_BUF_AUTO struct snt_buf reply = {0};
    char effect[64];
    snprintf(effect, sizeof effect, "\"effect\":\"%s\"", rows[i].effect);
    if (strstr(rows[i].data, "while true do end") == NULL) {
      evaluate(evaluator, &reply);
    } else if (!spends_all(evaluator, &reply)) {
      continue;
    }
    assert_holds(&reply, effect);
    assert_holds(&reply, rows[i].more);
  }
}

/* No hook runs within an instruction and fuel counts each as one: for what takes long within one there is the deadline.
 */
static void instructions_that_take_long_end_at_the_deadline(void **state) {
  (void)state;
  static const char *const policies[] = {
      LUA_RULE("local a = ('x'):rep(1000000) local b = a .. 'y' while true do local _ = a < b end"),
      LUA_RULE("local a, b = ('x'):rep(1000000), ('x'):rep(1000000) local n while true do n = a == b end"),
      LUA_RULE(
          "local a, b = ('x'):rep(1000000), ('x'):rep(1000000) local t = {[a] = 1} while true do local _ = t[b] end"),
      LUA_RULE("local a = (' '):rep(1000000) .. '1' while true do local _ = a + 1 end"),
      LUA_RULE("local a = (' '):rep(1000000) .. '1' while true do pcall(math.abs, a) end"),
      LUA_RULE("local function g(...) end local function f(...) while true do g(...) end end "
               "local t = {} for i = 1, 20000 do t[i] = i end f(table.unpack(t))"),
      LUA_RULE("local t = {} for i = 1, 30000 do t[i * 32767] = i end while true do local _ = t[32767] end"),
  };
  size_t step = SNT_SANITIZED ? 4 : 1; /* such a build waits twenty times as long */
  for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i += step) {
    SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = start_with(SNT_POLICY_KIND_LUA, policies[i]);
    SNT_BUF_AUTO struct snt_buf reply = {0};
    if (spends_all(evaluator, &reply)) { /* a machine that is fast enough */
      assert_holds(&reply, "\"error\":\"budget_exceeded\"");
    }
  }
}

static void a_policy_in_force_is_linted(void **state) {
  (void)state;
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = start_with(SNT_POLICY_KIND_YAML, HEADER "{}\n");
  SNT_BUF_AUTO struct snt_buf facts = {0}, reply = {0};
  assert_ok(snt_buf_append_str(&facts, "{\"targets\":false}", NULL));
  assert_ok(snt_evaluator_lint(evaluator, &facts, &reply, NULL));
  assert_holds(&reply, "\"check\":\"unrestricted-allow\"");
  assert_holds(&reply, "\"complete\":true");
  evaluate(evaluator, &reply);
  assert_holds(&reply, "\"effect\":\"allow\"");
  SNT_EVALUATOR_AUTO struct snt_evaluator *empty = start();
  snt_buf_reset(&reply);
  assert_code(snt_evaluator_lint(empty, &facts, &reply, NULL), SNT_CODE_EVALUATOR);
  assert_int_equal(reply.len, 0);
}

/* By a worker: what it does to the policy is gone with it. */
static void a_policy_in_force_says_who_can_get_in(void **state) {
  (void)state;
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator =
      start_with(SNT_POLICY_KIND_LUA, LUA_RULE("n = n + 1; return request.user.name == 'alice'"));
  SNT_BUF_AUTO struct snt_buf question = {0}, reply = {0};
  assert_ok(
      snt_buf_append_str(&question, "{\"profile\":\"prod\",\"time\":\"2026-01-19T02:47:33Z\",\"ever\":false}", NULL));
  assert_ok(snt_evaluator_who_can(evaluator, &question, &reply, NULL));
  assert_holds(&reply, "\"condition\":\"check:c\",\"holds\":true");
  assert_holds(&reply, "\"exact\":true");
  evaluate(evaluator, &reply);
  assert_holds(&reply, "\"effect\":\"allow\"");
  SNT_EVALUATOR_AUTO struct snt_evaluator *empty = start();
  snt_buf_reset(&reply);
  assert_code(snt_evaluator_who_can(empty, &question, &reply, NULL), SNT_CODE_EVALUATOR);
  assert_int_equal(reply.len, 0);
}

static void the_schema_is_told_before_there_is_a_policy(void **state) {
  (void)state;
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = start();
  SNT_EVALUATOR_AUTO struct snt_evaluator *loaded = start_with(SNT_POLICY_KIND_YAML, HEADER "{}\n");
  SNT_BUF_AUTO struct snt_buf schema = {0};
  assert_ok(snt_evaluator_schema(evaluator, &schema, NULL));
  assert_holds(&schema, "\"$schema\": \"http://json-schema.org/draft-07/schema#\"");
  snt_buf_reset(&schema);
  assert_code(snt_evaluator_schema(loaded, &schema, NULL), SNT_CODE_BUG);
  assert_int_equal(schema.len, 0);
}

static void assert_nothing_survives(enum snt_trace trace) {
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = start_for(trace);
  SNT_BUF_AUTO struct snt_buf first = {0}, reply = {0};
  load(evaluator, SNT_POLICY_KIND_LUA, LUA_RULE("n = n + 1 return n == 1"));
  evaluate(evaluator, &first);
  assert_holds(&first, "\"effect\":\"allow\"");
  for (int i = 0; i < 20; i++) {
    evaluate(evaluator, &reply);
    assert_string_equal(snt_buf_borrow(&reply), snt_buf_borrow(&first));
  }
}

/* Whether each worker is forked when it is asked, or before. */
static void nothing_survives_from_one_decision_to_the_next(void **state) {
  (void)state;
  assert_nothing_survives(SNT_TRACE_ALL);
  assert_nothing_survives(SNT_TRACE_CANDIDATES);
}

/* Of many evaluations: one that died before it was asked is no verdict. */
static void a_worker_that_dies_while_it_waits_gives_no_verdict(void **state) {
  (void)state;
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = start_for(SNT_TRACE_CANDIDATES);
  SNT_BUF_AUTO struct snt_buf reply = {0};
  load(evaluator, SNT_POLICY_KIND_YAML, HEADER "{}\n");
  evaluate(evaluator, &reply);
  pid_t worker = find_child(find_child(getpid()));
  assert_true(worker > 0);
  assert_int_equal(kill(worker, SIGKILL), 0);
  assert_code(snt_evaluator_evaluate(evaluator, snt_slice_of(REQUEST), (struct snt_slice){0}, &reply, NULL),
              SNT_CODE_EVALUATOR);
}

/* It has a copy of what was in force when it was forked. */
static void no_worker_waits_while_something_else_is_asked(void **state) {
  (void)state;
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = start_for(SNT_TRACE_CANDIDATES);
  SNT_BUF_AUTO struct snt_buf reply = {0}, facts = {0};
  load(evaluator, SNT_POLICY_KIND_YAML, HEADER "{}\n");
  assert_ok(snt_buf_append_str(&facts, "{\"targets\":false}", NULL));
  pid_t template = find_child(getpid());
  for (int i = 0; i < 3; i++) {
    evaluate(evaluator, &reply);
    assert_holds(&reply, "\"effect\":\"allow\"");
    assert_true(find_child(template) > 0);
    assert_ok(snt_evaluator_lint(evaluator, &facts, &reply, NULL));
    assert_int_equal(find_child(template), 0);
  }
}

static void zones_are_given_and_their_hashes_told(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf data = {0}, zones = {0}, reply = {0}, wanted = {0};
  if (!snt_ok(snt_zone_file_read("America/New_York", &data, NULL))) {
    leave_out("time zones", " are not on this machine");
    skip();
  }
  /* 02:47 UTC on Monday the 19th is 21:47 on Sunday the 18th there. */
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator =
      start_with(SNT_POLICY_KIND_YAML, HEADER "{time: {days: [sunday], hours: {start: \"21:47\", end: \"21:48\"}, "
                                              "timezone: America/New_York}}\n");
  evaluate(evaluator, &reply);
  assert_holds(&reply, "\"effect\":\"allow\"");
  char hash[SNT_SHA256_HEX_CAP];
  snt_sha256_hex(data.data, data.len, hash);
  assert_ok(snt_buf_appendf(&wanted, NULL, "{\"America/New_York\":\"%s\"}", hash));
  assert_ok(snt_evaluator_dump_zones(evaluator, &zones, NULL));
  assert_string_equal(snt_buf_borrow(&zones), snt_buf_borrow(&wanted));
}

/* Between the two halves somebody may type a passphrase: that time is not the template's. */
static void a_policy_may_be_asked_for_long_after_it_was_sent(void **state) {
  (void)state;
  static const struct snt_evaluator_options options = {0};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  SNT_BUF_AUTO struct snt_buf reply = {0};
  struct snt_err err = {0};
  struct snt_policy_text text =
      text_of(SNT_POLICY_KIND_YAML, HEADER "{time: {days: [monday], timezone: Europe/Berlin}}\n");
  assert_ok(snt_evaluator_start(&options, &evaluator, NULL));
  assert_ok(snt_evaluator_load_begin(evaluator, &text, NULL, NULL));
  usleep(SNT_LOCKDOWN_BUILD.patience == 1 ? 1000000 : 1000);
  if (!snt_ok(snt_evaluator_load_link(evaluator, &err))) {
    fail_msg("%s", err.message);
  }
  evaluate(evaluator, &reply);
}

/* What every command does: the template prepares itself, evaluates, and is gone. */
static void a_template_that_evaluates_once_answers_once(void **state) {
  (void)state;
  static const struct snt_evaluator_options options = {.is_once = true};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  SNT_BUF_AUTO struct snt_buf reply = {0};
  struct snt_policy_text text =
      text_of(SNT_POLICY_KIND_YAML, HEADER "{time: {days: [monday], timezone: Europe/Berlin}}\n");
  assert_ok(snt_evaluator_start(&options, &evaluator, NULL));
  snt_evaluator_preload(evaluator);
  assert_ok(snt_evaluator_load_begin(evaluator, &text, NULL, NULL));
  assert_ok(snt_evaluator_load_link(evaluator, NULL));
  evaluate(evaluator, &reply);
  assert_holds(&reply, "\"effect\":\"allow\"");
  assert_code(snt_evaluator_evaluate(evaluator, snt_slice_of(REQUEST), (struct snt_slice){0}, &reply, NULL),
              SNT_CODE_EVALUATOR);
}

/* The refusal of linking comes with the evaluation, and in its place. */
static void a_zone_that_is_not_there_is_told_when_the_policy_is_evaluated(void **state) {
  (void)state;
  static const struct snt_evaluator_options options = {.is_once = true};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  SNT_BUF_AUTO struct snt_buf reply = {0};
  SNT_BUF_AUTO struct snt_buf problems = {0};
  struct snt_err err = {0};
  struct snt_policy_text text =
      text_of(SNT_POLICY_KIND_YAML, HEADER "{time: {days: [monday], timezone: Europe/Berlim}}\n");
  assert_ok(snt_evaluator_start(&options, &evaluator, NULL));
  assert_ok(snt_evaluator_load_begin(evaluator, &text, &problems, NULL));
  assert_ok(snt_evaluator_load_link(evaluator, NULL));
  assert_code(snt_evaluator_evaluate(evaluator, snt_slice_of(REQUEST), (struct snt_slice){0}, &reply, &err),
              SNT_CODE_POLICY_INVALID);
  assert_non_null(strstr(err.message, "unknown time zone \"Europe/Berlim\"; did you mean \"Europe/Berlin\"?"));
  assert_holds(&problems, "unknown time zone");
  assert_int_equal(reply.len, 0);
}

static void names_of_zones_stay_in_their_folder(void **state) {
  (void)state;
  static const char *const bad[] = {"",          "/etc/passwd", "..",        "../x",    "a/../b",    "a//b",
                                    "a/",        "/",           "tzdata.zi", "a b",     "localtime", "posixrules",
                                    "posix/UTC", "right/UTC",   "a\\b",      "\xc3\xa9"};
  static const char *const good[] = {"UTC", "America/New_York", "America/Argentina/Buenos_Aires", "Etc/GMT+12",
                                     "EST5EDT"};
  char long_name[80];
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_false(snt_zone_name_check(bad[i]));
  }
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    assert_true(snt_zone_name_check(good[i]));
  }
  memset(long_name, 'a', sizeof long_name - 1);
  long_name[sizeof long_name - 1] = '\0';
  assert_false(snt_zone_name_check(long_name));
}

static void the_template_is_locked_down(void **state) {
  (void)state;
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = start_with(SNT_POLICY_KIND_YAML, HEADER "{}\n");
  pid_t template = find_child(getpid());
  assert_non_null(evaluator);
  assert_true(template > 0);
  char value[64];
  read_status(template, "Seccomp", value);
  assert_string_equal(value, "2");
  read_status(template, "NoNewPrivs", value);
  assert_string_equal(value, "1");
  char path[64], target[64];
  for (int fd = 0; fd < 64; fd++) { /* readable for root alone: the process is not dumpable */
    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)template, fd);
    ssize_t len = readlink(path, target, sizeof target - 1);
    if (len > 0) {
      target[len] = '\0';
      /* The socket to the core, and the pipes to the worker that waits. */
      const char *wanted = fd < 3 ? "/dev/null" : fd == 3 ? "socket:" : fd < 8 ? "pipe:" : "nothing";
      assert_true(strncmp(target, wanted, strlen(wanted)) == 0);
    }
  }
}

static void a_template_that_is_killed_or_stopped_gives_no_verdict(void **state) {
  (void)state;
  static const int signals[] = {SIGKILL, SIGSEGV, SIGSTOP};
  for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
    SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = start_with(SNT_POLICY_KIND_YAML, HEADER "{}\n");
    SNT_BUF_AUTO struct snt_buf reply = {0};
    pid_t template = find_child(getpid());
    assert_int_equal(kill(template, signals[i]), 0);
    assert_code(snt_evaluator_evaluate(evaluator, snt_slice_of(REQUEST), (struct snt_slice){0}, &reply, NULL),
                SNT_CODE_EVALUATOR);
    assert_int_equal(reply.len, 0);
    assert_int_equal(kill(template, 0), -1);
    assert_int_equal(errno, ESRCH);
  }
}

/* Ended, or a zombie that nobody reaps in a container without an init. */
static bool is_gone(pid_t pid) {
  char value[64];
  read_status(pid, "State", value);
  return value[0] == '\0' || value[0] == 'Z';
}

static void the_template_dies_with_the_core(void **state) {
  (void)state;
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  pid_t core = fork();
  if (core == 0) {
    (void)start_with(SNT_POLICY_KIND_YAML, HEADER "{}\n");
    pid_t template = find_child(getpid());
    (void)!write(ends[1], &template, sizeof template);
    for (;;) {
      pause();
    }
  }
  pid_t template = 0;
  assert_int_equal(read(ends[0], &template, sizeof template), (int)sizeof template);
  assert_true(template > 0);
  assert_false(is_gone(template));
  assert_int_equal(kill(core, SIGKILL), 0);
  assert_int_equal(waitpid(core, NULL, 0), core);
  for (int i = 0; i < 1000 && !is_gone(template); i++) {
    usleep(10000);
  }
  assert_true(is_gone(template));
  close(ends[0]);
  close(ends[1]);
}

static void nothing_is_left_behind(void **state) {
  (void)state;
  size_t before = count_descriptors();
  for (int i = 0; i < 5; i++) {
    SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = start_with(SNT_POLICY_KIND_YAML, HEADER "{}\n");
    SNT_BUF_AUTO struct snt_buf reply = {0};
    evaluate(evaluator, &reply);
  }
  assert_int_equal(count_descriptors(), before);
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
  assert_int_equal(errno, ECHILD);
}

static void ignore_children(void) { (void)signal(SIGCHLD, SIG_IGN); }

static void block_signals(void) {
  sigset_t all;
  sigfillset(&all);
  (void)sigprocmask(SIG_BLOCK, &all, NULL);
}

static void lower_limits(void) {
  int next = dup(0); /* what runs the tests may have left some open */
  (void)close(next);
  struct rlimit cpu = {1, 1}, files = {(rlim_t)next + 6, (rlim_t)next + 6}; /* a template has 9 */
  (void)setrlimit(RLIMIT_CPU, &cpu);
  (void)setrlimit(RLIMIT_NOFILE, &files);
}

static void close_standard_descriptors(void) {
  for (int fd = 0; fd < 3; fd++) {
    (void)close(fd);
  }
}

static void close_two_standard_descriptors(void) {
  (void)close(1);
  (void)close(2);
}

/* Where it can be seen, that is, by root. */
static bool has_null_for_standard_descriptors(pid_t template) {
  char path[64], target[64];
  for (int fd = 0; fd < 3; fd++) {
    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)template, fd);
    ssize_t len = readlink(path, target, sizeof target);
    if (len > 0 && (len != 9 || memcmp(target, "/dev/null", 9) != 0)) {
      return false;
    }
  }
  return true;
}

/* What a caller may hand down to the program. */
static void callers_with_odd_habits_get_the_same_verdict(void **state) {
  (void)state;
  static void (*const habits[])(void) = {ignore_children, block_signals, lower_limits, close_standard_descriptors,
                                         close_two_standard_descriptors};
  for (size_t i = 0; i < sizeof habits / sizeof habits[0]; i++) {
    pid_t pid = fork();
    if (pid == 0) {
      static const struct snt_evaluator_options options = {0};
      SNT_BUF_AUTO struct snt_buf reply = {0};
      struct snt_evaluator *evaluator = NULL;
      struct snt_policy_text text = text_of(SNT_POLICY_KIND_YAML, HEADER "{}\n");
      habits[i]();
      bool is_good =
          snt_ok(snt_evaluator_start(&options, &evaluator, NULL)) &&
          snt_ok(snt_evaluator_load(evaluator, &text, NULL, NULL)) &&
          snt_ok(snt_evaluator_evaluate(evaluator, snt_slice_of(REQUEST), (struct snt_slice){0}, &reply, NULL)) &&
          strstr(snt_buf_borrow(&reply), "\"effect\":\"allow\"") != NULL &&
          has_null_for_standard_descriptors(find_child(getpid()));
      snt_evaluator_close(&evaluator);
      _exit(is_good ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (status != 0) {
      fail_msg("habit %zu: status %d", i, status);
    }
  }
}

/* By the template itself and by its worker; nobody else is told. */
static void remedies_are_told_where_they_are_asked_for(void **state) {
  (void)state;
  static const struct snt_evaluator_options rows[] = {
      {0}, {.is_once = true}, {.trace = SNT_TRACE_EXPLAINED}, {.trace = SNT_TRACE_EXPLAINED, .is_once = true}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
    SNT_BUF_AUTO struct snt_buf reply = {0};
    struct snt_policy_text text = text_of(SNT_POLICY_KIND_YAML, HEADER "{mfa: {max_age: 15m}}\n");
    assert_ok(snt_evaluator_start(&rows[i], &evaluator, NULL));
    assert_ok(snt_evaluator_load(evaluator, &text, NULL, NULL));
    evaluate(evaluator, &reply);
    assert_holds(&reply, "\"effect\":\"deny\"");
    assert_int_equal(strstr(snt_buf_borrow(&reply), "\"remedies\":[{\"rule\":") != NULL,
                     rows[i].trace == SNT_TRACE_EXPLAINED);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(policies_are_refused_with_their_place),
      cmocka_unit_test(a_policy_that_is_too_large_is_refused),
      cmocka_unit_test(a_policy_as_large_as_allowed_arrives_whole),
      cmocka_unit_test(without_a_policy_there_is_no_verdict),
      cmocka_unit_test(an_evaluator_takes_one_policy_and_small_requests),
      cmocka_unit_test(requests_are_decided),
      cmocka_unit_test(remedies_are_told_where_they_are_asked_for),
      cmocka_unit_test(instructions_that_take_long_end_at_the_deadline),
      cmocka_unit_test(a_policy_in_force_is_linted),
      cmocka_unit_test(a_policy_in_force_says_who_can_get_in),
      cmocka_unit_test(the_schema_is_told_before_there_is_a_policy),
      cmocka_unit_test(nothing_survives_from_one_decision_to_the_next),
      cmocka_unit_test(a_worker_that_dies_while_it_waits_gives_no_verdict),
      cmocka_unit_test(no_worker_waits_while_something_else_is_asked),
      cmocka_unit_test(zones_are_given_and_their_hashes_told),
      cmocka_unit_test(a_policy_may_be_asked_for_long_after_it_was_sent),
      cmocka_unit_test(names_of_zones_stay_in_their_folder),
      cmocka_unit_test(the_template_is_locked_down),
      cmocka_unit_test(a_template_that_is_killed_or_stopped_gives_no_verdict),
      cmocka_unit_test(a_template_that_evaluates_once_answers_once),
      cmocka_unit_test(a_zone_that_is_not_there_is_told_when_the_policy_is_evaluated),
      cmocka_unit_test(the_template_dies_with_the_core),
      cmocka_unit_test(nothing_is_left_behind),
      cmocka_unit_test(callers_with_odd_habits_get_the_same_verdict),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
