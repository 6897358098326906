--- sentinel import: the keys of aws-vault, and of a shared credentials file, into the keychain.
local desktop = require "spec.support.desktop"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
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
    expect.refused(home:run { "import" }, 2, "unknown command", "aws-vault, shared")
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

    it("finds the folder where aws-vault was told to have it", function()
      folder = home.home .. "/elsewhere"
      write { corp = vault.item("corp", CORP) }
      expect_told(import(), 6, "no keyring of aws-vault was found", "--keyring")
      home.environment.AWS_VAULT_FILE_DIR = "~/elsewhere/"
      home.environment.AWS_VAULT_BACKEND = "file"
      expect_told(import(), 0, "from the folder " .. folder .. "\n", "corp: imported")
      expect.refused(import("--keyring", "kwallet"), 2, "kwallet", "secret-service|pass|file")
    end)

    it("says what of ~/.aws/config still runs aws-vault", function()
      home:write_aws_config("[profile dev]\nrole_arn = " .. world.role "Dev"
        .. "\nsource_profile = corp\ncredential_process = aws-vault export --format=json dev\n[profile x]\nregion = a\n")
      write { corp = vault.item("corp", CORP) }
      local result = expect_told(import(), 0, "[profile dev] of ~/.aws/config still runs aws-vault",
        "credentials --profile dev\n", "sentinel_role_arn = " .. world.role "Dev", "sentinel_source_profile = corp")
      assert.is_nil(result.stdout:find("[profile x]", 1, true))
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
end)
