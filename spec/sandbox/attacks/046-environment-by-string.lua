-- goal: hide the name _ENV behind strings and comments that the checker ends later than Lua does
-- class: access
-- runs: 1
local a = "\\" local b = '\'' local c = "\z
   \"" local d = [==[ ]=] ]] ]==] --[==[ ]] ]=] ]==] local e = "\
" --[= not a long one
--[[ ]] local function find(_ENV) return rep end
if a .. b .. c .. d .. e and find("x") then return "PWNED" end
return "deny"
