-- goal: change the rules while they are evaluated
-- class: state
-- runs: 2
local s = require "sentinel"
local hours = s.business_hours "UTC"
hours.days[1] = "tuesday"
if s.business_hours("UTC").days[1] ~= "monday" then return "PWNED" end
return "deny"
