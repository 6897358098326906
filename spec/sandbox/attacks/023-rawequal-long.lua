-- goal: one call compares a mebibyte for next to nothing
-- class: cpu
-- runs: 1
local a, b = ("x"):rep(1000000), ("x"):rep(1000000)
while true do
  if not rawequal(a, b) then return "PWNED" end
end
