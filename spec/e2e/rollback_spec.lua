--- sentinel policy history, rollback and gc: what was in force, going back to it, and what nobody will go back to.
local expect = require "spec.support.expect"
local pushing = require "spec.support.pushing"
local settings = require "spec.support.settings"
local terminal = require "spec.support.terminal"

local REGIONS = { "us-east-1", "us-west-2" }

describe("what was in force before", function()
  local moto, home, key, id, name

  setup(function()
    moto = pushing.moto()
  end)

  teardown(function()
    moto:stop()
  end)

  local function reason(serial)
    return "Reason" .. serial
  end

  local function push(serial, ...)
    pushing.bundle(home, { name = name, serial = serial, policy = pushing.POLICY:gsub("Alice", reason(serial)) })
    return home:run { "policy", "push", name, "prod", "--yes", "--key", key, ... }
  end

  local function configure()
    home:write_settings(("installation: acme\npolicy:\n  regions: [%s]\n  keys: [%q]\n"):format(
      table.concat(REGIONS, ", "), id))
  end

  before_each(function()
    name = pushing.new_name()
    home = pushing.world(moto)
    key, id = pushing.key(home, "key")
    configure()
    expect.done(push(1))
    expect.done(push(2))
    expect.done(push(3))
    home:clear_log()
    moto:forget()
  end)

  after_each(function()
    home:remove()
  end)

  local function run(command, ...)
    return home:run { "policy", command, name, ... }
  end

  local function serial_in(region)
    return math.tointeger(pushing.pointer(moto, region, name).serial)
  end

  -- The content of what a region holds.
  local function content_in(region)
    local folder = home.home .. "/" .. region .. os.tmpname():match("_(.*)$")
    expect.done(run("pull", "--region", region, "--out", folder))
    return io.open(folder .. "/policy.yaml"):read("a"):match("Reason%d")
  end

  describe("is told by history", function()
    it("with who, when, which and what is still there", function()
      local history = expect.json(run("history", "--json"))
      assert.are.equal("us-east-1", history.region)
      assert.are.equal(3, #history.versions)
      for i, version in ipairs(history.versions) do
        assert.are.equal(4 - i, version.serial)
        assert.are.equal(4 - i, version.version)
        assert.are.equal(i == 1, version.in_force)
        assert.are.same({ id }, version.signed_by)
        assert.are.equal(version.parts, version.parts_there)
        assert.are.equal(os.date("!%Y"), version.time:sub(1, 4))
      end
      local pointer = pushing.pointer(moto, "us-east-1", name)
      pushing.ask(moto, "us-east-1", "DeleteParameters", { Names = { "/sentinel/bundles/"
        .. history.versions[3].sha256 .. "/0" } })
      local text = expect.done(run("history"))
      assert.is_truthy(text:find("version 3  %d+%-%d%d%-%d%dT[%d:]+Z  in force, serial 3, sha256 " .. pointer.sha256:sub(1, 16)))
      assert.is_truthy(text:find("serial 1, [^\n]*\n    0 of its 1 parts are there\n"))
      assert.is_truthy(text:find("    signed by " .. id, 1, true))
      assert.are.equal("us-west-2", expect.json(run("history", "--region", "us-west-2", "--json")).region)
    end)

    it("and only of policies that there are", function()
      expect.refused(home:run { "policy", "history", "nobody" }, 5, 'no SSM parameter "/sentinel/policies/nobody"',
        "policy push nobody DIR")
    end)
  end)

  describe("is in force again by rollback", function()
    it("under a new serial, signed and recorded as a push is", function()
      local done = expect.done(run("rollback", "--yes", "--key", key))
      assert.is_truthy(done:find("the content of serial 2\n", 1, true))
      assert.is_truthy(done:find("rolled back " .. name .. " to the content of serial 2, as serial 4, sha256 %x+: "
        .. "us%-east%-1 %(version 4%)"), done)
      for _, region in ipairs(REGIONS) do
        assert.are.equal(4, serial_in(region))
        assert.are.equal("Reason2", content_in(region))
      end
      expect.done(run("verify"))
      assert.are.equal("policy policy", home:kinds())
      local record = home:records()[2]
      assert.are.equal("rollback", record.action)
      assert.are.equal(4, record.serial)
      assert.are.equal(3, record.previous[1].serial)
      assert.are.equal("done", record.outcome)
    end)

    it("as far back as one likes", function()
      expect.done(run("rollback", "--to", "1", "--yes", "--key", key))
      assert.are.equal("Reason1", content_in("us-west-2"))
      expect.done(push(5))
      expect.refused(run("rollback", "--to", "7", "--yes", "--key", key), 5, "has no serial 7", "policy history")
      expect.refused(run("rollback", "--to", "x", "--yes", "--key", key), 2, "not a serial")
      assert.are.equal("nothing to do: serial 5 is in force everywhere\n", expect.done(run("rollback", "--to", "5")))
    end)

    it("whatever somebody put in between", function()
      local parameter, before = "/sentinel/policies/" .. name, {}
      for i, region in ipairs(REGIONS) do
        before[i] = pushing.parameter(moto, region, parameter).Value
        local versions = pushing.ask(moto, region, "GetParameterHistory", { Name = parameter }).Parameters
        local forged = versions[2].Value:gsub('"signature":"....', '"signature":"AAAA')
        for _, value in ipairs { forged, versions[1].Value, before[i] } do
          pushing.ask(moto, region, "PutParameter", { Name = parameter, Type = "String", Value = value, Overwrite = true })
        end
      end
      expect.done(run("rollback", "--yes", "--key", key))
      assert.are.equal(4, serial_in("us-west-2"))
      assert.are.equal("Reason2", content_in("us-west-2"))
    end)

    it("above every serial that readers saw, where somebody put an older one back", function()
      local parameter = "/sentinel/policies/" .. name
      for _, region in ipairs(REGIONS) do
        local versions = pushing.ask(moto, region, "GetParameterHistory", { Name = parameter }).Parameters
        pushing.ask(moto, region, "PutParameter", { Name = parameter, Type = "String", Value = versions[2].Value,
          Overwrite = true })
      end
      expect.done(run("rollback", "--yes", "--key", key))
      assert.are.equal(4, serial_in("us-west-2"))
      assert.are.equal("Reason1", content_in("us-west-2"))
    end)

    it("not without the key that readers ask for", function()
      expect.refused(run("rollback", "--yes"), 2, "policy.keys asks for 1 signature")
      assert.are.equal(3, serial_in("us-west-2"))
    end)

    it("not when it is not what was signed then", function()
      local versions = expect.json(run("history", "--json")).versions
      local mallory, mallorys = pushing.key(home, "mallory")
      home:write_settings("installation: acme\npolicy:\n  regions: [us-east-1, us-west-2]\n")
      pushing.bundle(home, { name = name, serial = 4, policy = pushing.POLICY:gsub("Alice", "Mallory") })
      expect.done(home:run { "policy", "push", name, "prod", "--yes", "--key", mallory })
      assert.are.equal(mallorys, pushing.pointer(moto, "us-west-2", name).signatures[1].key)
      expect.done(push(5))
      configure()
      expect.refused(run("rollback", "--yes", "--key", key), 5, "serial 4 is not signed again", "policy.keys does not list",
        "can have put it there")
      assert.are.equal(5, serial_in("us-east-1"))
      assert.are.equal(3, #versions)
    end)

    it("not where readers refuse what is in force", function()
      local mallory = pushing.key(home, "mallory")
      home:write_settings("installation: acme\npolicy:\n  regions: [us-east-1, us-west-2]\n")
      pushing.bundle(home, { name = name, serial = 4 })
      expect.done(home:run { "policy", "push", name, "prod", "--yes", "--key", mallory })
      configure()
      expect.refused(run("rollback", "--yes", "--key", key), 5, "readers refuse what is in force",
        "policy.keys does not list", "policy push " .. name .. " DIR")
    end)

    it("not when it is gone", function()
      local sha256 = expect.json(run("history", "--json")).versions[2].sha256
      pushing.ask(moto, "us-east-1", "DeleteParameters", { Names = { "/sentinel/bundles/" .. sha256 .. "/0" } })
      expect.refused(run("rollback", "--yes", "--key", key), 5, "serial 2 cannot be had any more", "1 of the 1 parts",
        "policy history")
    end)

    it("only where all regions hold the same, and gives one that lacks it what the others have", function()
      expect.done(push(4, "--region", "us-west-2"))
      expect.refused(run("rollback", "--yes", "--key", key), 5, "do not hold the same", "serial 4 is in force in us-west-2",
        "policy rollback " .. name .. " --to 4")
      expect.done(run("rollback", "--to", "4", "--yes"))
      assert.are.same(pushing.pointer(moto, "us-west-2", name), pushing.pointer(moto, "us-east-1", name))
      expect.done(run("rollback", "--to", "3", "--yes", "--key", key))
      assert.are.equal(5, serial_in("us-east-1"))
      assert.are.equal("Reason3", content_in("us-east-1"))
    end)

    it("with an end of its own, when that of its manifest has passed", function()
      pushing.bundle(home, { name = name, serial = 4, more = "not_after: 2020-01-01T00:00:00Z\n" })
      expect.refused(home:run { "policy", "push", name, "prod", "--yes", "--key", key }, 5,
        "not_after in bundle.yaml has passed")
      expect.done(home:run { "policy", "push", name, "prod", "--yes", "--key", key, "--valid", "1d" })
      expect.done(push(5))
      expect.done(run("rollback", "--yes", "--key", key))
      assert.are.equal(6, serial_in("us-east-1"))
      assert.is_true(pushing.pointer(moto, "us-east-1", name).not_after > os.date("!%Y-%m-%d", os.time() + 29 * 86400))
    end)
  end)

  describe("goes by gc", function()
    local function parts_in(region)
      local count = 0
      local answer = pushing.ask(moto, region, "GetParameterHistory", { Name = "/sentinel/policies/" .. name })
      local seen = {}
      for _, version in ipairs(answer.Parameters) do
        local sha256 = version.Value:match('"sha256":"(%x+)"')
        local part = "/sentinel/bundles/" .. sha256 .. "/0"
        if not seen[sha256] and pushing.parameter(moto, region, part) then
          count = count + 1
        end
        seen[sha256] = true
      end
      return count
    end

    it("only when nothing keeps it, and it is not of today", function()
      assert.is_truthy(expect.done(run("gc", "--yes")):find("us-east-1: nothing can go; 3 parts of kept bundles stay\n", 1,
        true))
      assert.is_truthy(expect.done(run("gc", "--keep", "1", "--yes")):find("1 part of kept bundles stays, 2 because they are younger "
        .. "than a day", 1, true))
      assert.are.equal(3, parts_in("us-east-1"))
      assert.are.equal("", home:kinds())
      assert.are.equal(0, #moto:requests_for("DeleteParameters"))
    end)

    it("and what was in force with it", function()
      local done = expect.done(run("gc", "--keep", "2", "--force", "--yes"))
      assert.is_truthy(done:find("us-west-2: 1 part of 1 bundle was deleted; 2 parts of kept bundles stay\n", 1, true))
      assert.are.equal(2, parts_in("us-east-1"))
      assert.are.equal(2, parts_in("us-west-2"))
      assert.are.equal("policy policy", home:kinds())
      assert.are.equal("gc", home:records()[1].action)
      assert.are.equal(2, home:records()[2].parts)
      assert.are.equal("done", home:records()[2].outcome)
      expect.done(run("verify"))
      expect.done(run("rollback", "--yes", "--key", key))
    end)

    it("but not what another region has in force", function()
      expect.done(push(4, "--region", "us-west-2"))
      expect.done(run("gc", "--keep", "1", "--force", "--yes"))
      expect.done(run("verify", "--region", "us-east-1"))
      expect.done(run("verify", "--region", "us-west-2"))
      assert.is_truthy(pushing.parameter(moto, "us-west-2", "/sentinel/bundles/"
        .. pushing.pointer(moto, "us-east-1", name).sha256 .. "/0"))
    end)

    it("not by a name that nobody knows", function()
      expect.refused(home:run { "policy", "gc", "nobody", "--yes" }, 5, "no SSM parameter /sentinel/policies/nobody", "--all")
    end)

    it("asks first", function()
      local result = run("gc", "--keep", "1", "--force")
      expect.status(result, 4)
      assert.is_truthy(result.stdout:find("2 parts of 2 bundles can go", 1, true))
      assert.are.equal(3, parts_in("us-east-1"))
    end)

    it("but not what came into force while somebody was asked", function()
      local parameter = "/sentinel/policies/" .. name
      local before = pushing.parameter(moto, "us-east-1", parameter).Value
      expect.done(push(4))
      for _, region in ipairs(REGIONS) do -- as if that push had died before its pointers
        pushing.ask(moto, region, "DeleteParameters", { Names = { parameter } })
        pushing.ask(moto, region, "PutParameter", { Name = parameter, Type = "String", Value = before })
      end
      local seen = terminal.run(home, { settings.bin, "policy", "gc", "--all", "--force" }, { { wait = "Delete them? [y/N]: " },
        { meanwhile = { settings.bin, "policy", "push", name, "prod", "--yes", "--key", key } }, { type = "y\n" } })
      assert.are.equal(0, seen.status, seen.screen)
      assert.are.equal(4, serial_in("us-west-2"))
      expect.done(run("verify"))
    end)

    it("keeps a bundle however often it was signed again", function()
      for days = 31, 33 do
        expect.done(run("sign", "--renew", "--valid", days .. "d", "--key", key, "--yes"))
      end
      expect.done(run("gc", "--keep", "2", "--force", "--yes"))
      assert.are.equal(2, parts_in("us-east-1"))
    end)

    it("of all policies, parts too that no pointer ever named", function()
      local orphan = "/sentinel/bundles/" .. ("ab"):rep(32) .. "/0"
      local odd = "/sentinel/bundles/odd/0"
      for _, part in ipairs { orphan, odd } do
        pushing.ask(moto, "us-east-1", "PutParameter", { Name = part, Type = "String", Value = "AAAA" })
      end
      expect.done(run("gc", "--force", "--yes"))
      assert.is_truthy(pushing.parameter(moto, "us-east-1", orphan))
      expect.refused(home:run { "policy", "gc", "--all", name }, 2, "exclude each other")
      expect.refused(home:run { "policy", "gc", "--all", "--keep", "0" }, 2, "--keep")
      expect.done(home:run { "policy", "gc", "--all", "--force", "--yes" })
      assert.is_nil(pushing.parameter(moto, "us-east-1", orphan))
      assert.is_truthy(pushing.parameter(moto, "us-east-1", odd))
      assert.are.equal(3, parts_in("us-east-1"))
    end)

    it("nothing where it cannot tell what is to be kept", function()
      pushing.ask(moto, "us-west-2", "PutParameter", { Name = "/sentinel/policies/" .. name, Type = "String",
        Value = '{"sentinel_pointer":1}', Overwrite = true })
      expect.refused(run("gc", "--keep", "1", "--force", "--yes"), 5, "nothing was deleted", "us-west-2")
      assert.are.equal(0, #moto:requests_for("DeleteParameters"))
    end)
  end)
end)
