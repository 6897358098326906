--- sentinel export: a session for a shell, a program or a file; all of it or nothing.
local expect = require "spec.support.expect"
local process = require "spec.support.process"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"
local stage = require "spec.support.stage"
local world = require "spec.support.world"

describe("sentinel export", function()
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

  it("prints lines for a shell, which is the default", function()
    local text = expect.done(home:run { "export", "dev" })
    local id = home:records()[2].access_key_id
    assert.are.equal("cli", home:records()[1].request.mode)
    local shape = "^export AWS_ACCESS_KEY_ID='" .. id .. "'\nexport AWS_SECRET_ACCESS_KEY='[!-~]+'\n"
      .. "export AWS_SESSION_TOKEN='[!-~]+'\nexport AWS_CREDENTIAL_EXPIRATION='[%d-]+T[%d:]+Z'\n"
      .. "export AWS_REGION='us%-east%-1'\nexport AWS_DEFAULT_REGION='us%-east%-1'\n$"
    assert.is_truthy(text:match(shape), text)
  end)

  for _, shell in ipairs { "/bin/dash", "/bin/bash", "/usr/bin/zsh" } do
    it("is evaluated by " .. shell .. ", and AWS knows the session", function()
      if not settings.exists(shell) then
        return pending(settings.skipped(shell .. " is not installed"))
      end
      local script = ([[eval "$(%s export dev --format env)" && %s sts get-caller-identity --query Arn \
        --output text && echo "${AWS_PROFILE-unset}"]]):format(settings.bin, settings.aws)
      local result = process.run({ shell, "-c", script }, home:options { environment = {
        AWS_PROFILE = "prod", PATH = os.getenv("PATH") } })
      local arn, profile = expect.done(result):match("^(%S+)\n(%S+)\n$")
      assert.is_truthy(arn:find(":assumed-role/Dev/", 1, true), result.stdout)
      assert.are.equal("unset", profile)
    end)
  end

  it("leaves a region alone that is set", function()
    local text = expect.done(home:run({ "export", "dev" },
      { environment = { AWS_REGION = "eu-west-1" } }))
    assert.is_nil(text:find("REGION", 1, true))
  end)

  it("prints the document of credential_process", function()
    expect.credentials(home:run { "export", "dev", "--format", "json" })
  end)

  it("prints a section for a credentials file, with which AWS is asked", function()
    local text = expect.done(home:run { "export", "dev", "--format=ini" })
    local shape = "^%[dev%]\naws_access_key_id = [A-Z0-9]+\naws_secret_access_key = [!-~]+\n"
      .. "aws_session_token = [!-~]+\nx_security_token_expires = [%d-]+T[%d:]+Z\n$"
    assert.is_truthy(text:match(shape), text)
    local path = home:write("exported", text)
    local result = process.run({ settings.aws, "sts", "get-caller-identity", "--profile", "dev" },
      home:options { environment = { AWS_SHARED_CREDENTIALS_FILE = path, AWS_CONFIG_FILE = "/dev/null",
        AWS_DEFAULT_REGION = "us-east-1", PATH = os.getenv("PATH") } })
    assert.is_truthy(expect.done(result):find(":assumed-role/Dev/", 1, true))
  end)

  it("prints nothing when policy refuses, and asks nothing for a format that it does not know",
    function()
    for _, format in ipairs { "env", "json", "ini" } do
      expect.refused(home:run { "export", "prod", "--format", format }, 3, "prod")
    end
    moto:forget()
    expect.refused(home:run { "export", "dev", "--format", "pretty" }, 2, "pretty", "env, json, ini")
    assert.are.equal(0, #moto:requests())
    expect.refused(home:run { "test", "--format", "env" }, 2, "env", "pretty")
  end)

  it("does not print on a terminal, unless it is told to", function()
    local function on_terminal(arguments)
      local command = ("%s %s"):format(settings.bin, arguments)
      return process.run({ "/usr/bin/script", "-qec", command, "/dev/null" }, home:options())
    end
    local result = on_terminal("export dev")
    assert.are.equal(2, result.status)
    assert.is_truthy(result.stdout:find('eval "$(sentinel export dev)"', 1, true), result.stdout)
    assert.is_nil(result.stdout:find("AWS_SECRET_ACCESS_KEY", 1, true))
    assert.is_truthy(on_terminal("export dev --force-tty").stdout:find("AWS_SECRET_ACCESS_KEY", 1, true))
  end)

  it("fails when it cannot print all of it", function()
    local result = home:run({ "export", "dev" }, { stdout = "/dev/full" })
    assert.are.equal(6, result.status)
    assert.is_truthy(result.stderr:find("stdout", 1, true))
    assert.are.equal(6, home:run({ "export", "dev" }, { stdout = "closed" }).status)
  end)

  it("prints nothing when a value would end its quotes", function()
    local faulty = servers.start_faulty()
    local other = world.new { endpoint = faulty.url, source = "ssm:/p" }
    faulty:set { credentials = { SecretAccessKey = "issued'$(touch_ran)" } }
    expect.refused(other:run { "export", "dev" }, 6, "AWS_SECRET_ACCESS_KEY")
    assert.are.equal("issued'$(touch_ran)",
      expect.credentials(other:run { "export", "dev", "--format", "json" }).secret)
    other:remove()
    faulty:stop()
  end)
end)
