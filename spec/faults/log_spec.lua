--- The fault matrix, the log's side (I2): no record, no credentials.
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"
local shims = require "spec.support.shims"
local world = require "spec.support.world"

describe("when the log is at fault", function()
  local faulty, home

  setup(function()
    faulty = servers.start_faulty()
  end)

  teardown(function()
    faulty:stop()
  end)

  before_each(function()
    faulty:set {}
    home = world.new { endpoint = faulty.url, policy = world.allow_dev }
    files.make_folder(home.home .. "/logs")
    os.execute("chmod 700 " .. home.home .. "/logs")
    home.log = home.home .. "/logs/decisions.jsonl"
    home:write_settings(("policy: {source: \"file:%s\"}\nlog: {path: %s}\n"):format(
      home.policy_file, home.log))
  end)

  after_each(function()
    home:remove()
  end)

  local function assert_refused(options, ...)
    local result = home:run({ "credentials", "dev" }, options)
    expect.refused(result, 6, ...)
    assert.are.equal(0, faulty:count("sts.AssumeRole"))
    return result
  end

  local setups = {
    { "a folder that is missing", "rm -rf logs" },
    { "a folder that others may write", "chmod 777 logs" },
    { "a folder of another user", "chown 65534 logs" },
    { "a file that others may write",
      "touch logs/decisions.jsonl; chmod 666 logs/decisions.jsonl" },
    { "a file of another user", "touch logs/decisions.jsonl; chown 65534 logs/decisions.jsonl" },
    { "a link", "touch other; ln -s ../other logs/decisions.jsonl" },
    { "a link to nowhere", "ln -s /nonexistent logs/decisions.jsonl" },
    { "a file with two names", "touch logs/decisions.jsonl; ln logs/decisions.jsonl logs/second" },
    { "a FIFO", "mkfifo logs/decisions.jsonl" },
    { "a folder in the file's place", "mkdir logs/decisions.jsonl" },
    { "a device", "mknod logs/decisions.jsonl c 1 3" },
    { "a file in the folder's place", "rm -rf logs; touch logs" },
    { "a log that is not a log",
      "printf 'hello\\nworld\\n' > logs/decisions.jsonl; chmod 600 logs/decisions.jsonl" },
  }
  for _, case in ipairs(setups) do
    it("by " .. case[1], function()
      assert(os.execute("cd " .. home.home .. " && " .. case[2]))
      assert_refused({}, "logs")
      -- What a file holds is read with the first record; what it is, before anybody is asked.
      assert.is_true(faulty:count("sts.GetCallerIdentity") == 0
        or case[1] == "a log that is not a log")
      if case[1] == "a folder that is missing" then
        assert.is_false(files.exists(home.home .. "/logs"))
      end
    end)
  end

  it("by stdout that goes into it: what is printed is never there", function()
    expect.credentials(home:run { "credentials", "dev" })
    local before = files.read(home.log)
    faulty:set {}
    for _, is_appended in ipairs { true, false } do
      local redirect = is_appended and ">>" or "1<>"
      local script = home:write("run.sh", ("#!/bin/sh\nexec %s credentials dev %s%s\n"):format(
        files.quote(settings.bin), redirect, files.quote(home.log)), "0700")
      expect.refused(process.run({ script }, home:options()), 6, home.log, "stdout")
      assert.are.equal(before, files.read(home.log))
    end
    assert.are.equal(0, #faulty:requests())
  end)

  -- Starts what holds the log's lock for so many seconds; returns when it does.
  local function hold_lock(seconds)
    files.write(home.log, "")
    local holder = process.start({ "/usr/bin/flock", "--no-fork", home.log, "/bin/sleep", seconds },
      { environment = {} })
    files.wait_for("the lock", 30, function()
      return not os.execute(("flock -n %s true"):format(files.quote(home.log)))
    end)
    return holder
  end

  it("by a lock that somebody holds: waits two seconds, not for ever", function()
    local holder = hold_lock("60")
    assert_refused({}, "lock")
    process.signal(holder, "KILL")
    process.finish(holder)
  end)

  it("by a lock that is given back in time: no fault", function()
    local holder = hold_lock("0.7")
    expect.credentials(home:run { "credentials", "dev" })
    process.finish(holder)
  end)

  it("by every fsync in turn: never a byte of a session", function()
    local failures = 0
    expect.credentials(home:run { "credentials", "dev" }) -- the policy is known from here on
    for at = 1, 12 do
      faulty:set {}
      home:clear_log()
      local environment = shims.environment("fsync_fail", { SHIM_FSYNC_FAIL_AT = tostring(at) })
      local result = home:run({ "credentials", "dev" }, { environment = environment })
      if result.status == 0 then
        expect.credentials(result)
        break
      end
      failures = failures + 1
      expect.refused(result, 6, "logs")
    end
    assert.is_true(failures >= 2, "decision and issuance records are synced one by one")
    assert.are.equal(1, faulty:count("sts.AssumeRole"))
  end)

  it("by a decision record that does not reach the disk: STS is not asked", function()
    expect.credentials(home:run { "credentials", "dev" })
    faulty:set {}
    local environment = shims.environment("fsync_fail", { SHIM_FSYNC_FAIL_AT = "1" })
    assert_refused({ environment = environment })
  end)

  it("for a denial too: what cannot be recorded is not decided", function()
    os.execute("chmod 777 " .. home.home .. "/logs")
    expect.refused(home:run { "credentials", "prod" }, 6, "logs")
  end)

  -- Small file systems of our own, in a mount namespace that ends with the run.
  local function run_mounted(mount, check)
    local probe = os.execute("unshare -m mount -t tmpfs -o size=64k none /mnt 2>/dev/null")
    if not probe then
      return pending(settings.skipped(
        "no mount namespace of our own: a full or read-only disk is not tried"))
    end
    local script = home:write("run.sh",
      ("#!/bin/sh\nset -e\ncd %s\nmount -t tmpfs -o size=16k,mode=700 none logs\n%s\n"
      .. "exec %s credentials dev\n"):format(home.home, mount, files.quote(settings.bin)), "0700")
    check(process.run({ "/usr/bin/unshare", "-m", script }, home:options()))
    assert.are.equal(0, faulty:count("sts.AssumeRole"))
  end

  it("by a disk that is full", function()
    run_mounted("dd if=/dev/zero of=logs/filler bs=1k 2>/dev/null || true", function(result)
      expect.refused(result, 6, "logs")
    end)
  end)

  it("by a disk that is full within the record", function()
    -- All pages but the one that the log's last record ends in: only a part of the line finds room.
    local line = "{\"v\":1," .. ("x"):rep(3500) .. "}\n"
    run_mounted("printf '%s' '" .. line
      .. "' >logs/decisions.jsonl; chmod 600 logs/decisions.jsonl\n"
      .. "dd if=/dev/zero of=logs/filler bs=1k 2>/dev/null || true", function(result)
      expect.refused(result, 6, "logs")
    end)
  end)

  it("by a disk that is read-only", function()
    run_mounted("mount -o remount,ro logs", function(result)
      expect.refused(result, 6, "logs")
    end)
  end)
end)
