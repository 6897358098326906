-- goal: arithmetic that traps the processor, or compares a number as another one
-- class: crash
-- runs: 1
local least, zero = math.mininteger, 0
if least // -1 ~= least or least % -1 ~= 0 or -least ~= least or math.abs(least) ~= least then return "PWNED" end
if pcall(function() return 1 // zero end) or pcall(function() return 1 % zero end) then return "PWNED" end
if pcall(math.fmod, 1, 0) or math.fmod(least, -1) ~= 0 then return "PWNED" end
if 1 << 64 ~= 0 or 1 << -1 ~= 0 or 1 >> -63 ~= least or ~0 >> 63 ~= 1 or 1 << least ~= 0 then return "PWNED" end
if pcall(function() return 1.5 | 0 end) or pcall(function() return 2 ^ 63 | 0 end) then return "PWNED" end
if math.maxinteger + 0.0 == math.maxinteger or math.maxinteger < math.maxinteger + 0.0 ~= true then return "PWNED" end
if math.tointeger(2 ^ 63) or math.tointeger(0 / 0) or math.tointeger(1.5) or math.tointeger({}) then return "PWNED" end
if math.tointeger(-2 ^ 63) ~= least or math.ult(-1, 1) or not math.ult(1, -1) then return "PWNED" end
if "10" + 1 ~= 11 or pcall(function() return "0x" + 1 end) or pcall(function() return "1e" + 1 end) then return "PWNED" end
if pcall(function() return "10" < 9 end) or "10" == 10 or pcall(function() return {} < {} end) then return "PWNED" end
return "deny"
