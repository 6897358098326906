-- Policies in Lua: what `sentinel` gives, functions as conditions, and how both fail.
local evaluator = require "spec.support.evaluator"

local function policy_of(conditions, effect)
  return ([[
local s = require "sentinel"
return s.policy { version = "1", rules = {
  s.rule "only" {
    effect = %q,
    conditions = %s,
  },
  s.rule "after" { effect = "allow", conditions = {} },
} }
]]):format(effect or "allow", conditions)
end

local function decide(conditions, request, effect)
  return evaluator.decide_text("lua", policy_of(conditions, effect), request)
end

describe("a function", function()
  it("that returns true holds, false does not", function()
    assert.equal("only", decide("{ function() return true end }").rule)
    local decision = decide("{ function() return false end }")
    assert.equal("after", decision.rule)
    assert.same({ rule = "only", matched = false, failed = "function@policy.lua:5", wanted = "true",
      got = "false" },
      decision.trace[1])
  end)

  it("is named by its file, however the path to it was typed", function()
    local long = ("x"):rep(150)
    for name, told in pairs {
      ["./prod.lua"] = "prod.lua", ["../t/prod.lua"] = "prod.lua", ["/tmp/a/prod.lua"] = "prod.lua",
      ["ssm:/sentinel/policies/prod"] = "prod", ["/" .. long .. "/prod.lua"] = "prod.lua",
      ["/a/" .. long .. ".lua"] = "..." .. long:sub(1, 93) .. ".lua",
    } do
      local policy = assert(evaluator.load("lua", policy_of("{ function() return false end }"), { name = name }))
      assert.equal(("function@%s:5"):format(told), evaluator.decide(policy).trace[1].failed)
      policy.state:close()
    end
  end)

  it("has a label when s.check gives it one", function()
    local decision = decide(
      '{ s.check("payments account", function(r) return r.user.account == "1" end) }')
    assert.equal("check:payments account", decision.trace[1].failed)
    decision = decide('{ s.any { s.check("x", function() return false end) } }')
    assert.equal("any[0].check:x", decision.trace[1].failed)
    decision = decide('{ s.not_(s.check("x", function() return true end)) }')
    assert.equal("not.check:x", decision.trace[1].failed)
  end)

  -- {body, what the trace says}
  local rows = {
    { "error('boom')", "policy.lua:5: boom" },
    { "error({})", "error value is a table" },
    { "error(nil)", "error value is a nil" },
    { "error()", "error value is a nil" },
    { "return nil", "it returned a nil, not true or false" },
    { "", "it returned a nil, not true or false" },
    { "return 1", "it returned a number, not true or false" },
    { "return 0", "it returned a number, not true or false" },
    { "return 'true'", "it returned a string, not true or false" },
    { "return 'allow'", "it returned a string, not true or false" },
    { "return {}", "it returned a table, not true or false" },
    { "return r", "it returned a table, not true or false" },
    { "return s", "it returned a table, not true or false" },
    { "return function() return true end", "it returned a function, not true or false" },
    { "return undefined_name", 'policy.lua:5: global "undefined_name" does not exist' },
    { "return r.usr.name == 'x'",
      'policy.lua:5: request has no field "usr"; did you mean "user"?' },
    { "return r.user.nmae == 'x'",
      'policy.lua:5: request.user has no field "nmae"; did you mean "name"?' },
    { "return r.device.os == 'x'", 'policy.lua:5: attempt to read field "os" of a nil value' },
    { "r.profile = 'prod' return true",
      'policy.lua:5: request is read-only: "profile" cannot be set' },
    { "r.user.name = 'root' return true",
      'policy.lua:5: request.user is read-only: "name" cannot be set' },
    { "s.check = nil return true", 'policy.lua:5: sentinel is read-only: "check" cannot be set' },
    { "return s.chek", 'policy.lua:5: sentinel has no field "chek"; did you mean "check"?' },
  }
  for _, effect in ipairs({ "allow", "deny" }) do
    for _, row in ipairs(rows) do
      it(("of a rule that would %s denies everything: %s"):format(effect, row[1]), function()
        local decision = decide(("{ s.check('c', function(r) %s end) }"):format(row[1]), {}, effect)
        assert.equal("deny", decision.effect)
        assert.equal("condition_error", decision.error)
        assert.equal("only", decision.rule)
        assert.equal(0, decision.rule_index)
        assert.equal("check:c", decision.failed_condition)
        assert.equal(1, #decision.trace)
        assert.equal(row[2], decision.trace[1].got:sub(1, #row[2]))
        assert.is_false(decision.trace[1].matched)
      end)
    end
  end

  it("with an error in an any or not is an error, not a branch that does not hold", function()
    for _, conditions in ipairs({
      "{ s.any { function() error('x') end, { users = { 'alice' } } } }",
      "{ s.not_ { function() error('x') end } }",
      "{ s.all { { source_ip = { '0.0.0.0/0' } }, function() error('x') end } }",
    }) do
      assert.equal("condition_error", decide(conditions).error)
    end
  end)

  it("that cannot be caught by policy spends its budget once", function()
    local policy = assert(evaluator.load("lua", policy_of(
      "{ s.check('loop', function() while true do pcall(function() while true do end end) end end) "
      .. "}")))
    local decision, result = evaluator.decide(policy)
    assert.equal("fuel", result)
    assert.equal("deny", decision.effect)
    assert.equal("budget_exceeded", decision.error)
    assert.equal("only", decision.rule)
    assert.equal("check:loop", decision.failed_condition)
    assert.equal('condition check:loop of rule "only" spends more than an evaluation may',
      decision.reason)
    policy.state:close()
  end)

  for what, body in pairs({
    memory = "local t = {} for i = 1, 1e9 do t[i] = { i } end return true",
    stack = "local function f() return f() + 1 end return pcall(f)",
    strings = "local x = 'x' while true do x = x .. x end",
  }) do
    it("that takes all " .. what .. " denies", function()
      local policy = assert(evaluator.load("lua",
        policy_of(("{ s.check('eat', function() %s end) }"):format(body))))
      local decision = evaluator.decide(policy)
      assert.equal("deny", decision.effect)
      assert.equal("budget_exceeded", decision.error)
      assert.equal("check:eat", decision.failed_condition)
      policy.state:close()
    end)
  end
end)

describe("the request in Lua", function()
  it("reads absent fields, and the fields below them, as nil", function()
    local decision = decide([[{ function(r)
      return r.device == nil and r.device.os_type == nil and r.mfa.authenticated_at == nil
        and r.justification == nil
        and r.user.role == nil and r.user.name == "alice" and r.duration == 3600
    end }]])
    assert.equal("only", decision.rule)
  end)

  it("lets no other nil be read, whatever was absent before", function()
    local rows = {
      "local owners = {} return owners[r.profile].id ~= 'blocked'",
      "local owner if r.approval then return false end return owner.id ~= 'blocked'",
      "local owner return r.approval ~= owner.id or owner == nil",
      "local approval = r.approval local owner = {} return approval == nil and owner.approval.id == nil",
      "local function id_of(owner) return owner.id end return id_of(r.approval) == nil",
      "return r.approval.id == nil and pcall(function() local owner return owner.id end)",
    }
    for _, body in ipairs(rows) do
      local decision = decide(("{ function(r) return r.approval == true end } }, s.rule 'second' "
        .. "{ effect = 'allow', conditions = { function(r) %s end }"):format(body))
      local told = decision.rule == "after" and "false" or decision.trace[2].got
      assert.equal(body:find("pcall", 1, true) and "after" or "second", decision.rule)
      assert.is_truthy(told == "false" or told:find("attempt to read field \"id\" of a nil value", 1, true), told)
      assert.equal(decision.rule == "second" and "condition_error" or nil, decision.error)
    end
  end)

  it("tells how to read what is below an absent field, when that was read before", function()
    local decision = decide("{ function(r) local a = r.approval local b = 1 return a.id == nil end }")
    assert.equal("condition_error", decision.error)
    assert.equal('policy.lua:5: attempt to read field "id" of a nil value; if it is request.approval, which is '
      .. "absent, read request.approval.id in one expression: that is nil", decision.trace[1].got)
  end)

  it("has lists, lengths and pairs", function()
    local decision = decide([[{ function(r)
      local names = {}
      for _, name in ipairs(r.approval.approvers) do names[#names + 1] = name end
      for key in pairs(r.user) do names[#names + 1] = key end
      return table.concat(names, " ") == "bob carol account arn kind name"
        and #r.approval.approvers == 2
    end }]], { approval = { id = "1", approvers = { "bob", "carol" } } })
    assert.equal("only", decision.rule)
  end)

  it("tells local time through s.time", function()
    local decision = decide([[{ function(r)
      local now = s.time(r.time, "America/New_York")
      return now.weekday == "monday" and now.hour == 10 and now.wday == 1 and now.abbrev == "EST"
        and not now.is_dst
    end }]])
    assert.equal("only", decision.rule)
    for _, call in ipairs { [=[local f = s.time return f(r.time, "America/New_York").hour == 10]=],
      [==[return s.time(r.time, [[America/New_York]]).hour == 10]==], [[return s.time(r.time, "EST").hour == 10]] } do
      assert.equal("only", decide(("{ function(r) %s end }"):format(call)).rule, call)
    end
    decision = decide([[{ function(r) return s.time(r.time, "America/New_Yrok").hour == 1 end }]])
    assert.equal('policy.lua:5: s.time: the time zone "America/New_Yrok" is none, or was not loaded: check it, '
      .. "and write it as a text in the policy", decision.trace[1].got)
    decision = decide([[{ function(r) return s.time(r.time, "Mars/" .. "Olympus").hour == 1 end }]])
    assert.equal("condition_error", decision.error)
    decision = decide([[{ function(r) return s.time("x", "UTC").hour == 1 end }]])
    assert.equal('policy.lua:5: s.time: "x" is not a time', decision.trace[1].got)
    decision = decide([[{ function(r) return s.time(r.time, "UTC").weekdy ~= "sunday" end }]])
    assert.equal('policy.lua:5: this time has no field "weekdy"; did you mean "weekday"?', decision.trace[1].got)
    decision = decide([[{ function(r) local now = s.time(5) return now end }]])
    assert.equal('policy.lua:5: s.time wants a time and the name of a time zone: s.time(request.time, "UTC")',
      decision.trace[1].got)
  end)
end)

describe("loading Lua", function()
  -- {text, first problem}
  local rows = {
    { "return 5", "1:1: the file has to return what s.policy makes, not a number" },
    { "", "1:1: the file has to return what s.policy makes, not a nil" },
    { "return { version = '1' }", "1:1: the file has to return what s.policy makes, not a table" },
    { "local s = require 'sentinel'\nreturn s.rule 'a' {}",
      "1:1: the file has to return what s.policy makes, not a table" },
    { "x = = 1", "1:1: unexpected symbol near '='" },
    { "local s = require 'sentinel'\n\nreturn s.policy { version = '1', rules = {} }", "3:42: rules is an empty list" },
    { "local s = require 'sentinel'\n\nlocal p = s.policy { version = '1', rules = {} }\nreturn p", "3:45: rules is an empty list" },
    { "\n\nerror('boom')", "3:1: boom" },
    { "\nerror({})", "1:1: error value is a table" },
    { "return require 'other'",
      '1:1: only "sentinel" can be required here; other files need a bundle' },
    { "\nlocal x = os", '2:1: global "os" does not exist' },
    { "local _ENV = {}", "1:1: the name _ENV cannot be used" },
    { "\27Lua", "1:1: this is bytecode; a policy is text" },
    { "local s = require 'sentinel'\ns.rule(5)",
      '2:1: s.rule wants a name: s.rule "name" { ... }' },
    { "local s = require 'sentinel'\ns.rule 'a' 'b'",
      '2:1: s.rule wants a table after the name: s.rule "name" { ... }' },
    { "local s = require 'sentinel'\n\ns.check('', function() end)",
      "3:1: s.check wants a label of 1 to 64 printable bytes and a function" },
    { "local s = require 'sentinel'\ns.check('a')",
      "2:1: s.check wants a label of 1 to 64 printable bytes and a function" },
    { "local s = require 'sentinel'\ns.any(5)", "2:1: s.any wants a table" },
    { "local s = require 'sentinel'\ns.business_hours()",
      "2:1: s.business_hours wants the name of a time zone" },
    { "local s = require 'sentinel'\ns.polcy {}",
      '2:1: sentinel has no field "polcy"; did you mean "policy"?' },
  }
  for i, row in ipairs(rows) do
    it(("refuses: %s (row %d)"):format(row[2], i), function()
      local problems = evaluator.problems("lua", row[1])
      assert.equal(row[2], problems[1])
      assert.equal(1, #problems)
    end)
  end

  -- {conditions, first problem}: the rule stands on line 3.
  local inside = {
    { "{ usres = { 'a' } }", '3:47: unknown condition "usres"; did you mean "users"?' },
    { "{ users = {} }", "3:55: users is an empty list" },
    { "{ users = 'a' }", '3:55: users has to be a list, not the text "a"' },
    { "{ users = { a = 1 } }", "3:55: users has to be a list, not a mapping" },
    { "{ users = { 'a', nil, 'b' } }", "3:55: users has to be a list, not a list with gaps" },
    { "{ users = { 'a', x = 1 } }", "3:55: users has to be a list, not a mapping" },
    { "{ users = { true } }", "3:57: users[0] has to be a user pattern, not true" },
    { "{ users = { 1.5 } }", "3:57: users[0] has to be a user pattern, not the number 1.5" },
    { "{ users = { '\\xff' } }",
      "3:57: users[0] holds a line break, a control character or bytes that are not UTF-8" },
    { "{ users = string }", "3:55: users has to be a list, not a read-only table" },
    { "{ users = function() end }", "3:55: users has to be a list, not a function" },
    { "{ [true] = 1 }",
      "3:45: conditions has to be a mapping of conditions, not a table with a boolean for a key" },
    { "{ [1.5] = 1 }",
      "3:45: conditions has to be a mapping of conditions, not a table with a number for a key" },
    { "{ 5 }", "3:47: conditions holds the number 5 without a key" },
    { "{ time = { days = { 'monday' }, 'x' } }", '3:77: time holds the text "x" without a key' },
    { "{ time = s.business_hours 'America/NewYork' }",
      '3:71: unknown time zone "America/NewYork"; did you mean "America/New_York"?' },
    { "{ s.not_ {} }", "3:54: not is empty" },
    { "{ s.any {} }", "3:53: any is an empty list" },
    { "{ s.any { {} } }", "3:55: any[0] is empty" },
    { "{ s.any { users = { 'a' } } }", "3:53: any has to be a list, not a mapping" },
    { "{ s.rule 'x' {} }", '3:47: conditions holds a mapping without a key' },
    { "5", "3:45: conditions has to be a mapping of conditions, not the number 5" },
  }
  for i, row in ipairs(inside) do
    it(("refuses in conditions: %s (row %d)"):format(row[2], i), function()
      local text = "local s = require 'sentinel'\nreturn s.policy { version = 1, rules = {\n"
        .. "s.rule 'a' { effect = 'allow', "
        .. "conditions = " .. row[1] .. " } } }"
      local problems = evaluator.problems("lua", text)
      assert.equal(row[2], problems[1])
    end)
  end

  it("says where a function belongs that stands beside a rule's keys", function()
    local problems, hints = evaluator.problems("lua", [[
local s = require "sentinel"
return s.policy { version = 1, rules = {
  s.rule "a" { effect = "allow", function() return true end },
} }
]])
    assert.equal('3:34: rule "a" holds a function without a key', problems[1])
    assert.same({ "functions and what s.check, s.any, s.all and s.not_ make belong in "
      .. "conditions = { ... }" }, hints)
  end)

  it("refuses a rule with two names, and two rules of one name, at their lines", function()
    local problems = evaluator.problems("lua", [[
local s = require "sentinel"
local policy = s.policy { version = 1, rules = {
  s.rule "a" { name = "b", effect = "allow", conditions = {} },
  s.rule "a" {
    effect = "allow", conditions = {},
  },
} }
return policy
]])
    assert.same({ '3:1: duplicate key "name"; s.rule gives it already',
      '4:1: duplicate rule name "a"; it is on line 3 too' }, problems)
  end)

  it("refuses tables without end", function()
    local problems = evaluator.problems("lua", [[
local s = require "sentinel"
local t = {}
t["not"] = t
return s.policy { version = 1, rules = { s.rule "a" { effect = "allow", conditions = t } } }
]])
    assert.equal("4:1: all, any and not are nested more than 8 deep", problems[1])
  end)

  it("refuses what grows without bound", function()
    local problems = evaluator.problems("lua", [[
local s = require "sentinel"
local t = { users = { "a" } }
for i = 1, 7 do t = { any = { t, t, t, t, t, t, t, t, t } } end
return s.policy { version = 1, rules = { s.rule "a" { effect = "allow", conditions = t } } }
]])
    assert.is_true(#problems >= 1)
  end)

  it("is refused when it spends its budget", function()
    for _, text in ipairs({ "while true do end",
      "local t = {} for i = 1, 1e9 do t[i] = {} end" }) do
      local policy, problems, result = evaluator.load("lua", text)
      assert.is_nil(policy)
      assert.is_true(result == "fuel" or result == "memory")
      assert.equal(("loading spends more %s than a policy may"):format(result), problems[1].message)
      assert.equal("policy.lua", problems[1].file)
    end
  end)

  it("keeps nothing that policy could change later", function()
    local decision = evaluator.decide_text("lua", [[
local s = require "sentinel"
local users = { "bob" }
local rule = { effect = "allow", conditions = { users = users } }
return s.policy { version = 1, rules = {
  s.rule "first" { effect = "deny", conditions = { function()
    users[1] = "alice"
    rule.effect = "allow"
    rule.conditions = {}
    return false
  end } },
  s.rule "second" (rule),
} }
]])
    assert.equal("deny", decision.effect)
    assert.equal("", decision.rule)
  end)
end)
