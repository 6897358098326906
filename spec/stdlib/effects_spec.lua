-- Effects, requirements and bounds: what a rule that matched leads to.
local evaluator = require "spec.support.evaluator"

local APPROVAL = {
  id = "1", approvers = { "bob" }, approved_at = "2026-01-19T14:00:00Z",
    expires_at = "2026-01-19T16:00:00Z",
}
local EXPIRED = {
  id = "1", approvers = { "bob" }, approved_at = "2026-01-19T14:00:00Z",
    expires_at = "2026-01-19T15:00:00Z",
}
local SERVER = { mode = "server" }
local TRACKED = { mode = "server", session_table = "sessions" }

local function decide(effect, request, more)
  return evaluator.decide_text("yaml", evaluator.one_rule("{profiles: [dev]}", effect, more),
    request)
end

describe("an effect", function()
  -- {effect, request, outcome, reason, requires_server_mode, requires_session_tracking}
  local rows = {
    { "allow", {}, "allow", 'allowed by rule "only"', false, false },
    { "deny", {}, "deny", 'denied by rule "only"', false, false },
    { "deny", { approval = APPROVAL }, "deny", 'denied by rule "only"', false, false },
    { "deny", { break_glass = { reason_code = "incident" } }, "deny", 'denied by rule "only"',
      false, false },
    { "require_approval", {}, "require_approval", 'rule "only" needs an approval', false, false },
    { "require_approval", { approval = APPROVAL }, "allow", 'allowed by rule "only"', false,
      false },
    { "require_approval", { approval = EXPIRED }, "require_approval",
      'rule "only" needs an approval', false, false },
    { "require_approval", { approval = { id = "1" } }, "require_approval",
      'rule "only" needs an approval', false,
      false },
    { "require_server", {}, "deny", 'rule "only" allows this in server mode only', true, false },
    { "require_server", { mode = "cli" }, "deny", 'rule "only" allows this in server mode only',
      true, false },
    { "require_server", SERVER, "allow", 'allowed by rule "only"', false, false },
    { "require_server_session", {}, "deny", 'rule "only" allows this in server mode only', true,
      true },
    { "require_server_session", { session_table = "sessions" }, "deny",
      'rule "only" allows this in server mode only', true, true },
    { "require_server_session", SERVER, "deny",
      'rule "only" allows this with session tracking only', false, true },
    { "require_server_session", TRACKED, "allow", 'allowed by rule "only"', false, false },
  }
  for i, row in ipairs(rows) do
    it(("%s leads to %s (row %d)"):format(row[1], row[3], i), function()
      local decision = decide(row[1], row[2])
      assert.equal(row[3], decision.effect)
      assert.equal(row[4], decision.reason)
      assert.equal(row[5], decision.requires_server_mode)
      assert.equal(row[6], decision.requires_session_tracking)
      assert.equal("only", decision.rule)
      assert.equal(0, decision.rule_index)
      assert.is_nil(decision.error)
      assert.same({ { rule = "only", matched = true } }, decision.trace)
      assert.same({ "profiles" }, decision.conditions)
    end)
  end

  it("of a rule with session_table is not met by it", function()
    local decision = decide("require_server_session", SERVER, "    session_table: sessions\n")
    assert.equal("deny", decision.effect)
    assert.is_true(decision.requires_session_tracking)
  end)

  it("keeps the rule's own reason", function()
    assert.equal("Because", decide("allow", {}, "    reason: Because\n").reason)
    assert.equal("Because", decide("deny", {}, "    reason: Because\n").reason)
    assert.equal("Because", decide("require_server", {}, "    reason: Because\n").reason)
  end)
end)

describe("no matching rule", function()
  it("is deny without a rule", function()
    local decision = decide("allow", { profile = "other" })
    assert.equal("deny", decision.effect)
    assert.equal("", decision.rule)
    assert.equal(-1, decision.rule_index)
    assert.equal("no matching rule", decision.reason)
    assert.is_nil(decision.error)
    assert.is_nil(decision.max_duration)
  end)
end)

describe("the first rule that matches", function()
  it("decides, and later ones are not looked at", function()
    local text = [[
version: 1
rules:
  - {name: a, effect: allow, conditions: {profiles: [prod]}}
  - {name: b, effect: deny, conditions: {users: [alice]}}
  - {name: c, effect: allow, conditions: {}}
]]
    local decision = evaluator.decide_text("yaml", text, {})
    assert.equal("deny", decision.effect)
    assert.equal("b", decision.rule)
    assert.equal(1, decision.rule_index)
    assert.equal(2, #decision.trace)
    decision = evaluator.decide_text("yaml", text, { user = "bob" })
    assert.equal("c", decision.rule)
    assert.equal(2, decision.rule_index)
  end)

  it("is not the one after a deny rule that is unknown", function()
    local decision = evaluator.decide_text("yaml", [[
version: 1
rules:
  - {name: a, effect: allow, conditions: {source_ip: [10.0.0.0/8]}}
  - {name: b, effect: deny, conditions: {source_ip: [10.0.0.0/8]}}
  - {name: c, effect: allow, conditions: {}}
]])
    assert.equal("deny", decision.effect)
    assert.equal("b", decision.rule)
    assert.equal("fact_unknown", decision.error)
    assert.equal("source_ip", decision.failed_condition)
    assert.equal('condition source_ip of rule "b" is unknown', decision.reason)
    assert.equal("unknown", decision.trace[1].got)
    assert.equal("unknown", decision.trace[2].got)
  end)
end)

describe("a requirement", function()
  local REQUIRE = '    require: {justification: {min_length: 20, pattern: "^INC%-%d+"}}\n'
  local LENGTH = "    require: {justification: {min_length: 3}}\n"

  -- {more, justification, failed, missing}
  local rows = {
    { REQUIRE, nil, "require.justification.min_length",
      "a justification of at least 20 characters" },
    { REQUIRE, "INC-1", "require.justification.min_length",
      "a justification of at least 20 characters" },
    { REQUIRE, "I have to do this because", "require.justification.pattern",
      "a justification in the form that the rule wants" },
    { REQUIRE, "INC-123 database is down", nil },
    { LENGTH, "ab", "require.justification.min_length",
      "a justification of at least 3 characters" },
    { LENGTH, "\u{e4}\u{f6}", "require.justification.min_length",
      "a justification of at least 3 characters" },
    { LENGTH, "abc", nil },
    { LENGTH, "   ", "require.justification.min_length",
      "a justification of at least 3 characters" },
    { LENGTH, " ab ", "require.justification.min_length",
      "a justification of at least 3 characters" },
    { LENGTH, "\u{3000}\u{200B}ab\u{A0}\u{FEFF}", "require.justification.min_length",
      "a justification of at least 3 characters" },
    { LENGTH, " a b ", nil },
    { LENGTH, "\u{A0}\u{e4} \u{f6}\u{A0}", nil },
    { '    require: {justification: {pattern: "^ +$"}}\n', "  ", "require.justification.min_length",
      "a justification" },
    { '    require: {justification: {pattern: "x"}}\n', nil, "require.justification.min_length",
      "a justification" },
  }
  for i, row in ipairs(rows) do
    it(("is %s (row %d)"):format(row[3] and "unmet: " .. row[3] or "met", i), function()
      local decision = decide("allow", { justification = row[2] }, row[1])
      assert.is_true(decision.requires_justification)
      assert.equal("only", decision.rule)
      assert.is_true(decision.trace[1].matched)
      if row[3] then
        assert.equal("deny", decision.effect)
        assert.equal("requirement_unmet", decision.error)
        assert.equal(row[3], decision.failed_condition)
        assert.same({ row[4] }, decision.missing)
        assert.equal(row[3], decision.trace[1].failed)
        assert.is_nil(decision.max_duration)
      else
        assert.equal("allow", decision.effect)
        assert.is_nil(decision.error)
        assert.same({}, decision.missing)
      end
    end)
  end

  it("on MFA is met by a fresh code only", function()
    local more = "    require: {mfa: {max_age: 5m}, justification: {min_length: 1}}\n"
    local decision = decide("allow", { mfa = { authenticated_at = "2026-01-19T14:50:00Z" } }, more)
    assert.equal("requirement_unmet", decision.error)
    assert.same({ "a justification", "an MFA code, no older than 5m" }, decision.missing)
    decision = decide("allow",
      { mfa = { authenticated_at = "2026-01-19T14:55:00Z" }, justification = "x" }, more)
    assert.equal("allow", decision.effect)
  end)

  it("unmet decides: a later rule that would allow is not looked at", function()
    local decision = evaluator.decide_text("yaml", [[
version: 1
rules:
  - {name: a, effect: allow, conditions: {}, require: {justification: {min_length: 1}}}
  - {name: b, effect: allow, conditions: {}}
]])
    assert.equal("requirement_unmet", decision.error)
    assert.equal("a", decision.rule)
    assert.equal(1, #decision.trace)
  end)

  it("whose pattern takes for ever denies", function()
    local more = '    require: {justification: {pattern: ".-.-.-.-.-.-.-.-x"}}\n'
    local decision, result = decide("allow", { justification = ("a"):rep(1000) }, more)
    assert.equal("fuel", result)
    assert.equal("deny", decision.effect)
    assert.equal("budget_exceeded", decision.error)
    assert.equal("require.justification", decision.failed_condition)
  end)

  it("whose pattern cannot be used denies", function()
    local decision = decide("allow", { justification = "aa" },
      '    require: {justification: {pattern: "((a)%1)"}}\n')
    assert.equal("deny", decision.effect)
    assert.equal("condition_error", decision.error)
    assert.equal("require.justification.pattern", decision.failed_condition)
  end)

  it("does not soften a deny rule", function()
    local decision = decide("deny", {}, LENGTH)
    assert.equal("deny", decision.effect)
    assert.is_nil(decision.error)
  end)
end)

describe("a bound", function()
  -- {more, request, seconds}
  local rows = {
    { "", {}, nil },
    { "    max_duration: 1h30m\n", {}, 5400 },
    { "    max_duration: 1h\n    max_server_duration: 30m\n", {}, 3600 },
    { "    max_duration: 1h\n    max_server_duration: 30m\n", SERVER, 1800 },
    { "    max_duration: 30m\n    max_server_duration: 1h\n", SERVER, 1800 },
    { "    max_server_duration: 30m\n", {}, nil },
    { "    max_server_duration: 30m\n", SERVER, 1800 },
  }
  for i, row in ipairs(rows) do
    it("is the smallest that counts (row " .. i .. ")", function()
      assert.equal(row[3], decide("allow", row[2], row[1]).max_duration)
    end)
  end

  it("comes with an approval that is still to be given, not with a denial", function()
    assert.equal(3600, decide("require_approval", {}, "    max_duration: 1h\n").max_duration)
    assert.is_nil(decide("deny", {}, "    max_duration: 1h\n").max_duration)
  end)
end)

describe("lease", function()
  it("goes with what is granted, beside the longest session", function()
    local decision = decide("allow", {}, "    lease: 120s\n")
    assert.equal(120, decision.lease)
    assert.is_nil(decision.max_duration)
    decision = decide("require_approval", { approval = APPROVAL }, "    max_duration: 1h\n    lease: 2h\n")
    assert.same({ 7200, 3600 }, { decision.lease, decision.max_duration })
    assert.is_nil(decide("deny", {}, "    lease: 120s\n").lease)
    assert.is_nil(decide("allow", {}).lease)
  end)
end)

describe("until: window", function()
  local NIGHT = '{hours: {start: "22:00", end: "06:00"}, timezone: Europe/Berlin}'
  local DAY = '{days: [monday, tuesday], hours: {start: "09:00", end: "17:00"}, timezone: America/New_York}'

  local function decide_at(moment, window, more)
    return evaluator.decide_text("yaml", evaluator.one_rule(("{profiles: [dev], time: %s}"):format(window), "allow",
      "    until: window\n" .. (more or "")), { time = moment })
  end

  -- {time, window, more, seconds, whether they are the window's; what is left of it, if another}
  local rows = {
    { "2026-01-19T16:59:59-05:00", DAY, "", 1, true },
    { "2026-01-19T15:00:00-05:00", DAY, "    max_duration: 2h\n", 7200, false, 7200 },
    { "2026-01-19T15:00:01-05:00", DAY, "    max_duration: 2h\n", 7199, true },
    { "2026-01-19T16:00:00-05:00", DAY, "    max_server_duration: 30m\n", 3600, true },
    -- over midnight, and over a change of the clocks
    { "2026-01-19T23:00:00+01:00", NIGHT, "", 7 * 3600, true },
    { "2026-03-28T23:00:00+01:00", NIGHT, "", 6 * 3600, true },
    { "2026-10-24T23:00:00+02:00", NIGHT, "", 8 * 3600, true },
    -- days that follow each other are one window, and none closes later than the longest session ends
    { "2026-01-19T20:00:00Z", "{days: [monday, tuesday]}", "", nil, false },
    { "2026-01-20T20:00:30Z", "{days: [monday, tuesday]}", "", 4 * 3600 - 30, true },
    { "2026-01-20T12:00:00Z", "{days: [monday, tuesday]}", "", 12 * 3600, true },
    { "2026-01-20T11:59:59Z", "{days: [monday, tuesday]}", "", nil, false },
    { "2026-01-19T23:59:59Z", '{hours: {start: "00:00", end: "24:00"}}', "", nil, false },
  }
  for i, row in ipairs(rows) do
    it("ends the session with the window that matched (row " .. i .. ")", function()
      local decision = decide_at(row[1], row[2], row[3])
      assert.equal("allow", decision.effect)
      assert.equal(row[4], decision.max_duration)
      assert.equal(row[5], decision.ends_with_window == true)
      assert.equal(row[6] or (row[5] and row[4] or nil), decision.window_left)
    end)
  end

  it("is told of no denial", function()
    local decision = decide_at("2026-01-19T17:00:00-05:00", DAY)
    assert.equal("deny", decision.effect)
    assert.is_nil(decision.max_duration)
    assert.is_nil(decision.ends_with_window)
  end)
end)

describe("emergency", function()
  it("is told of the rule that decided", function()
    assert.is_true(decide("allow", {}, "    emergency: true\n").emergency)
    assert.is_false(decide("allow", {}, "    emergency: false\n").emergency)
    assert.is_false(decide("allow", { profile = "x" }, "    emergency: true\n").emergency)
  end)
end)
