--- Who may ask: the values of the attribute user (space.lua), of which conditions look at several
-- parts. The interface is space_values.lua's.
--
-- Only what AWS can say of a caller is made up: a person has no role; the name of an assumed role's
-- session is role/ROLE/SESSION and tells its role; a person of IAM Identity Center has one of its
-- roles; a name with an account before it is of that account.
local match = require "sentinel.match"
local name_parts = require "sentinel.name_parts"
local names = require "sentinel.names"

local identities = {}

local ACCOUNT <const> = name_parts.ACCOUNT
local COMBINATIONS_MAX = 20000

-- Users ------------------------------------------------------------------------------------------

-- The patterns of users that the conditions name, of their groups too; those of callers' roles and
-- accounts.
local function user_patterns(conditions)
  local users, roles, accounts = {}, {}, {}
  local function add(list, more)
    table.move(more, 1, #more, #list + 1, list)
  end
  for _, condition in ipairs(conditions) do
    if condition.name == "users" then
      add(users, condition.value)
    elseif condition.name == "groups" then
      add(users, condition.users)
    elseif condition.name == "caller_roles" then
      add(roles, condition.value)
    else
      add(accounts, condition.value)
    end
  end
  return users, roles, accounts
end

-- People with IAM users, or of IAM Identity Center where role is given.
local function add_people(world, kind, role)
  for _, name in ipairs(world.people) do
    local qualified = name:match("^(%d%d%d%d%d%d%d%d%d%d%d%d)/")
    for _, account in ipairs(qualified and { qualified } or world.accounts) do
      world:add({ name = name, kind = kind, account = account, role = role and role.name },
        world.label(name), role and "any other SSO user", role and role.label)
    end
  end
end

-- The patterns of sessions of roles that sessions of this role can fit.
local function patterns_for(users, role)
  local patterns = {}
  for _, pattern in ipairs(users) do
    local parts = name_parts.split(pattern)
    if #parts == 3 and parts[1] == "role" and host.glob(parts[2], role) then
      patterns[#patterns + 1] = pattern
    end
  end
  return patterns
end

local function add_sessions(world, collector)
  local label_of_role = names.labels(world.caller_roles)
  for _, role in ipairs(world.roles) do
    local patterns = patterns_for(world.users, role)
    local of_role, label = label_of_role(role), names.labels(patterns)
    for _, session in ipairs(collector:add(name_parts.of(patterns, "role", 3, 3),
      { filler = "someone" })) do
      local name = ("role/%s/%s"):format(role, session)
      for _, account in ipairs(world.accounts) do
        world:add({ name = name, kind = "role", account = account, role = role },
          label(name) or of_role and ("role/%s/*"):format(of_role), "any other role")
      end
    end
  end
end

local function add_federated(world, collector)
  for _, last in ipairs(collector:add(name_parts.of(world.users, "federated", 2, 2),
    { filler = "someone" })) do
    local name = "federated/" .. last
    for _, account in ipairs(world.accounts) do
      world:add({ name = name, kind = "federated", account = account }, world.label(name),
        "any other federated user")
    end
  end
end

-- The roots of all accounts, and of those that patterns name where they are other ones.
local function add_roots(world)
  for _, account in ipairs(world.accounts) do
    world:add({ name = "root", kind = "root", account = account }, nil, "root")
  end
  for _, name in ipairs(world.users) do
    if name ~= "root" and match.is_root(name) then
      world:add({ name = name, kind = "root", account = name:match("^%d+") }, name)
    end
  end
end

local HEX <const> = "0123456789abcdef"

-- AWS makes the names of these roles: AWSReservedSSO_, a name, and 16 digits. Those that no pattern
-- names are as good as any others.
local function sso_roles(collector, patterns)
  local found, seen, label = {}, {}, names.labels(patterns)
  local function add_with(digits)
    local texts = not seen[digits] and collector:add(patterns, { filler = "Any_" .. digits,
      shape = "AWSReservedSSO_?*_" .. digits }) or {}
    seen[digits] = true
    for _, name in ipairs(texts) do
      found[#found + 1] = { name = name, label = label(name) }
    end
  end
  add_with(HEX)
  for _, pattern in ipairs(patterns) do
    local digits = pattern:match("_(%x+)$")
    if digits and #digits == #HEX and not digits:find("%u") then
      add_with(digits)
    end
  end
  return found
end

local methods = {}
methods.__index = methods

-- A user with the label of the names it has, or what it is called where it has none.
function methods:add(user, label, otherwise, of_role)
  local parts = { label or otherwise }
  if of_role then
    parts[#parts + 1] = "with the role " .. of_role
  end
  local of_account = self.label_of_account(user.account)
  if of_account then
    parts[#parts + 1] = "of account " .. of_account
  end
  if #self.values == COMBINATIONS_MAX then
    self.is_whole = false
    return
  end
  local is_named = label ~= nil or of_account ~= nil or of_role ~= nil
  if is_named and not parts[1] then
    parts[1] = "anyone"
  end
  table.insert(self.values, { fields = { user = user }, is_other = not is_named,
    label = #parts > 0 and table.concat(parts, " ") or nil })
end

-- People's names: alone, and after an account, which patterns of names and of accounts look at.
local function names_of_people(collector, users, account_patterns)
  local people = collector:add(name_parts.of(users, nil, 1, 1), { filler = "someone" })
  local firsts = name_parts.of(users, nil, 2, 1)
  table.move(account_patterns, 1, #account_patterns, #firsts + 1, firsts)
  local accounts = name_parts.accounts(collector, firsts)
  local own = collector:add(name_parts.of(users, nil, 2, 2), { filler = "someone" })
  local all = {}
  local function add(name)
    if not match.is_root(name) then
      all[#all + 1] = name
    end
  end
  for _, name in ipairs(people) do
    add(name)
  end
  for _, account in ipairs(accounts) do
    for _, name in ipairs(own) do
      add(account .. "/" .. name)
    end
  end
  return all
end

-- What names are told by: all patterns but the lone "*", which tells nobody apart.
local function telling(users)
  local patterns = {}
  for _, pattern in ipairs(users) do
    if pattern ~= "*" and not match.is_root(pattern) then
      patterns[#patterns + 1] = pattern
    end
  end
  return patterns
end

--- Values have label and is_other beside what others have.
function identities.user(conditions)
  local collector = name_parts.new_collector()
  local users, caller_roles, account_patterns = user_patterns(conditions)
  local role_patterns = name_parts.of(users, "role", 3, 2)
  table.move(caller_roles, 1, #caller_roles, #role_patterns + 1, role_patterns)
  local world = setmetatable({ values = {}, is_whole = true, users = users,
    caller_roles = caller_roles, label = names.labels(telling(users)),
    label_of_account = names.labels(account_patterns),
    accounts = #account_patterns == 0 and { ACCOUNT }
      or name_parts.accounts(collector, account_patterns),
    people = names_of_people(collector, users, account_patterns),
    roles = collector:add(role_patterns, { filler = "Any" }),
  }, methods)
  add_people(world, "user", nil)
  for _, role in ipairs(#caller_roles > 0 and sso_roles(collector, caller_roles) or {}) do
    add_people(world, "sso", role)
  end
  add_sessions(world, collector)
  add_federated(world, collector)
  add_roots(world)
  return world.values, collector.is_exact and world.is_whole
end

return identities
