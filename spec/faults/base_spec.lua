--- Base credentials that were kept, when AWS no longer knows them; and STS that goes wrong on the way.
local coder = require "spec.support.coder"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local servers = require "spec.support.servers"
local world = require "spec.support.world"

local CONFIG = [[
[profile hop]
role_arn = %s
source_profile = corp
role_session_name = hop
[profile dev]
sentinel_role_arn = %s
sentinel_source_profile = hop
region = us-east-1
]]

describe("a role on the way", function()
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
    home = world.new { endpoint = faulty.url, policy = world.allow_dev }
    coder.store_key(home, home.key)
    home:write_aws_config(CONFIG:format(world.role("Hop"), world.role("Dev")))
  end)

  after_each(function()
    home:remove()
  end)

  -- Each run has a log of its own, and so neither an identity nor a role's session from before.
  local function run(source)
    count = count + 1
    local folder = files.make_folder(home.home .. "/log" .. count)
    home:write_settings(("log: {path: %s/decisions.jsonl}\npolicy: {source: \"%s\"}\n"):format(folder,
      source or "file:" .. home.policy_file))
    return home:run { "credentials", "dev" }
  end

  for _, code in ipairs { "ExpiredToken", "InvalidClientTokenId" } do
    it("is assumed again, once, when AWS no longer knows its session: " .. code, function()
      expect.credentials(run())
      faulty:set { ["sts.GetCallerIdentity"] = { fault = "error", code = code, status = 403, times = 1 } }
      expect.credentials(run())
      assert.are.equal(2, faulty:count("sts.AssumeRole"))
      faulty:set {}
      expect.credentials(run())
      assert.are.equal(1, faulty:count("sts.AssumeRole"))
    end)
  end

  it("is assumed again for the next call when the policy was already read", function()
    local source = "ssm:/sentinel/policies/{profile}"
    expect.credentials(run(source))
    faulty:set { ["sts.GetCallerIdentity"] = { fault = "error", code = "ExpiredToken", times = 1 } }
    expect.refused(run(source), 4, "run it again")
    expect.credentials(run(source))
    assert.are.equal(2, faulty:count("sts.AssumeRole"))
  end)

  it("is assumed again for the next call when only AssumeRole no longer knows it", function()
    expect.credentials(run())
    faulty:set { ["sts.AssumeRole"] = { fault = "error", code = "ExpiredToken", status = 403, times = 1 } }
    expect.refused(run(), 4, "run it again")
    assert.are.equal(2, faulty:count("sts.AssumeRole"))
    expect.credentials(run())
    assert.are.equal(3, faulty:count("sts.AssumeRole"))
  end)

  it("is not assumed a third time", function()
    expect.credentials(run())
    faulty:set { ["sts.GetCallerIdentity"] = { fault = "error", code = "ExpiredToken", status = 403 } }
    expect.refused(run(), 4, "expired")
    assert.are.equal(1, faulty:count("sts.AssumeRole"))
  end)

  it("is kept when its session met another refusal", function()
    expect.credentials(run())
    faulty:set { ["sts.GetCallerIdentity"] = { fault = "error", code = "AccessDenied", status = 403 } }
    expect.refused(run(), 6)
    assert.are.equal(0, faulty:count("sts.AssumeRole"))
  end)

  it("is no part of a web identity, which is kept as long as its token stays", function()
    home:write_aws_config(([[
[profile pod]
role_arn = %s
web_identity_token_file = %s
[profile dev]
sentinel_role_arn = %s
sentinel_source_profile = pod
region = us-east-1
]]):format(world.role("Hop"), home:write("token", "one"), world.role("Dev")))
    expect.credentials(run())
    expect.credentials(run())
    assert.are.equal(1, faulty:count("sts.AssumeRoleWithWebIdentity"))
    assert.are.equal(2, faulty:count("sts.AssumeRole"))
    home:write("token", "two")
    expect.credentials(run())
    assert.are.equal(2, faulty:count("sts.AssumeRoleWithWebIdentity"))
  end)

  local faults = {
    { "is of another role", { fault = "replace", pattern = "assumed-role/Hop", by = "assumed-role/Dev" }, 6,
      "makes no sense" },
    { "is cut short", { fault = "truncated" }, 6 },
    { "is an outage", { fault = "status", status = 503 }, 6 },
    { "is refused", { fault = "error", code = "AccessDenied", status = 403 }, 6, "AccessDenied" },
  }
  for _, case in ipairs(faults) do
    it("hands out nothing when its answer " .. case[1], function()
      faulty:set { ["sts.AssumeRole"] = case[2] }
      expect.refused(run(), case[3], 'the role of profile "hop"')
      if case[4] then
        expect.refused(run(), case[3], case[4])
      end
      assert.are.equal(0, faulty:count("sts.GetCallerIdentity"))
    end)
  end
end)
