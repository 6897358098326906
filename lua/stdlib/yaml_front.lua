--- A policy in YAML to nodes (nodes.lua). libyaml reads it; what YAML itself may not have in a
-- policy (tags, second documents, too many aliases) is refused there.
local yaml_front = {}

--- @param nodes_max how many values the text may have; nil for what a policy may have
-- @return the root and its place, or nil after the problem was told
function yaml_front.read_some(text, nodes_max, problems)
  local node, place = host.yaml(text, nodes_max)
  if not node then
    problems:add(place.place, place.message)
    return nil
  end
  return node, place
end

--- Whether a text that is refused as YAML was meant to be Lua, by how its first line begins.
function yaml_front.looks_like_lua(text)
  local first = text:match("^%s*([^\n]*)")
  return first:find("^%-%-[^%-]") ~= nil or first:find("^local%s") ~= nil
    or first:find("^return[%s{(]") ~= nil
end

function yaml_front.read(text, _, problems)
  return yaml_front.read_some(text, nil, problems)
end

return yaml_front
