--- A program whose modules are missing, or are those of another build: it says which file, and what to do.
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local settings = require "spec.support.settings"
local world = require "spec.support.world"

describe("an installation", function()
  local home, folder

  before_each(function()
    home = world.new { endpoint = "http://127.0.0.1:1", policy = world.allow_dev }
    folder = files.make_folder(home.folder .. "/bin")
    os.execute(("cp %s %s"):format(settings.bin, folder))
  end)

  after_each(function()
    home:remove()
  end)

  local function refused(...)
    expect.refused(home:run({ "credentials", "dev" }, { bin = folder .. "/sentinel" }), 6, folder .. "/net.so", ...)
  end

  it("without its network module is refused", function()
    if not files.exists(settings.build .. "/net.so") then
      return pending(settings.skipped "the network module is linked in")
    end
    refused("cannot be loaded", "install both together")
    os.execute(("cp %s/net.so %s"):format(settings.build, folder))
    expect.refused(home:run({ "credentials", "dev" }, { bin = folder .. "/sentinel" }), 6, "cannot be reached")
  end)

  it("with a module that is not its own is refused", function()
    if not files.exists(settings.build .. "/net.so") then
      return pending(settings.skipped "the network module is linked in")
    end
    os.execute(("cp %s/geo.so %s/net.so"):format(settings.build, folder))
    refused("is not of this build", "together")
  end)
end)
