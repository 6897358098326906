--- ServiceNow: a record of the table that goes with the number's first letters.
local answer = require "answer"
local people = require "people"

local VENDOR = "ServiceNow"
local TABLES = { INC = "incident", CHG = "change_request" }
local FIELDS = { assignee = "assigned_to", reporter = "opened_by" }
-- An incident that is resolved stays active until it is closed.
local RESOLVED = { incident = "6" }

-- What a field holds, and how it is shown: texts, empty when it is empty. One that was asked for
-- and left out is hidden.
local function read_field(record, name)
  local field = record[name]
  if field == nil then
    error(("%s does not show the ticket's %s"):format(VENDOR, name), 0)
  elseif type(field) ~= "table" or type(field.value) ~= "string"
    or type(field.display_value) ~= "string" then
    error(("%s answered with %s in a form that is not understood"):format(VENDOR, name), 0)
  end
  return field.value, field.display_value
end

-- Of the two that tell who somebody is one is enough.
local function read_detail(record, name)
  return record[name] ~= nil and read_field(record, name) or ""
end

local function list_of(record)
  return function(part)
    local field = FIELDS[part]
    if read_field(record, field) == "" then
      return {}
    end
    return { { email = read_detail(record, field .. ".email"),
      id = read_detail(record, field .. ".user_name") } }
  end
end

-- The one record; nil when there is none.
local function read_record(reply, number)
  local records = answer.list(answer.object(reply, VENDOR).result, VENDOR, "records")
  local record = records[1]
  if record and (type(record) ~= "table" or records[2]
    or read_field(record, "number") ~= number) then
    error(("%s answered with something other than %s"):format(VENDOR, number), 0)
  end
  return record
end

local function is_missing(reply)
  return reply.status == 404 and type(reply.json) == "table" and type(reply.json.error) == "table"
end

--- @return {status, is_open, find = function(wanted, who)}; or nil and why there is none
return function(args, host, number)
  local name = TABLES[number:sub(1, 3)]
  local reply = host.http {
    args.auth == "bearer" and "servicenow_bearer" or "servicenow",
    site = args.site, table = name, number = number,
  }
  local record = not is_missing(reply) and read_record(reply, number)
  if not record then
    return nil, ("there is no ticket %s, or no permission to see it"):format(number)
  end
  local state, status = read_field(record, "state")
  local active = read_field(record, "active")
  if state == "" or active ~= "true" and active ~= "false" then
    error(VENDOR .. " answered with a record without state", 0)
  end
  return {
    status = status, is_open = active == "true" and state ~= RESOLVED[name],
    find = function(wanted, who)
      return people.find(wanted, who, VENDOR, list_of(record))
    end,
  }
end
