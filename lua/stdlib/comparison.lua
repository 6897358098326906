--- Two policies side by side, as outlines (outline.lua), each with what the core knows of its
-- bundle: what changed in their rules, and who gains and loses access. The core checks the answers,
-- and asks ordinary evaluations of both policies for every request in them.
local access = require "sentinel.access"
local difference = require "sentinel.difference"
local formula = require "sentinel.formula"
local names = require "sentinel.names"
local outline = require "sentinel.outline"
local rule_changes = require "sentinel.rule_changes"
local space_values = require "sentinel.space_values"
local text = require "sentinel.text"

local comparison = {}

-- The frames of the answers hold no more, and a text is made in a block of up to twice its size.
local CHANGES_BYTES, ACCESS_BYTES, PROFILES_BYTES = 500000, 200000, 60000

local CHOICES = 200000 -- for one profile
local TEXT_MAX, WORD_MAX, WORDS_MAX = 1100, 300, 50

-- What is kept for telling what was found.
local FUEL_KEPT = 8000000

-- Sides -----------------------------------------------------------------------------------------

local sides, known = {}, {}

--- Takes the old policy ("before") or the new one ("after"), in the place of what was there.
-- @param about JSON: {"plugins":{name: which code it is},"targets":[{"profile","roles"}] or none,
-- "max_duration":seconds or none,"strict":true where no rule may be one for emergencies}
-- @param outlined what outline.write told; "" for no policy at all: one that allows nothing
function comparison.take(side, about, outlined)
  local facts = assert(host.json_decode(about))
  local policy = outlined ~= "" and outline.read(outlined, known, facts.plugins) or { rules = {} }
  policy.targets, policy.max_duration = facts.targets, facts.max_duration
  policy.is_strict = facts.strict == true
  for _, rule in ipairs(policy.rules) do
    rule.is_void = policy.is_strict and rule.emergency or nil
  end
  sides[side == "before" and 1 or 2] = policy
  return ""
end

-- Writing ---------------------------------------------------------------------------------------

local function encode_list(list, encode)
  local parts = {}
  for i, item in ipairs(list or {}) do
    parts[i] = encode(item)
  end
  return "[" .. table.concat(parts, ",") .. "]"
end

local function short(value)
  return host.json_text(text.cut(value, WORD_MAX))
end

local function text_or_null(value)
  return value and host.json_text(text.cut(value, TEXT_MAX)) or "null"
end

-- At most so many words; the last one says how many are not told.
local function encode_words(list)
  local shown = table.move(list or {}, 1, WORDS_MAX, 1, {})
  if list and #list > WORDS_MAX then
    shown[WORDS_MAX + 1] = ("(%d more)"):format(#list - WORDS_MAX)
  end
  return encode_list(shown, short)
end

local function encode_detail(detail)
  return ('{"what":%s,"before":%s,"after":%s,"gained":%s,"lost":%s}'):format(short(detail.what),
    text_or_null(detail.before), text_or_null(detail.after), encode_words(detail.gained),
    encode_words(detail.lost))
end

local function encode_change(change)
  return ('{"area":"%s","kind":"%s","name":%s,"details":%s}'):format(change.area, change.kind,
    short(change.name), encode_list(change.details, encode_detail))
end

--- {"changes":[...],"left_out":n}: see rule_changes.lua.
function comparison.rules()
  local changes = rule_changes.find(sides[1], sides[2])
  local parts, bytes = {}, 0
  for _, change in ipairs(changes) do
    local json = encode_change(change)
    bytes = bytes + #json + 1
    if bytes > CHANGES_BYTES then
      break
    end
    parts[#parts + 1] = json
  end
  return ('{"changes":[%s],"left_out":%d}'):format(table.concat(parts, ","), #changes - #parts)
end

-- Profiles --------------------------------------------------------------------------------------

-- The patterns of profiles that rules and targets name.
local function profile_patterns()
  local patterns = {}
  for _, policy in ipairs(sides) do
    for _, rule in ipairs(policy.rules) do
      formula.each_condition(rule.conditions, function(condition)
        if condition.name == "profiles" then
          table.move(condition.value, 1, #condition.value, #patterns + 1, patterns)
        end
      end)
    end
    for _, target in ipairs(policy.targets or {}) do
      patterns[#patterns + 1] = target.profile
    end
  end
  return patterns
end

--- Profiles of which the two policies can tell no others apart: those that they name, and one for
-- each combination of their patterns.
-- {"profiles":[{"name","label"}],"exact":bool}; the label is what people would call them.
function comparison.profiles()
  local patterns = profile_patterns()
  local values, is_exact = space_values.profile({ { value = patterns } })
  local label_of, seen, parts, bytes = names.labels(patterns), {}, {}, 0
  for _, value in ipairs(values) do
    local name = value.fields.profile
    local label = label_of(name) or "any other profile"
    if not seen[label] then
      seen[label] = true
      local json = ('{"name":%s,"label":%s}'):format(host.json_text(name), short(label))
      bytes = bytes + #json + 1
      is_exact = is_exact and bytes <= PROFILES_BYTES
      parts[#parts + 1] = bytes <= PROFILES_BYTES and json or nil
    end
  end
  return ('{"profiles":[%s],"exact":%s}'):format(table.concat(parts, ","), tostring(is_exact))
end

-- Access ----------------------------------------------------------------------------------------

local function encode_assumed(item)
  return ('{"condition":%s,"holds":%s,"where":"%s"}'):format(short(item.condition),
    tostring(item.holds), item.where)
end

local ASSUMED_MAX = 60

-- At most so many; the last one says how many are not told.
local function encode_assumptions(list)
  local shown = table.move(list, 1, ASSUMED_MAX, 1, {})
  if #list > ASSUMED_MAX then
    shown[ASSUMED_MAX + 1] = { condition = ("(%d more)"):format(#list - ASSUMED_MAX), holds = true,
      where = "both" }
  end
  return encode_list(shown, encode_assumed)
end

local function encode_verdict(verdict)
  return ('{"effect":"%s","rule":%s,"error":%s,"max_duration":%s}'):format(verdict.effect,
    host.json_text(verdict.rule), text_or_null(verdict.error),
    verdict.max_duration and ("%d"):format(verdict.max_duration) or "null")
end

local function encode_access(change)
  return ('{"kind":"%s","user":%s,"before":%s,"after":%s,"request":%s,%s}'):format(change.kind,
    short(change.user), encode_verdict(change.before), encode_verdict(change.after),
    host.json_encode(change.request), ('"assumed":%s,"conditions":%s'):format(
      encode_assumptions(change.assumed), encode_list(change.words, short)))
end

local function encode_profile(changes, is_exact)
  local parts, bytes = {}, 0
  for _, change in ipairs(changes) do
    local json = encode_access(change)
    bytes = bytes + #json + 1
    if bytes > ACCESS_BYTES // 2 then
      is_exact = false
      break
    end
    parts[#parts + 1] = json
  end
  return ('{"changes":[%s],"exact":%s}'):format(table.concat(parts, ","), tostring(is_exact))
end

local function has_fuel()
  return host.fuel_left() > FUEL_KEPT
end

--- Who gains and loses access to the profiles: as many of them, from the first on, as fuel and
-- frame allow, one at least. {"profiles":[{"changes":[...],"exact":bool}]}; exact says that there
-- are no other changes.
-- @param question {profiles = list of names, time = RFC 3339, ever}
function comparison.access(question)
  local settings = { time = host.parse_time(question.time), is_ever = question.ever }
  local keys = difference.keys(sides[1], sides[2])
  local parts, bytes = {}, 0
  for i, profile in ipairs(question.profiles) do
    if i > 1 and host.fuel_left() < FUEL_KEPT * 2 then
      break
    end
    local changes, is_exact = access.changes(sides, keys, profile, settings,
      { left = CHOICES, may_go_on = has_fuel })
    local json = encode_profile(changes, is_exact)
    bytes = bytes + #json + 1
    if i > 1 and bytes > ACCESS_BYTES then
      break
    end
    parts[i] = json
  end
  return ('{"profiles":[%s]}'):format(table.concat(parts, ","))
end

--- The answer for a profile that takes more than there is.
comparison.NOTHING = '{"profiles":[{"changes":[],"exact":false}]}'

return comparison
