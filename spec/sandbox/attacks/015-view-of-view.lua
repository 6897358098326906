-- goal: unwrap the request by giving it to the module
-- class: access
-- runs: 1
local request = ...
local s = require "sentinel"
for _, make in ipairs({ s.policy, s.rule "x", s.any, s.all, s.not_ }) do
  local ok, mark = pcall(make, request or s)
  if ok and (mark.user or mark.check) then return "PWNED" end
end
return "deny"
