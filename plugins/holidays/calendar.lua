--- The holidays of an iCalendar file, and which of them a date falls on.
--
-- MUST
--  1. raise on what is not understood, wherever it stands and whatever the date: "no holiday" would
--     be an answer.
local date_time = require "date_time"
local days = require "days"
local ical = require "ical"
local recurrence = require "recurrence"

local calendar = {}

local SPAN_MAX = 366

local fail = ical.fail

local UNITS = { W = 7 * 86400, D = 86400, H = 3600, M = 60, S = 1 }

-- Seconds of the parts of a duration, in the order of `units`, or nil.
local function add_parts(text, units)
  local total, at = 0, 0
  local rest = text:gsub("(%d+)(%u)", function(digits, unit)
    local place = units:find(unit, at + 1, true)
    if not place or #digits > 6 then
      return "?"
    end
    total, at = total + tonumber(digits) * UNITS[unit], place
    return ""
  end)
  return rest == "" and total or nil
end

-- Seconds of "P1D", "P2W", "PT8H" or "P1DT12H".
local function parse_duration(property)
  local date, time = property.value:match("^%+?P(%w*)T(%w+)$")
  date = date or property.value:match("^%+?P(%w+)$") or "?"
  local is_weeks = date:find("W", 1, true)
  local of_date, of_time = add_parts(date, is_weeks and "W" or "D"), add_parts(time or "", "HMS")
  if not of_date or not of_time or (time and is_weeks) then
    fail(property.line, "DURATION:%s is not understood", property.value)
  end
  return of_date + of_time
end

-- How many days an event covers. DTEND is the first moment after it.
local function read_span(properties, start, place)
  local stop, duration = properties.DTEND, properties.DURATION
  local last = start.number
  if stop and duration then
    fail(stop[1].line, "an event has either DTEND or DURATION")
  elseif stop then
    local after = date_time.read(stop[1], "DTEND", start, place)
    local is_before = after.number < start.number
      or (after.number == start.number and (after.seconds or 0) < (start.seconds or 0))
    if is_before then
      fail(stop[1].line, "the event ends before it begins")
    end
    last = (after.seconds or 0) == 0 and after.number - 1 or after.number
  elseif duration then
    local seconds = (start.seconds or 0) + parse_duration(duration[1])
    last = start.number + (seconds - 1) // 86400
  end
  local span = math.max(last - start.number, 0) + 1
  if span > SPAN_MAX then
    fail((stop or duration)[1].line, "an event of more than %d days is not understood", SPAN_MAX)
  end
  return span
end

local UTC = { UTC = true, ["Etc/UTC"] = true }

local function read_rule(property, start, place)
  local rule, message = recurrence.parse(property.value, function(text)
    return date_time.read_until(text, property, start, place)
  end)
  if not rule then
    fail(property.line, "RRULE: %s", message)
  elseif start.is_utc and not UTC[place.zone] then
    fail(property.line, "RRULE: what recurs at a time in UTC is understood where the plugin's zone "
      .. "is UTC")
  end
  recurrence.complete(rule, start)
  if rule.COUNT and not recurrence.is_synchronized(rule) then
    fail(property.line, "RRULE: a rule with COUNT has to fit the date of DTSTART")
  end
  return rule
end

-- The days on which the event begins, too, as a set of their numbers.
local function read_added(list, start, place)
  local set = {}
  for _, property in ipairs(list or {}) do
    for _, added in ipairs(date_time.read_all(property, "RDATE", start, place)) do
      if added.seconds ~= start.seconds then
        fail(property.line, "RDATE has to have the time of DTSTART")
      end
      set[added.number] = true
    end
  end
  return set
end

-- The same of those on which it does not. One with another time is none of the event's.
local function read_removed(list, start, place)
  local set = {}
  for _, property in ipairs(list or {}) do
    for _, removed in ipairs(date_time.read_all(property, "EXDATE", start, place)) do
      set[removed.number] = removed.seconds == start.seconds or set[removed.number]
    end
  end
  return set
end

local ESCAPED = { ["\\n"] = " ", ["\\N"] = " " }

local function read_summary(list)
  local summary = list and list[1].value:gsub("\\.", function(pair)
    return ESCAPED[pair] or pair:sub(2)
  end) or ""
  return summary ~= "" and summary or "a holiday"
end

local STATUSES = { CONFIRMED = true, TENTATIVE = true, CANCELLED = true }

-- An event as what find wants, or nil when it was called off.
local function read_event(event, place)
  local properties = event.properties
  local status = properties.STATUS and properties.STATUS[1].value:upper()
  if status and not STATUSES[status] then
    fail(properties.STATUS[1].line, "STATUS:%s is not understood", status)
  end
  for _, name in ipairs { "RECURRENCE-ID", "EXRULE" } do
    if properties[name] then
      fail(properties[name][1].line, "an event with %s is not understood", name)
    end
  end
  if not properties.DTSTART then
    fail(event.line, "the event has no DTSTART")
  end
  local start = date_time.read(properties.DTSTART[1], "DTSTART", nil, place)
  local holiday = {
    first = start.number, span = read_span(properties, start, place),
    rule = properties.RRULE and read_rule(properties.RRULE[1], start, place),
    added = read_added(properties.RDATE, start, place),
    removed = read_removed(properties.EXDATE, start, place),
    summary = read_summary(properties.SUMMARY),
  }
  return status ~= "CANCELLED" and holiday or nil
end

--- The holidays of a file's text. Raises {line, message} on what is not understood.
-- @param place {zone, to_local = a function that gives year, month, day, hour, min and sec of a
-- time in UTC}
function calendar.parse(text, place)
  local holidays = {}
  for _, event in ipairs(ical.parse(text)) do
    holidays[#holidays + 1] = read_event(event, place)
  end
  return holidays
end

local function begins_on(holiday, number, date)
  if holiday.removed[number] then
    return false
  elseif number == holiday.first or holiday.added[number] then
    return true
  end
  local rule = holiday.rule
  return rule ~= nil and recurrence.holds(rule, number, date.year, date.month, date.day)
end

-- The dates that one of `most` days which ends on the date may have begun on, the date first.
local function dates_before(date, most)
  local dates = {}
  local year, month, day = date.year, date.month, date.day
  local number = days.number(year, month, day)
  for i = 1, most do
    dates[i] = { number = number - i + 1, year = year, month = month, day = day }
    day = day - 1
    if day == 0 then
      year, month = month == 1 and year - 1 or year, month == 1 and 12 or month - 1
      day = days.in_month(year, month)
    end
  end
  return dates
end

--- The summary of a holiday that the date {year, month, day} falls on, or nil.
function calendar.find(holidays, date)
  local most = 1
  for _, holiday in ipairs(holidays) do
    most = math.max(most, holiday.span)
  end
  local dates = dates_before(date, most)
  for _, holiday in ipairs(holidays) do
    for i = 1, holiday.span do
      if begins_on(holiday, dates[i].number, dates[i]) then
        return holiday.summary
      end
    end
  end
  return nil
end

-- Whether the rule has a day of the year that is not removed.
local function recurs_in(holiday, year)
  local rule = holiday.rule
  for month = 1, 12 do
    if not rule.BYMONTH or rule.BYMONTH[month] then
      for day = 1, days.in_month(year, month) do
        local number = days.number(year, month, day)
        if not holiday.removed[number] and recurrence.holds(rule, number, year, month, day) then
          return true
        end
      end
    end
  end
  return false
end

--- Whether any holiday begins in the year: where none does, the calendar may have run out.
function calendar.covers(holidays, year)
  local first, last = days.number(year, 1, 1), days.number(year, 12, 31)
  for _, holiday in ipairs(holidays) do
    local begins = { [holiday.first] = true }
    for number in pairs(holiday.added) do
      begins[number] = true
    end
    for number in pairs(begins) do
      if number >= first and number <= last and not holiday.removed[number] then
        return true
      end
    end
  end
  for _, holiday in ipairs(holidays) do
    if holiday.rule and recurs_in(holiday, year) then
      return true
    end
  end
  return false
end

return calendar
