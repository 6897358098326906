--- The types of values that only tables of specs have (spec_table.lua): readers of reader.lua.
local nodes = require "sentinel.nodes"
local reader = require "sentinel.reader"
local values = require "sentinel.values"

local types = {}

--- In the place of a null at the top of a request: what lies under it does not count.
types.NULL = {}

local plain

-- The items of a list; a null is absent, as in answers that the core reads.
local function plain_list(node, shape, ctx)
  local out, depth = {}, ctx.depth + 1
  for i = nodes.FIRST, #node, nodes.STEP.list do
    ctx.path[depth], ctx.depth = i // nodes.STEP.list - 1, depth
    out[#out + 1] = plain(node[i], node[i + 1], shape, ctx)
  end
  ctx.depth = depth - 1
  return out
end

local function plain_pairs(node, shape, ctx)
  local out, seen, depth = {}, {}, ctx.depth + 1
  for i = nodes.FIRST, #node, nodes.STEP.map do
    local key = node[i]
    if seen[key] then
      reader.duplicate_key(key, node[i + 1], node, ctx)
    end
    ctx.path[depth], ctx.depth, seen[key] = key, depth, true
    out[key] = plain(node[i + 2], node[i + 3], shape, ctx)
  end
  ctx.depth = depth - 1
  return out
end

function plain(node, place, shape, ctx)
  local kind = node[1]
  if kind == nil then
    return node
  elseif kind == "boolean" then
    return nodes.boolean_of(node)
  elseif kind == "integer" or kind == "number" then
    return tonumber(node[2])
  elseif kind == "list" then
    return plain_list(node, shape, ctx)
  elseif kind == "map" then
    return plain_pairs(node, shape, ctx)
  elseif kind == "null" and shape.may_be_null then
    return nil
  end
  return ctx:wrong(node, place, "a value", "write one or remove the key")
end

--- A value of any shape, as Lua has it.
types.plain = plain

--- A mapping of such values; shape.hint is an example.
function types.plain_map(node, place, shape, ctx)
  if node[1] ~= "map" and not nodes.is_map(node) then
    return ctx:wrong(node, place, "a mapping", shape.hint)
  end
  return plain(node, place, shape, ctx)
end

--- The mapping of a request. Nulls are unknown facts: types.NULL at its top, absent below.
function types.request(node, place, shape, ctx)
  local out = types.plain_map(node, place, { may_be_null = true, hint = shape.hint }, ctx)
  for i = nodes.FIRST, out and #node or 0, nodes.STEP.map do
    if node[i + 2][1] == "null" then
      out[node[i]] = types.NULL
    end
  end
  return out
end

--- What a mocked plugin comes to: true, false, "error" or "timeout".
function types.mocked(node, place, _, ctx)
  local word = nodes.string_of(node)
  if node[1] == "boolean" then
    return nodes.boolean_of(node)
  elseif word ~= "error" and word ~= "timeout" then
    return ctx:wrong(node, place, "true, false, error or timeout")
  end
  return word
end

--- A text, or a Lua pattern between slashes.
function types.reason(node, place, shape, ctx)
  local value = values.text(node, place, shape, ctx)
  local pattern = value and value:match("^/(.*)/$")
  local problem = pattern and require("sentinel.lua_pattern").check(pattern)
  if problem then
    return ctx:wrong(node, place, "a text, or a Lua pattern between slashes", problem)
  end
  return value
end

--- An RFC 3339 time, as text.
function types.instant(node, place, _, ctx)
  local value = nodes.string_of(node)
  if not value or not host.parse_time(value) then
    return ctx:wrong(node, place, "a time", "write it as 2026-01-14T10:30:00-05:00")
  end
  return value
end

--- Seconds, or a duration.
function types.seconds(node, place, _, ctx)
  local value = nodes.integer_of(node)
    or (nodes.string_of(node) and host.parse_duration(node))
  return value and value >= 0 and value or ctx:wrong(node, place, "a duration", "write 3600 or 1h")
end

return types
