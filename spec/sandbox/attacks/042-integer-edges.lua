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
local edge = {
  [1 << 0] = 1, [1 << 1] = 1, [1 << 2] = 1, [1 << 3] = 1, [1 << 4] = 1, [1 << 5] = 1,
  [1 << 6] = 1, [1 << 7] = 1, [1 << 8] = 1, [1 << 9] = 1, [1 << 10] = 1, [1 << 11] = 1,
  [1 << 12] = 1, [1 << 13] = 1, [1 << 14] = 1, [1 << 15] = 1, [1 << 16] = 1, [1 << 17] = 1,
  [1 << 18] = 1, [1 << 19] = 1, [1 << 20] = 1, [1 << 21] = 1, [1 << 22] = 1, [1 << 23] = 1,
  [1 << 24] = 1, [1 << 25] = 1, [1 << 26] = 1, [1 << 27] = 1, [1 << 28] = 1, [1 << 29] = 1,
  [1 << 30] = 1, [1 << 31] = 1, [1 << 32] = 1, [1 << 33] = 1, [1 << 34] = 1, [1 << 35] = 1,
  [1 << 36] = 1, [1 << 37] = 1, [1 << 38] = 1, [1 << 39] = 1, [1 << 40] = 1, [1 << 41] = 1,
  [1 << 42] = 1, [1 << 43] = 1, [1 << 44] = 1, [1 << 45] = 1, [1 << 46] = 1, [1 << 47] = 1,
  [1 << 48] = 1, [1 << 49] = 1, [1 << 50] = 1, [1 << 51] = 1, [1 << 52] = 1, [1 << 53] = 1,
  [1 << 54] = 1, [1 << 55] = 1, [1 << 56] = 1, [1 << 57] = 1, [1 << 58] = 1, [1 << 59] = 1,
  [1 << 60] = 1, [1 << 61] = 1, [1 << 62] = 1, [math.maxinteger] = 1,
}
if #edge ~= math.maxinteger then return "PWNED" end
for _, position in ipairs({ 1, math.maxinteger, math.maxinteger - 1, least }) do
  pcall(table.insert, edge, position, 1)
  pcall(table.remove, edge, position)
end
pcall(table.insert, edge, 1)
pcall(table.remove, edge)
pcall(table.concat, edge)
pcall(utf8.len, "x", least)
pcall(utf8.codepoint, "x", least, least)
pcall(utf8.offset, "x", least, least)
return "deny"
