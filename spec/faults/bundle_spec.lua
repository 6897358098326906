--- Each single byte of what SSM holds of a signed bundle, changed: refused, and nothing is issued.
local files = require "spec.support.files"
local publish = require "spec.support.publish"
local servers = require "spec.support.servers"
local world = require "spec.support.world"

-- Every so many bytes; 1: all.
local STEP = tonumber(os.getenv("SENTINEL_FLIP_STEP")) or 7

describe("a signed bundle one of whose bytes was changed", function()
  local faulty, home, folder, region, packed

  setup(function()
    faulty = servers.start_faulty()
    faulty:set {}
    folder = files.temporary_folder()
    local alice, bob = publish.key(folder, "alice"), publish.key(folder, "bob")
    -- Where no copy can be kept, each call asks for all.
    home = world.new { endpoint = faulty.url, source = "ssm:/unused",
      environment = { XDG_CACHE_HOME = "/dev/null" } }
    home:write_settings(([[
installation: acme-aws
policy: {source: "ssm:/sentinel/policies/{profile}", regions: [us-east-1], keys: [%q, %q]}
]]):format(alice.line, bob.line))
    packed = publish.pack(folder .. "/bundle", { serial = 1 })
    -- One would do: the other one has to be good all the same.
    region = publish.region("dev", publish.pointer(packed, { serial = 1 }, { alice, bob }),
      (publish.parts(packed)))
  end)

  teardown(function()
    home:remove()
    faulty:stop()
    files.remove(folder)
  end)

  local function flip(text, at)
    return text:sub(1, at - 1) .. string.char(text:byte(at) ~ 1) .. text:sub(at + 1)
  end

  --- Asks with the byte of the parameter changed; the exit status and what was on stdout.
  local function ask(name, value)
    local whole = region[name]
    region[name] = { { Value = value, Version = 3 } }
    faulty:store { ["us-east-1"] = region }
    region[name] = whole
    return home:run { "credentials", "dev" }
  end

  local function check_each(name, change)
    local value = region[name][1].Value
    assert.are.equal(0, ask(name, value).status)
    faulty:set {}
    local count = 0
    for at = 1, #value, STEP do
      local result = ask(name, change(value, at))
      assert(result.status == 5 and result.stdout == "", ("byte %d of %s: status %d, %s"):format(at, name,
        result.status, result.stderr))
      count = count + 1
    end
    assert.is_true(count > 0)
    assert.are.equal(0, faulty:count("sts.AssumeRole"))
  end

  it("in its pointer", function()
    check_each("/sentinel/policies/dev", flip)
  end)

  it("in its parts", function()
    for name in pairs(region) do
      if name:find(publish.folder, 1, true) then
        check_each(name, flip)
      end
    end
  end)

  it("in its packed bytes, which are parts then", function()
    local _, hash = publish.parts(packed)
    local name = publish.folder .. "/" .. hash .. "/0"
    assert.is_true(#packed <= 3072)
    for at = 1, #packed, STEP do
      local result = ask(name, publish.base64(flip(packed, at)))
      assert(result.status == 5 and result.stdout == "", "byte " .. at .. ": " .. result.stderr)
    end
  end)
end)
