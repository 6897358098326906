-- goal: a value whose type reads as boolean
-- class: result
-- runs: 1
type = function() return "boolean" end
return setmetatable and "PWNED" or { true }
