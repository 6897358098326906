-- goal: swallow running out with nested pcall, then go on
-- class: cpu
-- runs: 1
local function spin() while true do end end
local function again(n) if n == 0 then return spin() end pcall(again, n - 1) return again(n - 1) end
pcall(again, 100)
return "PWNED"
