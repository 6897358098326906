--- The repository that `sentinel init` writes: its bundle, in YAML and in Lua, and what its jobs run.
local cjson = require "cjson"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local samples = require "spec.support.samples"
local servers = require "spec.support.servers"
local world = require "spec.support.world"

describe("the repository of sentinel init", function()
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

  local function init(...)
    expect.done(home:run { "init", "shop", "--installation", "acme", "--region", "us-east-1,us-west-2", "--role",
      world.role("Shop"), "--profile", "corp", "--yes", ... })
  end

  -- Lines of a shell in the repository, in a job's environment.
  local function job(text)
    return samples.run_shell(home, "cd sentinel-policy\n" .. text, { AWS_ACCESS_KEY_ID = home.key.id,
      AWS_SECRET_ACCESS_KEY = home.key.secret, AWS_ENDPOINT_URL = faulty.url, AWS_EC2_METADATA_DISABLED = "true",
      AWS_REGION = "us-east-1", SENTINEL_SIGNING_KEY = home:read(".config/sentinel/signing-acme.key"),
      TMPDIR = home.temporary, GIT_CONFIG_COUNT = "2", GIT_CONFIG_KEY_0 = "user.email", GIT_CONFIG_VALUE_0 = "a@example.com",
      GIT_CONFIG_KEY_1 = "user.name", GIT_CONFIG_VALUE_1 = "a" })
  end

  local function serial(number)
    local path = "sentinel-policy/policies/shop/bundle.yaml"
    home:write(path, (home:read(path):gsub("serial: %d+", "serial: " .. number)))
  end

  for _, language in ipairs { "YAML", "Lua" } do
    it("has a bundle in " .. language .. " that is valid, clean, and tested whole", function()
      init(table.unpack(language == "Lua" and { "--lua" } or {}))
      local bundle = "sentinel-policy/policies/shop"
      assert.are.equal(language == "Lua", files.exists(("%s/%s/policy.lua"):format(home.home, bundle)))
      assert.are.equal("1 policy is valid\n", expect.done(home:run { "policy", "validate", bundle }))
      assert.are.equal("1 policy is clean\n", expect.done(home:run { "policy", "lint", bundle }))
      expect.done(home:run { "test", "--min-rule", "100", "--min-condition", "100", "--min-mutation", "100",
        "sentinel-policy/policies" })
      os.remove(home.home .. "/.config/sentinel/config.yaml") -- which wants signatures
      local function decide(user, profile, role, justification)
        return expect.json(home:run { "explain", "--policy", bundle, "--json", "--request",
          home:write("request.json", cjson.encode { user = user, profile = profile, role_arn = world.role(role),
            justification = justification }) })
      end
      assert.are.equal("allow", decide("alice", "shop", "Shop", "INC-42 it is stuck").effect)
      assert.are.equal("requirement_unmet", decide("alice", "shop", "Shop").error)
      assert.are.equal("target_mismatch", decide("alice", "shop", "Prod", "INC-42 it is stuck").error)
      assert.are.equal("deny", decide("bob", "shop", "Shop", "INC-42 it is stuck").effect)
    end)
  end

  it("has jobs that check, put in force what changed, and renew it", function()
    init()
    local function in_force()
      local text = expect.done(home:run { "policy", "verify", "shop", "--profile", "corp" })
      return tonumber(text:match("serial (%d+)"))
    end
    expect.done(job "ci/check.sh && ci/check.sh --format github")
    assert.is_truthy(home:read("sentinel-policy/dist/shop.bundle"))
    assert.is_truthy(home:read("sentinel-policy/junit.xml"))
    assert.is_truthy(expect.done(job "ci/publish.sh"):find("nothing to do", 1, true))
    serial(2)
    expect.done(job "ci/publish.sh")
    assert.are.equal(2, in_force())
    faulty:set {}
    expect.done(job "sed -i 's/--valid 30d/--valid 31d/' ci/renew.sh; ci/renew.sh") -- it was signed a moment ago
    assert.are.equal(2, faulty:count("ssm.PutParameter"))
    assert.are.equal(2, in_force())
    assert.are.same({}, files.list(home.temporary))
  end)

  it("has jobs that stop at what is wrong", function()
    init()
    local path = "sentinel-policy/policies/shop/policy.yaml"
    home:write(path, (home:read(path):gsub("alice", "mallory")))
    serial(2)
    expect.status(job "ci/check.sh", 1)
    local result = job "ci/publish.sh"
    expect.status(result, 1)
    assert.is_truthy(result.stderr:find("tests of policies/shop failed", 1, true), result.stderr)
    home:write(path, "version: 2\n")
    expect.status(job "ci/check.sh", 5)
    expect.status(job "unset SENTINEL_SIGNING_KEY; ci/publish.sh", 2)
    assert.are.same({}, files.list(home.temporary))
  end)

  it("says who gains access by a change, before it is in force", function()
    init()
    expect.done(job "git init -q . && git add . && git commit -q -m x")
    local path = "sentinel-policy/policies/shop/policy.yaml"
    local text = expect.done(job "ci/compare.sh HEAD")
    assert.is_truthy(text:find("== policies/shop", 1, true), text)
    home:write(path, (home:read(path):gsub('"alice"', '"alice", "carol"')))
    text = expect.done(job "ci/compare.sh HEAD")
    assert.is_truthy(text:find("carol", 1, true), text)
    expect.done(job "mkdir policies/new && cp policies/shop/* policies/new/")
    text = expect.done(job "ci/compare.sh HEAD")
    assert.is_truthy(text:find("== policies/new\nis new\n", 1, true), text)
    home:write(path, "version: 2\n")
    expect.status(job "ci/compare.sh HEAD", 1)
    assert.are_not.equal(0, job("ci/compare.sh nothing").status)
    assert.are.same({}, files.list(home.temporary))
  end)

  it("keeps keys out of git, and is committed whole otherwise", function()
    init("--new-key", "sentinel-policy/ours.key")
    local result = job "git init -q . && git add . && git commit -q -m x && git ls-files && git status --porcelain --ignored"
    local text = expect.done(result)
    assert.is_truthy(text:find("ci/check.sh\n", 1, true), text)
    assert.is_truthy(text:find("!! ours.key\n", 1, true), text)
    assert.is_nil(text:find("??", 1, true), text)
  end)

  it("has workflows that are YAML, and run what is in ci/", function()
    init()
    for _, name in ipairs { ".github/workflows/policies.yaml", ".gitlab-ci.yml" } do
      local path = home.home .. "/sentinel-policy/" .. name
      local result = process.python { "-c", "import json, sys, yaml; print(json.dumps({str(k): v for k, v in "
        .. "yaml.safe_load(open(sys.argv[1])).items()}))", path }
      local text = expect.done(result)
      for script in text:gmatch("ci/%l+%.sh") do
        assert.is_truthy(files.exists(home.home .. "/sentinel-policy/" .. script), script)
      end
      for _, script in ipairs { "check", "compare", "publish", "renew" } do
        assert.is_truthy(text:find("ci/" .. script .. ".sh", 1, true), name .. ": " .. script)
      end
      assert.is_nil(files.read(path):find("@%u+@"))
    end
  end)
end)
