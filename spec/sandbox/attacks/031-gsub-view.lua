-- goal: take the request apart by giving it to gsub as a table of replacements
-- class: access
-- runs: 1
local request = ...
if not request then return "deny" end
local ok = pcall(string.gsub, "user", "%w+", request) -- what is there is a table, not a text
if ok then return "PWNED" end
for _, name in ipairs({ "__index", "__metatable", "check", "1", "\0" }) do
  if name:gsub(".+", request) ~= name then return "PWNED" end
end
if request.user.name ~= "alice" then return "PWNED" end
return "deny"
