#include "lua_fixture.h"

/* The stdlib of these tests gives policy code two views: `plain`, and `request` with a shape. */
static const char source[] =
    "local M = {}\n"
    "local content = { a = 1, list = { 10, 20, 30 }, deep = { er = { x = 'y' } } }\n"
    "local fields = { user = { name = true, role = true }, time = true, mfa = { at = true }, device = true,\n"
    "  deep = { er = { x = true } } }\n"
    "local request = { user = { name = 'alice' }, time = 'now', device = 'not a table' }\n"
    "function M.run(text)\n"
    "  local env = host.sandbox_env({ plain = host.readonly(content, { name = 'plain' }),\n"
    "    request = host.readonly(request, { name = 'request', strict = true, fields = fields }) })\n"
    "  local f, why = host.compile(text, '=test', env)\n"
    "  if not f then return 'refused: ' .. why end\n"
    "  local ok, value = host.pcall(f)\n"
    "  content.a = content.a == 1 and 1 or 'changed'\n"
    "  if not ok then return 'error: ' .. host.error_text(value):gsub('^test:1: ', '') end\n"
    "  return tostring(value)\n"
    "end\n"
    "function M.failed(class, what) return class .. ':' .. what end\n"
    "return M\n";

static const struct snt_stdlib_module modules[] = {{"sentinel.init", source, sizeof source - 1}};

static struct snt_vm *new_vm(void) {
  struct snt_vm *vm = NULL;
  struct snt_err err = {0};
  if (!snt_ok(snt_vm_new_with((struct snt_stdlib){modules, 1}, &vm, &err))) {
    fail_msg("%s", err.message);
  }
  return vm;
}

struct row {
  const char *text, *wanted;
};

static void expect_all(const struct row *rows, size_t n) {
  SNT_VM_AUTO struct snt_vm *vm = new_vm();
  for (size_t i = 0; i < n; i++) {
    fixture_expect(vm, rows[i].text, rows[i].wanted);
  }
}

static void views_cannot_be_changed(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"plain.a = 2", "error: plain is read-only: \"a\" cannot be set"},
      {"plain.new = 2", "error: plain is read-only: \"new\" cannot be set"},
      {"plain.list[1] = 2", "error: plain.list is read-only: 1 cannot be set"},
      {"plain.list[4] = 2", "error: plain.list is read-only: 4 cannot be set"},
      {"plain.deep.er.x = 2", "error: plain.deep.er is read-only: \"x\" cannot be set"},
      {"table.insert(plain.list, 1)", "error: *"},
      {"table.remove(plain.list)", "error: *"},
      {"table.sort(plain.list, function(a, b) return a > b end)", "error: *"},
      {"request.time = 1", "error: *"},
      {"request.user.name = 'root'", "error: *"},
      {"for k, v in pairs(plain) do if k == 'list' then v[1] = 0 end end", "error: *"},
      {"string.upper = nil", "error: *"},
      {"for k in pairs(string) do string[k] = nil end", "error: *"},
      {"return plain.a", "1"},
  };
  expect_all(rows, sizeof rows / sizeof rows[0]);
}

static void views_can_be_read_as_tables(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"return plain.a", "1"},
      {"return plain.absent", "nil"},
      {"return #plain.list", "3"},
      {"return rawlen(plain.list)", "3"},
      {"return table.concat(plain.list, ',')", "10,20,30"},
      {"return select('#', table.unpack(plain.list))", "3"},
      {"local s = '' for i, v in ipairs(plain.list) do s = s .. i .. v end return s", "110220330"},
      {"local s = '' for k in pairs(plain) do s = s .. k .. ' ' end return s", "a deep list "},
      {"return ('a b'):gsub('%w+', plain.deep.er)", "a b"},
      {"return ('x'):gsub('x', plain.deep.er)", "y"},
      {"return type(plain)", "table"},
      {"return rawequal(plain.list, plain.list)", "true"},
  };
  expect_all(rows, sizeof rows / sizeof rows[0]);
}

static void a_shape_tells_absent_fields_from_misspelt_ones(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"return request.tmie", "error: request has no field \"tmie\"; did you mean \"time\"?"},
      {"return request.user.nme", "error: request.user has no field \"nme\"*"},
      {"return request.zzzzzzzz", "error: request has no field \"zzzzzzzz\""},
      {"return request[1]", "error: request has no field 1"},
      {"return request.mfa.att", "error: attempt to read field \"att\" of a nil value; request.mfa is absent, and has "
                                 "no such field; did you mean "
                                 "\"at\"?"},
      {"return request.mfa.zzzzz",
       "error: attempt to read field \"zzzzz\" of a nil value; request.mfa is absent, and has no such field"},
      {"return request.mfa[1]",
       "error: attempt to read field 1 of a nil value; request.mfa is absent, and has no such field"},
      {"return request.user.name", "alice"},
      {"return request.user.role", "nil"},
      {"return request.mfa", "nil"},
      {"return request.mfa.at", "nil"},
      {"local x return x.at", "error: attempt to read field \"at\" of a nil value"}, /* of a row before */
      {"local x return x.anything", "error: attempt to read field \"anything\" of a nil value"},
      {"return request.time.at.all", "error: *"},
  };
  expect_all(rows, sizeof rows / sizeof rows[0]);
}

#define OTHER "error: attempt to read field \"at\" of a nil value; if it is request.mfa, which is absent, *"

/* A nil that policy made itself is a mistake, which has to deny: whatever was absent in the request before. */
static void nothing_is_read_of_a_nil_that_is_not_the_requests(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"return request.mfa.at == nil", "true"},
      {"return request['mfa']['at']", "nil"},
      {"local key = 'at' return request.mfa[key]", "nil"},
      {"local r = request return (function() return r.mfa.at end)()", "nil"},
      {"local mfa = request.mfa return mfa.at", "nil"},
      {"for i = 1, 3000 do if request.mfa.at then return 'odd' end end return 'fine'", "fine"},
      {"return request.deep.er.x", "nil"},
      {"return request.deep.er.y",
       "error: attempt to read field \"y\" of a nil value; request.deep.er is absent, and has no such field*"},
      {"return request.deep.er.x.at", "error: *"},
      {"return request.mfa:at()", "error: attempt to call a nil value (method 'at')"},
      /* Another nil, later. */
      {"local o if request.mfa then return 'odd' end return o.at", OTHER},
      {"local o = {} return request.mfa == nil and o.mfa.at", OTHER},
      {"local o = {} local at = request.mfa.at return o.mfa.at", OTHER},
      {"local mfa = request.mfa local x = 1 return mfa.at",
       "error: attempt to read field \"at\" of a nil value; if it is request.mfa, which is absent, read request.mfa.at "
       "in one expression: that is nil"},
      {"local function at(mfa) return mfa.at end return at(request.mfa)", OTHER},
      {"return request.mfa == nil and (function() local o return o.at end)()", OTHER},
      /* Another nil, in the very next instruction. */
      {"local o return request.mfa == o.at", OTHER},
      {"local o local mfa = request.mfa return o.at", OTHER},
      {"local o local key = 'at' return request.mfa == o[key]", OTHER},
      {"local o return request.mfa == o:at()", OTHER},
      {"local o return (function() return request.mfa == o.at end)()", OTHER},
      {"local o local at = request.mfa.at return request.mfa == o.at", OTHER},
      {"local o local r = request return (function() if o then return 1 end return r.mfa == o.at end)()", OTHER},
      {"local o = {} return request.mfa == o.mfa.at", OTHER},
      /* In another call. */
      {"local mfa = request.mfa local o return select(2, pcall(function() return o.at end))",
       "test:1: attempt to read field \"at\" of a nil value"},
      {"return pcall(function() return request.mfa.at end)", "true"},
  };
  expect_all(rows, sizeof rows / sizeof rows[0]);
}

static void stepping_costs_fuel(void **state) {
  (void)state;
  static const char text[] = "for i = 1, 5000 do local mfa = request.mfa end";
  SNT_VM_AUTO struct snt_vm *vm = new_vm();
  SNT_BUF_AUTO struct snt_buf reply = {0};
  assert_int_equal(fixture_run(vm, text, sizeof text - 1, FIXTURE_FUEL, &reply), SNT_VM_FUEL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(views_cannot_be_changed),
      cmocka_unit_test(views_can_be_read_as_tables),
      cmocka_unit_test(a_shape_tells_absent_fields_from_misspelt_ones),
      cmocka_unit_test(nothing_is_read_of_a_nil_that_is_not_the_requests),
      cmocka_unit_test(stepping_costs_fuel),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
