--- What to do about mistakes that specs make because they know other test runners.
local spec_hints = {}

local SANDBOX = "specs run in the sandbox of policies: docs/lua-api.md lists what is there"

local HINTS = {
  print = "a spec prints nothing: a check that fails tells what it got",
  require = "a spec requires nothing: describe, it, assert and mock are there without it",
  setup = "before_each is there; what stands outside of cases is run once",
  teardown = "after_each is there; nothing of a case is left for the next one",
  stub = "mock.plugin, mock.http, mock.geoip and mock.history stand in for the world",
  spy = "mock.plugin, mock.http, mock.geoip and mock.history stand in for the world",
  os = SANDBOX, io = SANDBOX, debug = SANDBOX, package = SANDBOX, coroutine = SANDBOX,
  load = SANDBOX, loadfile = SANDBOX, loadstring = SANDBOX, dofile = SANDBOX,
  getmetatable = SANDBOX, setmetatable = SANDBOX, rawget = SANDBOX, rawset = SANDBOX,
  next = SANDBOX, xpcall = SANDBOX, collectgarbage = SANDBOX, _G = SANDBOX,
}

--- The remedy for a message of Lua's, or nil.
function spec_hints.find(message)
  local name = message:match('global "([%a_]+)" does not exist')
  return name and HINTS[name]
end

--- The message with its remedy.
function spec_hints.add(message)
  local hint = spec_hints.find(message)
  return hint and message .. "; " .. hint or message
end

return spec_hints
