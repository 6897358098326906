--- Who gains and who loses access to a profile when one policy takes the place of another: for each
-- class of users that the two tell apart, and each rule that grants, one request that only one of
-- them allows, where there is one.
--
-- A policy is here {rules, groups, targets = list of {profile, roles} or nil, max_duration,
-- is_strict = no rule may be one for emergencies}: what its bundle binds is looked at as a rule
-- that denies all else.
local assumptions = require "sentinel.assumptions"
local difference = require "sentinel.difference"
local engine = require "sentinel.engine"
local formula = require "sentinel.formula"
local outcome = require "sentinel.outcome"
local search = require "sentinel.search"
local space = require "sentinel.space"
local ways = require "sentinel.ways"

local access = {}

local CHOICES_OF_ONE = 5000 -- of the budget for one rule and one class of users

--- The name of the rule that stands for the bundle's targets: no rule of a policy can have it.
access.TARGETS = "(targets)"

-- Targets ---------------------------------------------------------------------------------------

local function roles_for(targets, profile)
  local roles = {}
  for _, target in ipairs(targets) do
    if host.glob(target.profile, profile) then
      table.move(target.roles, 1, #target.roles, #roles + 1, roles)
    end
  end
  return roles
end

-- A rule that denies what the targets do not bind to the profile; nil without targets.
local function target_rule(policy, profile)
  local roles = policy.targets and roles_for(policy.targets, profile)
  if not roles then
    return nil
  end
  local bound = { { name = "roles", value = roles } }
  local rule = { name = access.TARGETS, effect = "deny", index = -1,
    conditions = #roles > 0 and { { name = "not", value = bound } } or {} }
  engine.compile_rule(rule, engine.new_context(policy.groups))
  return rule
end

-- Searching -------------------------------------------------------------------------------------

local methods = {}
methods.__index = methods

local function append(list, more)
  return table.move(more, 1, #more, #list + 1, list)
end

-- The lists joined, as one.
local function joined(...)
  local all = {}
  for _, list in ipairs { ... } do
    append(all, list)
  end
  return all
end

-- What can be met under these constraints, for the class: {[attribute] = number}, or nil.
function methods:solve(constraints)
  local chosen = { [self.users] = self.class.number }
  local part = search.part_of(self.budget, CHOICES_OF_ONE)
  local is_met = search.solve(constraints, chosen, part)
  search.give_back(part)
  return is_met and chosen or nil
end

local function is_granting(entry)
  return entry ~= nil and difference.outcomes(entry)[1].effect == "allow"
end

-- That the i-th of the entries decides, and allows.
local function allowing(entries, i)
  return joined(difference.first_to_decide(entries, i),
    difference.outcomes(entries[i])[1].constraints)
end

--- Whether a policy allows anything to the class, and by which rule.
function methods:find_way(entries)
  for i, entry in ipairs(entries) do
    if is_granting(entry) and self:solve(allowing(entries, i)) then
      return entry.rule
    end
  end
  return nil
end

-- How a rule that decides in the other policy may refuse.
local function refusals(entry)
  local out = {}
  for _, ending in ipairs(difference.outcomes(entry)) do
    if ending.effect ~= "allow" then
      out[#out + 1] = ending.constraints
    end
  end
  return out
end

-- By which rules the other policy may decide where mine decides by its i-th, if that makes any
-- difference: from, to. One more than it has rules: by none.
function methods:rivals(mine, other, i)
  if i <= self.prefix then
    return 1, 0
  elseif i > #mine - self.suffix then
    return self.prefix + 1, #other - self.suffix
  end
  return self.prefix + 1, #other + 1
end

-- A request that the i-th of mine allows and the other policy refuses, or nil.
function methods:find_refused(mine, other, i)
  local from, to = self:rivals(mine, other, i)
  local granted = from <= to and allowing(mine, i)
  if not granted or not self:solve(granted) then
    return nil
  end
  for k = from, to do
    local entry = other[k]
    local decided = joined(granted, difference.first_to_decide(other, entry and k))
    for _, refusal in ipairs(refusals(entry)) do
      local chosen = self:solve(joined(decided, refusal))
      if chosen then
        return chosen
      end
    end
  end
  return nil
end

-- How long a session is good by that rule of the policy, or by a reply; nil: no bound.
local function bound_of(rule, policy)
  local own, bound = outcome.life_of(rule), policy.max_duration
  return bound and math.min(own or bound, bound) or own
end

-- A request that both allow, by rules whose sessions differ in length, or nil.
function methods:find_longer(before, after, i)
  local parts = self.space.parts
  local most = bound_of(after[i].rule, parts[2].policy)
  local from, to = self:rivals(after, before, i)
  for k = from, to do
    local entry = before[k]
    if is_granting(entry) and bound_of(entry.rule, parts[1].policy) ~= most then
      local chosen = self:solve(joined(allowing(after, i), allowing(before, k)))
      if chosen then
        return chosen
      end
    end
  end
  return nil
end

-- Telling ---------------------------------------------------------------------------------------

-- What an evaluation came to: {effect, rule, error, max_duration}.
local function verdict_of(reply, policy)
  if reply.emergency and policy.is_strict then
    return { effect = "deny", rule = "", error = "policy_invalid" }
  elseif reply.rule == access.TARGETS then
    return { effect = "deny", rule = "", error = "target_mismatch" }
  end
  return { effect = reply.effect, rule = reply.rule, error = reply.error,
    max_duration = reply.effect ~= "deny" and bound_of(reply, policy) or nil }
end

-- The keys of the conditions that only code knows, by where they stand: {key = "before" | "after" |
-- "both"}.
local function places_of_code(own)
  local where = {}
  for i, side in ipairs { "before", "after" } do
    for _, entry in ipairs(own.parts[i].entries) do
      formula.each_condition(entry.rule.conditions, function(condition)
        local key = own.keys[condition]
        if key then
          where[key] = (where[key] or side) == side and side or "both"
        end
      end)
    end
  end
  return where
end

-- What the two decisions rest on: {condition, holds, where}.
local function tell_assumed(asked, assumed, where)
  local all = {}
  for _, side in ipairs { "before", "after" } do
    for key, condition in pairs(asked[side]) do
      all[key] = condition
    end
  end
  local told = assumptions.tell(all, assumed)
  for _, item in ipairs(told) do
    item.where = where[item.key]
  end
  return told
end

-- The engine has the last word: nil where it sees nothing of the kind.
function methods:change_for(member, chosen, kind)
  local own = self.space
  local request, assumed = own:request(chosen), space.assumed(chosen)
  request.user = member.value.fields.user
  local change = { profile = self.profile, user = member.label, request = request }
  local asked = {}
  for i, side in ipairs { "before", "after" } do
    local policy = own.parts[i].policy
    local reply
    reply, asked[side] = own:decide(policy, request, assumed)
    change[side] = verdict_of(reply, policy)
  end
  change.kind = kind(change.before, change.after)
  change.assumed = tell_assumed(asked, assumed, self.where)
  return change.kind and change
end

function methods:add(entry, chosen, kind)
  for _, member in ipairs(self.class.members) do
    local change = self:change_for(member, chosen, kind)
    if change then
      change.words = ways.tell(self.space, entry.rule, chosen)
      table.insert(self.found, change)
    end
  end
end

-- The kinds of changes, of two verdicts.
local function opening(other_rule)
  return function(before, after)
    return before.effect ~= "allow" and after.effect == "allow"
      and (other_rule and "more" or "gains") or nil
  end
end

local function closing(other_rule)
  return function(before, after)
    return before.effect == "allow" and after.effect ~= "allow"
      and (other_rule and "fewer" or "loses") or nil
  end
end

local function lasting(before, after)
  local old, new = before.max_duration, after.max_duration
  if before.effect ~= "allow" or after.effect ~= "allow" or old == new then
    return nil
  end
  return (not new or old and new > old) and "longer" or "shorter"
end

-- Adds what rules of mine allow, and the other policy does not.
function methods:add_granted(mine, other, kind_of)
  local kind
  for i, entry in ipairs(mine) do
    if not self.budget.may_go_on() then
      self.is_whole = false
      return
    end
    local chosen = is_granting(entry) and self:find_refused(mine, other, i)
    if chosen then
      kind = kind or kind_of(self:find_way(other))
      self:add(entry, chosen, kind)
    end
  end
end

function methods:add_lengths(before, after)
  for i, entry in ipairs(after) do
    if not self.budget.may_go_on() then
      self.is_whole = false
      return
    end
    local chosen = is_granting(entry) and self:find_longer(before, after, i)
    if chosen then
      self:add(entry, chosen, lasting)
    end
  end
end

function methods:look_at_class(class)
  local parts, chosen = self.space.parts, { [self.users] = class.number }
  local before = ways.entries_for(parts[1].entries, chosen)
  local after = ways.entries_for(parts[2].entries, chosen)
  local halves = difference.split(before, after, self.keys)
  self.class, self.prefix, self.suffix = class, #halves.prefix, #halves.suffix
  if #halves.before + #halves.after == 0 then
    return
  end
  self:add_granted(after, before, opening)
  self:add_granted(before, after, closing)
  self:add_lengths(before, after)
end

--- What changes for one profile.
-- @param sides {before, after}: policies
-- @param keys of difference.keys, of both
-- @param settings {time = seconds since 1970, is_ever}
-- @param budget {left = a number of choices, may_go_on() says whether there is fuel for more}
-- @return a list of {kind = "gains" | "loses" | "more" | "fewer" | "longer" | "shorter", profile,
-- user = who, in words, request, before and after = {effect, rule, error, max_duration}, assumed =
-- list of {condition, holds, where}, words = list of what else matters}; whether there are no
-- others; and the space, if one was made
function access.changes(sides, keys, profile, settings, budget)
  local narrowed, targets = {}, {}
  for i, policy in ipairs(sides) do
    targets[i] = { rules = { target_rule(policy, profile) } }
    narrowed[i] = setmetatable({
      rules = joined(targets[i].rules, space.rules_for(policy, profile)) }, { __index = policy })
  end
  local all_keys = setmetatable(difference.keys(targets[1], targets[2]), { __index = keys })
  local halves = difference.split(narrowed[1].rules, narrowed[2].rules, all_keys)
  if #halves.before + #halves.after == 0 then
    return {}, true
  end
  local own = space.new(narrowed, { time = settings.time, is_ever = settings.is_ever,
    profile = profile })
  local self = setmetatable({ space = own, users = own:attribute("user"), keys = all_keys,
    profile = profile, budget = budget, found = {}, is_whole = true,
    where = places_of_code(own) }, methods)
  self.users:make()
  for _, class in ipairs(ways.classes(self.users)) do
    self:look_at_class(class)
  end
  return self.found, self.is_whole and own.is_exact and not budget.is_spent, own
end

return access
