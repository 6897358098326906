-- policy.md, "Errors are denials": a condition that errors denies the whole decision, for every kind of error, in every
-- position; one that is not reached does nothing.
local evaluator = require "spec.support.evaluator"
local cjson = require "cjson"

-- What the body of a condition does, and how it ends: the error of the decision, and what the VM says of the run.
local KINDS = {
  { "raises a text", "error('boom')", "condition_error" },
  { "raises a text without a place", "error('boom', 0)", "condition_error" },
  { "raises a table", "error({ class = 'none', path = 'x', what = 'y', verdict = true })", "condition_error" },
  { "raises what the engine raises", "error({ class = 'fact_unknown', path = 'time', what = 'x' })", "condition_error" },
  { "raises nil", "error(nil)", "condition_error" },
  { "raises true", "error(true)", "condition_error" },
  { "raises the request", "error(request)", "condition_error" },
  { "fails an assertion", "assert(false)", "condition_error" },
  { "calls nothing", "local t = {} return t.x()", "condition_error" },
  { "returns nothing", "return", "condition_error" },
  { "returns nil", "return nil", "condition_error" },
  { "returns a number", "return 1", "condition_error" },
  { "returns a text", "return 'true'", "condition_error" },
  { "returns a table", "return { true }", "condition_error" },
  { "returns a function", "return function() return true end", "condition_error" },
  { "returns what pcall does not hold", "return (select(2, pcall(error)))", "condition_error" },
  { "reads a field that no request has", "return request.nosuch == nil", "condition_error" },
  { "reads a field that no user has", "return request.user.nosuch == nil", "condition_error" },
  { "reads a global that does not exist", "return nosuch == nil", "condition_error" },
  { "writes to the request", "request.profile = 'dev' return true", "condition_error" },
  { "loops for ever", "while true do end", "budget_exceeded", "fuel" },
  { "swallows an endless loop", "pcall(function() while true do end end) return true", "budget_exceeded", "fuel" },
  { "swallows an endless pattern", "pcall(string.find, ('a'):rep(9999), '.-.-.-b') return true", "budget_exceeded", "fuel" },
  { "allocates without end", "local t = {} while true do t = { t, 1, 2, 3, 4, 5, 6, 7, 8, 9 } end", "budget_exceeded",
    "memory" },
  { "swallows a block that is too large", "pcall(string.rep, 'x', 1 << 40) return true", "budget_exceeded", "memory" },
  { "recurses without end", "local function f() return f() + 1 end return f()", "budget_exceeded", "memory" },
  { "swallows endless recursion", "local function f() return f() + 1 end pcall(f) return true", "budget_exceeded", "memory" },
}

-- Where it stands: the conditions of the second of three rules, and the path that is told when it is reached; else
-- whether that rule matches. YES and NO are conditions, UNKNOWN one whose fact is not there.
local POSITIONS = {
  { "alone", "{ BROKEN }", "check:broken" },
  { "after a true condition", "{ YES, BROKEN }", "check:broken" },
  { "after an unknown condition", "{ UNKNOWN, BROKEN }", "check:broken" },
  { "before a false function", "{ BROKEN, function() return false end }", "check:broken" },
  { "after a false condition", "{ NO, BROKEN }", matches = false },
  { "after a false function", "{ function() return false end, BROKEN }", matches = false },
  { "in any, first", "{ s.any { { BROKEN }, { YES } } }", "any[0].check:broken" },
  { "in any, after a false branch", "{ s.any { { NO }, { BROKEN }, { YES } } }", "any[1].check:broken" },
  { "in any, after an unknown branch", "{ s.any { { UNKNOWN }, { BROKEN } } }", "any[1].check:broken" },
  { "in any, after a true branch", "{ s.any { { YES }, { BROKEN } } }", matches = true },
  { "in any, after a false condition of its branch", "{ s.any { { NO, BROKEN }, { YES } } }", matches = true },
  { "in all, after a true branch", "{ s.all { { YES }, { BROKEN } } }", "all[1].check:broken" },
  { "in all, after a false branch", "{ s.all { { NO }, { BROKEN } } }", matches = false },
  { "in not", "{ s.not_ { BROKEN } }", "not.check:broken" },
  { "in not, after a true condition", "{ s.not_ { YES, BROKEN } }", "not.check:broken" },
  { "in not, after a false condition", "{ s.not_ { NO, BROKEN } }", matches = true },
  { "in a not in an any", "{ s.any { { NO }, { s.not_ { BROKEN } } } }", "any[1].not.check:broken" },
  { "in an any in a not", "{ s.not_ { s.any { { NO }, { BROKEN } } } }", "not.any[1].check:broken" },
  { "far within", "{ s.not_ { s.all { { s.any { { s.not_ { BROKEN } } } } } } }", "not.all[0].any[0].not.check:broken" },
}

local POLICY = [[
local s = require "sentinel"
local broken = s.check("broken", function(request) BODY end)
return s.policy { version = "1", rules = {
  s.rule "before" { effect = "allow", conditions = { profiles = { "other" } } },
  s.rule "broken" { effect = "EFFECT", conditions = CONDITIONS },
  s.rule "open" { effect = "allow", conditions = {} },
} }
]]

local WORDS = { BROKEN = "broken", YES = 'profiles = { "dev" }', NO = 'profiles = { "other" }',
  UNKNOWN = 'source_ip = { "0.0.0.0/0" }' }

local function fill(text, words)
  return (text:gsub("%u%u+", words))
end

local function load_policy(body, conditions, effect)
  local policy, problems = evaluator.load("lua",
    fill(POLICY, { BODY = body, EFFECT = effect, CONDITIONS = fill(conditions, WORDS) }))
  return assert(policy, problems and problems[1].message)
end

local function assert_denied(kind, path, decision)
  assert.equal("deny", decision.effect)
  assert.equal(kind[3], decision.error)
  assert.equal("broken", decision.rule)
  assert.equal(1, decision.rule_index)
  assert.equal(path, decision.failed_condition)
  assert.is_nil(decision.max_duration)
  local last = decision.trace[#decision.trace]
  assert.same({ "broken", false, path }, { last.rule, last.matched, last.failed })
  for _, entry in ipairs(decision.trace) do
    assert.is_false(entry.matched)
    assert.not_equal("open", entry.rule)
  end
end

for _, effect in ipairs({ "allow", "deny" }) do
  for _, position in ipairs(POSITIONS) do
    local name, conditions, path = table.unpack(position)
    describe(("A condition of a rule with effect %s, %s,"):format(effect, name), function()
      for _, kind in ipairs(KINDS) do
        it((path and "denies the whole decision when it %s" or "is not reached where it %s"):format(kind[1]), function()
          local policy = load_policy(kind[2], conditions, effect)
          local decision, result = evaluator.decide(policy)
          policy.state:close()
          if path then
            assert.equal(kind[4] or "ok", result)
            assert_denied(kind, path, decision)
            return
          end
          assert.equal("ok", result)
          assert.is_nil(decision.error)
          assert.is_nil(decision.failed_condition)
          assert.equal(position.matches and "broken" or "open", decision.rule)
          assert.equal(position.matches and effect or "allow", decision.effect)
        end)
      end
    end)
  end
end

describe("A condition that errors", function()
  local WAYS = { "evaluate", "evaluate_nearest", "decide", "explain" }

  for _, kind in ipairs(KINDS) do
    it(("denies in every way of asking when it %s"):format(kind[1]), function()
      local policy = load_policy(kind[2], "{ BROKEN }", "deny")
      for _, way in ipairs(WAYS) do
        local json = policy.state:call(way, evaluator.FUEL, cjson.encode(evaluator.request()))
        local decision = cjson.decode(json)
        assert.same({ way, "deny", kind[3], "broken" }, { way, decision.effect, decision.error, decision.rule })
      end
      policy.state:close()
    end)
  end

  for _, effect in ipairs({ "require_approval", "require_server", "require_server_session" }) do
    it("denies in a rule with effect " .. effect, function()
      local policy = load_policy("error('boom')", "{ BROKEN }", effect)
      assert_denied({ [3] = "condition_error" }, "check:broken", (evaluator.decide(policy)))
      policy.state:close()
    end)
  end

  it("is told by its file and line when it has no label", function()
    local policy = load_policy("return true", "{ YES, function() return 1 end }", "allow")
    assert_denied({ [3] = "condition_error" }, "function@policy.lua:5", (evaluator.decide(policy)))
    policy.state:close()
  end)

  it("does not spoil the next decision", function()
    local policy = load_policy("if request.profile == 'dev' then while true do end end return false", "{ BROKEN }", "deny")
    for _ = 1, 3 do
      assert.equal("budget_exceeded", evaluator.decide(policy).error)
      local decision = evaluator.decide(policy, { profile = "quiet" })
      assert.same({ "allow", "open" }, { decision.effect, decision.rule })
    end
    policy.state:close()
  end)
end)
