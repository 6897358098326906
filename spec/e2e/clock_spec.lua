--- The decision's time is STS's: a user who turns the local clock does not get into a window, or
-- out of one.
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"
local stage = require "spec.support.stage"
local world = require "spec.support.world"

local LIBRARIES = { "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
  "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1" }

local function faketime(shift)
  for _, library in ipairs(LIBRARIES) do
    if files.exists(library) then
      return { LD_PRELOAD = library, FAKETIME = shift, FAKETIME_DONT_FAKE_MONOTONIC = "1" }
    end
  end
  return pending(settings.skipped("libfaketime is not installed"))
end

local function clock(offset_s)
  return os.date("!%H:%M", os.time() + offset_s)
end

-- A window of two hours around now + offset, in UTC.
local function window(offset_s)
  return ([[
version: "1"
rules:
  - name: window
    effect: allow
    conditions:
      profiles: [dev]
      time: {hours: {start: "%s", end: "%s"}}
]]):format(clock(offset_s - 3600), clock(offset_s + 3600))
end

describe("the clock", function()
  local moto, home

  setup(function()
    moto = stage.moto()
  end)

  teardown(function()
    moto:stop()
  end)

  after_each(function()
    if home then
      home:remove()
      home = nil
    end
  end)

  local function run(policy, shift)
    local environment = faketime(shift)
    home = stage.world(moto, { policy = policy })
    return home:run({ "credentials", "dev" }, { environment = environment })
  end

  local function assert_times_are_recorded(record, shift_s)
    local function seconds(text)
      local year, month, day, hour, minute,
        second = text:match("^(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)")
      return os.time { year = year, month = month, day = day, hour = hour, min = minute,
        sec = second }
    end
    assert.are.equal("sts", record.time_source)
    assert.is_true(math.abs(seconds(record.time) - seconds(os.date("!%Y-%m-%dT%H:%M:%S"))) < 60,
      record.time)
    assert.is_truthy(record.local_time, "local_time has to be recorded")
    local offset = seconds(record.local_time) - seconds(record.time)
    assert.is_true(math.abs(offset - shift_s) < 60, record.local_time)
  end

  it("turned back into a window does not open it", function()
    expect.refused(run(window(-8 * 3600), "-8h"), 3)
    assert_times_are_recorded(home:records()[1], -8 * 3600)
    assert.are.equal("deny", home:records()[1].effect)
  end)

  it("turned forward into a window does not open it", function()
    expect.refused(run(window(8 * 3600), "+8h"), 3)
    assert_times_are_recorded(home:records()[1], 8 * 3600)
  end)

  it("turned away from a window does not close it", function()
    expect.credentials(run(window(0), "-8h"))
    assert_times_are_recorded(home:records()[1], -8 * 3600)
  end)

  it("turned by days or years changes nothing", function()
    expect.credentials(run(window(0), "-400d"))
    home:remove()
    expect.credentials(run(window(0), "+400d"))
  end)

  it("that is right leaves local_time out", function()
    home = stage.world(moto, { policy = window(0) })
    expect.credentials(home:run { "credentials", "dev" })
    assert.is_nil(home:records()[1].local_time)
  end)

  it("off for the signature is corrected once, by the server's word", function()
    local faulty = servers.start_faulty()
    home = world.new { endpoint = faulty.url, source = "ssm:/p" }
    faulty:set { skew_s = 7200, ["*"] = { fault = "skew" } }
    expect.credentials(home:run { "credentials", "dev" })
    assert.are.equal(2, faulty:count("sts.GetCallerIdentity"))
    assert.are.equal(2, faulty:count("ssm.GetParameter"))
    assert.is_true(faulty:count("sts.AssumeRole") <= 2)
    faulty:stop()
  end)

  -- A machine that was halted shows a clock that went on, and another that did not.
  it("that went on alone is not one to keep a time by", function()
    local faulty = servers.start_faulty()
    home = world.new { endpoint = faulty.url }
    home:write_settings("policy: {source: \"ssm:/p\", cache_ttl: 1h}\n"
      .. "keychain: {cache: kernel}\n")
    expect.credentials(home:run { "credentials", "dev" })
    faulty:set {}
    expect.credentials(home:run({ "credentials", "dev" }, { environment = faketime "+20s" }))
    assert.are.equal(0, #faulty:requests())
    for _, shift in ipairs { "+8h", "-8h" } do
      faulty:set {}
      expect.credentials(home:run({ "credentials", "dev" }, { environment = faketime(shift) }))
      assert.are.equal(1, faulty:count("sts.GetCallerIdentity"))
      assert.are.equal(1, faulty:count("ssm.GetParameter"))
    end
    home:run { "clear" }
    faulty:stop()
  end)

  it("and TZ of the host, nonsense included, do not matter", function()
    for _, zone in ipairs { "Pacific/Kiritimati", "Nonsense/Zone", ":::", "ABC-25:99",
      "/etc/passwd", "\255" } do
      home = stage.world(moto, { policy = window(0) })
      expect.credentials(home:run({ "credentials", "dev" }, { environment = { TZ = zone,
        TZDIR = "/nonexistent" } }))
      assert.is_truthy(home:records()[1].time:match("Z$"))
      home:remove()
    end
    home = nil
  end)
end)
