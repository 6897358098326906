--- sentinel test --watch: runs again when something changes, until it is interrupted.
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local shims = require "spec.support.shims"
local world = require "spec.support.world"

local POLICY = 'version: "1"\nrules:\n  - {name: day, effect: allow, conditions: {users: [%s]}}\n'
local SPEC = "it('allows', function() assert.allows({ user = 'alice', profile = 'dev' }) end)\n"

describe("sentinel test --watch", function()
  local home, handle

  before_each(function()
    home = world.new {}
    home:write("policies/dev.yaml", POLICY:format("alice"))
    home:write("policies/dev_spec.lua", SPEC)
  end)

  after_each(function()
    if handle then
      process.signal(handle, "KILL")
      process.finish(handle)
    end
    handle = nil
    home:remove()
  end)

  local function output()
    return files.read(handle.folder .. "/stdout") or ""
  end

  -- Starts under sh, which leaves SIGINT ignored in the background: env puts it back.
  local function start(...)
    handle = home:start({ "test", "--watch", ... }, { before = "env --default-signal=INT" })
  end

  -- Waits until the n-th run has told its totals; returns what that run printed.
  local function wait_for_run(number)
    return files.wait_for("run " .. number, 20, function()
      local text, at, from = output(), 1, 1
      for _ = 1, number do
        from = at
        local _, stop = text:find("%d+ passed, %d+ failed, %d+ skipped\n", at)
        if not stop then
          return nil
        end
        at = stop + 1
      end
      return text:sub(from, at - 1)
    end)
  end

  -- As editors do: a new file, which is renamed into the place of the old one.
  local function replace(name, text)
    home:write("scratch/" .. name:match("[^/]+$"), text)
    assert(os.rename(home.home .. "/scratch/" .. name:match("[^/]+$"), home.home .. "/" .. name))
  end

  -- The change is seen and told, and the run after it ends so.
  local function check_run(number, changed, totals)
    local text = wait_for_run(number)
    assert.is_truthy(text:find("^\n%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ [^\n]+ changed\n"), text)
    assert.are.equal(changed, text:match("Z ([^\n]+) changed\n"))
    assert.is_truthy(text:find(totals, 1, true), text)
  end

  it("runs again when a policy changes, also when it is renamed into its place", function()
    start()
    assert.is_truthy(wait_for_run(1):find("^policies/dev_spec.lua\n  ok    allows\n1 passed"))
    home:write("policies/dev.yaml", POLICY:format("bob"))
    check_run(2, "policies/dev.yaml", "0 passed, 1 failed")
    replace("policies/dev.yaml", POLICY:format("alice"))
    check_run(3, "policies/dev.yaml", "1 passed, 0 failed")
    files.wait_for("what the second run had to say", 5, function()
      return (files.read(handle.folder .. "/stderr") or ""):find("1 of 1 tests failed", 1, true)
    end)
    assert.is_true(process.is_running(handle))
  end)

  it("ends with 130 when it is interrupted", function()
    start()
    wait_for_run(1)
    process.signal(handle, "INT")
    local result = process.finish(handle)
    handle = nil
    expect.status(result, 130)
  end)

  it("sees specs that come, change and go, in folders that come", function()
    start("policies")
    wait_for_run(1)
    home:write("policies/new_spec.lua", "policy('dev.yaml')\nit('is new', function() end)")
    check_run(2, "policies/new_spec.lua", "2 passed")
    home:write("outside/dev.yaml", POLICY:format("alice"))
    home:write("outside/dev_spec.lua", SPEC)
    assert(os.rename(home.home .. "/outside", home.home .. "/policies/more"))
    check_run(3, "policies/more", "3 passed")
    home:write("policies/more/dev.yaml", POLICY:format("bob"))
    check_run(4, "policies/more/dev.yaml", "2 passed, 1 failed")
    assert(os.remove(home.home .. "/policies/new_spec.lua"))
    check_run(5, "policies/new_spec.lua", "1 passed, 1 failed")
  end)

  it("goes on past specs that do not load", function()
    start()
    wait_for_run(1)
    replace("policies/dev_spec.lua", "it(")
    check_run(2, "policies/dev_spec.lua", "policies/dev_spec.lua:1:1: ")
    replace("policies/dev_spec.lua", SPEC)
    check_run(3, "policies/dev_spec.lua", "1 passed")
  end)

  it("sees the plugin of a plugin's own spec, and the policy of a spec that is named itself", function()
    home:write("plugins/p/plugin.lua", "return { name = 'p', version = '1.0.0', api = 1, summary = 'x' }")
    home:write("plugins/p/init.lua", "return function() return true end")
    home:write("plugins/p/spec/p_spec.lua", "it('holds', function() assert.is_true((plugin(true, {}))) end)")
    start("plugins/p/spec", "policies/dev_spec.lua")
    assert.is_truthy(wait_for_run(1):find("2 passed", 1, true))
    replace("plugins/p/init.lua", "return function() return false end")
    check_run(2, "plugins/p/spec/../init.lua", "1 passed, 1 failed")
    replace("policies/dev.yaml", POLICY:format("bob"))
    check_run(3, "policies/dev.yaml", "0 passed, 2 failed")
  end)

  it("replaces its reports, and takes no report or hidden file for a change", function()
    start("--report", "json=policies/r.json", "--report", "lcov=policies/r.info")
    wait_for_run(1)
    files.wait_for("the report", 5, function() return home:read("policies/r.json") end)
    assert.is_truthy(home:read("policies/r.json"):find('"passed":1', 1, true))
    home:write("policies/.hidden.swp", "x")
    home:write("policies/.hidden/dev_spec.lua", "it(")
    replace("policies/dev.yaml", POLICY:format("bob"))
    check_run(2, "policies/dev.yaml", "0 passed, 1 failed") -- the first change that counts, and one run
    assert.is_truthy(home:read("policies/r.json"):find('"passed":0', 1, true))
    replace("policies/dev.yaml", POLICY:format("alice"))
    check_run(3, "policies/dev.yaml", "1 passed")
  end)

  it("takes many changes at once for one", function()
    start()
    wait_for_run(1)
    local lines = {}
    for i = 1, 50 do
      lines[i] = ("cp dev_spec.lua x%d; rm x%d"):format(i, i)
    end
    assert(os.execute(("cd %s && %s && cp dev_spec.lua last_spec.lua"):format(
      files.quote(home.home .. "/policies"), table.concat(lines, "; "))))
    assert.is_truthy(wait_for_run(2):find("\npolicies/dev_spec.lua\n", 1, true))
    replace("policies/dev.yaml", POLICY:format("bob"))
    local last
    files.wait_for("the last change", 20, function()
      last = output():match(".*\n(%d+ passed, %d+ failed)")
      return last == "0 passed, 1 failed"
    end)
    local _, runs = output():gsub("skipped\n", "")
    assert.is_true(runs < 50)
  end)

  it("is for people", function()
    for _, flags in ipairs { { "--json" }, { "--format", "tap" }, { "--format", "github" } } do
      expect.refused(home:run { "test", "--watch", table.unpack(flags) }, 2, "--watch", "--report FORMAT=FILE")
    end
    expect.refused(home:run { "test", "--watch", "nowhere" }, 2, "there is no nowhere")
    expect.refused(home:run { "test", "--watch", "policies/dev.yaml" }, 2, "is no spec")
    expect.refused(home:run { "test", "--watch", "--shuffle", "x" }, 2, "--shuffle")
    expect.refused(home:run { "test", "--watch", "--report", "x" }, 2, "FORMAT=FILE")
  end)

  it("says so when the system cannot watch", function()
    local function run(at, errno)
      return home:run({ "test", "--watch" }, { environment = shims.environment("inotify_fail",
        { SHIM_INOTIFY_FAIL_AT = tostring(at), SHIM_INOTIFY_ERRNO = tostring(errno) }) })
    end
    expect.refused(run(1, 38), 6, "changes cannot be watched: Function", "inotify is needed")
    expect.refused(run(1, 24), 6, "changes cannot be watched: Too many open files", "max_user_instances")
    expect.refused(run(2, 28), 6, "policies cannot be watched: No space left on device", "max_user_watches")
  end)

  it("watches at most 4,096 folders", function()
    local path = files.quote(home.home .. "/policies/many")
    assert(os.execute(("mkdir %s && cd %s && seq 1 4095 | xargs mkdir"):format(path, path)))
    expect.refused(home:run { "test", "--watch" }, 6, "more than 4096 folders", "only policies and plugins")
  end)
end)
