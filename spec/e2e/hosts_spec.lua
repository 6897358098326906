--- Records name the hosts that said who asks, that issued the session and that served the policy.
local null = require("cjson").null
local expect = require "spec.support.expect"
local servers = require "spec.support.servers"
local world = require "spec.support.world"

describe("hosts in records", function()
  local sts, ssm, home

  setup(function()
    sts, ssm = servers.start_faulty(), servers.start_faulty()
  end)

  teardown(function()
    sts:stop()
    ssm:stop()
  end)

  before_each(function()
    sts:set {}
    ssm:set { policy = world.allow_dev }
    home = world.new { source = "ssm:/sentinel/policies/{profile}", settings = "  cache_ttl: 1h\nkeychain: {cache: kernel}\n",
      environment = { AWS_ENDPOINT_URL_STS = sts.url, AWS_ENDPOINT_URL_SSM = ssm.url } }
  end)

  after_each(function()
    home:run { "clear" }
    home:remove()
  end)

  local function host(server)
    return (server.url:gsub("^http://", ""))
  end

  -- false for null.
  local function way(record)
    return { record.endpoint or false, record.ca or false, record.proxy or false }
  end

  local function last()
    local records = home:records()
    return records[#records]
  end

  it("are those of the policy and of STS, each by itself", function()
    expect.credentials(home:run { "credentials", "dev" })
    local decision, issued = table.unpack(home:records())
    assert.are.equal(host(ssm), decision.policy.endpoint)
    assert.are.equal(null, decision.policy.proxy)
    for _, record in ipairs { decision, issued } do
      assert.are.same({ host(sts), "system", false }, way(record))
    end
  end)

  it("are told of what was kept: where it came from", function()
    expect.credentials(home:run { "credentials", "dev" })
    sts:set { ["*"] = { fault = "status", status = 503 } }
    ssm:set { ["*"] = { fault = "status", status = 503 } }
    expect.credentials(home:run { "credentials", "dev" })
    local _, _, decision, issued = table.unpack(home:records())
    assert.are.equal("sts-cached", decision.time_source)
    assert.are.equal(host(ssm), decision.policy.endpoint)
    assert.are.same({ host(sts), "system", false }, way(decision))
    assert.are.equal(home:records()[1].request_id, issued.reuse_of)
    assert.are.same({ false, false, false }, way(issued))
  end)

  it("are told of a policy that was refused", function()
    ssm:set { ["*"] = { fault = "error", code = "AccessDeniedException" } }
    expect.refused(home:run { "credentials", "dev" }, 6)
    assert.are.equal("policy", last().stage)
    assert.are.same({ source = "ssm:/sentinel/policies/dev", region = "us-east-1", endpoint = host(ssm), proxy = null },
      last().policy)
    assert.are.same({ host(sts), "system", false }, way(last()))
  end)

  it("name for each the proxy that leads there", function()
    home.environment.AWS_ENDPOINT_URL_STS = "https://sts.example"
    home.environment.HTTPS_PROXY = "http://ann:hidden@127.0.0.1:1"
    home.environment.NO_PROXY = "127.0.0.1"
    expect.refused(home:run { "credentials", "dev" }, 6, "sts.example", "(by the proxy http://127.0.0.1:1)", "HTTPS_PROXY")
    assert.are.same({ "sts.example", "http://127.0.0.1:1" }, { last().endpoint, last().proxy })
    assert.are.equal(host(ssm), last().policy.endpoint)
    assert.are.equal(null, last().policy.proxy)
    home.environment.AWS_ENDPOINT_URL_STS = sts.url
    home.environment.AWS_ENDPOINT_URL_SSM = "https://ssm.example"
    expect.refused(home:run { "credentials", "dev" }, 6)
    assert.are.same({ host(sts), "system", false }, way(last()))
    assert.are.same({ "ssm.example", "http://127.0.0.1:1" }, { last().policy.endpoint, last().policy.proxy })
  end)

  it("are none where nothing was asked", function()
    home:write_settings(("policy: {source: \"file:%s\"}\n"):format(home:write("p.yaml", "version: \"2\"\n")))
    expect.refused(home:run { "credentials", "dev" }, 5)
    assert.are.same({ false, false, false }, way(last()))
    assert.are.same({ source = "file:" .. home.home .. "/p.yaml", region = null, endpoint = null, proxy = null },
      last().policy)
    home:write_settings(("policy: {source: \"file:%s\"}\n"):format(home:write("p.yaml", world.allow_dev)))
    expect.credentials(home:run { "credentials", "dev" })
    assert.are.equal(null, home:records()[2].policy.endpoint)
  end)
end)
