--- sentinel exec: the program's environment, its exit status, and nothing when the answer is no.
local expect = require "spec.support.expect"
local stage = require "spec.support.stage"

describe("sentinel exec", function()
  local moto, home

  setup(function()
    moto = stage.moto()
  end)

  teardown(function()
    moto:stop()
  end)

  before_each(function()
    home = stage.world(moto)
  end)

  after_each(function()
    home:remove()
  end)

  local function environment_of(result)
    local variables = {}
    for line in expect.done(result):gmatch("[^\n]+") do
      local name, value = line:match("^([^=]+)=(.*)$")
      variables[name] = value
    end
    return variables
  end

  local removed = {
    AWS_PROFILE = "other", AWS_DEFAULT_PROFILE = "other", AWS_SECURITY_TOKEN = "old-token",
    AWS_CREDENTIAL_FILE = "/x", AWS_ROLE_ARN = "arn:aws:iam::1:role/x", AWS_ROLE_SESSION_NAME = "x",
    AWS_WEB_IDENTITY_TOKEN_FILE = "/x", AWS_CONTAINER_CREDENTIALS_FULL_URI = "http://127.0.0.1:1/",
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI = "/x",
      AWS_CONTAINER_AUTHORIZATION_TOKEN = "container-token",
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE = "/x", AWS_CREDENTIAL_SCOPE = "x",
    AWS_ACCOUNT_ID = "999999999999", AWS_BEARER_TOKEN_BEDROCK = "old-bearer",
    AWS_EB_PROFILE = "other", AWS_ACCESS_KEY = "AKIAOLD", AWS_SECRET_KEY = "old-secret",
    AWS_DELEGATION_TOKEN = "old-token", AWS_SSO_START_URL = "x", AWS_VAULT = "other",
    SENTINEL_FILE_PASSPHRASE = "open sesame", SENTINEL_JUSTIFICATION = "because of the spec",
    SENTINEL_BACKEND = "file", SENTINEL_ANYTHING = "x",
  }

  it("gives the session, and removes every other credential and every SENTINEL_ variable",
    function()
    local kept = { AWS_ACCOUNT_ID_ENDPOINT_MODE = "disabled", AWS_PAGER = "cat",
      AWS_CONFIG_FILE = home.home .. "/.aws/config", AWS_SDK_LOAD_CONFIG = "1", KEPT = "kept" }
    local given = { AWS_ACCESS_KEY_ID = moto.keys.alice.id,
      AWS_SECRET_ACCESS_KEY = moto.keys.alice.secret, AWS_CA_BUNDLE = "" }
    for name, value in pairs(removed) do
      given[name] = value
    end
    for name, value in pairs(kept) do
      given[name] = value
    end
    home:write(".aws/credentials", "")
    local variables = environment_of(home:run({ "exec", "dev", "--", "/usr/bin/env" },
      { environment = given }))
    for name in pairs(removed) do
      assert.is_nil(variables[name], name)
    end
    for name, value in pairs(kept) do
      assert.are.equal(value, variables[name], name)
    end
    assert.is_nil(variables.PS1)
    assert.is_nil(variables.PROMPT_COMMAND)
    assert.are_not.equal(moto.keys.alice.id, variables.AWS_ACCESS_KEY_ID)
    assert.is_truthy(variables.AWS_SECRET_ACCESS_KEY)
    assert.is_truthy(variables.AWS_SESSION_TOKEN)
    assert.are.equal("us-east-1", variables.AWS_REGION)
    assert.are.equal("us-east-1", variables.AWS_DEFAULT_REGION)
    assert.are.equal("dev", variables.SENTINEL_PROFILE)
    assert.are.equal(home.home, variables.HOME)
    assert.are.equal(moto.url, variables.AWS_ENDPOINT_URL)
    assert.are.equal(home:records()[2].access_key_id, variables.AWS_ACCESS_KEY_ID)
    assert.are.equal("cli", home:records()[1].request.mode)
  end)

  it("leaves a region alone that was given", function()
    local variables = environment_of(home:run({ "exec", "dev", "--", "/usr/bin/env" },
      { environment = { AWS_DEFAULT_REGION = "eu-west-1" } }))
    assert.are.equal("eu-west-1", variables.AWS_DEFAULT_REGION)
    assert.is_nil(variables.AWS_REGION)
  end)

  it("ends with the program's own status", function()
    for _, status in ipairs { 0, 1, 3, 42, 255 } do
      expect.status(home:run { "exec", "dev", "--", "/bin/sh", "-c", "exit " .. status }, status)
    end
    expect.status(home:run { "exec", "dev", "--", "/bin/sh", "-c", "kill -TERM $$" }, 128 + 15)
  end)

  it("gives the program its arguments, its stdin and a working SIGPIPE", function()
    local result = home:run({ "exec", "dev", "--", "/bin/sh", "-c", "cat; printf '<%s>' \"$@\"",
      "sh", "a b", "", "c" },
      { stdin = "in" })
    assert.are.equal("in<a b><><c>", expect.done(result))
    result = home:run { "exec", "dev", "--", "/bin/sh", "-c",
      "grep -E 'Sig(Ign|Blk)' /proc/self/status" }
    for mask in expect.done(result):gmatch("%x%x%x%x%x%x%x%x+") do
      -- Signals 1 to 31; the C library keeps two behind them to itself.
      assert.are.equal(0, tonumber(mask, 16) & 0x7fffffff, "blocked or ignored in the program: "
        .. result.stdout)
    end
  end)

  it("finds the program in PATH, and runs $SHELL when none is named", function()
    assert.are.equal("found\n", expect.done(home:run { "exec", "dev", "--", "echo", "found" }))
    local shell = home:write("shell", "#!/bin/sh\necho shell $SENTINEL_PROFILE\n", "0700")
    assert.are.equal("shell dev\n", expect.done(home:run({ "exec", "dev" },
      { environment = { SHELL = shell } })))
  end)

  it("refuses a session inside a session, unless it is asked for", function()
    local inside = { environment = { SENTINEL_PROFILE = "prod" } }
    moto:forget()
    expect.refused(home:run({ "exec", "dev", "--", "/usr/bin/env" }, inside), 2, '"prod"', "--nested")
    assert.are.equal(0, #moto:requests())
    local variables = environment_of(home:run({ "exec", "--nested", "dev", "--", "/usr/bin/env" },
      inside))
    assert.are.equal("dev", variables.SENTINEL_PROFILE)
    local settings = require "spec.support.settings"
    local result = home:run { "exec", "dev", "--", settings.bin, "exec", "dev", "--", "true" }
    expect.refused(result, 2, '"dev"', "--nested")
    expect.done(home:run({ "credentials", "dev" }, inside))
  end)

  it("leaves the program no child, and no trace of ours in its limits", function()
    assert.are.equal("\n", expect.done(home:run { "exec", "dev", "--", "/bin/sh", "-c",
      "read -r children </proc/$$/task/$$/children; echo $children" }))
    local process = require "spec.support.process"
    local limits = { "/bin/sh", "-c", "ulimit -a; ulimit -Ha; umask; grep NoNewPrivs /proc/$$/status" }
    local plain = process.run(limits, home:options())
    assert.are.equal(plain.stdout, expect.done(home:run { "exec", "dev", "--", table.unpack(limits) }))
  end)

  it("leaks no descriptor into the program", function()
    local process = require "spec.support.process"
    local list = { "/bin/ls", "/proc/self/fd" }
    local plain = process.run(list, home:options())
    local result = home:run { "exec", "dev", "--", table.unpack(list) }
    assert.are.equal(plain.stdout, expect.done(result))
  end)

  it("runs nothing when policy refuses, and says why", function()
    local result = home:run { "exec", "prod", "--", "/bin/sh", "-c", "echo ran; touch ran" }
    expect.refused(result, 3, "prod")
    assert.is_nil(home:read("ran"))
  end)

  it("issues nothing when the program does not exist", function()
    moto:forget()
    expect.refused(home:run { "exec", "dev", "--", "no-such-program" }, 2,
      "no-such-program: there is no such program", "nothing was issued", "PATH")
    expect.refused(home:run { "exec", "dev", "--", "/tmp" }, 2, "/tmp is not a file that can be run", "nothing was issued")
    local plain = home:write("plain", "#!/bin/sh\n", "0600")
    expect.refused(home:run { "exec", "dev", "--", plain }, 2, plain .. " is not a file that can be run", "nothing was issued")
    expect.refused(home:run({ "exec", "dev" }, { environment = { SHELL = "/no/shell" } }), 2,
      "/no/shell: there is no such program", "nothing was issued", "set SHELL")
    assert.are.equal(0, #moto:requests())
  end)

  it("refuses server mode, which is not in this version", function()
    expect.refused(home:run { "exec", "dev", "--server", "--", "true" }, 2, "--server")
  end)
end)
