--- Lint against evaluation: random policies, random requests. A rule that is said to decide nothing
-- never does, and a pair that is not said to overlap is never matched together. The seed is fixed;
-- SENTINEL_LINT_POLICIES says how many policies.
local evaluator = require "spec.support.evaluator"

local POLICIES = tonumber(os.getenv("SENTINEL_LINT_POLICIES")) or 120
local REQUESTS = 60 -- for each policy

-- xorshift: the same numbers on every machine.
local seed = 2463534242154879
local function random(n)
  seed = seed ~ (seed << 13)
  seed = seed ~ (seed >> 7)
  seed = seed ~ (seed << 17)
  return (seed >> 1) % n + 1
end

local function pick(list)
  return list[random(#list)]
end

local PROFILES = { "dev", "prod", "prod-eu", "a/b" }
local PROFILE_PATTERNS = { "dev", "prod", "prod-eu", "prod-*", "*", "d?v", "*-eu", "p*", "a/*", "????" }
local USERS = { "alice", "bob", "carol", "role/Admin/x", "federated/fred", "root",
  "999999999999/root" }
local USER_PATTERNS = { "alice", "bob", "carol", "role/Admin/x", "role/*/x", "federated/*", "root",
  "999999999999/root", "*/root", "*", "a*", "?ob", "*o*" }
local ZONES = { "UTC", "UTC", "America/New_York", "Asia/Tokyo", "Pacific/Kiritimati", "Pacific/Niue" }
local DAYS = { "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday" }
local CLOCKS = { "00:00", "06:00", "09:00", "12:00", "17:00", "22:00" }
local ROLES = { "Dev", "Prod", "P*", "*", "arn:aws:iam::123456789012:role/*", "arn:aws:iam::*:role/Dev",
  "arn:aws:iam::*:role/team/*" }
local ARNS = { "arn:aws:iam::123456789012:role/Dev", "arn:aws:iam::123456789012:role/Prod",
  "arn:aws:iam::999999999999:role/Dev", "arn:aws:iam::999999999999:role/team/Prod" }
local ACCOUNTS = { "123456789012", "999999999999", "1*", "*" }
local BLOCKS = { "10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "192.168.0.0/16", "::/0" }

local function words_of(words, most)
  local out = {}
  for i = 1, random(most) do
    out[i] = ("%q"):format(pick(words))
  end
  return "{ " .. table.concat(out, ", ") .. " }"
end

local conditions

local function window()
  local parts = { ("timezone = %q"):format(pick(ZONES)) }
  local kind = random(3)
  if kind < 3 then
    parts[#parts + 1] = "days = " .. words_of(DAYS, 4)
  end
  if kind > 1 then
    local from = pick(CLOCKS)
    local to = pick(CLOCKS)
    parts[#parts + 1] = ("hours = { start = %q, ['end'] = %q }"):format(from, to == from and "24:00" or to)
  end
  return "time = { " .. table.concat(parts, ", ") .. " }"
end

local function nested(name, most)
  return function(depth)
    if depth > 2 then
      return "mode = { 'cli' }"
    end
    local branches = {}
    for i = 1, random(most) do
      branches[i] = conditions(depth + 1)
    end
    return ("s.%s { %s }"):format(name, table.concat(branches, ", "))
  end
end

local function negated(depth)
  return depth > 2 and "mode = { 'cli' }" or "s.not_ " .. conditions(depth + 1)
end

local KINDS = {
  function() return "profiles = " .. words_of(PROFILE_PATTERNS, 3) end,
  function() return "profiles = " .. words_of(PROFILE_PATTERNS, 2) end,
  function() return "users = " .. words_of(USER_PATTERNS, 3) end,
  function() return "users = " .. words_of(USER_PATTERNS, 3) end,
  function() return "groups = " .. words_of({ "ops", "eu", "all", "machines" }, 2) end,
  function() return "mode = " .. words_of({ "cli", "credential_process", "server" }, 2) end,
  window,
  window,
  function() return "roles = " .. words_of(ROLES, 2) end,
  function() return "accounts = " .. words_of(ACCOUNTS, 2) end,
  function() return "source_ip = " .. words_of(BLOCKS, 2) end,
  function() return ("mfa = { max_age = %q }"):format(pick { "5m", "1h" }) end,
  function() return "break_glass = { reason_codes = " .. words_of({ "fire", "f*", "flood" }, 2) .. " }" end,
  function() return ("device = { require_mdm = true, allowed_os_types = %s }"):format(
    words_of({ "darwin", "linux" }, 2)) end,
  function() return "device = { allowed_os_types = " .. words_of({ "darwin", "linux" }, 2) .. " }" end,
  function() return "FUNCTIONS[" .. random(3) .. "]" end,
  nested("any", 3), negated, nested("any", 2), negated, nested("all", 2),
}

function conditions(depth)
  local parts, has = {}, {}
  for _ = 1, random(depth == 1 and 3 or 2) do
    local text = pick(KINDS)(depth)
    local key = text:match("^([%w_]+) =")
    if not key or not has[key] then
      has[key or text] = true
      parts[#parts + 1] = text
    end
  end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

local EFFECTS = { "allow", "allow", "deny" }

-- The effects and conditions of a policy's rules; some come twice.
local function new_rules()
  local rules = {}
  for i = 1, 6 do
    local effect = pick(EFFECTS)
    local again = i > 1 and random(8) == 1 and rules[random(i - 1)]
    rules[i] = { effect = effect, conditions = again and again.conditions or conditions(1) }
  end
  return rules
end

local function write_policy(rules, only)
  local lines = {}
  for i, rule in ipairs(rules) do
    if not only or only == i then
      lines[#lines + 1] = ("s.rule 'r%d' { effect = %q, conditions = %s },"):format(i, rule.effect,
        rule.conditions)
    end
  end
  return ([[
local s = require "sentinel"
local FUNCTIONS = {
  function(request) return request.user.name == "alice" end,
  function(request) return request.mode ~= "cli" end,
  function(request) return request.source_ip:find("10", 1, true) ~= nil end,
}
return s.policy { version = "1",
  groups = { ops = { "alice", "bob" }, eu = { "carol", "role/Admin/x" }, all = { "*" },
    machines = { "role/*/x", "federated/fred" } },
  rules = { %s } }]]):format(table.concat(lines, "\n"))
end

local USER_KINDS = { role = "role", federated = "federated", root = "root" }

-- Whatever asks for credentials says who, which profile and role, how and when.
local function new_request()
  local user = pick(USERS)
  local request = {
    user = { name = user, kind = USER_KINDS[user:match("^%a+") or "root"] or "user", account = "123456789012" },
    profile = pick(PROFILES), role_arn = pick(ARNS), duration = 3600,
    mode = pick { "cli", "credential_process", "server" },
    time = ("2026-03-%02dT%02d:%02d:00Z"):format(random(21), random(24) - 1, pick { 0, 30, 59 }),
  }
  if random(2) == 1 then
    request.source_ip = pick { "10.1.1.1", "10.9.9.9", "192.168.1.1", "203.0.113.9", "2001:db8::1" }
  end
  if random(2) == 1 then
    request.mfa = { authenticated_at = pick { "2026-03-01T00:00:00Z", request.time } }
  end
  if random(2) == 1 then
    request.break_glass = { reason_code = pick { "fire", "flood" } }
  end
  if random(2) == 1 then
    request.device = { os_type = pick { "darwin", "linux" }, mdm_enrolled = random(2) == 1 }
  end
  return request
end

-- By a rule's name, the deny rules that its allow-before-deny names; and those that decide nothing.
local function read_answer(answer)
  local denied, useless = {}, {}
  for _, problem in ipairs(answer.problems) do
    if problem.check == "allow-before-deny" then
      local names = {}
      for name in problem.message:match("before the deny(.*)$"):gmatch('"(r%d+)"') do
        names[name] = true
      end
      denied[problem.rule] = { names = names, is_cut = problem.message:find("more where", 1, true) }
    elseif problem.check == "unreachable-rule" or problem.check == "dead-deny" then
      useless[problem.rule] = problem.message
    end
  end
  return denied, useless
end

local function decided_by(policy, json)
  local reply = evaluator.call(policy, "evaluate", json)
  return reply:match('"rule":"([^"]*)"'), reply:match('"error":"([^"]*)"')
end

describe("lint", function()
  it(("says nothing that a request contradicts, in %d policies"):format(POLICIES), function()
    local told, together = { useless = 0, pairs = 0 }, 0
    for _ = 1, POLICIES do
      local rules = new_rules()
      local source = write_policy(rules)
      local denied, useless = read_answer(evaluator.lint("lua", source, { targets = true }))
      local policy, single = assert(evaluator.load("lua", source)), {}
      for i = 1, #rules do
        single[i] = assert(evaluator.load("lua", write_policy(rules, i)))
      end
      for _ in pairs(useless) do
        told.useless = told.useless + 1
      end
      for _ in pairs(denied) do
        told.pairs = told.pairs + 1
      end
      for _ = 1, REQUESTS do
        local json = evaluator.encode(new_request())
        local rule = decided_by(policy, json)
        if useless[rule] then
          error(("%s decides %s\n%s\n%s"):format(rule, json, useless[rule], source))
        end
        local matched = {}
        for i = 1, #rules do
          local own, failed = decided_by(single[i], json)
          matched[i] = own ~= "" and not failed
        end
        for i = 1, #rules do
          for k = i + 1, #rules do
            if matched[i] and matched[k] and rules[i].effect == "allow" and rules[k].effect == "deny" then
              together = together + 1
              local known = denied["r" .. i]
              if not known or not (known.is_cut or known.names["r" .. k]) then
                error(("r%d and r%d both match %s\n%s"):format(i, k, json, source))
              end
            end
          end
        end
      end
      policy.state:close()
      for _, one in ipairs(single) do
        one.state:close()
      end
    end
    assert.is_true(told.useless > POLICIES // 4, "hardly any rule is said to decide nothing")
    assert.is_true(told.pairs > POLICIES // 2 and together > POLICIES, "hardly any rules overlap")
  end)
end)
