--- Points in time as RFC 3339 writes them, with any offset.
local moment = {}

local DAYS_BEFORE = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 }
local DAYS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local function is_leap(year)
  return year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
end

-- Days, counted from some day long ago, or nil for a day that there is not.
local function day_number(year, month, day)
  local last = DAYS[month]
  if not last or day < 1 or day > last + (month == 2 and is_leap(year) and 1 or 0) then
    return nil
  end
  local years = year - 1
  local leap_days = years // 4 - years // 100 + years // 400
  return years * 365 + leap_days + DAYS_BEFORE[month] + day
    + (month > 2 and is_leap(year) and 1 or 0)
end

-- Seconds east of UTC: "Z", "+02:00", "-05:30".
local function offset_of(zone)
  if zone == "Z" or zone == "z" then
    return 0
  end
  local sign, hours, minutes = zone:match("^([+-])(%d%d):(%d%d)$")
  if not sign or tonumber(hours) > 23 or tonumber(minutes) > 59 then
    return nil
  end
  local seconds = tonumber(hours) * 3600 + tonumber(minutes) * 60
  return sign == "-" and -seconds or seconds
end

--- The whole second, as a number that only compares with others of this function.
-- @return nil for what is no such time
function moment.parse(text)
  if type(text) ~= "string" or #text > 40 then
    return nil
  end
  local year, month, day, hour, minute, second, rest =
    text:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)[Tt](%d%d):(%d%d):(%d%d)(.+)$")
  local zone = rest and rest:gsub("^%.%d+", "")
  local offset = zone and offset_of(zone)
  if not offset or tonumber(hour) > 23 or tonumber(minute) > 59 or tonumber(second) > 60 then
    return nil
  end
  local days = day_number(tonumber(year), tonumber(month), tonumber(day))
  return days and days * 86400 + tonumber(hour) * 3600 + tonumber(minute) * 60 + tonumber(second)
    - offset
end

return moment
