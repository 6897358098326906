--- A request as specs write it: the short form, in which user is a name, or the full one.
local errors = require "sentinel.errors"
local schema = require "sentinel.schema"
local text = require "sentinel.text"

local spec_request = {}

local ACCOUNT = "123456789012"

-- The kinds that a prefix names; anything else is a user.
local KINDS = {
  { "^role/([^/]+)/([^/]+)$", function(role) return { kind = "role", role = role } end },
  { "^federated/[^/]+$", function() return { kind = "federated" } end },
  { "^root$", function() return { kind = "root" } end },
}

--- "alice", "role/R/x", "federated/x" or "root" in full.
function spec_request.user(name)
  local user = { kind = "user" }
  for _, row in ipairs(KINDS) do
    local first = name:match(row[1])
    if first then
      user = row[2](first)
    end
  end
  user.name, user.account = name, ACCOUNT
  return user
end

-- A copy in which every name is one of the shape.
local function copy(value, fields, path)
  if type(value) ~= "table" then
    return value
  end
  local out = {}
  for key, item in pairs(value) do
    local shape = fields == true and true or fields[key]
    if fields ~= true and type(key) ~= "string" then
      error("a request is made of fields, and is no list: { user = \"alice\" }", 0)
    elseif not shape then
      error(("a request has no field %s%s"):format(text.quote(path .. key),
        errors.did_you_mean(key, text.sorted_keys(fields))), 0)
    elseif shape ~= true and type(item) ~= "table" then
      error(("the request's %s has to be a table"):format(path .. key), 0)
    end
    out[key] = copy(item, shape, path .. tostring(key) .. ".")
  end
  return out
end

--- The full form; `now` is its time unless it has one. Raises for what is no request.
function spec_request.complete(given, now)
  if type(given) ~= "table" then
    error("a request is a table, not a " .. type(given), 0)
  end
  local request = {}
  for key, value in pairs(given) do
    if key == "user" and type(value) == "string" then
      request.user = spec_request.user(value)
    else
      request[key] = value
    end
  end
  request = copy(request, schema.request_fields, "")
  request.mode = request.mode or "credential_process"
  request.duration = request.duration or 3600
  request.time = request.time or now
  if request.time and not host.parse_time(request.time) then
    error(("%s is not a time; write 2026-01-19T10:00:00Z"):format(text.quote(request.time)), 0)
  end
  return request
end

return spec_request
