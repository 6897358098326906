--- Who can get in against evaluation, and the differences of two policies (bench/who_can.lua): random
-- policies, random requests. The seed is fixed; SENTINEL_WHO_CAN_POLICIES says how many policies.
local evaluator = require "spec.support.evaluator"
local space = require "spec.support.space"

local POLICIES = tonumber(os.getenv("SENTINEL_WHO_CAN_POLICIES")) or 100
local OF_ONE_STATE = 20
local REQUESTS = 100 -- for each policy

describe("who can get in", function()
  it(("is what evaluation says, in %d policies"):format(POLICIES), function()
    local source = evaluator.read_file(evaluator.root .. "/bench/who_can.lua")
    local ways, covered, alike, changes, differing, unsure = 0, 0, 0, 0, 0, 0
    for seed = 1, POLICIES // OF_ONE_STATE do
      local state = space.new()
      local told = assert(state:run(source, tostring(OF_ONE_STATE), tostring(REQUESTS), tostring(seed)))
      state:close()
      assert(told:find("; 0 contradictions", 1, true), told)
      assert(told:find("(0 policies not exact)", 1, true), told)
      unsure = unsure + tonumber(told:match("(%d+) pairs not exact"))
      ways = ways + tonumber(told:match("(%d+) ways in"))
      covered = covered + tonumber(told:match("(%d+) covered"))
      alike = alike + tonumber(told:match("(%d+) alike"))
      changes = changes + tonumber(told:match("(%d+) changes of access"))
      differing = differing + tonumber(told:match("(%d+) requests that differ"))
    end
    -- Two policies may differ in more ways than are looked for: it is said, and it is rare.
    assert.is_true(unsure <= POLICIES // 500, unsure .. " pairs are not exact")
    assert.is_true(ways > 5 * POLICIES, ways .. " ways in")
    assert.is_true(covered > 5 * POLICIES, covered .. " requests are allowed")
    assert.is_true(changes > POLICIES, changes .. " changes of access")
    assert.is_true(differing > POLICIES, differing .. " requests differ")
    assert.is_true(alike > POLICIES // 10 and alike < POLICIES // 2, alike .. " pairs are alike")
  end)
end)
