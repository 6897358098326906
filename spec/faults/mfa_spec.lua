--- Sessions that a code was given for, when they grow old or AWS no longer knows them.
local coder = require "spec.support.coder"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local servers = require "spec.support.servers"
local world = require "spec.support.world"

local SSM = "policy: {source: \"ssm:/sentinel/policies/{profile}\"}\n"
local DENIED_KEYS = { "ExpiredToken", "InvalidClientTokenId" }

local function policy(rule)
  return "version: \"1\"\nrules:\n  - name: with-code\n    effect: allow\n    " .. rule .. "\n"
end

local CONDITION = policy "conditions: {profiles: [dev], mfa: {max_age: 15m}}"
local REQUIREMENT = policy "conditions: {profiles: [dev]}\n    require: {mfa: {max_age: 15m}}"

describe("a kept session with MFA", function()
  local faulty, home
  local count = 0

  setup(function()
    faulty = servers.start_faulty()
  end)

  teardown(function()
    faulty:stop()
  end)

  before_each(function()
    faulty:set {}
    home = world.new { endpoint = faulty.url, source = "ssm:/sentinel/policies/{profile}" }
    coder.store_key(home, home.key)
    home:write_aws_config(coder.profile("dev", "Dev", coder.new_serial(),
      coder.write_process(home)))
  end)

  after_each(function()
    home:remove()
  end)

  -- Each run has a log of its own, and so neither an identity nor a role's session from before:
  -- what is kept is what the code was given for. more: lines of the configuration.
  local function run(arguments, more)
    count = count + 1
    local folder = files.make_folder(home.home .. "/log" .. count)
    home:write_settings(("log: {path: %s/decisions.jsonl}\n%s"):format(folder, more or SSM))
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
    expect.credentials(run({}, SSM .. "mfa: {session: 15m}\n"))
    expect.credentials(run({}, SSM .. "mfa: {session: 15m}\n"))
    assert.are.equal(2, coder.count(home))
  end)

  it("is not used for longer than a configuration that came later allows", function()
    expect.credentials(run())
    expect.credentials(run({}, SSM .. "mfa: {session: 15m}\n"))
    assert.are.equal(2, coder.count(home))
  end)

  it("opens nothing to who knows the access key id alone, and not to another device", function()
    expect.credentials(run())
    coder.store_key(home, { id = world.key.id, secret = "another/secret+of+nobody" })
    expect.credentials(run())
    assert.are.equal(2, coder.count(home))
    coder.store_key(home, world.key)
    expect.credentials(run())
    assert.are.equal(2, coder.count(home))
    home:write_aws_config(coder.profile("dev", "Dev", coder.new_serial(), home.home .. "/coder"))
    expect.credentials(run())
    assert.are.equal(3, coder.count(home))
  end)

  it("is not what was got where other certificates were trusted", function()
    expect.credentials(run())
    home.environment.AWS_CA_BUNDLE = home:write("ca.pem", "")
    expect.credentials(run())
    assert.are.equal(2, coder.count(home))
    home.environment.AWS_CA_BUNDLE = nil
    expect.credentials(run())
    assert.are.equal(2, coder.count(home))
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
    expect.credentials(run({ "--region", "us-east-1,eu-west-1" }, "policy: {source: \"file:"
      .. home:write("p.yaml", world.allow_dev) .. "\"}\n"))
    for _, request in ipairs(faulty:requests()) do
      if request.call == "sts.GetSessionToken" then
        assert.are.equal("eu-west-1", request.region)
      end
    end
    assert.are.equal(1, faulty:count("sts.GetSessionToken"))
  end)

  it("of an older code gives nobody the role's session of that time", function()
    home:write_settings(SSM)
    for _ = 1, 2 do
      expect.credentials(home:run { "credentials", "dev" })
    end
    assert.are.equal(1, faulty:count("sts.AssumeRole"))
    os.execute("sleep 1.1") -- a second, in which times are told
    home:write_settings(SSM .. "mfa: {session: 15m}\n")
    expect.credentials(home:run { "credentials", "dev" })
    assert.are.equal(2, coder.count(home))
    assert.are.equal(2, faulty:count("sts.AssumeRole"))
  end)

  -- A role's session that is handed out again brings no new code.
  describe("for a session of two hours", function()
    local function ask(more)
      home:write_settings(SSM .. (more or ""))
      return home:run { "credentials", "dev", "--duration", "2h" }
    end

    local function last_time()
      for _, record in ipairs(home:records()) do
        if record.kind == "decision" and record.request.mfa then
          home.last = record.request.mfa.authenticated_at
        end
      end
      return home.last
    end

    before_each(function()
      faulty:set { policy = CONDITION, expires_in_s = 7200 }
    end)

    it("is the time of its own code while it is handed out again", function()
      local first = expect.credentials(ask())
      local time = last_time()
      assert.are.equal("decision issued", home:kinds())
      os.execute("sleep 1.1") -- a second, in which times are written
      assert.are.same(first, expect.credentials(ask()))
      assert.are.equal(1, coder.count(home))
      assert.are.equal(1, faulty:count("sts.AssumeRole"))
      assert.is_true(last_time() <= time:gsub("%d%dZ$", "59Z"))
      assert.is_not.equal(home:records()[3].request.time, last_time())
    end)

    -- The old session, which is still kept, must not pass for one that a new code was given for.
    it("makes that session too old for a policy that wants a newer code", function()
      local strict = policy "conditions: {profiles: [dev], mfa: {max_age: 1s}}"
      faulty:set { policy = strict, expires_in_s = 7200 }
      expect.credentials(ask())
      os.execute("sleep 7")
      expect.refused(ask(), 3, "run it again")
      expect.credentials(ask())
      assert.are.equal(2, coder.count(home))
      assert.are.equal(2, faulty:count("sts.AssumeRole"))
      local requests = faulty:requests()
      assert.are.equal("100002", requests[#requests].fields.TokenCode)
    end)

    it("is sent to one region, though that is down", function()
      faulty:set { policy = CONDITION, ["sts.AssumeRole@us-east-1"] = { fault = "status", status = 503 } }
      home:write_settings(SSM)
      expect.refused(home:run { "credentials", "dev", "--duration", "2h", "--region", "us-east-1,eu-west-1" }, 6, "us-east-1")
      assert.are.equal(1, faulty:count("sts.AssumeRole"))
    end)
  end)
end)
