-- goal: an error within a comparator leaves half a table
-- class: state
-- runs: 2
local t = {}
for i = 1, 50 do t[i] = 51 - i end
local calls = 0
local ok = pcall(table.sort, t, function(a, b)
  calls = calls + 1
  if calls == 60 then error({}) end
  return a < b
end)
if ok then return "PWNED" end
for i = 1, 50 do
  if t[i] ~= 51 - i then return "PWNED" end
end
if pcall(table.sort, { 1, "a", {} }) then return "PWNED" end
for _, verdict in ipairs({ true, 0, "x" }) do -- never a false one: no order at all
  if not pcall(table.sort, t, function() return verdict end) then return "PWNED" end
end
return "deny"
