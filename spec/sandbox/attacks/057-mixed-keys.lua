-- goal: conditions that stand at keys which nobody reads
-- class: result
-- runs: 1
local s = require "sentinel"
local function no() return false end
return s.policy { version = "1", rules = {
  s.rule "halves" { effect = "allow", conditions = { [1.5] = no } },
  s.rule "gap" { effect = "allow", conditions = { [2] = no } },
  s.rule "zero" { effect = "allow", conditions = { [0] = no } },
  s.rule "text" { effect = "allow", conditions = { ["1"] = no } },
  s.rule "truth" { effect = "allow", conditions = { [true] = no } },
  s.rule "function" { effect = "allow", conditions = { [no] = no } },
} }
