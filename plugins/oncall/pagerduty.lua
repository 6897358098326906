--- PagerDuty: the entries of a schedule, page by page.
local answer = require "answer"
local identity = require "identity"
local moment = require "moment"

local VENDOR, PAGE = "PagerDuty", 15 -- PAGE is the limit in plugin.lua

-- An absent start or end is an open one: permanent.
local function time_of(entry, name)
  local at = moment.parse(entry[name])
  if entry[name] ~= nil and not at then
    error(("%s answered with a shift whose %s is no time"):format(VENDOR, name), 0)
  end
  return at
end

local function is_now(entry, now)
  local starts, ends = time_of(entry, "start"), time_of(entry, "end")
  return (not starts or starts <= now) and (not ends or now < ends)
end

local function is_within_level(entry, max_level)
  local level = entry.escalation_level
  if max_level and math.type(level) ~= "integer" then
    error(VENDOR .. " answered with a shift without an escalation level", 0)
  end
  return not max_level or level <= max_level
end

-- Whether an entry is of this schedule (one without is not) and of this moment.
local function counts(entry, args, now)
  if type(entry) ~= "table" then
    error(VENDOR .. " answered with a shift that is none", 0)
  end
  return answer.below(entry, "schedule").id == args.schedule
    and is_within_level(entry, args.max_level) and is_now(entry, now)
end

-- Whether one of a page's entries is the user's: true, false, or nil when that is not shown.
local function look_through(entries, wanted, args, now)
  local verdict = false
  for _, entry in ipairs(entries) do
    if counts(entry, args, now) then
      local user = answer.below(entry, "user")
      local fits = identity.fits(wanted, user)
      if fits then
        return true
      elseif fits == nil then
        verdict = nil
      end
    end
  end
  return verdict
end

local function ask(args, host, offset)
  local question = args.region == "eu" and "pagerduty_eu" or "pagerduty"
  local page = answer.object(host.http { question, schedule = args.schedule, offset = offset },
    VENDOR)
  if type(page.more) ~= "boolean" then
    error(VENDOR .. " answered without saying whether there is more", 0)
  end
  return page, answer.list(page.oncalls, VENDOR, "oncalls")
end

return function(args, request, host, wanted)
  local now = moment.parse(request.time) or error("the request has no time", 0)
  local offset, is_hidden = 0, false
  repeat
    local page, entries = ask(args, host, offset)
    local verdict = look_through(entries, wanted, args, now)
    if verdict then
      return true
    end
    is_hidden = is_hidden or verdict == nil
    offset = offset + PAGE
  until not page.more
  if is_hidden then
    error(VENDOR .. " does not show the address of everybody on call", 0)
  end
  return false
end
