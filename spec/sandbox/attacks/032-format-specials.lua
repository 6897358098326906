-- goal: formats that show an address, write too far or read a value as another type
-- class: crash
-- runs: 1
for _, format in ipairs({ "%p", "%10p", "%n", "%*d", "%1$s", "%ld", "%100d", "%.100f", "%099999d", "%-+ #0123s", "%",
  "%\0", "%5", "%.", "%5.5c", "%#q", "%5q", "%ls", "%S", "%hhd", "%I64d", "%" .. ("0"):rep(1000) .. "d" }) do
  if pcall(string.format, format, 1, 2, 3) then return "PWNED" end
end
for _, value in ipairs({ {}, function() end, string, ipairs, ("x"):gmatch("x") }) do
  if pcall(string.format, "%q", value) or pcall(string.format, "%d", value) then return "PWNED" end
  if ("%s"):format(value):find("%d") then return "PWNED" end
end
for _, value in ipairs({ 0 / 0, math.huge, -math.huge, math.mininteger, 1e308, -0.0 }) do
  if #("%q"):format(value) > 40 or #("%99.99f"):format(value) > 450 then return "PWNED" end
end
if pcall(string.format, "%d", 1.5) or pcall(string.format, "%d", "x") then return "PWNED" end
if ("%c"):format(256 + 65) ~= "A" or ("%c"):format(-1) ~= "\255" then return "PWNED" end
if ("%q"):format("\0001\r\n\"\\\127") ~= "\"\\0001\\13\\\n\\\"\\\\\\127\"" then return "PWNED" end
return "deny"
