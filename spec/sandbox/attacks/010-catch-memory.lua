-- goal: swallow running out of memory, then go on
-- class: mem
-- runs: 1
local kept = {}
pcall(function() for i = 1, 1e9 do kept[i] = ("x"):rep(1000) .. i end end)
kept = nil
return "PWNED"
