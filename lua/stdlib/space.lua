--- The finite space of requests that policies can tell apart: attributes, each with the few values
-- between which their conditions have different verdicts. Functions and plugins are attributes too,
-- free to hold or not: nobody knows what they do.
--
-- MUST
--  1. let the engine's own conditions give every verdict: there is no second matcher;
--  2. say so (is_exact) wherever a value could be missing;
--  3. leave policies as they are for every run that has nothing assumed.
local assumptions = require "sentinel.assumptions"
local engine = require "sentinel.engine"
local formula = require "sentinel.formula"
local rules = require "sentinel.space_rules"
local search = require "sentinel.search"
local space_values = require "sentinel.space_values"

local space = {}

-- More evaluations than this for one attribute, and values are left out.
local EVALUATIONS_MAX = 400000

local TRUE <const>, FALSE <const>, UNKNOWN <const> = search.TRUE, search.FALSE, search.UNKNOWN

-- What a request has where nobody looks.
local PLAIN = {
  profile = { profile = "any" }, mode = { mode = "credential_process" },
  user = { user = { name = "someone", kind = "user", account = "123456789012" } },
}

-- The order in which attributes are told and put into requests.
local ORDER = { "profile", "user", "role", "mode", "time", "source_ip", "mfa", "break_glass",
  "approval", "device", "session_table", "justification" }
space.ORDER = ORDER

-- Attributes -------------------------------------------------------------------------------------

local attribute_methods = {}
attribute_methods.__index = attribute_methods

local function candidates_of(attribute)
  local name, settings = attribute.name, attribute.space.settings
  local sources = {}
  for i, leaf in ipairs(attribute.leaves) do
    sources[i] = leaf.source
  end
  if settings.values[name] then
    return settings.values[name], true
  elseif name == "user" then
    return require("sentinel.identities").user(sources)
  elseif name == "role" then
    return require("sentinel.target_roles").values(sources, settings)
  end
  return space_values[name](sources, settings)
end

-- The request that has this value, and what every request has.
local function put(value, request, epoch)
  for field, given in pairs(value.fields or {}) do
    request[field] = given
  end
  if value.put then
    value.put(request, epoch)
  end
end

local function verdict_set(verdict)
  if verdict == nil then
    return UNKNOWN
  end
  return verdict and TRUE or FALSE
end

-- The verdicts of all leaves on one value, or nil where the value fits none of the kind.
local function evaluate_on(attribute, value)
  local request, epoch = {}, attribute.space.settings.time
  if not value.epoch then
    put(value, request, epoch)
  end
  local run, sets = engine.new_run(request), {}
  run.epoch = value.epoch or epoch
  for i, leaf in ipairs(attribute.leaves) do
    sets[i] = verdict_set(leaf.evaluate(request, run, value))
  end
  return sets
end

-- Keeps the value unless one with the same verdicts is kept already; that one remembers it.
local function keep(attribute, value, by_key)
  local sets = evaluate_on(attribute, value)
  local key = table.concat(sets)
  local kept = by_key[key]
  if kept then
    table.insert(kept.like, value)
    return
  end
  value.like = {}
  by_key[key] = value
  local number = #attribute.values + 1
  attribute.values[number] = value
  for i, leaf in ipairs(attribute.leaves) do
    leaf.verdicts[number] = sets[i]
  end
end

--- Makes the attribute's values and the verdicts of its leaves, once: most searches look at few.
function attribute_methods:make()
  if self.values then
    return
  end
  local candidates, is_exact = candidates_of(self)
  local most = EVALUATIONS_MAX // math.max(#self.leaves, 1)
  self.values = {}
  self.is_exact = is_exact and #candidates <= most
  local by_key = {}
  for i = 1, math.min(#candidates, most) do
    keep(self, candidates[i], by_key)
  end
  for _, leaf in ipairs(self.leaves) do
    leaf.all = 0
    for number = 1, #self.values do
      leaf.all = leaf.all | leaf.verdicts[number]
    end
    self.is_exact = self.is_exact and not (leaf.has_to_be_met and leaf.all & TRUE == 0)
  end
  self.space.is_exact = self.space.is_exact and self.is_exact
end

-- Space ------------------------------------------------------------------------------------------

local methods = {}
methods.__index = methods

function methods:attribute(name)
  local attribute = self.attributes[name]
  if not attribute then
    attribute = setmetatable({ name = name, space = self, leaves = {} }, attribute_methods)
    self.attributes[name] = attribute
  end
  return attribute
end

--- A context of formula.lua for the policy; functions are told apart as in the other one.
function space.context(policy, other)
  local ctx = formula.context(policy.groups)
  ctx.groups_key = formula.key({ { name = "groups", value = ctx.groups } }, ctx)
  ctx.functions, ctx.new_id = other.functions, other.new_id
  return ctx
end

-- A policy with its rules, {rule} each, until nodes are made of them.
local function new_part(self, policy, profile)
  local entries = {}
  for i, rule in ipairs(profile and space.rules_for(policy, profile) or policy.rules) do
    entries[i] = { rule = rule }
  end
  return { policy = policy, entries = entries, ctx = space.context(policy, self.ctx) }
end

--- Profiles of which the policies can tell no others apart, and whether none is missing.
function space.profiles(policies)
  local patterns = {}
  local function add(condition)
    if condition.name == "profiles" then
      table.move(condition.value, 1, #condition.value, #patterns + 1, patterns)
    end
  end
  for _, policy in ipairs(policies) do
    for _, rule in ipairs(policy.rules) do
      formula.each_condition(rule.conditions, add)
    end
  end
  local texts = {}
  local values, is_exact = space_values.profile({ { value = patterns } })
  for i, value in ipairs(values) do
    texts[i] = value.fields.profile
  end
  return texts, is_exact
end

local function has_profile(rule, request, run)
  for _, condition in ipairs(rule.conditions) do
    if condition.name == "profiles" then
      return condition.kind.evaluate(condition, request, run) == true
    end
  end
  return true
end

--- The rules of a policy that engine.compile made ready that can be for the profile: what others
-- name makes no difference where it is fixed.
function space.rules_for(policy, profile)
  local request = { profile = profile }
  local run, kept = engine.new_run(request), {}
  for _, rule in ipairs(policy.rules) do
    if has_profile(rule, request, run) then
      kept[#kept + 1] = rule
    end
  end
  return kept
end

local function make_nodes(self, part)
  for _, entry in ipairs(part.entries) do
    entry.node = rules.node(self, entry.rule.conditions, part.ctx)
    entry.required, entry.wanted = rules.wanted(self, entry.rule)
  end
end

--- The space of one or more policies that engine.compile made ready.
-- @param settings {time = seconds since 1970 from which on to look, is_ever = whether other times
-- than that count, profile = one or nil for any, mode = one or nil, targets = patterns of ARNs of
-- which the role has to fit one, or nil}
-- @return {parts = {policy, entries = {rule, node, required, wanted}} for each policy, is_exact}
function space.new(policies, settings)
  local self = setmetatable({ attributes = {}, leaves = {}, keys = {}, parts = {}, is_exact = true,
    ctx = formula.context(nil), settings = { time = settings.time, targets = settings.targets,
      values = {} } }, methods)
  local values = self.settings.values
  values.profile = settings.profile and { { fields = { profile = settings.profile } } }
  values.mode = settings.mode and { { fields = { mode = settings.mode } } }
  values.time = not settings.is_ever and { space_values.moment(settings.time) } or nil
  for i, policy in ipairs(policies) do
    self.parts[i] = new_part(self, policy, settings.profile)
    make_nodes(self, self.parts[i])
  end
  for condition in pairs(self.keys) do
    assumptions.observe(condition)
  end
  if settings.targets then
    self:attribute("role")
  end
  return self
end

-- The value that was chosen, or the first.
local function value_in(self, name, chosen)
  local attribute = self.attributes[name]
  if not attribute then
    local fixed = self.settings.values[name]
    return fixed and fixed[1] or { fields = PLAIN[name] }
  elseif chosen[attribute] or name == "role" or PLAIN[name] then
    attribute:make()
    return attribute.values[chosen[attribute] or 1]
  end
  return nil
end

--- The request with the chosen values, and what else a request has.
function methods:request(chosen)
  local time = self.attributes.time and value_in(self, "time", chosen)
  local epoch = time and time.epoch or self.settings.time
  local request = { duration = 3600, time = space_values.format_time(epoch) }
  for _, name in ipairs(ORDER) do
    local value = name ~= "time" and value_in(self, name, chosen)
    if value then
      put(value, request, epoch)
    end
  end
  return request
end

--- What is chosen for conditions that only code knows: {key = true or false}.
function space.assumed(chosen)
  local assumed = {}
  for attribute, number in pairs(chosen) do
    local value = attribute.values[number]
    if value.assumed ~= nil then
      assumed[attribute.leaves[1].key] = value.assumed
    end
  end
  return assumed
end

--- The engine's decision, and what was asked (assumptions.lua).
function methods:decide(policy, request, assumed)
  return assumptions.decide(policy, request, assumed, self.keys)
end

return space
