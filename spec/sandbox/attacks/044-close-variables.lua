-- goal: code that runs when a variable goes, after an error or a return
-- class: state
-- runs: 2
local s = require "sentinel"
local request = ...
for _, value in ipairs({ {}, s, s.any {}, string, "text", 1, true, request or {}, ipairs }) do
  local reached = false
  if pcall(function() local _ <close> = value reached = true end) or reached then return "PWNED" end
end
do
  local a <close>, b <const> = nil, 1
  local c <close> = false
  if a or c or b ~= 1 then return "PWNED" end
end
local ok = pcall(function()
  for _ in pairs({ 1 }), nil, nil, {} do return "PWNED" end -- the fourth value is to be closed
end)
if ok then return "PWNED" end
return "deny"
