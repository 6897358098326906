--- The fault matrix, the evaluator's side: killed, stopped or out of memory, it gives no verdict;
-- lying, it is bounded.
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"
local world = require "spec.support.world"

-- Spends most of its fuel, so that an evaluation can be caught.
local SLOW = [[
local s = require "sentinel"
return s.policy { version = "1", rules = {
  s.rule "slow" { effect = "allow", conditions = { s.check("slow", function()
    local n = 0
    for i = 1, 1500000 do n = n + i % 7 end
    return n > 0
  end) } },
} }
]]

describe("when the evaluator is at fault", function()
  local faulty, home

  setup(function()
    faulty = servers.start_faulty()
  end)

  teardown(function()
    faulty:stop()
  end)

  before_each(function()
    faulty:set {}
    home = world.new { endpoint = faulty.url, policy = SLOW, policy_name = "p.lua" }
  end)

  after_each(function()
    assert.are.equal(0, faulty:count("sts.AssumeRole"))
    home:remove()
  end)

  local function template_of(handle)
    return files.wait_for("the template", 30, function()
      return process.children(handle.pid)[1]
    end)
  end

  local function assert_no_verdict(result)
    expect.refused(result, 6, "evaluator")
    assert.are.equal("failed", home:kinds())
  end

  for _, name in ipairs { "KILL", "STOP", "SEGV" } do
    it("the template gets SIG" .. name .. " before it is asked", function()
      faulty:set { ["sts.GetCallerIdentity"] = { fault = "slow", seconds = 2 } }
      local handle = home:start { "credentials", "dev" }
      files.wait_for("the call", 30, function()
        return faulty:count("sts.GetCallerIdentity") > 0
      end)
      os.execute(("kill -%s %d"):format(name, template_of(handle)))
      assert_no_verdict(process.finish(handle, 60))
    end)

    it("it gets SIG" .. name .. " while it evaluates", function()
      -- An evaluation lasts for some tens of milliseconds; the watcher may miss one.
      for _ = 1, 10 do
        home:clear_log()
        faulty:set { ["sts.GetCallerIdentity"] = { fault = "slow", seconds = 1.5 } }
        local handle = home:start { "credentials", "dev" }
        local watcher = process.python { settings.source .. "/tests/faults/signal_evaluator.py",
          handle.pid, name }
        local result = process.finish(handle, 60)
        if watcher.status == 0 and result.status ~= 0 then
          return assert_no_verdict(result)
        end
        faulty:set {}
      end
      error("no evaluation could be caught while it ran")
    end)
  end

  it("nothing of it runs on after the answer", function()
    faulty:set { ["sts.GetCallerIdentity"] = { fault = "slow", seconds = 0.5 } }
    local handle = home:start { "credentials", "dev", "--policy", home:write("deny.yaml",
      "version: \"1\"\nrules:\n  - {name: a, effect: deny, conditions: {}}\n") }
    local template = template_of(handle)
    expect.refused(process.finish(handle), 3)
    local state = (files.read(("/proc/%d/stat"):format(template)) or ""):match("%) (%a)")
    assert.is_true(state == nil or state == "Z", "the template runs on")
  end)

  it("explain says evaluator_failed", function()
    local handle = home:start { "explain", "dev", "--user", "alice", "--policy", home.policy_file,
      "--json" }
    local watcher = process.python { settings.source .. "/tests/faults/signal_evaluator.py",
      handle.pid, "KILL" }
    local result = process.finish(handle, 60)
    if watcher.status == 0 and result.status ~= 0 then
      local answer = expect.json(result, 6)
      assert.are.equal("deny", answer.effect)
      assert.are.equal("evaluator_failed", answer.error)
    end
  end)
end)
