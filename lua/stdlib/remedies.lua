--- What would have been allowed, for `sentinel explain`: after a decision that is not allow, the
-- rules that could grant and failed only on what the person or the clock can change.
--
-- Such a rule is tried again on a copy of the request in which those things are as it wants them:
-- the time of the next opening, another mode, an approval, a fresh MFA code.
--
-- MUST
--  1. leave the run that decided, its trace and its reply as they are;
--  2. look at no rule after the one that decided, and offer one only where no rule before it
--     decides on the changed request;
--  3. call none of policy's own functions, and no plugin: they may look at anything, so that what
--     they would say to a changed request is not known. A rule that comes to one is not offered;
--  4. take every error for "no remedy";
--  5. end: so many remedies, so many rules tried.
local engine = require "sentinel.engine"
local logic = require "sentinel.logic"
local outcome = require "sentinel.outcome"
local runs = require "sentinel.run"
local text = require "sentinel.text"
local time = require "sentinel.time"

local remedies = {}

local REMEDIES_MAX = 8
local TEXT_MAX = 300
local TRIES_MAX = 20000

local GRANTS = {
  allow = true, require_approval = true, require_server = true, require_server_session = true,
}

-- The order in which changes are told.
local KINDS = { "time", "mode", "session", "mfa", "approval", "justification" }

-- An attempt is a run (engine.lua) on a changed request, with the words of its changes by kind. It
-- is never changed itself: branches of `any` are tried from one and the same.
local function new_attempt(request, words)
  local attempt = engine.new_run(request)
  attempt.is_closed, attempt.words = true, words
  return attempt
end

local function copy(map)
  local result = {}
  for key, value in pairs(map) do
    result[key] = value
  end
  return result
end

-- The attempt with one field of its request changed.
local function change(attempt, kind, words, field, value)
  local request, all = copy(attempt.request), copy(attempt.words)
  request[field], all[kind] = value, words
  return new_attempt(request, all)
end

-- As old as it may be, so that who wants a younger one is heard too.
local function renew_mfa(attempt, max_age)
  local epoch = runs.epoch_time(attempt)
  local words = "with an MFA code no older than " .. text.duration(max_age)
  return epoch and change(attempt, "mfa", words, "mfa",
    { authenticated_at = time.format(epoch - max_age) })
end

-- Names that fit the patterns, so many as are wanted where there are so many.
local function make_approvers(patterns, count)
  local names = {}
  for i = 1, count do
    local pattern = patterns[(i - 1) % #patterns + 1]
    names[i] = pattern:gsub("[*?]", { ["*"] = "a" .. i, ["?"] = "a" })
  end
  return names
end

local function approve(attempt, patterns, count)
  return change(attempt, "approval", count > 1 and ("with %d approvals"):format(count)
    or "with an approval", "approval", {
      approvers = make_approvers(patterns, count),
      approved_at = "1970-01-01T00:00:00Z", expires_at = "9999-12-31T23:59:59Z",
    })
end

local function switch_mode(attempt, mode)
  return change(attempt, "mode", "as mode " .. mode, "mode", mode)
end

-- What can be changed, by condition: each gives the attempt in which it should hold, or nil.
local CHANGES = {
  time = function(condition, attempt)
    local epoch = runs.epoch_time(attempt)
    local moment, words = require("sentinel.opening").find(condition, epoch)
    return moment and change(attempt, "time", words, "time", time.format(moment))
  end,
  mode = function(condition, attempt)
    return switch_mode(attempt, condition.value[1])
  end,
  mfa = function(condition, attempt)
    return renew_mfa(attempt, condition.value.max_age)
  end,
  approval = function(condition, attempt)
    return approve(attempt, condition.value.approvers or { "*" }, condition.least)
  end,
}

local repair

local function repair_all(list, attempt)
  for _, condition in ipairs(list) do
    attempt = attempt and repair(condition, attempt)
  end
  return attempt
end

local function repair_every_branch(condition, attempt)
  for _, branch in ipairs(condition.branches) do
    attempt = attempt and repair_all(branch.value, attempt)
  end
  return attempt
end

local function repair_any_branch(condition, attempt)
  for _, branch in ipairs(condition.branches) do
    local repaired = repair_all(branch.value, attempt)
    if repaired then
      return repaired
    end
  end
  return nil
end

CHANGES.all, CHANGES.any = repair_every_branch, repair_any_branch

-- The attempt in which the condition should hold, or nil; conditions are looked at in their order,
-- so that the time is settled before what grows old with it.
function repair(condition, attempt)
  if condition.evaluate(condition, attempt.request, attempt) == true then
    return attempt
  end
  local make = CHANGES[condition.name]
  return make and make(condition, attempt)
end

local function describe_justification(shortfall, wanted)
  local is_short = shortfall.path == "require.justification.min_length"
  return "with " .. shortfall.missing
    .. (is_short and wanted.pattern and ", in the form that the rule wants" or "")
end

-- What `require` lacks. No justification is made up: only what this rule requires looks at it, and
-- that is done with.
local function meet_requirements(rule, attempt)
  for _, shortfall in ipairs(outcome.shortfalls(rule, attempt)) do
    if shortfall.path:find("^require%.mfa") then
      attempt = renew_mfa(attempt, rule.require.mfa.max_age)
    else
      local wanted = rule.require.justification
      attempt = change(attempt, "justification", describe_justification(shortfall, wanted),
        "justification", attempt.request.justification)
    end
  end
  return attempt
end

-- What the effect wants once the rule matches: each round changes one thing.
local function meet_effect(rule, attempt)
  local bare = { name = rule.name, effect = rule.effect, reason = rule.reason }
  for _ = 1, 3 do
    local reply = engine.new_reply()
    outcome.conclude(reply, bare, attempt)
    if reply.effect == "allow" then
      return attempt
    elseif reply.effect == "require_approval" then
      attempt = approve(attempt, { "*" }, 1)
    elseif reply.requires_server_mode then
      attempt = switch_mode(attempt, "server")
    elseif reply.requires_session_tracking then
      attempt = change(attempt, "session", "with session tracking", "session_table", "sessions")
    end
  end
  return nil
end

local function take_tries(budget, count)
  budget.tries = budget.tries - count
  if budget.tries < 0 then
    error("too many rules to try", 0)
  end
end

-- Whether the rule is the first to decide on the changed request, and matches it.
local function is_first(policy, rule, attempt, budget)
  for i = 1, rule.index do
    local earlier = policy.rules[i]
    take_tries(budget, 1)
    local verdict = logic.evaluate(earlier.conditions, attempt.request, attempt)
    if verdict == true or verdict == nil and earlier.effect == "deny" then
      return false
    end
  end
  return logic.evaluate(rule.conditions, attempt.request, attempt) == true
end

local function tell(words)
  local parts = {}
  for _, kind in ipairs(KINDS) do
    parts[#parts + 1] = words[kind]
  end
  return text.cut(table.concat(parts, ", "), TEXT_MAX)
end

-- The words of what the rule would have to be given, or nil.
local function try_rule(policy, rule, run, budget)
  take_tries(budget, 1)
  local attempt = repair_all(rule.conditions, new_attempt(run.request, {}))
  attempt = attempt and meet_requirements(rule, attempt)
  attempt = attempt and meet_effect(rule, attempt)
  if not attempt or not next(attempt.words) or not is_first(policy, rule, attempt, budget) then
    return nil
  end
  return tell(attempt.words)
end

--- The remedies of a decision, a list of {rule, text}; empty for an allow.
-- @param run the run that decided
function remedies.find(policy, run, decision)
  local found, budget = {}, { tries = TRIES_MAX }
  local last = decision.rule_index >= 0 and decision.rule_index + 1 or #policy.rules
  for i = 1, decision.effect ~= "allow" and last or 0 do
    local rule = policy.rules[i]
    if GRANTS[rule.effect] and #found < REMEDIES_MAX and budget.tries > 0 then
      local is_done, words = host.pcall(try_rule, policy, rule, run, budget)
      if is_done and words then
        found[#found + 1] = { rule = rule.name, text = words }
      end
    end
  end
  return found
end

return remedies
