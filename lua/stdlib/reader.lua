--- Reads a tree of nodes (nodes.lua) by the tables of schema.lua, strictly: what is not defined is
-- a problem with its place. The result is plain data; conditions are lists {name, value} in the
-- order in which they are checked.
--
-- Every reader takes a node, its place, the shape that it has to have (a type of schema.lua) and
-- the context (context.lua), and returns the value, or nil after it has told the problem.
local context = require "sentinel.context"
local errors = require "sentinel.errors"
local nodes = require "sentinel.nodes"
local schema = require "sentinel.schema"
local text = require "sentinel.text"
local values = require "sentinel.values"

local FIRST <const> = 2 -- nodes.FIRST, nodes.STEP: these loops run for every word of a policy
local KEY_STEP <const> = 4
local ITEM_STEP <const> = 2

local new_table, plain_words = host.new_table, host.plain_words

local reader = {}

local read = {}
for name, value in pairs(values) do
  read[name] = value
end
-- Those that no policy needs.
local ELSEWHERE = {
  named = "plugin_reader", arguments = "plugin_reader", plain = "spec_types",
  instant = "spec_types", seconds = "spec_types", plain_map = "spec_types", mocked = "spec_types",
  request = "spec_types", reason = "spec_types",
}
setmetatable(read, {
  __index = function(_, name)
    return ELSEWHERE[name] and require("sentinel." .. ELSEWHERE[name])[name]
  end,
})

-- Null and empty values are problems everywhere; shape.empty says what to write instead.
local function read_value(node, place, shape, ctx)
  if node[1] == "null" and not shape.may_be_null then
    return ctx:refuse(place, "%s is there but has no value",
      shape.empty or "write one or remove the key")
  end
  return read[shape.type](node, place, shape, ctx)
end

-- Whether the node is a map without list items beside its keys, and not empty.
local function is_plain_map(node, place, shape, ctx)
  if node[1] ~= "map" and not nodes.is_map(node) then
    ctx:wrong(node, place, "a mapping", shape.names and errors.allowed(shape.names))
    return false
  elseif #node == 1 and not shape.may_be_empty then
    ctx:refuse(place, "%s is empty", shape.empty)
    return false
  end
  if node[1] == "mixed" then
    local item, item_place = context.find(node, false)
    ctx:refuse(item_place, "%s holds %s without a key",
      shape.items or shape.names and errors.allowed(shape.names), nodes.found(item))
    return false
  end
  return true
end

local function unknown_key(key, place, shape, ctx)
  ctx.problems:add(place, ("unknown key %s in %s%s"):format(text.quote(key), shape.what,
    errors.did_you_mean(key, shape.names)), errors.allowed(shape.names))
end

-- The key of a map that stands there for the second time; its first place is looked for now.
local function duplicate_key(key, place, node, ctx)
  local _, _, first = context.find(node, key)
  ctx.problems:add(place, ("duplicate key %s; it is on line %d too"):format(text.quote(key),
    (errors.line_of(first))))
end

-- What has to hold between the keys of one map.
local CHECKS = {
  hours = function(value, _, place, ctx)
    if value.start and value.start == value["end"] then
      ctx:refuse(place, "%s: start is equal to end",
        'the whole day is {start: "00:00", end: "24:00"}')
    end
  end,
  time = function(_, node, place, ctx)
    if not context.find(node, "days") and not context.find(node, "hours") then
      ctx:refuse(place, "%s needs days or hours")
    end
  end,
}

-- The window of `until` is that of the rule's own condition on time; a marker is the bundle's to
-- permit.
function CHECKS.rule(value, node, _, ctx)
  if value.emergency and ctx.is_strict then
    local _, place = context.find(node, "emergency")
    ctx:refuse(place, "%s is marked emergency, which markers: [] in bundle.yaml does not permit",
      "remove emergency from the rule, or write markers: [emergency] in bundle.yaml")
  end
  local conditions = value["until"] and value.conditions
  if conditions and not context.find_condition(conditions, "time") then
    local _, place = context.find(node, "until")
    ctx:refuse(place, "%s has until: window, and no time among its conditions",
      "add time, not within any, all or not, or remove the key")
  end
end

-- Whether an unknown key of the map means `name`: that was told, and with it why `name` is missing.
local function is_misspelt(name, node, shape)
  for i = FIRST, #node, KEY_STEP do
    if not shape.by_name[node[i]] and host.nearest(node[i], shape.names) == name then
      return true
    end
  end
  return false
end

local function check_required(out, node, place, shape, ctx)
  local required = shape.required
  for i = 1, #required do
    local row = required[i]
    local name = row[1]
    if out[name] == nil and not context.find(node, name) and not is_misspelt(name, node, shape) then
      ctx.problems:add(place, ('"%s" is missing in %s'):format(name, ctx:where()),
        row[2].values and errors.allowed(row[2].values))
    end
  end
end

function read.map(node, place, shape, ctx)
  if not is_plain_map(node, place, shape, ctx) then
    return nil
  end
  local by_name, path, depth = shape.by_name, ctx.path, ctx.depth + 1
  local out = new_table(0, #node // KEY_STEP + shape.room)
  for i = FIRST, #node, KEY_STEP do
    local key = node[i]
    local row = by_name[key]
    if not row then
      unknown_key(key, node[i + 1], shape, ctx)
    elseif out[key] ~= nil then
      duplicate_key(key, node[i + 1], node, ctx)
    else
      local of = row[2]
      local at = of.type == "refused" and node[i + 1] or node[i + 3]
      path[depth], ctx.depth = key, depth
      out[key] = read_value(node[i + 2], at, of, ctx)
    end
  end
  ctx.depth = depth - 1
  check_required(out, node, place, shape, ctx)
  out.place = shape.has_place and place or nil
  if shape.check then
    CHECKS[shape.check](out, node, place, ctx)
  end
  return out
end

-- Whether the node is a list with something in it.
local function is_full_list(node, place, shape, ctx)
  if node[1] ~= "list" and not nodes.is_list(node) then
    local word = nodes.string_of(node)
    ctx:wrong(node, place, "a list", word and #word < 64 and ('write ["%s"]'):format(word) or nil)
    return false
  elseif #node == 1 then
    ctx:refuse(place, "%s is an empty list", shape.empty)
    return false
  end
  return true
end

function read.list(node, place, shape, ctx)
  if not is_full_list(node, place, shape, ctx) then
    return nil
  end
  local of, path, depth = shape.of, ctx.path, ctx.depth + 1
  local out = of.is_plain and plain_words(node)
  if out then
    return out
  end
  out, ctx.depth = {}, depth
  for i = FIRST, #node, ITEM_STEP do
    path[depth] = i // ITEM_STEP - 1
    out[#out + 1] = read_value(node[i], node[i + 1], of, ctx)
  end
  ctx.depth = depth - 1
  return out
end

local function check_group_name(name, place, ctx)
  if #name > 128 or not host.utf8_printable(name) or not name:find("^[^*?\\]+$") then
    ctx.problems:add(place, ("the name of a group cannot be %s"):format(text.quote(name)),
      "write 1 to 128 characters without * ? and backslash")
  end
end

-- The policy's own groups: {name = {user pattern, ...}}.
function read.groups(node, place, shape, ctx)
  ctx.group_names, ctx.has_group = {}, {}
  if not is_plain_map(node, place, { empty = "write a group or remove the key" }, ctx) then
    return nil
  end
  local out, depth = {}, ctx.depth + 1
  for i = FIRST, #node, KEY_STEP do
    local name = node[i]
    check_group_name(name, node[i + 1], ctx)
    if ctx.has_group[name] then
      duplicate_key(name, node[i + 1], node, ctx)
    else
      table.insert(ctx.group_names, name)
      ctx.has_group[name], ctx.path[depth], ctx.depth = true, name, depth
      out[name] = read_value(node[i + 2], node[i + 3], shape.of, ctx)
    end
  end
  ctx.depth = depth - 1
  return out
end

local function unknown_condition(key, place, ctx)
  local allowed = table.move(schema.conditions.names, 1, #schema.conditions.names, 1, {})
  for _, name in ipairs(text.sorted_keys(ctx.plugins)) do
    allowed[#allowed + 1] = name
  end
  local nearest = errors.did_you_mean(key, allowed)
  local hint = errors.allowed(allowed)
  local note = ctx.folder and "a plugin has to be listed in bundle.yaml"
    or "a plugin needs a bundle"
  if nearest == "" then
    ctx.problems:add(place, ("unknown condition %s; %s"):format(text.quote(key), note), hint)
  else
    ctx.problems:add(place, ("unknown condition %s%s"):format(text.quote(key), nearest),
      hint .. "; " .. note)
  end
end

local FILE_MAX = 100

-- Where a function begins, `rules/prod.lua:46`. The file is called the same however its path was
-- typed: by its path within the bundle, or by the last part of its name.
local function source_of(call, folder)
  local file, line = host.source_of(call)
  if folder and file:sub(1, #folder) == folder then
    file = file:sub(#folder + 1)
  else
    file = file:match("[^/]*$")
  end
  return ("%s:%d"):format(text.cut_front(file, FILE_MAX), line)
end

-- What the front end of Lua makes of an item without a key: a function, or what s.check, s.any,
-- s.all, s.not_ made.
local EXTRA = {
  ["function"] = function(node, ctx)
    return { name = "function", call = node[2], source = source_of(node[2], ctx.folder) }
  end,
  check = function(node)
    return { name = "function", call = node[2], label = node[3] }
  end,
  branches = function(node, ctx)
    local name = node[2]
    ctx.path[ctx.depth] = name
    local shape = schema.conditions.by_name[name][2]
    return { name = name, value = read_value(node[3], node[4], shape, ctx) }
  end,
}

local function read_extra(node, place, ctx)
  local read_it = EXTRA[node[1]]
  if read_it then
    local condition = read_it(node, ctx)
    condition.place = place
    return condition
  end
  ctx.depth = ctx.depth - 1
  ctx.problems:add(place,
    ("%s holds %s without a key"):format(ctx.depth == 0 and "conditions" or ctx:where(),
      nodes.found(node)),
    "only functions and what s.check, s.any, s.all and s.not_ make stand without one")
  ctx.depth = ctx.depth + 1
  return nil
end

local function read_condition(key, node, i, list, ctx)
  local built_in = schema.conditions.by_name[key]
  local plugin = not built_in and ctx.plugins[key] or nil
  local row = built_in or plugin and { key, plugin.shape }
  local place = node[i + 1]
  if not row then
    return unknown_condition(key, place, ctx)
  elseif context.find_condition(list, key) then
    return duplicate_key(key, place, node, ctx)
  elseif key == "groups" and not ctx.group_names then
    ctx.problems:add(place, 'a condition on groups needs the policy\'s own "groups"',
      "write groups: {name: [user, ...]} at the top of the policy")
  end
  ctx.path[ctx.depth] = key
  return {
    name = key, value = read_value(node[i + 2], node[i + 3], row[2], ctx), plugin = plugin,
    place = place,
    path = false, kind = false, evaluate = false, matcher = false, -- room for logic.compile
  }
end

local function is_after(a, b)
  local rank = schema.conditions.rank
  local own, other = rank[a.name] or rank.plugin, rank[b.name] or rank.plugin
  if own == other and a.plugin then
    return a.name > b.name
  end
  return own > other
end

-- Puts a condition where it is checked: in the order of the schema, then plugins by name, functions
-- last, and equal ones as they are written.
local function insert_in_order(list, condition)
  local i = #list
  while i > 0 and is_after(list[i], condition) do
    list[i + 1] = list[i]
    i = i - 1
  end
  list[i + 1] = condition
end

-- A Lua condition may stand in the place of a map that holds only it, and a list of them too.
local function as_map(node, place)
  if EXTRA[node[1]] then
    return { "mixed", false, place, node, place }
  elseif node[1] == "list" and node.is_lua then
    local map = { "mixed" }
    for i = FIRST, #node, ITEM_STEP do
      table.move({ false, node[i + 1], node[i], node[i + 1] }, 1, KEY_STEP, #map + 1, map)
    end
    return map
  end
  return node
end

local function is_conditions(node, place, shape, ctx)
  if node[1] ~= "map" and not nodes.is_map(node) then
    ctx:wrong(node, place, "a mapping of conditions", errors.allowed(schema.conditions.names))
    return false
  elseif #node == 1 and shape.is_nested then
    ctx:refuse(place, "%s is empty", "write a condition, or remove the key")
    return false
  elseif shape.is_nested and ctx.nesting >= schema.NESTING_MAX then
    ctx.problems:add(place,
      ("all, any and not are nested more than %d deep"):format(schema.NESTING_MAX))
    return false
  end
  return true
end

function read.conditions(node, place, shape, ctx)
  node = as_map(node, place)
  if not is_conditions(node, place, shape, ctx) then
    return nil
  end
  local out, depth, nesting = new_table(#node // KEY_STEP, 0), ctx.depth, ctx.nesting
  ctx.depth = (shape.is_nested and depth or 0) + 1
  ctx.nesting = shape.is_nested and nesting + 1 or 0
  for i = FIRST, #node, KEY_STEP do
    local key = node[i]
    local condition
    if key then
      condition = read_condition(key, node, i, out, ctx)
    else
      condition = read_extra(node[i + 2], node[i + 3], ctx)
    end
    if condition then
      insert_in_order(out, condition)
    end
  end
  ctx.depth, ctx.nesting = depth, nesting
  return out
end

local BRANCH = { type = "conditions", is_nested = true }

-- The value of any and all: a list of lists of conditions.
function read.branches(node, place, shape, ctx)
  return read.list(node, place, { of = BRANCH, empty = shape.empty }, ctx)
end

local function check_unique(rule, node, ctx)
  local first = ctx.named_rules[rule.name]
  if first then
    local _, place = context.find(node, "name")
    local _, first_place = context.find(first, "name")
    local is_here = errors.file_of(place) == errors.file_of(first_place)
    local file = is_here and "" or " of " .. ctx.problems:file_name(first_place)
    ctx.problems:add(place,
      ("duplicate rule name %s; it is on line %d%s too"):format(text.quote(rule.name),
        errors.line_of(first_place), file),
      "a rule's name is unique in the policy")
  end
  ctx.named_rules[rule.name] = first or node
end

function read.rules(node, place, shape, ctx)
  if not is_full_list(node, place, { empty = "a policy needs at least one rule" }, ctx) then
    return nil
  end
  local out, of, depth = {}, shape.of, ctx.depth
  for i = FIRST, #node, ITEM_STEP do
    local index = i // ITEM_STEP - 1
    ctx.rule, ctx.rule_index, ctx.depth = node[i], index, 0
    local rule = read_value(node[i], node[i + 1], of, ctx)
    if rule and rule.name then
      check_unique(rule, node[i], ctx)
    end
    if rule then
      rule.place = node[i + 1]
    end
    out[index + 1] = rule
  end
  ctx.rule, ctx.depth = nil, depth
  return out
end

-- The names of the policy's groups are known before any rule is read: in YAML the rules may stand
-- before the groups.
local function note_groups(node, ctx)
  local groups = context.find(node, "groups")
  if groups and groups[1] == "map" and #groups > 1 then
    ctx.group_names, ctx.has_group = {}, {}
    for i = FIRST, #groups, KEY_STEP do
      ctx.group_names[#ctx.group_names + 1], ctx.has_group[groups[i]] = groups[i], true
    end
  end
end

--- Reads a policy; problems go to the collector. Returns the policy and the zones it names {name,
-- place}.
-- @param given {plugins = {name = {shape = type of its condition}}, folder = what stands before
-- the names of a bundle's files in messages, nil where there is no bundle, and so no plugin,
-- is_strict = no rule may be one for emergencies}
function reader.read(node, place, problems, given)
  local ctx = context.new(problems)
  ctx.plugins, ctx.folder, ctx.is_strict = given.plugins or {}, given.folder, given.is_strict
  note_groups(node, ctx)
  return read_value(node, place, schema.policy, ctx), ctx.zones
end

--- Reads anything else by its shape.
function reader.read_as(shape, node, place, problems)
  return read_value(node, place, shape, context.new(problems, shape.what))
end

reader.read_value, reader.duplicate_key = read_value, duplicate_key
reader.is_plain_map = is_plain_map

return reader
