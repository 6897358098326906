--- The stdlib in the VM that ships, for specs (tests/tools/vm_module.c).
--
-- SNT_VM_FOLDER is the folder of snt_vm.so (default build/dev); SNT_STDLIB_FOLDER reads the stdlib
-- from a folder in the place of the embedded one.
local cjson = require "cjson"

local evaluator = {}

evaluator.LOAD_FUEL = 30000000
evaluator.FUEL = 10000000
evaluator.DESCRIPTION_FUEL = 200000

local here = debug.getinfo(1, "S").source:match("^@(.*)spec/support/") or ""
evaluator.root = here == "" and "." or here
package.cpath = (os.getenv("SNT_VM_FOLDER") or evaluator.root .. "/build/dev") .. "/?.so;"
  .. package.cpath

local vm = require "snt_vm"

function evaluator.read_file(path)
  local file, message = io.open(path, "rb")
  if not file then
    return nil, message
  end
  local text = file:read("a")
  file:close()
  return text
end

-- cjson's null is a light userdata; here it is nothing.
local function without_null(value)
  if type(value) == "table" then
    for key, item in pairs(value) do
      if item == cjson.null then
        value[key] = nil
      else
        without_null(item)
      end
    end
  end
  return value
end

local function decode(json)
  return without_null(cjson.decode(json))
end

-- The zones that exist, as the core would give them.
local function add_zones(state, names)
  for _, name in ipairs(names) do
    local bytes = evaluator.read_file("/usr/share/zoneinfo/" .. name)
    if bytes then
      state:add_zone(name, bytes)
    end
  end
end

--- What plugin.lua says, as the core reads it: {ok, plugin} or {ok, problems}.
function evaluator.describe(name, source)
  local state = vm.new(os.getenv("SNT_STDLIB_FOLDER"))
  local json, result = state:call("describe", evaluator.DESCRIPTION_FUEL, name, "plugins/" .. name .. "/plugin.lua",
    source)
  state:close()
  return decode(assert(json, result)), json
end

-- What the core gives to the template of a plugin that it accepted.
local function encode_plugin(manifest, granted_files)
  local needs, http = manifest.needs or {}, {}
  for question, row in pairs(needs.http or {}) do
    http[question] = {}
    for param in row.url:gmatch("{(%w+)}") do
      http[question][param] = true
    end
    http[question] = next(http[question]) and http[question] or cjson.decode("{}")
  end
  local function list(items)
    return #items > 0 and cjson.encode(items) or "[]"
  end
  local function map(items)
    return next(items) and cjson.encode(items) or "{}"
  end
  return ('{"name":%q,"args":%s,"request":%s,"http":%s,"geoip":%s,"history":%s,"needs_files":%s,"granted_files":%s,'
    .. '"timeout_ms":%d,"fuel":%d}'):format(manifest.name, map(manifest.args or {}),
    list(needs.request or {}), map(http), tostring(needs.geoip == true),
    tostring(needs.history == true), tostring(needs.files ~= nil), list(granted_files or {}), manifest.limits.timeout,
    manifest.limits.fuel)
end

--- Gives a state the plugins {name = {[file] = source}}, as the core does.
function evaluator.add_plugins(state, plugins, granted_files)
  for name, files in pairs(plugins or {}) do
    local answer = evaluator.describe(name, files["plugin.lua"])
    assert(answer.ok, answer.problems and answer.problems[1].message)
    for file, source in pairs(files) do
      assert(state:call("add_file", evaluator.LOAD_FUEL, ("plugins/%s/%s"):format(name, file), source))
    end
    assert(state:call("add_plugin", evaluator.LOAD_FUEL, encode_plugin(answer.plugin, granted_files)))
  end
end

--- A policy that is loaded and linked: {state}, or nil and the problems.
-- @param options {name, files = {name = source}, fuel, plugins = {name = {["plugin.lua"] = source,
-- ["init.lua"] = source}}, granted_files, is_strict = no rule may be one for emergencies}
function evaluator.load(kind, text, options)
  options = options or {}
  local state = vm.new(os.getenv("SNT_STDLIB_FOLDER"))
  local is_bundle = options.files or options.plugins
  local name = options.name or ((is_bundle and "/b/" or "") .. "policy." .. kind)
  for path, source in pairs(options.files or {}) do
    assert(state:call("add_file", evaluator.LOAD_FUEL, path, source))
  end
  evaluator.add_plugins(state, options.plugins, options.granted_files)
  local json, result = state:call("load", options.fuel or evaluator.LOAD_FUEL, kind, name, text,
    is_bundle and tostring(#name:match("^.*/")) or "", options.is_strict and "!" or "")
  assert(json, result)
  local answer = decode(json)
  if answer.ok then
    state:call("compile", evaluator.LOAD_FUEL)
    add_zones(state, answer.zones)
    json, result = state:call("link", evaluator.LOAD_FUEL)
    local linked = decode(assert(json, result))
    if linked.ok then
      return { state = state, zones = answer.zones }
    end
    answer = linked
  end
  state:close()
  return nil, answer.problems, result
end

--- The problems of a policy that has to be refused, as "line:column: message" and their hints.
function evaluator.problems(kind, text)
  local policy, problems = evaluator.load(kind, text)
  assert(policy == nil, "the policy was not refused")
  local lines, hints = {}, {}
  for i, problem in ipairs(problems) do
    lines[i] = ("%d:%d: %s"):format(problem.line, problem.column, problem.message)
    hints[i] = problem.hint
  end
  return lines, hints
end

--- A full request: `fields` over a default one. user may be a name of kind user; false leaves a
-- field out.
function evaluator.request(fields)
  local request = {
    user = { name = "alice", kind = "user", arn = "arn:aws:iam::123456789012:user/alice",
      account = "123456789012" },
    profile = "dev", role_arn = "arn:aws:iam::210987654321:role/Dev", mode = "credential_process",
    time = "2026-01-19T15:00:00Z", duration = 3600,
  }
  for key, value in pairs(fields or {}) do
    if key == "user" and type(value) == "string" then
      value = { name = value, kind = "user", account = "123456789012" }
    end
    request[key] = value
  end
  for key, value in pairs(request) do
    if value == false then
      request[key] = nil
    end
  end
  return request
end

--- The decision on a request, decoded; the second result is "ok", "fuel" or "memory".
-- @param facts {facts = {...}, is_final}, for plugins
function evaluator.decide(policy, fields, fuel, facts)
  local json, result = policy.state:call("evaluate", fuel or evaluator.FUEL,
    cjson.encode(evaluator.request(fields)), facts and cjson.encode(facts) or "")
  return decode(assert(json, result)), result, json
end

--- The request, exactly these fields, as the core would write it.
function evaluator.encode(request)
  return cjson.encode(request)
end

--- What a function of the stdlib's main module answers, as it comes.
function evaluator.call(policy, name, json)
  local reply, result = policy.state:call(name, evaluator.FUEL, json)
  return assert(reply, result)
end

--- The same decision as `sentinel explain` asks for it, with its remedies.
function evaluator.explain(policy, fields, fuel)
  local json, result = policy.state:call("explain", fuel or evaluator.FUEL,
    cjson.encode(evaluator.request(fields)))
  return decode(assert(json, result)), result, json
end

--- What lint says of a policy: {problems, left_out, complete}. facts are those of its bundle.
function evaluator.lint(kind, text, facts, options)
  local policy, problems = evaluator.load(kind, text, options)
  if not policy then
    error("refused: " .. problems[1].line .. ": " .. problems[1].message, 2)
  end
  local json, result = policy.state:call("lint", options and options.lint_fuel
    or evaluator.LOAD_FUEL, cjson.encode(facts or { targets = false }))
  policy.state:close()
  return decode(assert(json, result)), result
end

--- Loads and decides in one step; raises when the policy is refused.
function evaluator.decide_text(kind, text, fields)
  local policy, problems = evaluator.load(kind, text)
  if not policy then
    error("refused: " .. problems[1].line .. ": " .. problems[1].message, 2)
  end
  local decision, result = evaluator.decide(policy, fields)
  policy.state:close()
  return decision, result
end

--- A YAML policy of one rule with these conditions (flow style); `more` are further lines of the
-- rule.
function evaluator.one_rule(conditions, effect, more)
  return ([[
version: "1"
groups: {security-team: [alice, bob], payments: ["*@payments.example.com"]}
rules:
  - name: only
    effect: %s
    conditions: %s
%s]]):format(effect or "allow", conditions, more or "")
end

return evaluator
