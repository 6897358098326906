--- The types of single values (schema.lua): each function is a reader of reader.lua.
local errors = require "sentinel.errors"
local nodes = require "sentinel.nodes"
local text = require "sentinel.text"

local values = {}

-- A text, or nil after the problem was told.
local function string_or_wrong(ctx, node, place, wanted)
  if node[1] == nil then
    return node
  end
  local word = nodes.word_of(node)
  return ctx:wrong(node, place, wanted, word and "write it in quotes: " .. text.quote(word))
end

function values.text(node, place, shape, ctx)
  local value = string_or_wrong(ctx, node, place, "text")
  if not value then
    return nil
  elseif value == "" and not shape.may_be_empty then
    return ctx:wrong(node, place, "a text that is not empty", "write one or remove the key")
  elseif #value > shape.max then
    return ctx:refuse(place, "%s has %d bytes; at most %d are allowed", nil, #value, shape.max)
  elseif shape.is_line and not host.utf8_printable(value) then
    return ctx:refuse(place,
      "%s holds a line break, a control character or bytes that are not UTF-8",
      "write it on one line")
  elseif not utf8.len(value) then
    return ctx:refuse(place, "%s is not valid UTF-8")
  end
  return value
end

function values.rule_name(node, place, _, ctx)
  local value = string_or_wrong(ctx, node, place, "text")
  if not value then
    return nil
  elseif #value > 64 or not value:find("^[%w._-]+$") then
    return ctx:wrong(node, place, "1 to 64 of the characters A-Z a-z 0-9 . _ -")
  end
  return value
end

function values.plugin_name(node, place, _, ctx)
  local value = nodes.string_of(node)
  if not value or #value > 32 or not value:find("^%l[%l%d_]*$") then
    return ctx:wrong(node, place, "a small letter, then small letters, digits and _, 32 at most")
  end
  return value
end

function values.plugin_version(node, place, _, ctx)
  local value = nodes.string_of(node)
  if not value or #value > 32 or not value:find("^%d+%.%d+%.%d+$") then
    return ctx:wrong(node, place, "three numbers with points between them", 'write "1.0.0"')
  end
  return value
end

function values.milliseconds(node, place, shape, ctx)
  local value = nodes.string_of(node)
  local number, unit = (value or ""):match("^(%d%d?%d?%d?)(m?s)$")
  local ms = number and tonumber(number) * (unit == "s" and 1000 or 1)
  if not ms or ms < 1 or ms > shape.max then
    return ctx:wrong(node, place, ("a time from 1ms to %dms"):format(shape.max), 'write "800ms"')
  end
  return ms
end

function values.version(node, place, _, ctx)
  if node == "1" or node[1] == "integer" and node[2] == "1" then
    return "1"
  end
  return ctx:wrong(node, place, '"1"', 'this program knows version "1" only')
end

function values.enum(node, place, shape, ctx)
  local value = string_or_wrong(ctx, node, place, "text")
  if not value then
    return nil
  end
  if shape.is_value[value] then
    return value
  end
  ctx.problems:add(place, ("unknown %s %s%s"):format(shape.what, text.quote(value),
    errors.did_you_mean(value, shape.values)), errors.allowed(shape.values))
  return nil
end

function values.boolean(node, place, _, ctx)
  local value = nodes.boolean_of(node)
  if value == nil then
    return ctx:wrong(node, place, "true or false")
  end
  return value
end

function values.only_true(node, place, _, ctx)
  if nodes.boolean_of(node) ~= true then
    return ctx:wrong(node, place, "true", "write true or remove the key")
  end
  return true
end

function values.integer(node, place, shape, ctx)
  local value = nodes.integer_of(node)
  if not value or value < shape.min or value > shape.max then
    return ctx:wrong(node, place, ("a whole number from %d to %d"):format(shape.min, shape.max))
  end
  return value
end

function values.duration(node, place, _, ctx)
  local value = nodes.string_of(node)
  local seconds = value and host.parse_duration(value)
  if not seconds or seconds < 1 then
    return ctx:wrong(node, place, "a duration", "write it as 90s, 30m or 1h30m")
  end
  return seconds
end

function values.clock(node, place, shape, ctx)
  local value = nodes.string_of(node)
  local minute = value and require("sentinel.time").parse_clock(value, shape.is_end)
  if not minute then
    return ctx:wrong(node, place, shape.is_end and "HH:MM from 00:00 to 23:59, or 24:00"
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

function values.zone(node, place, _, ctx)
  local value = string_or_wrong(ctx, node, place, "the name of a time zone")
  if not value then
    return nil
  elseif not is_zone_name(value) then
    return ctx:wrong(node, place, "the name of a time zone", "write it as America/New_York or UTC")
  end
  ctx.zones[#ctx.zones + 1] = { name = value, place = place }
  return value
end

function values.cidr(node, place, _, ctx)
  local value = string_or_wrong(ctx, node, place, "an address block")
  if not value then
    return nil
  end
  local block, message = require("sentinel.network").parse_block(value)
  if not block then
    return ctx:wrong(node, place, "an address block", message)
  end
  return block
end

function values.os_version(node, place, _, ctx)
  local value = string_or_wrong(ctx, node, place, "a version")
  if value and (#value > 32 or not require("sentinel.facts").is_version(value)) then
    return ctx:wrong(node, place, "a version", 'write numbers with points between them: "14.10.1"')
  end
  return value
end

local LUA_PATTERN = { max = 256, is_line = true }

function values.lua_pattern(node, place, _, ctx)
  local value = values.text(node, place, LUA_PATTERN, ctx)
  local problem = value and require("sentinel.lua_pattern").check(value)
  if problem then
    return ctx:wrong(node, place, "a Lua pattern", problem)
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

local PATTERN = { max = 512, is_line = true }

function values.pattern(node, place, shape, ctx)
  local value = node[1] == nil and node or string_or_wrong(ctx, node, place, shape.what)
  if value and (#value > 512 or not value:find("^[%w@._*?:/+=,-]+$")) then
    value = values.text(node, place, PATTERN, ctx) -- few patterns need so close a look
    if value and value:find("\\", 1, true) then
      return ctx:refuse(place, "%s: %s holds a backslash",
        "there is no escape in patterns: * is any run of characters but /, ? is one",
        text.quote(value))
    end
  end
  local problem = value and shape.check and CHECKS[shape.check](value)
  if problem then
    return ctx:wrong(node, place, shape.what, problem)
  end
  return value
end

local GROUP = { what = "the name of a group" }

-- A name of the policy's groups, or a pattern that fits at least one of them.
function values.group(node, place, _, ctx)
  local value = values.pattern(node, place, GROUP, ctx)
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
  ctx.problems:add(place, ("unknown group %s%s"):format(text.quote(value),
    errors.did_you_mean(value, ctx.group_names)), errors.allowed(ctx.group_names))
  return nil
end

function values.refused(_, place, shape, ctx)
  return ctx:refuse(place, '"%s" %s', "remove the key", shape.reason)
end

return values
