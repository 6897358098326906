--- The samples of docs/plugins.md and docs/testing.md, word for word: files are written as the page
-- names them, commands are run, and what the page says that they print has to be in their output.
--
-- What stands before a sample says what it is: <!-- file PATH -->, <!-- run --> or <!-- run STATUS -->,
-- <!-- record --> for a run where the page's service answers that nothing is frozen, and, for the output
-- of the runs since the last one, <!-- prints -->.
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"
local world = require "spec.support.world"

local BACKENDS = { SENTINEL_BACKEND = "file", SENTINEL_FILE_PASSPHRASE = "correct horse" }

-- The samples of a page, in order: {{what, argument, text, line}, ...}.
local function samples_of(page)
  local samples, mark, sample, number = {}, nil, nil, 0
  for line in (assert(files.read(settings.source .. "/docs/" .. page)) .. "\n"):gmatch("(.-)\n") do
    number = number + 1
    if sample and line == "```" then
      sample.text = table.concat(sample, "\n") .. "\n"
      samples[#samples + 1], sample = sample, nil
    elseif sample then
      sample[#sample + 1] = line
    elseif line:find("^```") then
      assert(mark, ("docs/%s:%d: nothing says what this sample is, so nothing runs it"):format(page, number))
      sample, mark = { what = mark[1], argument = mark[2], line = number }, nil
    else
      local what, argument = line:match("^<!%-%- (%l+) ?(.-) %-%->$")
      assert(not mark or line == "" or what, ("docs/%s:%d: a mark without a sample"):format(page, number))
      mark = what and { what, argument } or line == "" and mark or nil
    end
  end
  assert(not sample and not mark, "docs/" .. page .. " ends within a sample")
  return samples
end

describe("the guide", function()
  local home

  before_each(function()
    home = world.new { environment = BACKENDS }
  end)

  after_each(function()
    home:remove()
  end)

  local printed

  local function run(sample, bin, more)
    local environment = { HOME = home.home, PATH = bin .. ":/usr/bin:/bin" }
    for _, variables in ipairs { BACKENDS, more } do
      for name, value in pairs(variables) do
        environment[name] = value
      end
    end
    local result = process.run({ "/bin/sh", "-e", "-c", sample.text },
      { environment = environment, folder = home.home })
    expect.status(result, tonumber(sample.argument) or 0)
    printed = printed .. result.stdout .. result.stderr
  end

  local does = {
    file = function(sample) home:write(sample.argument, sample.text) end,
    run = function(sample) run(sample, settings.bin:match("^(.*)/"), {}) end,
    record = function(sample)
      local vendors <close> = servers.start_vendors()
      vendors:set { ["changes.example.com /api/freezes"] = { body = '{"freezes":[]}' } }
      local bin = files.make_folder(home.home .. "/bin")
      process.run { "/usr/bin/ln", "-s", settings.loopback, bin .. "/sentinel" }
      run(sample, bin, vendors:environment())
    end,
    prints = function(sample)
      for line in sample.text:gmatch("[^\n]+") do
        assert.is_truthy(("\n" .. printed):find("\n" .. line .. "\n", 1, true),
          ("line %d: nothing printed %q, but:\n%s"):format(sample.line, line, printed))
      end
      printed = ""
    end,
  }

  local function run_page(page)
    printed = ""
    local samples = samples_of(page)
    for _, sample in ipairs(samples) do
      assert(does[sample.what], sample.what)(sample)
    end
    return samples
  end

  for _, page in ipairs { "plugins.md", "testing.md" } do
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
