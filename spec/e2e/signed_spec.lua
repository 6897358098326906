--- A signed bundle of SSM: fetched, verified and in force, or refused (policy.md, Bundles).
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local publish = require "spec.support.publish"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"
local world = require "spec.support.world"

local ARN = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"

describe("a signed bundle", function()
  local faulty, home, folder, alice, bob

  setup(function()
    faulty = servers.start_faulty()
    folder = files.temporary_folder()
    alice = publish.key(folder, "alice")
    bob = publish.key(folder, "bob")
  end)

  teardown(function()
    faulty:stop()
    files.remove(folder)
  end)

  local function settings_of(options)
    local keys = {}
    for i, key in ipairs(options.keys or { alice }) do
      keys[i] = ("%q"):format(key.line)
    end
    local lines = { "installation: " .. (options.installation or "acme-aws"), "policy:",
      "  source: \"ssm:/sentinel/policies/{profile}\"",
      "  regions: [" .. (options.regions or "us-east-1") .. "]",
      "  keys: [" .. table.concat(keys, ", ") .. "]", options.policy or "" }
    return table.concat(lines, "\n") .. "\n" .. (options.more or "")
  end

  local function configure(options)
    home:write_settings(settings_of(options or {}))
  end

  before_each(function()
    faulty:set {}
    home = world.new { endpoint = faulty.url, source = "ssm:/unused" }
    configure()
  end)

  after_each(function()
    home:remove()
  end)

  local packs = {}

  --- The packed bytes of a bundle; the same description is packed once.
  local function pack(bundle)
    local id = {}
    for key, value in pairs(bundle) do
      id[#id + 1] = key .. "=" .. tostring(value)
    end
    table.sort(id)
    id = table.concat(id, "\n")
    packs[id] = packs[id] or publish.pack(folder .. "/" .. #id .. os.time() .. math.random(1 << 40), bundle)
    return packs[id]
  end

  --- Puts one into force: bundle as for publish.write, fields as for publish.pointer.
  local function put(bundle, fields, keys, name)
    local packed = pack(bundle)
    fields = fields or {}
    fields.serial = fields.serial or bundle.serial
    fields.name = fields.name or bundle.name
    local region = publish.region(name or bundle.name or "dev", publish.pointer(packed, fields,
      keys or { alice }), (publish.parts(packed)))
    faulty:store { ["us-east-1"] = region }
    return region, packed
  end

  local function count_calls()
    local list = {}
    for _, request in ipairs(faulty:requests()) do
      list[#list + 1] = request.call
    end
    return table.concat(list, " ")
  end

  local function refused(...)
    faulty:set {}
    expect.refused(home:run { "credentials", "dev" }, 5, ...)
    assert.are.equal(0, faulty:count("sts.AssumeRole"))
  end

  it("gives credentials, and the record says who signed what", function()
    local _, packed = put { serial = 7 }
    expect.credentials(home:run { "credentials", "dev" })
    local policy = home:records()[1].policy
    assert.are.same({ "dev", "ssm:/sentinel/policies/dev", "us-east-1", 3, 7, "acme-aws", 0 },
      { policy.name, policy.source, policy.region, policy.version, policy.serial, policy.installation,
        policy.stale_s })
    assert.are.same({ alice.id }, policy.signed_by)
    local _, hash = publish.parts(packed)
    assert.are.equal(hash, policy.sha256)
  end)

  it("asks once for the pointer, once for all parts, and for no part it has", function()
    put { serial = 7 }
    expect.credentials(home:run { "credentials", "dev" })
    local calls = count_calls()
    assert.is_truthy(calls:find("ssm.GetParameters sts.AssumeRole$"), calls)
    assert.are.equal(1, faulty:count("ssm.GetParameters"))
    expect.credentials(home:run { "credentials", "dev" })
    assert.are.equal(1, faulty:count("ssm.GetParameters"))
  end)

  it("is explained, and explaining raises the floor", function()
    put { serial = 7 }
    local told = expect.json(home:run { "explain", "dev", "--json" })
    assert.are.same({ "allow", 7 }, { told.effect, told.policy.serial })
    put { serial = 6 }
    refused("older bundle", "serial 6", "serial 7 was accepted here before", "version 3", "policy rollback dev --to 7")
    expect.status(home:run { "explain", "dev" }, 5)
  end)

  it("is compared file by file", function()
    put { serial = 7 }
    publish.write(home.home .. "/new", { serial = 8, policy = publish.policy:gsub("1h", "2h") })
    local result = home:run { "policy", "diff", "ssm:/sentinel/policies/dev", "new", "--profile", "dev" }
    expect.status(result, 1)
    assert.is_truthy(result.stdout:find("\n-serial: 7\n+serial: 8\n", 1, true), result.stdout)
    assert.is_truthy(result.stdout:find("     reason: Development is open\n-    max_duration: 1h\n+    max_duration: 2h\n", 1, true),
      result.stdout)
  end)

  it("is signed by KMS keys, which are not asked", function()
    for _, kind in ipairs { "rsa", "ec" } do
      local key = publish.key(folder, kind, kind, ARN)
      configure { keys = { key } }
      put({ serial = 1 }, {}, { key })
      expect.credentials(home:run { "credentials", "dev" })
      assert.are.same({ "kms:" .. ARN }, home:records()[1].policy.signed_by)
      home:clear_log()
    end
  end)

  it("is refused where RSA-PSS has another length of salt", function()
    local key = publish.key(folder, "salty", "rsa", ARN)
    configure { keys = { key } }
    for _, salt in ipairs { "20", "max" } do
      put({ serial = 1 }, { salt = salt }, { key })
      refused("signature")
    end
  end)

  describe("is refused", function()
    it("unsigned, or signed by nobody who may, or by too few", function()
      put({}, {}, {})
      refused("is not signed")
      put({ serial = 9 }, {}, { bob })
      refused("ed25519:", "which policy.keys does not list", "serial 9 (version ")
      configure { keys = { alice, bob }, policy = "  min_signatures: 2" }
      put({}, {}, { alice })
      refused("signature")
      put({}, {}, { alice, alice })
      refused("signed twice")
      put({}, {}, { alice, bob })
      expect.credentials(home:run { "credentials", "dev" })
      configure()
      refused("which policy.keys does not list") -- bob's is nobody's now
    end)

    it("with a good signature over something else", function()
      put({}, { signed = "sentinel-bundle-v1\nacme-aws\ndev\n2\n" })
      refused("signature")
    end)

    it("outside of its validity, by the server's clock", function()
      put({}, { not_after = publish.time(-60) })
      refused("was valid until", "policy push dev DIR")
      put({}, { not_before = publish.time(600) })
      refused("is not valid before")
      put {}
      faulty:set { skew_s = 3 * 24 * 3600 }
      expect.refused(home:run { "credentials", "dev" }, 5, "was valid until")
    end)

    it("under another name, for another installation, or with another manifest", function()
      put({ name = "dev" }, {}, { alice }, "prod")
      expect.refused(home:run { "credentials", "prod" }, 5, "holds bundle \"dev\"")
      put({}, { installation = "acme-test" })
      refused("acme-test", "acme-aws")
      put({ serial = 1 }, { serial = 2 })
      refused("manifest")
      put({ name = "prod" }, { name = "dev" }, { alice }, "dev")
      refused("manifest")
      put({ installation = "acme-test" }, { installation = "acme-aws" })
      refused("manifest")
    end)

    it("without targets, and for a role that is not among them", function()
      put { targets = false }
      refused("targets")
      put { serial = 2, targets = '{dev: ["arn:aws:iam::123456789012:role/Other"]}' }
      expect.refused(home:run { "credentials", "dev" }, 3, "does not bind profile")
      assert.are.equal(0, faulty:count("sts.AssumeRole"))
    end)

    it("under a serial that was seen with other bytes, or far from it", function()
      put { serial = 7 }
      expect.credentials(home:run { "credentials", "dev" })
      put { serial = 7, policy = publish.policy:gsub("1h", "2h") }
      refused("not the bundle that was seen under its serial", "serial 7")
      put { serial = 10008 }
      refused("10000")
      put { serial = 10007 }
      expect.credentials(home:run { "credentials", "dev" })
    end)

    local function lose_state()
      for _, name in ipairs(files.list(home.home .. "/.local/state/sentinel")) do
        if name:match("%.pointer$") then
          os.remove(home.home .. "/.local/state/sentinel/" .. name)
        end
      end
    end

    it("below what the log has seen, when the state is lost", function()
      put { serial = 7 }
      expect.credentials(home:run { "credentials", "dev" })
      lose_state()
      put { serial = 6 }
      refused("older bundle", "serial 7 is in the decision log")
    end)

    it("below what a closed segment of the log has seen, and where one is gone", function()
      put { serial = 7 }
      expect.credentials(home:run { "credentials", "dev" })
      local closed = home:close_segment { "credentials", "dev" }
      lose_state()
      put { serial = 6 }
      refused("older bundle", "serial 7 is in the decision log") -- which is a new one from this record on
      assert.are.equal("failed", home:kinds())
      refused("older bundle", "serial 7 is in the decision log")
      put { serial = 7 }
      os.rename(closed, closed .. ".away")
      faulty:set {}
      expect.refused(home:run { "credentials", "dev" }, 6, "which serial of ssm:/sentinel/policies/dev was seen last",
        "begins with record 3, and no closed segment ends before it", "log verify")
      assert.are.equal(0, faulty:count("sts.AssumeRole"))
      expect.refused(home:run { "explain", "dev" }, 6, "records are missing")
      os.rename(closed .. ".away", closed)
      expect.credentials(home:run { "credentials", "dev" })
      os.remove(closed) -- no longer needed: the log itself tells
      expect.credentials(home:run { "credentials", "dev" })
      lose_state()
      put { serial = 6 }
      refused("older bundle", "serial 7 is in the decision log")
    end)

    it("by no floor that a bundle raised which nobody signed", function()
      home:write_settings("policy: {source: \"ssm:/sentinel/policies/{profile}\", regions: [us-east-1]}\ninstallation: acme-aws\n")
      put({ serial = 9007199254740991 }, {}, {})
      expect.credentials(home:run { "credentials", "dev" })
      configure()
      put { serial = 7 }
      expect.credentials(home:run { "credentials", "dev" })
    end)

    it("when its parts are others', changed, or not there", function()
      local region, packed = put { serial = 1 }
      local other = pack { serial = 1, policy = publish.policy .. "# another\n" }
      local _, hash = publish.parts(packed)
      local name = publish.folder .. "/" .. hash .. "/0"
      region[name] = { { Value = publish.base64(other:sub(1, 3072)) } }
      faulty:store { ["us-east-1"] = region }
      refused("are not the bundle that its pointer names")
      region[name] = { { Value = "AAAA!" } }
      faulty:store { ["us-east-1"] = region }
      refused("base64")
      region[name] = nil
      faulty:store { ["us-east-1"] = region }
      refused("is not there", name)
    end)

    it("when policy.keys is set, and installation is not", function()
      put {}
      home:write_settings(settings_of({}):gsub("installation: acme%-aws\n", ""))
      refused("installation")
    end)

    it("and so is a bare one where signatures are counted, and no key is listed", function()
      home:write_settings("policy: {source: \"ssm:/sentinel/policies/{profile}\", regions: [us-east-1], min_signatures: 1}\n")
      faulty:store { ["us-east-1"] = publish.region("dev", publish.policy) }
      refused("policy.min_signatures is set, and policy.keys is not")
    end)

    it("and so is a bare policy", function()
      faulty:store { ["us-east-1"] = publish.region("dev", publish.policy) }
      refused("not signed")
      home:write("dev.yaml", publish.policy)
      local try = { "explain", "dev", "--policy", "dev.yaml", "--user", "alice" }
      expect.refused(home:run(try), 5, "file:dev.yaml is not signed", "--config a configuration without policy.keys")
      home:write("none.yaml", "installation: acme-aws\n")
      table.move({ "--config", "none.yaml" }, 1, 2, #try + 1, try)
      expect.done(home:run(try))
      expect.refused(home:run { "policy", "diff", "ssm:/sentinel/policies/dev", "dev.yaml", "--profile", "dev" }, 5, "not signed")
    end)
  end)

  it("is kept as a copy only so often, whoever makes others", function()
    home:write_settings("policy: {source: \"ssm:/sentinel/policies/{profile}\", regions: [us-east-1]}\n")
    local cache = home.home .. "/.cache/sentinel"
    os.execute("mkdir -p -m 700 " .. files.quote(cache))
    for i = 1, 256 do
      files.write(("%s/bundle-%064d"):format(cache, i), "x", "600")
    end
    os.execute(("touch -d '1 hour ago' %s/bundle-%064d"):format(files.quote(cache), 7))
    put({ serial = 3 }, {}, {})
    expect.credentials(home:run { "credentials", "dev" })
    assert.are.equal(256, #files.list(cache))
    assert.is_falsy(files.exists(("%s/bundle-%064d"):format(cache, 7)))
  end)

  it("is believed without signatures where nobody asks for them", function()
    home:write_settings("policy: {source: \"ssm:/sentinel/policies/{profile}\", regions: [us-east-1]}\n")
    put({ serial = 3 }, {}, {})
    expect.credentials(home:run { "credentials", "dev" })
    assert.are.same({}, home:records()[1].policy.signed_by)
    put { serial = 2 }
    refused("older")
  end)

  it("says who is known by a plain name", function()
    put { more = "identity: {accounts: [\"999999999999\"]}" }
    expect.credentials(home:run { "credentials", "dev" })
    assert.are.equal("123456789012/alice", home:records()[1].user)
  end)

  it("is asked for each time where the administrator locked where it comes from", function()
    home:write_settings ""
    put { serial = 1 }
    faulty:set {}
    for _ = 1, 2 do
      local result = home:run_under(settings_of { policy = "  cache_ttl: 1h", more = "locked: [policy.source]\n" },
        { "credentials", "dev" })
      if not result then
        return pending(settings.skipped("a mount name space cannot be made here"))
      end
      expect.credentials(result)
    end
    assert.are.equal(2, faulty:count("ssm.GetParameter"))
  end)

  it("is not used for longer than the administrator's keys have it", function()
    put { serial = 1 }
    for _, case in ipairs { { "  max_stale: 0s", "max_stale: 1000h", "\"1000h\" is more than 0s, which is set in" },
      { "", "max_stale: 1000h", "more than 24h, which is the default" },
      { "", "cache_ttl: 1000h", "more than 0, which is the default" } } do
      home:write_settings(("policy: {%s}\n"):format(case[2]))
      local result = home:run_under(settings_of { policy = case[1] }, { "credentials", "dev" })
      if not result then
        return pending(settings.skipped("a mount name space cannot be made here"))
      end
      expect.refused(result, 5, case[3], "/etc/sentinel/config.yaml")
    end
    home:write_settings("policy: {max_stale: 1h, cache_ttl: 0}\n")
    expect.credentials(home:run_under(settings_of {}, { "credentials", "dev" }))
  end)

  it("is used again for cache_ttl, and verified each time", function()
    configure { policy = "  cache_ttl: 1h" }
    put { serial = 1 }
    expect.credentials(home:run { "credentials", "dev" })
    faulty:set {}
    expect.credentials(home:run { "credentials", "dev" })
    assert.is_nil(count_calls():find("ssm", 1, true))
    assert.is_truthy(home:records()[3].policy.stale_s >= 0)
    faulty:set { skew_s = 3 * 24 * 3600 }
    expect.refused(home:run { "credentials", "dev" }, 5, "was valid until")
    configure { policy = "  cache_ttl: 1h", keys = { bob } }
    refused("which policy.keys does not list")
    assert.are.equal(1, faulty:count("ssm.GetParameter"))
  end)
end)
