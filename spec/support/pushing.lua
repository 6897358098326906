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

--- moto with alice, who may publish, and a reader, who may only read.
function pushing.moto()
  local moto = servers.start_moto()
  local reading = { { Effect = "Allow", Resource = "*", Action = { "sts:GetCallerIdentity", "ssm:Get*" } } }
  moto.keys = moto:build { users = { alice = { statements = pushing.STATEMENTS }, reader = { statements = reading } } }
  return moto
end

--- Her machine: two regions, and no key that is asked for unless settings say so.
function pushing.world(moto, settings)
  return world.new { endpoint = moto.url, key = moto.keys and moto.keys.alice,
    config = "[profile corp]\nregion = us-east-1\n", environment = { AWS_PROFILE = "corp" },
    settings = "installation: acme\npolicy:\n  regions: [us-east-1, us-west-2]\n" .. (settings or "") }
end

--- Writes a bundle's folder into the world: home/prod, and a spec beside it. options: name (default prod), serial,
-- policy, more (further lines of bundle.yaml), spec (text, or false).
function pushing.bundle(home, options)
  options = options or {}
  local name = "prod"
  home:write(name .. "/bundle.yaml", ("sentinel_bundle: 1\nname: %s\nserial: %d\npolicy: policy.yaml\n%s%s"):format(
    options.name or name, options.serial or 1, options.plain and "" or "installation: acme\n" .. pushing.TARGETS,
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

-- A call that is not checked, as an administrator would make it: curl, for boto3 takes a second to load.
local function ask(moto, region, target, fields)
  local scope = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/%s/%s/aws4_request, SignedHeaders=host, "
    .. "Signature=0"
  local service = target:match("^TrentService") and "kms" or "ssm"
  local result = process.run { "/usr/bin/curl", "-sS", "-H", "Content-Type: application/x-amz-json-1.1",
    "-H", "X-Amz-Target: " .. target, "-H", "Authorization: " .. scope:format(region, service),
    "-d", next(fields) and cjson.encode(fields) or "{}", moto.url }
  assert(result.status == 0, result.stderr)
  return cjson.decode(result.stdout)
end

--- What an administrator does at moto in a region: an action of SSM ("PutParameter"), or of KMS
-- ("TrentService.CreateKey"), with its fields. Returns the answer.
function pushing.ask(moto, region, action, fields)
  moto:post("/moto-api/reset-auth", "inf")
  local answer = ask(moto, region, action:find("%.") and action or "AmazonSSM." .. action, fields)
  moto:post("/moto-api/reset-auth", "0")
  return answer
end

--- A parameter of a region of moto as GetParameter gives it; nil for none.
function pushing.parameter(moto, region, name)
  return pushing.ask(moto, region, "GetParameter", { Name = name, WithDecryption = true }).Parameter
end

--- The tier of a parameter.
function pushing.tier(moto, region, name)
  local filter = { { Key = "Name", Values = { name } } }
  return pushing.ask(moto, region, "DescribeParameters", { ParameterFilters = filter }).Parameters[1].Tier
end

--- The pointer that a region of moto holds for a policy, decoded, and the parameter; nil for none.
function pushing.pointer(moto, region, name)
  local parameter = pushing.parameter(moto, region, "/sentinel/policies/" .. name)
  return parameter and cjson.decode(parameter.Value), parameter
end

--- A maker of texts that cannot be compressed well, the same ones each time: noise(length).
function pushing.noise()
  local seed = 7
  return function(length)
    local text = {}
    for i = 1, length do
      seed = (seed * 1103515245 + 12345) % 2147483648
      text[i] = string.char(97 + (seed >> 16) % 26)
    end
    return table.concat(text)
  end
end

local names = 0

--- A name that no policy has had yet.
function pushing.new_name()
  names = names + 1
  return "prod" .. names
end

return pushing
