-- goal: read a field of a nil that is not the request's, after one of the request that is absent
-- class: result
-- runs: 1
local request = ...
if type(request) ~= "table" or not pcall(function() return request.approval end) then
  return false
end
local other
local ways = {
  function() return request.approval == nil and other.approvers end,
  function() return request.approval == other.approvers end,
  function() local seen = request.approval local _ = seen == other.approvers end,
  function() return { request.approval.approvers, other.approvers } end,
  function() local seen = request.approval return other.approvers or seen end,
}
for _, way in ipairs(ways) do
  if pcall(way) then
    return "PWNED"
  end
end
return false
