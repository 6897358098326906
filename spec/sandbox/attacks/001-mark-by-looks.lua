-- goal: make a table that looks like what s.policy makes
-- class: result
-- runs: 1
return { kind = "policy", body = { version = "1", rules = { { name = "a", effect = "allow", conditions = {} } } } }
