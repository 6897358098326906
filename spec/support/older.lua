--- What the older Go program decides, for specs of the importer: once as it reads its files, once as
-- they are written. Files are tables of the shape of their YAML; windows are in UTC.
--
-- A request is {user, kind, profile, weekday, clock ("09:30"), mode, session_table, approver,
-- break_glass (a reason code), justification}; user is the whole name of policy.md.
local older = {}

local CONDITIONS = { "profiles", "users", "time", "mode" }

-- Keys that are ignored, and what they are meant to be.
older.slips = { user = "users", Profiles = "profiles", modes = "mode", profile = "profiles" }

local function has(list, value)
  for _, item in ipairs(list) do
    if item == value then
      return true
    end
  end
  return false
end

local function has_or_empty(list, value)
  return list == nil or #list == 0 or has(list, value)
end

-- Reading ------------------------------------------------------------------------------------

local read = {}

--- The name as the older program sees it: of a session, what it chose; letters and digits, 20 of them.
function read.name(user)
  return (user:match("[^/]*$"):gsub("%W", "")):sub(1, 20)
end

function read.conditions(rule)
  return rule.conditions or {}
end

function read.effect(effect)
  local known = { deny = true, require_approval = true, require_server = true, require_server_session = true }
  return known[effect] and effect or "allow"
end

function read.is_user(list, request)
  return has_or_empty(list, read.name(request.user))
end

read.is_profile = has_or_empty

function read.is_open(hours, clock)
  return clock >= hours.start and clock < hours["end"]
end

--- Whether what is refused can be overridden: all but server mode.
function read.can_override(effect)
  return effect == "deny" or effect == "require_approval"
end

-- Writing ------------------------------------------------------------------------------------

local written = {}

local function glob(pattern, text)
  return text:find("^" .. pattern:gsub("[%-%.%+]", "%%%0"):gsub("%*", "[^/]*"):gsub("%?", "[^/]") .. "$") ~= nil
end

local function fits_or_empty(list, text)
  if list == nil or #list == 0 then
    return true
  end
  for _, pattern in ipairs(list) do
    if glob(pattern, text) then
      return true
    end
  end
  return false
end

--- Conditions under a mistaken key, or beside `conditions`, are meant.
function written.conditions(rule)
  local out = {}
  for _, map in ipairs { rule, rule.conditions or {} } do
    for key, value in pairs(map) do
      local meant = older.slips[key] or key
      if has(CONDITIONS, meant) then
        out[meant] = value
      end
    end
  end
  return out
end

function written.effect(effect)
  return (effect:lower():gsub("[- ]", "_"))
end

--- A user's name means a person.
function written.is_user(list, request)
  local is_person = request.kind == "user" or request.kind == "sso"
  return list == nil or #list == 0 or (is_person and fits_or_empty(list, request.user))
end

written.is_profile = fits_or_empty

function written.is_open(hours, clock)
  if hours.start < hours["end"] then
    return read.is_open(hours, clock)
  end
  return hours.start ~= hours["end"] and (clock >= hours.start or clock < hours["end"])
end

--- An approval is asked for by require_approval; break-glass is for whatever is refused.
function written.can_override(effect, is_break_glass)
  return effect == "require_approval" or (is_break_glass and effect == "deny")
end

older.readings = { read = read, written = written }

-- Deciding -----------------------------------------------------------------------------------

-- A window that wraps belongs to the day on which it began.
local function is_within(reading, window, request)
  if window == nil then
    return true
  end
  local weekday = request.weekday
  local hours = window.hours
  if hours and hours.start > hours["end"] and request.clock < hours["end"] then
    weekday = request.yesterday
  end
  return has_or_empty(window.days, weekday) and (hours == nil or reading.is_open(hours, request.clock))
end

local function holds(reading, conditions, request)
  return reading.is_profile(conditions.profiles, request.profile) and reading.is_user(conditions.users, request)
    and has_or_empty(conditions.mode, request.mode) and is_within(reading, conditions.time, request)
end

-- The first rule that is for the profile.
local function find_for(reading, policy, request)
  for _, rule in ipairs(policy and policy.rules or {}) do
    if reading.is_profile(rule.profiles, request.profile) then
      return rule
    end
  end
  return nil
end

local function approves_itself(reading, rule, request)
  local auto = rule.auto_approve
  return auto and #(request.justification or "") >= 10 and reading.is_user(auto.users, request)
    and is_within(reading, auto.time, request)
end

local function is_approved(reading, files, request)
  local rule = find_for(reading, files.approval, request)
  if rule == nil then
    return request.approver ~= nil
  end
  return request.approver and reading.is_user(rule.approvers, { user = request.approver, kind = "user" })
    or approves_itself(reading, rule, request)
end

local function is_invoked(reading, files, request)
  local rule = find_for(reading, files.break_glass, request)
  return request.break_glass and rule and reading.is_user(rule.users, request)
    and has_or_empty(rule.allowed_reason_codes, request.break_glass) and is_within(reading, rule.time, request)
end

local function first_effect(reading, files, request)
  for _, rule in ipairs(files.access and files.access.rules or {}) do
    if holds(reading, reading.conditions(rule), request) then
      return reading.effect(rule.effect)
    end
  end
  return "deny"
end

--- Whether the request is granted: is it by an override, too.
-- @param reading one of older.readings
-- @param files {access, approval, break_glass}, each optional
function older.grants(reading, files, request)
  local effect = first_effect(reading, files, request)
  local is_server = request.mode == "server"
  if effect == "allow" or (effect == "require_server" and is_server)
    or (effect == "require_server_session" and is_server and request.session_table) then
    return true, effect
  end
  if is_invoked(reading, files, request) and reading.can_override(effect, true) then
    return true, effect
  end
  return is_approved(reading, files, request) and reading.can_override(effect, false) or false, effect
end

--- The same request for the evaluator.
function older.request(request)
  local days = { monday = 19, tuesday = 20, wednesday = 21, thursday = 22, friday = 23, saturday = 24, sunday = 25 }
  return {
    user = { name = request.user, kind = request.kind, account = "123456789012" },
    profile = request.profile, mode = request.mode, session_table = request.session_table,
    time = ("2026-01-%dT%s:00Z"):format(days[request.weekday], request.clock),
    justification = request.justification,
    break_glass = request.break_glass and { reason_code = request.break_glass },
    approval = request.approver and { id = "1", approvers = { request.approver },
      approved_at = "2026-01-01T00:00:00Z", expires_at = "2026-12-31T00:00:00Z" },
  }
end

return older
