-- goal: reach host, the stdlib's own table
-- class: access
-- runs: 1
for _, name in ipairs({ "host", "cjson", "package", "debug", "state", "marks" }) do
  local ok, value = pcall(function() return _G and _G[name] end)
  if ok and value then return "PWNED" end
end
local ok, value = pcall(function() return host end)
if ok and value ~= nil then return "PWNED" end
return "deny"
