--- Decisions as JSON. What is written is bounded: it has to fit one frame.
local logic = require "sentinel.logic"
local outcome = require "sentinel.outcome"
local text = require "sentinel.text"
local time = require "sentinel.time"

local reply = {}

local TRACE_BYTES = 40000
local CONDITIONS_MAX = 64

-- Printable text in quotes; any other byte is replaced.
local encode_text = host.json_text

local function encode_text_or_null(value)
  return value and encode_text(value) or "null"
end

local function short(value, cap)
  return encode_text_or_null(value and text.cut(value, cap))
end

local function failed_of(entry)
  return entry.condition and logic.path_of(entry.condition, entry.part) or entry.failed
end

-- What was got is a text, a minute of the day, or the user.
local function got_of(entry)
  local got, condition = entry.got, entry.condition
  if math.type(got) == "integer" then
    return time.format_clock(got)
  elseif type(got) ~= "table" then
    return got
  end
  return condition.negates and got.name or condition.kind.tell_user(condition, got)
end

--- An entry in words: {rule, matched, failed, wanted, got}.
function reply.describe_entry(entry)
  local wanted = entry.condition and logic.wanted_of(entry.condition, entry.part) or entry.wanted
  return {
    rule = entry.rule, matched = entry.matched == true, failed = failed_of(entry), wanted = wanted,
    got = got_of(entry),
  }
end

local function encode_entry(entry)
  local told = reply.describe_entry(entry)
  return ('{"rule":%s,"matched":%s,"failed":%s,"wanted":%s,"got":%s}'):format(
    encode_text(told.rule), tostring(told.matched), short(told.failed, 256), short(told.wanted),
    short(told.got))
end

local PERSON = { users = true, groups = true, caller_roles = true, caller_accounts = true }

-- How near a rule came: the profile was another one, the person was, or only something else was
-- missing.
local function rank_of(entry)
  local failed = failed_of(entry)
  if failed == "profiles" then
    return 3
  end
  return PERSON[failed] and 2 or 1
end

--- Leaves in a decision's trace the last rule and the one that came nearest, the first of equals.
function reply.keep_nearest(decision)
  local trace = decision.trace
  local nearest, rank = nil, 3
  for i = 1, #trace - 1 do
    local own = rank_of(trace[i])
    if own < rank then
      nearest, rank = trace[i], own
    end
  end
  decision.left_out = math.max(#trace - (nearest and 2 or 1), 0)
  decision.trace = { nearest or trace[#trace], nearest and trace[#trace] }
end

-- All entries as JSON, or those that were tried, and false, when they do not fit.
local function encode_all(trace)
  local encoded, left = {}, TRACE_BYTES
  for i = 1, #trace do
    encoded[i] = encode_entry(trace[i])
    left = left - #encoded[i] - 1
    if left < 0 then
      return encoded, false
    end
  end
  return encoded, true
end

-- The entries that fit, as JSON by their place: the last one, which decided, then the nearest, then
-- the earliest.
local function choose(trace)
  local encoded, is_all = encode_all(trace)
  if is_all then
    return encoded
  end
  local chosen, left = {}, TRACE_BYTES
  local function take(i)
    encoded[i] = encoded[i] or encode_entry(trace[i])
    if not chosen[i] and #encoded[i] < left then
      chosen[i], left = encoded[i], left - #encoded[i] - 1
    end
    return chosen[i] ~= nil
  end
  if #trace > 0 then
    take(#trace)
  end
  for rank = 1, 3 do
    for i, entry in ipairs(trace) do
      if rank_of(entry) == rank and not take(i) then
        return chosen
      end
    end
  end
  return chosen
end

local function encode_trace(trace, decision)
  trace = trace or {}
  local chosen, parts = choose(trace), {}
  for i = 1, #trace do
    if chosen[i] then
      parts[#parts + 1] = chosen[i]
    end
  end
  local left_out = #trace - #parts + (decision.left_out or 0)
  if left_out > 0 then
    local note = '{"rule":"(%d more rules did not match)","matched":false,"left_out":%d}'
    table.insert(parts, math.max(#parts, 1), note:format(left_out, left_out))
  end
  return "[" .. table.concat(parts, ",") .. "]"
end

-- The names of the deciding rule's conditions, the first of very many.
local function encode_conditions(list)
  list = list or {}
  local shown = {}
  for i = 1, math.min(#list, CONDITIONS_MAX) do
    shown[i] = text.cut(list[i].path, 128)
  end
  if #list > CONDITIONS_MAX then
    shown[#shown + 1] = ("(%d more)"):format(#list - CONDITIONS_MAX)
  end
  return text.json_list(shown, encode_text)
end

local function encode_flag(value)
  return tostring(value == true)
end

local ENCODERS = {
  { "effect", encode_text },
  { "rule", encode_text },
  { "rule_index", tostring },
  { "reason", encode_text },
  { "error", encode_text_or_null },
  { "max_duration", function(value) return value and tostring(value) or "null" end },
  { "requires_server_mode", encode_flag },
  { "requires_session_tracking", encode_flag },
  { "trace", encode_trace },
  { "conditions", encode_conditions },
  { "missing", function(list) return text.json_list(list or {}, encode_text) end },
  { "failed_condition", encode_text_or_null },
  { "emergency", encode_flag },
  { "requires_justification", encode_flag },
}

local function encode_remedies(list)
  return text.json_list(list, function(remedy)
    return ('{"rule":%s,"text":%s}'):format(encode_text(remedy.rule), encode_text(remedy.text))
  end)
end

--- {"needs":[{"plugin","kind","need","params"}]}: there is no decision yet.
function reply.encode_needs(list)
  return '{"needs":' .. text.json_list(list, function(need)
    local params = {}
    for i, name in ipairs(text.sorted_keys(need.params)) do
      params[i] = encode_text(name) .. ":" .. encode_text(need.params[name])
    end
    return ('{"plugin":%s,"kind":%s,"need":%s,"params":{%s}}'):format(encode_text(need.plugin),
      encode_text(need.kind), encode_text_or_null(need.need), table.concat(params, ","))
  end) .. "}"
end

--- A decision (engine.lua) as JSON, or what it needs first; "remedies" is there only where they
-- were looked for.
function reply.encode(decision)
  if decision.needs then
    return reply.encode_needs(decision.needs)
  end
  local parts = {}
  for i, row in ipairs(ENCODERS) do
    parts[i] = ('"%s":%s'):format(row[1], row[2](decision[row[1]], decision))
  end
  if decision.ends_with_window then
    parts[#parts + 1] = '"ends_with_window":true'
  end
  if decision.window_left then
    parts[#parts + 1] = ('"window_left":%d'):format(decision.window_left)
  end
  if decision.lease then
    parts[#parts + 1] = ('"lease":%d'):format(decision.lease)
  end
  if decision.remedies then
    parts[#parts + 1] = '"remedies":' .. encode_remedies(decision.remedies)
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

--- A decision in one line, for those who make very many: effect, number of the rule, whether it is
-- an emergency's, how long a session is good in seconds (0: no bound), error, rule; "-" for none.
function reply.encode_briefly(decision)
  return ("%s %d %d %d %s %s"):format(decision.effect, decision.rule_index,
    decision.emergency and 1 or 0, outcome.life_of(decision) or 0, decision.error or "-",
    decision.rule == "" and "-" or decision.rule)
end

return reply
