--- A policy in YAML to nodes (nodes.lua). libyaml reads it; what YAML itself may not have in a
-- policy (tags, second documents, too many aliases) is refused there.
local yaml_front = {}

--- @return the root and its place, or nil after the problem was told
function yaml_front.read(text, _, problems)
  local node, place = host.yaml(text)
  if not node then
    problems:add(place.place, place.message)
    return nil
  end
  return node, place
end

return yaml_front
