--- sentinel rotate against IAM: a key gives way to a new one, and whatever ends it in between, the
-- keychain's entry is a key that works and the next run finishes or undoes.
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"
local terminal = require "spec.support.terminal"
local world = require "spec.support.world"

local PASSPHRASE = "correct horse battery staple"
local ACTIONS = { "iam:ListAccessKeys", "iam:CreateAccessKey", "iam:DeleteAccessKey" }

describe("sentinel rotate", function()
  local moto, relay, home, user, old
  local users = 0

  setup(function()
    moto = servers.start_moto()
    moto:build {}
    relay = servers.start_relay(moto.url)
  end)

  teardown(function()
    relay:stop()
    moto:stop()
  end)

  -- A user of IAM with one key, who may do these things.
  local function new_user(actions)
    users = users + 1
    local name = "user" .. users
    local key = moto:administer([[
name, actions = arguments[0], json.loads(arguments[1])
iam.create_user(UserName=name)
iam.put_user_policy(UserName=name, PolicyName="needed", PolicyDocument=json.dumps({
    "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}))
key = iam.create_access_key(UserName=name)["AccessKey"]
result = {"id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}]], name,
      require("cjson").encode(actions or ACTIONS))
    return name, key
  end

  local function add(name, key)
    home.secrets[#home.secrets + 1] = key.secret
    return expect.done(home:run({ "add", name, "--stdin" },
      { stdin = key.id .. "\n" .. key.secret .. "\n" }))
  end

  local function start_world(actions, config)
    user, old = new_user(actions)
    home = world.new { endpoint = relay.url, key = old,
      config = config or "[profile corp]\nregion = us-east-1\n",
      environment = { SENTINEL_FILE_PASSPHRASE = PASSPHRASE, SENTINEL_BACKEND = "file" } }
    home:write(".aws/credentials", "")
    home.secrets[#home.secrets + 1] = PASSPHRASE
    add("corp", old)
    relay:set {}
  end

  after_each(function()
    for secret in relay:answers():gmatch("<SecretAccessKey>([^<]+)<") do
      home.issued[secret] = true
    end
    home:remove()
  end)

  local function other_of(ids, id)
    for _, found in ipairs(ids) do
      if found ~= id then
        return found
      end
    end
  end

  -- The id of the key in the keychain's entry, as a signature that AWS accepts shows it.
  local function entry_id()
    relay:set {}
    expect.done(home:run { "whoami", "corp" })
    return relay:requests()[1].key
  end

  -- One key at IAM, in the entry, and nothing beside it.
  local function assert_rotated()
    local ids = moto:key_ids(user)
    assert.are.equal(1, #ids)
    assert.are_not.equal(old.id, ids[1])
    assert.are.equal(ids[1], entry_id())
    assert.are.equal("corp\n", expect.done(home:run { "list" }))
    return ids[1]
  end

  it("replaces the key, and prints ids only", function()
    start_world()
    local result = home:run { "rotate", "corp" }
    local text = expect.done(result)
    local secret = relay:answers():match(".*<SecretAccessKey>([^<]+)<")
    local new = assert_rotated()
    assert.are.equal(("rotated corp: %s is stored in the file keychain, %s was deleted\n"):format(new,
      old.id), text)
    assert.is_truthy(#secret > 20)
    assert.is_nil((result.stdout .. result.stderr):find(secret, 1, true))
  end)

  it("replaces a key in the kernel's keyring, and finishes what a kill left there", function()
    start_world()
    -- The keyring is the user's, whatever HOME is: the name is this test's own.
    local name = "rotate-" .. old.id:lower()
    local with = { environment = { SENTINEL_BACKEND = "keyring", AWS_REGION = "us-east-1" } }
    local key = old.id .. "\n" .. old.secret .. "\n"
    local result = home:run({ "add", name, "--stdin" }, { stdin = key, environment = with.environment })
    if result.status ~= 0 then
      return pending(settings.skipped("there is no kernel keyring here"))
    end
    relay:set { { call = "GetCallerIdentity", not_key = old.id, ["do"] = "hold_before" } }
    local handle = home:start({ "rotate", name }, with)
    relay:wait_until_held()
    process.signal(handle, "KILL")
    process.finish(handle)
    relay:set {}
    local text = expect.done(home:run({ "rotate", name }, with))
    local listed = expect.done(home:run({ "list", "--ids" }, with))
    expect.done(home:run({ "remove", name }, with))
    local ids = moto:key_ids(user)
    assert.are.equal(1, #ids)
    assert.are.equal(("finished the rotation of %s: %s is stored in the keyring keychain, %s was deleted\n")
      :format(name, ids[1], old.id), text)
    assert.is_truthy(listed:find(name .. "  " .. ids[1] .. "\n", 1, true))
    assert.is_nil(listed:find(name .. " (", 1, true))
  end)

  it("asks in this order, and creates once", function()
    start_world()
    expect.done(home:run { "rotate", "corp" })
    local calls = {}
    for i, request in ipairs(relay:requests()) do
      calls[i] = request.call .. (request.key == old.id and " old" or " new")
    end
    if calls[1] == "ListAccessKeys old" then -- the first two go out together
      calls[1], calls[2] = calls[2], calls[1]
    end
    assert.are.same({ "GetCallerIdentity old", "ListAccessKeys old", "CreateAccessKey old",
      "GetCallerIdentity new", "DeleteAccessKey new" }, calls)
  end)

  it("waits for a new key that AWS does not know at once", function()
    start_world()
    relay:set {
      { call = "GetCallerIdentity", not_key = old.id, ["do"] = "refuse", times = 2,
        code = "InvalidClientTokenId" },
      { call = "DeleteAccessKey", ["do"] = "refuse", times = 1, code = "InvalidClientTokenId" },
    }
    expect.done(home:run { "rotate", "corp" })
    assert.are.equal(4, relay:count "GetCallerIdentity")
    assert.are.equal(2, relay:count "DeleteAccessKey")
    assert_rotated()
  end)

  it("tells on a terminal what it waits for", function()
    start_world()
    relay:set { { call = "GetCallerIdentity", not_key = old.id, ["do"] = "refuse", times = 1,
      code = "InvalidClientTokenId" } }
    local seen = terminal.run(home, { settings.bin, "rotate", "corp" },
      { { wait = "waiting until AWS knows the new key" } })
    assert.are.equal(0, seen.status)
    assert_rotated()
  end)

  it("gives up on a key that stays unknown, keeps it, and finishes later", function()
    start_world()
    relay:set { { call = "GetCallerIdentity", not_key = old.id, ["do"] = "refuse",
      code = "InvalidClientTokenId" } }
    local result = home:run({ "rotate", "corp" }, { limit_s = 60 })
    local new = other_of(moto:key_ids(user), old.id)
    expect.refused(result, 6, old.id, new, "still in use", "does not know", "sentinel rotate corp")
    assert.are.equal(old.id, entry_id())
    assert.is_truthy(expect.done(home:run { "rotate", "corp" }):find("finished", 1, true))
    assert.are.equal(new, assert_rotated())
  end)

  -- Starts it and waits until the relay holds the call.
  local function hold(rule)
    relay:set { rule }
    local handle = home:start { "rotate", "corp" }
    relay:wait_until_held()
    return handle
  end

  local function kill(handle)
    process.signal(handle, "KILL")
    expect.status(process.finish(handle), 128 + 9)
  end

  local points = {
    { name = "before anything was asked", call = "ListAccessKeys", when = "hold_before" },
    { name = "before the key is created", call = "CreateAccessKey", when = "hold_before" },
    { name = "before it is verified", call = "GetCallerIdentity", when = "hold_before", new = true,
      keeps_both = true },
    { name = "while it is verified", call = "GetCallerIdentity", when = "hold_after", new = true,
      keeps_both = true },
    { name = "before the old one is deleted", call = "DeleteAccessKey", when = "hold_before",
      new = true, keeps_both = true, is_swapped = true },
    { name = "when the old one was deleted", call = "DeleteAccessKey", when = "hold_after",
      new = true, is_swapped = true },
  }

  local function rule_of(point)
    return { call = point.call, ["do"] = point.when, not_key = point.new and old.id or nil }
  end

  for _, point in ipairs(points) do
    it("killed " .. point.name .. ", leaves a key that works, and is finished by the next run",
      function()
      start_world()
      kill(hold(rule_of(point)))
      local ids = moto:key_ids(user)
      assert.are.equal(point.keeps_both and 2 or 1, #ids)
      local new = other_of(ids, old.id)
      assert.are.equal(point.is_swapped and new or old.id, entry_id())
      if new then
        assert.are.equal("corp\ncorp (a rotation that is not finished)\n",
          expect.done(home:run { "list" }))
      end
      local text = expect.done(home:run { "rotate", "corp" })
      assert.are.equal(new and "finished" or "rotated", text:match("^%w+"))
      local final = assert_rotated()
      assert.are.equal(new or final, final)
    end)
  end

  it("killed before the new key is stored, leaves the old one, and says what to do with the other",
    function()
    start_world()
    kill(hold { call = "CreateAccessKey", ["do"] = "hold_after" })
    assert.are.equal(old.id, entry_id())
    local lost = other_of(moto:key_ids(user), old.id)
    expect.refused(home:run { "rotate", "corp" }, 6, old.id, lost, "at most 2", "--discard " .. lost)
    expect.done(home:run { "rotate", "corp", "--discard", lost })
    assert.are_not.equal(lost, assert_rotated())
  end)

  for name, number in pairs { TERM = 15, INT = 2, HUP = 1 } do
    it(name .. " waits for the end of a step, and is answered with what there is", function()
      start_world()
      local handle = hold { call = "CreateAccessKey", ["do"] = "hold_after" }
      process.signal(handle, name)
      relay:release()
      local result = process.finish(handle)
      if name == "INT" and result.status == 0 then
        return -- a shell without job control starts a background program with this ignored
      end
      local new = other_of(moto:key_ids(user), old.id)
      expect.refused(result, 128 + number, old.id, new, "interrupted", "sentinel rotate corp")
      assert.are.equal(old.id, entry_id())
      expect.done(home:run { "rotate", "corp" })
      assert.are.equal(new, assert_rotated())
    end)
  end

  it("TERM before a key is created changes nothing", function()
    start_world()
    local handle = hold { call = "ListAccessKeys", ["do"] = "hold_before" }
    process.signal(handle, "TERM")
    relay:release()
    expect.refused(process.finish(handle), 128 + 15, "interrupted")
    assert.are.same({ old.id }, moto:key_ids(user))
    assert.are.equal(0, relay:count "CreateAccessKey")
  end)

  it("sends no second CreateAccessKey when its answer is lost, and names what is left", function()
    start_world()
    relay:set { { call = "CreateAccessKey", ["do"] = "drop_after" } }
    local result = home:run { "rotate", "corp" }
    assert.are.equal(1, relay:count "CreateAccessKey")
    local lost = other_of(moto:key_ids(user), old.id)
    expect.refused(result, 6, old.id .. " is still in use", lost, "--discard " .. lost)
    assert.are.equal(old.id, entry_id())
    expect.done(home:run { "rotate", "corp", "--discard", lost })
    assert_rotated()
  end)

  it("deletes the new key again when it cannot be stored", function()
    start_world()
    local handle = hold { call = "CreateAccessKey", ["do"] = "hold_after" }
    local path = home.home .. "/.local/share/sentinel/keychain"
    os.execute("chmod 644 " .. path)
    relay:release()
    expect.refused(process.finish(handle), 6, "deleted again", old.id .. " is still in use", path)
    assert.are.same({ old.id }, moto:key_ids(user))
    os.execute("chmod 600 " .. path)
    assert.are.equal(old.id, entry_id())
  end)

  it("says that the old key is gone when only what lies beside the new one is left", function()
    start_world()
    local handle = hold { call = "DeleteAccessKey", ["do"] = "hold_after" }
    local path = home.home .. "/.local/share/sentinel/keychain"
    os.execute("chmod 644 " .. path)
    relay:release()
    expect.refused(process.finish(handle), 6, "the old key " .. old.id .. " is deleted",
      "sentinel rotate corp")
    assert.are.equal(1, #moto:key_ids(user))
    os.execute("chmod 600 " .. path)
    expect.done(home:run { "rotate", "corp" })
    assert_rotated()
  end)

  it("refuses to discard the key in use, and one of somebody else", function()
    start_world()
    local _, stranger = new_user()
    expect.refused(home:run { "rotate", "corp", "--discard", old.id }, 2, old.id)
    expect.refused(home:run { "rotate", "corp", "--discard", stranger.id }, 2, stranger.id, user)
    expect.refused(home:run { "rotate", "corp", "--discard", "x y" }, 2, "x y")
    assert.are.same({ old.id }, moto:key_ids(user))
  end)

  local function without(action)
    local rest = {}
    for _, other in ipairs(ACTIONS) do
      rest[#rest + 1] = other ~= action and other or nil
    end
    return rest
  end

  for _, action in ipairs(ACTIONS) do
    it("names the permission that is missing: " .. action, function()
      start_world(without(action))
      local result = home:run { "rotate", "corp" }
      expect.refused(result, 6, action .. " is missing", '"iam:CreateAccessKey"')
      local ids = moto:key_ids(user)
      if action ~= "iam:DeleteAccessKey" then
        assert.are.same({ old.id }, ids)
        return
      end
      local new = other_of(ids, old.id)
      expect.refused(result, 6, "the keychain holds the new key " .. new, old.id, "to finish")
      assert.are.equal(new, entry_id())
      moto:administer([[result = iam.put_user_policy(UserName=arguments[0], PolicyName="needed",
    PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
      {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]}))]], user)
      expect.done(home:run { "rotate", "corp" })
      assert.are.equal(new, assert_rotated())
    end)
  end

  it("rotates only what the keychain holds", function()
    start_world(nil, world.profile("dev", "Dev") .. "[profile corp]\nregion = us-east-1\n")
    expect.refused(home:run { "rotate", "other", "--region", "us-east-1" }, 6, "other",
      "sentinel add other")
    expect.refused(home:run { "rotate", "dev" }, 6, "dev", "sentinel rotate corp")
    home:write_key(old)
    expect.refused(home:run { "rotate", "corp" }, 5, "corp", "~/.aws", "sentinel add")
    files.write(home.home .. "/.aws/credentials", ("[copy]\naws_access_key_id = %s\n"):format(old.id)
      .. ("aws_secret_access_key = %s\n"):format(old.secret))
    expect.refused(home:run { "rotate", "corp" }, 5, "copy", "would be deleted")
    home:write(".aws/credentials", "")
    add("twin", old)
    expect.refused(home:run { "rotate", "corp" }, 6, '"twin" holds the same key', "sentinel remove twin")
    expect.refused(home:run { "rotate", "twin", "--region", "us-east-1" }, 6, '"corp" holds the same key')
    assert.are.equal(0, #relay:requests())
  end)

  it("needs a region, and no profile", function()
    start_world(nil, "")
    expect.refused(home:run { "rotate", "corp" }, 5, "region")
    expect.done(home:run { "rotate", "corp", "--region", "us-east-1" })
    assert.are.equal(1, #moto:key_ids(user))
  end)

  it("leaves a key alone that was stored while it ran, and rotates that one the next time",
    function()
    start_world()
    local first = user
    local handle = hold { call = "GetCallerIdentity", not_key = old.id, ["do"] = "hold_after" }
    local second, key = new_user()
    add("corp", key)
    relay:release()
    expect.refused(process.finish(handle), 6, "meanwhile", key.id)
    assert.are.equal(key.id, entry_id())
    assert.are.equal(2, #moto:key_ids(first))
    expect.done(home:run { "rotate", "corp" })
    assert.are.same({ old.id }, moto:key_ids(first))
    user, old = second, key
    assert_rotated()
  end)

  it("begins anew when the key that was under way is gone", function()
    start_world()
    kill(hold { call = "GetCallerIdentity", not_key = old.id, ["do"] = "hold_before" })
    local gone = other_of(moto:key_ids(user), old.id)
    moto:administer("result = iam.delete_access_key(UserName=arguments[0], AccessKeyId=arguments[1])",
      user, gone)
    relay:set {}
    expect.done(home:run { "rotate", "corp" })
    assert.are_not.equal(gone, assert_rotated())
  end)

  it("is one at a time", function()
    start_world()
    local handle = hold { call = "ListAccessKeys", ["do"] = "hold_before" }
    expect.refused(home:run { "rotate", "corp" }, 6, "another sentinel")
    relay:release()
    expect.done(process.finish(handle))
    assert_rotated()
  end)

  it("says what a removed entry leaves at IAM", function()
    start_world()
    kill(hold { call = "GetCallerIdentity", not_key = old.id, ["do"] = "hold_before" })
    local new = other_of(moto:key_ids(user), old.id)
    local text = expect.done(home:run { "remove", "corp" })
    assert.is_truthy(text:find(new, 1, true) and text:find(old.id, 1, true))
    assert.are.equal("the keychain is empty (file)\n", expect.done(home:run { "list" }))
    expect.refused(home:run { "rotate", "corp" }, 6, "sentinel add corp")
  end)
end)
