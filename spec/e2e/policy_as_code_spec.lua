--- docs/policy-as-code.md, word for word: from an empty folder to a signed bundle in force in two regions of moto.
local expect = require "spec.support.expect"
local pushing = require "spec.support.pushing"
local samples = require "spec.support.samples"
local world = require "spec.support.world"

describe("the guide to policy as code", function()
  it("has samples that work as they stand", function()
    local moto = pushing.moto()
    local home = world.new { endpoint = moto.url, key = moto.keys.alice, config = "[profile corp]\nregion = us-east-1\n" }
    local counts, environment = {}, { AWS_PROFILE = "corp", AWS_ENDPOINT_URL = moto.url, AWS_EC2_METADATA_DISABLED = "true" }
    for _, sample in ipairs(samples.run_page(home, "policy-as-code.md", environment)) do
      counts[sample.what] = (counts[sample.what] or 0) + 1
    end
    assert.is_true(counts.file >= 5 and counts.run >= 6 and counts.prints >= 2)
    for _, region in ipairs { "us-east-1", "us-west-2" } do
      local pointer = pushing.pointer(moto, region, "prod")
      assert.are.equal(4, pointer.serial)
      assert.is_true(pointer.not_after > os.date("!%Y-%m-%d", os.time() + 50 * 86400)) -- it was renewed
    end
    expect.done(home:run({ "policy", "verify", "prod", "--config", "policies/sentinel.yaml" },
      { environment = environment }))
    assert.is_truthy(home:read("in-force/bundle.yaml"):find("serial: 3\n", 1, true))
    home:remove()
    moto:stop()
  end)
end)
