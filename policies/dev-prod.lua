-- sentinel: lua
-- A first policy for a team: everyone works in dev, production has office hours and a written
-- reason. The first rule whose conditions all hold decides; when none does, the answer is deny.
local s = require "sentinel"

local dev = { "dev", "dev-*" }

return s.policy {
  version = "1",
  description = "Development and production",
  groups = {
    engineers = { "alice", "bob", "carol" },
    oncall = { "alice", "bob" },
  },
  rules = {
    -- A deny rule first: nothing after it can overrule it. [profile dev] may be pointed at any role
    -- in somebody's configuration, so the role itself is named.
    s.rule "dev-is-not-prod" {
      effect = "deny",
      conditions = { profiles = dev, s.not_ { roles = { "Dev*" } } },
      reason = "The dev profiles are for the dev roles only",
    },

    s.rule "dev" {
      effect = "allow",
      conditions = { profiles = dev, groups = { "engineers" } },
      reason = "Engineers work in dev at any time",
      max_duration = "8h",
    },

    s.rule "prod-read-only" {
      effect = "allow",
      conditions = {
        profiles = { "prod-read-only" },
        roles = { "ProdReadOnly" },
        groups = { "engineers" },
      },
      reason = "Looking is free",
      max_duration = "1h",
    },

    s.rule "prod" {
      effect = "allow",
      conditions = {
        profiles = { "prod" },
        roles = { "Prod" },
        s.any {
          { groups = { "oncall" } },
          { groups = { "engineers" }, time = s.business_hours "Europe/Berlin" },
        },
      },
      reason = "On call at any time, everybody else in working hours",
      max_duration = "1h",
      require = { justification = { min_length = 10 } },
    },
  },
}
