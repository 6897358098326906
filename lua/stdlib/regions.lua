--- What single conditions have to do with each other, for lint: one table for each thing that a
-- request has (a dimension).
--
-- A literal is {dim, neg, ...}: a condition or, with neg, its opposite. A dimension has
--   contains(x, y)   whether x holds for every request that y holds for, signs aside; true only
--                    when that is certain
--   disjoint(x, y)   whether no request is in both, signs aside; true only when that is certain
--   item_contains(p, q), item_disjoint(p, q)   the same of two of the literals' items, where they
--                    have some: they hold when one of the items does
--   is_total         its conditions are never unknown: profile, user, mode, time and role are known
--                    wherever credentials are asked for
-- What both are about is known or it is not, so contains also means that x is not false where y is
-- not.
local facts = require "sentinel.facts"
local glob = require "sentinel.glob"
local match = require "sentinel.match"
local network = require "sentinel.network"
local week = require "sentinel.week"

local regions = {}

local function fits(set, item)
  if set[item] then
    return true
  end
  for i = 1, #set do
    if set[i] == item then
      return true
    end
  end
  for i = 1, #set do
    if glob.contains(set[i], item) then
      return true
    end
  end
  return false
end

local function overlaps(set, items, item)
  if set[item] then
    return true
  end
  for i = 1, #set do
    if glob.overlaps(set[i], item) then
      return true
    end
  end
  if item:find("[*?]") then
    for i = 1, #items do
      if glob.overlaps(item, items[i]) then
        return true
      end
    end
  end
  return false
end

-- Literals with items, a list of patterns, and set, which match.compile made of it.
local function patterns(is_total)
  return {
    is_total = is_total,
    item_contains = glob.contains,
    item_disjoint = function(p, q)
      return not glob.overlaps(p, q)
    end,
    contains = function(x, y)
      for i = 1, #y.items do
        if not fits(x.set, y.items[i]) then
          return false
        end
      end
      return true
    end,
    disjoint = function(x, y)
      if #x.items > #y.items then
        x, y = y, x
      end
      for i = 1, #x.items do
        if overlaps(y.set, y.items, x.items[i]) then
          return false
        end
      end
      return true
    end,
  }
end

regions.profile = patterns(true)
regions.user = patterns(true) -- its patterns begin with the kind of user, see regions.user_items
regions.caller_role = patterns(false)
regions.caller_account = patterns(false)
regions.break_glass = patterns(false)

--- A pattern of users as one that tells people, roles, federated sessions and roots apart; nil for
-- "*".
function regions.user_item(pattern)
  if pattern == "*" then
    return nil
  elseif match.is_root(pattern) then
    return "root//" .. pattern
  elseif pattern:find("^role/") or pattern:find("^federated/") then
    return pattern:sub(1, 1) .. "//" .. pattern
  end
  return "u//" .. pattern
end

-- Literals with items that are compared with each other one by one.
local function items_of(item_contains, item_disjoint, is_total)
  local function every_item(x, y, holds)
    for i = 1, #y.items do
      if not holds(x, y.items[i]) then
        return false
      end
    end
    return true
  end
  local function some_contains(x, item)
    for i = 1, #x.items do
      if item_contains(x.items[i], item) then
        return true
      end
    end
    return false
  end
  local function all_disjoint(x, item)
    for i = 1, #x.items do
      if not item_disjoint(x.items[i], item) then
        return false
      end
    end
    return true
  end
  return {
    is_total = is_total,
    item_contains = item_contains,
    item_disjoint = item_disjoint,
    contains = function(x, y)
      return every_item(x, y, some_contains)
    end,
    disjoint = function(x, y)
      return every_item(x, y, all_disjoint)
    end,
  }
end

-- The target role: {account}, {name}, or {arn, name, first} of a pattern of ARNs. No wildcard fits
-- a "/", so the last part of such a pattern is a pattern of names, and the first tells the account.
regions.role = items_of(function(p, q)
  if p.arn then
    return q.arn ~= nil and glob.contains(p.arn, q.arn)
  elseif p.account then
    return q.account ~= nil and glob.contains(p.account, q.account)
      or q.first ~= nil and glob.contains("arn:*:iam::" .. p.account .. ":role", q.first)
  end
  return q.name ~= nil and glob.contains(p.name, q.name)
end, function(p, q)
  local function first_of(item)
    return item.first or item.account and "arn:*:iam::" .. item.account .. ":role"
  end
  local first, other = first_of(p), first_of(q)
  return (p.arn and q.arn and not glob.overlaps(p.arn, q.arn))
    or (p.name and q.name and not glob.overlaps(p.name, q.name))
    or (p.account and q.account and not glob.overlaps(p.account, q.account))
    or (first and other and not glob.overlaps(first, other)) or false
end, true)

--- An item of the condition roles or accounts.
function regions.role_item(pattern, is_account)
  if is_account then
    return { account = pattern }
  elseif pattern:find("^arn:") then
    return { arn = pattern, name = pattern:match("[^/]*$"), first = pattern:match("^[^/]*") }
  end
  return { name = pattern }
end

local function block_contains(p, q)
  return p.bits <= q.bits and network.is_in(q.base, p)
end

regions.source_ip = items_of(block_contains, function(p, q)
  return not block_contains(p, q) and not block_contains(q, p)
end, false)

-- Literals with set, out of a few words; never negative (formula.lua).
local function has_all(x, y)
  for word in pairs(y.set) do
    if not x.set[word] then
      return false
    end
  end
  return true
end

local function has_none(x, y)
  for word in pairs(y.set) do
    if x.set[word] then
      return false
    end
  end
  return true
end

regions.mode = { is_total = true, contains = has_all, disjoint = has_none }

-- Literals with zone and spans; never negative.
regions.time = {
  is_total = true,
  contains = function(x, y)
    return week.contains(x.spans, x.zone == y.zone and y.spans or week.widen(y.spans))
  end,
  disjoint = function(x, y)
    return not week.overlaps(x.spans, x.zone == y.zone and y.spans or week.widen(y.spans))
  end,
}

local function never()
  return false
end

-- MFA that holds or is unknown, and never false: there is no opposite of it that holds.
regions.mfa = {
  is_never_false = true,
  contains = function(x, y)
    return y.value.max_age <= x.value.max_age
  end,
  disjoint = never,
}

local function as_set(words)
  local matcher = {}
  for _, word in ipairs(words) do
    matcher[word] = true
  end
  return { set = matcher }
end

local function contains_approvers(x, y)
  for _, pattern in ipairs(y or { "*" }) do
    local is_in = x == nil
    for _, wider in ipairs(x or {}) do
      is_in = is_in or glob.contains(wider, pattern)
    end
    if not is_in then
      return false
    end
  end
  return true
end

regions.approval = {
  contains = function(x, y)
    return (x.value.min_approvals or 1) <= (y.value.min_approvals or 1)
      and (x.value.approvers == nil or y.value.approvers ~= nil)
      and contains_approvers(x.value.approvers, y.value.approvers)
  end,
  disjoint = never,
}

regions.device = {
  contains = function(x, y)
    for key, wanted in pairs(x.value) do
      local given = y.value[key]
      if given == nil or (key == "allowed_os_types" and not has_all(as_set(wanted), as_set(given)))
        or (key == "min_os_version" and not facts.is_at_least(given, wanted)) then
        return false
      end
    end
    return true
  end,
  disjoint = function(x, y)
    local one, other = x.value.allowed_os_types, y.value.allowed_os_types
    return one ~= nil and other ~= nil and has_none(as_set(one), as_set(other))
  end,
}

-- Functions and plugins: nobody knows what they do, but that they do it twice.
regions.opaque = {
  contains = function(x, y)
    return x.key == y.key
  end,
  disjoint = never,
}

return regions
