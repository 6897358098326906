for _, file in ipairs { "emergency-admin.yaml", "emergency-admin.lua" } do
  describe(file, function()
    policy(file)

    it("opens for everyone at any time, known or not", function()
      local decision = assert.allows({ user = "anyone", profile = "emergency-admin" },
        "emergency-access")
      assert.equal(3600, decision.max_duration)
      assert.allows({ user = "role/x/y", profile = "emergency-admin", mode = "server" })
    end)

    it("is for its profile only", function()
      assert.denies({ user = "alice", profile = "emergency" }, { failed = "profiles" })
      assert.denies({ user = "alice", profile = "emergency-admin-2" }, { failed = "profiles" })
    end)
  end)
end
