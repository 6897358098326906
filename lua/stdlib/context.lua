--- Where reader.lua is while it reads a policy: the path to the node, for messages only.
--
-- A path begins below the rule, and is kept as a list of names and indices: most paths are never
-- told. Readers of maps and lists write `path[depth]` themselves.
local nodes = require "sentinel.nodes"
local text = require "sentinel.text"

local context = {}

local methods = {}
methods.__index = methods

--- Beside the path: zones {name, place} that the policy names, its groups, the line of every rule.
-- @param what the whole, for messages: "the policy"
function context.new(problems, what)
  return setmetatable({
    problems = problems, what = what or "the policy", path = {}, depth = 0, nesting = 0,
    zones = {}, named_rules = {},
  }, methods)
end

--- The value and the place of a map's key, or nil.
function context.find(node, key)
  if nodes.STEP[node[1]] == nodes.STEP.map then
    for i = nodes.FIRST, #node, nodes.STEP.map do
      if node[i] == key then
        return node[i + 2], node[i + 3], node[i + 1]
      end
    end
  end
  return nil
end

--- The condition of that name in a list of conditions, or nil.
function context.find_condition(list, name)
  for i = 1, #list do
    if list[i].name == name then
      return list[i]
    end
  end
  return nil
end

-- `rule "prod"`, or `rules[3]` while the name is not known.
local function label_of_rule(rule, index)
  local name = context.find(rule, "name")
  name = name and nodes.string_of(name)
  return name and "rule " .. text.quote(name) or ("rules[%d]"):format(index)
end

--- `time.hours`, `any[1].mfa`; at its beginning `rule "prod"` or what is read.
function methods:where()
  if self.depth == 0 then
    return self.rule and label_of_rule(self.rule, self.rule_index) or self.what
  end
  local out = ""
  for i = 1, self.depth do
    local part = self.path[i]
    if math.type(part) == "integer" then
      out = ("%s[%d]"):format(out, part)
    else
      out = text.path(out, part)
    end
  end
  return out
end

--- `message` is a format; the first thing in it is the path.
function methods:refuse(place, message, hint, ...)
  self.problems:add(place, message:format(self:where(), ...), hint)
  return nil
end

--- "time.hours has to be a mapping, not a list"
function methods:wrong(node, place, wanted, hint)
  return self:refuse(place, "%s has to be %s, not %s", hint, wanted, nodes.found(node))
end

return context
