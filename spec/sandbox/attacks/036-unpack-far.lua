-- goal: more values than a stack can hold
-- class: mem
-- runs: 1
for _, range in ipairs({
  { 1, 1e7 // 1 }, { math.mininteger, math.maxinteger }, { 0, math.maxinteger }, { -1, math.maxinteger },
  { math.maxinteger - 5000000, math.maxinteger }, { 1, 2 ^ 31 }, { 1, 2 ^ 32 }, { math.mininteger, 0 },
}) do
  if pcall(table.unpack, {}, range[1], range[2]) then return "PWNED" end
end
if select("#", table.unpack({}, math.maxinteger, math.maxinteger)) ~= 1 then return "PWNED" end
if select("#", table.unpack({}, math.maxinteger, math.mininteger)) ~= 0 then return "PWNED" end
for _, n in ipairs({ 0, -100, math.mininteger, math.maxinteger, 1.5, "#x", "" }) do
  local ok, first = pcall(select, n, "a", "b")
  if ok and first ~= nil then return "PWNED" end
end
local function double(...) return double(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, ...) end
pcall(double)
return "PWNED"
