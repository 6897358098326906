-- goal: catch the overflow of Lua's stack and do it again, for ever
-- class: stack
-- runs: 1
local function deep(n) return 1 + deep(n + 1) end
local function wide(...) return 1 + wide(1, 2, 3, 4, 5, 6, 7, 8, 9, ...) end
while true do
  pcall(deep, 1)
  pcall(wide)
  pcall(pcall, pcall, pcall, pcall, pcall, pcall, deep, 1)
end
