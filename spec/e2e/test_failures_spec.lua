--- What `sentinel test` does with specs that are broken: each is told with its place and a remedy,
-- ends the run with the status that is its due, and keeps no other spec from being run.
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local settings = require "spec.support.settings"
local world = require "spec.support.world"

local POLICY = 'version: "1"\nrules:\n  - {name: day, effect: allow, conditions: {users: [alice]}}\n'
local TABLE = "suite: dev\npolicy: dev.yaml\n"
local CASE = "cases:\n  - {name: x, request: {user: alice, profile: dev}, expect: {effect: allow}}\n"

describe("sentinel test, with a broken spec,", function()
  local home

  before_each(function()
    home = world.new {}
    home:write("policies/dev.yaml", POLICY)
    home:write("policies/other.yaml", POLICY)
    home:write("policies/other_spec.lua", "it('is run all the same', function() assert.allows({ user = 'alice', profile = 'dev' }) end)")
  end)

  after_each(function()
    home:remove()
  end)

  local function run(...)
    return home:run({ "test", ... })
  end

  -- Whether the other spec passed, whatever is wrong with this one.
  local function check_other(document)
    local found = false
    for _, case in ipairs(document.tests) do
      found = found or case.name == "is run all the same" and case.status == "passed"
    end
    assert.is_true(found)
  end

  -- {what, text, line, message, hint}: the spec does not load.
  local refused = {
    { "a syntax error", "it('a', function()\n  local x = = 1\nend)", 2, "unexpected symbol near '='", "" },
    { "an end that is missing", "it('a', function()\n", 2, "'end' expected", "" },
    { "an endless loop outside of cases", "while true do end", 1, "loading spends more fuel than a spec may",
      "make the spec shorter" },
    { "an endless loop that catches", "while true do pcall(error) end", 1, "more fuel than a spec may", "make the spec" },
    { "one instruction without end", "local a = (' '):rep(1000000) .. '1'\nwhile true do local _ = a + 1 end", 1,
      "loading takes more than 5 s", "" },
    { "all memory", "local t = {}\nfor i = 1, 1e9 do t[i] = ('x'):rep(100000) .. i end", 1, "more memory than a spec may",
      "make the spec shorter" },
    { "print outside of cases", "\nprint('x')", 2, 'global "print" does not exist', "a spec prints nothing" },
    { "require outside of cases", "local s = require 'sentinel'", 1, 'global "require" does not exist',
      "a spec requires nothing" },
    { "os outside of cases", "os.execute('id')", 1, 'global "os" does not exist', "sandbox" },
    { "an error outside of cases", "\n\nerror('no')", 3, "no", "" },
    { "a table that looks like a failure", "error({ is_failure = true, message = 'm', line = {} })", 1,
      "error value is a table", "" },
    { "a failure that was changed", "local _, e = pcall(it, 5) _, e = pcall(assert.equal, 1, 2)\ne.line, e.message = {}, {}\nerror(e, 0)",
      1, "wanted 1, got 2", "" },
    { "bytecode", "\27Lua", 1, "this is bytecode", "" },
    { "bytes", "\0\1\2\255", 1, "unexpected symbol", "" },
    { "a case without a function", "it('a')", 1, "it wants a name and a function", "" },
    { "a policy that is not there", "it('a', function() end)\npolicy('nope.yaml')\nit('b', function() end)", 3,
      "there is no policy policies/nope.yaml", "in its own folder or below it" },
    { "a policy elsewhere", "policy('../x.yaml')\nit('a', function() end)", 2, "is no file beside the spec", "" },
    { "more than 20,000 cases", "for i = 1, 20001 do it('a', function() end) end", 1, "at most 20000 cases", "" },
    { "more than 2 MiB", ("-"):rep(2048 * 1024 + 1), 1, "the spec is larger than 2097152 bytes", "split it" },
  }
  for _, row in ipairs(refused) do
    it("ends with 5 for " .. row[1], function()
      home:write("policies/dev_spec.lua", row[2])
      local document = expect.json(run("--json"), 5)
      check_other(document)
      local problem = assert(document.problems[1])
      assert.are.equal("policies/dev_spec.lua:" .. row[3], problem.file .. ":" .. math.tointeger(problem.line), problem.message)
      assert.is_truthy(problem.message:find(row[4], 1, true), problem.message)
      assert.is_truthy(problem.hint:find(row[5], 1, true), problem.hint)
      local result = run()
      expect.status(result, 5)
      assert.is_truthy(result.stdout:find("\npolicies/dev_spec.lua:" .. row[3] .. ":1: ", 1, true), result.stdout)
      assert.is_truthy(result.stderr:find("1 of 2 specs cannot be run", 1, true), result.stderr)
    end)
  end

  local refused_tables = {
    { "nothing", "", 1, "there is nothing in this file", "" },
    { "no cases", TABLE, 1, "neither cases nor a matrix", "write cases" },
    { "an unknown key", TABLE .. "case: []\n" .. CASE, 3, 'unknown key "case" in the suite; did you mean "cases"?', "allowed: suite" },
    { "an unknown key of a case", TABLE .. "cases:\n  - {name: x, request: {user: a, profile: dev}, expct: {effect: deny}}\n", 4,
      'unknown key "expct" in the case; did you mean "expect"?', "allowed: " },
    { "a key twice", TABLE .. "suite: again\n" .. CASE, 3, 'duplicate key "suite"; it is on line 1 too', "" },
    { "a name twice", TABLE .. CASE .. "  - {name: x, request: {user: bob, profile: dev}, expect: {effect: deny}}\n", 5,
      'duplicate case "x"; it is on line 4 too', "a name of its own" },
    { "an instant twice", TABLE .. "cases:\n  - name: x\n    request: {user: bob, profile: dev}\n    at:\n"
      .. ("      - {now: 2026-01-14T16:00:00Z, effect: deny}\n"):rep(2), 8,
      'duplicate case "x @ 2026-01-14T16:00:00Z"; it is on line 7 too', "a name of its own" },
    { "a case that is called as a cell", TABLE .. "matrix: {users: [bob], profiles: [dev]}\ncases:\n  - {name: matrix bob dev, "
      .. "request: {user: bob, profile: dev}, effect: deny}\n", 5, 'duplicate case "matrix bob dev"; it is on line 3 too', "" },
    { "a user twice in the matrix", TABLE .. "matrix:\n  profiles: [dev]\n  users:\n    - bob\n    - alice\n    - bob\n", 8,
      'duplicate "bob" in matrix.users; it is on line 6 too', "name each once" },
    { "a profile twice in the matrix", TABLE .. "matrix:\n  profiles: [dev, \"dev\"]\n  users: [bob]\n", 4,
      'duplicate "dev" in matrix.profiles; it is on line 4 too', "name each once" },
    { "cases that are no list", TABLE .. "cases: {a: 1}\n", 3, "cases has to be a list", "" },
    { "a request that is a list", TABLE .. "cases:\n  - {name: x, request: [a], expect: {effect: deny}}\n", 4,
      "request has to be a mapping, not a list", "write {user: alice" },
    { "a request that is a word", TABLE .. "cases:\n  - {name: x, request: alice, expect: {effect: deny}}\n", 4,
      "request has to be a mapping, not", "write {user: alice" },
    { "defaults that are a word", TABLE .. "defaults: cli\n" .. CASE, 3, "defaults has to be a mapping", "write {user: alice" },
    { "places that are a list", TABLE .. "mocks:\n  geoip: [x]\n" .. CASE, 4, "geoip has to be a mapping", "" },
    { "grants that are a word", TABLE .. "mocks:\n  history: x\n" .. CASE, 4, "history has to be a mapping", "" },
    { "parameters that are a word", TABLE .. "mocks:\n  http: [{need: q, params: x}]\n" .. CASE, 4, "params has to be", "" },
    { "a verdict that is none", TABLE .. "mocks:\n  plugins: {p: [{returns: maybe}]}\n" .. CASE, 4,
      "has to be true, false, error or timeout", "" },
    { "a field that a request has not", TABLE .. "cases:\n  - {name: x, request: {usr: a}, expect: {effect: deny}}\n", 4,
      'a request has no field "usr"; did you mean "user"?', "" },
    { "an effect that is none", TABLE .. "cases:\n  - {name: x, request: {user: a, profile: dev}, expect: {effect: yes}}\n", 4,
      "effect", "" },
    { "two effects that are expected", TABLE
      .. "cases:\n  - {name: x, request: {user: a, profile: dev}, effect: deny, expect: {effect: allow}}\n", 4,
      'case "x" expects effect twice: in the case and in expect', "leave one of them out" },
    { "nothing that is expected", TABLE .. "cases:\n  - {name: x, request: {user: a, profile: dev}}\n", 4, "expects nothing",
      "write expect" },
    { "a rule that is not there", TABLE .. "cases:\n  - {name: x, request: {user: a, profile: dev}, expect: {rule: dya}}\n", 4,
      'the policy has no rule "dya"; did you mean "day"?', "" },
    { "a plugin that is not there", TABLE .. "mocks:\n  plugins: {oncall: [{returns: true}]}\n" .. CASE, 4,
      'names "oncall", and there is no such plugin', "a plugin needs a bundle" },
    { "a question that is not there", TABLE .. "mocks:\n  http: [{need: q}]\n" .. CASE, 4, "no plugin has", "a plugin needs" },
    { "a policy that is not there", "suite: dev\npolicy: nope.yaml\n" .. CASE, 4, "there is no policy policies/nope.yaml",
      "in its own folder" },
    { "a file that is not there", TABLE .. "mocks:\n  http: [{need: q, json_file: no.json}]\n" .. CASE, 1,
      "json_file: policies/no.json: No such file", "" },
    { "bytes that are not UTF-8", 'suite: "a\255"\npolicy: dev.yaml\n', 1, "not valid UTF-8", "" },
    { "bytes", "\0\1\2\255", 1, "not valid UTF-8", "" },
    { "a tag", TABLE .. "cases: !!python/object:os.system []\n", 3, "", "" },
  }
  for _, row in ipairs(refused_tables) do
    it("ends with 5 for a table with " .. row[1], function()
      home:write("policies/dev_spec.yaml", row[2])
      local document = expect.json(run("--json"), 5)
      check_other(document)
      local problem = assert(document.problems[1])
      assert.are.equal("policies/dev_spec.yaml:" .. row[3], problem.file .. ":" .. math.tointeger(problem.line), problem.message)
      assert.is_truthy(#problem.message > 0 and problem.message:find(row[4], 1, true), problem.message)
      assert.is_truthy(problem.hint:find(row[5], 1, true), problem.hint)
    end)
  end

  -- {what, body of the case, status, message}: the case fails, at its line 2.
  local failed = {
    { "spends much", "local s = ('x'):rep(500000) while true do s:find('y', 1, true) end", 1,
      "more fuel than a case may (10,000,000 units): look for a loop, or split it" },
    { "spends much and catches", "local s = ('x'):rep(500000) while true do pcall(s.find, s, 'y', 1, true) end", 1,
      "more fuel" },
    { "loops", "while true do end", 1, "" }, -- fuel, or time on a slow machine
    { "loops and catches", "while true do pcall(error) end", 1, "" },
    { "loops in a pattern", "local s = ('a'):rep(100000) for _ = 1, 1e6 do s:find('(a*)*b') end", 1, "" },
    { "calls itself", "local function f() return 1 + f() end f()", 1, "" },
    { "takes all memory", "local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(100000) .. i end", 1, "" },
    { "takes it and catches", "pcall(function() local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(100000) .. i end end)", 1, "" },
    { "prints", "print('x')", 1, "a spec prints nothing" },
    { "reaches for io", "io.open('/etc/passwd')", 1, "; specs run in the sandbox" },
    { "reaches for os", "os.execute('id')", 1, "sandbox" },
    { "compiles text", "load('x')()", 1, "sandbox" },
    { "requires", "require 'os'", 1, "a spec requires nothing" },
    { "changes what all texts have", "getmetatable('').__index = nil", 1, "sandbox" },
    { "asks for its environment", "return _G", 1, "sandbox" },
    { "changes a text's methods", "string.upper = nil", 1, "" },
    { "writes a table of the runner", "assert.allows = nil", 1, "read-only" },
    { "names a rule that is not there", "assert.allows({ user = 'alice', profile = 'dev' }, 'dya')", 5, 'did you mean "day"?' },
    { "names a field that is not there", "assert.allows({ user = 'alice', profil = 'x' })", 5, 'did you mean "profile"?' },
    { "names a plugin that is not there", "mock.plugin('oncall', true)", 5, 'names "oncall", and there is no such plugin' },
    { "decides on a list", "assert.allows({ 'alice' })", 5, "a request is made of fields" },
    { "decides on a word", "assert.allows('alice')", 5, "a request is a table, not the text" },
    { "raises no text", "error({})", 1, "error value is a table" },
    { "raises what looks like a failure", "error({ is_failure = true, message = {}, line = 0/0 })", 1, "error value is a table" },
    { "changes what a check raised", "local _, e = pcall(assert.equal, 1, 2) e.line, e.message = {}, {} error(e, 0)", 1,
      "wanted 1, got 2" },
    { "raises a place that is none", "error('a:99999999999999999999: x', 0)", 1, "a:99999999999999999999: x" },
    { "shows a table's address", "assert.equal({ [{}] = {} }, 2)", 1, "wanted { table = {  } }, got 2" },
    { "shows a function's address", "assert.same({ [string.rep] = 1 }, 2, string.rep)", 1, "function: wanted { function = 1 }, got 2" },
    { "reads its mocks by a table", "return mock[{}]", 1, 'mock has no "table"' },
    { "says a table", "assert(false, {})", 1, "table" },
    { "raises what a terminal obeys", "error('\27[2J', 0)", 1, "?[2J" },
    { "raises bytes", "error('\255', 0)", 1, "?" },
  }
  for _, row in ipairs(failed) do
    it(("ends with %d when a case %s"):format(row[3], row[1]), function()
      home:write("policies/dev_spec.lua", ("it('first', function()\n%s end)\nit('second', function() end)\n"):format(row[2]))
      local document = expect.json(run("--json"), row[3])
      check_other(document)
      assert.are.equal("failed", document.tests[1].status)
      assert.are.equal("passed", document.tests[2].status)
      local message = document.tests[1].message
      assert.is_truthy(message:find(row[4], 1, true), message)
      assert.is_true(document.tests[1].line == 1 or document.tests[1].line == 2)
    end)
  end

  -- {what, how it comes to be, arguments, status, tap, junit's head, junit's case, GitHub's line}
  local untested = {
    { "a spec that does not load", function() home:write("policies/z_spec.yaml", "suite: [\n") end, {}, 5,
      "\nnot ok 2 - policies/z_spec.yaml: did not find expected node content while parsing a flow node\n# line 2\n1..2\n",
      'tests="2" failures="0" errors="1" skipped="0">', '<testsuite name="policies/z_spec.yaml" tests="1" failures="0" '
      .. 'errors="1" skipped="0">\n    <testcase name="policies/z_spec.yaml:2:1" classname="policies/z_spec.yaml" '
      .. 'file="policies/z_spec.yaml" line="2"><error message='
      .. '"did not find expected node content while parsing a flow node"/></testcase>\n',
      "::error file=policies/z_spec.yaml,line=2::did not find expected node content while parsing a flow node\n" },
    { "a rule that no case reaches", function()
      home:write("policies/other.yaml", POLICY .. "  - {name: eve, effect: deny, conditions: {users: [eve]}}\n")
    end, { "--min-rule", "100" }, 1, "\nnot ok 2 - --min-rule: 50 percent, and 100 are wanted\n1..2\n",
      'tests="2" failures="1" errors="0" skipped="0">', '<testcase name="--min-rule" classname="gates"><failure message='
      .. '"--min-rule: 50 percent, and 100 are wanted"/></testcase>\n',
      "::error::--min-rule: 50 percent, and 100 are wanted\n" },
    { "several gates that are missed", function() end, { "--mutate", "--min-mutation", "100", "--min-condition", "100" }, 1,
      "\n1..4\n", 'tests="4" failures="3" errors="0" skipped="0">', '<testcase name="--mutate" classname="gates"><failure '
      .. 'message="2 changes that widen access were seen by no test"/></testcase>\n',
      "::error::2 changes that widen access were seen by no test\n" },
    { "no case", function() end, { "--filter", "nothing" }, 1, "\nnot ok 1 - no test was found\n1..1\n",
      'tests="1" failures="1" errors="0" skipped="0">', '<failure message="no test was found"/>', "::error::no test was found\n" },
  }
  for _, row in ipairs(untested) do
    it("says in every format that the run failed for " .. row[1], function()
      row[2]()
      local args = { "--report", "junit=r.xml", "--report", "tap=r.tap", "--format", "github", table.unpack(row[3]) }
      local result = run(table.unpack(args))
      expect.status(result, row[4])
      assert.is_truthy(result.stdout:find(row[8], 1, true), result.stdout)
      local tap, xml = home:read("r.tap"), home:read("r.xml")
      assert.is_truthy(tap:find(row[5], 1, true), tap)
      assert.is_truthy(xml:find('<testsuites name="sentinel" ' .. row[6], 1, true), xml)
      assert.is_truthy(xml:find(row[7], 1, true), xml)
      local counted = expect.done(process.python { "-c", [[import sys, xml.etree.ElementTree as e
root = e.parse(sys.argv[1]).getroot()
print([root.attrib[k] == str(sum(int(s.attrib[k]) for s in root)) == str(len(root.findall(".//" + p)))
       for k, p in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))])
]], home.home .. "/r.xml" })
      assert.are.equal("[True, True, True, True]\n", counted)
    end)
  end

  it("shows what is no text as a mark, in names too", function()
    home:write("policies/dev_spec.lua", "it('a\255\27', function() end)\n")
    assert.are.equal("a??", expect.json(run("--json")).tests[1].name)
  end)

  it("ends with 1 for a spec without cases, an empty folder, and cases that are all skipped", function()
    home:write("policies/dev_spec.lua", "-- nothing yet\n")
    local result = run("policies/dev_spec.lua")
    expect.status(result, 1)
    assert.is_truthy(result.stderr:find("no test was found", 1, true))
    files.make_folder(home.home .. "/empty")
    expect.status(run("empty"), 1)
    home:write("policies/dev_spec.lua", "pending('later')")
    expect.status(run("policies/dev_spec.lua"), 1)
    expect.status(run("--filter", "no such name"), 1)
  end)

  it("ends with 2 for a path that is not there, or is no spec", function()
    expect.refused(run("nowhere"), 2, "there is no nowhere")
    expect.refused(run("policies/dev.yaml/x"), 2, "there is no policies/dev.yaml/x", "sentinel test PATH")
    expect.refused(run("policies/dev.yaml"), 2, "is no spec", "_spec.lua")
    expect.refused(run("policies", "nowhere"), 2, "there is no nowhere")
    home:write("policies/a\255_spec.lua", "it('a', function() end)")
    expect.refused(run(), 2, "not printable UTF-8", "another name")
  end)

  it("ends with 5 where more than one policy has the spec's name", function()
    home:write("policies/dev_spec.lua", "it('x', function() end)")
    home:write("policies/dev/notes.txt", "") -- no bundle
    expect.done(run())
    for _, other in ipairs { "dev.lua", "dev.yml", "dev/bundle.yaml" } do
      home:write("policies/" .. other, "")
      local document = expect.json(run("--json"), 5)
      check_other(document)
      local problem = document.problems[1]
      assert.are.equal("policies/dev_spec.lua", problem.file)
      assert.are.equal("there is both policies/dev.yaml and policies/" .. other:gsub("/bundle.yaml", "") .. " beside it",
        problem.message)
      assert.is_truthy(problem.hint:find("policy(", 1, true))
      home:write("policies/dev_spec.lua", "policy('dev.yaml')\nit('x', function() end)")
      expect.done(run())
      home:write("policies/dev_spec.lua", "it('x', function() end)")
      os.remove(home.home .. "/policies/" .. other)
    end
  end)

  -- {what, how it is made, message}
  local unreadable = {
    { "a link that leads nowhere", "ln -s nowhere dev_spec.lua", "cannot be read: No such file" },
    { "a link to itself", "ln -s dev_spec.lua dev_spec.lua", "cannot be read: Too many levels" },
    { "a pipe", "mkfifo dev_spec.lua", "is not a regular file" },
  }
  for _, row in ipairs(unreadable) do
    it("ends with 5 for " .. row[1], function()
      assert(os.execute("cd " .. files.quote(home.home .. "/policies") .. " && " .. row[2]))
      local document = expect.json(run("--json"), 5)
      check_other(document)
      assert.are.equal("policies/dev_spec.lua", document.problems[1].file)
      assert.is_truthy(document.problems[1].message:find("^the spec .*" .. row[3]), document.problems[1].message)
    end)
  end

  it("follows no links to folders, and ends where they go round", function()
    assert(os.execute("cd " .. files.quote(home.home .. "/policies") .. " && ln -s . round && ln -s ../policies up"))
    assert.are.equal(1, expect.json(run("--json")).passed)
    assert.are.equal(1, expect.json(run("--json", "policies/round/up")).passed)
    assert(os.execute("ln -s self " .. files.quote(home.home .. "/self")))
    expect.refused(run("self"), 2, "cannot be looked at")
  end)

  it("runs a spec once that several paths name, and a link to one with the policy beside the link", function()
    home:write("policies/dev_spec.lua", "it('a', function() end)")
    -- {what names them, the files in the order in which they are run}
    for _, row in ipairs {
      { { "policies", "policies/dev_spec.lua" }, "policies/dev_spec.lua policies/other_spec.lua" },
      { { "policies/other_spec.lua", "policies", "./policies/" }, "policies/other_spec.lua policies/dev_spec.lua" },
      { { "policies/dev_spec.lua", home.home .. "/policies/../policies/dev_spec.lua" }, "policies/dev_spec.lua" },
      { { ".", "policies" }, "./policies/dev_spec.lua ./policies/other_spec.lua" },
    } do
      local document, found = expect.json(run("--json", table.unpack(row[1]))), {}
      for i, case in ipairs(document.tests) do
        found[i] = case.file
      end
      assert.are.equal(row[2], table.concat(found, " "))
      assert.are.equal(#found, math.tointeger(document.passed))
    end
    home:write("more/dev.yaml", POLICY)
    assert(os.execute("ln -s ../policies/dev_spec.lua " .. files.quote(home.home .. "/more/dev_spec.lua")))
    assert.are.equal(2, expect.json(run("--json", "more", "policies/dev_spec.lua", "more/dev_spec.lua")).passed)
    home:write("policies/" .. ("d/"):rep(17) .. "deep_spec.lua", "it('is too deep', function() end)")
    assert.are.equal(1, #expect.json(run("--json", "policies", "./policies/"), 5).problems)
  end)

  it("says of a folder that it is too deep to be looked into", function()
    home:write("policies/" .. ("d/"):rep(16) .. "deep_spec.lua", "policy('x.yaml')\nit('is deep', function() end)")
    home:write("policies/" .. ("d/"):rep(16) .. "x.yaml", POLICY)
    assert.are.equal(2, expect.json(run("--json")).passed)
    home:write("policies/" .. ("d/"):rep(17) .. "deep_spec.lua", "it('is too deep', function() end)")
    local document = expect.json(run("--json"), 5)
    check_other(document)
    assert.is_truthy(document.problems[1].message:find("more than 16 folders deep", 1, true))
  end)

  it("goes on past what this user may not read", function()
    local function as_nobody(command)
      local whole = ("cd %s && env -i HOME=/nonexistent setpriv --reuid 65534 --regid 65534 --clear-groups %s test %s")
        :format(files.quote(home.home), files.quote(settings.bin), command)
      local pipe = assert(io.popen(whole .. " 2>&1; echo $?"))
      local text = pipe:read("a")
      pipe:close()
      return text
    end
    if not os.execute("setpriv --reuid 65534 --regid 65534 --clear-groups true 2>/dev/null") then
      return pending(settings.skipped("only root can become another user"))
    end
    home:write("policies/dev_spec.lua", "it('a', function() end)", "0000")
    assert(os.execute(("chmod 755 %s; chmod -R a+rX %s"):format(files.quote(home.folder), files.quote(home.home))))
    assert(os.execute("chmod 000 " .. files.quote(home.home .. "/policies/dev_spec.lua")))
    local text = as_nobody("policies")
    assert.is_truthy(text:find("ok    is run all the same", 1, true), text)
    assert.is_truthy(text:find("policies/dev_spec.lua:1:1: the spec cannot be read: Permission denied", 1, true), text)
    assert.is_truthy(text:find("\n5\n$"), text)
    files.make_folder(home.home .. "/policies/closed")
    assert(os.execute("chmod 000 " .. files.quote(home.home .. "/policies/closed")))
    text = as_nobody("policies")
    assert.is_truthy(text:find("policies/closed:1:1: the folder cannot be listed: Permission denied", 1, true), text)
    assert.is_truthy(text:find("2 of 3 specs cannot be run", 1, true), text)
  end)
end)
