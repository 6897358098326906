-- sentinel: lua
-- The way in when everything else is down. It asks for nothing here, so that it depends on nothing:
-- the role's own trust policy in IAM demands MFA (aws:MultiFactorAuthPresent).
local s = require "sentinel"

return s.policy {
  version = "1",
  description = "Emergency access",
  rules = {
    s.rule "emergency-access" {
      effect = "allow",
      conditions = { profiles = { "emergency-admin" } },
      emergency = true,
      reason = "Emergency access; MFA is enforced on the IAM role",
      max_duration = "1h",
    },
  },
}
