--- The types of plugin_schema.lua that a policy does not have: readers of reader.lua.
local errors = require "sentinel.errors"
local nodes = require "sentinel.nodes"
local reader = require "sentinel.reader"
local text = require "sentinel.text"

local types = {}

local function check_name(name, place, shape, ctx)
  if #name > shape.max or not name:find(shape.name) then
    ctx.problems:add(place, ("%s cannot be the name of %s"):format(text.quote(name), shape.what),
      "a small letter, then letters, digits and _")
  end
end

--- A map with names of the author's own: {name = value}.
function types.named(node, place, shape, ctx)
  if node[1] == "empty" then
    return {}
  elseif not reader.is_plain_map(node, place, shape, ctx) then
    return nil
  end
  local out, depth = {}, ctx.depth + 1
  for i = nodes.FIRST, #node, nodes.STEP.map do
    local name = node[i]
    check_name(name, node[i + 1], shape, ctx)
    if out[name] ~= nil then
      reader.duplicate_key(name, node[i + 1], node, ctx)
    else
      ctx.path[depth], ctx.depth = name, depth
      out[name] = reader.read_value(node[i + 2], node[i + 3], shape.of, ctx)
    end
  end
  ctx.depth = depth - 1
  return out
end

--- The arguments of a condition: a map, or `true` where the plugin needs none.
function types.arguments(node, place, shape, ctx)
  if shape.may_be_true and nodes.boolean_of(node) == true then
    return {}
  elseif #shape.of.keys == 0 then
    return ctx:wrong(node, place, "true", errors.allowed { "true" })
  end
  return reader.read_value(node, place, shape.of, ctx)
end

return types
