--- sentinel import: the keys of aws-vault, and of a shared credentials file, into the keychain.
local cjson = require "cjson"
local desktop = require "spec.support.desktop"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local settings = require "spec.support.settings"
local shims = require "spec.support.shims"
local vault = require "spec.support.vault"
local world = require "spec.support.world"

local CORP = { id = "AKIAIOSFODNN7EXAMPLE", secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" }
local OTHER = { id = "AKIAIOSFODNN7EXAMPL2", secret = "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY" }
local SHORT = { id = "ASIAIOSFODNN7EXAMPLE", secret = "an/other/secret/of/forty/characters+xyzA", token = "FwoGZXIvYXdzEXAMPLE" }

describe("import", function()
  local home

  before_each(function()
    home = world.new { environment = { SENTINEL_FILE_PASSPHRASE = "correct horse", SENTINEL_BACKEND = "file",
      AWS_VAULT_FILE_PASSPHRASE = vault.passphrase } }
    home:write(".aws/credentials", "")
    for _, key in ipairs { CORP, OTHER, SHORT } do
      home.secrets[#home.secrets + 1] = key.secret
    end
    home.secrets[#home.secrets + 1] = "correct horse"
  end)

  after_each(function()
    home:remove()
  end)

  local function names()
    local text = expect.done(home:run { "list", "--ids" })
    return text:find "^the keychain is empty" and "" or text
  end

  local function add(name, key)
    expect.done(home:run({ "add", name, "--stdin" }, { stdin = key.id .. "\n" .. key.secret .. "\n" }))
  end

  --- It ended with the status, and said the texts on stdout or stderr.
  local function expect_told(result, status, ...)
    expect.status(result, status)
    for _, text in ipairs { ... } do
      assert.is_truthy((result.stdout .. result.stderr):find(text, 1, true),
        ("%q is not in %s%s"):format(text, result.stdout, result.stderr))
    end
    return result
  end

  it("says what follows it", function()
    expect.refused(home:run { "import" }, 2, "is not complete", "aws-vault, shared")
    expect_told(home:run { "import", "--help" }, 0, "import aws-vault", "import shared")
  end)

  describe("of aws-vault's files", function()
    local folder

    before_each(function()
      folder = home.home .. "/.awsvault/keys"
    end)

    local function import(...)
      return home:run { "import", "aws-vault", ... }
    end

    local function write(items, passphrase)
      vault.write_files(folder, items, passphrase)
    end

    it("takes over every key, whatever its name, and no session", function()
      local items, expected = {}, {}
      for i, name in ipairs { "corp", "team/prod", "a@b+c", "x_y.z:1", "-dash", ".dot" } do
        local key = { id = ("AKIAIOSFODNN7EXAM%03d"):format(i), secret = CORP.secret }
        items[name] = vault.item(name, key)
        expected[#expected + 1] = ("%s  %s"):format(name, key.id)
      end
      for _, name in ipairs { "sts.GetSessionToken,Y29ycA,,1700000000", "session,corp,mfa,1700000000",
        "oidc:https://example.com/start", "corp session (123)" } do
        items[name] = vault.item(name, SHORT)
      end
      items["100%"] = vault.item("100%", CORP)
      items["two words"] = vault.item("two words", CORP)
      write(items)
      local result = expect_told(import "--ids", 0, "team/prod  AKIAIOSFODNN7EXAM002: imported\n",
        "oidc:https://example.com/start: left: a session", "sts.GetSessionToken,Y29ycA,,1700000000: left: a session",
        "session,corp,mfa,1700000000: left: a session", "corp session (123): left: a session",
        "100%: left: no profile", "two words: left: no profile", "--delete-source")
      assert.is_nil(result.stdout:find(SHORT.id, 1, true))
      table.sort(expected)
      assert.are.equal(table.concat(expected, "\n") .. "\n", names())
      assert.are.equal(12, #files.list(folder))
      expect_told(import(), 0, "corp: is there already")
    end)

    it("takes over as many as there are", function()
      local items = {}
      for i = 1, 60 do
        items["p" .. i] = vault.item("p" .. i, { id = ("AKIAIOSFODNN7EX%05d"):format(i), secret = CORP.secret })
      end
      write(items)
      expect.done(import())
      local _, count = names():gsub("\n", "")
      assert.are.equal(60, count)
    end)

    it("takes over the profiles that are named", function()
      write { corp = vault.item("corp", CORP), dev = vault.item("dev", OTHER) }
      expect_told(import "dev", 0, "dev: imported")
      assert.are.equal("dev  " .. OTHER.id .. "\n", names())
      expect_told(import("corp", "gone"), 6, 'there is no key "gone"')
      assert.are.equal("dev  " .. OTHER.id .. "\n", names())
    end)

    it("shows what it would do, and does nothing", function()
      write { corp = vault.item("corp", CORP), dev = vault.item("dev", OTHER) }
      add("dev", CORP)
      expect_told(import("--plan", "--delete-source"), 1, "corp: would be imported, and deleted there",
        "dev: would be left: the keychain holds another key")
      expect_told(import("--plan", "--force"), 0, "dev: would replace another key")
      add("corp", CORP)
      expect_told(import("--plan", "--delete-source", "corp"), 0, "corp: is there already, and would be deleted there\n")
      expect.done(home:run { "remove", "corp" })
      assert.are.equal("dev  " .. CORP.id .. "\n", names())
      assert.are.equal(2, #files.list(folder))
    end)

    it("replaces another key only when it is told to", function()
      write { corp = vault.item("corp", CORP), dev = vault.item("dev", OTHER) }
      add("corp", OTHER)
      expect_told(import "--delete-source", 1, "corp: left: the keychain holds another key", "dev: imported, and deleted there",
        "1 of the folder " .. folder .. " was left", "--force")
      assert.are.same({ "corp" }, files.list(folder))
      assert.are.equal(("corp  %s\ndev  %s\n"):format(OTHER.id, OTHER.id), names())
      expect_told(import "--force", 0, "corp: replaced another key")
      assert.are.equal(("corp  %s\ndev  %s\n"):format(CORP.id, OTHER.id), names())
    end)

    it("deletes only what the keychain has given back", function()
      write { corp = vault.item("corp", CORP), ["sts.X,Y29ycA,,1700000000"] = vault.item("s", SHORT) }
      expect_told(import "--delete-source", 0, "corp: imported, and deleted there")
      assert.are.same({ "sts.X,Y29ycA,,1700000000" }, files.list(folder))
      home.environment.SENTINEL_FILE_PASSPHRASE = "another one"
      write { dev = vault.item("dev", OTHER) }
      home:run { "clear" }
      local result = home:run({ "import", "aws-vault", "--delete-source" }, { environment = { XDG_DATA_HOME = "/proc/none" } })
      assert.are_not.equal(0, result.status)
      assert.are.same({ "dev", "sts.X,Y29ycA,,1700000000" }, files.list(folder))
    end)

    it("leaves a temporary key, and says no to who named it", function()
      write { corp = vault.item("corp", SHORT) }
      expect_told(import(), 0, "corp: left: a temporary key")
      expect_told(import "corp", 1, "corp: left: a temporary key")
      assert.are.equal("", names())
    end)

    it("refuses a passphrase that opens nothing, and asks nobody where nobody is", function()
      write { corp = vault.item("corp", CORP) }
      home.environment.AWS_VAULT_FILE_PASSPHRASE = "wrong"
      expect_told(import "--delete-source", 6, "no key of the folder " .. folder .. " could be opened", "passphrase")
      home.environment.AWS_VAULT_FILE_PASSPHRASE = nil
      expect_told(import "--delete-source", 4, "AWS_VAULT_FILE_PASSPHRASE")
      assert.are.same({ "corp" }, files.list(folder))
      assert.are.equal("", names())
    end)

    it("takes over the others when one is damaged, is another's, or is none", function()
      write { corp = vault.item("corp", CORP), swapped = vault.item("prod", OTHER), half = vault.item("half",
        { id = CORP.id, secret = "" }), odd = "[]", text = "{}", data = vault.item("data", CORP, { Data = "!" }) }
      local text = files.read(folder .. "/corp")
      files.write(folder .. "/cut", text:sub(1, -2))
      files.write(folder .. "/empty", "")
      files.write(folder .. "/tail", text .. "\n")
      assert(os.execute(("ln -s corp %s/link"):format(folder)))
      local result = expect_told(import "--delete-source", 5, "corp: imported", "swapped: not read", "another one",
        "half: not read", "odd: not read", "text: not read", "data: not read", "cut: not read", "empty: not read",
        "tail: not read", "link: not read", "9 of the folder")
      assert.is_nil(result.stdout:find("open sesame", 1, true))
      assert.are.equal("corp  " .. CORP.id .. "\n", names())
      assert.are.same({ "cut", "data", "empty", "half", "link", "odd", "swapped", "tail", "text" }, files.list(folder))
    end)

    it("makes no keychain where it only shows what it would do", function()
      write { corp = vault.item("corp", CORP) }
      expect_told(import "--plan", 0, "corp: would be imported")
      assert.is_false(files.exists(home.home .. "/.local/share/sentinel"))
    end)

    it("asks for the passphrase on the terminal, once, and shows none of it", function()
      write { corp = vault.item("corp", CORP), dev = vault.item("dev", OTHER) }
      home.environment.AWS_VAULT_FILE_PASSPHRASE = nil
      local result = process.python({ settings.source .. "/spec/support/typist.py", home.home .. "/stdout",
        "passphrase of aws-vault's keys in " .. folder, vault.passphrase, settings.bin, "import", "aws-vault" },
        home:options())
      expect.status(result, 0)
      assert.is_nil(result.stdout:find(vault.passphrase, 1, true))
      assert.are.equal(("corp  %s\ndev  %s\n"):format(CORP.id, OTHER.id), names())
    end)

    it("finds the folder where aws-vault was told to have it", function()
      folder = home.home .. "/elsewhere"
      write { corp = vault.item("corp", CORP) }
      expect_told(import(), 6, "no keyring of aws-vault was found", "--keyring")
      home.environment.AWS_VAULT_FILE_DIR = "~/elsewhere/"
      home.environment.AWS_VAULT_BACKEND = "file"
      expect_told(import(), 0, "from the folder " .. folder .. "\n", "corp: imported")
      expect.refused(import("--keyring", "kwallet"), 2, "kwallet", "secret-service|pass|file", "sentinel add P --stdin")
      home.environment.AWS_VAULT_BACKEND = "keychain"
      expect.refused(import(), 2, 'AWS_VAULT_BACKEND: "keychain" is no keyring', "secret-service|pass|file")
      home.environment.AWS_VAULT_BACKEND = nil
    end)

    it("says what of ~/.aws/config still runs aws-vault", function()
      home:write_aws_config("[profile dev]\nrole_arn = " .. world.role "Dev"
        .. "\nsource_profile = corp\ncredential_process = aws-vault export --format=json dev\n[profile x]\nregion = a\n")
      write { corp = vault.item("corp", CORP) }
      local result = expect_told(import(), 0, "[profile dev] of ~/.aws/config still runs aws-vault; write there:",
        "credentials --profile dev\n", "sentinel_role_arn = " .. world.role "Dev", "sentinel_source_profile = corp")
      assert.is_nil(result.stdout:find("[profile x]", 1, true))
    end)

    it("says which role a profile gets through another, or that it has none", function()
      home:write_aws_config("[profile dev]\nrole_arn = " .. world.role "Dev" .. "\nsource_profile = corp\n[profile sdk]\n"
        .. "credential_process = 'aws-vault' exec --json dev\n[profile corp]\ncredential_process = aws-vault exec corp --json\n")
      write { corp = vault.item("corp", CORP) }
      local result = expect_told(import(), 0, "credentials --profile sdk\n  sentinel_role_arn = " .. world.role "Dev"
        .. "   (as [profile dev] has it)\n  sentinel_source_profile = corp   (as [profile dev] has it)\n")
      assert.is_truthy(result.stdout:find("credentials --profile corp\n  sentinel_role_arn = the ARN of the role", 1, true))
      local _, count = result.stdout:gsub("it names none yet", "")
      assert.are.equal(1, count)
    end)

    it("loses nothing at whatever step it is killed, and goes on", function()
      local step, result = 0
      repeat
        step = step + 1
        write { corp = vault.item("corp", CORP), dev = vault.item("dev", OTHER) }
        result = home:run({ "import", "aws-vault", "--delete-source" },
          { environment = shims.environment("kill_at", { SHIM_KILL_AT = tostring(step) }) })
        local there, held = table.concat(files.list(folder), " "), names()
        for name, key in pairs { corp = CORP, dev = OTHER } do
          assert.is_truthy(there:find(name, 1, true) or held:find(name .. "  " .. key.id, 1, true),
            name .. " is lost at step " .. step)
        end
        expect.done(import "--delete-source")
        assert.are.equal(("corp  %s\ndev  %s\n"):format(CORP.id, OTHER.id), names())
        assert.are.same({}, files.list(folder))
        expect.done(home:run { "remove", "corp" })
        expect.done(home:run { "remove", "dev" })
      until result.status ~= 137
      assert.are.equal(0, result.status)
      assert.is_true(step > 8, "only " .. step .. " steps were seen")
    end)
  end)

  describe("of aws-vault's collection in the Secret Service", function()
    local session

    before_each(function()
      session = desktop.start()
      for _, value in ipairs { "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR" } do
        home.environment[value] = session.environment[value]
      end
    end)

    after_each(function()
      session:stop()
    end)

    --- The names of the items, after that.
    local function collection(what, items, name)
      local lines = {}
      for _, item in ipairs(items or {}) do
        lines[#lines + 1] = cjson.encode { name = item[1], text = item[2], replace = item[3] ~= "beside" }
      end
      local result = session:run({ "/usr/bin/python3", settings.source .. "/spec/support/vault_collection.py",
        name or "awsvault", what }, { stdin = table.concat(lines, "\n") .. "\n" })
      assert(result.status == 0, result.stderr)
      return result.stdout
    end

    local function import(...)
      return home:run { "import", "aws-vault", ... }
    end

    it("takes over its keys, and deletes them when it is told to", function()
      collection("add", { { "corp", vault.item("corp", CORP) }, { "team/prod", vault.item("team/prod", OTHER) },
        { "sts.GetSessionToken,Y29ycA,,1700000000", vault.item("s", SHORT) } })
      session:store("aws", "corp", "not to be looked at")
      expect_told(import(), 0, 'from the collection "awsvault" of the Secret Service\n', "corp: imported\n",
        "team/prod: imported\n", "sts.GetSessionToken,Y29ycA,,1700000000: left")
      assert.are.equal(("corp  %s\nteam/prod  %s\n"):format(CORP.id, OTHER.id), names())
      assert.are.equal("corp\nsts.GetSessionToken,Y29ycA,,1700000000\nteam/prod\n", collection "list")
      expect_told(import("--delete-source", "corp"), 0, "corp: is there already, and deleted there")
      assert.are.equal("sts.GetSessionToken,Y29ycA,,1700000000\nteam/prod\n", collection "list")
      assert.are.equal("not to be looked at", session:lookup("aws", "corp"))
    end)

    it("finds a collection of another name, and says when there is none", function()
      expect_told(import("--keyring", "secret-service"), 6, 'no collection "awsvault"')
      home.environment.AWS_VAULT_SECRET_SERVICE_COLLECTION_NAME = "my-vault"
      collection("add", {}, "my-vault")
      expect_told(import("--keyring", "secret-service"), 0, 'collection "my-vault"', "there is no key")
    end)

    it("asks for what is locked, and stops where nobody can answer", function()
      collection("add", { { "corp", vault.item("corp", CORP) } })
      collection "lock"
      expect_told(import("--keyring", "secret-service"), 4, "locked")
      assert.are.equal("", names())
    end)

    it("takes the newest of two, and keeps the other", function()
      collection("add", { { "corp", vault.item("corp", CORP) }, { "corp", vault.item("corp", OTHER), "beside" } })
      expect_told(import "--delete-source", 0, "corp: imported, and deleted there")
      assert.are.equal("corp\n", collection "list")
      expect_told(import "--delete-source", 1, "corp: left: the keychain holds another key")
      assert.are.equal("corp\n", collection "list")
    end)

    it("loses nothing at whatever step it is killed, and goes on", function()
      local step, result = 0
      repeat
        step = step + 1
        collection("add", { { "corp", vault.item("corp", CORP) } })
        result = home:run({ "import", "aws-vault", "--delete-source" },
          { environment = shims.environment("kill_at", { SHIM_KILL_AT = tostring(step) }) })
        assert.is_truthy(collection "list" == "corp\n" or names() == "corp  " .. CORP.id .. "\n",
          "it is lost at step " .. step)
        expect.done(import("--delete-source", "--keyring", "secret-service"))
        assert.are.equal("corp  " .. CORP.id .. "\n", names())
        expect.done(home:run { "remove", "corp" })
      until result.status ~= 137
      assert.are.equal(0, result.status)
      assert.is_true(step > 12, "only " .. step .. " steps were seen")
    end)
  end)

  describe("of aws-vault's entries in pass", function()
    local store

    local function run(argv, stdin)
      local result = process.run(argv, { environment = { HOME = home.home, PATH = "/usr/bin:/bin",
        GNUPGHOME = home.environment.GNUPGHOME }, stdin = stdin })
      assert(result.status == 0, result.stderr)
      return result.stdout
    end

    before_each(function()
      home.environment.GNUPGHOME = files.make_folder(home.folder .. "/gnupg")
      assert(os.execute("chmod 700 " .. home.environment.GNUPGHOME))
      store = home.home .. "/.password-store"
      run { "/usr/bin/gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", "a@example.com", "default",
        "default", "never" }
      run { "/usr/bin/pass", "init", "a@example.com" }
    end)

    after_each(function()
      run { "/usr/bin/gpgconf", "--kill", "all" }
    end)

    local function insert(name, text)
      run({ "/usr/bin/pass", "insert", "-m", "-f", name }, text)
    end

    local function import(...)
      return home:run { "import", "aws-vault", ... }
    end

    it("takes over what is below the prefix, and deletes it when it is told to", function()
      home.environment.AWS_VAULT_PASS_PREFIX = "aws/keys"
      insert("aws/keys/corp", vault.item("corp", CORP))
      insert("aws/keys/team/prod", vault.item("team/prod", OTHER))
      insert("aws/keys/broken", "not JSON")
      insert("mail", "my password")
      expect_told(import(), 5, "from the store " .. store .. " of pass\n", "corp: imported\n", "team/prod: imported\n",
        "broken: not read")
      assert.are.equal(("corp  %s\nteam/prod  %s\n"):format(CORP.id, OTHER.id), names())
      expect_told(import("corp", "--delete-source"), 0, "corp: is there already, and deleted there")
      assert.is_false(files.exists(store .. "/aws/keys/corp.gpg"))
      assert.is_true(files.exists(store .. "/aws/keys/team/prod.gpg"))
      assert.are.equal("my password", run { "/usr/bin/pass", "show", "mail" })
    end)

    it("opens only what is named where there is no prefix", function()
      insert("corp", vault.item("corp", CORP))
      insert("mail", "my password")
      expect.refused(import("--keyring", "pass"), 2, "no prefix is set", "AWS_VAULT_PASS_PREFIX")
      expect_told(import("--keyring", "pass", "corp"), 0, "corp: imported\n")
    end)

    it("finds a store elsewhere, and says why pass fails", function()
      insert("k/corp", vault.item("corp", CORP))
      assert(os.execute(("mv %s %s/elsewhere"):format(store, home.home)))
      home.environment.AWS_VAULT_PASS_PREFIX = "k"
      home.environment.AWS_VAULT_PASS_PASSWORD_STORE_DIR = "~/elsewhere"
      files.write(home.home .. "/elsewhere/k/bad.gpg", "x")
      expect_told(import(), 5, "corp: imported", "bad: not read: `pass show` failed: gpg:")
      home.environment.AWS_VAULT_PASS_PASSWORD_STORE_DIR = home.home .. "/nowhere"
      expect_told(import("--keyring", "pass"), 6, "there is no folder")
    end)
  end)

  describe("of a shared credentials file", function()
    local TEXT = ([[
# kept: a comment
[corp]
; kept, too
aws_access_key_id = %s
region = us-east-1
AWS_SECRET_ACCESS_KEY=%s
# the end of corp

[short]
aws_access_key_id = %s
aws_secret_access_key = %s
aws_session_token = %s

[dev]
aws_access_key_id=%s
aws_secret_access_key=%s]]):format(CORP.id, CORP.secret, SHORT.id, SHORT.secret, SHORT.token, OTHER.id, OTHER.secret)

    local WITHOUT_CORP = TEXT:gsub("aws_access_key_id = " .. CORP.id .. "\n", ""):gsub("AWS_SECRET_ACCESS_KEY=[^\n]*\n", "")
    local WITHOUT_BOTH = WITHOUT_CORP:gsub("aws_access_key_id=" .. OTHER.id .. "\naws_secret_access_key=[^\n]*", "")

    before_each(function()
      home:write(".aws/credentials", TEXT, "0640")
    end)

    local function import(...)
      return home:run { "import", "shared", ... }
    end

    local function mode()
      local pipe = io.popen("stat -c %a " .. home.home .. "/.aws/credentials")
      local text = pipe:read "l"
      pipe:close()
      return text
    end

    it("takes over the keys that last", function()
      expect_told(import(), 0, "from " .. home.home .. "/.aws/credentials\n", "corp: imported\n", "dev: imported\n",
        "short: left: a temporary key", "--delete-source")
      assert.are.equal(("corp  %s\ndev  %s\n"):format(CORP.id, OTHER.id), names())
      assert.are.equal(TEXT, home:read ".aws/credentials")
    end)

    it("deletes the lines of a key, and nothing else", function()
      expect_told(import("--profile", "corp", "--delete-source"), 0, "corp: imported, and deleted there\n")
      assert.are.equal(WITHOUT_CORP, home:read ".aws/credentials")
      assert.are.equal("640", mode())
      expect_told(import "--delete-source", 0, "dev: imported, and deleted there\n", "short: left")
      assert.are.equal(WITHOUT_BOTH, home:read ".aws/credentials")
      assert.are.same({ "config", "credentials" }, files.list(home.home .. "/.aws"))
      expect.status(import "--delete-source", 0)
    end)

    it("says which profiles use the key without Sentinel", function()
      home:write_aws_config("[profile a]\nrole_arn = " .. world.role "Dev" .. "\nsource_profile = corp\n[profile b]\nrole_arn = "
        .. world.role "Dev" .. "\nsource_profile = other\n[profile c]\nsource_profile = corp\n" .. world.profile("d", "Dev"))
      local result = expect_told(import(), 0, "[profile a] of ~/.aws/config has the key of corp used without Sentinel",
        "sentinel_source_profile = corp   (in the place of source_profile)")
      local _, count = result.stdout:gsub("of ~/.aws/config", "")
      assert.are.equal(1, count)
    end)

    it("says how a profile is named to who takes the file for one", function()
      expect.refused(home:run { "import", "shared", "corp" }, 6, "corp: No such file", "--profile corp")
    end)

    it("follows a link to the file, and leaves the link", function()
      home:write("dotfiles/credentials", TEXT)
      assert(os.execute(("ln -sf ../dotfiles/credentials %s/.aws/credentials"):format(home.home)))
      expect.done(import("--delete-source", "--profile", "corp", "--profile", "dev"))
      assert.are.equal(WITHOUT_BOTH, home:read "dotfiles/credentials")
      assert(os.execute(("test -L %s/.aws/credentials"):format(home.home)))
      home:write("dotfiles/credentials", "")
    end)

    it("deletes nothing where the key would stay under another name of the file", function()
      assert(os.execute(("ln %s/.aws/credentials %s/other"):format(home.home, home.home)))
      expect_told(import("--profile", "corp", "--delete-source"), 6, "has another name", "nothing is lost")
      assert.are.equal(TEXT, home:read ".aws/credentials")
      os.remove(home.home .. "/other")
      expect_told(import("--profile", "corp", "--delete-source"), 0, "corp: is there already, and deleted there\n")
    end)

    it("deletes nothing that only the kernel would have then", function()
      for _, plan in ipairs { false, "--plan" } do
        expect_told(import("--delete-source", "--backend", "keyring", plan or nil), 2, "forgets them when the machine stops")
      end
      assert.are.equal(TEXT, home:read ".aws/credentials")
    end)

    it("reads another file that is named, and ~/.aws/config", function()
      home:write_aws_config(("[default]\nregion=a\n[profile corp]\naws_access_key_id=%s\naws_secret_access_key=%s\n"):format(
        CORP.id, CORP.secret))
      expect_told(import(home.home .. "/.aws/config", "--delete-source"), 0, "corp: imported, and deleted there")
      assert.are.equal("[default]\nregion=a\n[profile corp]\n", home:read ".aws/config")
      expect_told(import(home.home .. "/none"), 6, "none: No such file")
    end)

    it("touches nothing of a file that is not what it says", function()
      home:write(".aws/credentials", TEXT .. "\n[broken\n")
      expect_told(import "--delete-source", 5, "must end with ']'")
      home:write(".aws/credentials", TEXT .. "\n[corp]\naws_access_key_id = " .. OTHER.id .. "\n[half]\naws_access_key_id = "
        .. OTHER.id .. "\n[long]\naws_access_key_id = " .. OTHER.id .. "\n more\naws_secret_access_key = x\n")
      local before = home:read ".aws/credentials"
      expect_told(import "--delete-source", 5, "corp: not read", "twice, also in line 4", "half: not read", "half a key",
        "long: not read", "dev: imported, and deleted there")
      assert.are.equal((before:gsub("aws_access_key_id=" .. OTHER.id .. "\naws_secret_access_key=[^\n]*\n", "")),
        home:read ".aws/credentials")
      assert.are.equal("dev  " .. OTHER.id .. "\n", names())
    end)

    it("loses nothing at whatever step it is killed, and goes on", function()
      local step, result = 0
      repeat
        step = step + 1
        home:write(".aws/credentials", TEXT)
        result = home:run({ "import", "shared", "--delete-source" },
          { environment = shims.environment("kill_at", { SHIM_KILL_AT = tostring(step) }) })
        local text, held = home:read ".aws/credentials", names()
        assert.is_truthy(text == TEXT or text == WITHOUT_CORP or text == WITHOUT_BOTH, "step " .. step)
        assert.is_truthy(text:find(CORP.secret, 1, true) or held:find("corp", 1, true), "corp is lost at step " .. step)
        assert.is_truthy(text:find(OTHER.secret, 1, true) or held:find("dev", 1, true), "dev is lost at step " .. step)
        expect.done(import "--delete-source")
        assert.are.equal(WITHOUT_BOTH, home:read ".aws/credentials")
        expect.done(home:run { "remove", "corp" })
        expect.done(home:run { "remove", "dev" })
      until result.status ~= 137
      assert.are.equal(0, result.status)
      assert.is_true(step > 10, "only " .. step .. " steps were seen")
    end)
  end)
end)
