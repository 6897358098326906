--- The quick start of the README, word for word, as a user with a key would run it.
local files = require "spec.support.files"
local process = require "spec.support.process"
local settings = require "spec.support.settings"
local stage = require "spec.support.stage"
local world = require "spec.support.world"

describe("the README", function()
  local home

  before_each(function()
    home = world.new {}
    os.execute("rm -rf " .. files.quote(home.home .. "/.aws"))
  end)

  after_each(function()
    home:remove()
  end)

  it("has a quick start that works as it stands", function()
    local moto = stage.moto()
    local text = assert(files.read(settings.source .. "/README.md"))
    local script = assert(text:match("<!%-%- quick start %-%->\n```sh\n(.-)```"), "the README has no quick start")
    local folder = settings.bin:match("^(.*)/[^/]*$")
    local environment = {
      PATH = folder .. ":" .. settings.aws:match("^(.*)/[^/]*$") .. ":/usr/local/bin:/usr/bin:/bin",
      HOME = home.home, AWS_ENDPOINT_URL = moto.url, AWS_REGION = "us-east-1",
      AWS_ACCESS_KEY_ID = moto.keys.alice.id, AWS_SECRET_ACCESS_KEY = moto.keys.alice.secret,
      SENTINEL_FILE_PASSPHRASE = "quick start",
    }
    local result = process.run({ "/bin/sh", "-e", "-c", script }, { environment = environment, folder = home.home })
    assert.are.equal(0, result.status, result.stderr)
    assert.is_truthy(result.stdout:find("arn:aws:sts::123456789012:assumed-role/Dev/", 1, true), result.stdout)
    assert.is_truthy(result.stdout:find("\nallow  profile dev for alice", 1, true), result.stdout)
    assert.is_truthy(result.stdout:find("\nintact  ", 1, true), result.stdout)
  end)
end)
