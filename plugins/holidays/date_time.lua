--- Dates and times of iCalendar (RFC 5545, 3.3.4 and 3.3.5), and which of them can be compared.
--
-- MUST
--  1. raise where two cannot be compared: a day too few is a day on which nobody is at work, and it
--     would not be one.
local days = require "days"
local ical = require "ical"

local date_time = {}

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
local function localize(date, clock, place)
  if date:sub(1, 4) < "1970" then
    return nil
  end
  local now = place.to_local(("%s-%s-%sT%s:%s:%sZ"):format(date:sub(1, 4), date:sub(5, 6),
    date:sub(7), clock:sub(2, 3), clock:sub(4, 5), clock:sub(6, 7)))
  return { number = days.number(now.year, now.month, now.day), year = now.year, month = now.month,
    day = now.day, seconds = (now.hour * 60 + now.min) * 60 + now.sec, tzid = place.zone,
    is_timed = true, is_utc = true }
end

-- "20260101", "20260101T100000" or "20260101T100000Z" as {number, year, month, day, seconds, tzid,
-- is_timed, is_utc}, or nil. Those of one zone can be compared; UTC's are moved to the plugin's.
local function parse(text, tzid, place)
  local date, clock, utc = text:match("^(%d%d%d%d%d%d%d%d)(T?%d*)(Z?)$")
  local number, year, month, day = days.parse(date or "")
  local seconds = clock and clock ~= "" and parse_clock(clock) or nil
  if not number or (clock ~= "" and not seconds) or (clock == "" and utc ~= "") then
    return nil
  elseif utc == "Z" then
    return localize(date, clock, place)
  end
  return { number = number, year = year, month = month, day = day, seconds = seconds,
    tzid = seconds and tzid, is_timed = seconds ~= nil }
end

--- The moments of a property, each with a time or each without, as VALUE says.
-- @param start that of DTSTART, which they have to be comparable with; nil for its own
-- @param place {zone, to_local = a function that gives year, month, day, hour, min and sec of a
-- time in UTC}
function date_time.read_all(property, name, start, place)
  local kind = property.params.VALUE and property.params.VALUE:upper()
  local moments = {}
  for item in (property.value .. ","):gmatch("(.-),") do
    local found = parse(item, property.params.TZID, place)
    if not found or (kind and kind ~= (found.is_timed and "DATE-TIME" or "DATE")) then
      fail(property.line, "%s: %s is no date that is understood", name, item)
    elseif start and found.is_timed ~= start.is_timed then
      fail(property.line, "%s has to have a time where DTSTART has one", name)
    elseif start and found.tzid ~= start.tzid then
      fail(property.line, "%s and DTSTART are of different zones, which cannot be compared%s", name,
        (found.is_utc or start.is_utc) and ": set the plugin's zone to theirs" or "")
    end
    moments[#moments + 1] = found
  end
  return moments
end

--- The same of a property that has one.
function date_time.read(property, name, start, place)
  local moments = date_time.read_all(property, name, start, place)
  if #moments > 1 then
    fail(property.line, "%s has to be one date", name)
  end
  return moments[1]
end

--- The number of the last day on which a rule's event may begin, of its UNTIL; nil when that is no
-- date. Without Z it is of DTSTART's zone.
function date_time.read_until(text, property, start, place)
  local found = parse(text, start.tzid, place)
  if not found then
    return nil
  elseif found.is_timed ~= start.is_timed or found.tzid ~= start.tzid then
    fail(property.line, "RRULE: UNTIL=%s cannot be compared with DTSTART%s", text,
      found.is_utc and start.is_timed and ": set the plugin's zone to that of DTSTART"
        or ": it has to be a date where DTSTART is one, and a time where that is one")
  end
  local is_early = start.is_timed and found.seconds < start.seconds
  return is_early and found.number - 1 or found.number
end

return date_time
