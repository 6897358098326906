--- Regions are asked in order; an outage goes on to the next, an answer never does (aws.md,
-- Regions).
local expect = require "spec.support.expect"
local servers = require "spec.support.servers"
local world = require "spec.support.world"

describe("regions", function()
  local faulty, home

  setup(function()
    faulty = servers.start_faulty()
  end)

  teardown(function()
    faulty:stop()
  end)

  before_each(function()
    faulty:set {}
    home = world.new { endpoint = faulty.url, source = "ssm:/sentinel/policies/{profile}",
      settings = "  regions: [us-east-1, eu-west-1]\n" }
  end)

  after_each(function()
    home:remove()
  end)

  local down = { fault = "status", status = 503 }

  local function calls()
    local list = {}
    for _, request in ipairs(faulty:requests()) do
      list[#list + 1] = request.call .. "@" .. request.region
    end
    table.sort(list)
    return table.concat(list, " ")
  end

  it("refuses a ninth region instead of leaving it out", function()
    local list = "us-east-1" .. (",eu-west-1"):rep(8)
    expect.refused(home:run { "credentials", "dev", "--region", list }, 5, "at most 8 regions")
    assert.are.equal("", calls())
  end)

  it("asks only the first while it answers", function()
    expect.credentials(home:run { "credentials", "dev" })
    assert.are.equal(
      "ssm.GetParameter@us-east-1 sts.AssumeRole@us-east-1 sts.GetCallerIdentity@us-east-1",
      calls())
  end)

  it("does not take a policy from the second that was never seen from the first", function()
    faulty:set { ["ssm.GetParameter@us-east-1"] = down }
    local result = home:run { "credentials", "dev" }
    expect.refused(result, 6, "ssm:/sentinel/policies/dev in eu-west-1 is not signed, and was never seen here",
      "that region was asked because SSM GetParameter in us-east-1 failed", "HTTP 503")
    assert.is_truthy(result.stderr:find("run it again once an earlier region answers", 1, true))
    assert.are.equal(0, faulty:count("sts.AssumeRole"))
  end)

  it("falls over to the second once the same policy was seen from the first", function()
    expect.credentials(home:run { "credentials", "dev" })
    faulty:set { ["ssm.GetParameter@us-east-1"] = down }
    expect.credentials(home:run { "credentials", "dev" })
    assert.are.equal("eu-west-1", home:records()[3].policy.region)
    assert.is_truthy(calls():find("sts.AssumeRole@eu-west-1", 1, true))
  end)

  it("refuses another policy from the second", function()
    expect.credentials(home:run { "credentials", "dev" })
    faulty:set { ["ssm.GetParameter@us-east-1"] = down,
      policy = world.allow_dev:gsub("dev%-everyone", "wider") }
    expect.refused(home:run { "credentials", "dev" }, 6, "is not the policy last seen", "because SSM GetParameter in us-east-1")
    assert.are.equal(0, faulty:count("sts.AssumeRole"))
  end)

  it("tells of the region that was down when the next refuses", function()
    faulty:set { ["ssm.GetParameter@us-east-1"] = down,
      ["ssm.GetParameter@eu-west-1"] = { fault = "error", code = "AccessDeniedException" } }
    expect.refused(home:run { "credentials", "dev" }, 6, "AWS refused SSM GetParameter in eu-west-1",
      "because SSM GetParameter in us-east-1 failed")
  end)

  it("falls over for the identity of a file policy", function()
    home:remove()
    home = world.new { endpoint = faulty.url, policy = world.allow_dev }
    faulty:set { ["sts.GetCallerIdentity@us-east-1"] = down }
    expect.credentials(home:run { "credentials", "dev", "--region", "us-east-1,eu-west-1" })
    assert.are.equal(0, faulty:count("ssm.GetParameter"))
  end)

  for _, code in ipairs { "AccessDeniedException", "ParameterNotFound",
    "InvalidSignatureException" } do
    it("takes " .. code .. " for an answer", function()
      expect.credentials(home:run { "credentials", "dev" })
      faulty:set { ["ssm.GetParameter@us-east-1"] = { fault = "error", code = code } }
      expect.refused(home:run { "credentials", "dev" }, code == "ParameterNotFound" and 5 or 6,
        "us-east-1")
      assert.is_nil(calls():find("eu-west-1", 1, true))
    end)
  end

  it("ends with 6 when all are down, having asked none more than twice", function()
    faulty:set { ["*"] = down }
    expect.refused(home:run { "credentials", "dev" }, 6, "us-east-1 failed: 127.0.0.1",
      "HTTP 503; STS GetCallerIdentity in eu-west-1 failed: 127.0.0.1")
    local count = {}
    for _, request in ipairs(faulty:requests()) do
      local key = request.call .. request.region
      count[key] = (count[key] or 0) + 1
      assert.is_true(count[key] <= 2, key)
    end
  end)

  for name, fault in pairs { ["is down"] = down, hangs = { fault = "hang" },
    throttles = { fault = "error", code = "Throttling", status = 400 } } do
    it("goes on to the second for AssumeRole when that " .. name .. " in the first", function()
      faulty:set { ["sts.AssumeRole@us-east-1"] = fault }
      expect.credentials(home:run { "credentials", "dev" })
      assert.is_truthy(calls():find("sts.AssumeRole@eu-west-1", 1, true))
      assert.is_nil(calls():find("GetCallerIdentity@eu-west-1", 1, true))
    end)
  end

  it("goes on for AssumeRole from the region that said who asks", function()
    expect.credentials(home:run { "credentials", "dev" })
    faulty:set { ["sts.GetCallerIdentity@us-east-1"] = down, ["sts.AssumeRole@eu-west-1"] = down }
    expect.credentials(home:run { "credentials", "dev", "--region", "us-east-1,eu-west-1,ap-south-1", "--duration", "20m" })
    assert.is_truthy(calls():find("sts.AssumeRole@ap-south-1", 1, true))
    assert.is_nil(calls():find("sts.AssumeRole@us-east-1", 1, true))
  end)

  it("takes AssumeRole's refusal for an answer, and names each region when all are down", function()
    faulty:set { ["sts.AssumeRole@us-east-1"] = { fault = "error", code = "AccessDenied", status = 403 } }
    expect.refused(home:run { "credentials", "dev" }, 6, "us-east-1")
    assert.is_nil(calls():find("eu-west-1", 1, true))
    faulty:set { ["sts.AssumeRole"] = down }
    expect.refused(home:run { "credentials", "dev", "--duration", "20m" }, 6, "STS AssumeRole in us-east-1 failed",
      "; STS AssumeRole in eu-west-1 failed")
  end)

  local sources = {
    { "the flag", { "--region", "ap-south-1" }, {}, "ap-south-1" },
    { "the profile", {}, {}, "us-east-1" },
    { "AWS_REGION", {}, { AWS_REGION = "eu-north-1", AWS_DEFAULT_REGION = "x-y-1" }, "eu-north-1",
      true },
    { "AWS_DEFAULT_REGION", {}, { AWS_DEFAULT_REGION = "sa-east-1" }, "sa-east-1", true },
  }
  for _, case in ipairs(sources) do
    it("takes the region from " .. case[1], function()
      home:write_settings("policy: {source: \"ssm:/p\"}\n")
      if case[5] then
        home:write_aws_config((world.profile("dev", "Dev"):gsub("region = [^\n]*\n", "")))
      end
      local words = { "credentials", "dev" }
      for _, word in ipairs(case[2]) do
        words[#words + 1] = word
      end
      expect.credentials(home:run(words, { environment = case[3] }))
      for _, request in ipairs(faulty:requests()) do
        assert.are.equal(case[4], request.region)
      end
    end)
  end

  it("says so when there is no region, and when it cannot be one", function()
    home:write_settings("policy: {source: \"ssm:/p\"}\n")
    home:write_aws_config((world.profile("dev", "Dev"):gsub("region = [^\n]*\n", "")))
    expect.refused(home:run { "credentials", "dev" }, 5, "no region", "AWS_REGION")
    expect.refused(home:run { "credentials", "dev", "--region", "us east" }, 2, "us east")
    expect.refused(home:run { "credentials", "dev", "--region", "us-east-1,,x" }, 2, "empty")
    assert.are.equal(0, #faulty:requests())
  end)

  it("explains without a HOME: what was seen before is not asked for", function()
    home:write("config.yaml", "policy: {source: ssm:/p, regions: [us-east-1]}\n")
    local answer = expect.json(home:run({ "explain", "dev", "--json", "--config",
      home.home .. "/config.yaml" }, { environment = { HOME = false,
      AWS_CONFIG_FILE = home.home .. "/.aws/config",
      AWS_SHARED_CREDENTIALS_FILE = home.home .. "/.aws/credentials" } }))
    assert.are.equal("allow", answer.effect)
  end)
end)
