--- Keys of a web identity from an STS that goes wrong (tests/tools/source_calls).
local cjson = require "cjson"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"
local world = require "spec.support.world"

local CALL = "sts.AssumeRoleWithWebIdentity"
local JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjaSJ9.c2lnbmF0dXJl"
local ROLE = "arn:aws:iam::123456789012:role/Ci"

describe("a web identity", function()
  local server, home, token

  setup(function()
    server = servers.start_faulty()
  end)

  teardown(function()
    server:stop()
  end)

  before_each(function()
    server:set {}
    home = files.temporary_folder()
    token = files.write(home .. "/token", JWT)
  end)

  after_each(function()
    files.remove(home)
  end)

  -- Asks with what the environment says, or with a profile of these lines.
  local function ask(environment, lines)
    local variables = { HOME = home, AWS_ENDPOINT_URL = server.url, AWS_REGION = "eu-central-1" }
    if lines then
      files.write(home .. "/.aws/config", "[profile ci]\n" .. lines)
    else
      variables.AWS_WEB_IDENTITY_TOKEN_FILE, variables.AWS_ROLE_ARN = token, ROLE
    end
    for name, value in pairs(environment or {}) do
      variables[name] = value or nil
    end
    local result = process.run({ settings.build .. "/source_calls", "web-identity", lines and "ci" },
      { environment = variables })
    assert.is_falsy((result.stdout .. result.stderr):find(JWT, 1, true))
    return result
  end

  local function given(environment, lines)
    local result = ask(environment, lines)
    assert.are.equal(0, result.status, result.stderr)
    return cjson.decode(result.stdout)
  end

  local function refused(code, text, environment, lines)
    local result = ask(environment, lines)
    assert.are.equal("", result.stdout)
    assert.is_truthy(result.stderr:find("^" .. code .. ": "), result.stderr)
    assert.is_truthy(result.stderr:find(text, 1, true), result.stderr)
    return result.status
  end

  it("of the environment is exchanged without a signature", function()
    local keys = given()
    assert.are.equal("ASIAISSUEDBYFAULTSRV", keys.id)
    assert.are.equal("web identity of the environment", keys.source)
    local request = server:requests()[1]
    assert.are.equal(JWT, request.fields.WebIdentityToken)
    assert.are.equal(ROLE, request.fields.RoleArn)
    assert.are.equal("sentinel", request.fields.RoleSessionName)
    assert.is_nil(request.headers.authorization)
    assert.is_nil(request.headers["x-amz-date"])
    given { AWS_ROLE_SESSION_NAME = "job-7" }
    assert.are.equal("job-7", server:requests()[2].fields.RoleSessionName)
  end)

  it("of a profile is exchanged where the profile says", function()
    local lines = ("web_identity_token_file = %s\nrole_arn = %s\nrole_session_name = build\n"):format(token, ROLE)
    assert.are.equal('web identity of profile "ci"', given(nil, lines).source)
    assert.are.equal("build", server:requests()[1].fields.RoleSessionName)
    given({ AWS_REGION = false, AWS_ENDPOINT_URL = false },
      lines .. "region = eu-west-1\nendpoint_url = " .. server.url .. "\n")
    refused("CONFIG_INVALID", "no region is known", { AWS_REGION = false }, lines)
    refused("CONFIG_INVALID", "is locked", { TEST_LOCKED = "yes" }, lines)
    refused("PROFILE_INVALID", 'profile "ci" names a web identity token, and no role', nil,
      "web_identity_token_file = " .. token .. "\n")
    refused("NO_CREDENTIALS", 'profile "ci" names no web identity token', nil, "role_arn = " .. ROLE .. "\n")
    refused("PROFILE_INVALID", "AWS_ROLE_ARN", { AWS_ROLE_ARN = false })
    assert.are.equal(2, #server:requests())
  end)

  it("is read anew, without the line feed at its end", function()
    for _, text in ipairs { "one\n", "two\r\n", "three" } do
      files.write(token, text)
      given()
      local requests = server:requests()
      assert.are.equal(text:match("%w+"), requests[#requests].fields.WebIdentityToken)
    end
  end)

  it("is no token when there is none in the file", function()
    for _, text in ipairs { "", "\n", "a b", "a\nb", "a\0b", ("x"):rep(32769) } do
      files.write(token, text)
      refused("NO_CREDENTIALS", token)
    end
    os.remove(token)
    refused("NO_CREDENTIALS", token)
    assert.are.equal(0, #server:requests())
  end)

  for code, hint in pairs {
    ExpiredTokenException = "has to write a new one",
    InvalidIdentityToken = "OpenID Connect provider",
    AccessDenied = "sts:AssumeRoleWithWebIdentity",
    ValidationError = "no reason given",
    InvalidClientTokenId = "no reason given",
  } do
    it("that is refused says why, once: " .. code, function()
      server:set { [CALL] = { fault = "error", code = code } }
      assert.are.equal(6, refused("AWS_REFUSED", hint))
      assert.are.equal(6, refused("AWS_REFUSED", code))
      assert.are.equal(2, server:count(CALL))
    end)
  end

  it("is not told again, though STS tells it", function()
    server:set { [CALL] = { fault = "error", code = "AccessDenied", message = "may not: " .. JWT } }
    refused("AWS_REFUSED", "AccessDenied")
  end)

  it("is offered twice when the issuer did not answer AWS", function()
    server:set { [CALL] = { fault = "error", code = "IDPCommunicationError", times = 1 } }
    given()
    assert.are.equal(2, server:count(CALL))
    server:set { [CALL] = { fault = "error", code = "IDPCommunicationError" } }
    refused("AWS_REFUSED", "could not ask the token's issuer")
    assert.are.equal(2, server:count(CALL))
  end)

  it("gets no keys from nonsense", function()
    for _, case in ipairs {
      { { fault = "garbage" }, "makes no sense" }, { { fault = "doctype" }, "makes no sense" },
      { { fault = "truncated" }, "shorter than announced" }, { { fault = "oversized" }, "too large" },
      { { fault = "content_type" }, "content type" },
      { { fault = "redirect", location = "http://127.0.0.1:1/" }, "HTTP 302" },
      { { fault = "status", status = 403 }, "nothing that AWS would say" },
      { { fault = "replace", pattern = "role/Ci/", by = "role/Other/" }, "a session of another role" },
      { { fault = "replace", pattern = "::123456789012:", by = "::123456789013:" }, "a session of another role" },
      { { fault = "replace", pattern = "WithWebIdentityResponse", by = "Response" }, "another kind of document" },
      { { fault = "replace", pattern = "<SessionToken>.*</SessionToken>", by = "" }, "SessionToken" },
      { { fault = "replace", pattern = "<Expiration>[^<]*", by = "<Expiration>2001-01-01T00:00:00Z" }, "Expiration" },
    } do
      server:set { [CALL] = case[1] }
      refused("ANSWER_INVALID", case[2])
    end
  end)

  it("waits for no STS for ever", function()
    server:set { [CALL] = { fault = "status", status = 500, times = 1 } }
    given()
    server:set { [CALL] = { fault = "hang" } }
    refused("TIMEOUT", "AssumeRoleWithWebIdentity")
  end)
end)

describe("a run with a web identity", function()
  local server, home, token

  setup(function()
    server = servers.start_faulty()
  end)

  teardown(function()
    server:stop()
  end)

  before_each(function()
    server:set { caller_arn = "arn:aws:sts::123456789012:assumed-role/Ci/sentinel" }
    home = world.new { endpoint = server.url, policy = world.allow_dev,
      environment = { SENTINEL_FILE_PASSPHRASE = "correct horse" } }
    token = home:write("token", JWT .. "\n")
    home:write_aws_config(([[
[profile dev]
sentinel_role_arn = %s
sentinel_source_profile = ci
region = us-east-1
[profile ci]
role_arn = %s
web_identity_token_file = %s
]]):format(world.role("Dev"), ROLE, token))
    home:write(".aws/credentials", "")
    expect.done(home:run({ "add", "other", "--stdin" },
      { stdin = "AKIAIOSFODNN7EXAMPLF\nwJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEX\n" }))
  end)

  after_each(function()
    os.remove(token)
    home:remove()
  end)

  it("exchanges a token once, and another one again", function()
    expect.credentials(home:run { "credentials", "dev" })
    expect.credentials(home:run { "credentials", "dev" })
    assert.are.equal(1, server:count(CALL))
    assert.are.equal("role/Ci/sentinel", home:records()[1].user)
    assert.are.equal('web identity of profile "ci"', home:records()[1].base)
    home:write("token", JWT .. "x\n")
    expect.credentials(home:run { "credentials", "dev" })
    assert.are.equal(2, server:count(CALL))
  end)

  it("ends with nothing when the token is refused", function()
    server:set { [CALL] = { fault = "error", code = "ExpiredTokenException" } }
    expect.refused(home:run { "credentials", "dev" }, 6, "has to write a new one")
    assert.are.equal(0, server:count("sts.AssumeRole"))
  end)

  it("asks nobody where the endpoint is locked", function()
    local result = home:run_under("locked: [endpoints]\nendpoints: aws\n", { "credentials", "dev" })
    if not result then
      return pending(settings.skipped "this machine lets nobody make a /etc of his own")
    end
    assert.are_not.equal(0, result.status)
    assert.are.equal("", result.stdout)
    assert.are.equal(0, server:count(CALL))
  end)
end)
