--- Base credentials of instances and containers, from moto's metadata, and of other tools: whole runs.
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"
local world = require "spec.support.world"

local SESSION = "Instance/i-0123456789abcdef0"
local ROLES = "/latest/meta-data/iam/security-credentials/"

local TARGET = [[
[profile dev]
sentinel_role_arn = %s
region = us-east-1
%s
]]

describe("base credentials of the machine", function()
  local moto, keys, home

  setup(function()
    moto = servers.start_moto { settings.source .. "/spec/support/moto_metadata.py" }
    keys = moto:build { users = { alice = { path = "/" } }, roles = {
      Instance = { path = "/" },
      Dev = { trust = { { Effect = "Allow", Principal = { AWS = {
        "arn:aws:sts::" .. world.account .. ":assumed-role/" .. SESSION, world.role("Instance"),
        "arn:aws:iam::" .. world.account .. ":user/alice" } },
        Action = { "sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity" } } } },
    } }
  end)

  teardown(function()
    moto:stop()
  end)

  before_each(function()
    moto:forget()
  end)

  after_each(function()
    home:remove()
  end)

  -- A machine whose profile dev has these lines, with more of the file and of the environment.
  local function machine(lines, config, environment)
    home = world.new { endpoint = moto.url, policy = world.allow_dev, key = keys.alice,
      config = TARGET:format(world.role("Dev"), lines) .. (config or ""), environment = environment }
    home:write(".aws/credentials", "")
    return home
  end

  local function imds()
    return { AWS_EC2_METADATA_DISABLED = "false", AWS_EC2_METADATA_SERVICE_ENDPOINT = moto.url }
  end

  local function container()
    return { AWS_CONTAINER_CREDENTIALS_FULL_URI = moto.url .. ROLES .. "default-role" }
  end

  for name, case in pairs {
    ["an instance that nobody named"] = { "", "", imds },
    ["an instance that the source profile names"] = { "sentinel_source_profile = box",
      "[profile box]\ncredential_source = Ec2InstanceMetadata\n", imds },
    ["a container that nobody named"] = { "", "", container },
    ["a container that the source profile names"] = { "sentinel_source_profile = box",
      "[profile box]\ncredential_source = EcsContainer\n", container },
  } do
    it("may be those of " .. name, function()
      machine(case[1], case[2], case[3]())
      expect.credentials(home:run { "credentials", "dev" })
      local request = moto:requests_for("AssumeRole")[1]
      assert.is_string(request.headers["x-amz-security-token"])
      local record = home:records()[1]
      assert.are.same({ (moto.url:gsub("^http://", "")) }, record.base_endpoints)
      assert.are.equal("role/" .. SESSION, record.user)
      assert.is_truthy(record.base:find(name:find("instance", 1, true) and "^instance role default%-role %("
        or "^container %("), record.base)
    end)
  end

  it("that cannot be had are recorded with the host that was asked, by no proxy", function()
    machine("", "", { AWS_CONTAINER_CREDENTIALS_FULL_URI = moto.url .. "/nothing/here", HTTPS_PROXY = "http://127.0.0.1:9" })
    expect.refused(home:run { "credentials", "dev" }, 6, "the container's keys")
    local record = home:records()[1]
    assert.are.equal("failed", record.kind)
    assert.are.same({ (moto.url:gsub("^http://", "")) }, record.base_endpoints)
    assert.is_nil(record.proxy)
  end)

  for name, case in pairs {
    ["instance"] = { "credential_source = Ec2InstanceMetadata", "AWS_EC2_METADATA_DISABLED", "unset it" },
    ["container"] = { "credential_source = EcsContainer", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "ECS and EKS set" },
    ["token"] = { "role_arn = " .. world.role("Dev") .. "\nweb_identity_token_file = /none/token", "/none/token", "has to write it" },
    ["program"] = { "credential_process = /none/tool", "/none/tool", "see credential_process in [profile box]" },
  } do
    it("say what to do where there is no " .. name, function()
      machine("sentinel_source_profile = box", "[profile box]\n" .. case[1] .. "\n")
      expect.refused(home:run { "whoami", "dev" }, 6, case[2], case[3])
    end)
  end

  it("are not handed out by whoami or a profile without a role", function()
    machine("", "[profile bare]\nregion = us-east-1\n", imds())
    assert.are.equal("role/" .. SESSION, expect.json(home:run { "whoami", "dev", "--json" }).user)
    expect.refused(home:run { "credentials", "bare" }, 5)
  end)

  it("are not asked of an instance while a key lies somewhere", function()
    machine("sentinel_source_profile = corp", "", { AWS_EC2_METADATA_DISABLED = "false",
      AWS_EC2_METADATA_SERVICE_ENDPOINT = "http://127.0.0.1:1" })
    home:write_key(keys.alice)
    expect.credentials(home:run { "credentials", "dev" })
  end)

  describe("that another tool prints", function()
    local function tool(script)
      local path = home:write("tool", "#!/bin/sh\n" .. script, "0755")
      home:write_aws_config(TARGET:format(world.role("Dev"), "sentinel_source_profile = tool\n"
        .. "credential_process = " .. settings.bin .. " credentials --profile dev")
        .. "[profile tool]\ncredential_process = " .. path .. "\n")
    end

    before_each(function()
      machine("")
    end)

    it("assume the role, and are told of nowhere", function()
      tool(([[echo '{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"%s"}']]):format(keys.alice.id, keys.alice.secret))
      expect.credentials(home:run { "credentials", "dev" })
      assert.are.equal("alice", home:records()[1].user)
      assert.are.equal('credential_process of profile "tool"', home:records()[1].base)
      os.remove(home.home .. "/tool")
    end)

    it("fail with the tool's own words", function()
      tool("echo 'the other session has expired' >&2; exit 7")
      expect.refused(home:run { "credentials", "dev" }, 6, "ended with status 7: the other session has expired")
    end)

    it("never come from Sentinel itself", function()
      tool("touch \"$HOME/was-run\"; exec " .. files.quote(settings.bin) .. " credentials dev")
      expect.refused(home:run { "credentials", "dev" }, 6, "asks for its own keys: tool -> tool")
      assert.is_string(home:read("was-run"))
      assert.are.equal(0, #moto:requests_for("AssumeRole"))
    end)
  end)
end)

describe("moto's own metadata", function()
  it("hand out keys that cannot be any, and are refused", function()
    local moto = servers.start_moto()
    local home = world.new { endpoint = moto.url, policy = world.allow_dev, config = TARGET:format(world.role("Dev"), ""),
      environment = { AWS_EC2_METADATA_DISABLED = "false", AWS_EC2_METADATA_SERVICE_ENDPOINT = moto.url } }
    expect.refused(home:run { "credentials", "dev" }, 6, "an access key id that cannot be one")
    home:remove()
    moto:stop()
  end)
end)
