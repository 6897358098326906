--- Keys of instances, containers and web identities as moto hands them out (tests/tools/source_calls): they are good for
-- the calls that moto checks.
local cjson = require "cjson"
local files = require "spec.support.files"
local process = require "spec.support.process"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"

local ROLES = "/latest/meta-data/iam/security-credentials/"

-- Prints the ARN that the keys on stdin stand for.
local WHO = [[
import json, sys, boto3
keys = json.load(sys.stdin)
sts = boto3.client("sts", endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id=keys["id"],
                   aws_secret_access_key=keys["secret"], aws_session_token=keys["token"])
print(sts.get_caller_identity()["Arn"])
]]

describe("moto's keys", function()
  local moto, folder

  setup(function()
    moto = servers.start_moto { settings.source .. "/spec/support/moto_metadata.py" }
    moto:build { users = {}, roles = { Instance = { trust = { {
      Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole" } } } } }
    folder = files.temporary_folder()
  end)

  teardown(function()
    moto:stop()
    files.remove(folder)
  end)

  local function ask(source, environment)
    environment.HOME, environment.AWS_REGION = folder, "us-east-1"
    return process.run({ settings.build .. "/source_calls", source }, { environment = environment })
  end

  local function arn_of(source, environment)
    moto:post("/moto-api/reset-auth", "inf") -- moto's answer to what nobody signed is 500 where it checks signatures
    local result = ask(source, environment)
    moto:post("/moto-api/reset-auth", "0")
    assert.are.equal(0, result.status, result.stderr)
    assert.is_true(cjson.decode(result.stdout).expires_at_ms > os.time() * 1000)
    local who = process.python({ "-c", WHO, moto.url }, { stdin = result.stdout })
    assert.are.equal(0, who.status, who.stderr)
    return (who.stdout:gsub("\n", ""))
  end

  it("of an instance are a session of its role", function()
    local environment = { AWS_EC2_METADATA_SERVICE_ENDPOINT = moto.url }
    assert.are.equal("arn:aws:sts::123456789012:assumed-role/Instance/i-0123456789abcdef0",
      arn_of("named-instance", environment))
    arn_of("instance", environment)
  end)

  it("of a container are a session of its role", function()
    assert.are.equal("arn:aws:sts::123456789012:assumed-role/Instance/i-0123456789abcdef0",
      arn_of("container", { AWS_CONTAINER_CREDENTIALS_FULL_URI = moto.url .. ROLES .. "default-role" }))
  end)

  it("of a web identity are a session of the role", function()
    local environment = { AWS_WEB_IDENTITY_TOKEN_FILE = files.write(folder .. "/token", "a.b.c\n"),
      AWS_ROLE_ARN = "arn:aws:iam::123456789012:role/Instance", AWS_ENDPOINT_URL = moto.url }
    assert.are.equal("arn:aws:sts::123456789012:assumed-role/Instance/sentinel", arn_of("web-identity", environment))
  end)

  it("are refused as moto itself makes them", function()
    local plain <close> = setmetatable({ server = servers.start_moto() }, { __close = function(it) it.server:stop() end })
    local result = ask("named-instance", { AWS_EC2_METADATA_SERVICE_ENDPOINT = plain.server.url })
    assert.are.equal("", result.stdout)
    assert.is_truthy(result.stderr:find("^ANSWER_INVALID: .* an access key id that cannot be one"), result.stderr)
  end)
end)
