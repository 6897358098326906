-- YAML and Lua build the same rules: equal policies give equal replies, byte for byte.
local evaluator = require "spec.support.evaluator"

local YAML = [[
version: "1"
description: Production
groups: {security-team: [alice, bob], payments: ["*@payments.example.com"]}
rules:
  - name: no-interns
    effect: deny
    conditions:
      users: ["intern-*"]
      any:
        - {profiles: [prod, "prod-*"]}
        - {roles: [Prod, "arn:aws:iam::*:role/Admin"]}
    reason: Interns stay out of production
  - name: prod-oncall
    effect: allow
    conditions:
      profiles: [prod, "prod-*"]
      groups: [payments]
      mode: [credential_process, cli, server]
      time:
        days: [monday, tuesday, wednesday, thursday, friday]
        hours: {start: "09:00", end: "17:00"}
        timezone: America/New_York
      any: [{source_ip: [10.0.0.0/8]}, {mfa: {max_age: 15m}}]
      not: {accounts: ["210987654321"]}
    reason: On-call engineers in working hours
    max_duration: 1h
    require: {justification: {min_length: 20, pattern: "^INC%-%d+"}}
  - name: prod-server
    effect: require_server_session
    conditions:
      all: [{profiles: [prod]}, {not: {groups: [security-team], mode: [cli]}}]
    max_server_duration: 30m
    max_duration: 2h
  - name: security
    effect: require_approval
    conditions: {groups: [security-team], caller_accounts: ["123456789012"]}
    emergency: true
  - name: tokyo
    effect: allow
    conditions: {time: {hours: {start: "22:00", end: "06:00"}, timezone: Asia/Tokyo},
      caller_roles: ["*"]}
]]

local LUA = [[
-- sentinel: lua
local s = require "sentinel"

return s.policy {
  version = "1",
  description = "Production",
  groups = { ["security-team"] = { "alice", "bob" }, payments = { "*@payments.example.com" } },
  rules = {
    s.rule "no-interns" {
      effect = "deny",
      conditions = {
        users = { "intern-*" },
        s.any {
          { profiles = { "prod", "prod-*" } },
          { roles = { "Prod", "arn:aws:iam::*:role/Admin" } },
        },
      },
      reason = "Interns stay out of production",
    },
    s.rule "prod-oncall" {
      effect = "allow",
      conditions = {
        profiles = { "prod", "prod-*" },
        groups = { "payments" },
        mode = { "credential_process", "cli", "server" },
        time = s.business_hours "America/New_York",
        s.not_ { accounts = { "210987654321" } },
        s.any { { source_ip = { "10.0.0.0/8" } }, { mfa = { max_age = "15m" } } },
      },
      reason = "On-call engineers in working hours",
      max_duration = "1h",
      require = { justification = { min_length = 20, pattern = "^INC%-%d+" } },
    },
    s.rule "prod-server" {
      effect = "require_server_session",
      conditions = {
        s.all { { profiles = { "prod" } },
          s.not_ { groups = { "security-team" }, mode = { "cli" } } },
      },
      max_server_duration = "30m",
      max_duration = "2h",
    },
    s.rule "security" {
      effect = "require_approval",
      conditions = { groups = { "security-team" }, caller_accounts = { "123456789012" } },
      emergency = true,
    },
    s.rule "tokyo" {
      effect = "allow",
      conditions = {
        time = { hours = { start = "22:00", ["end"] = "06:00" }, timezone = "Asia/Tokyo" },
        caller_roles = { "*" },
      },
    },
  },
}
]]

local VALUES = {
  user = {
    "alice", "mallory", "intern-joe", "carol@payments.example.com",
    { name = "role/Ops/ci", kind = "role", account = "123456789012", role = "Ops" },
  },
  profile = { "dev", "prod", "prod-eu" },
  role_arn = { "arn:aws:iam::210987654321:role/Dev", "arn:aws:iam::111111111111:role/Prod", false },
  mode = { "credential_process", "cli", "server" },
  time = { "2026-01-19T15:00:00Z", "2026-01-18T15:00:00Z", "2026-01-19T22:30:00Z" },
  source_ip = { false, "10.1.1.1", "192.0.2.1" },
  justification = { false, "INC-123 database is down" },
  session_table = { false, "sessions" },
}
local KEYS = { "user", "profile", "role_arn", "mode", "time", "source_ip", "justification",
  "session_table" }

-- The n-th combination of the values, in a fixed but well mixed order.
local function combination(n)
  local request = {}
  for _, key in ipairs(KEYS) do
    local values = VALUES[key]
    request[key] = values[n % #values + 1]
    n = n // #values
  end
  return request
end

local function count_combinations()
  local count = 1
  for _, key in ipairs(KEYS) do
    count = count * #VALUES[key]
  end
  return count
end

describe("the two front ends", function()
  it("give the same reply to every request", function()
    local yaml = assert(evaluator.load("yaml", YAML, { name = "prod" }))
    local lua = assert(evaluator.load("lua", LUA, { name = "prod" }))
    assert.same({ "America/New_York", "Asia/Tokyo" }, yaml.zones)
    local seen, total = {}, count_combinations()
    for n = 0, total - 1 do
      local request = combination(n)
      local decision, _, first = evaluator.decide(yaml, request)
      local _, _, second = evaluator.decide(lua, request)
      if first ~= second then
        assert.equal(first, second)
      end
      local kind = decision.rule .. "/" .. decision.effect .. "/" .. tostring(decision.error)
      seen[kind] = (seen[kind] or 0) + 1
    end
    for _, kind in ipairs({ "/deny/nil", "no-interns/deny/nil", "prod-oncall/allow/nil",
      "tokyo/allow/nil",
      "prod-oncall/deny/requirement_unmet", "prod-server/deny/nil", "prod-server/allow/nil",
      "security/require_approval/nil" }) do
      assert.is_true((seen[kind] or 0) > 0, kind .. " was never seen in " .. total)
    end
    yaml.state:close()
    lua.state:close()
  end)

  -- {rule in YAML, rule in Lua}: the same words about the same mistake.
  local mistakes = {
    { "{name: a, effect: alow, conditions: {}}",
      "s.rule 'a' { effect = 'alow', conditions = {} }" },
    { "{name: a, conditions: {}}", "s.rule 'a' { conditions = {} }" },
    { "{name: a b, effect: allow, conditions: {}}",
      "s.rule 'a b' { effect = 'allow', conditions = {} }" },
    { "{name: a, effect: allow, conditions: {oncall: {a: b}}}",
      "s.rule 'a' { effect = 'allow', conditions = { oncall = { a = 'b' } } }" },
    { "{name: a, effect: allow, conditions: {users: []}}",
      "s.rule 'a' { effect = 'allow', conditions = { users = {} } }" },
    { "{name: a, effect: allow, conditions: {any: [{}]}}",
      "s.rule 'a' { effect = 'allow', conditions = { any = { {} } } }" },
    { "{name: a, effect: allow, conditions: {time: {timezone: UTC}}}",
      "s.rule 'a' { effect = 'allow', conditions = { time = { timezone = 'UTC' } } }" },
    { "{name: a, effect: allow, conditions: {groups: [x]}}",
      "s.rule 'a' { effect = 'allow', conditions = { groups = { 'x' } } }" },
    { "{name: a, effect: allow, conditions: {accounts: [123456789012]}}",
      "s.rule 'a' { effect = 'allow', conditions = { accounts = { 123456789012 } } }" },
    { "{name: a, effect: allow, conditions: {}, lease: 5}",
      "s.rule 'a' { effect = 'allow', conditions = {}, lease = 5 }" },
    { "{name: a, effect: allow, conditions: {}, until: window}",
      "s.rule 'a' { effect = 'allow', conditions = {}, ['until'] = 'window' }" },
    { "{name: a, effect: allow, conditions: {}, require: {mfa: {max_age: x}}}",
      "s.rule 'a' { effect = 'allow', conditions = {}, require = { mfa = { max_age = 'x' } } }" },
    { "{name: a, effect: allow, conditions: {}, emergency: \"true\"}",
      "s.rule 'a' { effect = 'allow', conditions = {}, emergency = 'true' }" },
    { "5", "5" },
  }
  for i, row in ipairs(mistakes) do
    it("say the same about a mistake (row " .. i .. ")", function()
      local yaml, yaml_hints = evaluator.problems("yaml", "version: 1\nrules:\n  - " .. row[1]
        .. "\n")
      local lua, lua_hints = evaluator.problems("lua",
        "local s = require 'sentinel'\nreturn s.policy { version = 1, rules = { " .. row[2]
          .. " } }")
      assert.equal((yaml[1]:gsub("^%d+:%d+: ", "")), (lua[1]:gsub("^%d+:%d+: ", "")))
      assert.same(yaml_hints, lua_hints)
    end)
  end
end)

describe("Lua that is read as YAML", function()
  local CODE = 'local s = require "sentinel"\nreturn s.policy { version = "1", rules = {} }\n'

  local function told(name, text)
    local policy, problems = evaluator.load("yaml", text, { name = name })
    assert.is_nil(policy)
    return ("%d:%d: %s"):format(problems[1].line, problems[1].column, problems[1].message), problems[1].hint,
      #problems
  end

  it("is told as what it is, with the line that a parameter has to begin with", function()
    for _, text in ipairs { CODE, "\n-- sentinel: lua\n" .. CODE, "-- sentinel: lua \n" .. CODE, "--[[ x ]]\n" .. CODE,
      'return require("sentinel").policy {}\n', "return{}\n" } do
      local message, hint, count = told("ssm:/sentinel/policies/dev", text)
      assert.equal("1:1: this looks like Lua, and is read as YAML", message, text)
      assert.equal('the first line of a policy in Lua has to be "-- sentinel: lua", and nothing more', hint)
      assert.equal(1, count)
    end
    assert.equal("the name of a policy's file in Lua has to end in .lua", (select(2, told("dev.yaml", CODE))))
  end)

  it("is not seen in what is YAML", function()
    for _, text in ipairs { "---\nversion: 2\n", "return: x\n", "locals: x\n", "- a\n", "version: [\n", "" } do
      assert.is_nil(told("ssm:/sentinel/policies/dev", text):find("Lua", 1, true), text)
    end
  end)
end)
