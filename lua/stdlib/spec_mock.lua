--- What a spec puts in the place of the world: the answers to plugins' questions, or plugins whole.
-- A question that nothing answers fails the case: what the world would say is not made up.
local spec_assert = require "sentinel.spec_assert"
local text = require "sentinel.text"

local spec_mock = {}

local FACT_MAX = 4096

local FAULTS = { timeout = "timeout", reset = "unavailable", malformed = "unavailable" }

local function milliseconds(given)
  local number, unit = given:match("^(%d+)(m?s)$")
  if not number then
    error("mock.http: delay has to be a time such as \"900ms\"", 0)
  end
  return tonumber(number) * (unit == "s" and 1000 or 1)
end

local HTTP_KEYS = {
  plugin = true, need = true, params = true, status = true, json = true, json_file = true,
  text = true, fault = true, delay = true, type = true,
}

local function check_http(entry)
  if type(entry) ~= "table" or type(entry.need) ~= "string" then
    error("mock.http wants { need = \"question\", status = 200, json = { ... } }", 0)
  end
  for key in pairs(entry) do
    if not HTTP_KEYS[key] then
      error(("mock.http has no key %s"):format(text.quote(tostring(key))), 0)
    end
  end
  if entry.fault and not FAULTS[entry.fault] then
    error("mock.http: fault is timeout, reset or malformed", 0)
  end
  if entry.delay then
    milliseconds(entry.delay)
  end
end

-- Whether an entry is for this question: parameters that it does not name may be anything.
local function fits(entry, need)
  if (entry.plugin and entry.plugin ~= need.plugin) or entry.need ~= need.need then
    return false
  end
  for name, value in pairs(entry.params or {}) do
    if need.params[name] ~= tostring(value) then
      return false
    end
  end
  return true
end

local function too_large(value)
  local json = host.json_encode(value)
  return json and #json > FACT_MAX
end

local function answer_http(mocks, need, plugin)
  for _, entry in ipairs(mocks.http) do
    if fits(entry, need) then
      if entry.fault then
        return FAULTS[entry.fault]
      elseif entry.delay and milliseconds(entry.delay) > plugin.timeout_ms then
        return "timeout"
      end
      local value = {
        status = entry.status or 200, json = entry.json, text = entry.text,
        headers = {
          ["content-type"] = entry.type or entry.text and "text/plain" or "application/json",
        },
      }
      local status = value.status
      if status < 200 or status >= 500 or status == 429 or status // 100 == 3 then
        return "unavailable"
      elseif too_large(value) then
        return "too_large"
      end
      return "ok", value
    end
  end
  return nil
end

local ANSWERS = {
  http = answer_http,
  geoip = function(mocks, need) -- false: no database knows the address
    local record = mocks.geoip[need.params.ip]
    if record == nil then
      return nil
    end
    return record and "ok" or "unavailable", record or nil
  end,
  history = function(mocks, _, _, user) -- who is not mentioned has no grants
    return mocks.history and "ok" or nil, mocks.history and mocks.history[user] or {}
  end,
}

local function tell(need)
  local parts = {}
  for _, name in ipairs(text.sorted_keys(need.params)) do
    parts[#parts + 1] = ("%s = %s"):format(name, text.quote(need.params[name]))
  end
  return ("%s { %s }"):format(need.need or need.kind, table.concat(parts, ", "))
end

--- Fails the case that needs what no mock answers.
function spec_mock.refuse(need)
  error({ is_failure = true, message = ("plugin %s asks %s, and no mock.%s answers that"):format(
    text.quote(need.plugin), tell(need), need.kind) }, 0)
end

--- The fact that answers a need (needs.lua); nil when no mock does.
function spec_mock.answer(mocks, need, plugin, request)
  local user = request.user and request.user.name
  local status, value = ANSWERS[need.kind](mocks, need, plugin, user)
  if not status then
    return nil
  end
  return {
    plugin = need.plugin, kind = need.kind, need = need.need, params = need.params, status = status,
    value = value, reason = status ~= "ok" and "mocked" or nil,
  }
end

local function is_subset(wanted, given)
  for key, value in pairs(wanted) do
    if type(value) == "table" and type(given[key]) == "table" then
      if not is_subset(value, given[key]) then
        return false
      end
    elseif given[key] ~= value then
      return false
    end
  end
  return true
end

--- The verdict of a mocked plugin: true, false, "error", "timeout", or nil when it is not mocked.
function spec_mock.verdict(mocks, name, args, request)
  local list = mocks.plugins[name]
  if not list then
    return nil
  end
  for _, entry in ipairs(list) do
    local is_user = not entry.user or request.user and request.user.name == entry.user
    if is_user and is_subset(entry.args or {}, args) then
      return entry.returns
    end
  end
  error(("no mock of plugin %s fits this condition"):format(text.quote(name)), 0)
end

-- What a mocked plugin may come to beside true and false.
local ENDS = { error = true, timeout = true }

local function normal_plugin(entry)
  if type(entry) ~= "table" then
    entry = { returns = entry }
  end
  if type(entry.returns) ~= "boolean" and not ENDS[entry.returns] then
    error("mock.plugin wants true, false, \"error\", \"timeout\", "
      .. "or { args = ..., user = ..., returns = true }", 0)
  end
  return entry
end

local function merge(into, from, what)
  if type(from) ~= "table" then
    error(("mock.%s wants a table"):format(what), 0)
  end
  for key, value in pairs(from) do
    into[key] = value
  end
end

-- A mock of what is not there would never be asked.
local function check_known(known, plugin, need)
  for name, of in pairs(known) do
    if (not plugin or plugin == name) and (not need or of.http[need]) then
      return
    end
  end
  spec_assert.refuse(need and ("mock.http: no plugin has the question %s"):format(text.quote(need))
    or ("mock.plugin: there is no plugin %s"):format(text.quote(plugin)))
end

-- The entry with what its file holds in the place of the file's name.
local function with_file(entry, files)
  if entry.json_file == nil then
    return entry
  end
  local name = tostring(entry.json_file)
  local content = files["spec/" .. name]
  if not content then
    spec_assert.refuse(("mock.http: there is no JSON file %s below the spec's folder, or its name "
      .. "is not written out in the spec"):format(text.quote(name)))
  end
  local copy = {}
  for key, value in pairs(entry) do
    copy[key] = value
  end
  copy.json_file, copy.json = nil, host.json_decode(content)
  return copy
end

--- Mocks of one case, and the functions that a spec fills them with.
-- @param known the plugins that there are, by name
-- @param beside files beside the spec that mocks may name: texts, by "spec/" and their names
function spec_mock.new(known, beside)
  local mocks = { http = {}, geoip = {}, plugins = {}, files = {} }
  local functions = {
    --- Answers a question of a plugin. The first mock that fits is taken.
    -- @function mock.http
    -- @usage mock.http { need = "freezes", status = 200, json = { freezes = {} } }
    -- @tparam table entry need (the question's name, required); plugin, params (only for these;
    -- whatever is not named may be anything); status (default 200); json, json_file (a file below
    -- the spec's folder, its name written out) or text; type (content type); delay (`"900ms"`: a
    -- time-out when it is longer than the plugin's time); fault (`"timeout"`, `"reset"`,
    -- `"malformed"`)
    -- @raise if a key, the fault or the delay is none of these, or there is no such file
    http = function(entry)
      check_http(entry)
      check_known(known, entry.plugin, entry.need)
      table.insert(mocks.http, with_file(entry, beside))
    end,
    --- Says what is known of addresses.
    -- @function mock.geoip
    -- @tparam table records by address, as host.geoip returns them; false: no database knows it
    -- @raise if records is no table
    geoip = function(records) merge(mocks.geoip, records, "geoip") end,
    --- Says what was granted before.
    -- @function mock.history
    -- @tparam table grants by user's name, lists as host.history; who is not named has none
    -- @raise if grants is no table
    history = function(grants)
      mocks.history = mocks.history or {}
      merge(mocks.history, grants, "history")
    end,
    --- Gives plugins files, granted or not.
    -- @function mock.file
    -- @tparam table files texts by name
    -- @raise if files is no table
    file = function(files) merge(mocks.files, files, "file") end,
    --- Puts verdicts in the place of a plugin: the first that fits is taken, and a condition that
    -- none fits fails the case.
    -- @function mock.plugin
    -- @usage mock.plugin("oncall", { args = { schedule = "payments" }, returns = true }, false)
    -- @tparam string name the plugin's
    -- @param ... each `true`, `false`, `"error"` (a plugin_error), `"timeout"` (a plugin_timeout),
    -- or {args, user, returns}: only for conditions that have these arguments, and this user's name
    -- @raise if a verdict is none of these
    plugin = function(name, ...)
      check_known(known, tostring(name))
      local list = mocks.plugins[name] or {}
      for _, entry in ipairs({ ... }) do
        list[#list + 1] = normal_plugin(entry)
      end
      mocks.plugins[name] = list
    end,
  }
  return mocks, functions
end

local function copy(from)
  return table.move(from, 1, #from, 1, {})
end

--- What stands in mocks now, for spec_mock.restore.
function spec_mock.save(mocks)
  local saved = { http = copy(mocks.http), plugins = {}, history = false }
  for name, list in pairs(mocks.plugins) do
    saved.plugins[name] = copy(list)
  end
  for _, what in ipairs({ "geoip", "files" }) do
    saved[what] = {}
    merge(saved[what], mocks[what], what)
  end
  if mocks.history then
    saved.history = {}
    merge(saved.history, mocks.history, "history")
  end
  return saved
end

--- Puts back what was saved: what a case added is gone.
function spec_mock.restore(mocks, saved)
  local again = spec_mock.save(saved)
  mocks.http, mocks.geoip, mocks.plugins, mocks.files = again.http, again.geoip, again.plugins,
    again.files
  mocks.history = again.history or nil
end

return spec_mock
