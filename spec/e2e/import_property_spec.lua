--- sentinel policy import against a model of the older program (spec/support/older.lua): random files, random
-- requests. What is imported grants only what the files grant both as they are read and as they are written; where
-- the two are the same, it grants all of it. Both forms decide alike. The seed is fixed; SENTINEL_IMPORT_POLICIES says
-- how many policies.
local cjson = require "cjson"
local expect = require "spec.support.expect"
local older = require "spec.support.older"
local settings = require "spec.support.settings"
local world = require "spec.support.world"

package.preload.snt_vm = package.preload.snt_vm
  or assert(package.loadlib(settings.build .. "/snt_vm.so", "luaopen_snt_vm"))
local evaluator = require "spec.support.evaluator"

local POLICIES = tonumber(os.getenv("SENTINEL_IMPORT_POLICIES")) or 30
local REQUESTS = 100

local USERS = { "alice", "bob", "carol" }
local PROFILES = { "dev", "prod", "stage", "prod-eu" }
local WEEKDAYS = { "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday" }
local CLOCKS = { "00:00", "03:30", "08:59", "09:00", "16:59", "17:00", "22:00", "23:59" }
local MODES = { "cli", "credential_process", "server" }
local CODES = { "incident", "maintenance", "security", "recovery", "other" }
local EFFECTS = { "allow", "allow", "allow", "deny", "require_approval", "require_server", "require_server_session" }

describe("what is imported", function()
  local home, random

  local function pick(list)
    return list[random(#list)]
  end

  local function chance(one_in)
    return random(one_in) == 1
  end

  -- One to three of the list; with slips, now and then a pattern among them, or nothing at all.
  local function some(list, patterns, has_slips)
    local out = {}
    for i = 1, random(3) do
      out[i] = pick(list)
    end
    if has_slips and chance(4) then
      out[#out + 1] = pick(patterns)
    end
    if has_slips and chance(8) then
      out = { pick(patterns) }
    end
    return out
  end

  local function users(has_slips)
    return some(USERS, { "*", "al*", "role/Ops/alice", "bo?" }, has_slips)
  end

  local function profiles(has_slips)
    return some(PROFILES, { "*", "prod-*", "d?v" }, has_slips)
  end

  local function window(has_slips)
    local hours = pick(has_slips and { { "09:00", "17:00" }, { "22:00", "09:00" }, { "09:00", "09:00" } }
      or { { "09:00", "17:00" }, { "00:00", "22:00" } })
    return { days = chance(2) and some(WEEKDAYS) or nil, hours = { start = hours[1], ["end"] = hours[2] }, timezone = "UTC" }
  end

  local function conditions(has_slips)
    local out = {
      profiles = not chance(4) and profiles(has_slips) or nil, users = chance(2) and users(has_slips) or nil,
      mode = chance(6) and some(MODES) or nil, time = chance(4) and window(has_slips) or nil,
    }
    return next(out) and out or { mode = MODES }
  end

  -- Moves some condition under a key that is ignored, or beside the others.
  local function slip(rule)
    for key, meant in pairs(older.slips) do
      if rule.conditions[meant] and chance(4) then
        rule.conditions[key], rule.conditions[meant] = rule.conditions[meant], nil
        return
      end
    end
    local key = next(rule.conditions)
    if key and chance(4) then
      rule[key], rule.conditions[key] = rule.conditions[key], nil
    end
  end

  local function access(has_slips)
    local rules = {}
    for i = 1, 2 + random(4) do
      rules[i] = { name = "rule" .. i, effect = pick(EFFECTS), conditions = conditions(has_slips) }
      if has_slips and chance(4) then
        rules[i].effect = rules[i].effect:gsub("_", "-"):upper()
      end
      if has_slips and chance(3) then
        slip(rules[i])
      end
      if not next(rules[i].conditions) then
        rules[i].conditions = nil
      end
    end
    return { version = "1", rules = rules }
  end

  local function approval(has_slips)
    local rules = {}
    for i = 1, random(3) do
      rules[i] = { name = "approval" .. i, profiles = not chance(3) and profiles(has_slips) or nil,
        approvers = users(has_slips) }
      if chance(2) then
        rules[i].auto_approve = { users = chance(2) and users(has_slips) or nil, time = window(has_slips) }
      end
    end
    return { version = "1", rules = rules }
  end

  local function break_glass(has_slips)
    local rules = {}
    for i = 1, random(3) do
      rules[i] = { name = "emergency" .. i, profiles = not chance(3) and profiles(has_slips) or nil,
        users = users(has_slips), allowed_reason_codes = chance(2) and some(CODES) or nil, max_duration = "1h",
        time = chance(3) and window(has_slips) or nil }
    end
    return { version = "1", rules = rules }
  end

  local function files_of(has_slips, has_break_glass)
    return { access = access(has_slips), approval = chance(2) and approval(has_slips) or nil,
      break_glass = has_break_glass and break_glass(has_slips) or nil }
  end

  local function request_of(has_kinds)
    local day = random(7)
    local request = {
      user = pick(USERS), kind = "user", profile = pick(PROFILES), mode = pick(MODES), clock = pick(CLOCKS),
      weekday = WEEKDAYS[day], yesterday = WEEKDAYS[(day + 5) % 7 + 1], session_table = chance(2) and "sessions" or nil,
      approver = chance(2) and pick(USERS) or nil, break_glass = chance(2) and pick(CODES) or nil,
      justification = chance(2) and "a reason of some length" or nil,
    }
    if has_kinds and chance(3) then
      request.kind = pick { "role", "federated" }
      request.user = (request.kind == "role" and "role/Ops/" or "federated/") .. request.user
    end
    return request
  end

  -- The imported policy in both forms, ready to decide.
  local function import(files)
    local arguments = { "policy", "import" }
    for kind, file in pairs(files) do
      arguments[#arguments + 1] = home:write(kind .. ".yaml", cjson.encode(file))
    end
    local out = {}
    for _, kind in ipairs { "yaml", "lua" } do
      arguments[#arguments + 1] = "--json"
      arguments[#arguments + 1] = "--" .. kind
      local text = expect.json(home:run(arguments)).policy
      out[kind] = assert(evaluator.load(kind, text))
      out.text = text
      arguments[#arguments], arguments[#arguments - 1] = nil, nil
    end
    return out
  end

  local function decide(policy, request)
    local fields = older.request(request)
    local first, second = evaluator.decide(policy.yaml, fields), evaluator.decide(policy.lua, fields)
    assert.same(first.effect .. first.rule, second.effect .. second.rule)
    return first
  end

  -- Calls check(files, request, decision) for many of them. options: {seed, files, request}, the last two functions.
  local function each(options, check)
    math.randomseed(options.seed)
    random = math.random
    for _ = 1, POLICIES do
      local files = options.files()
      local policy = import(files)
      for _ = 1, REQUESTS do
        local request = options.request()
        local decision = decide(policy, request)
        local problem = check(files, request, decision)
        if problem then
          error(("%s\n%s\n%s\n%s\n%s"):format(problem, cjson.encode(files), cjson.encode(request), decision.effect
            .. " " .. decision.rule, policy.text))
        end
      end
      policy.yaml.state:close()
      policy.lua.state:close()
    end
  end

  before_each(function()
    home = world.new()
  end)

  after_each(function()
    home:remove()
  end)

  local function check_grants(options)
    local granted = 0
    each(options, function(files, request, decision)
      if decision.effect ~= "allow" then
        return nil
      end
      granted = granted + 1
      for name, reading in pairs(older.readings) do
        if not older.grants(reading, files, request) then
          return "is granted, and not by the older program as it is " .. name
        end
      end
      return nil
    end)
    assert.is_true(granted > POLICIES * REQUESTS // 20, granted .. " grants")
  end

  it(("grants what both readings grant and nothing else, in %d policies with slips"):format(POLICIES), function()
    check_grants { seed = 7, files = function() return files_of(true, chance(2)) end,
      request = function() return request_of(true) end }
  end)

  it(("lets no emergency do without server mode, in %d policies with slips"):format(POLICIES), function()
    local function files()
      local out = files_of(true, true)
      for _, rule in ipairs(out.access.rules) do
        rule.effect = pick { "require_server", "require_server_session", "deny", "deny", "allow" }
      end
      return out
    end
    local function request()
      local out = request_of(false)
      out.approver, out.justification, out.break_glass = nil, nil, pick(CODES)
      return out
    end
    check_grants { seed = 10, files = files, request = request }
  end)

  it(("grants what the older program grants, in %d policies without slips"):format(POLICIES), function()
    local granted, refused = 0, 0
    each({ seed = 8, files = function() return files_of(false, false) end, request = request_of },
    function(files, request, decision)
      local wanted, effect = older.grants(older.readings.read, files, request)
      local is_override = effect == "deny" -- which an approval overrides no more
      granted, refused = granted + (wanted and 1 or 0), refused + (wanted and 0 or 1)
      if (wanted and not is_override) ~= (decision.effect == "allow") then
        return "the older program: " .. tostring(wanted) .. " by " .. effect
      end
      return nil
    end)
    assert.is_true(granted > POLICIES * REQUESTS // 10 and refused > POLICIES * REQUESTS // 10, granted .. " grants")
  end)

  it(("grants in emergencies what the older program grants, in %d policies without server mode"):format(POLICIES), function()
    local granted, refused = 0, 0
    local function files()
      local out = files_of(false, true)
      for _, rule in ipairs(out.access.rules) do
        rule.effect = rule.effect:find("^require_server") and "allow" or rule.effect
      end
      out.approval = nil
      return out
    end
    local function request()
      local out = request_of()
      out.approver, out.justification, out.break_glass = nil, nil, pick(CODES)
      return out
    end
    each({ seed = 9, files = files, request = request }, function(files_given, request_given, decision)
      local wanted = older.grants(older.readings.read, files_given, request_given)
      granted, refused = granted + (wanted and 1 or 0), refused + (wanted and 0 or 1)
      return wanted ~= (decision.effect == "allow") and "the older program: " .. tostring(wanted) or nil
    end)
    assert.is_true(granted > POLICIES * REQUESTS // 10 and refused > POLICIES * REQUESTS // 10, granted .. " grants")
  end)
end)
