-- Three-valued logic (Kleene), the order of conditions, and the paths of what failed.
local evaluator = require "spec.support.evaluator"

local ATOMS = { T = "{profiles: [dev]}", F = "{profiles: [other]}", U = "{source_ip: [0.0.0.0/0]}" }

-- The verdict of conditions, told apart by an allow rule and a deny rule.
local function verdict(conditions)
  local allowed = evaluator.decide_text("yaml", evaluator.one_rule(conditions))
  if allowed.effect == "allow" then
    return "T"
  end
  local denied = evaluator.decide_text("yaml", evaluator.one_rule(conditions, "deny"))
  return denied.error == "fact_unknown" and "U" or denied.rule == "" and "F"
    or "matched a deny rule only"
end

local ALL = { TT = "T", TF = "F", TU = "U", FT = "F", FF = "F", FU = "F", UT = "U", UF = "F",
  UU = "U" }
local ANY = { TT = "T", TF = "T", TU = "T", FT = "T", FF = "F", FU = "U", UT = "T", UF = "U",
  UU = "U" }
local NOT = { T = "F", F = "T", U = "U" }

local function sorted(map)
  local keys = {}
  for key in pairs(map) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

describe("Kleene logic", function()
  for _, pair in ipairs(sorted(ALL)) do
    local a, b = ATOMS[pair:sub(1, 1)], ATOMS[pair:sub(2, 2)]
    it("all of " .. pair .. " is " .. ALL[pair], function()
      assert.equal(ALL[pair], verdict(("{all: [%s, %s]}"):format(a, b)))
    end)
    it("any of " .. pair .. " is " .. ANY[pair], function()
      assert.equal(ANY[pair], verdict(("{any: [%s, %s]}"):format(a, b)))
    end)
    it("not all of " .. pair .. " is the opposite", function()
      assert.equal(NOT[ALL[pair]], verdict(("{not: {all: [%s, %s]}}"):format(a, b)))
    end)
  end
  for _, atom in ipairs(sorted(NOT)) do
    it("not " .. atom .. " is " .. NOT[atom], function()
      assert.equal(NOT[atom], verdict(("{not: %s}"):format(ATOMS[atom])))
    end)
  end

  it("a rule's conditions are all of them: a false one after an unknown one is false", function()
    assert.equal("F", verdict("{source_ip: [0.0.0.0/0], all: [{profiles: [other]}]}"))
    assert.equal("U", verdict("{source_ip: [0.0.0.0/0], all: [{profiles: [dev]}]}"))
  end)

  it("not takes a map: true unless all of it holds", function()
    assert.equal("T", verdict("{not: {profiles: [dev], users: [bob]}}"))
    assert.equal("F", verdict("{not: {profiles: [dev], users: [alice]}}"))
  end)
end)

describe("the path of what failed", function()
  -- {conditions, failed, wanted, got}
  local rows = {
    { "{users: [bob], profiles: [other]}", "profiles", "other", "dev" },
    { "{mode: [cli], users: [bob]}", "users", "bob", "alice" },
    { "{not: {profiles: [dev]}, any: [{users: [bob]}]}", "any[0].users", "bob", "alice" },
    { "{any: [{users: [bob]}, {profiles: [other]}]}", "any[1].profiles", "other", "dev" },
    { "{any: [{source_ip: [10.0.0.0/8]}, {profiles: [other]}]}", "any[0].source_ip", "10.0.0.0/8",
      "unknown" },
    { "{any: [{users: [bob]}, {mfa: {max_age: 15m}}]}", "any[1].mfa.max_age",
      "MFA no older than 15m", "unknown" },
    { "{all: [{users: [alice]}, {profiles: [other]}]}", "all[1].profiles", "other", "dev" },
    { "{not: {users: [\"ali*\"]}}", "not.users", "not ali*", "alice" },
    { "{not: {any: [{users: [bob]}, {profiles: [dev]}]}}", "not.any[1].profiles", "not dev",
      "dev" },
    { "{all: [{any: [{not: {time: {days: [monday]}}}]}]}", "all[0].any[0].not.time.days",
      "not monday UTC", "monday" },
    { "{time: {hours: {start: \"20:00\", end: \"21:00\"}, days: [monday]}}", "time.hours",
      "20:00-21:00 UTC", "15:00" },
  }
  for _, row in ipairs(rows) do
    it("is " .. row[2] .. " for " .. row[1], function()
      local entry = evaluator.decide_text("yaml", evaluator.one_rule(row[1])).trace[1]
      assert.same({ rule = "only", matched = false, failed = row[2], wanted = row[3],
        got = row[4] }, entry)
    end)
  end
end)

describe("nesting", function()
  local function nested(depth)
    return depth == 0 and "{profiles: [dev]}" or ("{not: %s}"):format(nested(depth - 1))
  end

  it("may be 8 deep", function()
    assert.equal("allow", evaluator.decide_text("yaml", evaluator.one_rule(nested(8))).effect)
  end)

  it("may not be 9 deep", function()
    local problems = evaluator.problems("yaml", evaluator.one_rule(nested(9)))
    assert.same({ "6:71: all, any and not are nested more than 8 deep" }, problems)
  end)

  it("counts any and all like not", function()
    local conditions = "{users: [alice]}"
    for _ = 1, 4 do
      conditions = ("{any: [{all: [%s]}]}"):format(conditions)
    end
    assert.equal("allow", evaluator.decide_text("yaml", evaluator.one_rule(conditions)).effect)
    local problems = evaluator.problems("yaml",
      evaluator.one_rule(("{not: %s}"):format(conditions)))
    assert.equal(1, #problems)
  end)
end)

describe("the order of conditions", function()
  it("is the same whatever the order in the text", function()
    local text = "{not: {users: [bob]}, any: [{users: [alice]}], mode: [credential_process], "
      .. "time: {days: [monday]}, groups: [security-team], users: [alice], "
      .. "profiles: [dev], roles: [Dev], "
      .. "accounts: [\"2*\"], caller_accounts: [\"1*\"], all: [{users: [alice]}]}"
    local decision = evaluator.decide_text("yaml", evaluator.one_rule(text))
    assert.equal("allow", decision.effect)
    assert.same({ "profiles", "users", "groups", "roles", "accounts", "caller_accounts", "mode",
      "time", "all", "any", "not" }, decision.conditions)
  end)

  it("puts functions last, as they are written, and does not run those after a false condition",
    function()
    local decision = evaluator.decide_text("lua", [[
local s = require "sentinel"
return s.policy { version = "1", rules = { s.rule "only" { effect = "deny", conditions = {
  s.check("second", function() error("not reached") end),
  profiles = { "other" },
} } } }
]])
    assert.is_nil(decision.error)
    assert.equal("profiles", decision.trace[1].failed)
    decision = evaluator.decide_text("lua", [[
local s = require "sentinel"
return s.policy { version = "1", rules = { s.rule "only" { effect = "allow", conditions = {
  s.check("first", function() return true end),
  s.check("second", function() return false end),
  s.check("third", function() error("not reached") end),
  profiles = { "dev" },
} } } }
]])
    assert.is_nil(decision.error)
    assert.equal("check:second", decision.trace[1].failed)
  end)

  it("ends an any with the first branch that is true", function()
    local decision = evaluator.decide_text("lua", [[
local s = require "sentinel"
return s.policy { version = "1", rules = { s.rule "only" { effect = "allow", conditions = {
  s.any { { users = { "bob" } }, function() return true end, function() error("not reached") end },
} } } }
]])
    assert.equal("allow", decision.effect)
  end)
end)
