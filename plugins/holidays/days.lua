--- Dates of the Gregorian calendar as numbers of days: 0 is 1 March of the year 0.
local days = {}

local MONTH_DAYS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

function days.in_month(year, month)
  local is_leap = year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
  return month == 2 and is_leap and 29 or MONTH_DAYS[month]
end

function days.number(year, month, day)
  local shifted = month <= 2 and year - 1 or year
  return 365 * shifted + shifted // 4 - shifted // 100 + shifted // 400
    + (153 * ((month + 9) % 12) + 2) // 5 + day - 1
end

--- 1 is Monday.
function days.weekday(number)
  return (number + 2) % 7 + 1
end

--- The number of "20260119" and its year, month and day, or nil when there is no such date.
function days.parse(text)
  local year, month, day = text:match("^(%d%d%d%d)(%d%d)(%d%d)$")
  if not year then
    return nil
  end
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  if month < 1 or month > 12 or day < 1 or day > days.in_month(year, month) then
    return nil
  end
  return days.number(year, month, day), year, month, day
end

return days
