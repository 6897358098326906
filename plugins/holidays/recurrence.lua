--- Recurrence rules (RFC 5545, 3.3.10), as holidays have them: FREQ=YEARLY with INTERVAL, UNTIL,
-- COUNT, BYMONTH, BYMONTHDAY and BYDAY. Whatever else a rule says is an error.
local days = require "days"

local recurrence = {}

local WEEKDAYS = { MO = 1, TU = 2, WE = 3, TH = 4, FR = 5, SA = 6, SU = 7 }

local function parse_count(text)
  local number = text:find("^%d%d?%d?%d?%d?$") and tonumber(text)
  return number ~= 0 and number or nil
end

-- A list of whole numbers from -most or 1 to most, as a set.
local function parse_numbers(text, most, may_be_negative)
  local set = {}
  for item in (text .. ","):gmatch("(.-),") do
    local sign, digits = item:match("^([+-]?)(%d%d?)$")
    local number = digits and tonumber(digits)
    if not number or number < 1 or number > most or (sign ~= "" and not may_be_negative) then
      return nil
    end
    set[sign == "-" and -number or number] = true
  end
  return set
end

-- "1MO,-1FR,SU": {{weekday, nth}, ...}, nth is nil for every one.
local function parse_weekdays(text)
  local list = {}
  for item in (text .. ","):gmatch("(.-),") do
    local sign, digits, name = item:match("^([+-]?)(%d?%d?)(%u%u)$")
    local nth = digits and digits ~= "" and tonumber(digits) or nil
    if not WEEKDAYS[name] or (nth and (nth < 1 or nth > 53)) or (not nth and sign ~= "") then
      return nil
    end
    list[#list + 1] = { weekday = WEEKDAYS[name], nth = nth and (sign == "-" and -nth or nth) }
  end
  return list
end

-- What is read for each part; `date` reads UNTIL's.
local PARTS = {
  FREQ = function(text) return text == "YEARLY" and text or nil end,
  INTERVAL = parse_count,
  COUNT = parse_count,
  UNTIL = function(text, date) return date(text) end,
  BYMONTH = function(text) return parse_numbers(text, 12) end,
  BYMONTHDAY = function(text) return parse_numbers(text, 31, true) end,
  BYDAY = parse_weekdays,
}

--- The parts of a rule by their names, or nil and a message.
-- @param date reads the date of UNTIL: number of its day, or nil
function recurrence.parse(text, date)
  local rule = {}
  for part in (text .. ";"):gmatch("(.-);") do
    local name, value = part:match("^([%u-]+)=(.+)$")
    local read = PARTS[name]
    if not read then
      return nil, ("a rule with %s is not understood"):format(part)
    elseif rule[name] then
      return nil, ("the rule says %s twice"):format(name)
    end
    rule[name] = read(value, date)
    if not rule[name] then
      return nil, ("a rule with %s is not understood"):format(part)
    end
  end
  if not rule.FREQ then
    return nil, "a rule without FREQ is not understood"
  elseif rule.COUNT and rule.UNTIL then
    return nil, "a rule has either COUNT or UNTIL"
  end
  return rule
end

--- Gives a rule what it takes from the date that it begins with: month and day where it names none.
function recurrence.complete(rule, start)
  if not rule.BYDAY and not rule.BYMONTHDAY then
    rule.BYMONTH = rule.BYMONTH or { [start.month] = true }
    rule.BYMONTHDAY = { [start.day] = true }
  end
  rule.start = start
  return rule
end

-- Whether the day is the nth of its weekday among those from first to last.
local function is_nth(number, nth, first, last)
  if nth > 0 then
    return (number - first) // 7 + 1 == nth
  end
  return (last - number) // 7 + 1 == -nth
end

-- BYDAY counts within the month where months are named, else within the year.
local function fits_weekday(rule, number, year, month)
  local first, last
  if rule.BYMONTH then
    first = days.number(year, month, 1)
    last = first + days.in_month(year, month) - 1
  else
    first, last = days.number(year, 1, 1), days.number(year, 12, 31)
  end
  local weekday = days.weekday(number)
  for _, wanted in ipairs(rule.BYDAY) do
    if wanted.weekday == weekday
      and (not wanted.nth or is_nth(number, wanted.nth, first, last)) then
      return true
    end
  end
  return false
end

-- Whether a day of the calendar is what the rule's BY... parts say, whatever the year.
local function fits(rule, number, year, month, day)
  if rule.BYMONTH and not rule.BYMONTH[month] then
    return false
  end
  local from_end = day - days.in_month(year, month) - 1
  if rule.BYMONTHDAY and not rule.BYMONTHDAY[day] and not rule.BYMONTHDAY[from_end] then
    return false
  end
  return not rule.BYDAY or fits_weekday(rule, number, year, month)
end

-- How many days of a year fit, from the first to the last of these numbers.
local function count_year(rule, year, from, to)
  local count = 0
  for month = 1, 12 do
    if not rule.BYMONTH or rule.BYMONTH[month] then
      for day = 1, days.in_month(year, month) do
        local number = days.number(year, month, day)
        if number >= from and number <= to and fits(rule, number, year, month, day) then
          count = count + 1
        end
      end
    end
  end
  return count
end

-- The place of a day that fits among all that fit.
local function rank(rule, number, year)
  local count = 0
  for earlier = rule.start.year, year, rule.INTERVAL or 1 do
    count = count + count_year(rule, earlier, rule.start.number, number)
    if count > rule.COUNT then
      break
    end
  end
  return count
end

--- Whether the rule begins with a day that is one of its own. RFC 5545 leaves open what COUNT means
-- where it is not.
function recurrence.is_synchronized(rule)
  local start = rule.start
  return fits(rule, start.number, start.year, start.month, start.day)
end

--- Whether a day is in the recurrence.
function recurrence.holds(rule, number, year, month, day)
  if number < rule.start.number or (rule.UNTIL and number > rule.UNTIL)
    or (year - rule.start.year) % (rule.INTERVAL or 1) ~= 0
    or not fits(rule, number, year, month, day) then
    return false
  end
  return not rule.COUNT or rank(rule, number, year) <= rule.COUNT
end

return recurrence
