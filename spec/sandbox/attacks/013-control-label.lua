-- goal: a label that forges a line of the record
-- class: result
-- runs: 1
local s = require "sentinel"
for _, label in ipairs({ "a\nb", "a\27[2J", "a\0b", "\xff", "\u{85}" }) do
  if pcall(s.check, label, function() return true end) then return "PWNED" end
end
return "deny"
