--- The problems of a policy: what was found where, what is allowed, and the nearest allowed word.
local text = require "sentinel.text"

local errors = {}

local SHOWN_MAX = 20
local KEPT_MAX = 1000
local MESSAGE_MAX = 500

-- A place is one integer, since a policy has many: line * 2^20 + column, and 2^40 for every file of
-- a bundle that comes before. lua/lib_yaml.c makes them too.
local LINE, FILE = 1 << 20, 1 << 40

--- @param file its number (collector:file_number); the policy's own is 0
function errors.place(line, column, file)
  return (file or 0) * FILE + line * LINE + (column or 1)
end

--- The line and the column of a place.
function errors.line_of(place)
  return place % FILE // LINE, place % LINE
end

--- The number of the file of a place.
function errors.file_of(place)
  return place // FILE
end

errors.START = errors.place(1)

local collector = {}
collector.__index = collector

--- A collector for a policy's file, and others that it requires.
function errors.new(file)
  local files = { [0] = file, numbers = { [file] = 0 } }
  return setmetatable({ files = files, list = {}, count = 0 }, collector)
end

--- The number of a file by its name, for errors.place.
function collector:file_number(name)
  local numbers = self.files.numbers
  if not numbers[name] then
    numbers[name] = #self.files + 1
    self.files[#self.files + 1] = name
  end
  return numbers[name]
end

--- The name of the file that a place is in.
function collector:file_name(place)
  return self.files[errors.file_of(place)]
end

--- @param place of errors.place
function collector:add(place, message, hint)
  self.count = self.count + 1
  if self.count <= KEPT_MAX then
    local line, column = errors.line_of(place)
    self.list[self.count] = {
      number = place // FILE,
      file = self.files[place // FILE],
      line = line,
      column = column,
      message = text.cut(host.error_text(message), MESSAGE_MAX),
      hint = text.cut(host.error_text(hint or ""), MESSAGE_MAX),
      order = self.count,
    }
  end
end

--- Forgets the problems, for reading once more; files keep their numbers.
-- @return the places that they had, as a set
function collector:clear()
  local places = {}
  for _, problem in ipairs(self.list) do
    places[errors.place(problem.line, problem.column, problem.number)] = true
  end
  self.list, self.count = {}, 0
  return places
end

function collector:is_empty()
  return self.count == 0
end

local function is_before(a, b)
  if a.number ~= b.number then
    return a.number < b.number
  elseif a.line ~= b.line then
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
    shown[#shown + 1] = {
      file = last.file, line = last.line, column = last.column, message = message, hint = "",
    }
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
