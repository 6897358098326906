--- When a window of time opens next, for what `sentinel explain` offers (remedies.lua).
local time = require "sentinel.time"

local opening = {}

local DAY_S = 24 * 3600

-- Two weeks: a weekday's opening may fall into hours that a change of the clocks skips.
local DAYS_MAX = 14

-- "monday to friday, sunday": three days and more in a row are told by their ends.
local function describe_days(day_set)
  local parts, i = {}, 1
  while i <= 7 do
    local last = i
    while day_set[time.WEEKDAYS[last]] do
      last = last + 1
    end
    if last - i >= 3 then
      parts[#parts + 1] = time.WEEKDAYS[i] .. " to " .. time.WEEKDAYS[last - 1]
    else
      table.move(time.WEEKDAYS, i, last - 1, #parts + 1, parts)
    end
    i = math.max(last, i + 1)
  end
  return table.concat(parts, ", ")
end

-- The moment `days` after today at which the window opens, and its minute of the day, or nil. The
-- distance from midnight is right in today's offset; where the clocks change in between, the other
-- one is.
local function open_on(condition, epoch, here, days)
  local into_day = here.hour * 3600 + here.min * 60 + here.sec
  local hours = condition.value.hours
  local plain = epoch - into_day + days * DAY_S + (hours and hours.start or 0) * 60
  local there = host.local_time(condition.zone, plain)
  for _, moment in ipairs({ there and plain + here.offset - there.offset or plain, plain }) do
    local then_ = host.local_time(condition.zone, moment)
    if moment > epoch and then_ then
      local minute = then_.hour * 60 + then_.min
      local week_minute = (then_.wday - 1) * time.DAY + minute
      if time.holds(condition.value, condition.days, week_minute) then
        return moment, minute
      end
    end
  end
  return nil
end

--- When a condition on time (conditions.lua), which does not hold at epoch, holds next.
-- @return seconds since 1970, and in words "from 09:00 America/New_York (monday to friday)", the
-- days where it is not simply the next time that the clock shows that; or nil
function opening.find(condition, epoch)
  local here = host.local_time(condition.zone, epoch)
  for days = 0, here and DAYS_MAX or -1 do
    local moment, minute = open_on(condition, epoch, here, days)
    if moment then
      local first = minute > here.hour * 60 + here.min and 0 or 1
      local is_plain = not condition.value.days
        or condition.days[time.WEEKDAYS[here.wday]] and days <= first
      return moment, ("from %s %s%s"):format(time.format_clock(minute), condition.zone,
        is_plain and "" or " (" .. describe_days(condition.days) .. ")")
    end
  end
  return nil
end

return opening
