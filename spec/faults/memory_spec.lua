--- I3: no secret of the environment or the keychain is anywhere in the memory of template and
-- worker, from the first
-- byte that they read. The program under test is the one that ships; a tracer stops what it forks.
local expect = require "spec.support.expect"
local process = require "spec.support.process"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"
local shims = require "spec.support.shims"
local world = require "spec.support.world"

local TOKEN = "IQoJb3JpZ2luX2VjEXAMPLE/token+Zx81Qw9=="
local CONTAINER = "Bearer-3hQ9-of-the-container-8sLw"
local PASSPHRASE = "kJ7#pass-Vw2!phrase-Qz9"

describe("the memory of template and worker", function()
  local faulty, home

  setup(function()
    faulty = servers.start_faulty()
  end)

  teardown(function()
    faulty:stop()
  end)

  before_each(function()
    faulty:set {}
    home = world.new { endpoint = faulty.url, source = "ssm:/p" }
    home:write(".aws/credentials", "")
    home:write("secrets", table.concat({ world.key.secret, TOKEN, PASSPHRASE, CONTAINER }, "\n") .. "\n")
  end)

  after_each(function()
    home:remove()
  end)

  local function is_root()
    local pipe = io.popen("id -u")
    local id = pipe:read("l")
    pipe:close()
    return id == "0"
  end

  local function scan(arguments, environment)
    if not is_root() then
      return pending(settings.skipped(
        "only root may read the memory of a program that is not dumpable"))
    end
    local argv = { shims.program("scan_memory"), home.home .. "/report", home.home .. "/secrets",
      settings.bin }
    for _, word in ipairs(arguments) do
      argv[#argv + 1] = word
    end
    local result = process.run(argv, home:options { environment = environment })
    local report = home:read("report") or ""
    local counts = {}
    for name, count in report:gmatch("(%w+) (%d+)\n") do
      counts[name] = tonumber(count)
    end
    return result, counts, report
  end

  local given = {
    AWS_ACCESS_KEY_ID = world.key.id, AWS_SECRET_ACCESS_KEY = world.key.secret,
      AWS_SESSION_TOKEN = TOKEN,
    AWS_CONTAINER_AUTHORIZATION_TOKEN = CONTAINER, SENTINEL_FILE_PASSPHRASE = PASSPHRASE,
  }

  local function assert_clean(counts, report)
    assert.are.equal(0, counts.found, report)
    assert.is_true(counts.control > 0, "the scanner finds nothing where the secrets are")
    assert.is_true(counts.processes >= 1 and counts.scans >= 2,
      "it was not seen both before it loads policy and before it evaluates: " .. report)
  end

  it("holds no secret of the environment, in credentials", function()
    local result, counts, report = scan({ "credentials", "dev" }, given)
    expect.credentials(result)
    assert_clean(counts, report)
  end)

  it("holds no secret of the environment, in exec and explain", function()
    local result, counts, report = scan({ "explain", "dev", "--json" }, given)
    expect.json(result)
    assert_clean(counts, report)
    result, counts, report = scan({ "exec", "dev", "--", "/bin/true" }, given)
    expect.status(result, 0)
    assert_clean(counts, report)
  end)

  it("holds no secret of the command line's neighbours: arguments are wiped too", function()
    -- A justification is no secret, but it is an argument: what was there is not.
    local words = "INC-4521-kQ8vZ2wX7nB4mJ6hT1"
    home:write("secrets", words .. "\n")
    local policy = home:write("p.yaml",
      "version: \"1\"\nrules:\n  - {name: a, effect: deny, conditions: {}}\n")
    local result, counts, report = scan({ "policy", "validate", policy, "--json" },
      { SENTINEL_JUSTIFICATION = words })
    expect.json(result)
    assert.are.equal(0, counts.found, report)
    assert.is_true(counts.control > 0 and counts.scans >= 1, report)
  end)

  it("holds no key of the shared credentials file or of the keychain", function()
    home:write_key { id = world.key.id, secret = world.key.secret, token = TOKEN }
    local result, counts, report = scan({ "credentials", "dev" },
      { SENTINEL_FILE_PASSPHRASE = PASSPHRASE })
    expect.credentials(result)
    assert_clean(counts, report)
    home:write(".aws/credentials", "")
    local environment = { SENTINEL_FILE_PASSPHRASE = PASSPHRASE, SENTINEL_BACKEND = "file" }
    expect.done(home:run({ "add", "corp", "--stdin" },
      { stdin = world.key.id .. "\n" .. world.key.secret .. "\n", environment = environment }))
    result, counts, report = scan({ "credentials", "dev" }, environment)
    expect.credentials(result)
    assert_clean(counts, report)
  end)

  it("is searched by a scanner that would find them", function()
    local script = home:write("leak.sh",
      "#!/bin/sh\nread line </dev/null; (cat /dev/zero | head -c 10 >/dev/null)\n",
      "0700")
    if not is_root() then
      return pending(settings.skipped("only root may scan"))
    end
    process.run({ shims.program("scan_memory"), home.home .. "/report", home.home .. "/secrets",
      script },
      home:options { environment = given })
    assert.is_nil((home:read("report") or ""):match("found 0\n"),
      "a shell's children keep the environment")
  end)
end)
