#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/difference.h"

#define ROLE "arn:aws:iam::123456789012:role/"
#define MANIFEST(serial, more) "sentinel_bundle: 1\nname: prod\nserial: " serial "\npolicy: policy.yaml\n" more

/* A bundle with that manifest and those files: names and texts, ended by NULL. */
static struct snt_policy bundle_of(const char *manifest, const char *const *files) {
  struct snt_policy policy = {.kind = SNT_POLICY_KIND_YAML, .is_bundle = true};
  struct snt_err err = {0};
  if (!snt_ok(snt_manifest_parse("bundle.yaml", manifest, strlen(manifest), &policy.manifest, &err))) {
    fail_msg("%s", err.message);
  }
  size_t count = 0;
  for (; files != NULL && files[2 * count] != NULL; count++) {
  }
  policy.files = calloc(count + 1, sizeof *policy.files);
  for (; policy.file_count < count; policy.file_count++) {
    struct snt_policy_file *file = &policy.files[policy.file_count];
    file->name = snt_str_dup(files[2 * policy.file_count]);
    assert_ok(snt_buf_append_str(&file->text, files[2 * policy.file_count + 1], NULL));
  }
  return policy;
}

/* "plugin oncall changed: version 1.0.0 -> 1.1.0; grant.hosts +b -a", a line each. */
static void tell(const struct snt_difference *difference, struct snt_buf *out) {
  snt_buf_reset(out);
  for (size_t i = 0; i < difference->change_count; i++) {
    const struct snt_difference_change *change = &difference->changes[i];
    assert_ok(snt_buf_appendf(out, NULL, "%s %s %s", snt_difference_area_word(change->area), change->name,
                              snt_difference_kind_name(change->kind)));
    for (size_t k = 0; k < change->detail_count; k++) {
      const struct snt_difference_detail *detail = &change->details[k];
      assert_ok(snt_buf_appendf(out, NULL, "; %s", detail->what));
      for (char **word = detail->gained; word != NULL && *word != NULL; word++) {
        assert_ok(snt_buf_appendf(out, NULL, " +%s", *word));
      }
      for (char **word = detail->lost; word != NULL && *word != NULL; word++) {
        assert_ok(snt_buf_appendf(out, NULL, " -%s", *word));
      }
      if (detail->gained == NULL) {
        assert_ok(snt_buf_appendf(out, NULL, " %.20s -> %.20s", detail->before == NULL ? "none" : detail->before,
                                  detail->after == NULL ? "none" : detail->after));
      }
    }
    assert_ok(snt_buf_append_char(out, '\n', NULL));
  }
}

static void compare(struct snt_policy before, struct snt_policy after, const char *wanted) {
  SNT_DIFFERENCE_AUTO struct snt_difference difference = {.has_before = true};
  SNT_BUF_AUTO struct snt_buf told = {0};
  assert_ok(snt_difference_bundles(&before, &after, &difference, NULL));
  tell(&difference, &told);
  snt_policy_clear(&before);
  snt_policy_clear(&after);
  assert_string_equal(snt_buf_borrow(&told), wanted);
  assert_int_equal(snt_difference_is_any(&difference), wanted[0] != '\0');
}

static void manifests_are_compared_by_what_they_say(void **state) {
  (void)state;
  static const struct {
    const char *before, *after, *told;
  } rows[] = {
      {MANIFEST("1", ""), MANIFEST("1", "# the same\n"), ""},
      {MANIFEST("1", ""), MANIFEST("2", "max_duration: 4h\n"),
       "manifest  changed; serial 1 -> 2; max_duration none -> 4h\n"},
      {MANIFEST("1", "markers: []\ninstallation: a\n"), MANIFEST("1", "installation: b\n"),
       "manifest  changed; installation a -> b; rules for emergencies refused -> permitted\n"},
      {MANIFEST("1", "not_after: 2026-01-19T00:00:00Z\n"),
       MANIFEST("1", "not_before: 2026-01-19T00:00:00Z\nidentity: {accounts: [\"123456789012\"]}\n"),
       "manifest  changed; not_before none -> 2026-01-19T00:00:00Z; not_after 2026-01-19T00:00:00Z -> none; "
       "identity.accounts +123456789012\n"},
      {MANIFEST("1", "targets: {prod: [" ROLE "A, " ROLE "B], old: [" ROLE "O]}\n"),
       MANIFEST("1", "targets: {prod: [" ROLE "B, " ROLE "C], new: [" ROLE "N]}\n"),
       "targets of prod changed; roles +" ROLE "C -" ROLE "A\ntargets of new added; roles +" ROLE
       "N\ntargets of old removed; roles -" ROLE "O\n"},
      {MANIFEST("1", ""), MANIFEST("1", "targets: {prod: [" ROLE "A]}\n"),
       "targets of prod added; roles +" ROLE "A\nmanifest  changed; targets none -> yes\n"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    compare(bundle_of(rows[i].before, NULL), bundle_of(rows[i].after, NULL), rows[i].told);
  }
}

#define PLUGIN(version, grant) MANIFEST("1", "plugins: {oncall: {version: " version ", grant: {" grant "}}}\n")

static void plugins_are_compared_by_version_grants_and_code(void **state) {
  (void)state;
  static const char *const code[] = {"plugins/oncall/init.lua", "return 1", "policy.yaml", "x", NULL};
  static const char *const other[] = {"plugins/oncall/init.lua", "return 2", "policy.yaml", "y", NULL};
  compare(bundle_of(PLUGIN("1.0.0", ""), code), bundle_of(PLUGIN("1.0.0", ""), code), "");
  compare(bundle_of(PLUGIN("1.0.0", "http: [q, r], hosts: [a.example.com], private: true"), code),
          bundle_of(PLUGIN("1.1.0", "http: [q], hosts: [b.example.com], geoip: true, secrets: [s]"), code),
          "plugin oncall changed; version 1.0.0 -> 1.1.0; grant.http -r; grant.hosts +b.example.com -a.example.com; "
          "grant.secrets +s; grant.geoip none -> yes; grant.private yes -> none\n");
  SNT_BUF_AUTO struct snt_buf told = {0};
  SNT_DIFFERENCE_AUTO struct snt_difference difference = {.has_before = true};
  SNT_POLICY_AUTO struct snt_policy before = bundle_of(PLUGIN("1.0.0", ""), code);
  SNT_POLICY_AUTO struct snt_policy after = bundle_of(PLUGIN("1.0.0", ""), other);
  assert_ok(snt_difference_bundles(&before, &after, &difference, NULL));
  tell(&difference, &told);
  assert_non_null(strstr(told.data, "plugin oncall changed; code "));
  assert_non_null(strstr(told.data, "file plugins/oncall/init.lua changed; size 8 bytes -> 8 bytes\n"));
  assert_null(strstr(told.data, "policy.yaml"));
}

static void files_come_and_go(void **state) {
  (void)state;
  static const char *const before[] = {"gone.lua", "1", "kept.lua", "2", "rules/a.lua", "3", NULL};
  static const char *const after[] = {"kept.lua", "2", "new.lua", "", "rules/a.lua", "33", NULL};
  compare(bundle_of(MANIFEST("1", ""), before), bundle_of(MANIFEST("1", ""), after),
          "file new.lua added; size none -> 0 bytes\nfile rules/a.lua changed; size 1 bytes -> 2 bytes\n"
          "file gone.lua removed; size 1 bytes -> none\n");
}

static void what_decides_is_described_for_the_evaluator(void **state) {
  (void)state;
  static const char *const code[] = {"data.txt", "1", "plugins/oncall/init.lua", "return 1", NULL};
  static const char *const data[] = {"data.txt", "2", "plugins/oncall/init.lua", "return 1", NULL};
  static const struct {
    const char *manifest;
    const char *const *files;
  } rows[] = {{PLUGIN("1.0.0", ""), code},
              {PLUGIN("1.0.0", ""), data}, /* not granted: the same */
              {PLUGIN("1.0.0", "files: [data.txt]"), code},
              {PLUGIN("1.0.0", "files: [data.txt]"), data},
              {PLUGIN("1.0.0", "hosts: [a.example.com]"), code}};
  struct snt_buf told[5] = {{0}};
  for (size_t i = 0; i < 5; i++) {
    SNT_POLICY_AUTO struct snt_policy policy = bundle_of(rows[i].manifest, rows[i].files);
    assert_ok(snt_difference_describe(&policy, &told[i], NULL));
    for (size_t k = 0; k < i; k++) {
      bool is_same = strcmp(told[i].data, told[k].data) == 0;
      assert_int_equal(is_same, i == 1 && k == 0);
    }
  }
  for (size_t i = 0; i < 5; i++) {
    snt_buf_clear(&told[i]);
  }
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_POLICY_AUTO struct snt_policy bound =
      bundle_of(MANIFEST("1", "targets: {prod: [" ROLE "A]}\nmax_duration: 1h\nmarkers: []\n"), NULL);
  assert_ok(snt_difference_describe(&bound, &text, NULL));
  assert_string_equal(text.data, "{\"plugins\":{},\"targets\":[{\"profile\":\"prod\",\"roles\":[\"" ROLE
                                 "A\"]}],\"max_duration\":3600,\"strict\":true}");
}

/* Answers -------------------------------------------------------------------------------------------------------- */

#define DETAIL "{\"what\":\"users\",\"before\":\"a\",\"after\":null,\"gained\":[],\"lost\":[\"a\"]}"
#define CHANGE "{\"area\":\"rule\",\"kind\":\"changed\",\"name\":\"r\",\"details\":[" DETAIL "]}"

static snt_status parse_rules(const char *text, struct snt_difference *out) {
  return snt_difference_parse_rules(text, strlen(text), out, NULL);
}

static void changes_of_rules_are_taken_as_they_are(void **state) {
  (void)state;
  SNT_DIFFERENCE_AUTO struct snt_difference difference = {.has_before = true};
  assert_ok(parse_rules("{\"changes\":[" CHANGE "],\"left_out\":0}", &difference));
  assert_int_equal(difference.change_count, 1);
  const struct snt_difference_detail *detail = &difference.changes[0].details[0];
  assert_string_equal(detail->before, "a");
  assert_null(detail->after);
  assert_null(detail->gained);
  assert_string_equal(detail->lost[0], "a");
  assert_int_equal(difference.unknown_count, 0);
  assert_false(snt_difference_is_wider(&difference));
  assert_ok(parse_rules("{\"changes\":[],\"left_out\":3}", &difference));
  assert_int_equal(difference.unknown_count, 1);
  assert_non_null(strstr(difference.unknown[0], "3 more changes of rules"));
  assert_true(snt_difference_is_wider(&difference));
}

static void other_changes_are_refused(void **state) {
  (void)state;
  static const char *const rows[] = {
      "",
      "{}",
      "[]",
      "{\"changes\":[]}",
      "{\"changes\":[],\"left_out\":-1}",
      "{\"changes\":{},\"left_out\":0}",
      "{\"changes\":[],\"left_out\":0,\"x\":1}",
      "{\"changes\":[{}],\"left_out\":0}",
      "{\"changes\":[{\"area\":\"rule\",\"kind\":\"changed\",\"name\":\"a b\",\"details\":[]}],\"left_out\":0}",
      "{\"changes\":[{\"area\":\"file\",\"kind\":\"changed\",\"name\":\"r\",\"details\":[]}],\"left_out\":0}",
      "{\"changes\":[{\"area\":\"rule\",\"kind\":\"eaten\",\"name\":\"r\",\"details\":[]}],\"left_out\":0}",
      "{\"changes\":[{\"area\":\"rule\",\"kind\":\"changed\",\"name\":\"r\",\"details\":[{}]}],\"left_out\":0}",
      "{\"changes\":[{\"area\":\"group\",\"kind\":\"changed\",\"name\":\"\\u001b\",\"details\":[]}],\"left_out\":0}",
      "{\"changes\":[{\"area\":\"rule\",\"kind\":\"changed\",\"name\":\"r\",\"details\":[{\"what\":\"x\",\"before\":1,"
      "\"after\":null,\"gained\":[],\"lost\":[]}]}],\"left_out\":0}",
      "{\"changes\":[{\"area\":\"rule\",\"kind\":\"changed\",\"name\":\"r\",\"details\":[{\"what\":\"x\",\"before\":"
      "null,"
      "\"after\":null,\"gained\":[\"a\"],\"lost\":[1]}]}],\"left_out\":0}"};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_DIFFERENCE_AUTO struct snt_difference difference = {0};
    snt_status status = parse_rules(rows[i], &difference);
    if (status.code != SNT_CODE_EVALUATOR) {
      fail_msg("%s: %s", rows[i], snt_code_name(status.code));
    }
  }
}

static void profiles_are_taken_if_somebody_can_ask_for_them(void **state) {
  (void)state;
  SNT_CLEANUP(snt_difference_profiles_clear) struct snt_difference_profiles profiles = {0};
  static const char text[] = "{\"profiles\":[{\"name\":\"dev\",\"label\":\"dev\"},{\"name\":\"a b\",\"label\":\"a b\"},"
                             "{\"name\":\"dev\",\"label\":\"d*\"},{\"name\":\"pro\",\"label\":\"p*\"}],\"exact\":true}";
  assert_ok(snt_difference_parse_profiles(text, sizeof text - 1, &profiles, NULL));
  assert_int_equal(profiles.count, 2);
  assert_string_equal(profiles.list[0].label, "dev");
  assert_string_equal(profiles.list[1].label, "p*");
  assert_true(profiles.is_exact);
  static const char *const bad[] = {"", "{}", "{\"profiles\":[],\"exact\":1}", "{\"profiles\":[{}],\"exact\":true}",
                                    "{\"profiles\":[{\"name\":\"\",\"label\":\"x\"}],\"exact\":true}"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_code(snt_difference_parse_profiles(bad[i], strlen(bad[i]), &profiles, NULL), SNT_CODE_EVALUATOR);
  }
}

#define USER "\"user\":{\"name\":\"alice\",\"kind\":\"user\",\"account\":\"123456789012\"}"
#define REQUEST "{" USER ",\"profile\":\"prod\",\"mode\":\"cli\",\"time\":\"2026-01-19T15:00:00Z\",\"duration\":3600}"
#define DENIED "{\"effect\":\"deny\",\"rule\":\"\",\"error\":null,\"max_duration\":null}"
#define ALLOWED(rule, bound) "{\"effect\":\"allow\",\"rule\":\"" rule "\",\"error\":null,\"max_duration\":" bound "}"
#define ACCESS(kind, before, after, request)                                                                           \
  "{\"kind\":\"" kind "\",\"user\":\"alice\",\"before\":" before ",\"after\":" after ",\"request\":" request           \
  ",\"assumed\":[{\"condition\":\"probe\",\"holds\":true,\"where\":\"after\"}],\"conditions\":[\"in mode cli\"]}"
#define ANSWER(change) "{\"profiles\":[{\"changes\":[" change "],\"exact\":true}]}"
#define GAINS ACCESS("gains", DENIED, ALLOWED("ops", "60"), REQUEST)

static const struct snt_difference_profile PROFILES[] = {{"prod", "pro*"}, {"dev", "dev"}};
static const struct snt_access_question NOW = {.profiles = PROFILES, .count = 2, .time_ms = 1768834800000};

static snt_status parse_access(const char *text, struct snt_access_answer answers[static 2], size_t *told) {
  return snt_access_parse(text, strlen(text), &NOW, answers, told, NULL);
}

static void access_is_taken_as_it_is(void **state) {
  (void)state;
  struct snt_access_answer answers[2] = {{0}};
  size_t told = 0;
  SNT_BUF_AUTO struct snt_buf question = {0};
  assert_ok(snt_access_ask(&NOW, &question, NULL));
  assert_string_equal(question.data,
                      "{\"profiles\":[\"prod\",\"dev\"],\"time\":\"2026-01-19T15:00:00Z\",\"ever\":false}");
  assert_ok(parse_access(ANSWER(GAINS), answers, &told));
  assert_int_equal(told, 1);
  const struct snt_access_change *change = &answers[0].list[0];
  assert_int_equal(change->kind, SNT_ACCESS_GAINS);
  assert_string_equal(change->profile, "pro*");
  assert_string_equal(change->request.profile, "prod");
  assert_string_equal(change->after.rule, "ops");
  assert_int_equal(change->after.max_duration_s, 60);
  assert_true(change->is_now && !change->is_ever);
  assert_true(change->assumed[0].holds && change->assumed[0].is_after && !change->assumed[0].is_before);
  assert_string_equal(change->conditions[0], "in mode cli");
  snt_access_answer_clear(&answers[0]);
  assert_ok(parse_access(ANSWER(ACCESS("shorter", ALLOWED("a", "null"), ALLOWED("b", "60"), REQUEST)), answers, &told));
  snt_access_answer_clear(&answers[0]);
}

static void other_access_is_refused(void **state) {
  (void)state;
  static const char *const rows[] = {
      "",
      "{}",
      "{\"profiles\":[]}",
      "{\"profiles\":[{}]}",
      ANSWER("{}"),
      "{\"profiles\":[{\"changes\":[],\"exact\":true},{\"changes\":[],\"exact\":true},{\"changes\":[],\"exact\":true}]"
      "}",
      ANSWER(ACCESS("gains", ALLOWED("a", "null"), ALLOWED("b", "null"), REQUEST)),
      ANSWER(ACCESS("more", DENIED, DENIED, REQUEST)),
      ANSWER(ACCESS("loses", DENIED, ALLOWED("a", "60"), REQUEST)),
      ANSWER(ACCESS("fewer", ALLOWED("", "null"), DENIED, REQUEST)),
      ANSWER(ACCESS("longer", ALLOWED("a", "60"), ALLOWED("b", "60"), REQUEST)),
      ANSWER(ACCESS("eats", DENIED, ALLOWED("a", "60"), REQUEST)),
      ANSWER(ACCESS("gains", DENIED, ALLOWED("a", "-60"), REQUEST)),
      ANSWER(ACCESS("gains", DENIED, ALLOWED("a b", "60"), REQUEST)),
      ANSWER(ACCESS("gains", DENIED, ALLOWED("a", "60"), "{}")),
      ANSWER(ACCESS("gains", DENIED, ALLOWED("a", "60"),
                    "{" USER ",\"profile\":\"dev\",\"time\":\"2026-01-19T15:00:00Z\"}")),
      ANSWER(ACCESS("gains", DENIED, ALLOWED("a", "60"),
                    "{" USER ",\"profile\":\"prod\",\"time\":\"2026-01-19T15:00:01Z\"}"))};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_access_answer answers[2] = {{0}};
    size_t told = 7;
    snt_status status = parse_access(rows[i], answers, &told);
    if (status.code != SNT_CODE_EVALUATOR || told != 0) {
      fail_msg("%s: %s", rows[i], snt_code_name(status.code));
    }
    snt_access_answer_clear(&answers[0]);
    snt_access_answer_clear(&answers[1]);
  }
}

static struct snt_access_change change_of(enum snt_access_kind kind, const char *user, const char *rule, bool is_ever) {
  struct snt_access_change change = {
      .kind = kind, .profile = snt_str_dup("prod"), .user = snt_str_dup(user), .is_now = !is_ever, .is_ever = is_ever};
  struct snt_verdict *verdict = SNT_ACCESS_TABLE[kind].opens ? &change.after : &change.before;
  (void)snprintf(verdict->rule, sizeof verdict->rule, "%s", rule);
  return change;
}

/* What is gained now may be more of what there is at other times: told once, by the wider view. */
static void access_is_told_once_in_the_order_of_what_opens(void **state) {
  (void)state;
  static const struct {
    enum snt_access_kind kind;
    const char *user, *rule;
    bool is_ever;
  } rows[] = {{SNT_ACCESS_LOSES, "alice", "a", true},   {SNT_ACCESS_MORE, "bob", "a", true},
              {SNT_ACCESS_LONGER, "bob", "a", true},    {SNT_ACCESS_GAINS, "carol", "b", true},
              {SNT_ACCESS_GAINS, "bob", "a", false},    {SNT_ACCESS_GAINS, "bob", "c", false},
              {SNT_ACCESS_SHORTER, "alice", "a", false}};
  SNT_DIFFERENCE_AUTO struct snt_difference difference = {.has_before = true};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_access_change change = change_of(rows[i].kind, rows[i].user, rows[i].rule, rows[i].is_ever);
    assert_ok(snt_difference_take_access(&difference, &change, NULL));
    assert_null(change.user);
  }
  snt_difference_sort(&difference);
  static const char *const wanted[] = {"gains carol", "gains bob",   "more bob",
                                       "longer bob",  "loses alice", "shorter alice"};
  assert_int_equal(difference.access_count, 6);
  for (size_t i = 0; i < 6; i++) {
    char told[64];
    (void)snprintf(told, sizeof told, "%s %s", SNT_ACCESS_TABLE[difference.access[i].kind].name,
                   difference.access[i].user);
    assert_string_equal(told, wanted[i]);
  }
  assert_true(difference.access[2].is_now && difference.access[2].is_ever);
  assert_true(difference.access[1].is_now && !difference.access[1].is_ever);
  assert_true(snt_difference_is_wider(&difference));
}

static void what_there_is_too_much_of_is_counted(void **state) {
  (void)state;
  SNT_DIFFERENCE_AUTO struct snt_difference difference = {.has_before = true};
  for (int i = 0; i < 503; i++) {
    char user[32];
    (void)snprintf(user, sizeof user, "user%d", i);
    struct snt_access_change change = change_of(SNT_ACCESS_LOSES, user, "a", true);
    assert_ok(snt_difference_take_access(&difference, &change, NULL));
  }
  assert_int_equal(difference.access_count, 500);
  assert_int_equal(difference.access_left_out, 3);
  assert_true(snt_difference_is_wider(&difference)); /* nobody has seen them */
  SNT_CLEANUP(snt_difference_profiles_clear) struct snt_difference_profiles profiles = {.is_exact = true};
  for (int i = 0; i < 1001; i++) {
    char name[32];
    (void)snprintf(name, sizeof name, "p%d", i);
    assert_ok(snt_difference_profiles_add(&profiles, name, name, NULL));
  }
  assert_int_equal(profiles.count, 1000);
  assert_false(profiles.is_exact);
}

static void decisions_that_open_are_wider(void **state) {
  (void)state;
  struct snt_difference difference = {.has_before = true};
  assert_false(snt_difference_is_wider(&difference));
  assert_false(snt_difference_is_any(&difference));
  difference.replay.impact.changes[SNT_CHANGE_FROM_ALLOW] = 1;
  assert_false(snt_difference_is_wider(&difference));
  difference.replay.impact.changes[SNT_CHANGE_LONGER] = 1;
  assert_true(snt_difference_is_wider(&difference));
  difference = (struct snt_difference){.has_before = true, .replay.impact.changes = {[SNT_CHANGE_TO_ALLOW] = 1}};
  assert_true(snt_difference_is_wider(&difference));
  difference = (struct snt_difference){.has_before = true, .replay.impact.not_recorded = 1};
  assert_true(snt_difference_is_wider(&difference));
  difference = (struct snt_difference){.has_before = false};
  assert_true(snt_difference_is_any(&difference)); /* nothing was in force */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(manifests_are_compared_by_what_they_say),
      cmocka_unit_test(plugins_are_compared_by_version_grants_and_code),
      cmocka_unit_test(files_come_and_go),
      cmocka_unit_test(what_decides_is_described_for_the_evaluator),
      cmocka_unit_test(changes_of_rules_are_taken_as_they_are),
      cmocka_unit_test(other_changes_are_refused),
      cmocka_unit_test(profiles_are_taken_if_somebody_can_ask_for_them),
      cmocka_unit_test(access_is_taken_as_it_is),
      cmocka_unit_test(other_access_is_refused),
      cmocka_unit_test(access_is_told_once_in_the_order_of_what_opens),
      cmocka_unit_test(what_there_is_too_much_of_is_counted),
      cmocka_unit_test(decisions_that_open_are_wider),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
