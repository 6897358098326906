-- goal: overflow the matcher's own recursion
-- class: stack
-- runs: 2
local long = ("a"):rep(200000)
for _, pattern in ipairs({ ("a?"):rep(100000), ("a*"):rep(1000) .. "b", ("(a"):rep(32) .. ("a-"):rep(100000), ("a-"):rep(50000) .. "b",
  ("[a]?"):rep(100000) .. "b", ("()"):rep(32) .. ("a*"):rep(300) .. "b" }) do
  if pcall(string.match, long, pattern .. "c") then return "PWNED" end
end
return "deny"
