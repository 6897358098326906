-- goal: a sort whose comparisons read a mebibyte each
-- class: cpu
-- runs: 1
local long, list = ("x"):rep(1000000), {}
for i = 1, 1000 do list[i] = long end
while true do table.sort(list) end
