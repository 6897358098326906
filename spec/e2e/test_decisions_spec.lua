--- What specs can expect of a decision: what it would be elsewhere too, budgets and targets included; and what a spec
-- is told that checks nothing, or the wrong thing.
local bundle = require "spec.support.bundle"
local expect = require "spec.support.expect"
local world = require "spec.support.world"

-- Fuel that is spent in little time, on a slow machine too.
local LOOPS = "local s = ('x'):rep(500000) while true do s:find('y', 1, true) end"
local PIECE = ("'%s'"):format(("x"):rep(100)) -- what is repeated costs fuel by the repetition
local FILLS = ("local t = {} for i = 1, 1e9 do t[i] = (%s):rep(10000) end"):format(PIECE)

local function policy_that(does)
  return ([[
local s = require "sentinel"
return s.policy { version = "1", rules = {
  s.rule "first" { effect = "deny", conditions = { profiles = { "dev" },
    s.check("slow", function(request) if request.user.name == "bob" then %s end return false end) } },
  s.rule "all" { effect = "allow", conditions = {} },
} }
]]):format(does)
end

describe("decisions of specs", function()
  local home

  before_each(function()
    home = world.new {}
  end)

  after_each(function()
    home:remove()
  end)

  local function run(name, text, ...)
    home:write(name, text)
    local result = home:run { "test", name, "--json", ... }
    return expect.json(result, result.status), result.status
  end

  local function check_all(count, document)
    for _, test in ipairs(document.tests) do
      assert.equal("passed", test.status, test.name .. ": " .. tostring(test.message))
    end
    assert.equal(count, document.passed, (document.problems[1] or {}).message)
  end

  -- {what the policy's code takes, how}
  for _, row in ipairs { { "fuel", LOOPS }, { "memory", FILLS } } do
    it(("are denials where a policy's own code takes all %s, as elsewhere"):format(row[1]), function()
      home:write("own.lua", policy_that(row[2]))
      local explained = expect.json(home:run { "explain", "dev", "--user", "bob", "--policy", "own.lua", "--json" })
      assert.equal("budget_exceeded first", explained.error .. " " .. explained.rule)
      assert.equal("check:slow", explained.trace[1].failed)
      assert.is_truthy(explained.trace[1].got:find(row[1], 1, true))
      check_all(2, (run("own_spec.yaml", ([[
suite: own
policy: own.lua
cases:
  - name: bob
    request: {user: bob, profile: dev}
    expect: {effect: deny, rule: first, failed: "check:slow", error: budget_exceeded, rule_index: 0, reason: "%s"}
  - {name: alice, request: {user: alice, profile: dev}, expect: {effect: allow, rule: all}}
]]):format(explained.reason:gsub('"', '\\"')))))
      check_all(2, (run("own_spec.lua", [[
it("bob", function()
  assert.denies({ user = "bob", profile = "dev" }, { rule = "first", failed = "check:slow", error = "budget_exceeded" })
  assert.allows({ user = "alice", profile = "dev" }, "all")
end)
it("alice", function() assert.allows({ user = "alice", profile = "dev" }, "all") end)
]])))
    end)
  end

  it("fail the case that cannot get its memory back, and those that spend what is their own", function()
    home:write("own.lua", (policy_that("for i = 1, 1e9 do kept[i] = (" .. PIECE .. "):rep(10000) end")
      :gsub("return s", "local kept = {}\nreturn s", 1)))
    local document, status = run("own_spec.lua", [[
it("keeps", function() assert.denies({ user = "bob", profile = "dev" }) end)
it("loops", function() assert.allows({ user = "alice", profile = "dev" }) ]] .. LOOPS .. [[ end)
it("fills", function() ]] .. FILLS .. [[ end)
it("is well", function() assert.allows({ user = "alice", profile = "dev" }) end)
]])
    assert.equal(1, status)
    for i, what in ipairs { "memory", "fuel", "memory" } do
      local message = tostring(document.tests[i].message)
      assert.is_truthy(message:find(("it spends more %s than a case may"):format(what), 1, true), message)
    end
    assert.equal("passed", document.tests[4].status)
  end)

  it("of mutants have those budgets too", function()
    home:write("own.lua", policy_that(LOOPS))
    home:write("own_spec.lua", [[
it("bob", function() assert.denies({ user = "bob", profile = "dev" }, { error = "budget_exceeded" }) end)
it("bob elsewhere", function() assert.allows({ user = "bob", profile = "prod" }, "all") end)
it("alice", function() assert.allows({ user = "alice", profile = "dev" }, "all") end)
]])
    local result = home:run { "test", "own_spec.lua", "--mutate", "--json" }
    local document = expect.json(result, result.status)
    for _, survivor in ipairs(document.mutation.survivors) do
      assert.is_nil(survivor.change:find("check", 1, true), survivor.change) -- bob's denial is for that error
    end
    assert.is_true(document.mutation.killed >= 9)
  end)

  local function write_bundle(more)
    bundle.write(home, { more = more, policy = 'version: "1"\nrules:\n'
      .. '  - {name: prod, effect: allow, conditions: {profiles: [prod], roles: [Prod, Other]}}\n'
      .. '  - {name: all, effect: allow, conditions: {profiles: [dev]}}\n' })
  end

  it("deny roles that are not among a bundle's targets", function()
    write_bundle('targets: {prod: ["arn:aws:iam::*:role/Prod"], "d*": ["arn:aws:iam::123456789012:role/*"]}')
    home:write("r.json", '{"user": "alice", "profile": "prod", "role_arn": "arn:aws:iam::123456789012:role/Other"}')
    local explained = expect.json(home:run { "explain", "--request", "r.json", "--json" })
    assert.equal("target_mismatch", explained.error)
    check_all(5, (run("t_spec.yaml", ([[
suite: t
policy: bundle/
defaults: {user: alice}
cases:
  - {name: bound, request: {profile: prod, role_arn: "arn:aws:iam::123456789012:role/Prod"}, expect: {effect: allow, rule: prod}}
  - name: not bound
    request: {profile: prod, role_arn: "arn:aws:iam::123456789012:role/Other"}
    expect: {effect: deny, error: target_mismatch, rule: "", rule_index: -1, reason: "%s"}
  - {name: of no target, request: {profile: x, role_arn: "arn:aws:iam::123456789012:role/Prod"}, expect: {error: target_mismatch}}
  - {name: by pattern, request: {profile: dev, role_arn: "arn:aws:iam::123456789012:role/Dev"}, expect: {effect: allow}}
  - {name: unknown, request: {profile: dev}, expect: {effect: allow}}
]]):format(explained.reason:gsub('"', '\\"')))))
    check_all(1, (run("bundle_spec.lua", [[
it("is not bound", function()
  assert.denies({ user = "alice", profile = "prod", role_arn = "arn:aws:iam::123456789012:role/Other" },
    { error = "target_mismatch", rule = "" })
end)
]])))
  end)

  it("of mutants that only targets hold back count for nothing", function()
    local cases = [[
suite: t
policy: bundle/
defaults: {user: alice}
cases:
  - {name: prod, request: {profile: prod, role_arn: "arn:aws:iam::123456789012:role/Prod"}, expect: {effect: allow}}
  - {name: dev, request: {profile: dev, role_arn: "arn:aws:iam::123456789012:role/Dev"}, expect: {effect: allow}}
  - {name: else, request: {profile: x, role_arn: "arn:aws:iam::123456789012:role/Dev"}, expect: {effect: deny}}
  - {name: other, request: {profile: prod, role_arn: "arn:aws:iam::123456789012:role/X"}, expect: {effect: deny}}
]]
    local function survivors()
      local document = run("t_spec.yaml", cases, "--mutate")
      local told = {}
      for i, survivor in ipairs(document.mutation.survivors) do
        told[i] = survivor.rule .. ": " .. survivor.change
      end
      return table.concat(told, "\n")
    end
    write_bundle('targets: {prod: ["arn:aws:iam::*:role/Prod"], dev: ["arn:aws:iam::123456789012:role/*"]}')
    assert.is_nil(survivors():find("roles: removed", 1, true), survivors())
    cases = cases:gsub("  %- {name: other[^\n]*\n", "")
    write_bundle('targets: {"*": ["arn:aws:iam::*:role/*"]}')
    assert.is_truthy(survivors():find("prod: roles: removed", 1, true), survivors())
  end)

  -- {a case's keys, what is said of it}
  local told = {
    { "rule_index: 5", 'wanted rule_index 5, got rule_index 0 (allow by rule r' },
    { "max_duration: 2h", "wanted max_duration 7200, got max_duration 3600 (allow by rule r" },
    { "reason: x", 'wanted reason "x", got reason "because" (allow by rule r' },
    { 'rule: ""', 'wanted rule "", got rule "r" (allow by rule r' },
    { "error: plugin_timeout", 'wanted error "plugin_timeout", got no error (allow by rule r' },
    { "effect: deny", "wanted effect deny, got allow by rule r" },
  }
  for _, row in ipairs(told) do
    it("are told where they are not as wanted: " .. row[1], function()
      home:write("p.yaml", 'version: "1"\nrules:\n  - {name: r, effect: allow, conditions: {}, reason: because, max_duration: 1h}\n')
      local document, status = run("p_spec.yaml", "suite: p\npolicy: p.yaml\ncases:\n"
        .. "  - {name: x, request: {user: alice, profile: dev}, expect: {" .. row[1] .. "}}\n")
      assert.equal(1, status)
      assert.equal(row[2], document.tests[1].message:sub(1, #row[2]))
    end)
  end

  it("by no rule have the index -1, which a table can expect", function()
    home:write("p.yaml", 'version: "1"\nrules:\n  - {name: r, effect: allow, conditions: {users: [bob]}}\n')
    local function expecting(index)
      return run("p_spec.yaml", "suite: p\npolicy: p.yaml\ncases:\n"
        .. "  - {name: x, request: {user: alice, profile: dev}, expect: {rule_index: " .. index .. "}}\n")
    end
    check_all(1, (expecting("-1")))
    local document, status = expecting("-2")
    assert.equal(5, status)
    assert.is_truthy(document.problems[1].message:find("a whole number from -1 to 999999", 1, true))
  end)

  it("that need a time are not made without one in a table", function()
    home:write("p.yaml", 'version: "1"\nrules:\n'
      .. '  - {name: r, effect: allow, conditions: {users: [bob], time: {hours: {start: "09:00", end: "17:00"}}}}\n')
    local document, status = run("p_spec.yaml", "suite: p\npolicy: p.yaml\ncases:\n"
      .. "  - {name: not reached, request: {user: alice, profile: dev}, effect: deny}\n"
      .. "  - {name: reached, request: {user: bob, profile: dev}, effect: deny}\n")
    assert.equal(5, status)
    assert.equal("passed failed", document.tests[1].status .. " " .. document.tests[2].status)
    assert.is_truthy(document.tests[2].message:find("a condition asks for the time, and the case has none: write now: ", 1, true))
  end)

  it("have no pattern that is none for a reason", function()
    home:write("p.yaml", 'version: "1"\nrules:\n  - {name: r, effect: allow, conditions: {}}\n')
    local document, status = run("p_spec.yaml", "suite: p\npolicy: p.yaml\ncases:\n"
      .. '  - {name: x, request: {user: alice, profile: dev}, expect: {reason: "/(/"}}\n')
    assert.equal(5, status)
    assert.is_truthy(document.problems[1].message:find("cases[0].expect.reason has to be a text, or a Lua pattern", 1, true),
      document.problems[1].message)
  end)

  local function write_plugin()
    home:write("plugins/p/plugin.lua", [[return { name = "p", version = "1.0.0", api = 1, summary = "x",
      args = { id = { type = "string", required = true, description = "x" } } }]])
    home:write("plugins/p/init.lua", "return function() return true end\n")
  end

  -- {a plugin's own spec, status, what is said}
  local own = {
    { "it('x', function() assert.denies({ user = 'alice', profile = 'dev' }) end)", 5,
      "there is no policy here: this is the spec of plugin \"p\"" },
    { "it('x', function() assert.denies({ user = 'alice', profile = 'dev' }, { rule = 'non' }) end)", 5, "there is no policy here" },
    { "it('x', function() assert.allows({ user = 'alice', profile = 'dev' }, 'non') end)", 5, "there is no policy here" },
    { "policy('x.yaml')\nit('x', function() end)", 5, "there is no policy here: this is the spec of plugin \"p\"" },
    { "it('x', function() plugin({}, {}) end)", 1, 'plugin "p" needs arguments: plugin({ id = ... }, request)' },
    { "it('x', function() plugin('a', {}) end)", 1, 'args has to be a mapping, not the text "a"' },
  }
  for _, row in ipairs(own) do
    it("are not made in a plugin's own spec: " .. row[1]:gsub("\n.*", ""), function()
      write_plugin()
      local document, status = run("plugins/p/spec/p_spec.lua", row[1])
      assert.equal(row[2], status)
      local message = (document.problems[1] or document.tests[1]).message
      assert.is_truthy(message:find(row[3], 1, true), message)
      assert.is_nil(message:find("did you mean", 1, true))
    end)
  end

  it("gives no arguments to a plugin that takes none", function()
    write_plugin()
    home:write("plugins/p/plugin.lua", 'return { name = "p", version = "1.0.0", api = 1, summary = "x" }')
    for _, args in ipairs { "{ x = 1 }", "{ 1 }", "5", "false" } do
      local document, status = run("plugins/p/spec/p_spec.lua", ("it('x', function() plugin(%s, {}) end)"):format(args))
      local message = document.tests[1].message
      assert.equal(1, status)
      assert.is_truthy(message:find('plugin "p" takes no arguments: plugin(true, request)', 1, true), message)
    end
    for _, args in ipairs { "true", "{}" } do
      local _, status = run("plugins/p/spec/p_spec.lua",
        ("it('x', function() assert.is_true((plugin(%s, {}))) end)"):format(args))
      assert.equal(0, status)
    end
  end)

  it("are not made by a table in a plugin's spec folder", function()
    write_plugin()
    local document, status = run("plugins/p/spec/p_spec.yaml",
      "suite: x\npolicy: p\ncases: [{name: a, request: {user: a, profile: b}, expect: {effect: deny}}]\n")
    assert.equal(5, status)
    assert.equal("plugins/p/spec/p_spec.yaml:2", document.problems[1].file .. ":" .. math.tointeger(document.problems[1].line))
    assert.is_truthy(document.problems[1].message:find("there is no policy here", 1, true))
  end)

  -- {in a case, what is said}
  local inside = {
    { "it('y', function() end)", "it stands outside of cases" },
    { "describe('y', function() end)", "describe stands outside of cases" },
    { "context('y', function() end)", "describe stands outside of cases" },
    { "before_each(function() end)", "before_each stands outside of cases" },
    { "after_each(function() end)", "after_each stands outside of cases" },
    { "pending('y')", "pending stands outside of cases" },
    { "assert.near(1, 1)", "assert.near(wanted, got, tolerance) wants numbers: tolerance is nothing" },
  }
  for _, row in ipairs(inside) do
    it("have no cases in a case: " .. row[1], function()
      home:write("p.yaml", 'version: "1"\nrules:\n  - {name: r, effect: allow, conditions: {}}\n')
      local document, status = run("p_spec.lua", ("it('x', function()\n%s end)"):format(row[1]))
      assert.is_true(status ~= 0)
      assert.is_truthy(document.tests[1].message:find(row[2], 1, true), document.tests[1].message)
      assert.equal(2, math.tointeger(document.tests[1].line))
    end)
  end

  it("are not made before the policy is there", function()
    home:write("p.yaml", 'version: "1"\nrules:\n  - {name: r, effect: allow, conditions: {}}\n')
    local document, status = run("p_spec.lua", "\nassert.allows({ user = 'a', profile = 'b' })\nit('x', function() end)")
    assert.equal(5, status)
    assert.is_truthy(document.problems[1].message:find("a decision is made in a case", 1, true), document.problems[1].message)
  end)
end)
