--- The samples of a page of docs/. What stands before one says what it is: <!-- file PATH -->, <!--
-- run --> or <!-- run STATUS -->, <!-- record --> for a run where the page's service answers that
-- nothing is frozen and, for the output of the runs since the last one, <!-- prints -->.
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"

local samples = {}

--- In order: {{what, argument, text, line}, ...}.
function samples.read(page)
  local found, mark, sample, number = {}, nil, nil, 0
  for line in (assert(files.read(settings.source .. "/docs/" .. page)) .. "\n"):gmatch("(.-)\n") do
    number = number + 1
    if sample and line == "```" then
      sample.text = table.concat(sample, "\n") .. "\n"
      found[#found + 1], sample = sample, nil
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
  return found
end

--- Lines of a shell in the world's home, with the program in PATH. Returns what process.run does.
-- @param bin where the program lies, when it is not the one that ships
function samples.run_shell(home, text, more, bin)
  local environment = { HOME = home.home, PATH = (bin or settings.bin:match("^(.*)/")) .. ":/usr/bin:/bin" }
  for name, value in pairs(more or {}) do
    environment[name] = value
  end
  return process.run({ "/bin/sh", "-e", "-c", text }, { environment = environment, folder = home.home })
end

-- The same where the service of the pages' plugin answers.
local function run_recording(home, text, more)
  local vendors <close> = servers.start_vendors()
  vendors:set { ["changes.example.com /api/freezes"] = { body = '{"freezes":[]}' } }
  local environment = vendors:environment()
  for name, value in pairs(more or {}) do
    environment[name] = value
  end
  local bin = files.make_folder(home.home .. "/bin")
  process.run { "/usr/bin/ln", "-s", settings.loopback, bin .. "/sentinel" }
  return samples.run_shell(home, text, environment, bin)
end

--- Writes what the page calls files, runs what it runs, and compares what it says that is printed.
-- Returns the samples.
function samples.run_page(home, page, environment)
  local printed = ""
  local function take(result, sample)
    expect.status(result, tonumber(sample.argument) or 0)
    printed = printed .. result.stdout .. result.stderr
  end
  local does = {
    file = function(sample) home:write(sample.argument, sample.text) end,
    run = function(sample) take(samples.run_shell(home, sample.text, environment), sample) end,
    record = function(sample) take(run_recording(home, sample.text, environment), sample) end,
    prints = function(sample)
      for line in sample.text:gmatch("[^\n]+") do
        assert(("\n" .. printed):find("\n" .. line .. "\n", 1, true),
          ("line %d: nothing printed %q, but:\n%s"):format(sample.line, line, printed))
      end
      printed = ""
    end,
  }
  local found = samples.read(page)
  for _, sample in ipairs(found) do
    assert(does[sample.what], sample.what)(sample)
  end
  return found
end

return samples
