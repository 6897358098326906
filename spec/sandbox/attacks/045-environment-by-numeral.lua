-- goal: hide the name _ENV behind a numeral that the checker reads further than Lua does
-- class: access
-- runs: 1
local n = 0xe-1 + 0x.ep1 + .5e-1 + 3 .. 0xA
local function find(_ENV) return rep end
if n and find("x") then return "PWNED" end
return "deny"
