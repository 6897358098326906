--- The fault matrix, AWS's side: whatever STS and SSM do wrong, nothing is on stdout, the exit
-- status is right, the
-- first line of stderr says what failed, and the log holds exactly what had been decided by then.
local coder = require "spec.support.coder"
local expect = require "spec.support.expect"
local servers = require "spec.support.servers"
local world = require "spec.support.world"

describe("when AWS is at fault", function()
  local faulty, home

  setup(function()
    faulty = servers.start_faulty()
    home = world.new { endpoint = faulty.url, source = "ssm:/sentinel/policies/{profile}" }
    home:write_aws_config(world.profile("dev", "Dev") .. world.profile("prod", "Prod")
      .. coder.profile("coded", "Dev", coder.new_serial(), coder.write_process(home)))
  end)

  teardown(function()
    home:remove()
    faulty:stop()
  end)

  before_each(function()
    faulty:set {}
    home:clear_log()
  end)

  -- What the log holds when this call fails, and at which stage.
  local calls = {
    ["sts.GetCallerIdentity"] = { kinds = "failed", stage = "identity" },
    ["ssm.GetParameter"] = { kinds = "failed", stage = "policy" },
    ["sts.AssumeRole"] = { kinds = "decision failed", stage = "sts" },
    ["sts.GetSessionToken"] = { kinds = "failed", stage = "mfa", profile = "coded", times = 1 },
  }

  local function assert_refused_at(call, result, status, ...)
    expect.refused(result, status, ...)
    assert.are.equal(calls[call].kinds, home:kinds())
    local records = home:records()
    assert.are.equal(calls[call].stage, records[#records].stage)
    if call ~= "sts.AssumeRole" then
      assert.are.equal(0, faulty:count("sts.AssumeRole"))
    end
    local times = calls[call].times or 2
    assert.is_true(faulty:count(call) <= times, call .. " was asked more than " .. times .. " times")
  end

  -- Every call, every one of these: status 6. once: it is an answer, which is never asked for
  -- again.
  local faults = {
    { "500", { fault = "status", status = 500 } },
    { "503", { fault = "status", status = 503 } },
    { "429", { fault = "status", status = 429 } },
    { "403 in HTML", { fault = "status", status = 403 }, once = true },
    { "404 in HTML", { fault = "status", status = 404 }, once = true },
    { "204", { fault = "status", status = 204, body = "" } },
    { "a status of its own", { fault = "status", status = 999 } },
    { "garbage", { fault = "garbage" } },
    { "nothing in the body", { fault = "body", body = "" } },
    { "a NUL", { fault = "body", body = "\0" } },
    { "HTML", { fault = "body",
      body = "<html><body>Log in to the airport's network</body></html>" } },
    { "half a body", { fault = "truncated" } },
    { "the wrong content type", { fault = "content_type", value = "text/html" } },
    { "2 MiB", { fault = "oversized" } },
    { "a redirect", { fault = "redirect", location = "/elsewhere" } },
    { "a redirect to another host", { fault = "redirect", status = 307,
      location = "http://127.0.0.2:1/" } },
    { "a closed connection", { fault = "close" } },
    { "what is not HTTP", { fault = "raw", bytes = "SSH-2.0-OpenSSH_9.2\r\n" } },
    { "half a status line", { fault = "raw", bytes = "HTTP/1.1 20" } },
    { "headers without end", { fault = "raw", bytes = "HTTP/1.1 200 OK\r\nX: "
      .. ("x"):rep(300000) } },
    { "silence", { fault = "hang", after = "nothing" } },
    { "silence after the headers", { fault = "hang", after = "headers" } },
    { "a byte at a time", { fault = "drip" } },
    { "SignatureDoesNotMatch", { fault = "error", code = "SignatureDoesNotMatch", status = 403 },
      "SignatureDoesNotMatch", once = true },
    { "AccessDenied", { fault = "error", code = "AccessDeniedException", status = 400 },
      "AccessDenied", once = true },
    { "an error in XML", { fault = "xml_error", code = "SignatureDoesNotMatch" },
      "SignatureDoesNotMatch", once = true },
    { "an internal error", { fault = "error", code = "InternalFailure", status = 500 } },
  }

  for call in pairs(calls) do
    for _, fault in ipairs(faults) do
      it(call .. " answers with " .. fault[1], function()
        faulty:set { [call] = fault[2] }
        local profile = calls[call].profile or "dev"
        assert_refused_at(call, home:run({ "credentials", profile }, { limit_s = 20 }), 6, fault[3])
        if fault.once then
          assert.are.equal(1, faulty:count(call))
        end
      end)
    end

    it(call .. " is not to be reached", function()
      local service = call:match("^%w+"):upper()
      local result = home:run({ "credentials", "dev" },
        { environment = { ["AWS_ENDPOINT_URL_" .. service] = "http://127.0.0.1:1" } })
      expect.refused(result, 6, "127.0.0.1")
      assert.are.equal("failed", home:kinds())
      assert.are.equal(0, faulty:count("sts.AssumeRole"))
    end)
  end

  local function replace(pattern, by)
    return { fault = "replace", pattern = pattern, by = by }
  end

  local odd = {
    ["sts.GetCallerIdentity"] = {
      { "a document type", { fault = "doctype" } },
      { "another root", replace("GetCallerIdentityResponse", "GetUserResponse") },
      { "no ARN", replace("<Arn>.*</Arn>", "") },
      { "two ARNs", replace("(<Arn>.*</Arn>)", "\\1\\1") },
      { "no account", replace("<Account>.*</Account>", "") },
      { "another account than the ARN's", replace("<Account>.*</Account>",
        "<Account>999999999999</Account>") },
      { "text after the end", replace("$", "<more/>") },
      { "no Date", { fault = "date" } },
      { "a Date that is none", { fault = "date", value = "yesterday" } },
    },
    ["ssm.GetParameter"] = {
      { "two values", { fault = "duplicate_key", key = "Value" } },
      { "two types", { fault = "duplicate_key", key = "Type" } },
      { "a value that is a number", replace([["Value": "(?:[^"\\]|\\.)*"]], [["Value": 7]]) },
      { "no value", replace("\"Value\"", "\"Walue\"") },
      { "a null value", replace([["Value": "(?:[^"\\]|\\.)*"]], [["Value": null]]) },
      { "a version that is text", replace("\"Version\": 3", "\"Version\": \"three\"") },
      { "an array", replace("^.*$", "[]") },
      { "text after the end", replace("$", " {}") },
      { "NaN", replace("\"Version\": 3", "\"Version\": NaN") },
    },
    ["sts.AssumeRole"] = {
      { "a document type", { fault = "doctype" } },
      { "another root", replace("AssumeRoleResponse", "AssumeRoleWithSAMLResponse") },
      { "no access key id", replace("<AccessKeyId>.*</AccessKeyId>", "") },
      { "no secret", replace("<SecretAccessKey>.*</SecretAccessKey>", "") },
      { "no token", replace("<SessionToken>.*</SessionToken>", "") },
      { "an empty token", replace("<SessionToken>.*</SessionToken>",
        "<SessionToken></SessionToken>") },
      { "no expiration", replace("<Expiration>.*</Expiration>", "") },
      { "an expiration that is none", replace("<Expiration>.*</Expiration>",
        "<Expiration>soon</Expiration>") },
      { "an expiration that has passed",
        replace("<Expiration>.*</Expiration>", "<Expiration>2001-01-01T00:00:00Z</Expiration>") },
      { "an expiration far behind what was asked for", replace("<Expiration>.*</Expiration>",
        "<Expiration>" .. os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() + 5 * 3600) .. "</Expiration>") },
      { "two secrets", replace("(<SecretAccessKey>.*</SecretAccessKey>)", "\\1\\1") },
      { "a quote in the token", replace("<SessionToken>", "<SessionToken>\",\"x\":\"") },
      { "a newline in the token", replace("<SessionToken>", "<SessionToken>a&#10;b") },
      { "an access key id that is none", replace("ASIAISSUEDBYFAULTSRV", "asia..") },
      { "another role's session", replace("assumed-role/Dev", "assumed-role/Admin") },
    },
    ["sts.GetSessionToken"] = {
      { "a document type", { fault = "doctype" } },
      { "another root", replace("GetSessionTokenResponse", "AssumeRoleResponse") },
      { "no access key id", replace("<AccessKeyId>.*</AccessKeyId>", "") },
      { "no secret", replace("<SecretAccessKey>.*</SecretAccessKey>", "") },
      { "no token", replace("<SessionToken>.*</SessionToken>", "") },
      { "an expiration that has passed",
        replace("<Expiration>.*</Expiration>", "<Expiration>2001-01-01T00:00:00Z</Expiration>") },
      { "an expiration in two days", replace("<Expiration>.*</Expiration>",
        "<Expiration>" .. os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() + 2 * 86400) .. "</Expiration>") },
      { "no Date", { fault = "date" } },
    },
  }

  for call, list in pairs(odd) do
    for _, case in ipairs(list) do
      it(call .. " answers with " .. case[1], function()
        faulty:set { [call] = case[2] }
        assert_refused_at(call, home:run { "credentials", calls[call].profile or "dev" }, 6)
      end)
    end
  end

  it("a slow answer within the time is an answer", function()
    faulty:set { ["*"] = { fault = "slow", seconds = 0.8 } }
    expect.credentials(home:run { "credentials", "dev" })
  end)

  -- The policy is looked at while the identity is awaited: that must not show.
  it("of two refusals the identity's is told", function()
    faulty:set {
      ["sts.GetCallerIdentity"] = { fault = "error", code = "AccessDenied", status = 403 },
      ["ssm.GetParameter"] = { fault = "garbage" },
    }
    assert_refused_at("sts.GetCallerIdentity", home:run { "credentials", "dev" }, 6,
      "AccessDenied")
  end)

  it("a policy that comes long before the identity is the one that decides", function()
    faulty:set { ["sts.GetCallerIdentity"] = { fault = "slow", seconds = 0.6 } }
    expect.credentials(home:run { "credentials", "dev" })
    faulty:set {
      ["sts.GetCallerIdentity"] = { fault = "slow", seconds = 0.6 },
      policy = "version: \"1\"\nrulez: []\n",
    }
    home:clear_log()
    assert_refused_at("ssm.GetParameter", home:run { "credentials", "dev" }, 5, "unknown key \"rulez\"")
  end)

  it("an outage that passes within the time is asked again, once", function()
    faulty:set { ["sts.GetCallerIdentity"] = { fault = "status", status = 500, times = 1 } }
    expect.credentials(home:run { "credentials", "dev" })
    assert.are.equal(2, faulty:count("sts.GetCallerIdentity"))
  end)

  it("a role whose maximum is shorter gives its hour, and the record says so", function()
    local message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    faulty:set { ["sts.AssumeRole"] = { fault = "error", code = "ValidationError", message = message, times = 1 } }
    home:clear_log()
    expect.credentials(home:run { "credentials", "dev", "--duration", "4h" })
    local records = home:records()
    assert.are.equal("role", records[#records].clamped_by)
    assert.are.equal(3600, records[#records].duration)
  end)

  it("a role whose maximum is shorter than the lease ends the session before it", function()
    local message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    faulty:set {
      ["sts.AssumeRole"] = { fault = "error", code = "ValidationError", message = message, times = 1 },
      policy = world.allow_dev:gsub("max_duration: 1h", "lease: 90m"),
    }
    home:clear_log()
    expect.credentials(home:run { "credentials", "dev", "--duration", "4h" })
    local records = home:records()
    assert.are.same({ "role", 3600 }, { records[#records].clamped_by, records[#records].duration })
    assert.is_nil(records[#records].lease)
    assert.is_true(records[#records].expires > os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() + 3000))
  end)

  it("a session whose lease is over when it comes is not handed out", function()
    faulty:set {
      ["sts.AssumeRole"] = { fault = "slow", seconds = 1.2 },
      policy = world.allow_dev:gsub("max_duration: 1h", "lease: 1s"),
    }
    home:clear_log()
    local result = home:run { "credentials", "dev" }
    expect.refused(result, 3, 'the lease of rule "dev-everyone", 1 s, was over', "less than a minute")
    assert.are.equal("decision failed", home:kinds())
  end)

  it("a redirect is not followed", function()
    faulty:set { ["sts.AssumeRole"] = { fault = "redirect", location = faulty.url .. "/followed" } }
    expect.refused(home:run { "credentials", "dev" }, 6)
    for _, request in ipairs(faulty:requests()) do
      assert.is_nil(request.path:find("followed", 1, true))
    end
  end)

  it("a proxy of the environment is not asked for a plain loopback endpoint", function()
    local result = home:run({ "credentials", "dev" },
      { environment = { HTTP_PROXY = "http://127.0.0.1:1",
      http_proxy = "http://127.0.0.1:1", ALL_PROXY = "http://127.0.0.1:1" } })
    expect.credentials(result)
  end)
end)
