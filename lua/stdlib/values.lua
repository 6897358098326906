--- The types of single values (schema.lua): each function takes node, type, ctx and the path for
-- messages, and returns the value, or nil after it has told the problem.
local errors = require "sentinel.errors"
local nodes = require "sentinel.nodes"
local text = require "sentinel.text"
local time = require "sentinel.time"
local network = require "sentinel.network"
local lua_pattern = require "sentinel.lua_pattern"

local values = {}

local function wrong(ctx, node, path, wanted, hint)
  ctx.problems:add(node, ("%s has to be %s, not %s"):format(path, wanted, nodes.found(node)), hint)
  return nil
end

-- A text; `example` is what to write instead of another type.
local function string_or_wrong(ctx, node, path, wanted)
  local value = nodes.string_of(node)
  if value then
    return value
  end
  local hint = nil
  if node.kind == "scalar" and not nodes.is_null(node) then
    hint = ("write it in quotes: %s"):format(text.quote(node.text))
  end
  return wrong(ctx, node, path, wanted, hint)
end

function values.text(node, type, ctx, path)
  local value = string_or_wrong(ctx, node, path, "text")
  if not value then
    return nil
  elseif value == "" then
    return wrong(ctx, node, path, "a text that is not empty", "write one or remove the key")
  elseif #value > type.max then
    ctx.problems:add(node,
      ("%s has %d bytes; at most %d are allowed"):format(path, #value, type.max))
    return nil
  elseif type.is_line and not host.utf8_printable(value) then
    ctx.problems:add(node,
      path .. " holds a line break, a control character or bytes that are not UTF-8",
      "write it on one line")
    return nil
  elseif not utf8.len(value) then
    ctx.problems:add(node, path .. " is not valid UTF-8")
    return nil
  end
  return value
end

function values.rule_name(node, _, ctx, path)
  local value = string_or_wrong(ctx, node, path, "text")
  if not value then
    return nil
  elseif #value > 64 or not value:find("^[%w._-]+$") then
    return wrong(ctx, node, path, "1 to 64 of the characters A-Z a-z 0-9 . _ -")
  end
  return value
end

function values.version(node, _, ctx, path)
  local type = nodes.scalar_type(node)
  if (type == "string" or type == "integer") and node.text == "1" then
    return "1"
  end
  return wrong(ctx, node, path, '"1"', 'this program knows version "1" only')
end

function values.enum(node, type, ctx, path)
  local value = string_or_wrong(ctx, node, path, "text")
  if not value then
    return nil
  end
  for _, allowed in ipairs(type.values) do
    if value == allowed then
      return value
    end
  end
  ctx.problems:add(node, ("unknown %s %s%s"):format(type.what, text.quote(value),
    errors.did_you_mean(value, type.values)), errors.allowed(type.values))
  return nil
end

function values.boolean(node, _, ctx, path)
  local value = nodes.boolean_of(node)
  if value == nil then
    return wrong(ctx, node, path, "true or false")
  end
  return value
end

function values.only_true(node, _, ctx, path)
  if nodes.boolean_of(node) ~= true then
    return wrong(ctx, node, path, "true", "write true or remove the key")
  end
  return true
end

function values.integer(node, type, ctx, path)
  local value = nodes.integer_of(node)
  if not value or value < type.min or value > type.max then
    return wrong(ctx, node, path, ("a whole number from %d to %d"):format(type.min, type.max))
  end
  return value
end

function values.duration(node, _, ctx, path)
  local value = nodes.string_of(node)
  local seconds = value and host.parse_duration(value)
  if not seconds or seconds < 1 then
    return wrong(ctx, node, path, "a duration", "write it as 90s, 30m or 1h30m")
  end
  return seconds
end

function values.clock(node, type, ctx, path)
  local value = nodes.string_of(node)
  local minute = value and time.parse_clock(value, type.is_end)
  if not minute then
    return wrong(ctx, node, path, type.is_end and "HH:MM from 00:00 to 23:59, or 24:00"
      or "HH:MM from 00:00 to 23:59", 'write it in quotes: "09:00"')
  end
  return minute
end

-- Names that are files of a zone database, but mean the host's zone or count leap seconds.
local NOT_ZONES = { localtime = true, posixrules = true, Factory = true }

local function is_zone_name(value)
  return #value <= 64 and value:find("^%a[%w_+/-]*%w$") and not value:find("//", 1, true)
    and not value:find("^right/") and not value:find("^posix/") and not NOT_ZONES[value]
end

function values.zone(node, _, ctx, path)
  local value = string_or_wrong(ctx, node, path, "the name of a time zone")
  if not value then
    return nil
  elseif not is_zone_name(value) then
    return wrong(ctx, node, path, "the name of a time zone", "write it as America/New_York or UTC")
  end
  ctx.zones[#ctx.zones + 1] = { name = value, line = node.line, column = node.column }
  return value
end

function values.cidr(node, _, ctx, path)
  local value = string_or_wrong(ctx, node, path, "an address block")
  if not value then
    return nil
  end
  local block, message = network.parse_block(value)
  if not block then
    return wrong(ctx, node, path, "an address block", message)
  end
  return block
end

function values.os_version(node, _, ctx, path)
  local value = string_or_wrong(ctx, node, path, "a version")
  if value and not value:find("^%d[%d.]*$") or value and #value > 32 then
    return wrong(ctx, node, path, "a version", 'write numbers with points between them: "14.10.1"')
  end
  return value
end

function values.lua_pattern(node, _, ctx, path)
  local value = values.text(node, { max = 256, is_line = true }, ctx, path)
  local problem = value and lua_pattern.check(value)
  if problem then
    return wrong(ctx, node, path, "a Lua pattern", problem)
  end
  return value
end

local CHECKS = {
  role = function() return nil end,
  caller_role = function(value)
    return value:find("^arn:") and "a name is wanted here; caller_accounts tells the account"
  end,
  account = function(value)
    local is_good = value:find("^[%d*?]+$") and (value:find("[*?]") or #value == 12)
    return not is_good and 'write 12 digits in quotes: "123456789012"'
  end,
}

function values.pattern(node, type, ctx, path)
  local value = string_or_wrong(ctx, node, path, type.what)
  value = value and values.text(node, { max = 512, is_line = true }, ctx, path)
  if not value then
    return nil
  elseif value:find("\\", 1, true) then
    ctx.problems:add(node, ("%s: %s holds a backslash"):format(path, text.quote(value)),
      "there is no escape in patterns: * is any run of characters but /, ? is one")
    return nil
  end
  local problem = type.check and CHECKS[type.check](value)
  if problem then
    return wrong(ctx, node, path, type.what, problem)
  end
  return value
end

-- A name of the policy's groups, or a pattern that fits at least one of them.
function values.group(node, _, ctx, path)
  local value = values.pattern(node, { what = "the name of a group" }, ctx, path)
  if not value or not ctx.group_names then
    return value
  end
  if ctx.has_group[value] then
    return value
  end
  for _, name in ipairs(value:find("[*?]") and ctx.group_names or {}) do
    if host.glob(value, name) then
      return value
    end
  end
  ctx.problems:add(node, ("unknown group %s%s"):format(text.quote(value),
    errors.did_you_mean(value, ctx.group_names)), errors.allowed(ctx.group_names))
  return nil
end

function values.refused(node, type, ctx, path)
  ctx.problems:add(node, ('"%s" %s'):format(path, type.reason), "remove the key")
  return nil
end

return values
