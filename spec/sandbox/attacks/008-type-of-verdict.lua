-- goal: a value whose type reads as boolean
-- class: result
-- runs: 1
type = function() return "boolean" end
if pcall(function() return setmetatable end) then return "PWNED" end
return { true }
