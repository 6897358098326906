--- Small changes to the conditions of a rule, one at a time, for mutation.lua.
--
-- A change is {text, sense, where, edit, plain}: what is done, in words; 1 when the rule holds for
-- more requests then, -1 for fewer, 0 for others; the keys that lead from the rule to the
-- condition; edit(list, i), which does it to a copy of the list that the condition is in; and,
-- where edit replaces code, plain, which does the same, or nearly, with conditions that can be
-- looked into.
local formula = require "sentinel.formula"
local network = require "sentinel.network"
local schema = require "sentinel.schema"
local text = require "sentinel.text"
local time = require "sentinel.time"

local mutants = {}

local FAR_ZONE = "Asia/Tokyo" -- in the place of UTC, where the core gave it

-- Calls add(text, sense, change) for each way to change a list of words or patterns; change(list)
-- does it to a copy.
local function change_patterns(list, add)
  local has_all = false
  for i, pattern in ipairs(list) do
    has_all = has_all or pattern == "*"
    if #list > 1 then
      add("without " .. text.quote(pattern), -1, function(copy) table.remove(copy, i) end)
    end
    local wider = pattern:gsub("[^*?](%*)", "%1", 1)
    wider = wider == pattern and pattern:gsub("(%*)[^*?]", "%1", 1) or wider
    if wider ~= pattern then
      add(("%s in the place of %s"):format(text.quote(wider), text.quote(pattern)), 1,
        function(copy) copy[i] = wider end)
    end
  end
  if not has_all then
    add('with "*"', 1, function(copy) copy[#copy + 1] = "*" end)
  end
end

local function change_words(all)
  return function(list, add)
    local has = {}
    for i, word in ipairs(list) do
      has[word] = true
      if #list > 1 then
        add("without " .. word, -1, function(copy) table.remove(copy, i) end)
      end
    end
    for _, word in ipairs(all) do
      if not has[word] then
        add("with " .. word, 1, function(copy) copy[#copy + 1] = word end)
      end
    end
  end
end

-- A day more at either end of the days, a day less.
local function change_days(list, add)
  local has = {}
  for _, day in ipairs(list) do
    has[day] = true
  end
  local days = schema.weekdays
  for i, day in ipairs(days) do
    local before, after = days[(i + 5) % 7 + 1], days[i % 7 + 1]
    if not has[day] and (has[before] or has[after]) then
      add("with " .. day, 1, function(copy) copy[#copy + 1] = day end)
    end
  end
  if #list > 1 then
    add("without " .. list[#list], -1, function(copy) copy[#copy] = nil end)
    add("without " .. list[1], -1, function(copy) table.remove(copy, 1) end)
  end
end

local function change_blocks(list, add)
  for i, block in ipairs(list) do
    if #list > 1 then
      add("without " .. block.text, -1, function(copy) table.remove(copy, i) end)
    end
    local wider = block.bits > 0 and network.widen(block)
    if wider then
      add(("%s in the place of %s"):format(wider.text, block.text), 1,
        function(copy) copy[i] = wider end)
    end
  end
  for _, all in ipairs({ "0.0.0.0/0", "::/0" }) do
    add("with " .. all, 1, function(copy) copy[#copy + 1] = network.parse_block(all) end)
  end
end

-- Changes to a part of a condition's value.
local function part(key, change)
  return function(value, add)
    if value[key] ~= nil then
      change(value[key], function(what, sense, do_it)
        add(key .. ": " .. what, sense, function(copy) do_it(copy[key], copy) end)
      end)
    end
  end
end

-- The edges of a window, a minute earlier and later.
local function change_hours(hours, add)
  local rows = {
    { "start", -1, 1, 0, time.DAY - 1, "from" }, { "start", 1, -1, 0, time.DAY - 1, "from" },
    { "end", 1, 1, 1, time.DAY, "to" }, { "end", -1, -1, 1, time.DAY, "to" },
  }
  for _, row in ipairs(rows) do
    local key, minutes, sense = row[1], row[2], row[3]
    local moved, other = hours[key] + minutes, hours[key == "start" and "end" or "start"]
    if moved >= row[4] and moved <= row[5] and moved ~= other then
      add(("%s %s"):format(row[6], time.format_clock(moved)), sense,
        function(copy) copy[key] = moved end)
    end
  end
end

local function other_zone(zone)
  if zone ~= "UTC" then
    return "UTC"
  end
  return host.zone_known(FAR_ZONE) and FAR_ZONE or nil
end

local function change_time(value, add)
  part("hours", change_hours)(value, add)
  part("days", change_days)(value, add)
  if value.hours and value.days then
    add("without days", 1, function(copy) copy.days = nil end)
    add("without hours", 1, function(copy) copy.hours = nil end)
  end
  local zone = other_zone(value.timezone or "UTC")
  if zone then
    add("in " .. zone, 0, function(copy) copy.timezone = zone end)
  end
end

local function change_approval(value, add)
  local least = value.min_approvals or 1
  add(("min_approvals %d"):format(least + 1), -1, function(copy) copy.min_approvals = least + 1 end)
  if least > 1 then
    add(("min_approvals %d"):format(least - 1), 1,
      function(copy) copy.min_approvals = least - 1 end)
  end
  part("approvers", change_patterns)(value, add)
end

local function change_device(value, add)
  for _, key in ipairs(text.sorted_keys(value)) do
    if #text.sorted_keys(value) > 1 then
      add("without " .. key, 1, function(copy) copy[key] = nil end)
    end
  end
  if value.min_os_version then
    add("min_os_version 0", 1, function(copy) copy.min_os_version = "0" end)
  end
  part("allowed_os_types", change_words(schema.os_types))(value, add)
end

-- By a condition's name.
local CHANGES = {
  profiles = change_patterns, users = change_patterns, groups = change_patterns,
  roles = change_patterns, accounts = change_patterns, caller_roles = change_patterns,
  caller_accounts = change_patterns,
  mode = change_words(schema.modes),
  time = change_time,
  source_ip = change_blocks,
  mfa = function(value, add)
    add("max_age " .. text.duration(value.max_age * 2), 1,
      function(copy) copy.max_age = value.max_age * 2 end)
  end,
  break_glass = part("reason_codes", change_patterns),
  approval = change_approval,
  device = change_device,
  any = function(value, add)
    for i = 1, #value > 1 and #value or 0 do
      add(("without [%d]"):format(i - 1), -1, function(copy) table.remove(copy, i) end)
    end
  end,
}

-- No mode is in an empty list.
local function never(list, i)
  list[i] = { name = "mode", value = {} }
end

local function always(list, i)
  list[i] = { name = "not", value = { { name = "mode", value = {} } } }
end

-- In the place of what code or a plugin says; traces tell of the condition that was written.
local function says_no(list, i)
  list[i].replacement = function()
    return false, "mutated"
  end
end

local function fails(list, i)
  list[i].replacement = function(condition)
    local class = condition.plugin and "plugin_error" or "condition_error"
    error({ class = class, path = condition.path, what = "mutated" }, 0)
  end
end

local function negate(list, i)
  local condition = list[i]
  if condition.name == "not" and #condition.value == 1 then
    list[i] = condition.value[1]
  else
    list[i] = { name = "not", value = { condition } }
  end
end

local function extended(where, ...)
  local out = table.move(where, 1, #where, 1, {})
  for _, key in ipairs({ ... }) do
    out[#out + 1] = key
  end
  return out
end

local walk

local function walk_condition(condition, where, sense, out)
  local function add(what, own_sense, edit, plain)
    out[#out + 1] = { text = condition.path .. ": " .. what, sense = own_sense * sense,
      where = where, edit = edit, plain = plain }
  end
  if condition.plugin or condition.call then
    add("always true", 1, always)
    add("negated", 0, negate)
    add("always false", -1, says_no, never)
    return add("fails", 0, fails, never)
  end
  add("removed", 1, function(list, i) table.remove(list, i) end)
  add("negated", 0, negate)
  local change = CHANGES[condition.name]
  if change then
    change(condition.value, function(what, own_sense, do_it)
      add(what, own_sense, function(list, i) do_it(list[i].value, list[i]) end)
    end)
  end
  for i, branch in ipairs(condition.branches or {}) do
    walk(branch.value, extended(where, "value", i), sense, out)
  end
  if condition.name == "not" then
    walk(condition.value, extended(where, "value"), -sense, out)
  end
end

function walk(list, where, sense, out)
  local is_only = #list == 1 and #where > 1 -- of a `not` or a branch: its removal is another change
  for i, condition in ipairs(list) do
    local before = #out + 1
    walk_condition(condition, extended(where, i), sense, out)
    if is_only and out[before].text:find(": removed$") then
      table.remove(out, before)
    end
  end
end

--- All changes to the conditions of a rule that was compiled.
function mutants.of_conditions(conditions)
  local out = {}
  walk(conditions, { "conditions" }, 1, out)
  return out
end

--- All changes to a list of patterns: {text, sense, edit = function(copy)}.
function mutants.of_patterns(list)
  local out = {}
  change_patterns(list, function(what, sense, edit)
    out[#out + 1] = { text = what, sense = sense, edit = edit }
  end)
  return out
end

local function copy(value)
  if type(value) ~= "table" then
    return value
  end
  local out = {}
  for key, item in pairs(value) do
    out[key] = copy(item)
  end
  return out
end

--- A copy of a list of conditions as reader.lua makes them, to be changed and compiled.
function mutants.copy_conditions(list)
  local out = {}
  for i, condition in ipairs(list) do
    local name, value = condition.name, condition.value
    if name == "any" or name == "all" then
      local branches = {}
      for k, branch in ipairs(value) do
        branches[k] = mutants.copy_conditions(branch)
      end
      value = branches
    elseif name == "not" then
      value = mutants.copy_conditions(value)
    else
      value = copy(value)
    end
    out[i] = { name = name, value = value, plugin = condition.plugin, call = condition.call,
      label = condition.label, source = condition.source }
  end
  return out
end

--- After compiling: what replaced code or a plugin takes its place.
function mutants.install(list)
  formula.each_condition(list, function(condition)
    condition.evaluate = condition.replacement or condition.evaluate
  end)
end

mutants.copy = copy

return mutants
