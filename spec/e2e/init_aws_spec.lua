--- sentinel init NAME: the plan, the folder, the key, the configuration; doing it twice, and after it was killed.
local cjson = require "cjson"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"
local shims = require "spec.support.shims"
local terminal = require "spec.support.terminal"
local world = require "spec.support.world"

local NAMED = { "init", "shop", "--installation", "acme", "--region", "us-east-1,us-west-2", "--role", world.role("Shop"),
  "--profile", "corp" }

describe("sentinel init NAME", function()
  local faulty, home

  setup(function()
    faulty = servers.start_faulty()
  end)

  teardown(function()
    faulty:stop()
  end)

  before_each(function()
    faulty:set {}
    faulty:store {}
    home = world.new { endpoint = faulty.url }
  end)

  after_each(function()
    home:remove()
  end)

  local function words(...)
    local all = { table.unpack(NAMED) }
    for _, word in ipairs { ... } do
      all[#all + 1] = word
    end
    return all
  end

  local function init(...)
    return home:run(words(...))
  end

  -- Every file of HOME with its content.
  local function look()
    local found = {}
    local pipe = io.popen(("find %s -type f"):format(files.quote(home.home)))
    for path in pipe:lines() do
      found[path:sub(#home.home + 2)] = files.read(path)
    end
    pipe:close()
    return found
  end

  -- {["README.md"] = "wrote", ...}
  local function states(document)
    local found = {}
    for _, file in ipairs(document.files) do
      found[file.path:match("^[^/]+/(.*)$")] = file.state
    end
    return found
  end

  local function assert_all(state, document)
    for path, there in pairs(states(document)) do
      assert.are.equal(state, there, path)
    end
  end

  describe("--plan", function()
    it("changes nothing, and opens no socket when the account is given", function()
      local before = look()
      local text = expect.done(home:run(words("--plan", "--account", world.account),
        { environment = { AWS_ENDPOINT_URL = "http://127.0.0.1:1" } }))
      assert.are.same(before, look())
      for _, word in ipairs { "nothing was asked of AWS", "policies/shop/bundle.yaml", "iam/terraform/publisher.tf",
        "/sentinel/policies/shop", "signing-acme.key", "installation: \"acme\"", "Nothing was changed; --yes does it." } do
        assert.is_truthy(text:find(word, 1, true), word)
      end
    end)

    it("asks STS alone for an account that is not given", function()
      local before = look()
      local document = expect.json(init("--plan", "--json"))
      assert.are.same(before, look())
      assert.are.equal(world.account, document.account)
      assert.are.equal(1, #faulty:requests())
      assert.are.equal("sts.GetCallerIdentity", faulty:requests()[1].call)
      assert_all("new", document)
      assert.are.equal(cjson.null, document.key.public)
    end)

    it("shows documents whole in the form that is asked for, and no other", function()
      local document = expect.json(init("--plan", "--json", "--format", "terraform"))
      for path in pairs(states(document)) do
        assert.is_truthy(path:match("^iam/terraform/.*%.tf$") or not path:match("^iam/"), path)
      end
      local text = expect.done(init("--plan", "--format", "json"))
      assert.is_truthy(text:find('"ssm:GetParameters"', 1, true))
      assert.is_nil(text:find("aws_iam_policy", 1, true))
    end)

    it("tells what is there, what differs, and what cannot be known yet", function()
      expect.done(init("--yes"))
      home:write("sentinel-policy/README.md", "ours\n")
      local document = expect.json(init("--plan", "--json"))
      assert.are.equal("differs", states(document)["README.md"])
      assert.are.equal("there", states(document)["policies/shop/policy.yaml"])
      document = expect.json(init("--plan", "--json", "--account", world.account))
      assert.are.equal("unknown", states(document)["policies/shop/policy.yaml"])
      assert.are.equal("there", states(document)["config.yaml"])
    end)
  end)

  it("makes folder, key and configuration, and finds them there the second time", function()
    local document = expect.json(init("--yes", "--json"))
    assert_all("wrote", document)
    assert.are.equal("wrote", document.key.state)
    assert.are.equal("wrote", document.configuration.state)
    local made = look()
    assert.are.equal(made["sentinel-policy/config.yaml"], made[".config/sentinel/config.yaml"])
    assert.is_truthy(made["sentinel-policy/config.admin.yaml"]:find("\nlocked: [installation, ", 1, true))
    document = expect.json(init("--yes", "--json"))
    assert_all("there", document)
    assert.are.equal("there", document.key.state)
    assert.are.equal("there", document.configuration.state)
    assert.are.same(made, look())
  end)

  it("makes a key that ssh-keygen reads, for nobody else to read, whose public half is configured", function()
    local document = expect.json(init("--yes", "--json"))
    local key = home.home .. "/.config/sentinel/signing-acme.key"
    local line = expect.done(process.run({ "/usr/bin/ssh-keygen", "-y", "-f", key }, home:options()))
    local blob = line:match("^ssh%-ed25519 (%S+)")
    assert.is_truthy(blob)
    local mode = process.run({ "/usr/bin/stat", "-c", "%a", key }, home:options())
    assert.are.equal("600\n", mode.stdout)
    assert.is_truthy(home:read("sentinel-policy/config.yaml"):find(document.key.public, 1, true))
    assert.are.equal(document.key.public .. "\n", expect.done(home:run { "policy", "keygen", "--public", key }))
  end)

  it("leaves what differs, and names it", function()
    home:write("sentinel-policy/policies/shop/policy.yaml", world.allow_dev)
    home:write("sentinel-policy/.gitignore", "")
    local result = init("--yes")
    local text = expect.done(result)
    assert.is_truthy(text:find("differs  policies/shop/policy.yaml", 1, true), text)
    assert.is_truthy(text:find("differs  .gitignore", 1, true), text)
    assert.is_truthy(text:find("omitted  policies/shop_spec.yaml", 1, true), text)
    assert.is_nil(home:read("sentinel-policy/policies/shop_spec.yaml"))
    assert.are.equal(world.allow_dev, home:read("sentinel-policy/policies/shop/policy.yaml"))
    assert.are.equal("", home:read("sentinel-policy/.gitignore"))
  end)

  it("puts a second policy beside the first", function()
    expect.done(init("--yes"))
    local document = expect.json(home:run { "init", "bank", "--installation", "acme", "--region", "us-east-1,us-west-2",
      "--role", world.role("Bank"), "--profile", "corp", "--yes", "--json" })
    for path, state in pairs(states(document)) do
      assert.are.equal(path:find("bank") and "wrote" or "there", state, path)
    end
  end)

  -- The third step of a run is behind the renaming of its first file, so that every run gets a little further.
  for _, step in ipairs { "3", "4" } do
    it("goes on where it was killed, before step " .. step .. " of each run", function()
      expect.done(init("--yes"))
      local whole = look()
      os.execute(("rm -rf %s/sentinel-policy %s/.config"):format(home.home, home.home))
      local runs = 0
      repeat
        runs = runs + 1
        local result = home:run(words("--yes"), { environment = shims.environment("kill_at", { SHIM_KILL_AT = step }) })
        -- The program itself, or the child that makes the key.
        assert.is_truthy(result.status == 137 or result.status == 6
          and result.stderr:find("no whole answer", 1, true), result.status .. result.stderr)
      until home:read(".config/sentinel/config.yaml") or runs == 100
      assert.is_true(runs > 20 and runs < 100, runs)
      faulty:store {}
      local document = expect.json(init("--yes", "--json"))
      assert.are.same({ "wrote", "wrote" }, { document.published[1].state, document.published[2].state })
      local made = look()
      for path, text in pairs(whole) do
        if path:find("^sentinel%-policy/") and not path:find("config") then -- the key is another one
          assert.are.equal(text, made[path], path)
        end
      end
      assert_all("there", expect.json(init("--yes", "--json")))
    end)
  end

  describe("the bundle", function()
    local function published(document)
      local found = {}
      for i, region in ipairs(document.published) do
        found[i] = ("%s %s %d"):format(region.state, region.region, region.serial)
      end
      return table.concat(found, ", ")
    end

    it("is in force in all regions, signed, and was recorded; the second time it is there", function()
      assert.are.equal("wrote us-east-1 1, wrote us-west-2 1", published(expect.json(init("--yes", "--json"))))
      local verified = expect.done(home:run { "policy", "verify", "shop", "--profile", "corp" })
      assert.is_truthy(verified:find("serial 1", 1, true), verified)
      assert.are.equal("policy policy", home:kinds())
      faulty:set {}
      assert.are.equal("there us-east-1 1, there us-west-2 1", published(expect.json(init("--yes", "--json"))))
      assert.are.equal(0, faulty:count("ssm.PutParameter"))
      assert.are.equal("policy policy", home:kinds())
    end)

    it("is put into the regions that lack it", function()
      expect.done(init("--yes"))
      local store = faulty:stored()
      store["us-west-2"] = nil
      faulty:store(store)
      assert.are.equal("there us-east-1 1, wrote us-west-2 1", published(expect.json(init("--yes", "--json"))))
    end)

    it("replaces nothing that is in force", function()
      faulty:store { ["us-west-2"] = { ["/sentinel/policies/shop"] = { { Value = world.allow_dev, Type = "String" } } } }
      local before = faulty:stored()
      local text = expect.done(init("--yes"))
      assert.is_truthy(text:find("nothing  us-east-1\n  differs  us-west-2, no signed bundle\n", 1, true), text)
      assert.is_truthy(text:find("sentinel policy push shop sentinel-policy/policies/shop --key /", 1, true), text)
      assert.are.same(before, faulty:stored())
    end)

    it("is put in force by its owner, once he has changed it", function()
      local policy = expect.done(init("--yes", "--out", "other")) and home:read("other/policies/shop/policy.yaml")
      faulty:store {}
      home:write("sentinel-policy/policies/shop/policy.yaml", policy .. "# ours\n")
      expect.done(init("--yes"))
      assert.are.same({}, faulty:stored())
      expect.done(home:run { "policy", "push", "shop", "sentinel-policy/policies/shop", "--profile", "corp", "--key",
        ".config/sentinel/signing-acme.key", "--yes" })
      assert.are.equal("there us-east-1 1, there us-west-2 1", published(expect.json(init("--yes", "--json"))))
    end)

    it("stays out of force while a spec beside it fails", function()
      home:write("sentinel-policy/policies/shop_spec.lua",
        'it("is open to bob", function() assert.allows({ user = "bob", profile = "shop" }) end)\n')
      local result = init("--yes")
      expect.status(result, 1)
      assert.is_truthy(result.stderr:find("is open to bob", 1, true), result.stderr)
      assert.are.same({}, faulty:stored())
    end)

    it("goes into force by the next run when it did not by the first", function()
      faulty:set { ["ssm.PutParameter"] = { fault = "status", status = 400 } }
      local result = init("--yes")
      expect.status(result, 6)
      assert.is_truthy(result.stderr:find("the push is not finished", 1, true), result.stderr)
      assert.is_truthy(result.stdout:find("nothing  us-east-1", 1, true), result.stdout)
      faulty:set {}
      assert.are.equal("wrote us-east-1 1, wrote us-west-2 1", published(expect.json(init("--yes", "--json"))))
    end)
  end)

  it("finds the profile's role, the configuration's installation and its regions", function()
    home:write_settings('installation: acme\npolicy: {regions: [eu-west-1]}\n')
    local document = expect.json(home:run { "init", "prod", "--profile", "corp", "--plan", "--json" })
    assert.are.same({ world.role("Prod") }, document.roles)
    assert.are.same({ "eu-west-1" }, document.regions)
    assert.are.equal("acme", document.installation)
  end)

  it("lets in who is named, or who asks", function()
    local function users_of(...)
      os.execute("rm -rf " .. home.home .. "/sentinel-policy")
      expect.done(init("--yes", ...))
      expect.done(home:run { "test", "--min-rule", "100", "--min-condition", "100", "--min-mutation", "100",
        "sentinel-policy/policies" })
      return home:read("sentinel-policy/policies/shop/policy.yaml"):match("engineers: (%[.-%])")
    end
    assert.are.equal('["alice"]', users_of())
    assert.are.equal('["bob", "role/Ops/*", "*@example.com"]', users_of("--user", "bob,role/Ops/*,*@example.com"))
    faulty:set { caller_arn = "arn:aws:sts::123456789012:assumed-role/Ops/i-0123" }
    assert.are.equal('["role/Ops/*"]', users_of())
    faulty:set { caller_arn = "arn:aws:iam::123456789012:root" }
    expect.refused(init("--plan"), 2, "root", "--user")
  end)

  describe("the configuration", function()
    it("is left when there is another one, and its lines are shown", function()
      home:write_settings("deny: {verbosity: minimal}\n")
      local text = expect.done(init("--yes"))
      assert.is_truthy(text:find("config.yaml is left as it is; it needs:", 1, true), text)
      assert.is_truthy(text:find('regions: ["us-east-1", "us-west-2"]', 1, true), text)
      assert.are.equal("deny: {verbosity: minimal}\n", home:read(".config/sentinel/config.yaml"))
    end)

    it("may say more than it needs", function()
      expect.done(init("--yes"))
      home:write_settings(home:read("sentinel-policy/config.yaml") .. "keychain: {backend: file}\n")
      assert.are.equal("there", expect.json(init("--yes", "--json")).configuration.state)
    end)

    it("is another one as soon as one key differs", function()
      expect.done(init("--yes"))
      local text = home:read("sentinel-policy/config.yaml")
      for _, change in ipairs { { '"acme"', '"acne"' }, { '"us%-east%-1", ', "" }, { "{profile}", "shop" },
        { '%["ed25519:[^"]+"%]', '["ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="]' } } do
        home:write_settings((text:gsub(change[1], change[2])))
        assert.are.equal("differs", expect.json(init("--plan", "--json")).configuration.state, change[1])
      end
    end)

    it("is the administrator's to write where he locked it", function()
      local result = home:run_under("locked: [policy.keys]\n", words("--yes"))
      if not result then
        return pending(settings.skipped "no machine with an /etc of its own can be made here")
      end
      expect.status(result, 4)
      assert.is_truthy(result.stderr:find("config.admin.yaml as /etc/sentinel/config.yaml", 1, true), result.stderr)
      assert.is_truthy(result.stdout:find("the administrator of this machine has to write:", 1, true), result.stdout)
      assert.is_nil(home:read(".config/sentinel/config.yaml"))
      assert.are.same({}, faulty:stored())
      local document = expect.json(home:run_under(home:read("sentinel-policy/config.admin.yaml"),
        { "init", "shop", "--role", world.role("Shop"), "--profile", "corp", "--yes", "--json" }))
      assert.are.equal("there", document.configuration.state)
      assert.is_true(document.configuration.locked)
      assert.are.equal("wrote", document.published[2].state)
    end)
  end)

  describe("the key", function()
    it("may be one that is there", function()
      local key = home.home .. "/ours"
      expect.done(process.run({ "/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key }, home:options()))
      local document = expect.json(init("--yes", "--json", "--key", key))
      assert.are.equal("there", document.key.state)
      assert.are.equal(home:run({ "policy", "keygen", "--public", key }).stdout, document.key.public .. "\n")
      assert.is_nil(home:read(".config/sentinel/signing-acme.key"))
    end)

    it("has to be there when --key names it, and is made by --new-key", function()
      expect.refused(init("--yes", "--key", "keys/ours"), 6, "keys/ours")
      expect.done(init("--yes", "--new-key", "keys/ours"))
      assert.is_truthy(home:read("keys/ours"))
      assert.are.equal("there", expect.json(init("--yes", "--json", "--new-key", "keys/ours")).key.state)
    end)

    it("is never readable by others", function()
      home:write("keys/ours", "x", "0644")
      expect.refused(init("--yes", "--key", "keys/ours"), 6, "keys/ours", "chmod")
    end)
  end)

  describe("without --plan and --yes", function()
    it("shows the plan, asks, and does it or not", function()
      local before = look()
      local argv = { settings.bin, table.unpack(NAMED) }
      local seen = terminal.run(home, argv, { { wait = "bundle.yaml" }, { wait = "[y/N]" }, { type = "\n" } })
      assert.are.equal(1, seen.status, seen.screen)
      assert.are.same(before, look())
      seen = terminal.run(home, argv, { { wait = "[y/N]" }, { type = "y\n" }, { wait = "wrote" } })
      assert.are.equal(0, seen.status, seen.screen)
      assert.is_truthy(home:read("sentinel-policy/README.md"))
    end)

    it("fails where nobody can be asked, and changes nothing", function()
      local before = look()
      local result = init()
      expect.status(result, 4)
      assert.is_truthy(result.stderr:find("--yes", 1, true), result.stderr)
      assert.are.same(before, look())
    end)
  end)

  it("says what is missing, and what cannot be", function()
    local role = world.role("Shop")
    local cases = {
      { { "init" }, "NAME", "--local" },
      { { "init", "a/b", "--plan" }, "a/b" },
      { { "init", "shop", "--region", "us-east-1", "--role", role, "--plan" }, "--installation" },
      { { "init", "shop", "--region", "us-east-1", "--installation", "a b", "--role", role, "--plan" }, "a b" },
      { { "init", "shop", "--region", "us-east-1", "--installation", "acme", "--plan" }, "--role" },
      { { "init", "shop", "--region", "us-east-1,cn-north-1", "--installation", "acme", "--role", role, "--plan" },
        "cn-north-1" },
      { words("--plan", "--role", role), "twice" },
      { words("--plan", "--role", "arn:aws:iam::123456789012:user/alice"), "user/alice" },
      { words("--plan", "--role", "arn:aws-cn:iam::123456789012:role/x"), "aws-cn" },
      { words("--plan", "--role", "arn:aws:iam::123456789012:role/a\"b/x"), "characters" },
      { words("--plan", "--account", "12345"), "12345", "12 digits" },
      { words("--yes", "--account", "210987654321"), "210987654321", world.account },
      { words("--plan", "--user", "*"), "everybody" },
      { words("--plan", "--user", "alice,"), "user" },
      { words("--plan", "--user", "a\"b"), "a\"b" },
      { words("--plan", "--key", "kms:alias/x"), "alias" },
      { words("--plan", "--key", "a", "--new-key", "b"), "--new-key" },
      { words("--plan", "--new-key", "keychain:x"), "keygen --keychain" },
      { words("--plan", "--format", "yaml"), "cloudformation" },
      { words("--plan", "--yes"), "--plan" },
      { words("--json"), "--plan", "--yes" },
      { { "init", "--local", "--yes" }, "--yes" },
      { { "init", "--local", "shop" }, "shop" },
    }
    local before = look()
    for _, case in ipairs(cases) do
      expect.refused(home:run(case[1]), 2, table.unpack(case, 2))
    end
    assert.are.same(before, look())
  end)

  it("tells which files it wrote before it failed", function()
    home:write("sentinel-policy/ci", "in the way\n")
    local result = init("--yes")
    expect.status(result, 6)
    assert.is_truthy(result.stderr:find("sentinel-policy/ci", 1, true), result.stderr)
    assert.is_truthy(result.stdout:find("wrote    README.md", 1, true), result.stdout)
    assert.is_truthy(result.stdout:find("new      ci/check.sh", 1, true), result.stdout)
  end)
end)
