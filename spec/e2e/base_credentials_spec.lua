--- Base credentials in the order of the SDKs: roles on the way, what is kept of them, and what is asked of whom.
local expect = require "spec.support.expect"
local process = require "spec.support.process"
local settings = require "spec.support.settings"
local stage = require "spec.support.stage"
local world = require "spec.support.world"

local NEEDS = { "sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity" }

--- Whom a role trusts: the sessions of another one, as moto names them.
local function trust(...)
  local arns = {}
  for _, session in ipairs { ... } do
    arns[#arns + 1] = ("arn:aws:sts::%s:assumed-role/%s"):format(world.account, session)
    arns[#arns + 1] = world.role(session:match("^[^/]+"))
  end
  return { trust = { { Effect = "Allow", Principal = { AWS = arns }, Action = NEEDS } } }
end

local TARGET = [[
[profile dev]
sentinel_role_arn = %s
sentinel_source_profile = %s
region = us-east-1
%s
]]

describe("base credentials", function()
  local moto, home

  setup(function()
    moto = stage.moto { roles = {
      Hop = { path = "/" },
      Second = trust("Hop/sentinel-alice", "Hop/named"),
      Dev = trust("Hop/sentinel-alice", "Hop/named", "Second/sentinel-alice", "Second/other"),
      Prod = { path = "/" },
    } }
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

  --- dev's role is assumed with what the source profile's config says.
  local function machine(source, config, options)
    options = options or {}
    options.config = TARGET:format(world.role("Dev"), source, options.more or "") .. config
    options.policy = world.allow_dev
    home = stage.world(moto, options)
    return home
  end

  local function assumed()
    local roles = {}
    for _, request in ipairs(moto:requests_for("AssumeRole")) do
      roles[#roles + 1] = request.fields.RoleArn:match("[^/]+$")
    end
    return table.concat(roles, " ")
  end

  local function hop(more)
    return ("[profile hop]\nrole_arn = %s\nsource_profile = corp\n%s"):format(world.role("Hop"), more or "")
  end

  it("may be a role on the way, which carries no SourceIdentity", function()
    machine("hop", hop("external_id = e-1\n"))
    expect.credentials(home:run { "credentials", "dev" })
    assert.are.equal("Hop Dev", assumed())
    local requests = moto:requests_for("AssumeRole")
    local first, last = requests[1].fields, requests[2].fields
    assert.are.equal("sentinel-alice", first.RoleSessionName)
    assert.are.equal("e-1", first.ExternalId)
    assert.are.equal("3600", first.DurationSeconds)
    assert.is_nil(first.SourceIdentity)
    assert.is_nil(first["Tags.member.1.Key"])
    assert.is_truthy(last.SourceIdentity:find("^sentinel="))
    assert.is_nil(last.ExternalId)
    assert.is_string(requests[2].headers["x-amz-security-token"])
  end)

  it("lead through more than one role, each with the session of the one before it", function()
    machine("second", hop("role_session_name = named\n")
      .. ("[profile second]\nrole_arn = %s\nsource_profile = hop\nrole_session_name = other\n"
      .. "duration_seconds = 900\n"):format(world.role("Second")))
    expect.credentials(home:run { "credentials", "dev" })
    assert.are.equal("Hop Second Dev", assumed())
    local requests = moto:requests_for("AssumeRole")
    assert.are.equal("named", requests[1].fields.RoleSessionName)
    assert.are.equal("other", requests[2].fields.RoleSessionName)
    assert.are.equal("900", requests[2].fields.DurationSeconds)
  end)

  it("carry one name through the roles that have none of their own", function()
    machine("second", hop()
      .. ("[profile second]\nrole_arn = %s\nsource_profile = hop\n"):format(world.role("Second")))
    expect.credentials(home:run { "credentials", "dev" })
    local requests = moto:requests_for("AssumeRole")
    assert.are.equal("sentinel-alice", requests[2].fields.RoleSessionName)
  end)

  describe("that cost a call", function()
    local function run_twice(options)
      machine("hop", hop(), options)
      local before = expect.credentials(home:run { "credentials", "dev" })
      local after = expect.credentials(home:run { "credentials", "dev" })
      return before, after
    end

    local passphrase = { SENTINEL_FILE_PASSPHRASE = "correct horse" }

    local function with_keychain(options)
      options = options or {}
      options.environment = passphrase
      return options
    end

    --- A keychain that needs nobody to be asked.
    local function prepare(options)
      machine("hop", hop(), with_keychain(options))
      home:write("secret.txt", "x")
      expect.done(home:run({ "add", "other", "--stdin" },
        { stdin = "AKIAIOSFODNN7EXAMPLF\nwJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEX\n" }))
    end

    it("are kept, and with them the session that was issued", function()
      prepare()
      local before = expect.credentials(home:run { "credentials", "dev" })
      local after = expect.credentials(home:run { "credentials", "dev" })
      assert.are.equal("Hop Dev", assumed())
      assert.is_string(before.id)
      assert.are.equal(before.id, after.id)
      assert.are.equal("decision issued decision issued", home:kinds())
      local cleared = expect.done(home:run { "clear" })
      assert.is_truthy(cleared:find("base", 1, true), cleared)
      expect.credentials(home:run { "credentials", "dev" })
      assert.are.equal("Hop Dev Hop Dev", assumed())
    end)

    it("are forgotten with the sessions of the profile that was asked for, and of no other", function()
      prepare()
      expect.credentials(home:run { "credentials", "dev" })
      expect.done(home:run { "clear", "other" })
      expect.credentials(home:run { "credentials", "dev" })
      assert.are.equal("Hop Dev", assumed())
      expect.done(home:run { "clear", "dev" })
      expect.credentials(home:run { "credentials", "dev" })
      assert.are.equal("Hop Dev Hop Dev", assumed())
    end)

    it("are recorded with the hosts that were asked for them", function()
      prepare()
      expect.credentials(home:run { "credentials", "dev" })
      expect.credentials(home:run { "credentials", "dev" })
      local records = home:records()
      assert.are.equal('role of profile "hop", by profile "corp"', records[1].base)
      assert.are.same({ (moto.url:gsub("^http://", "")) }, records[1].base_endpoints)
      assert.are.equal("role/Hop/sentinel-alice", records[1].user)
      assert.are.equal('role of profile "hop", by profile "corp"', records[3].base)
      assert.is_nil(records[3].base_endpoints)
    end)

    it("are not kept with keychain.cache off", function()
      prepare { settings = "keychain: {cache: \"off\"}\n" }
      expect.credentials(home:run { "credentials", "dev" })
      expect.credentials(home:run { "credentials", "dev" })
      assert.are.equal("Hop Dev Hop Dev", assumed())
    end)

    it("are not taken from another endpoint's", function()
      prepare()
      expect.credentials(home:run { "credentials", "dev" })
      expect.refused(home:run({ "credentials", "dev" },
        { environment = { AWS_ENDPOINT_URL_STS = "http://127.0.0.1:1" } }), 6, 'the role of profile "hop"')
    end)

    it("are asked for once by many at once", function()
      prepare()
      local handles, keys = {}, {}
      for i = 1, 12 do
        handles[i] = home:start { "credentials", "dev" }
      end
      for i, handle in ipairs(handles) do
        keys[i] = expect.credentials(process.finish(handle, 60)).id
        assert.are.equal(keys[1], keys[i])
      end
      assert.is_string(keys[1])
      assert.are.equal("Hop Dev", assumed())
    end)

    it("are asked for again where nothing can be kept", function()
      run_twice()
      assert.are.equal("Hop Dev Hop Dev", assumed())
    end)

    it("serve whoami and explain too", function()
      prepare()
      expect.credentials(home:run { "credentials", "dev" })
      local who = expect.json(home:run { "whoami", "dev", "--json" })
      assert.are.equal("role/Hop/sentinel-alice", who.user)
      expect.done(home:run { "explain", "dev" })
      assert.are.equal("Hop Dev", assumed())
    end)
  end)

  describe("in their order", function()
    local key

    before_each(function()
      key = moto.keys.alice
    end)

    local function user_of(environment)
      return expect.json(home:run({ "whoami", "dev", "--json" }, { environment = environment })).user
    end

    it("begin with the source profile, whatever the environment holds", function()
      machine("hop", hop())
      for _, environment in ipairs {
        { AWS_ACCESS_KEY_ID = key.id, AWS_SECRET_ACCESS_KEY = key.secret }, { AWS_ACCESS_KEY_ID = key.id },
        { AWS_SECRET_ACCESS_KEY = key.secret }, { AWS_ACCESS_KEY_ID = "zz", AWS_SECRET_ACCESS_KEY = "zz" },
      } do
        assert.are.equal("role/Hop/sentinel-alice", user_of(environment))
      end
    end)

    it("take the environment where credential_source says so, and a role on top of it", function()
      machine("hop", ("[profile hop]\nrole_arn = %s\ncredential_source = Environment\n"):format(world.role("Hop")))
      assert.are.equal("role/Hop/sentinel-alice", user_of { AWS_ACCESS_KEY_ID = key.id,
        AWS_SECRET_ACCESS_KEY = key.secret })
      expect.refused(home:run { "whoami", "dev" }, 6, "takes its keys from the environment")
    end)

    it("take the environment when the source profile says nothing", function()
      machine("nothing", "[profile nothing]\nregion = us-east-1\n")
      assert.are.equal("alice", user_of { AWS_ACCESS_KEY_ID = key.id, AWS_SECRET_ACCESS_KEY = key.secret })
      for wanted, environment in pairs {
        ["half a key: AWS_SECRET_ACCESS_KEY is missing"] = { AWS_ACCESS_KEY_ID = key.id },
        ["half a key: AWS_ACCESS_KEY_ID is missing"] = { AWS_SECRET_ACCESS_KEY = key.secret },
        ["is not an access key id"] = { AWS_ACCESS_KEY_ID = "zz", AWS_SECRET_ACCESS_KEY = "zz" },
      } do
        expect.refused(home:run({ "whoami", "dev" }, { environment = environment }), 6, wanted, "or neither")
      end
    end)

    it("take variables that hold nothing but blanks for none", function()
      machine("corp", "[profile nothing]\n")
      expect.refused(home:run({ "whoami", "nothing", "--region", "us-east-1" }, { environment = {
        AWS_ACCESS_KEY_ID = " ", AWS_SECRET_ACCESS_KEY = " \t" } }), 6, "no base credentials")
    end)

    it("say all that was looked at", function()
      machine("nothing", "")
      local err = expect.refused(home:run { "whoami", "dev" }, 6, "no base credentials")
      for _, place in ipairs { 'profile "nothing"', 'keychain entry "nothing"', "the environment",
        'the keys of profile "dev"', "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_",
        "AWS_EC2_METADATA_DISABLED" } do
        assert.is_truthy(err:find(place, 1, true), err)
      end
    end)

    it("say of a source profile that is nowhere that it may be another", function()
      machine("crop", "")
      expect.refused(home:run { "whoami", "dev" }, 6, "no base credentials", "sentinel add crop; or name another source profile")
    end)
  end)

  local wrong = {
    { "a loop of source profiles", 5, "hop -> more -> hop",
      "[profile hop]\nrole_arn = %s\nsource_profile = more\n"
      .. "[profile more]\nrole_arn = %s\nsource_profile = hop\n" },
    { "a loop of included profiles", 5, "hop -> more -> hop",
      "[profile hop]\ninclude_profile = more\n[profile more]\ninclude_profile = hop\n" },
    { "a loop through sentinel's own keys", 5, "hop -> more -> hop",
      "[profile hop]\nsentinel_role_arn = %s\nsentinel_source_profile = more\n"
      .. "[profile more]\nsentinel_role_arn = %s\nsentinel_source_profile = hop\n" },
    { "an MFA code on the way", 5, "needs an MFA code (mfa_serial)",
      "[profile hop]\nrole_arn = %s\nsource_profile = corp\nmfa_serial = arn:aws:iam::123456789012:mfa/a\n" },
    { "half of what IAM Identity Center needs", 5, "`sso_account_id` must also be set: profile `hop`",
      "[profile hop]\nsso_session = acme\nsso_role_name = Dev\n[sso-session acme]\nsso_region = us-east-1\n" },
    { "a role that is none", 5, "hop", "[profile hop]\nrole_arn = Hop\nsource_profile = corp\n" },
    { "two sources at once", 5, "both source_profile and credential_source",
      "[profile hop]\nrole_arn = %s\nsource_profile = corp\ncredential_source = Environment\n" },
    { "a role that AWS refuses", 6, 'the role of profile "hop"',
      "[profile hop]\nrole_arn = arn:aws:iam::123456789012:role/Second\nsource_profile = corp\n" },
  }
  for _, case in ipairs(wrong) do
    it("are refused for " .. case[1], function()
      machine("hop", (case[4]:gsub("%%s", world.role("Hop"))))
      expect.refused(home:run { "credentials", "dev" }, case[2], case[3])
      assert.is_false(assumed():find("Dev", 1, true) ~= nil)
    end)
  end

  it("are not the profile's own credential_process, included from elsewhere neither", function()
    machine("hop", "[profile hop]\ninclude_profile = dev\n",
      { more = "credential_process = touch " .. "/nonexistent\n" })
    expect.refused(home:run { "credentials", "dev" }, 5)
  end)

  it("go where the administrator locked it", function()
    machine("hop", hop())
    local result = home:run_under("endpoints: aws\n", { "credentials", "dev" })
    if not result then
      return pending(settings.skipped("no machine of an administrator's can be made here"))
    end
    expect.refused(result, 5, "refused by the administrator")
    assert.are.equal("", assumed())
  end)
end)
