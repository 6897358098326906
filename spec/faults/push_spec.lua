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

  -- At once, as the server may read it.
  local function store(text)
    local path = faulty.folder .. "/store.json"
    files.write(path .. ".test", text)
    assert(os.rename(path .. ".test", path))
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

  describe("because a call fails", function()
    before_each(function()
      start_world()
      home:clear_log()
    end)

    after_each(function()
      home:remove()
    end)

    -- The first line of what it said, without what it showed before.
    local function failed(result, status, ...)
      result.stdout = ""
      return expect.refused(result, status, ...)
    end

    local PUT = "ssm.PutParameter"

    it("in the second region: says what every region has, and how to go on", function()
      faulty:set { [PUT .. "@us-west-2"] = { fault = "error", code = "AccessDeniedException", at = 3 } }
      failed(home:run(push()), 6, "it is in force in us-east-1, and as far as is known not in us-west-2",
        "ssm:PutParameter", "run the same command again")
      assert.is_truthy(expect.done(home:run { "log", "show" }):find(": failed: the push is not finished: it is in force in "
        .. "us-east-1", 1, true))
      assert.are.equal("2 1", serials())
      assert.are.equal("policy policy", home:kinds())
      local record = home:records()[2]
      assert.are.equal("failed", record.outcome)
      assert.are.same({ "us-east-1" }, record.regions)
      assert.is_truthy(record.message:find("AccessDenied", 1, true))
      faulty:set {}
      expect.done(home:run(push()))
      assert.are.equal("2 2", serials())
    end)

    it("before any pointer: the old one stays in force everywhere", function()
      faulty:set { [PUT .. "@us-west-2"] = { fault = "error", code = "AccessDeniedException" } }
      failed(home:run(push()), 6, "as far as is known what was in force in us-east-1, us-west-2 still is")
      assert.are.equal("1 1", serials())
      assert.are.same({}, home:records()[2].regions)
    end)

    it("without an answer, and it was done all the same: that is seen", function()
      for _, effect in ipairs { true, false } do
        store(first)
        faulty:set { [PUT] = { fault = "close", at = 5, effect = effect } }
        expect.done(home:run(push()))
        faulty:set {}
        assert.are.equal("2 2", serials())
      end
    end)

    it("because too many come: they wait and go on", function()
      faulty:set { [PUT] = { fault = "error", code = "ThrottlingException", times = 6 } }
      expect.done(home:run(push()))
      assert.are.equal("2 2", serials())
    end)

    it("because a parameter is of the advanced tier and cannot be made smaller: it stays that", function()
      faulty:set { [PUT .. "@us-east-1"] = { fault = "error", code = "ValidationException", at = 3, message =
        "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter "
        .. "tier to the standard-parameter tier." } }
      expect.done(home:run(push()))
      local versions = cjson.decode(files.read(faulty.folder .. "/store.json"))["us-east-1"][POINTER]
      assert.are.equal("Advanced", versions[#versions].Tier)
      assert.are.equal("2 2", serials())
    end)

    it("because a region is down: nothing is written anywhere", function()
      faulty:set { ["*@us-west-2"] = { fault = "close" } }
      local result = home:run(push())
      expect.refused(result, 6, "SSM GetParameters in us-west-2")
      assert.are.equal(0, faulty:count(PUT))
      faulty:set {}
      assert.are.equal("1 1", serials())
      assert.are.equal("", home:kinds())
    end)

    it("because what was written is read back as something else", function()
      faulty:set { ["ssm.GetParameters@us-east-1"] = { fault = "replace", from = 4, pattern = '"Value": "[^"]*"',
        by = '"Value": "AAAA"' } }
      failed(home:run(push()), 5, "is not a part of this bundle")
      faulty:set {}
      assert.are.equal("1 1", serials())
    end)

    -- Somebody else writes in a region while the push is under way.
    local function overtake(region)
      faulty:set { ["sts.GetCallerIdentity"] = { fault = "slow", seconds = 2, at = 2 } }
      local handle = home:start(push())
      files.wait_for("its second half", 30, function()
        return faulty:count "sts.GetCallerIdentity" == 2
      end)
      local regions = cjson.decode(files.read(faulty.folder .. "/store.json"))
      local versions = regions[region][POINTER]
      versions[#versions + 1] = { Value = versions[#versions].Value, Version = versions[#versions].Version + 1,
        Type = "String" }
      store(cjson.encode(regions))
      return process.finish(handle)
    end

    for region, row in pairs { ["us-east-1"] = { "nothing of it is in force", "1 1" },
      ["us-west-2"] = { "it is in force in us-east-1", "2 1" } } do
      it("because somebody else was faster in " .. region .. ": his is not written over", function()
        failed(overtake(region), 6, row[1], "somebody else wrote " .. POINTER .. " in " .. region,
          "policy history prod --region " .. region, "a serial above theirs")
        faulty:set {}
        assert.are.equal(row[2], serials())
      end)
    end

    it("because somebody else wrote at the same moment: what was written over is told", function()
      local looks = 0
      for _, call in ipairs(calls_of_a_push()) do
        if call.region == "us-east-1" and call.fields.Name == POINTER then
          break
        end
        looks = looks + (call.region == "us-east-1" and call.call == "ssm.GetParameters" and 1 or 0)
      end
      home:clear_log()
      local look = "ssm.GetParameters"
      faulty:set { [look .. "@us-east-1"] = { fault = "slow", seconds = 2, at = looks } }
      local handle = home:start(push())
      files.wait_for("the last look before it is written", 30, function()
        local count = 0
        for _, request in ipairs(faulty:requests()) do
          count = count + (request.region == "us-east-1" and request.call == look and 1 or 0)
        end
        return count == looks
      end)
      local regions = cjson.decode(files.read(faulty.folder .. "/store.json"))
      local versions = regions["us-east-1"][POINTER]
      versions[#versions + 1] = { Value = versions[#versions].Value, Version = versions[#versions].Version + 1,
        Type = "String" }
      store(cjson.encode(regions))
      failed(process.finish(handle), 6, "it is in force in us-east-1, and as far as is known not in us-west-2",
        "somebody else wrote " .. POINTER .. " in us-east-1 at the same moment", "version 3", "policy history")
      faulty:set {}
      assert.are.equal("2 1", serials())
      assert.are.same({ "us-east-1" }, home:records()[2].regions)
    end)

    it("but for its record: says that it is in force, and that nobody wrote that down", function()
      faulty:set { [PUT .. "@us-west-2"] = { fault = "slow", seconds = 2, at = 3 } }
      local handle = home:start(push())
      files.wait_for("the last pointer", 30, function()
        local count = 0
        for _, request in ipairs(faulty:requests()) do
          count = count + (request.region == "us-west-2" and request.call == PUT and 1 or 0)
        end
        return count == 3
      end)
      assert(os.rename(home.log, home.log .. ".away"))
      files.make_folder(home.log)
      failed(process.finish(handle), 6, "it is in force in us-east-1, us-west-2, and that could not be recorded", home.log)
      faulty:set {}
      os.remove(home.log)
      assert(os.rename(home.log .. ".away", home.log))
      assert.are.equal("2 2", serials())
    end)

    it("because a signal comes: it ends by it, and says what there is", function()
      faulty:set { [PUT] = { fault = "slow", seconds = 1 } }
      local handle = home:start(push())
      files.wait_for("the first part", 30, function()
        return faulty:count(PUT) > 0
      end)
      process.signal(handle, "TERM")
      local result = process.finish(handle)
      faulty:set {}
      failed(result, 143, "interrupted", "still is")
      assert.are.equal("1 1", serials())
      assert.are.equal("failed", home:records()[2].outcome)
    end)

    it("during a rollback, which is finished by its serial", function()
      expect.done(home:run(push()))
      local rollback = { "policy", "rollback", "prod", "--yes", "--key", key }
      faulty:set { [PUT .. "@us-west-2"] = { fault = "error", code = "InternalServerError", status = 500 } }
      failed(home:run(rollback), 6, "as far as is known what was in force in us-east-1, us-west-2 still is")
      faulty:set { [PUT .. "@us-west-2"] = { fault = "error", code = "AccessDeniedException", at = 3 } }
      failed(home:run(rollback), 6, "policy rollback prod --to 3")
      faulty:set {}
      expect.refused(home:run(rollback), 5, "do not hold the same", "--to 3")
      expect.done(home:run { "policy", "rollback", "prod", "--to", "3", "--yes" })
      assert.are.equal("3 3", serials())
      assert.are.equal("Old", reason())
    end)
  end)
end)
