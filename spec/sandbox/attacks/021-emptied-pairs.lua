-- goal: pairs over tables without keys but with a hundred thousand slots
-- class: cpu
-- runs: 1
local t = {}
for i = 1, 60000 do t[i] = i end
for i = 1, 30000 do t["k" .. i] = i end
for i = 1, 60000 do t[i] = nil end
for i = 1, 30000 do t["k" .. i] = nil end
while true do
  for _ in pairs(t) do return "PWNED" end
end
