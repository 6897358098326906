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

-- A larger policy is not read twice: what is wrong with it is told within the same budget.
local AGAIN_MAX = 20000

-- What policies see as `sentinel`.
local views = setmetatable({}, { __mode = "k" })

--- Whether the value is the `sentinel` module of a policy.
function lua_front.is_view(value)
  return views[value] == true
end

-- @return the place, and whether it is known: who returns what it calls is gone by then
local function place_of_caller(problems)
  local line, file = host.caller_line()
  return errors.place(line or 1, 1, file and problems:file_number(file)), line ~= nil
end

-- Where a file returns what s.policy makes.
local function place_of_return(source)
  local at = source:find("return%s+[%w_]+%.policy%f[^%w_]")
  local _, lines = source:sub(1, at or 0):gsub("\n", "")
  return errors.place(lines + 1)
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
    mark.place, mark.has_place = place_of_caller(problems)
    local token = host.readonly({}, { name = "what sentinel's functions make" })
    marks[token] = mark
    return token
  end

  --- What the file has to return: the policy.
  -- @function sentinel.policy
  -- @tparam table body what the top level of a policy in YAML may have: version, rules,
  -- description, groups
  -- @treturn mark something that only the program can read; it has no fields
  -- @raise if body is no table
  function s.policy(body)
    if type(body) ~= "table" then
      raise("s.policy wants a table: s.policy { version = \"1\", rules = { ... } }")
    end
    return new_mark({ kind = "policy", body = body })
  end

  --- A rule. Its keys are those of a rule in YAML, but `name`, which stands before the table.
  -- @function sentinel.rule
  -- @usage s.rule "name" { effect = "allow", conditions = { profiles = { "dev" } } }
  -- @tparam string name the rule's name: 1 to 64 of `A-Z a-z 0-9 . _ -`
  -- @treturn function to be called with the rule's table; it returns what `rules` holds
  -- @raise if the name is no text, or what follows is no table
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

  --- A condition that is a function, with a name for the trace (`check:label`).
  -- @function sentinel.check
  -- @tparam string label 1 to 64 printable bytes
  -- @tparam function call gets the request, read-only, and has to return true or false; whatever
  -- else it returns or raises denies the decision (`condition_error`). A field that is absent is
  -- nil, and so is what is read below it at once, as in `request.approval.id`; a nil that is
  -- indexed later, and a name that is none of a request, raises
  -- @treturn mark to be put among a rule's conditions
  -- @raise if label or call is something else
  function s.check(label, call)
    if not is_label(label) or type(call) ~= "function" then
      raise("s.check wants a label of 1 to 64 printable bytes and a function")
    end
    return new_mark({ kind = "check", label = label, call = call })
  end

  local function branches(key, name)
    return function(body)
      if type(body) ~= "table" and type(body) ~= "function" then
        raise(("s.%s wants a table"):format(key))
      end
      return new_mark({ kind = "branches", name = name, body = body })
    end
  end

  --- A condition that holds when one of several does.
  -- @function sentinel.any
  -- @usage s.any { { source_ip = { "10.0.0.0/8" } }, { mfa = { max_age = "15m" } } }
  -- @tparam table body a list of tables of conditions; a function may stand in the place of one
  -- @treturn mark to be put among a rule's conditions
  -- @raise if body is neither a table nor a function
  s.any = branches("any", "any")

  --- A condition that holds when all of several do.
  -- @function sentinel.all
  -- @tparam table body as for any
  -- @treturn mark to be put among a rule's conditions
  -- @raise if body is neither a table nor a function
  s.all = branches("all", "all")

  --- A condition that holds when what it is given does not.
  -- @function sentinel.not_
  -- @usage s.not_ { users = { "intern-*" } }
  -- @tparam table body a table of conditions, or a function; true unless all of it holds
  -- @treturn mark to be put among a rule's conditions
  -- @raise if body is neither a table nor a function
  s.not_ = branches("not_", "not")

  --- Monday to Friday, 09:00 to 17:00, as the value of a condition on time.
  -- @function sentinel.business_hours
  -- @usage time = s.business_hours "America/New_York"
  -- @tparam string zone a time zone
  -- @treturn table {days, hours, timezone}, which may be changed before it is used
  -- @raise if the zone is no text; a zone that does not exist refuses the policy
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

-- What stands before the table of a mark where it is written, with a capture of where that begins.
local function pattern_of(mark)
  if mark.kind == "rule" then
    return "[\"']" .. mark.name:gsub("%p", "%%%0") .. "[\"']%s*%)?%s*%(?%s*(){"
  end
  return "%f[%w_]" .. (mark.name == "not" and "not_" or mark.name or "policy") .. "%s*%(?%s*(){"
end

-- The node of a mark's table, and its place. Where its words stand is looked for when there is
-- something to tell of them.
local function read_body(mark, state, level)
  local body, place = tree.read(mark.body, mark.place, state, level + 1)
  local places = state.look_up and state.look_up(mark)
  if places then
    require("sentinel.source_places").put(body, places)
  end
  return body, places and places.place or place
end

-- s.rule's table with the name as its first key.
local function read_rule(mark, state, level)
  local body = read_body(mark, state, level)
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
    local body, place = read_body(mark, state, level)
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
  local view = host.readonly(module, { name = "sentinel", strict = true, fields = fields })
  views[view] = true
  return view
end

-- Answers a function that answers the file of a place, for source_places.lua.
local function new_file_finder(source, problems, files, root)
  local found = {}
  return function(place)
    local number = errors.file_of(place)
    local name = problems:file_name(place):sub(#(root or "") + 1)
    found[number] = found[number]
      or require("sentinel.source_places").new_file(number == 0 and source or files[name])
    return found[number]
  end
end

-- Finds the places of a mark's table, where it is written out and its own place is wanted.
-- @param wanted a set of places
local function new_look_up(find_file, wanted)
  return function(mark)
    return wanted[mark.place] and require("sentinel.source_places").of_call(
      find_file(mark.place), mark.place, pattern_of(mark))
  end
end

--- @param files the sources of the bundle's files that the policy may require, by name
-- @param root what stands before those names in messages; nil when there is no bundle
-- @return the root and its place, or nil after the problems were told; the names of zones that may
-- be needed; a function that answers the file of a place (source_places.lua); and one that reads
-- the root once more, for places of what has problems, or nil for a large policy
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
  if not mark.has_place then
    mark.place = place_of_return(source)
  end
  local function read(look_up)
    local state = tree.new_state(problems, marks, read_mark)
    state.look_up = look_up
    local node, place = read_body(mark, state, 0)
    return node, place, state.nodes
  end
  local node, place, count = read()
  local find_file = new_file_finder(source, problems, files, root)
  return node, place, loading.find_zone_names(source, loader:sources()), find_file,
    count <= AGAIN_MAX and function(wanted)
      return read(new_look_up(find_file, wanted))
    end or nil
end

return lua_front
