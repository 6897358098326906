--- Conditions that only code knows, plugins and functions of policy, in a space of requests: what
-- they come to is assumed, not asked. A policy is left as it is for every run that assumes nothing.
local engine = require "sentinel.engine"
local text = require "sentinel.text"

local assumptions = {}

-- A plugin that lacks a field of the request is unknown (plugins.lua), whatever is assumed.
local function lacks_field(condition, request)
  for _, name in ipairs(condition.plugin and condition.plugin.request or {}) do
    if request[name] == nil then
      return true
    end
  end
  return false
end

--- Lets a condition that only code knows come to what its run assumes, where it assumes something.
function assumptions.observe(condition)
  if condition.is_observed then
    return
  end
  local evaluate = condition.evaluate
  condition.is_observed = true
  condition.evaluate = function(of, run)
    local key = run.assumed and run.keys[of]
    if not key then
      return evaluate(of, run)
    elseif lacks_field(of, run.request) then
      return nil, of, nil, "a field is not known"
    end
    run.asked[key] = of
    return run.assumed[key] == true, of, nil, "assumed"
  end
end

--- The engine's decision on a request where such conditions come to what is assumed; what is not
-- assumed does not hold.
-- @param assumed {key = true or false}
-- @param keys {condition = key}
-- @return the reply, and the conditions that were asked by their keys
function assumptions.decide(policy, request, assumed, keys)
  local run = engine.new_run(request)
  run.assumed, run.keys, run.asked = assumed, keys, {}
  return engine.decide(policy, run), run.asked
end

-- `check:label`, `function@prod.lua:46`, `oncall schedule payments`
local function tell(condition)
  if condition.plugin then
    local value = require("sentinel.plugins").describe_condition(condition)
    return next(condition.value) and condition.name .. " " .. value or condition.name
  end
  return condition.label and "check:" .. condition.label or condition.path:match("function@.*$")
end

--- What a decision rests on beside the request, for people: a list of {condition, holds, key}.
-- @param asked as assumptions.decide returns it
function assumptions.tell(asked, assumed)
  local list = {}
  for key, condition in pairs(asked) do
    list[#list + 1] = { condition = text.cut(tell(condition)), holds = assumed[key] == true,
      key = key }
  end
  table.sort(list, function(a, b)
    return a.condition < b.condition or (a.condition == b.condition and a.key < b.key)
  end)
  return list
end

return assumptions
