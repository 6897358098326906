--- What follows from a rule that matched: its effect, its requirements, its bounds.
local runs = require "sentinel.run"
local text = require "sentinel.text"

local outcome = {}

-- Characters that show nothing: Unicode's white space, and what has no width.
local BLANKS = { { 0x09, 0x0D }, { 0x20, 0x20 }, { 0x85, 0x85 }, { 0xA0, 0xA0 }, { 0xAD, 0xAD },
  { 0x1680, 0x1680 }, { 0x2000, 0x200F }, { 0x2028, 0x202F }, { 0x205F, 0x2064 },
  { 0x3000, 0x3000 }, { 0xFEFF, 0xFEFF } }

local function is_blank(code)
  for _, range in ipairs(BLANKS) do
    if code >= range[1] and code <= range[2] then
      return true
    end
  end
  return false
end

-- The characters of a text without the blanks at its ends.
local function count_characters(given)
  local first, last, at = nil, 0, 0
  for _, code in utf8.codes(given) do
    at = at + 1
    if not is_blank(code) then
      first, last = first or at, at
    end
  end
  return first and last - first + 1 or 0
end

-- A shortfall is {path, wanted, got, missing}.
local function check_length(wanted, given)
  local length = given and utf8.len(given) and count_characters(given) or 0
  if length >= wanted then
    return nil
  end
  local size = wanted > 1 and (" of at least %d characters"):format(wanted) or ""
  return {
    path = "require.justification.min_length",
    wanted = "a justification" .. size,
    got = ("%d characters"):format(length),
    missing = "a justification" .. size,
  }
end

-- The pattern is policy's: it runs in the matcher that has a step budget, through the text's own
-- method.
local function check_form(pattern, given)
  local is_done, found = host.pcall(function()
    return (given or ""):find(pattern)
  end)
  if not is_done then
    error({ class = "condition_error", path = "require.justification.pattern",
      what = host.error_text(found) }, 0)
  elseif found then
    return nil
  end
  return {
    path = "require.justification.pattern",
    wanted = text.cut(pattern),
    got = given and text.cut(given) or "no justification",
    missing = "a justification in the form that the rule wants",
  }
end

local REQUIREMENTS = {
  justification = function(wanted, run)
    local given = run.request.justification
    local short = check_length(wanted.min_length or 1, given)
    if short or not wanted.pattern then
      return { short }
    end
    return { check_form(wanted.pattern, given) }
  end,
  mfa = function(wanted, run)
    local facts = require "sentinel.facts"
    local is_fresh, got = facts.has_fresh_mfa(run.request, wanted.max_age, run)
    if is_fresh == true then
      return {}
    end
    local age = text.duration(wanted.max_age)
    return { {
      path = "require.mfa.max_age",
      wanted = "MFA no older than " .. age,
      got = got,
      missing = "an MFA code, no older than " .. age,
    } }
  end,
}

-- Where an evaluation is that runs out while it looks at a requirement.
local REQUIRE = {
  justification = { path = "require.justification" },
  mfa = { path = "require.mfa" },
}

local NONE = {}

--- How long a session is good without another decision, in seconds, by a rule or by a reply that
-- grants; nil: no bound.
function outcome.life_of(of)
  local most, lease = of.max_duration or nil, of.lease
  return lease and math.min(most or lease, lease) or most
end

--- What the request lacks for the rule's `require`: a list of shortfalls.
function outcome.shortfalls(rule, run)
  local all = {}
  for _, name in ipairs({ "justification", "mfa" }) do
    local wanted = rule.require and rule.require[name]
    run.at = REQUIRE[name]
    for _, shortfall in ipairs(wanted and REQUIREMENTS[name](wanted, run) or {}) do
      table.insert(all, shortfall)
    end
  end
  return all
end

-- What the effects come to that hang on the request: each gives the reply's effect, and the name of
-- its sentence where that is another one.
local EFFECTS = {
  require_approval = function(_, run)
    local is_approved = require("sentinel.facts").has_approval(run.request, run)
    return is_approved == true and "allow" or "require_approval"
  end,
  require_server = function(reply, run)
    if run.request.mode ~= "server" then
      reply.requires_server_mode = true
      return "deny", "requires_server_mode"
    end
    return "allow"
  end,
  require_server_session = function(reply, run)
    local request = run.request
    if request.mode ~= "server" then
      reply.requires_server_mode, reply.requires_session_tracking = true, true
      return "deny", "requires_server_mode"
    elseif request.session_table == nil then
      reply.requires_session_tracking = true
      return "deny", "requires_session_tracking"
    end
    return "allow"
  end,
}

local SENTENCES = {
  allow = "allowed by rule %s",
  deny = "denied by rule %s",
  require_approval = "rule %s needs an approval",
  requires_server_mode = "rule %s allows this in server mode only",
  requires_session_tracking = "rule %s allows this with session tracking only",
}

-- Made once for each rule and outcome.
local function make_sentence(rule, kind)
  local sentences = rule.sentences or {}
  sentences[kind] = SENTENCES[kind]:format(text.quote(rule.name))
  rule.sentences = sentences
  return sentences[kind]
end

local function refuse_unmet(reply, rule, shortfalls)
  reply.effect = "deny"
  reply.error = "requirement_unmet"
  reply.failed_condition = shortfalls[1].path
  reply.reason = rule.reason or ("rule %s requires more"):format(text.quote(rule.name))
  reply.missing = {}
  for i, shortfall in ipairs(shortfalls) do
    reply.missing[i] = shortfall.missing
  end
end

-- The longest session of a rule that grants, in seconds, or nil; whether the window's end makes it
-- so short; and how long that end is away, or nil.
local function bound_of(rule, run)
  local most, most_in_server = rule.max_duration, rule.max_server_duration
  if most_in_server and run.request.mode == "server" then
    most = math.min(most or most_in_server, most_in_server)
  end
  local window = rule["until"]
    and require("sentinel.context").find_condition(rule.conditions, "time")
  if not window then -- a mutant may have lost it
    return most
  end
  local left = require("sentinel.closing").seconds_left(window, runs.epoch_time(run))
  if left and left < (most or math.huge) then
    return left, true, left
  end
  return most, nil, left
end

--- Fills the reply for the rule that matched; returns the first shortfall, or nil.
function outcome.conclude(reply, rule, run)
  local effect, required = rule.effect, rule.require
  local settle = EFFECTS[effect]
  if not settle and effect ~= "allow" then
    effect = "deny"
  end
  local shortfalls = required and effect ~= "deny" and outcome.shortfalls(rule, run) or NONE
  if rule.emergency then
    reply.emergency = true
  end
  if required and required.justification then
    reply.requires_justification = true
  end
  if shortfalls[1] then
    refuse_unmet(reply, rule, shortfalls)
    return shortfalls[1]
  end
  local kind, sentences = effect, rule.sentences
  if settle then
    effect, kind = settle(reply, run)
    kind = kind or effect
  end
  reply.effect = effect
  reply.reason = rule.reason or sentences and sentences[kind] or make_sentence(rule, kind)
  if effect ~= "deny" then
    reply.max_duration, reply.ends_with_window, reply.window_left = bound_of(rule, run)
    reply.lease = rule.lease
  end
  return nil
end

return outcome
