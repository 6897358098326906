--- What `sentinel test` tells of what was covered: reasons, plugins, LCOV and Cobertura.
local bundle = require "spec.support.bundle"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local settings = require "spec.support.settings"
local tracefile = require "spec.support.tracefile"
local world = require "spec.support.world"

local POLICY = [[
version: "1"
groups: {ops: [alice]}
rules:
  - {name: no-root, effect: deny, conditions: {users: [root]}}
  - name: day
    effect: allow
    conditions:
      profiles: [dev]
      groups: [ops]
      any: [{source_ip: [10.0.0.0/8]}, {mode: [cli]}, {mfa: {max_age: 15m}}]
  - {name: ask, effect: require_approval, conditions: {profiles: [prod]}}
  - {name: narrow, effect: require_approval, conditions: {profiles: [prod], users: [bob]}}
  - name: late
    effect: allow
    conditions:
      profiles: [late]
      users: [carol]
]]

local SPEC = [[
it("decides", function()
  assert.allows({ user = "alice", profile = "dev", source_ip = "10.0.0.1" }, "day")
  assert.allows({ user = "alice", profile = "dev", source_ip = "192.0.2.1", mode = "cli" }, "day")
  assert.denies({ user = "root", profile = "dev" }, { rule = "no-root" })
  assert.requires_approval({ user = "bob", profile = "prod" }, "ask")
end)
]]

describe("coverage", function()
  local home

  before_each(function()
    home = world.new {}
    home:write("policies/dev.yaml", POLICY)
    home:write("policies/dev_spec.lua", SPEC)
  end)

  after_each(function()
    home:remove()
  end)

  local function run(...)
    return home:run({ "test", ... })
  end

  -- The reasons by "line rule condition".
  local function reasons(...)
    local found = {}
    for _, point in ipairs(expect.json(run("--json", "--coverage", ...)).coverage.uncovered) do
      local condition = type(point.condition) == "string" and " " .. point.condition or ""
      found[("%d %s%s"):format(point.line, point.rule, condition)] = point.missing .. ": " .. point.why
    end
    return found
  end

  it("says why something is not covered", function()
    assert.are.same({
      ["1 "] = "no request that no rule matches: rules no-root, day and ask decided all 4 requests",
      ["9 day groups"] = "never false: it was true both times; profiles was false once before it",
      ["10 day any"] = "never false: it was true both times; profiles was false once before it",
      ["10 day any[1].mode"] = "never false: it was true the one time",
      ["10 day any[2].mfa"] = "never evaluated: short-circuited: an earlier branch of any was true",
      ["11 ask profiles"] = "never false: it was true the one time",
      ["12 narrow"] = 'never reached: shadowed: rule "ask", before it, decides all that it could',
      ["12 narrow profiles"] = 'never evaluated: shadowed: rule "ask", before it, decides all that it could',
      ["12 narrow users"] = 'never evaluated: shadowed: rule "ask", before it, decides all that it could',
      ["13 late"] = "never reached: rules no-root, day and ask decided all 4 requests before it",
      ["16 late profiles"] = "never evaluated: rules no-root, day and ask decided all 4 requests before it",
      ["17 late users"] = "never evaluated: rules no-root, day and ask decided all 4 requests before it",
    }, reasons())
  end)

  it("says on what a rule failed that never matched", function()
    home:write("policies/dev_spec.lua", [[it("denies", function()
      assert.denies({ user = "bob", profile = "qa" })
      assert.denies({ user = "bob", profile = "late" })
      assert.denies({ user = "alice", profile = "dev" })
    end)]])
    local found = reasons()
    assert.are.equal("never matched: profiles was false 2 of 3 times; it wants late", found["13 late"])
    assert.are.equal("never matched: users was false all 3 times; it wants root", found["4 no-root"])
    assert.are.equal("never true: it was false the one time; it wants carol; profiles was false 2 times before it",
      found["17 late users"])
    assert.are.equal("never true, never false: it was unknown the one time", found["10 day any[0].source_ip"])
    local text = expect.done(run("--coverage"))
    assert.is_truthy(text:find("  policies/dev.yaml:17: late: users was never true: it was false the one time", 1, true), text)
  end)

  it("lets a rule that was never reached stand for its conditions, where people read", function()
    local text = expect.done(run("--coverage"))
    assert.is_truthy(text:find("dev.yaml:13: late was never reached: rules", 1, true), text)
    assert.is_nil(text:find("dev.yaml:17", 1, true), text)
  end)

  it("writes LCOV", function()
    local text = expect.done(run("--report", "lcov=out.info"))
    assert.is_nil(text:find("coverage:", 1, true))
    local record = assert(tracefile.read_lcov(home:read("out.info"))["policies/dev.yaml"])
    assert.are.same({ ["no-root"] = 1, day = 2, ask = 1, narrow = 0, late = 0 }, record.functions)
    assert.are.same({ ["no-root"] = 4, day = 5, ask = 11, narrow = 12, late = 13 }, record.declared)
    assert.are.same({ [4] = 4, [5] = 3, [8] = 3, [9] = 2, [10] = 2, [11] = 1, [12] = 0, [13] = 0, [16] = 0, [17] = 0 },
      record.lines)
    local branches = record.branches
    assert.are.equal("1 3", branches["4.0.0"] .. " " .. branches["4.0.1"])
    assert.are.equal("2 1", branches["8.1.0"] .. " " .. branches["8.1.1"])
    assert.are.equal("2 0", branches["9.2.0"] .. " " .. branches["9.2.1"])
    assert.are.equal("- -", branches["17.11.0"] .. " " .. branches["17.11.1"])
  end)

  it("writes Cobertura", function()
    home:write("policies/a&b/x.yaml", 'version: "1"\nrules:\n  - {name: x, effect: allow, conditions: {}}\n')
    home:write("policies/a&b/x_spec.lua", "it('x', function() assert.allows({ user = 'a', profile = 'dev' }) end)")
    expect.done(run("--report", "cobertura=out.xml"))
    local found = tracefile.read_cobertura(home.home .. "/out.xml")
    assert.are.same({ [3] = { hits = 1, conditions = "-" } }, found["policies/a&b/x.yaml"])
    local lines = found["policies/dev.yaml"]
    assert.are.same({ hits = 4, conditions = "100% (2/2)" }, lines[4])
    assert.are.same({ hits = 3, conditions = "-" }, lines[5])
    assert.are.same({ hits = 2, conditions = "50% (1/2)" }, lines[9])
    assert.are.same({ hits = 2, conditions = "50% (4/8)" }, lines[10])
    assert.are.same({ hits = 0, conditions = "0% (0/2)" }, lines[17])
  end)

  it("names files by paths below the working directory", function()
    for _, path in ipairs { "policies", "./policies", ".//policies/", home.home .. "/policies",
      "policies/dev_spec.lua" } do
      expect.done(run(path, "--report", "lcov=out.info"))
      local record = tracefile.read_lcov(home:read("out.info"))["policies/dev.yaml"]
      assert.is_truthy(record, path .. ": " .. home:read("out.info"))
    end
    files.make_folder(home.folder .. "/elsewhere")
    expect.done(home:run({ "test", home.home .. "/policies", "--report", "lcov=out.info" },
      { folder = home.folder .. "/elsewhere" }))
    local text = files.read(home.folder .. "/elsewhere/out.info")
    assert.is_truthy(tracefile.read_lcov(text)[home.home .. "/policies/dev.yaml"])
  end)

  it("finds the lines of policies in Lua, and of what they require", function()
    home:write("lua/bundle.yaml", "sentinel_bundle: 1\nname: lua\nserial: 1\npolicy: policy.lua\n")
    home:write("lua/policy.lua", [[
-- sentinel: lua
local s = require "sentinel"
return s.policy { version = "1", rules = {
  s.rule "first" { effect = "allow", conditions = {
    profiles = { "dev" },
    s.check("is alice", function(request) return request.user.name == "alice" end),
    function(request)
      return request.mode == "cli"
    end,
    s.any { { mode = { "cli" } } },
  } },
  require "more",
} }
]])
    home:write("lua/more.lua", 'local s = require "sentinel"\n\n'
      .. 'return s.rule "second" { effect = "deny", conditions = { users = { "bob" } } }\n')
    home:write("lua_spec.lua", [[it("x", function()
      assert.allows({ user = "alice", profile = "dev", mode = "cli" }, "first")
      assert.denies({ user = "bob", profile = "dev" }, { rule = "second" })
    end)]])
    expect.done(run("lua_spec.lua", "--report", "lcov=out.info"))
    local records = tracefile.read_lcov(home:read("out.info"))
    assert.are.same({ [4] = 2, [6] = 1, [7] = 1, [10] = 2 }, records["lua/policy.lua"].lines)
    assert.are.same({ first = 4 }, records["lua/policy.lua"].declared)
    local branches = records["lua/policy.lua"].branches
    assert.are.same({ "1", "1" }, { branches["10.3.0"], branches["10.4.0"] }) -- any, and mode in it
    assert.are.same({ [3] = 1 }, records["lua/more.lua"].lines)
    assert.are.same({ second = 3 }, records["lua/more.lua"].declared)
  end)

  it("writes both for files only, and says so", function()
    for _, format in ipairs { "lcov", "cobertura" } do
      expect.refused(run("--format", format), 2, "lines", "--report " .. format .. "=FILE")
    end
    expect.refused(run("--report", "clover=x"), 2, "lcov, cobertura")
    local message = expect.refused(run("--format", "clover"), 2, "github")
    assert.is_nil(message:find("lcov", 1, true))
    expect.done(run("--report", "lcov=a.info", "--report", "cobertura=b.xml", "--report", "junit=c.xml"))
  end)

  it("has reports without a record when no policy was tested", function()
    home:write("policies/dev_spec.lua", "pending('later')")
    expect.status(run("--report", "lcov=out.info", "--report", "cobertura=out.xml"), 1)
    assert.is_truthy(home:read("out.info"))
    tracefile.read_cobertura(home.home .. "/out.xml")
  end)

  -- A bundle whose plugin asks one question, and a spec of its policy.
  local function write_bundle(spec)
    local asking = bundle.asking { url = "GET https://a.example/{id}",
      check = "return host.http { 'q', id = args.id }.json.holds" }
    bundle.write(home, { plugins = { probe = { grant = "http: [q], hosts: [a.example]", files = asking } },
      policy = 'version: "1"\nrules:\n  - name: r\n    effect: allow\n    conditions:\n      probe: {id: x1}\n'
        .. '  - {name: s, effect: allow, conditions: {profiles: [p], probe: {id: x2}}}\n' })
    home:write("bundle_spec.lua", spec)
    return asking
  end

  it("counts what plugins came to, for each condition that uses them", function()
    write_bundle [[
local request = { user = "alice", profile = "dev" }
it("holds, or not", function()
  mock.http { need = "q", params = { id = "x1" }, json = { holds = true } }
  assert.allows(request, "r")
end)
it("does not", function()
  mock.http { need = "q", json = { holds = false } }
  assert.denies(request)
end)
it("errs", function()
  mock.http { need = "q", fault = "reset" }
  assert.denies(request, { error = "fact_unavailable" })
end)
it("is mocked", function()
  mock.plugin("probe", { args = { id = "x1" }, returns = false }, "timeout")
  assert.denies({ user = "alice", profile = "p" }, { rule = "s", error = "plugin_timeout" })
end)
]]
    local document = expect.json(run("bundle_spec.lua", "--json", "--coverage"))
    local plugin = assert(document.coverage.plugins[1])
    assert.are.equal("probe 1 2 1 1 0", ("%s %d %d %d %d %d"):format(plugin.plugin, plugin.held, plugin.not_held,
      plugin.failed, plugin.timed_out, plugin.unknown))
    assert.are.equal(0, plugin.own_spec.held)
    local uses = {}
    for i, use in ipairs(plugin.conditions) do
      uses[i] = ("%s:%d %s %d %d %d %d"):format(use.file, use.line, use.rule, use.held, use.not_held, use.failed,
        use.timed_out)
    end
    assert.are.same({ "bundle/policy.yaml:6 r 1 2 1 0", "bundle/policy.yaml:7 s 0 0 0 1" }, uses)
    assert.are.same({ "held", "not_held", "failed" }, plugin.conditions[2].missing)
    local text = expect.done(run("bundle_spec.lua", "--coverage"))
    assert.is_truthy(text:find("\nplugin probe: held, did not hold, failed, timed out\n", 1, true), text)
    assert.is_truthy(text:find("\n  bundle/policy.yaml:6: r: probe held, did not hold, failed; never timed out\n", 1, true), text)
    -- The gate is about true and false only: of the three conditions two were both.
    expect.done(run("bundle_spec.lua", "--min-condition", "66"))
    expect.status(run("bundle_spec.lua", "--min-condition", "67"), 1)
  end)

  it("counts nothing of a round that went on to ask", function()
    write_bundle [[it("holds", function()
      mock.http { need = "q", json = { holds = true } }
      assert.allows({ user = "alice", profile = "p" }, "r")
    end)]]
    local document = expect.json(run("bundle_spec.lua", "--json", "--coverage"))
    assert.are.equal(1, document.coverage.plugins[1].held)
    assert.are.equal(0, document.coverage.plugins[1].unknown)
    for _, point in ipairs(document.coverage.uncovered) do
      if point.condition == "profiles" then
        assert.are.equal("never evaluated", point.missing)
      end
    end
  end)

  it("counts the calls of a plugin's own spec, and of its mocks only the time-out", function()
    local asking = write_bundle "it('x', function() mock.plugin('probe', true) assert.allows { user = 'a', profile = 'dev' } end)"
    for name, text in pairs(asking) do
      home:write("plugins/probe/" .. name, text)
    end
    home:write("plugins/probe/spec/probe_spec.lua", [[
it("holds", function()
  mock.http { need = "q", json = { holds = true } }
  assert.is_true((plugin({ id = "x" }, { user = "alice" })))
end)
it("is mocked", function()
  mock.plugin("probe", { args = { id = "a" }, returns = false }, { args = { id = "b" }, returns = "error" }, "timeout")
  assert.is_false((plugin({ id = "a" }, { user = "alice" })))
  local _, _, class = plugin({ id = "b" }, { user = "alice" })
  assert.equal("plugin_error", class)
  _, _, class = plugin({ id = "c" }, { user = "alice" })
  assert.equal("plugin_timeout", class)
end)
]])
    local text = expect.done(run("plugins", "--coverage"))
    assert.is_truthy(text:find("\nplugin probe: held, timed out; never not held, never failed\n", 1, true), text)
    assert.is_truthy(text:find("coverage: 0 of 0 rules", 1, true), text)
    local plugin = expect.json(run("plugins", "bundle_spec.lua", "--json", "--coverage")).coverage.plugins[1]
    assert.are.equal("2 1 1", ("%d %d %d"):format(plugin.held, plugin.own_spec.held, plugin.own_spec.timed_out))
  end)

  it("has seen the plugins that ship hold, not hold, fail and time out, each in its own spec", function()
    local document = expect.json(home:run { "test", settings.source .. "/plugins", "--json", "--coverage" })
    local names = {}
    for i, plugin in ipairs(document.coverage.plugins) do
      names[i] = plugin.plugin
      assert.are.same({}, plugin.own_spec.missing)
    end
    assert.are.same({ "geo", "holidays", "oncall", "ticket" }, names)
  end)
end)
