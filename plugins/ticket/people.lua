--- What the user is of a ticket.
local identity = require "identity"

local people = {}

local DEFAULT = { "assignee" }

--- Whether the user is one of what `who` lists.
-- @param list_of a function that gives the people ({email, id} each) for "assignee" and the like
-- @return true and which, or false. Raises when the vendor does not show who they are.
function people.find(wanted, who, vendor, list_of)
  local hidden
  for _, part in ipairs(who or DEFAULT) do
    for _, person in ipairs(list_of(part)) do
      local fits = identity.fits(wanted, person)
      if fits then
        return true, part
      elseif fits == nil then
        hidden = part
      end
    end
  end
  if hidden then
    error(("%s does not show the %s of the ticket's %s"):format(vendor,
      identity.is_address(wanted) and "address" or "id", hidden), 0)
  end
  return false
end

--- "assignee or reporter"
function people.describe(who)
  local parts = {}
  for i, part in ipairs(who or DEFAULT) do
    parts[i] = part
  end
  return table.concat(parts, " or ")
end

return people
