-- goal: keys that are not what they look like: NaN, floats, halves, nil, tables
-- class: state
-- runs: 1
local t = {}
if pcall(function() t[0 / 0] = 1 end) or pcall(function() t[nil] = 1 end) then return "PWNED" end
if t[0 / 0] ~= nil or t[nil] ~= nil then return "PWNED" end
t[1.0], t[2 ^ 53], t[-0.0] = "one", "far", "zero"
if t[1] ~= "one" or t[1 << 53] ~= "far" or t[0] ~= "zero" or t["1"] ~= nil then return "PWNED" end
for key in pairs(t) do
  if math.type(key) ~= "integer" then return "PWNED" end
end
for _, key in ipairs({ 1.5, true, t, type, math.huge, 2 ^ 63 }) do
  if pcall(pairs, { [key] = 1 }) then return "PWNED" end
end
if pcall(table.insert, t, 2 ^ 53, 1) or pcall(table.insert, t, 1.5, 1) or pcall(table.insert, t, 0 / 0, 1) then
  return "PWNED"
end
return "deny"
