--- What mocks of specs may say, in Lua and in tables. Each check returns a value when all is well
-- (true, or what it is made into), else nil, a message and a hint.
local errors = require "sentinel.errors"
local network = require "sentinel.network"
local spec_assert = require "sentinel.spec_assert"
local text = require "sentinel.text"

local check = {}

-- What a mocked plugin may come to beside true and false.
local ENDS = { error = true, timeout = true }

local FAULTS = { timeout = true, reset = true, malformed = true }
local HTTP_KEYS = { "plugin", "need", "params", "status", "json", "json_file", "text", "fault",
  "delay", "type" }
local VERDICT_KEYS = { "args", "user", "returns" }
local VERDICTS = "true, false, \"error\", \"timeout\", "
  .. "or { args = ..., user = ..., returns = true }"

local function is_text(value)
  return type(value) == "string" and value ~= "" and host.utf8_printable(value)
end

local function is_time(value)
  return type(value) == "string" and host.parse_time(value) ~= nil
end

local function of_type(name)
  return function(value) return type(value) == name end
end

local number, boolean = of_type("number"), of_type("boolean")

-- What host.geoip and host.history give (docs/plugins.md): {what the field has to be, its check}.
local GEOIP = {
  country = { "a text", is_text }, continent = { "a text", is_text },
  latitude = { "a number", number }, longitude = { "a number", number },
  accuracy_km = { "a number", number }, asn = { "a number", number },
  organisation = { "a text", is_text },
  is_anonymous = { "true or false", boolean }, is_anonymous_vpn = { "true or false", boolean },
  is_hosting_provider = { "true or false", boolean },
  is_public_proxy = { "true or false", boolean },
  is_tor_exit_node = { "true or false", boolean },
  is_residential_proxy = { "true or false", boolean },
}
local GRANT = {
  time = { "a time such as 2026-01-13T10:00:00Z", is_time }, profile = { "a text", is_text },
  role_arn = { "a text", is_text }, mode = { "a text", is_text }, source_ip = { "a text", is_text },
}

--- Refuses the spec when a check did not go well, else returns what the check did.
function check.demand(value, message, hint)
  if value == nil then
    spec_assert.refuse(hint and ("%s (%s)"):format(message, hint) or message)
  end
  return value
end

-- The first name of a table that is not among those allowed, as nil and a message; else true.
local function check_names(given, allowed, what)
  for name in pairs(given) do
    local is_allowed = false
    for _, word in ipairs(allowed) do
      is_allowed = is_allowed or word == name
    end
    if not is_allowed then
      return nil, ("%s has no %s%s"):format(what, text.quote(tostring(name)),
        errors.did_you_mean(tostring(name), allowed)), #allowed > 0 and errors.allowed(allowed)
    end
  end
  return true
end

local function check_fields(given, fields, what)
  local is_good, message, hint = check_names(given, text.sorted_keys(fields), what)
  if not is_good then
    return nil, message, hint
  end
  for _, name in ipairs(text.sorted_keys(given)) do
    if not fields[name][2](given[name]) then
      return nil, ("%s: %s has to be %s, not %s"):format(what, name, fields[name][1],
        text.found(given[name]))
    end
  end
  return true
end

--- "900ms" or "2s" in milliseconds, or nil.
function check.milliseconds(given)
  local count, unit = tostring(given):match("^(%d+)(m?s)$")
  return count and tonumber(count) * (unit == "s" and 1000 or 1)
end

local BODIES = { "json", "json_file", "text" }
local ANSWER = { "status", "json", "json_file", "text", "type", "delay" }

-- Of two keys that exclude each other one would be ignored.
local function check_answer(entry)
  local body
  for _, key in ipairs(BODIES) do
    if entry[key] ~= nil and body then
      return nil, ("mock.http gives both %s and %s"):format(body, key), "an answer has one of them"
    end
    body = entry[key] ~= nil and key or body
  end
  for _, key in ipairs(entry.fault and ANSWER or {}) do
    if entry[key] ~= nil then
      return nil, ("mock.http gives both fault and %s"):format(key),
        "a fault stands in the place of an answer"
    end
  end
  return true
end

--- What answers a question (spec_mock.lua, mock.http).
function check.http(entry)
  if type(entry) ~= "table" or type(entry.need) ~= "string" then
    return nil, "mock.http wants { need = \"question\", status = 200, json = { ... } }"
  end
  local is_good, message, hint = check_names(entry, HTTP_KEYS, "mock.http")
  if not is_good then
    return nil, message, hint
  elseif entry.fault and not FAULTS[entry.fault] then
    return nil, "mock.http: fault is timeout, reset or malformed, not " .. text.found(entry.fault)
  elseif entry.delay and not check.milliseconds(entry.delay) then
    return nil, "mock.http: delay has to be a time such as \"900ms\", not "
      .. text.found(entry.delay)
  elseif entry.params and type(entry.params) ~= "table" then
    return nil, "mock.http: params has to be a table, not " .. text.found(entry.params)
  elseif entry.status and math.type(entry.status) ~= "integer" then
    return nil, "mock.http: status has to be a whole number, not " .. text.found(entry.status)
  elseif entry.text and type(entry.text) ~= "string" then
    return nil, "mock.http: text has to be a text, not " .. text.found(entry.text)
  end
  return check_answer(entry)
end

--- Verdicts of plugins as {args, user, returns}.
function check.verdict(entry)
  if type(entry) ~= "table" then
    entry = { returns = entry }
  end
  local is_good, message, hint = check_names(entry, VERDICT_KEYS, "mock.plugin")
  if not is_good then
    return nil, message, hint
  elseif type(entry.returns) ~= "boolean" and not ENDS[entry.returns] then
    return nil, "mock.plugin wants " .. VERDICTS
  elseif entry.args ~= nil and type(entry.args) ~= "table" then
    return nil, "mock.plugin: args has to be a table, not " .. text.found(entry.args)
  end
  return entry
end

--- Records by address.
function check.geoip(records)
  if type(records) ~= "table" then
    return nil, "mock.geoip wants a table of records by address, not " .. text.found(records)
  end
  for address, record in pairs(records) do
    if type(address) ~= "string" or not network.parse_address(address) then
      return nil, ("mock.geoip: %s is not an address"):format(text.found(address)),
        "write { [\"198.51.100.7\"] = { country = \"US\" } }"
    elseif type(record) ~= "table" and record ~= false then
      return nil, ("mock.geoip: %s has to be a table of fields, or false, not %s"):format(address,
        text.found(record))
    end
    local is_good, message, hint = check_fields(record or {}, GEOIP, "mock.geoip: " .. address)
    if not is_good then
      return nil, message, hint
    end
  end
  return true
end

-- Grants of one user.
local function check_grants(user, grants)
  if type(grants) ~= "table" or next(grants) ~= nil and grants[1] == nil then
    return nil, ("mock.history: %s has to be a list of grants, not %s"):format(tostring(user),
      text.found(grants)), "write { alice = { { time = \"2026-01-13T10:00:00Z\", ... } } }"
  end
  for i, grant in ipairs(grants) do
    local what = ("mock.history: %s[%d]"):format(tostring(user), i - 1)
    if type(grant) ~= "table" then
      return nil, ("%s has to be a table of fields, not %s"):format(what, text.found(grant))
    end
    local is_good, message, hint = check_fields(grant, GRANT, what)
    if not is_good then
      return nil, message, hint
    end
  end
  return true
end

--- Lists of grants by user.
function check.history(grants)
  if type(grants) ~= "table" then
    return nil, "mock.history wants a table of lists by user, not " .. text.found(grants)
  end
  for user, list in pairs(grants) do
    local is_good, message, hint = check_grants(user, list)
    if not is_good then
      return nil, message, hint
    end
  end
  return true
end

--- Texts by name.
function check.files(files)
  if type(files) ~= "table" then
    return nil, "mock.file wants a table of texts by name, not " .. text.found(files)
  end
  for name, content in pairs(files) do
    if type(name) ~= "string" or type(content) ~= "string" then
      return nil, ("mock.file: %s has to be a text, not %s"):format(tostring(name),
        text.found(content))
    end
  end
  return true
end

-- Names of what there is -----------------------------------------------------------------------

local BUNDLE = "a plugin needs a bundle: the policy that is tested has to be its folder"

local function unknown_plugin(name, plugins, what)
  local names = text.sorted_keys(plugins)
  return nil, ("%s names %s, and there is no such plugin%s"):format(what, text.quote(name),
    errors.did_you_mean(name, names)), #names > 0 and errors.allowed(names) or BUNDLE
end

local function unknown_question(entry, plugins, what)
  local names = {}
  for _, name in ipairs(text.sorted_keys(plugins)) do
    local own = (not entry.plugin or entry.plugin == name) and text.sorted_keys(plugins[name].http)
    table.move(own or {}, 1, own and #own or 0, #names + 1, names)
  end
  local hint = #names > 0 and errors.allowed(names) or next(plugins) == nil and BUNDLE or nil
  return nil, ("%s names a question that %s: %s%s"):format(what,
    entry.plugin and "plugin " .. text.quote(entry.plugin) .. " has not" or "no plugin has",
    text.quote(entry.need), errors.did_you_mean(entry.need, names)), hint
end

--- The plugin, the question and the parameters that an answer names.
-- @param what names the mock in messages; nil in Lua
function check.http_names(entry, plugins, what)
  what = what or "mock.http"
  if entry.plugin and not plugins[entry.plugin] then
    return unknown_plugin(tostring(entry.plugin), plugins, what)
  end
  local message, hint
  for _, name in ipairs(text.sorted_keys(plugins)) do
    local params = (not entry.plugin or entry.plugin == name) and plugins[name].http[entry.need]
    if params then
      local is_good
      is_good, message, hint = check_names(entry.params or {}, text.sorted_keys(params),
        ("%s: question %s of plugin %s"):format(what, entry.need, name))
      if is_good then
        return true
      end
    end
  end
  if message then
    return nil, message, hint
  end
  return unknown_question(entry, plugins, what)
end

--- The plugin and the arguments that verdicts name.
function check.plugin_names(name, entries, plugins, what)
  what = what or "mock.plugin"
  local plugin = plugins[name]
  if not plugin then
    return unknown_plugin(name, plugins, what)
  end
  for _, entry in ipairs(entries) do
    local is_good, message, hint = check_names(entry.args or {}, text.sorted_keys(plugin.args),
      ("%s: plugin %s"):format(what, name))
    if not is_good then
      return nil, message:gsub("has no ", "has no argument ", 1), hint
    end
  end
  return true
end

--- The entry with what its file holds in the place of the file's name.
function check.with_file(entry, files)
  if entry.json_file == nil then
    return entry
  end
  local name = tostring(entry.json_file)
  local content = files["spec/" .. name]
  if not content then
    return nil, ("mock.http: there is no JSON file %s below the spec's folder, or its name is not "
      .. "written out in the spec"):format(text.quote(name))
  end
  local copy = {}
  for key, value in pairs(entry) do
    copy[key] = value
  end
  copy.json_file, copy.json = nil, host.json_decode(content)
  return copy
end

return check
