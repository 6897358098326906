--- Mutation testing (`sentinel test --mutate`): a policy with one small change, a mutant, should
-- fail some case. One that passes all shows what no case looks at.
--
-- A mutant widens access when the change lets a rule that grants hold for more requests, or one
-- that denies for fewer, or asks for less where it grants.
local engine = require "sentinel.engine"
local errors = require "sentinel.errors"
local mutants = require "sentinel.mutants"
local text = require "sentinel.text"

local mutation = {}

local MUTANTS_MAX = 5000

local GRANTS = { allow = true, require_approval = true, require_server = true,
  require_server_session = true }

-- Making ---------------------------------------------------------------------------------------

-- A mutant is {rule = number in the policy, or nil; text; widens; path of the condition that is
-- changed, or nil; is_outcome: it matters only where the rule decides; is_bound: only sessions'
-- lengths change; has_window: what is left of a window bounds them; is_failure: a condition of code
-- fails; make = function(policy) that returns the
-- rules of the changed one, and its groups where these are changed; make_plain: the same of
-- conditions that can be looked into, where they are others}.
local function add(self, mutant)
  if #self.mutants == MUTANTS_MAX then
    self.left_out = self.left_out + 1
    return
  end
  table.insert(self.mutants, mutant)
end

local function copy_of(rule)
  local out = {}
  for key, value in pairs(rule) do
    out[key] = value
  end
  out.sentences = nil -- made for the old one
  return out
end

-- The policy's rules with one changed: change(copy of it).
local function with_rule(number, change)
  return function(policy)
    local rules = table.move(policy.rules, 1, #policy.rules, 1, {})
    local rule = copy_of(rules[number])
    change(rule, policy)
    rules[number] = rule
    return rules
  end
end

local function recompile(rule, groups)
  engine.compile_rule(rule, engine.new_context(groups))
  mutants.install(rule.conditions)
end

local function change_conditions(edit, do_it)
  return function(rule, policy)
    rule.conditions = mutants.copy_conditions(rule.conditions)
    local list, where = rule, edit.where
    for i = 1, #where - 1 do
      list = list[where[i]]
    end
    do_it(list, where[#where])
    recompile(rule, policy.groups)
  end
end

local function add_conditions(self, number, rule)
  local sign = GRANTS[rule.effect] and 1 or -1
  for _, edit in ipairs(mutants.of_conditions(rule.conditions)) do
    add(self, { rule = number, text = edit.text, widens = edit.sense * sign > 0,
      path = edit.text:match("^(.-): "), is_failure = edit.text:find(": fails$") ~= nil,
      where = edit.where, make = with_rule(number, change_conditions(edit, edit.edit)),
      make_plain = edit.plain and with_rule(number, change_conditions(edit, edit.plain)) })
  end
end

local FLIPS = { deny = "allow", allow = "deny", require_approval = "allow",
  require_server = "allow", require_server_session = "allow" }

local function add_effect(self, number, rule)
  local flipped = FLIPS[rule.effect]
  add(self, { rule = number, text = ("effect: %s in the place of %s"):format(flipped, rule.effect),
    widens = flipped == "allow", is_outcome = flipped == "allow",
    make = with_rule(number, function(copy) copy.effect = flipped end) })
end

local function add_removal(self, number, rule)
  add(self, { rule = number, text = "removed", widens = not GRANTS[rule.effect],
    make = function(policy)
      local rules = table.move(policy.rules, 1, #policy.rules, 1, {})
      table.remove(rules, number)
      return rules
    end })
end

-- How much an effect gives.
local GIVES = { deny = 0, require_approval = 1, require_server = 1, require_server_session = 1,
  allow = 2 }

local function add_swap(self, number, rule, following)
  if not following or rule.effect == following.effect then
    return
  end
  add(self, { rule = number, text = "after rule " .. following.name,
    widens = GIVES[rule.effect] < GIVES[following.effect], make = function(policy)
      local rules = table.move(policy.rules, 1, #policy.rules, 1, {})
      rules[number], rules[number + 1] = rules[number + 1], rules[number]
      return rules
    end })
end

-- What a granting rule asks for, and what it bounds.
local function change_requirement(self, number, what, change)
  add(self, { rule = number, text = "require." .. what, widens = true, is_outcome = true,
    make = with_rule(number, function(copy)
      copy.require = mutants.copy(copy.require)
      change(copy.require)
      if not next(copy.require) then
        copy.require = nil
      end
    end) })
end

local function add_requirements(self, number, rule)
  local wanted, max_age = rule.require.justification, rule.require.mfa and rule.require.mfa.max_age
  if wanted then
    change_requirement(self, number, "justification: removed", function(copy)
      copy.justification = nil
    end)
  end
  if wanted and wanted.pattern then
    change_requirement(self, number, "justification: without pattern", function(copy)
      copy.justification.pattern = nil
      copy.justification.min_length = copy.justification.min_length or 1
    end)
  end
  if wanted and (wanted.min_length or 1) > 1 then
    change_requirement(self, number, ("justification: min_length %d"):format(
      wanted.min_length - 1), function(copy)
        copy.justification.min_length = wanted.min_length - 1
      end)
  end
  if max_age then
    change_requirement(self, number, "mfa: removed", function(copy) copy.mfa = nil end)
    change_requirement(self, number, "mfa: max_age " .. text.duration(max_age * 2),
      function(copy) copy.mfa.max_age = max_age * 2 end)
  end
end

local function add_bounds(self, number, rule)
  if rule["until"] then
    add(self, { rule = number, text = "until: removed", widens = true, is_outcome = true,
      is_bound = true, has_window = true, make = with_rule(number, function(copy)
        copy["until"] = nil
      end) })
  end
  if rule.lease then
    add(self, { rule = number, text = "lease: removed", widens = true, is_outcome = true,
      is_bound = true, make = with_rule(number, function(copy)
        copy.lease = nil
      end) })
  end
  for _, key in ipairs({ "max_duration", "max_server_duration", "lease" }) do
    local bound = rule[key]
    if bound then
      add(self, { rule = number, text = ("%s: %s"):format(key, text.duration(bound * 2)),
        widens = true, is_outcome = true, is_bound = true, has_window = rule["until"] ~= nil,
        make = with_rule(number, function(copy)
          copy[key] = bound * 2
        end) })
    end
  end
end

-- Adds to signs the signs with which a group makes the conditions hold: 1, or -1 below `not`.
local function find_signs(list, name, sign, signs)
  for _, condition in ipairs(list) do
    for _, pattern in ipairs(condition.name == "groups" and condition.value or {}) do
      if pattern == name or host.glob(pattern, name) then
        signs[sign] = true
      end
    end
    for _, branch in ipairs(condition.branches or {}) do
      find_signs(branch.value, name, sign, signs)
    end
    if condition.name == "not" then
      find_signs(condition.value, name, -sign, signs)
    end
  end
end

-- 1 when more members get more access, -1 when they get less, 0 when both; nil when no rule asks.
local function sign_of_group(policy, name)
  local signs = {}
  for _, rule in ipairs(policy.rules) do
    find_signs(rule.conditions, name, GRANTS[rule.effect] and 1 or -1, signs)
  end
  if signs[1] and signs[-1] then
    return 0
  end
  return signs[1] and 1 or signs[-1] and -1 or nil
end

local function add_groups(self, policy)
  for _, name in ipairs(text.sorted_keys(policy.groups or {})) do
    local sign = sign_of_group(policy, name)
    for _, edit in ipairs(sign and mutants.of_patterns(policy.groups[name]) or {}) do
      add(self, { text = ("group %s: %s"):format(name, edit.text), widens = edit.sense * sign > 0,
        make = function()
          local groups, rules = mutants.copy(policy.groups), {}
          edit.edit(groups[name])
          for i, rule in ipairs(policy.rules) do
            rules[i] = copy_of(rule)
            rules[i].conditions = mutants.copy_conditions(rule.conditions)
            recompile(rules[i], groups)
          end
          return rules, groups
        end })
    end
  end
end

local function add_rule(self, number, rule, following)
  add_effect(self, number, rule)
  add_removal(self, number, rule)
  add_swap(self, number, rule, following)
  add_conditions(self, number, rule)
  if GRANTS[rule.effect] then
    add_bounds(self, number, rule)
    if rule.require then
      add_requirements(self, number, rule)
    end
  end
end

--- All mutants of a policy that was compiled; always the same ones in the same order.
-- @param targets of its bundle, {{profile, roles}, ...}, or nil
function mutation.new(policy, targets)
  local self = { policy = policy, targets = targets, mutants = {}, left_out = 0 }
  add_groups(self, policy)
  for number, rule in ipairs(policy.rules) do
    add_rule(self, number, rule, policy.rules[number + 1])
  end
  return self
end

--- The mutant as a policy of its own. is_plain: made of conditions that can be looked into.
function mutation.make(self, mutant, is_plain)
  local rules, groups = (is_plain and mutant.make_plain or mutant.make)(self.policy)
  for i, rule in ipairs(rules) do
    if rule.index ~= i - 1 then
      rules[i] = copy_of(rule)
      rules[i].index = i - 1
    end
  end
  return { rules = rules, groups = groups or self.policy.groups, version = self.policy.version }
end

--- [{"rule","line","change","widens"}]; the rule is "" for a change to a group.
function mutation.encode(self)
  local parts = {}
  for i, mutant in ipairs(self.mutants) do
    local rule = mutant.rule and self.policy.rules[mutant.rule]
    parts[i] = ('{"rule":%s,"line":%d,"change":%s,"widens":%s}'):format(
      host.json_text(rule and rule.name or ""), rule and errors.line_of(rule.place) or 1,
      host.json_text(text.cut(mutant.text, 200)), tostring(mutant.widens))
  end
  return "[" .. table.concat(parts, ",") .. "]"
end

-- Killing --------------------------------------------------------------------------------------

-- The place in a rule's list of the condition that a path begins with; nil where that is not clear.
local function position(rule, path)
  for i, condition in ipairs(rule.conditions) do
    if condition.path == path or (condition.value and not condition.plugin
      and path:find(condition.path, 1, true) == 1
      and path:find("^[.%[]", #condition.path + 1)) then
      return i
    end
  end
  return nil
end

--- Sees how far each case comes: which rules it comes to, and what they fail on. What lies behind
-- that cannot matter to it.
local observer = {}
observer.__index = observer

function observer.start() -- nothing is kept of rounds that went on to ask for more
end

function observer:take(decision)
  local failed, is_sure = {}, {}
  for _, entry in ipairs(decision.trace) do
    if not entry.matched then
      failed[entry.rule] = entry.condition and entry.condition.path or entry.failed or ""
      is_sure[entry.rule] = entry.condition and entry.condition.path and entry.got ~= "unknown"
        and not entry.condition.plugin
    end
  end
  if decision.error then
    local key = ("%s %s %s"):format(decision.error, decision.rule, decision.failed_condition)
    self.errors[key] = true
  end
  table.insert(self.current, { last = decision.rule_index >= 0 and decision.rule_index + 1
    or math.huge, failed = failed, is_sure = is_sure })
end

function mutation.new_observer()
  return setmetatable({ cases = {}, current = {}, errors = {} }, observer)
end

function mutation.begin_case(of, number)
  of.current = {}
  of.cases[number] = of.current
end

-- How likely a decision is to be another one for the mutant: 1 is most; nil when it cannot be.
local function rank_decision(decision, mutant, rule)
  local is_last = not rule or decision.last == mutant.rule
  local failed = rule and decision.failed[rule.name]
  if rule and decision.last < mutant.rule or mutant.is_outcome and not is_last then
    return nil
  elseif mutant.path and failed == mutant.path then
    return 1
  elseif mutant.position and failed and decision.is_sure[rule.name]
    and (position(rule, failed) or math.huge) < mutant.position then
    return nil
  end
  return is_last and 2 or 3
end

local function rank(seen, mutant, rule)
  local best = nil
  for _, decision in ipairs(seen) do
    local own = rank_decision(decision, mutant, rule)
    best = own and math.min(best or own, own) or best
  end
  return best
end

--- The numbers of the cases that may fail for the mutant, those first that are most likely to.
function mutation.order(self, mutant, of, numbers)
  local by_rank, rule = { {}, {}, {} }, mutant.rule and self.policy.rules[mutant.rule]
  mutant.position = mutant.path and position(rule, mutant.path)
  for _, number in ipairs(numbers) do
    local own = rank(of.cases[number], mutant, rule)
    if own then
      table.insert(by_rank[own], number)
    end
  end
  local out = by_rank[1]
  for i = 2, 3 do
    table.move(by_rank[i], 1, #by_rank[i], #out + 1, out)
  end
  return out
end

-- Telling apart --------------------------------------------------------------------------------

local CHOICES_MAX = 20000
local FROM = "2026-01-01T00:00:00Z" -- instants are those of the year that follows

local function is_other_length(a, b)
  return a.effect == "allow" and b.effect == "allow"
    and (a.max_duration ~= b.max_duration or a.lease ~= b.lease)
end

--- The condition that a mutant changes.
function mutation.condition_of(self, mutant)
  local node = self.policy.rules[mutant.rule]
  for _, key in ipairs(mutant.where) do
    node = node[key]
  end
  return node
end

-- A policy with a rule before all others that denies what the bundle's targets do not bind, or the
-- policy itself where there are none.
local function below(targets, policy)
  if not targets then
    return policy
  end
  local bound = {}
  for i, target in ipairs(targets) do
    bound[i] = { { name = "profiles", value = { target.profile } },
      { name = "roles", value = target.roles } }
  end
  local rule = { name = "(targets)", effect = "deny", index = -1,
    conditions = { { name = "not", value = { { name = "any", value = bound } } } } }
  engine.compile_rule(rule, engine.new_context(policy.groups))
  return { rules = table.move(policy.rules, 1, #policy.rules, 2, { rule }), groups = policy.groups,
    version = policy.version }
end

--- A request on which the policy and the mutant differ.
-- @return as difference.find
function mutation.tell_apart(self, mutant)
  local before = below(self.targets, self.policy)
  local after = below(self.targets, mutation.make(self, mutant, true))
  local request, rest, asked = require("sentinel.difference").find(before, after,
    { time = host.parse_time(FROM), is_ever = true },
    { left = CHOICES_MAX }, mutant.is_bound and is_other_length or nil)
  if not request and (mutant.is_failure or mutant.has_window) then
    -- That it might as well not hold is not that it might as well fail; and how much of a window is
    -- left is another length at every moment, of which few are tried.
    return nil, false
  end
  return request, rest, asked
end

return mutation
