--- sentinel policy sign, verify and pull: who signed what, until when, and what that is.
local cjson = require "cjson"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local publish = require "spec.support.publish"
local pushing = require "spec.support.pushing"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"

local ARN = "arn:aws:kms:us-west-2:123456789012:key/11111111-2222-3333-4444-55555555555"

describe("signed policy", function()
  local faulty, home, key, id

  setup(function()
    faulty = servers.start_faulty()
  end)

  teardown(function()
    faulty:stop()
  end)

  local function configure(lines)
    home:write_settings("installation: acme\npolicy:\n  regions: [us-east-1, us-west-2]\n" .. (lines or ""))
  end

  local function keys_of(...)
    local lines = {}
    for i, line in ipairs { ... } do
      lines[i] = ("%q"):format(line)
    end
    return "  keys: [" .. table.concat(lines, ", ") .. "]\n"
  end

  local function store()
    return cjson.decode(files.read(faulty.folder .. "/store.json"))
  end

  local function write_store(regions)
    files.write(faulty.folder .. "/store.json", cjson.encode(regions))
  end

  before_each(function()
    faulty:set {}
    files.write(faulty.folder .. "/store.json", "{}")
    home = pushing.world(faulty)
    key, id = pushing.key(home, "key")
    configure(keys_of(id))
    pushing.bundle(home)
  end)

  after_each(function()
    home:remove()
  end)

  local function run(command, ...)
    return home:run { "policy", command, ... }
  end

  local function push(...)
    return run("push", "prod", "prod", "--yes", ...)
  end

  local function value_in(region)
    local versions = store()[region]["/sentinel/policies/prod"]
    return versions[#versions].Value
  end

  local function pointer_in(region)
    return cjson.decode(value_in(region))
  end

  -- Changes the value that a region holds.
  local function change(region, from, to)
    local regions = store()
    local versions = regions[region]["/sentinel/policies/prod"]
    local at, last = versions[#versions].Value:find(from, 1, true)
    assert.is_truthy(at, from)
    versions[#versions].Value = versions[#versions].Value:sub(1, at - 1) .. to .. versions[#versions].Value:sub(last + 1)
    write_store(regions)
  end

  -- verify says these words, and refuses with that status.
  local function unverified(result, status, ...)
    assert.are.equal("refused", result.stdout:match("refused"))
    result.stdout = ""
    expect.refused(result, status, ...)
  end

  describe("with a key of KMS", function()
    -- Keys of the two kinds, as KMS holds them.
    local function kms_keys()
      local found = {}
      for i, kind in ipairs { "rsa", "ec" } do
        local made = publish.key(home.home, kind, kind, ARN .. i)
        found[ARN .. i] = files.read(made.path)
        home.secrets[#home.secrets + 1] = found[ARN .. i]
        os.remove(made.path)
      end
      return found
    end

    it("carries its signature over the digest, and readers verify it themselves", function()
      faulty:set { kms_keys = kms_keys() }
      local rsa = expect.done(run("keygen", "--kms", ARN .. "1")):match("%S+")
      local ec = expect.done(run("keygen", "--kms", ARN .. "2")):match("%S+")
      configure(keys_of(rsa, ec) .. "  min_signatures: 2\n")
      expect.done(push("--key", "kms:" .. ARN .. "1", "--key", "kms:" .. ARN .. "2"))
      local signatures = pointer_in("us-east-1").signatures
      assert.are.equal("RSASSA_PSS_SHA_256", signatures[1].algorithm)
      assert.are.equal("ECDSA_SHA_256", signatures[2].algorithm)
      for _, request in ipairs(faulty:requests()) do
        if request.call == "kms.Sign" then
          assert.are.equal("us-west-2", request.region)
          assert.are.equal("DIGEST", request.fields.MessageType)
          assert.are.equal(44, #request.fields.Message)
        end
      end
      faulty:set { ["kms.GetPublicKey"] = { fault = "close" }, ["kms.Sign"] = { fault = "close" } }
      expect.done(run("verify", "prod"))
    end)

    it("is not taken when the signature is not the key's", function()
      faulty:set { kms_keys = kms_keys() }
      local ec = expect.done(run("keygen", "--kms", ARN .. "2")):match("%S+")
      configure(keys_of(ec))
      faulty:set { kms_keys = kms_keys(), ["kms.Sign"] = { fault = "replace", pattern = '"Signature": "[^"]*"',
        by = '"Signature": "MAYCAQECAQE="' } }
      local result = push("--key", "kms:" .. ARN .. "2")
      expect.status(result, 6)
      assert.is_nil(store()["us-east-1"])
      assert.are.equal("", home:kinds())
    end)
  end)

  it("is not what somebody put there under its manifest", function()
    configure()
    expect.done(run("pack", "prod"))
    local forged = home:read("prod-1.bundle"):match("^[^\n]+\n") .. "no frame"
    local pointer = publish.pointer(forged, { name = "prod", installation = "acme" }, {})
    local regions = { ["us-east-1"] = publish.region("prod", pointer, (publish.parts(forged))) }
    write_store(regions)
    expect.refused(push("--key", key), 5, "serial 1 is in force in us-east-1 with another content", "serial: 2")
    assert.is_nil(store()["us-west-2"])
    assert.are.same({}, pointer_in("us-east-1").signatures)
  end)

  it("may be signed by an agent, and by a key of the keychain", function()
    local environment = { SENTINEL_FILE_PASSPHRASE = "correct horse", SENTINEL_BACKEND = "file" }
    local kept = expect.done(home:run({ "policy", "keygen", "--keychain", "release" }, { environment = environment }))
    configure(keys_of(id, kept:match("%S+")) .. "  min_signatures: 2\n")
    local socket = home.home .. "/agent"
    local agent = process.start({ "/usr/bin/ssh-agent", "-D", "-a", socket }, home:options())
    environment.SSH_AUTH_SOCK = socket
    files.wait_for("the agent", 10, function()
      return process.run({ "/usr/bin/ssh-add", "-l" }, home:options { environment = environment }).status == 1
    end)
    local added = process.run({ "/usr/bin/ssh-add", "-q", key }, home:options { environment = environment })
    local result = home:run({ "policy", "push", "prod", "prod", "--yes", "--key", "agent:", "--key", "keychain:release" },
      { environment = environment })
    process.signal(agent, "TERM")
    process.finish(agent)
    assert.are.equal(0, added.status, added.stderr)
    expect.done(result)
    assert.are.equal(2, #pointer_in("us-west-2").signatures)
    expect.done(run("verify", "prod"))
  end)

  describe("is renewed", function()
    it("for longer, in every region, with nothing else changed", function()
      expect.done(push("--key", key, "--valid", "1d"))
      local before = pointer_in("us-east-1")
      local done = expect.done(run("sign", "prod", "--renew", "--key", key, "--yes"))
      assert.is_truthy(done:find("renewed prod serial 1, sha256 " .. before.sha256:sub(1, 16), 1, true))
      local after = pointer_in("us-west-2")
      assert.is_true(after.not_after > before.not_after)
      assert.are.same(after, pointer_in("us-east-1"))
      before.not_after, before.signatures, after.not_after, after.signatures = nil, nil, nil, nil
      assert.are.same(before, after)
      expect.done(run("verify", "prod"))
      local record = home:records()[4]
      assert.are.equal("renew", record.action)
      assert.are.equal("done", record.outcome)
      expect.refused(run("sign", "prod", "--renew", "--key", key, "--valid", "1d", "--yes"), 2, "is signed until",
        "makes it longer")
    end)

    it("not when it is not valid any more: it is pushed again then, from where it is reviewed", function()
      expect.done(push("--key", key, "--valid", "1d"))
      faulty:set { skew_s = 3 * 86400 }
      local answer = expect.json(run("verify", "prod", "--json"), 5)
      assert.is_truthy(answer.regions[2].problem:find("was valid until " .. pointer_in("us-west-2").not_after, 1, true))
      assert.is_truthy(expect.done(run("pull", "prod", "--out", "old")):find("it is not valid any more since", 1, true))
      local before = pointer_in("us-west-2")
      expect.refused(run("sign", "prod", "--renew", "--key", key, "--yes"), 5, "not signed again", "serial 1 was signed until "
        .. before.not_after .. ", which has passed", "policy push prod DIR")
      expect.done(push("--key", key))
      assert.are.equal(before.sha256, pointer_in("us-west-2").sha256)
      expect.done(run("verify", "prod"))
    end)

    it("only by whom it was signed, and only what was signed", function()
      local other, other_id = pushing.key(home, "other")
      expect.done(push("--key", key, "--valid", "1d"))
      expect.refused(run("sign", "prod", "--renew", "--yes"), 2, "--key is missing")
      expect.refused(run("sign", "prod", "--renew", "--key", other, "--yes"), 2, "none of policy.keys")
      configure(keys_of(other_id))
      expect.refused(run("sign", "prod", "--renew", "--key", other, "--yes"), 5, "what lies in SSM is not signed again")
      configure()
      expect.refused(run("sign", "prod", "--renew", "--key", other, "--yes"), 5, "what lies in SSM is not signed again")
      expect.done(run("sign", "prod", "--renew", "--key", key, "--yes"))
    end)

    -- Somebody writes that value into both regions.
    local function put_in_place(value)
      local regions = store()
      for _, region in ipairs { "us-east-1", "us-west-2" } do
        local versions = regions[region]["/sentinel/policies/prod"]
        versions[#versions + 1] = { Value = value, Version = versions[#versions].Version + 1 }
      end
      write_store(regions)
    end

    -- It is not renewed, for that reason, and nothing was written.
    local function not_renewed(...)
      local before = value_in("us-west-2")
      expect.refused(run("sign", "prod", "--renew", "--key", key, "--yes"), 5, "not signed again", ...)
      assert.are.equal(before, value_in("us-west-2"))
    end

    it("not when it is an older one that somebody put back", function()
      expect.done(push("--key", key, "--valid", "1d"))
      local old = value_in("us-east-1")
      pushing.bundle(home, { serial = 2 })
      expect.done(push("--key", key, "--valid", "1d"))
      put_in_place(old)
      not_renewed("serial 1", "serial 2 was in force before", "policy rollback prod --to 2")
      expect.done(run("rollback", "prod", "--to", "2", "--key", key, "--yes"))
      assert.are.equal(2, pointer_in("us-west-2").serial)
      expect.done(run("sign", "prod", "--renew", "--key", key, "--valid", "60d", "--yes"))
    end)

    it("not when it is another bundle, of this installation or another", function()
      expect.done(push("--key", key, "--valid", "1d"))
      pushing.bundle(home, { name = "other" })
      expect.done(run("push", "other", "prod", "--key", key, "--valid", "1d", "--yes"))
      put_in_place(store()["us-east-1"]["/sentinel/policies/other"][1].Value)
      not_renewed('name is "other"')
      put_in_place(store()["us-east-1"]["/sentinel/policies/prod"][1].Value)
      home:write_settings("installation: elsewhere\npolicy:\n  regions: [us-east-1, us-west-2]\n" .. keys_of(id))
      not_renewed('installation "acme"', '"elsewhere"')
    end)

    it("not in part: where the regions differ, or a part is missing", function()
      expect.done(push("--key", key, "--valid", "1d"))
      pushing.bundle(home, { serial = 2 })
      expect.done(push("--key", key, "--valid", "1d", "--region", "us-west-2"))
      expect.refused(run("sign", "prod", "--renew", "--key", key, "--yes"), 5, "prod in us-east-1 is not what it is in us-west-2",
        "finish the push first")
      expect.done(push())
      local regions = store()
      regions["us-east-1"]["/sentinel/bundles/" .. pointer_in("us-east-1").sha256 .. "/0"] = nil
      write_store(regions)
      expect.refused(run("sign", "prod", "--renew", "--key", key, "--yes"), 5, "are missing in us-east-1")
      expect.refused(run("sign", "nobody", "--renew", "--key", key, "--yes"), 5, "no bundle nobody")
    end)
  end)

  describe("as a file", function()
    local other, other_id

    before_each(function()
      other, other_id = pushing.key(home, "other")
      configure(keys_of(id, other_id) .. "  min_signatures: 2\n")
      expect.done(run("pack", "prod"))
    end)

    it("gets one signature after the other", function()
      local done = expect.done(run("sign", "prod-1.bundle", "--key", key))
      assert.is_truthy(done:find("policy.keys asks for 2 signatures: 1 more", 1, true))
      unverified(run("verify", "prod-1.bundle"), 5, "prod-1.bundle.pointer is signed with 1 of the keys",
        "policy sign FILE.bundle --key KEY")
      local first = home:read("prod-1.bundle.pointer")
      done = expect.done(run("sign", "prod-1.bundle", "--key", other, "--key", key))
      assert.is_nil(done:find("more", 1, true))
      local pointer = cjson.decode(home:read("prod-1.bundle.pointer"))
      assert.are.same(cjson.decode(first).signatures[1], pointer.signatures[1])
      assert.are.equal(2, #pointer.signatures)
      assert.is_truthy(expect.done(run("verify", "prod-1.bundle")):find("^good  prod%-1%.bundle  prod serial 1, "))
    end)

    it("keeps its end", function()
      expect.done(run("sign", "prod-1.bundle", "--key", key, "--not-after", "2099-01-01T00:00:00Z"))
      expect.refused(run("sign", "prod-1.bundle", "--key", other, "--valid", "2d"), 2, "is signed with another end",
        "its signatures are lost")
      expect.done(run("sign", "prod-1.bundle", "--key", other))
      assert.are.equal("2099-01-01T00:00:00Z", cjson.decode(home:read("prod-1.bundle.pointer")).not_after)
    end)

    it("renews nothing with other bytes, whose content is the same", function()
      local packed = home:read("prod-1.bundle")
      local line = packed:find("\n", 1, true)
      home:write("frame.zst", packed:sub(line + 1))
      local result = process.run { "/bin/sh", "-c", 'cd "$1" && zstd -q -d frame.zst -o content && '
        .. 'zstd -q --no-check --fast=9 content -o other.zst', "sh", home.home }
      if result.status ~= 0 then
        return pending(settings.skipped("zstd is not installed"))
      end
      local other_bytes = packed:sub(1, line) .. home:read("other.zst")
      assert.are_not.equal(packed, other_bytes)
      expect.done(run("push", "prod", "prod", "--yes", "--key", key, "--key", other, "--valid", "1d"))
      home:write("prod-1.bundle", other_bytes)
      expect.done(run("sign", "prod-1.bundle", "--key", key, "--key", other))
      expect.refused(run("push", "prod", "prod-1.bundle", "--yes"), 5, "with the same content in other bytes", "serial: 2")
    end)

    -- The pointer beside it, changed by somebody who can write there.
    local function change_file(from, to)
      local text = home:read("prod-1.bundle.pointer")
      local at, last = text:find(from, 1, true)
      assert.is_truthy(at, from)
      home:write("prod-1.bundle.pointer", text:sub(1, at - 1) .. to .. text:sub(last + 1))
    end

    it("is not signed with what nobody signed before", function()
      expect.done(run("sign", "prod-1.bundle", "--key", key, "--valid", "2d"))
      local good = home:read("prod-1.bundle.pointer")
      local pointer = cjson.decode(good)
      local cases = { { pointer.not_after, "2099-01-01T00:00:00Z", 5, "is refused: " },
        { '"not_before":"-"', '"not_before":"2020-01-01T00:00:00Z"', 5, "is refused: " },
        { pointer.signatures[1].signature:sub(1, 4), "AAAA", 5, "is refused: " },
        { '"name":"prod"', '"name":"prof"', 2, "is of another bundle" },
        { '"acme"', '"evil"', 2, "is of another bundle" },
        { ('"size":%d'):format(pointer.size), '"size":1', 2, "is of another bundle" } }
      for _, case in ipairs(cases) do
        change_file(case[1], case[2])
        expect.refused(run("sign", "prod-1.bundle", "--key", other), case[3], "prod-1.bundle.pointer", case[4], "remove it")
        home:write("prod-1.bundle.pointer", good)
      end
      expect.done(run("sign", "prod-1.bundle", "--key", other))
    end)

    it("takes no end from a pointer without signatures", function()
      expect.done(run("sign", "prod-1.bundle", "--key", key, "--not-after", "2099-01-01T00:00:00Z"))
      local signatures = home:read("prod-1.bundle.pointer"):match('"signatures":%[(.*)%]')
      change_file(signatures, "")
      local function day()
        return os.date("!%Y-%m-%d", os.time() + 30 * 86400)
      end
      local before = day()
      expect.done(run("sign", "prod-1.bundle", "--key", other))
      local found = cjson.decode(home:read("prod-1.bundle.pointer")).not_after:sub(1, 10)
      assert.is_true(before <= found and found <= day(), found) -- midnight may come meanwhile
      change_file(home:read("prod-1.bundle.pointer"):match('"signatures":%[(.*)%]'), "")
      change_file(cjson.decode(home:read("prod-1.bundle.pointer")).not_after, "2099-01-01T00:00:00Z")
      expect.done(run("push", "prod", "prod-1.bundle", "--yes", "--key", key, "--key", other))
      assert.is_true(pointer_in("us-west-2").not_after < "2099")
    end)

    it("is refused when what was signed is not valid any more", function()
      expect.done(run("sign", "prod-1.bundle", "--key", key, "--valid", "1s"))
      local passed = home:read("prod-1.bundle.pointer"):gsub('"not_after":"%d+', '"not_after":"2020')
      home:write("prod-1.bundle.pointer", passed)
      expect.refused(run("sign", "prod-1.bundle", "--key", other), 2, "prod-1.bundle.pointer is not valid any more",
        "remove it")
    end)

    it("renews what is in force, by people who never meet", function()
      for _, one in ipairs { key, other } do
        expect.done(run("sign", "prod-1.bundle", "--key", one))
      end
      expect.done(run("push", "prod", "prod-1.bundle", "--yes"))
      local before = pointer_in("us-west-2")
      expect.refused(run("sign", "prod", "--renew", "--key", key, "--valid", "60d", "--yes"), 2,
        "asks for 2 signatures, and there would be 1", "policy sign")
      os.remove(home.home .. "/prod-1.bundle.pointer")
      expect.done(run("sign", "prod-1.bundle", "--key", other, "--valid", "60d"))
      expect.refused(run("push", "prod", "prod-1.bundle", "--yes"), 2, "asks for 2 signatures, and there would be 1")
      expect.done(run("sign", "prod-1.bundle", "--key", key))
      expect.done(run("push", "prod", "prod-1.bundle", "--yes"))
      local after = pointer_in("us-west-2")
      assert.is_true(after.not_after > before.not_after)
      assert.are.equal(before.sha256, after.sha256)
      assert.are.same(after, pointer_in("us-east-1"))
      expect.done(run("verify", "prod"))
      assert.is_truthy(expect.done(run("push", "prod", "prod-1.bundle", "--yes")):find("nothing to do", 1, true))
    end)

    it("is refused when it is another one, or not to be signed at all", function()
      expect.done(run("sign", "prod-1.bundle", "--key", key))
      pushing.bundle(home, { policy = pushing.POLICY:gsub("Alice", "Another") })
      os.remove(home.home .. "/prod-1.bundle")
      expect.done(run("pack", "prod"))
      expect.refused(run("sign", "prod-1.bundle", "--key", other), 2, "is of another bundle")
      configure(keys_of(id))
      unverified(run("verify", "prod-1.bundle"), 5, "prod-1.bundle.pointer is of another file")
      expect.refused(run("push", "prod", "prod-1.bundle", "--yes"), 5, "is of another bundle")
      pushing.bundle(home, { plain = true })
      expect.done(run("pack", "prod", "--out", "plain.bundle"))
      expect.refused(run("sign", "plain.bundle", "--key", key), 5, "installation")
      expect.refused(run("verify", "plain.bundle"), 6, "plain.bundle.pointer", "policy sign plain.bundle")
      expect.refused(run("sign", "prod", "--key", key), 2, '"prod" is not a packed file')
      expect.refused(run("sign", "prod-1.bundle", "--renew", "--key", key), 2, "--renew is for what is in force")
    end)
  end)

  describe("is verified", function()
    before_each(function()
      expect.done(push("--key", key))
    end)

    it("and told to people and programs", function()
      local text = expect.done(run("verify", "prod"))
      for _, words in ipairs { "good  us-east-1  prod serial 1, sha256 ", "installation  acme", "signed by     " .. id } do
        assert.is_truthy(text:find(words, 1, true), words)
      end
      local answer = expect.json(run("verify", "prod", "--json"))
      assert.is_true(answer.ok and answer.same and answer.signatures_checked)
      assert.are.equal(2, #answer.regions)
      assert.are.same({ id }, answer.regions[1].signed_by)
      configure()
      assert.is_truthy(expect.done(run("verify", "prod")):find("signatures were not checked", 1, true))
    end)

    it("in every region, and as the same in all of them", function()
      pushing.bundle(home, { serial = 2 })
      expect.done(push("--key", key, "--region", "us-west-2"))
      local answer = expect.json(run("verify", "prod", "--json"), 1)
      assert.is_false(answer.ok or answer.same)
      local result = run("verify", "prod")
      expect.status(result, 1)
      assert.is_truthy(result.stderr:find("the regions do not hold the same prod", 1, true))
    end)

    -- It is refused, and says that.
    local function refused(words)
      local result = run("verify", "prod")
      expect.status(result, 5)
      assert.is_truthy(result.stderr:find(words, 1, true), result.stderr)
      assert.is_true(expect.json(run("verify", "prod", "--json"), 5).regions[1].ok)
      local pulled = run("pull", "prod", "--region", "us-west-2", "--out", "pulled")
      expect.refused(pulled, 5, words)
      assert.is_falsy(files.exists(home.home .. "/pulled"))
    end

    it("and refused when anything of it was changed", function()
      local good = store()
      local pointer = pointer_in("us-west-2")
      for from, to in pairs { [pointer.not_after] = "2099-01-01T00:00:00Z", ['"serial":1'] = '"serial":2',
        ['"acme"'] = '"evil"', ['"name":"prod"'] = '"name":"prof"' } do
        change("us-west-2", from, to)
        refused("is refused: ")
        write_store(good)
      end
      local signature = pointer.signatures[1].signature
      change("us-west-2", signature, (signature:sub(1, 1) == "z" and "y" or "z") .. signature:sub(2))
      refused("is refused: ")
      write_store(good)
      change("us-west-2", '"size":', '"size": ')
      refused("is not written as pointers are")
      write_store(good)
      local part = "/sentinel/bundles/" .. pointer.sha256 .. "/0"
      local bytes = good["us-west-2"][part][1].Value
      local changed = store()
      changed["us-west-2"][part][1].Value = (bytes:sub(1, 40) .. (bytes:sub(41, 41) == "A" and "B" or "A") .. bytes:sub(42))
      write_store(changed)
      refused("make another one")
      changed["us-west-2"][part] = nil
      write_store(changed)
      refused("1 of the 1 parts of bundle")
    end)

    it("and refused for another installation, and where a bare policy lies", function()
      home:write_settings("installation: other\npolicy:\n  regions: [us-east-1]\n" .. keys_of(id))
      expect.status(run("verify", "prod"), 5)
      configure(keys_of(id))
      change("us-west-2", value_in("us-west-2"), pushing.POLICY)
      refused("is not signed, and policy.keys asks for signatures")
      unverified(run("verify", "nobody"), 5, "no SSM parameter /sentinel/policies/nobody")
    end)
  end)

  describe("is pulled", function()
    it("as a folder that packs to the very same content", function()
      pushing.bundle(home, { more = "max_duration: 2h\nplugins:\n  q: {version: 1.0.0, grant: {}}\n",
        policy = pushing.POLICY:gsub("users: %[alice%]", "users: [alice], q: true"), spec = false })
      home:write("prod/plugins/q/plugin.lua", 'return { name = "q", version = "1.0.0", api = 1, summary = "For tests", '
        .. 'args = {}, needs = { request = { "user" } } }\n')
      home:write("prod/plugins/q/init.lua", "return function() return true end\n")
      home:write("prod/plugins/q/README.md", "Not of the bundle\n")
      expect.done(push("--key", key))
      assert.is_truthy(expect.done(run("pull", "prod", "--out", "pulled")):find("^pulled: prod serial 1, sha256 %x+, from us%-east%-1\n"))
      assert.are.equal(home:read("prod/policy.yaml"), home:read("pulled/policy.yaml"))
      assert.are.equal(home:read("prod/plugins/q/init.lua"), home:read("pulled/plugins/q/init.lua"))
      assert.is_nil(home:read("pulled/plugins/q/README.md"))
      assert.is_truthy(expect.done(run("push", "prod", "pulled", "--yes", "--key", key)):find("nothing to do", 1, true))
    end)

    it("to where nothing is, whole or not at all", function()
      expect.done(push("--key", key))
      expect.refused(run("pull", "prod"), 6, "prod is there already", "--out DIR")
      files.make_folder(home.home .. "/empty")
      expect.refused(run("pull", "prod", "--out", "empty/"), 6, "empty is there already")
      expect.refused(run("pull", "prod", "--out", "none/pulled"), 6, "none/pulled cannot be made")
      expect.done(run("pull", "prod", "--out", "pulled"))
      local listing = io.popen("ls " .. files.quote(home.home)):read("a")
      assert.is_nil(listing:find("pulled.", 1, true))
      assert.is_nil(listing:find("prod.", 1, true))
    end)
  end)
end)
