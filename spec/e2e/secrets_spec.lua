--- Secrets given through the environment are in no log, error text or argv, nor in the environment
-- of any program but
-- exec's. (That template and worker hold none is spec/faults/memory_spec.lua.)
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"
local world = require "spec.support.world"

local ISSUED = { "issuedSecretAccessKey+of/the/faultServer",
  "issuedSessionToken//of+the+fault+server==" }
local TOKEN = "IQoJb3JpZ2luX2VjEXAMPLE/token+Zx81Qw9=="
local PASSPHRASE = "kJ7#pass-Vw2!phrase-Qz9"

-- The program's, or ""; before its exec the same pid is the `env` that gives it its environment.
local function command_line(pid)
  local text = files.read(("/proc/%d/cmdline"):format(pid)) or ""
  return text:sub(1, #settings.bin) == settings.bin and text or ""
end

describe("secrets", function()
  local faulty, home

  setup(function()
    faulty = servers.start_faulty()
  end)

  teardown(function()
    faulty:stop()
  end)

  before_each(function()
    faulty:set {}
    home = world.new { endpoint = faulty.url, source = "ssm:/p", environment = {
      AWS_ACCESS_KEY_ID = world.key.id, AWS_SECRET_ACCESS_KEY = world.key.secret,
        AWS_SESSION_TOKEN = TOKEN,
      SENTINEL_FILE_PASSPHRASE = PASSPHRASE, SENTINEL_BACKEND = "file" } }
    home:write(".aws/credentials", "")
    home.secrets = { world.key.secret, TOKEN, PASSPHRASE }
  end)

  after_each(function()
    home:remove()
  end)

  -- Everything that the program kept below HOME.
  local function kept()
    local pipe = io.popen(("find %s -type f ! -path '*/.aws/*' -exec cat {} +"):format(home.home))
    local text = pipe:read("a")
    pipe:close()
    return text
  end

  local function assert_kept_none()
    local text = kept()
    for _, list in ipairs { home.secrets, ISSUED } do
      for _, secret in ipairs(list) do
        assert.is_nil(text:find(secret, 1, true), secret)
      end
    end
  end

  it("are not in the log or in any other file, after an allow, a deny and a failure", function()
    local fields = expect.credentials(home:run { "credentials", "dev" })
    assert.are.same(ISSUED, { fields.secret, fields.token })
    expect.refused(home:run { "credentials", "prod" }, 3)
    faulty:set { ["sts.AssumeRole"] = { fault = "error", code = "AccessDenied", message = "no",
      status = 403 } }
    expect.refused(home:run { "credentials", "dev" }, 6)
    assert.are.equal("decision issued decision decision failed", home:kinds())
    assert_kept_none()
  end)

  it("are not in error texts when AWS echoes them", function()
    for _, secret in ipairs { world.key.secret, TOKEN } do
      faulty:set { ["sts.GetCallerIdentity"] = { fault = "error", code = "Odd",
        message = "you sent " .. secret,
        status = 400 } }
      expect.refused(home:run { "credentials", "dev" }, 6)
      assert_kept_none()
    end
    for _, call in ipairs { "sts.GetCallerIdentity", "sts.AssumeRole" } do
      faulty:set { [call] = { fault = "replace", pattern = "</%w+Response>", by = ISSUED[1] } }
      local result = home:run { "credentials", "dev" }
      expect.refused(result, 6)
      assert.is_nil(result.stderr:find(ISSUED[1], 1, true))
    end
  end)

  it("are in no argv and in no environment of a child while it runs", function()
    faulty:set { ["ssm.GetParameter"] = { fault = "slow", seconds = 1.2 }, ["sts.AssumeRole"] =
      { fault = "slow", seconds = 1.2 } }
    local handle = home:start { "credentials", "dev" }
    local samples, children, locked = 0, 0, 0
    while process.is_running(handle) do
      local pids = process.children(handle.pid)
      children = math.max(children, #pids)
      pids[#pids + 1] = handle.pid
      for _, pid in ipairs(pids) do
        local seen = command_line(pid)
        -- A fork begins with a copy, which it wipes before it is locked down; only then it reads
        -- policy. So it is looked at once its filter is in place, however late it gets to run.
        local status = files.read(("/proc/%d/status"):format(pid)) or ""
        if pid ~= handle.pid and status:find("Seccomp:\t2", 1, true) then
          seen = seen .. (files.read(("/proc/%d/environ"):format(pid)) or "")
          locked = locked + 1
        end
        for _, list in ipairs { home.secrets, ISSUED } do
          for _, secret in ipairs(list) do
            assert.is_nil(seen:find(secret, 1, true), pid)
          end
        end
        samples = samples + 1
      end
      os.execute("sleep 0.01")
    end
    expect.credentials(process.finish(handle))
    assert.is_true(samples > 4 and children >= 1 and locked >= 1, "the run was not watched")
  end)

  -- Starts it; returns when the policy is being waited for.
  local function start_and_wait()
    faulty:set { ["ssm.GetParameter"] = { fault = "slow", seconds = 2 } }
    local handle = home:start { "credentials", "dev" }
    files.wait_for("the question for the policy", 30, function()
      return faulty:count("ssm.GetParameter") > 0
    end)
    return handle
  end

  it("are wiped from the program's own environment memory once they are taken", function()
    local handle = start_and_wait()
    local seen = assert(files.read(("/proc/%d/environ"):format(handle.pid)))
    assert.is_truthy(seen:find("HOME=" .. home.home, 1, true), "this is not the memory that was given")
    assert.is_nil(seen:find(world.key.secret, 1, true))
    assert.is_nil(seen:find(PASSPHRASE, 1, true))
    assert.is_nil(seen:find(TOKEN, 1, true))
    expect.credentials(process.finish(handle))
  end)

  it("go to exec's program as the issued ones only", function()
    local text = expect.done(home:run { "exec", "dev", "--", "/usr/bin/env" })
    assert.is_truthy(text:find("AWS_SECRET_ACCESS_KEY=" .. ISSUED[1], 1, true))
    assert.is_truthy(text:find("AWS_SESSION_TOKEN=" .. ISSUED[2], 1, true))
    assert.is_nil(text:find(PASSPHRASE, 1, true))
  end)

  it("the process is not dumpable while it holds them", function()
    local handle = start_and_wait()
    local limits = files.read(("/proc/%d/limits"):format(handle.pid)) or ""
    assert.is_truthy(limits:match("Max core file size%s+0%s"), limits)
    local pipe = io.popen(("stat -c %%U /proc/%d/mem"):format(handle.pid))
    assert.are.equal("root", pipe:read("l"))
    pipe:close()
    expect.credentials(process.finish(handle))
  end)
end)
