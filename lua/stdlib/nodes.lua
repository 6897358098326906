--- What both front ends make of a policy, and what reader.lua reads.
--
-- A node is two values: what it is, and its place (errors.lua). What it is:
--   a string                            text
--   {"map", key, place, node, place, key, place, node, place, ...}
--   {"mixed", ...}                      Lua only: a map with items beside its keys; their key is
--                                       false
--   {"list", node, place, node, place, ...}
--   {"null" | "boolean" | "integer" | "number", text}
--   {"empty"}                           Lua only: a table that may be a map or a list
--   {"function", f}                     Lua only
--   {"check", f, label}                 Lua only: what s.check makes
--   {"branches", name, node, place}     Lua only: what s.any, s.all or s.not_ makes
--   {"other", what}                     "a read-only table"
--
-- node[1] is the kind of every node but text: indexing a string gives nothing.
local text = require "sentinel.text"

local nodes = {}

local BOOLEANS = { ["true"] = true, ["True"] = true, ["TRUE"] = true }

nodes.FIRST = 2 -- where the first item or key of a list or map stands
nodes.STEP = { list = 2, map = 4, mixed = 4 } -- and how far the next one is

--- The text, or nil when the node is not one.
function nodes.string_of(node)
  return node[1] == nil and node or nil
end

--- true or false, or nil when the node is neither.
function nodes.boolean_of(node)
  if node[1] ~= "boolean" then
    return nil
  end
  return BOOLEANS[node[2]] == true
end

--- The integer, or nil when the node is not one of at most 9 digits.
function nodes.integer_of(node)
  if node[1] == "integer" and node[2]:find("^%-?%d+$") and #node[2] <= 9 then
    return math.tointeger(tonumber(node[2]))
  end
  return nil
end

local MAPS = { map = true, mixed = true, empty = true }

function nodes.is_map(node)
  return MAPS[node[1]] == true
end

function nodes.is_list(node)
  return node[1] == "list" or node[1] == "empty"
end

--- The text of a node that is written as one word, or nil.
function nodes.word_of(node)
  local kind = node[1]
  if kind == "boolean" or kind == "integer" or kind == "number" then
    return node[2]
  end
  return nodes.string_of(node)
end

local FOUND = {
  map = "a mapping",
  list = "a list",
  mixed = "a mapping",
  empty = "a mapping",
  null = "nothing",
  ["function"] = "a function",
  check = "what s.check makes",
  branches = "what s.any, s.all or s.not_ makes",
}

--- What was found, for a message: `a list`, `the text "abc"`, `the number 5`, `true`, `nothing`.
function nodes.found(node)
  local kind = node[1]
  if kind == nil then
    return "the text " .. text.quote(node)
  elseif kind == "boolean" or kind == "other" then
    return node[2]
  elseif kind == "integer" or kind == "number" then
    return "the number " .. text.cut(node[2], 64)
  end
  return FOUND[kind]
end

return nodes
