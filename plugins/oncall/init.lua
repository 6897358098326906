--- Holds when the request's user is on call in a schedule.
--
-- MUST
--  1. hold only for who is on call now, in this very schedule;
--  2. raise, which denies, when an answer is not understood.
local identity = require "identity"

local PROVIDERS = {
  pagerduty = require "pagerduty",
  opsgenie = require "opsgenie",
  jsm = require "jsm",
}

-- Arguments that would be taken for a bound and are none.
local function check_arguments(args, provider)
  if args.max_level and provider ~= "pagerduty" then
    error("max_level is only for pagerduty: the others do not tell levels", 0)
  elseif args.region and provider == "jsm" then
    error("region is only for pagerduty and opsgenie", 0)
  elseif (args.cloud_id or args.site) and provider ~= "jsm" then
    error("cloud_id and site are only for jsm", 0)
  end
end

return function(args, request, host)
  local provider = args.provider or "pagerduty"
  check_arguments(args, provider)
  local wanted, why = identity.find(args, request.user)
  if not wanted then
    return false, why
  end
  local is_on_call, detail = PROVIDERS[provider](args, request, host, wanted)
  return is_on_call, detail or ("%s is %son call in schedule %s"):format(wanted,
    is_on_call and "" or "not ", args.schedule)
end
