--- Jira Service Management: the account ids of those who are on call, and whose the user's is.
local answer = require "answer"
local identity = require "identity"

local VENDOR = "Jira Service Management"

local function find_account(args, host, address)
  local site = args.site or error("site is missing: it is asked whose the address is", 0)
  local reply = host.http { "jsm_user", site = site, address = address }
  local people = answer.list(answer.object(reply, VENDOR), VENDOR, "users")
  local found
  for _, person in ipairs(people) do
    if type(person) == "table" and identity.fits(address, { email = person.emailAddress }) then
      if found or type(person.accountId) ~= "string" then
        error(("%s does not say which account has the address %s"):format(VENDOR, address), 0)
      end
      found = person.accountId
    end
  end
  if not found then
    error(("%s shows no account with the address %s; users can name its id"):format(VENDOR,
      address), 0)
  end
  return found
end

return function(args, _, host, wanted)
  local cloud_id = args.cloud_id or error("cloud_id is missing", 0)
  local reply = host.http { "jsm", cloud_id = cloud_id, schedule = args.schedule }
  local object = answer.object(reply, VENDOR)
  local accounts = answer.list(object.onCallUsers, VENDOR, "onCallUsers")
  if not accounts[1] then
    return false, "nobody is on call"
  end
  local account = identity.is_address(wanted) and find_account(args, host, wanted) or wanted
  local is_on_call = false
  for _, id in ipairs(accounts) do
    if type(id) ~= "string" then
      error(VENDOR .. " answered with something other than account ids", 0)
    end
    is_on_call = is_on_call or id == account
  end
  return is_on_call
end
