-- goal: a label that fills the reply
-- class: mem
-- runs: 1
local s = require "sentinel"
s.check(("x"):rep(100000), function() return true end)
return "PWNED"
