-- What would have been allowed: what explain offers after a decision that is not allow, and what it
-- must not.
local evaluator = require "spec.support.evaluator"

local WEEK = "days: [monday, tuesday, wednesday, thursday, friday]"
local HOURS = 'hours: {start: "09:00", end: "17:00"}, timezone: America/New_York'

local function policy_of(...)
  return 'version: "1"\ngroups: {ops: [alice, bob]}\nrules:\n  - ' .. table.concat({ ... }, "\n  - ")
end

-- The remedies as "rule: text" lines, and the decision. Whatever is explained, the decision is the
-- one that evaluate gives.
local function explain_text(kind, text, fields)
  local policy, problems = evaluator.load(kind, text)
  assert(policy, problems and problems[1].message)
  local plain = evaluator.decide(policy, fields)
  local decision, result = evaluator.explain(policy, fields)
  policy.state:close()
  local lines = {}
  for i, remedy in ipairs(decision.remedies) do
    lines[i] = remedy.rule .. ": " .. remedy.text
  end
  assert.equal("ok", result)
  assert.is_nil(plain.remedies)
  decision.remedies = nil
  assert.same(plain, decision)
  return lines, decision
end

local function remedies(fields, ...)
  return (explain_text("yaml", policy_of(...), fields))
end

local function rule(name, conditions, more)
  return ("{name: %s, effect: allow, conditions: {profiles: [dev], %s}%s}"):format(name, conditions,
    more or "")
end

describe("a window of time", function()
  -- 2026-01-19 is a monday; New York is five hours behind.
  local rows = {
    { WEEK .. ", " .. HOURS, "2026-01-19T13:00:00Z", "from 09:00 America/New_York" },
    { WEEK .. ", " .. HOURS, "2026-01-19T23:04:00Z", "from 09:00 America/New_York" },
    { WEEK .. ", " .. HOURS, "2026-01-23T23:04:00Z",
      "from 09:00 America/New_York (monday to friday)" },
    { WEEK .. ", " .. HOURS, "2026-01-24T16:00:00Z",
      "from 09:00 America/New_York (monday to friday)" },
    { WEEK .. ", " .. HOURS, "2026-01-25T23:00:00Z",
      "from 09:00 America/New_York (monday to friday)" },
    { HOURS, "2026-01-24T23:00:00Z", "from 09:00 America/New_York" },
    { "days: [saturday, sunday]", "2026-01-19T13:00:00Z", "from 00:00 UTC (saturday, sunday)" },
    { "days: [sunday, monday, tuesday, wednesday, friday]", "2026-01-22T13:00:00Z",
      "from 00:00 UTC (monday to wednesday, friday, sunday)" },
    { 'days: [friday], hours: {start: "22:00", end: "06:00"}', "2026-01-24T06:00:00Z",
      "from 22:00 UTC (friday)" },
    { 'days: [friday], hours: {start: "22:00", end: "06:00"}', "2026-01-23T05:00:00Z",
      "from 22:00 UTC" },
    { 'days: [monday], hours: {start: "09:00", end: "10:00"}', "2026-01-19T10:00:00Z",
      "from 09:00 UTC (monday)" },
    -- The clocks change on the eighth of March, between now and then and just at the start.
    { HOURS, "2026-03-08T03:00:00Z", "from 09:00 America/New_York" },
    { 'hours: {start: "02:30", end: "05:00"}, timezone: America/New_York', "2026-03-08T06:00:00Z",
      "from 03:30 America/New_York" },
    { 'hours: {start: "02:10", end: "02:50"}, timezone: America/New_York', "2026-03-08T06:00:00Z",
      "from 02:10 America/New_York" },
  }
  for _, row in ipairs(rows) do
    it(("opens %s for {%s} at %s"):format(row[3], row[1], row[2]), function()
      assert.same({ "r: " .. row[3] }, remedies({ time = row[2] }, rule("r", ("time: {%s}"):format(row[1]))))
    end)
  end

  it("that is open needs nothing", function()
    assert.same({}, remedies({ time = "2026-01-19T14:00:00Z" }, rule("r", "time: {" .. HOURS .. "}")))
  end)

  it("is not known without a time", function()
    assert.same({}, remedies({ time = false }, rule("r", "time: {" .. HOURS .. "}")))
  end)

  it("opens into what has grown old by then", function()
    assert.same({ "r: from 09:00 America/New_York, with an MFA code no older than 15m" },
      remedies({ time = "2026-01-19T13:00:00Z", mfa = { authenticated_at = "2026-01-19T12:59:00Z" } },
        rule("r", "time: {" .. HOURS .. "}, mfa: {max_age: 15m}")))
  end)
end)

describe("what a person can do", function()
  local rows = {
    { "mode: [server]", "", "as mode server" },
    { "mode: [cli, server]", "", "as mode cli" },
    { "mfa: {max_age: 15m}", "", "with an MFA code no older than 15m" },
    { "approval: {approvers: [bob]}", "", "with an approval" },
    { "approval: {approvers: [bob, 'team-*/?'], min_approvals: 2}", "", "with 2 approvals" },
    { "users: [alice]", ", require: {justification: {min_length: 20}}",
      "with a justification of at least 20 characters" },
    { "users: [alice]", ", require: {justification: {min_length: 20, pattern: '^INC%-'}}",
      "with a justification of at least 20 characters, in the form that the rule wants" },
    { "users: [alice]", ", require: {mfa: {max_age: 1h}}", "with an MFA code no older than 1h" },
    { "mfa: {max_age: 1h}", ", require: {mfa: {max_age: 5m}}", "with an MFA code no older than 5m" },
    { "mode: [cli], approval: {min_approvals: 1}", ", require: {justification: {min_length: 1}}",
      "as mode cli, with an approval, with a justification" },
    { "any: [{source_ip: [10.0.0.0/8]}, {mfa: {max_age: 15m}, mode: [cli]}]", "",
      "as mode cli, with an MFA code no older than 15m" },
    { "any: [{mode: [cli], source_ip: [10.0.0.0/8]}, {mfa: {max_age: 15m}}]", "",
      "with an MFA code no older than 15m" },
    { "all: [{mode: [cli]}, {users: [alice]}]", "", "as mode cli" },
  }
  for _, row in ipairs(rows) do
    it(("is told: %s (%s%s)"):format(row[3], row[1], row[2]), function()
      assert.same({ "r: " .. row[3] }, remedies({}, rule("r", row[1], row[2])))
    end)
  end

  it("is told for a justification in another form", function()
    assert.same({ "r: with a justification in the form that the rule wants" },
      remedies({ justification = "because" }, rule("r", "users: [alice]",
        ", require: {justification: {pattern: '^INC%-'}}")))
  end)

  for effect, text in pairs {
    require_approval = "with an approval", require_server = "as mode server",
    require_server_session = "as mode server, with session tracking",
  } do
    it("is told for the effect " .. effect, function()
      local conditions = ", conditions: {mode: [cli, server, credential_process]}}"
      assert.same({ "r: " .. text }, remedies({}, "{name: r, effect: " .. effect .. conditions))
    end)
  end

  it("is told for a mode and an effect that want the same", function()
    assert.same({ "r: as mode server" },
      remedies({}, "{name: r, effect: require_server, conditions: {mode: [cli, server]}}"))
    assert.same({}, remedies({}, "{name: r, effect: require_server, conditions: {mode: [cli]}}"))
  end)

  it("is told for each rule, in their order, eight at most", function()
    assert.same({ "a: as mode cli", "b: with an MFA code no older than 1m", "c: with an approval" },
      remedies({}, rule("a", "mode: [cli]"), rule("b", "mfa: {max_age: 1m}"), rule("x", "users: [bob]"),
        "{name: c, effect: require_approval, conditions: {}}", rule("d", "mode: [server]")))
    local rules = {}
    for i = 1, 12 do
      rules[i] = rule("r" .. i, "mfa: {max_age: " .. i .. "m}")
    end
    local lines = remedies({}, table.unpack(rules))
    assert.equal(8, #lines)
    assert.equal("r8: with an MFA code no older than 8m", lines[8])
  end)
end)

describe("nothing is offered", function()
  local OPEN = "2026-01-19T13:00:00Z"
  local TIME = "time: {" .. HOURS .. "}"

  for name, conditions in pairs {
    ["the user differs"] = "users: [bob], " .. TIME, ["the group differs"] = "groups: [ops], " .. TIME,
    ["the role differs"] = "roles: [Admin], " .. TIME, ["the account differs"] = "accounts: ['1*'], " .. TIME,
    ["the caller's role differs"] = "caller_roles: [X], " .. TIME,
    ["the caller's account differs"] = "caller_accounts: ['9*'], " .. TIME,
    ["the address differs"] = "source_ip: [10.0.0.0/8], " .. TIME,
    ["the device differs"] = "device: {require_mdm: true}, " .. TIME,
    ["no emergency is there"] = "break_glass: {reason_codes: ['*']}, " .. TIME,
    ["no branch can be had"] = "any: [{users: [bob]}, {source_ip: [10.0.0.0/8]}], " .. TIME,
    ["one of all cannot be had"] = "all: [{mode: [cli]}, {users: [bob]}], " .. TIME,
    ["a negation fails"] = "mode: [cli], not: {users: ['*']}",
    ["too few can approve"] = "approval: {approvers: [bob], min_approvals: 2}",
    ["two of its conditions contradict"] = TIME .. ', all: [{time: {hours: {start: "03:00", end: "04:00"}}}]',
  } do
    it("where " .. name, function()
      local user = name:find("group") and "carol" or nil
      assert.same({}, remedies({ time = OPEN, user = user, source_ip = "198.51.100.7",
        device = { mdm_enrolled = false } }, rule("r", conditions)))
    end)
  end

  it("where the profile differs", function()
    assert.same({}, remedies({ profile = "prod", time = OPEN }, rule("r", TIME)))
  end)

  it("after an allow", function()
    assert.same({}, remedies({ time = OPEN }, rule("r", TIME), rule("s", "users: ['*']")))
  end)

  it("for a rule after the one that decided", function()
    local deny = "{name: no, effect: deny, conditions: {users: [alice]}}"
    assert.same({}, remedies({ time = OPEN }, deny, rule("r", TIME)))
    assert.same({ "r: from 09:00 America/New_York" }, remedies({ time = OPEN }, rule("r", TIME), deny))
    local now = 'conditions: {time: {hours: {start: "13:00", end: "14:00"}}}'
    assert.same({}, remedies({ time = OPEN }, "{name: no, effect: deny, " .. now .. "}", rule("r", TIME)))
    assert.same({ "ask: with an approval" }, remedies({ time = OPEN },
      "{name: ask, effect: require_approval, conditions: {}}", rule("r", TIME)))
  end)

  it("where an earlier rule would decide on what was changed", function()
    local night = 'conditions: {time: {hours: {start: "14:00", end: "15:00"}}}'
    assert.same({}, remedies({ time = OPEN }, "{name: no, effect: deny, " .. night .. "}", rule("r", TIME)))
    assert.same({}, remedies({}, "{name: no, effect: deny, conditions: {mode: [cli]}}",
      rule("r", "mode: [cli]")))
    assert.same({ "ask: from 14:00 UTC, with an approval" }, remedies({ time = OPEN },
      "{name: ask, effect: require_approval, " .. night .. "}", rule("r", TIME)))
  end)

  it("where an earlier deny would be unknown", function()
    local text = policy_of("{name: no, effect: deny, conditions: {mode: [cli], mfa: {max_age: 1m}}}",
      rule("r", "mode: [cli]"))
    local lines, decision = explain_text("yaml", text, {})
    assert.same({}, lines)
    assert.is_nil(decision.error)
  end)
end)

describe("policy's own functions", function()
  local function lua_policy(conditions, more)
    return ([[
-- sentinel: lua
local s = require "sentinel"
return s.policy { version = "1", rules = {
  %s s.rule "r" { effect = "allow", conditions = { profiles = { "dev" }, %s } },
} }]]):format(more or "", conditions)
  end

  it("give no remedy, whatever they say", function()
    for _, body in ipairs { "return false", "return true", 'error("no")', "return 7",
      "while true do end" } do
      local check = ('mode = { "cli" }, s.check("c", function() %s end)'):format(body)
      local lines, decision = explain_text("lua", lua_policy(check), {})
      assert.same({}, lines, body)
      assert.equal("mode", decision.trace[1].failed, body)
      assert.is_nil(decision.error, body)
    end
  end)

  it("are called once, by the decision", function()
    local check = [[s.check("c", function(request)
      if request.mode == "cli" then error("changed") end
      return false
    end)]]
    assert.same({}, (explain_text("lua", lua_policy(check .. ', mode = { "cli" }'), {})))
    local earlier = 's.rule "no" { effect = "deny", conditions = { ' .. check .. " } },"
    local lines, decision = explain_text("lua", lua_policy('mode = { "cli" }', earlier), {})
    assert.same({}, lines)
    assert.equal("no matching rule", decision.reason)
  end)

  it("do no harm where they are not reached", function()
    local earlier = 's.rule "no" { effect = "deny", conditions = { users = { "bob" }, '
      .. 's.check("c", function() return true end) } },'
    assert.same({ "r: as mode cli" },
      (explain_text("lua", lua_policy('mode = { "cli" }', earlier), {})))
  end)

  it("that fail decide as ever, and what came before is offered", function()
    local text = policy_of(rule("r", "mode: [cli]"))
    local earlier = 's.rule "a" { effect = "allow", conditions = { mode = { "cli" } } },'
    local lines, decision = explain_text("lua",
      lua_policy('s.check("c", function() error("no") end)', earlier), {})
    assert.same({ "a: as mode cli" }, lines)
    assert.equal("condition_error", decision.error)
    assert.same({ "r: as mode cli" }, (explain_text("yaml", text, {})))
  end)
end)

describe("an explanation", function()
  it("that looks at a form for too long is the decision", function()
    local require = ", require: {justification: {min_length: 9, pattern: '%s'}}"
    local slow, quick = require:format((".-"):rep(40) .. "y"), require:format("x.-y")
    for pattern, expected in pairs { [slow] = "fuel", [quick] = "ok" } do
      local text = policy_of(rule("r", "mode: [cli]", pattern), rule("s", "mode: [server]"))
      local policy = assert(evaluator.load("yaml", text))
      local decision, result = evaluator.explain(policy, { justification = ("x"):rep(1000) })
      assert.equal(expected, result)
      assert.equal("no matching rule", decision.reason)
      assert.is_nil(decision.error)
      assert.equal(expected == "ok" and 2 or 0, #decision.remedies)
      policy.state:close()
    end
  end)

  it("that has no fuel left for remedies is the decision", function()
    local rules = {}
    for i = 1, 200 do
      rules[i] = rule("r" .. i, "mode: [cli], mfa: {max_age: 1m}, users: [alice]")
    end
    local policy = assert(evaluator.load("yaml", policy_of(table.unpack(rules))))
    local plain, _, json = evaluator.decide(policy, {})
    local seen = {}
    for fuel = 20000, 1000000, 20000 do
      local decision, result, bytes = evaluator.explain(policy, {}, fuel)
      seen[result] = true
      if decision.error == nil then
        assert.same(plain.trace, decision.trace)
        assert.equal(plain.reason, decision.reason)
        if result == "fuel" then
          assert.equal(json:sub(1, -2) .. ',"remedies":[]}', bytes)
          seen.decided = true
        end
      else
        assert.equal("budget_exceeded", decision.error)
      end
    end
    assert.same({ ok = true, fuel = true, decided = true }, seen)
    policy.state:close()
  end)

  it("ends for a policy of very many rules, and fits its frame", function()
    local rules = {}
    for i = 1, 4000 do
      rules[i] = ("{name: r%d, effect: allow, conditions: {profiles: [dev], mode: [cli]}}"):format(i)
    end
    rules[1] = "{name: no, effect: deny, conditions: {profiles: [dev], mode: [cli]}}"
    local policy = assert(evaluator.load("yaml", policy_of(table.unpack(rules))))
    local decision, result, json = evaluator.explain(policy, {})
    assert.equal("ok", result)
    assert.same({}, decision.remedies)
    assert.is_true(#json < 64 * 1024)
    policy.state:close()
  end)

  it("gives up where it would have to try very many rules, and keeps what it found", function()
    local rules = { rule("first", "mode: [server]") }
    for i = 1, 1000 do
      rules[#rules + 1] = ("{name: f%d, effect: allow, conditions: {profiles: [dev], users: [bob]}}"):format(i)
    end
    rules[#rules + 1] = "{name: no, effect: deny, conditions: {mode: [cli]}}"
    for i = 1, 400 do
      rules[#rules + 1] = rule("r" .. i, "mode: [cli]")
    end
    assert.same({ "first: as mode server" }, remedies({}, table.unpack(rules)))
  end)

  it("of no policy is a denial", function()
    local decision = evaluator.explain({ state = assert(require("snt_vm").new(os.getenv("SNT_STDLIB_FOLDER"))) })
    assert.equal("policy_invalid", decision.error)
    assert.same({}, decision.remedies)
  end)
end)
