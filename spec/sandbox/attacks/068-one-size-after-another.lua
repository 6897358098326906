-- goal: take memory for blocks of one size, give it back, and take as much for those of the next
-- class: mem
-- runs: 1
local function fill(size, bytes)
  local text, all, some = ("x"):rep(size), {}, {}
  for i = 1, bytes // (size + 56) do
    some[#some + 1] = text .. i
    if #some == 8000 then
      all[#all + 1], some = some, {}
    end
  end
  return all
end
for size = 470, 64, -16 do
  fill(size, 34 * 1024 * 1024)
end
return true
