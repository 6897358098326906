for _, file in ipairs { "policy-admin.yaml", "policy-admin.lua" } do
  describe(file, function()
    policy(file)
    before_each(function() freeze("2026-01-19T10:00:00-05:00") end)

    it("is for the security team", function()
      for _, name in ipairs { "alice", "bob" } do
        local decision = assert.allows({ user = name, profile = "policy-admin" },
          "policy-administration")
        assert.equal(3600, decision.max_duration)
      end
      assert.denies({ user = "mallory", profile = "policy-admin" }, { failed = "groups" })
      assert.denies({ user = "role/x/alice", profile = "policy-admin" }, { failed = "groups" })
      assert.denies({ user = "alice", profile = "prod" }, { failed = "profiles" })
    end)

    it("opens at nine and closes at five in New York, summer and winter", function()
      local request = { user = "bob", profile = "policy-admin" }
      local hours = {
        { "2026-01-19T08:59:59-05:00", false }, { "2026-01-19T09:00:00-05:00", true },
        { "2026-01-23T16:59:59-05:00", true }, { "2026-01-23T17:00:00-05:00", false },
        { "2026-07-20T13:00:00Z", true }, { "2026-01-19T13:30:00Z", false },
      }
      for _, row in ipairs(hours) do
        freeze(row[1])
        if row[2] then
          assert.allows(request)
        else
          assert.denies(request, { rule = "policy-administration", failed = "time.hours" })
        end
      end
    end)

    it("is closed at the weekend", function()
      for _, day in ipairs { "2026-01-17", "2026-01-18" } do
        freeze(day .. "T10:00:00-05:00")
        assert.denies({ user = "alice", profile = "policy-admin" }, { failed = "time.days" })
      end
    end)
  end)
end
