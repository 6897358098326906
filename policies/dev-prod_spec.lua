local function role(name)
  return "arn:aws:iam::210987654321:role/" .. name
end

local WHY = "INC-42 the queue is stuck"

for _, file in ipairs { "dev-prod.yaml", "dev-prod.lua" } do
  describe(file, function()
    policy(file)

    it("gives engineers dev, on the dev roles only", function()
      assert.allows({ user = "carol", profile = "dev", role_arn = role "Dev" }, "dev")
      assert.allows({ user = "carol", profile = "dev-eu", role_arn = role "DevEu" }, "dev")
      assert.denies({ user = "mallory", profile = "dev", role_arn = role "Dev" },
        { rule = "dev", failed = "groups" })
      assert.denies({ user = "alice", profile = "dev", role_arn = role "Prod" },
        { rule = "dev-is-not-prod" })
      assert.denies({ user = "alice", profile = "dev" },
        { rule = "dev-is-not-prod", error = "fact_unknown" })
    end)

    it("lets engineers look at production", function()
      local request = { user = "carol", profile = "prod-read-only", role_arn = role "ProdReadOnly" }
      assert.allows(request, "prod-read-only")
      request.role_arn = role "Prod"
      assert.denies(request, { rule = "prod-read-only", failed = "roles" })
      assert.denies({ user = "mallory", profile = "prod-read-only",
        role_arn = role "ProdReadOnly" }, { rule = "prod-read-only", failed = "groups" })
    end)

    it("gives production to who is on call at any time, to others in working hours", function()
      local function ask(user, time, why, target)
        return { user = user, profile = "prod", role_arn = role(target or "Prod"), time = time,
          justification = why }
      end
      assert.allows(ask("alice", "2026-01-18T03:00:00Z", WHY), "prod")
      assert.allows(ask("carol", "2026-01-19T09:00:00+01:00", WHY), "prod")
      assert.denies(ask("carol", "2026-01-19T17:00:00+01:00", WHY),
        { rule = "prod", failed = "any[1].time.hours" })
      assert.denies(ask("carol", "2026-01-18T12:00:00+01:00", WHY),
        { rule = "prod", failed = "any[1].time.days" })
      assert.denies(ask("mallory", "2026-01-19T09:00:00+01:00", WHY),
        { rule = "prod", failed = "any[1].groups" })
      assert.denies(ask("alice", "2026-01-18T03:00:00Z", WHY, "Dev"),
        { rule = "prod", failed = "roles" })
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
