-- goal: a small graph that is a huge tree
-- class: cpu
-- runs: 1
local s = require "sentinel"
local t = { users = { "a" } }
for _ = 1, 7 do
  local list = {}
  for i = 1, 200 do list[i] = t end
  t = { any = list }
end
return s.policy { version = "1", rules = { s.rule "x" { effect = "allow", conditions = t } } }
