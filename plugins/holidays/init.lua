--- Whether the date is a holiday in one of the bundle's calendars.
--
-- MUST
--  1. raise on a calendar that is not there or not understood, in any part of it: false would hold
--     under `not`;
--  2. read all calendars before any of them decides.
local calendar = require "calendar"
local s = require "sentinel"

-- What was read, by name and zone, for the next rule; the text says whether it is still the same.
local known = {}

local function read(name, zone, host)
  local text = host.file(name)
  local key = zone .. " " .. name
  if known[key] and known[key].text == text then
    return known[key].holidays
  end
  local is_read, result = pcall(calendar.parse, text, { zone = zone, to_local = function(moment)
    return s.time(moment, zone) or error({ line = 0, message = moment .. " is no time" }, 0)
  end })
  if not is_read then
    local where = type(result) == "table"
    error(where and ("%s:%d: %s"):format(name, result.line, result.message) or result, 0)
  end
  known[key] = { text = text, holidays = result }
  return result
end

return function(args, request, host)
  local zone = args.zone or "UTC"
  local date = s.time(request.time, zone) or error(request.time .. " is beyond all calendars", 0)
  local found
  for _, name in ipairs(args.calendars) do
    local holidays = read(name, zone, host)
    if args.covers_year and not calendar.covers(holidays, date.year) then
      error(("%s has no holiday in %d"):format(name, date.year), 0)
    end
    found = found or calendar.find(holidays, date)
  end
  if found then
    return true, found
  end
  return false, ("%04d-%02d-%02d is no holiday"):format(date.year, date.month, date.day)
end
