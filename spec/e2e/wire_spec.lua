--- What goes over the wire, as moto's recorder saw it (moto itself ignores SourceIdentity and
-- tags).
local expect = require "spec.support.expect"
local stage = require "spec.support.stage"
local process = require "spec.support.process"

describe("on the wire", function()
  local moto, home

  setup(function()
    moto = stage.moto()
  end)

  teardown(function()
    moto:stop()
  end)

  after_each(function()
    home:remove()
  end)

  local function assume_role(arguments, options)
    home = stage.world(moto, options)
    moto:forget()
    expect.credentials(home:run(arguments or { "credentials", "dev" }))
    local requests = moto:requests_for("AssumeRole")
    assert.are.equal(1, #requests)
    return requests[1].fields, home:records()[1]
  end

  it("an allow carries SourceIdentity, a session name and the role of the record", function()
    local fields, decision = assume_role()
    assert.are.equal("sentinel=alice=direct=" .. decision.request_id, fields.SourceIdentity)
    assert.are.equal(decision.source_identity, fields.SourceIdentity)
    assert.are.equal("sentinel:alice:direct:" .. decision.request_id, decision.session_id)
    assert.are.equal(decision.request_id .. "-alice", fields.RoleSessionName)
    assert.are.equal("arn:aws:iam::123456789012:role/Dev", fields.RoleArn)
    assert.are.equal("3600", fields.DurationSeconds)
    assert.is_truthy(decision.request_id:match("^%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x$"))
  end)

  it("an allow carries both tags, and SentinelRecord is the record that is in the log", function()
    local fields, decision = assume_role()
    local tags = {}
    for i = 1, 2 do
      tags[fields["Tags.member." .. i .. ".Key"]] = fields["Tags.member." .. i .. ".Value"]
    end
    assert.are.equal(decision.session_id, tags.SentinelSession)
    local chain, seq, sha256 = tags.SentinelRecord:match("^([%x-]+)%.(%d+)%.(%x+)$")
    assert.are.equal(decision.chain, chain)
    assert.are.equal(decision.seq, tonumber(seq))
    local line = home:read(".local/state/sentinel/decisions.jsonl"):match("^([^\n]*)\n")
    local hash = process.run({ "/usr/bin/sha256sum" }, { stdin = line }).stdout:match("^%x+")
    assert.are.equal(hash, sha256)
    assert.is_nil(fields["TransitiveTagKeys.member.1"])
  end)

  it("tags can be switched off", function()
    local fields = assume_role(nil, { settings = "tags: \"off\"\n" })
    assert.is_nil(fields["Tags.member.1.Key"])
    assert.is_truthy(fields.SourceIdentity)
  end)

  it("an external id goes out with the role", function()
    local world = require "spec.support.world"
    local fields = assume_role(nil, { config = world.profile("dev", "Dev",
      "sentinel_external_id = blue-42") })
    assert.are.equal("blue-42", fields.ExternalId)
  end)

  it("every request is signed, and the secret is in none of them", function()
    assume_role()
    for _, request in ipairs(moto:requests()) do
      assert.is_truthy(request.headers.authorization:match("^AWS4%-HMAC%-SHA256 Credential="
        .. moto.keys.alice.id))
      for _, value in pairs(request.headers) do
        assert.is_nil(value:find(moto.keys.alice.secret, 1, true))
      end
      assert.is_nil(request.body:find(moto.keys.alice.secret, 1, true))
    end
    assert.are.equal(3, #moto:requests())
  end)

  it("a deny sends no AssumeRole", function()
    home = stage.world(moto)
    moto:forget()
    expect.refused(home:run { "credentials", "prod" }, 3)
    assert.are.equal(2, #moto:requests())
    assert.are.equal(0, #moto:requests_for("AssumeRole"))
  end)

  it("a refused policy sends nothing after the policy", function()
    home = stage.world(moto)
    moto:forget()
    expect.refused(home:run { "credentials", "broken" }, 5, "nmae")
    assert.are.equal(0, #moto:requests_for("AssumeRole"))
  end)

  it("a refused policy file, an unknown profile and explain do not even load the network",
    function()
    home = stage.world(moto, { policy = stage.policies.broken })
    local good = home:write("good.yaml", stage.policies.dev)
    local function loads_network(arguments)
      local result = process.run({ require("spec.support.settings").bin, table.unpack(arguments) },
        home:options { environment = { LD_DEBUG = "files" } })
      return result.stderr:find("/net.so", 1, true) ~= nil
    end
    assert.is_false(loads_network { "credentials", "dev" })
    assert.is_false(loads_network { "credentials", "devv" })
    assert.is_false(loads_network { "explain", "dev", "--user", "alice", "--policy", good })
    for _ = 1, 2 do -- the second time the policy is known, and its loading is not waited for
      assert.is_true(loads_network { "credentials", "dev", "--policy", good })
    end
    assert.is_false(loads_network { "credentials", "dev" })
  end)

  it("a refused policy file and an unknown profile send nothing at all", function()
    home = stage.world(moto, { policy = stage.policies.broken })
    moto:forget()
    expect.refused(home:run { "credentials", "dev" }, 5)
    expect.refused(home:run { "credentials", "devv" }, 5, "devv")
    assert.are.equal(0, #moto:requests())
  end)
end)
