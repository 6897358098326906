--- The problems of a policy: what was found where, what is allowed, and the nearest allowed word.
local text = require "sentinel.text"

local errors = {}

local SHOWN_MAX = 20
local KEPT_MAX = 1000
local MESSAGE_MAX = 500

-- A place is one integer, since a policy has many: line * 2^20 + column. lua/lib_yaml.c makes them
-- too.
local LINE = 1 << 20

function errors.place(line, column)
  return line * LINE + (column or 1)
end

--- The line and the column of a place.
function errors.line_of(place)
  return place // LINE, place % LINE
end

errors.START = errors.place(1)

local collector = {}
collector.__index = collector

--- A collector for one file.
function errors.new(file)
  return setmetatable({ file = file, list = {}, count = 0 }, collector)
end

--- @param place of errors.place
function collector:add(place, message, hint)
  self.count = self.count + 1
  if self.count <= KEPT_MAX then
    local line, column = errors.line_of(place)
    self.list[self.count] = {
      line = line,
      column = column,
      message = text.cut(host.error_text(message), MESSAGE_MAX),
      hint = text.cut(host.error_text(hint or ""), MESSAGE_MAX),
      order = self.count,
    }
  end
end

function collector:is_empty()
  return self.count == 0
end

local function is_before(a, b)
  if a.line ~= b.line then
    return a.line < b.line
  elseif a.column ~= b.column then
    return a.column < b.column
  end
  return a.order < b.order
end

--- The problems in the order of the text, at most 20 and a line that counts the others.
function collector:sorted()
  local all, shown = self.list, {}
  table.sort(all, is_before)
  for i = 1, math.min(#all, SHOWN_MAX) do
    shown[i] = all[i]
  end
  if self.count > SHOWN_MAX then
    local last = shown[SHOWN_MAX]
    local message = ("%d more problems are not shown"):format(self.count - SHOWN_MAX)
    shown[#shown + 1] = { line = last.line, column = last.column, message = message, hint = "" }
  end
  return shown
end

--- `; did you mean "profiles"?`, or nothing.
function errors.did_you_mean(word, allowed)
  local nearest = host.nearest(word, allowed)
  return nearest and ('; did you mean "%s"?'):format(nearest) or ""
end

--- "allowed: a, b, c"
function errors.allowed(list)
  return "allowed: " .. table.concat(list, ", ")
end

return errors
