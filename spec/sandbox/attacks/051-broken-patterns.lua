-- goal: patterns that end in the middle, so that the matcher reads on
-- class: crash
-- runs: 1
for _, pattern in ipairs({ "%", "[", "[^", "[]", "[^]", "[%", "[%]", "[a-", "[a", "%b", "%bx", "%f", "%fa", "%f[", "(", "(()",
  ")", "())", "%1", "(%1)", "(a)%2", "%0", ("()"):rep(33), ("("):rep(33), "a%", "[a-%", "[%a-", "\0[" }) do
  for _, subject in ipairs({ "", "a", "aaaa", "]", "\0" }) do
    for _, call in ipairs({ string.find, string.match, string.gsub, function(a, b) return a:gmatch(b)() end }) do
      local ok, first = pcall(call, subject, pattern, call == string.gsub and "%1" or 1)
      if ok and first and first ~= subject then return "PWNED" end
    end
  end
end
if not pcall(string.find, "", "[]]") or not ("a-"):find("[a-]$") or not ("^"):find("[x^]") then return "PWNED" end
if ("THE (quick) fox"):find("%((%a+)%)") ~= 5 or ("\0a"):find("%f[a]") ~= 2 or ("a\0"):match("%z") then
  return ("a\0"):match("%z") ~= "\0" and "PWNED" or "deny"
end
return "deny"
