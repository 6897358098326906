--- What a request may hold, by attribute (space.lua): of all values that the conditions on it can
-- tell apart there is at least one here. The first one is what a request has when nothing depends
-- on it.
--
-- Each function gets the conditions and requirements on the attribute and the space's settings, and
-- returns a list of values and whether none is missing. A value is {fields = {name = ...}}, what it
-- gives the request, or put(request, epoch) that does; is_absent where it leaves the field out;
-- words, how it is told to people; a moment has tell() in their place.
local moments = require "sentinel.moments"
local names = require "sentinel.names"
local network = require "sentinel.network"
local schema = require "sentinel.schema"
local text = require "sentinel.text"
local time = require "sentinel.time"

local space_values = {}

local COMBINATIONS_MAX = 3000
local ABSENT = { fields = {}, is_absent = true }

--- 2026-01-19T15:00:00Z of seconds since 1970; what a request cannot say becomes what it can.
function space_values.format_time(epoch)
  return time.format(math.max(math.min(epoch, moments.LAST), 0))
end

local format_time = space_values.format_time

-- All items of the lists that get(condition) gives.
local function collect(conditions, get)
  local all = {}
  for _, condition in ipairs(conditions) do
    local list = get(condition) or {}
    table.move(list, 1, #list, #all + 1, all)
  end
  return all
end

space_values.collect = collect

local function value_of(condition)
  return condition.value
end

-- Texts; a "/" among them where a wildcard could be told from it.
local function texts_of(patterns, filler)
  local texts, is_exact = names.texts(patterns, { filler = filler,
    has_slash = table.concat(patterns):find("/", 1, true) ~= nil })
  texts[#texts + 1] = filler .. "/" .. filler
  return texts, is_exact
end

function space_values.profile(conditions)
  local texts, is_exact = texts_of(collect(conditions, value_of), "any")
  local values = {}
  for i, name in ipairs(texts) do
    values[i] = { fields = { profile = name } }
  end
  return values, is_exact
end

function space_values.mode()
  local values = {}
  for i, mode in ipairs(schema.modes) do
    values[i] = { fields = { mode = mode }, words = "in mode " .. mode }
  end
  return values, true
end

--- A value of the attribute time; its epoch spares those who ask for verdicts the reading of it.
function space_values.moment(epoch)
  return { epoch = epoch, put = function(request)
    request.time = format_time(epoch)
  end, tell = function()
    return "at " .. format_time(epoch)
  end }
end

function space_values.time(conditions, settings)
  local values = {}
  for i, moment in ipairs(moments.of(conditions, settings.time)) do
    values[i] = space_values.moment(moment)
  end
  return values, true
end

-- Addresses ----------------------------------------------------------------------------------

-- The address `distance` (1, or the size of a block of so many bits) after these bytes, or nil.
local function add_at(bytes, bits)
  local digits, at = { bytes:byte(1, -1) }, (bits + 7) // 8
  local carry = 1 << (at * 8 - bits)
  while at > 0 and carry > 0 do
    local sum = digits[at] + carry
    digits[at], carry, at = sum & 0xFF, sum >> 8, at - 1
  end
  return carry == 0 and string.char(table.unpack(digits)) or nil
end

local function format_address(bytes)
  if #bytes == 4 then
    return ("%d.%d.%d.%d"):format(bytes:byte(1, 4))
  end
  local groups = {}
  for i = 1, 16, 2 do
    groups[#groups + 1] = ("%x"):format(bytes:byte(i) << 8 | bytes:byte(i + 1))
  end
  return table.concat(groups, ":")
end

-- Verdicts change only where a block begins and after its end.
function space_values.source_ip(conditions)
  local values, seen = { ABSENT }, {}
  local function add(bytes)
    local address = bytes and format_address(bytes)
    if address and not seen[address] then
      seen[address] = true
      values[#values + 1] = { fields = { source_ip = address }, words = "from " .. address }
    end
  end
  add(network.parse_address("203.0.113.7"))
  for _, block in ipairs(collect(conditions, value_of)) do
    add(add_at(block.base, #block.base * 8)) -- people take it for an address rather than the first
    add(block.base)
    add(block.bits > 0 and add_at(block.base, block.bits) or nil)
  end
  add(network.parse_address("0.0.0.0"))
  add(network.parse_address("::"))
  return values, true
end

-- Facts that grow old with the request's time ------------------------------------------------

function space_values.mfa(conditions)
  local values, ages = { ABSENT }, {}
  for _, condition in ipairs(conditions) do
    ages[condition.value.max_age] = true
  end
  local sorted = {}
  for age in pairs(ages) do
    sorted[#sorted + 1] = age
  end
  table.sort(sorted, function(a, b) return a > b end)
  for _, age in ipairs(sorted) do
    values[#values + 1] = {
      words = "with an MFA code no older than " .. text.duration(age),
      put = function(request, epoch)
        request.mfa = { authenticated_at = format_time(epoch - age) }
      end,
    }
  end
  return values, true
end

local function approval_by(approvers)
  return {
    words = "with an approval by " .. text.join(approvers),
    put = function(request, epoch)
      request.approval = { approvers = approvers, approved_at = format_time(epoch - 60),
        expires_at = format_time(epoch + 3600) }
    end,
  }
end

local EXPIRED = {
  words = "with an approval that has expired",
  put = function(request, epoch)
    request.approval = { approvers = { "someone" }, approved_at = format_time(epoch - 3600),
      expires_at = format_time(epoch - 60) }
  end,
}

-- Which of the conditions would count an approver of that name.
local function key_of_approver(conditions, name)
  local fits = {}
  for i, condition in ipairs(conditions) do
    local matcher = condition.matcher
    fits[i] = (not matcher or require("sentinel.match").fits(matcher, name)) and "1" or "0"
  end
  return table.concat(fits)
end

-- Approvers by the conditions that count them, each kind with `least` names where there are so
-- many.
local function approver_kinds(conditions, least)
  local patterns = collect(conditions, function(condition) return condition.value.approvers end)
  local texts, is_exact = texts_of(patterns, "someone")
  for i = 2, least do
    local more = names.readable(patterns, "someone" .. i)
    table.move(more, 1, #more, #texts + 1, texts)
  end
  local literals, kinds, by_key, seen = {}, {}, {}, {}
  for _, pattern in ipairs(patterns) do
    literals[pattern] = true
  end
  for _, name in ipairs(texts) do
    local key = key_of_approver(conditions, name)
    local kind = by_key[key] or { names = {} }
    if not by_key[key] then
      by_key[key] = kind
      kinds[#kinds + 1] = kind
    end
    kind.has_more = kind.has_more or not literals[name]
    if not seen[name] then
      seen[name] = true
      table.insert(kind.names, name)
    end
  end
  for _, kind in ipairs(kinds) do
    is_exact = is_exact and (#kind.names >= least or not kind.has_more)
  end
  return kinds, is_exact
end

-- Calls add with every list that has at most `least` names of each kind, and one at least, until it
-- returns false; returns whether it never did.
local function each_combination(kinds, least, add)
  local function choose(i, approvers)
    if i > #kinds then
      return #approvers == 0 or add(approvers)
    end
    for count = 0, math.min(least, #kinds[i].names) do
      local more = table.move(approvers, 1, #approvers, 1, {})
      table.move(kinds[i].names, 1, count, #more + 1, more)
      if not choose(i + 1, more) then
        return false
      end
    end
    return true
  end
  return choose(1, {})
end

function space_values.approval(conditions)
  local values, least = { ABSENT, EXPIRED }, 1
  for _, condition in ipairs(conditions) do
    least = math.max(least, condition.least or 1)
  end
  local kinds, is_exact = approver_kinds(conditions, least)
  local is_whole = each_combination(kinds, least, function(approvers)
    values[#values + 1] = approval_by(approvers)
    return #values < COMBINATIONS_MAX
  end)
  return values, is_exact and is_whole
end

-- Other facts --------------------------------------------------------------------------------

function space_values.break_glass(conditions)
  local texts, is_exact = texts_of(collect(conditions, function(condition)
    return condition.value.reason_codes
  end), "any")
  local values = { ABSENT }
  for _, code in ipairs(texts) do
    values[#values + 1] = { fields = { break_glass = { reason_code = code } },
      words = "with break-glass for " .. code }
  end
  return values, is_exact
end

-- By a key of the condition: the field of the device, and its values but for those that follow from
-- what is wanted.
local DEVICE = {
  { "require_encryption", "disk_encrypted", { true, false } },
  { "require_mdm", "mdm_enrolled", { true, false } },
  { "require_mdm_compliant", "mdm_compliant", { true, false } },
  { "require_firewall", "firewall_enabled", { true, false } },
  { "min_os_version", "os_version", { "0" } },
  { "allowed_os_types", "os_type", { "darwin", "windows", "linux", "other" } },
}

-- The fields that some condition looks at, each with its values.
local function device_fields(conditions)
  local fields = {}
  for _, row in ipairs(DEVICE) do
    local key, field, values, is_wanted = row[1], row[2], { table.unpack(row[3]) }, false
    for _, condition in ipairs(conditions) do
      local wanted = condition.value[key]
      is_wanted = is_wanted or wanted ~= nil
      if field == "os_version" and wanted then
        values[#values + 1] = wanted
      end
    end
    if is_wanted then
      fields[#fields + 1] = { name = field, values = values }
    end
  end
  return fields
end

local function device_with(device)
  local parts = {}
  for _, name in ipairs(text.sorted_keys(device)) do
    parts[#parts + 1] = name .. " " .. tostring(device[name])
  end
  return { fields = { device = device }, words = "on a device with " .. text.join(parts) }
end

function space_values.device(conditions)
  local fields, devices = device_fields(conditions), { {} }
  for _, field in ipairs(fields) do
    for i = 1, #devices do
      for _, value in ipairs(field.values) do
        local device = { [field.name] = value }
        for name, other in pairs(devices[i]) do
          device[name] = other
        end
        devices[#devices + 1] = device
      end
    end
  end
  local values = { ABSENT } -- 3 * 3 * 3 * 3 * 5 at most, but for versions
  for i = 2, #devices do
    values[i] = device_with(devices[i])
  end
  return values, true
end

function space_values.session_table()
  return { ABSENT, { fields = { session_table = "sessions" }, words = "with session tracking" } },
    true
end

-- No text for a pattern that is too hard to fit: that is not exact (space.lua looks whether one of
-- the texts meets the requirement).
function space_values.justification(requirements)
  local values = { ABSENT }
  local function add(given)
    if given then
      values[#values + 1] = { fields = { justification = given },
        words = "with the justification " .. text.quote(given) }
    end
  end
  for _, requirement in ipairs(requirements) do
    local wanted = requirement.value
    add(("x"):rep(wanted.min_length or 1))
    if wanted.pattern then
      local sample = require("sentinel.pattern_sample").of
      add(sample(wanted.pattern, wanted.min_length or 1))
      add(sample(wanted.pattern, 1))
    end
  end
  return values, true
end

return space_values
