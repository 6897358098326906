--- Where the keys and items of a table stand in the text of a Lua file that was compiled. Only a
-- table that is written out has such places; whatever else makes one has none.
local errors = require "sentinel.errors"
local nodes = require "sentinel.nodes"

local source_places = {}

local LEVELS_MAX = 32
local LINE_MAX = 1000 -- in longer ones nothing is looked for: there may be many of them
local TOKENS_MAX = 50000 -- of a file; what stands after that has no places
local OPENERS = { ["{"] = true, ["("] = true, ["["] = true, ["function"] = true, ["do"] = true,
  ["if"] = true, ["repeat"] = true }
local CLOSERS = { ["}"] = true, [")"] = true, ["]"] = true, ["end"] = true, ["until"] = true }

-- The position after a long bracket that begins there, or nil.
local function skip_long(source, at)
  local level = source:match("^%[(=*)%[", at)
  local closing = level and "]" .. level .. "]"
  local from = closing and source:find(closing, at, true)
  return from and from + #closing
end

-- The position of the next token, at or after this one; after the end when there is none.
local function skip_space(source, at)
  while true do
    at = source:find("%S", at) or #source + 1
    if source:sub(at, at + 1) ~= "--" then
      return at
    end
    at = skip_long(source, at + 2) or source:find("\n", at, true) or #source + 1
  end
end

local function skip_quoted(source, at)
  local ends = source:sub(at, at) == "'" and "['\\]" or '["\\]'
  at = source:find(ends, at + 1)
  while at and source:sub(at, at) == "\\" do
    at = source:find(ends, at + 2)
  end
  return (at or #source) + 1
end

-- The token at a position, as far as it matters here, and the position after it: after the end when
-- the text has had too many.
local function read_token(state, at)
  local source = state.source
  state.tokens = state.tokens - 1
  if state.tokens < 0 then
    return "", #source + 1
  end
  local word = source:match("^[%a_][%w_]*", at) or source:match("^%d[%w_.]*", at)
  if word then
    return word, at + #word
  elseif source:find("^[\"']", at) then
    return "text", skip_quoted(source, at)
  end
  local after = skip_long(source, at)
  return after and "text" or source:sub(at, at), after or at + 1
end

-- The position of what ends the expression: a comma, a semicolon or a bracket.
local function skip_expression(state, at)
  local source, depth = state.source, 0
  at = skip_space(source, at)
  while at <= #source do
    local token, after = read_token(state, at)
    if depth == 0 and (token == "," or token == ";" or CLOSERS[token]) then
      return at
    end
    depth = depth + (OPENERS[token] and 1 or CLOSERS[token] and -1 or 0)
    at = skip_space(source, after)
  end
  return at
end

-- Positions are asked for from the beginning to the end.
local function place_of(state, at)
  local newline = state.source:find("\n", state.line_start, true)
  while newline and newline < at do
    state.line, state.line_start = state.line + 1, newline + 1
    newline = state.source:find("\n", state.line_start, true)
  end
  return errors.place(state.line, at - state.line_start + 1, state.file)
end

-- The key of the field at a position, if it has one, and where its value begins.
local function read_key(source, at)
  local name, after = source:match("^([%a_][%w_]*)()", at)
  if not name then
    name, after = source:match('^%[%s*"([^"\\\n]*)"%s*%]()', at)
  end
  after = name and skip_space(source, after)
  if name and source:find("^=[^=]", after) then
    return name, skip_space(source, after + 1)
  end
  return nil, at
end

local read_fields

-- A table {place, keys = {key = field}, items = {field}}, a field {place, value}; a value that is
-- no written table is {place}.
local function read_value(state, at, level)
  local value = { place = place_of(state, at) }
  if state.source:sub(at, at) == "{" and level < LEVELS_MAX then
    value.keys, value.items = {}, {}
    at = read_fields(state, value, skip_space(state.source, at + 1), level + 1)
  end
  return value, skip_expression(state, at)
end

-- Answers the position after the table.
function read_fields(state, into, at, level)
  local source = state.source
  while at <= #source and source:sub(at, at) ~= "}" do
    local field = { place = place_of(state, at) }
    local key, value_at = read_key(source, at)
    if key then
      into.keys[key] = field
    else
      into.items[#into.items + 1] = field
    end
    field.value, at = read_value(state, value_at, level)
    if source:find("^[,;]", at) then
      at = skip_space(source, at + 1)
    elseif source:sub(at, at) ~= "}" then
      return #source + 1 -- this is a comment, or a text, that looks like a call
    end
  end
  return at + 1
end

--- The places of the table that a file returns, or nil when it is written in no such way.
function source_places.of_returned(source, file)
  local state = { source = source, file = file, tokens = TOKENS_MAX, line = 1, line_start = 1 }
  local at, depth = skip_space(source, 1), 0
  while at <= #source do
    local token, after = read_token(state, at)
    at = skip_space(source, after)
    if depth == 0 and token == "return" then
      return source:sub(at, at) == "{" and (read_value(state, at, 0)) or nil
    end
    depth = depth + (OPENERS[token] and 1 or CLOSERS[token] and -1 or 0)
  end
  return nil
end

--- A file's text in which calls are looked for.
function source_places.new_file(source)
  local line_starts = { 1 }
  for after in source:gmatch("\n()") do
    line_starts[#line_starts + 1] = after
  end
  return { source = source, tokens = TOKENS_MAX, line_starts = line_starts }
end

--- The place of a text in quotes that stands on the line of a place or below it; the place itself
-- where there is none.
function source_places.of_text(file, place, wanted)
  local line = errors.line_of(place)
  local first = file.line_starts[line]
  local one = file.source:find(("%q"):format(wanted), first, true)
  local other = file.source:find("'" .. wanted .. "'", first, true)
  local at = math.min(one or math.huge, other or math.huge)
  if at == math.huge then
    return place
  end
  return place_of({
    source = file.source, file = errors.file_of(place), line = line, line_start = first,
  }, at)
end

--- The places of the table that is written in a call on the line of a place; nil where there is
-- none, or more than one.
-- @param file of source_places.new_file
-- @param pattern what stands before the table, up to a position capture before its "{"
function source_places.of_call(file, place, pattern)
  local number = errors.line_of(place)
  local first, next_first = file.line_starts[number], file.line_starts[number + 1]
  if (next_first or #file.source) - first > LINE_MAX then
    return nil
  end
  local line = file.source:sub(first, next_first and next_first - 1)
  local _, last, at = line:find(pattern)
  if not last or line:find(pattern, last) then
    return nil
  end
  file.file, file.line, file.line_start = errors.file_of(place), number, first
  return (read_value(file, first + at - 1, 0))
end

--- The place of the key that the names lead to, or of the last of them that is there.
function source_places.find(places, ...)
  local at, place = places, places and places.place or errors.START
  for _, name in ipairs { ... } do
    local field = at and at.keys and at.keys[name]
    if not field then
      return place
    end
    at, place = field.value, field.place
  end
  return place
end

--- Gives a node of lua_tree.lua, and all below it, the places of the table that it was read from.
function source_places.put(node, places)
  if type(node) ~= "table" or not places or not places.keys then
    return
  end
  local step = nodes.STEP[node[1]]
  local items = 0
  for i = nodes.FIRST, step and #node or 0, step or 1 do
    local key = step == nodes.STEP.map and node[i]
    items = items + (key and 0 or 1)
    local field = key and places.keys[key] or places.items[items]
    if field then
      local at = i
      if step == nodes.STEP.map then
        node[i + 1], at = field.place, i + 2
      end
      node[at + 1] = field.value.place
      source_places.put(node[at], field.value)
    end
  end
end

return source_places
