-- goal: positions of strings and tables that overflow
-- class: crash
-- runs: 1
local far = { math.mininteger, math.mininteger + 1, -2 ^ 31 // 1 | 0, 2 ^ 31 // 1 | 0, 1 << 32, math.maxinteger }
local text, list = "abc", { 1, 2, 3 }
for _, a in ipairs(far) do
  for _, b in ipairs(far) do
    if #text:sub(a, b) > 3 or select("#", text:byte(a, b)) > 3 then return "PWNED" end
    text:find("b", a)
    text:find("b", a, true)
    text:match("b", a)
    text:gmatch("b", a)()
    pcall(utf8.len, text, a, b)
    pcall(utf8.codepoint, text, a, b)
    pcall(utf8.offset, text, a, b)
    pcall(utf8.char, a, b)
    pcall(string.char, a, b)
    local _, count = text:gsub("b", "x", a)
    if count > 1 then return "PWNED" end
  end
  if pcall(table.insert, list, a, 0) or pcall(table.remove, list, a) then return "PWNED" end
  if pcall(string.char, a) or pcall(utf8.codepoint, text, a) then return "PWNED" end
end
if #list ~= 3 or text:sub(math.mininteger, math.maxinteger) ~= "abc" then return "PWNED" end
return "deny"
