--- What the core calls (src/lua/vm.h): describe, add_file, add_plugin, load, link, evaluate,
-- decide, decide_briefly, explain, lint, who_can, schema, failed. All take and return strings.
--
-- Modules are loaded when they are needed first: no policy needs all, and a refused one no engine.
local errors = require "sentinel.errors"
local reader = require "sentinel.reader"
local text = require "sentinel.text"

local TEXT_MAX = 512 * 1024
local FRONTS = { yaml = "sentinel.yaml_front", lua = "sentinel.lua_front" }

-- What this state holds: the policy once it is linked; for `failed` the run that goes on, and the
-- answer, once there is one.
local state = { phase = "load", file = "policy" }

-- The spec that is run, and its file: it is loaded before its policy.
local spec, spec_file = nil, nil

local function refuse(problems)
  state.policy, state.pending = nil, nil
  return require("sentinel.loaded").encode_problems(problems:sorted())
end

-- Every zone once, in byte order; UTC is always there.
local function zone_names(used, possible)
  local names = {}
  for _, zone in ipairs(used) do
    names[zone.name] = true
  end
  for _, name in ipairs(possible) do
    names[name] = true
  end
  names.UTC = nil
  return text.sorted_keys(names)
end

local main = {}

-- What of the bundle is there before the policy is loaded: files that the policy may require, by
-- their names in it; those of each plugin, by its name; plugins that may be used; other files.
local bundle = { files = {}, code = {}, plugins = {}, data = {} }

--- A file of the bundle.
function main.add_file(name, source)
  local plugin, below = name:match("^plugins/([^/]+)/(.+%.lua)$")
  if plugin then
    bundle.code[plugin] = bundle.code[plugin] or {}
    bundle.code[plugin][below] = source
  else
    local kind = name:find("%.lua$") and "files" or "data"
    bundle[kind][name] = source
  end
  return ""
end

--- What a plugin's manifest says; runs in a process of its own (plugins.lua).
function main.describe(folder, file, source)
  state = { phase = "load", file = file }
  return require("sentinel.plugins").describe(folder, file, source)
end

-- The files of a packed bundle come after its plugins.
local function give_files(plugin)
  for _, name in ipairs(plugin.granted_files) do
    plugin.files[name] = bundle.data[name]
  end
end

--- A plugin that conditions may name, as the core gives it (plugins.lua).
function main.add_plugin(json)
  local plugin = require("sentinel.plugins").add(json)
  give_files(plugin)
  bundle.plugins[plugin.name] = plugin
  return ""
end

--- Loads what most policies need, and goes its way once, while nobody waits for this state.
function main.preload()
  local reply = main.load("yaml", "policy", [[
version: "1"
groups: {a: [a]}
rules:
  - {name: a, effect: deny, conditions: {profiles: [a], groups: [a]}}
  - {name: b, effect: deny, conditions: {users: ["*"], profiles: ["b*"]}, max_duration: 1h}
]])
  main.link()
  reply = reply .. main.evaluate('{"profile":"b","user":{"name":"a","kind":"user"}}')
  state = { phase = "load", file = "policy" }
  return reply
end

-- Runs the code of all plugins; the names of zones that it may need go to `zones`.
local function load_plugins(root, problems, zones)
  for _, name in ipairs(text.sorted_keys(bundle.plugins)) do
    give_files(bundle.plugins[name])
    state.code = ("%splugins/%s/init.lua"):format(root or "", name)
    local possible = require("sentinel.plugins").load(bundle.plugins[name], bundle.code[name] or {},
      root, problems)
    table.move(possible, 1, #possible, #zones + 1, zones)
    state.code = nil
  end
end

--- The answer for a packed bundle that cannot be opened; `what` follows its name.
function main.refuse_bundle(name, what)
  local problems = errors.new(name)
  problems:add(errors.START, "the packed bundle " .. what,
    "pack it again from its folder: sentinel policy pack DIR")
  return refuse(problems)
end

-- What is to be said of a policy that was refused: problems of YAML tell nothing of Lua.
local function explain_kind(kind, name, source, problems)
  if kind ~= "yaml" or not require("sentinel.yaml_front").looks_like_lua(source) then
    return problems
  end
  local one, hint = errors.new(name), "the name of a policy's file in Lua has to end in .lua"
  if name:find("^ssm:") then
    hint = 'the first line of a policy in Lua has to be "-- sentinel: lua", and nothing more'
  end
  one:add(errors.START, "this looks like Lua, and is read as YAML", hint)
  return one
end

--- kind "yaml" or "lua"; root_length: how much of the name is the folder of a bundle, "" for none;
-- mark: "!" where no rule may be one for emergencies.
-- Answers {"ok":true,"zones":[...]} or {"ok":false,"problems":[...]}. The policy is only read then.
function main.load(kind, name, source, root_length, mark)
  state = { phase = "load", file = name }
  local problems = errors.new(name)
  if #source > TEXT_MAX then
    problems:add(errors.START,
      ("the file has %d bytes; at most 512 KiB are allowed"):format(#source))
    return refuse(problems)
  end
  local root = tonumber(root_length) and name:sub(1, tonumber(root_length))
  local front = require(FRONTS[kind])
  local node, place, possible_zones, find_file, read_again =
    front.read(source, name, problems, bundle.files, root)
  local policy, zones
  possible_zones = possible_zones or {}
  if node then
    local given = { plugins = bundle.plugins, folder = root, is_strict = mark == "!" }
    policy, zones = reader.read(node, place, problems, given)
    if read_again and not problems:is_empty() then
      node, place = read_again(problems:clear())
      policy, zones = reader.read(node, place, problems, given)
    end
    load_plugins(root, problems, possible_zones)
  end
  if not problems:is_empty() or not policy then
    return refuse(explain_kind(kind, name, source, problems))
  end
  state.files = problems.files
  state.pending = { policy = policy, zones = zones, find_file = find_file }
  return require("sentinel.loaded").encode_zones(zone_names(zones, possible_zones))
end

--- What has to be done between loading and evaluating and needs no zones: the core looks for them
-- meanwhile. Linking does what of it is not done.
function main.compile()
  local pending = state.pending
  if pending and not pending.is_compiled then
    require("sentinel.engine").compile(pending.policy)
    require "sentinel.outcome"
    require "sentinel.reply"
    host.json_decode("{}") -- its library is opened here, and not by every worker
    pending.is_compiled = true
  end
  return ""
end

--- After the zones were added: every zone that a condition names has to be there. With "indexed"
-- the policy is going to be asked often.
function main.link(how)
  state.phase = "link"
  local problems = errors.new(state.file)
  problems.files = state.files or problems.files -- a zone may be named in a file of the bundle
  if not state.pending then
    problems:add(errors.START, "no policy is loaded")
    return state.refusal or refuse(problems)
  end
  main.compile()
  for _, zone in ipairs(state.pending.zones) do
    if not host.zone_known(zone.name) then
      local known, find_file = require("sentinel.zones"), state.pending.find_file
      local place = find_file and require("sentinel.source_places").of_text(find_file(zone.place),
        zone.place, zone.name) or zone.place
      problems:add(place, ("unknown time zone %s%s"):format(text.quote(zone.name),
        errors.did_you_mean(zone.name, known)), "write it as America/New_York or UTC")
    end
  end
  if not problems:is_empty() then
    return refuse(problems)
  end
  state.policy, state.pending = state.pending.policy, nil
  if how == "indexed" then
    require("sentinel.engine").make_index(state.policy)
  end
  return require("sentinel.loaded").encode_policy(state.policy)
end

local function decode(json, what)
  local value, message = host.json_decode(json)
  if type(value) ~= "table" then
    error(what .. " is not JSON: " .. host.error_text(message))
  end
  return value
end

-- The decision on a request; facts: {"facts":[...],"is_final":...}, or nothing where no plugin is.
-- is_brief: nobody is going to ask for its trace.
local function decide(how, request_json, facts_json, is_brief)
  state.phase, state.run, state.answer = "evaluate", nil, nil
  local engine = require "sentinel.engine"
  if not state.policy then
    local decision = engine.new_reply()
    decision.error, decision.reason = "policy_invalid", "no policy is in force"
    return decision
  end
  local request, given = decode(request_json, "the request"), nil
  if facts_json and facts_json ~= "" then
    given = decode(facts_json, "what is known")
  end
  state.run = engine.new_run(request,
    given and require("sentinel.needs").index(given.facts), given and given.is_final)
  state.run.is_brief = is_brief
  return engine[how](state.policy, state.run)
end

local function encode(decision)
  return require("sentinel.reply").encode(decision)
end

--- Goes most of a decision's way without a decision, in a process that waits for one: what is on
-- that way is in place then. Nothing of the policy runs.
function main.rehearse()
  local engine = require "sentinel.engine"
  engine.new_run(decode('{"profile":"a","user":{"name":"b"},"duration":3600}', "a rehearsal"))
  return encode(engine.new_reply())
end

--- The decision on a request (JSON that the core wrote) as JSON, and what became of every rule.
function main.evaluate(request_json, facts_json)
  return encode(decide("evaluate", request_json, facts_json))
end

--- The decision, and what became of the rule that came nearest.
function main.evaluate_nearest(request_json, facts_json)
  local decision = decide("evaluate", request_json, facts_json)
  require("sentinel.reply").keep_nearest(decision)
  return encode(decision)
end

--- The decision only, for those who ask often: the trace tells of the rules that were looked at.
function main.decide(request_json, facts_json)
  return encode(decide("decide", request_json, facts_json))
end

--- The decision of main.decide in one line; not for policies with plugins, which may need facts.
function main.decide_briefly(request_json)
  local decision = decide("decide", request_json, nil, true)
  if decision.needs then
    error("a decision that needs facts is not one of many")
  end
  return require("sentinel.reply").encode_briefly(decision)
end

--- The decision of main.evaluate, and what would have been allowed. Whatever becomes of that, the
-- decision stands: it is the answer as soon as it is made.
function main.explain(request_json, facts_json)
  local decision = decide("evaluate", request_json, facts_json)
  local reply = require "sentinel.reply"
  decision.remedies = {}
  if decision.effect == "allow" or decision.needs then
    return reply.encode(decision)
  end
  state.answer = reply.encode(decision)
  local is_done, remedies = host.pcall(function()
    return require("sentinel.remedies").find(state.policy, state.run, decision)
  end)
  if is_done then
    decision.remedies = remedies
  end
  return reply.encode(decision)
end

--- What is hardly meant in the policy that is linked (lint.lua). facts_json is what the core knows
-- of its bundle: {"targets":bool,"max_duration":seconds}.
function main.lint(facts_json)
  state.phase = "lint"
  local facts = host.json_decode(facts_json)
  if not state.policy or type(facts) ~= "table" then
    error("there is nothing to lint")
  end
  local lint = require "sentinel.lint"
  state.lint = lint.new(state.policy, state.files)
  lint.run(state.lint, facts)
  return lint.finish(state.lint)
end

--- Who can get in, by the policy that is linked (who_can.lua). question_json: {"profile","time",
-- "ever","mode","targets"}.
function main.who_can(question_json)
  state.phase = "who_can"
  if not state.policy then
    error("no policy is in force")
  end
  return require("sentinel.who_can").answer(state.policy, decode(question_json, "the question"))
end

--- The policy that is linked, as data for who compares it with another one (outline.lua).
function main.outline()
  state.phase = "compare"
  return require("sentinel.outline").write(state.policy or error("no policy is in force"))
end

--- One of two policies that are compared (comparison.lua): side "before" or "after".
function main.compare_take(side, about, outlined)
  state.phase = "compare"
  return require("sentinel.comparison").take(side, about, outlined)
end

--- What is asked of the two: "rules", "profiles", or "access" with a question in JSON.
function main.compare(what, question_json)
  state.phase = what == "access" and "access" or "compare"
  local question = question_json ~= "" and decode(question_json, "the question") or nil
  return require("sentinel.comparison")[what](question)
end

--- The JSON Schema of a policy in YAML, for editors; with the conditions of the plugins that are
-- there.
function main.schema()
  return require("sentinel.json_schema").encode(bundle.plugins)
end

--- Runs a spec's top level (spec_runner.lua), before its policy is there. plugin: the name of the
-- plugin whose spec it is, or "". Answers {"ok":true,"cases":[...]} or
-- {"ok":false,"problems":[...]}.
function main.load_spec(name, source, plugin)
  state.phase, state.file, state.what = "load", name, "spec"
  local runner, problems = require "sentinel.spec_runner", errors.new(name)
  spec = runner.load(name, source, { plugins = bundle.plugins, plugin_name = plugin,
    files = bundle.data }, problems)
  spec_file = name
  if not spec then
    return require("sentinel.loaded").encode_problems(problems:sorted())
  end
  return runner.encode_cases(spec)
end

--- Gives the spec the policy that was linked, if one was; about_json is what the core knows of it
-- (spec_runner.bind). Answers {"ok":true,"pure":...,"points":[...]} or problems.
function main.bind_spec(about_json)
  state.phase = "bind"
  local runner, problems = require "sentinel.spec_runner", errors.new(spec_file)
  local about = decode(about_json, "what is known of the policy")
  local is_pure = runner.bind(spec, state, about, problems)
  if not problems:is_empty() then
    return require("sentinel.loaded").encode_problems(problems:sorted())
  end
  return runner.encode_bound(spec, is_pure)
end

--- Runs one case of the spec, counted from 0: {"status","message","line","malformed","seen"}.
-- which: its number, and " last" when no other case follows in this state.
function main.run_case(which)
  state.phase = "case"
  local number, last = which:match("^(%d+)(.*)$")
  return require("sentinel.spec_runner").run(spec, math.tointeger(tonumber(number)),
    last == " last")
end

--- Makes the mutants of the spec's policy (mutation.lua).
-- @param policy_name what the spec's cases call it; "" for the default one
function main.mutate(policy_name)
  state.phase = "mutate"
  return require("sentinel.spec_mutation").mutate(spec, policy_name)
end

--- Runs the spec's cases on one of them, counted from 0: {"killed":bool}.
function main.run_mutant(number)
  state.phase = "mutant"
  return require("sentinel.spec_mutation").run_mutant(spec, math.tointeger(tonumber(number)))
end

--- Runs one case where answers are recorded (spec_record.lua), with those that were had so far; or
-- {"needs":[...]}: it has to be run again with the answers to these.
function main.record_case(number, facts_json)
  state.phase = "case"
  return require("sentinel.spec_record").run(spec, math.tointeger(tonumber(number)),
    decode(facts_json, "what is known").facts)
end

--- The answer in the place of the call that spent its fuel or memory; runs on a small reserve.
function main.failed(_, what)
  if state.phase == "case" then
    return require("sentinel.spec_runner").encode_result("failed",
      ("it spends more %s than a case may (%s): look for a loop, or split it"):format(what,
        what == "fuel" and "10,000,000 units" or "48 MiB"))
  end
  if state.phase == "mutant" then
    return require("sentinel.spec_mutation").encode_spent(spec)
  elseif state.phase == "evaluate" then
    return state.answer or encode(require("sentinel.engine").deny_spent(state.run, what))
  end
  if state.phase == "lint" then
    return state.lint and require("sentinel.lint").finish(state.lint)
      or '{"problems":[],"left_out":0,"complete":false}'
  end
  if state.phase == "who_can" then
    return require("sentinel.who_can").NOTHING
  elseif state.phase == "access" then
    return require("sentinel.comparison").NOTHING
  elseif state.phase == "compare" then
    error("comparing spends more " .. what .. " than it may")
  end
  local problems, kind = errors.new(state.code or state.file), state.what or "policy"
  problems:add(errors.START, ("loading spends more %s than a %s may"):format(what, kind),
    ("make the %s shorter, or what its Lua does while it loads"):format(kind))
  state.refusal = refuse(problems) -- for link, where compile has no answer
  return state.refusal
end

return main
