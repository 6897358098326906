--- sentinel replay with a policy that SSM holds: read once, in a process of its own.
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"
local shims = require "spec.support.shims"
local stage = require "spec.support.stage"
local world = require "spec.support.world"

local WIDENED = world.allow_dev .. [[
  - name: prod-everyone
    effect: allow
    conditions: {profiles: [prod]}
]]

describe("sentinel replay with a policy of SSM", function()
  local DEV = "ssm:/sentinel/policies/dev"
  local NARROWED = world.allow_dev:gsub("profiles: %[dev%]", "profiles: [dev], users: [bob]")
  local moto, home, written

  setup(function()
    moto = stage.moto { parameters = {
      { name = "/sentinel/policies/dev", value = world.allow_dev, type = "SecureString" },
      { name = "/sentinel/policies/prod", value = stage.policies.prod },
      { name = "/sentinel/policies/dev", value = NARROWED, region = "eu-west-1" },
      { name = "/sentinel/policies/open", value = WIDENED },
      { name = "/sentinel/policies/broken", value = stage.policies.broken },
      { name = "/sentinel/policies/lua", value = world.allow_dev_lua },
    } }
    home = stage.world(moto)
    expect.credentials(home:run { "credentials", "dev" })
    expect.refused(home:run { "credentials", "prod" }, 3)
    expect.credentials(home:run { "credentials", "dev" })
    written = files.read(home.log)
  end)

  teardown(function()
    home:remove()
    moto:stop()
  end)

  before_each(function()
    moto:forget()
    home:write_key(moto.keys.alice)
    home:write_aws_config(stage.config())
  end)

  after_each(function()
    assert.are.equal(written, files.read(home.log))
  end)

  local function replay(source, ...)
    return home:run { "replay", "--policy", source, ... }
  end

  local function asked()
    local list = {}
    for i, request in ipairs(moto:requests()) do
      list[i] = request.action .. "@" .. request.headers.authorization:match("/(%w+%-%w+%-%d)/")
    end
    return table.concat(list, " ")
  end

  it("reads it with the profile's credentials, and asks AWS nothing else", function()
    local answer = expect.json(replay(DEV, "--profile", "dev", "--json"))
    assert.are.equal(2, answer.decisions)
    assert.are.equal(2, answer.same)
    assert.are.same({ source = DEV, region = "us-east-1", version = 1,
      sha256 = home:records()[1].policy.sha256 }, answer.policy)
    assert.are.equal("GetParameter@us-east-1", asked())
    assert.is_truthy(expect.done(replay(DEV, "--profile", "dev")):find("2 decisions of " .. home.log
      .. " replayed with ssm:/sentinel/policies/dev (version 1 in us-east-1): 2 the same, 0 changed\n", 1, true))
  end)

  it("reads one in Lua, and finds who gets in", function()
    assert.are.equal(2, expect.json(replay("ssm:/sentinel/policies/lua", "--profile", "dev", "--json")).same)
    local answer = expect.json(replay("ssm:/sentinel/policies/open", "--profile", "prod", "--json"), 1)
    assert.are.equal("prod-everyone", answer.flips[1].rule_after)
    assert.are.equal(1, answer.decisions)
  end)

  it("takes {profile} from --profile", function()
    local source = "ssm:/sentinel/policies/{profile}"
    assert.are.equal(1, expect.json(replay(source, "--profile", "prod", "--json")).same)
    moto:forget()
    expect.refused(home:run({ "replay", "--policy", source }, { environment = { AWS_PROFILE = "dev" } }), 2,
      "--profile")
    assert.are.equal("", asked())
  end)

  it("takes credentials from AWS_PROFILE, which chooses no decisions", function()
    local function run(...)
      return home:run({ "replay", "--policy", DEV, "--json", ... }, { environment = { AWS_PROFILE = "dev" } })
    end
    assert.are.equal(3, expect.json(run()).decisions)
    assert.are.equal(1, expect.json(run("--profile", "prod")).decisions)
    expect.refused(home:run({ "replay", "--policy", DEV }, { environment = { AWS_PROFILE = "../x" } }), 2, "../x")
    assert.are.equal(3, expect.json(home:run({ "replay", "--policy", home:write("new/policy.yaml", world.allow_dev),
      "--json" }, { environment = { AWS_PROFILE = "../x" } })).same)
  end)

  it("needs no profile where the environment holds a key and a region", function()
    home:write(".aws/credentials", "")
    home:write_aws_config("")
    local key = moto.keys.alice
    local environment = { AWS_ACCESS_KEY_ID = key.id, AWS_SECRET_ACCESS_KEY = key.secret }
    expect.refused(home:run({ "replay", "--policy", DEV }, { environment = environment }), 5, "no region", "--region")
    environment.AWS_REGION = "us-east-1"
    local answer = expect.json(home:run({ "replay", "--policy", DEV, "--json" }, { environment = environment }))
    assert.are.equal(3, answer.same)
    environment.AWS_PROFILE = "dev"
    expect.refused(home:run({ "replay", "--policy", DEV }, { environment = environment }), 5, '"dev" is not defined')
  end)

  it("asks nobody for anything where there is no log", function()
    expect.refused(replay(DEV, "--profile", "dev", "--log", home.home .. "/none.jsonl"), 5, "none.jsonl")
    assert.are.equal("", asked())
  end)

  it("asks the region that is named", function()
    local answer = expect.json(replay(DEV, "--profile", "dev", "--region", "eu-west-1", "--json"))
    assert.are.equal("eu-west-1", answer.policy.region)
    assert.are.equal(2, answer.changes.from_allow)
    assert.are.equal("GetParameter@eu-west-1", asked())
    expect.refused(replay(DEV, "--profile", "dev", "--region", "us east"), 2, "us east")
  end)

  it("takes the key from the keychain that is named", function()
    local environment = { SENTINEL_FILE_PASSPHRASE = "kJ7#pass-Vw2!phrase-Qz9" }
    local key = moto.keys.alice
    home:write(".aws/credentials", "")
    expect.done(home:run({ "add", "corp", "--stdin", "--backend", "file" },
      { stdin = key.id .. "\n" .. key.secret .. "\n", environment = environment }))
    local function run(backend)
      return home:run({ "replay", "--policy", DEV, "--profile", "dev", "--backend", backend, "--json" },
        { environment = environment })
    end
    assert.are.equal(2, expect.json(run("file")).same)
    expect.refused(run("keyring"), 6)
    expect.done(home:run({ "remove", "corp", "--backend", "file" }, { environment = environment }))
  end)

  -- What `explain` says of the same failure, to the letter.
  local failures = {
    { "there is no such parameter", "absent", 5, function() end, "ParameterNotFound" },
    { "there is no key", "dev", 6, function() home:write(".aws/credentials", "") end, "corp" },
    { "the profile does not exist", "devv", 5, function() end, '"devv" is not defined' },
    { "there is no region", "dev", 5, function()
      home:write_aws_config((stage.config():gsub("region = [^\n]*\n", "")))
    end, "no region" },
  }
  for _, row in ipairs(failures) do
    it("fails as other commands do when " .. row[1], function()
      row[4]()
      local source = "ssm:/sentinel/policies/{profile}"
      local result = replay(source, "--profile", row[2])
      expect.refused(result, row[3], row[5])
      assert.is_truthy(result.stderr:find("\n  %S"), result.stderr)
      assert.are.equal(home:run({ "explain", row[2], "--policy", source }).stderr, result.stderr)
    end)
  end

  it("tells what AWS refuses, and what the policy is refused for", function()
    home:write_key { id = moto.keys.alice.id, secret = world.key.secret }
    expect.refused(replay(DEV, "--profile", "dev"), 6, "SSM GetParameter in us-east-1", "SignatureDoesNotMatch")
    home:write_key(moto.keys.alice)
    expect.refused(replay("ssm:/sentinel/policies/broken", "--profile", "dev"), 5,
      "ssm:/sentinel/policies/broken:3:")
  end)

  it("reads it in a process of its own: evaluators that start later hold nothing of it", function()
    local pipe <close> = io.popen("id -u")
    if pipe:read("l") ~= "0" then
      return pending(settings.skipped("only root may read the memory of a program that is not dumpable"))
    end
    home:write("secrets", moto.keys.alice.secret .. "\n")
    local result = process.run({ shims.program("scan_memory"), home.home .. "/report", home.home .. "/secrets",
      settings.bin, "replay", "--policy", DEV, "--profile", "dev", "--json" }, home:options {})
    assert.are.equal(2, expect.json(result).same)
    local report, found, count = home:read("report"), {}, 0
    for pid in report:gmatch("pieces in (%d+)") do
      count, found[pid] = count + (found[pid] and 0 or 1), true
    end
    assert.are.equal(1, count, report)
    assert.is_true(tonumber(report:match("processes (%d+)")) >= 4, report)
  end)

  it("decides with evaluators that are started again", function()
    if not settings.exists(settings.evil) then
      return pending(settings.skipped("there is no " .. settings.evil))
    end
    local answer = expect.json(home:run({ "replay", "--policy", DEV, "--profile", "dev", "--json" },
      { bin = settings.evil, environment = { SENTINEL_EVIL = "batch+evaluate:die" } }), 1)
    assert.are.equal(2, answer.unknown.no_answer)
  end)
end)

describe("sentinel replay with a policy of SSM in several regions", function()
  local REGIONS = { "replay", "--policy", "ssm:/p", "--profile", "dev", "--region", "us-east-1,eu-west-1", "--json" }
  local down = { fault = "status", status = 503 }
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
    expect.credentials(home:run { "credentials", "dev" })
  end)

  after_each(function()
    home:remove()
  end)

  it("falls over to what was last seen, and to nothing else", function()
    faulty:set { ["ssm.GetParameter@us-east-1"] = down }
    assert.are.equal("eu-west-1", expect.json(home:run(REGIONS)).policy.region)
    faulty:set { ["ssm.GetParameter@us-east-1"] = down, policy = WIDENED }
    expect.refused(home:run(REGIONS), 6, "eu-west-1", "last seen")
    faulty:set { ["ssm.GetParameter@us-east-1"] = { fault = "error", code = "AccessDeniedException" } }
    expect.refused(home:run(REGIONS), 6, "us-east-1", "AccessDeniedException")
  end)

  it("forgets nothing that was seen, and remembers nothing that is tried", function()
    faulty:set { policy = WIDENED }
    expect.status(home:run(REGIONS), 0)
    faulty:set { ["ssm.GetParameter@us-east-1"] = down, policy = WIDENED }
    expect.refused(home:run(REGIONS), 6, "last seen")
  end)

  it("says so when the process that reads it is ended", function()
    faulty:set { ["ssm.GetParameter"] = { fault = "slow", seconds = 5 } }
    local handle = home:start { "replay", "--policy", "ssm:/p", "--profile", "dev" }
    local child = files.wait_for("the child", 10, function()
      return faulty:count("ssm.GetParameter") > 0 and process.children(handle.pid)[1]
    end)
    process.signal({ pid = child }, "KILL")
    expect.refused(process.finish(handle), 6, "the process that reads the policy gave no whole answer", "run it again")
  end)
end)
