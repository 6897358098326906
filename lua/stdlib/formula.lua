--- The conditions of a rule as a formula, for lint: literals (regions.lua), {op = "and", ...} and
-- {op = "or", ...}. A `not` is moved down to the literals, which the three truth values permit.
--
-- A node with always holds for every request, one with never for none. Beside that, a literal has
-- condition, the one that it is made of.
local match = require "sentinel.match"
local regions = require "sentinel.regions"
local schema = require "sentinel.schema"
local text = require "sentinel.text"
local week = require "sentinel.week"

local formula = {}

-- A literal of patterns. Negated, what always holds never does.
local function patterns(dim, items, neg, set)
  return { dim = dim, neg = neg, items = items, set = set or match.compile(items) }
end

local function users(list, neg)
  local items, is_anyone = {}, false
  for i, pattern in ipairs(list) do
    items[i] = regions.user_item(pattern)
    if not items[i] then
      is_anyone = true
      break
    end
  end
  if is_anyone then
    return { dim = "user", neg = neg, items = {}, set = {}, always = not neg, never = neg }
  end
  return patterns("user", items, neg)
end

local function in_groups(condition, neg, ctx)
  local all = {}
  for _, pattern in ipairs(condition.value) do
    for _, name in ipairs(ctx.group_names) do
      if pattern == name or (not ctx.groups[pattern] and host.glob(pattern, name)) then
        table.move(ctx.groups[name], 1, #ctx.groups[name], #all + 1, all)
      end
    end
  end
  return users(all, neg)
end

-- Names of roles and accounts hold no "/": "*" is all of them.
local function roles(condition, neg)
  local items, is_any = {}, false
  for i, pattern in ipairs(condition.value) do
    items[i] = regions.role_item(pattern, condition.name == "accounts")
    is_any = is_any or pattern:find("^%*+$") ~= nil
  end
  return { dim = "role", neg = neg, items = items, always = is_any and not neg,
    never = is_any and neg }
end

local function words(dim, universe, list, neg)
  local set, count = {}, 0
  for _, word in ipairs(list) do
    set[word] = true
  end
  local own = {}
  for _, word in ipairs(universe) do
    if (set[word] == true) ~= neg then
      own[word] = true
      count = count + 1
    end
  end
  return { dim = dim, neg = false, set = own, always = count == #universe, never = count == 0 }
end

local function hours(condition, neg)
  local spans = week.spans(condition.value, condition.days)
  if neg then
    spans = week.complement(spans)
  end
  return { dim = "time", neg = false, zone = condition.zone, spans = spans,
    always = week.is_all(spans), never = #spans == 0, is_window = not neg }
end

local function plain(dim, condition, neg)
  return { dim = dim, neg = neg, value = condition.value }
end

-- By a condition's name.
local BUILDERS = {
  profiles = function(condition, neg)
    return patterns("profile", condition.value, neg, condition.matcher)
  end,
  users = function(condition, neg)
    return users(condition.value, neg)
  end,
  groups = in_groups,
  roles = roles,
  accounts = roles,
  caller_roles = function(condition, neg)
    return patterns("caller_role", condition.value, neg, condition.matcher)
  end,
  caller_accounts = function(condition, neg)
    return patterns("caller_account", condition.value, neg, condition.matcher)
  end,
  mode = function(condition, neg)
    return words("mode", schema.modes, condition.value, neg)
  end,
  time = hours,
  source_ip = function(condition, neg)
    return { dim = "source_ip", neg = neg, items = condition.value }
  end,
  mfa = function(condition, neg)
    return plain("mfa", condition, neg)
  end,
  break_glass = function(condition, neg)
    return patterns("break_glass", condition.value.reason_codes, neg, condition.matcher)
  end,
  approval = function(condition, neg)
    return plain("approval", condition, neg)
  end,
  device = function(condition, neg)
    return plain("device", condition, neg)
  end,
}

-- The same text for what is the same condition: functions by who they are.
local function key_of(value, ctx)
  local kind = type(value)
  if kind == "function" then
    local ids = ctx.functions
    ids[value] = ids[value] or ctx:new_id()
    return "function " .. ids[value]
  elseif kind ~= "table" then
    return ("%s %q"):format(kind, tostring(value))
  end
  local parts = {}
  for i = 1, #value do
    parts[i] = key_of(value[i], ctx)
  end
  if #parts == 0 then
    for _, key in ipairs(text.sorted_keys(value)) do
      parts[#parts + 1] = key .. "=" .. key_of(value[key], ctx)
    end
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

local NESTING = { all = true, any = true, ["not"] = true }

-- The same for conditions, which hold more than what was written.
local function key_of_condition(condition, ctx)
  local value = condition.call or condition.value
  if not NESTING[condition.name] then
    return condition.name .. key_of(value, ctx)
  end
  local parts = {}
  for i, part in ipairs(condition.name == "not" and { value } or value) do
    parts[i] = formula.key(part, ctx)
  end
  return condition.name .. "(" .. table.concat(parts, ";") .. ")"
end

--- The same text for lists of the same conditions in the same order.
function formula.key(list, ctx)
  local parts = {}
  for i, condition in ipairs(list) do
    parts[i] = key_of_condition(condition, ctx)
  end
  return table.concat(parts, "&")
end

-- Adds a node to one of that operation; what is of the same operation is taken apart, and one that
-- stands alone needs none.
local function add(node, child)
  if child.op and (child.op == node.op or #child == 1) then
    for i = 1, #child do
      add(node, child[i])
    end
    return
  end
  node[#node + 1] = child
  node.is_compound = node.is_compound or child.op ~= nil or child.neg
  node.has_opaque = node.has_opaque or child.has_opaque or child.dim == "opaque"
end

local build

-- A list of conditions that all have to hold or, with neg, not to hold together.
local function build_list(list, neg, ctx)
  local node = { op = neg and "or" or "and" }
  for i = 1, #list do
    add(node, build(list[i], neg, ctx))
  end
  return node
end

function build(condition, neg, ctx)
  local name = condition.name
  if name == "not" then
    return build_list(condition.value, not neg, ctx)
  elseif name == "any" or name == "all" then
    local node = { op = ((name == "any") ~= neg) and "or" or "and" }
    for _, branch in ipairs(condition.value) do
      add(node, build_list(branch, neg, ctx))
    end
    return node
  end
  local builder = BUILDERS[name]
  if condition.plugin or not builder then
    return { dim = "opaque", neg = neg, key = key_of_condition(condition, ctx),
      condition = condition }
  end
  local literal = builder(condition, neg, ctx)
  literal.condition = condition
  return literal
end

--- @param groups the policy's own: {name = {user pattern, ...}}, or nil
function formula.context(groups)
  local count = 0
  return {
    groups = groups or {},
    group_names = text.sorted_keys(groups or {}),
    functions = {},
    new_id = function()
      count = count + 1
      return count
    end,
  }
end

--- The formula of a list of conditions.
-- @return an "and"; one of literals without a neg is not is_compound
function formula.of(list, ctx)
  return build_list(list, false, ctx)
end

--- One condition as a formula of its own.
formula.of_condition = function(condition, ctx)
  return build(condition, false, ctx)
end

--- Calls visit(literal) for every literal.
function formula.each(node, visit)
  if not node.op then
    return visit(node)
  end
  for i = 1, #node do
    formula.each(node[i], visit)
  end
end

--- Calls visit(condition) for every condition of a list that logic.lua made ready, nested ones too.
function formula.each_condition(list, visit)
  for _, condition in ipairs(list) do
    visit(condition)
    for _, branch in ipairs(condition.branches or {}) do
      formula.each_condition(branch.value, visit)
    end
    if condition.name == "not" then
      formula.each_condition(condition.value, visit)
    end
  end
end

--- Whether the literals for which is_one says so bind the whole of the node: one of all that have
-- to hold, each of those of which one has to.
function formula.binds(node, is_one)
  if not node.op then
    return is_one(node) == true
  end
  for i = 1, #node do
    local is_bound = formula.binds(node[i], is_one)
    if is_bound ~= (node.op == "or") then
      return is_bound
    end
  end
  return node.op == "or" and #node > 0
end

--- A literal that holds where the item of another one does.
function formula.item(dim, item)
  return { dim = dim, neg = false, items = { item }, set = match.compile({ item }) }
end

--- A literal of modes.
function formula.modes(list)
  return words("mode", schema.modes, list, false)
end

return formula
