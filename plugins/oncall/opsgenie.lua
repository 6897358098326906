--- Opsgenie: the names of those who are on call in a schedule, which are their addresses.
local answer = require "answer"
local identity = require "identity"

local VENDOR = "Opsgenie"

return function(args, _, host, wanted)
  local question = args.region == "eu" and "opsgenie_eu" or "opsgenie"
  local object = answer.object(host.http { question, schedule = args.schedule }, VENDOR)
  local data = answer.below(object, "data")
  local names = answer.list(data.onCallRecipients, VENDOR, "onCallRecipients")
  if answer.below(data, "_parent").enabled == false then
    return false, "the schedule is switched off"
  end
  local is_on_call = false
  for _, name in ipairs(names) do
    local fits = identity.fits(wanted, { email = name, id = name })
    if fits == nil then
      error(VENDOR .. " answered with a recipient without a name", 0)
    end
    is_on_call = is_on_call or fits
  end
  return is_on_call
end
