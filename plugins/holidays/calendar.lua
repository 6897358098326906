--- The holidays of an iCalendar file, and which of them a date falls on.
--
-- MUST
--  1. raise on what is not understood, wherever it stands and whatever the date: "no holiday" would
--     be an answer.
local days = require "days"
local ical = require "ical"
local recurrence = require "recurrence"

local calendar = {}

local SPAN_MAX = 366

local fail = ical.fail

-- Seconds of "T101500", or nil.
local function parse_clock(text)
  local hour, min, sec = text:match("^T(%d%d)(%d%d)(%d%d)$")
  if not hour or hour > "23" or min > "59" or sec > "60" then
    return nil
  end
  return (tonumber(hour) * 60 + tonumber(min)) * 60 + tonumber(sec)
end

-- A time in UTC, as date and seconds of the zone.
local function localize(moment, date, clock, to_local)
  if moment.year < 1970 then
    return nil
  end
  local now = to_local(("%s-%s-%sT%s:%s:%sZ"):format(date:sub(1, 4), date:sub(5, 6), date:sub(7),
    clock:sub(2, 3), clock:sub(4, 5), clock:sub(6, 7)))
  return { number = days.number(now.year, now.month, now.day), year = now.year, month = now.month,
    day = now.day, seconds = (now.hour * 60 + now.min) * 60 + now.sec, is_timed = true }
end

-- "20260101", "20260101T100000" or "20260101T100000Z" as {number, year, month, day, seconds,
-- is_timed}, or nil. A time without Z is of a zone that the file names, or of none: its date is
-- taken as it stands.
local function parse_moment(text, to_local)
  local date, clock, utc = text:match("^(%d%d%d%d%d%d%d%d)(T?%d*)(Z?)$")
  local number, year, month, day = days.parse(date or "")
  local seconds = clock and clock ~= "" and parse_clock(clock) or nil
  if not number or (clock ~= "" and not seconds) or (clock == "" and utc ~= "") then
    return nil
  end
  local moment = { number = number, year = year, month = month, day = day, seconds = seconds,
    is_timed = seconds ~= nil }
  if utc == "Z" then
    return localize(moment, date, clock, to_local)
  end
  return moment
end

-- The moments of a property, each with a time or each without, as VALUE says.
local function read_moments(property, name, to_local)
  local kind = property.params.VALUE and property.params.VALUE:upper()
  local moments = {}
  for item in (property.value .. ","):gmatch("(.-),") do
    local moment = parse_moment(item, to_local)
    if not moment or (kind and kind ~= (moment.is_timed and "DATE-TIME" or "DATE")) then
      fail(property.line, "%s: %s is no date that is understood", name, item)
    end
    moments[#moments + 1] = moment
  end
  return moments
end

local function read_moment(property, name, start, to_local)
  local moments = read_moments(property, name, to_local)
  if #moments > 1 or (start and moments[1].is_timed ~= start.is_timed) then
    fail(property.line, "%s has to be one date, with a time where DTSTART has one", name)
  end
  return moments[1]
end

local UNITS = { W = 7 * 86400, D = 86400, H = 3600, M = 60, S = 1 }

-- Seconds of "P1D", "P2W", "PT8H" or "P1DT12H".
local function parse_duration(property)
  local body = property.value:match("^%+?P(%d*%u?T?[%dHMS]*)$") or ""
  local total, least, rest = 0, math.maxinteger, body:gsub("T", "", 1)
  for digits, unit in rest:gmatch("(%d+)(%u)") do
    local size = UNITS[unit]
    if not size or size >= least or #digits > 6 then
      rest = "not understood"
      break
    end
    total, least = total + tonumber(digits) * size, size
  end
  if rest == "" or rest:gsub("%d+%u", "") ~= "" then
    fail(property.line, "DURATION:%s is not understood", property.value)
  end
  return total
end

-- How many days an event covers. DTEND is the first moment after it.
local function read_span(properties, start, to_local)
  local stop, duration = properties.DTEND, properties.DURATION
  local last = start.number
  if stop and duration then
    fail(stop[1].line, "an event has either DTEND or DURATION")
  elseif stop then
    local moment = read_moment(stop[1], "DTEND", start, to_local)
    local is_before = moment.number < start.number
      or (moment.number == start.number and (moment.seconds or 0) < (start.seconds or 0))
    if is_before then
      fail(stop[1].line, "the event ends before it begins")
    end
    last = (moment.seconds or 0) == 0 and moment.number - 1 or moment.number
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

local function read_rule(property, start, to_local)
  local rule, message = recurrence.parse(property.value, function(text)
    local moment = parse_moment(text, to_local)
    return moment and moment.number
  end)
  if not rule then
    fail(property.line, "RRULE: %s", message)
  end
  recurrence.complete(rule, start)
  if rule.COUNT and not recurrence.is_synchronized(rule) then
    fail(property.line, "RRULE: a rule with COUNT has to fit the date of DTSTART")
  end
  return rule
end

-- A set of the numbers of days.
local function read_days(list, name, start, to_local)
  local set = {}
  for _, property in ipairs(list or {}) do
    for _, moment in ipairs(read_moments(property, name, to_local)) do
      if moment.is_timed ~= start.is_timed then
        fail(property.line, "%s has to have a time where DTSTART has one", name)
      end
      set[moment.number] = true
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
local function read_event(event, to_local)
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
  local start = read_moment(properties.DTSTART[1], "DTSTART", nil, to_local)
  local holiday = {
    first = start.number, span = read_span(properties, start, to_local),
    rule = properties.RRULE and read_rule(properties.RRULE[1], start, to_local),
    added = read_days(properties.RDATE, "RDATE", start, to_local),
    removed = read_days(properties.EXDATE, "EXDATE", start, to_local),
    summary = read_summary(properties.SUMMARY),
  }
  return status ~= "CANCELLED" and holiday or nil
end

--- The holidays of a file's text. Raises {line, message} on what is not understood.
-- @param to_local gives year, month, day, hour, min, sec of a time in UTC
function calendar.parse(text, to_local)
  local holidays = {}
  for _, event in ipairs(ical.parse(text)) do
    holidays[#holidays + 1] = read_event(event, to_local)
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

--- Whether any holiday begins in the year: where none does, the calendar may have run out.
function calendar.covers(holidays, year)
  local first, last = days.number(year, 1, 1), days.number(year, 12, 31)
  for _, holiday in ipairs(holidays) do
    if holiday.first >= first and holiday.first <= last then
      return true
    end
    for number in pairs(holiday.added) do
      if number >= first and number <= last then
        return true
      end
    end
    local rule = holiday.rule
    if rule and holiday.first <= last and not rule.COUNT
      and (not rule.UNTIL or rule.UNTIL >= first) then
      return true
    end
  end
  return false
end

return calendar
