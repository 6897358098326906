/* The core's side against an evaluator that lies: tests/faults/evil_template.c is linked in the place of the template.
 */
#include "check.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lua/evaluator.h"
#include "policy/pack.h"

static const struct snt_policy_text policy = {
    .name = "p.yaml", .kind = SNT_POLICY_KIND_YAML, .data = "version: 1\n", .len = 11};

static void set_mode(const char *mode, const char *reply) {
  assert_int_equal(setenv("SENTINEL_EVIL", mode, 1), 0);
  assert_int_equal(setenv("SENTINEL_EVIL_REPLY", reply == NULL ? "" : reply, 1), 0);
}

/* Starts, loads and evaluates once; the status of the first of the three that fails, or the last one's. */
static snt_status run(struct snt_buf *reply, struct snt_buf *problems, struct snt_err *err) {
  static const struct snt_evaluator_options options = {0};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  SNT_TRY(snt_evaluator_start(&options, &evaluator, err));
  SNT_TRY(snt_evaluator_load(evaluator, &policy, problems, err));
  return snt_evaluator_evaluate(evaluator, snt_slice_of("{}"), (struct snt_slice){0}, reply, err);
}

static void assert_no_child_is_left(void) {
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
  assert_int_equal(errno, ECHILD);
}

static void an_honest_answer_is_taken(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf reply = {0};
  set_mode("none:none", NULL);
  assert_ok(run(&reply, NULL, NULL));
  assert_non_null(strstr(snt_buf_borrow(&reply), "\"effect\":\"allow\""));
  assert_no_child_is_left();
}

static void no_verdict_comes_from_an_evaluator_that_is_odd(void **state) {
  (void)state;
  static const char *const whens[] = {"hello", "load", "link", "evaluate"};
  static const char *const whats[] = {"die",          "crash",       "garbage",    "half_header",
                                      "half_payload", "too_long",    "longest",    "wrong_nonce",
                                      "wrong_kind",   "wrong_magic", "wrong_zero", "wrong_other_zero",
                                      "wrong_result", "failed",      "twice",      "extra"};
  for (size_t w = 0; w < sizeof whens / sizeof whens[0]; w++) {
    for (size_t i = 0; i < sizeof whats / sizeof whats[0]; i++) {
      SNT_BUF_AUTO struct snt_buf reply = {0};
      struct snt_err err = {0};
      char mode[64];
      snprintf(mode, sizeof mode, "%s:%s", whens[w], whats[i]);
      set_mode(mode, NULL);
      snt_status status = run(&reply, NULL, &err);
      if (status.code != SNT_CODE_EVALUATOR || err.message[0] == '\0' || err.hint[0] == '\0') {
        fail_msg("%s: %s, %s", mode, snt_code_name(status.code), err.message);
      }
      assert_int_equal(reply.len, 0);
      assert_no_child_is_left();
    }
  }
}

static void an_evaluator_that_is_late_is_killed(void **state) {
  (void)state;
  static const struct {
    const char *mode;
    enum snt_code code;
  } rows[] = {{"hello:hang", SNT_CODE_EVALUATOR},
              {"hello:drip", SNT_CODE_EVALUATOR},
              {"load:hang", SNT_CODE_POLICY_INVALID},
              {"load:stop", SNT_CODE_POLICY_INVALID},
              {"link:drip", SNT_CODE_POLICY_INVALID},
              {"evaluate:hang", SNT_CODE_EVALUATOR},
              {"evaluate:stop", SNT_CODE_EVALUATOR},
              {"evaluate:drip", SNT_CODE_EVALUATOR},
              {"evaluate:wait_with_payload", SNT_CODE_EVALUATOR}};
  size_t step = SNT_SANITIZED ? 4 : 1; /* such a build waits twenty times as long */
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i += step) {
    SNT_BUF_AUTO struct snt_buf reply = {0};
    struct snt_err err = {0};
    set_mode(rows[i].mode, NULL);
    snt_status status = run(&reply, NULL, &err);
    if (status.code != rows[i].code) {
      fail_msg("%s: %s, %s", rows[i].mode, snt_code_name(status.code), err.message);
    }
    assert_int_equal(reply.len, 0);
    assert_no_child_is_left();
  }
}

static snt_status lint(struct snt_buf *reply) {
  static const struct snt_evaluator_options options = {0};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  SNT_BUF_AUTO struct snt_buf facts = {0};
  SNT_TRY(snt_buf_append_str(&facts, "{}", NULL));
  SNT_TRY(snt_evaluator_start(&options, &evaluator, NULL));
  SNT_TRY(snt_evaluator_load(evaluator, &policy, NULL, NULL));
  return snt_evaluator_lint(evaluator, &facts, reply, NULL);
}

static snt_status ask_who_can(struct snt_buf *reply) {
  static const struct snt_evaluator_options options = {0};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  SNT_BUF_AUTO struct snt_buf question = {0};
  SNT_TRY(snt_buf_append_str(&question, "{}", NULL));
  SNT_TRY(snt_evaluator_start(&options, &evaluator, NULL));
  SNT_TRY(snt_evaluator_load(evaluator, &policy, NULL, NULL));
  return snt_evaluator_who_can(evaluator, &question, reply, NULL);
}

static snt_status ask_for_schema(struct snt_buf *reply) {
  static const struct snt_evaluator_options options = {0};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  SNT_TRY(snt_evaluator_start(&options, &evaluator, NULL));
  return snt_evaluator_schema(evaluator, reply, NULL);
}

static snt_status ask_batch(struct snt_buf *reply) {
  static const struct snt_evaluator_options options = {0};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  SNT_BUF_AUTO struct snt_buf requests = {0};
  SNT_TRY(snt_buf_append(&requests, "{}", 3, NULL));
  SNT_TRY(snt_evaluator_start(&options, &evaluator, NULL));
  SNT_TRY(snt_evaluator_load(evaluator, &policy, NULL, NULL));
  SNT_TRY(snt_evaluator_batch_begin(evaluator, &requests, 1, NULL));
  return snt_evaluator_batch_finish(evaluator, 1, reply, NULL);
}

/* The frame is never looked at here: it is the evaluator that says what is in it. */
#define PACKED(hash, files)                                                                                            \
  "{\"sentinel_bundle\":1,\"name\":\"a\",\"serial\":1,\"policy\":\"a.lua\",\"content\":\"" hash "\",\"files\":[" files \
  "]}\nframe"
#define ARCHIVE "a.lua\n1\nx\n"
#define ARCHIVE_HASH "126ec313695566514966b00e6801d320d6ebafb8f19f9b45abf88b53b421ac6c"

static snt_status open_bundle(struct snt_buf *reply) {
  static const struct snt_evaluator_options options = {0};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  SNT_POLICY_AUTO struct snt_policy opened = {0};
  SNT_TRY(snt_evaluator_start(&options, &evaluator, NULL));
  SNT_TRY(snt_packed_open("p", snt_slice_of(PACKED(ARCHIVE_HASH, "\"a.lua\"")), evaluator, &opened, NULL));
  return snt_buf_append_str(reply, snt_buf_borrow(&opened.text), NULL);
}

static snt_status load_bundle(struct snt_buf *reply) {
  static const struct snt_evaluator_options options = {0};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  SNT_POLICY_AUTO struct snt_policy packed = {0};
  SNT_TRY(snt_evaluator_start(&options, &evaluator, NULL));
  SNT_TRY(snt_policy_from_packed("p", snt_slice_of(PACKED(ARCHIVE_HASH, "\"a.lua\"")), &packed, NULL));
  SNT_TRY(snt_policy_load(&packed, evaluator, NULL, NULL));
  return snt_buf_append_str(reply, "loaded", NULL);
}

/* Late linting is not a clean policy, late looking not a policy that lets nobody in, and an odd answer none at all. */
static void no_report_batch_or_schema_comes_from_an_evaluator_that_is_odd(void **state) {
  (void)state;
  static const struct {
    const char *mode, *reply;
    snt_status (*ask)(struct snt_buf *reply);
    enum snt_code code;
    const char *answer;
  } rows[] = {
      {"none:none", NULL, lint, SNT_CODE_OK, "{\"problems\":[],\"left_out\":0,\"complete\":true}"},
      {"lint:hang", NULL, lint, SNT_CODE_OK, "{\"problems\":[],\"left_out\":0,\"complete\":false}"},
      {"lint:die", NULL, lint, SNT_CODE_EVALUATOR, ""},
      {"lint:wrong_nonce", NULL, lint, SNT_CODE_EVALUATOR, ""},
      {"lint:too_long", NULL, lint, SNT_CODE_EVALUATOR, ""},
      {"lint:failed", NULL, lint, SNT_CODE_EVALUATOR, ""},
      {"none:none", NULL, ask_batch, SNT_CODE_OK, "allow 0 0 0 - evil\n"},
      {"link:reply", "{\"ok\":true}", ask_batch, SNT_CODE_EVALUATOR, ""},
      {"link:reply", "{\"ok\":true,\"functions\":true}", ask_batch, SNT_CODE_EVALUATOR, ""},
      {"link:reply", "{\"ok\":true,\"functions\":0}", ask_batch, SNT_CODE_EVALUATOR, ""},
      {"batch:hang", NULL, ask_batch, SNT_CODE_EVALUATOR, ""},
      {"batch:die", NULL, ask_batch, SNT_CODE_EVALUATOR, ""},
      {"batch:garbage", NULL, ask_batch, SNT_CODE_EVALUATOR, ""},
      {"batch:wrong_nonce", NULL, ask_batch, SNT_CODE_EVALUATOR, ""},
      {"batch:too_long", NULL, ask_batch, SNT_CODE_EVALUATOR, ""},
      {"batch:twice", NULL, ask_batch, SNT_CODE_EVALUATOR, ""},
      {"batch:failed", NULL, ask_batch, SNT_CODE_EVALUATOR, ""},
      {"none:none", NULL, ask_who_can, SNT_CODE_OK, "{\"ways\":[],\"exact\":true}"},
      {"who_can:hang", NULL, ask_who_can, SNT_CODE_OK, "{\"ways\":[],\"exact\":false}"},
      {"who_can:die", NULL, ask_who_can, SNT_CODE_EVALUATOR, ""},
      {"who_can:wrong_nonce", NULL, ask_who_can, SNT_CODE_EVALUATOR, ""},
      {"who_can:too_long", NULL, ask_who_can, SNT_CODE_EVALUATOR, ""},
      {"who_can:failed", NULL, ask_who_can, SNT_CODE_EVALUATOR, ""},
      {"none:none", NULL, ask_for_schema, SNT_CODE_OK, "{}"},
      {"schema:hang", NULL, ask_for_schema, SNT_CODE_EVALUATOR, ""},
      {"schema:twice", NULL, ask_for_schema, SNT_CODE_EVALUATOR, ""},
      {"unpack:reply", "A" ARCHIVE, open_bundle, SNT_CODE_OK, "x"},
      {"unpack:reply", "A" ARCHIVE "b\n1\nx\n", open_bundle, SNT_CODE_EVALUATOR, ""},
      {"unpack:reply", "Aa.lua\n1\ny\n", open_bundle, SNT_CODE_EVALUATOR, ""},
      {"unpack:reply", "A", open_bundle, SNT_CODE_EVALUATOR, ""},
      {"unpack:reply", ARCHIVE, open_bundle, SNT_CODE_EVALUATOR, ""},
      {"unpack:reply", "", open_bundle, SNT_CODE_EVALUATOR, ""},
      {"unpack:reply", "{\"ok\":true}", open_bundle, SNT_CODE_EVALUATOR, ""},
      {"unpack:reply", "{\"ok\":false}", open_bundle, SNT_CODE_EVALUATOR, ""},
      {"unpack:hang", NULL, open_bundle, SNT_CODE_EVALUATOR, ""},
      {"unpack:twice", NULL, open_bundle, SNT_CODE_EVALUATOR, ""},
      {"unpack:too_long", NULL, open_bundle, SNT_CODE_EVALUATOR, ""},
      {"none:none", NULL, load_bundle, SNT_CODE_OK, "loaded"},
      {"bundle:reply", "{\"ok\":1}", load_bundle, SNT_CODE_EVALUATOR, ""},
      {"bundle:hang", NULL, load_bundle, SNT_CODE_POLICY_INVALID, ""},
      {"bundle:wrong_kind", NULL, load_bundle, SNT_CODE_EVALUATOR, ""},
      {"schema:reply", "{} {}", ask_for_schema, SNT_CODE_EVALUATOR, ""},
      {"schema:reply", "schema", ask_for_schema, SNT_CODE_EVALUATOR, ""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (SNT_SANITIZED && strstr(rows[i].mode, "hang") != NULL) {
      continue; /* such a build waits twenty times as long */
    }
    SNT_BUF_AUTO struct snt_buf reply = {0};
    set_mode(rows[i].mode, rows[i].reply);
    snt_status status = rows[i].ask(&reply);
    if (status.code != rows[i].code || strcmp(snt_buf_borrow(&reply), rows[i].answer) != 0) {
      fail_msg("%s: %s, %s", rows[i].mode, snt_code_name(status.code), snt_buf_borrow(&reply));
    }
    assert_no_child_is_left();
  }
}

/* A descriptor that the evaluator's child inherited reaches its end only when that child is gone too. */
static void nothing_that_the_evaluator_forked_survives_it(void **state) {
  (void)state;
  int ends[2];
  SNT_BUF_AUTO struct snt_buf reply = {0};
  assert_int_equal(pipe(ends), 0);
  set_mode("evaluate:orphan", NULL);
  assert_code(run(&reply, NULL, NULL), SNT_CODE_EVALUATOR);
  assert_int_equal(close(ends[1]), 0);
  struct pollfd ready = {.fd = ends[0], .events = POLLIN};
  assert_int_equal(poll(&ready, 1, 10000), 1);
  char byte = 0;
  assert_int_equal(read(ends[0], &byte, 1), 0);
  assert_int_equal(close(ends[0]), 0);
}

static void a_dead_evaluator_stays_dead(void **state) {
  (void)state;
  static const struct snt_evaluator_options options = {0};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  SNT_BUF_AUTO struct snt_buf reply = {0};
  set_mode("evaluate:wrong_nonce", NULL);
  assert_ok(snt_evaluator_start(&options, &evaluator, NULL));
  assert_ok(snt_evaluator_load(evaluator, &policy, NULL, NULL));
  for (int i = 0; i < 3; i++) {
    assert_code(snt_evaluator_evaluate(evaluator, snt_slice_of("{}"), (struct snt_slice){0}, &reply, NULL),
                SNT_CODE_EVALUATOR);
  }
  assert_int_equal(reply.len, 0);
  assert_no_child_is_left();
}

static void answers_to_load_and_link_are_checked(void **state) {
  (void)state;
  static const struct {
    const char *reply;
    enum snt_code code;
  } rows[] = {
      {"", SNT_CODE_EVALUATOR},
      {"null", SNT_CODE_EVALUATOR},
      {"[]", SNT_CODE_EVALUATOR},
      {"{}", SNT_CODE_EVALUATOR},
      {"{\"ok\":1}", SNT_CODE_EVALUATOR},
      {"{\"ok\":\"true\"}", SNT_CODE_EVALUATOR},
      {"{\"ok\":true", SNT_CODE_EVALUATOR},
      {"{\"ok\":true}}", SNT_CODE_EVALUATOR},
      {"{\"ok\":true,\"ok\":true}", SNT_CODE_EVALUATOR},
      {"{\"ok\":true,\"more\":1}", SNT_CODE_EVALUATOR},
      {"{\"ok\":false}", SNT_CODE_EVALUATOR},
      {"{\"ok\":false,\"problems\":[]}", SNT_CODE_EVALUATOR},
      {"{\"ok\":false,\"problems\":[1]}", SNT_CODE_EVALUATOR},
      {"{\"ok\":false,\"problems\":[{}]}", SNT_CODE_EVALUATOR},
      {"{\"ok\":false,\"problems\":[{\"file\":\"f\",\"line\":-1,\"column\":1,\"message\":\"m\",\"hint\":\"\"}]}",
       SNT_CODE_EVALUATOR},
      {"{\"ok\":false,\"problems\":[{\"file\":\"f\",\"line\":1,\"column\":1.5,\"message\":\"m\",\"hint\":\"\"}]}",
       SNT_CODE_EVALUATOR},
      {"{\"ok\":false,\"problems\":[{\"file\":\"f\",\"line\":1,\"column\":1,\"message\":\"\\u001b[2J\",\"hint\":\"\"}]"
       "}",
       SNT_CODE_EVALUATOR},
      {"{\"ok\":false,\"problems\":[{\"file\":\"f\",\"line\":1,\"column\":1,\"message\":\"m\",\"hint\":\"\",\"x\":1}]}",
       SNT_CODE_EVALUATOR},
      {"{\"ok\":false,\"problems\":[{\"file\":\"f\",\"line\":7,\"column\":3,\"message\":\"bad\",\"hint\":\"try\"}]}",
       SNT_CODE_POLICY_INVALID},
      {"{\"ok\":true}", SNT_CODE_OK},
  };
  for (int link = 0; link < 2; link++) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
      SNT_BUF_AUTO struct snt_buf reply = {0}, problems = {0};
      struct snt_err err = {0};
      set_mode(link ? "link:reply" : "load:reply", rows[i].reply);
      snt_status status = run(&reply, &problems, &err);
      if (status.code != rows[i].code) {
        fail_msg("%s: %s, %s", rows[i].reply, snt_code_name(status.code), err.message);
      }
      if (status.code == SNT_CODE_EVALUATOR) {
        assert_int_equal(problems.len, 0);
      }
      if (status.code == SNT_CODE_POLICY_INVALID) {
        assert_string_equal(err.message, "f:7:3: bad");
        assert_string_equal(err.hint, "try");
        assert_string_equal(snt_buf_borrow(&problems),
                            "[{\"file\":\"f\",\"line\":7,\"column\":3,\"message\":\"bad\",\"hint\":\"try\"}]");
      }
      assert_no_child_is_left();
    }
  }
}

/* Names of zones are the only thing that an evaluator can make the core read from a disk. */
static void zones_that_are_asked_for_are_checked(void **state) {
  (void)state;
  static const char *const odd[] = {"{\"ok\":true,\"zones\":[1]}", "{\"ok\":true,\"zones\":[null]}",
                                    "{\"ok\":true,\"zones\":[[\"UTC\"]]}", "{\"ok\":true,\"zones\":[\"a\\u0000b\"]}"};
  for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
    SNT_BUF_AUTO struct snt_buf reply = {0};
    set_mode("load:reply", odd[i]);
    assert_code(run(&reply, NULL, NULL), SNT_CODE_EVALUATOR);
  }
  SNT_BUF_AUTO struct snt_buf many = {0}, reply = {0};
  assert_ok(snt_buf_append_str(&many, "{\"ok\":true,\"zones\":[\"UTC\"", NULL));
  for (int i = 0; i < 64; i++) {
    assert_ok(snt_buf_append_str(&many, ",\"UTC\"", NULL));
  }
  assert_ok(snt_buf_append_str(&many, "]}", NULL));
  set_mode("load:reply", snt_buf_borrow(&many));
  SNT_BUF_AUTO struct snt_buf problems = {0};
  assert_code(run(&reply, &problems, NULL), SNT_CODE_POLICY_INVALID);
  assert_non_null(strstr(snt_buf_borrow(&problems), "more than 64 time zones"));
}

static void files_outside_of_the_zones_are_not_read(void **state) {
  (void)state;
  static const struct snt_evaluator_options options = {0};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  SNT_BUF_AUTO struct snt_buf zones = {0};
  set_mode("load:reply", "{\"ok\":true,\"zones\":[\"../../../etc/passwd\",\"/etc/passwd\",\"localtime\",\"tzdata.zi\","
                         "\"\",\"America\",\"a//b\",\"UTC/\",\"posix/UTC\",\"Absent/Zone\",\"UTC\"]}");
  assert_ok(snt_evaluator_start(&options, &evaluator, NULL));
  assert_ok(snt_evaluator_load(evaluator, &policy, NULL, NULL));
  assert_ok(snt_evaluator_dump_zones(evaluator, &zones, NULL));
  if (access("/usr/share/zoneinfo/UTC", R_OK) == 0) {
    assert_true(strncmp(snt_buf_borrow(&zones), "{\"UTC\":\"", 8) == 0);
    assert_int_equal(zones.len, strlen("{\"UTC\":\"\"}") + 64);
  } else {
    assert_string_equal(snt_buf_borrow(&zones), "{}");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_verdict_comes_from_an_evaluator_that_is_odd),
      cmocka_unit_test(an_evaluator_that_is_late_is_killed),
      cmocka_unit_test(no_report_batch_or_schema_comes_from_an_evaluator_that_is_odd),
      cmocka_unit_test(nothing_that_the_evaluator_forked_survives_it),
      cmocka_unit_test(a_dead_evaluator_stays_dead),
      cmocka_unit_test(answers_to_load_and_link_are_checked),
      cmocka_unit_test(zones_that_are_asked_for_are_checked),
      cmocka_unit_test(files_outside_of_the_zones_are_not_read),
      cmocka_unit_test(an_honest_answer_is_taken),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
