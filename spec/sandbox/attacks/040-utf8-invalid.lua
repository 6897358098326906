-- goal: bytes that are no character pass for one, or are read past their end
-- class: crash
-- runs: 1
local bad = { "\xc0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "\xfe", "\x80",
  "\xc3", "\xe2\x82", "\xf0\x9f\x92", "\xfd\xbf", "a\xfd\xbf\xbf\xbf\xbf", "\xc3a", "\xf8\x88\x80\x80\x80" }
for _, text in ipairs(bad) do
  if utf8.len(text) or pcall(utf8.codepoint, text, 1, -1) then return "PWNED" end
  if pcall(function() for _ in utf8.codes(text) do end end) then return "PWNED" end
  for n = -3, 3 do
    for i = -3, 3 do pcall(utf8.offset, text, n, i) end
  end
  pcall(utf8.len, text, 1, -1, true)
  pcall(function() for _ in utf8.codes(text, true) do end end)
end
for _, code in ipairs({ -1, 2 ^ 31, 2 ^ 63, math.mininteger, 0.5 }) do
  if pcall(utf8.char, code) then return "PWNED" end
end
if #utf8.char(0x7fffffff) ~= 6 or utf8.codepoint(utf8.char(0x10ffff)) ~= 0x10ffff then return "PWNED" end
local next_code = utf8.codes("abc")
for _, i in ipairs({ -1, 100, math.maxinteger, math.mininteger }) do
  local ok, at = pcall(next_code, "abc", i)
  if ok and at and (at < 1 or at > 3) then return "PWNED" end
end
return "deny"
