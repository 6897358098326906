-- goal: fill the table of short strings, which the host shares
-- class: mem
-- runs: 2
local kept = {}
local ok = pcall(function()
  for i = 1, 1e9 do
    kept[i % 20000] = ("%x"):format(i * 2654435761 & 0xffffffff) .. i
  end
end)
return ok and "deny" or "PWNED"
