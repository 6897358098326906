--- Content lines of iCalendar (RFC 5545, 3.1) and the components that they make up.
--
-- MUST
--  1. raise on whatever is not iCalendar, with the number of its line: half a calendar would be one
--     with fewer holidays.
local ical = {}

local DEPTH_MAX = 8

-- What a component that is looked into may say only once.
local ONCE = {
  DTSTART = true, DTEND = true, DURATION = true, RRULE = true, STATUS = true, SUMMARY = true,
}
-- What is read of an event; EXRULE and RECURRENCE-ID are told apart by who reads it.
local READ = {
  DTSTART = true, DTEND = true, DURATION = true, RRULE = true, STATUS = true, SUMMARY = true,
  RDATE = true, EXDATE = true, EXRULE = true, ["RECURRENCE-ID"] = true,
}

local function fail(number, message, ...)
  error({ line = number, message = message:format(...) }, 0)
end

-- Calls f(line, its number) for each unfolded line; empty lines are left out.
local function each_line(text, f)
  local whole, first, number = nil, 0, 0
  for line in (text:byte(-1) == 10 and text or text .. "\n"):gmatch("([^\n]*)\n") do
    number = number + 1
    if line:byte(-1) == 13 then
      line = line:sub(1, -2)
    end
    local begins = line:byte(1)
    if begins == 32 or begins == 9 then
      if not whole then
        fail(number, "a line goes on that has not begun")
      end
      whole = whole .. line:sub(2)
    elseif line ~= "" then
      if whole then
        f(whole, first)
      end
      whole, first = line, number
    end
  end
  if whole then
    f(whole, first)
  end
  return number
end

-- The parameters between name and value, and where the value begins.
local function parse_params(line, at, number)
  local params = {}
  while line:byte(at) == 59 do -- ";"
    local name, last = line:match("^([%w-]+)=()", at + 1)
    if not name then
      fail(number, "a parameter is not as iCalendar writes it")
    end
    local value
    repeat
      local quoted, after = line:match('^"([^"]*)"()', last)
      if not quoted then
        quoted, after = line:match('^([^";:,]*)()', last)
      end
      value, last = value and value .. "," .. quoted or quoted, after
      local is_list = line:byte(last) == 44 -- ","
      last = is_list and last + 1 or last
    until not is_list
    name = name:upper()
    if params[name] then
      fail(number, "the parameter %s is there twice", name)
    end
    params[name], at = value, last
  end
  if line:byte(at) ~= 58 then -- ":"
    fail(number, "this is no line of iCalendar")
  end
  return params, at + 1
end

local function begin(state, name, number)
  local above = state.stack[#state.stack]
  if not above and name ~= "VCALENDAR" then
    fail(number, "a calendar begins with BEGIN:VCALENDAR")
  elseif (above ~= nil and name == "VCALENDAR") or #state.stack == DEPTH_MAX then
    fail(number, "%s cannot begin here", name)
  elseif name == "VEVENT" and above.name ~= "VCALENDAR" then
    fail(number, "an event cannot be part of %s", above.name)
  end
  local component = { name = name, line = number, properties = {} }
  if name == "VEVENT" then
    table.insert(state.events, component)
  end
  table.insert(state.stack, component)
end

local function finish(state, name, number)
  local component = table.remove(state.stack)
  if not component or component.name ~= name then
    fail(number, "END:%s stands where %s ends", name, component and component.name or "nothing")
  elseif name == "VCALENDAR" and not component.has_version then
    fail(number, "the calendar has no VERSION:2.0")
  end
end

-- What the calendar says of itself; the rest of it says nothing about dates.
local function read_header(calendar, name, value, number)
  value = value:upper()
  if name == "VERSION" and value ~= "2.0" then
    fail(number, "version %s of iCalendar is not understood", value)
  elseif name == "CALSCALE" and value ~= "GREGORIAN" then
    fail(number, "the calendar %s is not understood", value)
  elseif name == "METHOD" and value ~= "PUBLISH" then
    fail(number, "a calendar with METHOD:%s is no list of holidays", value)
  end
  calendar.has_version = calendar.has_version or name == "VERSION"
end

local HEADER = { VERSION = true, CALSCALE = true, METHOD = true }

local function read_property(event, name, line, at, number)
  local params, value_at = parse_params(line, at, number)
  local list = event.properties[name] or {}
  if ONCE[name] and #list > 0 then
    fail(number, "%s is there twice in one event", name)
  end
  list[#list + 1] = { params = params, value = line:sub(value_at), line = number }
  event.properties[name] = list
end

local function read_line(state, line, number)
  local name, at = line:match("^([%w-]+)()[;:]")
  if not name then
    fail(number, "this is no line of iCalendar")
  end
  name = name:upper()
  if name == "BEGIN" or name == "END" then
    local component = line:match("^:([%w-]+)$", at)
    if not component then
      fail(number, "%s has no name of a component", name)
    end
    return (name == "BEGIN" and begin or finish)(state, component:upper(), number)
  end
  local top = state.stack[#state.stack]
  if not top then
    fail(number, "a calendar begins with BEGIN:VCALENDAR")
  elseif top.name == "VEVENT" and READ[name] then
    read_property(top, name, line, at, number)
  elseif top.name == "VCALENDAR" and HEADER[name] then
    local _, value_at = parse_params(line, at, number)
    read_header(top, name, line:sub(value_at), number)
  end
end

--- The events of a text: {{line, properties = {NAME = {{params, value, line}, ...}}}, ...}.
-- Raises {line, message}.
function ical.parse(text)
  local state = { stack = {}, events = {} }
  if text:sub(1, 3) == "\xEF\xBB\xBF" then -- a byte order mark
    text = text:sub(4)
  end
  local last = each_line(text, function(line, number)
    if line:find("[%z\1-\8\11-\31\127]") then
      fail(number, "there is a control character in it")
    end
    read_line(state, line, number)
  end)
  if #state.stack > 0 then
    fail(last, "the file ends within %s", state.stack[#state.stack].name)
  elseif #state.events == 0 then
    fail(math.max(last, 1), "there is no event in it")
  end
  return state.events
end

ical.fail = fail

return ical
