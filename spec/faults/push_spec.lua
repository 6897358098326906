--- sentinel policy push, killed and failing at every call: a reader always gets the old bundle or the new one, whole,
-- and the same push, run again, completes it.
local cjson = require "cjson"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local pushing = require "spec.support.pushing"
local servers = require "spec.support.servers"

local REGIONS = { "us-east-1", "us-west-2" }
local POINTER = "/sentinel/policies/prod"

-- A policy that packs into two parts: what cannot be compressed is in its reasons.
local function policy(reason)
  local rules, noise = {}, pushing.noise()
  for i = 1, 60 do
    rules[i] = ("  - {name: r%d, effect: deny, conditions: {profiles: [p%d]}, reason: %s}"):format(i, i, noise(90))
  end
  return ("version: \"1\"\nrules:\n  - {name: prod-alice, effect: allow, conditions: {profiles: [prod], users: [alice]}, "
    .. "reason: %s}\n%s\n"):format(reason, table.concat(rules, "\n"))
end

describe("a push that does not come to its end", function()
  local faulty, home, key, first

  setup(function()
    faulty = servers.start_faulty()
  end)

  teardown(function()
    faulty:stop()
  end)

  local function store(text)
    files.write(faulty.folder .. "/store.json", text)
  end

  local function push(...)
    return { "policy", "push", "prod", home.home .. "/prod", "--yes", "--key", key, ... }
  end

  -- A world with serial 1 in force everywhere, and serial 2 in the folder.
  local function start_world()
    local line
    home = pushing.world(faulty)
    key, line = pushing.key(home, "key")
    home:write_settings(("installation: acme\npolicy:\n  source: %q\n  regions: [%s]\n  keys: [%q]\n"):format(
      "ssm:" .. POINTER, table.concat(REGIONS, ", "), line))
    home:write_aws_config("[profile corp]\nregion = us-east-1\n[profile prod]\nsentinel_role_arn = "
      .. "arn:aws:iam::123456789012:role/Prod\nsentinel_source_profile = corp\n")
    store "{}"
    faulty:set {}
    pushing.bundle(home, { policy = policy "Old" })
    expect.done(home:run(push()))
    first = files.read(faulty.folder .. "/store.json")
    pushing.bundle(home, { serial = 2, policy = policy "New" })
  end

  local function pointer(region)
    local parameter = cjson.decode(files.read(faulty.folder .. "/store.json"))[region][POINTER]
    return cjson.decode(parameter[#parameter].Value)
  end

  -- Each region by itself has one of the two, whole; returns "1 2" and the like.
  local function serials()
    local found = {}
    for i, region in ipairs(REGIONS) do
      local answer = expect.json(home:run { "policy", "verify", "prod", "--region", region, "--json" })
      assert.is_true(answer.ok)
      found[i] = math.tointeger(answer.regions[1].serial)
    end
    return table.concat(found, " ")
  end

  -- What a reader decides by: the rule's reason says which bundle it was.
  local function reason(...)
    local answer = expect.json(home:run { "explain", "prod", "--user", "alice", "--json", ... })
    assert.are.equal("allow", answer.effect)
    return answer.reason
  end

  local function calls_of_a_push()
    faulty:set {}
    expect.done(home:run(push()))
    local calls = faulty:requests()
    store(first)
    return calls
  end

  -- Starts it, and kills it when its n-th call has come and was (has_effect) or was not carried out.
  local function kill_at(n, has_effect)
    faulty:set { ["*"] = { fault = "hang", at = n, effect = has_effect } }
    local handle = home:start(push())
    files.wait_for("call " .. n, 30, function()
      return #faulty:requests() >= n
    end)
    process.signal(handle, "KILL")
    process.finish(handle)
    faulty:set {}
  end

  local function check_killed(n, has_effect, seen)
    store(first)
    kill_at(n, has_effect)
    local what = ("killed at call %d, %s"):format(n, has_effect and "behind its effect" or "before it")
    local found = serials()
    assert.is_truthy(({ ["1 1"] = true, ["2 1"] = true, ["2 2"] = true })[found], what .. ": " .. found)
    seen[found] = true
    assert.are.equal(found:sub(1, 1) == "1" and "Old" or "New", reason("--region", REGIONS[1]), what)
    expect.done(home:run(push()))
    assert.are.equal("2 2", serials(), what)
    assert.are.same(pointer(REGIONS[1]), pointer(REGIONS[2]), what)
    expect.status(home:run { "log", "verify" }, 0)
  end

  describe("because it is killed", function()
    setup(start_world)
    teardown(function()
      home:remove()
    end)

    it("leaves the old or the new one at every call, and is completed by the next", function()
      local calls, seen = calls_of_a_push(), {}
      assert.are.equal(20, #calls)
      for n, call in ipairs(calls) do
        check_killed(n, false, seen)
        if call.call == "ssm.PutParameter" then
          check_killed(n, true, seen)
        end
      end
      assert.are.same({ ["1 1"] = true, ["2 1"] = true, ["2 2"] = true }, seen)
    end)
  end)
end)
