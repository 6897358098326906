-- goal: fill the stdlib's table of marks
-- class: mem
-- runs: 1
local s = require "sentinel"
for _ = 1, 1e9 do s.any {} end
return "PWNED"
