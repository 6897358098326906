-- goal: lengths of string.rep that wrap around to something small
-- class: mem
-- runs: 1
if ("x"):rep(-1) ~= "" or ("x"):rep(math.mininteger) ~= "" or (""):rep(math.maxinteger) ~= "" then return "PWNED" end
if ("x"):rep(1, ("s"):rep(1000)) ~= "x" or (""):rep(3, ",") ~= ",," then return "PWNED" end
if pcall(string.rep, "x", 0 / 0) or pcall(string.rep, "x", 1e300) or pcall(string.rep, "x", 2.5) then return "PWNED" end
pcall(string.rep, ("x"):rep(1 << 10), (1 << 54) + 1)
return "PWNED"
