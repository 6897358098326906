-- sentinel: lua
-- The first rule whose conditions all hold decides; if none does, the answer is deny.
local s = require "sentinel"

return s.policy {
  version = "1",
  description = "Who may use @NAME@",
  groups = { engineers = { "@USERS@" } },
  rules = {
    s.rule "no-root" {
      effect = "deny",
      conditions = { users = { "root" } },
      reason = "The root user is for what nobody else can do",
    },
    s.rule "engineers" {
      effect = "allow",
      conditions = { profiles = { "@NAME@" }, groups = { "engineers" } },
      reason = "Engineers, with a reason",
      max_duration = "1h",
      require = { justification = { min_length = 10 } },
    },
  },
}
