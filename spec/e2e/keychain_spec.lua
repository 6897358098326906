--- sentinel add, list, remove with the file keychain, and a decision whose key rests in it.
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local kernel_keys = require "spec.support.kernel_keys"
local stage = require "spec.support.stage"

local PASSPHRASE = "correct horse battery staple"

describe("the keychain", function()
  local moto, home

  setup(function()
    moto = stage.moto()
  end)

  teardown(function()
    moto:stop()
  end)

  before_each(function()
    home = stage.world(moto, { environment = { SENTINEL_FILE_PASSPHRASE = PASSPHRASE,
      SENTINEL_BACKEND = "file" } })
    home:write(".aws/credentials", "")
    home.secrets[#home.secrets + 1] = PASSPHRASE
  end)

  after_each(function()
    home:remove()
  end)

  local function add(name, key)
    key = key or moto.keys.alice
    return home:run({ "add", name, "--stdin" }, { stdin = key.id .. "\n" .. key.secret .. "\n" })
  end

  local function keychain_files()
    local folder = home.home .. "/.local/share/sentinel"
    local paths = {}
    for i, name in ipairs(files.list(folder)) do
      paths[i] = folder .. "/" .. name
    end
    return paths
  end

  it("stores a key that a decision then uses", function()
    local text = expect.done(add "corp")
    assert.is_truthy(text:find(moto.keys.alice.id, 1, true))
    assert.are.equal("corp\n", expect.done(home:run { "list" }))
    assert.are.same({ { name = "corp", backend = "file", kind = "aws" } }, expect.json(home:run { "list",
      "--json" }))
    expect.credentials(home:run { "credentials", "dev" })
  end)

  it("uses the profile's own entry when it names no source", function()
    home:write_aws_config(
      "[profile dev]\nsentinel_role_arn = arn:aws:iam::123456789012:role/Dev\nregion = us-east-1\n")
    expect.done(add "dev")
    expect.credentials(home:run { "credentials", "dev" })
  end)

  it("keeps neither key nor passphrase readable on the disk", function()
    expect.done(add "corp")
    assert.is_true(#keychain_files() > 0)
    for _, path in ipairs(keychain_files()) do
      local text = files.read(path)
      assert.is_nil(text:find(moto.keys.alice.secret, 1, true))
      assert.is_nil(text:find(PASSPHRASE, 1, true))
      local pipe = io.popen("stat -c %a " .. path)
      assert.are.equal("600", pipe:read("l"))
      pipe:close()
    end
  end)

  it("removes an entry, and says so of one that is not there", function()
    expect.done(add "corp")
    expect.done(home:run { "remove", "corp" })
    assert.are.equal("the keychain is empty (file)\n", expect.done(home:run { "list" }))
    expect.refused(home:run { "remove", "corp" }, 6, 'there is no entry "corp"', "sentinel list")
    expect.refused(home:run { "remove", "--secret", "corp" }, 6, 'there is no entry "corp"', "sentinel list")
    expect.refused(home:run { "credentials", "dev" }, 6)
  end)

  it("lists access key ids when they are asked for, and no secret", function()
    expect.done(add "corp")
    expect.done(home:run({ "add", "--secret", "pager", "--stdin" }, { stdin = "s3cr3t\n" }))
    local id = moto.keys.alice.id
    assert.are.equal(("corp  %s\npager (a plugin's secret)\n"):format(id),
      expect.done(home:run { "list", "--ids" }))
    assert.are.same({ { name = "corp", backend = "file", kind = "aws", access_key_id = id },
      { name = "pager", backend = "file", kind = "plugin" } },
      expect.json(home:run { "list", "--ids", "--json" }))
  end)

  it("counts cached sessions, and removes those of a key with it", function()
    local world = require "spec.support.world"
    home:write_aws_config(world.profile("dev", "Dev") .. world.profile("prod", "Prod"):gsub("corp", "other"))
    home:write_settings(("profiles:\n  late:\n    role_arn: %s\n    source_profile: corp\n    region: us-east-1\n")
      :format(world.role("Dev")))
    local both = home:write("both.yaml", stage.policies.dev:gsub("%[dev%]", "[dev, prod, late]"))
    expect.done(add "corp")
    expect.done(add "other")
    expect.credentials(home:run { "credentials", "dev", "--policy", both })
    local function cached()
      return expect.done(home:run { "list" }):match("^corp\nother\n(%d.*)\n$")
    end
    assert.are.equal("1 cached session, 1 cached identity", cached())
    expect.credentials(home:run { "credentials", "prod", "--policy", both })
    assert.are.equal("2 cached sessions, 1 cached identity", cached())
    expect.credentials(home:run { "credentials", "late", "--policy", both })
    assert.are.equal("3 cached sessions, 1 cached identity", cached())
    assert.are.equal("removed corp from the file keychain, and 2 cached sessions\n",
      expect.done(home:run { "remove", "corp" }))
    assert.are.equal("other\n1 cached session, 1 cached identity\n", expect.done(home:run { "list" }))
    assert.are.equal("[{", expect.done(home:run { "list", "--json" }):sub(1, 2))
  end)

  it("refuses a wrong passphrase, with nothing on stdout", function()
    expect.done(add "corp")
    local wrong = { environment = { SENTINEL_FILE_PASSPHRASE = "wrong wrong wrong" } }
    local path = home.home .. "/.local/share/sentinel/keychain"
    expect.refused(home:run({ "credentials", "dev" }, wrong), 6, "passphrase") -- while the right one's key rests
    kernel_keys.forget(path)
    assert.is_false(kernel_keys.has(path))
    expect.refused(home:run({ "credentials", "dev" }, wrong), 6, "passphrase")
  end)

  it("fails soon without a passphrase and without a terminal", function()
    expect.done(add "corp")
    local result = home:run({ "credentials", "dev" },
      { environment = { SENTINEL_FILE_PASSPHRASE = false }, limit_s = 20 })
    if result.status ~= 0 then
      expect.refused(result, result.status, "passphrase")
      assert.is_true(result.status == 4 or result.status == 6)
    end
  end)

  it("refuses a damaged file", function()
    expect.done(add "corp")
    for _, path in ipairs(keychain_files()) do
      local text = files.read(path)
      if #text > 100 then
        files.write(path, text:sub(1, -21) .. string.char(text:byte(-20) ~ 1) .. text:sub(-19))
      end
    end
    expect.refused(home:run { "credentials", "dev" }, 6)
  end)

  local bad = {
    { "half a key", "AKIAIOSFODNN7EXAMPLE\n", "secret access key" },
    { "nothing", "", "access key id" },
    { "what is not an id", "not an id\nsecret\n", "access key id" },
    { "a secret with a space", "AKIAIOSFODNN7EXAMPLE\nse cret\n", "printable" },
    { "a secret with a control character", "AKIAIOSFODNN7EXAMPLE\nse\27cret\n", "printable" },
    { "a secret with a NUL", "AKIAIOSFODNN7EXAMPLE\nse\0cret\n", "printable" },
    { "a secret that is too long", "AKIAIOSFODNN7EXAMPLE\n" .. ("x"):rep(300) .. "\n", "256" },
  }
  for _, case in ipairs(bad) do
    it("refuses to store " .. case[1], function()
      expect.refused(home:run({ "add", "corp", "--stdin" }, { stdin = case[2] }), 2, case[3])
      assert.is_nil(home:run({ "list" }).stdout:find("corp", 1, true))
    end)
  end

  it("does not ask a terminal that is not there", function()
    local result = home:run { "add", "corp" }
    assert.is_true(result.status == 4 or result.status == 6)
    expect.refused(result, result.status, "--stdin")
  end)

  it("refuses a backend that it does not know", function()
    expect.refused(home:run { "list", "--backend", "pocket" }, 2, '--backend cannot be "pocket"',
      "auto|secret-service|file|keyring")
    expect.refused(home:run({ "list" }, { environment = { SENTINEL_BACKEND = "pocket" } }), 5,
      'SENTINEL_BACKEND: keychain.backend cannot be "pocket"')
  end)

  it("keeps the secrets of plugins apart from keys", function()
    expect.done(home:run({ "add", "--secret", "corp", "--stdin" }, { stdin = "s3cr3t\n" }))
    expect.refused(home:run { "credentials", "dev" }, 6)
    expect.done(add "corp")
    expect.credentials(home:run { "credentials", "dev" })
    local function entries()
      return (expect.done(home:run { "list" }):gsub("%d+ cached [^\n]*\n", ""))
    end
    assert.are.equal("corp\ncorp (a plugin's secret)\n", entries())
    expect.done(home:run { "remove", "--secret", "corp" })
    assert.are.equal("corp\n", entries())
    expect.refused(home:run({ "add", "--secret", "a b", "--stdin" }, { stdin = "x\n" }), 2, "a b")
    expect.refused(home:run({ "add", "corp", "--secret", "x", "--stdin" }, { stdin = "x\n" }), 2, "--secret")
    expect.refused(home:run({ "add", "--secret", "x", "--stdin" }, { stdin = "\n" }), 2, "empty")
    expect.refused(home:run({ "add", "--secret", "x", "--stdin" }, { stdin = "a\27b\n" }), 2, "control")
    expect.refused(home:run({ "add", "--secret", "x" }), 4, "--stdin")
  end)
end)
