-- goal: names of zones that are paths
-- class: access
-- runs: 1
local s = require "sentinel"
local name = "Etc/../../../etc/passwd"
local other = "/etc/passwd"
for _, zone in ipairs({ name, other, "localtime", "", "UTC\0x", ("A/"):rep(1000) .. "b" }) do
  if pcall(s.time, "2026-01-19T15:00:00Z", zone) then return "PWNED" end
end
return "deny"
