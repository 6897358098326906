-- sentinel: lua
-- Who may change policies: the security team, in working hours. Stored under the name policy-admin.
local s = require "sentinel"

return s.policy {
  version = "1",
  description = "Administration of policies",
  groups = { ["security-team"] = { "alice", "bob" } },
  rules = {
    s.rule "policy-administration" {
      effect = "allow",
      conditions = {
        profiles = { "policy-admin" },
        groups = { "security-team" },
        time = s.business_hours "America/New_York",
      },
      reason = "The security team administers policies in working hours",
      max_duration = "1h",
    },
  },
}
