--- A policy as data, and such data as a policy again, in a state that knows nothing of the first
-- one's code: what compares two policies (comparison.lua) has both of them this way.
--
-- Conditions that only code knows, plugins and functions, keep what they are known by; what they
-- come to is assumed, never asked (assumptions.lua).
--
-- The text is a line of JSON for the policy itself and one for each rule, so that no line is large.
local engine = require "sentinel.engine"
local errors = require "sentinel.errors"
local formula = require "sentinel.formula"
local network = require "sentinel.network"

local outline = {}

-- The frame that carries it holds no more.
local BYTES_MAX = 4000000

local RULE_KEYS = { "name", "effect", "description", "reason", "max_duration",
  "max_server_duration", "session_table", "require", "lease", "until", "emergency" }

-- Writing ---------------------------------------------------------------------------------------

local write_list

local function write_branches(branches)
  local out = {}
  for i, branch in ipairs(branches) do
    out[i] = write_list(branch)
  end
  return out
end

local function write_blocks(blocks)
  local out = {}
  for i, block in ipairs(blocks) do
    out[i] = block.text
  end
  return out
end

-- By a condition's name; all others are plain data.
local WRITERS = { all = write_branches, any = write_branches,
  ["not"] = function(list) return write_list(list) end, source_ip = write_blocks }

local function write_condition(condition)
  local name = condition.name
  if name == "function" then
    return { name = name, label = condition.label, path = condition.path,
      key = require("sentinel.function_keys").of(condition.call) }
  end
  local write = WRITERS[name]
  return { name = name, value = write and write(condition.value) or condition.value,
    plugin = condition.plugin and { request = condition.plugin.request } }
end

function write_list(list)
  local out = {}
  for i, condition in ipairs(list) do
    out[i] = write_condition(condition)
  end
  return out
end

local function encode(value)
  return (assert(host.json_encode(value)))
end

local function write_rule(rule)
  local row = { conditions = write_list(rule.conditions) }
  for _, key in ipairs(RULE_KEYS) do
    row[key] = rule[key]
  end
  return encode(row)
end

--- The text of a policy that engine.compile made ready.
function outline.write(policy)
  local lines = { encode({ description = policy.description, groups = policy.groups }) }
  local bytes = #lines[1]
  for i, rule in ipairs(policy.rules) do
    lines[i + 1] = write_rule(rule)
    bytes = bytes + #lines[i + 1] + 1
    if bytes > BYTES_MAX then
      error("the policy is too large to be compared", 0)
    end
  end
  return table.concat(lines, "\n")
end

-- Reading ---------------------------------------------------------------------------------------

local read_list

-- The function that stands for all code that is known by this key; nothing is like what has none.
local function stand_in(state, key)
  local call = key and state.known[key]
  if not call then
    call = function()
      error("the code of " .. (key or "a condition") .. " is not here")
    end
  end
  if key then
    state.known[key] = call
  end
  return call
end

-- Which code decides, and what it is given.
local function key_of_plugin(state, condition)
  local id = state.plugins[condition.name]
  local given = { name = condition.name, value = condition.value }
  return id and ("plugin %s %s"):format(id, formula.key({ given }, formula.context(nil)))
end

local function read_branches(branches, state)
  for i, branch in ipairs(branches) do
    branches[i] = read_list(branch, state)
  end
  return branches
end

local function read_blocks(blocks)
  for i, block in ipairs(blocks) do
    blocks[i] = assert(network.parse_block(block))
  end
  return blocks
end

local READERS = { all = read_branches, any = read_branches,
  ["not"] = function(list, state) return read_list(list, state) end, source_ip = read_blocks }

local function read_condition(condition, state)
  local read = READERS[condition.name]
  condition.place = errors.START
  if condition.name == "function" then
    condition.call, condition.source = stand_in(state, condition.key), ""
    state.paths[condition] = condition.path
  elseif condition.plugin then
    condition.plugin.name, condition.plugin.arg_fields = condition.name, {}
    condition.call = stand_in(state, key_of_plugin(state, condition))
  elseif read then
    condition.value = read(condition.value, state)
  end
  return condition
end

function read_list(list, state)
  for i, condition in ipairs(list) do
    list[i] = read_condition(condition, state)
  end
  return list
end

local function decode(line)
  local value, message = host.json_decode(line)
  return value or error("an outline makes no sense: " .. tostring(message))
end

--- A policy that is ready to be looked at (space.lua), of the text that another state wrote.
-- @param known {key = what stands for that code}; shared by all policies that are compared
-- @param plugins {name = which code it is}; one that is not there is like no other
function outline.read(text, known, plugins)
  local state = { known = known, plugins = plugins, paths = {} }
  local policy
  for line in text:gmatch("[^\n]+") do
    local value = decode(line)
    if not policy then
      policy = { groups = value.groups, description = value.description, rules = {} }
    else
      value.conditions, value.place = read_list(value.conditions, state), errors.START
      table.insert(policy.rules, value)
    end
  end
  engine.compile(policy or error("an outline makes no sense: it is empty"))
  for condition, path in pairs(state.paths) do
    condition.path = path
  end
  return policy
end

return outline
