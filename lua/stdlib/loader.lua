--- Runs the Lua files of a policy or of a plugin, each with globals of its own.
local errors = require "sentinel.errors"
local text = require "sentinel.text"

local loader = {}

local POSSIBLE_ZONES_MAX, FILES_MAX = 16, 64

local methods = {}
methods.__index = methods

--- @param options {view = what `sentinel` is to these files, files = the sources that they may
-- require by name, root = what stands before the names in messages (nil: there are none to
-- require), problems = collector}
function loader.new(options)
  local self = setmetatable({ loaded = {} }, methods)
  for name, value in pairs(options) do
    self[name] = value
  end
  self.run = function(source, file)
    return methods.run(self, source, file)
  end
  return self
end

-- Where a file calls require for this name: who returns what it calls is gone by then.
local function line_of_call(source, file, name)
  local line, caller = host.caller_line()
  if caller == file then
    return line
  end
  local quoted = type(name) == "string" and name:gsub("%W", "%%%0") or ""
  local at = source:find("require%s*%(?%s*[\"'%[]*" .. quoted) or 0
  local _, lines = source:sub(1, at):gsub("\n", "")
  return lines + 1
end

-- What a file returned is there for all that require it; refuse tells where it is required.
function methods:require_file(name, refuse)
  local path = name:gsub("%.", "/") .. ".lua"
  local loaded = self.loaded
  if loaded[path] == nil then
    if not self.files[path] then
      refuse(not self.root and "only \"sentinel\" can be required here; other files need a bundle"
        or ("there is no file %s in this bundle%s"):format(text.quote(path),
          errors.did_you_mean(path, text.sorted_keys(self.files))))
    end
    loaded[path] = false
    loaded[path] = self.run(self.files[path], self.root .. path)
  elseif loaded[path] == false then
    refuse(("%s requires itself, or failed when it was required before"):format(text.quote(path)))
  end
  return loaded[path]
end

--- What the file returns; true for nothing. Raises what it raises.
function methods:run(source, file)
  self.problems:file_number(file)
  local chunk, message = host.compile(source, file, host.sandbox_env({
    require = function(name)
      local function refuse(message)
        error(("%s:%d: %s"):format(file, line_of_call(source, file, name), message), 0)
      end
      if name == "sentinel" then
        return self.view
      elseif type(name) ~= "string" then
        refuse("require wants a name: require \"rules\"")
      end
      return self:require_file(name, refuse)
    end,
  }))
  if not chunk then
    error(message, 0)
  end
  local result = chunk()
  return result == nil or result
end

--- The sources of the files that were required.
function methods:sources()
  local sources = {}
  for path in pairs(self.loaded) do
    sources[#sources + 1] = self.files[path]
  end
  return table.concat(sources, "\n")
end

-- The number of a file as Lua's messages name it: of a long name they have the end, after "...".
local function number_of(file, numbers)
  local tail = not numbers[file] and file:match("^%.%.%.(.+)$")
  for name, number in pairs(tail and numbers or {}) do
    if name:sub(-#tail) == tail then
      return number
    end
  end
  return numbers[file]
end

--- Lua's messages begin with "file:line: ".
function loader.add_error(problems, message, hint)
  local file, line, rest = message:match("^([^\n]-):(%d+): (.*)$")
  local number = file and number_of(file, problems.files.numbers)
  problems:add(errors.place(tonumber(line) or 1, 1, number), rest or message, hint)
end

-- "Europe/Berlin", [[Europe/Berlin]], and the last argument of f(moment, "CET").
local ZONES = {
  "[\"'%[](%u[%w_+-]*/[%w_+/-]*%w)[\"'%]]",
  ",%s*[\"'](%u[%w+-]*)[\"']%s*%)",
}

--- Texts in a source that look like a zone's name: what they may be is known when there is such a
-- zone.
function loader.find_quoted_zones(source)
  local names, count = {}, 0
  for _, pattern in ipairs(ZONES) do
    for name in source:gmatch(pattern) do
      if not names[name] and #name <= 64 and count < POSSIBLE_ZONES_MAX then
        names[name], count = true, count + 1
      end
    end
  end
  return text.sorted_keys(names)
end

--- Texts of a spec in Lua that may be names of JSON files below its folder: at most 64.
function loader.find_quoted_files(source)
  local names, count = {}, 0
  for name in source:gmatch("[\"']([%w_][%w_./-]*%.json)[\"']") do
    if not names[name] and not name:find("..", 1, true) and #name <= 200 and count < FILES_MAX then
      names[name], count = true, count + 1
    end
  end
  return text.sorted_keys(names)
end

--- Zones that only s.time names cannot be seen in what a file returns: where it is called, texts
-- that look like a zone's name are loaded if there is such a zone.
function loader.find_zone_names(...)
  local source = table.concat({ ... }, "\n")
  return source:find("%f[%w_]time%f[^%w_]") and loader.find_quoted_zones(source) or {}
end

return loader
