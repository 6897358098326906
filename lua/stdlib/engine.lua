--- The rule engine: the first rule whose conditions all hold decides.
--
-- MUST
--  1. deny when no rule matches, when a rule's condition has an error, and when a deny rule's is
--     unknown;
--  2. look at no rule after the one that decided, matched or not;
--  3. make the trace while deciding, never afterwards.
local conditions = require "sentinel.conditions"
local logic = require "sentinel.logic"
local match = require "sentinel.match"
local schema = require "sentinel.schema"
local text = require "sentinel.text"

local engine = {}

local index, outcome = nil, nil -- loaded when they are needed first

--- What rules are compiled with: the policy's groups {name = {user pattern, ...}}, or nil.
function engine.new_context(groups)
  local ctx = { groups = {}, group_names = text.sorted_keys(groups or {}) }
  for name, users in pairs(groups or {}) do
    ctx.groups[name] = match.compile_users(users)
  end
  return ctx
end

function engine.compile_rule(rule, ctx)
  logic.compile(rule.conditions, ctx, "")
  rule.paths = {}
  for k, condition in ipairs(rule.conditions) do
    rule.paths[k] = condition.path
  end
end

--- Makes a policy that reader.lua accepted ready for evaluation.
function engine.compile(policy)
  local ctx = engine.new_context(policy.groups)
  for i, rule in ipairs(policy.rules) do
    rule.index = i - 1
    engine.compile_rule(rule, ctx)
  end
  policy.has_functions = ctx.has_functions == true
  return policy
end

-- One evaluation: the request, its time (also in zones, each worked out once, when somebody asks),
-- the view of the request that policy's functions get, and the trace.
local run_methods = {}
run_methods.__index = run_methods

--- Seconds since 1970, or nil.
function run_methods:epoch_time()
  if self.epoch == nil then
    self.epoch = self.request.time and host.parse_time(self.request.time) or false
  end
  return self.epoch or nil
end

--- The minute of the day and the weekday (1 is Monday) in a zone, or nil.
function run_methods:in_zone(zone)
  local minutes = self.minutes
  if not minutes then
    minutes, self.weekdays = {}, {}
    self.minutes = minutes
  end
  if minutes[zone] == nil then
    local epoch = self:epoch_time()
    if epoch then
      minutes[zone], self.weekdays[zone] = host.local_minute(zone, epoch)
    end
  end
  return minutes[zone], self.weekdays[zone]
end

function run_methods:view()
  if not self.read_only then
    self.read_only = host.readonly(self.request, {
      name = "request", strict = true, fields = schema.request_fields,
    })
  end
  return self.read_only
end

--- What a plugin is given (plugins.lua); once for each plugin.
function run_methods:plugin_inputs(plugin)
  self.inputs = self.inputs or {}
  local inputs = self.inputs[plugin] or require("sentinel.plugins").inputs(plugin, self)
  self.inputs[plugin] = inputs
  return inputs
end

--- @param facts what plugins asked for before, by question (needs.lua)
-- @param is_final whether nothing more may be asked for
--
-- run.trace may be set to false: then nothing is told but the decision.
function engine.new_run(request, facts, is_final)
  local trace = { nil, nil, nil, nil } -- with room for what most decisions look at
  local run = { request = request, trace = trace, rule = false, at = false, needs = false }
  if facts then
    run.facts, run.is_final = facts, is_final
  end
  return setmetatable(run, run_methods)
end

--- A reply that denies; everything else is added to it.
-- @param rule the rule that decides, or nil
function engine.new_reply(rule)
  return {
    effect = "deny", rule = rule and rule.name or "", rule_index = rule and rule.index or -1,
    reason = "no matching rule", error = nil, conditions = rule and rule.paths or false,
    max_duration = false, emergency = false, requires_justification = false,
    trace = false, left_out = false, needs = false,
  }
end

local CLASSES = {
  condition_error = "could not be evaluated",
  fact_unknown = "is unknown",
  budget_exceeded = "spends more than an evaluation may",
  plugin_error = "could not be evaluated",
  plugin_timeout = "was not evaluated in time",
  fact_unavailable = "needs a fact that could not be had",
  fact_too_large = "needs a fact that is too large",
}

--- The denial of an error in the rule's condition `path`.
function engine.fail(rule, class, path)
  local reply = engine.new_reply(rule)
  reply.error = class
  reply.failed_condition = text.cut(path, 256)
  reply.reason = ("condition %s of rule %s %s"):format(text.cut(path), text.quote(rule.name),
    CLASSES[class])
  return reply
end

-- An entry of the trace: the rule, whether it matched, and what it failed on (logic.lua), or that
-- in words: {failed, wanted}. Words are made where an entry is told (reply.lua).
local function add_trace(run, rule, condition, part, got)
  local trace = run.trace
  if trace then
    trace[#trace + 1] = { rule = rule.name, condition = condition, part = part, got = got }
  end
end

-- The reply of the rule that matched.
local function conclude(rule, run)
  local reply = engine.new_reply(rule)
  outcome = outcome or require "sentinel.outcome"
  local shortfall = outcome.conclude(reply, rule, run)
  if not run.trace then
    return reply
  end
  local entry = { rule = rule.name, matched = true }
  if shortfall then
    entry.failed, entry.wanted, entry.got = shortfall.path, shortfall.wanted, shortfall.got
  end
  run.trace[#run.trace + 1] = entry
  return reply
end

-- The reply when the rule decides, else nil. Once something is needed no verdict counts: the rules
-- after it are looked at for what they need too, up to one that matches without more.
local function try_rule(rule, run)
  run.rule, run.at = rule, false
  local verdict, condition, part, got = logic.evaluate(rule.conditions, run)
  if run.needs then
    return verdict == true and engine.new_reply() or nil
  elseif verdict == true then
    return conclude(rule, run)
  end
  add_trace(run, rule, condition, part, got)
  if verdict == nil and rule.effect == "deny" then
    return engine.fail(rule, "fact_unknown", logic.path_of(condition, part))
  end
  return nil
end

-- The reply for an error that was raised; what is not an error of a condition is a bug and goes on.
local function take_error(run, raised)
  if type(raised) ~= "table" or not CLASSES[raised.class] then
    error(raised, 0)
  end
  if run.trace then
    run.trace[#run.trace + 1] = {
      rule = run.rule.name, failed = raised.path, wanted = "a verdict", got = text.cut(raised.what),
    }
  end
  return engine.fail(run.rule, raised.class, raised.path)
end

local function try_all(rules, run)
  for i = 1, #rules do
    local reply = try_rule(rules[i], run)
    if reply then
      return reply
    end
  end
  return engine.new_reply()
end

local function run_guarded(rules, run)
  local is_done, reply = host.pcall(try_all, rules, run)
  if not is_done then
    reply = take_error(run, reply)
  end
  reply.trace = run.trace
  reply.needs = run.needs
  return reply
end

--- Decides by looking at every rule up to the one that decides, and tells of each.
-- @param run of engine.new_run; says where the evaluation is while it goes on
function engine.evaluate(policy, run)
  return run_guarded(policy.rules, run)
end

--- Makes ready what engine.decide needs; it does so itself otherwise, when it is first called.
function engine.make_index(policy)
  index = index or require "sentinel.index"
  outcome = outcome or require "sentinel.outcome"
  policy.index = policy.index or index.build(policy)
end

--- Decides the same by looking only at the rules that can be for this profile and user: what it
-- costs does not depend on how many others there are. The trace tells of those; reply.left_out
-- counts the rules before the one that decided that are not in it.
function engine.decide(policy, run)
  local request = run.request
  if request.profile == nil or not conditions.is_user_known(request) then
    return engine.evaluate(policy, run)
  end
  if not policy.index then
    engine.make_index(policy)
  end
  local find = run.trace and index.candidates or index.narrowed_candidates
  local reply = run_guarded(find(policy.index, request), run)
  if run.trace then
    local looked_at = reply.rule == "" and #policy.rules or reply.rule_index + 1
    reply.left_out = looked_at - #run.trace
  end
  return reply
end

return engine
