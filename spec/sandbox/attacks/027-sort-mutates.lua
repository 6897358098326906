-- goal: a comparator that empties, grows and sorts the table that is being sorted
-- class: crash
-- runs: 1
local function check(change)
  local t, known = {}, {}
  for i = 1, 100 do t[i] = { i } known[t[i]] = true end
  pcall(table.sort, t, function(a, b)
    if not known[a] or not known[b] then return "PWNED" end
    change(t)
    return a[1] > b[1]
  end)
  for i = 1, 100 do
    if not known[t[i]] then return true end
  end
  return false
end
for _, change in ipairs({
  function(t) for i = #t, 1, -1 do t[i] = nil end end,
  function(t) for i = 1, 1000 do t[#t + 1] = i end end,
  function(t) t[math.random and 0 or 50] = nil end,
  function(t) table.sort(t, function() return true end) end,
  function(t) table.remove(t, 1) end,
}) do
  if check(change) then return "PWNED" end
end
return "deny"
