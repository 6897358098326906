--- sentinel credentials against moto, with signature and IAM checking on.
local cjson = require "cjson"

local expect = require "spec.support.expect"
local stage = require "spec.support.stage"
local world = require "spec.support.world"

describe("sentinel credentials", function()
  local moto, home

  setup(function()
    moto = stage.moto()
  end)

  teardown(function()
    moto:stop()
  end)

  before_each(function()
    moto:forget()
  end)

  after_each(function()
    home:remove()
  end)

  local function assert_allowed(result, rule)
    local fields = expect.credentials(result)
    assert.are.equal("decision issued", home:kinds())
    local decision, issued = table.unpack(home:records())
    assert.are.equal("allow", decision.effect)
    assert.are.equal(rule, decision.rule)
    assert.are.equal("alice", decision.user)
    assert.are.equal("sts", decision.time_source)
    assert.are.equal(fields.id, issued.access_key_id)
    assert.are.equal(decision.request_id, issued.request_id)
    assert.are.equal(fields.expires, (issued.expires:gsub("%.%d+Z$", "Z")))
    return decision, issued
  end

  local function assert_denied(result, ...)
    expect.refused(result, 3, ...)
    assert.are.equal("decision", home:kinds())
    assert.are.equal("deny", home:records()[1].effect)
    assert.are.equal(0, #moto:requests_for("AssumeRole"))
  end

  it("denies by an SSM policy that names another user, and asks for no role", function()
    home = stage.world(moto)
    assert_denied(home:run { "credentials", "prod" }, "prod")
    assert.are.equal(1, #moto:requests_for("GetCallerIdentity"))
    assert.are.equal(1, #moto:requests_for("GetParameter"))
  end)

  it("denies by a file policy without asking SSM", function()
    home = stage.world(moto, { policy = stage.policies.prod })
    assert_denied(home:run { "credentials", "prod" }, "no rule allows profile \"prod\"")
    assert.are.equal(0, #moto:requests_for("GetParameter"))
  end)

  it("denies the profile that points at the production role, by a policy with roles", function()
    home = stage.world(moto, { config = world.profile("bound", "Prod") })
    assert_denied(home:run { "credentials", "bound" })
  end)

  it("allows the same profile with the role that the policy names", function()
    home = stage.world(moto)
    assert_allowed(home:run { "credentials", "bound" }, "dev-role-only")
  end)

  it("says only that it was denied where the configuration asks for that", function()
    home = stage.world(moto, { settings = "deny: {verbosity: minimal}\n" })
    local result = home:run { "credentials", "prod" }
    assert_denied(result, home:records()[1].request_id)
    assert.is_nil(result.stderr:find("prod-bob", 1, true))
  end)

  it("allows by an SSM policy in YAML", function()
    home = stage.world(moto)
    local decision = assert_allowed(home:run { "credentials", "dev" }, "dev-everyone")
    assert.are.equal("ssm:/sentinel/policies/dev", decision.policy.source)
    assert.are.equal("us-east-1", decision.policy.region)
    assert.are.equal(64, #decision.policy.sha256)
  end)

  it("allows by an SSM policy in Lua, and bounds the session as its rule says", function()
    home = stage.world(moto)
    local _, issued = assert_allowed(home:run { "credentials", "--profile", "lua" }, "lua-alice")
    assert.are.equal("rule", issued.clamped_by)
    assert.are.equal("1800", moto:requests_for("AssumeRole")[1].fields.DurationSeconds)
  end)

  -- A policy whose window opened an hour ago and closes in so many minutes.
  local function closing_in(minutes)
    local function clock(seconds)
      return os.date("!%H:%M", os.time() + seconds)
    end
    return world.allow_dev:gsub("profiles: %[dev%]", ('profiles: [dev], time: {hours: {start: "%s", end: "%s"}}'):format(
      clock(-3600), clock(minutes * 60))) .. "    until: window\n"
  end

  it("ends the session with the window that matched, and says so", function()
    home = stage.world(moto, { policy = closing_in(40) })
    local decision, issued = assert_allowed(home:run { "credentials", "dev" }, "dev-everyone")
    assert.are.equal("window", issued.clamped_by)
    local given = tonumber(moto:requests_for("AssumeRole")[1].fields.DurationSeconds)
    assert.is_true(given >= 900 and given <= 2400 and given <= decision.max_duration, given)
    local closes = math.tointeger((os.time() + 2400) // 60 * 60)
    assert.is_true(os.date("!%Y-%m-%dT%H:%M:%SZ", closes) >= issued.expires, issued.expires)
  end)

  local function leased(bounds)
    return (world.allow_dev:gsub("    max_duration: 1h\n", "")) .. bounds
  end

  -- When AWS denies the session everything, by the policy that it was asked for with; nil: by none.
  local function denied_from()
    local text = moto:requests_for("AssumeRole")[1].fields.Policy
    if not text then
      return nil
    end
    local allow, deny = table.unpack(cjson.decode(text).Statement)
    assert.are.same({ Effect = "Allow", Action = "*", Resource = "*" }, allow)
    local ends = deny.Condition.DateGreaterThan["aws:CurrentTime"]
    deny.Condition = nil
    assert.are.same({ Effect = "Deny", Action = "*", Resource = "*" }, deny)
    return ends
  end

  it("leases the session: its own policy denies everything after that, and the SDK is told so", function()
    home = stage.world(moto, { policy = leased("    lease: 120s\n") })
    local first = os.time()
    local result = home:run { "credentials", "dev" }
    local decision, issued = assert_allowed(result, "dev-everyone")
    local ends = denied_from()
    assert.are.equal(ends, expect.credentials(result).expires)
    assert.are.equal(ends, issued.expires)
    assert.are.same({ 120, 3600, 120 }, { issued.lease, issued.duration, decision.max_duration })
    assert.is_true(ends >= os.date("!%Y-%m-%dT%H:%M:%SZ", first + 119), ends)
    assert.is_true(ends <= os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() + 121), ends)
    assert.are.equal("3600", moto:requests_for("AssumeRole")[1].fields.DurationSeconds)
  end)

  it("leases no session that ends before its lease", function()
    home = stage.world(moto, { policy = leased("    max_duration: 30m\n    lease: 30m\n") })
    local decision, issued = assert_allowed(home:run { "credentials", "dev" }, "dev-everyone")
    assert.is_nil(denied_from())
    assert.is_nil(issued.lease)
    assert.are.equal(1800, decision.max_duration)
  end)

  it("issues nothing in the last minutes of a window", function()
    home = stage.world(moto, { policy = closing_in(14) })
    local result = home:run { "credentials", "dev" }
    expect.refused(result, 3, 'the window of rule "dev-everyone" closes in')
    assert.are.equal(0, #moto:requests_for("AssumeRole"))
  end)

  it("allows by a SecureString", function()
    home = stage.world(moto)
    assert_allowed(home:run { "credentials", "secure" }, "dev-everyone")
  end)

  it("allows by a YAML file, a .yml file and a Lua file", function()
    for name, text in pairs { ["p.yaml"] = world.allow_dev, ["p.yml"] = world.allow_dev,
      ["p.lua"] = world.allow_dev_lua } do
      home = stage.world(moto, { policy = text, policy_name = name })
      assert_allowed(home:run { "credentials", "dev" }, "dev-everyone")
      home:remove()
    end
    home = stage.world(moto)
  end)

  it("takes the profile from AWS_PROFILE, the policy and the duration from their flags", function()
    home = stage.world(moto)
    local policy = home:write("other.yaml", world.allow_dev)
    local result = home:run({ "credentials", "--policy", policy, "--duration", "20m" },
      { environment = { AWS_PROFILE = "dev" } })
    assert_allowed(result, "dev-everyone")
    assert.are.equal("1200", moto:requests_for("AssumeRole")[1].fields.DurationSeconds)
  end)

  it("takes the base key from the environment when no file holds one", function()
    home = stage.world(moto)
    home:write(".aws/credentials", "")
    local result = home:run({ "credentials", "dev" }, { environment = {
      AWS_ACCESS_KEY_ID = moto.keys.alice.id, AWS_SECRET_ACCESS_KEY = moto.keys.alice.secret } })
    assert_allowed(result, "dev-everyone")
  end)

  it("never runs the credential_process of the profile that was asked for", function()
    home = stage.world(moto)
    home:write_aws_config(world.profile("dev", "Dev", "credential_process = touch " .. home.home
      .. "/ran"))
    expect.credentials(home:run { "credentials", "dev" })
    assert.is_nil(home:read("ran"))
  end)

  it("does not read stdin", function()
    home = stage.world(moto)
    local result = home:run({ "credentials", "dev" }, { stdin = "one\ntwo\n" })
    expect.credentials(result)
  end)

  it("refuses an unmet requirement with status 4, and allows once it is met", function()
    home = stage.world(moto, { policy = [[
version: "1"
rules:
  - name: with-reason
    effect: allow
    conditions: {profiles: [dev]}
    require: {justification: {min_length: 10, pattern: "^INC%-%d+"}}
]] })
    expect.refused(home:run { "credentials", "dev" }, 4, "justification")
    assert.are.equal(0, #moto:requests_for("AssumeRole"))
    home:clear_log()
    local result = home:run { "credentials", "dev", "--justification", "INC-4521 disk is full" }
    local decision = assert_allowed(result, "with-reason")
    assert.are.equal("INC-4521 disk is full", decision.justification)
    home:clear_log()
    assert_allowed(home:run({ "credentials", "dev" },
      { environment = { SENTINEL_JUSTIFICATION = "INC-4521 disk is full" } }), "with-reason")
  end)

  it("says where a code would come from when a profile without a device needs one", function()
    for _, wants in ipairs { "conditions: {profiles: [dev]}, require: {mfa: {max_age: 15m}}",
      "conditions: {profiles: [dev], mfa: {max_age: 15m}}" } do
      home = stage.world(moto, { policy = ("version: 1\nrules:\n  - {name: one, effect: allow, %s}\n"):format(wants) })
      local is_required = wants:find("require", 1, true) ~= nil
      expect.refused(home:run { "credentials", "dev" }, is_required and 4 or 3,
        "name an MFA device in the profile: sentinel_mfa_serial = ")
      home:remove()
    end
    home = stage.world(moto)
  end)

  it("issues for no effect but allow", function()
    local statuses = { deny = 3, require_approval = 4, require_server = 3,
      require_server_session = 3 }
    for effect, status in pairs(statuses) do
      home = stage.world(moto, { policy = ([[
version: "1"
rules:
  - {name: one, effect: %s, conditions: {}}
]]):format(effect) })
      expect.refused(home:run { "credentials", "dev" }, status)
      assert.are.equal("decision", home:kinds())
      assert.are.equal(0, #moto:requests_for("AssumeRole"))
      home:remove()
    end
    home = stage.world(moto,
      { policy = "version: \"1\"\nrules:\n  - {name: one, effect: permit, conditions: {}}\n" })
    expect.refused(home:run { "credentials", "dev" }, 5, "permit")
  end)
end)
