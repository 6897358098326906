-- goal: numerals in the text that become other numbers than they read
-- class: result
-- runs: 1
if 9223372036854775808 ~= 2 ^ 63 or math.type(9223372036854775808) ~= "float" then return "PWNED" end
if 0xffffffffffffffffff ~= -1 or 0x7fffffffffffffff ~= math.maxinteger then return "PWNED" end
if 1e400 ~= math.huge or 1e-400 ~= 0 or 0x.8p1 ~= 1 or 0xA.8p0 ~= 10.5 or 3. ~= 3 or .5e1 ~= 5 then return "PWNED" end
for _, text in ipairs({ "0x", "1e", "1e+", "0x1p", "1..2", "1_000", "0b1", "1 2", "1\0", "inf", "nan", "0xg", "1e5x", "--1",
  "infinity", "nan(1)", "1n", "0x1p+", "\u{661}", "" }) do
  if tonumber(text) then return "PWNED" end
end
for base, text in pairs({ [2] = "2", [8] = "8", [10] = "a", [16] = "g", [36] = "!" }) do
  if tonumber(text, base) then return "PWNED" end
end
for _, base in ipairs({ 0, 1, 37, -10, math.maxinteger, 10.5 }) do
  if pcall(tonumber, "1", base) then return "PWNED" end
end
if pcall(tonumber, 1, 10) or pcall(tonumber, nil, 10) or tonumber(" \t-0x10\n") ~= -16 then return "PWNED" end
return "deny"
