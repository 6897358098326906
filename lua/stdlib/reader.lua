--- Reads a tree of nodes (nodes.lua) by the tables of schema.lua, strictly: what is not defined is
-- a problem with its place. The result is plain data; conditions are lists {name, value} in the
-- order in which they are checked.
local errors = require "sentinel.errors"
local nodes = require "sentinel.nodes"
local schema = require "sentinel.schema"
local text = require "sentinel.text"
local values = require "sentinel.values"

local reader = {}

local read = {}

-- Null and empty values are problems everywhere; `empty` says what to write instead.
local function is_given(node, type, ctx, path)
  if nodes.is_null(node) then
    ctx.problems:add(node, path .. " is there but has no value",
      type.empty or "write one or remove the key")
    return false
  end
  return true
end

local function read_value(node, type, ctx, path)
  if not is_given(node, type, ctx, path) then
    return nil
  end
  return (read[type.type] or values[type.type])(node, type, ctx, path)
end

local function wrong(ctx, node, path, wanted, hint)
  ctx.problems:add(node, ("%s has to be %s, not %s"):format(path, wanted, nodes.found(node)), hint)
  return nil
end

-- Whether the node is a map without list items beside its keys, and not empty.
local function is_plain_map(node, type, ctx, path)
  if not nodes.is_map(node) then
    wrong(ctx, node, path, "a mapping", type.names and errors.allowed(type.names))
    return false
  elseif #node.keys == 0 and not (node.extra and #node.extra > 0) then
    ctx.problems:add(node, path .. " is empty", type.empty)
    return false
  elseif node.extra and #node.extra > 0 then
    ctx.problems:add(node.extra[1],
      ("%s holds %s without a key"):format(path, nodes.found(node.extra[1])),
      type.names and errors.allowed(type.names))
    return false
  end
  return true
end

local function unknown_key(key, type, ctx)
  ctx.problems:add(key, ("unknown key %s in %s%s"):format(text.quote(key.text), type.what,
    errors.did_you_mean(key.text, type.names)), errors.allowed(type.names))
end

-- What has to hold between the keys of one map.
local CHECKS = {
  hours = function(value, node, ctx, path)
    if value.start and value.start == value["end"] then
      ctx.problems:add(node, path .. ": start is equal to end",
        'the whole day is {start: "00:00", end: "24:00"}')
    end
  end,
  time = function(_, node, ctx, path)
    for _, key in ipairs(node.keys) do
      if key.text == "days" or key.text == "hours" then
        return
      end
    end
    ctx.problems:add(node, path .. " needs days or hours")
  end,
}

local function index_keys(node, type, ctx)
  local at = {}
  for i, key in ipairs(node.keys) do
    if type.by_name[key.text] then
      at[key.text] = i
    else
      unknown_key(key, type, ctx)
    end
  end
  return at
end

-- Paths in messages begin below the rule.
local function path_of(type, path, name)
  return (type == schema.policy or type == schema.rule) and name or text.path(path, name)
end

function read.map(node, type, ctx, path)
  if not is_plain_map(node, type, ctx, path) then
    return nil
  end
  local out, at = {}, index_keys(node, type, ctx)
  for _, row in ipairs(type.keys) do
    local name, i = row[1], at[row[1]]
    if i then
      local value = row[2].type == "refused" and node.keys[i] or node.values[i]
      out[name] = read_value(value, row[2], ctx, path_of(type, path, name))
    elseif row[3] then
      ctx.problems:add(node, ('"%s" is missing in %s'):format(name, path),
        row[2].values and errors.allowed(row[2].values))
    end
  end
  if type.check then
    CHECKS[type.check](out, node, ctx, path)
  end
  return out
end

-- Whether the node is a list with something in it.
local function is_full_list(node, type, ctx, path)
  if not nodes.is_list(node) then
    local hint = nodes.string_of(node) and #node.text < 64 and ('write ["%s"]'):format(node.text)
      or nil
    wrong(ctx, node, path, "a list", hint)
    return false
  elseif #nodes.items(node) == 0 then
    ctx.problems:add(node, path .. " is an empty list", type.empty)
    return false
  end
  return true
end

function read.list(node, type, ctx, path)
  if not is_full_list(node, type, ctx, path) then
    return nil
  end
  local out = {}
  for i, item in ipairs(nodes.items(node)) do
    out[#out + 1] = read_value(item, type.of, ctx, ("%s[%d]"):format(path, i - 1))
  end
  return out
end

-- The policy's own groups: {name = {user pattern, ...}}.
function read.groups(node, type, ctx, path)
  ctx.group_names, ctx.has_group = {}, {}
  if not is_plain_map(node, { empty = "write a group or remove the key" }, ctx, path) then
    return nil
  end
  local out = {}
  for i, key in ipairs(node.keys) do
    if #key.text > 128 or not host.utf8_printable(key.text) or not key.text:find("^[^*?\\]+$") then
      ctx.problems:add(key, ("the name of a group cannot be %s"):format(text.quote(key.text)),
        "write 1 to 128 characters without * ? and backslash")
    end
    ctx.group_names[i], ctx.has_group[key.text] = key.text, true
    out[key.text] = read_value(node.values[i], type.of, ctx, text.path(path, key.text))
  end
  return out
end

local function unknown_condition(key, ctx)
  local allowed = schema.conditions.names
  local nearest = errors.did_you_mean(key.text, allowed)
  local hint = errors.allowed(allowed)
  if nearest == "" then
    ctx.problems:add(key,
      ("unknown condition %s; a plugin needs a bundle"):format(text.quote(key.text)), hint)
  else
    ctx.problems:add(key, ("unknown condition %s%s"):format(text.quote(key.text), nearest),
      hint .. "; a plugin needs a bundle")
  end
end

-- Lua only: a function, or what s.check, s.any, s.all, s.not_ made; `found` holds lists of
-- conditions by name.
local function read_extra(item, ctx, path, found)
  local name = item.kind == "branches" and item.name or "function"
  local condition = { name = name }
  if item.kind == "branches" then
    condition.value = read_value(item.node, schema.conditions.by_name[name][2], ctx,
      text.path(path, name))
  elseif item.kind == "function" or item.kind == "check" then
    condition.call, condition.label = item.call, item.label
  else
    ctx.problems:add(item,
      ("%s holds %s without a key"):format(path == "" and "conditions" or path, nodes.found(item)),
      "only functions and what s.check, s.any, s.all and s.not_ make stand without one")
    return
  end
  found[name] = found[name] or {}
  table.insert(found[name], condition)
end

-- The conditions of a map by name, each a list.
local function collect(node, ctx, path)
  local found = {}
  for i, key in ipairs(node.keys) do
    local row = schema.conditions.by_name[key.text]
    if row then
      local value = read_value(node.values[i], row[2], ctx, text.path(path, key.text))
      found[key.text] = { { name = key.text, value = value } }
    else
      unknown_condition(key, ctx)
    end
    if key.text == "groups" and not ctx.group_names then
      ctx.problems:add(key, 'a condition on groups needs the policy\'s own "groups"',
        "write groups: {name: [user, ...]} at the top of the policy")
    end
  end
  for _, item in ipairs(node.extra or {}) do
    read_extra(item, ctx, path, found)
  end
  return found
end

local function wrap(node, extra)
  return {
    kind = "map", line = node.line, column = node.column, keys = {}, values = {}, extra = extra,
  }
end

-- A Lua condition may stand in the place of a map that holds only it.
local function as_map(node)
  if node.kind == "function" or node.kind == "check" or node.kind == "branches" then
    return wrap(node, { node })
  elseif node.kind == "list" and node.is_lua then
    return wrap(node, node.items)
  end
  return node
end

function read.conditions(node, type, ctx, path)
  node = as_map(node)
  if not nodes.is_map(node) then
    return wrong(ctx, node, path, "a mapping of conditions",
      errors.allowed(schema.conditions.names))
  elseif #node.keys == 0 and #(node.extra or {}) == 0 and type.is_nested then
    ctx.problems:add(node, path .. " is empty", "write a condition, or remove the key")
    return nil
  elseif type.is_nested and ctx.depth >= schema.NESTING_MAX then
    ctx.problems:add(node,
      ("all, any and not are nested more than %d deep"):format(schema.NESTING_MAX))
    return nil
  end
  local below = type.is_nested and path or ""
  ctx.depth = type.is_nested and ctx.depth + 1 or 0
  local found, out = collect(node, ctx, below), {}
  ctx.depth = ctx.depth - 1
  for _, row in ipairs(schema.conditions.keys) do
    local conditions = found[row[1]]
    if conditions then
      for _, condition in ipairs(conditions) do
        out[#out + 1] = condition
      end
    end
  end
  for _, condition in ipairs(found["function"] or {}) do
    out[#out + 1] = condition
  end
  return out
end

-- The value of any and all: a list of lists of conditions.
function read.branches(node, type, ctx, path)
  if not is_full_list(node, type, ctx, path) then
    return nil
  end
  local out = {}
  for i, item in ipairs(nodes.items(node)) do
    out[i] = read_value(item, { type = "conditions", is_nested = true }, ctx,
      ("%s[%d]"):format(path, i - 1))
  end
  return out
end

-- The node of a rule's name, or nil.
local function find_name(node)
  for k, key in ipairs(nodes.is_map(node) and node.keys or {}) do
    if key.text == "name" and nodes.string_of(node.values[k]) then
      return node.values[k]
    end
  end
  return nil
end

-- `rule "prod"`, or `rules[3]` while the name is not known.
local function rule_label(node, i)
  local name = find_name(node)
  return name and "rule " .. text.quote(name.text) or ("rules[%d]"):format(i - 1)
end

local function check_unique(rule, node, ctx)
  local line = ctx.rule_lines[rule.name]
  if line then
    ctx.problems:add(find_name(node),
      ("duplicate rule name %s; it is on line %d too"):format(text.quote(rule.name), line),
      "a rule's name is unique in the policy")
  end
  ctx.rule_lines[rule.name] = line or node.line
end

function read.rules(node, type, ctx, path)
  if not is_full_list(node, { empty = "a policy needs at least one rule" }, ctx, path) then
    return nil
  end
  local out = {}
  for i, item in ipairs(nodes.items(node)) do
    local rule = read_value(item, type.of, ctx, rule_label(item, i))
    if rule and rule.name then
      check_unique(rule, item, ctx)
    end
    out[i] = rule
  end
  return out
end

--- Reads a policy; problems go to the collector. Returns the policy and the zones it names {name,
-- line, column}.
function reader.read(node, problems)
  local ctx = { problems = problems, zones = {}, rule_lines = {}, depth = 0 }
  local policy = read_value(node, schema.policy, ctx, "the policy")
  return policy, ctx.zones
end

return reader
