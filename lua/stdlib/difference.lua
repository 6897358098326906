--- A request that two policies decide differently, or the proof that there is none: the search
-- begins with the rules in which the policies differ, which have to decide in one of them.
local assumptions = require "sentinel.assumptions"
local formula = require "sentinel.formula"
local match = require "sentinel.match"
local search = require "sentinel.search"
local space = require "sentinel.space"
local ways = require "sentinel.ways"

local difference = {}

local TRUE <const>, NOT_TRUE <const> = search.TRUE, search.FALSE | search.UNKNOWN

-- Rules -------------------------------------------------------------------------------------------

local BOUNDS = { "name", "effect", "max_duration", "max_server_duration", "session_table",
  "lease", "until", "emergency", "is_void" }

local function names_groups(list)
  local does = false
  formula.each_condition(list, function(condition)
    does = does or condition.name == "groups"
  end)
  return does
end

-- The same text for rules that decide the same.
local function key_of(rule, ctx)
  local parts = {}
  for i, name in ipairs(BOUNDS) do
    parts[i] = tostring(rule[name])
  end
  parts[#parts + 1] = formula.key({ { name = "require", value = rule.require or {} } }, ctx)
  parts[#parts + 1] = formula.key(rule.conditions, ctx)
  if names_groups(rule.conditions) then
    parts[#parts + 1] = ctx.groups_key
  end
  return table.concat(parts, "\n")
end

--- The keys of both policies' rules: the same for rules that decide the same.
function difference.keys(before, after)
  local keys, functions = {}, formula.context(nil)
  for _, policy in ipairs { before, after } do
    local ctx = space.context(policy, functions)
    for _, rule in ipairs(policy.rules) do
      keys[rule] = key_of(rule, ctx)
    end
  end
  return keys
end

--- Of two lists of rules, or of entries {rule}: what both begin with (prefix), what each has in the
-- middle (before, after), and what both end with (suffix).
local function split(before, after, keys)
  local function is_same(i, k)
    local a, b = before[i], after[k]
    return a ~= nil and b ~= nil and keys[a.rule or a] == keys[b.rule or b]
  end
  local first, last = 0, 0
  local most = math.min(#before, #after)
  while first < most and is_same(first + 1, first + 1) do
    first = first + 1
  end
  while last < most - first and is_same(#before - last, #after - last) do
    last = last + 1
  end
  return { prefix = table.move(before, 1, first, 1, {}),
    before = table.move(before, first + 1, #before - last, 1, {}),
    after = table.move(after, first + 1, #after - last, 1, {}),
    suffix = table.move(before, #before - last + 1, #before, 1, {}) }
end

-- Profiles ----------------------------------------------------------------------------------------

-- So many profiles are looked at one by one: each makes a much smaller space.
local PROFILES_MAX = 8

local function matcher_of_profiles(rule)
  for _, condition in ipairs(rule.conditions) do
    if condition.name == "profiles" then
      return condition.matcher
    end
  end
  return nil
end

-- The profiles for which the policies may differ: those that a rule in which they differ is for.
-- Nil when there are too many, or a rule is for any.
local function profiles_for(before, after, keys)
  local halves, profiles, matchers = split(before.rules, after.rules, keys), {}, {}
  for _, list in ipairs { halves.before, halves.after } do
    for _, rule in ipairs(list) do
      local matcher = matcher_of_profiles(rule)
      if not matcher then
        return nil
      end
      matchers[#matchers + 1] = matcher
    end
  end
  local texts, is_exact = space.profiles({ before, after })
  for _, profile in ipairs(#matchers > 0 and texts or {}) do
    for _, matcher in ipairs(matchers) do
      if match.fits(matcher, profile) then
        profiles[#profiles + 1] = profile
        break
      end
    end
  end
  return is_exact and #profiles <= PROFILES_MAX and profiles or nil
end

-- Outcomes ----------------------------------------------------------------------------------------

local function append(list, more)
  return table.move(more, 1, #more, #list + 1, list)
end

local function constraints_on(leaves, allowed)
  local constraints = {}
  for i, leaf in ipairs(leaves) do
    constraints[i] = { node = leaf, allowed = allowed }
  end
  return constraints
end

--- What a rule that decides may come to: a list of {effect, constraints}, an allow first. No rule
-- is a denial, and so is one that its bundle does not permit (is_void).
local function outcomes_of(entry)
  if not entry or entry.rule.effect == "deny" or entry.rule.is_void then
    return { { effect = "deny", constraints = {} } }
  end
  local required, wanted = entry.required, entry.wanted
  local is_met = constraints_on(required, TRUE)
  local outcomes = { { effect = "allow",
    constraints = append(constraints_on(required, TRUE), constraints_on(wanted, TRUE)) } }
  for _, unmet in ipairs(constraints_on(required, NOT_TRUE)) do
    outcomes[#outcomes + 1] = { effect = "deny", constraints = { unmet } }
  end
  local refusal = entry.rule.effect == "require_approval" and "require_approval" or "deny"
  for _, unmet in ipairs(constraints_on(wanted, NOT_TRUE)) do
    outcomes[#outcomes + 1] = { effect = refusal,
      constraints = append({ unmet }, is_met) }
  end
  return outcomes
end

-- Search ------------------------------------------------------------------------------------------

local methods = {}
methods.__index = methods

--- Constraints: the i-th of the entries is the first to decide; for i nil, none decides.
local function first_to_decide(entries, i)
  local constraints = { i and ways.deciding(entries[i]) }
  for k = 1, i and i - 1 or #entries do
    constraints[#constraints + 1] = ways.passing(entries[k])
  end
  return constraints
end

-- Whether the constraints can be met; a search that ran out counts as a no that proves nothing.
function methods:solve(constraints)
  local chosen, part = {}, search.part_of(self.budget, self.budget.left)
  local is_met = search.solve(constraints, chosen, part)
  search.give_back(part)
  return is_met and chosen or nil
end

-- Tries the outcomes of the two rules that decide, one in each policy, under these constraints.
function methods:try(constraints, one, other)
  for _, first in ipairs(outcomes_of(one)) do
    for _, second in ipairs(outcomes_of(other)) do
      if self.is_different or first.effect ~= second.effect then
        local all = append(append(append({}, constraints), first.constraints), second.constraints)
        local chosen = self:solve(all)
        if chosen and self:confirm(chosen) then
          return true
        end
      end
    end
  end
  return false
end

-- Asks the engine.
function methods:confirm(chosen)
  local request, assumed = self.space:request(chosen), space.assumed(chosen)
  local before, asked = self.space:decide(self.space.parts[1].policy, request, assumed)
  local after, asked_after = self.space:decide(self.space.parts[2].policy, request, assumed)
  local is_different = self.is_different and self.is_different(before, after)
    or not self.is_different and before.effect ~= after.effect
  if not is_different then
    assert(self.is_different, "the engine sees no difference where one was found")
    return false
  end
  for key, condition in pairs(asked_after) do
    asked[key] = condition
  end
  self.request, self.assumed, self.asked = request, assumptions.tell(asked, assumed), asked
  return true
end

-- One policy decides by a rule of its middle, the other by none of its own.
function methods:try_rest(constraints, entry, is_before)
  if not self:solve(constraints) then
    return false
  end
  local suffix = self.halves.suffix
  for l = 1, #suffix + 1 do
    local rest = suffix[l]
    local all = append(append({}, constraints), first_to_decide(suffix, rest and l))
    local is_found
    if is_before then
      is_found = self:try(all, entry, rest)
    else
      is_found = self:try(all, rest, entry)
    end
    if is_found then
      return true
    end
  end
  return false
end

-- Numbers of the entries, and false for none of them.
local function numbers_of(entries)
  local numbers = {}
  for i = 1, #entries do
    numbers[i] = i
  end
  numbers[#numbers + 1] = false
  return numbers
end

function methods:search()
  local halves = self.halves
  local passed = first_to_decide(halves.prefix, nil)
  for _, i in ipairs(numbers_of(halves.before)) do
    for _, j in ipairs(numbers_of(halves.after)) do
      local one, other = halves.before[i], halves.after[j]
      local all = append(append(first_to_decide(halves.before, i or nil),
        first_to_decide(halves.after, j or nil)), passed)
      local is_found
      if one and other then
        is_found = self:try(all, one, other)
      elseif one or other then
        is_found = self:try_rest(all, one or other, one ~= nil)
      end
      if is_found then
        return true
      end
    end
  end
  return false
end

local function search_in(before, after, settings, self)
  local own = space.new({ before, after }, settings)
  self.space, self.halves = own, split(own.parts[1].entries, own.parts[2].entries, self.keys)
  local is_found = self:search()
  self.is_exact = self.is_exact and own.is_exact
  return is_found
end

local function with_profile(settings, profile)
  return { time = settings.time, is_ever = settings.is_ever, mode = settings.mode,
    targets = settings.targets, profile = profile }
end

--- Finds a request that the two policies, both made ready by engine.compile, decide differently.
-- @param settings of space.new
-- @param budget {left = a number of choices}
-- @param is_different optional, a function of the two replies; without it the effects have to
-- differ. It is asked once for each pair of rules and outcomes, so that it may look at what these
-- make: effect, rule, error, bounds
-- @return the request, a list of {condition, holds, key} that it rests on, and those conditions by
-- their keys; or nil, and whether there is none
function difference.find(before, after, settings, budget, is_different)
  local keys = difference.keys(before, after)
  local self = setmetatable({ budget = budget, is_different = is_different, keys = keys,
    is_exact = true }, methods)
  local profiles = not settings.profile and profiles_for(before, after, keys)
  if not profiles then
    if search_in(before, after, settings, self) then
      return self.request, self.assumed, self.asked
    end
  end
  for _, profile in ipairs(profiles or {}) do
    if search_in(before, after, with_profile(settings, profile), self) then
      return self.request, self.assumed, self.asked
    end
  end
  return nil, self.is_exact and not budget.is_spent
end

difference.split, difference.outcomes = split, outcomes_of
difference.first_to_decide = first_to_decide

return difference
