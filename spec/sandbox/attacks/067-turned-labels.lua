-- goal: a label that reads otherwise than it is: the direction of the text turned, or a line of its own
-- class: result
-- runs: 1
local s = require "sentinel"
for _, code in ipairs({ 0x2028, 0x2029, 0x202a, 0x202b, 0x202d, 0x202e, 0x2066, 0x2067, 0x2069, 0x9b, 0x7f, 0x1b }) do
  if pcall(s.check, "a" .. utf8.char(code) .. "wolla", function() return true end) then return "PWNED" end
end
if not pcall(s.check, "f\u{fc}r \u{5d0}\u{200f}", function() return true end) then return "PWNED" end
return "deny"
