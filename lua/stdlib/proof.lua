--- What follows from formulas (formula.lua), for lint. Both answers err on one side only:
--   proof.implies(a, b)    a holds wherever b does: only when that is proven
--   proof.is_empty(a, b)   no request matches both: only when that is proven
local regions = require "sentinel.regions"

local proof = {}

-- More steps than this prove nothing: rules that nest deeply are taken as different.
local STEPS_MAX = 2000

-- More literals of one dimension are compared only two by two.
local EXHAUSTED_MAX = 16

local function literal_implies(a, b, how)
  local dim = a.dim
  if dim ~= b.dim or dim == "opaque" or a.never or b.always then
    return false
  end
  local region = regions[dim]
  if how.is_strict and not region.is_total then
    return false
  elseif a.neg ~= b.neg then
    return a.neg and region.disjoint(a, b)
  elseif a.neg then
    return region.contains(b, a)
  end
  return region.contains(a, b)
end

local function is_certain(a, b, how)
  return a.always or b.never or (how.is_loose and not a.neg and a.dim ~= nil
    and regions[a.dim].is_never_false)
end

-- Whether the node a holds wherever b does.
local function implies(a, b, how, work)
  work.steps = work.steps + 1
  if work.steps > STEPS_MAX then
    return false
  elseif is_certain(a, b, how) then
    return true
  elseif a.op == "and" then
    for i = 1, #a do
      if not implies(a[i], b, how, work) then
        return false
      end
    end
    return true
  elseif b.op == "or" then
    for i = 1, #b do
      if not implies(a, b[i], how, work) then
        return false
      end
    end
    return true
  end
  for i = 1, a.op == "or" and #a or 0 do
    if implies(a[i], b, how, work) then
      return true
    end
  end
  for i = 1, b.op == "and" and #b or 0 do
    if implies(a, b[i], how, work) then
      return true
    end
  end
  return not a.op and not b.op and literal_implies(a, b, how)
end

local function are_apart(x, y)
  local region = regions[x.dim]
  if x.neg and y.neg then
    return false
  elseif x.neg then
    return not y.always and region.contains(x, y)
  elseif y.neg then
    return not x.always and region.contains(y, x)
  end
  return not x.always and not y.always and region.disjoint(x, y)
end

-- Whether an item of one literal is ruled out by another one.
local function is_ruled_out(dim, item, by)
  local region = regions[dim]
  for i = 1, #by.items do
    local other = by.items[i]
    if by.neg and region.item_contains(other, item) then
      return true
    elseif not by.neg and not region.item_disjoint(item, other) then
      return false
    end
  end
  return not by.neg
end

-- Whether every item of one of the literals, all of one dimension, is ruled out by the others.
local function are_exhausted(dim, held)
  local function is_dead(literal, item)
    for _, other in ipairs(held) do
      if other ~= literal and not other.always and is_ruled_out(dim, item, other) then
        return true
      end
    end
    return false
  end
  for _, literal in ipairs(held) do
    local left = literal.neg or literal.always or not literal.items
    for i = 1, left and 0 or #literal.items do
      left = left or not is_dead(literal, literal.items[i])
    end
    if not left then
      return true
    end
  end
  return false
end

-- Whether the literal cannot hold together with those that do, and there it is one of them.
local function clashes(literal, held, work)
  local of_dim = held[literal.dim] or {}
  held[literal.dim] = of_dim
  work.steps = work.steps + #of_dim
  for _, other in ipairs(of_dim) do
    if are_apart(literal, other) then
      return true
    end
  end
  of_dim[#of_dim + 1] = literal
  local is_over = #of_dim > 2 and #of_dim < EXHAUSTED_MAX and regions[literal.dim].item_contains and
    are_exhausted(literal.dim, of_dim)
  if is_over then
    of_dim[#of_dim] = nil
  end
  return is_over
end

-- Whether no request matches all of the nodes in the list {node, next}, together with the literals
-- that are held already.
local function is_empty(list, held, work)
  work.steps = work.steps + 1
  if list == nil or work.steps > STEPS_MAX then
    return false
  end
  local node, rest = list[1], list[2]
  if node.op == "and" then
    for i = #node, 1, -1 do
      rest = { node[i], rest }
    end
    return is_empty(rest, held, work)
  elseif node.op == "or" then
    for i = 1, #node do
      if not is_empty({ node[i], rest }, held, work) then
        return false
      end
    end
    return true
  elseif node.never or (node.neg and regions[node.dim].is_never_false) then
    return true
  elseif node.always then
    return is_empty(rest, held, work)
  elseif clashes(node, held, work) then
    return true
  end
  local answer = is_empty(rest, held, work)
  local of_dim = held[node.dim]
  of_dim[#of_dim] = nil
  return answer
end

-- Literals first: they rule out most of what the others would have to try.
local function in_order(...)
  local list = nil
  for _, is_op in ipairs { true, false } do
    for _, node in ipairs { ... } do
      for i = #node, 1, -1 do
        if (node[i].op ~= nil) == is_op then
          list = { node[i], list }
        end
      end
    end
  end
  return list
end

--- Whether no request matches all of these formulas, each of them an "and".
function proof.is_empty(...)
  return is_empty(in_order(...), {}, { steps = 0 })
end

--- Whether two literals of one dimension cannot hold together.
proof.are_apart = are_apart

local PLAIN <const> = {}

--- Whether the node a holds wherever b does. With how.is_loose, a only has to be not false; with
-- how.is_strict, b may be unknown. Proofs that share work, {steps = 0}, share what they may take.
function proof.implies(a, b, how, work)
  return implies(a, b, how or PLAIN, work or { steps = 0 })
end

return proof
