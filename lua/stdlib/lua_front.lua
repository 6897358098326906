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
local loading = require "sentinel.loader"
local nodes = require "sentinel.nodes"
local time = require "sentinel.time"
local tree = require "sentinel.lua_tree"

local lua_front = {}

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

-- s.rule's table with the name as its first key.
local function read_rule(mark, state, level)
  local body = tree.read(mark.body, mark.place, state, level + 1)
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

-- Each gives a node and its place.
local MARKS = {
  rule = read_rule,
  check = function(mark)
    return { "check", mark.call, mark.label }, mark.place
  end,
  branches = function(mark, state, level)
    local body, place = tree.read(mark.body, mark.place, state, level + 1)
    return { "branches", mark.name, body, place }, mark.place
  end,
  policy = function(mark)
    return { "other", "what s.policy makes" }, mark.place
  end,
}

local function read_mark(mark, state, level)
  return MARKS[mark.kind](mark, state, level)
end

-- Loading ------------------------------------------------------------------------------------

-- The `sentinel` module as policy sees it.
local function new_view(marks, problems)
  local module, fields = new_module(marks, problems), {}
  for name in pairs(module) do
    fields[name] = true
  end
  return host.readonly(module, { name = "sentinel", strict = true, fields = fields })
end

--- @param files the sources of the bundle's files that the policy may require, by name
-- @param root what stands before those names in messages; nil when there is no bundle
-- @return the root and its place, or nil after the problems were told, and the names of zones that
-- may be needed
function lua_front.read(source, file, problems, files, root)
  local marks = {}
  local loader = loading.new({
    view = new_view(marks, problems), files = files, root = root, problems = problems,
  })
  local is_done, result = host.pcall(loader.run, source, file)
  if not is_done then
    loading.add_error(problems, host.error_text(result))
    return nil
  end
  local mark = marks[result]
  if not mark or mark.kind ~= "policy" then
    problems:add(errors.START,
      "the file has to return what s.policy makes, not a " .. (result == true and "nil"
        or type(result)), 'local s = require "sentinel"; return s.policy { ... }')
    return nil
  end
  local state = tree.new_state(problems, marks, read_mark)
  local node, place = tree.read(mark.body, mark.place, state, 1)
  return node, place, loading.find_zone_names(source, loader:sources())
end

return lua_front
