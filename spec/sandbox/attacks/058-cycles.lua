-- goal: a policy that holds itself
-- class: stack
-- runs: 1
local s = require "sentinel"
local conditions, body = {}, { version = "1" }
conditions["not"], conditions.any, conditions.all = conditions, { conditions, conditions }, { conditions, conditions }
body.rules = { s.rule "a" { effect = "allow", conditions = conditions }, body }
body.groups = body
return s.policy(body)
