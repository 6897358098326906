--- Which rules matched and which conditions were seen true and false, from the evaluations
-- themselves. Only specs are observed: production code has no hook for it.
local errors = require "sentinel.errors"

local coverage = {}

local POINTS_MAX = 5000
local TRUE <const>, FALSE <const> = 1, 2

local methods = {}
methods.__index = methods

function methods:mark(point, verdict)
  if point and (verdict == true or verdict == false) then
    self.seen[point] = self.seen[point] | (verdict and TRUE or FALSE)
  end
end

function methods:add_point(rule, path)
  if #self.points == POINTS_MAX then
    return nil
  end
  local line = rule and rule.place and errors.line_of(rule.place) or 1
  table.insert(self.points, { rule = rule and rule.name or "", condition = path, line = line })
  self.seen[#self.points] = 0
  return #self.points
end

-- Conditions tell what they came to as they are evaluated, branches included.
function methods:observe(list, rule)
  for _, condition in ipairs(list) do
    local point, evaluate = self:add_point(rule, condition.path), condition.evaluate
    condition.evaluate = function(of, request, run)
      local verdict, got, part, last = evaluate(of, request, run)
      self:mark(point, verdict)
      return verdict, got, part, last
    end
    for _, branch in ipairs(condition.branches or {}) do
      self:observe(branch.value, rule)
    end
    if condition.name == "not" then
      self:observe(condition.value, rule)
    end
  end
end

--- Observes a policy that engine.compile made ready. The points are the default denial, then each
-- rule with its conditions in their order; at most 5,000.
function coverage.new(policy)
  local self = setmetatable({ points = {}, seen = {}, rules = {} }, methods)
  self:add_point(nil, nil)
  for _, rule in ipairs(policy.rules) do
    self.rules[rule.name] = self:add_point(rule, nil)
    self:observe(rule.conditions, rule)
  end
  return self
end

--- Takes what the trace of a decision tells of rules.
function methods:take(decision)
  for _, entry in ipairs(decision.trace or {}) do
    self:mark(self.rules[entry.rule], entry.matched == true)
  end
  self:mark(1, decision.rule == "")
end

--- [{"rule","condition","line"}], the condition null for a rule itself.
function methods:encode_points()
  local parts = {}
  for i, point in ipairs(self.points) do
    parts[i] = ('{"rule":%s,"condition":%s,"line":%d}'):format(host.json_text(point.rule),
      point.condition and host.json_text(point.condition:sub(1, 200)) or "null", point.line)
  end
  return "[" .. table.concat(parts, ",") .. "]"
end

--- A digit for each point: 1 for true, 2 for false, 3 for both.
function methods:encode_seen()
  return table.concat(self.seen)
end

return coverage
