--- Who a function of policy is: a text that two functions share only when they do the same,
-- wherever in their files they stand. It is made of the function's code and of all that it closes
-- over.
--
-- MUST
--  1. give no text where anything is not known: what has none is like nothing else.
local function_keys = {}

local PARTS_MAX = 2000 -- functions and tables that one of them leads to

-- The sandbox's libraries: closures over one of their functions are common.
local LIBRARIES = {
  string = "byte char find format gmatch gsub len lower match rep reverse sub upper",
  table = "concat insert remove sort pack unpack",
  utf8 = "char charpattern codepoint codes len offset",
}

-- Code ------------------------------------------------------------------------------------------

local HEADER = 31 -- bytes of a dump before the first function's number of upvalues
local SIZES = 13 -- where those of an instruction, an integer and a number stand
local NIL <const>, FALSE <const>, TRUE <const> = 0x00, 0x01, 0x11
local INTEGER <const>, FLOAT <const>, SHORT <const>, LONG <const> = 0x03, 0x13, 0x04, 0x14

local methods = {}
methods.__index = methods

function methods:byte()
  local byte = self.text:byte(self.at) or error("a dump is cut short")
  self.at = self.at + 1
  return byte
end

-- Seven bits a byte, the most significant first; the last byte has its eighth bit set.
function methods:size()
  local value = 0
  repeat
    local byte = self:byte()
    value = value << 7 | byte & 0x7F
  until byte & 0x80 ~= 0
  return value
end

function methods:skip(count)
  self.at = self.at + count
end

function methods:skip_text()
  self:skip(math.max(self:size() - 1, 0))
end

local CONSTANTS = {
  [NIL] = function() end, [FALSE] = function() end, [TRUE] = function() end,
  [INTEGER] = function(self) self:skip(8) end, [FLOAT] = function(self) self:skip(8) end,
  [SHORT] = methods.skip_text, [LONG] = methods.skip_text,
}

function methods:skip_constants()
  for _ = 1, self:size() do
    local skip = CONSTANTS[self:byte()] or error("a dump has an unknown constant")
    skip(self)
  end
end

-- What is left of one that was stripped: all counts are zero.
function methods:skip_debug()
  for _ = 1, 4 do
    if self:size() ~= 0 then
      error("a dump has names")
    end
  end
end

-- Keeps all of a function, and of those within it, but the lines on which they stand.
function methods:take_function()
  self:skip_text()
  table.insert(self.kept, self.text:sub(self.from, self.at - 1))
  self:size()
  self:size()
  self.from = self.at
  self:skip(3)
  self:skip(self:size() * 4)
  self:skip_constants()
  self:skip(self:size() * 3)
  for _ = 1, self:size() do
    self:take_function()
  end
  self:skip_debug()
end

-- The dump without what depends on where its function stands.
local function without_lines(dump)
  local self = setmetatable({ text = dump, at = HEADER + 2, from = 1, kept = {} }, methods)
  if dump:sub(SIZES, SIZES + 2) ~= "\4\8\8" then
    error("a dump has a header that is not known")
  end
  self:take_function()
  table.insert(self.kept, dump:sub(self.from))
  if self.at ~= #dump + 1 then
    error("a dump has more than its function")
  end
  return table.concat(self.kept)
end

-- A function that requires files as it is called may do anything.
local function code_of(call)
  local dump = host.code_of(call)
  if not dump or dump:find("\x88require", 1, true) then
    error("the code is not known")
  end
  return without_lines(dump)
end

-- Values ----------------------------------------------------------------------------------------

local key_of

-- What a fresh environment has, by value.
local function known_values()
  local known, fresh = {}, host.sandbox_env()
  for name, value in pairs(fresh) do
    known[value] = "the global " .. name
  end
  for library, list in pairs(LIBRARIES) do
    for name in list:gmatch("%S+") do
      known[fresh[library][name]] = ("the function %s.%s"):format(library, name)
    end
  end
  return known, fresh
end

-- The globals that policy itself has set.
local function key_of_globals(env, state)
  local parts, names = {}, {}
  for name, value in pairs(env) do
    if not rawequal(rawget(state.fresh, name), value) and name ~= "require" then
      names[#names + 1] = type(name) == "string" and name or error("a global has no name")
    end
  end
  table.sort(names)
  for i, name in ipairs(names) do
    parts[i] = ("%q=%s"):format(name, key_of(env[name], state))
  end
  return "globals{" .. table.concat(parts, ",") .. "}"
end

local function key_of_table(value, state)
  local metatable, parts, keys = getmetatable(value), {}, {}
  if require("sentinel.lua_front").is_view(value) then
    return "sentinel"
  elseif metatable ~= nil then
    return rawget(value, "assert") == state.fresh.assert and key_of_globals(value, state)
      or error("a table of another kind")
  end
  for key in pairs(value) do
    local kind = math.type(key) or type(key)
    keys[#keys + 1] = (kind == "string" or kind == "integer") and key or error("a key is no name")
  end
  table.sort(keys, function(a, b)
    return type(a) == type(b) and a < b or type(a) < type(b)
  end)
  for i, key in ipairs(keys) do
    parts[i] = ("%q=%s"):format(key, key_of(value[key], state))
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

local function key_of_function(value, state)
  local parts = { code_of(value) }
  local i = 1
  local has_one, upvalue = host.upvalue_of(value, i)
  while has_one do
    parts[#parts + 1] = key_of(upvalue, state)
    i = i + 1
    has_one, upvalue = host.upvalue_of(value, i)
  end
  return "function " .. host.digest(table.concat(parts, "\n"))
end

local COMPOUND = { table = key_of_table, ["function"] = key_of_function }

function key_of(value, state)
  local kind = type(value)
  local of = COMPOUND[kind]
  if not of then
    return (kind == "string" or kind == "number" or kind == "boolean" or kind == "nil")
      and ("%q"):format(value) or error("a value of another kind")
  elseif state.known[value] then
    return state.known[value]
  elseif state.seen[value] then
    return "the same as " .. state.seen[value]
  end
  state.count = state.count + 1
  state.seen[value] = state.count
  if state.count > PARTS_MAX then
    error("it closes over too much")
  end
  return of(value, state)
end

--- The function's key, or nil.
function function_keys.of(call)
  local known, fresh = known_values()
  local state = { known = known, fresh = fresh, seen = {}, count = 0 }
  local is_done, key = host.pcall(key_of_function, call, state)
  return is_done and key or nil
end

return function_keys
