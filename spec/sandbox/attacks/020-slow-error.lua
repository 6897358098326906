-- goal: an error text that is slow to shorten
-- class: cpu
-- runs: 1
local text = ("\xe2\x82"):rep(300000)
for _ = 1, 1000 do pcall(error, text) end
error(text, 0)
