--- The index against looking at every rule: random policies, random requests, the same decision, rule,
-- error and trace; what the index leaves out of the trace has to be a rule that is for others. The
-- seed is fixed; SENTINEL_INDEX_PAIRS says how many pairs.
local cjson = require "cjson"
local evaluator = require "spec.support.evaluator"

local PAIRS = tonumber(os.getenv("SENTINEL_INDEX_PAIRS")) or 20000
local REQUESTS = 50 -- for each policy

-- xorshift: the same numbers on every machine.
local seed = 88172645463325252
local function random(n)
  seed = seed ~ (seed << 13)
  seed = seed ~ (seed >> 7)
  seed = seed ~ (seed << 17)
  return (seed >> 1) % n + 1
end

local function pick(list)
  return list[random(#list)]
end

local PROFILES = { "dev", "prod", "prod-eu", "prod-us", "ops" }
local PROFILE_PATTERNS = { "dev", "prod", "prod-eu", "ops", "prod-*", "*", "d?v", "prod-??", "none" }
local USERS = { "alice", "bob", "carol", "role/Admin/x", "federated/fred", "root",
  "999999999999/root" }
local USER_PATTERNS = { "alice", "bob", "carol", "role/Admin/x", "role/*/x", "federated/fred",
  "federated/*", "root", "999999999999/root", "*/root", "*", "a*", "?ob", "dave" }
local GROUPS = { "ops", "eu", "all", "machines" }
local EFFECTS = { "allow", "allow", "deny", "deny", "require_approval", "require_server" }

local function list_of(patterns, most)
  local words = {}
  for i = 1, random(most) do
    words[i] = ("%q"):format(pick(patterns))
  end
  return "{ " .. table.concat(words, ", ") .. " }"
end

local conditions

-- Conditions that are true, false, unknown or an error, and some that only nest.
local OTHERS = {
  function() return ("mode = { %q }"):format(pick { "cli", "credential_process", "server" }) end,
  function() return "mfa = { max_age = '15m' }" end,
  function() return "source_ip = { '10.0.0.0/8' }" end,
  function() return ("time = { days = { %q } }"):format(pick { "monday", "sunday" }) end,
  function() return "roles = { 'Admin' }" end,
  function() return ("s.check('c', function() return %s end)"):format(
    pick { "true", "false", "error('no')", "5" }) end,
  function(depth) return depth > 2 and "mode = { 'cli' }"
    or ("s.any { %s, %s }"):format(conditions(depth + 1), conditions(depth + 1)) end,
  function(depth) return depth > 2 and "mode = { 'cli' }"
    or ("s.not_ %s"):format(conditions(depth + 1)) end,
}

function conditions(depth)
  local parts = {}
  if random(4) > 1 then
    parts[#parts + 1] = "profiles = " .. list_of(PROFILE_PATTERNS, 3)
  end
  if random(3) > 1 then
    parts[#parts + 1] = "users = " .. list_of(USER_PATTERNS, 3)
  end
  if random(4) == 1 then
    parts[#parts + 1] = "groups = " .. list_of(GROUPS, 2)
  end
  local other = random(3) == 1 and pick(OTHERS)(depth)
  if other then
    parts[#parts + 1] = other
  elseif #parts == 0 then
    parts[1] = "mode = { 'cli', 'server', 'credential_process' }"
  end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

local BOUNDS = { "", "", "max_duration = '1h'", "require = { justification = { min_length = 3 } }" }

local function new_policy()
  local rules = {}
  for i = 1, random(random(3) == 1 and 60 or 12) + 2 do
    local effect = pick(EFFECTS)
    rules[i] = ("s.rule 'r%d' { effect = %q, conditions = %s, %s },"):format(i, effect,
      conditions(1), effect == "allow" and pick(BOUNDS) or "")
  end
  return ([[
local s = require "sentinel"
return s.policy { version = "1",
  groups = { ops = { "alice", "bob" }, eu = { "carol", "role/Admin/x" }, all = { "*" },
    machines = { "role/*/x", "federated/fred" } },
  rules = { %s } }]]):format(table.concat(rules, "\n"))
end

local KINDS = { role = "role", federated = "federated", root = "root" }

local function new_request()
  local user = pick(USERS)
  local request = {
    profile = random(20) > 1 and pick(PROFILES) or nil,
    mode = pick { "cli", "credential_process", "server" },
    time = pick { "2026-01-19T12:00:00Z", "2026-01-18T12:00:00Z" },
    duration = 3600,
  }
  if random(20) > 1 then
    request.user = { name = user, kind = KINDS[user:match("^%a+") or "root"] or "user" }
  end
  if random(3) == 1 then
    request.mfa = { authenticated_at = "2026-01-19T11:55:00Z" }
  end
  if random(3) == 1 then
    request.source_ip = pick { "10.1.1.1", "192.0.2.1" }
  end
  if random(2) == 1 then
    request.role_arn = "arn:aws:iam::123456789012:role/Admin"
  end
  return request
end

local FOR_OTHERS = { profiles = true, users = true, groups = true }

-- Where the trace of the index is not that of the scan without rules for others, or nil.
local function find_difference(scanned, indexed)
  local told, next_told = indexed.trace, 1
  for _, entry in ipairs(scanned.trace) do
    if told[next_told] and told[next_told].left_out then
      next_told = next_told + 1
    end
    local other = told[next_told]
    if other and other.rule == entry.rule then
      for key, value in pairs(entry) do
        if other[key] ~= value then
          return entry.rule .. "." .. key
        end
      end
      next_told = next_told + 1
    elseif entry.matched or not FOR_OTHERS[entry.failed] then
      return entry.rule .. " is left out"
    end
  end
  if told[next_told] and told[next_told].left_out then
    next_told = next_told + 1
  end
  return told[next_told] and told[next_told].rule .. " is too many"
end

local function without_trace(json)
  return (json:gsub('"trace":.*"conditions"', ""))
end

-- The line of decide_briefly, made from a whole reply.
local function outline(json)
  local decision = cjson.decode(json)
  local function or_none(value)
    return (value == cjson.null or value == "") and "-" or value
  end
  return ("%s %d %d %d %s %s"):format(decision.effect, decision.rule_index,
    decision.emergency and 1 or 0,
    decision.max_duration == cjson.null and 0 or decision.max_duration, or_none(decision.error),
    or_none(decision.rule))
end

describe("the index", function()
  it(("agrees with looking at every rule in %d pairs"):format(PAIRS), function()
    local skipped, decided = 0, 0
    for i = 1, PAIRS // REQUESTS do
      local source = new_policy()
      local policy, problems = evaluator.load("lua", source)
      assert(policy, problems and problems[1].message .. "\n" .. source)
      for _ = 1, REQUESTS do
        local json = evaluator.encode(new_request())
        local scanned = evaluator.call(policy, "evaluate", json)
        local indexed = evaluator.call(policy, "decide", json)
        skipped = skipped + (tonumber(indexed:match('"left_out":(%d+)')) or 0)
        local where = find_difference(cjson.decode(scanned), cjson.decode(indexed))
        if where or without_trace(scanned) ~= without_trace(indexed) then
          error(("policy %d differs in %s\n%s\n%s\n%s\n%s"):format(i, where or "the decision",
            source, json, scanned, indexed))
        end
        assert.are.equal(outline(scanned), (evaluator.call(policy, "decide_briefly", json)))
        decided = decided + (scanned:find('"rule":"",', 1, true) and 0 or 1)
      end
      policy.state:close()
    end
    assert.is_true(skipped > PAIRS // 2, "the index left hardly anything out")
    assert.is_true(decided > PAIRS // 4 and decided < PAIRS, "the requests are too much alike")
  end)

  it("finds the rules for more profiles than it keeps apart", function()
    local rules = {}
    for i = 1, 300 do
      rules[i] = ("  - {name: r%d, effect: allow, conditions: {profiles: [p%d, 'q%d-*'], users: [u%d, alice]}}")
        :format(i, i, i, i)
    end
    local policy = evaluator.load("yaml", "version: 1\nrules:\n" .. table.concat(rules, "\n") .. "\n")
    for round = 1, 2 do
      for i = 1, 300 do
        for _, profile in ipairs { "p" .. i, "q" .. i .. "-eu" } do
          local json = evaluator.encode { profile = profile, user = { name = "alice", kind = "user" } }
          assert.are.equal(("allow %d 0 0 - r%d"):format(i - 1, i), (evaluator.call(policy, "decide_briefly", json)),
            profile .. round)
        end
      end
    end
    policy.state:close()
  end)
end)
