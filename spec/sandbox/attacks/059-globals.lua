-- goal: globals that the host, or the next policy, takes for its own
-- class: state
-- runs: 2
for _, name in ipairs({ "host", "state", "s" }) do
  if pcall(function() return _G end) then return "PWNED" end
  local ok, value = pcall(function() return host or state end)
  if ok and value and name then return "PWNED" end
end
require, string, table, type, pairs, ipairs, tostring, error, pcall, math, utf8, select = nil
host, state, cjson, arg, conditions, time = {}, {}, {}, {}, {}, {}
rawlen, rawequal, assert, tonumber = function() return 0 end, function() return true end, nil, nil
evil = "PWNED"
return "deny"
