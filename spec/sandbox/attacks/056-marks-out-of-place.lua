-- goal: marks where they do not belong count as something that holds
-- class: result
-- runs: 1
local s = require "sentinel"
local rule = s.rule "inner" { effect = "allow", conditions = {} }
local policy = s.policy { version = "1", rules = { rule } }
return s.policy { version = "1", rules = {
  s.rule "a" { effect = "allow", conditions = { rule } },
  s.rule "b" { effect = "allow", conditions = { s.any { rule, policy } } },
  s.rule "c" { effect = "allow", conditions = { users = { s.check("x", function() return true end) } } },
  s.rule "d" { effect = s.any {}, conditions = s.policy {} },
  s.rule "e" { effect = "allow", conditions = { [rule] = true } },
  policy, s.check("x", function() return true end), s.not_(rule),
} }
