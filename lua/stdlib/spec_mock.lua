--- What a spec puts in the place of the world: the answers to plugins' questions, or plugins whole.
-- A question that nothing answers fails the case: what the world would say is not made up.
--
-- Mocks lie in layers: what stands outside of cases, what hooks say, and so on with each group
-- that is further in; the case's own lie on top. A layer counts before those below it; in a layer
-- the first mock that fits is taken.
-- A layer is {http = list, geoip = by address, history = by user or nil, plugins = lists by name,
-- files = by name}.
local check = require "sentinel.spec_mock_check"
local spec_assert = require "sentinel.spec_assert"
local text = require "sentinel.text"

local spec_mock = {}

local FACT_MAX = 4096

-- How a request that does not come to an answer ends, as the status of a fact.
local ENDS = { timeout = "timeout", reset = "unavailable", malformed = "unavailable" }

-- What `call` makes of the layers, from the upper one down, until that is a value.
local function find(mocks, call)
  for i = #mocks.layers, 1, -1 do
    local value, more = call(mocks.layers[i])
    if value ~= nil then
      return value, more
    end
  end
  return nil
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

-- The status of a fact, and its value, by the entry that answers the question.
local function answer_by(entry, plugin)
  if entry.fault then
    return ENDS[entry.fault]
  elseif entry.delay and check.milliseconds(entry.delay) > plugin.timeout_ms then
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

local ANSWERS = {
  http = function(mocks, need, plugin)
    return find(mocks, function(layer)
      for _, entry in ipairs(layer.http) do
        if fits(entry, need) then
          return answer_by(entry, plugin)
        end
      end
    end)
  end,
  geoip = function(mocks, need) -- false: no database knows the address
    local record = find(mocks, function(layer) return layer.geoip[need.params.ip] end)
    if record == nil then
      return nil
    end
    return record and "ok" or "unavailable", record or nil
  end,
  history = function(mocks, _, _, user) -- who is not mentioned has no grants
    local grants = find(mocks, function(layer) return layer.history and layer.history[user] end)
    local is_told = find(mocks, function(layer) return layer.history and true end)
    return is_told and "ok", grants or {}
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
  spec_assert.raise { message = ("plugin %s asks %s, and no mock.%s answers that"):format(
    text.quote(need.plugin), tell(need), need.kind) }
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

-- The verdict of the first of the entries that fits, or nil.
local function verdict_of(list, args, request)
  for _, entry in ipairs(list or {}) do
    local is_user = not entry.user or request.user and request.user.name == entry.user
    if is_user and is_subset(entry.args or {}, args) then
      return entry.returns
    end
  end
  return nil
end

-- Whether a layer answers questions of the plugin: it is to be run then, whatever lies below.
local function has_answers(layer, plugin)
  for _, entry in ipairs(layer.http) do
    if entry.plugin == plugin.name or not entry.plugin and plugin.http[entry.need] then
      return true
    end
  end
  return plugin.geoip and next(layer.geoip) ~= nil or plugin.history and layer.history ~= nil
end

--- The verdict of a mocked plugin: true, false, "error", "timeout", or nil when it is to be run.
function spec_mock.verdict(mocks, plugin, args, request)
  local is_mocked = false
  for i = #mocks.layers, 1, -1 do
    local layer = mocks.layers[i]
    local verdict = verdict_of(layer.plugins[plugin.name], args, request)
    if verdict ~= nil then
      return verdict
    end
    is_mocked = is_mocked or layer.plugins[plugin.name] ~= nil
    if not is_mocked and has_answers(layer, plugin) then
      return nil
    end
  end
  if is_mocked then
    error(("no mock of plugin %s fits this condition"):format(text.quote(plugin.name)), 0)
  end
  return nil
end

--- Whether there is a verdict for the plugin in any layer.
function spec_mock.verdict_is_mocked(mocks, plugin)
  return find(mocks, function(layer) return layer.plugins[plugin.name] end) ~= nil
end

local function merge(into, from)
  for key, value in pairs(from) do
    into[key] = value
  end
end

--- Files that plugins are given, granted or not: texts by name.
function spec_mock.files(mocks)
  local files = {}
  for _, layer in ipairs(mocks.layers) do
    merge(files, layer.files)
  end
  return files
end

-- The functions that fill the upper layer. `world` says what there is (spec_mock.new).
local function new_functions(mocks, world)
  local function top()
    return mocks.layers[#mocks.layers]
  end
  return {
    --- Answers a question of a plugin. The first mock that fits is taken, one of the case before
    -- those of hooks, and these before what stands outside. A plugin whose questions a case
    -- answers is run there, whatever verdict stands in its place outside.
    -- @function mock.http
    -- @usage mock.http { need = "freezes", status = 200, json = { freezes = {} } }
    -- @tparam table entry need (the question's name, required); plugin, params (only for these;
    -- whatever is not named may be anything); status (default 200); json, json_file (a file below
    -- the spec's folder, its name written out) or text; type (content type); delay (`"900ms"`: a
    -- time-out when it is longer than the plugin's time); fault (`"timeout"`, `"reset"`,
    -- `"malformed"`)
    -- @raise if a key, a parameter, the fault or the delay is none of these, or there is no such
    -- question or file, or there is more than one of json, json_file and text, or anything of an
    -- answer beside a fault
    http = function(entry)
      check.demand(check.http(entry))
      local list = top().http
      local at = #list + 1
      list[at] = entry
      world.when_known(function()
        check.demand(check.http_names(entry, world.plugins))
        list[at] = check.demand(check.with_file(entry, world.files))
      end)
    end,
    --- Says what is known of addresses.
    -- @function mock.geoip
    -- @tparam table records by address, as host.geoip returns them; false: no database knows it
    -- @raise if records is no table, or a key is no address, or a record has another field
    geoip = function(records)
      check.demand(check.geoip(records))
      merge(top().geoip, records)
    end,
    --- Says what was granted before.
    -- @function mock.history
    -- @tparam table grants by user's name, lists as host.history; who is not named has none
    -- @raise if grants is no table of lists, or one has another field
    history = function(grants)
      check.demand(check.history(grants))
      top().history = top().history or {}
      merge(top().history, grants)
    end,
    --- Gives plugins files, granted or not.
    -- @function mock.file
    -- @tparam table files texts by name
    -- @raise if files is no table of texts
    file = function(files)
      check.demand(check.files(files))
      merge(top().files, files)
    end,
    --- Puts verdicts in the place of a plugin: the first that fits is taken, one of the case before
    -- those of hooks, and these before what stands outside. A condition that none fits fails the
    -- case.
    -- @function mock.plugin
    -- @usage mock.plugin("oncall", { args = { schedule = "payments" }, returns = true }, false)
    -- @tparam string name the plugin's
    -- @param ... each `true`, `false`, `"error"` (a plugin_error), `"timeout"` (a plugin_timeout),
    -- or {args, user, returns}: only for conditions that have these arguments, and this user's name
    -- @raise if a verdict is none of these, or there is no such plugin or argument
    plugin = function(name, ...)
      local entries = {}
      for i = 1, select("#", ...) do
        entries[i] = check.demand(check.verdict((select(i, ...))))
      end
      name = tostring(name)
      local list = top().plugins[name] or {}
      table.move(entries, 1, #entries, #list + 1, list)
      top().plugins[name] = list
      world.when_known(function()
        check.demand(check.plugin_names(name, entries, world.plugins))
      end)
    end,
  }
end

--- Lays a layer over those that are there, and returns it.
-- @param layer nil for an empty one
function spec_mock.push(mocks, layer)
  layer = layer or { http = {}, geoip = {}, plugins = {}, files = {} }
  table.insert(mocks.layers, layer)
  return layer
end

--- Takes the upper layer away.
function spec_mock.pop(mocks)
  table.remove(mocks.layers)
end

--- Takes all layers away.
function spec_mock.reset(mocks)
  mocks.layers = {}
end

--- Mocks without a layer, and the functions that a spec fills the upper one with.
-- @param world {plugins = those that there are, by name; files = texts beside the spec that mocks
-- may name, by "spec/" and their names; when_known = function(call), calls it once both are there}
function spec_mock.new(world)
  local mocks = { layers = {} }
  return mocks, new_functions(mocks, world)
end

return spec_mock
