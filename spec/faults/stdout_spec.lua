--- The fault matrix, stdout's side: the document is whole, or there is none of it.
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"
local world = require "spec.support.world"

describe("when stdout is at fault", function()
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
  end)

  after_each(function()
    home:remove()
  end)

  it("closed: nothing is decided and nobody is asked", function()
    expect.refused(home:run({ "credentials", "dev" }, { stdout = "closed" }), 6, "stdout")
    assert.are.equal(0, #faulty:requests())
    assert.are.equal("", home:kinds())
  end)

  it("full: status 6", function()
    expect.refused(home:run({ "credentials", "dev" }, { stdout = "/dev/full" }), 6, "stdout")
    assert.are.equal("decision issued", home:kinds())
  end)

  it("full, for the commands that print no secret", function()
    expect.refused(home:run({ "explain", "dev", "--user", "alice", "--policy", home.policy_file },
      { stdout = "/dev/full" }), 6, "stdout")
    expect.refused(home:run({ "--help" }, { stdout = "/dev/full" }), 6, "stdout")
  end)

  -- {what, arguments, status when the result can be written, what is said then}
  local noes = {
    { "test", { "test" }, 1, "1 of 1 tests failed" },
    { "test --json", { "test", "--json" }, 1, "1 of 1 tests failed" },
    { "policy validate", { "policy", "validate", "--json", "bad.yaml" }, 5, "1 of 1 policy is refused" },
    { "policy diff", { "policy", "diff", "other.yaml", "policies/p.yaml" }, 1, "are different" },
  }
  for _, row in ipairs(noes) do
    it("full: status 6 instead of the answer no of " .. row[1], function()
      home:write("bad.yaml", "version: 2\n")
      home:write("policies/p.yaml", world.allow_dev)
      home:write("other.yaml", (world.allow_dev:gsub("dev", "prod")))
      home:write("policies/p_spec.lua", "it('fails', function() assert.equal(1, 2) end)")
      expect.status(home:run(row[2]), row[3])
      local first = expect.refused(home:run(row[2], { stdout = "/dev/full" }), 6, row[4])
      assert.are.equal("sentinel: the result cannot be written to stdout: No space left on device", first)
    end)
  end

  it("a pipe whose reader left: status 6, not a signal", function()
    local script = home:write("run.sh",
      ("#!/bin/sh\n{ %s credentials dev 2>%s/err; echo $? >%s/status; } | true\n"):format(
      files.quote(settings.bin), home.home, home.home), "0700")
    faulty:set { ["sts.AssumeRole"] = { fault = "slow", seconds = 1.5 } }
    process.run({ script }, home:options())
    assert.are.equal("6\n", home:read("status"))
    assert.is_truthy(home:read("err"):match("^sentinel: [^\n]*stdout"))
    assert.are.equal("decision issued", home:kinds())
  end)

  it("opened for reading only", function()
    local script = home:write("run.sh", ("#!/bin/sh\nexec %s credentials dev 1</dev/null\n"):format(
      files.quote(settings.bin)), "0700")
    expect.refused(process.run({ script }, home:options()), 6, "stdout")
    assert.are.equal("", home:kinds())
  end)

  -- A file on a disk that has room for a part of the document: what was there stays, and nothing
  -- else.
  local function run_on_small_disk(command)
    if not os.execute("unshare -m mount -t tmpfs -o size=4k none /mnt 2>/dev/null") then
      return pending(settings.skipped(
        "no mount namespace of our own: a disk that fills within the document is not tried"))
    end
    local script = home:write("run.sh", ([[#!/bin/sh
mkdir -p small && mount -t tmpfs -o size=4k none small || exit 99
head -c 4000 /dev/zero | tr '\0' x >small/out
%s
status=$?
wc -c <small/out >size
tr -d x <small/out | wc -c >other
exit $status
]]):format(command:gsub("PROGRAM", files.quote(settings.bin) .. " credentials dev")), "0700")
    local result = process.run({ "/usr/bin/unshare", "-m", script }, home:options())
    expect.refused(result, 6, "stdout")
    assert.are.equal(4000, tonumber(home:read("size")))
    assert.are.equal(0, tonumber(home:read("other")))
  end

  it("a file on a disk that fills within the document, appended to", function()
    run_on_small_disk("PROGRAM >>small/out")
  end)

  it("a file on a disk that fills within the document, at a position that another program left",
    function()
    run_on_small_disk("{ cat >/dev/null; PROGRAM >&0; } 0<>small/out")
  end)
end)
