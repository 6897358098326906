--- What is different in the rules and groups of two policies, by name, for people and programs.
--
-- A change is {area = "rule" | "group" | "policy", kind = "added" | "removed" | "changed" |
-- "moved", name, details = list of {what, before, after, gained, lost}}: texts, which are nil where
-- there is nothing; gained and lost are lists of words.
local condition_words = require "sentinel.condition_words"
local formula = require "sentinel.formula"
local text = require "sentinel.text"

local rule_changes = {}

local TEXT_MAX = 1000

-- Words ----------------------------------------------------------------------------------------

local function as_text(value)
  return text.cut(tostring(value), TEXT_MAX)
end

local function as_justification(value)
  local parts = {}
  if value.min_length then
    parts[1] = ("at least %d characters"):format(value.min_length)
  end
  if value.pattern then
    parts[#parts + 1] = "pattern " .. value.pattern
  end
  return text.cut(table.concat(parts, ", "), TEXT_MAX)
end

-- What of a rule is told beside its conditions: the key, where it stands, its words; and whether
-- only where it has changed.
local ROWS = {
  { "effect", function(rule) return rule.effect end, as_text },
  { "max_duration", function(rule) return rule.max_duration end, text.duration },
  { "max_server_duration", function(rule) return rule.max_server_duration end, text.duration },
  { "lease", function(rule) return rule.lease end, text.duration },
  { "until", function(rule) return rule["until"] end, as_text },
  { "session_table", function(rule) return rule.session_table end, as_text },
  { "require.justification", function(rule) return (rule.require or {}).justification end,
    as_justification },
  { "require.mfa", function(rule) return (rule.require or {}).mfa end,
    function(mfa) return "no older than " .. text.duration(mfa.max_age) end },
  { "emergency", function(rule) return rule.emergency or nil end, as_text },
  { "reason", function(rule) return rule.reason end, as_text },
  { "description", function(rule) return rule.description end, as_text, true },
}

-- Details ----------------------------------------------------------------------------------------

local function set_of(list)
  local set = {}
  for _, word in ipairs(list) do
    set[word] = true
  end
  return set
end

-- The words of one list that are not in the other one.
local function missing_in(other, list)
  local set, out = set_of(other), {}
  for _, word in ipairs(list) do
    if not set[word] then
      out[#out + 1] = word
    end
  end
  return out
end

-- Adds a detail unless both lists have the same words.
local function add_lists(details, what, before, after)
  local gained, lost = missing_in(before, after), missing_in(after, before)
  if #gained > 0 or #lost > 0 then
    details[#details + 1] = { what = what, before = as_text(table.concat(before, ", ")),
      after = as_text(table.concat(after, ", ")), gained = gained, lost = lost }
  end
end

local function add_texts(details, what, before, after)
  if before ~= after then
    details[#details + 1] = { what = what, before = before, after = after }
  end
end

local function hours_of(value)
  return value.hours and condition_words.hours(value.hours)
end

local function add_time(details, before, after)
  if before.days and after.days then
    add_lists(details, "time.days", before.days, after.days)
  else
    add_texts(details, "time.days", before.days and table.concat(before.days, ", "),
      after.days and table.concat(after.days, ", "))
  end
  add_texts(details, "time.hours", hours_of(before), hours_of(after))
  add_texts(details, "time.timezone", before.timezone or "UTC", after.timezone or "UTC")
end

-- Code that has changed reads as it did before; what is known by nothing may have.
local function note_change(before, after)
  if after.name == "function" then
    return before.key and after.key and " (its code has changed)" or " (its code may have changed)"
  end
  return after.plugin and " (its code has changed)" or " (not the same within)"
end

-- One condition that both rules have, and that is not the same.
local function add_condition(details, before, after)
  local name = condition_words.name(after)
  local list, other = condition_words.list_of(before), condition_words.list_of(after)
  if list then
    return add_lists(details, name, list, other)
  elseif before.name == "time" then
    return add_time(details, before.value, after.value)
  end
  local old, new = condition_words.value(before), condition_words.value(after)
  add_texts(details, name, old, old == new and new .. note_change(before, after) or new)
end

-- Conditions by what they are called; of several with one name, each has a number behind it.
local function by_name(list)
  local map, order = {}, {}
  for _, condition in ipairs(list) do
    local name, number = condition.name == "function" and not condition.label and "function"
      or condition_words.name(condition), 1
    local key = name
    while map[key] do
      number = number + 1
      key = name .. number
    end
    map[key] = condition
    order[#order + 1] = key
  end
  return map, order
end

local function add_conditions(details, before, after, ctx)
  local old, old_order = by_name(before)
  local new, new_order = by_name(after)
  for _, key in ipairs(old_order) do
    local a, b = old[key], new[key]
    if not b then
      add_texts(details, condition_words.name(a), condition_words.value(a), nil)
    elseif formula.key({ a }, ctx) ~= formula.key({ b }, ctx) then
      add_condition(details, a, b)
    end
  end
  for _, key in ipairs(new_order) do
    if not old[key] then
      add_texts(details, condition_words.name(new[key]), nil, condition_words.value(new[key]))
    end
  end
end

-- Rules ----------------------------------------------------------------------------------------

local EMPTY <const> = { conditions = {} }

-- All that is different; the other rule may be EMPTY.
local function details_of(before, after, ctx)
  local details, is_whole = {}, before == EMPTY or after == EMPTY
  for i, row in ipairs(ROWS) do
    local what, get, tell = row[1], row[2], row[3]
    local old, new = get(before), get(after)
    if not (is_whole and row[4]) then
      add_texts(details, what, old ~= nil and tell(old) or nil, new ~= nil and tell(new) or nil)
    end
    if i == 1 then
      add_conditions(details, before.conditions, after.conditions, ctx)
    end
  end
  return details
end

local function numbers_by_name(rules)
  local numbers = {}
  for i, rule in ipairs(rules) do
    numbers[rule.name] = i
  end
  return numbers
end

-- Of numbers that differ from each other, the longest part that grows: {[number] = true}.
local function longest_growing(numbers)
  local last, previous = {}, {} -- by length: the smallest number that ends a part of it
  for _, number in ipairs(numbers) do
    local low, high = 1, #last + 1
    while low < high do
      local middle = (low + high) // 2
      if last[middle] < number then
        low = middle + 1
      else
        high = middle
      end
    end
    last[low], previous[number] = number, last[low - 1]
  end
  local kept, at = {}, last[#last]
  while at do
    kept[at], at = true, previous[at]
  end
  return kept
end

-- The rules of after that stand elsewhere among those that both policies have.
local function moved_rules(before, after)
  local numbers, common = numbers_by_name(before.rules), {}
  for _, rule in ipairs(after.rules) do
    common[#common + 1] = numbers[rule.name]
  end
  local kept, moved = longest_growing(common), {}
  for i, rule in ipairs(after.rules) do
    local number = numbers[rule.name]
    if number and not kept[number] then
      moved[rule.name] = { what = "position", before = tostring(number), after = tostring(i) }
    end
  end
  return moved
end

local function only_in(rules, others)
  local numbers, out = numbers_by_name(others), {}
  for _, rule in ipairs(rules) do
    if not numbers[rule.name] then
      out[#out + 1] = rule
    end
  end
  return out
end

-- By the conditions that rules have, those that are gone.
local function index_gone(gone, ctx)
  local index = {}
  for _, rule in ipairs(gone) do
    local key = formula.key(rule.conditions, ctx)
    index[key] = index[key] or {}
    table.insert(index[key], rule)
  end
  return index
end

-- A rule that is gone and is the same but for its name; it is taken.
local function take_renamed(rule, index, ctx)
  local candidates = index[formula.key(rule.conditions, ctx)] or {}
  for i, other in ipairs(candidates) do
    if #details_of(other, rule, ctx) == 0 then
      return table.remove(candidates, i)
    end
  end
  return nil
end

local function add_new_rule(changes, rule, index, taken, ctx)
  local renamed = take_renamed(rule, index, ctx)
  if renamed then
    taken[renamed] = true
    table.insert(changes, { area = "rule", kind = "changed", name = rule.name,
      details = { { what = "name", before = renamed.name, after = rule.name } } })
  else
    table.insert(changes, { area = "rule", kind = "added", name = rule.name,
      details = details_of(EMPTY, rule, ctx) })
  end
end

local function add_kept_rule(changes, before, after, position, ctx)
  local details = details_of(before, after, ctx)
  local kind = #details > 0 and "changed" or "moved"
  details[#details + 1] = position
  if #details > 0 then
    table.insert(changes, { area = "rule", kind = kind, name = after.name, details = details })
  end
end

local function add_rules(changes, before, after, ctx)
  local numbers, moved = numbers_by_name(before.rules), moved_rules(before, after)
  local gone, taken = only_in(before.rules, after.rules), {}
  local index = index_gone(gone, ctx)
  for _, rule in ipairs(after.rules) do
    local number = numbers[rule.name]
    if number then
      add_kept_rule(changes, before.rules[number], rule, moved[rule.name], ctx)
    else
      add_new_rule(changes, rule, index, taken, ctx)
    end
  end
  for _, rule in ipairs(gone) do
    if not taken[rule] then
      table.insert(changes, { area = "rule", kind = "removed", name = rule.name,
        details = details_of(rule, EMPTY, ctx) })
    end
  end
end

-- Groups ---------------------------------------------------------------------------------------

local function add_groups(changes, before, after)
  local old, new, all = before.groups or {}, after.groups or {}, {}
  for _, groups in ipairs { old, new } do
    for name in pairs(groups) do
      all[name] = true
    end
  end
  for _, name in ipairs(text.sorted_keys(all)) do
    local details = {}
    add_lists(details, "users", old[name] or {}, new[name] or {})
    if #details > 0 then
      table.insert(changes, { area = "group", name = text.cut(name, 128), details = details,
        kind = not old[name] and "added" or not new[name] and "removed" or "changed" })
    end
  end
end

--- The changes: rules in the order of the new policy, then those that are gone; then groups.
function rule_changes.find(before, after)
  local changes, ctx = {}, formula.context(nil)
  add_rules(changes, before, after, ctx)
  add_groups(changes, before, after)
  local details = {}
  add_texts(details, "description", before.description and as_text(before.description),
    after.description and as_text(after.description))
  if #details > 0 then
    table.insert(changes, { area = "policy", kind = "changed", name = "", details = details })
  end
  return changes
end

return rule_changes
