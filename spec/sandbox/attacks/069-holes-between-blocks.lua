-- goal: keep every second block, so that none of the holes between them has room for the next size
-- class: mem
-- runs: 1
local kept = {}
for power = 0, 12 do
  local size = 1000 << power
  local text, all = ("x"):rep(size), {}
  local n = 22 * 1024 * 1024 // size
  for i = 1, n do
    all[i] = text .. i
  end
  for i = 1, n, 2 do
    all[i] = false
  end
  kept[#kept + 1] = all
end
return true
