--- The rule engine: the first rule whose conditions all hold decides.
--
-- MUST
--  1. deny when no rule matches, when a rule's condition has an error, and when a deny rule's is
--     unknown;
--  2. look at no rule after the one that decided, matched or not;
--  3. make the trace while deciding, never afterwards.
local logic = require "sentinel.logic"
local match = require "sentinel.match"
local schema = require "sentinel.schema"
local text = require "sentinel.text"

local engine = {}

--- Makes a policy that reader.lua accepted ready for evaluation.
function engine.compile(policy)
  local ctx = { groups = {}, group_names = text.sorted_keys(policy.groups or {}) }
  for name, users in pairs(policy.groups or {}) do
    ctx.groups[name] = match.compile_users(users)
  end
  for i, rule in ipairs(policy.rules) do
    rule.index = i - 1
    logic.compile(rule.conditions, ctx, "")
  end
  return policy
end

-- The decision's time in any zone, each worked out once.
local now_methods = {}
now_methods.__index = now_methods

function now_methods:in_zone(zone)
  if self.zones[zone] == nil then
    self.zones[zone] = host.local_time(zone, self.epoch) or false
  end
  return self.zones[zone] or nil
end

-- One evaluation: the request, its time, and the view of it that policy's functions get.
local run_methods = {}
run_methods.__index = run_methods

function run_methods:view()
  if not self.read_only then
    self.read_only = host.readonly(self.request, {
      name = "request", strict = true, fields = schema.request_fields,
    })
  end
  return self.read_only
end

function engine.new_run(request)
  local epoch = request.time and host.parse_time(request.time)
  local now = setmetatable({ epoch = epoch, zones = {} }, now_methods)
  return setmetatable({ request = request, now = now, trace = {} }, run_methods)
end

--- A reply that denies; everything else is added to it.
function engine.new_reply()
  return {
    effect = "deny", rule = "", rule_index = -1, reason = "no matching rule",
    missing = {}, conditions = {}, trace = {},
    requires_server_mode = false, requires_session_tracking = false,
    emergency = false, requires_justification = false,
  }
end

local function name_rule(reply, rule)
  reply.rule, reply.rule_index = rule.name, rule.index
  for i, condition in ipairs(rule.conditions) do
    reply.conditions[i] = condition.path
  end
end

local CLASSES = {
  condition_error = "could not be evaluated",
  fact_unknown = "is unknown",
  budget_exceeded = "spends more than an evaluation may",
}

--- The denial of an error in the rule's condition `path`.
function engine.fail(rule, class, path)
  local reply = engine.new_reply()
  name_rule(reply, rule)
  reply.error = class
  reply.failed_condition = text.cut(path, 256)
  reply.reason = ("condition %s of rule %s %s"):format(text.cut(path), text.quote(rule.name),
    CLASSES[class])
  return reply
end

local function add_trace(run, rule, matched, failed, wanted, got)
  run.trace[#run.trace + 1] = {
    rule = rule.name, matched = matched, failed = failed, wanted = wanted, got = got,
  }
end

-- The reply of the rule that matched.
local function conclude(rule, run)
  local reply = engine.new_reply()
  name_rule(reply, rule)
  local shortfall = require("sentinel.outcome").conclude(reply, rule, run) or {}
  add_trace(run, rule, true, shortfall.path, shortfall.wanted, shortfall.got)
  return reply
end

-- The reply when the rule decides, else nil.
local function try_rule(rule, run)
  run.rule, run.at = rule, nil
  local verdict, condition, part, got = logic.evaluate(rule.conditions, run)
  if verdict == true then
    return conclude(rule, run)
  end
  local path = logic.path_of(condition, part)
  add_trace(run, rule, false, path, logic.wanted_of(condition, part), got)
  if verdict == nil and rule.effect == "deny" then
    return engine.fail(rule, "fact_unknown", path)
  end
  return nil
end

-- The reply for an error that was raised; what is not an error of a condition is a bug and goes on.
local function take_error(run, raised)
  if type(raised) ~= "table" or not CLASSES[raised.class] then
    error(raised, 0)
  end
  add_trace(run, run.rule, false, raised.path, "a verdict", text.cut(raised.what))
  return engine.fail(run.rule, raised.class, raised.path)
end

local function try_rules(policy, run)
  for _, rule in ipairs(policy.rules) do
    local reply = try_rule(rule, run)
    if reply then
      return reply
    end
  end
  return engine.new_reply()
end

--- Decides. @param run of engine.new_run; says where the evaluation is while it goes on
function engine.evaluate(policy, run)
  local is_done, reply = host.pcall(try_rules, policy, run)
  if not is_done then
    reply = take_error(run, reply)
  end
  reply.trace = run.trace
  return reply
end

return engine
