-- The policies in policies/, in YAML and in Lua: who gets what, when, and who does not.
local both = require "spec.support.both"

local MONDAY = "2026-01-19T10:00:00-05:00"
local DEV = "arn:aws:iam::210987654321:role/Dev"
local PROD = "arn:aws:iam::210987654321:role/Prod"
local READ_ONLY = "arn:aws:iam::210987654321:role/ProdReadOnly"
local WHY = "INC-42 the queue is stuck"

-- {request, effect, rule, failed or error}
local POLICIES = {
  ["policy-admin"] = {
    { { user = "alice", profile = "policy-admin", time = MONDAY }, "allow",
      "policy-administration" },
    { { user = "bob", profile = "policy-admin", time = "2026-01-23T16:59:59-05:00" }, "allow",
      "policy-administration" },
    { { user = "bob", profile = "policy-admin", time = "2026-07-22T09:00:00-04:00" }, "allow",
      "policy-administration" },
    { { user = "mallory", profile = "policy-admin", time = MONDAY }, "deny", "", "groups" },
    { { user = { name = "role/x/alice", kind = "role" }, profile = "policy-admin", time = MONDAY },
      "deny", "",
      "groups" },
    { { user = { name = "federated/alice", kind = "federated" }, profile = "policy-admin",
      time = MONDAY }, "deny", "",
      "groups" },
    { { user = "Alice", profile = "policy-admin", time = MONDAY }, "deny", "", "groups" },
    { { user = "alice", profile = "policy-admin2", time = MONDAY }, "deny", "", "profiles" },
    { { user = "alice", profile = "prod", time = MONDAY }, "deny", "", "profiles" },
    { { user = "alice", profile = "policy-admin", time = "2026-01-19T08:59:59-05:00" }, "deny", "",
      "time.hours" },
    { { user = "alice", profile = "policy-admin", time = "2026-01-19T17:00:00-05:00" }, "deny", "",
      "time.hours" },
    { { user = "alice", profile = "policy-admin", time = "2026-01-17T10:00:00-05:00" }, "deny", "",
      "time.days" },
    { { user = "alice", profile = "policy-admin", time = "2026-01-18T10:00:00-05:00" }, "deny", "",
      "time.days" },
    { { user = "alice", profile = "policy-admin", time = "2026-07-20T13:30:00Z" }, "allow",
      "policy-administration" },
    { { user = "alice", profile = "policy-admin", time = "2026-01-19T13:30:00Z" }, "deny", "",
      "time.hours" },
    { { user = "alice", profile = "policy-admin", time = false }, "deny", "", "time" },
  },
  ["emergency-admin"] = {
    { { user = "alice", profile = "emergency-admin" }, "allow", "emergency-access" },
    { { user = "anyone", profile = "emergency-admin", time = "2026-01-18T03:00:00Z" }, "allow",
      "emergency-access" },
    { { user = { name = "role/x/y", kind = "role" }, profile = "emergency-admin", mode = "server" },
      "allow",
      "emergency-access" },
    { { user = "alice", profile = "emergency-admin", time = false, role_arn = false }, "allow",
      "emergency-access" },
    { { user = "alice", profile = "emergency" }, "deny", "", "profiles" },
    { { user = "alice", profile = "emergency-admin-2" }, "deny", "", "profiles" },
  },
  ["dev-prod"] = {
    { { user = "carol", profile = "dev", role_arn = DEV }, "allow", "dev" },
    { { user = "carol", profile = "dev-eu", role_arn = DEV }, "allow", "dev" },
    { { user = "mallory", profile = "dev", role_arn = DEV }, "deny", "", "groups" },
    { { user = "alice", profile = "dev", role_arn = PROD }, "deny", "dev-is-not-prod" },
    { { user = "alice", profile = "dev", role_arn = false }, "deny", "dev-is-not-prod",
      "fact_unknown" },
    { { user = "carol", profile = "prod-read-only", role_arn = READ_ONLY }, "allow",
      "prod-read-only" },
    { { user = "carol", profile = "prod-read-only", role_arn = PROD }, "deny", "", "roles" },
    { { user = "carol", profile = "prod", role_arn = PROD, time = "2026-01-19T09:00:00+01:00",
      justification = WHY },
      "allow", "prod" },
    { { user = "carol", profile = "prod", role_arn = PROD, time = "2026-01-19T17:00:00+01:00",
      justification = WHY },
      "deny", "", "any[1].time.hours" },
    { { user = "alice", profile = "prod", role_arn = PROD, time = "2026-01-18T03:00:00Z",
      justification = WHY },
      "allow", "prod" },
    { { user = "alice", profile = "prod", role_arn = PROD }, "deny", "prod", "requirement_unmet" },
    { { user = "alice", profile = "prod", role_arn = PROD, justification = "now" }, "deny", "prod",
      "requirement_unmet" },
    { { user = "alice", profile = "prod", role_arn = DEV, justification = WHY }, "deny", "",
      "roles" },
    { { user = "mallory", profile = "prod", role_arn = PROD, justification = WHY }, "deny", "",
      "any[1].groups" },
  },
}

local function names_of(policies)
  local names = {}
  for name in pairs(policies) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

-- What failed in the rule that came nearest: the last one whose profile was right.
local function failed_of(decision)
  local failed = "profiles"
  for _, entry in ipairs(decision.trace) do
    failed = entry.failed and entry.failed ~= "profiles" and entry.failed or failed
  end
  return failed
end

for _, name in ipairs(names_of(POLICIES)) do
  describe("the policy " .. name, function()
    local policy
    setup(function()
      policy = both.load(name)
    end)
    teardown(function()
      both.close(policy)
    end)
    for i, row in ipairs(POLICIES[name]) do
      local request, effect, rule, failed = table.unpack(row, 1, 4)
      it(("answers %s, %s (row %d)"):format(effect, failed or rule, i), function()
        local decision = both.decide(policy, request)
        assert.equal(effect, decision.effect)
        assert.equal(rule, decision.rule)
        if failed then
          assert.equal(failed, decision.error or failed_of(decision))
        end
      end)
    end
  end)
end

describe("the policy emergency-admin", function()
  it("is marked as emergency and has no other condition", function()
    local policy = both.load("emergency-admin")
    local decision = both.decide(policy, { profile = "emergency-admin" })
    assert.is_true(decision.emergency)
    assert.same({ "profiles" }, decision.conditions)
    both.close(policy)
  end)
end)
