-- goal: overflow the C stack through sort, gsub, pcall and s.rule in turns
-- class: stack
-- runs: 2
local depth = 0
local function down()
  depth = depth + 1
  if depth % 3 == 0 then
    table.sort({ 1, 2 }, down)
  elseif depth % 3 == 1 then
    ("a"):gsub("a", down)
  else
    assert(pcall(down))
  end
end
if pcall(down) then return "PWNED" end
if depth > 250 then return "PWNED" end
return "deny"
