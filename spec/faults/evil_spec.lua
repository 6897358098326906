--- An evaluator that was taken over may answer anything, allow included: what it says is bounded by
-- the core. The
-- program under test is sentinel_evil (tests/faults/evil_template.c): all but its evaluator is what
-- ships.
local bundle = require "spec.support.bundle"
local cjson = require "cjson"
local expect = require "spec.support.expect"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"
local world = require "spec.support.world"

describe("an evaluator that lies", function()
  local faulty, home

  setup(function()
    faulty = servers.start_faulty()
  end)

  teardown(function()
    faulty:stop()
  end)

  before_each(function()
    faulty:set {}
    home = world.new { endpoint = faulty.url, policy = world.allow_dev }
  end)

  after_each(function()
    home:remove()
  end)

  local function is_missing()
    return not settings.exists(settings.evil)
  end

  local MISSING = "there is no " .. settings.evil .. " (build the target sentinel_evil)"

  local function run(mode, reply)
    return home:run({ "credentials", "dev" }, { bin = settings.evil,
      environment = { SENTINEL_EVIL = mode, SENTINEL_EVIL_REPLY = reply or false } })
  end

  local function reply(changes)
    local fields = { effect = "allow", rule = "evil", rule_index = 0, reason = "because",
      error = cjson.null,
      max_duration = cjson.null, requires_server_mode = false, requires_session_tracking = false,
      trace = cjson.empty_array or {}, conditions = {}, missing = {}, failed_condition = cjson.null,
        emergency = false,
      requires_justification = false }
    for name, value in pairs(changes) do
      fields[name] = value
    end
    -- lua-cjson writes an empty table as an object.
    return (cjson.encode(fields):gsub('("%l+"):{}', "%1:[]"))
  end

  it("issues when it says allow as it should: the harness is sound", function()
    if is_missing() then
      return pending(settings.skipped(MISSING))
    end
    expect.credentials(run("none:none"))
    expect.credentials(run("evaluate:reply", reply {}))
  end)

  local lies = { "die", "crash", "garbage", "half_header", "half_payload", "too_long", "longest",
    "wrong_nonce",
    "wrong_kind", "wrong_magic", "wrong_zero", "wrong_other_zero", "wrong_result", "failed",
      "twice", "extra", "hang",
    "stop", "drip", "wait_with_payload", "orphan" }

  for _, when in ipairs { "hello", "load", "link", "evaluate" } do
    for _, lie in ipairs(lies) do
      it(("gives no verdict: %s at %s"):format(lie, when), function()
        if is_missing() then
          return pending(settings.skipped(MISSING))
        end
        local result = run(when .. ":" .. lie) -- which ends it, with another status, when it waits for ever
        -- A policy that does not load in its time is a refused policy.
        local is_load = when == "load" or when == "link"
        assert.is_true(result.status == 6 or (is_load and result.status == 5), "status "
          .. result.status)
        expect.refused(result, result.status)
        assert.are.equal("failed", home:kinds())
        assert.are.equal(0, faulty:count("sts.AssumeRole"))
      end)
    end
  end

  local words = {
    { "an effect of its own", { effect = "permit" } },
    { "an effect in capitals", { effect = "ALLOW" } },
    { "an effect with a NUL", { effect = "allow\0" } },
    { "an effect with a space", { effect = "allow " } },
    { "true for an effect", { effect = true } },
    { "a list for an effect", { effect = { "allow" } } },
    { "null for an effect", { effect = cjson.null } },
    { "an allow with an error", { error = "condition_error" } },
    { "an allow without a rule", { rule = "", rule_index = -1 } },
    { "a rule with a newline", { rule = "a\nb" } },
    { "a rule that is too long", { rule = ("x"):rep(65) } },
    { "a negative rule index", { rule_index = -2 } },
    { "a fractional rule index", { rule_index = 0.5 } },
    { "a session without an end", { max_duration = 0 } },
    { "a negative session", { max_duration = -3600 } },
    { "a text for a duration", { max_duration = "3600" } },
    { "a lease without an end", { lease = 0 } },
    { "a negative lease", { lease = -120 } },
    { "a text for a lease", { lease = "120" } },
    { "a reason with an escape", { reason = "\27[2J" } },
    { "a reason without an end", { reason = ("x"):rep(20000) } },
    { "a member of its own", { role_arn = "arn:aws:iam::123456789012:role/Admin" } },
    { "a text for a boolean", { requires_server_mode = "no" } },
  }
  for _, case in ipairs(words) do
    it("says " .. case[1], function()
      if is_missing() then
        return pending(settings.skipped(MISSING))
      end
      local result = run("evaluate:reply", reply(case[2]))
      assert.is_true(result.status == 6 or result.status == 3, "status " .. result.status)
      expect.refused(result, result.status)
      assert.are.equal(0, faulty:count("sts.AssumeRole"))
    end)
  end

  for name, text in pairs { ["nothing"] = "", ["no JSON"] = "allow", ["two documents"] = reply {}
    .. reply {},
    ["a key twice"] = (reply {}:gsub("^{", '{"effect":"deny",')), ["no index"] =
    reply { rule_index = cjson.null }, ["no effect"] = (reply {}:gsub('"effect"', '"affect"')) } do
    it("says " .. name, function()
      if is_missing() then
        return pending(settings.skipped(MISSING))
      end
      local result = run("evaluate:reply", text)
      expect.refused(result, 6)
      assert.are.equal(0, faulty:count("sts.AssumeRole"))
    end)
  end

  it("allows a year: the session is what STS and the request bound it to", function()
    if is_missing() then
      return pending(settings.skipped(MISSING))
    end
    expect.credentials(run("evaluate:reply", reply { max_duration = 31536000 }))
    local requests = faulty:requests()
    assert.are.equal("3600", requests[#requests].fields.DurationSeconds)
    assert.are.equal("arn:aws:iam::123456789012:role/Dev", requests[#requests].fields.RoleArn)
    assert.are.equal("request", home:records()[2].clamped_by)
  end)

  it("leases for a year: the session ends all the same", function()
    if is_missing() then
      return pending(settings.skipped(MISSING))
    end
    expect.credentials(run("evaluate:reply", reply { lease = 31536000 }))
    local requests = faulty:requests()
    assert.is_nil(requests[#requests].fields.Policy)
    assert.is_nil(home:records()[2].lease)
  end)

  it("allows a second: no session is shorter than STS's shortest", function()
    if is_missing() then
      return pending(settings.skipped(MISSING))
    end
    expect.refused(run("evaluate:reply", reply { max_duration = 1 }), 3, "15m")
    assert.are.equal(0, faulty:count("sts.AssumeRole"))
  end)

  -- One way in, of a rule of this name.
  local function way(rule, changes)
    local fields = { rule = rule, user = "alice", assumed = "[]", conditions = "[]",
      request = { user = "alice", profile = "dev", time = "2026-01-19T15:00:00Z" } }
    for name, value in pairs(changes or {}) do
      fields[name] = value
    end
    local json = cjson.encode { ways = { fields }, exact = true }
    return (json:gsub('"%[%]"', "[]"))
  end

  local function who_can(answer)
    return home:run({ "who-can", "dev", "--time", "2026-01-19T15:00:00Z" }, { bin = settings.evil,
      environment = { SENTINEL_EVIL = "who_can:reply", SENTINEL_EVIL_REPLY = answer } })
  end

  it("tells who can get in as it should: the harness is sound", function()
    if is_missing() then
      return pending(settings.skipped(MISSING))
    end
    assert.matches("\nalice\n  by rule evil\n", expect.done(who_can(way "evil")))
  end)

  it("makes up who can get in", function()
    if is_missing() then
      return pending(settings.skipped(MISSING))
    end
    expect.refused(who_can(way "other"), 6, "contradicts itself", 'rule "other"')
    for _, answer in ipairs { "", "{}", way("evil", { user = "a\27[2J" }), way("evil", { request = { user = "alice",
      profile = "prod" } }), way("evil", { more = 1 }) } do
      expect.refused(who_can(answer), 6, "makes no sense")
    end
  end)

  it("says that a role gets in which the bundle does not bind", function()
    if is_missing() then
      return pending(settings.skipped(MISSING))
    end
    bundle.write(home, { policy = world.allow_dev, more = "targets: {dev: [\"arn:aws:iam::123456789012:role/Dev\"]}" })
    for _, role in ipairs { "Dev", "Admin" } do
      local result = who_can(way("evil", { request = { user = "alice", profile = "dev", time = "2026-01-19T15:00:00Z",
        role_arn = "arn:aws:iam::123456789012:role/" .. role } }))
      if role == "Dev" then
        expect.done(result)
      else
        expect.refused(result, 6, "does not bind")
      end
    end
  end)

  -- Comparing ----------------------------------------------------------------------------------------

  local function verdict(effect, rule)
    return { effect = effect, rule = rule, error = cjson.null, max_duration = cjson.null }
  end

  local function change(changes)
    local fields = { kind = "gains", user = "alice", before = verdict("deny", ""), after = verdict("allow", "evil"),
      assumed = "[]", conditions = "[]", request = { user = "alice", profile = "dev", time = "2026-01-19T15:00:00Z" } }
    for name, value in pairs(changes or {}) do
      fields[name] = value
    end
    return (cjson.encode { profiles = { { changes = { fields }, exact = true } } }:gsub('"%[%]"', "[]"))
  end

  local function diff(mode, answer)
    return home:run({ "policy", "diff", home.policy_file, home.policy_file, "--semantic", "--time", "2026-01-19T15:00:00Z" },
      { bin = settings.evil, environment = { SENTINEL_EVIL = mode, SENTINEL_EVIL_REPLY = answer or false } })
  end

  it("tells who gains access as it should: the harness is sound", function()
    if is_missing() then
      return pending(settings.skipped(MISSING))
    end
    local result = diff("none:none")
    expect.status(result, 1)
    assert.matches("\n  %+ rule x added\n", result.stdout)
    assert.matches("\n  nobody gains or loses any\n", result.stdout)
    result = diff("access:reply", change { assumed = { { condition = "probe", holds = true, where = "both" } } })
    expect.status(result, 1)
    assert.matches("\n  %+ alice gains dev %(rule evil%)\n      if probe holds\n", result.stdout)
    result = diff("access:reply", change { assumed = { { condition = "probe", holds = false, where = "after" } } })
    assert.matches("\n  %? alice perhaps gains dev %(rule evil%)\n      cannot tell: it is so if probe does not hold now\n",
      result.stdout)
  end)

  it("makes up who gains and who loses access", function()
    if is_missing() then
      return pending(settings.skipped(MISSING))
    end
    expect.refused(diff("access:reply", change()), 6, "contradicts itself", "alice of profile dev")
    expect.refused(diff("access:reply", change { kind = "loses", before = verdict("allow", "other"), after = verdict("deny", "") }),
      6, "contradicts itself", 'rule "other"')
    for _, answer in ipairs { "", "{}", '{"profiles":[]}', change { user = "a\27[2J" }, change { kind = "loses" },
      change { more = 1 }, change { request = { user = "alice", profile = "prod", time = "2026-01-19T15:00:00Z" } },
      change { after = verdict("allow", "") }, change { before = verdict("allow", "evil") } } do
      expect.refused(diff("access:reply", answer), 6, "makes no sense")
    end
  end)

  it("makes up what changed, and which profiles there are", function()
    if is_missing() then
      return pending(settings.skipped(MISSING))
    end
    for _, mode in ipairs { "rules:reply", "profiles:reply", "outline:too_long", "side:failed", "rules:die", "access:crash" } do
      expect.refused(diff(mode, '{"changes":[{}],"left_out":0}'), 6)
    end
    expect.refused(diff("rules:reply", '{"changes":[{"area":"file","kind":"added","name":"x","details":[]}],"left_out":0}'), 6,
      "makes no sense")
  end)

  it("is told to be late where it does not say who gains access", function()
    if is_missing() then
      return pending(settings.skipped(MISSING))
    end
    local result = diff("access:hang")
    expect.status(result, 1)
    assert.matches("\n%? cannot tell who gains or loses access at some time with dev: [^\n]*time", result.stdout)
    assert.matches("\n%? cannot tell who gains or loses access now with dev: ", result.stdout)
  end)
end)
