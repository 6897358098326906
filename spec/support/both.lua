--- A policy of policies/ in both forms: every decision is made by both, and has to be the same.
local evaluator = require "spec.support.evaluator"

local both = {}

local function load(kind, name)
  local text = assert(evaluator.read_file(("%s/policies/%s.%s"):format(evaluator.root, name, kind)))
  local policy, problems = evaluator.load(kind, text, { name = name .. "." .. kind })
  return assert(policy, problems
    and ("%s:%d: %s"):format(name, problems[1].line, problems[1].message))
end

function both.load(name)
  return { yaml = load("yaml", name), lua = load("lua", name) }
end

--- The decision, or an error when the two forms differ.
function both.decide(policy, request)
  local decision, _, first = evaluator.decide(policy.yaml, request)
  local _, _, second = evaluator.decide(policy.lua, request)
  if first ~= second then
    error("YAML and Lua differ:\n" .. first .. "\n" .. second, 2)
  end
  return decision
end

function both.close(policy)
  policy.yaml.state:close()
  policy.lua.state:close()
end

return both
