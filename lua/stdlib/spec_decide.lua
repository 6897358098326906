--- Decisions of specs, and calls of a plugin in its own spec: methods of spec_runner.lua.
--
-- MUST
--  1. decide with the engine that decides everything else, in the same rounds and limits;
--  2. deny a role that the bundle's targets do not give to the profile, as the core does.
local engine = require "sentinel.engine"
local errors = require "sentinel.errors"
local needs = require "sentinel.needs"
local plugins = require "sentinel.plugins"
local reader = require "sentinel.reader"
local reply = require "sentinel.reply"
local spec_assert = require "sentinel.spec_assert"
local spec_mock = require "sentinel.spec_mock"
local spec_request = require "sentinel.spec_request"
local text = require "sentinel.text"
local tree = require "sentinel.lua_tree"

local methods = {}

local ROUNDS_MAX, FACTS_MAX, FACTS_BYTES_MAX = 4, 16, 24 * 1024 -- src/policy/needs.h
local FUEL = 10000000 -- of each round: src/lua/template.c, EVALUATION_FUEL

-- The fact that answers a need: a mock, or what was asked for real where answers are recorded.
function methods:answer(need, plugin, request)
  local fact = spec_mock.answer(self.mocks, need, plugin, request)
  if not fact and self.recorder then
    return self.recorder:find(need)
  end
  return fact or spec_mock.refuse(need)
end

-- Adds the facts that answer the needs. Those beyond what a decision may ask for are left out: the
-- next round misses them.
local function add_facts(self, facts, needed, request)
  for i = 1, math.min(#needed, FACTS_MAX - #facts) do
    local need = needed[i]
    local fact = self:answer(need, self.plugins[need.plugin], request)
    local json = fact.status == "ok" and host.json_encode(fact.value) or ""
    facts.bytes = facts.bytes + #json
    if facts.bytes > FACTS_BYTES_MAX then
      fact = { plugin = fact.plugin, kind = fact.kind, need = fact.need, params = fact.params,
        status = "too_large", reason = "at most 24 KiB in all" }
      facts.bytes = facts.bytes - #json
    end
    facts[#facts + 1] = fact
  end
end

-- Evaluates in rounds, with mocks for the world. Each has what a decision has, and nothing of what
-- the case has for its own code.
-- @param how {try = function(run) -> result, spent = function(run, what) -> result}, the latter
-- when all "fuel" or "memory" ended meanwhile
function methods:in_rounds(request, how)
  local facts = { bytes = 0 }
  for round = 1, ROUNDS_MAX do
    local is_final = round == ROUNDS_MAX or #facts >= FACTS_MAX
    local run = engine.new_run(request, needs.index(facts), is_final)
    run.mocks = self.mocks
    local ended, result = host.run_apart(FUEL, self.is_mutated == true, how.try, run)
    if ended == "error" then
      error(result, 0)
    elseif ended ~= "done" then
      return how.spent(run, ended), run
    elseif not run.needs then
      return result, run
    end
    add_facts(self, facts, run.needs, request)
    if self.recorder then
      self.recorder:check()
    end
  end
  error("the evaluation needs more where nothing more can be had", 0)
end

--- Traces as people read them.
function methods.finish(decision)
  local trace = {}
  for i, entry in ipairs(decision.trace or {}) do
    trace[i] = reply.describe_entry(entry)
  end
  decision.trace = trace
  return decision
end

-- Whether the bundle lets the profile mean the role: src/policy/manifest.c, snt_manifest_binds.
local function is_bound(targets, profile, role_arn)
  for _, target in ipairs(targets) do
    for _, role in ipairs(host.glob(target.profile, profile) and target.roles or {}) do
      if host.glob(role, role_arn) then
        return true
      end
    end
  end
  return false
end

local function deny_target(bundle, request)
  local decision = engine.new_reply()
  decision.error, decision.trace = "target_mismatch", {}
  decision.reason = ("bundle %s does not bind profile %s to %s"):format(text.quote(bundle),
    text.quote(request.profile), text.cut(request.role_arn))
  return decision
end

--- @param how "evaluate", or "decide", whose trace does not tell of every rule
-- @return the decision, and whether a condition asked for the time, which is not known
function methods:decide_on(request, how)
  local policy, targets = self.policy, self.targets
  if targets and request.role_arn and not is_bound(targets, request.profile, request.role_arn) then
    return deny_target(self.bundle_name, request), false
  end
  if self.observer then
    self.observer:start()
  end
  local decision, run = self:in_rounds(request, {
    try = function(run) return engine[how](policy, run) end, spent = engine.deny_spent,
  })
  if self.observer then
    self.observer:take(decision)
  end
  return decision, run.lacks_time == true
end

function methods:is_own_spec()
  return self.plugin_name ~= ""
end

function methods:decide(given)
  if self:is_own_spec() then
    spec_assert.refuse(("there is no policy here: this is the spec of plugin %s; call "
      .. "plugin(args, request), or write a spec beside the bundle"):format(
      text.quote(self.plugin_name)))
  elseif not self.policy then
    spec_assert.refuse("a decision is made in a case: the policy is not there before")
  end
  local is_request, request = host.pcall(spec_request.complete, given, self.now)
  if not is_request then
    spec_assert.refuse(host.error_text(request))
  end
  return methods.finish((self:decide_on(request, "evaluate")))
end

function methods:check_rule(name)
  if name == nil or name == "" or self:is_own_spec() or not self.policy then
    return
  end
  local names = {}
  for i, rule in ipairs(self.named_policy.rules) do
    names[i] = rule.name
    if rule.name == name then
      return
    end
  end
  spec_assert.refuse(("the policy has no rule %s%s"):format(text.quote(tostring(name)),
    errors.did_you_mean(tostring(name), names)))
end

-- Plugins ------------------------------------------------------------------------------------

local function check_arguments(plugin, given)
  local required = {}
  for i, row in ipairs(plugin.shape.of.required) do
    required[i] = row[1]
  end
  if type(given) == "table" and next(given) == nil and #required > 0 then
    error(("plugin %s needs arguments: plugin({ %s = ... }, request)"):format(
      text.quote(plugin.name), table.concat(required, " = ..., ")), 0)
  elseif #plugin.shape.of.keys == 0 and given ~= true then
    error(("plugin %s takes no arguments: plugin(true, request)"):format(
      text.quote(plugin.name)), 0)
  end
end

-- The arguments of a condition, read as a policy's would be.
local function read_args(plugin, given)
  if plugin.shape.may_be_true and type(given) == "table" and next(given) == nil then
    return {}
  end
  check_arguments(plugin, given)
  local problems = errors.new("args")
  local node, place = tree.read(given, errors.START, tree.new_state(problems), 1)
  local args = reader.read_as(plugin.shape, node, place, problems)
  if not problems:is_empty() then
    local first = problems:sorted()[1]
    error(first.message .. (first.hint ~= "" and " (" .. first.hint .. ")" or ""), 0)
  end
  return args
end

local function raise_spent(_, what)
  error({ class = "budget_exceeded", what = ("it spends more %s than an evaluation may"):format(
    what) }, 0)
end

-- What the condition comes to: whether it came to a verdict, {verdict, detail} or what was raised.
local function try_condition(self, condition, request)
  return host.pcall(function()
    return (self:in_rounds(request, { spent = raise_spent, try = function(run)
      local verdict, detail = plugins.evaluate(condition, request, run)
      return { verdict, detail }
    end }))
  end)
end

--- plugin(args, request): verdict, detail, class of the error.
function methods:call_plugin(given, request)
  local plugin = self:is_own_spec() and self.plugins[self.plugin_name]
  if not plugin then
    error("plugin(...) is for a plugin's own spec", 0)
  end
  local condition = { name = plugin.name, path = plugin.name, plugin = plugin,
    value = read_args(plugin, given) }
  plugins.compile(condition)
  local is_request, full = host.pcall(spec_request.complete, request or {}, self.now, true)
  if not is_request then
    spec_assert.refuse(host.error_text(full))
  end
  local is_done, answer = try_condition(self, condition, full)
  local class = not is_done and type(answer) == "table" and answer.class or nil
  local is_mocked = spec_mock.verdict_is_mocked(self.mocks, plugin) and class ~= "plugin_timeout"
  if self.coverage and (is_done or class) and not is_mocked then
    self.coverage:take_plugin(is_done and answer[1], class)
  end
  if is_done then
    return answer[1], answer[2]
  elseif class then
    return nil, answer.what, class
  end
  error(answer, 0)
end

return methods
