-- goal: names, labels, words and zones that are no text
-- class: result
-- runs: 1
local s = require "sentinel"
local request = ...
for _, value in ipairs({ {}, function() end, 5, 0 / 0, true, s, s.any {}, request or {}, string }) do
  for _, make in ipairs({
    function() return s.rule(value) end, function() return s.rule("x")(5) end, function() return s.business_hours(value) end,
    function() return s.check(value, function() return true end) end, function() return s.time(value, value) end,
    function() return s.check("x", value == value and type(value) ~= "function" and value or nil) end,
    function() return s.time("2026-01-19T15:00:00Z", value) end, function() return require(value) end,
  }) do
    if pcall(make) then return "PWNED" end
  end
end
if pcall(s.any, 5) or pcall(s.not_, "x") or pcall(s.policy) or pcall(s.check, "", function() end) then return "PWNED" end
return "deny"
