--- What a plugin's manifest (plugin.lua) may say, and what a condition of its may be given: the
-- same kind of tables as schema.lua, read by the same reader.
local schema = require "sentinel.schema"
local text = require "sentinel.text"

local plugin_schema = {}

local map, list, enum = schema.map, schema.list, schema.enum

local line = { type = "text", max = 200, is_line = true }
local long_line = { type = "text", max = 1024, is_line = true }
local flag = { type = "boolean" }
local whole = { type = "integer", min = 0, max = 999999999 }

-- A map whose keys are the author's: `name` is a Lua pattern for them.
local function named(what, of, name, empty)
  return { type = "named", what = what, of = of, name = name or "^%l[%w_]*$", max = 64,
    empty = empty or "write one or remove the key" }
end

--- The types of arguments, and what is read for each in a policy.
local ARGUMENTS = {
  string = function(row)
    return row.values and enum("value", row.values) or { type = "text", max = 256, is_line = true }
  end,
  strings = function(row)
    return list(row.values and enum("value", row.values)
      or { type = "text", max = 256, is_line = true }, "write a value or remove the key")
  end,
  integer = function(row)
    return { type = "integer", min = row.min or 0, max = row.max or 999999999 }
  end,
  boolean = function() return flag end,
  duration = function() return { type = "duration" } end,
  zone = function() return { type = "zone" } end,
}

local argument = map("the argument", {
  { "type", enum("type", { "string", "strings", "integer", "boolean", "duration", "zone" }), true },
  { "description", line, true },
  { "required", flag },
  { "values", list(line, "write the values that are allowed or remove the key") },
  { "min", whole },
  { "max", whole },
}, { empty = "write its type and a description" })

local http = map("the question", {
  { "url", long_line, true },
  { "secret", line },
  { "accept", line },
  { "select", list(line, "name what is needed of the answer, or remove the key") },
  { "params", named("a parameter", line) },
}, { empty = "write its url" })

local secret = map("the secret", {
  { "header", line, true },
  { "format", line, true },
}, { empty = "write header and format" })

--- The request's fields that a plugin may name.
plugin_schema.request_fields = text.sorted_keys(schema.request_fields)

local needs = map("needs", {
  { "request", list(enum("field", plugin_schema.request_fields),
    "name a field or remove the key") },
  { "http", named("a question", http) },
  { "secrets", named("a secret", secret) },
  { "geoip", { type = "only_true" } },
  { "history", { type = "only_true" } },
  { "files", list(line, "name files or remove the key") },
}, { may_be_empty = true })

plugin_schema.manifest = map("the plugin's manifest", {
  { "name", { type = "plugin_name" }, true },
  { "version", { type = "plugin_version" }, true },
  { "api", { type = "integer", min = 1, max = 1 }, true },
  { "summary", line, true },
  { "args", named("an argument", argument) },
  { "needs", needs },
  { "limits", map("limits", {
    { "timeout", { type = "milliseconds", max = 5000 } },
    { "fuel", { type = "integer", min = 1000, max = 10000000 } },
  }, { empty = "write timeout or fuel, or remove the key" }) },
  { "cache", map("cache", { { "ttl", { type = "duration" }, true } },
    { empty = "write ttl or remove the key" }) },
}, { empty = "write name, version, api and summary" })

--- The shape of a condition of a plugin, from the arguments of its manifest.
function plugin_schema.condition(name, args)
  local rows, needs_one, descriptions = {}, false, {}
  for _, arg_name in ipairs(text.sorted_keys(args)) do
    local row = args[arg_name]
    rows[#rows + 1] = { arg_name, ARGUMENTS[row.type](row), row.required }
    needs_one = needs_one or row.required
    descriptions[arg_name] = row.description
  end
  local shape = map(name, rows, {
    descriptions = descriptions,
    empty = needs_one and "write its arguments" or ("write %s: true"):format(name),
  })
  return { type = "arguments", what = "args", of = shape, may_be_true = not needs_one }
end

return plugin_schema
