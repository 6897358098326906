--- Lua values to a tree of nodes (nodes.lua): what policy and plugins return, read raw and copied.
local tree = {}

local LEVELS_MAX = 32
local NODES_MAX = 1000000 -- fuel and memory end sooner
local SEEN_MAX = 1000

local function other(what, place)
  return { "other", what }, place
end

-- The string keys in byte order and the number of list items, or nil and what else is a key.
local function split_keys(value)
  local keys, count = {}, 0
  for key in pairs(value) do
    if type(key) == "string" then
      keys[#keys + 1] = key
    elseif math.type(key) == "integer" then
      count = count + 1
    else
      return nil, "a table with a " .. type(key) .. " for a key"
    end
  end
  if count ~= rawlen(value) or (count > 0 and rawget(value, count) == nil) then
    return nil, "a list with gaps"
  end
  for i = 1, count do
    if rawget(value, i) == nil then
      return nil, "a list with gaps"
    end
  end
  table.sort(keys)
  return keys, count
end

-- Adds the items of a list; beside keys they stand as entries without one.
local function add_items(node, value, count, place, state, level)
  for i = 1, count do
    if node[1] == "mixed" then
      node[#node + 1] = false
      node[#node + 1] = place
    end
    local at = #node + 1
    node[at], node[at + 1] = tree.read(rawget(value, i), place, state, level + 1)
  end
  return node
end

-- A table that was emptied is as long to walk as it once was. Making it was paid for, and so was
-- the first walk; this is for each further one. What was seen long ago is walked again for nothing.
local function charge_again(value, state)
  if state.seen[value] then
    host.spend(state.walk_cost)
    return
  elseif state.seen_count == SEEN_MAX then
    state.seen, state.seen_count = {}, 0
  end
  state.seen[value], state.seen_count = true, state.seen_count + 1
end

-- A table: a list, a map, or (in conditions) a map with list items beside its keys.
local function read_table(value, place, state, level)
  if getmetatable(value) ~= nil then
    return other("a read-only table", place)
  end
  charge_again(value, state)
  local keys, count = split_keys(value)
  if not keys then
    return other(count, place)
  elseif #keys == 0 and count == 0 then
    return { "empty" }, place
  elseif #keys == 0 then
    return add_items({ "list", is_lua = true }, value, count, place, state, level), place
  end
  local node = { count > 0 and "mixed" or "map" }
  for _, key in ipairs(keys) do
    local at = #node + 1
    node[at], node[at + 1] = key, place
    node[at + 2], node[at + 3] = tree.read(rawget(value, key), place, state, level + 1)
  end
  return add_items(node, value, count, place, state, level), place
end

local READERS = {
  string = function(value, place)
    return value, place
  end,
  boolean = function(value, place)
    return { "boolean", tostring(value) }, place
  end,
  number = function(value, place)
    local kind = math.type(value) == "integer" and "integer" or "number"
    return { kind, tostring(value) }, place
  end,
  ["function"] = function(value, place)
    return { "function", value }, place
  end,
  table = read_table,
}

--- What tree.read keeps while it reads one value with all that is below it.
-- @param marks {value = mark} of which read_mark(mark, state, level) makes a node
function tree.new_state(problems, marks, read_mark)
  return {
    problems = problems, marks = marks or {}, read_mark = read_mark, nodes = 0, seen = {},
    seen_count = 0, walk_cost = host.walk_cost(),
  }
end

--- A node and its place. What has no place of its own has that of what is around it.
-- @param state of tree.new_state
function tree.read(value, place, state, level)
  state.nodes = state.nodes + 1
  if level > LEVELS_MAX then
    return other(("a table more than %d levels deep"):format(LEVELS_MAX), place)
  elseif state.nodes > NODES_MAX then
    return other(("more than %d values"):format(NODES_MAX), place)
  end
  local mark = state.marks[value]
  if mark then
    return state.read_mark(mark, state, level)
  end
  local read = READERS[type(value)]
  if not read then
    return other("a " .. type(value), place)
  end
  return read(value, place, state, level)
end

return tree
