--- What conditions want, in words, for people who compare two policies. The words say all of it: a
-- list is cut at a length that no reader gets to.
local logic = require "sentinel.logic"
local text = require "sentinel.text"
local time = require "sentinel.time"

local condition_words = {}

local WORDS_MAX = 1000

-- Conditions whose value is a list of words, each of which may come and go.
local LISTS = { profiles = true, users = true, groups = true, roles = true, accounts = true,
  caller_roles = true, caller_accounts = true, mode = true, source_ip = true }

local function join(list)
  return text.cut(table.concat(list, ", "), WORDS_MAX)
end

--- The words of a condition that is a list of them, or nil.
function condition_words.list_of(condition)
  if not LISTS[condition.name] then
    return nil
  end
  local words = {}
  for i, word in ipairs(condition.value) do
    words[i] = type(word) == "table" and word.text or word
  end
  return words
end

local function tell_time(condition)
  local value, parts = condition.value, {}
  if value.days then
    parts[1] = join(value.days)
  end
  if value.hours then
    parts[#parts + 1] = condition_words.hours(value.hours)
  end
  parts[#parts + 1] = value.timezone or "UTC"
  return table.concat(parts, " ")
end

local function tell_device(condition)
  local parts = {}
  for _, key in ipairs(text.sorted_keys(condition.value)) do
    local wanted = condition.value[key]
    parts[#parts + 1] = wanted == true and key
      or ("%s %s"):format(key, type(wanted) == "table" and join(wanted) or tostring(wanted))
  end
  return table.concat(parts, ", ")
end

local function tell_branches(condition)
  local parts = {}
  for i, branch in ipairs(condition.value) do
    parts[i] = condition_words.all(branch)
  end
  return text.cut(table.concat(parts, " | "), WORDS_MAX)
end

local TELLERS = {
  time = tell_time, device = tell_device, any = tell_branches, all = tell_branches,
  ["not"] = function(condition) return condition_words.all(condition.value) end,
  ["function"] = function() return "code" end,
}

--- "09:00-17:00"
function condition_words.hours(hours)
  return ("%s-%s"):format(time.format_clock(hours.start), time.format_clock(hours["end"]))
end

--- What a condition is called: `users`, `check:payments account`, `function@prod.lua:46`.
function condition_words.name(condition)
  if condition.name ~= "function" then
    return condition.name
  end
  return text.cut(condition.label and "check:" .. condition.label
    or condition.path:match("function@.*$"), 128)
end

--- What it wants, without its name.
function condition_words.value(condition)
  local list, tell = condition_words.list_of(condition), TELLERS[condition.name]
  if list then
    return join(list)
  elseif tell then
    return tell(condition)
  end
  return text.cut(logic.wanted_of(condition), WORDS_MAX)
end

--- Conditions that all have to hold: `users alice, bob; not (mode cli)`.
function condition_words.all(list)
  local parts = {}
  for i, condition in ipairs(list) do
    local value = condition_words.value(condition)
    local is_nested = condition.name == "not" or condition.name == "any"
      or condition.name == "all"
    parts[i] = ("%s %s"):format(condition_words.name(condition),
      is_nested and "(" .. value .. ")" or value)
  end
  return text.cut(table.concat(parts, "; "), WORDS_MAX)
end

return condition_words
