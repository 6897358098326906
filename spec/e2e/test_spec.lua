--- sentinel test: specs in the sandbox, decided by the evaluator that decides everything else.
local bundle = require "spec.support.bundle"
local expect = require "spec.support.expect"
local process = require "spec.support.process"
local world = require "spec.support.world"

local POLICY = [[
version: "1"
groups: {ops: [alice, "role/Ops/*"]}
rules:
  - {name: no-root, effect: deny, conditions: {users: [root]}}
  - name: day
    effect: allow
    conditions: {profiles: [dev], groups: [ops], time: {hours: {start: "09:00", end: "17:00"}}}
  - {name: ask, effect: require_approval, conditions: {profiles: [prod]}}
  - {name: paged, effect: allow, conditions: {profiles: [paged], source_ip: [10.0.0.0/8]}}
]]

local GOOD = [[
describe("dev", function()
  before_each(function() freeze("2026-01-19T10:00:00Z") end)

  it("opens in the day", function()
    assert.allows({ user = "alice", profile = "dev" }, "day")
    assert.allows({ user = "role/Ops/x", profile = "dev" }, "day")
    assert.allows({ user = { name = "alice", kind = "user" }, profile = "dev" })
  end)

  context("at night", function()
    before_each(function() freeze("2026-01-19T17:00:00Z") end)
    it("is closed", function()
      assert.denies({ user = "alice", profile = "dev" }, { rule = "day", failed = "time.hours" })
    end)
  end)

  it("denies root, whatever the hour", function()
    assert.denies({ user = "root", profile = "dev" }, { rule = "no-root" })
  end)

  it("asks", function() assert.requires_approval({ user = "bob", profile = "prod" }, "ask") end)
  it("does not know where", function()
    assert.denies({ user = "bob", profile = "paged" })
    assert.allows({ user = "bob", profile = "paged", source_ip = "10.1.2.3" })
  end)
  it("checks", function()
    assert.equal(1, 1) assert.same({ a = { 1 } }, { a = { 1 } }) assert.not_equal(1, 2)
    assert.is_true(true) assert.is_false(false) assert.is_nil(nil) assert.not_nil(1)
    assert.matches("^a", "abc") assert.near(1, 1.05, 0.1)
    assert.has_error(function() error("x", 0) end, "x")
    assert(true)
  end)
end)
]]

describe("sentinel test", function()
  local home

  before_each(function()
    home = world.new {}
    home:write("policies/dev.yaml", POLICY)
  end)

  after_each(function()
    home:remove()
  end)

  local function run(...)
    return home:run({ "test", ... })
  end

  it("runs what lies below policies/, and says so", function()
    home:write("policies/dev_spec.lua", GOOD)
    local text = expect.done(run())
    assert.is_truthy(text:find("policies/dev_spec.lua\n", 1, true))
    assert.is_truthy(text:find("  ok    dev at night is closed\n", 1, true))
    assert.is_truthy(text:find("6 passed, 0 failed, 0 skipped\n$"))
  end)

  it("tells in JSON and TAP, some of it, or up to the first failure", function()
    home:write("policies/dev_spec.lua", GOOD .. "it('breaks', function() assert.equal(1, 2) end)\nit('last', function() end)\n")
    local document = expect.json(run("--json"), 1)
    assert.are.equal("7 1 0", ("%d %d %d"):format(document.passed, document.failed, document.skipped))
    local failed = document.tests[7]
    assert.are.equal("breaks failed policies/dev_spec.lua", failed.name .. " " .. failed.status .. " " .. failed.file)
    assert.are.equal("wanted 1, got 2", failed.message)
    local line = select(2, GOOD:gsub("\n", "")) + 1
    assert.are.equal(line, failed.line)
    local tap = run("--format", "tap")
    expect.status(tap, 1)
    assert.is_truthy(tap.stdout:find("^TAP version 13\nok 1 %- dev opens"))
    assert.is_truthy(tap.stdout:find(("\nnot ok 7 - breaks\n# policies/dev_spec.lua:%d: wanted 1, got 2\n"):format(line), 1, true))
    assert.is_truthy(tap.stdout:find("\n1..8\n$"))
    assert.are.equal(1, expect.json(run("--json", "--filter", "night"), 0).passed)
    assert.are.equal(6, expect.json(run("--json", "--fail-fast"), 1).passed)
  end)

  it("writes JUnit's XML, GitHub's annotations, and reports into files", function()
    home:write("policies/dev_spec.lua", "it('a <b> & \"c\"', function() assert.equal('<', '>') end)\n"
      .. "it('d: e', function() assert.equal('50%', 2) end)\npending('f')\nit('g', function() end)\n")
    local github = run("--format", "github", "--report", "junit=r.xml", "--report", "tap=r.tap")
    expect.status(github, 1)
    assert.is_truthy(github.stdout:find(
      "::error file=policies/dev_spec.lua,line=2,title=d%3A e::wanted \"50%25\", got 2\n", 1, true), github.stdout)
    assert.is_truthy(github.stdout:find("1 passed, 2 failed, 1 skipped\n$"))
    local xml = home:read("r.xml")
    assert.is_truthy(xml:find('tests="4" failures="2" errors="0" skipped="1">', 1, true), xml)
    assert.is_truthy(xml:find('name="a &lt;b&gt; &amp; &quot;c&quot;" classname="policies/dev_spec.lua"', 1, true), xml)
    assert.is_truthy(xml:find('<failure message="wanted &quot;&lt;&quot;, got &quot;&gt;&quot;"/>', 1, true), xml)
    expect.done(process.run({ "/usr/bin/python3", "-c",
      "import sys, xml.dom.minidom as m; m.parse(sys.argv[1])", home.home .. "/r.xml" }, { environment = {} }))
    assert.is_truthy(home:read("r.tap"):find("\n1..4\n$"))
    expect.refused(run("--report", "r.xml"), 2, "FORMAT=FILE")
    expect.refused(run("--report", "xml=r.xml"), 2, "junit")
    local unwritten = run("--report", "tap=nowhere/r.tap")
    expect.status(unwritten, 6)
    assert.is_truthy(unwritten.stderr:find("^sentinel: nowhere/r.tap: No such file or directory\n"), unwritten.stderr)
    expect.refused(run("--filter", "a", "--filter", "b"), 2, "twice")
  end)

  it("tells what was not covered, and misses gates", function()
    home:write("policies/dev_spec.lua", GOOD)
    local document = expect.json(run("--json", "--coverage"))
    local coverage = document.coverage
    assert.are.equal("4 4 7 5", ("%d %d %d %d"):format(coverage.rules, coverage.rules_matched, coverage.conditions,
      coverage.conditions_seen))
    local told = {}
    for i, point in ipairs(coverage.uncovered) do
      told[i] = ("%s %s %s:%d"):format(point.rule, point.condition, point.missing, point.line)
    end
    assert.are.same({ "day groups never false:7", "paged source_ip never false:9" }, { told[1], told[2] })
    local text = expect.done(run("--coverage"))
    assert.is_truthy(text:find("coverage: 4 of 4 rules matched, 5 of 7 conditions were true and false\n", 1, true), text)
    assert.is_truthy(text:find("dev.yaml:7: day: groups was never false: it was true all 4 times; profiles was false", 1, true), text)
    expect.done(run("--min-rule", "100", "--min-condition", "71"))
    expect.status(run("--min-condition", "72"), 1)
    expect.refused(run("--min-rule", "101"), 2, "0 to 100")
    expect.refused(run("--min-rule", "x"), 2, "0 to 100")
    home:write("policies/dev_spec.lua", "it('a', function() assert.denies({ user = 'root', profile = 'dev' }) end)")
    text = expect.done(run("--coverage"))
    assert.is_truthy(text:find("dev.yaml:1: no request that no rule matches: rule no-root decided the one request\n", 1, true), text)
    assert.is_truthy(text:find(": ask was never reached: rule no-root decided the one request before it\n", 1, true), text)
    expect.status(run("--min-rule", "50"), 1)
    assert.are.same({}, expect.json(run("--json")).coverage)
  end)

  it("ends with 1 when nothing was found, 2 for what is not there, 5 for what does not load", function()
    expect.status(run(), 1)
    expect.refused(run("nowhere"), 2, "nowhere")
    expect.refused(run("policies/dev.yaml"), 2, "_spec.lua")
    expect.refused(run("--format", "xml"), 2, "xml")
    home:write("policies/dev_spec.lua", "describe('x', function() error('no') end)")
    local result = run()
    expect.status(result, 5)
    assert.is_truthy(result.stderr:find("1 of 1 specs cannot be run", 1, true), result.stderr)
    assert.is_truthy(result.stdout:find("policies/dev_spec.lua:1:1: no", 1, true))
    home:write("policies/dev_spec.lua", GOOD)
    home:write("policies/dev.yaml", "version: 2\n")
    expect.status(run(), 5)
  end)

  -- Each is one failed case, and the case after it passes.
  local failures = {
    { "local s = ('x'):rep(500000) while true do s:find('y', 1, true) end", "spends more fuel" },
    { "local s = ('x'):rep(500000) while true do pcall(s.find, s, 'y', 1, true) end", "spends more fuel" },
    { "while true do end", "" }, -- fuel, or time on a slow machine
    { "while true do pcall(error) end", "" },
    { "local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(100) .. i end", "" }, -- memory, or time
    { "local function f() return 1 + f() end f()", "" },
    { "os.execute('id')", 'global "os" does not exist' },
    { "io.open('/etc/passwd')", 'global "io" does not exist' },
    { "require('sentinel.engine')", 'global "require" does not exist' },
    { "assert.nosuch(1)", 'assert has no "nosuch"' },
    { "mock.nosuch(1)", 'mock has no "nosuch"' },
    { "assert.equal = nil", "read-only" },
    { "freeze('tomorrow')", "freeze wants a time" },
    { "policy('dev.yaml')", "stands outside of cases" },
    { "plugin({}, {})", "plugin's own spec" },
    { "error({})", "error value is a table" },
    { "error('a\27[2Jb')", "a?[2Jb" },
  }
  for _, failure in ipairs(failures) do
    it("fails a case that does: " .. failure[1]:gsub("%c", "?"), function()
      home:write("policies/dev_spec.lua", ("it('first', function() %s end)\nit('second', function() end)\n"):format(failure[1]))
      local document = expect.json(run("--json"), 1)
      assert.are.equal("failed", document.tests[1].status)
      assert.is_truthy(document.tests[1].message:find(failure[2], 1, true), document.tests[1].message)
      assert.are.equal("passed", document.tests[2].status)
    end)
  end

  local malformed = {
    { "assert.allows({ user = 'alice', profile = 'dev' }, 'dya')", 'the policy has no rule "dya"; did you mean "day"?' },
    { "assert.denies({ user = 'alice', profile = 'dev' }, { rule = 'nosuch' })", 'the policy has no rule "nosuch"' },
    { "assert.denies({ user = 'alice', profile = 'dev' }, { rul = 'x' })", 'no key "rul"' },
    { "assert.denies({ user = 'bob', profile = 'dev' }, 'day')", 'as a table, such as { rule = "day" }, not the text "day"' },
    { "assert.allows({ user = 'alice', profile = 'dev', justification = 'a\\nb' })", "justification has to be a text of one line" },
    { "assert.allows({ usr = 'alice' })", 'no field "usr"' },
    { "mock.http { need = 'oncalls' }", 'names a question that no plugin has: "oncalls"' },
    { "mock.plugin('oncall', true)", 'names "oncall", and there is no such plugin' },
    { "assert.allows({ user = { nme = 'alice' } })", 'no field "user.nme"' },
    { "assert.allows({ user = 'alice', profile = 'dev', time = 'noon' })", "the request's time has to be a time such as" },
    { "assert.allows('alice')", "a request is a table" },
  }
  for _, row in ipairs(malformed) do
    it("ends with 5 for a name that does not exist: " .. row[1], function()
      home:write("policies/dev_spec.lua", ("it('first', function() %s end)\nit('second', function() end)\n"):format(row[1]))
      local document = expect.json(run("--json"), 5)
      assert.is_truthy(document.tests[1].message:find(row[2], 1, true), document.tests[1].message)
      assert.are.equal("passed", document.tests[2].status)
    end)
  end

  it("starts every case afresh", function()
    home:write("policies/dev_spec.lua", [[
count = 0
for i = 1, 3 do
  it("case " .. i, function()
    count = count + 1
    assert.equal(1, count)
  end)
end
]])
    assert.are.equal(3, expect.json(run("--json"), 0).passed)
  end)

  it("knows the zones that a plugin's spec names", function()
    home:write("plugins/hour/plugin.lua", [[return { name = "hour", version = "1.0.0", api = 1, summary = "x",
      args = { zone = { type = "zone", required = true, description = "x" } }, needs = { request = { "time" } } }]])
    home:write("plugins/hour/init.lua", "local s = require 'sentinel'\nreturn function(args, request)\n"
      .. "return s.time(request.time, args.zone).hour == 11 end\n")
    home:write("plugins/hour/spec/hour_spec.lua", [[
before_each(function() freeze("2026-01-19T10:00:00Z") end)
it("Berlin", function() assert.is_true(plugin({ zone = "Europe/Berlin" }, {})) end)
it("New York", function() assert.is_false(plugin({ zone = "America/New_York" }, {})) end)
]])
    assert.are.equal(2, expect.json(run("plugins/hour", "--json")).passed)
  end)

  it("fails a case that asks what nobody mocked", function()
    local asking = bundle.asking { url = "GET https://a.example/{id}",
      check = "return host.http { 'q', id = args.id }.json.holds" }
    bundle.write(home, { plugins = { probe = { grant = "http: [q], hosts: [a.example]", files = asking } },
      policy = 'version: "1"\nrules:\n  - {name: r, effect: deny, conditions: {probe: {id: x1}}}\n' })
    home:write("bundle_spec.lua", "it('asks', function() assert.denies({ user = 'alice', profile = 'dev' }) end)")
    local document = expect.json(run("bundle_spec.lua", "--json"), 1)
    assert.are.equal('plugin "probe" asks q { id = "x1" }, and no mock.http answers that',
      document.tests[1].message)
  end)

  it("tests bundles with mocks for plugins and for their facts", function()
    local asking = bundle.asking { url = "GET https://a.example/{id}",
      check = "return host.http { 'q', id = args.id }.json.holds" }
    bundle.write(home, { plugins = { probe = { grant = "http: [q], hosts: [a.example]", files = asking } },
      policy = 'version: "1"\nrules:\n  - {name: r, effect: allow, conditions: {probe: {id: x1}}}\n' })
    home:write("bundle_spec.lua", [[
local request = { user = "alice", profile = "dev" }
it("holds", function()
  mock.http { plugin = "probe", need = "q", params = { id = "x1" }, json = { holds = true } }
  assert.allows(request, "r")
end)
it("does not", function()
  mock.http { need = "q", json = { holds = false } }
  assert.denies(request, { rule = "r", failed = "probe" })
end)
it("cannot be asked", function()
  mock.http { need = "q", fault = "reset" }
  assert.denies(request, { error = "fact_unavailable" })
end)
it("answers too late", function()
  mock.http { need = "q", delay = "5s", json = { holds = true } }
  assert.denies(request, { error = "plugin_timeout" })
end)
it("breaks", function()
  mock.http { need = "q", fault = "malformed" }
  assert.denies(request, { error = "fact_unavailable", rule = "r" })
end)
it("is mocked whole", function()
  mock.plugin("probe", { user = "alice", returns = true }, { returns = false })
  assert.allows(request)
  assert.denies({ user = "bob", profile = "dev" })
end)
it("errs", function()
  mock.plugin("probe", "error")
  assert.denies(request, { error = "plugin_error" })
end)
]])
    expect.done(run("bundle_spec.lua"))
  end)
end)
