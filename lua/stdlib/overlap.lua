--- Two rules against each other, for lint. Both answers err on one side only:
--   overlap.covers(a, b)       a, which stands before b, decides whatever b could decide: only when
--                              that is proven
--   overlap.may_overlap(a, b)  some request matches both: false only when that is proven to be none
--
-- What a rule decides is more than what it matches: a deny rule decides where its conditions are
-- unknown, and every rule where a function raises. So a rule decides where it is true, or where it
-- is not false, and what is proven is one of
--   true from true            an allow rule before an allow rule
--   not false from not false  a deny rule before any other: "loose"
--   true from not false       an allow rule before a deny rule: "strict"
local formula = require "sentinel.formula"
local proof = require "sentinel.proof"
local regions = require "sentinel.regions"

local overlap = {}

local function is_never_unknown(node)
  local is_known = true
  formula.each(node, function(literal)
    local is_function = literal.dim == "opaque" and literal.condition.name == "function"
    is_known = is_known and (is_function or regions[literal.dim].is_total == true)
  end)
  return is_known
end

local function key_of_node(node, ctx)
  if not node.op then
    return (node.neg and "!" or "") .. formula.key({ node.condition }, ctx)
  end
  local parts = {}
  for i = 1, #node do
    parts[i] = key_of_node(node[i], ctx)
  end
  return node.op .. "(" .. table.concat(parts, ";") .. ")"
end

-- Sets apart what nobody can look into (opaque), what stands before it, and all else. Functions and
-- plugins may raise, so what comes after the first of them may not count.
local function split(self, ctx)
  if not self.node.has_opaque then
    self.solid, self.head = self.node, self.node
    return
  end
  self.solid, self.head, self.opaque = { op = "and" }, { op = "and" }, {}
  for _, child in ipairs(self.node) do
    if child.has_opaque or child.dim == "opaque" then
      table.insert(self.opaque, key_of_node(child, ctx))
      self.has_unknown = self.has_unknown or not is_never_unknown(child)
    else
      table.insert(self.solid, child)
      if #self.opaque == 0 then
        table.insert(self.head, child)
      end
    end
  end
end

-- users and groups, roles and accounts: two of them together are more than each alone.
local function repeats_dimension(node)
  for i = 2, #node do
    if node[i].dim == node[i - 1].dim then
      return true
    end
  end
  return false
end

--- A rule, ready to be compared.
-- @param ctx of formula.context; the same for all rules of a policy
function overlap.prepare(rule, number, ctx)
  local self = { rule = rule, number = number, is_deny = rule.effect == "deny", ctx = ctx }
  self.node = formula.of(rule.conditions, ctx)
  self.matches_nothing = proof.is_empty(self.node)
  self.is_plain = not self.node.is_compound and not repeats_dimension(self.node)
  split(self, ctx)
  return self
end

local function key_of(self)
  self.key = self.key or formula.key(self.rule.conditions, self.ctx)
  return self.key
end

-- Whether a's functions and plugins are the first ones of b's: then they give the same answers, and
-- what raises in b raised in a.
local function shares_opaque(a, b)
  for i, key in ipairs(a.opaque) do
    if not b.opaque or b.opaque[i] ~= key then
      return false
    end
  end
  return a.is_deny or not a.has_unknown
end

-- Whether they have the same conditions, and a decides wherever b does.
local function is_duplicate(a, b)
  return (a.is_deny or not b.is_deny or is_never_unknown(a.node)) and key_of(a) == key_of(b)
end

-- What several rules together may cover.
local SPLIT = { profile = true, user = true, mode = true }

--- Whether a decides wherever b would: true, false, or {dimension = true, ...} when that fails on
-- profiles, users or modes only, so that other rules may cover the rest.
function overlap.covers(a, b)
  if a.opaque and not shares_opaque(a, b) then
    return b.opaque ~= nil and is_duplicate(a, b)
  end
  if not a.is_plain and not b.is_plain and is_duplicate(a, b) then
    return true -- however deep they are
  end
  local is_wide = b.is_deny or b.opaque ~= nil
  local how = { is_strict = is_wide and not a.is_deny, is_loose = a.is_deny }
  local missing, work = nil, { steps = 0 }
  for i = 1, #a.solid do
    local node = a.solid[i]
    if not proof.implies(node, b.head, how, work) then
      if not SPLIT[node.dim] or node.neg then
        return a.opaque ~= nil and is_duplicate(a, b)
      end
      missing = missing or {}
      missing[node.dim] = true
    end
  end
  return missing or true
end

--- Part of a rule: what it is with one literal more.
function overlap.narrow(self, literal)
  local function with(node)
    local out = table.move(node, 1, #node, 1, { op = "and" })
    out[#out + 1] = literal
    return out
  end
  return setmetatable({ head = with(self.head) }, { __index = self })
end

--- Whether some request may match both rules.
function overlap.may_overlap(a, b)
  if a.matches_nothing or b.matches_nothing then
    return false
  end
  local x, y = a.node, b.node
  for i = 1, #x do
    for k = 1, #y do
      if x[i].dim ~= nil and x[i].dim == y[k].dim and proof.are_apart(x[i], y[k]) then
        return false
      end
    end
  end
  return a.is_plain and b.is_plain or not proof.is_empty(x, y)
end

return overlap
