--- Keys that another program keeps: pass with gpg, and docker credential helpers.
local desktop = require "spec.support.desktop"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local password_store = require "spec.support.password_store"
local process = require "spec.support.process"
local settings = require "spec.support.settings"
local stage = require "spec.support.stage"

local PASSPHRASE = "correct horse battery staple"
local KEEPERS = {
  { name = "pass", backend = "pass", program = "docker-credential-pass" },
  { name = "docker-credential-pass", backend = "docker", helper = "pass", program = "docker-credential-pass" },
  { name = "docker-credential-secretservice", backend = "docker", helper = "secretservice",
    program = "docker-credential-secretservice", has_desktop = true },
}

describe("another program's keychain", function()
  local moto, home, keeper

  setup(function()
    moto = stage.moto()
  end)

  teardown(function()
    moto:stop()
  end)

  after_each(function()
    home:remove()
    if keeper then
      keeper:stop()
      keeper = nil
    end
  end)

  local function start_world(environment, keychain)
    home = stage.world(moto, { environment = environment, settings = keychain })
    home:write(".aws/credentials", "")
    home.secrets[#home.secrets + 1] = PASSPHRASE
  end

  -- False when its programs are not here.
  local function start(row)
    local absent = password_store.missing(row.program) or (row.has_desktop and desktop.missing())
    start_world({}, nil)
    if absent then
      pending(settings.skipped(absent .. " is not installed"))
      return false
    end
    keeper = row.has_desktop and desktop.start() or password_store.start()
    home:remove()
    local environment = { SENTINEL_BACKEND = row.backend, SENTINEL_FILE_PASSPHRASE = PASSPHRASE }
    for _, name in ipairs { "DBUS_SESSION_BUS_ADDRESS", "GNUPGHOME", "PASSWORD_STORE_DIR" } do
      environment[name] = keeper.environment[name]
    end
    start_world(environment, row.helper and ("keychain: {helper: %s}\n"):format(row.helper))
    return true
  end

  local function add(name, options)
    options = options or {}
    options.stdin = moto.keys.alice.id .. "\n" .. moto.keys.alice.secret .. "\n"
    return home:run({ "add", name, "--stdin" }, options)
  end

  local function names(backend)
    local words = {}
    for i, entry in ipairs(expect.json(home:run { "list", "--json", "--backend", backend })) do
      words[i] = entry.kind .. ":" .. entry.name .. "@" .. entry.backend
    end
    return table.concat(words, " ")
  end

  for _, row in ipairs(KEEPERS) do
    describe(row.name, function()
      it("holds a key that a decision then uses, keeps it off the disk, and caches nothing", function()
        if not start(row) then
          return
        end
        assert.is_truthy(expect.done(add "corp"):find(("in the %s keychain"):format(row.backend), 1, true))
        expect.credentials(home:run { "credentials", "dev" })
        expect.credentials(home:run { "credentials", "dev" })
        assert.are.equal("corp\n", expect.done(home:run { "list" }))
        local found = process.run { "/usr/bin/grep", "-raF", moto.keys.alice.secret, home.folder, keeper.folder }
        assert.are.equal("", found.stdout)
        expect.done(home:run { "remove", "corp" })
        expect.refused(home:run { "remove", "corp" }, 6, 'there is no entry "corp"', "sentinel list")
        expect.refused(home:run { "credentials", "dev" }, 6, ('the keychain entry "corp" (%s)'):format(row.backend))
      end)

      it("takes what another backend has, and gives it back", function()
        if not start(row) then
          return
        end
        expect.done(add "Corp/admin")
        expect.done(home:run({ "add", "--secret", "pager", "--stdin" }, { stdin = "s3cr3t\n" }))
        local line = expect.done(home:run { "policy", "keygen", "--keychain", "release" })
        local all = "aws:Corp/admin@%s plugin:pager@%s signing:release@%s"
        assert.are.equal((all:gsub("%%s", row.backend)), names(row.backend))
        for _, way in ipairs { { row.backend, "file" }, { "file", row.backend } } do
          expect.done(home:run { "keychain", "migrate", "--from", way[1], "--to", way[2] })
          assert.are.equal("", names(way[1]))
          assert.are.equal((all:gsub("%%s", way[2])), names(way[2]))
        end
        assert.are.equal(line, expect.done(home:run { "policy", "keygen", "--public", "keychain:release" }))
      end)

      it("is known to doctor, which says that nothing is cached there", function()
        if not start(row) then
          return
        end
        local text = home:run({ "doctor" }).stdout
        assert.is_truthy(text:find(row.backend .. ": used: ", 1, true))
        assert.is_truthy(text:find("cache: no session is kept, because " .. row.backend, 1, true))
      end)
    end)
  end

  it("shows with pass what Sentinel stored", function()
    if not start(KEEPERS[1]) then
      return
    end
    expect.done(add "corp")
    local shape = '{"access_key_id":"%s","secret_access_key":"%s"}\n'
    assert.are.equal(shape:format(moto.keys.alice.id, moto.keys.alice.secret), keeper:show "sentinel/aws/corp")
  end)

  it("takes a key that pass stored", function()
    if not start(KEEPERS[1]) then
      return
    end
    local shape = '{"access_key_id": "%s",\n "secret_access_key": "%s"}\n'
    keeper:run({ "/usr/bin/pass", "insert", "-m", "sentinel/aws/corp" },
      { stdin = shape:format(moto.keys.alice.id, moto.keys.alice.secret) })
    expect.credentials(home:run { "credentials", "dev" })
  end)

  local function with_helper(body)
    local file = files.write(home.home .. "/bin/docker-credential-odd", "#!/bin/sh\n" .. body .. "\n", "0700")
    home:write_settings(("policy: {source: 'file:%s'}\nkeychain: {backend: docker, helper: %s}\n"):format(
      home:write("policy.yaml", stage.policies.dev), file))
  end

  local faults = {
    { "prints nonsense", "echo nonsense", "makes no sense" },
    { "prints without end", "exec yes nonsense", "answered with more than" },
    { "is killed", "kill -KILL $$", "ended with status 137" },
    { "fails without a word", "exit 1", "ended with status 1" },
    { "fails with one", "echo the keychain is locked; exit 1", "the keychain is locked" },
  }
  for _, case in ipairs(faults) do
    it("is not available when a helper " .. case[1], function()
      start_world({})
      with_helper(case[2])
      expect.refused(home:run { "credentials", "dev" }, 6, "docker-credential-odd", case[3])
      expect.refused(home:run { "list" }, 6, "docker-credential-odd", case[3])
    end)
  end

  it("is not available when its program is not there, or none is named", function()
    start_world({ PATH = "/nonexistent" })
    for _, arguments in ipairs { { "list" }, { "credentials", "dev" } } do
      expect.refused(home:run(arguments, { environment = { SENTINEL_BACKEND = "pass" } }), 6, "pass is not installed")
      expect.refused(home:run(arguments, { environment = { SENTINEL_BACKEND = "docker" } }), 6,
        "no docker credential helper is named", "helper: osxkeychain")
    end
    home:write_settings("keychain: {backend: docker, helper: nowhere}\n")
    expect.refused(home:run { "list" }, 6, "docker-credential-nowhere is not installed")
    home:write_settings("keychain: {backend: docker, helper: ../odd}\n")
    expect.refused(home:run { "list" }, 6, "cannot be a docker credential helper")
    home:write_settings("keychain: {backend: docker, helper: docker-credential-pass}\n")
    expect.refused(home:run { "list" }, 6, '"docker-credential-pass" cannot be a docker credential helper',
      'the part of the program\'s name behind "docker-credential-"')
  end)

  it("says what to look at when gpg does not have the key of a store", function()
    if not start(KEEPERS[1]) then
      return
    end
    assert.equal(0, keeper:run({ "/bin/sh", "-c", "echo nobody@sentinel.invalid > $PASSWORD_STORE_DIR/.gpg-id" }).status)
    expect.refused(add "corp", 6, "pass insert ended with status", "nobody@sentinel.invalid", keeper.folder .. "/store/.gpg-id",
      "pass ls")
  end)
end)
