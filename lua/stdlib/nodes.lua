--- The tree that both front ends build.
--
-- A node has `kind`, `line` and `column`:
--   "map"     keys = {{text, line, column}, ...}, values = {node, ...}; Lua: extra = {node, ...}
--             for list items beside keys, is_empty when the table may be a list as well
--   "list"    items = {node, ...}
--   "scalar"  text, plain (YAML), or text, type (Lua)
--   "function", "check", "branches"   Lua only (lua_front.lua)
--   "other"   what = "a read-only table"
local text = require "sentinel.text"

local nodes = {}

local NULL = { [""] = true, ["~"] = true, null = true, Null = true, NULL = true }
local BOOLEAN = {
  ["true"] = true, ["True"] = true, ["TRUE"] = true,
  ["false"] = false, ["False"] = false, ["FALSE"] = false,
}
local NUMBERS = {
  "^[-+]?%d+$", "^0o[0-7]+$", "^0x%x+$", "^[-+]?%d+%.?%d*[eE][-+]?%d+$", "^[-+]?%.%d+[eE][-+]?%d+$",
  "^[-+]?%d+%.%d*$", "^[-+]?%.%d+$", "^[-+]?%.[iI][nN][fF]$", "^%.[nN][aA][nN]$",
}

-- A number begins with a digit, a sign or a dot, which few words of a policy do: the patterns are
-- for those.
local function is_number(word)
  local first = word:byte()
  local is_digit = first and first >= 48 and first <= 57
  if not (is_digit or first == 43 or first == 45 or first == 46) then
    return false
  end
  for _, pattern in ipairs(NUMBERS) do
    if word:find(pattern) then
      return true
    end
  end
  return false
end

-- YAML 1.2, core schema: only a plain word can be anything but text.
local function resolve(node)
  local word = node.text
  if not node.plain then
    return "string"
  elseif NULL[word] then
    return "null"
  elseif BOOLEAN[word] ~= nil then
    return "boolean"
  elseif is_number(word) then
    return word:find("^[-+]?%d+$") and "integer" or "number"
  end
  return "string"
end

--- The type of a scalar: string, null, boolean, integer, number; nil for another node.
function nodes.scalar_type(node)
  if node.kind ~= "scalar" then
    return nil
  end
  if not node.type then
    node.type = resolve(node)
  end
  return node.type
end

function nodes.is_null(node)
  return nodes.scalar_type(node) == "null"
end

--- The text, or nil when the node is not one.
function nodes.string_of(node)
  return nodes.scalar_type(node) == "string" and node.text or nil
end

--- true or false, or nil when the node is neither.
function nodes.boolean_of(node)
  if nodes.scalar_type(node) ~= "boolean" then
    return nil
  end
  return BOOLEAN[node.text]
end

--- The integer, or nil when the node is not one of at most 9 digits.
function nodes.integer_of(node)
  if nodes.scalar_type(node) == "integer" and node.text:find("^%d+$") and #node.text <= 9 then
    return math.tointeger(tonumber(node.text))
  end
  return nil
end

function nodes.is_map(node)
  return node.kind == "map"
end

function nodes.is_list(node)
  return node.kind == "list" or (node.kind == "map" and node.is_empty == true)
end

--- The items of a list.
function nodes.items(node)
  return node.kind == "list" and node.items or {}
end

local KINDS = {
  map = "a mapping",
  list = "a list",
  ["function"] = "a function",
  check = "what s.check makes",
  branches = "what s.any, s.all or s.not_ makes",
}

--- What was found, for a message: `a list`, `the text "abc"`, `the number 5`, `true`, `nothing`.
function nodes.found(node)
  local type = nodes.scalar_type(node)
  if not type then
    return node.kind == "other" and node.what or KINDS[node.kind]
  elseif type == "string" then
    return "the text " .. text.quote(node.text)
  elseif type == "null" then
    return "nothing"
  elseif type == "boolean" then
    return node.text
  end
  return "the number " .. text.cut(node.text, 64)
end

return nodes
