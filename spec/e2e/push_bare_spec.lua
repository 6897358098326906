--- sentinel policy push --bare: a policy's file as the value of its parameter, in SSM's two sizes.
local expect = require "spec.support.expect"
local pushing = require "spec.support.pushing"
local world = require "spec.support.world"

describe("sentinel policy push --bare", function()
  local moto, home, name

  setup(function()
    moto = pushing.moto()
  end)

  teardown(function()
    moto:stop()
  end)

  before_each(function()
    name = pushing.new_name()
    home = pushing.world(moto)
    moto:forget()
  end)

  after_each(function()
    home:remove()
  end)

  local function push(file, ...)
    return home:run { "policy", "push", name, file, "--bare", "--yes", ... }
  end

  local function parameter(region)
    return pushing.parameter(moto, region or "us-east-1", "/sentinel/policies/" .. name)
  end

  -- A policy of exactly so many bytes.
  local function policy_of(size)
    return pushing.POLICY .. "#" .. ("x"):rep(size - #pushing.POLICY - 2) .. "\n"
  end

  local function tier(size)
    home:write("p.yaml", policy_of(size))
    local done = expect.done(push("p.yaml"))
    return pushing.tier(moto, "us-east-1", "/sentinel/policies/" .. name), done
  end

  it("writes the file as it is, and records it", function()
    home:write("prod.yaml", pushing.POLICY)
    home:write("prod_spec.yaml", (pushing.SPEC:gsub("policy: prod/", "policy: prod.yaml")))
    local done = expect.done(push("prod.yaml"))
    assert.is_truthy(done:find("pushed bare " .. name .. ", sha256 %x+: us%-east%-1 %(version 1%), us%-west%-2 %(version 1%)\n"))
    assert.are.equal(pushing.POLICY, parameter("us-west-2").Value)
    assert.are.equal("String", parameter().Type)
    local record = home:records()[2]
    assert.are.equal("done", record.outcome)
    assert.is_nil(record.serial)
    assert.is_false(record.untested)
    assert.are.equal("nothing to do: " .. name .. " is in force in us-east-1, us-west-2 as it is\n",
      expect.done(push("prod.yaml")))
  end)

  it("takes Lua that says so, for a reader only sees the text", function()
    home:write("p.lua", (world.allow_dev_lua:gsub("^[^\n]*\n", "")))
    expect.refused(push("p.lua"), 5, "readers would take it for YAML", "-- sentinel: lua")
    home:write("p.lua", world.allow_dev_lua)
    expect.done(push("p.lua"))
    assert.are.equal(world.allow_dev_lua, parameter().Value)
    local result = home:run { "policy", "pull", name }
    assert.is_truthy(expect.done(result):find("^" .. name .. "%.lua: bare"))
    assert.are.equal(world.allow_dev_lua, home:read(name .. ".lua"))
  end)

  it("takes the tier that the size needs, and says what it costs", function()
    assert.are.equal("Standard", (tier(4096)))
    local advanced, done = tier(4097)
    assert.are.equal("Advanced", advanced)
    assert.is_truthy(done:find("SSM's advanced tier, which costs, is needed above 4096", 1, true))
    assert.are.equal("Advanced", (tier(8192)))
    home:write("p.yaml", policy_of(8193))
    expect.refused(push("p.yaml"), 5, "8193 bytes", "at most 8192", "push it as a bundle")
    assert.are.equal(8192, #parameter().Value)
  end)

  it("keeps a parameter secure that is so already", function()
    for _, region in ipairs { "us-east-1", "us-west-2" } do
      pushing.ask(moto, region, "PutParameter", { Name = "/sentinel/policies/" .. name, Type = "SecureString",
        Value = policy_of(200) })
    end
    home:write("p.yaml", pushing.POLICY)
    expect.done(push("p.yaml"))
    assert.are.equal("SecureString", parameter().Type)
    assert.are.equal(pushing.POLICY, parameter().Value)
  end)

  it("is refused in the place of a bundle, unless it is forced", function()
    pushing.bundle(home, { name = name })
    local key = pushing.key(home, "key")
    expect.done(home:run { "policy", "push", name, "prod", "--yes", "--key", key })
    home:write("p.yaml", pushing.POLICY)
    expect.refused(push("p.yaml"), 5, "is a bundle (serial 1)", "--force")
    expect.done(push("p.yaml", "--force"))
    assert.are.equal(pushing.POLICY, parameter().Value)
    assert.is_true(home:records()[3].forced)
  end)

  it("is refused where signatures are asked for, forced or not", function()
    local key, id = pushing.key(home, "key")
    home:write("p.yaml", pushing.POLICY)
    expect.refused(push("p.yaml", "--key", key), 2, "a bare policy cannot be signed")
    expect.refused(push("p.yaml", "--valid", "2d"), 2, "a bare policy cannot be signed")
    home:write_settings(("policy:\n  regions: [us-east-1]\n  keys: [%q]\n"):format(id))
    expect.refused(push("p.yaml"), 5, "policy.keys asks for signatures, and a bare policy has none")
    expect.refused(push("p.yaml", "--force"), 5, "policy.keys asks for signatures")
    assert.is_nil(parameter())
  end)

  it("is refused for a folder", function()
    pushing.bundle(home, { name = name })
    expect.refused(push("prod"), 2, "is a bundle", "leave out --bare")
  end)
end)
