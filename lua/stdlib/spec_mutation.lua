--- Mutation testing of a spec (`sentinel test --mutate`): its cases on each mutant of its policy.
local flow = require "sentinel.flow"
local mutation = require "sentinel.mutation"
local spec_mock = require "sentinel.spec_mock"
local spec_runner = require "sentinel.spec_runner"
local suggestion = require "sentinel.suggestion"
local text = require "sentinel.text"

local spec_mutation = {}

-- A case and a decision of it; fuel ends first, on slow machines too.
local CASE_FUEL, CASE_MS = 20000000, 10000

-- The numbers of the cases with the policy that tell mutants apart: those that pass, and pass again
-- after all others. What they come to is seen on the way.
local function find_usable(self, policy_name, observer)
  local usable, is_odd = {}, {}
  for pass = 1, 2 do
    for number, case in ipairs(self.cases) do
      if (case.policy or "") == policy_name and (case.body or case.is_row) then
        mutation.begin_case(observer, number)
        is_odd[number] = not spec_runner.try(self, number - 1) or is_odd[number]
        if pass == 2 and not is_odd[number] then
          usable[#usable + 1] = number
        end
      end
    end
  end
  return usable
end

--- Makes the mutants of the policy.
-- @param policy_name what the cases call it; "" for the default one
-- @return {"ok":true,"mutants":[...],"left_out":n}
function spec_mutation.mutate(self, policy_name)
  self.is_mutated = true -- what decisions spend is of the whole
  self.observer = mutation.new_observer()
  self.usable = find_usable(self, policy_name, self.observer)
  self.seen, self.observer = self.observer, nil
  self.mutation = mutation.new(self.named_policy, self.targets)
  return ('{"ok":true,"mutants":%s,"left_out":%d}'):format(mutation.encode(self.mutation),
    self.mutation.left_out)
end

-- The decision of the policy itself, with these mocks.
local function decider(self)
  return function(request, mocks)
    self.policy = self.named_policy
    spec_mock.reset(self.mocks)
    self:lay_mocks(mocks or {})
    return (self:decide_on(request, "evaluate"))
  end
end

-- Cases that are missing, each a list of lines.
local function suggest(self, mutant, is_killed, request, assumed)
  local rule = self.named_policy.rules[mutant.rule]
  if mutant.is_failure and mutation.condition_of(self.mutation, mutant).plugin then
    local condition = mutation.condition_of(self.mutation, mutant)
    return suggestion.failures(request, assumed, condition, rule.name, function(class)
      return self.seen.errors[("%s %s %s"):format(class, rule.name, condition.path)]
    end, decider(self))
  elseif is_killed then
    return {}
  end
  local is_done, case = host.pcall(suggestion.case, request, assumed, {
    name = (rule and rule.name .. ": " or "") .. mutant.text, rule = rule and rule.name,
    has_length = mutant.is_bound, is_edge = mutant.text:find("time: hours: ", 1, true) ~= nil,
  }, decider(self))
  return is_done and { case } or {}
end

-- What is known of a mutant, beside whether a case fails for it.
local function encode_fate(self, mutant, is_killed)
  local request, rest, asked
  if not is_killed or mutant.is_failure then
    request, rest, asked = mutation.tell_apart(self.mutation, mutant)
  end
  if not request then
    return ('{"killed":%s,"equivalent":%s}'):format(tostring(is_killed),
      tostring(not is_killed and rest))
  end
  local words = {}
  for i, assumption in ipairs(rest) do
    assumption.of = asked[assumption.key]
    words[i] = assumption.condition .. (assumption.holds and " holds" or " does not hold")
  end
  return flow.json {
    killed = is_killed, equivalent = false, request = request, shown = suggestion.show(request),
    assumed = text.cut(table.concat(words, ", "), 1000),
    cases = suggest(self, mutant, is_killed, request, rest),
  }
end

-- With what a case has; one that does not end any more has seen the mutant.
local function passes(self, number)
  local how, is_done = host.run_limited(CASE_FUEL, CASE_MS, spec_runner.try, self, number)
  return how == "done" and is_done
end

--- Runs the cases that may fail for a mutant, counted from 0, until one does.
-- @return {"killed","equivalent"}; where the two can be told apart "request", "shown", "assumed"
-- and "cases", too
function spec_mutation.run_mutant(self, number)
  local mutant = self.mutation.mutants[number + 1]
  self.policy = mutation.make(self.mutation, mutant)
  for _, case in ipairs(mutation.order(self.mutation, mutant, self.seen, self.usable)) do
    if not passes(self, case - 1) then
      return encode_fate(self, mutant, true)
    end
  end
  self.has_survived = true
  return encode_fate(self, mutant, false)
end

--- The answer when all fuel or memory ends meanwhile: a case that takes it has seen the mutant, but
-- what tells a survivor apart may just be hard to find.
function spec_mutation.encode_spent(self)
  return ('{"killed":%s,"equivalent":false}'):format(tostring(not self.has_survived))
end

return spec_mutation
