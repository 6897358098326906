-- Attacks on what this program adds to Lua: its module, its views, its schema, its trace.
local attacks = require "spec.support.attacks"
local evaluator = require "spec.support.evaluator"

local folder = evaluator.root .. "/spec/sandbox/attacks"

describe("our own attacks", function()
  it("are there", function()
    assert.is_true(#attacks.list(folder) >= 40)
  end)
  for _, attack in ipairs(attacks.in_places(folder)) do
    it(("%s does not get through (%s)"):format(attack.file, attack.place), function()
      assert.equal("held, exit 0", attacks.run(folder, attack.file, attack.place))
    end)
  end
end)
