--- Finding a request in a finite space (space.lua): constraints on formulas of three truth values,
-- met by choosing values of attributes, one after the other.
--
-- What a formula may still come to is a set of truth values, as bits. Before all attributes that it
-- looks at are chosen the set may be too large, never too small: what is ruled out is ruled out.
local search = {}

local TRUE <const>, FALSE <const>, UNKNOWN <const> = 1, 2, 4
search.TRUE, search.FALSE, search.UNKNOWN = TRUE, FALSE, UNKNOWN
search.ANY = TRUE | FALSE | UNKNOWN

local function all_of(a, b)
  if a == FALSE or b == FALSE then
    return FALSE
  end
  return (a == UNKNOWN or b == UNKNOWN) and UNKNOWN or TRUE
end

local function any_of(a, b)
  if a == TRUE or b == TRUE then
    return TRUE
  end
  return (a == UNKNOWN or b == UNKNOWN) and UNKNOWN or FALSE
end

-- b, where a is known to be there; the same where it is not.
local function given(a, b)
  return a == TRUE and b or UNKNOWN
end

-- An operation on single truth values as one on sets: table[a][b].
local function on_sets(operation)
  local sets = {}
  for a = 0, 7 do
    sets[a] = {}
    for b = 0, 7 do
      local set = 0
      for _, x in ipairs { TRUE, FALSE, UNKNOWN } do
        for _, y in ipairs { TRUE, FALSE, UNKNOWN } do
          if a & x ~= 0 and b & y ~= 0 then
            set = set | operation(x, y)
          end
        end
      end
      sets[a][b] = set
    end
  end
  return sets
end

local OPERATIONS = { ["and"] = on_sets(all_of), ["or"] = on_sets(any_of), given = on_sets(given) }
local FIRST = { ["and"] = TRUE, ["or"] = FALSE, given = TRUE }

local NOT = {}
for set = 0, 7 do
  NOT[set] = set & UNKNOWN | (set & TRUE) << 1 | (set & FALSE) >> 1
end

--- What a node may come to. A node is {op = "and" | "or" | "given", ...}, {op = "not", node}, or a
-- leaf {attribute, verdicts = {set by the number of the attribute's value}, all = set}.
-- @param chosen {[attribute] = number of a value}
local function possible(node, chosen)
  local op = node.op
  if not op then
    local number = chosen[node.attribute]
    return number and node.verdicts[number] or node.all
  elseif op == "not" then
    return NOT[possible(node[1], chosen)]
  end
  local sets, set = OPERATIONS[op], FIRST[op]
  for i = 1, #node do
    set = sets[set][possible(node[i], chosen)]
  end
  return set
end

search.possible = possible

--- Calls visit(leaf) for every leaf.
function search.each_leaf(node, visit)
  if not node.op then
    return visit(node)
  end
  for i = 1, #node do
    search.each_leaf(node[i], visit)
  end
end

-- The constraints that are not met whatever else is chosen; nil when one cannot be met.
local function unsettled(constraints, chosen)
  local open = {}
  for i = 1, #constraints do
    local constraint = constraints[i]
    local set = possible(constraint.node, chosen)
    if set & constraint.allowed == 0 then
      return nil
    elseif set & ~constraint.allowed ~= 0 then
      open[#open + 1] = constraint
    end
  end
  return open
end

-- The first attribute that is open in the first of the constraints; there is one, or the constraint
-- would be settled.
local function next_attribute(open, chosen)
  local found
  search.each_leaf(open[1].node, function(leaf)
    if not found and not chosen[leaf.attribute] then
      found = leaf.attribute
    end
  end)
  return found
end

-- The leaves of an attribute in the constraints, once each.
local function leaves_on(attribute, open)
  local leaves, seen = {}, {}
  for i = 1, #open do
    search.each_leaf(open[i].node, function(leaf)
      if leaf.attribute == attribute and not seen[leaf] then
        seen[leaf] = true
        leaves[#leaves + 1] = leaf
      end
    end)
  end
  return leaves
end

-- Of the values between which these leaves do not tell, the first.
local function different_values(attribute, leaves)
  local numbers, seen, sets = {}, {}, {}
  for number = 1, #attribute.values do
    for i = 1, #leaves do
      sets[i] = leaves[i].verdicts[number]
    end
    local key = table.concat(sets, "", 1, #leaves)
    if not seen[key] then
      seen[key] = true
      numbers[#numbers + 1] = number
    end
  end
  return numbers
end

local function solve(constraints, chosen, budget)
  local open = unsettled(constraints, chosen)
  if not open or #open == 0 then
    return open ~= nil
  end
  local attribute = next_attribute(open, chosen)
  attribute:make()
  for _, number in ipairs(different_values(attribute, leaves_on(attribute, open))) do
    budget.left = budget.left - 1
    if budget.left < 0 then
      budget.is_spent = true
      break
    end
    chosen[attribute] = number
    if solve(open, chosen, budget) then
      return true
    elseif budget.is_spent then
      break
    end
  end
  chosen[attribute] = nil
  return false
end

--- Whether all constraints can be met, the first ones looked at first; `chosen`, which may hold
-- some values already, gets those that it takes. What is not chosen may be anything.
-- @function search.solve
-- @param constraints a list of {node, allowed = a set}
-- @param chosen {[attribute] = number of a value}
-- @param budget {left = a number of choices}; budget.is_spent says that false is no answer
search.solve = solve

--- Budgets are used up together: takes what a part of one left.
-- @return a part of the budget, at most so large
function search.part_of(budget, most)
  return { left = math.min(budget.left, most), whole = budget, given = math.min(budget.left, most) }
end

function search.give_back(part)
  local whole = part.whole
  whole.left = whole.left - (part.given - math.max(part.left, 0))
  whole.is_spent = whole.is_spent or part.is_spent
end

return search
