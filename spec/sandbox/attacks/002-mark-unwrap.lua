-- goal: read or change what a mark of s.rule holds
-- class: access
-- runs: 1
local s = require "sentinel"
local mark = s.rule "x" { effect = "deny", conditions = {} }
if mark.body or mark.kind or mark.name or #mark > 0 then return "PWNED" end
for _ in pairs(mark) do return "PWNED" end
mark.body = { effect = "allow", conditions = {} }
return "PWNED"
