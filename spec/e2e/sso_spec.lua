--- Base credentials of IAM Identity Center: what a sign-in gives, how long it goes on by itself, and what it takes to
-- need a person again.
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"
local sso = require "spec.support.sso"
local world = require "spec.support.world"

local ARN = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Developer_0123456789abcdef/alice@example.com"

describe("a sign-in to IAM Identity Center", function()
  local center, sts, home

  setup(function()
    center = servers.start_sso()
    sts = servers.start_faulty()
  end)

  teardown(function()
    sts:stop()
    center:stop()
  end)

  local function start_world(options)
    options = options or {}
    options.endpoint = sts.url
    options.environment = { AWS_ENDPOINT_URL_SSO = center.url, AWS_ENDPOINT_URL_SSO_OIDC = center.url }
    options.policy = world.allow_dev
    options.config = options.config or sso.sessions .. sso.profiles .. world.profile("dev", "Dev")
    home = sso.world(center, options)
  end

  before_each(function()
    center:set {}
    sts:set { caller_arn = ARN }
    start_world()
  end)

  after_each(function()
    sso.guard(home, center)
    home:remove()
  end)

  local function run(arguments, options)
    local result = home:run(arguments, options)
    sso.guard(home, center)
    home:check_secrets(result)
    return result
  end

  local function sign_in(name)
    expect.done(run { "login", "--sso", "--device", name or "acme" })
    center:set {}
  end

  -- As the AWS CLI has done it: the keychain knows nothing.
  local function sign_in_by_cli(fields, name, wanted)
    expect.done(run({ "login", "--sso", "--device", wanted or "acme", "--config",
      home:write("cli.yaml", "sso: {tokens: aws-cli}\n") }))
    sso.change(home, name or "acme", fields or {})
    center:set {}
  end

  local function whoami()
    return run { "whoami", "corp" }
  end

  local function check_known(result)
    assert.truthy(expect.done(result):find("alice@example.com\n", 1, true), result.stdout)
  end

  it("says who asks, and asks IAM Identity Center once for two calls", function()
    sign_in()
    check_known(whoami())
    assert.equal("GetRoleCredentials", center:calls())
    assert.same({ account_id = "123456789012", role_name = "Developer" }, center:requests()[1].fields)
    center:set {}
    check_known(whoami())
    assert.equal("", center:calls())
  end)

  it("is what a role is assumed with, and two calls share the session", function()
    sign_in()
    local first = expect.credentials(run { "credentials", "dev" })
    assert.equal("GetRoleCredentials", center:calls())
    center:set {}
    local second = expect.credentials(run { "credentials", "dev" })
    assert.equal(first.AccessKeyId, second.AccessKeyId)
    assert.equal("", center:calls())
    assert.equal(1, sts:count("sts.AssumeRole"))
  end)

  it("may be the AWS CLI's", function()
    sign_in_by_cli()
    check_known(whoami())
    assert.equal("GetRoleCredentials", center:calls())
  end)

  it("may be one that a profile describes by itself", function()
    home:write_aws_config("[profile corp]\nsso_start_url = https://old.awsapps.com/start\nsso_region = us-east-1\n"
      .. "sso_account_id = 123456789012\nsso_role_name = Developer\nregion = us-east-1\n")
    expect.refused(whoami(), 4, 'profile "corp": nobody has signed in', "sentinel login --sso corp")
    sign_in_by_cli({ refreshToken = false }, "https://old.awsapps.com/start", "corp")
    check_known(whoami())
    expect.done(home:run { "clear" })
    home:write(sso.file("https://old.awsapps.com/start"), "{}")
    sign_in("corp")
    check_known(whoami())
  end)

  it("is asked for where there is none, and nothing is opened for it", function()
    sso.add_browser(home)
    local result = whoami()
    expect.refused(result, 4, 'sso-session "acme": nobody has signed in', "sentinel login --sso acme")
    assert.equal("", center:calls())
    assert.is_nil(home:read("visited"))
  end)

  describe("is refreshed", function()
    it("five minutes before it ends, and goes back where nobody need be asked", function()
      sign_in_by_cli { expiresAt = sso.time(330) }
      check_known(whoami())
      assert.equal("GetRoleCredentials", center:calls())
      local old = sso.token(home, "acme")
      sso.change(home, "acme", { expiresAt = sso.time(270) })
      center:set {}
      check_known(whoami())
      assert.equal("CreateToken GetRoleCredentials", center:calls())
      local asked, used = table.unpack(center:requests())
      assert.equal("refresh_token", asked.fields.grantType)
      local token = sso.token(home, "acme")
      assert.equal(old.refreshToken, asked.fields.refreshToken)
      assert.equal(token.accessToken, used.bearer)
      assert.truthy(token.accessToken ~= old.accessToken and token.refreshToken ~= old.refreshToken)
      assert.equal(old.registrationExpiresAt, token.registrationExpiresAt)
    end)

    it("into the keychain where there is one", function()
      expect.done(home:run({ "add", "other", "--stdin" },
        { stdin = world.key.id .. "\n" .. world.key.secret .. "\n" }))
      sign_in_by_cli { expiresAt = sso.time(270) }
      local before = home:read(sso.file("acme"))
      check_known(whoami())
      assert.equal("CreateToken GetRoleCredentials", center:calls())
      assert.equal(before, home:read(sso.file("acme")))
      assert.truthy(expect.done(home:run { "list" }):find("acme (a sign-in to IAM Identity Center)", 1, true))
    end)

    it("with the old refresh token again when no new one came", function()
      sign_in_by_cli { expiresAt = sso.time(100) }
      center:set { same_refresh = true, expires_in = 100 }
      check_known(whoami())
      check_known(whoami())
      assert.equal(2, center:count("CreateToken"))
    end)

    it("in turn with boto3, which reads and writes the same file", function()
      home:write_settings("sso: {tokens: aws-cli}\npolicy: {source: \"file:" .. home.policy_file .. "\"}\n")
      sign_in()
      sso.change(home, "acme", { expiresAt = sso.time(200) })
      local environment = { HOME = home.home, AWS_PROFILE = "corp", AWS_EC2_METADATA_DISABLED = "true",
        AWS_ENDPOINT_URL_SSO = center.url, AWS_ENDPOINT_URL_SSO_OIDC = center.url, PATH = os.getenv("PATH") }
      local boto = process.python({ "-c", [[
import boto3
print(boto3.Session().get_credentials().get_frozen_credentials().access_key[:4])]] }, { environment = environment })
      assert.equal("ASIA\n", boto.stdout, boto.stderr)
      assert.equal("CreateToken GetRoleCredentials", center:calls())
      local token = sso.token(home, "acme")
      center:set {}
      check_known(whoami())
      assert.equal("GetRoleCredentials", center:calls())
      assert.equal(token.accessToken, center:requests()[1].bearer)
      sso.change(home, "acme", { expiresAt = sso.time(200) })
      center:set {}
      check_known(whoami())
      assert.equal("CreateToken GetRoleCredentials", center:calls())
    end)

    it("by one of many processes", function()
      sign_in_by_cli { expiresAt = sso.time(-10) }
      center:set { slow = { CreateToken = 1 } }
      local running = {}
      for i = 1, 6 do
        running[i] = home:start { "whoami", "corp" }
      end
      for i = 1, 6 do
        check_known(process.finish(running[i], 30))
      end
      assert.equal(1, center:count("CreateToken"))
    end)

    it("when AWS no longer takes it", function()
      sign_in_by_cli()
      center:set { answers = { GetRoleCredentials = { { status = 401, json = { message = "Session token not found",
        __type = "com.amazonaws.switchboard.portal#UnauthorizedException" } } } } }
      check_known(whoami())
      assert.equal("GetRoleCredentials CreateToken GetRoleCredentials", center:calls())
    end)

    it("or not, which is no failure while it lives", function()
      for _, told in ipairs { { revoked = true }, { answers = { CreateToken = { { status = 500 }, { status = 500 } } } },
        { answers = { CreateToken = { { close = true }, { close = true } } } } } do
        sign_in_by_cli { expiresAt = sso.time(200) }
        center:set(told)
        check_known(whoami())
        assert.equal("CreateToken GetRoleCredentials", center:calls())
        expect.done(home:run { "clear" })
      end
    end)

    it("or is over", function()
      local out = "the sign-in is over or was revoked"
      for _, row in ipairs {
        { { revoked = true }, {}, 4, "revoked (invalid_grant)" },
        { { answers = { CreateToken = { { status = 400, json = { error = "expired_token" } } } } }, {}, 4,
          "the sign-in is over (expired_token)" },
        { { answers = { CreateToken = { { status = 401, json = { error = "invalid_client" } } } } }, {}, 4,
          "registration is over" },
        { { signed_out = true }, { registrationExpiresAt = sso.time(-1) }, 4, out },
        { { signed_out = true }, { refreshToken = false }, 4, out },
        { { answers = { GetRoleCredentials = { { close = true }, { close = true } } } }, { refreshToken = false }, 4,
          out },
        { { answers = { CreateToken = { { status = 500 } } } }, {}, 6, "HTTP 500" },
        { { signed_out = true }, { expiresAt = sso.time(3000) }, 4, out },
        { { signed_out = true }, { expiresAt = sso.time(3000), refreshToken = false }, 4, out },
      } do
        sign_in_by_cli { expiresAt = sso.time(-10) }
        sso.change(home, "acme", row[2])
        center:set(row[1])
        local result = whoami()
        expect.refused(result, row[3], row[4])
        assert.equal(row[3] == 4, result.stderr:find("sentinel login --sso acme", 1, true) ~= nil, result.stderr)
      end
    end)
  end)

  it("is good by the server's clock, whatever this machine's says", function()
    for _, hours in ipairs { -5, 5 } do
      center:set { clock_s = hours * 3600 }
      expect.done(run { "login", "--sso", "--device" })
      check_known(whoami())
      check_known(whoami())
      expect.done(home:run { "clear" })
      center:set { clock_s = hours * 3600, no_refresh = true }
      expect.done(run { "login", "--sso", "--device" })
      check_known(whoami())
      expect.done(home:run { "clear" })
    end
  end)

  it("does not give what was not assigned, nor where the profile says nothing", function()
    sign_in()
    home:write_aws_config(sso.sessions .. sso.profiles:gsub("Developer", "Administrator"))
    expect.refused(whoami(), 6, "role Administrator in account 123456789012: ForbiddenException: No access",
      "sso_role_name")
    for _, key in ipairs { "sso_account_id", "sso_role_name" } do
      home:write_aws_config(sso.sessions .. sso.profiles:gsub(key .. " = %w+\n", ""))
      expect.refused(whoami(), 5, "has no " .. key)
    end
    home:write_aws_config(sso.sessions .. sso.profiles:gsub("123456789012", "23456789012"))
    expect.refused(whoami(), 5, 'profile "corp": sso_account_id "23456789012" is not an account', "12 digits")
    home:write_aws_config(sso.profiles)
    expect.refused(whoami(), 5, "acme")
  end)

  it("is asked for once more where AWS is busy, and no more", function()
    local busy = { status = 429, json = { message = "Rate exceeded",
      __type = "com.amazonaws.switchboard.portal#TooManyRequestsException" } }
    sign_in()
    center:set { answers = { GetRoleCredentials = { busy } } }
    check_known(whoami())
    expect.done(home:run { "clear" })
    center:set { answers = { GetRoleCredentials = { busy, busy } } }
    expect.refused(whoami(), 6, "TooManyRequestsException: Rate exceeded", "wait a moment")
    assert.equal("GetRoleCredentials GetRoleCredentials", center:calls())
  end)

  it("is not taken from a file that others may write, or for another start URL", function()
    sign_in_by_cli()
    process.run { "/bin/chmod", "620", home.home .. "/" .. sso.file("acme") }
    expect.refused(whoami(), 4, sso.file("acme"), "sentinel login --sso acme")
    process.run { "/bin/chmod", "600", home.home .. "/" .. sso.file("acme") }
    home:write_aws_config((sso.sessions:gsub("acme.awsapps", "evil.awsapps")) .. sso.profiles)
    expect.refused(whoami(), 4, "nobody has signed in")
    assert.equal("", center:calls())
  end)

  it("is one for profiles that write the start URL of their portal with and without #/", function()
    local own = "[profile %s]\nsso_start_url = https://acme.awsapps.com/start%s\nsso_region = us-east-1\n"
      .. "sso_account_id = 123456789012\nsso_role_name = Developer\nregion = us-east-1\n"
    home:write_aws_config(own:format("one", "") .. own:format("two", "#/"))
    expect.done(run { "login", "--sso", "--device" })
    for _, profile in ipairs { "one", "two" } do
      expect.done(run { "whoami", profile })
    end
  end)

  it("is recorded to have gone to a host that then gave nothing for it", function()
    sign_in()
    center:set { answers = { GetRoleCredentials = { { status = 400 }, { status = 400 } } } }
    expect.refused(run { "credentials", "dev" }, 6, "GetRoleCredentials")
    assert.equal("failed", home:kinds())
    local record = home:records()[1]
    assert.equal("credentials", record.stage)
    assert.same({ (center.url:gsub("^http://", "")) }, record.base_endpoints)
    assert.equal("system", record.ca)
  end)

  it("is sent to no other host where the administrator says so", function()
    sign_in()
    local result = home:run_under("endpoints: aws\n", { "whoami", "corp" })
    if not result then
      return pending(settings.skipped("a machine of its own cannot be made here"))
    end
    expect.refused(result, 5, "endpoints: aws")
    assert.equal("", center:calls())
  end)

  it("leaves no secret on the disk but where the AWS CLI keeps it", function()
    sign_in()
    check_known(whoami())
    sso.guard(home, center)
    home:check_disk()
    assert.is_false(files.exists(home.home .. "/.aws/sso"))
  end)
end)
