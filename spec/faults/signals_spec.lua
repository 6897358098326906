--- Signals at any moment: before the issuance record nothing is on stdout and the status is 128+n;
-- after it the whole
-- document is, and the status is 0.
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local servers = require "spec.support.servers"
local shims = require "spec.support.shims"
local world = require "spec.support.world"

local NUMBERS = { TERM = 15, INT = 2, HUP = 1, QUIT = 3 }

describe("a signal", function()
  local faulty, home

  setup(function()
    faulty = servers.start_faulty()
    home = world.new { endpoint = faulty.url, source = "ssm:/p" }
  end)

  teardown(function()
    home:remove()
    faulty:stop()
  end)

  before_each(function()
    faulty:set {}
    home:clear_log()
  end)

  local function wait_for_call(call)
    files.wait_for(call, 30, function()
      return faulty:count(call) > 0
    end)
  end

  -- Starts under sh, which leaves SIGINT and SIGQUIT ignored in the background: env puts them back.
  local function start(environment)
    return home:start({ "credentials", "dev" }, { environment = environment,
      before = "env --default-signal=INT,QUIT,HUP,TERM" })
  end

  for name, number in pairs(NUMBERS) do
    it(name .. " while the policy is on its way: 0 bytes, no decision", function()
      faulty:set { ["ssm.GetParameter"] = { fault = "slow", seconds = 2 } }
      local handle = start()
      wait_for_call("ssm.GetParameter")
      process.signal(handle, name)
      local result = process.finish(handle)
      expect.status(result, 128 + number)
      assert.are.equal("", result.stdout)
      assert.are.equal(0, faulty:count("sts.AssumeRole"))
    end)
  end

  it("TERM while AssumeRole is on its way: 0 bytes, a decision and no issuance", function()
    faulty:set { ["sts.AssumeRole"] = { fault = "slow", seconds = 2 } }
    local handle = start()
    wait_for_call("sts.AssumeRole")
    process.signal(handle, "TERM")
    local result = process.finish(handle)
    expect.status(result, 128 + 15)
    assert.are.equal("", result.stdout)
    assert.are.equal("decision", home:kinds())
  end)

  it("TERM while the issuance record is being synced: the whole document, status 0", function()
    for _, name in ipairs { "TERM", "HUP" } do
      home:clear_log()
      local mark = home.home .. "/mark"
      os.remove(mark)
      -- The sync of the issuance record is the last one.
      local count = 0
      for at = 2, 12 do
        local probe = home:run({ "credentials", "dev" },
          { environment = shims.environment("fsync_fail",
          { SHIM_FSYNC_FAIL_AT = tostring(at) }) })
        count = at
        if probe.status == 0 then
          break
        end
      end
      home:clear_log()
      local handle = start(shims.environment("fsync_fail",
        { SHIM_FSYNC_SLEEP_AT = tostring(count - 1),
        SHIM_FSYNC_SLEEP_MS = "600", SHIM_FSYNC_MARK = mark }))
      files.wait_for("the issuance record", 30, function()
        return files.exists(mark)
      end)
      process.signal(handle, name)
      expect.credentials(process.finish(handle))
      assert.are.equal("decision issued", home:kinds())
    end
  end)

  it("TERM at random moments: nothing with 143, or all with 0", function()
    faulty:set { ["*"] = { fault = "slow", seconds = 0.02 } }
    local seen = { [0] = 0, [143] = 0 }
    math.randomseed(20260119)
    for _ = 1, 60 do
      home:clear_log()
      local script = home:write("run.sh", ([[#!/bin/sh
%s credentials dev >out 2>err &
pid=$!
sleep %.4f
kill -TERM $pid 2>/dev/null
wait $pid
echo $? >status
]]):format(files.quote(require("spec.support.settings").bin), math.random() * 0.14), "0700")
      process.run({ script }, home:options())
      -- A signal may come before the shell's child has made them.
      local result = { status = tonumber(home:read("status")), stdout = home:read("out") or "",
        stderr = home:read("err") or "",
        command = "credentials dev, and SIGTERM" }
      os.remove(home.home .. "/out") -- the shell's, not the program's: no secret may be left
      seen[result.status] = (seen[result.status] or 0) + 1
      local is_issued = home:kinds():find("issued", 1, true) ~= nil
      if result.status == 0 then
        expect.credentials(result)
        assert.is_true(is_issued)
      else
        expect.status(result, 143)
        assert.are.equal("", result.stdout)
        assert.is_false(is_issued, "an issuance was recorded, and the document was not written")
      end
    end
    assert.is_true(seen[143] >= 5, "the signals came too late to matter")
    assert.are.equal(60, seen[0] + seen[143])
  end)

  it("KILL leaves a log that verifies, and nothing that runs on", function()
    faulty:set { ["ssm.GetParameter"] = { fault = "slow", seconds = 2 } }
    local handle = start()
    wait_for_call("ssm.GetParameter")
    local children = process.children(handle.pid)
    assert.is_true(#children >= 1)
    process.signal(handle, "KILL")
    local result = process.finish(handle)
    expect.status(result, 137)
    assert.are.equal("", result.stdout)
    for _, child in ipairs(children) do
      files.wait_for("the end of the evaluator", 30, function()
        local state = (files.read(("/proc/%d/stat"):format(child)) or ""):match("%) (%a)")
        return state == nil or state == "Z"
      end)
    end
    expect.credentials(home:run { "credentials", "dev" })
    assert.are.equal(0, home:run({ "log", "verify" }).status)
  end)
end)
