--- A policy in Lua to a tree of nodes (nodes.lua).
--
-- MUST
--  1. run policy text only in an environment of host.sandbox_env, and only with what `sentinel`
--     gives it;
--  2. read what it returns raw, and copy it: after loading, policy holds nothing that the engine
--     reads;
--  3. know what the functions of `sentinel` made by a table that policy cannot reach, never by its
--     looks.
local errors = require "sentinel.errors"
local nodes = require "sentinel.nodes"
local text = require "sentinel.text"
local time = require "sentinel.time"

local lua_front = {}

local LEVELS_MAX = 32
local NODES_MAX = 1000000 -- fuel and memory end sooner
local POSSIBLE_ZONES_MAX = 16
local SEEN_MAX = 1000

local function place_of_caller(problems)
  local line, file = host.caller_line()
  return errors.place(line or 1, 1, file and problems:file_number(file))
end

local function raise(message)
  error(message, 3)
end

local function is_label(label)
  return type(label) == "string" and #label >= 1 and #label <= 64 and host.utf8_printable(label)
end

-- The `sentinel` module of one policy.
local function new_module(marks, problems)
  local s = {}

  -- A value that only this file knows. Policy sees an empty table that cannot be written.
  local function new_mark(mark)
    mark.place = place_of_caller(problems)
    local token = host.readonly({}, { name = "what sentinel's functions make" })
    marks[token] = mark
    return token
  end

  function s.policy(body)
    if type(body) ~= "table" then
      raise("s.policy wants a table: s.policy { version = \"1\", rules = { ... } }")
    end
    return new_mark({ kind = "policy", body = body })
  end

  function s.rule(name)
    if type(name) ~= "string" then
      raise("s.rule wants a name: s.rule \"name\" { ... }")
    end
    local place = place_of_caller(problems)
    return function(body)
      if type(body) ~= "table" then
        raise("s.rule wants a table after the name: s.rule \"name\" { ... }")
      end
      local token = new_mark({ kind = "rule", name = name, body = body })
      marks[token].place = place
      return token
    end
  end

  function s.check(label, call)
    if not is_label(label) or type(call) ~= "function" then
      raise("s.check wants a label of 1 to 64 printable bytes and a function")
    end
    return new_mark({ kind = "check", label = label, call = call })
  end

  for key, name in pairs({ any = "any", all = "all", not_ = "not" }) do
    s[key] = function(body)
      if type(body) ~= "table" and type(body) ~= "function" then
        raise(("s.%s wants a table"):format(key))
      end
      return new_mark({ kind = "branches", name = name, body = body })
    end
  end

  function s.business_hours(zone)
    if type(zone) ~= "string" then
      raise("s.business_hours wants the name of a time zone")
    end
    return {
      days = { "monday", "tuesday", "wednesday", "thursday", "friday" },
      hours = { start = "09:00", ["end"] = "17:00" },
      timezone = zone,
    }
  end

  s.time = time.for_policy
  return s
end

-- Reading ------------------------------------------------------------------------------------

local read_value

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
    node[at], node[at + 1] = read_value(rawget(value, i), place, state, level + 1)
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
    node[at + 2], node[at + 3] = read_value(rawget(value, key), place, state, level + 1)
  end
  return add_items(node, value, count, place, state, level), place
end

-- s.rule's table with the name as its first key.
local function read_rule(mark, state, level)
  local body = read_value(mark.body, mark.place, state, level + 1)
  if not nodes.is_map(body) then
    return body, mark.place
  end
  local kind = body[1] == "empty" and "map" or body[1]
  local node = { kind, "name", mark.place, mark.name, mark.place }
  for i = nodes.FIRST, #body, nodes.STEP.map do
    if body[i] == "name" then
      state.problems:add(mark.place, 'duplicate key "name"; s.rule gives it already')
    else
      table.move(body, i, i + nodes.STEP.map - 1, #node + 1, node)
    end
  end
  return node, mark.place
end

local MARKS = {
  rule = read_rule,
  check = function(mark)
    return { "check", mark.call, mark.label }, mark.place
  end,
  branches = function(mark, state, level)
    local body, place = read_value(mark.body, mark.place, state, level + 1)
    return { "branches", mark.name, body, place }, mark.place
  end,
  policy = function(mark)
    return other("what s.policy makes", mark.place)
  end,
}

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

-- A node and its place (nodes.lua). What has no place of its own has that of the s.function around
-- it.
function read_value(value, place, state, level)
  state.nodes = state.nodes + 1
  if level > LEVELS_MAX then
    return other(("a table more than %d levels deep"):format(LEVELS_MAX), place)
  elseif state.nodes > NODES_MAX then
    return other(("more than %d values"):format(NODES_MAX), place)
  end
  local mark = state.marks[value]
  if mark then
    return MARKS[mark.kind](mark, state, level)
  end
  local read = READERS[type(value)]
  if not read then
    return other("a " .. type(value), place)
  end
  return read(value, place, state, level)
end

-- Loading ------------------------------------------------------------------------------------

-- Lua's messages begin with "file:line: ".
local function add_error(problems, message, hint)
  local file, line, rest = message:match("^([^\n]-):(%d+): (.*)$")
  local number = file and problems.files.numbers[file]
  problems:add(errors.place(tonumber(line) or 1, 1, number), rest or message, hint)
end

-- The `sentinel` module as policy sees it.
local function new_view(marks, problems)
  local module, fields = new_module(marks, problems), {}
  for name in pairs(module) do
    fields[name] = true
  end
  return host.readonly(module, { name = "sentinel", strict = true, fields = fields })
end

-- What stands before the names of the bundle's files in messages: policy's own file is one of them.
local function root_of(file, bundle)
  for name in pairs(bundle) do
    if #name < #file and file:sub(-#name - 1) == "/" .. name then
      return file:sub(1, -#name - 1)
    end
  end
  return ""
end

-- Runs the policy's files, each with globals of its own; what a file returned is there for all that
-- require it.
local function new_loader(view, bundle, root, problems)
  local loader = { loaded = {} }

  local function require_file(name)
    local path = name:gsub("%.", "/") .. ".lua"
    if loader.loaded[path] == nil then
      if not bundle[path] then
        error(next(bundle) == nil
          and "only \"sentinel\" can be required here; other files need a bundle"
          or ("there is no file %s in this bundle%s"):format(text.quote(path),
            errors.did_you_mean(path, text.sorted_keys(bundle))), 3)
      end
      loader.loaded[path] = false
      loader.loaded[path] = loader.run(bundle[path], root .. path)
    elseif loader.loaded[path] == false then
      error(("%s requires itself"):format(text.quote(path)), 3)
    end
    return loader.loaded[path]
  end

  function loader.run(source, file)
    problems:file_number(file)
    local chunk, message = host.compile(source, file, host.sandbox_env({
      require = function(name)
        if name == "sentinel" then
          return view
        elseif type(name) ~= "string" then
          error("require wants a name: require \"rules\"", 2)
        end
        local result = require_file(name) -- no tail call: errors are told where it was called
        return result
      end,
    }))
    if not chunk then
      error(message, 0)
    end
    local result = chunk()
    return result == nil or result
  end

  return loader
end

-- Zones that only s.time names cannot be seen in what the policy returns: where it is called, texts
-- that look like a zone's name are loaded if there is such a zone.
local function find_zone_names(source)
  local names, count = {}, 0
  if not source:find("time%s*%(") then
    return {}
  end
  for name in source:gmatch("[\"'](%u[%w_+-]*/[%w_+/-]*%w)[\"']") do
    if not names[name] and #name <= 64 and count < POSSIBLE_ZONES_MAX then
      names[name], count = true, count + 1
    end
  end
  return text.sorted_keys(names)
end

--- @param bundle the sources of the files that the policy may require, by name
-- @return the root and its place, or nil after the problems were told, and the names of zones that
-- may be needed
function lua_front.read(source, file, problems, bundle)
  local marks = {}
  local loader = new_loader(new_view(marks, problems), bundle, root_of(file, bundle), problems)
  local is_done, result = host.pcall(loader.run, source, file)
  if not is_done then
    add_error(problems, host.error_text(result))
    return nil
  end
  local mark = marks[result]
  if not mark or mark.kind ~= "policy" then
    problems:add(errors.START,
      "the file has to return what s.policy makes, not a " .. (result == true and "nil"
        or type(result)), 'local s = require "sentinel"; return s.policy { ... }')
    return nil
  end
  local state = { marks = marks, problems = problems, nodes = 0, seen = {}, seen_count = 0,
    walk_cost = host.walk_cost() }
  local node, place = read_value(mark.body, mark.place, state, 1)
  local sources = { source }
  for path in pairs(loader.loaded) do
    sources[#sources + 1] = bundle[path]
  end
  return node, place, find_zone_names(table.concat(sources, "\n"))
end

return lua_front
