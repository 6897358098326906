--- sentinel explain: no network, keychain or configuration when the policy is a file and --user is
-- given.
local cjson = require "cjson"
local expect = require "spec.support.expect"
local stage = require "spec.support.stage"
local world = require "spec.support.world"

local WINDOW = [[
version: "1"
groups: {ops: [alice, "*@ops.example.com"]}
rules:
  - name: no-interns
    effect: deny
    conditions: {users: ["intern-*"]}
    reason: Interns have no access
  - name: office-hours
    effect: allow
    conditions:
      profiles: [prod, "prod-*"]
      groups: [ops]
      mode: [credential_process]
      time:
        days: [monday, tuesday, wednesday, thursday, friday]
        hours: {start: "09:00", end: "17:00"}
        timezone: America/New_York
    reason: Operations in office hours
    max_duration: 30m
]]

describe("sentinel explain", function()
  local home

  before_each(function()
    home = world.new { policy = WINDOW, environment = { AWS_ENDPOINT_URL = "http://127.0.0.1:1" } }
    home:write_aws_config("")
    home:write(".aws/credentials", "")
    home:write_settings("")
  end)

  after_each(function()
    home:remove()
  end)

  local function explain(arguments, status)
    local words = { "explain", "prod", "--policy", home.policy_file, "--json" }
    for _, word in ipairs(arguments) do
      words[#words + 1] = word
    end
    return expect.json(home:run(words), status)
  end

  local times = {
    { "2026-01-14T08:59:59-05:00", "deny" }, { "2026-01-14T09:00:00-05:00", "allow" },
    { "2026-01-14T16:59:59-05:00", "allow" }, { "2026-01-14T17:00:00-05:00", "deny" },
    { "2026-01-17T12:00:00-05:00", "deny" }, { "2026-07-14T09:00:00-04:00", "allow" },
    { "2026-07-14T13:00:00Z", "allow" }, { "2026-07-14T12:59:59Z", "deny" },
  }
  for _, case in ipairs(times) do
    it(("answers %s at %s"):format(case[2], case[1]), function()
      local answer = explain { "--user", "alice", "--time", case[1] }
      assert.are.equal(case[2], answer.effect)
      if case[2] == "deny" then
        assert.are.equal(-1, answer.rule_index)
        assert.are.equal("no matching rule", answer.reason)
        local entry = answer.trace[#answer.trace]
        assert.is_truthy(entry.failed:match("^time%."))
      end
    end)
  end

  it("looks at no keys of the environment", function()
    for _, environment in ipairs { { AWS_ACCESS_KEY_ID = "AKIAIOSFODNN7EXAMPLE" }, { AWS_SECRET_ACCESS_KEY = "x" } } do
      expect.json(home:run({ "explain", "prod", "--user", "alice", "--policy", home.policy_file, "--json" },
        { environment = environment }))
    end
  end)

  it("gives the evaluator's whole reply", function()
    local answer = explain { "--user", "alice", "--time", "2026-01-14T10:00:00-05:00" }
    assert.are.equal("office-hours", answer.rule)
    assert.are.equal(1, answer.rule_index)
    assert.are.equal("Operations in office hours", answer.reason)
    assert.are.equal(cjson.null, answer.error)
    assert.are.equal(1800, answer.max_duration)
    assert.are.equal(false, answer.requires_server_mode)
    assert.are.equal(false, answer.requires_session_tracking)
    assert.are.equal("policy", answer.policy.name)
    assert.are.equal(64, #answer.policy.sha256)
    assert.are.equal("alice", answer.request.user.name)
    assert.are.equal("prod", answer.request.profile)
    assert.are.equal("2026-01-14T15:00:00Z", answer.request.time)
    assert.are.equal(false, answer.trace[1].matched)
    assert.are.equal("users", answer.trace[1].failed)
    assert.are.equal(true, answer.trace[2].matched)
  end)

  it("tells kinds apart: a role session named alice is not alice", function()
    local noon = { "--time", "2026-01-14T12:00:00-05:00" }
    local answer = explain { "--user", "role/Ops/alice", table.unpack(noon) }
    assert.are.equal("deny", answer.effect)
    answer = explain { "--user", "intern-7", table.unpack(noon) }
    assert.are.equal("no-interns", answer.rule)
    answer = explain { "--user", "alice", "--mode", "cli", table.unpack(noon) }
    assert.are.equal("mode", answer.trace[2].failed)
  end)

  it("prints for people: effect, rule, reason, and what failed", function()
    local text = expect.done(home:run { "explain", "prod", "--policy", home.policy_file, "--user",
      "alice", "--time",
      "2026-01-14T18:04:00-05:00" })
    assert.is_truthy(text:match("^deny"))
    assert.is_truthy(text:find("no matching rule", 1, true))
    assert.is_truthy(text:find("time.hours", 1, true))
    assert.is_nil(text:find("\27", 1, true))
  end)

  it("says what would have been allowed, for people and for programs", function()
    local evening = { "--user", "alice", "--time", "2026-01-14T18:04:00-05:00" }
    assert.are.same({ { rule = "office-hours", text = "from 09:00 America/New_York" } },
      explain(evening).remedies)
    local saturday = { "--user", "alice", "--mode", "cli", "--time", "2026-01-17T12:00:00-05:00" }
    local text = expect.done(home:run { "explain", "prod", "--policy", home.policy_file,
      table.unpack(saturday) })
    assert.are.equal('would be allowed: rule "office-hours", from 09:00 America/New_York '
      .. "(monday to friday), as mode credential_process", text:match("([^\n]*)\n$"))
    assert.is_truthy(text:find("office-hours: mode: wanted", 1, true))
  end)

  it("offers nothing with an allow, to others, and after a rule that denies", function()
    for _, case in ipairs { { "alice", "2026-01-14T10:00:00-05:00" },
      { "bob", "2026-01-14T18:04:00-05:00" }, { "intern-7", "2026-01-14T18:04:00-05:00" } } do
      local arguments = { "--user", case[1], "--time", case[2] }
      assert.are.same({}, explain(arguments).remedies, case[1])
      local text = expect.done(home:run { "explain", "prod", "--policy", home.policy_file,
        table.unpack(arguments) })
      assert.is_nil(text:find("would be allowed", 1, true), case[1])
    end
  end)

  it("offers a request of a file what it lacks", function()
    home:write("policy.yaml", [[
version: "1"
rules:
  - name: careful
    effect: require_approval
    conditions: {profiles: [prod], mfa: {max_age: 15m}}
    require: {justification: {min_length: 20}}
]])
    local request = home:write("request.json", [[{"user":"alice","profile":"prod",
      "mode":"cli","time":"2026-01-14T10:00:00Z","justification":"because"}]])
    local answer = expect.json(home:run { "explain", "--request", request, "--policy",
      home.policy_file, "--json" })
    assert.are.same({ { rule = "careful", text = "with an MFA code no older than 15m, "
      .. "with an approval, with a justification of at least 20 characters" } }, answer.remedies)
  end)

  it("takes a whole request from a file", function()
    local request = home:write("request.json", [[{"user":"alice","profile":"prod",
      "mode":"credential_process",
      "time":"2026-01-14T10:00:00-05:00"}]])
    local answer = expect.json(home:run { "explain", "--request", request, "--policy",
      home.policy_file, "--json" })
    assert.are.equal("allow", answer.effect)
    expect.refused(home:run { "explain", "--request", home.home .. "/absent.json" }, 5, "absent.json")
    expect.refused(home:run { "explain", "--request", request, "--user", "bob", "--policy",
      home.policy_file }, 2,
      "--request")
    expect.refused(home:run { "explain", "prod", "--request", request, "--policy",
      home.policy_file }, 2)
  end)

  for name, text in pairs { ["an unknown field"] = '{"user":"alice","profile":"prod","usr":"x"}',
    ["no profile"] = '{"user":"alice"}', ["no user"] = '{"profile":"prod"}', ["two of a key"] =
    '{"user":"alice","user":"bob","profile":"prod"}', ["no JSON"] = "user: alice", ["nothing"] = "",
    ["a newline in the profile"] = '{"user":"alice","profile":"pr\\nod"}', ["a NUL in the user"] =
    '{"user":"al\\u0000ice","profile":"prod"}' } do
    it("refuses a request file with " .. name, function()
      local request = home:write("request.json", text)
      local result = home:run { "explain", "--request", request, "--policy", home.policy_file }
      assert.is_true(result.status == 2 or result.status == 5, "status " .. result.status)
      expect.refused(result, result.status)
    end)
  end

  it("answers a refused policy with status 5, and with --json says so on stdout", function()
    home:write("policy.yaml", stage.policies.broken)
    expect.refused(home:run { "explain", "prod", "--policy", home.policy_file, "--user", "alice" },
      5, "nmae")
    local answer = explain({ "--user", "alice" }, 5)
    assert.are.equal("deny", answer.effect)
    assert.are.equal("policy_invalid", answer.error)
    assert.is_truthy(answer.problems[1].message:find("nmae", 1, true))
    assert.are.equal(3, answer.problems[1].line)
  end)

  it("tells the place of what the evaluator never saw, as policy validate does", function()
    local least = "sentinel_bundle: 1\nname: b\nserial: 1\npolicy: policy.yaml\n"
    home:write("b/policy.yaml", world.allow_dev)
    local manifest = home:write("b/bundle.yaml", least .. "nonsense: 1\n")
    local large = home:write("large.yaml", ("#"):rep(600000))
    for path, wanted in pairs {
      [home.home .. "/b"] = { file = manifest, line = 5, column = 1, message = 'unknown key "nonsense"',
        hint = "allowed: sentinel_bundle, name, serial, policy, installation, not_before, not_after, "
          .. "targets, max_duration, markers, identity, plugins" },
      [large] = { file = large, line = 1, column = 1, message = "the file is larger than 512 KiB",
        hint = "split it: a policy by profile" },
    } do
      local arguments = { "--policy", "file:" .. path, "--json" }
      assert.same({ wanted }, expect.json(home:run { "policy", "validate", path, "--json" }, 5).problems)
      assert.same({ wanted }, expect.json(home:run { "explain", "dev", "--user", "alice",
        table.unpack(arguments) }, 5).problems)
      assert.same({ wanted }, expect.json(home:run { "who-can", "dev", table.unpack(arguments) }, 5).problems)
    end
    local other = home:write("policy.txt", world.allow_dev)
    assert.equal(other, expect.json(home:run { "explain", "dev", "--user", "alice", "--policy", "file:" .. other,
      "--json" }, 5).problems[1].file)
  end)

  it("answers 0 whenever it could evaluate, denials and broken conditions included", function()
    home:write("policy.lua", world.allow_dev_lua:gsub("profiles = { \"dev\" }",
      "s.check(\"boom\", function() error(\"no\") end)"))
    local answer = expect.json(home:run { "explain", "dev", "--policy", home.home .. "/policy.lua",
      "--user", "alice",
      "--json" })
    assert.are.equal("deny", answer.effect)
    assert.are.equal("condition_error", answer.error)
    assert.are.equal("check:boom", answer.failed_condition)
  end)

  it("needs neither HOME nor any file but the policy", function()
    local result = home:run({ "explain", "prod", "--policy", home.policy_file, "--user", "bob",
      "--json" },
      { environment = { HOME = false }, folder = "/" })
    assert.are.equal("deny", expect.json(result).effect)
  end)

  it("asks STS and SSM when the command line says neither user nor file", function()
    local moto = stage.moto()
    local there = stage.world(moto)
    local answer = expect.json(there:run { "explain", "dev", "--json" })
    assert.are.equal("allow", answer.effect)
    assert.are.equal("alice", answer.request.user.name)
    assert.are.equal(0, #moto:requests_for("AssumeRole"))
    assert.are.equal(0, #there:records())
    there:remove()
    moto:stop()
  end)
end)
