--- The rule engine: the first rule whose conditions all hold decides.
--
-- MUST
--  1. deny when no rule matches, when a rule's condition has an error, and when a deny rule's is
--     unknown;
--  2. look at no rule after the one that decided, matched or not;
--  3. make the trace while deciding, never afterwards.
local logic = require "sentinel.logic"
local match = require "sentinel.match"
local text = require "sentinel.text"

local engine = {}

local evaluate, guard = logic.evaluate, host.pcall
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

--- One evaluation: what run.lua tells of it, and where it has come to.
-- @param facts what plugins asked for before, by question (needs.lua)
-- @param is_final whether nothing more may be asked for
--
-- run.is_brief may be set: then nothing is told but the decision.
function engine.new_run(request, facts, is_final)
  local run = { request = request, rule = false, at = false, zone = nil, minute = nil } -- has room
  if facts then
    run.facts, run.is_final = facts, is_final
  end
  return run
end

local NO_RULE = { name = "", index = -1, conditions = false }

--- A reply that denies; everything else is added to it (reply.lua has all that it may hold). Those
-- of these that are false are there so that the table has room for them from the beginning.
-- @param rule the rule that decides, or nil
function engine.new_reply(rule)
  rule = rule or NO_RULE
  return {
    effect = "deny", rule = rule.name, rule_index = rule.index, reason = "no matching rule",
    conditions = rule.conditions, max_duration = false, trace = false, left_out = false,
  }
end
local new_reply = engine.new_reply

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
  local reply = new_reply(rule)
  reply.error = class
  reply.failed_condition = text.cut(path, 256)
  reply.reason = ("condition %s of rule %s %s"):format(text.cut(path), text.quote(rule.name),
    CLASSES[class])
  return reply
end

--- The denial of an evaluation that ran out, with the condition it had come to.
-- @param run of engine.new_run; nil when it had not begun
-- @param what "fuel" or "memory"
function engine.deny_spent(run, what)
  local words = ("spends more %s than "):format(what)
  if not run or not run.rule then
    local reply = new_reply()
    reply.error, reply.reason = "budget_exceeded", "the evaluation " .. words .. "it may"
    return reply
  end
  local path = run.at and run.at.path or "conditions"
  local reply = engine.fail(run.rule, "budget_exceeded", path)
  reply.trace = { { rule = run.rule.name, matched = false, failed = path, wanted = "a verdict",
    got = "it " .. words .. "an evaluation may" } }
  return reply
end

-- An entry of the trace is {rule, matched}, and what the rule failed on (logic.lua): {condition,
-- part, got}, or that in words: {failed, wanted, got}. Words are made where it is told (reply.lua).

-- Of a rule that matched, made once.
local function tell_match(rule)
  local entry = rule.match_entry or { rule = rule.name, matched = true }
  rule.match_entry = entry
  return entry
end

-- Of a rule that matched, and wants what the request lacks.
local function tell_shortfall(rule, shortfall)
  return {
    rule = rule.name, matched = true, failed = shortfall.path, wanted = shortfall.wanted,
    got = shortfall.got,
  }
end

-- The reply of the first rule that decides. Once something is needed no verdict counts: the rules
-- that follow are looked at for what they need too, up to one that matches without more.
local function try_all(rules, run, trace)
  local request = run.request
  for i = 1, #rules do
    local rule = rules[i]
    local list = rule.conditions
    run.rule, run.at = rule, list[1]
    local verdict, got, part, condition = evaluate(list, request, run)
    if run.needs then
      if verdict == true then
        break
      end
    elseif verdict == true then
      outcome = outcome or require "sentinel.outcome"
      local reply = new_reply(rule)
      local shortfall = outcome.conclude(reply, rule, run)
      if trace then
        trace[i] = shortfall and tell_shortfall(rule, shortfall) or tell_match(rule)
      end
      return reply
    else
      if trace then
        trace[i] = { rule = rule.name, condition = condition, part = part, got = got }
      end
      if verdict == nil and rule.effect == "deny" then
        return engine.fail(rule, "fact_unknown", logic.path_of(condition, part))
      end
    end
  end
  return new_reply()
end

-- The reply for an error that was raised; what is no error of a condition is a bug and goes on.
local function take_error(run, trace, raised)
  if type(raised) ~= "table" or not CLASSES[raised.class] then
    error(raised, 0)
  end
  if trace then
    trace[#trace + 1] = {
      rule = run.rule.name, failed = raised.path, wanted = "a verdict", got = text.cut(raised.what),
    }
  end
  return engine.fail(run.rule, raised.class, raised.path)
end

local function run_guarded(rules, run)
  local trace = not run.is_brief and { nil, nil, nil, nil } -- has room for most decisions
  local is_done, reply = guard(try_all, rules, run, trace)
  if not is_done then
    reply = take_error(run, trace, reply)
  end
  reply.trace, reply.needs = trace, run.needs
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
  local profile, user = request.profile, request.user
  if not (profile and user and user.name and user.kind) then
    return engine.evaluate(policy, run)
  end
  if not policy.index then
    engine.make_index(policy)
  end
  local find = run.is_brief and index.narrowed_candidates or index.candidates
  local reply = run_guarded(find(policy.index, profile, user), run)
  if reply.trace then
    local looked_at = reply.rule == "" and #policy.rules or reply.rule_index + 1
    reply.left_out = looked_at - #reply.trace
  end
  return reply
end

return engine
