-- Who can get in, against evaluation: random policies, random requests, the same on every machine.
-- Every request that a policy allows has to be covered by a way in of the rule that allows it: the
-- way's own request, made by this user, is allowed too. Two policies that are said to decide alike
-- have to, and where two decide differently, a change of access has to tell of it. Runs in the VM,
-- for bench_who_can.c and for the spec; the texts in `...` are the numbers of policies and of
-- requests for each.
local POLICIES, REQUESTS, SEED = tonumber((...)), tonumber((select(2, ...))),
  tonumber((select(3, ...)))

local access, difference = require "sentinel.access", require "sentinel.difference"
local engine, errors = require "sentinel.engine", require "sentinel.errors"
local front, reader = require "sentinel.lua_front", require "sentinel.reader"
local outline = require "sentinel.outline"
local space_values, ways = require "sentinel.space_values", require "sentinel.ways"

local START <const> = 1768834800 -- 2026-01-19T15:00:00Z
local YEAR_S <const> = 365 * 24 * 3600
local CHOICES <const> = 200000

-- Making things up -------------------------------------------------------------------------------

local seed = SEED or 2463534242154879
local function random(n) -- xorshift
  seed = seed ~ (seed << 13)
  seed = seed ~ (seed >> 7)
  seed = seed ~ (seed << 17)
  return (seed >> 1) % n + 1
end

local function pick(list)
  return list[random(#list)]
end

local PROFILES = { "dev", "prod", "prod-eu" }
local PROFILE_PATTERNS = { "dev", "prod", "prod-eu", "prod*", "*", "d?v", "*-eu" }
local USERS = { "alice", "bob", "carol", "x@corp", "role/Admin/x", "role/CI/x", "federated/fred",
  "root", "999999999999/root", "999999999999/bob", "AWSReservedSSO_Ops_0123456789abcdef" }
local USER_PATTERNS = { "alice", "bob", "carol", "role/Admin/x", "role/*/x", "role/C?/*",
  "federated/*", "root", "999999999999/root", "*", "a*", "?ob", "*o*", "*@corp",
  "9*/bob", "9*/?o*" }
local ZONES = { "UTC", "America/New_York", "Pacific/Kiritimati", "Australia/Lord_Howe" }
local DAYS = { "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday" }
local CLOCKS = { "00:00", "02:15", "09:00", "12:00", "17:00", "22:00" }
local ROLES = { "Dev", "Prod", "P*", "*", "arn:aws:iam::123456789012:role/*",
  "arn:aws:iam::*:role/Dev", "arn:aws:iam::*:role/team/*" }
local ARNS = { "arn:aws:iam::123456789012:role/Dev", "arn:aws:iam::123456789012:role/Prod",
  "arn:aws:iam::999999999999:role/Dev", "arn:aws:iam::999999999999:role/team/Prod" }
local ACCOUNTS = { "123456789012", "999999999999", "1*", "*9??" }
local CALLER_ROLES = { "Admin", "A*", "CI", "AWSReservedSSO_Ops_*" }
local BLOCKS = { "10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "192.168.0.0/16", "2001:db8::/32" }
local ADDRESSES = { "10.1.1.1", "10.9.9.9", "192.168.1.1", "203.0.113.9", "2001:db8::1", "fe80::1" }

local function words_of(words, most)
  local out = {}
  for i = 1, random(most) do
    out[i] = ("%q"):format(pick(words))
  end
  return "{ " .. table.concat(out, ", ") .. " }"
end

local conditions

local function window()
  local parts, kind = { ("timezone = %q"):format(pick(ZONES)) }, random(3)
  if kind < 3 then
    parts[#parts + 1] = "days = " .. words_of(DAYS, 4)
  end
  if kind > 1 then
    local from, to = pick(CLOCKS), pick(CLOCKS)
    parts[#parts + 1] = ("hours = { start = %q, ['end'] = %q }"):format(from,
      to == from and "24:00" or to)
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
  return depth > 2 and "mode = { 'server' }" or "s.not_ " .. conditions(depth + 1)
end

local function list_of(name, words, most)
  return function()
    return ("%s = %s"):format(name, words_of(words, most))
  end
end

local function approval()
  local approvers = random(2) == 1 and words_of({ "bob", "sec-*", "b*" }, 2)
  return ("approval = { %smin_approvals = %d }"):format(
    approvers and "approvers = " .. approvers .. ", " or "", random(2))
end

local function device()
  return ("device = { %s }"):format(pick { "require_mdm = true", "min_os_version = '14.2'",
    "require_mdm = true, allowed_os_types = { 'darwin', 'linux' }",
    "allowed_os_types = { 'windows' }, min_os_version = '9'" })
end

local KINDS = {
  list_of("profiles", PROFILE_PATTERNS, 3), list_of("profiles", PROFILE_PATTERNS, 2),
  list_of("users", USER_PATTERNS, 3), list_of("users", USER_PATTERNS, 3),
  list_of("groups", { "ops", "eu", "all", "machines" }, 2),
  list_of("mode", { "cli", "credential_process", "server" }, 2), window, window,
  list_of("roles", ROLES, 2), list_of("accounts", ACCOUNTS, 2),
  list_of("caller_roles", CALLER_ROLES, 2), list_of("caller_accounts", ACCOUNTS, 2),
  list_of("source_ip", BLOCKS, 2), approval, device,
  function() return ("mfa = { max_age = %q }"):format(pick { "5m", "1h" }) end,
  function()
    return "break_glass = { reason_codes = " .. words_of({ "fire", "f*", "flood" }, 2) .. " }"
  end,
  function() return "FUNCTIONS[" .. random(3) .. "]" end,
  nested("any", 3), negated, nested("any", 2), negated, nested("all", 2),
}

function conditions(depth)
  local parts, has = {}, {}
  for _ = 1, random(depth == 1 and 3 or 2) do
    local text = pick(KINDS)(depth)
    local key = text:match("^([%w_]+) =") or text
    if not has[key] then
      has[key] = true
      parts[#parts + 1] = text
    end
  end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

local EFFECTS = { "allow", "allow", "allow", "deny", "deny", "require_approval", "require_server",
  "require_server_session" }
local REQUIRE = { "", "", "", ", require = { mfa = { max_age = '10m' } }",
  ", require = { justification = { min_length = 6, pattern = '^T%d+' } }" }

local function new_rules()
  local rules = {}
  for i = 1, random(6) do
    local effect = pick(EFFECTS)
    rules[i] = ("effect = %q, conditions = %s%s"):format(effect, conditions(1),
      effect == "deny" and "" or pick(REQUIRE))
  end
  return rules
end

local function load_policy(rules)
  local lines = {}
  for i, rule in ipairs(rules) do
    lines[i] = ("s.rule 'r%d' { %s },"):format(i, rule)
  end
  local source = ([[
local s = require "sentinel"
local FUNCTIONS = {
  s.check("early", function(request) return request.time < "2026-06-01" end),
  function(request) return request.mode ~= "cli" end,
  function(request) return request.user.name:find("o", 1, true) ~= nil end,
}
return s.policy { version = "1",
  groups = { ops = { "alice", "bob" }, eu = { "carol", "role/Admin/x" }, all = { "*" },
    machines = { "role/*/x", "federated/fred" } },
  rules = { %s } }]]):format(table.concat(lines, "\n"))
  local problems = errors.new("p.lua")
  local node, place = front.read(source, "p.lua", problems)
  local policy = node and reader.read(node, place, problems, {})
  if not problems:is_empty() then
    error(problems.list[1].message .. "\n" .. source)
  end
  return engine.compile(policy), source
end

-- Requests ---------------------------------------------------------------------------------------

local function new_user()
  local name = pick(USERS)
  local user = { name = name, kind = "user", account = pick { "123456789012", "999999999999" } }
  if name:find("^AWS") then
    user.name, user.kind, user.role = pick { "carol", "dave" }, "sso", name
  elseif name:find("^role/") then
    user.kind, user.role = "role", name:match("^role/([^/]+)")
  elseif name:find("^federated/") then
    user.kind = "federated"
  elseif name == "root" then
    user.kind = "root"
  elseif name == "999999999999/root" then
    user.kind, user.account = "root", "999999999999"
  elseif name:find("/", 1, true) then
    user.account = name:match("^%d+")
  end
  return user
end

local function new_device()
  return { os_type = pick { "darwin", "linux", "windows" }, mdm_enrolled = random(2) == 1,
    os_version = pick { "14.10.1", "14.1", "9" } }
end

local function maybe(make)
  return random(2) == 1 and make() or nil
end

-- Whatever asks for credentials says who, which profile and role, how and when.
local function new_request(profile, epoch)
  epoch = epoch or START + random(YEAR_S)
  local format = space_values.format_time
  return {
    user = new_user(), profile = profile, role_arn = pick(ARNS), duration = 3600,
    mode = pick { "cli", "credential_process", "server" }, time = format(epoch),
    source_ip = maybe(function() return pick(ADDRESSES) end),
    mfa = maybe(function()
      return { authenticated_at = format(epoch - pick { 30, 400, 7000 }) }
    end),
    break_glass = maybe(function() return { reason_code = pick { "fire", "flood", "none" } } end),
    approval = maybe(function()
      return { approvers = pick { { "bob" }, { "sec-a", "zoe" }, { "zoe" }, { "bob", "sec-a" } },
        approved_at = format(epoch - 60), expires_at = format(epoch + pick { -30, 3600 }) }
    end),
    device = maybe(new_device),
    session_table = maybe(function() return "t" end),
    justification = maybe(function() return pick { "T1 because", "T1", "because" } end),
  }
end

-- Checking ---------------------------------------------------------------------------------------

local totals = { policies = 0, requests = 0, allowed = 0, ways = 0, inexact = 0, covered = 0,
  pairs = 0, alike = 0, compared = 0, changes = 0, differing = 0, unsure = 0,
  contradictions = 0 }

local function contradict(what, source, request)
  totals.contradictions = totals.contradictions + 1
  if totals.contradictions == 1 then
    totals.first = ("%s\n%s\n%s"):format(what, source, host.json_encode(request))
  end
end

-- Whether one of the ways of the rule is open to the user.
local function is_covered(own, policy, found, rule, user)
  for _, way in ipairs(found) do
    if way.rule == rule then
      local request, assumed = {}, {}
      for field, value in pairs(way.request) do
        request[field] = value
      end
      for _, condition in ipairs(way.assumed) do
        assumed[condition.key] = condition.holds
      end
      request.user = user
      local reply = own:decide(policy, request, assumed)
      if reply.effect == "allow" and reply.rule == rule then
        return true
      end
    end
  end
  return false
end

local function check_ways(policy, source)
  local profile, is_ever = pick(PROFILES), random(3) > 1
  local moment = not is_ever and START + random(YEAR_S) or nil
  local found, is_exact, own = ways.find(policy,
    { time = moment or START, profile = profile, is_ever = is_ever }, { left = CHOICES })
  totals.ways = totals.ways + #found
  totals.inexact = totals.inexact + (is_exact and 0 or 1)
  for _ = 1, REQUESTS do
    local request = new_request(profile, moment)
    local reply = engine.decide(policy, engine.new_run(request))
    totals.requests = totals.requests + 1
    if reply.effect == "allow" then
      totals.allowed = totals.allowed + 1
      if is_covered(own, policy, found, reply.rule, request.user) then
        totals.covered = totals.covered + 1
      elseif is_exact then
        contradict("not covered: " .. reply.rule .. " " .. profile, source, request)
      end
    end
  end
end

-- The same rules, but for one that is another one, of another effect, or not there.
local function alter(rules)
  local changed, i, how = table.move(rules, 1, #rules, 1, {}), random(#rules), random(4)
  if how == 1 and #rules > 1 then
    table.remove(changed, i)
  elseif how == 2 then
    changed[i] = new_rules()[1]
  elseif how == 3 then
    changed[i], changed[1] = changed[1], changed[i]
  else
    local effect = pick(EFFECTS)
    changed[i] = changed[i]:gsub("^effect = \"[%w_]+\"", ("effect = %q"):format(effect))
    changed[i] = effect == "deny" and changed[i]:gsub(", require = .*$", "") or changed[i]
  end
  return changed
end

-- Whether no condition of the two policies tells one user from the other.
local function are_one_class(own, one, two)
  for _, leaf in ipairs(own:attribute("user").leaves) do
    local a, b = { user = one }, { user = two }
    if leaf.evaluate(a, engine.new_run(a), {}) ~= leaf.evaluate(b, engine.new_run(b), {}) then
      return false
    end
  end
  return true
end

-- Whether the change tells of what the user can do now, or cannot do any more.
local function tells_of(change, own, user, is_opening, rule)
  local allowing, refusing = is_opening and 2 or 1, is_opening and 1 or 2
  local verdict = is_opening and change.after or change.before
  if verdict.rule ~= rule or verdict.effect ~= "allow"
    or not are_one_class(own, change.request.user, user) then
    return false
  end
  local request, assumed = {}, {}
  for field, value in pairs(change.request) do
    request[field] = value
  end
  for _, condition in ipairs(change.assumed) do
    assumed[condition.key] = condition.holds
  end
  request.user = user
  local granted = own:decide(own.parts[allowing].policy, request, assumed)
  local refused = own:decide(own.parts[refusing].policy, request, assumed)
  return granted.effect == "allow" and granted.rule == rule and refused.effect ~= "allow"
end

local OPENING = { gains = true, more = true }
local CLOSING = { loses = true, fewer = true }

-- What one request comes to by both policies, against the changes that were told.
local function check_request(policies, found, own, asked, told)
  local one = engine.decide(policies[1], engine.new_run(asked))
  local two = engine.decide(policies[2], engine.new_run(asked))
  local is_opening = two.effect == "allow"
  if (one.effect == "allow") == is_opening then
    return
  end
  totals.differing = totals.differing + 1
  for _, change in ipairs(found) do
    if (is_opening and OPENING or CLOSING)[change.kind]
      and tells_of(change, own, asked.user, is_opening, is_opening and two.rule or one.rule) then
      return
    end
  end
  contradict("no change tells of it", told, asked)
end

-- Who is said to gain had nothing before, and who loses has nothing now.
local function check_whole(policies, found, own, asked, told)
  for _, change in ipairs(found) do
    local side = change.kind == "gains" and 1 or change.kind == "loses" and 2
    if side and tells_of(change, own, asked.user, side == 1,
      (side == 1 and change.after or change.before).rule) then
      local reply = engine.decide(policies[side], engine.new_run(asked))
      if reply.effect == "allow" then
        contradict(change.kind .. " what there is on the other side too", told, asked)
      end
    end
  end
end

local function check_access(before, after, told)
  local known, profile, moment = {}, pick(PROFILES), random(3) == 1 and START + random(YEAR_S)
  local sides = { outline.read(outline.write(before), known, {}),
    outline.read(outline.write(after), known, {}) }
  local found, is_exact, own = access.changes(sides, difference.keys(sides[1], sides[2]), profile,
    { time = moment or START, is_ever = not moment },
    { left = CHOICES, may_go_on = function() return true end })
  totals.changes = totals.changes + #found
  totals.unsure = totals.unsure + (is_exact and 0 or 1)
  for _ = 1, is_exact and REQUESTS or 0 do
    local asked = new_request(profile, moment or nil)
    check_request({ before, after }, found, own, asked, told)
    check_whole({ before, after }, found, own, asked, told)
  end
end

local function check_difference(before, changed, source)
  local after, other = load_policy(changed)
  check_access(before, after, source .. "\n" .. other)
  local request, is_exact = difference.find(before, after, { time = START, is_ever = true },
    { left = CHOICES })
  totals.pairs = totals.pairs + 1
  if request or not is_exact then
    return
  end
  totals.alike = totals.alike + 1
  for _ = 1, REQUESTS do
    local asked = new_request(pick(PROFILES))
    totals.compared = totals.compared + 1
    local one = engine.decide(before, engine.new_run(asked))
    local two = engine.decide(after, engine.new_run(asked))
    if one.effect ~= two.effect then
      contradict("said to decide alike", source .. "\n" .. other, asked)
    end
  end
end

for _ = 1, POLICIES do
  local rules = new_rules()
  local policy, source = load_policy(rules)
  totals.policies = totals.policies + 1
  local is_done, message = pcall(check_ways, policy, source)
  if not is_done then
    contradict(tostring(message), source, {})
  end
  is_done, message = pcall(check_difference, policy, alter(rules), source)
  if not is_done then
    contradict(tostring(message), source, {})
  end
end

return ("%d policies, %d ways in (%d policies not exact); %d requests, %d allowed, %d covered; "
  .. "%d pairs of policies, %d alike, %d requests compared; %d changes of access, %d requests that "
  .. "differ (%d pairs not exact); %d contradictions%s"):format(
  totals.policies, totals.ways, totals.inexact, totals.requests, totals.allowed, totals.covered,
  totals.pairs, totals.alike, totals.compared, totals.changes, totals.differing, totals.unsure,
  totals.contradictions,
  totals.first and "\n" .. totals.first or "")
