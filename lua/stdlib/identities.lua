--- Who may ask: the values of the attribute user (space.lua), of which conditions look at several
-- parts. The interface is space_values.lua's.
--
-- Only what AWS can say of a caller is made up: a person has no role; the name of an assumed role's
-- session is role/ROLE/SESSION and tells its role; a person of IAM Identity Center has one of its
-- roles; a name with an account before it is of that account.
local name_parts = require "sentinel.name_parts"
local names = require "sentinel.names"

local identities = {}

local ACCOUNT <const>, TWELVE <const> = name_parts.ACCOUNT, name_parts.TWELVE
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
  local patterns = {}
  for _, pattern in ipairs(world.users) do
    if pattern ~= "*" and pattern ~= "root" then
      patterns[#patterns + 1] = pattern
    end
  end
  for _, name in ipairs(world.people) do
    local qualified = name:match("^(%d%d%d%d%d%d%d%d%d%d%d%d)/")
    for _, account in ipairs(qualified and { qualified } or world.accounts) do
      local label = names.label(patterns, name)
      world:add({ name = name, kind = kind, account = account, role = role and role.name }, label,
        role and "any other SSO user", role and role.label)
    end
  end
end

-- Sessions of roles, and federated ones.
local function add_sessions(world)
  local roles = world.roles
  local sessions = name_parts.of(world.users, "role", 3, 3)
  local named = name_parts.of(world.users, "role", 3, 2)
  for _, role in ipairs(roles.texts) do
    for _, session in ipairs(world.sessions) do
      local name = ("role/%s/%s"):format(role, session)
      local of_role = names.label(named, role) or names.label(roles.patterns, role)
      local of_session = names.label(sessions, session)
      local label = (of_role or of_session)
        and ("role/%s/%s"):format(of_role or "*", of_session or "*")
      for _, account in ipairs(world.accounts) do
        world:add({ name = name, kind = "role", account = account, role = role }, label,
          "any other role")
      end
    end
  end
  local federated = name_parts.of(world.users, "federated", 2, 2)
  for _, last in ipairs(world.federated) do
    local label = names.label(federated, last)
    for _, account in ipairs(world.accounts) do
      world:add({ name = "federated/" .. last, kind = "federated", account = account },
        label and "federated/" .. label, "any other federated user")
    end
  end
end

local HEX <const> = "0123456789abcdef"

-- AWS makes the names of these roles: AWSReservedSSO_, a name, and 16 digits. Those that no pattern
-- names are as good as any others.
local function sso_roles(collector, patterns)
  local found, seen = {}, {}
  local function add_with(digits)
    local texts = not seen[digits] and collector:add(patterns, { filler = "Any_" .. digits,
      shape = "AWSReservedSSO_?*_" .. digits }) or {}
    seen[digits] = true
    for _, name in ipairs(texts) do
      found[#found + 1] = { name = name, label = names.label(patterns, name) }
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
  local of_account = names.label(self.account_patterns, user.account)
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

-- People's names: alone, and after an account.
local function names_of_people(collector, users)
  local people = collector:add(name_parts.of(users, nil, 1, 1), { filler = "someone" })
  local accounts = collector:add(name_parts.of(users, nil, 2, 1), { filler = "", shape = TWELVE,
    alphabet = "0123456789" })
  if #name_parts.of(users, nil, 2, 1) == 0 then
    accounts = { ACCOUNT }
  end
  local own = collector:add(name_parts.of(users, nil, 2, 2), { filler = "someone" })
  local all = {}
  for _, name in ipairs(people) do
    if name ~= "root" then
      all[#all + 1] = name
    end
  end
  for _, account in ipairs(accounts) do
    for _, name in ipairs(own) do
      all[#all + 1] = account .. "/" .. name
    end
  end
  return all
end

--- Values have label and is_other beside what others have.
function identities.user(conditions)
  local collector = name_parts.new_collector()
  local users, caller_roles, account_patterns = user_patterns(conditions)
  local role_patterns = name_parts.of(users, "role", 3, 2)
  table.move(caller_roles, 1, #caller_roles, #role_patterns + 1, role_patterns)
  local world = setmetatable({ values = {}, is_whole = true, users = users,
    account_patterns = account_patterns,
    accounts = #account_patterns == 0 and { ACCOUNT }
      or name_parts.accounts(collector, account_patterns),
    people = names_of_people(collector, users),
    roles = { texts = collector:add(role_patterns, { filler = "Any" }), patterns = caller_roles },
    sessions = collector:add(name_parts.of(users, "role", 3, 3), { filler = "someone" }),
    federated = collector:add(name_parts.of(users, "federated", 2, 2), { filler = "someone" }),
  }, methods)
  add_people(world, "user", nil)
  for _, role in ipairs(#caller_roles > 0 and sso_roles(collector, caller_roles) or {}) do
    add_people(world, "sso", role)
  end
  add_sessions(world)
  world:add({ name = "root", kind = "root", account = ACCOUNT }, nil, "root")
  return world.values, collector.is_exact and world.is_whole
end

return identities
