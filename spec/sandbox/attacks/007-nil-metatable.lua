-- goal: make the metatable that nil has for absent fields answer for others
-- class: info
-- runs: 1
local request = ...
if not request then return "deny" end
local _ = request.device.os_type
local ok, value = pcall(function() local t = nil return t.anything end)
if ok then return "PWNED" end
ok, value = pcall(function() local t = nil t.os_type = true return t.os_type end)
if ok and value then return "PWNED" end
return "deny"
