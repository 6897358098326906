-- goal: the reader walks one emptied table again and again
-- class: cpu
-- runs: 1
local s = require "sentinel"
local long = {}
for i = 1, 60000 do long[i] = i end
for i = 1, 30000 do long["k" .. i] = i end
for i = 1, 60000 do long[i] = nil end
for i = 1, 30000 do long["k" .. i] = nil end
long.users = { "a" }
local branches, rules = {}, {}
for i = 1, 1000 do branches[i] = long end
for i = 1, 1000 do
  rules[i] = s.rule("r" .. i) { effect = "deny", conditions = { any = branches } }
end
rules[1001] = s.rule "last" { effect = "never", conditions = {} }
return s.policy { version = "1", rules = rules }
