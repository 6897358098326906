--- What sentinel policy push refuses, and what --force and --no-test make of it: nothing that readers would refuse is
-- in force by accident, and what was overridden is recorded.
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local pushing = require "spec.support.pushing"
local settings = require "spec.support.settings"

describe("sentinel policy push refuses", function()
  local moto, home, key, id, name

  setup(function()
    moto = pushing.moto()
  end)

  teardown(function()
    moto:stop()
  end)

  before_each(function()
    name = pushing.new_name()
    home = pushing.world(moto)
    key, id = pushing.key(home, "key")
  end)

  after_each(function()
    home:remove()
  end)

  local function bundle(options)
    options = options or {}
    options.name = options.name or name
    return pushing.bundle(home, options)
  end

  local function push(...)
    return home:run { "policy", "push", name, home.home .. "/prod", "--yes", "--key", key, ... }
  end

  local function serial()
    local pointer = pushing.pointer(moto, "us-west-2", name)
    return pointer and math.tointeger(pointer.serial)
  end

  -- Its end, where it had shown already what it was about to do.
  local function refused_late(result, status, ...)
    assert.is_truthy(result.stdout:find("^/sentinel/policies/" .. name .. " now\n"))
    result.stdout = ""
    expect.refused(result, status, ...)
  end

  -- It is refused with these words, and nothing was written or recorded.
  local function refused(result, status, ...)
    expect.refused(result, status, ...)
    assert.is_nil(serial())
    assert.are.equal("", home:kinds())
    assert.are.equal(0, #moto:requests_for("PutParameter"))
  end

  it("names and paths that cannot be", function()
    moto:forget()
    refused(home:run { "policy", "push" }, 2, "no policy is named")
    refused(home:run { "policy", "push", name }, 2, "nothing is named")
    refused(home:run { "policy", "push", "a/b", "prod" }, 2, "cannot be the name")
    refused(home:run { "policy", "push", name, "nowhere" }, 5, "nowhere")
    bundle()
    refused(push("--valid", "0s"), 2, "--valid")
    refused(push("--valid", "1d", "--not-after", "2099-01-01T00:00:00Z"), 2, "give one of them")
    refused(push("--not-after", "2099-01-01T00:00:00+00:00"), 2, "--not-after", "2026-02-18T00:00:00Z")
    refused(push("--not-after", "2020-01-01T00:00:00Z"), 5, "--not-after has passed")
    home:write("p.yaml", pushing.POLICY)
    refused(home:run { "policy", "push", name, "p.yaml", "--yes" }, 2, "is not a bundle", "--bare")
  end)

  it("a bundle of another name or installation, and one without what signing needs", function()
    moto:forget()
    bundle { name = "other" }
    refused(push(), 5, 'the bundle\'s name is "other"', "name: " .. name)
    bundle { plain = true }
    refused(push(), 5, 'installation', "installation: acme")
    bundle { plain = true, more = "installation: acme\n" }
    refused(push(), 5, "targets")
    bundle { plain = true, more = "installation: elsewhere\n" .. pushing.TARGETS }
    refused(push(), 5, "installation", "elsewhere", "acme")
  end)

  it("a serial that readers would refuse, and says which they would take", function()
    bundle { serial = 5 }
    expect.done(push())
    bundle { serial = 4 }
    expect.refused(push(), 5, "serial 4 is not higher than 5, which is in force in us-east-1", "serial: 6")
    bundle { serial = 5, policy = pushing.POLICY:gsub("Alice", "Another") }
    expect.refused(push(), 5, "serial 5 is in force in us-east-1 with another content", "serial: 6")
    bundle { serial = 10006 }
    expect.refused(push(), 5, "more than 10000 above 5", "serial: 6")
    assert.are.equal(5, serial())
    bundle { serial = 10005 }
    expect.done(push())
    assert.are.equal(10005, serial())
  end)

  it("one that readers would not take yet, unless it is forced", function()
    moto:forget()
    bundle { more = "not_before: 2098-01-01T00:00:00Z\nnot_after: 2099-01-01T00:00:00Z\n" }
    refused(push(), 5, "not valid before 2098-01-01T00:00:00Z", "nothing would be in force until then", "--force")
    expect.done(push("--force"))
    assert.is_true(home:records()[1].forced)
  end)

  it("a serial that the administrator asks more of", function()
    bundle { serial = 5 }
    local admin = "policy: {min_serial: %d}\n"
    local words = { "policy", "push", name, home.home .. "/prod", "--yes", "--key", key }
    local result = home:run_under(admin:format(6), words)
    if not result then
      return pending(settings.skipped("a mount name space cannot be made here"))
    end
    expect.refused(result, 5, "serial 5 is lower than policy.min_serial, 6", "serial: 6")
    expect.done(home:run_under(admin:format(5), words))
    expect.refused(home:run_under(admin:format(6), { "policy", "sign", name, "--renew", "--yes", "--valid", "90d", "--key", key }),
      5, "policy.min_serial")
    result = home:run_under(admin:format(6), { "policy", "verify", name })
    expect.status(result, 5)
    assert.is_truthy(result.stdout:find("has serial 5, which is lower than policy.min_serial, 6", 1, true))
    assert.are.equal(5, serial())
  end)

  it("one that is higher in one region only", function()
    bundle { serial = 3 }
    expect.done(push("--region", "us-west-2"))
    bundle { serial = 2 }
    expect.refused(push(), 5, "serial 2 is not higher than 3, which is in force in us-west-2", "serial: 4")
  end)

  it("a policy that the evaluator refuses, unless it is forced", function()
    moto:forget()
    bundle { policy = pushing.POLICY:gsub("effect", "efect") }
    local result = push()
    expect.status(result, 5)
    assert.is_truthy(result.stdout:find('policy.yaml:4:5: unknown key "efect"', 1, true))
    assert.is_truthy(result.stderr:find("--force", 1, true))
    assert.are.equal("", home:kinds())
    assert.are.equal(0, #moto:requests())
    expect.done(push("--force"))
    assert.is_true(home:records()[1].forced)
    assert.is_true(home:records()[1].untested)
    assert.is_truthy(expect.done(home:run { "log", "show" }):find("(forced, untested): begun in us-east-1", 1, true))
    expect.status(home:run { "policy", "verify", name }, 5)
  end)

  it("a policy with a rule for emergencies where its bundle permits none", function()
    bundle { more = "markers: []\n", policy = pushing.POLICY:gsub("(effect: %a+)", "%1\n    emergency: true", 1) }
    local result = push()
    expect.status(result, 5)
    assert.is_truthy(result.stdout:find("is marked emergency, which markers: [] in bundle.yaml", 1, true))
    assert.is_nil(serial())
  end)

  it("a grant of what its plugin does not have, unless it is forced", function()
    home:write("prod/plugins/x/plugin.lua", 'return { name = "x", version = "1.0.0", api = 1, summary = "x" }\n')
    home:write("prod/plugins/x/init.lua", "return function() return true end\n")
    local plugin = "plugins: {x: {version: 1.0.0, grant: {%s}}}\n"
    bundle { more = plugin:format "http: [nope]" }
    local result = push()
    expect.status(result, 5)
    assert.is_truthy(result.stdout:find('bundle.yaml:7:11: plugins.x.grant.http: there is no "nope"', 1, true),
      result.stdout)
    assert.are.equal(home:run({ "policy", "validate", home.home .. "/prod" }).stdout, result.stdout)
    assert.is_nil(serial())
    expect.done(push("--force"))
    assert.is_true(home:records()[1].forced)
    bundle { serial = 2, more = plugin:format "" }
    expect.done(push())
  end)

  it("a policy with a rule that nothing reaches, unless it is forced", function()
    moto:forget()
    bundle { policy = pushing.POLICY .. "  - {name: again, effect: deny, conditions: {profiles: [prod], users: [alice]}}\n" }
    refused(push(), 5, "policy.yaml", "rule \"again\"", "--force")
    expect.done(push("--force"))
    assert.is_true(home:records()[2].forced)
  end)

  it("a policy whose tests fail, unless they are left out", function()
    moto:forget()
    bundle { spec = pushing.SPEC:gsub("effect: allow", "effect: deny") }
    refused(push(), 1, "1 of 1 tests of " .. home.home .. "/prod failed", "prod_spec.yaml", "--no-test")
    expect.status(push("--force"), 1)
    expect.done(push("--no-test"))
    assert.is_true(home:records()[1].untested)
    assert.is_false(home:records()[1].forced)
  end)

  it("nothing for want of tests, but says so", function()
    bundle { spec = false }
    local result = push()
    expect.done(result)
    assert.is_truthy(result.stderr:find("note: no test was found", 1, true))
    assert.is_true(home:records()[1].untested)
    home:write("prod/policy_spec.yaml", (pushing.SPEC:gsub("policy: prod/", "policy: policy.yaml")))
    bundle { serial = 2, spec = false }
    result = push()
    expect.done(result)
    assert.are.equal("", result.stderr)
    assert.is_false(home:records()[3].untested)
  end)

  it("a key that readers do not know, and no key where they want one", function()
    local other = pushing.key(home, "other")
    moto:forget()
    home:write_settings(("installation: acme\npolicy:\n  regions: [us-east-1, us-west-2]\n  keys: [%q]\n"):format(id))
    bundle()
    refused(home:run { "policy", "push", name, "prod", "--yes", "--key", other }, 2, "none of policy.keys")
    refused(home:run { "policy", "push", name, "prod", "--yes" }, 2, "policy.keys asks for 1 signature", "--key")
    refused(home:run { "policy", "push", name, "prod", "--yes", "--key", "nowhere" }, 6, "nowhere",
      "one of KMS as kms:ARN")
  end)

  it("to put what nobody signed in the place of what is signed, unless it is forced", function()
    bundle()
    expect.done(push())
    bundle { serial = 2 }
    local unsigned = { "policy", "push", name, "prod", "--yes" }
    expect.refused(home:run(unsigned), 2, "is signed, and nothing would be any more", "--key")
    assert.are.equal(1, serial())
    unsigned[#unsigned + 1] = "--force"
    expect.done(home:run(unsigned))
    assert.are.equal(2, serial())
    assert.is_true(home:records()[3].forced)
  end)

  it("to write over what it cannot read, unless it is forced", function()
    local parameter = "/sentinel/policies/" .. name
    pushing.ask(moto, "us-west-2", "PutParameter", { Name = parameter, Type = "String",
      Value = '{"sentinel_pointer":1}' })
    bundle()
    expect.refused(push(), 5, "what is in force cannot be read", "in us-west-2", "policy history", "--force")
    expect.done(push("--force"))
    assert.are.equal(1, serial())
    assert.is_true(home:records()[1].forced)
  end)

  it("nothing because of a pointer that no reader believes, whatever serial it claims", function()
    bundle { serial = 9 }
    expect.done(push())
    local other, other_id = pushing.key(home, "other")
    home:write_settings(("installation: acme\npolicy:\n  regions: [us-east-1, us-west-2]\n  keys: [%q]\n"):format(
      other_id))
    bundle { serial = 1 }
    local done = expect.done(home:run { "policy", "push", name, "prod", "--yes", "--key", other })
    assert.is_truthy(done:find("serial 9, sha256 %x+, until [^\n]*; readers refuse its signatures\n"))
    assert.are.equal(1, serial())
  end)

  it("to adopt a pointer that only looks like its own", function()
    bundle()
    expect.done(push("--region", "us-east-1"))
    local pointer, parameter = pushing.pointer(moto, "us-east-1", name)
    local longer = parameter.Value:gsub(pointer.not_after:gsub("%-", "%%-"), "2099-01-01T00:00:00Z")
    assert.are_not.equal(parameter.Value, longer)
    pushing.ask(moto, "us-east-1", "PutParameter", { Name = parameter.Name, Type = "String", Value = longer,
      Overwrite = true })
    home:write_settings(("installation: acme\npolicy:\n  regions: [us-east-1, us-west-2]\n  keys: [%q]\n"):format(id))
    expect.refused(home:run { "policy", "push", name, "prod", "--yes" }, 2, "policy.keys asks for 1 signature")
    expect.done(push())
    assert.are_not.equal("2099-01-01T00:00:00Z", pushing.pointer(moto, "us-east-1", name).not_after)
    assert.are.same(pushing.pointer(moto, "us-east-1", name), pushing.pointer(moto, "us-west-2", name))
  end)

  it("parts that are others than it would write", function()
    bundle()
    expect.done(push())
    local sha256 = pushing.pointer(moto, "us-west-2", name).sha256
    local part = "/sentinel/bundles/" .. sha256 .. "/0"
    local value = pushing.parameter(moto, "us-west-2", part).Value
    pushing.ask(moto, "us-west-2", "DeleteParameters", { Names = { "/sentinel/policies/" .. name } })
    for words, other in pairs { ["is not a part of this bundle"] = "AAAA",
      ["holds something else than the bundle"] = (value:sub(1, 1) == "e" and "f" or "e") .. "A" .. value:sub(3) } do
      pushing.ask(moto, "us-west-2", "PutParameter", { Name = part, Type = "String", Value = other, Overwrite = true })
      refused_late(push(), 5, part, "us-west-2", words, "delete-parameter")
      assert.is_nil(serial())
    end
  end)

  it("to write anything that it cannot record", function()
    moto:forget()
    bundle()
    files.write(home.home .. "/.local", "in the way")
    refused_late(push(), 6, "decision log")
    assert.are.equal(0, #moto:requests_for("PutParameter"))
  end)

  it("what AWS does not let it do, and names the permission", function()
    moto:forget()
    bundle()
    home:write_key(moto.keys.reader)
    refused_late(push(), 6, "ssm:PutParameter", "as far as is known what was in force in us-east-1, us-west-2 still is")
    assert.are.equal("policy policy", home:kinds())
    assert.are.equal("failed", home:records()[2].outcome)
    assert.are.same({}, home:records()[2].regions)
  end)
end)
