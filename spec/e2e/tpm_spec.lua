--- Keys in a file whose key a TPM holds (swtpm): with a PIN and without one, another TPM, none, and moving entries.
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local kernel_keys = require "spec.support.kernel_keys"
local process = require "spec.support.process"
local settings = require "spec.support.settings"
local shims = require "spec.support.shims"
local stage = require "spec.support.stage"
local terminal = require "spec.support.terminal"
local tpm = require "spec.support.tpm"

local PIN = "kJ7#pin-Vw2!of-the-tpm"

describe("the TPM", function()
  local absent = tpm.missing()
  if absent then
    it("holds keys", function()
      return pending(settings.skipped(absent .. " is not installed"))
    end)
    return
  end

  local moto, chip, home

  setup(function()
    moto = stage.moto()
  end)

  teardown(function()
    moto:stop()
  end)

  -- How the program finds this TPM, and whether a new keychain gets a PIN.
  local function configure(tcti, pin)
    home:write_settings(('policy:\n  source: "ssm:/sentinel/policies/{profile}"\nkeychain:\n  backend: tpm\n  tpm: "%s"\n')
      :format(tcti) .. (pin and "  pin: on\n" or ""))
  end

  before_each(function()
    chip = tpm.new()
    home = stage.world(moto)
    configure(chip.tcti)
    home:write(".aws/credentials", "")
    home.secrets[#home.secrets + 1] = PIN
    home.path = home.home .. "/.local/share/sentinel/keychain.tpm"
  end)

  after_each(function()
    home:remove()
    chip:remove()
  end)

  local function add(name, environment)
    local key = moto.keys.alice
    return home:run({ "add", name, "--stdin" },
      { stdin = key.id .. "\n" .. key.secret .. "\n", environment = environment })
  end

  local function forget()
    kernel_keys.forget(home.path)
  end

  it("holds the key of what a decision uses, and asks nobody without a PIN", function()
    assert.is_truthy(expect.done(add "corp"):find("tpm", 1, true))
    assert.are.same({ { name = "corp", backend = "tpm", kind = "aws" } },
      expect.json(home:run { "list", "--json" }))
    expect.credentials(home:run { "credentials", "dev" })
    assert.are.equal("corp\n1 cached session, 1 cached identity\n", expect.done(home:run { "list" }))
    local before = #moto:requests_for "AssumeRole"
    expect.credentials(home:run { "credentials", "dev" })
    assert.are.equal(before, #moto:requests_for "AssumeRole")
    home:check_disk()
    expect.done(home:run { "remove", "corp" })
    expect.refused(home:run { "credentials", "dev" }, 6)
  end)

  it("keeps its key in no kernel keyring without a PIN", function()
    expect.done(add "corp")
    expect.credentials(home:run { "credentials", "dev" })
    assert.is_false(kernel_keys.has(home.path))
  end)

  it("replaces a key by a new one", function()
    local key = moto:administer [[
iam.create_user(UserName="rotator")
iam.put_user_policy(UserName="rotator", PolicyName="needed", PolicyDocument=json.dumps({
    "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]}))
key = iam.create_access_key(UserName="rotator")["AccessKey"]
result = {"id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}]]
    expect.done(home:run({ "add", "old", "--stdin" }, { stdin = key.id .. "\n" .. key.secret .. "\n" }))
    expect.done(home:run { "rotate", "old", "--region", "us-east-1" })
    local ids = moto:key_ids "rotator"
    assert.are.equal(1, #ids)
    assert.are_not.equal(key.id, ids[1])
    assert.are.equal(("old  %s\n"):format(ids[1]), expect.done(home:run { "list", "--ids" }))
  end)

  it("opens no file that was sealed to another TPM", function()
    expect.done(add "corp")
    local other <close> = setmetatable({ chip = tpm.new() }, { __close = function(it)
      it.chip:remove()
    end })
    configure(other.chip.tcti)
    expect.refused(home:run { "credentials", "dev" }, 6, "keychain.tpm", "sealed to another TPM",
      "remove the file")
    configure(chip.tcti)
    expect.credentials(home:run { "credentials", "dev" })
    assert.are.equal(0, chip:tool("tpm2_clear", "-c", "p").status)
    expect.refused(home:run { "credentials", "dev" }, 6, "or this one was cleared", "sentinel add")
  end)

  it("opens a file with a PIN for that PIN alone, and locks after too many wrong ones", function()
    configure(chip.tcti, true)
    local right = { SENTINEL_FILE_PASSPHRASE = PIN }
    expect.refused(add "corp", 4, "needs a PIN to be made", "SENTINEL_FILE_PASSPHRASE")
    expect.done(add("corp", right))
    assert.are.equal(kernel_keys.work(), kernel_keys.has(home.path))
    forget()
    assert.is_false(kernel_keys.has(home.path))
    expect.refused(home:run { "credentials", "dev" }, 4, "is locked", "sentinel list")
    local function try(pin)
      return home:run({ "credentials", "dev" }, { environment = { SENTINEL_FILE_PASSPHRASE = pin } })
    end
    expect.refused(try "guess 1", 6, "the PIN is wrong", "after 2 more")
    expect.credentials(try(PIN))
    forget()
    expect.refused(try "guess 2", 6, "the PIN is wrong")
    expect.refused(try "guess 3", 6, "the PIN is wrong", "--clear-lockout")
    expect.refused(try(PIN), 6, "takes no PIN now", "--clear-lockout")
    assert.are.equal(0, chip:tool("tpm2_dictionarylockout", "--clear-lockout").status)
    expect.credentials(try(PIN))
    forget()
    expect.refused(home:run({ "remove", "corp" }, { environment = { SENTINEL_FILE_PASSPHRASE = "guess 4" } }), 6,
      "the PIN is wrong", "after 2 more")
    home:check_disk()
  end)

  it("asks a person for the PIN: twice for a new one, and then once in 12 hours", function()
    configure(chip.tcti, true)
    local seen = terminal.run(home, { settings.bin, "add", "--secret", "pager" }, {
      { wait = "secret" }, { type = "the plugin's own\n" },
      { wait = "new PIN for the keychain" }, { look = true }, { type = PIN .. "\n" },
      { wait = "the same again" }, { type = PIN .. "\n" },
    })
    assert.are.equal(0, seen.status, seen.screen)
    assert.are.same({ false }, seen.echo)
    forget()
    seen = terminal.run(home, { settings.bin, "list" },
      { { wait = "PIN for the keychain " .. home.path }, { type = PIN .. "\n" }, { wait = "pager" } })
    assert.are.equal(0, seen.status, seen.screen)
    if kernel_keys.work() then
      assert.are.equal("pager (a plugin's secret)\n", expect.done(home:run { "list" }))
    end
  end)

  it("says soon that the TPM is gone", function()
    expect.done(add "corp")
    chip:stop()
    expect.refused(home:run({ "credentials", "dev" }, { limit_s = 20 }), 6, chip.tcti, "cannot be reached")
    configure("device:/dev/no-such-tpm")
    expect.refused(home:run({ "credentials", "dev" }, { limit_s = 20 }), 6,
      "there is no TPM: /dev/no-such-tpm", "keychain.tpm")
    configure(chip.tcti)
    chip:start()
    expect.credentials(home:run { "credentials", "dev" })
  end)

  it("says after some seconds that what is there does not answer", function()
    expect.done(add "corp")
    local swtpm = { pid = process.children(chip.handle.pid)[1] }
    process.signal(swtpm, "STOP")
    local result = home:run({ "credentials", "dev" }, { limit_s = 30 })
    process.signal(swtpm, "CONT")
    expect.refused(result, 6, chip.tcti, "does not answer")
  end)

  it("lets neither PIN nor key be seen on its bus", function()
    configure(chip.tcti, true)
    local right = { SENTINEL_FILE_PASSPHRASE = PIN }
    expect.done(add("corp", right))
    forget()
    expect.credentials(home:run({ "credentials", "dev" }, { environment = right }))
    local traffic = chip:traffic()
    local lock = files.read(home.path):sub(65 + 40, 65 + 87)
    assert.is_truthy(traffic:find(lock, 1, true), "the log holds no traffic")
    for _, secret in ipairs { PIN, moto.keys.alice.secret, moto.keys.alice.id } do
      assert.is_nil(traffic:find(secret, 1, true))
    end
  end)

  it("is not moved by variables of tpm2-tss and its tools", function()
    local trace = home.home .. "/trace.log"
    local hostile = { TSS2_LOG = "all+trace", TSS2_LOGFILE = trace, TPM2TOOLS_TCTI = "swtpm:port=1",
      TSS2_TCTI = "swtpm:port=1", TCTI = "swtpm:port=1" }
    local result = add("corp", hostile)
    expect.done(result)
    assert.are.equal("", result.stderr)
    result = home:run({ "credentials", "dev" }, { environment = hostile })
    expect.credentials(result)
    assert.are.equal("", result.stderr)
    assert.is_false(files.exists(trace))
    hostile.TSS2_LOGFILE = nil
    chip:stop()
    result = home:run({ "credentials", "dev" }, { environment = hostile })
    expect.refused(result, 6, "cannot be reached")
    assert.is_nil(result.stderr:find("tcti", 1, true) and result.stderr:find("ERROR", 1, true))
    chip:start()
  end)

  it("refuses ways to a TPM that run programs or load files", function()
    configure("cmd:touch " .. home.home .. "/touched")
    expect.refused(add "corp", 6, "no TPM can be reached by", "device:/dev/tpmrm0")
    assert.is_false(files.exists(home.home .. "/touched"))
  end)

  it("takes over the entries of the file, and gives them back", function()
    local phrase = { SENTINEL_FILE_PASSPHRASE = "correct horse battery staple" }
    local key = moto.keys.alice
    expect.done(home:run({ "add", "corp", "--stdin", "--backend", "file" },
      { stdin = key.id .. "\n" .. key.secret .. "\n", environment = phrase }))
    expect.done(home:run({ "keychain", "migrate", "--from", "file", "--to", "tpm" },
      { environment = phrase }))
    assert.is_false(files.exists((home.path:gsub("%.tpm$", ""))))
    expect.credentials(home:run { "credentials", "dev" })
    expect.done(home:run({ "keychain", "migrate", "--from", "tpm", "--to", "file" },
      { environment = phrase }))
    assert.is_false(files.exists(home.path))
    expect.credentials(home:run({ "credentials", "dev", "--backend", "file" }, { environment = phrase }))
  end)

  it("is looked at by doctor, which tries no PIN", function()
    local function told(environment)
      local result = home:run({ "doctor", "--json" }, { environment = environment })
      for _, finding in ipairs(expect.json(result, result.status).checks) do
        if finding.check == "keychain" and finding.subject == "tpm" then
          return finding.status .. " " .. finding.found, finding.remedy
        end
      end
    end
    assert.are.equal("ok used: an encrypted file", (told():sub(1, 26)))
    configure(chip.tcti, true)
    expect.done(add("corp", { SENTINEL_FILE_PASSPHRASE = PIN }))
    forget()
    local text, remedy = told()
    assert.are.equal("warning used: it is locked, and the next call asks for its PIN", text)
    assert.is_truthy(remedy:find("sentinel list", 1, true))
    for _ = 1, 4 do -- one more than the TPM takes
      assert.are.equal("ok used: locked; SENTINEL_FILE_PASSPHRASE is its PIN, which is not tried here",
        (told { SENTINEL_FILE_PASSPHRASE = "wrong" }))
    end
    expect.credentials(home:run({ "credentials", "dev" }, { environment = { SENTINEL_FILE_PASSPHRASE = PIN } }))
    chip:stop()
    assert.are.equal("broken the TPM at " .. chip.tcti .. " cannot be reached", (told()))
    assert.are.equal("ok not used: the TPM at " .. chip.tcti .. " cannot be reached",
      (told { SENTINEL_BACKEND = "file" }))
    chip:start()
  end)

  it("leaves no secret in the memory of what is forked", function()
    local pipe = io.popen "id -u"
    local id = pipe:read "l"
    pipe:close()
    if id ~= "0" then
      return pending(settings.skipped "only root may read the memory of a program that is not dumpable")
    end
    local right = { SENTINEL_FILE_PASSPHRASE = PIN }
    configure(chip.tcti, true)
    expect.done(add("corp", right))
    forget()
    home:write("secrets", PIN .. "\n" .. moto.keys.alice.secret .. "\n")
    local result = process.run({ shims.program "scan_memory", home.home .. "/report", home.home
      .. "/secrets", settings.bin, "credentials", "dev" }, home:options { environment = right })
    expect.credentials(result)
    local report = home:read "report"
    assert.is_truthy(report:find "found 0\n", report)
    assert.is_true(tonumber(report:match "control (%d+)") > 0, report)
    assert.is_true(tonumber(report:match "processes (%d+)") >= 2, report)
  end)
end)
