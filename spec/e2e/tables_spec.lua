--- sentinel test: tables of requests and what has to be decided on them (*_spec.yaml).
local bundle = require "spec.support.bundle"
local expect = require "spec.support.expect"
local world = require "spec.support.world"

local POLICY = [[
version: "1"
rules:
  - {name: no-root, effect: deny, conditions: {users: [root]}, reason: Root has no access}
  - name: day
    effect: allow
    conditions:
      profiles: [dev]
      users: [alice, bob]
      time: {hours: {start: "09:00", end: "17:00"}, timezone: America/New_York}
    max_duration: 1h
]]

local TABLE = [[
suite: dev
policy: dev.yaml
now: 2026-01-14T10:30:00-05:00
defaults: {mode: credential_process}
matrix:
  users: [alice, bob, mallory]
  profiles: [dev, prod]
  expect: {alice: {dev: {effect: allow, rule: day}}, bob: {dev: {effect: allow}}}
cases:
  - name: closes at five
    request: {user: alice, profile: dev}
    at:
      - {now: 2026-01-14T16:59:59-05:00, effect: allow, max_duration: 1h}
      - {now: 2026-01-14T17:00:00-05:00, effect: deny, failed: time.hours}
  - name: root
    request: {user: root, profile: dev}
    expect: {effect: deny, rule: no-root, rule_index: 0, reason: Root has no access}
  - name: root by pattern
    request: {user: {name: root, kind: root}, profile: dev}
    expect: {reason: "/no access$/"}
  - name: nobody
    request: {user: mallory, profile: dev}
    effect: deny
    rule: ""
    failed: users
]]

describe("a table", function()
  local home

  before_each(function()
    home = world.new {}
    home:write("policies/dev.yaml", POLICY)
  end)

  after_each(function()
    home:remove()
  end)

  local function run(text, ...)
    home:write("policies/dev_spec.yaml", text)
    return home:run({ "test", ... })
  end

  it("is run cell by cell and instant by instant", function()
    local document = expect.json(run(TABLE, "--json"))
    assert.are.equal(11, document.passed)
    local names = {}
    for i, test in ipairs(document.tests) do
      names[i] = test.name
    end
    assert.are.equal("dev matrix alice dev", names[1])
    assert.are.equal("dev closes at five @ 2026-01-14T17:00:00-05:00", names[8])
    assert.are.equal(10, document.tests[9].line - 5)
  end)

  -- What is expected otherwise fails, and says what was decided.
  local wrong = {
    { "effect: allow, rule: day}}, bob", "effect: deny}}, bob", "dev matrix alice dev", "wanted effect deny, got allow by rule day" },
    { ", bob: {dev: {effect: allow}}", "", "dev matrix bob dev", "wanted effect deny, got allow" },
    { "rule: day", "rule: no-root", "dev matrix alice dev", 'wanted rule "no-root"' },
    { "16:59:59", "17:00:01", "dev closes at five @ 2026-01-14T17:00:01-05:00", "wanted effect allow, got deny" },
    { "max_duration: 1h", "max_duration: 2h", "dev closes at five @ 2026-01-14T16:59:59-05:00", "wanted max_duration 7200" },
    { "failed: time.hours", "failed: time.days", "dev closes at five @ 2026-01-14T17:00:00-05:00", "a failed time.days" },
    { "rule_index: 0", "rule_index: 1", "dev root", "wanted rule_index 1" },
    { "reason: Root has no access}\n  - name: root by", "reason: Root has}\n  - name: root by", "dev root", 'wanted reason "Root has"' },
    { "/no access$/", "/no access$x/", "dev root by pattern", "wanted reason" },
  }
  for _, row in ipairs(wrong) do
    it("fails when it expects otherwise: " .. row[2]:gsub("\n.*", ""), function()
      local at = assert(TABLE:find(row[1], 1, true), row[1])
      local document = expect.json(run(TABLE:sub(1, at - 1) .. row[2] .. TABLE:sub(at + #row[1]), "--json"), 1)
      assert.are.equal(1, document.failed)
      for _, test in ipairs(document.tests) do
        if test.status == "failed" then
          assert.are.equal(row[3], test.name)
          assert.is_truthy(test.message:find(row[4], 1, true), test.message)
        end
      end
    end)
  end

  -- What is malformed is refused with its place, and nothing is run.
  local malformed = {
    { "suite: dev\n", "", '"suite" is missing' },
    { "suite: dev", "siute: dev", 'unknown key "siute" in the suite; did you mean "suite"?' },
    { "now: 2026-01-14T10:30:00-05:00", "now: noon", "now has to be a time" },
    { "rule: day", "rule: dya", 'the policy has no rule "dya"; did you mean "day"?' },
    { "effect: allow, max", "effect: alow, max", 'unknown effect "alow"; did you mean "allow"?' },
    { "request: {user: root, profile", "request: {usr: root, profile", 'a request has no field "usr"' },
    { "users: [alice, bob, mallory]", "users: [alice, bob]\n  user: [x]", 'unknown key "user" in matrix' },
    { "alice: {dev: {effect: allow, rule", "eve: {dev: {effect: allow, rule", "matrix.expect names user \"eve\"" },
    { "bob: {dev:", "bob: {dve:", "matrix.expect names profile \"dve\"" },
    { "policy: dev.yaml", "policy: ../dev.yaml", "is no file beside the spec" },
    { "policy: dev.yaml", "policy: none.yaml", "none.yaml" },
    { "    expect: {reason: \"/no access$/\"}\n", "", "expects nothing" },
    { "effect: deny\n    rule: \"\"", "effect: deny\n    effect: deny", 'duplicate key "effect"' },
    { "cases:", "mocks: {http: [{need: q, json: {}}]}\ncases:", "names a question that no plugin has" },
    { "cases:", "mocks: {plugins: {oncall: [{returns: true}]}}\ncases:", 'mocks.plugins names "oncall"' },
    { "cases:", "mocks: {htp: []}\ncases:", 'unknown key "htp" in mocks; did you mean "http"?' },
  }
  for _, row in ipairs(malformed) do
    it("is refused when malformed: " .. row[3], function()
      local at = assert(TABLE:find(row[1], 1, true), row[1])
      local result = run(TABLE:sub(1, at - 1) .. row[2] .. TABLE:sub(at + #row[1]))
      expect.status(result, 5)
      assert.is_truthy((result.stdout .. result.stderr):find(row[3], 1, true), result.stdout .. result.stderr)
      assert.is_truthy(result.stdout:find("0 passed, 0 failed", 1, true))
    end)
  end

  it("mocks plugins, questions by file, places and histories", function()
    local asking = bundle.asking { url = "GET https://a.example/{id}", needs = "geoip = true, history = true",
      check = [[
        local json = host.http { "q", id = args.id }.json
        local where = host.geoip("198.51.100.7")
        return json.names[1] == request.user.name and where.country == "US"
          and host.history[1].profile == "prod"]] }
    bundle.write(home, { plugins = { probe = { files = asking,
      grant = "http: [q], hosts: [a.example], geoip: true, history: true" } },
      policy = 'version: "1"\nrules:\n  - {name: r, effect: allow, conditions: {probe: {id: x1}}}\n' })
    home:write("testdata/names.json", '{"names":["alice"],"more":null}')
    home:write("b_spec.yaml", [[
suite: b
policy: bundle/
mocks:
  http: [{plugin: probe, need: q, status: 200, json_file: testdata/names.json}]
  geoip: {198.51.100.7: {country: US}}
  history: {alice: [{time: 2026-01-13T10:00:00Z, profile: prod, source_ip: 198.51.100.7}]}
cases:
  - {name: alice, request: {user: alice, profile: dev}, expect: {effect: allow, rule: r}}
  - name: too late
    request: {user: alice, profile: dev}
    mocks: {http: [{plugin: probe, need: q, delay: 5s, json: {}}]}
    expect: {effect: deny, error: plugin_timeout}
  - name: elsewhere
    request: {user: alice, profile: dev}
    mocks: {geoip: {198.51.100.7: false}}
    expect: {effect: deny, error: fact_unavailable}
  - name: whole
    request: {user: bob, profile: dev}
    mocks: {plugins: {probe: [{args: {id: x1}, user: bob, returns: true}, {returns: false}]}}
    expect: {effect: allow}
]])
    local result = home:run { "test", "b_spec.yaml", "--json" }
    local document = expect.json(result, result.status)
    for _, test in ipairs(document.tests) do
      assert.are.equal("passed", test.status, test.name .. ": " .. tostring(test.message))
    end
    assert.are.equal(4, document.passed)
    home:write("testdata/names.json", "{")
    expect.status(home:run { "test", "b_spec.yaml" }, 5)
  end)

  it("has many cases, and tells of each in its place", function()
    local rows = { "suite: many", "policy: dev.yaml", "now: 2026-01-14T10:30:00-05:00", "cases:" }
    for i = 1, 450 do
      rows[#rows + 1] = ('  - {name: "%d", request: {user: %s, profile: dev}, effect: %s}'):format(i,
        i % 2 == 0 and "alice" or "mallory", (i % 2 == 0) ~= (i == 203) and "allow" or "deny")
    end
    local out = run(table.concat(rows, "\n"), "--format", "tap")
    expect.status(out, 1)
    local number, failed = 0, {}
    for is_not, counted, name in out.stdout:gmatch("(%l*) ?ok (%d+) %- many (%d+)\n") do
      number = number + 1
      assert.equal(number, tonumber(counted))
      assert.equal(number, tonumber(name))
      failed[#failed + 1] = is_not == "not" and name or nil
    end
    assert.equal(450, number)
    assert.same({ "203" }, failed)
  end)

  it("gives policy's own code no memory from one case to the next", function()
    home:write("policies/own.lua", [[
local s = require "sentinel"
local asked = 0
return s.policy { version = "1", rules = { s.rule "once" { effect = "allow", conditions = {
  s.check("first", function() asked = asked + 1 return asked == 1 end),
} } } }
]])
    local rows = { "suite: own", "policy: own.lua", "cases:" }
    for i = 1, 3 do
      rows[#rows + 1] = ('  - {name: "%d", request: {user: alice, profile: dev}, effect: allow}'):format(i)
    end
    expect.status(run(table.concat(rows, "\n")), 0)
  end)
end)
