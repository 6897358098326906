--- Bad input: a clear error that names the thing and the remedy, the right exit status, nothing on
-- stdout.
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local servers = require "spec.support.servers"
local stage = require "spec.support.stage"
local world = require "spec.support.world"

describe("bad input to moto's world", function()
  local moto, home

  setup(function()
    moto = stage.moto { users = { alice = { path = "/" }, weak = { path = "/",
      statements = { { Effect = "Allow",
      Resource = "*", Action = { "sts:GetCallerIdentity", "ssm:GetParameter" } } } } } }
    home = stage.world(moto)
  end)

  teardown(function()
    home:remove()
    moto:stop()
  end)

  before_each(function()
    home:write_key(moto.keys.alice)
    home:write_aws_config(stage.config())
    moto:forget()
  end)

  it("unknown profile: names it and the nearest one", function()
    expect.refused(home:run { "credentials", "deb" }, 5, "deb", "dev")
    assert.are.equal(0, #moto:requests())
  end)

  it("profile without role: names it and both ways to name a role, never hands out the base key",
    function()
    home:write_aws_config("[profile dev]\nregion = us-east-1\nsentinel_source_profile = corp\n")
    expect.refused(home:run { "credentials", "dev" }, 5, "dev", "sentinel_role_arn")
  end)

  it("a role without permission: AWS's word, after the decision", function()
    home:write_key(moto.keys.weak)
    home:clear_log()
    expect.refused(home:run { "credentials", "dev" }, 6, "AccessDenied")
    assert.are.equal("decision failed", home:kinds())
    assert.are.equal("sts", home:records()[2].stage)
  end)

  it("a key that AWS does not know", function()
    home:write_key { id = "AKIAUNKNOWNUNKNOWN99", secret = "whatever" }
    expect.refused(home:run { "credentials", "dev" }, 6, "InvalidClientTokenId")
  end)

  it("a wrong secret", function()
    home:write_key { id = moto.keys.alice.id, secret = "notTheSecretOfThisKey" }
    expect.refused(home:run { "credentials", "dev" }, 6, "SignatureDoesNotMatch")
  end)

  it("a policy that SSM does not hold", function()
    expect.refused(home:run { "credentials", "absent" }, 5, "/sentinel/policies/absent",
      "us-east-1")
  end)

  it("a policy of type StringList", function()
    expect.refused(home:run { "credentials", "list" }, 5, "StringList", "/sentinel/policies/list")
  end)

  it("a policy with a mistake: file, line, column", function()
    expect.refused(home:run { "credentials", "broken" }, 5, "ssm:/sentinel/policies/broken:3:",
      "nmae", "name")
  end)

  it("a region that cannot be one: where it stands", function()
    home:write_aws_config((world.profile("dev", "Dev"):gsub("us%-east%-1", "Ohio")))
    expect.refused(home:run { "credentials", "dev" }, 5, 'the region of profile "dev": "Ohio" is not the name', "us-east-1")
    home:write_aws_config((world.profile("dev", "Dev"):gsub("region = us%-east%-1", "")))
    expect.refused(home:run({ "credentials", "dev" }, { environment = { AWS_REGION = "Ohio" } }), 5, "AWS_REGION")
    expect.refused(home:run { "credentials", "dev", "--region", "Ohio" }, 2, '"Ohio" is not the name')
    assert.are.equal(0, #moto:requests())
  end)

  it("a profile name that cannot be part of a parameter's name", function()
    home:write_aws_config(world.profile("dev@home", "Dev"))
    expect.refused(home:run { "credentials", "dev@home" }, 5, "policy.source")
    assert.are.equal(0, #moto:requests())
  end)
end)

describe("bad input from AWS", function()
  local faulty, home

  setup(function()
    faulty = servers.start_faulty()
    home = world.new { endpoint = faulty.url, source = "ssm:/p" }
  end)

  teardown(function()
    home:remove()
    faulty:stop()
  end)

  before_each(function()
    home:clear_log()
  end)

  local function error_of(call, code, message, status)
    faulty:set { [call] = { fault = "error", code = code, message = message, status = status } }
  end

  for permission, call in pairs { ["sts:SetSourceIdentity"] = "sts.AssumeRole",
    ["sts:TagSession"] = "sts.AssumeRole" } do
    it("missing " .. permission .. ": names it and the lines of the trust policy", function()
      error_of(call, "AccessDenied",
        "User: arn:aws:iam::123456789012:user/alice is not authorized to perform: "
        .. permission .. " on resource: arn:aws:iam::123456789012:role/Dev", 403)
      expect.refused(home:run { "credentials", "dev" }, 6, permission, "\"Action\"")
      assert.are.equal("decision failed", home:kinds())
    end)
  end

  it("expired base credentials: a login helps", function()
    for _, code in ipairs { "ExpiredToken", "ExpiredTokenException" } do
      error_of("sts.GetCallerIdentity", code,
        "The security token included in the request is expired", 403)
      expect.refused(home:run { "credentials", "dev" }, 4, "expired")
    end
  end)

  it("a temporary key that AWS does not know: no other is to be stored for it", function()
    error_of("sts.GetCallerIdentity", "InvalidClientTokenId", "The security token included in the request is invalid.", 403)
    home:write_key { id = "ASIAIOSFODNN7EXAMPLE", secret = world.key.secret, token = "FwoGZXIvYXdzEExample" }
    local told = expect.refused(home:run { "credentials", "dev" }, 6, "ASIAIOSFODNN7EXAMPLE", "sentinel clear")
    home:write_key(world.key)
    assert.is_nil(told:find("sentinel add", 1, true))
  end)

  it("a SecureString without the key", function()
    error_of("ssm.GetParameter", "AccessDeniedException",
      "The ciphertext refers to a customer master key that does "
      .. "not exist, does not exist in this region, or you are not allowed to access.")
    expect.refused(home:run { "credentials", "dev" }, 6, "/p")
    error_of("ssm.GetParameter", "InvalidKeyId", "the key is disabled")
    expect.refused(home:run { "credentials", "dev" }, 6, "InvalidKeyId")
  end)

  it("a SecureString that came undecrypted", function()
    faulty:set { parameter_type = "SecureString", policy = "kms:alias/aws/ssm:" .. world.allow_dev }
    local result = home:run { "credentials", "dev" }
    expect.refused(result, 5)
  end)

  it("a base session that carries another SourceIdentity", function()
    error_of("sts.AssumeRole", "AccessDenied",
      "SourceIdentity of the calling session cannot be changed", 403)
    expect.refused(home:run { "credentials", "dev" }, 6, "SourceIdentity")
  end)

  it("control characters and quotes in AWS's message do not reach the terminal or forge a record",
    function()
    error_of("sts.AssumeRole", "AccessDenied", "line one&#10;&#27;[31mred\"} {\"kind\":\"issued\"",
      403)
    expect.refused(home:run { "credentials", "dev" }, 6)
    assert.are.equal("decision failed", home:kinds())
    assert.are.equal(0, home:run({ "log", "verify" }).status)
  end)

  for name, more in pairs { ["whose name has a newline"] = "user/al&#10;ice",
    ["whose name is long"] = "user/" .. ("x"):rep(400) } do
    it("a caller " .. name, function()
      faulty:set { caller_arn = "arn:aws:iam::123456789012:" .. more }
      local result = home:run { "credentials", "prod" }
      assert.is_true(result.status == 3 or result.status == 6, "status " .. result.status)
      expect.refused(result, result.status)
    end)
  end
end)

describe("bad input on the machine", function()
  local faulty, home

  setup(function()
    faulty = servers.start_faulty()
  end)

  teardown(function()
    faulty:stop()
  end)

  before_each(function()
    faulty:set {}
    home = world.new { endpoint = faulty.url, policy = world.allow_dev }
  end)

  after_each(function()
    assert.are.equal(0, faulty:count("sts.AssumeRole"))
    home:remove()
  end)

  it("a loop in ~/.aws/config prints the chain", function()
    home:write_aws_config([[
[profile dev]
role_arn = arn:aws:iam::123456789012:role/Dev
source_profile = a
[profile a]
role_arn = arn:aws:iam::123456789012:role/A
source_profile = b
[profile b]
role_arn = arn:aws:iam::123456789012:role/B
source_profile = a
]])
    expect.refused(home:run { "credentials", "dev" }, 5, "a -> b -> a")
  end)

  local configs = {
    { "a role that cannot be one",
      "[profile dev]\nsentinel_role_arn = Dev\nsentinel_source_profile = corp\n", "role" },
    { "a role with a newline escape",
      "[profile dev]\nsentinel_role_arn = arn:aws:iam::1:role/D\\nev\n", "role" },
    { "half a section", "[profile dev\nsentinel_role_arn = x\n", "config:1" },
    { "a NUL in the role",
      "[profile dev]\nsentinel_role_arn = arn:aws:iam::123456789012:role/D\0ev\n", "" },
    { "a source profile that does not exist", world.profile("dev", "Dev"):gsub("= corp",
      "= nobody"), "nobody" },
    { "a duration that STS does not issue", world.profile("dev", "Dev",
      "sentinel_duration_seconds = 60"), "15m" },
  }
  for _, case in ipairs(configs) do
    it("~/.aws/config with " .. case[1], function()
      home:write_aws_config(case[2])
      local result = home:run { "credentials", "dev" }
      assert.is_true(result.status == 5 or result.status == 6, "status " .. result.status
        .. result.stderr)
      expect.refused(result, result.status, case[3])
    end)
  end

  local settings = {
    { "an unknown key", "policy: {sauce: x}\n", "config.yaml:1:", "source" },
    { "a wrong type", "policy: [x]\n", "policy" },
    { "a list that is a text", "policy: {regions: us-east-1}\n", "regions" },
    { "YAML that is none", "policy: [\n", "config.yaml" },
    { "a duplicate key", "tags: \"on\"\ntags: \"off\"\n", "tags" },
    { "an alias", "policy: &a {source: x}\nlog: *a\n", "config.yaml" },
    { "a key of the administrator's", "sandbox: rlimits-only\n", "/etc/sentinel/config.yaml" },
    { "a lock", "locked: [policy.source]\n", "/etc/sentinel/config.yaml" },
    { "a NUL", "policy: {source: \"a\\0b\"}\n", "config.yaml" },
    { "a brace that is no placeholder", "policy: {source: \"ssm:/p/{user}\"}\n", "{profile}" },
    { "a parameter name with a newline", "policy: {source: \"ssm:/a\\nb\"}\n", "parameter" },
    { "a profile with an odd name",
      "policy: {source: \"ssm:/p\"}\nprofiles: {\"a b\": {region: x}}\n", "a b" },
  }
  for _, case in ipairs(settings) do
    it("config.yaml with " .. case[1], function()
      home:write_settings(case[2])
      expect.refused(home:run { "credentials", "dev" }, 5, case[3], case[4])
    end)
  end

  it("a configuration or a policy that someone else may write", function()
    files.write(home.policy_file, world.allow_dev, "0666")
    expect.refused(home:run { "credentials", "dev" }, 5, "policy.yaml", "chmod")
    files.write(home.policy_file, world.allow_dev)
    files.write(home.home .. "/.config/sentinel/config.yaml", "tags: \"on\"\n", "0666")
    expect.refused(home:run { "credentials", "dev" }, 5, "config.yaml", "chmod")
  end)

  it("no policy configured: names the key, the flag and init, and opens no socket", function()
    home:write_settings("tags: \"on\"\n")
    for _, profile in ipairs { "dev", "nowhere" } do -- whether there is such a profile or not
      expect.refused(home:run { "credentials", profile }, 5,
        ("no policy is configured for profile %q"):format(profile), "policy.source",
        "--policy", "sentinel init --local")
    end
    assert.are.equal(0, #faulty:requests())
  end)

  it("base credentials that are not there: soon", function()
    home:write(".aws/credentials", "")
    expect.refused(home:run({ "credentials", "dev" }, { limit_s = 20 }), 6, "corp")
  end)

  it("half a key in the environment, where the source profile has none", function()
    home:write(".aws/credentials", "")
    local result = home:run({ "credentials", "dev" },
      { environment = { AWS_ACCESS_KEY_ID = world.key.id } })
    expect.refused(result, 6, "AWS_SECRET_ACCESS_KEY")
    result = home:run({ "credentials", "dev" },
      { environment = { AWS_SECRET_ACCESS_KEY = world.key.secret } })
    expect.refused(result, 6, "AWS_ACCESS_KEY_ID")
  end)

  it("a HOME that does not exist", function()
    local result = home:run({ "credentials", "dev", "--policy", home.policy_file },
      { environment = { HOME = "/nonexistent/home" }, folder = "/" })
    expect.refused(result, 5, "dev")
  end)

  it("a HOME that cannot be written: no record, no credentials", function()
    local result = home:run({ "credentials", "dev" },
      { environment = { XDG_STATE_HOME = "/proc/1/none" } })
    expect.refused(result, 6, "/proc/1/none")
  end)

  it("a HOME that is not set, or not a path", function()
    for _, value in ipairs { false, "", "relative/home" } do
      local result = home:run({ "credentials", "dev", "--policy", home.policy_file },
        { environment = { HOME = value, AWS_CONFIG_FILE = home.home .. "/.aws/config" },
          folder = "/" })
      assert.is_true(result.status == 5 or result.status == 6, "status " .. result.status)
      expect.refused(result, result.status)
    end
  end)

  it("a plain http endpoint that is not the loopback", function()
    for _, url in ipairs { "http://192.0.2.1:80", "http://localhost.example.com", "ftp://127.0.0.1",
      "127.0.0.1", "http://",
      "http://127.0.0.1\n:80", "http://user:pass@127.0.0.1", "http://127.0.0.1.example.com" } do
      local result = home:run({ "credentials", "dev" },
        { environment = { AWS_ENDPOINT_URL = url } })
      assert.is_true(result.status == 5 or result.status == 6, url .. ": status " .. result.status)
      expect.refused(result, result.status)
    end
  end)

  it("an AWS_CA_BUNDLE that does not exist", function()
    local result = home:run({ "credentials", "dev" },
      { environment = { AWS_CA_BUNDLE = "/nonexistent/ca.pem",
      AWS_ENDPOINT_URL = faulty.url:gsub("^http", "https") } })
    assert.is_true(result.status == 5 or result.status == 6)
    expect.refused(result, result.status, "/nonexistent/ca.pem")
  end)
end)
