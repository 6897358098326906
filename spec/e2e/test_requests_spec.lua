--- What a request is, wherever one is written: a file for `explain`, a table, a spec in Lua.
local cjson = require "cjson"
local expect = require "spec.support.expect"
local world = require "spec.support.world"

local POLICY = 'version: "1"\nrules:\n  - {name: r, effect: deny, conditions: {}}\n'

-- The whole of what policy.md shows, with some of it unknown.
local WHOLE = [[
{"user": {"name": "alice", "kind": "user", "arn": "arn:aws:iam::123456789012:user/alice", "account": "123456789012", "role": null},
 "profile": "prod", "role_arn": "arn:aws:iam::123456789012:role/Prod", "mode": "cli", "time": "2026-01-19T02:47:33Z",
 "duration": 1800, "source_ip": "198.51.100.7", "justification": null, "break_glass": {"reason_code": "incident"},
 "session_table": null, "approval": {"id": "a1", "approvers": ["bob"], "approved_at": "2026-01-19T02:40:00Z",
 "expires_at": "2026-01-19T03:40:00Z"}, "mfa": {"authenticated_at": "2026-01-19T02:40:00Z"},
 "device": {"disk_encrypted": true, "mdm_enrolled": true, "mdm_compliant": false, "firewall_enabled": null,
 "os_type": "darwin", "os_version": "14.10.1"}}
]]

-- JSON as Lua writes it.
local function as_lua(value)
  if value == cjson.null then
    return "nil"
  elseif type(value) ~= "table" then
    return type(value) == "string" and ("%q"):format(value) or ("%.14g"):format(value == true and 1 or value or 0)
      :gsub("^.*$", type(value) == "boolean" and tostring(value) or "%0")
  end
  local parts = {}
  for key, item in pairs(value) do
    parts[#parts + 1] = (type(key) == "number" and "" or ("[%q] = "):format(key)) .. as_lua(item)
  end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

describe("a request", function()
  local home

  before_each(function()
    home = world.new {}
    home:write("dev.yaml", POLICY)
  end)

  after_each(function()
    home:remove()
  end)

  -- The exit status of each place that reads it, as one text, and what they say.
  local function read_all(json)
    home:write("request.json", json)
    home:write("a_spec.yaml", ("suite: a\npolicy: dev.yaml\ncases:\n  - name: x\n    request: %s\n    effect: deny\n"):format(
      json:gsub("%s+", " ")))
    home:write("dev_spec.lua", ("it('x', function() assert.denies(%s) end)\n"):format(as_lua(cjson.decode(json))))
    local results = {
      home:run { "explain", "--policy", "dev.yaml", "--request", "request.json" },
      home:run { "test", "a_spec.yaml" }, home:run { "test", "dev_spec.lua" },
    }
    local statuses, told = {}, {}
    for i, result in ipairs(results) do
      statuses[i] = result.status
      told[i] = result.stdout .. result.stderr
    end
    return table.concat(statuses, " "), told
  end

  it("is the same in each place, with nulls for what is unknown", function()
    local statuses, told = read_all(WHOLE)
    assert.equal("0 0 0", statuses, table.concat(told, "\n"))
  end)

  local good = {
    '{"user": "role/Ops/x", "profile": "a"}', '{"user": "federated/x", "profile": "a"}', '{"user": "root", "profile": "a"}',
    '{"user": "210987654321/bob", "profile": "a"}', '{"user": "b", "profile": "team/dev:x.y@z+1-2"}',
    '{"user": "b", "profile": "a", "role_arn": "arn:aws-x:iam::123456789012:role/a b"}',
    '{"user": "b", "profile": "a", "source_ip": "2001:db8::1"}',
    '{"user": "b", "profile": "a", "role_arn": "arn:aws-cn:iam::123456789012:role/team/Prod"}',
    '{"user": {"name": "b", "kind": "sso", "role": "Admin"}, "profile": "a", "approval": {}, "device": null}',
    '{"user": "b", "profile": "a", "duration": 43200, "time": "2026-01-19T02:47:33+02:00"}',
  }
  for _, json in ipairs(good) do
    it("is one: " .. json, function()
      local statuses, told = read_all(json)
      assert.equal("0 0 0", statuses, table.concat(told, "\n"))
    end)
  end

  -- {request, what a spec says of it}
  local bad = {
    { '{"profile": "a"}', "the request has no user" },
    { '{"user": "b"}', "the request has no profile" },
    { '{"user": null, "profile": "a"}', "the request has no user" },
    { '{"user": "role/x", "profile": "a"}', 'the request\'s user "role/x" is none: give a name, role/ROLE/SESSION' },
    { '{"user": "federated/", "profile": "a"}', "is none: give a name" },
    { '{"user": "", "profile": "a"}', "is none: give a name" },
    { '{"user": "a/b", "profile": "a"}', "is none: give a name" },
    { '{"user": 5, "profile": "a"}', "the request's user has to be a name" },
    { '{"user": {"name": "b", "kind": "usr"}, "profile": "a"}',
      'user.kind has to be user, sso, role, federated or root, not the text "usr"; did you mean "user"?' },
    { '{"user": {"name": "b"}, "profile": "a"}', "the request's user needs a name and a kind (user, sso, role, federated or root)" },
    { '{"user": {"name": "", "kind": "user"}, "profile": "a"}', "user.name has to be a text" },
    { '{"user": {"name": "b", "kind": "user", "account": 123456789012}, "profile": "a"}',
      "user.account has to be a text of at most 12 bytes, not the number 123456789012" },
    { '{"user": "b", "profile": "a b"}', 'profile has to be the name of a profile, not the text "a b"' },
    { '{"user": "b", "profile": "../a"}', "profile has to be the name of a profile" },
    { '{"user": "b", "profile": "a", "mode": "cli2"}',
      'mode has to be credential_process, cli or server, not the text "cli2"; did you mean "cli"?' },
    { '{"user": "b", "profile": "a", "time": "yesterday"}', "time has to be a time such as 2026-01-19T10:00:00Z" },
    { '{"user": "b", "profile": "a", "mfa": {"authenticated_at": "yesterday"}}', "mfa.authenticated_at has to be a time" },
    { '{"user": "b", "profile": "a", "mfa": "yes"}', "mfa has to be a table of fields" },
    { '{"user": "b", "profile": "a", "duration": "abc"}', "duration has to be seconds, from 1 to 43200, not the text" },
    { '{"user": "b", "profile": "a", "duration": -5}', "duration has to be seconds, from 1 to 43200, not the number -5" },
    { '{"user": "b", "profile": "a", "duration": 43201}', "duration has to be seconds" },
    { '{"user": "b", "profile": "a", "duration": 1.5}', "duration has to be seconds" },
    { '{"user": "b", "profile": "a", "device": {"os_type": "beos"}}', "device.os_type has to be darwin, windows or linux" },
    { '{"user": "b", "profile": "a", "device": {"mdm_enrolled": "yes"}}', "device.mdm_enrolled has to be true or false" },
    { '{"user": "b", "profile": "a", "device": {"os": "linux"}}', 'no field "device.os"' },
    { '{"user": "b", "profile": "a", "approval": {"approvers": "bob"}}',
      'approval.approvers has to be a list of texts, not the text "bob"' },
    { '{"user": "b", "profile": "a", "approval": {"approvers": []}}', "approval.approvers has to be a list of texts" },
    { '{"user": "b", "profile": "a", "role_arn": "Prod"}',
      "role_arn has to be the ARN of a role, such as arn:aws:iam::123456789012:role/Name" },
    { '{"user": "b", "profile": "a", "role_arn": "arn:aws:iam::12345678901:role/Prod"}', "role_arn has to be the ARN of a role" },
    { '{"user": "b", "profile": "a", "role_arn": "arn:aws:iam::123456789012:user/Prod"}', "role_arn has to be the ARN of a role" },
    { '{"user": "b", "profile": "a", "role_arn": "arn:aws:iam::123456789012:role/"}', "role_arn has to be the ARN of a role" },
    { '{"user": "b", "profile": "a", "source_ip": "300.1.1.1"}', "source_ip has to be an address such as 198.51.100.7" },
    { '{"user": "b", "profile": "a", "source_ip": "10.0.0.0/8"}', "source_ip has to be an address" },
    { '{"user": "b", "profile": "a", "justification": ""}', "justification has to be a text" },
    { '{"user": "b", "profil": "a"}', 'a request has no field "profil"; did you mean "profile"?' },
  }
  for _, row in ipairs(bad) do
    it("is none: " .. row[1], function()
      local statuses, told = read_all(row[1])
      assert.is_truthy(statuses:find("^[25] 5 5$"), statuses .. "\n" .. table.concat(told, "\n"))
      for i = 2, 3 do
        assert.is_truthy(told[i]:find(row[2], 1, true), told[i])
      end
      assert.is_truthy(told[2]:find('a_spec.yaml:4:5: case "a x": ', 1, true), told[2])
    end)
  end

  for _, name in ipairs { "alice", "role/Ops/x", "federated/x", "root", "210987654321/bob", "210987654321/role/Ops/x" } do
    it("has the user in full, as `explain` has it, where it names " .. name, function()
      local explained = expect.json(home:run { "explain", "dev", "--user", name, "--policy", "dev.yaml", "--json" }).request.user
      home:write("own.lua", ([[
local s = require "sentinel"
return s.policy { version = "1", rules = { s.rule "r" { effect = "allow", conditions = { function(request)
  local user = request.user
  return user.arn == %q and user.account == %q and user.kind == %q and (user.role or "") == %q
end } } } }
]]):format(explained.arn, explained.account, explained.kind, explained.role or ""))
      home:write("own_spec.lua", ("it('x', function() assert.allows({ user = %q, profile = 'dev' }) end)"):format(name))
      expect.done(home:run { "test", "own_spec.lua" })
    end)
  end

  it("takes what it lacks from a table's defaults, and nothing that it says is unknown", function()
    home:write("net.yaml", 'version: "1"\nrules:\n  - {name: net, effect: allow, conditions: {source_ip: [10.0.0.0/8]}}\n')
    home:write("net_spec.yaml", [[
suite: net
policy: net.yaml
defaults: {user: alice, profile: dev, source_ip: 10.1.2.3}
cases:
  - {name: from defaults, request: {profile: prod}, expect: {effect: allow}}
  - {name: unknown, request: {source_ip: null}, expect: {effect: deny, failed: source_ip}}
]])
    expect.done(home:run { "test", "net_spec.yaml" })
  end)

  it("does not know its mode or time where it says so", function()
    home:write("net.yaml", [[
version: "1"
rules:
  - {name: by-hand, effect: deny, conditions: {profiles: [dev], mode: [cli]}}
  - {name: at-night, effect: deny, conditions: {profiles: [prod], time: {hours: {start: "22:00", end: "23:00"}}}}
  - {name: others, effect: allow, conditions: {}}
]])
    home:write("net_spec.yaml", [[
suite: net
policy: net.yaml
now: 2026-01-19T10:00:00Z
cases:
  - {name: usual, request: {user: alice, profile: dev}, expect: {effect: allow}}
  - {name: no mode, request: {user: alice, profile: dev, mode: null}, expect: {effect: deny, rule: by-hand, error: fact_unknown}}
  - {name: noon, request: {user: alice, profile: prod}, expect: {effect: allow}}
  - {name: no time, request: {user: alice, profile: prod, time: null}, expect: {effect: deny, rule: at-night, error: fact_unknown}}
  - {name: no duration, request: {user: alice, profile: dev, duration: null}, expect: {effect: allow}}
]])
    expect.done(home:run { "test", "net_spec.yaml" })
    for request, wanted in pairs {
      ['{"user":"alice","profile":"dev","mode":null}'] = "by-hand",
      ['{"user":"alice","profile":"prod","time":null}'] = "at-night",
    } do
      home:write("request.json", request)
      local answer = expect.json(home:run { "explain", "--request", "request.json", "--policy", "net.yaml", "--json" })
      assert.are.same({ "deny", wanted, "fact_unknown" }, { answer.effect, answer.rule, answer.error })
    end
  end)

  it("has no null in the place of a value elsewhere, and is told where", function()
    home:write("a_spec.yaml", "suite: a\npolicy: dev.yaml\nmocks:\n  plugins: {p: [{args: {x: null}, returns: true}]}\n"
      .. "cases:\n  - {name: x, request: {user: a, profile: b}, effect: deny}\n")
    local result = home:run { "test", "a_spec.yaml" }
    expect.status(result, 5)
    assert.is_truthy(result.stdout:find("mocks.plugins.p[0].args.x has to be a value, not nothing", 1, true), result.stdout)
  end)

  it("that is none is not hidden by who catches errors", function()
    home:write("dev_spec.lua", "it('a', function()\nassert.has_error(function() assert.denies({ user = 'a' }) end) end)\n"
      .. "it('b', function() pcall(assert.denies, {}) end)\nit('c', function() assert.denies({ user = 'a', profile = 'b' }) end)\n")
    local document = expect.json(home:run { "test", "dev_spec.lua", "--json" }, 5)
    assert.equal("1 2", ("%d %d"):format(document.passed, document.failed))
    assert.equal("the request has no profile: who asks for which profile has to be said", document.tests[1].message)
    assert.equal(2, math.tointeger(document.tests[1].line))
  end)

  it("may be a part of one for a plugin's own spec, and is checked there too", function()
    home:write("plugins/p/plugin.lua", [[return { name = "p", version = "1.0.0", api = 1, summary = "x",
      needs = { request = { "source_ip" } } }]])
    home:write("plugins/p/init.lua", "return function() return true end\n")
    home:write("plugins/p/spec/p_spec.lua", "it('a', function() assert.is_nil((plugin(true, {}))) end)\n"
      .. "it('b', function() assert.is_true((plugin(true, { source_ip = '10.0.0.1' }))) end)\n"
      .. "it('c', function() plugin(true, { source_ip = 'x' }) end)\n")
    local document = expect.json(home:run { "test", "plugins", "--json" }, 5)
    assert.equal(2, document.passed)
    assert.is_truthy(document.tests[3].message:find("source_ip has to be an address", 1, true))
  end)
end)
