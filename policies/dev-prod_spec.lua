local function role(name)
  return "arn:aws:iam::210987654321:role/" .. name
end

local WHY = "INC-42 the queue is stuck"

for _, file in ipairs { "dev-prod.yaml", "dev-prod.lua" } do
  describe(file, function()
    policy(file)

    it("gives engineers dev, on the dev roles only", function()
      for _, name in ipairs { "alice", "bob", "carol" } do
        local decision = assert.allows({ user = name, profile = "dev", role_arn = role "Dev" },
          "dev")
        assert.equal(8 * 3600, decision.max_duration)
      end
      assert.allows({ user = "carol", profile = "dev-eu", role_arn = role "DevEu" }, "dev")
      assert.denies({ user = "carol", profile = "development", role_arn = role "Dev" },
        { rule = "" })
      assert.denies({ user = "mallory", profile = "dev", role_arn = role "Dev" },
        { rule = "dev", failed = "groups" })
      for _, target in ipairs { "Prod", "Deploy" } do
        assert.denies({ user = "alice", profile = "dev", role_arn = role(target) },
          { rule = "dev-is-not-prod" })
        assert.denies({ user = "alice", profile = "dev-eu", role_arn = role(target) },
          { rule = "dev-is-not-prod" })
      end
      assert.denies({ user = "alice", profile = "dev" },
        { rule = "dev-is-not-prod", error = "fact_unknown" })
    end)

    it("lets engineers look at production", function()
      local request = { user = "carol", profile = "prod-read-only", role_arn = role "ProdReadOnly" }
      assert.equal(3600, assert.allows(request, "prod-read-only").max_duration)
      request.role_arn = role "Prod"
      assert.denies(request, { rule = "prod-read-only", failed = "roles" })
      assert.denies({ user = "mallory", profile = "prod-read-only",
        role_arn = role "ProdReadOnly" }, { rule = "prod-read-only", failed = "groups" })
      assert.denies({ user = "carol", profile = "billing", role_arn = role "ProdReadOnly" },
        { rule = "prod-read-only", failed = "profiles" })
    end)

    it("gives production to who is on call at any time, to others in working hours", function()
      local function ask(user, time, why, target)
        return { user = user, profile = "prod", role_arn = role(target or "Prod"), time = time,
          justification = why }
      end
      for _, name in ipairs { "alice", "bob" } do
        local decision = assert.allows(ask(name, "2026-01-18T03:00:00Z", WHY), "prod")
        assert.equal(3600, decision.max_duration)
      end
      assert.allows(ask("carol", "2026-01-19T09:00:00+01:00", WHY), "prod")
      assert.allows(ask("carol", "2026-01-23T16:59:59+01:00", WHY), "prod")
      assert.denies(ask("carol", "2026-01-19T08:59:59+01:00", WHY),
        { rule = "prod", failed = "any[1].time.hours" })
      assert.denies(ask("carol", "2026-01-19T17:00:00+01:00", WHY),
        { rule = "prod", failed = "any[1].time.hours" })
      for _, day in ipairs { "2026-01-17", "2026-01-18" } do
        assert.denies(ask("carol", day .. "T12:00:00+01:00", WHY),
          { rule = "prod", failed = "any[1].time.days" })
      end
      assert.denies(ask("mallory", "2026-01-19T09:00:00+01:00", WHY),
        { rule = "prod", failed = "any[1].groups" })
      assert.denies(ask("alice", "2026-01-18T03:00:00Z", WHY, "Dev"),
        { rule = "prod", failed = "roles" })
      local elsewhere = ask("alice", "2026-01-18T03:00:00Z", WHY)
      elsewhere.profile = "billing"
      assert.denies(elsewhere, { rule = "prod", failed = "profiles" })
    end)

    it("wants to know why", function()
      for _, why in ipairs { "", "too short" } do
        assert.denies({ user = "alice", profile = "prod", role_arn = role "Prod",
          justification = why ~= "" and why or nil },
          { rule = "prod", error = "requirement_unmet" })
      end
    end)
  end)
end
