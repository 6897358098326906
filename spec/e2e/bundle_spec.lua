--- A bundle's folder in the place of a policy: its manifest bounds what the policy can allow.
local expect = require "spec.support.expect"
local servers = require "spec.support.servers"
local world = require "spec.support.world"

local MANIFEST = "sentinel_bundle: 1\nname: development\nserial: 7\npolicy: policy.lua\n"
local ALLOW = [[
local s = require "sentinel"
return s.policy { version = "1", rules = {
  s.rule "everyone" { effect = "allow", conditions = {}, emergency = true },
} }
]]

describe("a bundle's folder", function()
  local faulty, home

  setup(function()
    faulty = servers.start_faulty()
  end)

  teardown(function()
    faulty:stop()
  end)

  before_each(function()
    faulty:set {}
    home = world.new { endpoint = faulty.url }
  end)

  after_each(function()
    home:remove()
  end)

  local function bundle(manifest, policy)
    home:write("bundle/bundle.yaml", manifest)
    home:write("bundle/policy.lua", policy or ALLOW)
    home:write_settings(("policy: {source: %q}\n"):format("file:" .. home.home .. "/bundle"))
  end

  local function targets(role)
    return MANIFEST .. ("targets: {dev: [%q]}\n"):format(role)
  end

  it("has a manifest of at most 64 KiB, comments included", function()
    local function padded(size)
      return MANIFEST .. "#" .. ("x"):rep(size - #MANIFEST - 2) .. "\n"
    end
    bundle(padded(65536))
    expect.done(home:run { "policy", "validate", "bundle" })
    bundle(padded(65537))
    assert.same({ { file = "bundle/bundle.yaml", line = 1, column = 1, message = "the file is larger than 64 KiB",
      hint = "take out what is not needed" } }, expect.json(home:run { "policy", "validate", "bundle", "--json" }, 5).problems)
  end)

  it("issues, and the record has name, serial and hash", function()
    bundle(targets(world.role("Dev")))
    expect.credentials(home:run { "credentials", "dev" })
    local policy = home:records()[1].policy
    assert.are.equal("development", policy.name)
    assert.are.equal(7, policy.serial)
    assert.are.equal("file:" .. home.home .. "/bundle", policy.source)
    local answer = expect.json(home:run { "explain", "dev", "--user", "alice", "--json" })
    assert.are.equal("allow", answer.effect)
    assert.are.equal(7, answer.policy.serial)
    assert.are.equal(policy.sha256, answer.policy.sha256)
  end)

  it("denies a role that is not among its targets, before STS is asked for it", function()
    for _, case in ipairs { { world.role("Prod"), "dev" }, { world.role("Dev"), "prod" } } do
      home:clear_log()
      bundle(targets(case[1]))
      local result = home:run { "credentials", case[2] }
      expect.refused(result, 3, ('bundle "development" does not bind profile "%s"'):format(case[2]))
      assert.are.equal(0, faulty:count("sts.AssumeRole"))
      assert.are.equal("decision", home:kinds())
      local record = home:records()[1]
      assert.are.equal("deny", record.effect)
      assert.are.equal("target_mismatch", record.error)
      assert.are.equal("", record.rule)
      assert.are.equal(-1, record.rule_index)
    end
    expect.done(home:run { "log", "verify" })
    local answer = expect.json(home:run { "explain", "prod", "--user", "alice", "--json" })
    assert.are.equal("deny", answer.effect)
    assert.are.equal("target_mismatch", answer.error)
    assert.are.same({}, answer.trace)
    local result = home:run { "explain", "prod", "--user", "alice" }
    expect.status(result, 0)
    assert.is_truthy(result.stdout:find("target_mismatch", 1, true))
  end)

  it("binds patterns of profiles to patterns of roles", function()
    bundle(MANIFEST .. 'targets: {"d*": ["arn:aws:iam::*:role/D?v"]}\n')
    expect.credentials(home:run { "credentials", "dev" })
    expect.refused(home:run { "credentials", "prod" }, 3, "does not bind")
  end)

  it("gives a policy in Lua the files that it requires", function()
    home:write("bundle/rules/everyone.lua", [[
local s = require "sentinel"
return s.rule "from-a-file" { effect = "allow", conditions = { profiles = { "dev" } } }
]])
    bundle(MANIFEST, [[
local s = require "sentinel"
return s.policy { version = "1", rules = { require "rules.everyone" } }
]])
    expect.credentials(home:run { "credentials", "dev" })
    assert.are.equal("from-a-file", home:records()[1].rule)
    home:write("bundle/rules/everyone.lua", "return 5 +\n")
    expect.refused(home:run { "credentials", "dev" }, 5, "bundle/rules/everyone.lua:")
  end)

  it("bounds the session", function()
    bundle(MANIFEST .. "max_duration: 20m\n")
    expect.credentials(home:run { "credentials", "dev" })
    local issued = home:records()[2]
    assert.are.equal(1200, issued.duration)
    assert.are.equal("manifest", issued.clamped_by)
    local explain = { "explain", "dev", "--user", "alice" }
    assert.is_truthy(expect.done(home:run(explain)):find("\n  session  at most 20m\n", 1, true))
    explain[#explain + 1] = "--json"
    assert.are.equal(1200, expect.json(home:run(explain)).max_duration)
    bundle(MANIFEST .. "max_duration: 10m\n")
    expect.refused(home:run { "credentials", "dev" }, 3, 'bundle "development" allows 600 s')
  end)

  it("refuses a marker that it does not permit", function()
    bundle(MANIFEST .. "markers: []\n")
    home:write("a_spec.yaml", "suite: a\npolicy: bundle/\ncases:\n"
      .. "  - {name: a, request: {profile: dev, user: alice}, expect: {effect: allow}}\n")
    local message = 'bundle/policy.lua:3:70: rule "everyone" is marked emergency, which markers: [] in bundle.yaml '
    for _, words in ipairs {
      { "credentials", "dev" }, { "explain", "dev", "--user", "alice" }, { "who-can", "dev" },
      { "policy", "validate", "bundle" }, { "policy", "lint", "bundle" }, { "policy", "pack", "bundle" },
      { "policy", "diff", "bundle", "bundle" }, { "test", "a_spec.yaml" },
    } do
      local result = home:run(words)
      expect.status(result, 5)
      assert.is_truthy((result.stdout .. result.stderr):find(message, 1, true),
        table.concat(words, " ") .. ": " .. result.stdout .. result.stderr)
    end
    assert.are.equal(0, faulty:count("sts.AssumeRole"))
    bundle(MANIFEST)
    expect.done(home:run { "policy", "pack", "bundle" })
    expect.done(home:run { "policy", "validate", "development-7.bundle" })
  end)

  it("is refused with its place when its manifest is not one", function()
    bundle(MANIFEST .. "target: {dev: [x]}\n")
    expect.refused(home:run { "credentials", "dev" }, 5,
      'bundle.yaml:5:1: unknown key "target"; did you mean "targets"?')
    local folder = home.home .. "/bundle"
    local function validate()
      local result = home:run { "policy", "validate", folder, "--json" }
      return expect.json(result, 5).problems[1]
    end
    local problem = validate()
    assert.are.same({ folder .. "/bundle.yaml", 5, 1 },
      { problem.file, problem.line, problem.column })
    assert.are.equal('unknown key "target"; did you mean "targets"?', problem.message)
    bundle(MANIFEST, "return 5\n")
    assert.are.equal(folder .. "/policy.lua", validate().file)
    bundle(MANIFEST)
    expect.status(home:run { "policy", "validate", folder }, 0)
  end)
end)
