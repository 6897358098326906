-- The shared corpus of attacks: nothing gets through, wherever in a policy or plugin it stands.
local attacks = require "spec.support.attacks"
local evaluator = require "spec.support.evaluator"

-- SENTINEL_SHARED is the folder of the vectors; the attacks lie beside it.
local folder = (os.getenv("SENTINEL_SHARED") or evaluator.root .. "/../shared/data") .. "/../sandbox-corpus"

describe("the shared corpus", function()
  if #attacks.list(folder) == 0 then
    io.stderr:write("skipped: no attacks in " .. folder .. " (set SENTINEL_SHARED)\n")
    pending("is not on this machine: set SENTINEL_SHARED")
    return
  end
  for _, attack in ipairs(attacks.in_places(folder)) do
    it(("%s does not get through (%s)"):format(attack.file, attack.place), function()
      assert.equal("held, exit 0", attacks.run(folder, attack.file, attack.place))
    end)
  end
end)
