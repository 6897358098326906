--- A policy in YAML to a tree of nodes (nodes.lua). libyaml reads it; what YAML itself may not have
-- in a policy (tags, second documents, duplicate keys, too many aliases) is refused there.
local yaml_front = {}

--- @return the root node, or nil after the problem was told
function yaml_front.read(text, _, problems)
  local node, problem = host.yaml(text)
  if not node then
    problems:add(problem, problem.message)
  end
  return node
end

return yaml_front
