--- Days, hours and local time. Minutes count from midnight; a window that wraps past midnight
-- belongs to the day on which it began.
local text = require "sentinel.text"

local time = {}

local DAY <const> = 24 * 60
time.DAY = DAY

--- By host.local_time's wday.
time.WEEKDAYS = { "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday" }
local WEEKDAYS = time.WEEKDAYS

--- The minute of "HH:MM", or nil; "24:00" is one only where is_end says so.
function time.parse_clock(value, is_end)
  local hours, minutes = value:match("^(%d%d):(%d%d)$")
  if not hours then
    return nil
  end
  local minute = tonumber(hours) * 60 + tonumber(minutes)
  if tonumber(minutes) > 59 or minute > DAY or (minute == DAY and not is_end) then
    return nil
  end
  return minute
end

function time.format_clock(minute)
  return ("%02d:%02d"):format(minute // 60, minute % 60)
end

--- Whether minute is within hours {start, end}, and whether that began on the day before.
local function is_within(hours, minute)
  local start, finish = hours.start, hours["end"]
  if start < finish then
    return minute >= start and minute < finish, false
  elseif minute >= start then
    return true, false
  end
  return minute < finish, minute < finish
end

--- What the condition's value {days, hours, timezone} wants, or its part "days" or "hours".
function time.describe(value, part)
  local zone = value.timezone or "UTC"
  if part == "days" or not value.hours then
    return text.cut(table.concat(value.days, ", ") .. " " .. zone)
  end
  return ("%s-%s %s"):format(time.format_clock(value.hours.start),
    time.format_clock(value.hours["end"]), zone)
end

--- Whether a minute of the week, counted from Monday, is within the condition's value: true or
-- false, what it was (the name of the day, or the minute of the day), and "days" or "hours".
function time.holds(value, day_set, week_minute)
  local hours, day = value.hours, week_minute // DAY + 1
  local is_in, began_before, minute = true, false, nil
  if hours then
    minute = week_minute % DAY
    is_in, began_before = is_within(hours, minute)
  end
  if value.days then
    local name = WEEKDAYS[began_before and (day + 5) % 7 + 1 or day]
    if not day_set[name] then
      return false, name, "days"
    end
  end
  if hours then
    return is_in, minute, "hours"
  end
  return true, WEEKDAYS[day], "days"
end

local LOCAL_TIME = { name = "this time", strict = true, fields = {
  year = true, month = true, day = true, hour = true, min = true, sec = true, wday = true,
  weekday = true, offset = true, abbrev = true, is_dst = true,
} }

--- Local time in a zone. Zones are loaded before anything is decided: the name has to stand as a
-- text, such as "Europe/Berlin", in the file that calls it or in one that it requires, or be the
-- value of a condition or argument; UTC is always there.
-- @function sentinel.time
-- @usage s.time(request.time, "America/New_York").weekday == "monday"
-- @tparam string moment a time such as `2026-01-19T02:47:33Z`: the request's, or a fact's
-- @tparam string zone a time zone
-- @treturn table year, month, day, hour, min, sec, wday (1 is Monday), weekday (`"monday"`), offset
-- (seconds east of UTC), abbrev, is_dst; read-only, and another name raises
-- @raise if the moment is no time, or the zone was not loaded
function time.for_policy(moment, zone)
  if type(moment) ~= "string" or type(zone) ~= "string" then
    error("s.time wants a time and the name of a time zone: s.time(request.time, \"UTC\")", 2)
  end
  local epoch = host.parse_time(moment)
  if not epoch then
    error("s.time: " .. text.quote(moment) .. " is not a time", 2)
  elseif zone:find("\0", 1, true) or not host.zone_known(zone) then
    error("s.time: the time zone " .. text.quote(zone)
      .. " is none, or was not loaded: check it, and write it as a text in the policy", 2)
  end
  local now = host.local_time(zone, epoch)
  if not now then
    return nil
  end
  now.weekday = WEEKDAYS[now.wday]
  return host.readonly(now, LOCAL_TIME)
end

--- 2026-01-19T15:00:00Z of seconds since 1970.
function time.format(epoch)
  local utc = host.local_time("UTC", epoch)
  return ("%04d-%02d-%02dT%02d:%02d:%02dZ"):format(utc.year, utc.month, utc.day, utc.hour, utc.min,
    utc.sec)
end

return time
