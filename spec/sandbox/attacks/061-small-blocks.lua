-- goal: fill the memory with millions of the smallest blocks
-- class: mem
-- runs: 1
local t = {}
pcall(function() while true do t = { t } end end)
pcall(function() local f = type while true do local g = f f = function() return g end end end)
return "PWNED"
