-- goal: ranges of table.concat that never end or wrap around
-- class: cpu
-- runs: 1
local t = { "a", "b", [math.maxinteger] = "z", [math.mininteger] = "y" }
if table.concat(t, ",", math.maxinteger, math.maxinteger) ~= "z" then return "PWNED" end
if table.concat(t, ",", math.mininteger, math.mininteger) ~= "y" then return "PWNED" end
if table.concat(t, ",", math.maxinteger, math.mininteger) ~= "" then return "PWNED" end
for _, range in ipairs({ { 1, 3 }, { math.mininteger, math.maxinteger }, { 1, math.maxinteger },
  { math.maxinteger - 1, math.maxinteger }, { -1, 1 }, { 1.5, 2 } }) do
  if pcall(table.concat, t, ",", range[1], range[2]) then return "PWNED" end
end
for _, odd in ipairs({ {}, true, type }) do
  if pcall(table.concat, { odd }) or pcall(table.concat, { "a", "b" }, odd) then return "PWNED" end
end
local half = ("x"):rep(600000)
pcall(table.concat, { half, half })
return "PWNED"
