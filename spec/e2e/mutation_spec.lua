--- sentinel test --mutate: small changes to a policy, and whether a case fails for each.
local bundle = require "spec.support.bundle"
local expect = require "spec.support.expect"
local world = require "spec.support.world"

-- Each: the condition of an allow rule, the change, whether it widens, a case that sees it.
local ALLOW = {
  { "users: [alice]", "users: removed", true, "{user: bob, profile: dev}", "deny" },
  { "users: [alice]", "users: negated", false, "{user: alice, profile: dev}", "allow" },
  { "users: [alice]", 'users: with "*"', true, "{user: bob, profile: dev}", "deny" },
  { "users: [alice, bob]", 'users: without "bob"', false, "{user: bob, profile: dev}", "allow" },
  { 'users: ["ali-*"]', 'users: "ali*" in the place of "ali-*"', true, "{user: alix, profile: dev}", "deny" },
  { 'users: ["*-x"]', 'users: "*x" in the place of "*-x"', true, "{user: ax, profile: dev}", "deny" },
  { "roles: [Dev]", 'roles: with "*"', true,
    '{user: alice, profile: dev, role_arn: "arn:aws:iam::123456789012:role/Ops"}', "deny" },
  { "accounts: [\"123456789012\"]", "accounts: removed", true,
    '{user: alice, profile: dev, role_arn: "arn:aws:iam::210987654321:role/Ops"}', "deny" },
  { "mode: [cli]", "mode: with server", true, "{user: alice, profile: dev, mode: server}", "deny" },
  { "time: {days: [monday, tuesday]}", "time: days: with wednesday", true,
    "{user: alice, profile: dev, time: 2026-01-21T10:00:00Z}", "deny" },
  { "time: {days: [monday, tuesday]}", "time: days: with sunday", true,
    "{user: alice, profile: dev, time: 2026-01-18T10:00:00Z}", "deny" },
  { "time: {days: [monday, tuesday]}", "time: days: without tuesday", false,
    "{user: alice, profile: dev, time: 2026-01-20T10:00:00Z}", "allow" },
  { 'time: {hours: {start: "09:00", end: "17:00"}}', "time: hours: from 08:59", true,
    "{user: alice, profile: dev, time: 2026-01-20T08:59:59Z}", "deny" },
  { 'time: {hours: {start: "09:00", end: "17:00"}}', "time: hours: from 09:01", false,
    "{user: alice, profile: dev, time: 2026-01-20T09:00:00Z}", "allow" },
  { 'time: {hours: {start: "09:00", end: "17:00"}}', "time: hours: to 17:01", true,
    "{user: alice, profile: dev, time: 2026-01-20T17:00:00Z}", "deny" },
  { 'time: {hours: {start: "09:00", end: "17:00"}}', "time: hours: to 16:59", false,
    "{user: alice, profile: dev, time: 2026-01-20T16:59:59Z}", "allow" },
  { 'time: {hours: {start: "09:00", end: "17:00"}}', "time: in Asia/Tokyo", false,
    "{user: alice, profile: dev, time: 2026-01-20T01:00:00Z}", "deny" },
  { 'time: {days: [monday], hours: {start: "09:00", end: "17:00"}, timezone: Europe/Berlin}', "time: in UTC", false,
    "{user: alice, profile: dev, time: 2026-01-19T08:30:00Z}", "allow" },
  { 'time: {days: [monday], hours: {start: "09:00", end: "17:00"}}', "time: without days", true,
    "{user: alice, profile: dev, time: 2026-01-20T10:00:00Z}", "deny" },
  { "source_ip: [10.0.0.0/8]", "source_ip: 10.0.0.0/7 in the place of 10.0.0.0/8", true,
    "{user: alice, profile: dev, source_ip: 11.0.0.1}", "deny" },
  { 'source_ip: ["2001:db8::/32"]', "source_ip: 2001:db8:0:0:0:0:0:0/31 in the place of 2001:db8::/32", true,
    '{user: alice, profile: dev, source_ip: "2001:db9::1"}', "deny" },
  { "source_ip: [10.0.0.0/8]", "source_ip: with ::/0", true, '{user: alice, profile: dev, source_ip: "::5"}', "deny" },
  { "mfa: {max_age: 15m}", "mfa: max_age 30m", true,
    "{user: alice, profile: dev, mfa: {authenticated_at: 2026-01-19T09:45:00Z}, time: 2026-01-19T10:05:00Z}", "deny" },
  { "break_glass: {reason_codes: [incident]}", 'break_glass: reason_codes: with "*"', true,
    "{user: alice, profile: dev, break_glass: {reason_code: other}}", "deny" },
  { "approval: {min_approvals: 2}", "approval: min_approvals 1", true,
    "{user: alice, profile: dev, approval: {id: a, approvers: [bob], approved_at: 2026-01-19T09:45:00Z, "
      .. "expires_at: 2026-01-19T12:45:00Z}}", "deny" },
  { "device: {require_encryption: true, require_mdm: true}", "device: without require_mdm", true,
    "{user: alice, profile: dev, device: {disk_encrypted: true, mdm_enrolled: false}}", "deny" },
  { 'device: {min_os_version: "14.0"}', "device: min_os_version 0", true,
    '{user: alice, profile: dev, device: {os_version: "13.9"}}', "deny" },
  { "any: [{users: [alice]}, {users: [bob]}]", "any: without [1]", false, "{user: bob, profile: dev}", "allow" },
  { "any: [{users: [alice]}, {users: [bob]}]", 'any[1].users: with "*"', true, "{user: carol, profile: dev}", "deny" },
  { "all: [{users: [alice], mode: [cli]}]", "all[0].mode: removed", true,
    "{user: alice, profile: dev, mode: server}", "deny" },
  { "not: {users: [mallory, eve]}", 'not.users: without "eve"', true, "{user: eve, profile: dev}", "deny" },
  { "not: {users: [mallory]}", 'not.users: with "*"', false, "{user: alice, profile: dev}", "allow" },
  { "not: {users: [mallory]}", "not: negated", false, "{user: alice, profile: dev}", "allow" },
  { "groups: [g]", 'group g: with "*"', true, "{user: bob, profile: dev}", "deny" },
  { "not: {groups: [g]}", 'group g: without "gus"', true, "{user: gus, profile: dev}", "deny" },
}

local HEAD = [[
suite: s
policy: p.yaml
now: 2026-01-19T10:00:00Z
cases:
  - {name: nothing, request: {user: nobody, profile: none}, effect: deny}
]]

describe("sentinel test --mutate", function()
  local home

  before_each(function()
    home = world.new {}
  end)

  after_each(function()
    home:remove()
  end)

  local function mutate(policy, cases, status)
    home:write("p.yaml", policy)
    home:write("p_spec.yaml", HEAD .. (cases or ""))
    local result = home:run { "test", "p_spec.yaml", "--mutate", "--json" }
    local document = expect.json(result, status or result.status)
    assert.are.equal(document.mutation.widening_survived > 0 and 1 or 0, result.status)
    local survivors = {}
    for _, mutant in ipairs(document.mutation.survivors) do
      survivors[mutant.rule .. ": " .. mutant.change] = mutant
    end
    return document.mutation, survivors
  end

  local function policy_of(effect, condition, more)
    return ('version: "1"\ngroups: {g: [gina, gus]}\nrules:\n  - name: r\n    effect: %s\n    conditions:\n'
      .. "      profiles: [dev]\n      %s\n%s"):format(effect, condition, more or "")
  end

  local function case(request, effect)
    return ("  - {name: telling, request: %s, effect: %s}\n"):format(request, effect)
  end

  for _, row in ipairs(ALLOW) do
    it("changes " .. row[1] .. ", " .. row[2], function()
      local policy, key = policy_of("allow", row[1]), (row[2]:find("^group ") and ": " or "r: ") .. row[2]
      local _, survivors = mutate(policy)
      local seen = {}
      for name in pairs(survivors) do
        seen[#seen + 1] = name
      end
      assert(survivors[key], key .. " is none of\n" .. table.concat(seen, "\n"))
      assert.are.equal(row[3], survivors[key].widens)
      home:write("p_spec.yaml", HEAD .. case(row[4], row[5]))
      expect.status(home:run { "test", "p_spec.yaml" }, 0) -- the policy itself decides so
      _, survivors = mutate(policy, case(row[4], row[5]))
      assert.is_nil(survivors[key])
    end)
  end

  it("knows that a deny rule widens when it holds for less", function()
    local _, survivors = mutate(policy_of("deny", "users: [alice, bob]",
      "  - {name: all, effect: allow, conditions: {profiles: [dev]}}\n"))
    assert.is_false(survivors["r: users: removed"].widens)
    assert.is_true(survivors['r: users: without "bob"'].widens)
    assert.is_true(survivors["r: removed"].widens)
    assert.is_true(survivors["r: effect: allow in the place of deny"].widens)
  end)

  it("changes what rules ask for, bound and how they follow each other", function()
    local policy = policy_of("allow", 'users: [alice]\n      time: {hours: {start: "00:00", end: "24:00"}}',
      "    max_duration: 1h\n    lease: 2m\n    until: window\n    require: {justification: "
      .. "{min_length: 5, pattern: '^INC'}, mfa: {max_age: 10m}}\n")
      .. "  - {name: no, effect: deny, conditions: {profiles: [dev]}}\n"
      .. "  - {name: ask, effect: require_approval, conditions: {profiles: [dev]}}\n"
    local _, survivors = mutate(policy)
    for change, widens in pairs {
      ["r: effect: deny in the place of allow"] = false,
      ["r: removed"] = false,
      ["r: after rule no"] = false,
      ["r: max_duration: 2h"] = true,
      ["r: until: removed"] = true,
      ["r: lease: removed"] = true,
      ["r: lease: 4m"] = true,
      ["r: require.justification: removed"] = true,
      ["r: require.justification: without pattern"] = true,
      ["r: require.justification: min_length 4"] = true,
      ["r: require.mfa: removed"] = true,
      ["r: require.mfa: max_age 20m"] = true,
      ["no: after rule ask"] = true,
      ["no: removed"] = true,
    } do
      assert(survivors[change], change)
      assert.are.equal(widens, survivors[change].widens, change)
    end
  end)

  it("sees a lease by a case that says it", function()
    local policy = policy_of("allow", "users: [alice]", "    lease: 2m\n")
    local function expecting(lease)
      return ("  - {name: yes, request: {user: alice, profile: dev}, effect: allow%s}\n"):format(lease)
    end
    local _, survivors = mutate(policy, expecting(""))
    assert(survivors["r: lease: removed"] and survivors["r: lease: 4m"])
    _, survivors = mutate(policy, expecting(", lease: 2m"))
    assert.is_nil(survivors["r: lease: removed"])
    assert.is_nil(survivors["r: lease: 4m"])
  end)

  it("passes when every change that widens is seen, and counts", function()
    local policy = policy_of("allow", "users: [alice]")
    local mutation = mutate(policy, [[
  - {name: yes, request: {user: alice, profile: dev}, effect: allow, rule: r}
  - {name: who, request: {user: bob, profile: dev}, effect: deny}
  - {name: what, request: {user: alice, profile: prod}, effect: deny}
]], 0)
    assert.are.equal(0, mutation.widening_survived)
    assert.are.equal(100, mutation.score)
    assert.are.equal(mutation.mutants, mutation.killed + mutation.equivalent)
    local result = home:run { "test", "p_spec.yaml", "--mutate" }
    expect.status(result, 0)
    assert.is_truthy(result.stdout:find("mutation: %d+ of %d+ changes were seen"))
  end)

  it("tries nothing while a test fails, and says so", function()
    home:write("p.yaml", policy_of("allow", "users: [alice]"))
    home:write("p_spec.yaml", HEAD .. "  - {name: wrong, request: {user: bob, profile: dev}, effect: allow}\n")
    local result = home:run { "test", "p_spec.yaml", "--mutate" }
    expect.status(result, 1)
    assert.is_truthy(result.stdout:find("\nmutation: no changes were tried, because tests fail\n", 1, true), result.stdout)
    home:write("q.yaml", policy_of("allow", "users: [alice]"))
    home:write("q_spec.yaml", HEAD:gsub("p%.yaml", "q.yaml")
      .. "  - {name: right, request: {user: alice, profile: dev}, effect: allow}\n")
    result = home:run { "test", "p_spec.yaml", "q_spec.yaml", "--mutate" }
    assert.is_truthy(result.stdout:find("\n  policies that were not changed, because tests of theirs fail: 1\n", 1, true), result.stdout)
    local document = expect.json(home:run { "test", "p_spec.yaml", "q_spec.yaml", "--mutate", "--json" }, 1)
    assert.are.equal(1, document.mutation.untried)
  end)

  it("fails below --min-mutation, which counts all changes", function()
    home:write("p.yaml", policy_of("allow", "users: [alice, bob]"))
    home:write("p_spec.yaml", HEAD .. [[
  - {name: yes, request: {user: alice, profile: dev}, effect: allow}
  - {name: who, request: {user: eve, profile: dev}, effect: deny}
  - {name: what, request: {user: alice, profile: prod}, effect: deny}
]])
    expect.status(home:run { "test", "p_spec.yaml", "--mutate" }, 0)
    local result = home:run { "test", "p_spec.yaml", "--min-mutation", "100" }
    expect.status(result, 1)
    assert.is_truthy(result.stderr:find("%-%-min%-mutation: %d+ percent, and 100 are wanted"))
    assert.is_truthy(result.stdout:find('p.yaml:4: r: users: without "bob"\n', 1, true))
  end)

  it("joins what several specs of a policy see", function()
    home:write("p.yaml", policy_of("allow", "users: [alice]"))
    home:write("a_spec.yaml", HEAD .. "  - {name: who, request: {user: eve, profile: dev}, effect: deny}\n")
    home:write("b_spec.lua", [[policy("p.yaml")
it("is dev", function() assert.allows({ user = "alice", profile = "dev" }, "r") end)
it("is not prod", function() assert.denies({ user = "alice", profile = "prod" }) end)
]])
    expect.status(home:run { "test", "--mutate", "a_spec.yaml" }, 1)
    expect.status(home:run { "test", "--mutate", "b_spec.lua" }, 1)
    expect.status(home:run { "test", "--mutate", "a_spec.yaml", "b_spec.lua" }, 0)
  end)

  it("does not count cases that depend on each other", function()
    home:write("p.yaml", policy_of("allow", "users: [alice]"))
    home:write("p_spec.lua", [[
local asked = 0
it("asks once", function() asked = asked + 1 assert.equal(1, asked) end)
]])
    local document = expect.json(home:run { "test", "p_spec.lua", "--mutate", "--json" }, 1)
    assert.are.equal(1, document.passed)
    assert.are.equal(0, document.mutation.killed)
  end)

  it("takes a case that does not end any more for one that fails", function()
    home:write("p.yaml", policy_of("allow", "users: [alice]"))
    home:write("p_spec.lua", [[
it("waits", function()
  repeat until pcall(function() assert.allows({ user = "alice", profile = "dev" }) end)
end)
]])
    local document = expect.json(home:run { "test", "p_spec.lua", "--mutate", "--json" }, 1)
    assert.is_true(document.mutation.killed > 0)
    for _, mutant in ipairs(document.mutation.survivors) do
      assert.are_not.equal("removed", mutant.change)
    end
  end)

  it("mutates nothing while a test fails", function()
    home:write("p.yaml", policy_of("allow", "users: [alice]"))
    home:write("p_spec.yaml", HEAD .. "  - {name: no, request: {user: alice, profile: dev}, effect: deny}\n")
    local document = expect.json(home:run { "test", "p_spec.yaml", "--mutate", "--json" }, 1)
    assert.are.equal(1, document.failed)
    assert.are.equal(0, document.mutation.mutants)
  end)

  it("makes plugins and code hold, not hold and fail", function()
    local files = bundle.asking { url = "GET https://a.example/x", check = "return true" }
    bundle.write(home, { plugins = { probe = { files = files, grant = "http: [q], hosts: [a.example]" } }, policy = 'version: "1"\nrules:\n'
        .. "  - {name: r, effect: allow, conditions: {probe: {id: x1}}}\n" })
    home:write("b_spec.yaml", "suite: b\npolicy: bundle/\ncases:\n"
      .. "  - {name: nothing, request: {user: alice, profile: dev}, mocks: {plugins: {probe: [{returns: false}]}}, effect: deny}\n")
    local document = expect.json(home:run { "test", "b_spec.yaml", "--mutate", "--json" }, 0)
    local survivors = {}
    for _, mutant in ipairs(document.mutation.survivors) do
      survivors[mutant.change] = mutant.widens
    end
    assert.is_nil(survivors["probe: always true"])
    assert.is_false(survivors["probe: always false"])
    assert.is_false(survivors["probe: fails"])
  end)

  it("annotates for GitHub", function()
    home:write("p.yaml", policy_of("allow", "users: [alice]"))
    home:write("p_spec.yaml", HEAD)
    local result = home:run { "test", "p_spec.yaml", "--mutate", "--format", "github" }
    expect.status(result, 1)
    assert.is_truthy(result.stdout:find("::error file=p.yaml,line=4,title=no test sees a change::r: users: removed\n", 1, true))
  end)

  for _, row in ipairs {
    { { "test", "--mutate", "--filter", "x" }, "mutation asks all tests" },
    { { "test", "--min-mutation", "101" }, "--min-mutation" },
  } do
    it("refuses " .. table.concat(row[1], " "), function()
      local result = home:run(row[1])
      expect.status(result, 2)
      assert.is_truthy(result.stderr:find(row[2], 1, true))
    end)
  end
end)
