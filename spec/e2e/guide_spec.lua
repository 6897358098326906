--- The samples of docs/plugins.md, docs/testing.md and docs/ci.md, word for word: files are written as
-- the page names them, commands are run, and what the page says that they print has to be in their output.
local expect = require "spec.support.expect"
local samples = require "spec.support.samples"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"
local world = require "spec.support.world"

local BACKENDS = { SENTINEL_BACKEND = "file", SENTINEL_FILE_PASSPHRASE = "correct horse" }

describe("the guide", function()
  local home

  before_each(function()
    home = world.new { environment = BACKENDS }
  end)

  after_each(function()
    home:remove()
  end)

  local function run_page(page)
    return samples.run_page(home, page, BACKENDS)
  end

  for _, page in ipairs { "plugins.md", "testing.md", "ci.md" } do
    it("has samples that work as they stand: " .. page, function()
      local counts = {}
      for _, sample in ipairs(run_page(page)) do
        counts[sample.what] = (counts[sample.what] or 0) + 1
      end
      assert.is_true(counts.file >= 2 and counts.run >= 2 and counts.prints >= 1)
    end)
  end

  it("has a plugin that asks what it says, of whom it says", function()
    local vendors = servers.start_vendors()
    finally(function() vendors:stop() end)
    run_page("plugins.md")
    for name, value in pairs(vendors:environment()) do
      home.environment[name] = value
    end
    for _, name in ipairs { "prod/bundle.yaml", "prod/plugins/freeze/plugin.lua" } do
      home:write(name, (home:read(name):gsub("changes%.example%.com", "a.example"))) -- a host that the server has
    end
    local function explain(body)
      vendors:set { ["a.example /api/freezes"] = { body = body } }
      return expect.json(home:run({ "explain", "prod", "--policy", "prod", "--user", "ops-alice", "--json" },
        { bin = settings.loopback }))
    end
    local answer = explain '{"freezes":[],"owner":"x"}'
    assert.are.equal("allow", answer.effect, answer.facts[1] and answer.facts[1].reason)
    local request = vendors:requests()[1]
    assert.are.equal("Bearer an example of a token", request.headers.authorization)
    assert.are.equal("system=payments", request.query)
    assert.is_nil(answer.facts[1].value.json.owner)
    answer = explain '{"freezes":[{"title":"end of year","owner":"x"}]}'
    assert.are.equal("deny", answer.effect)
    assert.are.equal("frozen: end of year", answer.trace[1].got)
    assert.is_nil(answer.facts[1].value.json.freezes[1].owner)
  end)
end)
