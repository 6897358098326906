--- sentinel who-can: who, by which rule; every request that it prints is one that explain allows.
local cjson = require "cjson"
local bundle = require "spec.support.bundle"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local settings = require "spec.support.settings"
local world = require "spec.support.world"

local POLICY = [[
version: "1"
groups: {ops: [alice, bob], corp: ["*@corp"]}
rules:
  - {name: none, effect: deny, conditions: {users: ["intern-*"]}}
  - name: hours
    effect: allow
    conditions: {profiles: [prod], groups: [ops], time: {days: [monday], hours: {start: "09:00", end: "17:00"}, timezone: America/New_York}}
  - name: ci
    effect: allow
    conditions: {profiles: [prod], users: ["role/ci-*/*"], roles: [Prod], any: [{source_ip: [10.0.0.0/8]}, {mfa: {max_age: 15m}}]}
  - name: ask
    effect: require_approval
    conditions: {profiles: [prod], groups: [corp]}
    require: {justification: {min_length: 20, pattern: "^INC%-%d+"}}
  - {name: cli, effect: allow, conditions: {profiles: [tools], mode: [cli]}}
]]
local MONDAY, SUNDAY = "2026-01-19T15:00:00Z", "2026-01-18T15:00:00Z"
local ROLE = "arn:aws:iam::123456789012:role/"

describe("sentinel who-can", function()
  local home, policy

  before_each(function()
    home = world.new {}
    policy = home:write("p.yaml", POLICY)
  end)

  after_each(function()
    home:remove()
  end)

  local function who_can(...)
    return home:run { "who-can", "--policy", policy, ... }
  end

  local function told(document)
    local lines = {}
    for i, way in ipairs(document.ways) do
      lines[i] = way.user .. ": " .. way.rule
    end
    return lines
  end

  it("tells who can get in now, and by which rule", function()
    local document = expect.json(who_can("prod", "--time", MONDAY, "--json"))
    assert.same({ "alice: hours", "bob: hours", "*@corp: ask", "role/ci-*/*: ci" }, told(document))
    assert.same({ "prod", MONDAY, false, true }, { document.profile, document.time, document.ever, document.exact })
    document = expect.json(who_can("--profile", "prod", "--time", SUNDAY, "--json"))
    assert.same({ "*@corp: ask", "role/ci-*/*: ci" }, told(document))
  end)

  it("tells with --ever who can get in at all", function()
    local document = expect.json(who_can("prod", "--time", SUNDAY, "--ever", "--json"))
    assert.same({ "alice: hours", "bob: hours", "*@corp: ask", "role/ci-*/*: ci" }, told(document))
    assert.is_true(document.ever)
    assert.equal("2026-01-19T14:00:00Z", document.ways[1].request.time)
    assert.matches("monday America/New_York; 09:00%-17:00 America/New_York", document.ways[1].conditions[1])
  end)

  it("gives requests that explain allows by the same rule", function()
    local document = expect.json(who_can("prod", "--time", MONDAY, "--json"))
    for i, way in ipairs(document.ways) do
      local request = cjson.encode(way.request)
      local file = home:write(("request%d.json"):format(i), request)
      local explained = expect.json(home:run { "explain", "--request", file, "--policy", policy, "--json" })
      assert.same({ "allow", way.rule }, { explained.effect, explained.rule })
    end
    assert.equal(4, #document.ways)
  end)

  -- The commands that were printed, run by a shell.
  it("prints commands that can be run as they are", function()
    local spaced = home:write("it's a policy.yaml", POLICY)
    local text = expect.done(home:run { "who-can", "prod", "--time", MONDAY, "--policy", spaced })
    local count = 0
    for rule, command in text:gmatch("by rule (%w+)[^\n]*\n    ([^\n]+)\n") do
      local script = home:write("run.sh", ("sentinel() { %s \"$@\"; }\ncd %s\n%s\n"):format(
        files.quote(settings.bin), files.quote(home.home), command))
      local result = process.run({ "sh", script }, home:options())
      assert.matches("^allow", expect.done(result))
      assert.matches("rule     " .. rule .. "\n", result.stdout)
      count = count + 1
    end
    assert.equal(4, count)
    assert.matches("\n%*@corp\n  by rule ask: with an approval by ", text)
    assert.equal(1, text:find("profile prod, at " .. MONDAY .. ", policy ", 1, true))
    assert.matches("\n    sentinel explain prod %-%-user alice %-%-time ", text)
  end)

  it("ends with 1 when nobody can get in", function()
    local result = who_can("other", "--time", MONDAY)
    expect.status(result, 1)
    assert.matches("nobody can get in\n$", result.stdout)
    assert.matches('^sentinel: nobody can get in with profile "other"\n', result.stderr)
    assert.same({}, expect.json(who_can("other", "--json"), 1).ways)
    assert.same({ "anyone else: cli" }, told(expect.json(who_can("tools", "--json"))))
    expect.status(who_can("tools", "--mode", "server"), 1)
  end)

  it("takes the profile from AWS_PROFILE, and needs neither network, configuration nor role", function()
    local result = home:run({ "who-can", "--policy", policy, "--time", MONDAY },
      { environment = { AWS_PROFILE = "prod", AWS_ENDPOINT_URL = "http://127.0.0.1:1" } })
    assert.matches("\nalice\n", expect.done(result))
    assert.equal("", home:kinds())
  end)

  it("refuses what it does not understand", function()
    expect.refused(home:run { "who-can" }, 2, "no profile")
    expect.refused(who_can("prod", "--time", "noon"), 2, "RFC 3339")
    expect.refused(who_can("prod", "--mode", "root"), 2, "credential_process")
    expect.refused(who_can("prod", "--ever=yes"), 2, "takes no value")
    expect.refused(who_can("prod", "--user", "alice"), 2, "--user")
    expect.refused(who_can("a//b"), 2, "profile")
    expect.refused(home:run { "who-can", "prod", "--policy", home.home .. "/none.yaml" }, 5, "none.yaml")
    expect.refused(home:run { "who-can", "prod" }, 5, "no policy is configured")
  end)

  it("tells the problems of a refused policy", function()
    local file = home:write("bad.yaml", (POLICY:gsub("effect: deny", "efect: deny")))
    expect.refused(home:run { "who-can", "prod", "--policy", file }, 5, "bad.yaml:4:", "effect")
    local document = expect.json(home:run { "who-can", "prod", "--policy", file, "--json" }, 5)
    assert.is_false(document.valid)
    assert.matches("effect", document.problems[1].message)
  end)

  it("bounds roles by the bundle's targets", function()
    bundle.write(home, { policy = [[
version: "1"
rules:
  - {name: any, effect: allow, conditions: {profiles: ["*"]}}
  - {name: other, effect: allow, conditions: {roles: [Other]}}
]], more = ('targets: {prod: [%q, %q]}'):format(ROLE .. "Prod", ROLE .. "team/*") })
    local document = expect.json(home:run { "who-can", "prod", "--json" })
    assert.same({ "anyone: any" }, told(document))
    assert.equal(ROLE .. "Prod", document.ways[1].request.role_arn)
    expect.status(home:run { "who-can", "dev" }, 1)
  end)

  it("takes plugins as free to hold or not, and says which have to", function()
    bundle.write(home, { policy = [[
version: "1"
rules:
  - {name: off, effect: deny, conditions: {probe: {id: off}}}
  - {name: ops, effect: allow, conditions: {profiles: [prod], users: [alice], probe: {id: ops}}}
  - {name: plain, effect: allow, conditions: {profiles: [plain]}}
]], plugins = { probe = { files = {
      ["plugin.lua"] = [[return { name = "probe", version = "1.0.0", api = 1, summary = "For tests",
  args = { id = { type = "string", description = "an id" } }, needs = { request = { "source_ip" } } }]],
      ["init.lua"] = "return function() error('asked') end\n",
    } } } })
    local document = expect.json(home:run { "who-can", "prod", "--json" })
    assert.same({ "alice: ops" }, told(document))
    assert.same({ { condition = "probe id off", holds = false }, { condition = "probe id ops", holds = true } },
      document.ways[1].assumed)
    assert.is_string(document.ways[1].request.source_ip, "without one the plugin is unknown, and the deny rule denies")
    local text = expect.done(home:run { "who-can", "prod" })
    assert.matches("\n    if probe id off does not hold and probe id ops holds\n", text)
    document = expect.json(home:run { "who-can", "plain", "--json" })
    assert.same({ { condition = "probe id off", holds = false } }, document.ways[1].assumed)
    assert.is_string(document.ways[1].request.source_ip)
  end)
end)
