--- Holds when the justification names a ticket that is there, open, and the user's.
--
-- MUST
--  1. judge one ticket, the first that is named: another one that is open does not help;
--  2. raise, which denies, when an answer is not understood.
local identity = require "identity"
local key = require "key"
local people = require "people"

local PROVIDERS = { jira = require "jira", servicenow = require "servicenow" }

local function is_listed(list, value)
  for _, each in ipairs(list) do
    if each == value then
      return true
    end
  end
  return false
end

local function check_arguments(args, provider)
  if args.auth and provider ~= "servicenow" then
    error("auth is only for servicenow", 0)
  elseif args.who and is_listed(args.who, "watcher") and provider == "servicenow" then
    error("who: ServiceNow does not tell watchers by address", 0)
  end
end

return function(args, request, host)
  local provider = args.provider or "jira"
  check_arguments(args, provider)
  local wanted, why = identity.find(args, request.user)
  if not wanted then
    return false, why
  end
  local name, what_is_wanted = key.find(request.justification, provider, args.projects)
  if not name then
    return false, what_is_wanted
  end
  local ticket, missing = PROVIDERS[provider](args, host, name)
  if not ticket then
    return false, missing
  elseif not ticket.is_open then
    return false, ("%s is not open: %s"):format(name, ticket.status)
  elseif args.statuses and not is_listed(args.statuses, ticket.status) then
    return false, ("%s is %s, which is not among statuses"):format(name, ticket.status)
  end
  local is_theirs, part = ticket.find(wanted, args.who)
  return is_theirs, is_theirs and ("%s is %s of %s"):format(wanted, part, name)
    or ("%s is not %s of %s"):format(wanted, people.describe(args.who), name)
end
