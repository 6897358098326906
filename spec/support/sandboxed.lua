--- Lua files of a plugin that ships, run by the distribution's Lua with the names that the sandbox
-- has, and with a stand-in for `sentinel`.
local files = require "spec.support.files"
local settings = require "spec.support.settings"

local sandboxed = {}

local NAMES = { "assert", "error", "ipairs", "math", "pairs", "pcall", "rawequal", "rawlen",
  "select", "string", "table", "tonumber", "tostring", "type", "utf8" }

--- The plugin's own `require`.
-- @param sentinel what `require "sentinel"` gives
function sandboxed.plugin(name, sentinel)
  local loaded, environment = { sentinel = sentinel }, {}
  for _, global in ipairs(NAMES) do
    environment[global] = _G[global]
  end
  function environment.require(file)
    if loaded[file] == nil then
      local path = ("%s/plugins/%s/%s.lua"):format(settings.source, name, file)
      loaded[file] = assert(load(assert(files.read(path), path), "@" .. path, "t", environment))()
    end
    return loaded[file]
  end
  return environment.require
end

--- `sentinel` with its time, of UTC only.
sandboxed.sentinel = {
  time = function(moment, zone)
    assert(zone == "UTC", "the stand-in knows only UTC")
    local names, now = { "year", "month", "day", "hour", "min", "sec" }, {}
    local parts = { moment:match("^(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)") }
    for i, field in ipairs(names) do
      now[field] = math.tointeger(assert(tonumber(parts[i]), moment))
    end
    return now
  end,
}

return sandboxed
