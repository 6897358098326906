-- goal: an address in any text that policy can make
-- class: info
-- runs: 1
local s = require "sentinel"
local values = { {}, function() end, type, ipairs({}), s, s.any, s.any {}, (...) or {}, string, ("x").rep,
  (pairs({})), ("x"):gmatch("x"), string.format }
local function shows(text)
  return type(text) == "string" and (text:find("0x%x%x%x%x") or text:find("%x%x%x%x%x%x%x%x")) ~= nil
end
for _, value in ipairs(values) do
  if shows(tostring(value)) or shows(("%s"):format(value)) or shows(("%-20s"):format(value)) then return "PWNED" end
  for _, try in ipairs({
    function() return value .. "" end, function() return value < value end, function() return value + 1 end,
    function() return #value < value end, function() return value.x.y.z end, function() return value() end,
    function() return table.concat({ value }) end, function() return ("x"):rep(value) end,
    function() return tonumber(value, 10) end, function() return ({})[value].x end, function() error(value) end,
    function() return math.floor(value) end, function() for _ = value, 1 do return end end,
    function() return utf8.char(value) end, function() return select(value) end, function() value.x = value end,
  }) do
    local _, message = pcall(try)
    if shows(message) then return "PWNED" end
  end
end
return "deny"
