--- The JSON Schema of a policy (draft 7, which the YAML plug-ins of editors know), from the tables
-- by which policies are checked (schema.lua). What those cannot say in JSON Schema stays unsaid: a
-- valid policy is always valid here, and not the other way round.
--
-- A JSON object is a list of {key, value}, so that keys keep their order; an array has is_array.
local descriptions = require "sentinel.descriptions"
local schema = require "sentinel.schema"
local text = require "sentinel.text"

local json_schema = {}

local function array(items)
  return { is_array = true, table.unpack(items) }
end

local function object(...)
  return { ... }
end

local function text_type(pattern, max)
  local out = object({ "type", "string" }, { "minLength", 1 })
  if max then
    out[#out + 1] = { "maxLength", max }
  end
  if pattern then
    out[#out + 1] = { "pattern", pattern }
  end
  return out
end

-- By what follows the name of a pattern's own check (values.lua).
local PATTERNS = {
  account = "^(?=.*[*?])[0-9*?]+$|^[0-9]{12}$",
  caller_role = "^(?!arn:)[^\\\\\\u0000-\\u001f\\u007f]+$",
}
local ANY_PATTERN = "^[^\\\\\\u0000-\\u001f\\u007f]+$"
local LINE = "^[^\\u0000-\\u001f\\u007f]+$"
local DURATION = "^(?=[0-9])(?:[0-9]+d)?(?:[0-9]+h)?(?:[0-9]+m)?(?:[0-9]+s)?$"
local IPV4 = "[0-9]{1,3}([.][0-9]{1,3}){3}/[0-9]{1,2}"

local encode_type

-- Which keys of a map are there, in order; a key that is refused for now is none.
local function properties_of(shape)
  local properties, required = {}, {}
  for _, row in ipairs(shape.keys) do
    local name, type, is_required = row[1], row[2], row[3]
    if type.type ~= "refused" then
      local value = encode_type(type)
      local about = { "description", (shape.descriptions or descriptions[shape.what])[name] }
      if value[1][1] == "$ref" then
        value = object(about, { "allOf", array { value } })
      else
        table.insert(value, 1, about)
      end
      properties[#properties + 1] = { name, value }
    end
    if is_required then
      required[#required + 1] = name
    end
  end
  return properties, required
end

local function any_of(names)
  local out = { is_array = true }
  for i, name in ipairs(names) do
    out[i] = object({ "required", array { name } })
  end
  return out
end

-- Of the bundle whose schema it is: what plugins add to the conditions, as rows of a shape.
local plugin_rows = {}

local function add_plugins(properties)
  for _, row in ipairs(plugin_rows) do
    local value = encode_type(row[2])
    table.insert(value, 1, { "description", "a condition of the plugin " .. row[1] })
    properties[#properties + 1] = { row[1], value }
  end
end

local function map_of(shape)
  local properties, required = properties_of(shape)
  if shape.what == "conditions" then
    add_plugins(properties)
  end
  local out = object({ "type", "object" }, { "properties", properties },
    { "additionalProperties", false })
  if #required > 0 then
    out[#out + 1] = { "required", array(required) }
  elseif shape.what ~= "conditions" then
    out[#out + 1] = { "minProperties", 1 }
  end
  if shape.check == "time" then
    out[#out + 1] = { "anyOf", any_of { "days", "hours" } }
  end
  return out
end

local function reference(name)
  return object({ "$ref", "#/definitions/" .. name })
end

local function list_of(items)
  return object({ "type", "array" }, { "minItems", 1 }, { "items", items })
end

-- By the type's name, as the readers of reader.lua and values.lua are.
local TYPES = {
  map = map_of,
  list = function(shape)
    return list_of(encode_type(shape.of))
  end,
  rules = function(shape)
    return list_of(encode_type(shape.of))
  end,
  groups = function(shape)
    return object({ "type", "object" }, { "minProperties", 1 },
      { "propertyNames", text_type("^[^*?\\\\\\u0000-\\u001f\\u007f]+$", 128) },
      { "additionalProperties", encode_type(shape.of) })
  end,
  conditions = function(shape)
    return reference(shape.is_nested and "nested_conditions" or "conditions")
  end,
  branches = function()
    return list_of(reference("nested_conditions"))
  end,
  arguments = function(shape)
    if #shape.of.keys == 0 then
      return object({ "const", true })
    elseif shape.may_be_true then
      return object({ "anyOf", array { object({ "const", true }), map_of(shape.of) } })
    end
    return map_of(shape.of)
  end,
  enum = function(shape)
    return object({ "type", "string" }, { "enum", array(shape.values) })
  end,
  text = function(shape)
    return text_type(shape.is_line and LINE or nil, shape.max)
  end,
  rule_name = function()
    return text_type("^[A-Za-z0-9._-]+$", 64)
  end,
  version = function()
    return object({ "enum", array { "1", 1 } })
  end,
  boolean = function()
    return object({ "type", "boolean" })
  end,
  only_true = function()
    return object({ "const", true })
  end,
  integer = function(shape)
    return object({ "type", "integer" }, { "minimum", shape.min }, { "maximum", shape.max })
  end,
  duration = function()
    return text_type(DURATION, 64)
  end,
  clock = function(shape)
    return text_type(shape.is_end and "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
      or "^([01][0-9]|2[0-3]):[0-5][0-9]$")
  end,
  zone = function()
    return text_type("^[A-Za-z][A-Za-z0-9_+/-]*[A-Za-z0-9]$", 64)
  end,
  cidr = function()
    return text_type("^(" .. IPV4 .. "|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*/[0-9]{1,3})$", 49)
  end,
  os_version = function()
    return text_type("^[0-9]+([.][0-9]+)*$", 32)
  end,
  lua_pattern = function()
    return text_type(LINE, 256)
  end,
  pattern = function(shape)
    return text_type(PATTERNS[shape.check] or ANY_PATTERN, 512)
  end,
  group = function()
    return text_type(ANY_PATTERN, 512)
  end,
}

function encode_type(shape)
  return TYPES[shape.type](shape)
end

-- JSON --------------------------------------------------------------------------------------------

local write

local function write_all(open, close, items, indent)
  if #items == 0 then
    return open .. close
  end
  local inner = indent .. "  "
  return open .. "\n" .. inner .. table.concat(items, ",\n" .. inner) .. "\n" .. indent .. close
end

local function write_object(value, indent)
  local items = {}
  for i, pair in ipairs(value) do
    items[i] = ('"%s": %s'):format(pair[1], write(pair[2], indent .. "  "))
  end
  return write_all("{", "}", items, indent)
end

local function write_array(value, indent)
  local items, is_short = {}, true
  for i, item in ipairs(value) do
    items[i] = write(item, indent .. "  ")
    is_short = is_short and type(item) ~= "table"
  end
  return is_short and "[" .. table.concat(items, ", ") .. "]"
    or write_all("[", "]", items, indent)
end

-- The texts are those of these files: without control characters.
function write(value, indent)
  if type(value) ~= "table" then
    return type(value) == "string" and host.json_text(value) or tostring(value)
  end
  return (value.is_array and write_array or write_object)(value, indent)
end

--- The schema as JSON, on several lines.
-- @param plugins {name = {shape = type of its condition}}
function json_schema.encode(plugins)
  plugin_rows = {}
  for i, name in ipairs(text.sorted_keys(plugins)) do
    plugin_rows[i] = { name, plugins[name].shape }
  end
  local policy = map_of(schema.policy)
  local out = object({ "$schema", "http://json-schema.org/draft-07/schema#" },
    { "title", "Sentinel policy" })
  table.move(policy, 1, #policy, #out + 1, out)
  local nested = array { reference("conditions"), object({ "minProperties", 1 }) }
  out[#out + 1] = { "definitions", object({ "conditions", map_of(schema.conditions) },
    { "nested_conditions", object({ "allOf", nested }) }) }
  return write(out, "")
end

return json_schema
