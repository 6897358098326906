#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"
#include "policy/spec.h"

static char folder[64];
static char results[4096];

static void put(const char *name, const char *text) {
  char path[256];
  (void)snprintf(path, sizeof path, "%s/%s", folder, name);
  assert_ok(snt_file_replace(path, text, strlen(text), 0644, NULL));
}

static int make_folder(void **state) {
  (void)state;
  char path[128];
  static const char *const below[] = {"plugins", "plugins/p", "plugins/p/spec", "odd", "odd/spec"};
  (void)snprintf(folder, sizeof folder, "/tmp/snt-spec-XXXXXX");
  if (mkdtemp(folder) == NULL) {
    return -1;
  }
  for (size_t i = 0; i < sizeof below / sizeof below[0]; i++) {
    (void)snprintf(path, sizeof path, "%s/%s", folder, below[i]);
    (void)mkdir(path, 0755);
  }
  put("dev.yaml", "version: \"1\"\nrules:\n  - {name: r, effect: allow, conditions: {users: [alice]}}\n");
  put("all.yaml", "version: \"1\"\nrules:\n  - {name: all, effect: allow, conditions: {}}\n");
  put("plugins/p/plugin.lua", "return { name = 'p', version = '7.0.0', api = 1, summary = 'x' }");
  put("plugins/p/init.lua", "return function() return true, 'always' end");
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  char command[256];
  (void)snprintf(command, sizeof command, "rm -rf %s", folder);
  return system(command);
}

static bool note(void *context, const struct snt_case *of) {
  size_t used = strlen(results);
  (void)snprintf(results + used, sizeof results - used, "%s %s %lld%s%s;", of->name, snt_case_status_name(of->status),
                 (long long)of->line, of->message[0] == '\0' ? "" : " ", of->message);
  return context == NULL;
}

static snt_status run(const char *name, const char *text, const char *filter, bool stops, struct snt_err *err) {
  char path[256];
  SNT_BUF_AUTO struct snt_buf problems = {0};
  struct snt_spec_options options = {.filter = filter, .on_case = note, .context = stops ? path : NULL};
  put(name, text);
  (void)snprintf(path, sizeof path, "%s/%s", folder, name);
  results[0] = '\0';
  return snt_spec_run(path, &options, &problems, err);
}

static void cases_are_run_one_by_one(void **state) {
  (void)state;
  static const char text[] =
      "it('a', function() assert.allows({ user = 'alice', profile = 'dev' }, 'r') end)\n"
      "it('b', function() assert.allows({ user = 'bob', profile = 'dev' }) end)\n"
      "it('c', function() local s = ('x'):rep(500000) while true do s:find('y', 1, true) end end)\n"
      "pending('d')\n"
      "describe('other', function() policy('all.yaml')\n"
      "it('e', function() assert.allows({ user = 'bob', profile = 'dev' }, 'all') end) end)\n";
  assert_ok(run("dev_spec.lua", text, NULL, false, NULL));
  assert_string_equal(results,
                      "a passed 1;b failed 2 wanted allow, got deny ; r failed on users: wanted alice, got bob;"
                      "c failed 3 it spends more fuel than a case may (10,000,000 units): look for a loop, or split "
                      "it;d skipped 4 pending;other e passed 6;");
  assert_ok(run("dev_spec.lua", text, "other", false, NULL));
  assert_string_equal(results, "other e passed 6;");
  assert_ok(run("dev_spec.lua", text, NULL, true, NULL));
  assert_string_equal(results, "a passed 1;");
}

/* One long instruction that no hook sees: the deadline ends the evaluator, and the next case gets another. */
static void a_case_that_kills_its_evaluator_is_one_failed_case(void **state) {
  (void)state;
  assert_ok(run("dev_spec.lua",
                "it('a', function() local a = (' '):rep(1000000) .. '1' while true do local _ = a + 1 end end)\n"
                "it('b', function() assert.allows({ user = 'alice', profile = 'dev' }) end)\n",
                NULL, false, NULL));
  assert_true(snt_str_starts_with(results, "a failed 1 "));
  assert_non_null(strstr(results, "b passed 2;"));
}

static void a_plugin_has_specs_of_its_own(void **state) {
  (void)state;
  assert_ok(run("plugins/p/spec/p_spec.lua",
                "it('a', function() local v, d = plugin(true, {}) assert.is_true(v) assert.equal('always', d) end)\n",
                NULL, false, NULL));
  assert_string_equal(results, "a passed 1;");
}

static void what_does_not_load_is_refused_with_its_place(void **state) {
  (void)state;
  static const struct {
    const char *name, *text, *message;
  } rows[] = {
      {"dev_spec.lua", "x x", "dev_spec.lua:1:1: "},
      {"dev_spec.lua", "\nerror('no')", "dev_spec.lua:2:1: no"},
      {"dev_spec.lua", "it('a')", "it wants a name and a function"},
      {"dev_spec.lua", "policy('../dev.yaml') it('a', function() end)", "is no file beside the spec"},
      {"dev_spec.lua", "policy('/etc/passwd') it('a', function() end)", "is no file beside the spec"},
      {"dev_spec.lua", "policy('none.yaml') it('a', function() end)", "none.yaml"},
      {"dev_spec.lua", "while true do end", "1:1: loading "}, /* more fuel than it has, or on a slow machine time */
      {"lost_spec.lua", "it('a', function() end)", "there is no policy lost.yaml, lost.lua or lost/ beside it"},
      {"odd/spec/x_spec.lua", "it('a', function() end)", "there is no policy x.yaml"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_err err = {0};
    snt_status status = run(rows[i].name, rows[i].text, NULL, false, &err);
    bool is_refused = status.code == SNT_CODE_POLICY_INVALID || status.code == SNT_CODE_NO_POLICY;
    if (!is_refused || strstr(err.message, rows[i].message) == NULL || results[0] != '\0') {
      fail_msg("%s: %s", rows[i].text, err.message);
    }
  }
}

static void mutants_are_run_after_cases_that_passed(void **state) {
  (void)state;
  static const char passing[] = "it('a', function() assert.allows({ user = 'alice', profile = 'dev' }, 'r') end)\n";
  SNT_CLEANUP(snt_mutation_clear) struct snt_mutation mutation = {0};
  char path[256];
  SNT_BUF_AUTO struct snt_buf problems = {0};
  struct snt_spec_options options = {.on_case = note, .mutation = &mutation};
  put("dev_spec.lua", passing);
  (void)snprintf(path, sizeof path, "%s/dev_spec.lua", folder);
  results[0] = '\0';
  assert_ok(snt_spec_run(path, &options, &problems, NULL));
  struct snt_mutation_totals totals = snt_mutation_count(&mutation);
  assert_int_equal(mutation.count, 1);
  assert_string_equal(mutation.policies[0].name, "dev.yaml");
  assert_true(totals.killed > 0 && totals.killed < totals.mutants); /* nobody asks for bob */
  assert_true(totals.widening_survived > 0);

  SNT_CLEANUP(snt_mutation_clear) struct snt_mutation none = {0};
  options.mutation = &none;
  put("dev_spec.lua", "it('a', function() assert.denies({ user = 'alice', profile = 'dev' }) end)\n");
  assert_ok(snt_spec_run(path, &options, &problems, NULL));
  assert_int_equal(none.count, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cases_are_run_one_by_one),
      cmocka_unit_test(a_case_that_kills_its_evaluator_is_one_failed_case),
      cmocka_unit_test(a_plugin_has_specs_of_its_own),
      cmocka_unit_test(what_does_not_load_is_refused_with_its_place),
      cmocka_unit_test(mutants_are_run_after_cases_that_passed),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
