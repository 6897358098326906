--- sentinel init --local on a fresh machine; then the lines that it printed, with the role and the
-- key of a user.
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local settings = require "spec.support.settings"
local stage = require "spec.support.stage"
local world = require "spec.support.world"

describe("sentinel init --local", function()
  local home

  before_each(function()
    home = world.new {}
    os.execute("rm -rf " .. home.home .. "/.aws")
  end)

  after_each(function()
    home:remove()
  end)

  it("writes a configuration, a policy that is valid and its spec, and keeps what is there",
    function()
    expect.done(home:run { "init", "--local" })
    local folder = home.home .. "/.config/sentinel"
    assert.are.same({ "config.yaml", "policies" }, files.list(folder))
    assert.are.same({ "policy.yaml", "policy_spec.lua" }, files.list(folder .. "/policies"))
    expect.done(home:run { "policy", "validate", folder .. "/policies/policy.yaml" })
    home:write(".config/sentinel/policies/policy.yaml", world.allow_dev)
    local text = expect.done(home:run { "init", "--local" })
    assert.is_truthy(text:find("kept", 1, true))
    assert.are.equal(world.allow_dev, home:read(".config/sentinel/policies/policy.yaml"))
  end)

  it("writes nothing when no line could name the program", function()
    local folder = files.make_folder(home.folder .. "/it's")
    os.execute(("cp %s %s/*.so \"%s\""):format(settings.bin, settings.bin:match("^(.*)/"), folder))
    local result = home:run({ "init", "--local" }, { bin = folder .. "/sentinel" })
    expect.refused(result, 5, "holds a quote")
    assert.is_false(files.exists(home.home .. "/.config"))
  end)

  it("writes a policy that explain and the configuration find", function()
    expect.done(home:run { "init", "--local" })
    local answer = expect.json(home:run { "explain", "dev", "--user", "alice", "--json" })
    assert.are.equal("dev-everyone", answer.rule)
    answer = expect.json(home:run { "explain", "billing", "--user", "alice", "--json" })
    assert.are.equal("deny", answer.effect)
  end)

  it("prints lines that work as they stand, for the AWS CLI and for sh", function()
    local moto = stage.moto()
    local text = expect.done(home:run { "init", "--local" })
    assert.is_truthy(text:find("sentinel login --sso dev", 1, true))
    local section = text:match("(%[profile dev%]\n.-)\n\n")
    home:write(".aws/config", section .. "\n")
    home.environment.AWS_ENDPOINT_URL = moto.url
    home.environment.SENTINEL_FILE_PASSPHRASE = "first run"
    local added = home:run({ "add", "dev", "--stdin" },
      { stdin = moto.keys.alice.id .. "\n" .. moto.keys.alice.secret .. "\n" })
    expect.done(added)
    local explain = text:match("sentinel (explain [^\n]+)")
    local words = {}
    for word in explain:gmatch("%S+") do
      words[#words + 1] = word
    end
    assert.is_truthy(expect.done(home:run(words)):match("^allow"))
    local command = section:match("credential_process = ([^\n]+)")
    local by_shell = process.run({ "/bin/sh", "-c", command }, home:options())
    expect.credentials(by_shell)
    local by_cli = process.run({ settings.aws, "sts", "get-caller-identity", "--profile", "dev" },
      home:options())
    assert.is_truthy(expect.done(by_cli):find("assumed-role/Dev/", 1, true))
    moto:stop()
  end)

  it("quotes a path with a space so that shlex and sh read the same", function()
    local folder = files.make_folder(home.home .. "/a place")
    os.execute(("cp %s/sentinel %s/*.so %s/ 2>/dev/null"):format(settings.build, settings.build,
      files.quote(folder)))
    local text = expect.done(home:run({ "init", "--local" }, { bin = folder .. "/sentinel" }))
    assert.is_truthy(text:find("credential_process = '" .. folder
      .. "/sentinel' credentials --profile dev", 1, true))
    local result = process.run({ "/bin/sh", "-c", text:match("credential_process = ('[^']+')")
      .. " --version" },
      home:options())
    assert.is_truthy(expect.done(result):match("^sentinel %d"))
  end)

  it("wants --local, or a name", function()
    expect.refused(home:run { "init" }, 2, "--local")
  end)

  it("says what is wrong with a HOME that cannot be written", function()
    expect.refused(home:run({ "init", "--local" }, { environment = { HOME = "/proc/none" },
      folder = "/" }), 6,
      "/proc/none")
    expect.refused(home:run({ "init", "--local" }, { environment = { HOME = false },
      folder = "/" }), 5, "HOME")
  end)
end)
