--- `sentinel policy lint`: what is valid and still is hardly meant.
--
-- The answer is {"problems":[{check, rule, file, line, message}],"left_out":n,"complete":bool}.
-- When fuel or memory run out it is made of what was found: lint.finish may be called at any time.
local emergency = require "sentinel.lint_emergency"
local errors = require "sentinel.errors"
local formula = require "sentinel.formula"
local names = require "sentinel.lint_names"
local overlap = require "sentinel.overlap"
local pairwise = require "sentinel.lint_pairs"
local requirements = require "sentinel.lint_require"
local single = require "sentinel.lint_rules"
local text = require "sentinel.text"

local lint = {}

-- A fuller report would not fit its frame, and nobody reads it.
local PROBLEMS_MAX = 500
local BYTES_MAX = 200000

-- What is kept for writing the answer, and for the step that is being made.
local FUEL_KEPT = 2000000

-- Those that are more than advice; they are told first when not all can be.
local IS_ERROR = {
  ["unreachable-rule"] = true, ["allow-before-deny"] = true, ["dead-deny"] = true,
  ["emergency-depends-on-fact"] = true,
}

--- @param files of errors.new: the policy's files by number
function lint.new(policy, files)
  return { policy = policy, files = files, errors = {}, advice = {}, count = 0,
    is_complete = false }
end

-- The message says what is with the rule; its name comes before that.
local function add(self, check, rule, message)
  local list = IS_ERROR[check] and self.errors or self.advice
  self.count = self.count + 1
  if #list == PROBLEMS_MAX then
    return
  end
  local file, line = errors.file_of(rule.place), errors.line_of(rule.place)
  list[#list + 1] = {
    order = rule.index, number = self.count,
    json = ('{"check":"%s","rule":%s,"file":%s,"line":%d,"message":%s}'):format(check,
      host.json_text(rule.name), host.json_text(self.files[file] or self.files[0]), line,
      host.json_text(text.cut(("rule %s %s"):format(text.quote(rule.name), message), 480))),
  }
end

local function has_fuel()
  return host.fuel_left() > FUEL_KEPT
end

local function check_all(self, facts)
  local ctx = formula.context(self.policy.groups)
  local rules, memory = {}, single.new_memory()
  local function report(check, prepared, message)
    add(self, check, prepared.rule, message)
  end
  for number, rule in ipairs(self.policy.rules) do
    if not has_fuel() then
      return false
    end
    rules[number] = overlap.prepare(rule, number, ctx)
    single.check(rules[number], facts, memory, report)
    requirements.check(rules[number], report)
    names.check(rules[number], report)
  end
  local is_done = emergency.check(rules, report, has_fuel)
  return pairwise.check(rules, report, has_fuel) and is_done
end

--- Looks at the whole policy.
-- @param facts of the bundle, see lint_rules.lua
function lint.run(self, facts)
  self.is_complete = check_all(self, facts)
end

local function is_before(a, b)
  if a.order ~= b.order then
    return a.order < b.order
  end
  return a.number < b.number
end

-- The problems that fit, errors before advice, in the order of the rules.
local function choose(self)
  local chosen, bytes = {}, 0
  for _, list in ipairs { self.errors, self.advice } do
    for _, problem in ipairs(list) do
      if #chosen < PROBLEMS_MAX and bytes + #problem.json < BYTES_MAX then
        chosen[#chosen + 1] = problem
        bytes = bytes + #problem.json + 1
      end
    end
  end
  table.sort(chosen, is_before)
  return chosen
end

--- The answer, from what was found until now.
function lint.finish(self)
  local chosen, parts = choose(self), {}
  for i, problem in ipairs(chosen) do
    parts[i] = problem.json
  end
  return ('{"problems":[%s],"left_out":%d,"complete":%s}'):format(table.concat(parts, ","),
    self.count - #chosen, tostring(self.is_complete))
end

return lint
