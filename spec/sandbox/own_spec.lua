-- Attacks on what this program adds to Lua: its module, its views, its schema, its trace.
local attacks = require "spec.support.attacks"
local evaluator = require "spec.support.evaluator"

local folder = evaluator.root .. "/spec/sandbox/attacks"

-- What an attack in a condition ends with, or "".
local function find_end(file)
  local policy = evaluator.load("lua", [[
local s = require "sentinel"
return s.policy { version = "1", rules = { s.rule "a" { effect = "allow", conditions = { function(request)
  local result = (function(...) ]] .. evaluator.read_file(folder .. "/" .. file) .. [[

  end)(request)
  return s ~= nil and result == "PWNED" end } } } }
]])
  if not policy then
    return "" -- it is refused before it runs
  end
  local decision = evaluator.decide(policy)
  policy.state:close()
  return decision.trace[1].got or ""
end

describe("our own attacks", function()
  it("are there", function()
    assert.is_true(#attacks.list(folder) >= 40)
  end)

  it("end at no name that is not there: what comes after it would try nothing", function()
    for _, file in ipairs(attacks.list(folder)) do
      local name = find_end(file):match('global "([^"]*)" does not exist')
      assert.is_nil(name, ("%s ends at %s"):format(file, name))
    end
  end)

  for _, attack in ipairs(attacks.in_places(folder)) do
    it(("%s does not get through (%s)"):format(attack.file, attack.place), function()
      assert.equal("held, exit 0", attacks.run(folder, attack.file, attack.place))
    end)
  end
end)
