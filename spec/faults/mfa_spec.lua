--- Sessions that a code was given for, when they grow old or AWS no longer knows them.
local coder = require "spec.support.coder"
local expect = require "spec.support.expect"
local servers = require "spec.support.servers"
local world = require "spec.support.world"

local DENIED_KEYS = { "ExpiredToken", "InvalidClientTokenId" }

local function policy(rule)
  return "version: \"1\"\nrules:\n  - name: with-code\n    effect: allow\n    " .. rule .. "\n"
end

local CONDITION = policy "conditions: {profiles: [dev], mfa: {max_age: 15m}}"
local REQUIREMENT = policy "conditions: {profiles: [dev]}\n    require: {mfa: {max_age: 15m}}"

describe("a kept session with MFA", function()
  local faulty, home

  setup(function()
    faulty = servers.start_faulty()
  end)

  teardown(function()
    faulty:stop()
  end)

  before_each(function()
    faulty:set {}
    home = world.new { endpoint = faulty.url, source = "ssm:/sentinel/policies/{profile}" }
    home:write_aws_config(coder.profile("dev", "Dev", coder.new_serial(),
      coder.write_process(home)))
  end)

  after_each(function()
    home:remove()
  end)

  local function run(arguments)
    return home:run { "credentials", "dev", table.unpack(arguments or {}) }
  end

  it("is asked for again, once, when AWS no longer knows it", function()
    for _, code in ipairs(DENIED_KEYS) do
      local fault = { fault = "error", code = code, status = 403, times = 1 }
      expect.credentials(run())
      local before = coder.count(home)
      faulty:set { ["ssm.GetParameter"] = fault }
      expect.credentials(run())
      assert.are.equal(before + 1, coder.count(home), code)
      faulty:set { ["ssm.GetParameter"] = fault, ["sts.GetCallerIdentity"] = fault }
      expect.credentials(run())
      assert.are.equal(before + 2, coder.count(home), code)
      assert.are.equal(1, faulty:count("sts.GetSessionToken"))
      faulty:set {}
    end
  end)

  it("is forgotten when only one service no longer knows it", function()
    expect.credentials(run())
    faulty:set { ["sts.GetCallerIdentity"] = { fault = "error", code = "ExpiredToken", times = 1 } }
    expect.refused(run(), 4, "run it again")
    expect.credentials(run())
    assert.are.equal(2, coder.count(home))
  end)

  it("is not asked for a third time", function()
    expect.credentials(run())
    faulty:set { ["ssm.GetParameter"] = { fault = "error", code = "ExpiredTokenException" } }
    expect.refused(run(), 4, "expired")
    assert.are.equal(2, coder.count(home))
    assert.are.equal(0, faulty:count("sts.AssumeRole"))
  end)

  it("is forgotten when AssumeRole no longer knows it", function()
    expect.credentials(run())
    faulty:set { ["sts.AssumeRole"] = { fault = "error", code = "ExpiredToken", status = 403 } }
    expect.refused(run(), 4, "run it again")
    faulty:set {}
    expect.credentials(run())
    assert.are.equal(2, coder.count(home))
  end)

  it("that another refusal met is kept", function()
    expect.credentials(run())
    faulty:set { ["ssm.GetParameter"] = { fault = "error", code = "AccessDeniedException" } }
    expect.refused(run(), 6)
    faulty:set {}
    expect.credentials(run())
    assert.are.equal(1, coder.count(home))
  end)

  -- The server's clock goes on by twenty minutes, and with it the decision's time.
  it("that is too old for the policy is refused and forgotten", function()
    for name, case in pairs { condition = { CONDITION, 3 }, requirement = { REQUIREMENT, 4 } } do
      faulty:set { policy = case[1] }
      expect.credentials(run())
      local before = coder.count(home)
      faulty:set { policy = case[1], skew_s = 600 }
      expect.credentials(run())
      faulty:set { policy = case[1], skew_s = 1200 }
      expect.refused(run(), case[2], "run it again")
      assert.are.equal(before, coder.count(home), name)
      assert.are.equal(0, faulty:count("sts.AssumeRole"))
      expect.credentials(run())
      assert.are.equal(before + 1, coder.count(home), name)
      home:write_aws_config(coder.profile("dev", "Dev", coder.new_serial(),
        home.home .. "/coder"))
    end
  end)

  it("is of no use any more when less than sixteen minutes are left of it", function()
    home:write_settings("policy: {source: \"ssm:/sentinel/policies/{profile}\"}\n"
      .. "mfa: {session: 15m}\n")
    expect.credentials(run())
    expect.credentials(run())
    assert.are.equal(2, coder.count(home))
  end)

  it("is not used for longer than a configuration that came later allows", function()
    expect.credentials(run())
    home:write_settings("policy: {source: \"ssm:/sentinel/policies/{profile}\"}\n"
      .. "mfa: {session: 15m}\n")
    expect.credentials(run())
    assert.are.equal(2, coder.count(home))
  end)

  it("opens nothing to who knows the access key id alone, and not to another device", function()
    expect.credentials(run())
    home:write_key { id = world.key.id, secret = "another/secret+of+nobody" }
    expect.credentials(run())
    assert.are.equal(2, coder.count(home))
    home:write_key(world.key)
    expect.credentials(run())
    assert.are.equal(2, coder.count(home))
    home:write_aws_config(coder.profile("dev", "Dev", coder.new_serial(), home.home .. "/coder"))
    expect.credentials(run())
    assert.are.equal(3, coder.count(home))
  end)

  -- The signature's time would be refused, and a code is not sent again.
  it("is asked for with the server's clock", function()
    faulty:set { skew_s = 3600, ["sts.GetSessionToken"] = { fault = "skew" } }
    expect.credentials(run())
    assert.are.equal(1, faulty:count("sts.GetSessionToken"))
  end)

  it("is asked for where the first region is down", function()
    faulty:set { ["sts.GetCallerIdentity@us-east-1"] = { fault = "status", status = 503 },
      ["ssm.GetParameter@us-east-1"] = { fault = "status", status = 503 } }
    home:write_settings("policy: {source: \"file:" .. home:write("p.yaml", world.allow_dev) .. "\"}\n")
    expect.credentials(run { "--region", "us-east-1,eu-west-1" })
    for _, request in ipairs(faulty:requests()) do
      if request.call == "sts.GetSessionToken" then
        assert.are.equal("eu-west-1", request.region)
      end
    end
    assert.are.equal(1, faulty:count("sts.GetSessionToken"))
  end)
end)
