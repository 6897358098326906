--- sentinel login --sso: both flows against a server with AWS's shapes, and whatever can come between.
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"
local sso = require "spec.support.sso"
local terminal = require "spec.support.terminal"
local world = require "spec.support.world"

local SIGNED_IN = "RegisterClient StartDeviceAuthorization CreateToken"

describe("sentinel login --sso", function()
  local center, home

  setup(function()
    center = servers.start_sso()
  end)

  teardown(function()
    center:stop()
  end)

  before_each(function()
    home = sso.world(center)
    center:set {}
  end)

  after_each(function()
    sso.guard(home, center)
    home:remove()
  end)

  local function login(arguments, options)
    local words = { "login", "--sso" }
    table.move(arguments or {}, 1, #(arguments or {}), 3, words)
    local result = home:run(words, options)
    sso.guard(home, center)
    home:check_secrets(result)
    return result
  end

  local function check_signed_in(result)
    expect.done(result)
    assert.truthy(result.stdout:find("^signed in to acme until 20%d%d%-.*Z, and refreshed by itself; kept in the file keychain\n$"),
      result.stdout)
    assert.equal("acme (a sign-in to IAM Identity Center)\n", expect.done(home:run { "list" }))
  end

  describe("with the device code", function()
    it("shows where, and the code, on stderr, and keeps the sign-in encrypted", function()
      local result = login()
      check_signed_in(result)
      assert.truthy(result.stderr:find("open " .. center.url .. "/device?user_code=ABCD-EFGH in any browser", 1, true))
      assert.truthy(result.stderr:find("code ABCD-EFGH\n", 1, true))
      assert.equal(SIGNED_IN, center:calls())
      assert.is_nil(sso.token(home, "acme"))
      local registered = center:requests()[1].fields
      assert.same({ clientName = "sentinel", clientType = "public", scopes = { "sso:account:access" } }, registered)
      assert.equal(sso.start_url, center:requests()[2].fields.startUrl)
    end)

    it("asks again while nobody has confirmed it", function()
      center:set { pending = 3 }
      check_signed_in(login())
      assert.equal(SIGNED_IN .. (" CreateToken"):rep(3), center:calls())
    end)

    it("asks more slowly when it is told to", function()
      center:set { slow_down = 1 }
      check_signed_in(login())
      assert.equal(SIGNED_IN .. " CreateToken", center:calls())
    end)

    it("goes on after an outage", function()
      center:set { answers = { CreateToken = { { status = 503 }, { status = 503 }, { close = true },
        { status = 429, json = { error = "slow_down" } } } } }
      check_signed_in(login())
    end)

    it("ends with what IAM Identity Center says", function()
      for _, row in ipairs {
        { told = { device_end = "expired_token" }, status = 4, "time to sign in is over" },
        { told = { device_end = "access_denied" }, status = 4, "refused in the browser" },
        { told = { pending = 1000, device_life = 1 }, status = 4, "nobody signed in while the code ABCD-EFGH" },
        { told = { answers = { RegisterClient = { { status = 400, json = { error = "invalid_scope",
          error_description = "no such scope" } } } } }, status = 6, "RegisterClient", "invalid_scope: no such scope" },
        { told = { answers = { StartDeviceAuthorization = { { status = 400, json = { error = "invalid_request",
          error_description = "startUrl" } } } } }, status = 6, "StartDeviceAuthorization" },
        { told = { answers = { RegisterClient = { { status = 429, json = { error = "slow_down" } },
          { status = 429, json = { error = "slow_down" } } } } }, status = 6, "wait a moment" },
        { told = { answers = { RegisterClient = { { body = "<html>" } } } }, status = 6, "makes no sense" },
        { told = { answers = { RegisterClient = { { json = { clientId = "x" } } } } }, status = 6, "clientSecret" },
        { told = { answers = { CreateToken = { { json = { accessToken = "a b", expiresIn = 1 } } } } }, status = 6,
          "accessToken" },
        { told = { answers = { CreateToken = { { json = { accessToken = "ab", expiresIn = -1 } } } } }, status = 6,
          "expiresIn" },
      } do
        center:set(row.told)
        local result = login()
        expect.refused(result, row.status, table.unpack(row))
        assert.equal("the keychain is empty (file)\n", expect.done(home:run { "list" }))
        if row.status == 4 then
          assert.truthy(result.stderr:find("sentinel login --sso acme", 1, true))
        end
      end
    end)

    it("sends nobody to a page that is not https", function()
      center:set { answers = { StartDeviceAuthorization = { { json = { deviceCode = "d", userCode = "u",
        verificationUri = "http://example.com/", expiresIn = 60 } } } } }
      expect.refused(login(), 6, "verificationUri")
    end)

    it("uses its registration again", function()
      check_signed_in(login())
      center:set {}
      check_signed_in(login())
      assert.equal("StartDeviceAuthorization CreateToken", center:calls())
    end)

    it("registers anew when it was revoked", function()
      check_signed_in(login())
      center:set { answers = { StartDeviceAuthorization = { { status = 401, json = { error = "invalid_client" } } } } }
      check_signed_in(login())
      assert.equal("StartDeviceAuthorization " .. SIGNED_IN, center:calls())
    end)
  end)

  describe("with a browser", function()
    before_each(function()
      sso.add_browser(home)
    end)

    it("takes the code from the browser, with PKCE", function()
      local result = login()
      check_signed_in(result)
      assert.equal("RegisterClient Authorize CreateToken", center:calls())
      local registered, asked, token = table.unpack(center:requests())
      assert.same({ "http://127.0.0.1/oauth/callback" }, registered.fields.redirectUris)
      assert.same({ "authorization_code", "refresh_token" }, registered.fields.grantTypes)
      assert.equal(sso.start_url, registered.fields.issuerUrl)
      assert.truthy(asked.fields.redirect_uri:find("^http://127%.0%.0%.1:%d+/oauth/callback$"))
      assert.equal(asked.fields.redirect_uri, token.fields.redirectUri)
      assert.equal("authorization_code", token.fields.grantType)
      assert.truthy(home:read("page"):find("may be closed", 1, true))
      assert.is_nil(result.stderr:find(token.fields.code, 1, true))
    end)

    it("has a registration of its own, and uses it again", function()
      check_signed_in(login { "--device" })
      center:set {}
      check_signed_in(login())
      assert.equal("RegisterClient Authorize CreateToken", center:calls())
      center:set {}
      check_signed_in(login())
      assert.equal("Authorize CreateToken", center:calls())
    end)

    it("answers once: who comes later finds nobody", function()
      home:write("bin/xdg-open", [[#!/bin/sh
where=$(curl -sS -o /dev/null -w '%{redirect_url}' "$1")
curl -sS -o "$HOME/page" "$where"
curl -sS "$where"
echo $? > "$HOME/second"
]], "0755")
      check_signed_in(login())
      files.wait_for("the second request", 20, function()
        return (home:read("second") or "") ~= ""
      end)
      assert.truthy(tonumber(home:read("second")) ~= 0)
    end)

    it("takes no code with another state, without one, or for another page, and waits on", function()
      for how, status in pairs { wrong_state = "400", no_code = "400" } do
        center:set { authorize = how }
        home:write("bin/xdg-open", [[#!/bin/sh
base=$(echo "$1" | sed 's/.*redirect_uri=http%3A%2F%2F127.0.0.1%3A\([0-9]*\)%2F.*/http:\/\/127.0.0.1:\1/')
curl -sS -o /dev/null -w '%{http_code}\n' "$base/favicon.ico" > "$HOME/codes"
curl -sS -o /dev/null -w '%{http_code}\n' -X POST "$base/oauth/callback?code=x&state=y" >> "$HOME/codes"
curl -sS -L -o /dev/null -w '%{http_code}\n' "$1" >> "$HOME/codes"
curl -sS -L -o /dev/null -w '%{http_code}\n' "$1" >> "$HOME/codes"
]], "0755")
        check_signed_in(login())
        files.wait_for("the last answer", 20, function()
          return select(2, (home:read("codes") or ""):gsub("\n", "")) == 4
        end)
        assert.equal("404\n404\n" .. status .. "\n200\n", home:read("codes"))
      end
    end)

    it("knows the browser's owner where /proc shows nothing but processes", function()
      local script = 'mount -t proc -o subset=pid proc /proc && exec "$@"'
      local result = home:run({ "-m", "/bin/sh", "-c", script, "sh", settings.bin, "login", "--sso" },
        { bin = "/usr/bin/unshare", limit_s = 60 })
      if result.stderr:find("unshare:", 1, true) or result.stderr:find("mount:", 1, true) then
        return pending(settings.skipped "this machine lets nobody mount a /proc of his own")
      end
      check_signed_in(result)
    end)

    it("ends when the person says no", function()
      center:set { authorize = "deny" }
      expect.refused(login(), 4, "refused in the browser (access_denied)", "sentinel login --sso acme")
    end)

    it("shows the code where the browser does not open, or with --device", function()
      local result = login { "--device" }
      check_signed_in(result)
      assert.equal(SIGNED_IN, center:calls())
      assert.is_nil(home:read("visited"))
      home:write("bin/xdg-open", "#!/bin/sh\nexit 3\n", "0755")
      center:set {}
      result = login()
      check_signed_in(result)
      assert.truthy(result.stderr:find("xdg-open finds no browser", 1, true))
      assert.equal("CreateToken", center:requests()[#center:requests()].call)
    end)

    it("asks for a token once: a lost answer does not make the code good again", function()
      center:set { answers = { CreateToken = { { close = true }, { close = true } } } }
      expect.refused(login(), 6, "CreateToken")
      assert.equal(1, center:count("CreateToken"))
    end)
  end)

  describe("chooses", function()
    local MORE = "[sso-session other]\nsso_start_url = https://other.awsapps.com/start\nsso_region = eu-west-1\n"
    local OLD = "[profile old]\nsso_start_url = https://old.awsapps.com/start\nsso_region = us-west-2\n"
      .. "sso_account_id = 123456789012\nsso_role_name = Developer\n"

    it("what was named: a session, or a profile's", function()
      home:write_aws_config(sso.sessions .. sso.profiles .. MORE .. OLD)
      for name, url in pairs { acme = sso.start_url, corp = sso.start_url, other = "https://other.awsapps.com/start",
        old = "https://old.awsapps.com/start" } do
        center:set {}
        expect.done(login { name })
        assert.equal(url, center:requests()[#center:requests() - 1].fields.startUrl)
      end
      assert.equal(("%s (a sign-in to IAM Identity Center)\n"):rep(3):format("acme", "old.awsapps.com/start", "other"),
        expect.done(home:run { "list" }))
    end)

    it("else AWS_PROFILE's where there are several, and asks for a name without", function()
      home:write_aws_config(sso.sessions .. sso.profiles .. MORE)
      expect.refused(login(), 2, "several sign-ins: acme, other", "sentinel login --sso NAME")
      local result = login({}, { environment = { AWS_PROFILE = "corp" } })
      check_signed_in(result)
    end)

    it("that of the profile which a guarded one takes its keys from", function()
      local HUB = "[profile hub]\nrole_arn = arn:aws:iam::123456789012:role/Hub\nsource_profile = corp\n"
      local FAR = "[profile far]\nsentinel_role_arn = arn:aws:iam::123456789012:role/Far\n"
      home:write_aws_config(sso.sessions .. sso.profiles .. MORE .. HUB .. world.profile("dev", "Dev") .. FAR
        .. "sentinel_source_profile = hub\n" .. world.profile("lost", "Dev"):gsub("corp", "crop"))
      check_signed_in(login { "dev" })
      check_signed_in(login { "far" })
      check_signed_in(login({}, { environment = { AWS_PROFILE = "dev" } }))
      expect.refused(login { "lost" }, 5, 'profile "crop" does not sign in', "[profile crop]")
      home:write_settings("profiles:\n  own: {role_arn: 'arn:aws:iam::123456789012:role/Own', source_profile: corp}\n")
      home:write_aws_config(sso.sessions .. sso.profiles .. MORE)
      check_signed_in(login { "own" })
      assert.equal("removed the sign-in to acme\n", expect.done(home:run { "remove", "--sso", "own" }))
    end)

    it("nothing that is not there", function()
      expect.refused(login { "nobody" }, 5, 'no sso-session "nobody"', "acme")
      home:write_aws_config("[profile corp]\nregion = us-east-1\n")
      expect.refused(login(), 5, "no sign-in to IAM Identity Center")
      expect.refused(login { "corp" }, 5, "no sso_session")
      home:write_aws_config("[sso-session acme]\nsso_region = us-east-1\n")
      expect.refused(login(), 5, 'sso-session "acme": sso_start_url is missing')
      home:write_aws_config("[sso-session acme]\nsso_region = us-east-1\nsso_start_url = http://acme.example/\n")
      expect.refused(login(), 5, "sso_start_url is not an https URL", "correct it in [sso-session acme]")
      assert.equal("", center:calls())
    end)

    it("the scopes of the session", function()
      home:write_aws_config(sso.sessions .. "sso_registration_scopes = sso:account:access, codewhisperer:completions\n")
      check_signed_in(login())
      assert.same({ "sso:account:access", "codewhisperer:completions" }, center:requests()[1].fields.scopes)
      home:write_aws_config(sso.sessions)
      center:set {}
      check_signed_in(login())
      assert.equal(SIGNED_IN, center:calls())
    end)
  end)

  it("keeps it as the AWS CLI does where that is wanted, and boto3 takes it", function()
    home:write_settings("sso: {tokens: aws-cli}\n")
    local result = login()
    expect.done(result)
    assert.truthy(result.stdout:find("kept in " .. home.home .. "/" .. sso.file("acme"), 1, true))
    assert.equal("the keychain is empty (file)\n", expect.done(home:run { "list" }))
    local token = sso.token(home, "acme")
    assert.equal(sso.start_url, token.startUrl)
    assert.equal("us-east-1", token.region)
    assert.truthy(token.registrationExpiresAt:find("^20%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$"))
    assert.equal("600\n", process.run({ "/usr/bin/stat", "-c", "%a", home.home .. "/" .. sso.file("acme") }).stdout)
    center:set {}
    local environment = { HOME = home.home, AWS_PROFILE = "corp", AWS_ENDPOINT_URL = center.url,
      AWS_EC2_METADATA_DISABLED = "true", PATH = os.getenv("PATH") }
    local boto = process.python({ "-c", [[
import boto3
key = boto3.Session().get_credentials().get_frozen_credentials()
print(key.access_key.startswith("ASIA"), len(key.token) > 0)]] }, { environment = environment })
    assert.equal("True True\n", boto.stdout, boto.stderr)
    assert.equal("GetRoleCredentials", center:calls())
  end)

  it("is forgotten by remove --sso", function()
    check_signed_in(login())
    expect.refused(home:run { "remove", "acme" }, 6, 'no entry "acme"', "sentinel remove --sso acme")
    assert.equal("removed the sign-in to acme\n", expect.done(home:run { "remove", "--sso", "corp" }))
    expect.refused(home:run { "remove", "--sso", "acme" }, 6, "acme", "sentinel list")
    expect.refused(home:run { "remove", "--sso" }, 2, "which sign-in")
    check_signed_in(login())
    home:write_aws_config("")
    home:write(sso.file("acme"), "{}")
    assert.equal("removed the sign-in to acme; the AWS CLI has one of its own, which `aws sso logout` removes\n",
      expect.done(home:run { "remove", "--sso", "acme" }))
    home:write_settings("sso: {tokens: aws-cli}\n")
    expect.done(home:run { "remove", "--sso", "acme" })
    assert.is_nil(home:read(sso.file("acme")))
    expect.refused(home:run { "remove", "--sso", "acme" }, 6, "No such file")
  end)

  it("asks no other host where the administrator says so", function()
    local result = home:run_under("endpoints: aws\n", { "login", "--sso" })
    if not result then
      return pending(settings.skipped("a machine of its own cannot be made here"))
    end
    expect.refused(result, 5, "endpoints: aws")
    assert.equal("", center:calls())
  end)

  it("asks nobody to sign in when it could not be kept", function()
    expect.refused(login({}, { environment = { SENTINEL_FILE_PASSPHRASE = false } }), 4, "needs a passphrase to be made")
    expect.refused(login({ "--backend", "tpm" }), 6, "there is no TPM")
    home:write_settings("sso: {tokens: aws-cli}\n")
    home:write(".aws/sso", "no folder\n")
    expect.refused(login(), 6, ".aws/sso")
    assert.equal("", center:calls())
  end)

  it("asks for a new keychain's passphrase once, before it asks to sign in", function()
    local passphrase = "a passphrase of the terminal"
    local seen = terminal.run(home, { settings.bin, "login", "--sso" }, {
      { wait = "new passphrase for the keychain" }, { type = passphrase .. "\n" },
      { wait = "the same again" }, { type = passphrase .. "\n" }, { wait = "signed in to acme" },
    }, { SENTINEL_FILE_PASSPHRASE = false })
    assert.equal(0, seen.status, seen.screen)
    local _, asked = seen.screen:gsub("passphrase for the keychain", "")
    assert.equal(1, asked, seen.screen)
    assert.is_true(seen.screen:find("the same again", 1, true) < seen.screen:find("in any browser", 1, true))
    home.environment.SENTINEL_FILE_PASSPHRASE = process.run({ "/usr/bin/keyctl", "show", "@u" }).status ~= 0 and passphrase or nil
    assert.equal("acme (a sign-in to IAM Identity Center)\n", expect.done(home:run { "list" }))
  end)

  it("leaves no keychain when nobody signs in", function()
    center:set { device_end = "access_denied" }
    expect.refused(login(), 4, "refused in the browser")
    assert.equal("the keychain is empty (file)\n", expect.done(home:run { "list" }))
    assert.is_nil(home:read ".local/share/sentinel/keychain")
  end)

  it("doubts the region where nobody answers", function()
    home.environment.AWS_ENDPOINT_URL_SSO_OIDC = "http://127.0.0.1:1"
    expect.refused(login(), 6, "127.0.0.1:1", "see that sso_region, us-east-1, is that of your IAM Identity Center")
  end)

  it("takes no flags of another login", function()
    expect.refused(home:run { "login", "--sso", "--stdout" }, 2, "--stdout does not go with --sso")
    expect.refused(home:run { "login", "--device" }, 2, "sentinel login --sso --device")
    expect.refused(home:run { "remove", "--sso", "acme", "--secret", "x" }, 2, "--secret does not go with --sso")
  end)
end)
