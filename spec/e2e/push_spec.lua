--- sentinel policy push against moto: what was reviewed is in force in every region, or nothing is.
local expect = require "spec.support.expect"
local pushing = require "spec.support.pushing"

describe("sentinel policy push", function()
  local moto, home

  setup(function()
    moto = pushing.moto()
  end)

  teardown(function()
    moto:stop()
  end)

  before_each(function()
    pushing.empty(moto)
    home = pushing.world(moto)
    moto:forget()
  end)

  after_each(function()
    home:remove()
  end)

  local function push(...)
    return home:run { "policy", "push", "prod", home.home .. "/prod", "--yes", ... }
  end

  it("writes parts and pointer in every region", function()
    pushing.bundle(home)
    local key, id = pushing.key(home, "key")
    local done = expect.done(push("--key", key))
    print(done)
    for _, region in ipairs { "us-east-1", "us-west-2" } do
      local pointer, parameter = pushing.pointer(moto, region)
      assert.are.equal(1, pointer.serial)
      assert.are.equal("acme", pointer.installation)
      assert.are.equal(id, pointer.signatures[1].key)
      assert.are.equal("Standard", parameter.tier)
    end
    for _, record in ipairs(home:records()) do
      print(require("cjson").encode(record))
    end
    print(push("--key", key).stdout)
  end)
end)
