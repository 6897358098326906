--- The types of values that only tables of specs have (spec_table.lua): readers of reader.lua.
local nodes = require "sentinel.nodes"
local reader = require "sentinel.reader"

local types = {}

--- A value of any shape, as Lua has it.
function types.plain(node, place, _, ctx)
  local kind = node[1]
  if kind == nil then
    return node
  elseif kind == "boolean" then
    return nodes.boolean_of(node)
  elseif kind == "integer" or kind == "number" then
    return tonumber(node[2])
  elseif kind == "list" then
    local out = {}
    for i = nodes.FIRST, #node, nodes.STEP.list do
      out[#out + 1] = types.plain(node[i], node[i + 1], nil, ctx)
    end
    return out
  elseif kind == "map" then
    local out = {}
    for i = nodes.FIRST, #node, nodes.STEP.map do
      if out[node[i]] ~= nil then
        reader.duplicate_key(node[i], node[i + 1], node, ctx)
      end
      out[node[i]] = types.plain(node[i + 2], node[i + 3], nil, ctx)
    end
    return out
  end
  return ctx:wrong(node, place, "a value")
end

--- A mapping of such values; shape.hint is an example.
function types.plain_map(node, place, shape, ctx)
  if node[1] ~= "map" and not nodes.is_map(node) then
    return ctx:wrong(node, place, "a mapping", shape.hint)
  end
  return types.plain(node, place, nil, ctx)
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
  return value or ctx:wrong(node, place, "a duration", "write 3600 or 1h")
end

return types
