--- sentinel policy push against moto: what was reviewed is in force in every region, and who put it there is recorded.
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local pushing = require "spec.support.pushing"
local settings = require "spec.support.settings"
local terminal = require "spec.support.terminal"

local REGIONS = { "us-east-1", "us-west-2" }

describe("sentinel policy push", function()
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
    moto:forget()
  end)

  after_each(function()
    home:remove()
  end)

  local function words(...)
    return { "policy", "push", name, home.home .. "/prod", ... }
  end

  local function push(...)
    return home:run(words("--yes", ...))
  end

  local function bundle(options)
    options = options or {}
    options.name = name
    return pushing.bundle(home, options)
  end

  local function pointer_in(region)
    return pushing.pointer(moto, region, name)
  end

  local function with_keys(...)
    local lines = {}
    for i, line in ipairs { ... } do
      lines[i] = ("%q"):format(line)
    end
    home:write_settings("installation: acme\npolicy:\n  regions: [us-east-1, us-west-2]\n  keys: ["
      .. table.concat(lines, ", ") .. "]\n")
  end

  local function sha256_of(bytes)
    local path = files.write(home.home .. "/bytes", bytes)
    local result = process.run { "/usr/bin/sha256sum", path }
    return result.stdout:match("^%x+")
  end

  it("writes parts and a signed pointer in every region", function()
    bundle()
    local done = expect.done(push("--key", key))
    assert.is_truthy(done:find("pushed " .. name
      .. " serial 1, sha256 %x+: us%-east%-1 %(version 1%), us%-west%-2 %(version 1%)\n"))
    for _, region in ipairs(REGIONS) do
      local pointer, parameter = pointer_in(region)
      assert.are.equal(1, pointer.serial)
      assert.are.equal(name, pointer.name)
      assert.are.equal("acme", pointer.installation)
      assert.are.equal("-", pointer.not_before)
      assert.are.equal(id, pointer.signatures[1].key)
      assert.are.equal("Standard", pushing.tier(moto, region, "/sentinel/policies/" .. name))
      assert.are.equal("String", parameter.Type)
      local part = pushing.parameter(moto, region, "/sentinel/bundles/" .. pointer.sha256 .. "/0")
      local bytes = process.run { "/usr/bin/base64", "-d", files.write(home.home .. "/part", part.Value) }.stdout
      assert.are.equal(pointer.size, #bytes)
      assert.are.equal(pointer.sha256, sha256_of(bytes))
    end
  end)

  it("is what decides then", function()
    with_keys(id)
    home:write_aws_config("[profile corp]\nregion = us-east-1\n[profile prod]\nsentinel_role_arn = "
      .. "arn:aws:iam::123456789012:role/Prod\nsentinel_source_profile = corp\n")
    bundle()
    expect.done(push("--key", key))
    local answer = expect.json(home:run { "explain", "prod", "--user", "alice", "--policy",
      "ssm:/sentinel/policies/" .. name, "--json" })
    assert.are.equal("allow", answer.effect)
    assert.are.equal(1, answer.policy.serial)
  end)

  it("records what is about to change, and what came of it", function()
    bundle()
    expect.done(push("--key", key))
    local pointer = pointer_in(REGIONS[1])
    bundle({ serial = 2, policy = pushing.POLICY:gsub("Alice", "Alice!") })
    expect.done(push("--key", key))
    assert.are.equal("policy policy policy policy", home:kinds())
    local begun, done = home:records()[3], home:records()[4]
    assert.are.equal("begun", begun.outcome)
    assert.are.equal("done", done.outcome)
    local host = moto.url:gsub("^http://", "")
    for _, record in ipairs { begun, done } do
      assert.are.equal("push", record.action)
      assert.are.equal(name, record.name)
      assert.are.equal(2, record.serial)
      assert.are.equal("arn:aws:iam::123456789012:user/alice", record.by)
      assert.are.equal("alice", record.user)
      assert.are.same({ id }, record.signed_by)
      assert.are.same(REGIONS, record.regions)
      assert.are.equal(1, record.previous[2].serial)
      assert.are.equal(pointer.sha256, record.previous[2].sha256)
      assert.are.equal(host, record.endpoint)
      assert.are.equal("us-east-1", record.endpoints[1].region)
      assert.are.equal(host, record.endpoints[1].endpoint)
      assert.are.equal(#REGIONS, #record.endpoints)
      assert.is_false(record.forced)
      assert.is_false(record.untested)
      assert.are.equal(begun.request_id, record.request_id)
    end
    expect.status(home:run { "log", "verify" }, 0)
    assert.is_truthy(expect.done(home:run { "log", "show" }):find("alice push " .. name .. " serial 2: done in us%-east%-1"))
  end)

  it("does nothing where it is in force already, whoever asks", function()
    bundle()
    expect.done(push("--key", key))
    home:clear_log()
    moto:forget()
    assert.are.equal("nothing to do: " .. name .. " is in force in us-east-1, us-west-2 as it is\n",
      expect.done(push("--key", key)))
    assert.are.equal("", home:kinds())
    assert.are.equal(0, #moto:requests_for("PutParameter"))
  end)

  it("does nothing without a key, and when the manifest's end has passed, where it is in force already", function()
    bundle { more = "not_after: 2020-01-01T00:00:00Z\n" }
    expect.done(push("--key", key, "--valid", "1d"))
    moto:forget()
    assert.is_truthy(expect.done(push()):find("nothing to do", 1, true))
    assert.are.equal(0, #moto:requests_for("PutParameter"))
  end)

  it("gives a region that lacks it the very same pointer, without a key", function()
    bundle()
    with_keys(id)
    expect.done(push("--key", key, "--region", "us-east-1"))
    assert.is_nil((pointer_in("us-west-2")))
    expect.done(push())
    assert.are.same(pointer_in("us-east-1"), pointer_in("us-west-2"))
    assert.are.equal(1, select(2, pointer_in("us-east-1")).Version)
  end)

  it("completes what another one began, part by part", function()
    bundle()
    expect.done(push("--key", key))
    local sha256 = pointer_in("us-west-2").sha256
    local part = "/sentinel/bundles/" .. sha256 .. "/0"
    pushing.ask(moto, "us-west-2", "DeleteParameters", { Names = { part } })
    expect.done(push("--key", key))
    assert.is_truthy(pushing.parameter(moto, "us-west-2", part))
    assert.are.equal(1, select(2, pointer_in("us-west-2")).Version)
  end)

  it("signs for thirty days, or as the manifest or the flags say", function()
    local function until_of(...)
      for _, region in ipairs(REGIONS) do
        pushing.ask(moto, region, "DeleteParameters", { Names = { "/sentinel/policies/" .. name } })
      end
      expect.done(push("--key", key, ...))
      return pointer_in("us-east-1").not_after
    end
    -- It is signed until that day; midnight may come meanwhile.
    local function check_day(offset, ...)
      local function day()
        return os.date("!%Y-%m-%d", os.time() + offset * 86400)
      end
      local before, found = day(), until_of(...):sub(1, 10)
      assert.is_true(before <= found and found <= day(), found)
    end
    bundle()
    check_day(30)
    check_day(7, "--valid", "7d")
    assert.are.equal("2099-01-01T00:00:00Z", until_of("--not-after", "2099-01-01T00:00:00Z"))
    bundle({ more = "not_after: 2098-01-01T00:00:00Z\nnot_before: 2026-01-01T00:00:00Z\n" })
    assert.are.equal("2098-01-01T00:00:00Z", until_of())
    assert.are.equal("2026-01-01T00:00:00Z", pointer_in("us-east-1").not_before)
    check_day(7, "--valid", "7d")
  end)

  it("signs with several keys, each once", function()
    local other, other_id = pushing.key(home, "other")
    bundle()
    expect.done(push("--key", key, "--key", other))
    local signatures = pointer_in("us-east-1").signatures
    assert.are.same({ id, other_id }, { signatures[1].key, signatures[2].key })
    expect.refused(push("--key", key, "--key", key), 2, "given twice")
  end)

  it("pushes what several people signed before", function()
    local other, other_id = pushing.key(home, "other")
    with_keys(id, other_id)
    home:write_settings(home:read(".config/sentinel/config.yaml") .. "  min_signatures: 2\n")
    bundle()
    expect.refused(push("--key", key), 2, "policy.keys asks for 2 signatures, and there would be 1", "policy sign")
    expect.done(home:run { "policy", "pack", "prod", "--out", "x.bundle" })
    expect.done(home:run { "policy", "sign", "x.bundle", "--key", key })
    local packed = { "policy", "push", name, "x.bundle", "--yes" }
    expect.refused(home:run(packed), 2, "there would be 1")
    expect.done(home:run { "policy", "sign", "x.bundle", "--key", other })
    expect.done(home:run(packed))
    assert.are.equal(2, #pointer_in("us-west-2").signatures)
    assert.is_true(home:records()[1].untested)
  end)

  it("asks a person, and changes nothing without a yes", function()
    bundle()
    local argv = { settings.bin, table.unpack(words("--key", key)) }
    local seen = terminal.run(home, argv,
      { { wait = "Push " .. name .. " serial 1 to us-east-1, us-west-2? [y/N]: " }, { type = "n\n" }, { wait = "nothing was changed" } })
    assert.are.equal(1, seen.status)
    assert.are.equal("", home:kinds())
    assert.is_nil((pointer_in("us-east-1")))
    seen = terminal.run(home, argv, { { wait = "[y/N]: " }, { type = "y\n" }, { wait = "us-east-1: writing 1 part" },
      { wait = "pushed " .. name .. " serial 1" } })
    assert.are.equal(0, seen.status)
    assert.are.equal(1, pointer_in("us-west-2").serial)
  end)

  it("does not go on without somebody to ask", function()
    bundle()
    local result = home:run(words("--key", key))
    expect.status(result, 4)
    assert.is_truthy(result.stderr:find("no terminal to ask on", 1, true))
    assert.is_truthy(result.stderr:find("--yes", 1, true))
    assert.is_nil((pointer_in("us-east-1")))
  end)

  it("publishes a bundle that nobody signs where no keys are configured", function()
    bundle({ plain = true })
    expect.done(push())
    assert.are.same({}, pointer_in("us-east-1").signatures)
    assert.are.equal("", pointer_in("us-east-1").installation)
    expect.done(home:run { "policy", "verify", name })
  end)

  it("takes a bundle of a thousand rules and five plugins", function()
    local rules, plugins, noise = { 'version: "1"', "rules:" }, { "plugins:" }, pushing.noise()
    for i = 1, 1000 do
      rules[#rules + 1] = ("  - {name: r%d, effect: allow, conditions: {profiles: [p%d], users: [user%d], q%d: true}, "
        .. "reason: %s}"):format(i, i, i, i % 5 + 1, noise(120))
    end
    for i = 1, 5 do
      plugins[#plugins + 1] = ("  q%d: {version: 1.0.0, grant: {}}"):format(i)
      home:write(("prod/plugins/q%d/plugin.lua"):format(i), ('return { name = "q%d", version = "1.0.0", api = 1, '
        .. 'summary = "For tests", args = {}, needs = { request = { "user" } } }\n'):format(i))
      home:write(("prod/plugins/q%d/init.lua"):format(i), "return function() return true end\n")
    end
    bundle { policy = table.concat(rules, "\n") .. "\n", more = table.concat(plugins, "\n") .. "\n", spec = false }
    expect.done(push("--key", key))
    assert.is_true(pointer_in("us-west-2").parts > 20)
    expect.done(home:run { "policy", "verify", name })
  end)

  it("needs no configuration and no profile where the environment has a key", function()
    bundle()
    home:write_settings("installation: acme\n")
    local alice = moto.keys.alice
    local result = home:run(words("--yes", "--key", key), { environment = { AWS_PROFILE = false,
      AWS_ACCESS_KEY_ID = alice.id, AWS_SECRET_ACCESS_KEY = alice.secret, AWS_REGION = "eu-west-1" } })
    expect.done(result)
    assert.are.equal(1, pointer_in("eu-west-1").serial)
  end)
end)
