--- The conditions on facts that a request may lack: they are unknown then. The interface is
-- conditions.lua's.
local match = require "sentinel.match"
local network = require "sentinel.network"
local runs = require "sentinel.run"
local text = require "sentinel.text"

local facts = { conditions = {} }

-- How far a clock may be ahead of the decision's time before what it says is nonsense.
local AHEAD_MAX_S = 60

--- Whether the request's MFA is no older than max_age seconds: true, or nil when it is older,
-- absent or odd, and its age as a text.
function facts.has_fresh_mfa(request, max_age, run)
  local given = request.mfa and request.mfa.authenticated_at
  local since = given and host.parse_time(given)
  if not since or not runs.epoch_time(run) then
    return nil, "no MFA"
  end
  local age = runs.epoch_time(run) - since
  if age < -AHEAD_MAX_S then
    return nil, "MFA of the future"
  end
  local got = text.duration(math.max(age, 0)) .. " old"
  if age > max_age then
    return nil, got
  end
  return true, got
end

--- Whether the request carries an approval that is in force: true, false, or nil when there is
-- none, and why.
function facts.has_approval(request, run)
  local approval = request.approval
  local from = approval and approval.approved_at and host.parse_time(approval.approved_at)
  local to = approval and approval.expires_at and host.parse_time(approval.expires_at)
  if not from or not to or not runs.epoch_time(run) or not approval.approvers then
    return nil, "no approval"
  elseif runs.epoch_time(run) >= to then
    return false, "expired at " .. approval.expires_at
  elseif runs.epoch_time(run) < from - AHEAD_MAX_S then
    return false, "approved at " .. approval.approved_at
  end
  return true, "approved"
end

facts.conditions.source_ip = {
  describe = function(condition)
    local blocks = {}
    for i, block in ipairs(condition.value) do
      blocks[i] = block.text
    end
    return text.join(blocks)
  end,
  evaluate = function(condition, request)
    local address = request.source_ip and network.parse_address(request.source_ip)
    if not address then
      return nil
    end
    for _, block in ipairs(condition.value) do
      if network.is_in(address, block) then
        return true, request.source_ip
      end
    end
    return false, request.source_ip
  end,
}

facts.conditions.mfa = {
  describe = function(condition)
    return "MFA no older than " .. text.duration(condition.value.max_age)
  end,
  evaluate = function(condition, request, run)
    local is_fresh, got = facts.has_fresh_mfa(request, condition.value.max_age, run)
    return is_fresh, got, "max_age"
  end,
}

facts.conditions.break_glass = {
  compile = function(condition)
    condition.matcher = match.compile(condition.value.reason_codes)
  end,
  describe = function(condition)
    return text.join(condition.value.reason_codes)
  end,
  evaluate = function(condition, request)
    local code = request.break_glass and request.break_glass.reason_code
    if code == nil then
      return nil
    end
    return match.fits(condition.matcher, code), code, "reason_codes"
  end,
}

-- How many different approvers fit.
local function count_approvers(condition, approvers)
  local count, seen = 0, {}
  for _, name in ipairs(approvers) do
    if not seen[name] and (not condition.matcher or match.fits(condition.matcher, name)) then
      count = count + 1
    end
    seen[name] = true
  end
  return count
end

facts.conditions.approval = {
  compile = function(condition)
    local value = condition.value
    condition.matcher = value.approvers and match.compile(value.approvers)
    condition.least = value.min_approvals or 1
  end,
  describe = function(condition)
    local approvers = condition.value.approvers
    return ("%d approved by %s"):format(condition.least,
      approvers and text.join(approvers) or "anyone")
  end,
  evaluate = function(condition, request, run)
    local is_valid, got = facts.has_approval(request, run)
    if not is_valid then
      return is_valid, got
    end
    local count = count_approvers(condition, request.approval.approvers)
    return count >= condition.least, ("%d approved"):format(count),
      condition.value.min_approvals and "min_approvals" or "approvers"
  end,
}

--- Whether a text is numbers with points between them.
function facts.is_version(value)
  return #value <= 64 and ("." .. value):gsub("%.%d+", "") == ""
end

-- Digits without zeros before them: of two, the longer is the larger, however long.
local function digits_of(number)
  return (number or "0"):match("^0*(%d+)$")
end

--- Whether version a is at least b, number by number; nil when a is not a version.
function facts.is_at_least(a, b)
  if not facts.is_version(a) then
    return nil
  end
  local left, right = a:gmatch("%d+"), b:gmatch("%d+")
  while true do
    local x, y = left(), right()
    if not x and not y then
      return true
    end
    x, y = digits_of(x), digits_of(y)
    if x ~= y then
      return #x > #y or (#x == #y and x > y)
    end
  end
end

local function has_flag(field)
  return function(_, device)
    return device[field], device[field] ~= nil and tostring(device[field]) or nil
  end
end

-- Each row: the key, what it wants, and how the device meets it.
local DEVICE = {
  { "require_encryption", has_flag("disk_encrypted") },
  { "require_mdm", has_flag("mdm_enrolled") },
  { "require_mdm_compliant", has_flag("mdm_compliant") },
  { "require_firewall", has_flag("firewall_enabled") },
  { "min_os_version", function(wanted, device)
    if device.os_version == nil then
      return nil
    end
    return facts.is_at_least(device.os_version, wanted), device.os_version
  end },
  { "allowed_os_types", function(wanted, device)
    if device.os_type == nil then
      return nil
    end
    return match.fits(match.compile(wanted), device.os_type), device.os_type
  end },
}

facts.conditions.device = {
  describe = function(condition, part)
    local wanted = condition.value[part]
    if wanted == nil then
      return "a device that has what is required"
    end
    return type(wanted) == "table" and text.join(wanted) or tostring(wanted)
  end,
  evaluate = function(condition, request)
    local is_unknown, unknown_got, unknown_part = false, nil, nil
    for _, row in ipairs(DEVICE) do
      local key, check = row[1], row[2]
      local wanted = condition.value[key]
      if wanted ~= nil then
        local is_met, got = check(wanted, request.device or {})
        if is_met == false then
          return false, got, key
        elseif is_met ~= true and not is_unknown then
          is_unknown, unknown_got, unknown_part = true, got, key
        end
      end
    end
    if is_unknown then
      return nil, unknown_got, unknown_part
    end
    return true, "met"
  end,
}

return facts
