--- The space of requests (lua/stdlib/space.lua) in the VM that ships, for specs: policies are in Lua,
-- results are text.
local evaluator = require "spec.support.evaluator"
local vm = require "snt_vm"

local space = {}

-- What every chunk begins with: load(text) makes a policy ready, call it by its kind.
local PRELUDE = [[
local errors, reader = require "sentinel.errors", require "sentinel.reader"
local engine = require "sentinel.engine"
local function load_policy(text, kind, plugins)
  local problems = errors.new("p." .. kind)
  local node, place = require("sentinel." .. kind .. "_front").read(text, "p." .. kind, problems)
  local policy = node and reader.read(node, place, problems,
    { plugins = plugins, folder = plugins and "" })
  assert(problems:is_empty(), problems.list[1] and problems.list[1].message)
  return engine.compile(policy)
end
local function encode(value)
  return (assert(host.json_encode(value)))
end
local START = 1768834800 -- 2026-01-19T15:00:00Z, a Monday
]]

local ZONES = { "America/New_York", "Europe/Berlin", "Asia/Tokyo", "Pacific/Kiritimati", "Pacific/Niue",
  "Australia/Lord_Howe", "Africa/Cairo" }

--- A state that may run several chunks.
function space.new()
  local state = vm.new(os.getenv("SNT_STDLIB_FOLDER"))
  for _, name in ipairs(ZONES) do
    state:add_zone(name, assert(evaluator.read_file("/usr/share/zoneinfo/" .. name)))
  end
  return state
end

--- What the chunk returns, with these texts for `...`; raises what it raises.
function space.run(state, chunk, ...)
  local text, message = state:run(PRELUDE .. chunk, ...)
  return text or error(message, 2)
end

return space
