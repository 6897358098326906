--- Keys of instances and containers from hosts that go wrong, one source at a time
-- (tests/tools/source_calls).
local cjson = require "cjson"
local files = require "spec.support.files"
local process = require "spec.support.process"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"

local SECRET = "secret/of+the/metadata+server"
local TOKEN = "token//of+the+metadata+server=="

describe("metadata hosts", function()
  local server, folder

  setup(function()
    server = servers.start_metadata()
    folder = files.temporary_folder()
  end)

  teardown(function()
    server:stop()
    files.remove(folder)
  end)

  before_each(function()
    server:set {}
  end)

  -- Asks a source; the environment is laid over that of a machine where the server is.
  local function ask(source, environment)
    local variables = { HOME = folder, AWS_EC2_METADATA_SERVICE_ENDPOINT = server.url,
      AWS_CONTAINER_CREDENTIALS_FULL_URI = server.url .. "/keys?of=task" }
    for name, value in pairs(environment or {}) do
      variables[name] = value or nil
    end
    return process.run({ settings.build .. "/source_calls", source }, { environment = variables, limit_s = 20 })
  end

  local function given(source, environment)
    local result = ask(source, environment)
    assert.are.equal(0, result.status, result.stderr)
    return cjson.decode(result.stdout)
  end

  -- Checks that it gives nothing, for that reason, and tells no secret.
  local function refused(code, text, source, environment)
    local result = ask(source, environment)
    assert.are.equal("", result.stdout)
    assert.is_truthy(result.stderr:find("^" .. code .. ": "), result.stderr)
    assert.is_truthy(result.stderr:find(text, 1, true), result.stderr)
    assert.is_falsy(result.stderr:find(SECRET, 1, true))
    assert.is_falsy(result.stderr:find(TOKEN, 1, true))
    return result.stderr
  end

  -- What is the same for the last answer of both, and for which call that is.
  local SOURCES = {
    { source = "named-instance", call = "imds.keys", before = "imds.token imds.role " },
    { source = "container", call = "container", before = "" },
  }

  local NONSENSE = {
    { { fault = "garbage" }, "makes no sense" },
    { { fault = "truncated" }, "shorter than announced" },
    { { fault = "oversized", size = 20000 }, "too large" },
    { { fault = "body", body = "" }, "makes no sense" },
    { { fault = "body", body = "[]" }, "not a JSON object" },
    { { fault = "duplicate_key", key = "Token" }, "makes no sense" },
    { { fault = "replace", pattern = '"Token": "[^"]*", ', by = "" }, "Token" },
    { { fault = "replace", pattern = '"Token": "[^"]*"', by = '"Token": ""' }, "Token" },
    { { fault = "replace", pattern = '"Token": "[^"]*"', by = '"Token": 1' }, "Token" },
    { { fault = "replace", pattern = '"Expiration": "[^"]*"', by = '"Expiration": "soon"' }, "Expiration" },
    { { fault = "replace", pattern = '"Expiration": "[^"]*"', by = '"Expiration": null' }, "Expiration" },
    { { fault = "replace", pattern = '"AccessKeyId": "[^"]*"', by = '"AccessKeyId": "a b"' }, "access key id" },
    { { fault = "replace", pattern = '"SecretAccessKey": "[^"]*", ', by = "" }, "SecretAccessKey" },
  }

  it("give keys", function()
    server:set { keys = { Expiration = "2040-01-01T00:00:00Z" } }
    local keys = given "named-instance"
    assert.are.equal("ASIAIOSFODNN7INSTANC", keys.id)
    assert.are.equal(SECRET, keys.secret)
    assert.are.equal(TOKEN, keys.token)
    assert.are.equal("instance role instance-role (127.0.0.1:" .. server.port .. ")", keys.source)
    assert.are.equal("imds.token imds.role imds.keys", server:calls())
    assert.are.equal("21600", server:requests()[1].headers["x-aws-ec2-metadata-token-ttl-seconds"])
    assert.are.same(keys, given "instance")
    server:set {}
    keys = given "container"
    assert.are.equal(TOKEN, keys.token)
    assert.are.equal("container (127.0.0.1:" .. server.port .. ")", keys.source)
    assert.are.equal("/keys?of=task", server:requests()[1].path)
    assert.is_nil(server:requests()[1].headers.authorization)
  end)

  it("may hand out keys whose end is past: AWS says whether they are good", function()
    server:set { keys = { Expiration = "2021-01-01T00:00:00Z" } }
    for _, row in ipairs(SOURCES) do
      assert.are.equal(1609459200000, given(row.source).expires_at_ms)
    end
  end)

  for _, row in ipairs(SOURCES) do
    it("are not believed nonsense: " .. row.source, function()
      for _, case in ipairs(NONSENSE) do
        server:set { [row.call] = case[1] }
        refused("ANSWER_INVALID", case[2], row.source)
        assert.are.equal(row.before .. row.call, server:calls())
      end
    end)

    it("are asked again after 5xx, and three times at most: " .. row.source, function()
      server:set { [row.call] = { fault = "status", status = 503, times = 2 } }
      given(row.source)
      assert.are.equal(3, server:count(row.call))
      server:set { [row.call] = { fault = "status", status = 500 } }
      refused("AWS_REFUSED", "HTTP 500", row.source)
      assert.are.equal(3, server:count(row.call))
      server:set { [row.call] = { fault = "close", times = 1 } }
      given(row.source)
    end)

    it("send nobody elsewhere: " .. row.source, function()
      server:set { [row.call] = { fault = "redirect", location = server.url .. "/other" } }
      refused("AWS_REFUSED", "HTTP 302", row.source)
      assert.are.equal(1, server:count(row.call))
    end)

    it("are given up when they do not answer: " .. row.source, function()
      server:set { [row.call] = { fault = "hang", times = 1 } }
      given(row.source)
      server:set { [row.call] = { fault = "drip" } }
      refused("TIMEOUT", "no whole answer", row.source)
      assert.are.equal(3, server:count(row.call))
    end)

    it("are asked without a proxy: " .. row.source, function()
      given(row.source, { http_proxy = "http://127.0.0.1:1", HTTP_PROXY = "http://127.0.0.1:1",
        ALL_PROXY = "http://127.0.0.1:1" })
    end)

    it("are never asked by plain http elsewhere: " .. row.source, function()
      for _, host in ipairs { "169.254.169.253", "10.0.0.1", "example.com", "localhost.example.com", "[fd00:ec2::1]",
        "169.254.169.254.example.com" } do
        local url = "http://" .. host .. "/x"
        refused("CONFIG_INVALID", "plain http", row.source, { AWS_EC2_METADATA_SERVICE_ENDPOINT = url,
          AWS_CONTAINER_CREDENTIALS_FULL_URI = url })
      end
      assert.are.equal("", server:calls())
    end)
  end

  it("answer on localhost, too", function()
    local url = "http://localhost:" .. server.port
    given("named-instance", { AWS_EC2_METADATA_SERVICE_ENDPOINT = url .. "/" })
    given("container", { AWS_CONTAINER_CREDENTIALS_FULL_URI = url })
  end)

  describe("of an instance", function()
    it("are not asked where they are switched off", function()
      for _, value in ipairs { "true", "TRUE" } do
        refused("NO_CREDENTIALS", "AWS_EC2_METADATA_DISABLED", "named-instance", { AWS_EC2_METADATA_DISABLED = value })
      end
      assert.are.equal("", server:calls())
      given("named-instance", { AWS_EC2_METADATA_DISABLED = "false" })
    end)

    it("are asked for another token once", function()
      server:set { ["imds.role"] = { fault = "status", status = 401, times = 1 } }
      given "named-instance"
      assert.are.equal("imds.token imds.role imds.token imds.role imds.keys", server:calls())
      server:set { ["imds.keys"] = { fault = "status", status = 401, times = 1 } }
      given "named-instance"
      assert.are.equal("imds.token imds.role imds.keys imds.token imds.keys", server:calls())
      server:set { ["imds.role"] = { fault = "status", status = 401, times = 1 },
        ["imds.keys"] = { fault = "status", status = 401 } }
      refused("AWS_REFUSED", "HTTP 401", "named-instance")
      assert.are.equal(2, server:count("imds.token"))
    end)

    it("that never answer to the token's PUT may be too many hops away", function()
      server:set { ["imds.token"] = { fault = "hang" } }
      refused("TIMEOUT", "hop limit", "named-instance")
      assert.are.equal("imds.token imds.token imds.token", server:calls())
      server:set { ["imds.token"] = { fault = "hang" } }
      refused("NO_CREDENTIALS", "hop limit", "instance")
      assert.are.equal("imds.token", server:calls())
    end)

    it("are over soon where nobody named them", function()
      server:set { ["imds.role"] = { fault = "drip" } }
      refused("NO_CREDENTIALS", "no whole answer", "instance")
      assert.are.equal("imds.token imds.role", server:calls())
      refused("NO_CREDENTIALS", "cannot be reached", "instance",
        { AWS_EC2_METADATA_SERVICE_ENDPOINT = "http://127.0.0.1:1" })
      refused("NETWORK", "cannot be reached", "named-instance",
        { AWS_EC2_METADATA_SERVICE_ENDPOINT = "http://127.0.0.1:1" })
    end)

    it("are no instances where nobody named them and somebody else answers", function()
      for _, fault in ipairs { { fault = "status", status = 404 }, { fault = "status", status = 403 },
        { fault = "status", status = 200, body = "<html lang>" },
        { fault = "redirect", location = "http://127.0.0.1:1/" }, { fault = "raw", bytes = "SSH-2.0-x\r\n" } } do
        server:set { ["imds.token"] = fault }
        refused("NO_CREDENTIALS", "the instance's keys", "instance")
        refused("A[A-Z_]+", "the instance's keys", "named-instance")
      end
      server:set { ["imds.keys"] = { fault = "garbage" } }
      refused("ANSWER_INVALID", "makes no sense", "instance")
    end)

    it("that refuse a token say what to do", function()
      server:set { ["imds.token"] = { fault = "status", status = 403 } }
      refused("AWS_REFUSED", "switched off for this instance", "named-instance")
      server:set { ["imds.token"] = { fault = "status", status = 404 } }
      refused("AWS_REFUSED", "version 1 is never asked", "named-instance")
      assert.are.equal("imds.token", server:calls())
      for _, body in ipairs { "", " ", "a b", "<html lang>", ("x"):rep(1025) } do
        server:set { ["imds.token"] = { fault = "body", body = body } }
        refused("ANSWER_INVALID", "the token", "named-instance")
      end
    end)

    it("may have no role, or odd ones", function()
      server:set { role = "" }
      refused("NO_CREDENTIALS", "the instance has no role", "named-instance")
      server:set { role = "Dev+role@x\nother" }
      given "named-instance"
      assert.are.equal("/latest/meta-data/iam/security-credentials/Dev%2Brole%40x", server:requests()[3].path)
      server:set { role = "../../user-data?x" }
      given "named-instance"
      assert.are.equal("/latest/meta-data/iam/security-credentials/..%2F..%2Fuser-data%3Fx", server:requests()[3].path)
      server:set { role = ("r"):rep(129) }
      refused("ANSWER_INVALID", "the role's name", "named-instance")
    end)

    it("say what is wrong with the role", function()
      server:set { ["imds.keys"] = { fault = "body",
        body = '{"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot assume the role"}' } }
      refused("AWS_REFUSED", "AssumeRoleUnauthorizedAccess: EC2 cannot assume the role", "named-instance")
      server:set { keys = { Code = 1 } }
      refused("AWS_REFUSED", "its Code makes no sense", "named-instance")
    end)

    it("are where the profile says", function()
      local home = files.make_folder(folder .. "/configured")
      files.write(home .. "/.aws/config", "[default]\nec2_metadata_service_endpoint = " .. server.url .. "\n")
      given("named-instance", { HOME = home, AWS_EC2_METADATA_SERVICE_ENDPOINT = false })
      refused("CONFIG_INVALID", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE is neither IPv4 nor IPv6", "instance",
        { AWS_EC2_METADATA_SERVICE_ENDPOINT = false, AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE = "IPv5" })
    end)
  end)

  describe("of a container", function()
    it("get the token of the file, read anew, else of the variable", function()
      local file = files.write(folder .. "/token", "Bearer of file")
      local both = { AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE = file,
        AWS_CONTAINER_AUTHORIZATION_TOKEN = "Bearer of variable" }
      server:set { authorization = "Bearer of file" }
      given("container", both)
      both.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE = nil
      refused("AWS_REFUSED", "HTTP 401, InvalidToken: the token is not the container's", "container", both)
      server:set { authorization = "Bearer of variable" }
      given("container", both)
    end)

    it("do not tell the token again", function()
      server:set { container = { fault = "status", status = 403, content_type = "application/json",
        body = '{"Code":"Denied","Message":"not with Bearer of mine"}' } }
      local told = refused("AWS_REFUSED", "HTTP 403, Denied", "container",
        { AWS_CONTAINER_AUTHORIZATION_TOKEN = "Bearer of mine" })
      assert.is_falsy(told:find("Bearer of mine", 1, true))
    end)

    it("get no token that would break a header", function()
      for _, text in ipairs { "a\n", "a\r\nX-Evil: 1", "", "a\0b", "\xc3\xa9" } do
        local file = files.write(folder .. "/token", text)
        local told = refused("CONFIG_INVALID", "the token of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "container",
          { AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE = file })
        assert.is_truthy(told:find(file, 1, true))
      end
      refused("CONFIG_INVALID", "holds a line break", "container", { AWS_CONTAINER_AUTHORIZATION_TOKEN = "a\nb" })
      refused("CONFIG_INVALID", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "container",
        { AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE = folder .. "/missing" })
      assert.are.equal("", server:calls())
    end)

    it("have to be named", function()
      refused("NO_CREDENTIALS", "neither", "container", { AWS_CONTAINER_CREDENTIALS_FULL_URI = false })
      for _, url in ipairs { "keys", "ftp://127.0.0.1/", "http://user@127.0.0.1/", "http://127.0.0.1/#x" } do
        refused("CONFIG_INVALID", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "container",
          { AWS_CONTAINER_CREDENTIALS_FULL_URI = url })
      end
      refused("CONFIG_INVALID", "does not begin with a /", "container",
        { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI = "@127.0.0.1/" })
    end)
  end)
end)

-- A network of its own, in which the hosts have the addresses that they have at AWS.
local MACHINE = [[
ip link set lo up || exit 97
for address in 169.254.169.254/32 169.254.170.2/32 169.254.170.23/32 fd00:ec2::254/128 fd00:ec2::23/128; do
  ip addr add $address dev lo nodad 2>/dev/null || ip addr add $address dev lo || exit 97
done
"$1" "$2" "$3" 169.254.169.254,169.254.170.2,169.254.170.23,fd00:ec2::254,fd00:ec2::23 &
until [ -e "$3/port" ]; do kill -0 $! || exit 98; sleep 0.1; done
shift 3
"$@"
status=$?
kill $!
exit $status
]]

describe("metadata hosts at AWS's addresses", function()
  local folder

  before_each(function()
    folder = files.temporary_folder()
    files.write(folder .. "/faults.json", "{}")
  end)

  after_each(function()
    files.remove(folder)
  end)

  local function ask(source, environment)
    environment.HOME, environment.PATH = folder, "/usr/sbin:/usr/bin:/sbin:/bin"
    return process.run({ "/usr/bin/unshare", "-rn", "/bin/sh", "-c", MACHINE, "sh", settings.python,
      settings.source .. "/tests/faults/metadata_server.py", folder, settings.build .. "/source_calls", source },
      { environment = environment })
  end

  for name, row in pairs {
    ["169.254.169.254"] = { "instance", {} },
    ["[fd00:ec2::254]"] = { "instance", { AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE = "ipv6" } },
    ["169.254.170.2"] = { "container", { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI = "/v2/credentials/x",
      AWS_CONTAINER_CREDENTIALS_FULL_URI = "http://127.0.0.1:1/" } },
    ["169.254.170.23"] = { "container",
      { AWS_CONTAINER_CREDENTIALS_FULL_URI = "http://169.254.170.23/v1/credentials" } },
    ["[fd00:ec2::23]"] = { "container",
      { AWS_CONTAINER_CREDENTIALS_FULL_URI = "http://[fd00:ec2:0::23]/v1/credentials" } },
  } do
    it("give keys: " .. name, function()
      local result = ask(table.unpack(row))
      if result.status == 97 or result.stderr:find("unshare", 1, true) then
        return pending(settings.skipped "no network of its own can be made here")
      end
      assert.are.equal(0, result.status, result.stderr)
      local host = cjson.decode(result.stdout).source:match("%((.*)%)$")
      assert.are.equal(name, (host:gsub("ec2:0::", "ec2::")))
    end)
  end
end)
