-- goal: an order that depends on how a table came to be, or on the process's seed
-- class: info
-- runs: 1
local names = {}
for i = 1, 200 do names[i] = ("k%d"):format(i * 7919 % 1009) end
local function order_of(first, last, step)
  local t, keys = {}, {}
  for i = first, last, step do t[names[i]] = i end
  for key in pairs(t) do keys[#keys + 1] = key end
  return table.concat(keys, " ")
end
if order_of(1, 200, 1) ~= order_of(200, 1, -1) then return "PWNED" end
local mixed, seen = { "a", "b", x = 1, [-5] = 1, [10] = 1, ["\0"] = 1, ["-6"] = 1, [math.mininteger] = 1 }, {}
for key in pairs(mixed) do seen[#seen + 1] = tostring(key) end
if table.concat(seen, ",") ~= "-9223372036854775808,-5,1,2,10,\0,-6,x" then return "PWNED" end
local same = {} -- equal values keep their places
for i = 1, 300 do same[i] = { key = i % 3, place = i } end
table.sort(same, function(a, b) return a.key < b.key end)
for i = 2, 300 do
  if same[i].key == same[i - 1].key and same[i].place < same[i - 1].place then return "PWNED" end
end
return "deny"
