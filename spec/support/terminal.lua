--- A program on a terminal of its own, and a person at it.
local cjson = require "cjson"
local process = require "spec.support.process"
local settings = require "spec.support.settings"

local terminal = {}

--- Runs argv in a world's home with its environment (environment is laid over it), and does the steps of
-- spec/support/terminal.py. Returns {screen, status, echo}.
function terminal.run(world, argv, steps, environment)
  local task = { argv = argv, steps = steps, folder = world.home,
    environment = world:options { environment = environment }.environment }
  local result = process.python({ settings.source .. "/spec/support/terminal.py" },
    { stdin = cjson.encode(task), limit_s = 120 })
  assert(result.status == 0, result.stderr)
  return cjson.decode(result.stdout)
end

return terminal
