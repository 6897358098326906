--- Sessions that are handed out again: from the file keychain, the kernel keyring and the Secret
-- Service, by one caller and by many.
local desktop = require "spec.support.desktop"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local settings = require "spec.support.settings"
local stage = require "spec.support.stage"
local world = require "spec.support.world"

local PASSPHRASE = "correct horse battery staple"
local CALLERS = 50

local function rules(more)
  return ([[
version: "1"
rules:
  - name: dev-everyone
    effect: allow
    conditions: {profiles: [dev, other]}
    reason: Development is open
%s]]):format(more or "")
end

for _, backend in ipairs { "file", "keyring", "secret-service" } do
  describe("a cached session in the " .. backend .. " keychain", function()
    local absent = backend == "secret-service" and desktop.missing()
    if absent then
      it("is handed out again", function()
        return pending(settings.skipped(absent .. " is not installed"))
      end)
      return
    end

    local moto, home, session

    setup(function()
      moto = stage.moto { users = { alice = { path = "/" }, bob = { path = "/" } } }
      session = backend == "secret-service" and desktop.start() or nil
    end)

    teardown(function()
      moto:stop()
      if session then
        session:stop()
      end
    end)

    local function add(name, key)
      expect.done(home:run({ "add", name, "--stdin" },
        { stdin = key.id .. "\n" .. key.secret .. "\n" }))
    end

    before_each(function()
      home = stage.world(moto, { policy = rules(), environment = { SENTINEL_BACKEND = backend,
        SENTINEL_FILE_PASSPHRASE = PASSPHRASE,
        DBUS_SESSION_BUS_ADDRESS = session and session.environment.DBUS_SESSION_BUS_ADDRESS },
        config = world.profile("dev", "Dev") .. world.profile("other", "Dev") .. world.profile("prod",
        "Prod") })
      home:write(".aws/credentials", "")
      home.secrets[#home.secrets + 1] = PASSPHRASE
      add("corp", moto.keys.alice)
      moto:forget()
    end)

    after_each(function()
      home:run { "clear" }
      home:run { "remove", "corp" }
      home:remove()
    end)

    local function credentials(arguments, options)
      return expect.credentials(home:run({ "credentials", table.unpack(arguments or { "dev" }) },
        options))
    end

    local function calls(action)
      return #moto:requests_for(action)
    end

    it("is handed out again, by a decision of its own, without the network", function()
      local first = credentials()
      moto:forget()
      local second = credentials()
      assert.are.same(first, second)
      assert.are.equal(0, #moto:requests())
      local decision, issued, again, reissued = table.unpack(home:records())
      assert.are.equal("decision issued decision issued", home:kinds())
      assert.is_nil(issued.reuse_of)
      assert.are.equal(decision.request_id, reissued.reuse_of)
      assert.are.equal(again.request_id, reissued.request_id)
      assert.are_not.equal(decision.request_id, again.request_id)
      assert.are.equal(first.id, reissued.access_key_id)
      assert.are.equal(decision.session_id, again.session_id)
      assert.are.equal(decision.source_identity, again.source_identity)
      assert.are.equal("sts", decision.time_source)
      assert.are.equal("sts-cached", again.time_source)
      assert.are.equal(decision.endpoint, again.endpoint)
      assert.are.equal(decision.endpoint, issued.endpoint)
      assert.is_nil(reissued.endpoint)
      expect.done(home:run { "log", "verify" })
    end)

    it("is told of with its lease when it is handed out again", function()
      local policy = home:write("leased.yaml", (world.allow_dev:gsub("max_duration: 1h", "lease: 40m")))
      local first = credentials({ "dev" }, { environment = { SENTINEL_POLICY_SOURCE = policy } })
      local second = credentials({ "dev" }, { environment = { SENTINEL_POLICY_SOURCE = policy } })
      assert.are.same(first, second)
      local issued, reissued = home:records()[2], home:records()[4]
      assert.are.same({ 2400, 2400 }, { issued.lease, reissued.lease })
      assert.are.equal(issued.expires, reissued.expires)
      assert.are.equal(issued.request_id, reissued.reuse_of)
    end)

    it("is shared by exec", function()
      local first = credentials()
      local result = home:run { "exec", "dev", "--", "/bin/sh", "-c", "echo $AWS_ACCESS_KEY_ID" }
      assert.are.equal(first.id .. "\n", result.stdout)
      assert.are.equal(1, calls "AssumeRole")
    end)

    it("is not handed out to who is denied now", function()
      credentials()
      home:write("policy.yaml", rules():gsub("%[dev, other%]", "[other]"))
      expect.refused(home:run { "credentials", "dev" }, 3)
      assert.are.equal(1, calls "AssumeRole")
    end)

    it("is handed out again within its lease, and none that ends soon", function()
      for lease, asked in pairs { ["30m"] = 1, ["15m"] = 2 } do
        home:write("policy.yaml", rules("    lease: " .. lease .. "\n"))
        moto:forget()
        local first, second = credentials(), credentials()
        assert.are.equal(asked, calls "AssumeRole", lease)
        assert.are.equal(asked == 1, first.id == second.id)
        assert.is_true(first.expires < os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() + 1860), first.expires)
        home:run { "exec", "dev", "--", "/bin/true" } -- takes what has half of it left
        assert.are.equal(asked == 1 and 1 or 3, calls "AssumeRole", lease)
      end
    end)

    local function asks_again(change, arguments, options)
      local first = credentials()
      change()
      local second = credentials(arguments, options)
      assert.are_not.equal(first.id, second.id)
      assert.are.equal(2, calls "AssumeRole")
    end

    local function nothing() end

    it("is not one of another profile", function()
      asks_again(nothing, { "other" })
    end)

    it("is not one of another length", function()
      asks_again(nothing, { "dev", "--duration", "40m" })
    end)

    it("is not one with another justification", function()
      credentials { "dev", "--justification", "INC-1 first" }
      credentials { "dev", "--justification", "INC-1 first" }
      assert.are.equal(1, calls "AssumeRole")
      credentials { "dev", "--justification", "INC-2 second" }
      assert.are.equal(2, calls "AssumeRole")
      credentials { "dev" }
      assert.are.equal(3, calls "AssumeRole")
    end)

    it("is not handed out under a shorter max_duration", function()
      asks_again(function()
        home:write("policy.yaml", rules "    max_duration: 30m\n")
      end)
      assert.are.equal("1800", moto:requests_for("AssumeRole")[2].fields.DurationSeconds)
    end)

    it("is not handed out by another policy, of the same rule", function()
      asks_again(function()
        home:write("policy.yaml", rules "    description: changed\n")
      end)
    end)

    it("is not handed out when the log that holds its decision is gone", function()
      asks_again(function()
        home:clear_log()
      end)
    end)

    it("is not handed out with less than 15 minutes and a minute left", function()
      home:write("policy.yaml", rules "    max_duration: 15m30s\n")
      credentials()
      credentials()
      assert.are.equal(2, calls "AssumeRole")
      home:write("policy.yaml", rules "    max_duration: 17m\n")
      credentials()
      credentials()
      assert.are.equal(3, calls "AssumeRole")
    end)

    it("opens to no other secret, though the key's id is known", function()
      credentials()
      moto:forget()
      add("corp", { id = moto.keys.alice.id, secret = moto.keys.bob.secret })
      expect.refused(home:run { "credentials", "dev" }, 6)
      assert.are.equal(0, calls "AssumeRole")
    end)

    it("is another for another key", function()
      asks_again(function()
        add("corp", moto.keys.bob)
      end)
      local records = home:records()
      assert.are.equal("bob", records[#records].user)
    end)

    it("is forgotten by clear, of one profile or of all", function()
      home:run { "clear" }
      credentials()
      credentials { "other" }
      assert.are.equal("forgot 1 cached session of dev\n", expect.done(home:run { "clear", "dev" }))
      credentials { "other" }
      assert.are.equal(2, calls "AssumeRole")
      credentials()
      assert.are.equal(3, calls "AssumeRole")
      assert.are.equal("forgot 2 cached sessions, 1 cached identity\n",
        expect.done(home:run { "clear" }))
      assert.are.equal("forgot nothing: there was nothing cached of dev\n",
        expect.done(home:run { "clear", "dev" }))
      credentials()
      assert.are.equal(4, calls "AssumeRole")
      assert.are.equal(2, calls "GetCallerIdentity")
    end)

    it("is neither kept nor found where the configuration says so", function()
      credentials()
      home:write_settings("policy:\n  source: \"file:" .. home.policy_file
        .. "\"\nkeychain: {cache: \"off\"}\n")
      credentials()
      credentials()
      assert.are.equal(3, calls "AssumeRole")
      assert.are.equal(3, calls "GetCallerIdentity")
    end)

    -- Fifty at once.

    local function start_all(arguments)
      local handles = {}
      for i = 1, CALLERS do
        handles[i] = home:start(arguments)
      end
      local results = {}
      for i, handle in ipairs(handles) do
        results[i] = process.finish(handle, 120)
      end
      return results
    end

    it("is one for fifty callers, each with a decision of its own", function()
      local id
      for _, result in ipairs(start_all { "credentials", "dev" }) do
        local fields = expect.credentials(result)
        id = id or fields.id
        assert.are.equal(id, fields.id)
      end
      assert.are.equal(1, calls "AssumeRole")
      assert.are.equal(1, calls "GetCallerIdentity")
      local seen, decisions, reused = {}, 0, 0
      for _, record in ipairs(home:records()) do
        if record.kind == "decision" then
          decisions = decisions + 1
          assert.is_nil(seen[record.request_id])
          seen[record.request_id] = true
        else
          assert.are.equal("issued", record.kind)
          reused = reused + (record.reuse_of and 1 or 0)
        end
      end
      assert.are.equal(CALLERS, decisions)
      assert.are.equal(CALLERS - 1, reused)
      expect.done(home:run { "log", "verify" })
    end)

    it("is for none of fifty callers who are denied", function()
      for _, result in ipairs(start_all { "credentials", "prod" }) do
        expect.refused(result, 3)
      end
      assert.are.equal(0, calls "AssumeRole")
      assert.are.equal(CALLERS, #home:records())
    end)

    it("leaves no file behind but the log, the keychain and what they know", function()
      start_all { "credentials", "dev" }
      for _, name in ipairs(files.list(home.home .. "/.local/state/sentinel")) do
        assert.is_nil(name:find("%.turn$"), name)
      end
    end)
  end)
end
