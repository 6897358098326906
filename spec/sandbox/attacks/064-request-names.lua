-- goal: names of the request that are not in its shape read as absent
-- class: result
-- runs: 1
local request = ...
if not request then return "deny" end
for _, key in ipairs({ "user\0", "User", "", "__index", "groups", "password", 1, 1.5, true, request, string, math.maxinteger }) do
  if pcall(function() return request[key] end) or pcall(function() return request.user[key] end) then return "PWNED" end
  if pcall(function() return request.device[key] end) and key ~= "os_type" then return "PWNED" end
  if pcall(function() request[key] = 1 end) then return "PWNED" end
end
if rawlen(request) ~= 0 or request == request.user or rawequal(request, {}) then return "PWNED" end
local copy = {}
for key, value in pairs(request) do copy[key] = value end
copy.user = { name = "root" }
if request.user.name ~= "alice" then return "PWNED" end
return "deny"
