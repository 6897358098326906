--- sentinel test --suggest: the cases that are missing. Pasted into a table, they see every change.
local bundle = require "spec.support.bundle"
local expect = require "spec.support.expect"
local world = require "spec.support.world"

local EVERYTHING = [[
version: "1"
groups: {g: [gina, gus, "team-*"]}
rules:
  - name: machines
    effect: deny
    conditions: {users: ["role/*/*"], mode: [cli]}
  - name: one
    effect: allow
    conditions:
      profiles: [prod, "prod-*"]
      roles: ["Prod*"]
      accounts: ["123456789012"]
      caller_accounts: ["123456789012"]
      time: {days: [monday, friday], hours: {start: "22:00", end: "06:00"}, timezone: America/New_York}
      source_ip: [10.0.0.0/8, "2001:db8::/32"]
      mfa: {max_age: 15m}
      any: [{groups: [g]}, {break_glass: {reason_codes: [incident, "sec-*"]}}]
    max_duration: 1h
    require: {justification: {min_length: 20, pattern: "^INC%-%d+"}, mfa: {max_age: 10m}}
  - name: two
    effect: require_approval
    conditions:
      profiles: [billing]
      device: {require_encryption: true, min_os_version: "14.2", allowed_os_types: [darwin]}
  - name: three
    effect: allow
    conditions: {profiles: [ops], approval: {approvers: [bob, "lead-*"], min_approvals: 2}}
  - name: four
    effect: require_server_session
    conditions: {profiles: [srv], caller_roles: ["Ops*"]}
    max_server_duration: 2h
]]

local NOTHING = "suite: s\npolicy: %s\nnow: 2026-01-19T10:00:00Z\ncases:\n"
  .. "  - {name: nothing, request: {user: nobody, profile: none}%s, effect: deny}\n"

describe("sentinel test --suggest", function()
  local home

  before_each(function()
    home = world.new {}
  end)

  after_each(function()
    home:remove()
  end)

  local function suggest(name, ...)
    local result = home:run { "test", "--suggest", name, ... }
    expect.status(result, 0)
    return result.stdout
  end

  it("prints what sees every change, of every condition", function()
    home:write("p.yaml", EVERYTHING)
    home:write("p_spec.yaml", NOTHING:format("p.yaml", ""))
    expect.status(home:run { "test", "--mutate", "p_spec.yaml" }, 1)
    local suggested = suggest "p_spec.yaml"
    home:write("more_spec.yaml", suggested)
    local document = expect.json(home:run { "test", "--min-mutation", "100", "--json", "p_spec.yaml", "more_spec.yaml" })
    assert.are.equal(100, document.mutation.score)
    assert.is_true(document.mutation.killed > 90)
    assert.are.equal("# no case is missing\n", suggest("p_spec.yaml", "more_spec.yaml"))
  end)

  it("asks for the minutes before, at and after an edge", function()
    home:write("p.yaml", [[
version: "1"
rules:
  - name: day
    effect: allow
    conditions: {profiles: [dev], time: {hours: {start: "09:00", end: "17:00"}, timezone: Europe/Berlin}}
]])
    home:write("p_spec.yaml", NOTHING:format("p.yaml", ""))
    local suggested = suggest "p_spec.yaml"
    for _, line in ipairs {
      "{now: 2026%-01%-%d%dT07:59:00Z, effect: deny, rule: day, failed: time.hours}",
      "{now: 2026%-01%-%d%dT08:00:00Z, effect: allow, rule: day}",
      "{now: 2026%-01%-%d%dT08:01:00Z, effect: allow, rule: day}",
      "{now: 2026%-01%-%d%dT15:59:00Z, effect: allow, rule: day}",
      "{now: 2026%-01%-%d%dT16:00:00Z, effect: deny, rule: day, failed: time.hours}",
      "{now: 2026%-01%-%d%dT16:01:00Z, effect: deny, rule: day, failed: time.hours}",
    } do
      assert(suggested:find(line), line .. " is not in\n" .. suggested)
    end
    local _, count = suggested:gsub("      %- {now: [%d-]+T08:00:00Z", "")
    assert.are.equal(1, count) -- the changes to one edge want one case
  end)

  it("asks for a plugin that fails and one that is too slow", function()
    local files = bundle.asking { url = "GET https://a.example/x?id={id}", check = 'return host.http { "q", id = args.id }.status == 200' }
    bundle.write(home, { plugins = { probe = { files = files, grant = "http: [q], hosts: [a.example]" } },
      policy = 'version: "1"\nrules:\n  - {name: r, effect: allow, conditions: {profiles: [dev], probe: {id: x1}}}\n' })
    home:write("b_spec.yaml", NOTHING:format("bundle/", ""))
    local suggested = suggest "b_spec.yaml"
    assert.is_truthy(suggested:find("policy: bundle/\n", 1, true), suggested)
    assert.is_truthy(suggested:find("mocks: {plugins: {probe: [{args: {id: x1}, returns: true}]}}", 1, true), suggested)
    assert.is_truthy(suggested:find("mocks: {plugins: {probe: [{returns: error}]}}", 1, true), suggested)
    assert.is_truthy(suggested:find("expect: {effect: deny, rule: r, error: plugin_error}", 1, true), suggested)
    assert.is_truthy(suggested:find("mocks: {http: [{fault: timeout, need: q, plugin: probe}]}", 1, true), suggested)
    assert.is_truthy(suggested:find("expect: {effect: deny, rule: r, error: plugin_timeout}", 1, true), suggested)
    home:write("more_spec.yaml", suggested)
    expect.status(home:run { "test", "--min-mutation", "100", "b_spec.yaml", "more_spec.yaml" }, 0)
    assert.are.equal("# no case is missing\n", suggest("b_spec.yaml", "more_spec.yaml"))
  end)

  it("says what code has to come to, which no request can be made up for", function()
    home:write("p.lua", [[
local s = require "sentinel"
return s.policy { version = "1", rules = { s.rule "r" { effect = "allow", conditions = {
  profiles = { "dev" }, s.check("ours", function(request) return request.user.account == "123456789012" end),
} } } }
]])
    home:write("p_spec.yaml", NOTHING:format("p.lua", ""))
    local suggested = suggest "p_spec.yaml"
    assert.is_truthy(suggested:find("    # change the request so that check:ours does not hold\n", 1, true), suggested)
    home:write("more_spec.yaml", suggested)
    expect.status(home:run { "test", "p_spec.yaml", "more_spec.yaml" }, 0)
  end)

  it("suggests nothing while a test fails, and says which", function()
    home:write("p.yaml", EVERYTHING)
    home:write("p_spec.yaml", NOTHING:format("p.yaml", ""):gsub("deny", "allow"))
    local result = home:run { "test", "--suggest", "p_spec.yaml" }
    expect.status(result, 1)
    assert.is_truthy(result.stdout:find("^# p_spec%.yaml:5: nothing is suggested before this passes: s nothing: "
      .. "wanted effect allow, got deny [^\n]+\n$"), result.stdout)
    assert.is_truthy(result.stderr:find("1 of 1 tests failed", 1, true))
  end)

  for _, flags in ipairs { { "--format", "tap" }, { "--json" } } do
    it("refuses " .. flags[1] .. " beside it", function()
      expect.status(home:run { "test", "--suggest", table.unpack(flags) }, 2)
    end)
  end
end)
