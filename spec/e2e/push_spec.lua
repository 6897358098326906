--- sentinel policy push against moto: what was reviewed is in force in every region, or nothing is.
local expect = require "spec.support.expect"
local publish = require "spec.support.publish"

describe("sentinel policy push", function()
  local moto, home

  setup(function()
    moto = publish.moto()
  end)

  teardown(function()
    moto:stop()
  end)

  before_each(function()
    publish.empty(moto)
    home = publish.world(moto)
    moto:forget()
  end)

  after_each(function()
    home:remove()
  end)

  local function push(...)
    return home:run { "policy", "push", "prod", home.home .. "/prod", "--yes", ... }
  end

  it("writes parts and pointer in every region", function()
    publish.bundle(home)
    local key, id = publish.key(home, "key")
    local done = expect.done(push("--key", key))
    print(done)
    for _, region in ipairs { "us-east-1", "us-west-2" } do
      local pointer, parameter = publish.pointer(moto, region)
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
