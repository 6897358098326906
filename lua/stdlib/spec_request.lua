--- A request as specs write it: the short form, in which user is a name, or the full one. What is
-- no request is refused, as `sentinel explain --request` refuses it (src/policy/request.c; a spec
-- holds the two together): a test of a request that nobody can make proves nothing.
local errors = require "sentinel.errors"
local network = require "sentinel.network"
local schema = require "sentinel.schema"
local text = require "sentinel.text"

local spec_request = {}

local ACCOUNT = "123456789012"
local NAME_MAX = 256 -- of a name in the short form
local DURATION_MAX = 43200
local KINDS = { "user", "sso", "role", "federated", "root" }
local SHORT = "a name, role/ROLE/SESSION, federated/NAME or root"

-- Values -------------------------------------------------------------------------------------

local function is_in(words, value)
  for _, word in ipairs(words) do
    if word == value then
      return true
    end
  end
  return false
end

local function is_text(value)
  return type(value) == "string" and value ~= "" and host.utf8_printable(value)
end

local function text_of_at_most(max)
  return {
    wanted = ("a text of at most %d bytes"):format(max),
    check = function(value)
      return type(value) == "string" and #value <= max and host.utf8_printable(value)
    end,
  }
end

local function one_of(words)
  return {
    wanted = table.concat(words, ", ", 1, #words - 1) .. " or " .. words[#words], words = words,
    check = function(value) return is_in(words, value) end,
  }
end

local function is_profile(value)
  return is_text(value) and #value <= 256 and not value:find("[^%w_/:.@+-]")
    and not (value:find("..", 1, true) or value:find("//", 1, true) or value:find("./", 1, true)
      or value:find("/.", 1, true))
end

-- With any name and partition: policies may mention some that AWS has not.
local function is_role_arn(value)
  return is_text(value)
    and value:find("^arn:[%w-]+:iam::%d%d%d%d%d%d%d%d%d%d%d%d:role/.") ~= nil
end

local function is_list_of_texts(value)
  local count = 0
  if type(value) ~= "table" or #value == 0 then
    return false
  end
  for _, item in pairs(value) do
    count = count + 1
    if not is_text(item) then
      return false
    end
  end
  return count == #value
end

local line = { wanted = "a text of one line", check = is_text }
local flag = {
  wanted = "true or false", check = function(value) return type(value) == "boolean" end,
}
local moment = {
  wanted = "a time such as 2026-01-19T10:00:00Z",
  check = function(value) return type(value) == "string" and host.parse_time(value) ~= nil end,
}

-- What each field has to be: {wanted = in words, check = function(value), words = those allowed}.
local FIELDS = {
  user = {
    name = { wanted = "a text of at most 511 bytes", check = function(value)
      return is_text(value) and #value <= 511
    end },
    kind = one_of(KINDS), arn = text_of_at_most(2048), account = text_of_at_most(12),
    role = text_of_at_most(127),
  },
  profile = { wanted = "the name of a profile", check = is_profile },
  role_arn = {
    wanted = "the ARN of a role, such as arn:aws:iam::123456789012:role/Name", check = is_role_arn,
  },
  mode = one_of(schema.modes),
  time = moment,
  duration = { wanted = ("seconds, from 1 to %d"):format(DURATION_MAX), check = function(value)
    return math.type(value) == "integer" and value >= 1 and value <= DURATION_MAX
  end },
  source_ip = { wanted = "an address such as 198.51.100.7", check = function(value)
    return type(value) == "string" and network.parse_address(value) ~= nil
  end },
  justification = line,
  break_glass = { reason_code = line },
  session_table = line,
  approval = {
    id = line, approvers = { wanted = "a list of texts", check = is_list_of_texts },
    approved_at = moment, expires_at = moment,
  },
  mfa = { authenticated_at = moment },
  device = {
    disk_encrypted = flag, mdm_enrolled = flag, mdm_compliant = flag, firewall_enabled = flag,
    os_type = one_of(schema.os_types), os_version = line,
  },
}

-- Users --------------------------------------------------------------------------------------

local function is_part(value)
  return is_text(value) and #value <= NAME_MAX and not value:find("/", 1, true)
end

-- What a name of the short form stands for, beside its account, and its ARN with %s for that; nil
-- when it is none.
local function kind_of(name)
  local role, session = name:match("^role/([^/]*)/(.*)$")
  local federated = name:match("^federated/(.*)$")
  if name == "root" then
    return { kind = "root" }, "iam::%s:root"
  elseif role then
    return is_part(role) and #role < 128 and is_part(session) and { kind = "role", role = role },
      "sts::%s:assumed-role/" .. role .. "/" .. session
  elseif federated then
    return is_part(federated) and { kind = "federated" }, "sts::%s:federated-user/" .. federated
  end
  return is_part(name) and { kind = "user" }, "iam::%s:user/" .. name
end

--- "alice", "role/R/x", "federated/x" or "root" in full, or nil for what is none of them. Before it
-- "123456789012/" may stand: the account.
function spec_request.user(name)
  local account, rest = name:match("^(%d%d%d%d%d%d%d%d%d%d%d%d)/(.*)$")
  local user, arn = kind_of(rest or name)
  if not user then
    return nil
  end
  user.name, user.account = name, account or ACCOUNT
  user.arn = "arn:aws:" .. arn:gsub("%%s", user.account, 1)
  return user
end

-- Requests -----------------------------------------------------------------------------------

local function refuse_value(path, shape, value)
  local nearest = shape.words and type(value) == "string"
    and errors.did_you_mean(value, shape.words) or ""
  error(("the request's %s has to be %s, not %s%s"):format(path, shape.wanted, text.found(value),
    nearest), 0)
end

local function is_shape(fields)
  return fields.check ~= nil
end

-- A copy in which every name and every value is as the fields say.
local function copy(given, fields, path)
  local out = {}
  for key, value in pairs(given) do
    local shape = type(key) == "string" and fields[key]
    if type(key) ~= "string" then
      error("a request is made of fields, and is no list: { user = \"alice\" }", 0)
    elseif not shape then
      error(("a request has no field %s%s"):format(text.quote(path .. key),
        errors.did_you_mean(key, text.sorted_keys(fields))), 0)
    elseif is_shape(shape) then
      if not shape.check(value) then
        refuse_value(path .. key, shape, value)
      end
      out[key] = type(value) == "table" and table.move(value, 1, #value, 1, {}) or value
    elseif type(value) ~= "table" then
      error(("the request's %s has to be a table of fields, not %s"):format(path .. key,
        text.found(value)), 0)
    else
      out[key] = copy(value, shape, path .. key .. ".")
    end
  end
  return out
end

-- The user of a request: a name, or a table of fields.
local function read_user(given)
  if type(given) == "string" then
    return spec_request.user(given) or error(("the request's user %s is none: give %s"):format(
      text.quote(given), SHORT), 0)
  elseif type(given) ~= "table" then
    error(("the request's user has to be %s, or a table with name and kind, not %s"):format(SHORT,
      text.found(given)), 0)
  end
  local user = copy(given, FIELDS.user, "user.")
  if not user.name or not user.kind then
    error(("the request's user needs a name and a kind (%s)"):format(FIELDS.user.kind.wanted), 0)
  end
  return user
end

--- The full form; `now` is its time unless it has one. Raises for what is no request.
-- @param may_lack whether it may be without user and profile: for a plugin, they are unknown then
-- @param unknown {name = true} for what is to be left out, and not be as usual
function spec_request.complete(given, now, may_lack, unknown)
  if type(given) ~= "table" then
    error("a request is a table, not " .. text.found(given), 0)
  end
  local user, rest = nil, {}
  for key, value in pairs(given) do
    if key == "user" then
      user = read_user(value)
    else
      rest[key] = value
    end
  end
  local request = copy(rest, FIELDS, "")
  request.user = user
  local usual = { mode = "credential_process", duration = 3600, time = now }
  for name, value in pairs(usual) do
    if request[name] == nil and not (unknown and unknown[name]) then
      request[name] = value
    end
  end
  for _, name in ipairs({ "user", "profile" }) do
    if not request[name] and not may_lack then
      error(("the request has no %s: who asks for which profile has to be said"):format(name), 0)
    end
  end
  return request
end

return spec_request
