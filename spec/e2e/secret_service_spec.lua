--- Keys in the Secret Service (gnome-keyring), "auto", and moving entries between backends.
local desktop = require "spec.support.desktop"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local settings = require "spec.support.settings"
local shims = require "spec.support.shims"
local stage = require "spec.support.stage"

local PASSPHRASE = "correct horse battery staple"

describe("the Secret Service", function()
  local absent = desktop.missing()
  if absent then
    it("serves keys", function()
      return pending(settings.skipped(absent .. " is not installed"))
    end)
    return
  end

  local moto, session, home

  setup(function()
    moto = stage.moto()
  end)

  teardown(function()
    moto:stop()
  end)

  before_each(function()
    session = desktop.start()
    home = stage.world(moto, { environment = { SENTINEL_FILE_PASSPHRASE = PASSPHRASE,
      DBUS_SESSION_BUS_ADDRESS = session.environment.DBUS_SESSION_BUS_ADDRESS } })
    home:write(".aws/credentials", "")
    home.secrets[#home.secrets + 1] = PASSPHRASE
  end)

  after_each(function()
    home:remove()
    session:stop()
  end)

  local function add(name, backend, key)
    key = key or moto.keys.alice
    return expect.done(home:run({ "add", name, "--stdin", "--backend", backend or "auto" },
      { stdin = key.id .. "\n" .. key.secret .. "\n" }))
  end

  local function add_secret(name, backend, value)
    expect.done(home:run({ "add", "--secret", name, "--stdin", "--backend", backend },
      { stdin = value .. "\n" }))
  end

  local function migrate(from, to)
    return home:run { "keychain", "migrate", "--from", from, "--to", to }
  end

  local function names(backend)
    local list = expect.json(home:run { "list", "--json", "--backend", backend or "auto" })
    local words = {}
    for i, entry in ipairs(list) do
      words[i] = entry.kind .. ":" .. entry.name .. "@" .. entry.backend
    end
    return table.concat(words, " ")
  end

  it("holds a key that a decision then uses, and keeps it off the disk", function()
    assert.is_truthy(add("corp"):find("secret-service", 1, true))
    local entry = session:lookup("aws", "corp")
    assert.is_truthy(entry:find(moto.keys.alice.secret, 1, true))
    expect.credentials(home:run { "credentials", "dev" })
    local found = process.run { "/usr/bin/grep", "-raF", moto.keys.alice.secret, home.folder,
      session.folder }
    assert.are.equal("", found.stdout)
  end)

  it("holds keys that sign policy, whatever bytes they are made of", function()
    for i = 1, 4 do
      local name = "release-" .. i
      local line = expect.done(home:run { "policy", "keygen", "--keychain", name })
      assert.are.equal(32, #session:lookup("signing", name))
      assert.are.equal(line, expect.done(home:run { "policy", "keygen", "--public", "keychain:" .. name }))
      expect.done(home:run { "remove", "--keychain", name })
    end
    assert.are.equal("", names())
  end)

  it("takes a key that secret-tool stored", function()
    local shape = [[{"access_key_id": "%s", "secret_access_key": "%s"}]]
    session:store("aws", "corp", shape:format(moto.keys.alice.id, moto.keys.alice.secret))
    expect.credentials(home:run { "credentials", "dev" })
    assert.are.equal("aws:corp@secret-service", names())
  end)

  it("lets no secret be heard on the bus", function()
    session:listen()
    add "corp"
    expect.credentials(home:run { "credentials", "dev" })
    local heard = session:heard()
    assert.is_truthy(heard:find("CreateItem", 1, true))
    assert.is_truthy(heard:find("GetSecret", 1, true))
    assert.is_truthy(heard:find("sentinel: aws corp", 1, true))
    -- dbus-monitor prints bytes that are text as text, and others as numbers.
    assert.is_nil(heard:find(moto.keys.alice.secret, 1, true))
    assert.is_nil(heard:find(moto.keys.alice.id, 1, true))
    assert.is_nil(heard:find("access_key", 1, true))
  end)

  it("begins to open a session while it looks for the key, and for nothing that needs no secret", function()
    local function hear(...)
      session:listen()
      local result = home:run({ ... }, { environment = { AWS_ACCESS_KEY_ID = moto.keys.alice.id,
        AWS_SECRET_ACCESS_KEY = moto.keys.alice.secret } })
      local heard = session:heard()
      assert.is_truthy(heard:find("ReadAlias", 1, true))
      return result, heard:find("OpenSession", 1, true) ~= nil
    end
    home:write_settings(home:read ".config/sentinel/config.yaml" .. "keychain: {cache: off}\n")
    local result, has_session = hear("credentials", "dev") -- with a key that lies elsewhere
    expect.credentials(result)
    assert.is_true(has_session)
    for _, words in ipairs { { "list" }, { "remove", "corp" }, { "clear", "dev" } } do
      result, has_session = hear(table.unpack(words))
      assert.is_true(result.status == 0 or result.status == 6)
      assert.is_false(has_session, words[1])
    end
    home:write(".aws/credentials", ("[corp]\naws_access_key_id = %s\naws_secret_access_key = %s\n"):format(
      moto.keys.alice.id, moto.keys.alice.secret))
    result, has_session = hear("credentials", "dev")
    expect.credentials(result)
    assert.is_false(has_session)
  end)

  it("says what to do when it is locked and nobody can be asked", function()
    add "corp"
    session:lock()
    expect.refused(home:run { "credentials", "dev" }, 4, "locked", "--backend file")
    expect.refused(home:run({ "add", "other", "--stdin" }, { stdin = moto.keys.alice.id .. "\n"
      .. moto.keys.alice.secret .. "\n" }), 4, "locked")
  end)

  it("gives way to the file without a word where there is no D-Bus", function()
    add("corp", "file")
    local options = { environment = { DBUS_SESSION_BUS_ADDRESS = false } }
    local result = home:run({ "credentials", "dev" }, options)
    expect.credentials(result)
    assert.are.equal("", result.stderr)
    expect.refused(home:run({ "list", "--backend", "secret-service" }, options), 6,
      "no D-Bus session", "--backend file")
  end)

  it("names both places where there is nothing", function()
    home:write(".aws/credentials", "")
    assert.are.equal("the keychain is empty (secret-service and file)\n", expect.done(home:run { "list" }))
    expect.refused(home:run { "credentials", "dev" }, 6, 'the keychain entry "corp" (secret-service and file)')
    expect.refused(home:run { "remove", "corp" }, 6, "in the keychains secret-service and file", "sentinel list")
  end)

  it("still finds the entries of the file when it appears", function()
    add("corp", "file")
    expect.credentials(home:run { "credentials", "dev" })
    assert.is_truthy(home:records()[1] ~= nil)
    add "other"
    assert.are.equal("aws:corp@file aws:other@secret-service", names())
    assert.is_truthy(add("corp"):find("file", 1, true))
    assert.are.equal("aws:corp@file aws:other@secret-service", names())
  end)

  describe("migration", function()
    it("moves every entry, and lets the file go with the last", function()
      add("corp", "file")
      add_secret("corp", "file", "s3cr3t")
      add("dev", "file")
      local before = session:lookup("aws", "corp")
      local text = expect.done(migrate("file", "secret-service"))
      assert.are.equal("moved corp\nmoved dev\nmoved corp (a plugin's secret)\n"
        .. "3 moved from file to secret-service\n", text)
      assert.is_nil(before)
      assert.are.equal("s3cr3t", session:lookup("plugin", "corp"))
      assert.are.equal("", names "file")
      assert.is_false(files.exists(home.home .. "/.local/share/sentinel/keychain"))
      expect.credentials(home:run { "credentials", "dev" })
      expect.done(migrate("secret-service", "file"))
      assert.are.equal("aws:corp@file aws:dev@file plugin:corp@file", names())
      assert.is_nil(session:lookup("aws", "corp"))
      expect.credentials(home:run { "credentials", "dev" })
    end)

    it("drops what is cached", function()
      add("corp", "secret-service")
      for _, kind in ipairs { "session", "identity", "mfa" } do
        session:store(kind, "x", "cached")
      end
      local text = expect.done(migrate("secret-service", "file"))
      assert.is_truthy(text:find("dropped what was cached: 3\n", 1, true))
      for _, kind in ipairs { "session", "identity", "mfa" } do
        assert.is_nil(session:lookup(kind, "x"))
      end
      assert.are.equal("aws:corp@file", names())
    end)

    it("keeps both where they differ, moves the others and says so", function()
      add("corp", "file")
      add_secret("token", "file", "one")
      add_secret("token", "secret-service", "two")
      add_secret("same", "file", "equal")
      add_secret("same", "secret-service", "equal")
      local result = migrate("file", "secret-service")
      expect.status(result, 1)
      assert.is_truthy(result.stdout:find("different values: token (a plugin's secret)\n", 1, true))
      assert.is_truthy(result.stdout:find("2 moved from file to secret-service\n", 1, true))
      assert.is_truthy(result.stderr:find("1 entry was not moved", 1, true))
      assert.are.equal("plugin:token@file", names "file")
      assert.are.equal("two", session:lookup("plugin", "token"))
      expect.status(migrate("file", "secret-service"), 1)
      expect.done(home:run { "remove", "--secret", "token", "--backend", "secret-service" })
      expect.done(migrate("file", "secret-service"))
      assert.are.equal("one", session:lookup("plugin", "token"))
    end)

    --- Every entry is somewhere, with its value.
    local function expect_all(values, at)
      local in_file = " " .. names "file" .. " "
      for name, value in pairs(values) do
        local stored = session:lookup("plugin", name)
        local is_in_file = in_file:find(" plugin:" .. name .. "@file ", 1, true)
        assert.is_truthy(stored or is_in_file, name .. " is lost at step " .. at)
        assert.is_truthy(stored == nil or stored == value, name .. " is damaged at step " .. at)
      end
    end

    for _, way in ipairs { { "file", "secret-service" }, { "secret-service", "file" } } do
      it("from " .. way[1] .. " loses nothing at whatever step it is killed, and goes on", function()
        local values = { one = "value one", two = "value two" }
        local step, result = 0
        repeat
          for name, value in pairs(values) do
            add_secret(name, way[1], value)
          end
          step = step + 1
          result = home:run({ "keychain", "migrate", "--from", way[1], "--to", way[2] },
            { environment = shims.environment("kill_at", { SHIM_KILL_AT = tostring(step) }) })
          expect_all(values, step)
          expect.done(migrate(way[1], way[2]))
          assert.are.equal("", names(way[1]))
          expect_all(values, step)
          for name in pairs(values) do
            expect.done(home:run { "remove", "--secret", name, "--backend", way[2] })
          end
        until result.status ~= 137
        assert.are.equal(0, result.status)
        assert.is_true(step > 12, "only " .. step .. " steps were seen")
      end)
    end

    it("stops with what was moved and what to do when a side fails", function()
      add("corp", "file")
      session:lock()
      local result = migrate("file", "secret-service")
      expect.refused(result, 4, "nothing is lost", "locked")
      assert.are.equal("aws:corp@file", names "file")
    end)

    it("refuses what makes no sense", function()
      expect.refused(home:run { "keychain", "migrate", "--from", "file" }, 2, "--to is missing")
      expect.refused(home:run { "keychain", "migrate", "--to", "file" }, 2, "--from is missing")
      expect.refused(migrate("file", "auto"), 2, "auto", "secret-service, file, keyring")
      expect.refused(migrate("file", "pocket"), 2, "pocket")
      expect.refused(migrate("file", "file"), 2, "same backend")
    end)
  end)
end)
