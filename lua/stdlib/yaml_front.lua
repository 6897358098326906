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

function yaml_front.read(text, _, problems)
  return yaml_front.read_some(text, nil, problems)
end

return yaml_front
