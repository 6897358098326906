--- What is kept beside sessions: the identity, policies of SSM; and what callers at once share when it
-- fails.
local coder = require "spec.support.coder"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"
local world = require "spec.support.world"

local CALLERS = 20

describe("caches", function()
  local faulty, home

  setup(function()
    faulty = servers.start_faulty()
  end)

  teardown(function()
    faulty:stop()
  end)

  local function configure(policy, more)
    home:write_settings("policy:\n  source: ssm:/sentinel/policies/{profile}\n" .. policy
      .. (more or "keychain: {cache: kernel}\n"))
  end

  before_each(function()
    faulty:set {}
    home = world.new { endpoint = faulty.url }
    configure "  cache_ttl: 1h\n"
  end)

  after_each(function()
    home:run { "clear" }
    home:remove()
  end)

  local down = { fault = "status", status = 503 }
  local refused = { fault = "error", code = "AccessDenied", message = "no", status = 403 }

  local function credentials(arguments)
    return expect.credentials(home:run { "credentials", table.unpack(arguments or { "dev" }) })
  end

  it("keep all that a call needs in the kernel keyring and below ~/.cache, without a keychain",
    function()
    credentials()
    faulty:set { ["*"] = down }
    credentials()
    assert.are.equal(0, #faulty:requests())
    local last = home:records()[3]
    assert.are.equal("sts-cached", last.time_source)
    assert.is_true(last.policy.stale_s >= 0)
    assert.are.equal("us-east-1", last.policy.region)
    assert.are.equal(home:records()[1].policy.sha256, last.policy.sha256)
    assert.is_false(files.exists(home.home .. "/.local/share/sentinel/keychain"))
  end)

  local function assert_fetched_again()
    faulty:set {}
    credentials()
    assert.are.equal(1, faulty:count("ssm.GetParameter"))
  end

  local function cached_policy()
    local folder = home.home .. "/.cache/sentinel"
    return folder .. "/" .. assert(files.list(folder)[1])
  end

  it("do not keep a policy when that is not asked for", function()
    configure ""
    credentials()
    assert_fetched_again()
    assert.is_false(files.exists(home.home .. "/.cache/sentinel"))
  end)

  it("keep a policy for its time", function()
    configure "  cache_ttl: 1s\n"
    credentials()
    os.execute("sleep 1.1")
    assert_fetched_again()
  end)

  it("leave no policy of keys that are gone", function()
    configure "  cache_ttl: 1s\n"
    local foreign = home:write(".cache/sentinel/policy-" .. ("0"):rep(32) .. ".seen", "")
    os.execute("touch -d 2020-01-01 " .. foreign)
    for i = 1, 3 do
      home:write_key { id = "ASIAIOSFODNN7EXAMPL" .. i, secret = "secretOfKey" .. i, token = "t" .. i }
      credentials()
      os.execute("sleep 2.1")
    end
    assert.are.equal(2, #files.list(home.home .. "/.cache/sentinel"))
    assert.is_true(files.exists(foreign))
  end)

  it("do not keep a policy that was refused", function()
    faulty:set { policy = "version: \"1\"\nrules: []\n" }
    expect.refused(home:run { "credentials", "dev" }, 5)
    assert_fetched_again()
  end)

  it("believe no copy of a policy that was changed, byte for byte", function()
    credentials()
    local path = cached_policy()
    local text = files.read(path)
    local offsets = { 1, 64, 65, 66, 70, 110, #text - 40, #text }
    for _, at in ipairs(offsets) do
      files.write(path, text:sub(1, at - 1) .. string.char(text:byte(at) ~ 1) .. text:sub(at + 1),
        "600")
      assert_fetched_again()
    end
    for _, len in ipairs { 0, 64, 65, #text - 1 } do
      files.write(path, text:sub(1, len), "600")
      assert_fetched_again()
    end
  end)

  it("believe no copy of a policy that others could have written", function()
    credentials()
    files.write(cached_policy(), files.read(cached_policy()), "666")
    assert_fetched_again()
  end)

  it("keep no policy of one profile, region or key for another", function()
    credentials()
    local path = cached_policy()
    local text = files.read(path)
    home:write_aws_config(world.profile("dev", "Dev") .. world.profile("other", "Dev"))
    faulty:set { policy = world.allow_dev:gsub("%[dev%]", "[other]") }
    credentials { "other" }
    assert.are.equal(1, faulty:count("ssm.GetParameter"))
    for _, name in ipairs(files.list(home.home .. "/.cache/sentinel")) do
      files.write(home.home .. "/.cache/sentinel/" .. name, text, "600")
    end
    faulty:set { policy = world.allow_dev:gsub("%[dev%]", "[other]") }
    credentials { "other" }
    assert.are.equal(1, faulty:count("ssm.GetParameter"))
  end)

  it("hold neither who is asking nor a policy where the administrator locked the policy's source", function()
    home:write_settings ""
    local admin = "policy: {source: \"ssm:/sentinel/policies/{profile}\", cache_ttl: 1h}\nkeychain: {cache: kernel}\n"
    for _, case in ipairs { { "", 1 }, { "locked: [policy.source]\n", 3 } } do
      faulty:set {}
      home:run { "clear" }
      os.execute("rm -rf " .. files.quote(home.home .. "/.cache"))
      for _ = 1, 3 do
        local result = home:run_under(admin .. case[1], { "credentials", "dev" })
        if not result then
          return pending(settings.skipped("a mount name space cannot be made here"))
        end
        expect.credentials(result)
      end
      assert.are.equal(1, faulty:count("sts.AssumeRole"))
      assert.are.equal(case[2], faulty:count("sts.GetCallerIdentity"))
      assert.are.equal(case[2], faulty:count("ssm.GetParameter"))
    end
  end)

  it("believe nothing that was heard by another way", function()
    credentials()
    local other = servers.start_faulty()
    other:set { policy = world.allow_dev:gsub("allow", "deny", 1) }
    expect.refused(home:run({ "credentials", "dev" }, { environment = {
      AWS_ENDPOINT_URL_SSM = other.url } }), 3)
    other:stop()
    faulty:set {}
    credentials()
    assert.are.equal(0, #faulty:requests())
    expect.credentials(home:run({ "credentials", "dev" }, { environment = {
      AWS_CA_BUNDLE = home:write("ca.pem", "") } }))
    for _, call in ipairs { "ssm.GetParameter", "sts.GetCallerIdentity", "sts.AssumeRole" } do
      assert.are.equal(1, faulty:count(call))
    end
  end)

  it("ask again who is asking when STS refuses the key", function()
    credentials()
    faulty:set { ["sts.AssumeRole"] = refused }
    expect.refused(home:run { "credentials", "dev", "--duration", "30m" }, 6)
    assert.are.equal(0, faulty:count("sts.GetCallerIdentity"))
    faulty:set {}
    credentials { "dev", "--duration", "30m" }
    assert.are.equal(1, faulty:count("sts.GetCallerIdentity"))
  end)

  it("let AssumeRole fall over to the second region, where nothing else was asked", function()
    configure "  cache_ttl: 1h\n  regions: [us-east-1, eu-west-1]\n"
    credentials()
    faulty:set { ["sts.AssumeRole@us-east-1"] = down }
    credentials { "dev", "--duration", "30m" }
    assert.are.equal(0, faulty:count("sts.GetCallerIdentity"))
    local requests = faulty:requests()
    assert.are.equal("eu-west-1", requests[#requests].region)
    local records = home:records()
    assert.are.equal("issued", records[#records].kind)
  end)

  -- Many at once.

  local function start_all()
    local handles, results = {}, {}
    for i = 1, CALLERS do
      handles[i] = home:start { "credentials", "dev" }
    end
    for i, handle in ipairs(handles) do
      results[i] = process.finish(handle, 120)
    end
    return results
  end

  local function assert_shared_refusal(call)
    for _, result in ipairs(start_all()) do
      expect.refused(result, 6, "AccessDenied")
    end
    -- Who comes when the first has its answer asks anew: a few do, and most do not.
    assert.is_true(faulty:count(call) < CALLERS / 2, call .. ": " .. faulty:count(call))
  end

  it("share STS's refusal of a session, and each caller has a decision and a failure", function()
    faulty:set { ["sts.AssumeRole"] = { fault = "error", code = "AccessDenied", message = "no",
      status = 403, seconds = 1 } }
    assert_shared_refusal "sts.AssumeRole"
    local kinds = { decision = 0, failed = 0 }
    for _, record in ipairs(home:records()) do
      kinds[record.kind] = kinds[record.kind] + 1
    end
    assert.are.same({ decision = CALLERS, failed = CALLERS }, kinds)
  end)

  it("share STS's refusal to say who asks", function()
    faulty:set { ["sts.GetCallerIdentity"] = { fault = "error", code = "AccessDenied",
      message = "no", status = 403, seconds = 1 } }
    assert_shared_refusal "sts.GetCallerIdentity"
    assert.are.equal(CALLERS, #home:records())
  end)

  -- One after the other, only three would have asked when the second has its answer.
  for _, call in ipairs { "sts.GetCallerIdentity", "sts.AssumeRole" } do
    it("make nobody wait for what could not be kept of " .. call, function()
      coder.store_key(home, home.key)
      configure("", "keychain: {cache: keychain}\n")
      local lock = home.home .. "/.local/share/sentinel/keychain.lock"
      assert(os.remove(lock))
      files.make_folder(lock)
      faulty:set { [call] = { fault = "slow", seconds = 2 } }
      local handles = {}
      for i = 1, 8 do
        handles[i] = home:start { "credentials", "dev" }
      end
      files.wait_for("the second session", 60, function()
        return home:kinds():find("issued.*issued")
      end)
      assert.is_true(faulty:count(call) > 3, faulty:count(call))
      for _, handle in ipairs(handles) do
        expect.credentials(process.finish(handle, 60))
      end
    end)
  end

  it("make nobody wait where nothing can be kept", function()
    home:write_settings "policy: {source: \"ssm:/sentinel/policies/{profile}\"}\n"
    for _, result in ipairs(start_all()) do
      expect.credentials(result)
    end
    assert.are.equal(CALLERS, faulty:count "sts.AssumeRole")
    for _, name in ipairs(files.list(home.home .. "/.local/state/sentinel")) do
      assert.is_nil(name:find("%.turn$"), name)
    end
  end)
end)
