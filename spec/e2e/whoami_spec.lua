--- sentinel whoami: the user that policy sees.
local expect = require "spec.support.expect"
local servers = require "spec.support.servers"
local world = require "spec.support.world"

describe("sentinel whoami", function()
  local faulty, home

  setup(function()
    faulty = servers.start_faulty()
    home = world.new { endpoint = faulty.url }
  end)

  teardown(function()
    home:remove()
    faulty:stop()
  end)

  before_each(function()
    faulty:set {}
  end)

  local cases = {
    { "user/path/alice", "iam", "alice", "user" },
    { "assumed-role/AWSReservedSSO_Dev_0123456789abcdef/a.b@x.com", "sts", "a.b@x.com", "sso",
      "AWSReservedSSO_Dev_0123456789abcdef" },
    { "assumed-role/Role/alice", "sts", "role/Role/alice", "role", "Role" },
    { "federated-user/bob", "sts", "federated/bob", "federated" },
    { "root", "iam", "root", "root" },
  }

  for _, case in ipairs(cases) do
    it("tells " .. case[1] .. " as " .. case[3], function()
      local arn = ("arn:aws:%s::123456789012:%s"):format(case[2], case[1])
      faulty:set { caller_arn = arn }
      local who = expect.json(home:run { "whoami", "dev", "--json" })
      assert.are.equal(arn, who.arn)
      assert.are.equal("123456789012", who.account)
      assert.are.equal(case[4], who.kind)
      assert.are.equal(case[3], who.user)
      assert.are.equal("aws", who.partition)
      assert.are.equal(case[5] or require("cjson").null, who.role)
      assert.is_truthy(expect.done(home:run { "whoami", "dev" }):find(arn, 1, true))
    end)
  end

  it("asks for no policy, wherever it is", function()
    home:write_settings('policy: {source: "ssm:/sentinel/policies/{profile}"}\n')
    assert.are.equal("alice", expect.json(home:run { "whoami", "corp", "--region", "us-east-1", "--json" }).user)
    assert.are.equal(0, faulty:count("ssm.GetParameter"))
    os.remove(home.home .. "/.config/sentinel/config.yaml")
  end)

  it("does not follow the operating system's user", function()
    local who = expect.json(home:run({ "whoami", "dev", "--json" },
      { environment = { USER = "mallory", LOGNAME = "mallory", SUDO_USER = "mallory" } }))
    assert.are.equal("alice", who.user)
  end)

  for _, arn in ipairs { "arn:aws:iam::12345:user/alice",
    "arn:aws-mars:iam::123456789012:user/alice", "alice",
    "arn:aws:iam::123456789012:user/", "arn:aws:s3:::bucket",
      "arn:aws:sts::123456789012:assumed-role/Role" } do
    it("refuses STS's word " .. arn, function()
      faulty:set { caller_arn = arn }
      expect.refused(home:run { "whoami", "dev" }, 6)
    end)
  end

  it("is about profile default when none is given", function()
    expect.refused(home:run({ "whoami" }, { environment = { AWS_REGION = "us-east-1" } }), 6,
      "default")
  end)
end)
