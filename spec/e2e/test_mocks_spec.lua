--- Mocks of `sentinel test`: which of them counts, from where they may be given, and what they may say.
local bundle = require "spec.support.bundle"
local expect = require "spec.support.expect"
local world = require "spec.support.world"

local CHECK = [[
  local answer = host.http { "q", id = args.id }.json
  return answer.names[1] == request.user.name]]

local POLICY = [[
version: "1"
rules:
  - name: paged
    effect: allow
    conditions:
      profiles: [prod]
      time: {days: [monday, tuesday, wednesday, thursday, friday], hours: {start: "09:00", end: "17:00"}, timezone: America/New_York}
      probe: {id: payments}
]]

-- A whole suite: one way of each thing that a table can say.
local WHOLE = [[
suite: prod
policy: bundle/
now: 2026-01-14T10:30:00-05:00
defaults: {mode: credential_process}
mocks:
  plugins: {probe: [{args: {id: payments}, user: alice, returns: true}, {returns: false}]}
  http: [{plugin: probe, need: q, status: 200, json_file: testdata/names.json}]
  geoip: {198.51.100.7: {country: US}}
  history: {alice: [{time: 2026-01-13T10:00:00Z, profile: prod, source_ip: 198.51.100.7}]}
matrix:
  users: [alice, bob, mallory]
  profiles: [prod, dev]
  expect: {alice: {prod: {effect: allow, rule: paged}}}
cases:
  - name: closes at five
    request: {user: alice, profile: prod}
    at:
      - {now: 2026-01-14T16:59:59-05:00, effect: allow}
      - {now: 2026-01-14T17:00:00-05:00, effect: deny, failed: time.hours}
  - name: the pager is down
    request: {user: alice, profile: prod}
    mocks: {http: [{plugin: probe, need: q, fault: timeout}]}
    expect: {effect: deny, error: plugin_timeout}
  - name: the pager is down, whoever asks
    request: {user: alice, profile: prod}
    mocks: {http: [{need: q, fault: reset}]}
    expect: {effect: deny, error: fact_unavailable}
  - name: another verdict
    request: {user: bob, profile: prod}
    mocks: {plugins: {probe: [{returns: true}]}}
    expect: {effect: allow, rule: paged}
  - name: a verdict before an answer
    request: {user: bob, profile: prod}
    mocks: {plugins: {probe: [{user: bob, returns: true}]}, http: [{need: q, json: {names: [], more: null}}]}
    expect: {effect: allow, rule: paged}
  - name: an answer with nulls
    request: {user: bob, profile: prod}
    mocks: {http: [{need: q, json: {names: [null, bob], more: null}}]}
    expect: {effect: allow, rule: paged}
]]

describe("mocks of sentinel test", function()
  local home

  before_each(function()
    home = world.new {}
    bundle.write(home, { policy = POLICY, plugins = { probe = { grant = "http: [q], hosts: [a.example]",
      files = bundle.asking { url = "GET https://a.example/{id}", check = CHECK } } } })
    home:write("testdata/names.json", '{"names":["alice"]}')
  end)

  after_each(function()
    home:remove()
  end)

  local function run(name, text)
    home:write(name, text)
    local result = home:run { "test", name, "--json" }
    local document = expect.json(result, result.status)
    return document, result.status
  end

  local function check_all(count, document)
    for _, test in ipairs(document.tests) do
      assert.equal("passed", test.status, test.name .. ": " .. tostring(test.message))
    end
    assert.equal(count, document.passed, (document.problems[1] or {}).message)
  end

  it("of a case count before those of its table", function()
    check_all(13, (run("prod_spec.yaml", WHOLE)))
  end)

  -- The same with the plugin's other ways to the world.
  it("answer no more questions than a decision may ask, and no more bytes than it may see", function()
    local function policy_of(count)
      local rules = { 'version: "1"\nrules:' }
      for i = 1, count do
        rules[#rules + 1] = ("  - {name: r%d, effect: allow, conditions: {probe: {id: a%d}}}"):format(i, i)
      end
      rules[#rules + 1] = "  - {name: rest, effect: allow, conditions: {}}"
      home:write("bundle/policy.yaml", table.concat(rules, "\n") .. "\n")
    end
    local function assert_decides(bytes, wanted)
      home:write("own_spec.yaml", ('suite: own\npolicy: bundle/\nmocks: {http: [{need: q, json: {names: [x, "%s"]}}]}\ncases:\n'
        .. "  - {name: x, request: {user: alice, profile: prod}, expect: {%s}}\n"):format(("y"):rep(bytes), wanted))
      expect.done(home:run { "test", "own_spec.yaml" })
    end
    policy_of(16)
    assert_decides(10, "effect: allow, rule: rest")
    policy_of(17)
    assert_decides(10, "effect: deny, error: budget_exceeded")
    policy_of(6)
    assert_decides(3900, "effect: allow, rule: rest")
    policy_of(7)
    assert_decides(3900, "effect: deny, error: fact_too_large")
  end)

  it("of a case's places and grants let the plugin run, too", function()
    home:write("bundle/plugins/probe/plugin.lua", [[return { name = "probe", version = "1.0.0", api = 1, summary = "x",
      args = { id = { type = "string", description = "x" } }, needs = { request = { "user" }, geoip = true, history = true } }]])
    home:write("bundle/plugins/probe/init.lua", [[return function(_, _, host)
      return host.geoip("198.51.100.7").country == "US" and host.history[1] ~= nil end]])
    home:write("bundle/bundle.yaml", "sentinel_bundle: 1\nname: b\nserial: 1\npolicy: policy.yaml\n"
      .. "plugins:\n  probe: {version: 1.0.0, grant: {geoip: true, history: true}}\n")
    check_all(3, (run("prod_spec.yaml", [[
suite: prod
policy: bundle/
now: 2026-01-14T10:30:00-05:00
mocks:
  plugins: {probe: [{returns: true}]}
  geoip: {198.51.100.7: {country: US}}
  history: {alice: [{time: 2026-01-13T10:00:00Z, profile: prod}]}
cases:
  - {name: verdict, request: {user: bob, profile: prod}, expect: {effect: allow}}
  - name: place
    request: {user: alice, profile: prod}
    mocks: {geoip: {198.51.100.7: {country: GB}}}
    expect: {effect: deny, failed: probe}
  - name: grants
    request: {user: alice, profile: prod}
    mocks: {history: {alice: []}}
    expect: {effect: deny, failed: probe}
]])))
  end)

  -- {where the first mock stands, with %s for it}
  local outside = {
    { "at the top", "policy('bundle')\n%s\n" .. "it('x', function() %s end)" },
    { "in describe", "policy('bundle')\ndescribe('d', function()\n%s\n" .. "it('x', function() %s end) end)" },
    { "in before_each", "policy('bundle')\nbefore_each(function() %s end)\n" .. "it('x', function() %s end)" },
    { "in an outer before_each", "policy('bundle')\nbefore_each(function() %s end)\n"
      .. "describe('d', function() before_each(function() end) it('x', function() %s end) end)" },
  }
  local request = "{ user = 'alice', profile = 'prod', time = '2026-01-14T15:30:00Z' }"
  local rows = {
    { "mock.plugin('probe', true)", "assert.allows(%s)" },
    { "mock.plugin('probe', true)", "mock.plugin('probe', false) assert.denies(%s, { failed = 'probe' })" },
    { "mock.plugin('probe', true)", "mock.http { need = 'q', fault = 'timeout' } assert.denies(%s, { error = 'plugin_timeout' })" },
    { "mock.http { need = 'q', fault = 'timeout' }", "mock.plugin('probe', true) assert.allows(%s)" },
    { "mock.http { need = 'q', json_file = 'testdata/names.json' }", "assert.allows(%s)" },
    { "mock.http { need = 'q', json = { names = { 'alice' } } }",
      "mock.http { need = 'q', json = { names = {} } } assert.denies(%s, { failed = 'probe' })" },
    { "mock.plugin('probe', { user = 'bob', returns = false }, 'error')",
      "mock.plugin('probe', { user = 'bob', returns = true }) assert.denies(%s, { error = 'plugin_error' })" },
  }
  for _, place in ipairs(outside) do
    it(("stand %s, and those of a case count before them"):format(place[1]), function()
      for _, row in ipairs(rows) do
        check_all(1, (run("b_spec.lua", place[2]:format(row[1], row[2]:format(request)))))
      end
    end)
  end

  it("of an inner before_each count before those of an outer one, and end with their group", function()
    check_all(2, (run("b_spec.lua", ([[
policy("bundle")
before_each(function() mock.plugin("probe", true) end)
describe("inner", function()
  before_each(function() mock.plugin("probe", "error") end)
  it("fails", function() assert.denies(REQUEST, { error = "plugin_error" }) end)
end)
it("holds", function() assert.allows(REQUEST) end)
]]):gsub("REQUEST", request))))
  end)

  it("of a group hold for its cases, and count before those of outer ones", function()
    check_all(4, (run("b_spec.lua", ([[
policy("bundle")
mock.plugin("probe", "error")
describe("a", function()
  mock.plugin("probe", true)
  it("holds", function() assert.allows(REQUEST) end)
  describe("b", function()
    mock.plugin("probe", false)
    it("does not hold", function() assert.denies(REQUEST, { failed = "probe" }) end)
  end)
  it("holds again", function() assert.allows(REQUEST) end)
end)
it("fails", function() assert.denies(REQUEST, { error = "plugin_error" }) end)
]]):gsub("REQUEST", request))))
  end)

  it("outside of cases are known by the policy that their cases have", function()
    home:write("plain.yaml", 'version: "1"\nrules:\n  - {name: r, effect: allow, conditions: {}}\n')
    check_all(2, (run("b_spec.lua", ([[
describe("a", function() policy("plain.yaml") it("x", function() assert.allows(REQUEST) end) end)
describe("b", function()
  policy("bundle")
  mock.plugin("probe", true)
  it("x", function() assert.allows(REQUEST) end)
end)
]]):gsub("REQUEST", request))))
    local document, status = run("b_spec.lua", ([[
mock.plugin("probe", true)
policy("plain.yaml")
it("x", function() assert.allows(REQUEST) end)
]]):gsub("REQUEST", request))
    assert.equal(5, status)
    assert.equal("b_spec.lua:1", document.problems[1].file .. ":" .. math.tointeger(document.problems[1].line))
    assert.is_truthy(document.problems[1].message:find('mock.plugin names "probe", and there is no such plugin', 1, true))
  end)

  -- {of a table's `mocks`, the same in Lua, what is said of both}
  local refused = {
    { "plugins: {prob: [{returns: true}]}", "mock.plugin('prob', true)",
      'names "prob", and there is no such plugin; did you mean "probe"?' },
    { "plugins: {probe: [{args: {ids: x}, returns: true}]}", "mock.plugin('probe', { args = { ids = 'x' }, returns = true })",
      'plugin probe has no argument "ids"; did you mean "id"?' },
    { "http: [{need: r}]", "mock.http { need = 'r' }", 'names a question that no plugin has: "r"' },
    { "http: [{plugin: probe, need: r}]", "mock.http { plugin = 'probe', need = 'r' }",
      'names a question that plugin "probe" has not: "r"' },
    { "http: [{plugin: prob, need: q}]", "mock.http { plugin = 'prob', need = 'q' }",
      'names "prob", and there is no such plugin; did you mean "probe"?' },
    { "http: [{need: q, params: {ids: x}}]", "mock.http { need = 'q', params = { ids = 'x' } }",
      'question q of plugin probe has no "ids"; did you mean "id"?' },
    { "http: [{need: q, delay: soon}]", "mock.http { need = 'q', delay = 'soon' }", "delay has to be a time" },
    { "http: [{need: q, json: {}, json_file: testdata/names.json}]",
      "mock.http { need = 'q', json = false, json_file = 'testdata/names.json' }", "http gives both json and json_file" },
    { "http: [{need: q, text: x, json_file: testdata/names.json}]",
      "mock.http { need = 'q', text = 'x', json_file = 'testdata/names.json' }", "http gives both json_file and text" },
    { "http: [{need: q, fault: reset, status: 200}]", "mock.http { need = 'q', fault = 'reset', status = 200 }",
      "http gives both fault and status" },
    { "http: [{need: q, fault: reset, delay: 1s}]", "mock.http { need = 'q', fault = 'reset', delay = '1s' }",
      "http gives both fault and delay" },
    { "geoip: {198.51.100.7: {contry: US}}", "mock.geoip { ['198.51.100.7'] = { contry = 'US' } }",
      '198.51.100.7 has no "contry"; did you mean "country"?' },
    { "geoip: {198.51.100.7: {asn: US}}", "mock.geoip { ['198.51.100.7'] = { asn = 'US' } }", "asn has to be a number" },
    { "geoip: {198.51.100.7: US}", "mock.geoip { ['198.51.100.7'] = 'US' }", "has to be a table of fields, or false" },
    { "geoip: {here: {country: US}}", "mock.geoip { here = { country = 'US' } }", 'the text "here" is not an address' },
    { "history: {alice: [{tme: x}]}", "mock.history { alice = { { tme = 'x' } } }", 'alice[0] has no "tme"; did you mean "time"?' },
    { "history: {alice: [{time: yesterday}]}", "mock.history { alice = { { time = 'yesterday' } } }",
      "alice[0]: time has to be a time such as" },
    { "history: {alice: {time: x}}", "mock.history { alice = { time = 'x' } }", "alice has to be a list of grants" },
  }
  for _, row in ipairs(refused) do
    it("are refused: " .. row[1], function()
      local document, status = run("b_spec.yaml", "suite: b\npolicy: bundle/\nmocks:\n  " .. row[1]
        .. "\ncases:\n  - {name: x, request: {user: alice, profile: dev}, effect: deny}\n")
      assert.equal(5, status)
      assert.is_truthy(document.problems[1].message:find(row[3], 1, true), document.problems[1].message)
      document, status = run("bundle_spec.lua", ("it('x', function()\n%s end)"):format(row[2]))
      assert.equal(5, status)
      assert.is_truthy(document.tests[1].message:find(row[3], 1, true), document.tests[1].message)
      assert.equal(2, math.tointeger(document.tests[1].line))
      document, status = run("bundle_spec.lua", ("\n%s\nit('x', function() end)"):format(row[2]))
      assert.equal(5, status)
      assert.is_truthy(document.problems[1].message:find(row[3], 1, true), document.problems[1].message)
      assert.equal(2, math.tointeger(document.problems[1].line))
    end)
  end
end)
