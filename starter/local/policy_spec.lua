-- What the policy beside it has to decide: sentinel test policies/
describe("the starter policy", function()
  before_each(function() freeze("2026-01-14T10:30:00Z") end)

  it("gives dev to everyone", function()
    assert.allows({ user = "alice", profile = "dev" }, "dev-everyone")
  end)

  it("wants a reason for prod", function()
    assert.denies({ user = "alice", profile = "prod" },
      { rule = "prod-working-hours", error = "requirement_unmet" })
  end)

  it("gives nobody what no rule names", function()
    assert.denies({ user = "alice", profile = "billing" })
  end)
end)
