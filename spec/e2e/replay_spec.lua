--- sentinel replay: the decisions of a log that real runs wrote, made again with another policy.
local bundle = require "spec.support.bundle"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"
local world = require "spec.support.world"

local WIDENED = world.allow_dev .. [[
  - name: prod-everyone
    effect: allow
    conditions: {profiles: [prod]}
]]

local function shorter(rule, more)
  return ([[
version: "1"
rules:
  - name: %s
    effect: allow
    conditions: {profiles: [dev]}
    reason: Development is open
    %s
]]):format(rule, more)
end

describe("sentinel replay", function()
  local faulty, home, written

  setup(function()
    faulty = servers.start_faulty()
    home = world.new { endpoint = faulty.url, policy = world.allow_dev }
    expect.credentials(home:run { "credentials", "dev" })
    expect.refused(home:run { "credentials", "prod" }, 3)
    expect.refused(home:run { "credentials", "absent" }, 5)
    expect.credentials(home:run { "credentials", "dev" })
    written = files.read(home.log)
  end)

  teardown(function()
    home:remove()
    faulty:stop()
  end)

  before_each(function()
    files.write(home.log, written)
  end)

  local function replay(policy, ...)
    local file = home:write("new/policy.yaml", policy)
    return home:run { "replay", "--log", home.log, "--policy", file, ... }
  end

  it("finds no difference with the policy that decided, and writes nothing", function()
    local answer = expect.json(home:run { "replay", "--log", home.log, "--policy",
      "file:" .. home.policy_file, "--json" })
    assert.is_true(answer.ok)
    assert.are.equal(6, answer.records)
    assert.are.equal(3, answer.decisions)
    assert.are.equal(3, answer.replayed)
    assert.are.equal(3, answer.same)
    assert.are.equal(0, answer.changed)
    assert.are.same({}, answer.flips)
    assert.are.same({ ["failed:config"] = 1 }, answer.skipped)
    assert.are.equal(home:records()[1].policy.sha256, answer.policy.sha256)
    assert.are.equal(written, files.read(home.log))
    local text = expect.done(replay(world.allow_dev))
    assert.is_truthy(text:find("3 decisions of ", 1, true) and text:find(": 3 the same, 0 changed\n", 1, true), text)
    assert.is_truthy(text:find("not replayed: 1 failed:config\n", 1, true), text)
  end)

  it("takes the configured log when none is named", function()
    local file = home:write("new/policy.yaml", world.allow_dev)
    assert.are.equal(3, expect.json(home:run { "replay", "--policy", file, "--json" }).same)
  end)

  it("finds no difference with the same rules in Lua, with a function or without", function()
    local plain = home:write("new/policy.lua", world.allow_dev_lua)
    assert.are.equal(3, expect.json(home:run { "replay", "--policy", plain, "--json" }).same)
    local called = home:write("new/called.lua", (world.allow_dev_lua:gsub('profiles = { "dev" }',
      's.check("dev", function(request) return request.profile == "dev" end)')))
    assert.are.equal(3, expect.json(home:run { "replay", "--policy", called, "--json" }).same)
  end)

  it("fails when somebody gets in who was kept out, and says who", function()
    local result = replay(WIDENED)
    expect.status(result, 1)
    assert.are.equal([[
1 decision allowed now
  alice  prod  deny by no rule -> allow by prod-everyone; 1 decision, first record 3, request ]]
      .. home:records()[3].request_id .. "\n", result.stdout:match("^.-\n.-\n"))
    assert.is_truthy(result.stderr:find("1 decision would be allowed that was not", 1, true), result.stderr)
    assert.is_truthy(result.stderr:find("--accept", 1, true), result.stderr)
    assert.is_nil(result.stdout:find("\27", 1, true))
    local answer = expect.json(replay(WIDENED, "--json"), 1)
    assert.is_false(answer.ok)
    assert.are.equal(2, answer.same)
    assert.are.equal(1, answer.changes.to_allow)
    local flip = answer.flips[1]
    assert.are.equal("deny allow alice prod  prod-everyone", table.concat({ flip.from, flip.to, flip.user,
      flip.profile, flip.rule_before, flip.rule_after }, " "))
    assert.are.equal(1, flip.count)
    assert.are.equal(3, flip.first_seq)
    assert.are.equal(home:records()[3].request_id, flip.first_request_id)
  end)

  it("ends with 0 when that is accepted, and still says it", function()
    assert.is_truthy(expect.done(replay(WIDENED, "--accept")):find("^1 decision allowed now\n"))
    assert.is_false(expect.json(replay(WIDENED, "--accept", "--json")).ok)
  end)

  it("tells who is kept out, and does not fail for that", function()
    local narrowed = world.allow_dev:gsub("profiles: %[dev%]", "profiles: [dev], users: [bob]")
    local text = expect.done(replay(narrowed))
    assert.is_truthy(text:find("2 decisions not allowed any more\n  alice  dev  allow by dev-everyone -> deny by "
      .. "no rule; 2 decisions, first record 1,", 1, true), text)
    assert.are.equal(2, expect.json(replay(narrowed, "--json")).changes.from_allow)
  end)

  it("says so when there are more groups than it keeps", function()
    local line = written:match("^[^\n]+\n")
    local lines = {}
    for i = 1, 4098 do
      lines[i] = line:gsub('"alice"', ('"u%d"'):format(i))
    end
    files.write(home.log, table.concat(lines))
    local narrowed = world.allow_dev:gsub("profiles: %[dev%]", "profiles: [dev], users: [bob]")
    assert.are.equal(2, expect.json(replay(narrowed, "--json")).left_out)
    local text = expect.done(replay(narrowed))
    assert.is_truthy(text:find("\n  and 3996 more groups; --json lists them\n", 1, true), text:sub(-600))
    assert.is_truthy(text:find("\nnote: 2 changed decisions are of further groups, which are counted and not kept\n", 1,
      true), text:sub(-600))
  end)

  it("counts what else changes", function()
    local rows = {
      [shorter("other", "max_duration: 1h")] = "rule",
      [shorter("other", "max_duration: 30m")] = "shorter",
      [shorter("other", "lease: 30m")] = "shorter",
      [shorter("dev-everyone", "max_duration: 2h")] = "longer",
      [shorter("dev-everyone", "")] = "longer",
    }
    for policy, change in pairs(rows) do
      local answer = expect.json(replay(policy, "--json"))
      assert.are.equal(2, answer.changes[change], change)
      assert.are.equal(2, answer.changed)
      assert.is_true(answer.ok)
    end
    local text = expect.done(replay(shorter("dev-everyone", "max_duration: 2h")))
    assert.is_truthy(text:find("other changes: 2 with a longer max_duration\n", 1, true), text)
    local approval = world.allow_dev .. "  - {name: ask, effect: require_approval, conditions: {profiles: [prod]}}\n"
    assert.are.equal(1, expect.json(replay(approval, "--json")).changes.effect)
    local unknown = world.allow_dev .. "  - {name: d, effect: deny, conditions: {source_ip: [10.0.0.0/8]}}\n"
    assert.are.equal(1, expect.json(replay(unknown, "--json")).changes.error)
  end)

  it("looks only at the profile and the time that are asked for", function()
    local second = 0
    files.write(home.log, (written:gsub('"time":"[^"]*","time_source"', function()
      second = second + 1
      return ('"time":"2026-01-19T09:00:0%d.000Z","time_source"'):format(second)
    end)))
    local time = "2026-01-19T10:00:03+01:00"
    local function decisions(...)
      return expect.json(replay(world.allow_dev, "--json", ...)).decisions
    end
    assert.are.equal(2, decisions("--profile", "dev"))
    assert.are.equal(0, decisions("--profile", "other"))
    assert.are.equal(2, decisions("--since", time))
    assert.are.equal(1, decisions("--until", time))
    assert.are.equal(0, decisions("--until", "2000-01-01T00:00:00Z"))
    assert.are.equal(1, decisions("--since", time, "--until", "2026-01-19T09:00:04Z"))
    files.write(home.log, written)
    assert.are.equal(3, decisions("--since", "400d", "--until", "2999-01-01T00:00:00Z"))
    expect.status(replay(WIDENED, "--profile", "dev"), 0)
  end)

  it("refuses {profile} where no profile is named", function()
    home:write("new/dev.yaml", world.allow_dev)
    local source = home.home .. "/new/{profile}.yaml"
    expect.refused(home:run { "replay", "--policy", source }, 2, "{profile}", "--profile")
    assert.are.equal(2, expect.json(home:run { "replay", "--policy", source, "--profile", "dev", "--json" }).same)
  end)

  it("reads records of earlier versions, which have no max_duration", function()
    files.write(home.log, (written:gsub('"max_duration":[^,]*,', "")))
    assert.are.equal(3, expect.json(replay(shorter("dev-everyone", "max_duration: 30m"), "--json")).same)
  end)

  it("leaves a torn last line alone, and says so", function()
    files.write(home.log, written .. '{"v":1,"chain":"')
    assert.is_truthy(expect.done(replay(world.allow_dev)):find("note: the last line is torn, and was not read\n", 1, true))
    assert.is_true(expect.json(replay(world.allow_dev, "--json")).torn)
  end)

  local bad_logs = {
    { "a line of another kind", function(text) return (text:gsub("\n", "\nhello\n", 1)) end, "line 2 is not" },
    { "JSON that is no record", function(text) return text .. '{"v":1}\n' end, "line 7 has no chain" },
    { "a decision without an effect", function(text) return (text:gsub('"effect":"deny"', '"effect":null')) end,
      "line 3 has no effect" },
    { "a decision whose request has an unknown field",
      function(text) return (text:gsub('"mode":"cred', '"more":1,"mode":"cred', 1)) end, "line 1 has a request" },
    { "an empty file", function() return "" end, "holds no record" },
    { "a line over 64 KiB", function(text) return text .. ("x"):rep(70000) .. "\n" end, "line 7 is longer" },
  }
  for _, row in ipairs(bad_logs) do
    it("refuses " .. row[1], function()
      files.write(home.log, row[2](written))
      expect.refused(replay(world.allow_dev), 5, row[3])
    end)
  end

  it("refuses what cannot be replayed", function()
    local policy = home:write("new/policy.yaml", world.allow_dev)
    expect.refused(home:run { "replay", "--log", home.log }, 2, "--policy")
    expect.refused(home:run { "replay", "--log", "/dev/null", "--policy", policy }, 5, "not a regular file")
    expect.refused(home:run { "replay", "--log", home.home .. "/none", "--policy", policy }, 5,
      "there is no decision log", "none")
    expect.refused(home:run { "replay", "--policy", home.home .. "/none.yaml" }, 5, "none.yaml")
    expect.refused(home:run { "replay", "--policy", "ssm:p" }, 5, "SSM parameter")
    expect.refused(home:run { "replay", "--policy", policy, "--profile", "../dev" }, 2, "../dev")
    expect.refused(home:run { "replay", "--policy", policy, "--since", "yesterday" }, 2, "--since", "yesterday")
    expect.refused(home:run { "replay", "--policy", policy, "--until", "" }, 2, "--until")
    expect.refused(replay("version: 1\nrulez: []\n"), 5, 'unknown key "rulez"', 'did you mean "rules"?')
  end)

  local function evil(mode, reply)
    return home:run({ "replay", "--policy", home:write("new/policy.yaml", world.allow_dev), "--json" },
      { bin = settings.evil, environment = { SENTINEL_EVIL = mode, SENTINEL_EVIL_REPLY = reply or false } })
  end

  local DENY = "deny -1 0 0 - -\n"

  it("believes no batch that is odd: each of its decisions is made alone", function()
    if not settings.exists(settings.evil) then
      return pending(settings.skipped("there is no " .. settings.evil))
    end
    assert.are.equal(2, expect.json(evil("batch:reply", DENY:rep(3))).changes.from_allow)
    for mode, reply in pairs { ["batch:die"] = false, ["batch:wrong_nonce"] = false, ["batch:reply"] = DENY:rep(2) } do
      local answer = expect.json(evil(mode, reply), 1)
      assert.are.equal(1, answer.changes.to_allow, mode)
      assert.are.equal("evil", answer.flips[1].rule_after)
    end
  end)

  it("fails when an evaluator gives no answer: nobody knows it", function()
    if not settings.exists(settings.evil) then
      return pending(settings.skipped("there is no " .. settings.evil))
    end
    local result = evil("batch+evaluate:die")
    assert.are.equal(3, expect.json(result, 1).unknown.no_answer)
    assert.is_truthy(result.stderr:find("of 3 decisions nobody knows", 1, true), result.stderr)
    files.write(home.log, written:rep(17)) -- 51 decisions: the chain is not looked at here
    expect.refused(evil("batch+evaluate:die"), 6, "more than 50 decisions could not be made")
  end)
end)

describe("sentinel replay with plugins", function()
  local POLICY = 'version: "1"\nrules:\n  - {name: open, effect: allow, conditions: {profiles: [dev], probe: {id: x1}}}\n'
  local vendors, faulty, home

  setup(function()
    vendors = servers.start_vendors()
    faulty = servers.start_faulty()
    home = world.new { endpoint = faulty.url, environment = vendors:environment() }
  end)

  teardown(function()
    home:remove()
    vendors:stop()
    faulty:stop()
  end)

  local function use(policy, grant)
    return bundle.write(home, { policy = policy, plugins = { probe = {
      grant = grant or "http: [q], hosts: [a.example]",
      files = bundle.asking {
        url = "GET https://a.example/q/{id}",
        check = [[
          local answer = host.http { "q", id = args.id }
          return answer.status == 200 and answer.json.holds]],
      },
    } } })
  end

  it("decides with the recorded facts, asks nobody, and tells what was not recorded", function()
    local folder = use(POLICY)
    local function decide(answer, status)
      vendors:set { ["a.example /q/x1"] = answer }
      expect.status(home:run({ "credentials", "dev" }, { bin = settings.loopback }), status)
    end
    decide({ json = { holds = true } }, 0)
    decide({ json = { holds = false } }, 3)
    decide({ status = 503 }, 3)
    local asked = #vendors:requests()
    local function replay(status)
      return expect.json(home:run { "replay", "--policy", folder, "--json" }, status)
    end
    assert.are.equal(3, replay(0).same)

    use((POLICY:gsub("dev", "dev], users: [bob")))
    assert.are.equal(1, replay(0).changes.from_allow)

    use((POLICY:gsub("x1", "x2")))
    local answer = replay(1)
    assert.are.equal(3, answer.unknown.not_recorded)
    assert.are.equal(0, answer.replayed)
    local result = home:run { "replay", "--policy", folder }
    assert.is_truthy(result.stdout:find("3 decisions not known: the policy asks what was not recorded; first record 1\n",
      1, true), result.stdout)
    expect.status(home:run { "replay", "--policy", folder, "--accept" }, 0)

    use(POLICY, "hosts: [a.example]")
    answer = replay(0)
    assert.are.equal(1, answer.changes.from_allow)
    assert.are.equal("fact_unavailable", answer.flips[1].error_after)
    assert.are.equal(asked, #vendors:requests())
  end)

  it("names the record whose facts make no sense, although its answer comes late", function()
    home:clear_log()
    local folder = use(POLICY)
    vendors:set { ["a.example /q/x1"] = { json = { holds = false } } }
    expect.status(home:run({ "credentials", "dev" }, { bin = settings.loopback }), 3)
    local good = files.read(home.log)
    local bad, count = good:gsub('"status":"ok"', '"status":"odd"')
    assert.are.equal(1, count)
    for after = 0, 5 do
      files.write(home.log, bad .. (good:gsub('"seq":1', '"seq":2')):rep(after))
      local result = home:run { "replay", "--policy", folder }
      expect.refused(result, 5, home.log .. ": record 1 has a fact without a status", "sentinel log verify")
    end
  end)

  it("does not know what an earlier bundle did not grant", function()
    home:clear_log()
    local folder = use(POLICY, "hosts: [a.example]")
    expect.status(home:run({ "credentials", "dev" }, { bin = settings.loopback }), 3)
    assert.are.equal(1, expect.json(home:run { "replay", "--policy", folder, "--json" }).same)
    use(POLICY)
    assert.are.equal(1, expect.json(home:run { "replay", "--policy", folder, "--json" }, 1).unknown.not_recorded)
  end)
end)
