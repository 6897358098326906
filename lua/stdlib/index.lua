--- Which rules can decide for a profile and a user: those that name both, those that name one of
-- them, and those that cannot be told by names. All others fail on profiles, users or groups, which
-- are checked first and can be neither unknown nor an error when profile and user are known.
local context = require "sentinel.context"
local match = require "sentinel.match"

local index = {}

local NONE = {}

-- Adds the names of a matcher of users by their kind to `keys`; false when it fits others too.
local function add_names(matcher, keys)
  if matcher.is_anyone then
    return false
  end
  for _, kind in ipairs(match.USER_LISTS) do
    local list = matcher[kind]
    if list and #list > 0 then
      return false
    end
    for name in pairs(list or NONE) do
      keys[kind] = keys[kind] or {}
      keys[kind][name] = true
    end
  end
  return true
end

-- The names of all users that a rule can be for, by kind, or nil when it may be for anyone.
local function user_keys(rule)
  local users = context.find_condition(rule.conditions, "users")
  local groups = context.find_condition(rule.conditions, "groups")
  local keys = {}
  if users and add_names(users.matcher, keys) then
    return keys
  end
  keys = {}
  for _, matcher in ipairs(groups and groups.matchers or NONE) do
    if not add_names(matcher, keys) then
      return nil
    end
  end
  return groups and keys or nil
end

-- A node is a list of a few rules, or {all = list of rules, rest = those for anyone, is_split,
-- people = {name = list}, roles = ..., federated = ..., roots = ...}; of the last four, what is
-- empty is not there. Rules are added in order, so that every list is in order too.
local function add_names_of(node, rule, keys)
  for kind, names in pairs(keys) do
    local by_name = node[kind] or {}
    node[kind] = by_name
    for name in pairs(names) do
      local list = by_name[name]
      if list then
        list[#list + 1] = rule
      else
        by_name[name] = { rule }
      end
    end
  end
end

local SPLIT_FROM = 5 -- a few rules are looked at as quickly as they are told apart by user

local function new_node(rules)
  if #rules < SPLIT_FROM then
    return rules
  end
  local node = { all = rules, rest = {}, is_split = true }
  for i = 1, #rules do
    local keys = user_keys(rules[i])
    if keys then
      add_names_of(node, rules[i], keys)
    else
      table.insert(node.rest, rules[i])
    end
  end
  return node
end

-- The rules by each profile that they name, and those that no name tells.
local function sort_by_profile(rules)
  local by_profile, elsewhere = {}, {}
  for i = 1, #rules do
    local rule = rules[i]
    local profiles = context.find_condition(rule.conditions, "profiles")
    if not profiles or #profiles.matcher > 0 then
      elsewhere[#elsewhere + 1] = rule
    else
      for name in pairs(profiles.matcher) do
        local named = by_profile[name]
        if named then
          named[#named + 1] = rule
        else
          by_profile[name] = { rule }
        end
      end
    end
  end
  return by_profile, elsewhere
end

--- The index of a policy that engine.compile made ready.
function index.build(policy)
  local profiles, elsewhere = sort_by_profile(policy.rules)
  for name, rules in pairs(profiles) do
    profiles[name] = new_node(rules)
  end
  return {
    profiles = profiles, elsewhere = #elsewhere > 0 and new_node(elsewhere),
    narrowed = {}, narrowed_count = 0,
  }
end

-- Two lists in order, as one.
local function merge(a, b)
  if #a == 0 then
    return b
  elseif #b == 0 then
    return a
  end
  local out, i, k = {}, 1, 1
  while a[i] or b[k] do
    if not b[k] or (a[i] and a[i].index < b[k].index) then
      out[#out + 1] = a[i]
      i = i + 1
    else
      out[#out + 1] = b[k]
      k = k + 1
    end
  end
  return out
end

local function in_split(node, user)
  local kind = match.list_of_kind(user.kind)
  local by_name = kind and node[kind]
  return merge(node.rest, by_name and by_name[user.name] or NONE)
end

local function in_node(node, user)
  return node.is_split and in_split(node, user) or node
end

-- The rules for a profile: those that name it, and of the others those whose patterns fit it.
local function rules_for(built, profile)
  local named, elsewhere = built.profiles[profile] or NONE, built.elsewhere or NONE
  local fitting = {}
  for _, rule in ipairs(elsewhere.all or elsewhere) do
    local profiles = context.find_condition(rule.conditions, "profiles")
    if not profiles or match.fits(profiles.matcher, profile) then
      fitting[#fitting + 1] = rule
    end
  end
  return merge(named.all or named, fitting)
end

local NARROWED_MAX = 256

--- As index.candidates, for those who decide about few profiles very often: what fits a profile is
-- found out once.
function index.narrowed_candidates(built, profile, user)
  local node = built.narrowed[profile]
  if not node and built.narrowed_count == NARROWED_MAX then
    return index.candidates(built, profile, user)
  elseif not node then
    node = new_node(rules_for(built, profile))
    built.narrowed[profile], built.narrowed_count = node, built.narrowed_count + 1
  end
  return in_node(node, user)
end

--- The rules that can match for a profile and a user {name, kind}, in order; both have to be known.
function index.candidates(built, profile, user)
  local named, elsewhere = built.profiles[profile] or NONE, built.elsewhere
  if named.is_split then
    named = in_split(named, user)
  end
  return elsewhere and merge(named, in_node(elsewhere, user)) or named
end

return index
