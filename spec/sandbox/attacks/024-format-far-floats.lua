-- goal: four hundred exact digits for the price of one conversion
-- class: cpu
-- runs: 1
local format, far = ("%99.99f"):rep(200), {}
for i = 1, 200 do far[i] = 1.7976931348623157e308 end
while true do
  pcall(string.format, format, table.unpack(far))
end
