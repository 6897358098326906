-- goal: table.concat, gsub and tostring make texts of far floats for nothing
-- class: cpu
-- runs: 1
local list = {}
for i = 1, 40000 do list[i] = 1e300 + i * 1e290 end
local text, digits = ("a"):rep(10000), { a = 1.7976931348623157e308 }
while true do
  table.concat(list)
  text:gsub("a", digits)
  tostring(list[1])
end
