-- goal: conditions without end, to overflow the reader's stack
-- class: stack
-- runs: 1
local s = require "sentinel"
local t = { users = { "a" } }
for _ = 1, 100000 do t = s.not_(t) end
return s.policy { version = "1", rules = { s.rule "x" { effect = "allow", conditions = t } } }
