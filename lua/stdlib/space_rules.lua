--- Rules as formulas over the attributes of a space (space.lua, search.lua): nodes whose leaves are
-- conditions. The same condition in several rules or policies is one leaf.
--
-- A leaf is {attribute, key, evaluate(request, run, value), source = what space_values.lua makes
-- values from, verdicts, all}; the last two are made with the attribute's values.
local engine = require "sentinel.engine"
local formula = require "sentinel.formula"
local outcome = require "sentinel.outcome"
local search = require "sentinel.search"

local space_rules = {}

-- By a condition's name, the attribute that it looks at.
local ATTRIBUTE_OF = {
  profiles = "profile", users = "user", groups = "user", caller_roles = "user",
  caller_accounts = "user", roles = "role", accounts = "role", mode = "mode", time = "time",
  source_ip = "source_ip", mfa = "mfa", break_glass = "break_glass", approval = "approval",
  device = "device",
}

-- By a request's field that a plugin may want, the attribute that may leave it out.
local ATTRIBUTE_WITH = {
  source_ip = "source_ip", mfa = "mfa", break_glass = "break_glass", approval = "approval",
  device = "device", justification = "justification", session_table = "session_table",
}

-- The leaf with this key, which is made by new_leaf() when there is none.
local function leaf_of(self, name, key, new_leaf)
  local attribute = self:attribute(name)
  local leaf = self.leaves[key]
  if not leaf then
    assert(not attribute.values, "an attribute's values are made before all that looks at it")
    leaf = new_leaf()
    leaf.key, leaf.attribute, leaf.verdicts, leaf.all = key, attribute, {}, search.ANY
    self.leaves[key] = leaf
    table.insert(attribute.leaves, leaf)
  end
  return leaf
end

-- Whether a request has a field that a plugin wants: true or unknown.
local function presence_leaf(self, name)
  return leaf_of(self, name, "has " .. name, function()
    return { evaluate = function(_, _, value)
      return not value.is_absent or nil
    end, source = { name = "presence", value = {} } }
  end)
end

-- A condition that only code knows. It is free, but unknown where the request has not what a plugin
-- wants.
local function opaque_node(self, condition, ctx)
  local key = formula.key({ condition }, ctx)
  local name = "assumed " .. key
  self.settings.values[name] = { { assumed = true }, { assumed = false } }
  local leaf = leaf_of(self, name, key, function()
    return { evaluate = function(_, _, value) return value.assumed end, condition = condition }
  end)
  self.keys[condition] = key
  local node = { op = "given" }
  for _, field in ipairs(condition.plugin and condition.plugin.request or {}) do
    if ATTRIBUTE_WITH[field] then
      node[#node + 1] = presence_leaf(self, ATTRIBUTE_WITH[field])
    end
  end
  node[#node + 1] = leaf
  return #node == 1 and leaf or node
end

-- The users of the groups that a condition names.
local function users_of(condition, ctx)
  local users = {}
  for _, pattern in ipairs(condition.value) do
    for _, name in ipairs(ctx.group_names) do
      if pattern == name or host.glob(pattern, name) then
        table.move(ctx.groups[name], 1, #ctx.groups[name], #users + 1, users)
      end
    end
  end
  return users
end

local function plain_node(self, condition, ctx)
  local name = condition.name
  local key = formula.key({ condition }, ctx)
  if name == "groups" then
    key = key .. " of " .. ctx.groups_key -- what a group is depends on the policy
  end
  return leaf_of(self, ATTRIBUTE_OF[name], key, function()
    local source = condition
    if name == "groups" then
      source = { name = name, users = users_of(condition, ctx) }
    end
    return { condition = condition, source = source, evaluate = function(request, run)
      return (condition.kind.evaluate(condition, request, run))
    end }
  end)
end

local list_node

local function condition_node(self, condition, ctx)
  local name = condition.name
  if name == "not" then
    return { op = "not", list_node(self, condition.value, ctx) }
  elseif name == "any" or name == "all" then
    local node = { op = name == "any" and "or" or "and" }
    for i, branch in ipairs(condition.branches) do
      node[i] = list_node(self, branch.value, ctx)
    end
    return node
  elseif condition.plugin or name == "function" then
    return opaque_node(self, condition, ctx)
  end
  return plain_node(self, condition, ctx)
end

function list_node(self, list, ctx)
  local node = { op = "and" }
  for i, condition in ipairs(list) do
    node[i] = condition_node(self, condition, ctx)
  end
  return node
end

-- Outcomes ---------------------------------------------------------------------------------------

-- Whether a rule that says only this much would come to an allow.
local function would_allow(part, run)
  local reply = engine.new_reply()
  outcome.conclude(reply, part, run)
  return reply.effect == "allow"
end

-- What an effect wants of an attribute, as a bare rule; `with` is what else the request has then.
local WANTED_BY_EFFECT = {
  require_approval = { { "approval", "require_approval" } },
  require_server = { { "mode", "require_server" } },
  require_server_session = {
    { "mode", "require_server" },
    { "session_table", "require_server_session", { mode = "server" } },
  },
}

local function outcome_leaf(self, name, key, part, with, source)
  return leaf_of(self, name, key, function()
    return { source = source, has_to_be_met = name == "justification",
      evaluate = function(request, run)
        for field, value in pairs(with or {}) do
          request[field] = value
        end
        return would_allow(part, run)
      end }
  end)
end

--- What a rule that decides wants for an allow: leaves that have to be true. One that denies wants
-- none.
-- @return the leaves of its `require`, those of its effect
function space_rules.wanted(self, rule)
  local required, wanted = {}, {}
  for _, name in ipairs { "justification", "mfa" } do
    local value = rule.require and rule.require[name]
    if value then
      local part = { name = "part", effect = "allow", require = { [name] = value } }
      local key = ("require %s %s"):format(name, formula.key({ { name = name, value = value } },
        self.ctx))
      local source = { name = name, value = value }
      table.insert(required, outcome_leaf(self, name, key, part, nil, source))
    end
  end
  for _, row in ipairs(WANTED_BY_EFFECT[rule.effect] or {}) do
    local part = { name = "part", effect = row[2] }
    table.insert(wanted, outcome_leaf(self, row[1], "effect " .. row[2], part, row[3],
      { name = "effect", value = {} }))
  end
  return required, wanted
end

--- The node of a rule's conditions.
-- @param ctx of formula.context, with groups_key, which tells its groups from those of others
function space_rules.node(self, list, ctx)
  return list_node(self, list, ctx)
end

return space_rules
