--- sentinel doctor: what is broken on purpose is told, with what to do about it, and nothing else changes.
local desktop = require "spec.support.desktop"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"
local world = require "spec.support.world"

local CHECKS = { "configuration", "sandbox", "interpreter", "policy", "permissions", "aws", "log", "clock", "memory",
  "keychain", "program", "certificates", "endpoints", "network" }

describe("sentinel doctor", function()
  local home

  before_each(function()
    home = world.new { policy = world.allow_dev, config = world.profile("dev", "Dev",
      "credential_process = " .. settings.bin .. " credentials --profile dev") }
    home.passphrase = "correct horse battery staple"
    home.secrets[#home.secrets + 1] = home.passphrase
  end)

  after_each(function()
    home:remove()
  end)

  local function examine(arguments, options)
    local argv = { "doctor", "--json" }
    for _, word in ipairs(arguments or {}) do
      argv[#argv + 1] = word
    end
    local result = home:run(argv, options)
    local document = expect.json(result, result.status)
    assert.are.equal(document.ok and 0 or 1, result.status)
    return document.checks, result
  end

  -- The finding of a check whose subject or text holds the words (plain).
  local function find(findings, check, words)
    for _, finding in ipairs(findings) do
      if finding.check == check and (finding.subject .. ": " .. finding.found):find(words, 1, true) then
        return finding
      end
    end
    local seen = {}
    for _, finding in ipairs(findings) do
      seen[#seen + 1] = ("%s %s %s: %s"):format(finding.status, finding.check, finding.subject, finding.found)
    end
    error(("no finding of %s says %q:\n%s"):format(check, words, table.concat(seen, "\n")), 2)
  end

  local function assert_told(findings, check, words, status, remedy)
    local finding = find(findings, check, words)
    assert.are.equal(status, finding.status, finding.found)
    if remedy then
      assert.is_truthy(finding.remedy:find(remedy, 1, true), finding.remedy)
    end
  end

  local function sh(command)
    assert(os.execute(("cd %s && %s"):format(files.quote(home.home), command)))
  end

  -- Every file and folder of the home with mode, time and content.
  local function photograph()
    local pipe = io.popen(("cd %s && find . -printf '%%p %%m %%T@\\n' | sort; find %s -type f -exec sha256sum {} + | sort")
      :format(files.quote(home.home), files.quote(home.home)))
    local text = pipe:read("a")
    pipe:close()
    return text
  end

  it("makes every check on a good machine, finds nothing broken, and changes nothing", function()
    local before = photograph()
    local findings, result = examine()
    assert.are.equal(0, result.status)
    local seen = {}
    for _, finding in ipairs(findings) do
      assert.are_not.equal("broken", finding.status, finding.found)
      assert.are.equal(finding.status == "ok", finding.remedy == require("cjson").null)
      if seen[#seen] ~= finding.check then
        seen[#seen + 1] = finding.check
      end
    end
    assert.are.same(CHECKS, seen)
    assert.are.equal(before, photograph())
    assert.are.equal("", home:kinds())
    assert_told(findings, "sandbox", "decided rightly", "ok")
    assert_told(findings, "sandbox", "no_new_privs", "ok")
    assert_told(findings, "policy", "policy.yaml: valid", "ok")
    assert_told(findings, "aws", "profile dev", "ok")
    assert_told(findings, "aws", "long-lived keys", "warning", "sentinel add corp")
  end)

  it("lists its checks in its help", function()
    local help = expect.done(home:run { "doctor", "--help" })
    for _, check in ipairs(CHECKS) do
      assert.is_truthy(help:find("\n  " .. check .. " ", 1, true), check)
    end
  end)

  it("prints a line for each finding, and the remedy below it", function()
    sh "chmod 666 .config/sentinel/config.yaml"
    local result = home:run { "doctor" }
    expect.status(result, 1)
    assert.is_truthy(result.stdout:find("\nbroken +%S[^\n]* is writable by other users\n +remedy: chmod go%-w '"))
    assert.is_truthy(result.stdout:find("\n%d+ ok, %d+ warnings, 1 broken\n$"))
    assert.is_truthy(result.stderr:find("^sentinel: 1 thing is broken\n"))
    assert.is_nil(result.stdout:find("\27", 1, true))
  end)

  it("does not look at what follows from a configuration that is refused", function()
    home:write_settings("policy: {source: [\n")
    local findings = examine()
    assert_told(findings, "configuration", ".config/sentinel/config.yaml", "broken")
    assert_told(findings, "policy", "the configuration is refused", "warning", "correct the configuration first")
    assert_told(findings, "log", "the configuration is refused", "warning")
    assert_told(findings, "sandbox", "decided rightly", "ok")
  end)

  local damages = {
    { "a configuration that others may write", "chmod 666 .config/sentinel/config.yaml", "configuration",
      "writable by other users", "broken", "chmod go-w" },
    { "a configuration of another user", "chown 65534 .config/sentinel/config.yaml", "configuration",
      "belongs to another user", "broken", "it must belong to you" },
    { "an unknown key", "echo 'polcy: x' >> .config/sentinel/config.yaml", "configuration", "unknown key", "broken",
      "did you mean \"policy\"?" },
    { "a folder of the configuration that others may write", "chmod 777 .config/sentinel", "permissions",
      "configuration folder", "warning", "chmod go-w" },
    { "a policy that is refused", "printf 'version: \"1\"\\nrules:\\n  - nmae: x\\n' > policy.yaml", "policy", "nmae",
      "broken", "name" },
    { "a policy that is missing", "rm policy.yaml", "policy", "policy.yaml", "broken", "" },
    { "a policy that others may write", "chmod 666 policy.yaml", "policy", "writable by other users", "broken", "chmod" },
    { "a state folder that others may write", "mkdir -p .local/state/sentinel; chmod 777 .local/state/sentinel",
      "permissions", "state folder", "broken", "chmod go-w" },
    { "a log of another user", "mkdir -p -m 700 .local/state/sentinel; touch .local/state/sentinel/decisions.jsonl; "
      .. "chown 65534 .local/state/sentinel/decisions.jsonl", "log", "belongs to another user", "broken", "log.path" },
    { "a log that is none", "mkdir -p -m 700 .local/state/sentinel; cd .local/state/sentinel; "
      .. "printf 'hello\\n' > decisions.jsonl; chmod 600 decisions.jsonl", "log", "not ours", "broken", "log verify" },
    { "a log that is a link", "mkdir -p -m 700 .local/state/sentinel; ln -s /dev/null "
      .. ".local/state/sentinel/decisions.jsonl", "log", "is a link", "broken", "log.path" },
    { "~/.aws/config that others may write", "chmod 666 .aws/config", "aws", "writable by other users", "broken",
      "chmod go-w" },
    { "keys that others may read", "chmod 644 .aws/credentials", "aws", "readable by other users", "warning",
      "chmod 600" },
    { "a profile without a role", "printf '[profile bare]\\ncredential_process = sentinel credentials bare\\n' "
      .. ">> .aws/config", "aws", "\"bare\" has no role", "broken", "sentinel_role_arn" },
    { "a program that is not there", "printf '[profile far]\\nsentinel_role_arn = arn:aws:iam::123456789012:role/x\\n"
      .. "credential_process = \"/no where/sentinel\" credentials far\\n' >> .aws/config", "aws", "/no where/sentinel",
      "broken", "credential_process" },
    { "a plain role beside credential_process", "printf '[profile twice]\\nrole_arn = "
      .. "arn:aws:iam::123456789012:role/x\\nsource_profile = corp\\ncredential_process = sentinel credentials twice\\n' "
      .. ">> .aws/config", "aws", "profile twice", "warning", "sentinel_role_arn" },
    { "a source that names a sign-in which is not there", "printf '[profile base]\\nsso_session = amce\\n"
      .. "sso_account_id = 123456789012\\nsso_role_name = Dev\\n[profile far]\\nsentinel_source_profile = base\\n"
      .. "sentinel_role_arn = arn:aws:iam::123456789012:role/x\\n' >> .aws/config", "aws", "`amce`", "warning",
      "~/.aws/config" },
    { "a sign-in of the profile's own which is not there", "printf '[profile far]\\nsso_session = amce\\n"
      .. "sentinel_role_arn = arn:aws:iam::123456789012:role/x\\n' >> .aws/config", "aws", 'sso-session "amce"', "warning",
      "[sso-session amce]" },
    { "~/.aws/config that cannot be read as one", "printf '[profile\\n' >> .aws/config", "aws", "profiles: ", "broken", "" },
    { "a keychain folder that others may write", "mkdir -p .local/share/sentinel; chmod 777 .local/share/sentinel",
      "permissions", "keychain folder", "broken", "chmod go-w" },
    { "a keychain that is none", "mkdir -p -m 700 .local/share/sentinel; echo x > .local/share/sentinel/keychain; "
      .. "chmod 600 .local/share/sentinel/keychain", "keychain", "keychain", "broken", "" },
  }
  for _, case in ipairs(damages) do
    it("tells of " .. case[1], function()
      sh(case[2])
      local findings, result = examine()
      assert_told(findings, case[3], case[4], case[5], case[6])
      if case[5] == "broken" then
        assert.are.equal(1, result.status)
      end
    end)
  end

  describe("with a keychain", function()
    local function add(backend)
      return expect.done(home:run({ "add", "corp", "--stdin", "--backend", backend }, {
        stdin = "AKIAIOSFODNN7EXAMPLE\n" .. home.key.secret .. "\n",
        environment = { SENTINEL_FILE_PASSPHRASE = home.passphrase } }))
    end

    local function with(passphrase)
      return { environment = { SENTINEL_FILE_PASSPHRASE = passphrase } }
    end

    before_each(function()
      add "file"
    end)

    it("says which backend auto picks, and that the passphrase opens it", function()
      local findings = examine({}, with(home.passphrase))
      assert_told(findings, "keychain", "auto: picks ", "ok")
      assert_told(examine({ "--backend", "file" }, with(home.passphrase)), "keychain", "file: used: ", "ok")
    end)

    it("tells of a passphrase that does not open it", function()
      local findings, result = examine({ "--backend", "file" }, with "wrong wrong wrong")
      assert_told(findings, "keychain", "does not open", "broken", "passphrase")
      assert.is_nil(result.stdout:find("wrong wrong", 1, true))
    end)

    it("tells of one that is locked, and asks nobody, on a terminal too", function()
      -- Another path has another key in the kernel: none rests there.
      sh "mkdir -m 700 .local/share/moved; cp -p .local/share/sentinel/keychain .local/share/moved/"
      sh "mkdir -p data; mv .local/share/moved data/sentinel"
      local moved = { environment = { XDG_DATA_HOME = home.home .. "/data" } }
      assert_told(examine({ "--backend", "file" }, moved), "keychain", "locked", "warning", "SENTINEL_FILE_PASSPHRASE")
      local options = home:options(moved)
      options.limit_s = 60
      local result = process.run({ "/usr/bin/script", "-qec", settings.bin .. " doctor --backend file", "/dev/null" },
        options)
      expect.status(result, 0)
      assert.is_truthy(result.stdout:find("it is locked", 1, true))
    end)

    it("tells of a file that others may read", function()
      sh "chmod 644 .local/share/sentinel/keychain"
      assert_told(examine({ "--backend", "file" }), "keychain", "readable by other users", "broken", "chmod 600")
    end)

    it("says where sessions are kept", function()
      assert_told(examine(), "keychain", "cache: sessions are kept in the keychain", "ok")
      home:write_settings(('policy: {source: "file:%s"}\nkeychain: {cache: kernel}\n'):format(home.policy_file))
      assert_told(examine(), "keychain", "cache: sessions are kept in the kernel keyring", "ok")
      home:write_settings(('policy: {source: "file:%s"}\nkeychain: {cache: "off"}\n'):format(home.policy_file))
      assert_told(examine(), "keychain", "cache: off", "ok")
    end)
  end)

  describe("with a desktop's keychain", function()
    local session

    after_each(function()
      if session then
        session:stop()
        session = nil
      end
    end)

    local function start()
      local absent = desktop.missing()
      if absent then
        return nil, pending(settings.skipped(absent .. " is not installed"))
      end
      session = desktop.start()
      return { environment = { DBUS_SESSION_BUS_ADDRESS = session.environment.DBUS_SESSION_BUS_ADDRESS } }
    end

    it("says that auto picks it first, and what else works", function()
      local options = start()
      if not options then
        return
      end
      local findings, result = examine({}, options)
      assert.are.equal(0, result.status)
      assert_told(findings, "keychain", "secret-service: used: ", "ok")
      assert_told(findings, "keychain", "auto: picks secret-service, then file", "ok")
      assert_told(examine({ "--backend", "file" }, options), "keychain", "secret-service: ", "ok")
    end)

    it("tells of one that is locked, and asks nobody, also when nothing is in it yet", function()
      local options = start()
      if not options then
        return
      end
      session:lock()
      session:listen()
      options.environment.DISPLAY = ":99"
      assert_told(examine({}, options), "keychain", "secret-service: used: it is locked", "warning", "sentinel list")
      local heard = session:heard()
      assert.is_truthy(heard:find('string "Locked"', 1, true))
      assert.is_nil(heard:find("member=Prompt\n", 1, true))
    end)

    it("says why auto does not pick it", function()
      local findings = examine()
      assert_told(findings, "keychain", "secret-service: not used: there is no D-Bus session", "warning", "desktop")
      assert_told(findings, "keychain", "auto: picks file", "ok")
    end)

    it("tells of one that was asked for and is not there", function()
      assert_told(examine { "--backend", "secret-service" }, "keychain", "there is no D-Bus session", "broken", "desktop")
    end)
  end)

  describe("with a log", function()
    before_each(function()
      home:run { "credentials", "dev", "--region", "us-east-1" } -- there is no network: a record of the failure
      home:run { "credentials", "dev", "--region", "us-east-1" }
      assert.are.equal("failed failed", home:kinds())
    end)

    it("reads its end and its chain", function()
      local findings = examine()
      assert_told(findings, "log", "record 2 of ", "ok")
      assert_told(findings, "log", "2 records, each vouching", "ok")
    end)

    it("takes closed segments for parts of it", function()
      local closed = home:close_segment { "credentials", "dev", "--region", "us-east-1" }
      local findings = examine()
      assert_told(findings, "log", "record 2 of ", "ok")
      assert_told(findings, "log", "in a closed segment", "ok")
      assert_told(findings, "log", "2 records, each vouching", "ok")
      home:run { "credentials", "dev", "--region", "us-east-1" }
      findings = examine()
      assert_told(findings, "log", "record 3 of ", "ok")
      assert_told(findings, "log", "3 records, each vouching", "ok")
      os.remove(closed)
      assert_told(examine(), "log", "records are missing", "broken", "new log")
    end)

    it("tells of a record that was changed", function()
      files.write(home.log, (files.read(home.log):gsub('"us%-east%-1"', '"eu-west-1"', 1):gsub('"kind":"failed"',
        '"kind":"issued"', 1)))
      assert_told(examine(), "log", "chain: ", "broken", "new log")
    end)

    it("tells of a last line that was cut off", function()
      files.write(home.log, (files.read(home.log):sub(1, -20)))
      assert_told(examine(), "log", "cut off", "warning", "repairs")
    end)

    it("tells of a lock that another process holds", function()
      local holder = process.start({ "/usr/bin/flock", home.log, "/bin/sleep", "30" }, { environment = {} })
      files.wait_for("the lock", 10, function()
        return not os.execute(("flock -n %s true"):format(files.quote(home.log)))
      end)
      local findings = examine()
      process.signal(holder, "TERM")
      for _, child in ipairs(process.children(holder.pid)) do
        os.execute(("kill %d 2>/dev/null"):format(child))
      end
      process.finish(holder, 40)
      assert_told(findings, "log", "holds its lock", "warning", "lsof")
    end)

    it("tells of a last record from the future", function()
      local text = files.read(home.log):match("^[^\n]*\n"):gsub('"time":"%d%d%d%d', '"time":"2999')
      files.write(home.log, text)
      assert_told(examine(), "clock", "behind the last record", "broken", "set the clock")
    end)
  end)

  it("tells of an evaluator that decides wrongly and is not locked down", function()
    if not settings.exists(settings.evil) then
      return pending(settings.skipped("there is no " .. settings.evil))
    end
    local findings = examine({}, { bin = settings.evil })
    assert_told(findings, "sandbox", "decided wrongly", "broken", "seccomp")
    assert_told(findings, "sandbox", "no filter is in force", "broken")
    assert.are_not.equal("ok", find(findings, "sandbox", "Landlock").status)
    assert_told(findings, "sandbox", "limits", "broken")
    findings = examine({}, { bin = settings.evil, environment = { SENTINEL_EVIL = "load:hang" } })
    assert_told(findings, "sandbox", "evaluation: ", "broken")
    assert_told(findings, "policy", "policy.yaml", "broken")
  end)

  it("tells of secrets that cannot be locked into memory", function()
    local result = process.run({ "/usr/bin/prlimit", "--memlock=0", "/usr/bin/setpriv", "--bounding-set=-ipc_lock",
      "--inh-caps=-ipc_lock", settings.bin, "doctor", "--json" }, home:options())
    assert_told(expect.json(result, result.status).checks, "memory", "cannot be locked", "warning", "ulimit -l")
  end)

  it("tells of a home that is not set, and of one that is not there", function()
    local findings = examine({}, { environment = { HOME = false } })
    assert_told(findings, "permissions", "HOME: not set", "broken", "set HOME")
    assert_told(findings, "log", "HOME", "broken", "HOME")
    findings = examine({}, { environment = { HOME = "/nonexistent/home" } })
    assert_told(findings, "permissions", "/nonexistent/home", "broken", "set HOME")
    assert_told(findings, "policy", "no policy is configured", "broken", "sentinel init --local")
  end)

  it("tells of variables that set something, and of a value that cannot be one", function()
    local findings = examine({}, { environment = { SENTINEL_BACKEND = "keyring" } })
    assert_told(findings, "configuration", "SENTINEL_BACKEND: sets keychain.backend", "ok")
    findings = examine({}, { environment = { SENTINEL_BACKEND = "pocket" } })
    assert_told(findings, "configuration", 'keychain.backend cannot be "pocket"', "broken", "auto")
  end)

  it("takes no flag whose value cannot be one", function()
    expect.refused(home:run { "doctor", "--region", "us-east-1,,x" }, 2, "--region")
    expect.refused(home:run { "doctor", "--backend", "pocket" }, 2, '--backend cannot be "pocket"', "auto|")
  end)

  it("tells of endpoints, proxies and certificates that stand in the place of AWS's and the system's", function()
    local findings, result = examine({}, { environment = { AWS_ENDPOINT_URL = "http://127.0.0.1:9",
      HTTPS_PROXY = "http://user:hunter2@proxy.example:3128", AWS_CA_BUNDLE = home.home .. "/none.pem" } })
    assert_told(findings, "endpoints", "127.0.0.1:9", "warning", "AWS_ENDPOINT_URL")
    assert_told(findings, "certificates", "none.pem", "broken", "AWS_CA_BUNDLE")
    assert.is_nil(result.stdout:find("hunter2", 1, true))
    findings, result = examine({}, { environment = { HTTPS_PROXY = "http://user:hunter2@proxy.example:3128" } })
    assert_told(findings, "endpoints", "http://proxy.example:3128", "ok")
    assert.is_nil(result.stdout:find("hunter2", 1, true))
    findings = examine({}, { environment = { AWS_ENDPOINT_URL_STS = "http://sts.example" } })
    assert_told(findings, "endpoints", "AWS_ENDPOINT_URL_STS", "broken", "loopback")
    assert_told(findings, "endpoints", "ssm.us-east-1.amazonaws.com", "ok")
    files.write(home.home .. "/empty.pem", "no certificate\n")
    findings = examine({}, { environment = { AWS_CA_BUNDLE = home.home .. "/empty.pem" } })
    assert_told(findings, "certificates", "no certificate in PEM form", "broken", "AWS_CA_BUNDLE")
  end)

  it("looks at one profile when it is named", function()
    home:write_aws_config(world.profile("dev", "Dev", "endpoint_url = http://127.0.0.1:7") .. world.profile("other",
      "Prod"))
    local findings = examine { "dev" }
    assert_told(findings, "endpoints", "127.0.0.1:7", "warning", "endpoint_url")
    for _, finding in ipairs(findings) do
      assert.is_nil(finding.subject:find("other", 1, true))
    end
    assert_told(examine { "devv" }, "aws", "devv", "broken", "dev")
    expect.refused(home:run { "doctor", "a b" }, 2, "profile")
  end)

  it("looks at the policy of each profile that asks", function()
    home:write_settings(('policy: {source: "file:%s/{profile}.yaml"}\n'):format(home.home))
    home:write_aws_config(world.profile("dev", "Dev") .. world.profile("prod", "Prod"))
    home:write("dev.yaml", world.allow_dev)
    local findings = examine()
    assert_told(findings, "policy", "/dev.yaml: valid", "ok")
    assert_told(findings, "policy", "/prod.yaml", "broken")
  end)

  it("looks at the keys that sign policy", function()
    local good = "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    local function told(text, ...)
      home:write_settings(text)
      assert_told(examine(), "configuration", ...)
    end
    told(("installation: acme\npolicy: {keys: [%q]}\n"):format(good), "signed by 1 of 1 key", "ok")
    told(("policy: {keys: [%q]}\n"):format(good), "no bundle is good", "broken", "set installation")
    told("installation: acme\npolicy: {keys: [\"ed25519:AAAA\"]}\n", "ed25519:AAAA", "broken")
    told(("installation: acme\npolicy: {keys: [%q], min_signatures: 2}\n"):format(good), "policy.", "broken")
  end)

  describe("on a machine of an administrator", function()
    local function examine_or_skip(text, environment)
      local result = home:run_under(text, { "doctor", "--json" }, { environment = environment })
      return result and expect.json(result, result.status).checks
        or pending(settings.skipped("a mount name space cannot be made here"))
    end

    it("lists what is locked, and tells of a lower layer that sets it", function()
      local findings = examine_or_skip("locked: [policy.source, policy.keys]\n")
      assert_told(findings, "configuration", "it locks policy.source, policy.keys", "ok")
      assert_told(findings, "configuration", "is locked by /etc/sentinel/config.yaml", "broken", "remove it")
      findings = examine_or_skip("log: {path: " .. home.home .. "/log/decisions.jsonl}\n")
      assert_told(findings, "configuration", "it locks nothing", "ok")
      assert_told(findings, "log", "does not exist", "broken", "make the folder")
    end)

    it("tells of what a lock of endpoints refuses, and of certificates that are missing", function()
      local findings = examine_or_skip("endpoints: aws\n", { AWS_ENDPOINT_URL = "http://127.0.0.1:9",
        HTTPS_PROXY = "http://proxy.example:3128" })
      assert_told(findings, "endpoints", "another endpoint is set", "broken", "unset or remove AWS_ENDPOINT_URL")
      assert_told(findings, "certificates", "/etc/ssl/certs/ca-certificates.crt", "broken", "ca-certificates")
      findings = examine_or_skip("endpoints: aws\n", { HTTPS_PROXY = "http://proxy.example:3128" })
      assert_told(findings, "endpoints", "proxy for sts: one is set", "broken", "unset or remove HTTPS_PROXY")
    end)

    it("tells of an administrator's file that is not to be trusted", function()
      assert_told(examine_or_skip("locked: nonsense\n"), "configuration", "/etc/sentinel/config.yaml", "broken")
    end)
  end)

  describe("--online", function()
    local faulty

    setup(function()
      faulty = servers.start_faulty()
    end)

    teardown(function()
      faulty:stop()
    end)

    it("asks STS for the time, without a key", function()
      faulty:set {}
      local findings = examine({ "--online" }, { environment = { AWS_ENDPOINT_URL = faulty.url } })
      assert_told(findings, "network", "answers", "ok")
      assert_told(findings, "network", "within a minute", "ok")
      local requests = faulty:requests()
      assert.are.equal(1, #requests)
      assert.is_nil(require("cjson").encode(requests):find("AKIA", 1, true))
    end)

    it("tells of one that is not reached", function()
      local findings = examine({ "--online" }, { environment = { AWS_ENDPOINT_URL = "http://127.0.0.1:1" } })
      assert_told(findings, "network", "127.0.0.1:1", "broken", "network")
    end)
  end)
end)
