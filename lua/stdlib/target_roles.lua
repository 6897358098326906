--- For which role is asked: the values of the attribute role (space.lua). The interface is
-- space_values.lua's.
local name_parts = require "sentinel.name_parts"

local target_roles = {}

local COMBINATIONS_MAX = 20000

-- A pattern of ARNs as {partition, account, parts of path and name}; nil when it has another form.
local function take_apart(arn)
  local partition, account, rest = arn:match("^arn:([^:/]*):iam::([^:/]*):role/(.+)$")
  return partition and { partition = partition, account = account, parts = name_parts.split(rest) }
end

local function collect_parts(arns, get)
  local out = {}
  for _, arn in ipairs(arns) do
    out[#out + 1] = get(arn)
  end
  return out
end

-- All paths of so many parts that the patterns can tell apart, with "/" after each.
local function paths_of(collector, arns, depth)
  local paths = { "" }
  for at = 1, depth do
    local longer = {}
    local texts = collector:add(collect_parts(arns, function(arn)
      return #arn.parts == depth + 1 and arn.parts[at] or nil
    end), { filler = "team" })
    for _, path in ipairs(paths) do
      for _, part in ipairs(texts) do
        longer[#longer + 1] = path .. part .. "/"
      end
    end
    paths = longer
  end
  return paths
end

-- By the number of parts of its path, what there is of a role's ARN after "role/".
local function rests_of(collector, arns, role_names)
  local depths, rests = { [0] = true }, {}
  for _, arn in ipairs(arns) do
    depths[#arn.parts - 1] = true
  end
  for depth in pairs(depths) do
    local patterns = collect_parts(arns, function(arn)
      return #arn.parts == depth + 1 and arn.parts[depth + 1] or nil
    end)
    table.move(role_names, 1, #role_names, #patterns + 1, patterns)
    local last = collector:add(patterns, { filler = "Any" })
    for _, path in ipairs(paths_of(collector, arns, depth)) do
      for _, name in ipairs(last) do
        rests[#rests + 1] = path .. name
      end
    end
  end
  table.sort(rests, function(a, b)
    local first, second = select(2, a:gsub("/", "")), select(2, b:gsub("/", ""))
    return first < second or (first == second and a < b)
  end)
  return rests
end

-- The patterns of roles' names, of ARNs taken apart, and of accounts; false when an ARN has a form
-- that is not taken apart.
local function role_patterns(conditions, targets)
  local role_names, arns, accounts, is_exact = {}, {}, {}, true
  local function add(pattern, is_account)
    if is_account then
      accounts[#accounts + 1] = pattern
    elseif not pattern:find("^arn:") then
      role_names[#role_names + 1] = pattern
    else
      local arn = take_apart(pattern)
      arns[#arns + 1] = arn
      is_exact = is_exact and arn ~= nil
    end
  end
  for _, condition in ipairs(conditions) do
    for _, pattern in ipairs(condition.value) do
      add(pattern, condition.name == "accounts")
    end
  end
  for _, target in ipairs(targets or {}) do
    add(target, false)
  end
  return role_names, arns, accounts, is_exact
end

local function fits_target(arn, targets)
  for _, target in ipairs(targets or {}) do
    if host.glob(target, arn) then
      return true
    end
  end
  return targets == nil
end

--- settings.targets: patterns of ARNs of which the role has to fit one; nil for any role.
function target_roles.values(conditions, settings)
  local collector, values = name_parts.new_collector(), {}
  local role_names, arns, accounts, is_exact = role_patterns(conditions, settings.targets)
  local partitions = collector:add(collect_parts(arns, function(arn) return arn.partition end),
    { filler = "aws" })
  for _, arn in ipairs(arns) do
    accounts[#accounts + 1] = arn.account
  end
  local rests = rests_of(collector, arns, role_names)
  for _, account in ipairs(name_parts.accounts(collector, accounts)) do
    for _, partition in ipairs(partitions) do
      for _, rest in ipairs(rests) do
        local arn = ("arn:%s:iam::%s:role/%s"):format(partition, account, rest)
        if #values == COMBINATIONS_MAX then
          return values, false
        elseif partition:find("^[%w-]+$") and fits_target(arn, settings.targets) then
          values[#values + 1] = { fields = { role_arn = arn }, words = "for the role " .. arn }
        end
      end
    end
  end
  return values, is_exact and collector.is_exact
end

return target_roles
