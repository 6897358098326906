-- goal: numeric loops that wrap around or never end
-- class: cpu
-- runs: 1
local function count(first, last, step)
  local n = 0
  for _ = first, last, step do
    n = n + 1
    if n > 10 then return n end
  end
  return n
end
if count(math.maxinteger - 1, math.maxinteger, 1) ~= 2 or count(math.maxinteger, math.huge, 1) ~= 1 then return "PWNED" end
if count(math.mininteger + 1, math.mininteger, -1) ~= 2 or count(1, 0 / 0, 1) ~= 0 then return "PWNED" end
if count(math.mininteger, math.maxinteger, math.maxinteger) ~= 3 or count(1, -math.huge, 1) ~= 0 then return "PWNED" end
if pcall(count, 1, 2, 0) or pcall(count, 1, {}, 1) then return "PWNED" end
for _ = math.mininteger, math.maxinteger do end
return "PWNED"
