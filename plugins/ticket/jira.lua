--- Jira Cloud: an issue, its status and its people.
local answer = require "answer"
local people = require "people"

local VENDOR = "Jira"
local IS_OPEN = { new = true, indeterminate = true, done = false }

local function person_of(user)
  return { id = user.accountId, email = user.emailAddress }
end

local function list_of(args, host, key, fields)
  return function(part)
    if part ~= "watcher" then
      return fields[part] and { person_of(answer.below(fields, part)) } or {}
    end
    local list, reply = {}, host.http { "jira_watchers", site = args.site, key = key }
    local object = answer.object(reply, VENDOR)
    for i, user in ipairs(answer.list(object.watchers, VENDOR, "watchers")) do
      list[i] = person_of(type(user) == "table" and user or {})
    end
    return list
  end
end

-- Jira's own "there is none", and not that of some other server.
local function is_missing(reply)
  return reply.status == 404 and answer.below(reply.json, "errorMessages")[1] ~= nil
end

--- @return {status, is_open, find = function(wanted, who)}; or nil and why there is none
return function(args, host, key)
  local reply = host.http { "jira", site = args.site, key = key }
  if is_missing(reply) then
    return nil, ("there is no ticket %s, or no permission to see it"):format(key)
  end
  local issue = answer.object(reply, VENDOR)
  local fields = answer.below(issue, "fields")
  local status = answer.below(fields, "status")
  local is_open = IS_OPEN[answer.below(status, "statusCategory").key or ""]
  if type(issue.key) ~= "string" or type(status.name) ~= "string" or is_open == nil then
    error(VENDOR .. " answered with an issue without key, status or a category that is known", 0)
  elseif issue.key ~= key then
    return nil, ("%s is %s now; name that"):format(key, issue.key)
  end
  return {
    status = status.name, is_open = is_open,
    find = function(wanted, who)
      return people.find(wanted, who, VENDOR, list_of(args, host, key, fields))
    end,
  }
end
