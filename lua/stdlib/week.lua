--- The condition `time` as spans of one week, for lint: a list {start, end, start, end, ...} of
-- minutes from Monday 00:00, in order, apart from each other; ends are not in them.
local time = require "sentinel.time"

local week = {}

local DAY <const> = time.DAY
local WEEK <const> = 7 * DAY

week.MINUTES = WEEK

-- What the clocks of two zones may differ by. The rule's own clock is not known to the other one.
local MARGIN <const> = 32 * 60

-- Puts spans {start, end} in order and joins what touches; 0 <= start < end <= WEEK.
local function join(spans)
  table.sort(spans, function(a, b)
    return a[1] < b[1]
  end)
  local out = {}
  for _, span in ipairs(spans) do
    if #out > 0 and span[1] <= out[#out] then
      out[#out] = math.max(out[#out], span[2])
    else
      table.move(span, 1, 2, #out + 1, out)
    end
  end
  return out
end

-- Adds a span that may begin or end in another week.
local function add(spans, start, finish)
  if finish - start >= WEEK then
    spans[#spans + 1] = { 0, WEEK }
    return
  end
  local from = start % WEEK
  local to = from + finish - start
  spans[#spans + 1] = { from, math.min(to, WEEK) }
  if to > WEEK then
    spans[#spans + 1] = { 0, to - WEEK }
  end
end

--- When a condition's value {days, hours} holds.
-- @param day_set the names of its days; of no meaning when value.days is nil
function week.spans(value, day_set)
  local spans = {}
  local start, finish = 0, DAY
  if value.hours then
    start, finish = value.hours.start, value.hours["end"]
    if finish <= start then
      finish = finish + DAY
    end
  end
  for i, day in ipairs(time.WEEKDAYS) do
    if not value.days or day_set[day] then
      add(spans, (i - 1) * DAY + start, (i - 1) * DAY + finish)
    end
  end
  return join(spans)
end

--- All the rest of the week.
function week.complement(spans)
  local out, from = {}, 0
  for i = 1, #spans, 2 do
    if spans[i] > from then
      table.move({ from, spans[i] }, 1, 2, #out + 1, out)
    end
    from = spans[i + 1]
  end
  if from < WEEK then
    table.move({ from, WEEK }, 1, 2, #out + 1, out)
  end
  return out
end

--- The same on any other clock of the world, and more.
function week.widen(spans)
  local wider = {}
  for i = 1, #spans, 2 do
    add(wider, spans[i] - MARGIN, spans[i + 1] + MARGIN)
  end
  return join(wider)
end

function week.overlaps(a, b)
  local i, k = 1, 1
  while a[i] and b[k] do
    if a[i + 1] <= b[k] then
      i = i + 2
    elseif b[k + 1] <= a[i] then
      k = k + 2
    else
      return true
    end
  end
  return false
end

--- Whether all of b is in a.
function week.contains(a, b)
  local i = 1
  for k = 1, #b, 2 do
    while a[i] and a[i + 1] < b[k + 1] do
      i = i + 2
    end
    if not a[i] or a[i] > b[k] then
      return false
    end
  end
  return true
end

function week.is_all(spans)
  return spans[1] == 0 and spans[2] == WEEK
end

--- The minutes of the longest span; one over the end of the week is one.
function week.longest(spans)
  local longest, count = 0, #spans
  for i = 1, count, 2 do
    longest = math.max(longest, spans[i + 1] - spans[i])
  end
  if count > 2 and spans[1] == 0 and spans[count] == WEEK then
    longest = math.max(longest, spans[2] + WEEK - spans[count - 1])
  end
  return longest
end

return week
