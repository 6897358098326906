--- Signed bundles in several regions: outages go on to the next, answers do not, and what serves less
-- than was seen counts as down; with every region down a copy serves emergencies (policy.md, aws.md).
local cjson = require "cjson"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local publish = require "spec.support.publish"
local pushing = require "spec.support.pushing"
local servers = require "spec.support.servers"
local world = require "spec.support.world"

local POLICY = [[
version: "1"
rules:
  - name: stop
    effect: deny
    conditions: {profiles: [prod]}
    reason: Nobody
  - name: fire
    effect: allow
    conditions: {profiles: [dev], users: [alice]}
    emergency: true
    reason: The house is on fire
  - name: everyone
    effect: allow
    conditions: {profiles: [ops]}
    reason: Open
]]

local TARGETS = '{"*": ["arn:aws:iam::123456789012:role/*"]}'

describe("a signed bundle in two regions", function()
  local faulty, home, folder, alice, old, new

  -- valid_s: how long it holds.
  local function region_of(serial, name, valid_s)
    local packed = publish.pack(("%s/%s%d"):format(folder, name, serial),
      { serial = serial, name = name, policy = POLICY, targets = TARGETS })
    local pointer = publish.pointer(packed, { serial = serial, name = name,
      not_after = publish.time(valid_s or 24 * 3600) }, { alice })
    return publish.region(name, pointer, (publish.parts(packed)))
  end

  setup(function()
    faulty = servers.start_faulty()
    folder = files.temporary_folder()
    alice = publish.key(folder, "alice")
    old, new = region_of(7, "dev"), region_of(8, "dev")
    for _, name in ipairs { "ops", "prod" } do
      for key, value in pairs(region_of(8, name)) do
        new[key] = value
      end
    end
  end)

  teardown(function()
    faulty:stop()
    files.remove(folder)
  end)

  local function configure(more)
    home:write_settings(([[
installation: acme-aws
policy:
  source: "ssm:/sentinel/policies/{profile}"
  regions: [us-east-1, eu-west-1]
  keys: [%q]
  %s
]]):format(alice.line, more or ""))
  end

  before_each(function()
    faulty:set {}
    faulty:store { ["us-east-1"] = new, ["eu-west-1"] = new }
    home = world.new { endpoint = faulty.url, source = "ssm:/unused",
      config = world.profile("dev", "Dev") .. world.profile("ops", "Ops") .. world.profile("prod", "Prod") }
    configure()
  end)

  after_each(function()
    home:remove()
  end)

  local function served_by()
    local result = home:run { "credentials", "dev" }
    expect.credentials(result)
    local records = home:records()
    local policy = records[#records - 1].policy
    return policy.region, policy.serial
  end

  local OUTAGES = {
    down = { fault = "status", status = 503 },
    slow = { fault = "hang" },
    throttling = { fault = "error", status = 400, code = "ThrottlingException", message = "Rate exceeded" },
  }

  for name, fault in pairs(OUTAGES) do
    it("goes on when the first is " .. name, function()
      faulty:set { ["ssm.GetParameter@us-east-1"] = fault }
      assert.are.same({ "eu-west-1", 8 }, { served_by() })
    end)

    it("goes on when the first is " .. name .. " after its pointer", function()
      faulty:set { ["ssm.GetParameters@us-east-1"] = fault }
      assert.are.same({ "eu-west-1", 8 }, { served_by() })
    end)
  end

  it("asks no more for the parts of a large one than it has to, to see that the first is down", function()
    local noise, lines = pushing.noise(), { POLICY }
    for _ = 1, 480 do
      lines[#lines + 1] = "# " .. noise(1000)
    end
    local packed = publish.pack(folder .. "/large", { serial = 8, policy = table.concat(lines, "\n") .. "\n", targets = TARGETS })
    local parts = publish.parts(packed)
    local large = publish.region("dev", publish.pointer(packed, { serial = 8 }, { alice }), parts)
    assert.is_true(#packed > 3072 * 80)
    faulty:store { ["us-east-1"] = large, ["eu-west-1"] = large }
    faulty:set { ["ssm.GetParameters@us-east-1"] = OUTAGES.down }
    assert.are.same({ "eu-west-1", 8 }, { served_by() })
    local asked = 0
    for _, request in ipairs(faulty:requests()) do
      asked = asked + (request.call == "ssm.GetParameters" and request.region == "us-east-1" and 1 or 0)
    end
    assert.is_true(asked <= 2 * 8, asked)
  end)

  it("takes a refusal of the first for an answer", function()
    local refusal = { fault = "error", status = 400, code = "AccessDeniedException", message = "no" }
    faulty:set { ["ssm.GetParameter@us-east-1"] = refusal }
    expect.refused(home:run { "credentials", "dev" }, 6, "AccessDenied")
    faulty:set { ["ssm.GetParameters@us-east-1"] = refusal }
    expect.refused(home:run { "credentials", "dev" }, 6, "AccessDenied")
    faulty:store { ["us-east-1"] = {}, ["eu-west-1"] = new }
    faulty:set {}
    expect.refused(home:run { "credentials", "dev" }, 5)
    assert.are.equal(0, faulty:count("sts.AssumeRole"))
  end)

  it("takes a bad signature of the first for an answer", function()
    local bad = publish.region("dev", (new["/sentinel/policies/dev"][1].Value:gsub('"signature":"....',
      '"signature":"AAAA')))
    faulty:store { ["us-east-1"] = bad, ["eu-west-1"] = new }
    expect.refused(home:run { "credentials", "dev" }, 5, "signature")
  end)

  it("counts a region that serves less than was seen as down", function()
    assert.are.same({ "us-east-1", 8 }, { served_by() })
    faulty:store { ["us-east-1"] = old, ["eu-west-1"] = new }
    assert.are.same({ "eu-west-1", 8 }, { served_by() })
    faulty:store { ["us-east-1"] = old, ["eu-west-1"] = old }
    configure("max_stale: 0s")
    expect.refused(home:run { "credentials", "dev" }, 5, "older bundle")
  end)

  it("counts one as down whose older one has ended, too", function()
    assert.are.same({ "us-east-1", 8 }, { served_by() })
    faulty:store { ["us-east-1"] = region_of(7, "dev", -60), ["eu-west-1"] = new }
    assert.are.same({ "eu-west-1", 8 }, { served_by() })
  end)

  describe("takes nothing that is not signed from the second", function()
    local bare = publish.region("dev", (POLICY:gsub("fire", "bare")))

    it("when the first serves less than was seen", function()
      assert.are.same({ "us-east-1", 8 }, { served_by() })
      faulty:store { ["us-east-1"] = old, ["eu-west-1"] = bare }
      expect.refused(home:run { "credentials", "dev" }, 5, "not signed")
    end)

    it("when the first gives a pointer and no parts", function()
      faulty:store { ["us-east-1"] = new, ["eu-west-1"] = bare }
      faulty:set { ["ssm.GetParameters@us-east-1"] = OUTAGES.down }
      expect.refused(home:run { "credentials", "dev" }, 5, "not signed")
    end)

    it("when a copy of before is not taken", function()
      configure("cache_ttl: 1h")
      assert.are.same({ "us-east-1", 8 }, { served_by() })
      for _, name in ipairs(files.list(home.home .. "/.cache/sentinel")) do
        if name:find("^bundle%-") then
          os.remove(home.home .. "/.cache/sentinel/" .. name)
        end
      end
      faulty:store { ["us-east-1"] = bare, ["eu-west-1"] = bare }
      expect.refused(home:run { "credentials", "dev" }, 5, "not signed")
    end)
  end)

  it("needs STS of one and SSM of another", function()
    faulty:set { ["ssm.GetParameter@us-east-1"] = OUTAGES.down, ["sts.GetCallerIdentity@eu-west-1"] = OUTAGES.down,
      ["sts.AssumeRole@eu-west-1"] = OUTAGES.down }
    assert.are.same({ "eu-west-1", 8 }, { served_by() })
  end)

  it("needs no earlier sight of it for another region", function()
    faulty:set { ["*@us-east-1"] = OUTAGES.down }
    assert.are.same({ "eu-west-1", 8 }, { served_by() })
  end)

  describe("with every region down", function()
    local DOWN = { ["ssm.GetParameter"] = OUTAGES.down, ["ssm.GetParameters"] = OUTAGES.down }

    before_each(function()
      for _, profile in ipairs { "dev", "ops" } do
        expect.credentials(home:run { "credentials", profile })
      end
      expect.refused(home:run { "credentials", "prod" }, 3)
      home:clear_log()
      faulty:set(DOWN)
    end)

    local function age(hours)
      local state = home.home .. "/.local/state/sentinel"
      for _, name in ipairs(files.list(state)) do
        if name:match("%.pointer$") then
          local text = files.read(state .. "/" .. name)
          files.write(state .. "/" .. name, (text:gsub("^%d+", function(ms)
            return tostring(tonumber(ms) - hours * 3600 * 1000)
          end)), "0600")
        end
      end
    end

    it("gives an emergency what the copy says, and tells how old it is", function()
      age(3)
      expect.credentials(home:run { "credentials", "dev" })
      local policy = home:records()[1].policy
      assert.are.same({ 8, alice.id }, { policy.serial, policy.signed_by[1] })
      assert.are.equal((faulty.url:gsub("^http://", "")), policy.endpoint)
      assert.is_true(policy.stale_s >= 3 * 3600 and policy.stale_s < 3 * 3600 + 600, policy.stale_s)
    end)

    it("takes a copy that does not say from which host it came", function()
      local state = home.home .. "/.local/state/sentinel"
      for _, name in ipairs(files.list(state)) do
        if name:match("%.pointer$") then
          local text = files.read(state .. "/" .. name):gsub("^(%d+ %d+ [%w-]+) [^\n]*\n", "%1\n")
          files.write(state .. "/" .. name, text, "0600")
        end
      end
      expect.credentials(home:run { "credentials", "dev" })
      assert.are.same({ 8, cjson.null }, { home:records()[1].policy.serial, home:records()[1].policy.endpoint })
    end)

    it("gives it also where the last of them has no STS either", function()
      local faults = { ["sts.GetCallerIdentity@eu-west-1"] = OUTAGES.down, ["sts.AssumeRole@eu-west-1"] = OUTAGES.down }
      for call, fault in pairs(DOWN) do
        faults[call] = fault
      end
      faulty:set(faults)
      expect.credentials(home:run { "credentials", "dev", "--duration", "20m" })
      assert.are.equal(1, faulty:count("sts.AssumeRole"))
    end)

    it("gives it by a copy that was made long ago, and is in use", function()
      os.execute(("touch -d '40 days ago' %s/bundle-*"):format(files.quote(home.home .. "/.cache/sentinel")))
      faulty:set {}
      expect.credentials(home:run { "credentials", "dev" })
      faulty:store { ["us-east-1"] = region_of(9, "ops"), ["eu-west-1"] = {} }
      expect.credentials(home:run { "credentials", "ops" })
      assert.is_true(faulty:count("ssm.GetParameters") > 0)
      faulty:set(DOWN)
      expect.credentials(home:run { "credentials", "dev" })
    end)

    it("gives nothing by any other rule", function()
      age(3)
      expect.refused(home:run { "credentials", "ops" }, 6, "no region has ssm:/sentinel/policies/ops", "try again", "a copy of 180 min ago")
      expect.refused(home:run { "credentials", "prod" }, 6, "no region has")
      assert.are.equal(0, faulty:count("sts.AssumeRole"))
    end)

    it("gives nothing after max_stale, and with it off", function()
      age(25)
      expect.refused(home:run { "credentials", "dev" }, 6, "503")
      age(-24)
      configure("max_stale: 30m")
      expect.refused(home:run { "credentials", "dev" }, 6)
      configure("max_stale: 0s")
      expect.refused(home:run { "credentials", "dev" }, 6)
      configure("max_stale: 2h")
      expect.credentials(home:run { "credentials", "dev" })
    end)

    it("gives nothing by a copy that was changed, or whose signer is not asked for", function()
      local cache = home.home .. "/.cache/sentinel"
      for _, name in ipairs(files.list(cache)) do
        local text = files.read(cache .. "/" .. name)
        files.write(cache .. "/" .. name, text:sub(1, -2) .. string.char(text:byte(-1) ~ 1), "0600")
      end
      expect.refused(home:run { "credentials", "dev" }, 6)
      assert.are.equal(0, faulty:count("sts.AssumeRole"))
    end)

    it("gives nothing by a copy that says it comes from the future", function()
      age(-1)
      expect.refused(home:run { "credentials", "dev" }, 6)
    end)

    it("gives what a copy says whose time was told wrongly once, and rightly since", function()
      age(-48)
      faulty:set {}
      expect.credentials(home:run { "credentials", "dev" })
      faulty:set(DOWN)
      expect.credentials(home:run { "credentials", "dev" })
    end)
  end)
end)
