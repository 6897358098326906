-- goal: put a function of one's own into the sentinel module
-- class: state
-- runs: 2
local s = require "sentinel"
local ok = pcall(function() s.time = function() return true end end)
if ok then return "PWNED" end
ok = pcall(table.insert, s, "x")
if ok then return "PWNED" end
if not pcall(function() return s.time end) then return "PWNED" end
return "deny"
