--- Condition plugins: their manifests, their code, and the evaluation of a condition of theirs.
--
-- MUST
--  1. run plugin.lua in an empty environment, in a process of its own, before any other code;
--  2. give a plugin its arguments, the request's fields that it names and its facts, and nothing of
--     policy or of another plugin;
--  3. let nothing catch a need or a failed fact, and take nothing but a boolean for a verdict.
local errors = require "sentinel.errors"
local loading = require "sentinel.loader"
local needs = require "sentinel.needs"
local nodes = require "sentinel.nodes"
local reader = require "sentinel.reader"
local runs = require "sentinel.run"
local text = require "sentinel.text"
local time = require "sentinel.time"
local tree = require "sentinel.lua_tree"

local plugins = {}

local TIMEOUT_MS, FUEL = 1000, 2000000 -- of a check whose manifest has no limits
local MANIFEST_MS, MANIFEST_FUEL = 1000, 100000
local SENTINEL = { time = time.for_policy }

-- What ends a plugin's code, as the class of the decision's error and in words.
local WHAT = {
  fuel = { "budget_exceeded", "it spends more fuel than the plugin may" },
  time = { "plugin_timeout", "it takes longer than the plugin may" },
}

-- Manifests ----------------------------------------------------------------------------------

-- Every bound of an argument has to mean something, and some value has to fit.
local function check_arguments(arguments, place_of, problems)
  for name, argument in pairs(arguments) do
    local wrong, about
    if argument.values and argument.type ~= "string" and argument.type ~= "strings" then
      wrong, about = "only texts have values", "values"
    elseif (argument.min or argument.max) and argument.type ~= "integer" then
      wrong, about = "only an integer has min and max", argument.min and "min" or "max"
    elseif argument.min and argument.max and argument.min > argument.max then
      wrong, about = "min is above max, so no value fits", "min"
    end
    if wrong then
      problems:add(place_of("args", name, about), ("args.%s: %s"):format(name, wrong))
    end
  end
end

-- What holds between the parts of a manifest.
local function check_parts(manifest, folder, place_of, problems)
  if manifest.name ~= folder then
    problems:add(place_of("name"), ("the plugin in folder %s calls itself %s"):format(
      text.quote(folder), text.quote(manifest.name)), "name and folder have to be the same")
  end
  local built_in = require("sentinel.schema").conditions.by_name
  if built_in[manifest.name] or manifest.name == "function" then
    problems:add(place_of("name"), ("%s is the name of a built-in condition"):format(
      text.quote(manifest.name)), "give the plugin another name")
  end
  local secrets = manifest.needs and manifest.needs.secrets or {}
  for name, question in pairs(manifest.needs and manifest.needs.http or {}) do
    if question.secret and not secrets[question.secret] then
      problems:add(place_of("needs", "http", name, "secret"),
        ("needs.http.%s names the secret %s, which is not in needs.secrets"):format(name,
          text.quote(question.secret)), "add it there")
    end
  end
  check_arguments(manifest.args or {}, place_of, problems)
end

-- The manifest that plugin.lua returns, as plain data. Places are looked for in its text only when
-- there is something to tell.
local function read_manifest(value, source, folder, problems)
  local schema = require "sentinel.plugin_schema"
  local function find_places()
    local source_places = require "sentinel.source_places"
    return source_places, source_places.of_returned(source)
  end
  local node, place = tree.read(value, errors.START, tree.new_state(problems), 1)
  if not nodes.is_map(node) then
    problems:add(errors.START, "plugin.lua has to return a table, not " .. nodes.found(node),
      "return { name = ..., version = ..., api = 1, summary = ... }")
    return nil
  end
  local manifest = reader.read_as(schema.manifest, node, place, problems)
  if manifest and problems:is_empty() then
    check_parts(manifest, folder, function(...)
      local source_places, places = find_places()
      return source_places.find(places, ...)
    end, problems)
  elseif not problems:is_empty() then
    local source_places, places = find_places()
    source_places.put(node, places)
    problems:clear()
    reader.read_as(schema.manifest, node, place, problems)
  end
  return problems:is_empty() and manifest or nil
end

--- Runs plugin.lua. Answers {"ok":true,"plugin":{...}} or {"ok":false,"problems":[...]}; the core
-- reads the answer as the word of a process that may have been taken over.
function plugins.describe(folder, file, source)
  local problems = errors.new(file)
  local chunk, message = host.compile(source, file, {})
  local how, value = "error", message
  if chunk then
    how, value = host.run_limited(MANIFEST_FUEL, MANIFEST_MS, chunk)
  end
  local manifest
  if how == "done" then
    manifest = read_manifest(value, source, folder, problems)
  else
    local what = how == "error" and host.error_text(value) or WHAT[how][2]
    loading.add_error(problems, what, "plugin.lua is one return { ... }")
  end
  if not manifest then
    return require("sentinel.loaded").encode_problems(problems:sorted())
  end
  manifest.limits = manifest.limits or {}
  manifest.limits.timeout = manifest.limits.timeout or TIMEOUT_MS
  manifest.limits.fuel = manifest.limits.fuel or FUEL
  return '{"ok":true,"plugin":' .. host.json_encode(manifest) .. "}"
end

-- Loading ------------------------------------------------------------------------------------

--- A plugin as the core gives it: its word, checked there.
-- @param json {"name","args","request","http":{question: [parameters]},"geoip","history",
-- "needs_files","granted_files","timeout_ms","fuel"}
function plugins.add(json)
  local plugin = host.json_decode(json)
  local schema = require "sentinel.plugin_schema"
  plugin.files = {}
  plugin.shape = schema.condition(plugin.name, plugin.args)
  plugin.arg_fields, plugin.request_fields = {}, {}
  for name in pairs(plugin.args) do
    plugin.arg_fields[name] = true
  end
  for _, name in ipairs(plugin.request) do
    plugin.request_fields[name] = require("sentinel.schema").request_fields[name]
  end
  return plugin
end

local function new_view()
  return host.readonly(SENTINEL, { name = "sentinel", strict = true, fields = { time = true } })
end

--- Runs a plugin's init.lua; problems are told.
-- @param files the sources of the plugin's own files, by name
-- @param root what stands before those names in messages
-- @return the names of zones that may be needed
function plugins.load(plugin, files, root, problems)
  local own_root = ("%splugins/%s/"):format(root, plugin.name)
  local source = files["init.lua"]
  if not source then
    problems:add(errors.START, ("the plugin %s has no init.lua"):format(text.quote(plugin.name)))
    return {}
  end
  local loader = loading.new({
    view = new_view(), files = files, root = own_root, problems = problems,
  })
  local is_done, check = host.pcall(loader.run, source, own_root .. "init.lua")
  if not is_done then
    loading.add_error(problems, host.error_text(check))
  elseif type(check) ~= "function" then
    problems:add(errors.place(1, 1, problems:file_number(own_root .. "init.lua")),
      "init.lua has to return a function, not a " .. (check == true and "nil" or type(check)),
      "return function(args, request, host) ... end")
  else
    plugin.check = check
  end
  return loading.find_zone_names(source, loader:sources())
end

-- Evaluation ---------------------------------------------------------------------------------

-- One of the fields that the plugin names is absent: it is unknown, and not run.
local function lacks_field(plugin, request)
  for _, name in ipairs(plugin.request) do
    if request[name] == nil then
      return name
    end
  end
  return nil
end

local function fail(class, condition, what)
  error({ class = class, path = condition.path, what = what }, 0)
end

-- What the call came to: the verdict and a detail for people, or an error.
local function take_answer(condition, how, verdict, detail)
  if how == "error" then
    fail("plugin_error", condition, host.error_text(verdict))
  elseif how ~= "done" then
    fail(WHAT[how][1], condition, WHAT[how][2])
  elseif type(verdict) ~= "boolean" then
    fail("plugin_error", condition, "it returned a " .. type(verdict) .. ", not true or false")
  elseif detail ~= nil and type(detail) ~= "string" then
    fail("plugin_error", condition, "its detail is a " .. type(detail) .. ", not a text")
  end
  return verdict, text.cut(host.error_text(detail or tostring(verdict)))
end

-- A fact that could not be had is the plugin's error.
local function check_failure(condition, run)
  local failed = needs.take_failure(run)
  if failed then
    fail(failed.class, condition, failed.what)
  end
end

local MOCKED = { error = "plugin_error", timeout = "plugin_timeout" }

-- Specs may put a verdict in a plugin's place (spec_mock.lua).
local function mocked_verdict(condition, run)
  local verdict = require("sentinel.spec_mock").verdict(run.mocks, condition.plugin,
    condition.value, run.request)
  local class = MOCKED[verdict]
  if class then
    fail(class, condition, "mocked")
  end
  return verdict
end

--- Evaluates a condition as logic.lua wants it.
function plugins.evaluate(condition, request, run)
  local plugin = condition.plugin
  if run.mocks then
    local verdict = mocked_verdict(condition, run)
    if verdict ~= nil then
      return verdict, "mocked"
    end
  end
  local absent = lacks_field(plugin, request)
  if absent then
    return nil, absent .. " is not known"
  end
  local inputs = runs.plugin_inputs(run, plugin)
  check_failure(condition, run)
  if inputs.history_missing then
    return nil, "pending"
  end
  local how, verdict, detail = host.run_limited(plugin.fuel, plugin.timeout_ms, plugin.check,
    condition.args, inputs.request, inputs.host)
  if how == "suspended" then
    check_failure(condition, run)
    return nil, "pending"
  end
  return take_answer(condition, how, verdict, detail)
end

-- `schedule payments, level 1`
local function describe_value(value)
  if type(value) == "table" then
    return text.join(value)
  end
  return tostring(value)
end

--- What a condition wants, for traces.
function plugins.describe_condition(condition)
  local parts = {}
  for _, name in ipairs(text.sorted_keys(condition.value)) do
    parts[#parts + 1] = name .. " " .. describe_value(condition.value[name])
  end
  return #parts > 0 and text.join(parts) or "true"
end

local KIND = { describe = plugins.describe_condition }

--- Makes a condition ready (logic.lua).
function plugins.compile(condition)
  condition.kind, condition.evaluate = KIND, plugins.evaluate
  condition.args = host.readonly(condition.value, {
    name = "args", strict = true, fields = condition.plugin.arg_fields,
  })
end

--- What the plugin is given in this run: a part of the request, and its ways to facts.
function plugins.inputs(plugin, run)
  local request = {}
  for _, name in ipairs(plugin.request) do
    request[name] = run.request[name]
  end
  local ways, history_missing = needs.ways(plugin, run)
  return {
    history_missing = history_missing,
    request = host.readonly(request, {
      name = "request", strict = true, fields = plugin.request_fields,
    }),
    host = host.readonly(ways, {
      name = "host", strict = true,
      fields = { http = true, geoip = true, history = true, file = true },
    }),
  }
end

return plugins
