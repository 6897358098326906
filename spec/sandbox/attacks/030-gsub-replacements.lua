-- goal: replacements that are no text get into the text
-- class: result
-- runs: 1
local odd = {
  function() return {} end, function() return true end, function() return type end,
  { a = {} }, { a = true }, { a = string },
}
for _, replacement in ipairs(odd) do
  local ok, text = pcall(string.gsub, "a", "a", replacement)
  if ok and text ~= "a" then return "PWNED" end
end
for _, text in ipairs({ "%", "%2", "%9", "%x", "%\0", "a%" }) do
  if pcall(string.gsub, "abc", "b", text) then return "PWNED" end
end
if pcall(string.gsub, "abc", "(b", "%1") or pcall(string.gsub, "abc", "b)", "%1") then return "PWNED" end
local text, count = ("abc"):gsub("", "-", math.mininteger)
if text ~= "abc" or count ~= 0 then return "PWNED" end
return "deny"
