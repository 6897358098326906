--- Bundles on their way to Parameter Store: folders, keys, and what the regions hold.
local cjson = require "cjson"
local files = require "spec.support.files"
local process = require "spec.support.process"
local servers = require "spec.support.servers"
local world = require "spec.support.world"

local pushing = {}

pushing.POLICY = [[
version: "1"
rules:
  - name: prod-alice
    effect: allow
    conditions: {profiles: [prod], users: [alice]}
    reason: Alice
]]

pushing.SPEC = [[
suite: prod
policy: prod/
cases:
  - name: alice
    request: {user: alice, profile: prod}
    expect: {effect: allow, rule: prod-alice}
]]

pushing.TARGETS = 'targets: {prod: ["arn:aws:iam::123456789012:role/Prod"]}\n'

--- What whoever publishes has to be allowed.
pushing.STATEMENTS = { { Effect = "Allow", Resource = "*", Action = { "sts:GetCallerIdentity", "ssm:*", "kms:*" } } }

--- moto with alice, who may pushing.
function pushing.moto()
  local moto = servers.start_moto()
  moto.keys = moto:build { users = { alice = { statements = pushing.STATEMENTS } } }
  return moto
end

--- Her machine: two regions, and no key that is asked for unless settings say so.
function pushing.world(moto, settings)
  return world.new { endpoint = moto.url, key = moto.keys and moto.keys.alice,
    config = "[profile corp]\nregion = us-east-1\n", environment = { AWS_PROFILE = "corp" },
    settings = "installation: acme\npolicy:\n  regions: [us-east-1, us-west-2]\n" .. (settings or "") }
end

--- Writes a bundle's folder into the world: home/prod, and a spec beside it. options: serial, policy, name, more
-- (further lines of bundle.yaml), spec (text, or false).
function pushing.bundle(home, options)
  options = options or {}
  local name = options.name or "prod"
  home:write(name .. "/bundle.yaml", ("sentinel_bundle: 1\nname: %s\nserial: %d\npolicy: policy.yaml\n%s%s"):format(
    name, options.serial or 1, options.plain and "" or "installation: acme\n" .. pushing.TARGETS,
    options.more or ""))
  home:write(name .. "/policy.yaml", options.policy or pushing.POLICY)
  if options.spec ~= false then
    home:write(name .. "_spec.yaml", options.spec or pushing.SPEC)
  else
    os.remove(home.home .. "/" .. name .. "_spec.yaml")
  end
  return home.home .. "/" .. name
end

--- Makes a key of OpenSSH in the world: home/NAME. Returns its path and the line of policy.keys.
function pushing.key(home, name)
  local path = home.home .. "/" .. name
  local result = process.run { "/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path }
  assert(result.status == 0, result.stderr)
  -- An OpenSSH public key is a length, "ssh-ed25519", a length and 32 bytes: the last 43 characters are theirs, but
  -- for 3 of the first one's bits.
  local shown = process.python { "-c", [[
import base64, sys
print("ed25519:" + base64.b64encode(base64.b64decode(sys.argv[1])[-32:]).decode())]],
    files.read(path .. ".pub"):match(" (%S+)") }
  assert(shown.status == 0, shown.stderr)
  return path, shown.stdout:match("%S+")
end

-- Runs python with a client of SSM that is not checked, for a region.
local READ = [[
import json, sys, boto3
ssm = boto3.client("ssm", endpoint_url=sys.argv[1], region_name=sys.argv[2],
                   aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="setup")
arguments = sys.argv[3:]
]]

--- What an administrator does at SSM of moto in a region: lines of python with `ssm` and `arguments`, which set
-- `result`. Returns it.
function pushing.administer(moto, region, lines, ...)
  moto:post("/moto-api/reset-auth", "inf")
  local result = process.python { "-c", READ .. lines .. "\nprint(json.dumps(result, default=str))", moto.url, region,
    ... }
  moto:post("/moto-api/reset-auth", "0")
  assert(result.status == 0, result.stderr)
  return cjson.decode(result.stdout)
end

--- All parameters of a region of moto, by name: {value, version, tier, type}.
function pushing.parameters(moto, region)
  return pushing.administer(moto, region, [==[
result = {}
for page in ssm.get_paginator("describe_parameters").paginate():
    for it in page["Parameters"]:
        value = ssm.get_parameter(Name=it["Name"], WithDecryption=True)["Parameter"]
        result[it["Name"]] = {"value": value["Value"], "version": value["Version"], "tier": it["Tier"],
                              "type": it["Type"]}
]==])
end

--- Forgets all parameters of the regions.
function pushing.empty(moto)
  for _, region in ipairs { "us-east-1", "us-west-2" } do
    pushing.administer(moto, region, [[
for page in ssm.get_paginator("describe_parameters").paginate():
    for it in page["Parameters"]:
        ssm.delete_parameter(Name=it["Name"])
result = True
]])
  end
end

--- The pointer that a region of moto holds for a policy, decoded; nil for none.
function pushing.pointer(moto, region, name)
  local found = pushing.parameters(moto, region)["/sentinel/policies/" .. (name or "prod")]
  return found and cjson.decode(found.value), found
end

return pushing
