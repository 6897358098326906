-- goal: the metatable that lets nil be indexed makes other operations on nil pass too
-- class: result
-- runs: 1
local request = ...
local none = request and request.device.os_type
if none ~= nil then return "PWNED" end
for _, try in ipairs({
  function() return none .. "" end, function() return none + 1 end, function() return #none end,
  function() return none < 1 end, function() return none() end, function() return -none end, function() none.user = 1 end,
  function() none[1] = 1 end, function() return none[1] end, function() return none[none] end,
  function() for _ in none do end end, function() return none:find("x") end, function() return none & 1 end,
  function() return none.password end, function() for _ in pairs(none) do end end, function() return rawlen(none) end,
}) do
  if pcall(try) then return "PWNED" end
end
return "deny"
