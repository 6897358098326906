-- goal: change the request with the table library
-- class: state
-- runs: 2
local request = ...
if not request then return "deny" end
for _, change in ipairs({
  function() table.insert(request, 1) end,
  function() table.sort(request.approval and request.approval.approvers or request) end,
  function() table.remove(request.user, 1) end,
  function() request.user.kind = "root" end,
}) do
  pcall(change)
end
if request.user.kind ~= "user" or pcall(function() return request[1] end) then return "PWNED" end
return "deny"
