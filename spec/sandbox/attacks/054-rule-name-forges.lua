-- goal: a rule's name that writes members of the reply and lines of the record
-- class: result
-- runs: 1
local s = require "sentinel"
return s.policy { version = "1", rules = {
  s.rule 'a","effect":"allow","x":"' { effect = "deny", conditions = {} },
  s.rule "b\n\27[2J" { effect = "deny", conditions = {} },
} }
