--- Real clients obtain credentials through credential_process and call GetCallerIdentity with them.
local expect = require "spec.support.expect"
local process = require "spec.support.process"
local settings = require "spec.support.settings"
local stage = require "spec.support.stage"
local world = require "spec.support.world"

describe("through credential_process", function()
  local moto, home

  setup(function()
    moto = stage.moto()
    local config = ""
    for name, role in pairs { dev = "Dev", prod = "Prod" } do
      config = config .. world.profile(name, role,
        ("credential_process = %s credentials --profile %s"):format(settings.bin, name))
    end
    home = stage.world(moto, { config = config })
  end)

  teardown(function()
    home:remove()
    moto:stop()
  end)

  before_each(function()
    home:clear_log()
    moto:forget()
  end)

  local clients = {
    ["the AWS CLI"] = function(profile)
      return { settings.aws, "sts", "get-caller-identity", "--profile", profile }
    end,
    ["boto3"] = function(profile)
      return { settings.python, settings.source .. "/tests/clients/boto3_identity.py", profile }
    end,
    ["the AWS SDK for JavaScript"] = function(profile)
      if not settings.exists(settings.clients
        .. "/node_modules/@aws-sdk/client-sts/package.json") then
        return pending(settings.skipped("the JavaScript SDK is not in " .. settings.clients
          .. "/node_modules (see scripts/test)"))
      end
      return { settings.node, settings.clients .. "/identity.mjs", profile }
    end,
  }

  local function run(client, profile, environment)
    local result = process.run(client(profile), home:options { limit_s = 60, environment = environment })
    home:check_secrets(result)
    return result
  end

  for name, client in pairs(clients) do
    it(name .. " becomes the role that policy allowed", function()
      local text = expect.done(run(client, "dev"))
      local decision, issued = table.unpack(home:records())
      local arn = ("arn:aws:sts::123456789012:assumed-role/Dev/%s-alice"):format(
        decision.request_id)
      assert.is_truthy(text:find(arn, 1, true), text)
      assert.are.equal("decision issued", home:kinds())
      local identity = moto:requests_for("GetCallerIdentity")
      assert.is_truthy(identity[#identity].headers.authorization:find(issued.access_key_id, 1,
        true))
      assert.are.equal(1, #moto:requests_for("AssumeRole"))
    end)

    it(name .. " gets nothing where policy refuses, and shows the reason", function()
      local result = run(client, "prod")
      assert.are_not.equal(0, result.status)
      assert.are.equal("", result.stdout)
      assert.is_truthy(result.stderr:find("no rule allows profile \"prod\"", 1, true),
        result.stderr)
      assert.are.equal(0, #moto:requests_for("AssumeRole"))
    end)

    -- SDKs take it for about to end, and ask again where they need it.
    it(name .. " works with a session that is leased for two minutes", function()
      local policy = home:write("leased.yaml", world.allow_dev .. "    lease: 2m\n")
      local text = expect.done(run(client, "dev", { SENTINEL_POLICY_SOURCE = policy }))
      assert.is_truthy(text:find("assumed-role/Dev/", 1, true), text)
      assert.is_truthy(moto:requests_for("AssumeRole")[1].fields.Policy)
      assert.are.equal(120, home:records()[2].lease)
    end)
  end
end)
