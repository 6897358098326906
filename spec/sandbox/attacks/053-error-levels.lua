-- goal: a place in the host's files, or an error value that is not the one that was raised
-- class: info
-- runs: 1
local request = ...
local function shows(message)
  return type(message) == "string" and (message:find("^/") or message:find("%.c:") or message:find("/src/")
    or message:find("/lua/") or message:find("/home/") or message:find("/tmp/")) ~= nil
end
for _, level in ipairs({ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 100, 199, 200, 201, 1 << 31, 1 << 32, math.maxinteger, -1,
  math.mininteger }) do
  local ok, message = pcall(error, "text", level)
  if ok or shows(message) then return "PWNED" end
end
for _, value in ipairs({ {}, string, request or {}, function() end, true, 5, 0 / 0 }) do
  local ok, same = pcall(error, value)
  if ok or (value == value and not rawequal(value, same)) then return "PWNED" end
end
if select("#", pcall(error)) ~= 2 or select(2, pcall(error)) ~= nil then return "PWNED" end
for _, call in ipairs({ string.rep, table.concat, math.floor, type, ipairs, utf8.char, require }) do
  local _, message = pcall(call, nil)
  if shows(message) then return "PWNED" end
end
return "deny"
