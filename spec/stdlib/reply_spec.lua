-- The reply: its members, its size, and what it says when very much could be said.
local evaluator = require "spec.support.evaluator"

local FRAME_CAP = 64 * 1024

local function rules(count, line)
  local parts = { "version: 1\nrules:\n" }
  for i = 1, count do
    parts[#parts + 1] = line:format(i, i)
  end
  return table.concat(parts)
end

describe("a reply", function()
  it("has exactly its members, in a fixed order", function()
    local policy = assert(evaluator.load("yaml", evaluator.one_rule("{profiles: [dev]}")))
    local _, _, json = evaluator.decide(policy)
    assert.equal('{"effect":"allow","rule":"only","rule_index":0,'
      .. '"reason":"allowed by rule \\"only\\"","error":null,'
      .. '"max_duration":null,"requires_server_mode":false,"requires_session_tracking":false,'
      .. '"trace":[{"rule":"only","matched":true,"failed":null,"wanted":null,"got":null}],'
      .. '"conditions":["profiles"],"missing":[],"failed_condition":null,"emergency":false,'
      .. '"requires_justification":false}', json)
    _, _, json = evaluator.decide(policy, { profile = "x" })
    assert.is_truthy(json:find('"conditions":[],"missing":[]', 1, true))
    policy.state:close()
    policy = assert(evaluator.load("yaml", evaluator.one_rule("{profiles: [dev]}", "allow", "    lease: 2m\n")))
    _, _, json = evaluator.decide(policy)
    assert.is_truthy(json:find('"requires_justification":false,"lease":120}', 1, true))
    policy.state:close()
  end)

  it("is small for a policy of very many rules, and keeps what came nearest", function()
    local text = rules(4000,
      "- {name: r%d, effect: allow, conditions: {profiles: [p%d], users: [alice]}}\n")
      .. "- {name: near, effect: allow, conditions: {profiles: [dev], mode: [cli]}}\n"
      .. "- {name: person, effect: allow, conditions: {profiles: [dev], users: [bob]}}\n"
      .. "- {name: last, effect: allow, conditions: {profiles: [none]}}\n"
    local policy = assert(evaluator.load("yaml", text))
    local decision, _, json = evaluator.decide(policy)
    assert.is_true(#json < FRAME_CAP)
    local trace, by_name, left_out = decision.trace, {}, 0
    for _, entry in ipairs(trace) do
      by_name[entry.rule] = entry
      left_out = left_out + (entry.left_out or 0)
    end
    assert.equal("mode", by_name.near.failed)
    assert.equal("users", by_name.person.failed)
    assert.equal("r1", trace[1].rule)
    assert.equal("last", trace[#trace].rule)
    assert.equal(4003, #trace - 1 + left_out)
    assert.equal(("(%d more rules did not match)"):format(left_out), trace[#trace - 1].rule)
    policy.state:close()
  end)

  it("tells of the nearest rule and the last when that is enough", function()
    local function nearest(lines, fields)
      local policy = assert(evaluator.load("yaml", "version: 1\nrules:\n" .. lines))
      local json = evaluator.call(policy, "evaluate_nearest",
        evaluator.encode(evaluator.request(fields)))
      local names = {}
      for name, failed in json:gmatch('{"rule":"(%w+)","matched":%w+,"failed":"?([%w.]+)') do
        names[#names + 1] = name .. " " .. failed
      end
      policy.state:close()
      return table.concat(names, ", "), json
    end
    local far = "- {name: far%d, effect: allow, conditions: {profiles: [p%d]}}\n"
    local person = "- {name: person, effect: allow, conditions: {profiles: [dev], users: [bob]}}\n"
    local near = "- {name: near, effect: allow, conditions: {profiles: [dev], mode: [cli]}}\n"
    local all = "- {name: all, effect: allow, conditions: {}}\n"
    local told, json = nearest(rules(3, far):match("rules:\n(.*)") .. person .. near
      .. near:gsub("near", "next"))
    assert.equal("near mode, next mode", told)
    assert.is_truthy(json:find('"left_out":4', 1, true))
    far = far:gsub("%%d", "")
    assert.equal("person users, far profiles", (nearest(person .. far)))
    assert.equal("far profiles", (nearest(far)))
    assert.equal("all null", (nearest(all)))
    assert.equal("near mode, all null", (nearest(person .. near .. all)))
  end)

  it("is small for the longest texts that are allowed", function()
    local long, parts = ("\u{10348}"):rep(60), {}
    for i = 1, 200 do
      parts[i] = ('- {name: r%d%s, effect: allow, conditions: {users: ["%s"]}, '
        .. 'reason: "%s"}\n'):format(i,
        ("x"):rep(60), (long .. '\\"'), ("r\\\""):rep(600))
    end
    local text = "version: 1\nrules:\n" .. table.concat(parts)
    local policy = assert(evaluator.load("yaml", text))
    local decision, _, json = evaluator.decide(policy)
    assert.equal("deny", decision.effect)
    assert.is_true(#json < FRAME_CAP)
    policy.state:close()
  end)

  it("is small for a rule of very many conditions", function()
    local decision, _, json
    local policy = assert(evaluator.load("lua", [[
local s = require "sentinel"
local conditions = {}
for i = 1, 5000 do
  conditions[i] = s.check(("%d "):format(i) .. ("\\"):rep(50), function() return true end)
end
return s.policy { version = 1,
  rules = { s.rule "only" { effect = "allow", conditions = conditions } } }
]]))
    decision, _, json = evaluator.decide(policy)
    assert.equal("allow", decision.effect)
    assert.equal(65, #decision.conditions)
    assert.equal("(4936 more)", decision.conditions[65])
    assert.is_true(#json < FRAME_CAP)
    policy.state:close()
  end)

  it("cuts an error's text, inside no character, and shows nothing that is not printable",
    function()
    local decision = evaluator.decide_text("lua", [[
local s = require "sentinel"
return s.policy { version = 1, rules = { s.rule "only" { effect = "allow", conditions = {
  s.check("c", function() error("a\0b\27[2J\xff" .. ("\u{20ac}"):rep(1000), 0) end) } } } }
]])
    local got = decision.trace[1].got
    assert.is_true(#got <= 200)
    assert.is_truthy(utf8.len(got))
    assert.is_nil(got:find("[%z\1-\31\127]"))
    assert.equal("a?b?[2J?", got:sub(1, 8))
  end)
end)

describe("problems", function()
  it("and replies show no byte of a file's name that is not printable", function()
    local name = "a\27[2J\n\xff.lua"
    local _, problems = evaluator.load("lua", "return 5", { name = name })
    assert.equal("a?[2J ?.lua", problems[1].file)
    local policy = assert(evaluator.load("lua", [[
local s = require "sentinel"
return s.policy { version = 1, rules = { s.rule "only" { effect = "deny",
  conditions = { function() return true end } } } }
]], { name = name }))
    local _, _, json = evaluator.decide(policy)
    assert.is_nil(json:find("[%z\1-\31\127]"))
    assert.is_truthy(utf8.len(json))
    policy.state:close()
  end)

  it("are small and printable however long the policy's texts are", function()
    local parts = {}
    for i = 1, 40 do
      parts[i] = ('- {name: "%d%s", effect: "%s", conditions: {}}\n'):format(i,
        ("\u{20ac}"):rep(500), ("\\e\\\""):rep(900))
    end
    local text = "version: 1\nrules:\n" .. table.concat(parts)
    local vm = require "snt_vm"
    local state = vm.new(os.getenv("SNT_STDLIB_FOLDER"))
    local json = state:call("load", evaluator.LOAD_FUEL, "yaml", ("n"):rep(200), text)
    assert.is_true(#json < FRAME_CAP)
    assert.is_nil(json:find("[%z\1-\31\127]"))
    state:close()
  end)
end)

describe("the budget", function()
  it("of a decision that runs out says the rule and the condition reached", function()
    local policy = assert(evaluator.load("yaml", rules(300,
      "- {name: r%d, effect: allow, conditions: {users: [\"*%d\"]}}\n")))
    local decision, result = evaluator.decide(policy, {}, 5000)
    assert.equal("fuel", result)
    assert.equal("deny", decision.effect)
    assert.equal("budget_exceeded", decision.error)
    assert.is_truthy(decision.rule:find("^r%d+$"))
    assert.equal("users", decision.failed_condition)
    decision = evaluator.decide(policy, {}, 10)
    assert.equal("deny", decision.effect)
    assert.equal("budget_exceeded", decision.error)
    assert.equal("", decision.rule)
    policy.state:close()
  end)

  it("of one decision does not burden the next", function()
    local policy = assert(evaluator.load("yaml", evaluator.one_rule("{profiles: [dev]}")))
    assert.equal("budget_exceeded", evaluator.decide(policy, {}, 10).error)
    assert.equal("allow", evaluator.decide(policy).effect)
    policy.state:close()
  end)

  it("of loading refuses the policy", function()
    local text = rules(1000, "- {name: r%d, effect: allow, conditions: {profiles: [p%d]}}\n")
    local policy, problems, result = evaluator.load("yaml", text, { fuel = 50000 })
    assert.is_nil(policy)
    assert.equal("fuel", result)
    assert.equal("loading spends more fuel than a policy may", problems[1].message)
  end)
end)
